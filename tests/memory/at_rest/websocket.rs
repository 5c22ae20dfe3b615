//! What WebSocket decoders and sessions hold once they are released.

use bytes::{Buf as _, Bytes};
use wirefeed::ws::deflate::{Config as Deflate, Deflater, Inflater, Pool};
use wirefeed::ws::frame::Opcode;
use wirefeed::ws::{Config, Event, Mailbox, Role, ServerRole, Session, message};
use wirefeed::{Replies as _, Step};

use super::{MIB, NOW, Side, client, deflated, frame, holds, params, write};
use crate::memory::held_by;

/// A message in two frames, so that it is joined.
fn fragments(masked: bool, opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let (first, last) = payload.split_at(payload.len() / 2);
    [
        frame(masked, false, false, opcode, first),
        frame(masked, true, false, Opcode::Continuation, last),
    ]
    .concat()
}

/// A text and a binary message of 1 MiB each; compressed ones too where that is asked for.
fn large(masked: bool, compressed: bool) -> Vec<u8> {
    let payload = vec![b'x'; MIB];
    let mut wire = fragments(masked, Opcode::Text, &payload);
    wire.extend(fragments(masked, Opcode::Binary, &payload));
    if compressed {
        wire.extend(frame(masked, true, true, Opcode::Text, &deflated(&payload)));
        wire.extend(frame(masked, true, true, Opcode::Binary, &deflated(&payload)));
    }
    wire
}

/// Decodes all of `wire` with `decode`: how many items.
macro_rules! decode {
    ($decoder:ident, $wire:expr, $decode:ident) => {{
        let mut wire = $wire.to_vec();
        let mut items = 0;
        for mut piece in wire.chunks_mut(40_000) {
            while let Ok(Step::Item(_)) = $decoder.$decode(&mut piece) {
                items += 1;
            }
            // What is unfinished stays.
            $decoder.release();
        }
        items
    }};
}

fn messages<R: Role>(masked: bool) {
    let (plain, all) = (large(masked, false), large(masked, true));
    holds(0, "messages", || {
        let mut decoder = message::Decoder::<R>::new();
        assert_eq!(decode!(decoder, plain, decode), 2);
        assert!(decode!(decoder, plain, decode_part) > 2);
        decoder
    });
    let bad = [&plain[..plain.len() / 4], &frame(masked, true, false, Opcode::Text, b"x")].concat();
    let closed = [
        frame(masked, false, false, Opcode::Binary, &vec![7; MIB]),
        frame(masked, true, false, Opcode::Close, b""),
    ]
    .concat();
    for wire in [&bad, &closed, &plain[..plain.len() / 4].to_vec()] {
        holds(0, "a message that never ends", || {
            let mut decoder = message::Decoder::<R>::new();
            decode!(decoder, wire, decode);
            let _ = decoder.finish();
            decoder.release();
            decoder
        });
    }
    for takeover in [false, true] {
        let new = || message::Decoder::<R>::new().with_inflater(Inflater::new(takeover, None));
        let place = held_by(|| std::mem::forget(new()));
        let decoder = || {
            let mut decoder = new();
            assert_eq!(decode!(decoder, all, decode), 4);
            assert!(decode!(decoder, all, decode_part) > 4);
            decoder
        };
        if !takeover {
            holds(place, "compressed messages", decoder);
        }
        // No message follows a close frame or an error.
        for last in [Opcode::Close, Opcode::Continuation] {
            holds(place, "compressed messages, and the end", || {
                let mut decoder = decoder();
                decode!(decoder, frame(masked, true, false, last, b""), decode);
                decoder
            });
        }
    }
}

#[test]
fn messages_are_given_back() {
    messages::<ServerRole>(true);
    messages::<Side>(false);
}

/// A context, its room for pieces not counted.
fn contexts() -> (usize, usize) {
    let (mut inflater, mut deflater) =
        (Inflater::new(true, None), Deflater::new(Deflate::default(), None));
    let (payload, mut out) = (deflated(b"hello"), Vec::with_capacity(1 << 16));
    let inflate = held_by(|| inflater.inflate_message(&payload, &mut out, None).unwrap());
    let deflate = held_by(|| deflater.deflate_piece(b"hello", true, &mut out));
    assert!(inflate > 32 << 10 && deflate > 32 << 10, "contexts are counted");
    (inflate, deflate)
}

#[test]
fn what_compresses_and_inflates() {
    let (context, deflate_context) = contexts();
    let payload = deflated(&vec![b'x'; MIB]);
    let inflate = |inflater: &mut Inflater, mut input: &[u8]| {
        while !inflater.inflate_piece(&mut input).unwrap().is_empty() {}
    };
    for takeover in [false, true] {
        let kept = if takeover { context } else { 0 };
        let mut inflater = holds(kept, "an inflater", || {
            let mut inflater = Inflater::new(takeover, None);
            let (first, last) = payload.split_at(payload.len() / 2);
            inflate(&mut inflater, first);
            inflater.release();
            inflate(&mut inflater, last);
            inflater.finish().unwrap();
            inflater.release();
            inflater
        });
        // It is the context to which the next message may refer.
        if takeover {
            inflater.reset();
            assert_eq!(held_by(|| inflater.release()), kept);
        }
        holds(0, "an inflater that fails", || {
            let mut inflater = Inflater::new(takeover, None);
            inflate(&mut inflater, &payload[..payload.len() / 2]);
            assert!(inflater.finish().is_err());
            inflater.release();
            inflater
        });
        let kept = if takeover { deflate_context } else { 0 };
        let mut config = Deflate::default();
        config.context_takeover = takeover;
        holds(kept, "a deflater", || {
            let mut deflater = Deflater::new(config, None);
            deflater.deflate_piece(&vec![b'x'; MIB], false, &mut Vec::new());
            deflater.release();
            deflater.deflate_piece(b"x", true, &mut Vec::new());
            deflater.release();
            deflater
        });
        holds(0, "a deflater that is reset", || {
            let mut deflater = Deflater::new(config, None);
            deflater.deflate_piece(&vec![b'x'; MIB], false, &mut Vec::new());
            deflater.reset();
            deflater.release();
            deflater
        });
    }
}

/// Everything large that a session can do, and pings that it cannot answer at once.
fn used<R: Role>(mut session: Session<R>, masked: bool, compressed: bool) -> Session<R> {
    let Session { rx, tx } = &mut session;
    let pings = frame(masked, true, false, Opcode::Ping, &[7; 125]).repeat(1000);
    for wire in [large(masked, compressed), pings] {
        let mut wire = wire;
        for mut piece in wire.chunks_mut(40_000) {
            while let Step::Item(_) = rx.receive(tx, &mut piece, NOW).unwrap() {}
            rx.release();
            // A pong that waits for room is not lost.
            tx.release();
        }
    }
    while !tx.output().is_empty() {
        write(tx.output());
    }
    // Bytes that no compressor makes fewer.
    let mut seed = 7u32;
    let noise: Vec<u8> = (0..MIB)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        })
        .collect();
    tx.send_binary(&noise, NOW).unwrap();
    assert!(write(tx.output()) >= MIB);
    tx.send_text(&"x".repeat(MIB), NOW).unwrap();
    write(tx.output());
    tx.send_bytes(Bytes::from(noise), NOW).unwrap();
    assert!(write(tx.output()) >= MIB);
    tx.send_text_piece(&"x".repeat(1000), false, NOW).unwrap();
    tx.send_text_piece("", true, NOW).unwrap();
    write(tx.output());
    rx.release();
    tx.release();
    session
}

/// As [`used`], and then the closing handshake, in the middle of a message of this side's.
fn closed<R: Role>(session: Session<R>, masked: bool, compressed: bool) -> Session<R> {
    let mut session = used(session, masked, compressed);
    let Session { rx, tx } = &mut session;
    tx.send_text_piece(&"x".repeat(1000), false, NOW).unwrap();
    let mut close = frame(masked, true, false, Opcode::Close, b"");
    let mut input = &mut close[..];
    assert!(matches!(rx.receive(tx, &mut input, NOW), Ok(Step::Item(Event::Close(_)))));
    write(tx.output());
    rx.release();
    tx.release();
    session
}

#[test]
fn a_session_without_compression_holds_nothing() {
    let config = Config::default();
    holds(0, "a server's", || used(Session::new(ServerRole, config, NOW), true, false));
    holds(0, "a client's", || used(Session::new(client(), config, NOW), false, false));
    holds(0, "a server's, closed", || closed(Session::new(ServerRole, config, NOW), true, false));
    holds(0, "a client's, closed", || closed(Session::new(client(), config, NOW), false, false));
}

/// Shows what a session holds beyond the places of its inflater and its deflater.
fn with_compression<R: Role>(masked: bool, role: impl Fn() -> R) {
    let config = Config::default();
    let (inflate, deflate) = contexts();
    for takeover in [false, true] {
        let params = params(takeover);
        for limit in [0, 16] {
            let pool = Pool::new(limit);
            let new = || Session::with_deflate(role(), config, &params, &pool, NOW);
            // The pool keeps what the first one has lent.
            drop(used(new(), masked, true));
            let mut fresh = None;
            let place = held_by(|| fresh = Some(new()));
            assert!(place <= 256, "{place}");
            drop(fresh);
            // Contexts that are lent were the pool's before.
            let kept = match (takeover, limit) {
                (true, 0) => inflate + deflate,
                _ => 0,
            };
            if limit == 0 || !takeover {
                holds(place + kept, "in use", || used(new(), masked, true));
            }
            holds(place, "closed", || closed(new(), masked, true));
        }
    }
}

#[test]
fn a_session_with_compression_holds_its_places_and_contexts() {
    with_compression(true, || ServerRole);
    with_compression(false, client);
}

#[test]
fn a_pong_that_waits_is_held_until_it_is_written() {
    holds(0, "a late pong", || {
        let Session { mut rx, mut tx } = Session::new(ServerRole, Config::default(), NOW);
        let mut wire = frame(true, true, false, Opcode::Ping, &[7; 125]).repeat(1000);
        let mut input = &mut wire[..];
        while let Step::Item(_) = rx.receive(&mut tx, &mut input, NOW).unwrap() {}
        let mut pongs = 0;
        while !tx.output().is_empty() {
            pongs += tx.output().remaining() / 127;
            let pending = tx.output().remaining();
            tx.output().advance(pending);
            tx.release();
        }
        assert!(pongs > 100);
        (rx, tx)
    });
}

#[test]
fn a_mailbox_that_was_delivered_holds_nothing() {
    holds(0, "a mailbox", || {
        let Session { mut rx, mut tx } = Session::new(ServerRole, Config::default(), NOW);
        let mut shared = Mailbox::default();
        let mut wire = frame(true, true, false, Opcode::Ping, b"?").repeat(1000);
        let mut input = &mut wire[..];
        while let Step::Item(_) =
            rx.receive(&mut |reply, now| shared.reply(reply, now), &mut input, NOW).unwrap()
        {
        }
        std::mem::take(&mut shared).deliver(&mut tx);
        assert_eq!(write(tx.output()), 3);
        tx.release();
        (rx, tx, shared)
    });
}
