//! Limits count one thing each: pending output, when reading stops, how long a frame and a
//! message may be, plain and compressed.

use bytes::{Buf as _, Bytes};
use wirefeed::ws::deflate::Pool;
use wirefeed::ws::handshake::{DeflateConfig, DeflateParams};
use wirefeed::ws::message::{Kind, Part};
use wirefeed::ws::{ClientRole, Config, ErrorKind, Event, ServerRole, Session};
use wirefeed::{Fields as _, Instant, SendError, Step, h1, sse};

const NOW: Instant = Instant::ZERO;

/// Bytes that DEFLATE makes no shorter.
fn random(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(next).collect()
}

/// What an answer with these parameters agrees on.
fn params(answer: &str) -> DeflateParams {
    let fields = [("Sec-WebSocket-Extensions", answer)];
    DeflateConfig::client().verify(&fields).unwrap().unwrap()
}

fn with_deflate(config: &Config, answer: &str) -> (Session<ClientRole<Key>>, Session<ServerRole>) {
    let (params, pool) = (params(answer), Pool::default());
    let client = ClientRole((|key: &mut [u8]| key.fill(7)) as Key);
    let server = Session::with_deflate(ServerRole, *config, &params, &pool, NOW);
    (Session::with_deflate(client, *config, &params, &pool, NOW), server)
}

type Key = fn(&mut [u8]);

const TAKEOVER: &str = "permessage-deflate";
const NO_TAKEOVER: &str =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

fn limited(output: usize) -> Config {
    let mut config = Config::default();
    config.output = Some(output);
    config
}

fn drain(out: &mut wirefeed::Outbox) -> Vec<u8> {
    out.copy_to_bytes(out.remaining()).into()
}

#[test]
fn what_is_sent_while_nothing_is_owed_is_taken_and_what_is_full_fits_later() {
    for len in [0, 1, 1 << 10, 1 << 20, 3 << 20] {
        let mut session = Session::new(ServerRole, Config::default(), NOW);
        session.tx.send_text("first", NOW).unwrap();
        session
            .tx
            .send_binary(&vec![0; len], NOW)
            .or_else(|full| {
                assert_eq!(full, SendError::Full);
                drain(session.tx.output());
                session.tx.send_binary(&vec![0; len], NOW)
            })
            .unwrap();
        drain(session.tx.output());
        session.tx.send_bytes(Bytes::from(vec![0; len]), NOW).unwrap();
        drain(session.tx.output());
        session.tx.send_binary_piece(&vec![0; len], true, NOW).unwrap();
    }
}

/// The first thing that users write: send back what came, and try again when output has been written.
#[test]
fn a_large_message_is_echoed() {
    for answer in [None, Some(TAKEOVER), Some(NO_TAKEOVER)] {
        let payload = random(4 << 20);
        let (mut client, mut server) = match answer {
            Some(answer) => with_deflate(&Config::default(), answer),
            None => {
                let key: Key = |key| key.fill(7);
                (
                    Session::new(ClientRole(key), Config::default(), NOW),
                    Session::new(ServerRole, Config::default(), NOW),
                )
            }
        };
        client.tx.send_binary(&payload, NOW).unwrap();
        let mut wire = drain(client.tx.output());
        let mut input = &mut wire[..];
        while let Step::Item(event) = server.rx.receive(&mut server.tx, &mut input, NOW).unwrap() {
            let Event::Binary(bytes) = event else { panic!("{event:?}") };
            server.tx.send_binary(&bytes, NOW).unwrap();
        }
        let mut wire = drain(server.tx.output());
        let mut input = &mut wire[..];
        let Step::Item(Event::Binary(echo)) =
            client.rx.receive(&mut client.tx, &mut input, NOW).unwrap()
        else {
            panic!("nothing came back")
        };
        assert!(*echo == payload[..]);
    }
}

#[test]
fn a_large_body_is_taken_when_the_head_is_written() {
    let mut server = h1::Server::new(h1::Config::server(), NOW);
    let mut input = &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..];
    while let Step::Item(event) = server.rx.receive(&mut server.tx, &mut input, NOW).unwrap() {
        let h1::server::Event::Head(head) = event else { panic!("{event:?}") };
        assert_eq!(head.value_of("host"), Some(&b"x"[..]));
    }
    server.tx.send_head(200, &(), NOW).unwrap();
    assert_eq!(server.tx.send_data(&[0; 2_000_000], NOW), Err(SendError::Full));
    assert!(!server.tx.output().fits(2_000_000) && server.tx.output().fits(1_000_000));
    drain(server.tx.output());
    server.tx.send_data(&[0; 2_000_000], NOW).unwrap();
    drain(server.tx.output());
    server.tx.send_bytes(Bytes::from(vec![0; 2_000_000]), NOW).unwrap();
    assert_eq!(server.tx.send_end(NOW), Err(SendError::Full));
    drain(server.tx.output());
    server.tx.send_end(NOW).unwrap();
}

#[test]
fn where_reading_stops_is_a_setting_of_its_own() {
    for output in [None, Some(1 << 20)] {
        for mark in [None, Some(0), Some(1000)] {
            let mut config = Config::default();
            (config.output, config.pause_reading_above) = (output, mark);
            let mut session = Session::new(ServerRole, config, NOW);
            for _ in 0..200 {
                session.tx.send_binary(&[0; 98], NOW).unwrap();
                let pending = session.tx.output().remaining();
                assert_eq!(session.tx.wants().read, mark.is_none_or(|mark| pending <= mark));
            }
            // A client reads always, or both sides could wait for each other.
            let key: Key = |key| key.fill(7);
            let mut client = Session::new(ClientRole(key), config, NOW);
            client.tx.send_binary(&[0; 100_000], NOW).unwrap();
            assert!(client.tx.wants().read);
        }
    }
}

/// Messages and pieces, compressed, never leave more output than the mark, unless it is the one that was accepted
/// while the output was empty; and what would fit as it is, or compressed, is not refused.
#[test]
fn compression_keeps_the_limit_and_refuses_nothing_that_fits() {
    const LIMIT: usize = 1024;
    for answer in [TAKEOVER, NO_TAKEOVER] {
        for in_pieces in [false, true] {
            let (mut client, mut server) = with_deflate(&limited(LIMIT), answer);
            let (payload, mut sent, mut received) = (random(60_000), Vec::new(), Vec::new());
            let mut wire = Vec::new();
            for (n, piece) in payload.chunks(61).enumerate() {
                let is_last = n % 50 == 49;
                loop {
                    let pending = server.tx.output().remaining();
                    let result = match in_pieces {
                        true => server.tx.send_binary_piece(piece, is_last, NOW),
                        false => server.tx.send_binary(&[piece, piece].concat(), NOW),
                    };
                    let now_pending = server.tx.output().remaining();
                    assert!(now_pending <= LIMIT || pending == 0, "{now_pending} bytes pending");
                    match result {
                        Ok(()) => break,
                        Err(error) => {
                            assert_eq!((error, now_pending), (SendError::Full, pending));
                            // More than as much as the piece can take is left of the mark.
                            assert!(pending + 2 * 61 + 32 > LIMIT, "refused at {pending}");
                            let half = pending.div_ceil(2);
                            wire.extend_from_slice(&server.tx.output().copy_to_bytes(half));
                        }
                    }
                }
                sent.extend_from_slice(piece);
                if !in_pieces {
                    sent.extend_from_slice(piece);
                }
            }
            server
                .tx
                .send_binary_piece(b"end", true, NOW)
                .or_else(|_| {
                    wire.extend(drain(server.tx.output()));
                    server.tx.send_binary_piece(b"end", true, NOW)
                })
                .unwrap();
            sent.extend(b"end");
            wire.extend(drain(server.tx.output()));
            let mut input = &mut wire[..];
            while let Step::Item(part) =
                client.rx.receive_part(&mut client.tx, &mut input, NOW).unwrap()
            {
                if let Part::Binary(bytes) = part {
                    received.extend_from_slice(bytes);
                }
            }
            assert!(received == sent, "{answer}, in pieces: {in_pieces}");
        }
        // Zeros fit where they would not as they are, however often others were refused before.
        let (_, mut server) = with_deflate(&limited(LIMIT), answer);
        let all = random(8000);
        server.tx.send_binary(&all[..800], NOW).unwrap();
        for other in all[800..].chunks(800).take(3) {
            assert_eq!(server.tx.send_binary(other, NOW), Err(SendError::Full));
            server.tx.send_binary(&[0; 4000], NOW).unwrap();
        }
    }
}

#[test]
fn a_message_is_not_refused_for_being_compressed() {
    // The longest frame that is allowed, of bytes that become more when they are compressed.
    let mut config = Config::default();
    config.message.frame = Some(1 << 20);
    config.output = None;
    let payload = random(1 << 20);
    let (mut client, mut server) = with_deflate(&config, NO_TAKEOVER);
    client.tx.send_binary(&payload, NOW).unwrap();
    let mut wire = drain(client.tx.output());
    assert!(wire.len() > payload.len() + 14, "it became shorter");
    let mut input = &mut wire[..];
    let step = server.rx.receive(&mut server.tx, &mut input, NOW).unwrap();
    assert!(matches!(step, Step::Item(Event::Binary(bytes)) if *bytes == payload[..]));
    // Longer than that is refused when it is announced.
    let mut wire = *b"\xc2\xff\0\0\0\0\0\x20\0\0\0\0\0\0";
    let error = server.rx.receive(&mut server.tx, &mut &mut wire[..], NOW).unwrap_err();
    assert_eq!(error.kind, ErrorKind::FrameTooLong);
}

#[test]
fn an_exceeded_limit_says_what_it_is_and_what_was_announced() {
    let mut config = Config::default();
    (config.message.frame, config.message.message) = (Some(1000), Some(1500));
    let fails = |wire: &[u8], answer: Option<&str>| {
        let mut session = match answer {
            Some(answer) => with_deflate(&config, answer).1,
            None => Session::new(ServerRole, config, NOW),
        };
        let mut wire = wire.to_vec();
        let mut input = &mut wire[..];
        assert_eq!(session.rx.exceeded(), None);
        loop {
            match session.rx.receive(&mut session.tx, &mut input, NOW) {
                Ok(Step::Item(_)) => {}
                Ok(step) => panic!("{step:?}"),
                Err(error) => {
                    let exceeded = session.rx.exceeded().unwrap();
                    return (error.kind, exceeded.limit, exceeded.len);
                }
            }
        }
    };
    let frame = |first: u8, len: u16| {
        let [a, b] = len.to_be_bytes();
        let mut frame = vec![first, 0xfe, a, b, 0, 0, 0, 0];
        frame.resize(8 + usize::from(len), 0);
        frame
    };
    let too_long = ErrorKind::FrameTooLong;
    assert_eq!(fails(&frame(0x82, 2000), None), (too_long, 1000, 2000));
    let huge = b"\x82\xff\0\0\0\x10\0\0\0\0\0\0\0\0";
    assert_eq!(fails(huge, None), (too_long, 1000, 0x10_0000_0000));
    let two = [frame(0x02, 900), frame(0x80, 700)].concat();
    assert_eq!(fails(&two, None), (ErrorKind::MessageTooLong, 1500, 1600));
    // Of what is inflated no more than the limit is looked at.
    let mut config = Config::default();
    config.output = None;
    let (mut client, _) = with_deflate(&config, TAKEOVER);
    client.tx.send_binary(&[0; 4000], NOW).unwrap();
    let wire = drain(client.tx.output());
    assert_eq!(fails(&wire, Some(TAKEOVER)), (ErrorKind::MessageTooLong, 1500, 1501));
}

#[test]
fn parts_begin_with_a_start_wherever_the_header_was_read() {
    let wire = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x82\x81\0\0\0\0!";
    // `receive` reads the first so many bytes, which may be none or half of a message.
    for cut in 0..11 {
        let mut session = Session::new(ServerRole, Config::default(), NOW);
        let mut bytes = wire.to_vec();
        let (first, rest) = bytes.split_at_mut(cut);
        let step = session.rx.receive(&mut session.tx, &mut &mut first[..], NOW).unwrap();
        assert_eq!(step, Step::NeedInput);
        let (mut input, mut seen) = (rest, String::new());
        while let Step::Item(part) =
            session.rx.receive_part(&mut session.tx, &mut input, NOW).unwrap()
        {
            match part {
                Part::Start(kind) => seen += if kind == Kind::Text { "<" } else { "[" },
                Part::Text(text) => seen += text,
                Part::Binary(bytes) => seen += &format!("{}", bytes.len()),
                Part::End => seen += ">",
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(seen, "<Hello>[1>", "cut at {cut}");
    }
}

#[test]
fn after_a_fault_parts_give_their_context_back() {
    // A compressed message that is not a DEFLATE stream after some text, or text that is not UTF-8.
    let (params, pool) = (params(NO_TAKEOVER), Pool::default());
    let mut deflater = wirefeed::ws::deflate::Deflater::new(Default::default(), None);
    let (mut not_utf8, mut too_long) = (Vec::new(), Vec::new());
    deflater.deflate_piece(b"Hello\xff", true, &mut not_utf8);
    deflater.deflate_piece(&[b'a'; 100], true, &mut too_long);
    for payload in [not_utf8, too_long, vec![0x07]] {
        for opcode in [0xc1, 0xc2] {
            let mut config = Config::default();
            config.message.message = Some(50);
            let mut session = Session::with_deflate(ServerRole, config, &params, &pool, NOW);
            let mut wire = vec![opcode, 0x80 | payload.len() as u8, 0, 0, 0, 0];
            wire.extend(&payload);
            let mut input = &mut wire[..];
            let failed = loop {
                match session.rx.receive_part(&mut session.tx, &mut input, NOW) {
                    Ok(Step::Item(_)) => {}
                    Ok(_) => break false,
                    Err(_) => break true,
                }
            };
            assert!(failed || payload.len() > 1 && opcode == 0xc2);
            assert_eq!(pool.kept(), 1, "the context is not back");
            drop(session);
        }
    }
}

#[test]
fn a_client_that_may_use_8_bits_alone_sends_plain_messages() {
    let (mut client, mut server) =
        with_deflate(&Config::default(), "permessage-deflate; client_max_window_bits=8");
    client.tx.send_text(&"a".repeat(1000), NOW).unwrap();
    server.tx.send_text(&"a".repeat(1000), NOW).unwrap();
    let (mut plain, mut compressed) = (drain(client.tx.output()), drain(server.tx.output()));
    assert!(plain.len() > 1000 && compressed.len() < 100);
    assert_eq!((plain[0], compressed[0]), (0x81, 0xc1));
    for (wire, to_server) in [(&mut plain, true), (&mut compressed, false)] {
        let mut input = &mut wire[..];
        let step = match to_server {
            true => server.rx.receive(&mut server.tx, &mut input, NOW),
            false => client.rx.receive(&mut client.tx, &mut input, NOW),
        };
        assert!(matches!(step, Ok(Step::Item(Event::Text(text))) if text.len() == 1000));
    }
}

/// An event stream's output is a high-water mark too.
#[test]
fn an_event_of_any_size_is_sent_while_nothing_is_owed() {
    let mut replay = wirefeed::replay::Replay::<()>::new(Default::default());
    let data = "x".repeat(100);
    let mut push = || {
        let message = sse::Event { data: &data, ..Default::default() };
        replay.push(&(), &message, NOW).unwrap()
    };
    let events = [push(), push(), push()];
    let mut policy = sse::server::Config::default();
    policy.output = Some(10);
    let request = [("Last-Event-ID", "1")];
    let mut server = sse::EventStream::new(&request, sse::server::Mode::Stream, policy, NOW);
    for left in [1, 0] {
        assert_eq!(server.resume(&replay, NOW).unwrap().events, 1);
        assert_eq!(server.is_behind(), left > 0);
        assert!(server.output().remaining() > 100);
        drain(server.output());
    }
    let mut fresh = sse::EventStream::new(&(), sse::server::Mode::Stream, policy, NOW);
    fresh.send_event(&events[0], NOW).unwrap();
    assert_eq!(fresh.send_event(&events[1], NOW), Err(SendError::Full));
    drain(fresh.output());
    fresh.send_event(&events[1], NOW).unwrap();
}

/// A client that pings without end and reads nothing causes little output, and is answered in the end.
#[test]
fn of_pings_that_find_no_room_the_newest_is_answered() {
    const PINGS: u32 = 10_000;
    let Session { mut rx, mut tx } = Session::new(ServerRole, Config::default(), NOW);
    for n in 0..PINGS {
        let mut ping = [&b"\x89\x84\0\0\0\0"[..], &n.to_be_bytes()].concat();
        let mut input = &mut ping[..];
        assert!(matches!(rx.receive(&mut tx, &mut input, NOW), Ok(Step::Item(Event::Ping(_)))));
        assert!(tx.output().remaining() <= 16 << 10, "{} bytes", tx.output().remaining());
    }
    let mut pongs = Vec::new();
    while !tx.output().is_empty() {
        pongs.extend(drain(tx.output()));
    }
    let pongs: Vec<_> =
        pongs.chunks(6).map(|pong| pong.strip_prefix(b"\x8a\x04").unwrap()).collect();
    let (last, first) = pongs.split_last().unwrap();
    assert!(
        first.len() > 1000 && first.iter().zip(0u32..).all(|(pong, n)| *pong == n.to_be_bytes())
    );
    assert_eq!(*last, (PINGS - 1).to_be_bytes());
}
