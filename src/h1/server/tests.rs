use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::{Buf, Bytes};

use super::*;
use crate::h1::{Error, ErrorKind};
use crate::{ApiMisuse, End, Fields, SendError, Step};

mod expect;

const T0: Instant = Instant::ZERO;
const HOST: &str = "Host: x\r\n";

fn at(secs: u64) -> Instant {
    T0 + Duration::from_secs(secs)
}

fn server() -> Server {
    Server::new(Config::server(), T0)
}

/// All events of an input, as words, until it is consumed or the exchange is complete.
fn receive(server: &mut Server, input: &mut &[u8], now: Instant) -> Result<String, Error> {
    let mut seen = String::new();
    loop {
        match server.rx.receive(&mut server.tx, input, now)? {
            Step::Item(Event::Head(head)) => {
                seen += &alloc::format!("{} {};", head.method(), head.target());
            }
            Step::Item(Event::Data(piece)) => seen += core::str::from_utf8(piece).unwrap(),
            Step::Item(Event::Trailers(trailers)) => {
                for field in trailers.fields() {
                    seen += &alloc::format!(";{}", field.name);
                }
            }
            Step::NeedInput => return Ok(seen + "…"),
            Step::Done => return Ok(seen + "."),
        }
    }
}

fn written(server: &mut Server) -> String {
    let out = server.tx.output();
    let mut all = Vec::new();
    while out.has_remaining() {
        all.extend_from_slice(out.chunk());
        out.advance(out.chunk().len());
    }
    String::from_utf8(all).unwrap()
}

/// A server that has received this request, and must send the head of a response.
fn requested(request: &str) -> Server {
    let mut server = server();
    let mut input = request.as_bytes();
    receive(&mut server, &mut input, T0).unwrap();
    assert!(server.tx.awaits_head());
    server
}

#[test]
fn pipelined_requests_are_answered_in_turn() {
    let mut server = server();
    let wire = alloc::format!(
        "POST /a HTTP/1.1\r\n{HOST}Content-Length: 2\r\n\r\nhiGET /b HTTP/1.1\r\n{HOST}\r\n"
    );
    let mut input = wire.as_bytes();
    assert_eq!(receive(&mut server, &mut input, T0).unwrap(), "POST /a;hi.");
    assert!(input.starts_with(b"GET /b"));
    assert!(!server.next_exchange(T0), "the response is not over");
    server.tx.send_head(200, &[("Content-Length", "2")], T0).unwrap();
    server.tx.send_data(b"ok", T0).unwrap();
    server.tx.send_end(T0).unwrap();
    assert!(server.next_exchange(T0));
    assert_eq!(receive(&mut server, &mut input, T0).unwrap(), "GET /b;.");
    server.tx.send_head(204, &(), T0).unwrap();
    server.tx.send_end(T0).unwrap();
    assert_eq!(
        written(&mut server),
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 204 No Content\r\n\r\n"
    );
}

#[test]
fn the_connection_persists_only_if_both_sides_agree() {
    for (version, request, response, persists, line) in [
        ("1.1", "", "A: b", true, ""),
        ("1.1", "Connection: a, CLOSE\r\n", "A: b", false, "Connection: close\r\n"),
        ("1.1", "", "Connection: close", false, ""),
        ("1.0", "", "A: b", false, "Connection: close\r\n"),
        ("1.0", "Connection: keep-alive\r\n", "A: b", true, "Connection: keep-alive\r\n"),
    ] {
        let mut server = requested(&alloc::format!("GET / HTTP/{version}\r\n{HOST}{request}\r\n"));
        let (name, value) = response.split_once(": ").unwrap();
        server.tx.send_head(200, &[("Content-Length", "0"), (name, value)], T0).unwrap();
        server.tx.send_end(T0).unwrap();
        let expected =
            alloc::format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{response}\r\n{line}\r\n");
        assert_eq!(written(&mut server), expected);
        assert_eq!(server.next_exchange(T0), persists, "{version} {request} {response}");
        let end = if persists { None } else { Some(End::Shutdown) };
        assert_eq!(server.tx.wants().end, end);
    }
}

#[test]
fn a_response_of_unknown_length_is_chunked_or_ends_with_the_connection() {
    let mut server = requested(&alloc::format!("GET / HTTP/1.1\r\n{HOST}\r\n"));
    server.tx.send_head(200, &(), T0).unwrap();
    server.tx.send_data(b"abc", T0).unwrap();
    server.tx.send_data(b"", T0).unwrap();
    server.tx.send_bytes(Bytes::from(alloc::vec![b'x'; 300]), T0).unwrap();
    server.tx.send_trailers(&[("Digest", "d")], T0).unwrap();
    let x = "x".repeat(300);
    assert_eq!(
        written(&mut server),
        alloc::format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n12c\r\n{x}\r\n0\r\nDigest: d\r\n\r\n"
        )
    );
    let mut server = requested("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    server.tx.send_head(200, &(), T0).unwrap();
    server.tx.send_data(b"abc", T0).unwrap();
    assert_eq!(server.tx.send_trailers(&(), T0), Err(SendError::Misuse(ApiMisuse::Framing)));
    server.tx.send_end(T0).unwrap();
    assert_eq!(written(&mut server), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc");
    assert_eq!(server.tx.wants().end, Some(End::Shutdown));
}

#[test]
fn the_response_to_head_has_no_content() {
    let mut server = requested(&alloc::format!("HEAD / HTTP/1.1\r\n{HOST}\r\n"));
    server.tx.send_head(200, &[("Content-Length", "3")], T0).unwrap();
    server.tx.send_data(b"abc", T0).unwrap();
    server.tx.send_bytes(Bytes::from_static(b"abc"), T0).unwrap();
    server.tx.send_end(T0).unwrap();
    assert_eq!(written(&mut server), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
    assert!(server.next_exchange(T0));
}

#[test]
fn informational_heads_precede_the_response_and_are_not_sent_to_http_1_0() {
    for (version, heads) in [("1.1", 2), ("1.0", 1)] {
        let mut server = requested(&alloc::format!("GET / HTTP/{version}\r\n{HOST}\r\n"));
        server.tx.send_head(103, &[("Link", "</a>")], T0).unwrap();
        server.tx.send_head(200, &[("Content-Length", "0")], T0).unwrap();
        assert_eq!(written(&mut server).matches("HTTP/1.1 ").count(), heads);
    }
}

#[test]
fn after_an_upgrade_the_input_is_not_touched() {
    let upgrade =
        alloc::format!("GET / HTTP/1.1\r\n{HOST}Connection: Upgrade\r\nUpgrade: a\r\n\r\n");
    for (request, status) in
        [(upgrade.clone(), 101), (alloc::format!("CONNECT x:1 HTTP/1.1\r\n{HOST}\r\n"), 200)]
    {
        let wire = request + "\x00GET / HTTP/1.1\r\n";
        let mut server = server();
        let mut input = wire.as_bytes();
        assert!(receive(&mut server, &mut input, T0).unwrap().ends_with('.'));
        assert!(server.tx.wants().end != Some(End::Upgrade));
        server.tx.send_head(status, &[("A", "b")], T0).unwrap();
        assert!(server.tx.wants().end == Some(End::Upgrade) && !server.next_exchange(T0));
        assert_eq!(receive(&mut server, &mut input, T0).unwrap(), ".");
        assert!(input.starts_with(b"\x00GET"));
        assert_eq!(server.tx.wants(), crate::Wants { read: false, end: Some(End::Upgrade) });
        assert!(!written(&mut server).contains("onnection"));
    }
    // A refusal continues with HTTP.
    let mut server = requested(&upgrade);
    server.tx.send_head(426, &[("Content-Length", "0")], T0).unwrap();
    server.tx.send_end(T0).unwrap();
    assert!(server.next_exchange(T0));
}

#[test]
fn an_invalid_request_gets_a_response_and_ends_the_connection() {
    for (wire, kind, offset, status) in [
        ("GET /\r\n\r\n", ErrorKind::Target, 5, 400),
        ("GET / HTTP/1.1\r\n\r\n", ErrorKind::Host, 16, 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", ErrorKind::Host, 31, 400),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", ErrorKind::Host, 22, 400),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", ErrorKind::Host, 31, 400),
        ("GET / HTTP/3.0\r\n\r\n", ErrorKind::Version, 11, 505),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            ErrorKind::TransferCoding,
            45,
            501,
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naX",
            ErrorKind::ChunkDataEnd,
            60,
            400,
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\nHOST: c\r\n\r\n",
            ErrorKind::ForbiddenTrailer,
            65,
            400,
        ),
    ] {
        for size in [1, wire.len()] {
            let mut server = server();
            let mut failed = None;
            for mut piece in wire.as_bytes().chunks(size) {
                failed = failed.or(receive(&mut server, &mut piece, T0).err());
            }
            let error = failed.unwrap();
            assert_eq!((error.kind, error.at), (kind, offset), "{wire:?}");
            let head = alloc::format!("HTTP/1.1 {status} ");
            let answer = written(&mut server);
            assert!(answer.starts_with(&head), "{wire:?}: {answer}");
            assert_eq!(answer.matches("Content-Length").count(), 1);
            assert!(
                answer.contains("\r\nConnection: close\r\n")
                    && answer.ends_with(&alloc::format!("{error}\n"))
            );
            assert_eq!(server.tx.wants(), crate::Wants { read: true, end: Some(End::Shutdown) });
            server.rx.receive_eof(&mut server.tx, T0).unwrap_err();
            assert!(!server.next_exchange(T0));
        }
    }
}

#[test]
fn a_request_that_fails_after_its_response_began_gets_no_second_response() {
    let mut server = server();
    let wire = alloc::format!("POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n");
    receive(&mut server, &mut wire.as_bytes(), T0).unwrap();
    server.tx.send_head(200, &[("Content-Length", "1")], T0).unwrap();
    receive(&mut server, &mut &b"x"[..], T0).unwrap_err();
    server.tx.send_data(b"a", T0).unwrap();
    server.tx.send_end(T0).unwrap();
    assert!(written(&mut server).ends_with("\r\n\r\na"));
    assert_eq!(server.tx.wants().end, Some(End::Shutdown));
}

#[test]
fn a_request_that_fails_after_its_response_gets_no_second_response() {
    for (connection, end) in [("", false), ("Connection: close\r\n", true)] {
        let mut server = requested(&alloc::format!(
            "POST / HTTP/1.1\r\n{HOST}{connection}Transfer-Encoding: chunked\r\n\r\n"
        ));
        server.tx.send_head(413, &[("Content-Length", "0")], T0).unwrap();
        server.tx.send_end(T0).unwrap();
        assert_eq!(server.tx.wants().end.is_some(), end);
        receive(&mut server, &mut &b"x"[..], at(1)).unwrap_err();
        assert_eq!(written(&mut server).matches("HTTP/1.1 ").count(), 1);
        assert_eq!(server.tx.wants().end, Some(End::Shutdown));
        assert!(server.poll_timeout().is_some(), "nobody is waited for without end");
    }
}

#[test]
fn a_request_that_fails_after_its_upgrade_ends_the_connection() {
    let mut server = requested(
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
    );
    server.tx.send_head(101, &[("Upgrade", "x"), ("Connection", "upgrade")], T0).unwrap();
    assert_eq!(server.tx.wants().end, None);
    receive(&mut server, &mut &b"junk"[..], T0).unwrap_err();
    assert_eq!(server.tx.wants().end, Some(End::Close));
}

#[test]
fn the_server_closes_when_the_peer_leaves_after_an_invalid_request() {
    let mut server = server();
    let error = receive(&mut server, &mut &b"junk\r\n\r\n"[..], T0).unwrap_err();
    assert_eq!(server.tx.wants().end, Some(End::Shutdown));
    assert_eq!(server.rx.receive_eof(&mut server.tx, T0), Err(error));
    assert_eq!(server.tx.wants().end, Some(End::Close));
}

#[test]
fn the_server_closes_when_the_peer_does_not_read_the_response_to_its_upgrade() {
    let mut server = requested(&alloc::format!("CONNECT x:1 HTTP/1.1\r\n{HOST}\r\n"));
    server.tx.send_head(200, &(), T0).unwrap();
    assert!(server.tx.wants().end == Some(End::Upgrade));
    let due = server.tx.poll_timeout().unwrap();
    server.tx.handle_timeout(due);
    assert!(server.tx.wants().end != Some(End::Upgrade));
    assert_eq!(server.tx.wants(), crate::Wants { read: false, end: Some(End::Close) });
}

#[test]
fn a_request_without_content_does_not_time_out() {
    let server = requested("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(server.rx.poll_timeout(), None);
}

#[test]
fn the_end_of_stream_is_handled_in_every_state() {
    // Between requests, inside a head, inside content, before the response, inside the response.
    let mut idle = server();
    idle.rx.receive_eof(&mut idle.tx, T0).unwrap();
    assert_eq!(idle.tx.wants(), crate::Wants { read: false, end: Some(End::Close) });
    assert_eq!(written(&mut idle), "");
    for part in ["GET", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nh"] {
        let mut server = server();
        receive(&mut server, &mut part.as_bytes(), T0).unwrap();
        let error = server.rx.receive_eof(&mut server.tx, T0).unwrap_err();
        assert_eq!((error.kind, error.at), (ErrorKind::Truncated, part.len() as u64));
        assert!(written(&mut server).starts_with("HTTP/1.1 400 "));
    }
    let mut server = requested(&alloc::format!("GET / HTTP/1.1\r\n{HOST}\r\n"));
    server.rx.receive_eof(&mut server.tx, T0).unwrap();
    assert_eq!(server.tx.wants(), crate::Wants { read: false, end: None });
    server.tx.send_head(200, &[("Content-Length", "1")], T0).unwrap();
    server.tx.send_data(b"a", T0).unwrap();
    server.tx.send_end(T0).unwrap();
    assert_eq!(server.tx.wants().end, Some(End::Close));
    assert!(written(&mut server).contains("\r\nConnection: close\r\n"));
}

#[test]
fn every_wait_for_the_client_ends() {
    // A silent client: closed without a response. An incomplete head, incomplete or trickling content: 408.
    let mut silent = server();
    assert_eq!(silent.poll_timeout(), Some(at(60)));
    silent.handle_timeout(at(59));
    assert_eq!(silent.tx.wants().end, None);
    silent.handle_timeout(at(60));
    assert_eq!((silent.tx.wants().end, written(&mut silent).len()), (Some(End::Close), 0));

    let mut slow = server();
    for (second, byte) in b"GET / HTTP".iter().enumerate() {
        receive(&mut slow, &mut &[*byte][..], at(second as u64)).unwrap();
    }
    slow.handle_timeout(at(10));
    assert!(written(&mut slow).starts_with("HTTP/1.1 408 "));
    let error = slow.rx.receive(&mut slow.tx, &mut &b"/"[..], at(10)).unwrap_err();
    assert_eq!((error.kind, error.at), (ErrorKind::TimedOut, 10));

    let head = alloc::format!("POST / HTTP/1.1\r\n{HOST}Content-Length: 99999\r\n\r\n");
    let mut body = requested(&head);
    for second in 0..30 {
        receive(&mut body, &mut &b"x"[..], at(second)).unwrap();
    }
    assert_eq!(body.poll_timeout(), Some(at(30)));
    receive(&mut body, &mut &[b'x'; 4096][..], at(29)).unwrap();
    assert_eq!(body.poll_timeout(), Some(at(59)));
    body.handle_timeout(at(59));
    assert!(written(&mut body).starts_with("HTTP/1.1 408 "));
}

#[test]
fn the_server_closes_when_the_client_does_not_read_or_leave() {
    let mut server =
        requested(&alloc::format!("GET / HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n"));
    server.tx.send_head(200, &[("Content-Length", "9000")], at(1)).unwrap();
    server.tx.send_data(&[b'a'; 9000], at(1)).unwrap();
    server.tx.output().advance(4096);
    server.handle_timeout(at(31)); // enough was written: the deadline restarts
    assert_eq!(server.tx.wants().end, None);
    server.tx.output().advance(4095);
    server.handle_timeout(at(61));
    assert_eq!(server.tx.wants().end, Some(End::Close));

    let mut server =
        requested(&alloc::format!("GET / HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n"));
    server.tx.send_head(204, &(), at(1)).unwrap();
    server.tx.send_end(at(1)).unwrap();
    written(&mut server);
    assert_eq!(server.tx.wants().end, Some(End::Shutdown));
    server.handle_timeout(at(31));
    assert_eq!(server.tx.wants().end, Some(End::Shutdown));
    server.handle_timeout(at(61));
    assert_eq!(server.tx.wants().end, Some(End::Close));
}

#[test]
fn time_without_output_does_not_count_for_the_write_deadline() {
    let mut server = requested(&alloc::format!("GET / HTTP/1.1\r\n{HOST}\r\n"));
    server.tx.send_head(200, &(), at(0)).unwrap();
    written(&mut server);
    server.handle_timeout(at(30));
    server.tx.send_data(b"late", at(59)).unwrap();
    server.handle_timeout(at(60));
    assert_eq!(server.tx.wants().end, None);
    server.handle_timeout(at(89));
    assert_eq!(server.tx.wants().end, Some(End::Close));
}

#[test]
fn contradictory_responses_are_not_sent() {
    let get = alloc::format!("GET / HTTP/1.1\r\n{HOST}\r\n");
    for (request, status, fields, misuse) in [
        (&get[..], 99, &[][..], ApiMisuse::Status),
        (&get, 1000, &[], ApiMisuse::Status),
        (&get, 101, &[("Upgrade", "a")], ApiMisuse::Status),
        (&get, 204, &[("Content-Length", "0")], ApiMisuse::Framing),
        (&get, 103, &[("Transfer-Encoding", "chunked")], ApiMisuse::Framing),
        (&get, 200, &[("Content-Length", "1"), ("Content-Length", "2")], ApiMisuse::Framing),
        (
            &get,
            200,
            &[("Content-Length", "1"), ("Transfer-Encoding", "chunked")],
            ApiMisuse::Framing,
        ),
        (&get, 200, &[("Transfer-Encoding", "gzip")], ApiMisuse::Framing),
        (&get, 200, &[("A b", "")], ApiMisuse::FieldName),
        (&get, 200, &[("A", "b\r\nC: d")], ApiMisuse::FieldValue),
        ("GET / HTTP/1.0\r\n\r\n", 200, &[("Transfer-Encoding", "chunked")], ApiMisuse::Framing),
        (
            "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
            200,
            &[("Content-Length", "0")],
            ApiMisuse::Framing,
        ),
    ] {
        let mut server = requested(request);
        assert_eq!(
            server.tx.send_head(status, fields, T0),
            Err(misuse.into()),
            "{status} {fields:?}"
        );
        assert!(server.tx.output().is_empty() && server.tx.awaits_head());
    }
    let mut server = requested(&get);
    let out_of_order = Err(SendError::Misuse(ApiMisuse::OutOfOrder));
    assert_eq!(server.tx.send_data(b"a", T0), out_of_order);
    assert_eq!(server.tx.send_end(T0), out_of_order);
    server.tx.send_head(200, &[("Content-Length", "2")], T0).unwrap();
    assert_eq!(server.tx.send_head(200, &(), T0), out_of_order);
    assert_eq!(server.tx.send_data(b"abc", T0), Err(ApiMisuse::BodyTooLong.into()));
    assert_eq!(server.tx.send_end(T0), Err(ApiMisuse::BodyTooShort.into()));
    server.tx.send_data(b"ab", T0).unwrap();
    server.tx.send_end(T0).unwrap();
    assert_eq!(server.tx.send_end(T0), out_of_order);
    let mut server = requested(&get);
    server.tx.send_head(200, &(), T0).unwrap();
    let refused = server.tx.send_trailers(&[("Content-Length", "1")], T0);
    assert_eq!(refused, Err(ApiMisuse::ForbiddenTrailer.into()));
    server.tx.abort();
    assert_eq!(server.tx.wants().end, Some(End::Close));
}

#[test]
fn a_full_output_refuses_everything() {
    let mut config = Config::server();
    config.output = Some(60);
    let mut server = Server::new(config, T0);
    receive(&mut server, &mut &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], T0).unwrap();
    server.tx.send_head(103, &(), T0).unwrap();
    let long = [("Content-Length", "99"), ("A", "some more than there is room for")];
    assert_eq!(server.tx.send_head(200, &long, T0), Err(SendError::Full));
    // An empty output accepts a piece of any size.
    assert_eq!(written(&mut server), "HTTP/1.1 103 Early Hints\r\n\r\n");
    server.tx.send_head(200, &long, T0).unwrap();
    assert_eq!(server.tx.send_data(b"a", T0), Err(SendError::Full));
    written(&mut server);
    server.tx.send_data(&[b'a'; 40], T0).unwrap();
    assert_eq!(server.tx.send_data(&[b'a'; 21], T0), Err(SendError::Full));
    server.tx.send_data(&[b'a'; 20], T0).unwrap();
    server.tx.output().advance(21);
    server.tx.send_data(&[b'a'; 21], T0).unwrap();
    written(&mut server);
    server.tx.send_data(&[b'a'; 18], T0).unwrap();
}
