//! What the Autobahn test suite writes to a server that echoes: each row at every cut, into a message
//! decoder and into a session.
//!
//! A long payload is cut in the suite's log; it is filled with its last byte, as the cases describe it,
//! and must then begin as the octets that were logged.

use std::fmt::Debug;
use std::iter;

use bytes::Buf;
use serde_json::{Value, json};
use wirefeed::ws::frame::Opcode;
use wirefeed::ws::message::{Decoder, Item};
use wirefeed::ws::{ClientRole, CloseCode, Error, Event, ServerRole, Session, mask};
use wirefeed::{End, Instant, Step};

use crate::rows::{Differences, Elsewhere, Suite, Verdict, equal};

pub(crate) const SUITE: Suite = Suite {
    name: "autobahn",
    file: "ws_autobahn_offline.jsonl",
    known: &["autobahn/"],
    total: 247,
    differences: &[],
    elsewhere: Elsewhere::Rows(ELSEWHERE),
    verdict,
};

/// What cannot be made whole.
const ELSEWHERE: Differences =
    &[("the log has neither all octets nor how often some are repeated", &["autobahn/7.1.6"])];

/// The writes within which a text with a bad byte in the second of its three parts must fail: each part
/// is a frame, or all are chops of one, whose header is then a write of its own.
const FAILS_WITHIN: &[(&str, usize)] = &[("6.4.1", 2), ("6.4.2", 2), ("6.4.3", 3), ("6.4.4", 3)];

fn verdict(row: &Value) -> Verdict {
    let (id, writes) = (row["id"].as_str().unwrap(), writes(row));
    let wire = writes.concat();
    let own: Vec<&[u8]> = writes.iter().map(Vec::as_slice).collect();
    let (decoded, echoed) = (decoded(&own), echoed(&own));
    for pieces in cuts(&wire) {
        assert_eq!(self::decoded(&pieces), decoded, "{id} cut at {}", pieces[0].len());
        assert_eq!(self::echoed(&pieces), echoed, "{id} cut at {}", pieces[0].len());
    }
    equal("echo", &debug(&echoed.answers), &debug(&decoded.answers))?;
    equal("error", &debug(&echoed.error), &debug(&decoded.error))?;

    let expected = row["expected"]["OK"].as_array().unwrap();
    let (timeouts, expected): (Vec<_>, Vec<_>) =
        expected.iter().partition(|event| event[0] == "timeout");
    equal("answers", &json!(decoded.answers.len()), &json!(expected.len()))?;
    decoded.answers.iter().zip(expected).try_for_each(|(found, expected)| {
        let (kind, binary) = match found.kind {
            Opcode::Pong => ("pong", Value::Null),
            kind => ("message", json!(kind == Opcode::Binary)),
        };
        equal("answer", &json!([kind, binary]), &json!([expected[0], expected[2]]))?;
        let payload = bytes(&expected[1]);
        let len = if is_cut(&expected[1]) { sent_payload(row) } else { payload.len() };
        equal("length", &json!(found.payload.len()), &json!(len))?;
        equal("payload", &json!(found.payload[..payload.len()]), &json!(payload))
    })?;
    if !timeouts.is_empty() {
        let case = FAILS_WITHIN.iter().find(|(case, _)| id.ends_with(case));
        let (_, within) = case.unwrap_or_else(|| panic!("{id} has no row in the table"));
        let fails = |len: usize| self::decoded(&own[..len]).error.is_some();
        equal("fails", &json!([fails(within - 1), fails(*within)]), &json!([false, true]))?;
    }
    closed(&echoed, &row["expected_close"])
}

/// How the connection ended.
fn closed(echoed: &Outcome, expected: &Value) -> Verdict {
    let Some(code) = echoed.close else { return Err("no close frame was sent".into()) };
    // An empty close frame is answered by an empty one (RFC 6455 5.5.1).
    let codes = expected["closeCode"].as_array().unwrap();
    let is_one = code.is_none_or(|code| codes.contains(&json!(code.0)));
    equal(&format!("{code:?} is one of {codes:?}"), &json!(is_one), &json!(true))?;
    equal("end", &debug(&echoed.end), &debug(&Some(End::Shutdown)))?;
    equal("clean", &json!(echoed.error.is_none()), &expected["requireClean"])
}

fn debug(value: &impl Debug) -> Value {
    json!(format!("{value:?}"))
}

/// What was read and what was said to it.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    answers: Vec<Answer>,
    error: Option<Error>,
    /// The code of the close frame that was read, or, from a session, of the one that was sent.
    close: Option<Option<CloseCode>>,
    /// How a session ends the connection.
    end: Option<End>,
    /// Bytes behind the peer's close frame.
    behind: usize,
}

/// A message that is sent back, or a pong.
#[derive(Debug, PartialEq)]
struct Answer {
    kind: Opcode,
    payload: Vec<u8>,
}

impl Answer {
    fn new(kind: Opcode, payload: &[u8]) -> Self {
        Self { kind, payload: payload.to_vec() }
    }
}

/// What a decoder makes of these pieces.
fn decoded(pieces: &[&[u8]]) -> Outcome {
    let (mut decoder, mut outcome) = (Decoder::<ServerRole>::new(), Outcome::default());
    for piece in pieces {
        let mut wire = piece.to_vec();
        let mut input = &mut wire[..];
        loop {
            match decoder.decode(&mut input) {
                Ok(Step::Item(item)) => match item {
                    Item::Text(text) => {
                        outcome.answers.push(Answer::new(Opcode::Text, text.as_bytes()));
                    }
                    Item::Binary(bytes) => {
                        outcome.answers.push(Answer::new(Opcode::Binary, &bytes));
                    }
                    Item::Ping(payload) => outcome.answers.push(Answer::new(Opcode::Pong, payload)),
                    Item::Pong(_) => {}
                    Item::Close(close) => outcome.close = Some(close.code),
                },
                Ok(Step::NeedInput) => break,
                Ok(Step::Done) => {
                    outcome.behind += input.len();
                    break;
                }
                Err(error) => {
                    outcome.error = Some(error);
                    break;
                }
            }
        }
    }
    outcome
}

/// What a session that echoes sends for these pieces.
fn echoed(pieces: &[&[u8]]) -> Outcome {
    let Session { mut rx, mut tx } = Session::new(ServerRole, Default::default(), NOW);
    let mut outcome = Outcome::default();
    for piece in pieces {
        let mut wire = piece.to_vec();
        let mut input = &mut wire[..];
        loop {
            match rx.receive(&mut tx, &mut input, NOW) {
                Ok(Step::Item(Event::Text(text))) => tx.send_text(&text, NOW).unwrap(),
                Ok(Step::Item(Event::Binary(bytes))) => tx.send_binary(&bytes, NOW).unwrap(),
                Ok(Step::Item(_)) => {}
                Ok(Step::NeedInput) => break,
                Ok(Step::Done) => {
                    outcome.behind += input.len();
                    break;
                }
                Err(error) => {
                    outcome.error = Some(error);
                    break;
                }
            }
        }
    }
    outcome.end = tx.wants().end;
    let output = tx.output();
    let mut wire = output.copy_to_bytes(output.remaining()).to_vec();
    let (mut peer, mut input) = (Decoder::<ClientRole<fn(&mut [u8])>>::new(), &mut wire[..]);
    while let Step::Item(item) = peer.decode(&mut input).unwrap() {
        match item {
            Item::Text(text) => outcome.answers.push(Answer::new(Opcode::Text, text.as_bytes())),
            Item::Binary(bytes) => outcome.answers.push(Answer::new(Opcode::Binary, &bytes)),
            Item::Pong(payload) => outcome.answers.push(Answer::new(Opcode::Pong, payload)),
            Item::Close(close) => outcome.close = Some(close.code),
            Item::Ping(_) => panic!("a ping to the suite"),
        }
    }
    assert!(input.is_empty(), "output behind the close frame");
    outcome
}

/// The suite's writes.
fn writes(row: &Value) -> Vec<Vec<u8>> {
    let writes = row["fuzzer_octets"].as_array().unwrap();
    if row["octets_complete"] == true {
        return writes.iter().map(|write| hex(write["hex"].as_str().unwrap())).collect();
    }
    let frames = row["fuzzer_frames"].as_array().unwrap();
    let mut wire = frames.iter().flat_map(octets_of).collect::<Vec<_>>();
    let mut pieces = Vec::new();
    for write in writes {
        let len = usize::try_from(write["octets"].as_u64().unwrap()).unwrap();
        let rest = wire.split_off(len);
        let begin = write["hex"].as_str().or(write["hex_prefix"].as_str()).unwrap();
        assert!(wire.starts_with(&hex(begin)), "{}", row["id"]);
        pieces.push(std::mem::replace(&mut wire, rest));
    }
    assert!(wire.is_empty(), "{}", row["id"]);
    pieces
}

/// A frame, its payload filled up.
fn octets_of(frame: &Value) -> Vec<u8> {
    let number = |key: &str| frame[key].as_u64().unwrap();
    let (len, key) = (number("len"), hex(frame["mask"].as_str().unwrap()));
    let first = u8::from(frame["fin"] == true) << 7 | (number("rsv") << 4 | number("opcode")) as u8;
    let mut octets = vec![first];
    match len {
        0..=125 => octets.push(0x80 | len as u8),
        126..=0xffff => octets.extend([0xfe].into_iter().chain((len as u16).to_be_bytes())),
        _ => octets.extend([0xff].into_iter().chain(len.to_be_bytes())),
    }
    octets.extend(&key);
    let mut payload = bytes(&frame["payload_preview"]);
    let last = payload.last().copied().unwrap_or(0);
    payload.resize(usize::try_from(len).unwrap(), last);
    mask(&mut payload, key.try_into().unwrap());
    octets.extend(payload);
    octets
}

/// Bytes of payload that were sent but in close frames.
fn sent_payload(row: &Value) -> usize {
    let frames = row["fuzzer_frames"].as_array().unwrap().iter();
    let lens = frames.filter(|frame| frame["opcode"] != 8).map(|frame| frame["len"].as_u64());
    usize::try_from(lens.map(Option::unwrap).sum::<u64>()).unwrap()
}

/// A payload as the log shows it: as text, or in hexadecimal.
fn bytes(shown: &Value) -> Vec<u8> {
    let shown = shown.as_str().unwrap().trim_end_matches(CUT);
    shown.strip_prefix("0x").map_or_else(|| shown.as_bytes().to_vec(), hex)
}

fn is_cut(shown: &Value) -> bool {
    shown.as_str().unwrap().ends_with(CUT)
}

/// What says that there is more of a payload.
const CUT: &str = " ...";

fn hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// In two at every place (of what is long: around its ends, and now and then), and in bytes; a cut at
/// the very end leaves it whole.
fn cuts(wire: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    let is_cut =
        |at: &usize| wire.len() < 512 || *at < 32 || wire.len() - *at < 32 || at % 9973 == 0;
    let two = (0..=wire.len()).filter(is_cut).map(|at| {
        let (first, second) = wire.split_at(at);
        vec![first, second]
    });
    two.chain(iter::once(wire.chunks(1).collect()))
}

const NOW: Instant = Instant::ZERO;
