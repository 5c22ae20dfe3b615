//! What permessage-deflate costs: no allocation per message, and no more memory than the limit.

use std::time::{Duration, Instant};

use bytes::Buf as _;
use wirefeed::Step;
use wirefeed::ws::ErrorKind;
use wirefeed::ws::deflate::{Config, Deflater, Inflater, Pool};
use wirefeed::ws::handshake::{DeflateConfig, DeflateParams, WindowBits};
use wirefeed::ws::{self, ClientRole, Event, Role, Sender, ServerRole, Session};

fn config(context_takeover: bool) -> Config {
    let mut config = Config::default();
    config.context_takeover = context_takeover;
    config
}

/// Messages there and back, in every way that there is.
fn exchange(deflater: &mut Deflater, inflater: &mut Inflater, out: &mut [Vec<u8>; 2]) {
    let [payload, found] = out;
    for message in [&b"Hello"[..], &b"{\"id\":1,\"name\":\"a\"}".repeat(2000), b""] {
        payload.clear();
        deflater.deflate_piece(message, true, payload);
        found.clear();
        inflater.inflate_message(payload, found, Some(1 << 20)).unwrap();
        assert_eq!(found, message);

        payload.clear();
        for piece in message.chunks(1000) {
            deflater.deflate_piece(piece, false, payload);
        }
        deflater.deflate_piece(b"", true, payload);
        let (mut input, mut len) = (&payload[..], 0);
        loop {
            let piece = inflater.inflate_piece(&mut input).unwrap();
            assert_eq!(piece, &message[len..len + piece.len()]);
            len += piece.len();
            if piece.is_empty() {
                break;
            }
        }
        inflater.finish().unwrap();
        assert_eq!(len, message.len());
    }
}

#[test]
fn messages_allocate_nothing() {
    let (pool, mut out) = (Pool::default(), [Vec::new(), Vec::new()]);
    for takeover in [false, true] {
        for pooled in [false, true] {
            let (mut deflater, mut inflater) = match pooled {
                false => (Deflater::new(config(takeover), None), Inflater::new(takeover, None)),
                true => (
                    Deflater::new(config(takeover), Some(&pool)),
                    Inflater::new(takeover, Some(&pool)),
                ),
            };
            for _ in 0..2 {
                exchange(&mut deflater, &mut inflater, &mut out);
            }
            // The messages themselves: one vector each time.
            let allocations = crate::memory::allocations_of(|| {
                for _ in 0..10 {
                    exchange(&mut deflater, &mut inflater, &mut out);
                }
            });
            assert_eq!(allocations, 10, "takeover {takeover}, pooled {pooled}");
        }
    }
}

/// What was agreed on, with contexts that are taken over or not.
fn params(takeover: bool) -> DeflateParams {
    let mut config = DeflateConfig::server();
    config.client_no_context_takeover = !takeover;
    config.server_no_context_takeover = !takeover;
    let request = [("Sec-WebSocket-Extensions", "permessage-deflate")];
    config.answer(&request).unwrap().unwrap().0
}

/// Moves one side's output to the other.
fn pass<'b, R: Role>(tx: &mut Sender<R>, buffer: &'b mut [u8]) -> &'b mut [u8] {
    let len = tx.output().remaining();
    tx.output().copy_to_slice(&mut buffer[..len]);
    &mut buffer[..len]
}

#[test]
fn sessions_allocate_nothing() {
    let (pool, mut buffer, now) = (Pool::default(), vec![0; 64 << 10], wirefeed::Instant::ZERO);
    let text = "{\"symbol\":\"ABC\",\"price\":12.34,\"side\":\"buy\"},".repeat(20);
    for takeover in [false, true] {
        let (params, config) = (params(takeover), ws::Config::default());
        let key = |key: &mut [u8]| key.fill(7);
        let mut client = Session::with_deflate(ClientRole(key), config, &params, &pool, now);
        let mut server = Session::with_deflate(ServerRole, config, &params, &pool, now);
        let mut echo = |times: usize| {
            let mut echoed = 0;
            for _ in 0..times {
                client.tx.send_text(&text, now).unwrap();
                let mut input = pass(&mut client.tx, &mut buffer);
                assert!(input.len() < text.len() / 2, "it was not compressed");
                while let Step::Item(Event::Text(text)) =
                    server.rx.receive(&mut server.tx, &mut input, now).unwrap()
                {
                    server.tx.send_text(&text, now).unwrap();
                }
                let mut input = pass(&mut server.tx, &mut buffer);
                while let Step::Item(Event::Text(echo)) =
                    client.rx.receive(&mut client.tx, &mut input, now).unwrap()
                {
                    echoed += usize::from(*echo == text);
                }
            }
            assert_eq!(echoed, times);
        };
        echo(3);
        assert_eq!(crate::memory::allocations_of(|| echo(100)), 0, "takeover {takeover}");
    }
}

#[test]
fn an_idle_session_without_takeover_holds_nothing() {
    let (pool, mut out) = (Pool::default(), [Vec::new(), Vec::new()]);
    let mut sessions: Vec<_> = (0..1000)
        .map(|_| (Deflater::new(config(false), Some(&pool)), Inflater::new(false, Some(&pool))))
        .collect();
    let (deflater, inflater) = &mut sessions[0];
    exchange(deflater, inflater, &mut out);
    assert_eq!(pool.kept(), 2);
    let peak = crate::memory::peak_of(|| {
        for (deflater, inflater) in &mut sessions {
            exchange(deflater, inflater, &mut out);
        }
    });
    // One message of 38 KB, and none of a thousand contexts.
    assert!(peak < 64 << 10, "{peak} bytes");
    assert!(size_of_val(&sessions[0]) <= 512, "{} bytes", size_of_val(&sessions[0]));
}

#[test]
fn a_context_costs_what_the_documentation_says() {
    let mut out = Vec::with_capacity(64);
    let mut deflate = |window_bits| {
        let mut config = config(true);
        config.window_bits = window_bits;
        out.clear();
        crate::memory::peak_of(|| {
            Deflater::new(config, None).deflate_piece(b"Hello", true, &mut out);
        })
    };
    let (least, most) = (deflate(WindowBits::MIN), deflate(WindowBits::MAX));
    let mut message = Vec::with_capacity(64);
    let inflate = crate::memory::peak_of(|| {
        Inflater::new(true, None).inflate_message(&out, &mut message, None).unwrap();
    });
    println!("a context that deflates: {least} to {most} bytes, that inflates: {inflate} bytes");
    assert_eq!([least, most, inflate].map(|bytes| (bytes + 500) / 1000), [251, 380, 48]);
}

/// `len` zeros, compressed as well as it goes.
fn bomb(len: usize) -> Vec<u8> {
    let (mut deflater, mut payload) = (Deflater::new(config(false), None), Vec::new());
    let zeros = vec![0; 1 << 20];
    for left in (0..len).step_by(zeros.len()) {
        deflater.deflate_piece(&zeros[..zeros.len().min(len - left)], false, &mut payload);
    }
    deflater.deflate_piece(b"", true, &mut payload);
    payload
}

#[test]
fn a_bomb_costs_no_more_than_the_limit_and_stops_early() {
    let payload = bomb(1 << 30);
    assert!(payload.len() < 1_200_000, "{} bytes", payload.len());
    for limit in [64 << 10, 1 << 20, 16 << 20] {
        // In pieces: a context and a piece.
        let peak = crate::memory::peak_of(|| {
            let (mut inflater, mut input) = (Inflater::new(false, None), &payload[..]);
            let mut made = 0;
            while made <= limit {
                made += inflater.inflate_piece(&mut input).unwrap().len();
            }
            assert!(made <= limit + (16 << 10));
        });
        assert!(peak <= 64 << 10, "{peak} bytes");

        // Into a vector that doubles: meanwhile the old one is there too.
        let start = Instant::now();
        let peak = crate::memory::peak_of(|| {
            let (mut inflater, mut out) = (Inflater::new(false, None), Vec::new());
            let result = inflater.inflate_message(&payload, &mut out, Some(limit));
            assert_eq!((result, out.len()), (Err(ErrorKind::MessageTooLong), limit));
        });
        let most = limit + limit / 2 + (64 << 10);
        assert!((limit..=most).contains(&peak), "{peak} bytes for a limit of {limit}");
        // All of it would take longer than this.
        assert!(start.elapsed() < Duration::from_millis(100), "{:?}", start.elapsed());

        // With room made beforehand there is only that.
        let mut out = Vec::with_capacity(limit);
        let peak = crate::memory::peak_of(|| {
            let result =
                Inflater::new(false, None).inflate_message(&payload, &mut out, Some(limit));
            assert_eq!(result, Err(ErrorKind::MessageTooLong));
        });
        assert!(peak <= 64 << 10, "{peak} bytes for a limit of {limit}");
    }
}

#[test]
fn a_small_bomb_within_its_limit_is_a_message() {
    let payload = bomb(10 << 20);
    assert!(payload.len() < 12_000, "{} bytes", payload.len());
    let (mut inflater, mut out) = (Inflater::new(false, None), Vec::new());
    inflater.inflate_message(&payload, &mut out, Some(10 << 20)).unwrap();
    assert!(out.len() == 10 << 20 && out.iter().all(|&byte| byte == 0));
    let result = inflater.inflate_message(&payload, &mut Vec::new(), Some((10 << 20) - 1));
    assert_eq!(result, Err(ErrorKind::MessageTooLong));
}

/// Law 8: blocks that are the last of their stream are the dearest for their bytes.
#[test]
fn a_stream_for_every_two_bytes_takes_linear_time() {
    let time = |count: usize| {
        let payload = b"\x03\x00".repeat(count);
        let mut inflater = Inflater::new(false, None);
        (0..5)
            .map(|_| {
                let start = Instant::now();
                inflater.inflate_message(&payload, &mut Vec::new(), Some(1)).unwrap();
                start.elapsed()
            })
            .min()
            .unwrap()
    };
    let (few, many) = (time(20_000), time(80_000));
    assert!(many < few * 9, "{few:?}, four times the bytes {many:?}");
    println!("a stream of two bytes: {:?}", many / 80_000);
}
