//! Each law catches what breaks it: nine decoders with one flaw each, and one without.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::harness::{Failure, Flow, Part, Show, Subject, part};
use proptest::prelude::*;

/// A decoder of a small protocol, with a flaw that breaks the law of this number; 0 is without.
///
/// A length from 1 to 127, that many bytes, again and again; length 0 ends the stream, a length
/// above `LONGEST` is refused.
struct Flawed<const LAW: u8> {
    left: usize,
    inside: bool,
    record: Vec<u8>,
    at: u64,
    failure: Option<Failure>,
    done: bool,
}

const NOTHING: u8 = 0;
const LEAVES_A_TAIL: u8 = 1;
const LOSES_A_BYTE_AT_A_CUT: u8 = 2;
const RESERVES_THE_ANNOUNCED_LENGTH: u8 = 3;
const FORGETS_ITS_ERROR: u8 = 4;
const USES_BYTES_AFTER_DONE: u8 = 5;
const PANICS: u8 = 6;
const HIDES_STATE: u8 = 7;
const LOOKS_AGAIN_AND_AGAIN: u8 = 8;
const CHANGES_WHAT_WAS_SENT: u8 = 9;

const LONGEST: usize = 100;

static HIDDEN: AtomicU8 = AtomicU8::new(0);

impl<const LAW: u8> Flawed<LAW> {
    fn fail(&mut self, kind: &str) -> Flow {
        let failure = Failure { kind: kind.into(), at: self.at };
        self.failure = (LAW != FORGETS_ITS_ERROR).then(|| failure.clone());
        Flow::Failed(failure)
    }

    fn take(&mut self, input: &mut &[u8], len: usize) {
        *input = &input[len..];
        self.at += len as u64;
    }
}

impl<const LAW: u8> Subject for Flawed<LAW> {
    const LIMIT: usize = LONGEST;

    fn new() -> Self {
        Self { left: 0, inside: false, record: Vec::new(), at: 0, failure: None, done: false }
    }

    fn step(&mut self, input: &mut &[u8], show: Show<'_>) -> Flow {
        if let Some(failure) = &self.failure {
            return Flow::Failed(failure.clone());
        }
        if self.done {
            if LAW == USES_BYTES_AFTER_DONE {
                *input = &[];
            }
            return Flow::Done;
        }
        if !self.inside {
            let Some(&len) = input.first() else { return Flow::NeedInput };
            if LAW == PANICS {
                assert_ne!(len, 0xff, "a length that no one would send");
            }
            if usize::from(len) > LONGEST {
                return self.fail("TooLong");
            }
            self.take(input, 1);
            if len == 0 {
                self.done = true;
                return Flow::Done;
            }
            (self.left, self.inside) = (len.into(), true);
            self.record.clear();
            if LAW == RESERVES_THE_ANNOUNCED_LENGTH {
                self.record.reserve_exact(usize::from(len) << 8);
            }
        }
        if LAW == LEAVES_A_TAIL && input.len() < self.left {
            return Flow::NeedInput;
        }
        let len = self.left.min(input.len());
        self.record.extend_from_slice(&input[..len]);
        self.take(input, len);
        self.left -= len;
        if LAW == LOOKS_AGAIN_AND_AGAIN {
            // What a decoder does that looks at all that came whenever a byte arrives; several times,
            // so that nothing else that a call costs can hide it.
            for at in 0..8 * self.at {
                std::hint::black_box(at);
            }
        }
        if self.left > 0 {
            if LAW == LOSES_A_BYTE_AT_A_CUT {
                self.record.pop();
            }
            return Flow::NeedInput;
        }
        self.inside = false;
        match LAW {
            CHANGES_WHAT_WAS_SENT => self.record.make_ascii_lowercase(),
            HIDES_STATE => self.record[0] = HIDDEN.fetch_add(1, Ordering::Relaxed),
            _ => {}
        }
        show("record", &self.record, false);
        Flow::Item
    }

    fn finish(&mut self, _: Show<'_>) -> Flow {
        match &self.failure {
            Some(failure) => Flow::Failed(failure.clone()),
            None if self.done => Flow::Done,
            None => self.fail("Truncated"),
        }
    }

    fn reset(&mut self) -> bool {
        *self = Self::new();
        true
    }

    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)> {
        let records = prop::collection::vec(prop::collection::vec(any::<u8>(), 1..LONGEST), 0..4);
        records
            .prop_map(|records| {
                let mut wire = Vec::new();
                for record in &records {
                    wire.push(record.len() as u8);
                    wire.extend(record);
                }
                wire.push(0);
                (wire, records.iter().map(|record| part("record", record)).collect())
            })
            .boxed()
    }

    fn long(len: usize) -> Vec<u8> {
        b"\x02xx".repeat(len / 3)
    }
}

/// The flaw is caught, and by its own law.
fn caught<const LAW: u8>() {
    let broken = crate::harness::first_broken::<Flawed<LAW>>();
    let law = broken.as_ref().map_or(NOTHING, |broken| broken.0);
    assert_eq!(law, LAW, "{broken:?}");
}

#[test]
fn without_a_flaw_nothing_is_caught() {
    caught::<NOTHING>();
}

#[test]
fn law_1_catches_a_tail_that_is_left() {
    caught::<LEAVES_A_TAIL>();
}

#[test]
fn law_2_catches_a_byte_lost_at_a_cut() {
    caught::<LOSES_A_BYTE_AT_A_CUT>();
}

#[test]
fn law_3_catches_a_reserved_announcement() {
    caught::<RESERVES_THE_ANNOUNCED_LENGTH>();
}

#[test]
fn law_4_catches_a_forgotten_error() {
    caught::<FORGETS_ITS_ERROR>();
}

#[test]
fn law_5_catches_bytes_used_after_done() {
    caught::<USES_BYTES_AFTER_DONE>();
}

#[test]
fn law_6_catches_a_panic() {
    caught::<PANICS>();
}

#[test]
fn law_7_catches_hidden_state() {
    caught::<HIDES_STATE>();
}

#[test]
fn law_8_catches_looking_again_and_again() {
    caught::<LOOKS_AGAIN_AND_AGAIN>();
}

#[test]
fn law_9_catches_a_change() {
    caught::<CHANGES_WHAT_WAS_SENT>();
}
