//! UTF-8, checked and replaced.

use proptest::prelude::*;
use wirefeed::text::{Lossy, Validator};

use crate::harness::{Failure, Flow, Part, Show, Subject, part};

/// The validator, which knows no offset but that in its piece.
pub(crate) struct Utf8 {
    validator: Validator,
    at: u64,
    failure: Option<Failure>,
    over: bool,
}

impl Utf8 {
    fn fail(&mut self, at: u64) -> Flow {
        let failure = Failure { kind: "Utf8".into(), at };
        self.failure = Some(failure.clone());
        Flow::Failed(failure)
    }
}

impl Subject for Utf8 {
    const LIMIT: usize = 0;

    fn new() -> Self {
        Self { validator: Validator::new(), at: 0, failure: None, over: false }
    }

    fn step(&mut self, input: &mut &[u8], show: Show<'_>) -> Flow {
        match (&self.failure, self.over) {
            (Some(failure), _) => Flow::Failed(failure.clone()),
            (None, true) => Flow::Done,
            (None, false) if input.is_empty() => Flow::NeedInput,
            (None, false) => match self.validator.validate(input) {
                Ok(()) => {
                    show("valid", input, true);
                    self.at += input.len() as u64;
                    *input = &[];
                    Flow::NeedInput
                }
                Err(bad) => {
                    show("valid", &input[..bad], true);
                    *input = &input[bad..];
                    self.fail(self.at + bad as u64)
                }
            },
        }
    }

    fn finish(&mut self, _: Show<'_>) -> Flow {
        match &self.failure {
            Some(failure) => Flow::Failed(failure.clone()),
            None if !self.validator.is_complete() => self.fail(self.at),
            None => {
                self.over = true;
                Flow::Done
            }
        }
    }

    fn reset(&mut self) -> bool {
        *self = Self::new();
        true
    }

    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)> {
        any::<String>()
            .prop_map(|text| {
                let parts = if text.is_empty() { vec![] } else { vec![part("valid", &text)] };
                (text.into_bytes(), parts)
            })
            .boxed()
    }

    fn long(len: usize) -> Vec<u8> {
        "\u{65e5}".repeat(len / 3).into_bytes()
    }
}

/// The decoder that replaces.
pub(crate) struct Replaced(Lossy, bool);

impl Subject for Replaced {
    const LIMIT: usize = 0;

    fn new() -> Self {
        Self(Lossy::new(), false)
    }

    fn step(&mut self, input: &mut &[u8], show: Show<'_>) -> Flow {
        if self.1 {
            return Flow::Done;
        }
        let step = Ok::<_, Failure>(self.0.decode(input));
        Flow::of(step, |text| show("text", text.as_bytes(), true))
    }

    fn finish(&mut self, show: Show<'_>) -> Flow {
        self.1 = true;
        let last = Some(self.0.finish()).filter(|text| !text.is_empty());
        Flow::end(Ok::<_, Failure>(last), |text| show("text", text.as_bytes(), true))
    }

    fn reset(&mut self) -> bool {
        *self = Self::new();
        true
    }

    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)> {
        any::<String>()
            .prop_map(|text| {
                let parts = if text.is_empty() { vec![] } else { vec![part("text", &text)] };
                (text.into_bytes(), parts)
            })
            .boxed()
    }

    fn long(len: usize) -> Vec<u8> {
        b"\xe6\x97\xa5\xff".repeat(len / 4)
    }
}
