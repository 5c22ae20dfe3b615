//! The decoders of frames and of messages, in both directions, against naive ones and at other cuts.
#![no_main]

mod cuts;
#[path = "naive/ws.rs"]
mod naive;

use libfuzzer_sys::fuzz_target;
use naive::{Read, fault};
use wirefeed::Step;
use wirefeed::ws::frame::{self, Expect, Header};
use wirefeed::ws::message::{Decoder, Item, Limits};
use wirefeed::ws::{Client, Role, Server, mask};

const LIMITS: naive::Limits = naive::Limits { frame: 200, message: 300 };

fn messages<R: Role>(pieces: &[&[u8]]) -> Read<naive::Item> {
    let mut limits = Limits::default();
    (limits.frame, limits.message) = (Some(LIMITS.frame), Some(LIMITS.message));
    let (mut decoder, mut items) = (Decoder::<R>::with_limits(limits), Vec::new());
    for piece in pieces {
        let mut copy = piece.to_vec();
        let mut input = &mut copy[..];
        loop {
            items.push(match decoder.decode(&mut input) {
                Ok(Step::Item(Item::Text(text))) => naive::Item::Text(text.into_string()),
                Ok(Step::Item(Item::Binary(bytes))) => naive::Item::Binary(bytes.into_vec()),
                Ok(Step::Item(Item::Ping(payload))) => naive::Item::Ping(payload.into()),
                Ok(Step::Item(Item::Pong(payload))) => naive::Item::Pong(payload.into()),
                Ok(Step::Item(Item::Close(close))) => {
                    naive::Item::Close(close.code.map(|code| code.0), close.reason.into())
                }
                Ok(Step::NeedInput) => break,
                Ok(Step::Done) => return (items, None),
                Err(error) => return (items, Some(fault(error))),
            });
        }
    }
    let error = decoder.finish().err();
    (items, error.map(fault))
}

/// Headers, and payloads unmasked.
fn frames(expect: Expect, pieces: &[&[u8]]) -> Read<(Header, Vec<u8>)> {
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
    // Twice where the end of a frame is still to be told.
    let error = decoder.finish().and_then(|_| decoder.finish()).err();
    (frames, error.map(fault))
}

fn check<R: Role>(wire: &[u8], pieces: &[&[u8]], expect: Expect) {
    let masked = expect == Expect::Masked;
    let single: Vec<_> = wire.chunks(1).collect();
    let ways = [&[wire][..], pieces, &single];
    let naive = naive::messages(wire, masked, LIMITS);
    for pieces in ways {
        assert_eq!(messages::<R>(pieces), naive);
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
    check::<Server>(wire, &pieces, Expect::Masked);
    check::<Client<fn(&mut [u8])>>(wire, &pieces, Expect::Unmasked);
});
