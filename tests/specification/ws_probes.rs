//! What WebSocket forbids (RFC 6455 5 to 8), frame by frame: each probe goes to a message decoder and to
//! a session, as a server and as a client receives it, whole, at every cut, and byte by byte.
//!
//! A fault is named by its kind and its place, and by the byte with which it is known; the session then
//! reports the close code that belongs to it, and a decoder that is reset reads on as a fresh one.

mod harness;

use wirefeed::ws::ErrorKind::{
    self, CloseLength, Continuation, ControlFragmented, ControlTooLong, FrameTooLong, Interleaved,
    Length, LengthOverflow, MessageTooLong, Utf8,
};
use wirefeed::ws::message::{Config, Decoder};
use wirefeed::ws::{ClientRole, CloseCode, ServerRole};

use harness::Place::{Header, Payload};
use harness::{Key, Outcome, Probe, Side, cuts, decode, fails, is_unharmed, probe, session, to};

const LENGTHS: &[Probe] = &[
    probe("0 in 16 bits", &[(b"\x82\x7e\x00\x00", b"")], Length, Header(2), Header(3)),
    probe("125 in 16 bits", &[(b"\x82\x7e\x00\x7d", b"")], Length, Header(2), Header(3)),
    probe("0 in 64 bits", &[(b"\x82\x7f\0\0\0\0\0\0\0\0", b"")], Length, Header(2), Header(9)),
    probe("126 in 64 bits", &[(b"\x82\x7f\0\0\0\0\0\0\0\x7e", b"")], Length, Header(2), Header(9)),
    probe(
        "65535 in 64 bits",
        &[(b"\x82\x7f\0\0\0\0\0\0\xff\xff", b"")],
        Length,
        Header(2),
        Header(9),
    ),
    probe(
        "125 in 16 bits, of a fragment",
        &[(b"\x02\x01", b"a"), (b"\x80\x7e\x00\x7d", b"")],
        Length,
        Header(2),
        Header(3),
    ),
    probe("2^63", &[(b"\x82\x7f\x80\0\0\0\0\0\0\0", b"")], LengthOverflow, Header(2), Header(9)),
    probe(
        "2^64 - 1",
        &[(b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", b"")],
        LengthOverflow,
        Header(2),
        Header(9),
    ),
    probe(
        "2^40, over the limit",
        &[(b"\x82\x7f\0\0\x01\0\0\0\0\0", b"")],
        FrameTooLong,
        Header(2),
        Header(9),
    ),
    probe(
        "2^63 - 1, over the limit",
        &[(b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", b"")],
        FrameTooLong,
        Header(2),
        Header(9),
    ),
    probe(
        "2^40 behind a fragment",
        &[(b"\x01\x01", b"a"), (b"\x80\x7f\0\0\x01\0\0\0\0\0", b"")],
        FrameTooLong,
        Header(2),
        Header(9),
    ),
];

const CONTROL: &[Probe] = &[
    probe("a ping of 126", &[(b"\x89\x7e\x00\x7e", b"")], ControlTooLong, Header(1), Header(1)),
    probe("a pong of 126", &[(b"\x8a\x7e\x00\x7e", b"")], ControlTooLong, Header(1), Header(1)),
    probe("a close of 126", &[(b"\x88\x7e\x00\x7e", b"")], ControlTooLong, Header(1), Header(1)),
    probe(
        "a ping of 65536",
        &[(b"\x89\x7f\0\0\0\0\0\x01\0\0", b"")],
        ControlTooLong,
        Header(1),
        Header(1),
    ),
    probe("a ping's fragment", &[(b"\x09\x01", b"a")], ControlFragmented, Header(0), Header(0)),
    probe("a pong's fragment", &[(b"\x0a\x01", b"a")], ControlFragmented, Header(0), Header(0)),
    probe(
        "a close's fragment",
        &[(b"\x08\x02", b"\x03\xe8")],
        ControlFragmented,
        Header(0),
        Header(0),
    ),
    probe(
        "a ping's fragment inside a message",
        &[(b"\x01\x01", b"a"), (b"\x09\x00", b"")],
        ControlFragmented,
        Header(0),
        Header(0),
    ),
];

const FRAGMENTS: &[Probe] = &[
    probe("an orphan", &[(b"\x80\x01", b"a")], Continuation, Header(0), Header(0)),
    probe("an orphan that goes on", &[(b"\x00\x01", b"a")], Continuation, Header(0), Header(0)),
    probe(
        "a text inside a text",
        &[(b"\x01\x01", b"a"), (b"\x81\x01", b"b")],
        Interleaved,
        Header(0),
        Header(0),
    ),
    probe(
        "a fragment of a text inside a binary message",
        &[(b"\x02\x01", b"a"), (b"\x00\x01", b"b"), (b"\x01\x01", b"c")],
        Interleaved,
        Header(0),
        Header(0),
    ),
    probe(
        "a binary message inside an empty fragment's message",
        &[(b"\x01\x00", b""), (b"\x82\x00", b"")],
        Interleaved,
        Header(0),
        Header(0),
    ),
];

/// Texts that fail at their first bad byte. The frames whose length says more than is there are never
/// finished: no verdict waits for the end.
const TEXTS: &[Probe] = &[
    probe("a byte that is none", &[(b"\x81\x03", b"a\xffb")], Utf8, Payload(1), Payload(1)),
    probe("a byte in the middle of none", &[(b"\x81\x02", b"a\x80")], Utf8, Payload(1), Payload(1)),
    probe("a surrogate", &[(b"\x81\x03", b"\xed\xa0\x80")], Utf8, Payload(1), Payload(1)),
    probe("the last surrogate", &[(b"\x81\x03", b"\xed\xbf\xbf")], Utf8, Payload(1), Payload(1)),
    probe("two bytes for one", &[(b"\x81\x02", b"\xc0\xaf")], Utf8, Payload(0), Payload(0)),
    probe("two bytes for DEL", &[(b"\x81\x02", b"\xc1\xbf")], Utf8, Payload(0), Payload(0)),
    probe("three bytes for two", &[(b"\x81\x03", b"\xe0\x9f\xbf")], Utf8, Payload(1), Payload(1)),
    probe(
        "four bytes for three",
        &[(b"\x81\x04", b"\xf0\x8f\xbf\xbf")],
        Utf8,
        Payload(1),
        Payload(1),
    ),
    probe("above U+10FFFF", &[(b"\x81\x04", b"\xf4\x90\x80\x80")], Utf8, Payload(1), Payload(1)),
    probe("five bytes", &[(b"\x81\x05", b"\xf8\x88\x80\x80\x80")], Utf8, Payload(0), Payload(0)),
    probe("cut short by a letter", &[(b"\x81\x04", b"\xe2\x82ab")], Utf8, Payload(2), Payload(2)),
    probe("cut short by its end", &[(b"\x81\x03", b"a\xe2\x82")], Utf8, Payload(3), Payload(2)),
    probe(
        "cut short by its end in the last fragment",
        &[(b"\x01\x02", b"a\xe2"), (b"\x80\x01", b"\x82")],
        Utf8,
        Payload(1),
        Payload(0),
    ),
    probe(
        "an overlong form over two fragments",
        &[(b"\x01\x02", b"a\xf0"), (b"\x00\x01", b"\x8f")],
        Utf8,
        Payload(0),
        Payload(0),
    ),
    probe(
        "a surrogate over two fragments",
        &[(b"\x01\x01", b"\xed"), (b"\x80\x02", b"\xa0\x80")],
        Utf8,
        Payload(0),
        Payload(0),
    ),
    probe("unfinished, and bad", &[(b"\x81\x7d", b"abc\xff")], Utf8, Payload(3), Payload(3)),
    probe(
        "unfinished, and a surrogate",
        &[(b"\x81\x7e\xff\xff", b"ab\xed\xa0")],
        Utf8,
        Payload(3),
        Payload(3),
    ),
    probe(
        "an unfinished last fragment, and bad",
        &[(b"\x01\x02", b"\xce\xba"), (b"\x80\x7d", b"\xf4\x90")],
        Utf8,
        Payload(1),
        Payload(1),
    ),
];

const CLOSES: &[Probe] = &[
    probe("half a code", &[(b"\x88\x01", b"\x03")], CloseLength, Payload(0), Payload(0)),
    probe(
        "half a code inside a message",
        &[(b"\x01\x01", b"a"), (b"\x88\x01", b"\x03")],
        CloseLength,
        Payload(0),
        Payload(0),
    ),
    probe("a bad reason", &[(b"\x88\x04", b"\x03\xe8a\xff")], Utf8, Payload(3), Payload(3)),
    probe(
        "a surrogate in a reason",
        &[(b"\x88\x05", b"\x03\xe8\xed\xa0\x80")],
        Utf8,
        Payload(3),
        Payload(4),
    ),
    probe(
        "a reason cut short",
        &[(b"\x88\x05", b"\x03\xe8a\xe2\x82")],
        Utf8,
        Payload(5),
        Payload(4),
    ),
    probe(
        "a bad code before a bad reason",
        &[(b"\x88\x03", b"\x03\xed\xff")],
        ErrorKind::CloseCode,
        Payload(0),
        Payload(2),
    ),
];

#[test]
fn lengths_are_minimal_and_within_the_limits() {
    fail_as_listed(LENGTHS);
}

#[test]
fn control_frames_are_short_and_whole() {
    fail_as_listed(CONTROL);
}

#[test]
fn fragments_follow_one_another() {
    fail_as_listed(FRAGMENTS);
}

#[test]
fn texts_fail_at_their_first_bad_byte() {
    fail_as_listed(TEXTS);
}

#[test]
fn close_frames_hold_nothing_a_whole_code_or_a_code_and_a_text() {
    fail_as_listed(CLOSES);
}

fn fail_as_listed(probes: &[Probe]) {
    for probe in probes {
        probe.fails_as::<ServerRole>(Config::default());
        probe.fails_as::<ClientRole<Key>>(Config::default());
    }
}

#[test]
fn what_is_over_a_limit_is_known_from_the_header() {
    let mut limits = Config::default();
    (limits.frame, limits.message) = (Some(8), Some(10));
    for probe in [
        probe("a frame of 9", &[(b"\x82\x09", b"")], FrameTooLong, Header(1), Header(1)),
        probe("a frame of 126", &[(b"\x82\x7e\0\x7e", b"")], FrameTooLong, Header(2), Header(3)),
        probe(
            "a message of 11",
            &[(b"\x02\x08", b"abcdefgh"), (b"\x80\x03", b"")],
            MessageTooLong,
            Header(1),
            Header(1),
        ),
        probe(
            "a text of 11, in the middle of a letter",
            &[(b"\x01\x08", b"abcdefg\xe2"), (b"\x80\x03", b"")],
            MessageTooLong,
            Header(1),
            Header(1),
        ),
    ] {
        probe.fails_as::<ServerRole>(limits);
        probe.fails_as::<ClientRole<Key>>(limits);
    }
}

#[test]
fn frames_are_masked_as_the_role_has_it() {
    // Before any length: nothing behind the second byte is looked at.
    for frame in [&b"\x81\x00"[..], b"\x82\x7f", b"\x89\x00", b"\x88\x02"] {
        fails::<ServerRole>(frame, ErrorKind::Unmasked, 1, 1, Config::default());
        let masked = [frame[0], frame[1] | 0x80];
        fails::<ClientRole<Key>>(&masked, ErrorKind::Masked, 1, 1, Config::default());
    }
    // Each frame for itself: here it is the second fragment.
    let wire = b"\x01\x81\0\0\0\0a\x80\x01b";
    fails::<ServerRole>(wire, ErrorKind::Unmasked, 8, 8, Config::default());
    fails::<ClientRole<Key>>(
        b"\x01\x01a\x80\x81\0\0\0\0b",
        ErrorKind::Masked,
        4,
        4,
        Config::default(),
    );
}

#[test]
fn reserved_bits_and_opcodes_mean_nothing() {
    for fin in [0x80, 0] {
        for bit in [0x40, 0x20, 0x10, 0x70] {
            for opcode in 0..16 {
                fails_at_once(fin | bit | opcode, ErrorKind::Reserved);
            }
        }
        for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
            fails_at_once(fin | opcode, ErrorKind::Opcode);
        }
    }
}

/// Whether the first byte of a frame is enough, of a connection and inside a message.
fn fails_at_once(first: u8, kind: ErrorKind) {
    fails::<ServerRole>(&[first, 0x80], kind, 0, 0, Config::default());
    fails::<ClientRole<Key>>(&[first, 0], kind, 0, 0, Config::default());
    fails::<ServerRole>(&[1, 0x81, 0, 0, 0, 0, b'a', first, 0x80], kind, 7, 7, Config::default());
    fails::<ClientRole<Key>>(&[1, 1, b'a', first, 0], kind, 3, 3, Config::default());
}

#[test]
fn close_codes_are_those_that_may_be_sent() {
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
        let payload = u16::to_be_bytes(code);
        for reason in [&b""[..], b"why"] {
            let payload = [&payload[..], reason].concat();
            let len = payload.len() as u64;
            let head = [0x88, payload.len() as u8];
            let wire = to::<ServerRole>(&[(&head, &payload)]);
            fails::<ServerRole>(&wire, ErrorKind::CloseCode, 6, 5 + len, Config::default());
            let wire = to::<ClientRole<Key>>(&[(&head, &payload)]);
            fails::<ClientRole<Key>>(&wire, ErrorKind::CloseCode, 2, 1 + len, Config::default());
        }
    }
    let good = (1000..=1003).chain(1007..=1014).chain([3000, 4999]);
    for code in good.map(Some).chain([None]) {
        for reason in ["", "why not?", "\u{fffd}"] {
            if code.is_some() || reason.is_empty() {
                closes::<ServerRole>(code, reason);
                closes::<ClientRole<Key>>(code, reason);
            }
        }
    }
}

/// Whether a close frame is read, is answered by the same code, and ends what is decoded: at first, and
/// where a message is not finished.
fn closes<S: Side>(code: Option<u16>, reason: &str) {
    let payload = code.map_or(Vec::new(), |code| [&code.to_be_bytes(), reason.as_bytes()].concat());
    let frame = [0x88, payload.len() as u8];
    let unfinished = (&b"\x01\x01"[..], &b"a"[..]);
    // What follows is invalid in every way, and must not be read.
    let behind = b"\xff\xff\x81\x00";
    let read = Outcome {
        items: vec![format!("close {code:?} {reason:?}")],
        error: None,
        behind: behind.len(),
    };
    for frames in [&[(&frame[..], &payload[..])][..], &[unfinished, (&frame, &payload)]] {
        let wire = [&to::<S>(frames)[..], behind].concat();
        for pieces in cuts(&wire) {
            let mut decoder = Decoder::<S>::new();
            assert_eq!(decode(&mut decoder, &pieces), read, "{code:?}");
            assert!(matches!(decoder.finish(), Ok(None)));
            is_unharmed(&mut decoder);
            let (from_session, answer) = session::<S>(&pieces, Config::default());
            assert_eq!((&from_session, answer), (&read, Some(code.map(CloseCode))), "{code:?}");
        }
    }
}

#[test]
fn a_reset_forgets_whatever_was_begun() {
    forgets::<ServerRole>();
    forgets::<ClientRole<Key>>();
}

fn forgets<S: Side>() {
    let wire = to::<S>(&[
        (b"\x01\x7e\x00\x80", &[b'a'; 128]),
        (b"\x8a\x01", b"!"),
        (b"\x80\x02", b"\xce\xba"),
        (b"\x02\x01", b"b"),
        (b"\x80\x03", b"cde"),
    ]);
    let mut items = 0;
    for len in 0..=wire.len() {
        let mut decoder = Decoder::<S>::new();
        let outcome = decode(&mut decoder, &[&wire[..len]]);
        assert_eq!(outcome.error, None);
        items = outcome.items.len();
        is_unharmed(&mut decoder);
    }
    assert_eq!(items, 3);
}

#[test]
fn an_announced_length_costs_nothing() {
    // 2^40 bytes, refused and, with no limit, believed.
    let frames: &[(&[u8], &[u8])] = &[(b"\x82\x7f\0\0\x01\0\0\0\0\0", b"abc")];
    let wire = to::<ServerRole>(frames);
    let mut believing = Config::default();
    (believing.frame, believing.message) = (None, None);
    for (limits, error) in [(Config::default(), Some(FrameTooLong)), (believing, None)] {
        let mut outcome = None;
        let peak = crate::memory::peak_of(|| {
            let mut decoder = Decoder::<ServerRole>::with_config(limits);
            outcome = Some(decode(&mut decoder, &[&wire]));
        });
        let found = outcome.unwrap();
        assert_eq!((found.error.map(|error| error.kind), found.items.len()), (error, 0));
        assert!(peak < 4096, "{peak} bytes for {} that were there", wire.len());
    }
}
