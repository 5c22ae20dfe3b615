//! The decoders of frames and of messages, in both directions, against naive ones and at other cuts.
#![no_main]

mod cuts;
#[path = "naive/ws.rs"]
mod naive;

use libfuzzer_sys::fuzz_target;
use naive::{Read, fault};
use wirefeed::Step;
use wirefeed::ws::frame::{self, Header, Masking};
use wirefeed::ws::message::{Config, Decoder, Item, Kind, Part};
use wirefeed::ws::{ClientRole, Role, ServerRole, mask};

const LIMITS: naive::Limits = naive::Limits { frame: 200, message: 300 };

/// How messages are taken from a decoder.
#[derive(Clone, Copy)]
enum How {
    Whole,
    InParts,
    /// Every other piece of input is decoded to whole messages.
    InTurns,
}

fn messages<R: Role>(pieces: &[&[u8]], how: How) -> Read<naive::Item> {
    let mut limits = Config::default();
    (limits.frame, limits.message) = (Some(LIMITS.frame), Some(LIMITS.message));
    let (mut decoder, mut items) = (Decoder::<R>::with_config(limits), Vec::new());
    let mut begun: Option<(Kind, Vec<u8>)> = None;
    for (n, piece) in pieces.iter().enumerate() {
        let mut copy = piece.to_vec();
        let mut input = &mut copy[..];
        loop {
            let is_whole = match how {
                How::Whole => true,
                How::InParts => false,
                How::InTurns => n % 2 == 1,
            };
            let step = if is_whole {
                decoder
                    .decode(&mut input)
                    .map(|step| step_with(step, |item| Some(rest(item, &mut begun))))
            } else {
                decoder
                    .decode_part(&mut input)
                    .map(|step| step_with(step, |part| add(part, &mut begun)))
            };
            match step {
                Ok(Step::Item(item)) => items.extend(item),
                Ok(Step::NeedInput) => break,
                Ok(Step::Done) => return (items, None),
                Err(error) => return (items, Some(fault(error))),
            }
        }
    }
    let error = decoder.finish().err();
    (items, error.map(fault))
}

fn step_with<T, U>(step: Step<T>, with: impl FnOnce(T) -> U) -> Step<U> {
    match step {
        Step::Item(item) => Step::Item(with(item)),
        Step::NeedInput => Step::NeedInput,
        Step::Done => Step::Done,
    }
}

/// A message, or the rest of one that was decoded in parts before.
fn rest(item: Item<'_, '_>, begun: &mut Option<(Kind, Vec<u8>)>) -> naive::Item {
    let mut end = |kind, rest: &[u8]| {
        let (begun, mut all) = begun.take().unwrap_or((kind, Vec::new()));
        assert_eq!(begun, kind);
        all.extend_from_slice(rest);
        whole(kind, all)
    };
    match item {
        Item::Text(text) => end(Kind::Text, text.as_bytes()),
        Item::Binary(bytes) => end(Kind::Binary, &bytes),
        Item::Ping(payload) => naive::Item::Ping(payload.into()),
        Item::Pong(payload) => naive::Item::Pong(payload.into()),
        Item::Close(close) => {
            naive::Item::Close(close.code.map(|code| code.0), close.reason.into())
        }
    }
}

/// Adds a part to the message that it belongs to, which its end completes.
fn add(part: Part<'_>, begun: &mut Option<(Kind, Vec<u8>)>) -> Option<naive::Item> {
    let mut add = |kind, bytes: &[u8]| {
        let (begun, all) = begun.as_mut().expect("a message begins with its start");
        assert!(*begun == kind && !bytes.is_empty());
        all.extend_from_slice(bytes);
    };
    match part {
        Part::Start(kind) => assert_eq!(begun.replace((kind, Vec::new())), None),
        Part::Text(text) => add(Kind::Text, text.as_bytes()),
        Part::Binary(bytes) => add(Kind::Binary, bytes),
        Part::End => {
            let (kind, all) = begun.take().expect("a message begins with its start");
            return Some(whole(kind, all));
        }
        Part::Ping(payload) => return Some(rest(Item::Ping(payload), begun)),
        Part::Pong(payload) => return Some(rest(Item::Pong(payload), begun)),
        Part::Close(close) => return Some(rest(Item::Close(close), begun)),
    }
    None
}

fn whole(kind: Kind, bytes: Vec<u8>) -> naive::Item {
    match kind {
        Kind::Text => naive::Item::Text(String::from_utf8(bytes).expect("a text is one")),
        Kind::Binary => naive::Item::Binary(bytes),
    }
}

/// Headers, and payloads unmasked.
fn frames(masking: Masking, pieces: &[&[u8]]) -> Read<(Header, Vec<u8>)> {
    let (mut decoder, mut frames) = (frame::Decoder::new(expect), Vec::<(Header, Vec<u8>)>::new());
    for piece in pieces {
        let mut input = *piece;
        loop {
            match decoder.decode(&mut input) {
                Ok(Step::Item(frame::Item::Header(header))) => frames.push((header, Vec::new())),
                Ok(Step::Item(frame::Item::Payload { bytes, mask: key })) => {
                    let payload = &mut frames.last_mut().expect("a header comes first").1;
                    let from = payload.len();
                    payload.extend(bytes);
                    mask(&mut payload[from..], key.unwrap_or_default());
                }
                Ok(Step::Item(frame::Item::End)) => {}
                Ok(Step::NeedInput | Step::Done) => break,
                Err(error) => return (frames, Some(fault(error))),
            }
        }
    }
    // Twice, since the first call may yield the end of a frame.
    let error = decoder.finish().and_then(|_| decoder.finish()).err();
    (frames, error.map(fault))
}

fn check<R: Role>(wire: &[u8], pieces: &[&[u8]], masking: Masking) {
    let masked = masking == Masking::Masked;
    let single: Vec<_> = wire.chunks(1).collect();
    let ways = [&[wire][..], pieces, &single];
    let naive = naive::messages(wire, masked, LIMITS);
    for pieces in ways {
        for how in [How::Whole, How::InParts, How::InTurns] {
            assert_eq!(messages::<R>(pieces, how), naive);
        }
    }
    let (naive, error) = naive::frames(wire, masked);
    for pieces in ways {
        let (frames, fault) = frames(expect, pieces);
        assert_eq!(fault, error);
        assert_eq!(frames.len(), naive.len());
        for ((header, payload), naive) in frames.iter().zip(&naive) {
            let first = u8::from(header.fin) << 7 | header.opcode as u8;
            assert_eq!((first, payload, header.len), (naive.first, &naive.payload, naive.len));
            assert_eq!(header.mask.is_some(), masked);
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((wire, pieces)) = cuts::split(data) else { return };
    check::<ServerRole>(wire, &pieces, Masking::Masked);
    check::<ClientRole<fn(&mut [u8])>>(wire, &pieces, Masking::Unmasked);
});
