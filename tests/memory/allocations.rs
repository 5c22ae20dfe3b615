//! No allocation per item: what is decoded or encoded over and over, once warm, allocates nothing.

use bytes::{Buf, Bytes};
use wirefeed::h1::{self, Framing, body, chunked, head};
use wirefeed::replay::Config;
use wirefeed::sse::server::Mode;
use wirefeed::ws::frame::{self, Header, Masking, Opcode};
use wirefeed::ws::{ClientRole, Event, ServerRole, Session, mask, message};
use wirefeed::{Instant, Outbox, Step, sse};

/// Runs `pass` twice to warm up (buffers take their final size in the second, when they begin where
/// the first has left off), and shows that the next passes allocate nothing.
fn allocates_nothing(what: &str, mut pass: impl FnMut() -> usize) {
    let items = pass();
    assert_eq!(pass(), items, "{what}");
    assert!(items > 0, "{what}: nothing was decoded");
    let allocations = crate::memory::allocations_of(|| {
        for _ in 0..3 {
            assert_eq!(pass(), items, "{what}");
        }
    });
    assert_eq!(allocations, 0, "{what}: {allocations} allocations for {items} items");
}

const PIECES: [usize; 3] = [1 << 16, 100, 16];

#[test]
fn events() {
    let unit = b"id: 7\nevent: e\ndata: one line\n\ndata: two\ndata: lines\n\n: hi\nretry: 5\n";
    let wire = unit.repeat(100);
    for size in PIECES {
        let mut decoder = sse::Decoder::new();
        allocates_nothing("sse", || {
            let mut items = 0;
            for mut piece in wire.chunks(size) {
                while let Step::Item(_) = decoder.decode(&mut piece).unwrap() {
                    items += 1;
                }
            }
            items
        });
    }
}

#[test]
fn chunks_and_bodies() {
    let mut wire = Vec::new();
    for _ in 0..100 {
        chunked::encode_chunk(b"hello", &[], &mut wire).unwrap();
    }
    wire.extend_from_slice(b"1;a=\"b\"\r\nx\r\n0\r\nA: b\r\n\r\n");
    for size in PIECES {
        let mut decoder = chunked::Decoder::new();
        let mut bodies = body::Decoder::new(Framing::Chunked);
        allocates_nothing("chunked", || {
            let mut items = 0;
            decoder.reset();
            bodies.reset();
            for piece in wire.chunks(size) {
                let mut input = piece;
                while let Step::Item(_) = decoder.decode(&mut input).unwrap() {
                    items += 1;
                }
                let mut input = piece;
                while let Step::Item(_) = bodies.decode(&mut input).unwrap() {
                    items += 1;
                }
            }
            items
        });
    }
}

#[test]
fn heads() {
    let wire = b"GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";
    for size in [wire.len(), 7] {
        let mut decoder = head::RequestDecoder::new();
        allocates_nothing("heads", || {
            let mut items = 0;
            for _ in 0..10 {
                decoder.reset();
                for mut piece in wire.chunks(size) {
                    while let Step::Item(_) = decoder.decode(&mut piece).unwrap() {
                        items += 1;
                    }
                }
            }
            items
        });
    }
}

/// Ten thousand whole exchanges of a client and a server: what both machines do, by the caller's slices.
#[test]
fn exchanges() {
    let now = Instant::ZERO;
    let asks = [("Host", "a"), ("Accept", "*/*"), ("Content-Length", "5")];
    let (mut request, mut response) = (Vec::new(), Vec::new());
    // Lengths and chunks, each piece of the wire whole and cut.
    for (answers, size) in
        [(&[("Content-Length", "1024")][..], 1 << 16), (&[], 1 << 16), (&[("A", "b")], 100)]
    {
        let mut client = h1::Client::new(h1::Config::client(), Instant::ZERO);
        let mut server = h1::Server::new(h1::Config::server(), now);
        let mut exchange = || {
            let mut items = 0;
            client.send_head("POST", "/", &asks, now).unwrap();
            client.tx.send_data(b"hello", now).unwrap();
            client.tx.send_end(now).unwrap();
            carry(client.tx.output(), &mut request);
            for mut piece in request.chunks(size) {
                while let Step::Item(event) =
                    server.rx.receive(&mut server.tx, &mut piece, now).unwrap()
                {
                    items += 1;
                    if let h1::server::Event::Head(_) = event {
                        server.tx.send_head(200, answers, now).unwrap();
                        server.tx.send_data(&[b'x'; 1024], now).unwrap();
                        server.tx.send_end(now).unwrap();
                    }
                }
            }
            assert!(server.next_exchange(now));
            carry(server.tx.output(), &mut response);
            for mut piece in response.chunks(size) {
                while let Step::Item(_) =
                    client.rx.receive(&mut client.tx, &mut piece, now).unwrap()
                {
                    items += 1;
                }
            }
            assert!(client.tx.is_idle());
            items
        };
        allocates_nothing("exchanges", || (0..3334).map(|_| exchange()).sum());
    }
}

/// Copies the output to the other side's input.
fn carry(from: &mut Outbox, to: &mut Vec<u8>) {
    to.clear();
    while from.has_remaining() {
        to.extend_from_slice(from.chunk());
        from.advance(from.chunk().len());
    }
}

/// Masked messages: whole, in fragments, with pings between them.
fn conversation() -> Vec<u8> {
    let (mut wire, key) = (Vec::new(), [1, 2, 3, 4]);
    let mut put = |fin, opcode, payload: &[u8]| {
        let header =
            Header { fin, compressed: false, opcode, mask: Some(key), len: payload.len() as u64 };
        wire.extend_from_slice(header.encode().as_ref());
        let from = wire.len();
        wire.extend_from_slice(payload);
        mask(&mut wire[from..], key);
    };
    for _ in 0..50 {
        put(true, Opcode::Binary, &[7; 300]);
        put(true, Opcode::Text, "caf\u{e9}".as_bytes());
        put(false, Opcode::Text, b"two ");
        put(true, Opcode::Ping, b"?");
        put(true, Opcode::Continuation, b"fragments");
    }
    wire
}

#[test]
fn frames_and_messages() {
    let wire = conversation();
    let mut buffer = wire.clone();
    for size in PIECES {
        let mut frames = frame::Decoder::new(Masking::Masked);
        allocates_nothing("frames", || {
            let mut items = 0;
            for mut piece in wire.chunks(size) {
                while let Step::Item(_) = frames.decode(&mut piece).unwrap() {
                    items += 1;
                }
            }
            items
        });
        let mut messages = message::Decoder::<ServerRole>::new();
        allocates_nothing("messages", || {
            let mut items = 0;
            buffer.copy_from_slice(&wire);
            for mut piece in buffer.chunks_mut(size) {
                while let Step::Item(_) = messages.decode(&mut piece).unwrap() {
                    items += 1;
                }
            }
            items
        });
    }
}

#[test]
fn an_echo() {
    let wire = conversation();
    let mut buffer = wire.clone();
    let Session { mut rx, mut tx } = Session::new(ServerRole, Default::default(), Instant::ZERO);
    allocates_nothing("an echo", || {
        let mut items = 0;
        buffer.copy_from_slice(&wire);
        for mut piece in buffer.chunks_mut(1460) {
            while let Step::Item(event) = rx.receive(&mut tx, &mut piece, Instant::ZERO).unwrap() {
                match event {
                    Event::Text(text) => tx.send_text(&text, Instant::ZERO).unwrap(),
                    Event::Binary(bytes) => tx.send_binary(&bytes, Instant::ZERO).unwrap(),
                    _ => {}
                }
                items += 1;
            }
            let out = tx.output();
            out.advance(out.remaining());
        }
        items
    });
}

#[test]
fn what_is_sent() {
    let payload = Bytes::from(vec![7; 4096]);
    let mut out = Outbox::new();
    allocates_nothing("encoders", || {
        let message = sse::Event { event: "e", id: Some("7"), retry: Some(10), data: "two\nlines" };
        sse::encode_event(&message, &mut out.writer()).unwrap();
        sse::encode_comment("hi", &mut out.writer()).unwrap();
        chunked::encode_chunk(b"hello", &[], &mut out.writer()).unwrap();
        out.share(payload.clone()).unwrap();
        chunked::encode_end(&(), &mut out.writer()).unwrap();
        let len = out.remaining();
        out.advance(len);
        len
    });
}

#[test]
fn one_event_for_a_thousand_clients() {
    let now = Instant::ZERO;
    let server = || sse::EventStream::new(&(), Mode::Stream, Default::default(), now);
    let mut servers: Vec<_> = (0..1000).map(|_| server()).collect();
    let mut replay = wirefeed::replay::Replay::<()>::new(Default::default());

    // Small events are copied into buffers that are there, large ones shared.
    let small = sse::Event { data: "x", ..Default::default() };
    let payload = "x".repeat(Outbox::SHARED);
    let large = sse::Event { data: &payload, ..Default::default() };
    for message in [small, large] {
        let event = replay.push(&(), &message, now).unwrap();
        allocates_nothing("events to many", || {
            let mut len = 0;
            for server in &mut servers {
                server.send_event(&event, now).unwrap();
                len += server.output().remaining();
                server.output().advance(event.bytes().len());
            }
            len
        });
    }

    // What they are sent is what was encoded.
    let event = replay.push(&(), &large, now).unwrap();
    for server in &mut servers {
        server.send_event(&event, now).unwrap();
    }
    let taken: Vec<Bytes> =
        servers.iter_mut().map(|server| server.output().take_bytes().unwrap()).collect();
    assert!(taken.iter().all(|bytes| bytes.as_ptr() == event.bytes().as_ptr()));
    assert!(servers.iter_mut().all(|server| server.output().is_empty()));

    let allocations = crate::memory::allocations_of(|| drop(large.encode().unwrap()));
    assert_eq!(allocations, 1, "an event is encoded into one buffer of its size");
}

#[test]
fn events_that_are_kept() {
    let now = Instant::ZERO;
    let mut limits = Config::default();
    limits.events = Some(100);
    let mut replay = wirefeed::replay::Replay::<()>::new(limits);
    let mut push = |count| {
        for _ in 0..count {
            let event = replay.push(&(), &sse::Event { data: "x", ..Default::default() }, now);
            drop(event.unwrap());
        }
    };
    push(200);
    // The bytes, and what `Bytes` counts their owners with.
    assert_eq!(crate::memory::allocations_of(|| push(1000)), 2000);
}

#[test]
fn what_is_idle_holds_nothing() {
    let peak = crate::memory::peak_of(|| {
        let session = Session::new(ServerRole, Default::default(), Instant::ZERO);
        assert!(size_of_val(&session) <= 512);
        let decoders = (sse::Decoder::new(), chunked::Decoder::new(), head::RequestDecoder::new());
        assert!(size_of_val(&decoders.0) <= 128 && size_of_val(&decoders.1) <= 128);
    });
    assert_eq!(peak, 0);
}

/// The most that a decoder holds while a line comes that has no end.
fn held_by_an_endless_line(limit: usize, skip_oversized: bool, piece: &[u8]) -> usize {
    let mut config = sse::Config::default();
    (config.line, config.event) = (Some(limit), Some(limit));
    config.skip_oversized = skip_oversized;
    crate::memory::peak_of(|| {
        let (mut decoder, mut skipped) = (sse::Decoder::with_config(config), 0);
        let mut used = 0;
        while used < 32 << 20 {
            let mut input = piece;
            match decoder.decode(&mut input) {
                Ok(Step::Item(sse::Item::Skipped(_))) => skipped += 1,
                Ok(step) => {
                    assert_eq!(step, Step::NeedInput);
                    used += piece.len();
                }
                Err(error) => {
                    assert!(!skip_oversized && error.at == limit as u64);
                    return;
                }
            }
        }
        assert_eq!((skip_oversized, skipped), (true, 1));
    })
}

#[test]
fn an_endless_line_costs_no_more_than_its_limit() {
    for limit in [64 << 10, 16 << 20] {
        for skip_oversized in [false, true] {
            for size in [1, 16, 1 << 16] {
                let piece = vec![b'x'; size];
                let peak = held_by_an_endless_line(limit, skip_oversized, &piece);
                let most = limit + (64 << 10);
                assert!(
                    peak <= most,
                    "{peak} bytes for a limit of {limit}, {} a call",
                    piece.len()
                );
                // It is the line that was measured, and not a decoder that stores nothing.
                assert!(peak >= limit / 2, "{peak} bytes for a limit of {limit}");
            }
        }
    }
}

#[test]
fn a_hundred_thousand_fragments_cost_no_more_than_their_bytes() {
    for payload in [&b""[..], b"x"] {
        let mut wire = vec![0x02, 0];
        for _ in 0..100_000 {
            wire.extend_from_slice(&[0, payload.len() as u8]);
            wire.extend_from_slice(payload);
        }
        wire.extend_from_slice(&[0x80, 0]);
        let most = 4096 + 3 * 100_000 * payload.len(); // a buffer that doubles is for a moment held twice
        let peak = crate::memory::peak_of(|| {
            let mut decoder = message::Decoder::<ClientRole<fn(&mut [u8])>>::new();
            let mut input = &mut wire[..];
            let Ok(Step::Item(message::Item::Binary(whole))) = decoder.decode(&mut input) else {
                panic!("one message")
            };
            assert_eq!(whole.len(), 100_000 * payload.len());
        });
        assert!(peak <= most, "{peak} bytes for fragments of {} B", payload.len());
    }
}
