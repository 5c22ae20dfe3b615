//! What HTTP and event streams hold once they are released.

use bytes::{Buf as _, Bytes};
use std::time::Duration;
use wirefeed::h1::{self, Config, head, server};
use wirefeed::sse::{self, Command, Event, EventSource, server::Mode};
use wirefeed::{Instant, Outbox, Step};

use super::{MIB, NOW, holds, write};

/// 60 KiB in 90 fields after `line`, and those that frame the body.
fn large_head(line: &str) -> Vec<u8> {
    let mut head = format!("{line}\r\nHost: a\r\nTransfer-Encoding: chunked\r\n");
    for n in 0..88 {
        head += &format!("Field-{n}: {}\r\n", "x".repeat(690));
    }
    (head + "\r\n").into_bytes()
}

/// A chunk, and 16 KiB of trailers after it, the empty line not counted.
fn large_body() -> Vec<u8> {
    let mut body = String::from("5\r\nhello\r\n0\r\n");
    for n in 0..16 {
        body += &format!("Trailer-{n}: {}\r\n", "x".repeat(1000));
    }
    (body + "\r\n").into_bytes()
}

const REQUEST: &str = "POST / HTTP/1.1";
const RESPONSE: &str = "HTTP/1.1 200 OK";

#[test]
fn heads() {
    let wire = large_head(REQUEST);
    assert!(wire.len() >= 60 << 10);
    let (first, rest) = wire.split_at(wire.len() / 2);
    holds(0, "a head that was cut", || {
        let mut decoder = head::RequestDecoder::new();
        assert!(matches!(decoder.decode(&mut &first[..]), Ok(Step::NeedInput)));
        decoder.release();
        // One that is unfinished goes on.
        let Ok(Step::Item(head)) = decoder.decode(&mut &rest[..]) else { panic!() };
        assert_eq!(head.len(), 90);
        decoder.release();
        decoder
    });
    holds(0, "a head in one piece", || {
        let mut decoder = head::ResponseDecoder::new();
        let Ok(Step::Item(_)) = decoder.decode(&mut &large_head(RESPONSE)[..]) else { panic!() };
        decoder.release();
        decoder
    });
    for ending in [&b"\r\nbad\r\n\r\n"[..], b""] {
        holds(0, "a head that fails", || {
            let mut decoder = head::RequestDecoder::new();
            let _ = decoder.decode(&mut &first[..]).unwrap();
            let failed = match ending {
                b"" => decoder.finish().is_err(),
                _ => decoder.decode(&mut &ending[..]).is_err(),
            };
            assert!(failed);
            decoder.release();
            decoder
        });
    }
}

/// Receives what `input` holds: how many trailers.
fn receive(server: &mut h1::Server, mut input: &[u8]) -> Result<usize, h1::Error> {
    use wirefeed::Fields as _;
    let mut trailers = 0;
    while let Step::Item(event) = server.rx.receive(&mut server.tx, &mut input, NOW)? {
        if let server::Event::Trailers(lines) = event {
            trailers += lines.fields().count();
        }
    }
    Ok(trailers)
}

#[test]
fn a_server_between_two_requests() {
    let wire = [large_head(REQUEST), large_body()].concat();
    for size in [wire.len(), 40_000, 100] {
        holds(0, "a server", || {
            let mut server = h1::Server::new(Config::server(), NOW);
            for _ in 0..2 {
                let mut trailers = 0;
                for piece in wire.chunks(size) {
                    trailers += receive(&mut server, piece).unwrap();
                    // Nothing that is unfinished is lost.
                    server.rx.release();
                }
                assert_eq!(trailers, 16);
                server.tx.send_head(200, &(), NOW).unwrap();
                write(server.tx.output());
                server.tx.send_data(&vec![7; MIB], NOW).unwrap();
                server.tx.release();
                assert!(write(server.tx.output()) > MIB);
                server.tx.send_bytes(Bytes::from(vec![7; MIB]), NOW).unwrap();
                server.tx.release();
                assert!(write(server.tx.output()) > MIB);
                server.tx.send_end(NOW).unwrap();
                write(server.tx.output());
                assert!(server.next_exchange(NOW));
            }
            server.rx.release();
            server.tx.release();
            server
        });
    }
}

/// How a connection ends with something unfinished.
const ENDS: [&str; 4] = ["time", "end of stream", "abort", "fault"];

#[test]
fn a_server_whose_request_never_ends() {
    let head = large_head(REQUEST);
    let wire = [head.clone(), large_body()].concat();
    for cut in [head.len() / 2, head.len() + 10_000] {
        for end in ENDS {
            holds(0, end, || {
                let mut server = h1::Server::new(Config::server(), NOW);
                receive(&mut server, &wire[..cut]).unwrap();
                let _ = receive(&mut server, &[]).unwrap();
                match end {
                    "time" => {
                        let late = server.poll_timeout().unwrap();
                        server.handle_timeout(late);
                        assert!(receive(&mut server, &[]).is_err());
                    }
                    "end of stream" => {
                        assert!(server.rx.receive_eof(&mut server.tx, NOW).is_err());
                    }
                    "abort" => {
                        server.tx.abort();
                        let _ = server.rx.receive_eof(&mut server.tx, NOW);
                    }
                    _ => assert!(receive(&mut server, b"\r\nbad\r\n\r\n").is_err()),
                }
                write(server.tx.output());
                server.rx.release();
                server.tx.release();
                server
            });
        }
    }
    holds(0, "a trailer that must not be one", || {
        let mut server = h1::Server::new(Config::server(), NOW);
        // In the place of the empty line.
        receive(&mut server, &wire[..wire.len() - 2]).unwrap();
        assert!(receive(&mut server, b"Host: a\r\n\r\n").is_err());
        write(server.tx.output());
        server.rx.release();
        server.tx.release();
        server
    });
}

#[test]
fn a_client_between_two_requests_and_after_the_last() {
    let head = large_head(RESPONSE);
    let wire = [head.clone(), large_body()].concat();
    for cut in [wire.len(), head.len() / 2, head.len() + 10_000] {
        holds(0, "a client", || {
            let mut client = h1::Client::new(Config::client(), Instant::ZERO);
            for whole in [true, false] {
                let fields = [("Host", "a"), ("Transfer-Encoding", "chunked")];
                client.send_head("POST", "/", &fields, NOW).unwrap();
                write(client.tx.output());
                client.tx.send_data(&vec![7; MIB], NOW).unwrap();
                assert!(write(client.tx.output()) > MIB);
                client.tx.send_bytes(Bytes::from(vec![7; MIB]), NOW).unwrap();
                assert!(write(client.tx.output()) > MIB);
                client.tx.send_end(NOW).unwrap();
                write(client.tx.output());
                let wire = if whole { &wire[..] } else { &wire[..cut] };
                for mut piece in wire.chunks(40_000) {
                    while let Step::Item(_) =
                        client.rx.receive(&mut client.tx, &mut piece, NOW).unwrap()
                    {
                    }
                    client.rx.release();
                }
            }
            assert_eq!(client.tx.is_idle(), cut == wire.len());
            assert_eq!(client.rx.receive_eof(&mut client.tx, NOW).is_ok(), cut == wire.len());
            client.rx.release();
            client.tx.release();
            client
        });
    }
}

#[test]
fn an_outbox() {
    holds(0, "an outbox", || {
        let mut out = Outbox::with_limit(None);
        for _ in 0..100 {
            out.copy(&[7; MIB / 100]).unwrap();
            out.share(Bytes::from(vec![7; MIB / 100])).unwrap();
        }
        drop((out.take_bytes(), out.take_bytes()));
        out.advance(1000);
        let pending = out.remaining();
        // Not a byte of the output is lost.
        out.release();
        assert_eq!(out.remaining(), pending);
        write(&mut out);
        out.release();
        out
    });
}

/// An event with an id whose only line is this long.
fn large_event(len: usize) -> Vec<u8> {
    [b"id: 12345\nevent: e\ndata: ".as_slice(), &vec![b'x'; len], b"\n\n"].concat()
}

#[test]
fn events() {
    let wire = large_event(MIB);
    let twice = [&wire[..wire.len() - 1], b"data: y\xff\n\n: ", &vec![b'c'; MIB], b"\n"].concat();
    let id = "12345".len();
    for (wire, size) in [(&wire, 1 << 16), (&wire, 1 << 21), (&twice, 1 << 16), (&twice, 1 << 21)] {
        holds(id, "events", || {
            let mut decoder = sse::Decoder::new();
            let mut first = &b"id: a long id that is not the last\n\n"[..];
            assert!(matches!(decoder.decode(&mut first), Ok(Step::NeedInput)));
            let mut seen = 0;
            for mut piece in wire.chunks(size) {
                while let Step::Item(item) = decoder.decode(&mut piece).unwrap() {
                    if let sse::Item::Event(event) = item {
                        assert!(event.data.len() >= MIB && event.event == "e");
                        seen += 1;
                    }
                }
                // What has come of an event stays.
                decoder.release();
            }
            assert_eq!((seen, decoder.last_event_id()), (1, "12345"));
            decoder
        });
    }
    let cut = &wire[..wire.len() - 2];
    for end in ["end", "reset", "limit", "skip"] {
        holds(0, end, || {
            let mut config = sse::Config::default();
            config.skip_oversized = end == "skip";
            if matches!(end, "limit" | "skip") {
                config.line = Some(MIB - 1);
            }
            let mut decoder = sse::Decoder::with_config(config);
            for mut piece in cut.chunks(1 << 16) {
                while let Ok(Step::Item(_)) = decoder.decode(&mut piece) {}
            }
            match end {
                "end" => drop(decoder.finish()),
                "reset" => decoder.reset(),
                _ => {}
            }
            decoder.release();
            decoder
        });
    }
}

#[test]
fn what_is_small_is_given_back_too() {
    let streams: [&[u8]; 4] =
        [b"data: a\n\n", b"event: e\ndata: a\ndata: b\n\n", b": hi\n", b"data: \xff\n\n"];
    for (wire, cut) in streams.iter().flat_map(|wire| (0..wire.len()).map(move |cut| (wire, cut))) {
        holds(0, "an event, just handed out", || {
            let mut decoder = sse::Decoder::new();
            assert!(matches!(decoder.decode(&mut &wire[..cut]), Ok(Step::NeedInput)));
            let mut rest = &wire[cut..];
            assert!(matches!(decoder.decode(&mut rest), Ok(Step::Item(_))));
            decoder.release();
            decoder
        });
    }
    let wire = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n";
    for size in [1, wire.len()] {
        holds(0, "a request", || {
            let mut server = h1::Server::new(Config::server(), NOW);
            for mut piece in wire.chunks(size) {
                while !piece.is_empty() {
                    let _ = server.rx.receive(&mut server.tx, &mut piece, NOW).unwrap();
                }
            }
            server.rx.release();
            server
        });
    }
}

#[test]
fn a_source_in_every_state() {
    let wire = large_event(MIB);
    let url = "http://example.com/";
    let source = |retries| {
        let mut policy = sse::client::Config::default();
        policy.stream.dispatch_at_eof = retries;
        EventSource::new(url, policy, |_: &mut [u8]| {})
    };
    let feed = |source: &mut EventSource<_>, attempt, wire: &[u8]| {
        for mut piece in wire.chunks(1 << 16) {
            while let Step::Item(_) = source.receive(attempt, &mut piece, NOW) {}
        }
    };
    let open = |source: &mut EventSource<_>| {
        let Some(Command::Connect { attempt, .. }) = source.poll_command() else { panic!() };
        source.response_head(attempt, 200, &[("Content-Type", "text/event-stream")], NOW);
        attempt
    };
    holds(url.len() + 5, "open", || {
        let mut source = source(false);
        let attempt = open(&mut source);
        feed(&mut source, attempt, &wire);
        source.release();
        assert_eq!(source.last_event_id(), "12345");
        source
    });
    for (end, dispatched) in [("lost", false), ("ended", true), ("closed", false)] {
        // An id counts with the blank line, or with the end that dispatches its event.
        let id = if dispatched { 5 } else { 0 };
        holds(url.len() + id, end, || {
            let mut source = source(dispatched);
            let attempt = open(&mut source);
            feed(&mut source, attempt, &wire[..wire.len() - 2]);
            match end {
                "lost" => source.transport_error(attempt, NOW),
                "ended" => source.response_end(attempt, NOW),
                _ => source.close(),
            }
            source.release();
            let (mut seen, mut nothing) = (0, &b""[..]);
            while let Step::Item(event) = source.receive(attempt, &mut nothing, NOW) {
                if let sse::client::Event::Message(event) = event {
                    seen += event.data.len();
                }
            }
            // What the caller is still to be told of is not given back.
            assert_eq!(seen, if dispatched { MIB } else { 0 });
            source.release();
            source
        });
    }
    let location = format!("/{}", "x".repeat(8000));
    for followed in [false, true] {
        holds(url.len() + if followed { 0 } else { location.len() }, "redirected", || {
            let mut source = source(false);
            let Some(Command::Connect { attempt, .. }) = source.poll_command() else { panic!() };
            source.response_head(attempt, 307, &[("Location", location.as_str())], NOW);
            source.release();
            if followed {
                let Some(Command::Redirect { location: to, .. }) = source.poll_command() else {
                    panic!()
                };
                assert_eq!(to, location);
                source.redirected(attempt, &"x".repeat(8000));
                source.redirected(attempt, url);
                source.release();
            }
            source
        });
    }
}

#[test]
fn a_stream_of_events() {
    let data = "x".repeat(MIB);
    let large =
        Event { id: Some("a long id that is not the last"), data: &data, ..Event::default() };
    let small = Event { id: Some("12345"), data: "x", ..Event::default() };
    let encoded = large.encode().unwrap();
    // Where its owners are counted belongs to the event.
    drop(encoded.bytes().clone());
    holds(5, "a stream", || {
        let mut server = sse::EventStream::new(&(), Mode::Stream, Default::default(), NOW);
        server.send_event(&large.encode().unwrap(), NOW).unwrap();
        assert!(write(server.output()) > MIB);
        server.send_event(&encoded, NOW).unwrap();
        server.release();
        assert!(write(server.output()) > MIB);
        server.send_event(&small.encode().unwrap(), NOW).unwrap();
        write(server.output());
        server.release();
        server.handle_timeout(Instant::ZERO + Duration::from_micros(1));
        assert_eq!(server.last_event_id(), "12345");
        server
    });
}
