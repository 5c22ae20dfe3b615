use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Buf;

use super::*;
use crate::h1::{Error, ErrorKind};
use crate::{ApiMisuse, End, Step};

const T0: Instant = Instant::ZERO;
const HOST: [(&str, &str); 1] = [("Host", "x")];

fn at(secs: u64) -> Instant {
    T0 + Duration::from_secs(secs)
}

/// A client that has sent a request, whose output was written.
fn requesting(method: &str, fields: &[(&str, &str)]) -> Client {
    requesting_with(&Config::client(), method, fields)
}

fn requesting_with(config: &Config, method: &str, fields: &[(&str, &str)]) -> Client {
    let mut client = Client::new(*config, T0);
    let all = [&HOST, fields].concat();
    let target = if method == "CONNECT" { "x:1" } else { "/" };
    client.send_head(method, target, &all[..], T0).unwrap();
    client.tx.send_end(T0).unwrap();
    written(&mut client);
    client
}

fn receive(client: &mut Client, input: &mut &[u8]) -> Result<String, Error> {
    let mut seen = String::new();
    loop {
        match client.rx.receive(&mut client.tx, input, T0)? {
            Step::Item(Event::Informational(head)) => {
                seen += &alloc::format!("({})", head.status());
            }
            Step::Item(Event::Head(head)) => seen += &alloc::format!("{};", head.status()),
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

fn written(client: &mut Client) -> String {
    let out = client.tx.output();
    let mut all = Vec::new();
    while out.has_remaining() {
        all.extend_from_slice(out.chunk());
        out.advance(out.chunk().len());
    }
    String::from_utf8(all).unwrap()
}

#[test]
fn exchanges_follow_one_another() {
    let mut client = requesting("GET", &[]);
    for _ in 0..3 {
        assert_eq!(client.send_head("GET", "/", &HOST, T0), Err(ApiMisuse::OutOfOrder.into()));
        let mut input = &b"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nA: b\r\n\r\n"[..];
        assert_eq!(receive(&mut client, &mut input).unwrap(), "(103)200;hi;A.");
        assert!(client.tx.is_idle());
        client.send_head("GET", "/", &HOST, T0).unwrap();
        client.tx.send_end(T0).unwrap();
    }
}

#[test]
fn responses_without_content_end_with_their_head() {
    for (method, response) in [
        ("HEAD", "200 OK\r\nContent-Length: 5"),
        ("HEAD", "200 OK\r\nTransfer-Encoding: chunked"),
        ("GET", "204 No Content\r\nContent-Length: 5"),
        ("GET", "304 Not Modified\r\nContent-Length: 5"),
    ] {
        let mut client = requesting(method, &[]);
        let wire = alloc::format!("HTTP/1.1 {response}\r\n\r\n");
        assert!(receive(&mut client, &mut wire.as_bytes()).unwrap().ends_with(";."));
        assert!(client.tx.is_idle(), "{response}");
    }
}

#[test]
fn the_connection_persists_only_if_both_sides_agree() {
    for (request, response, persists) in [
        ("A: b", "HTTP/1.1 200 OK\r\nContent-Length: 0", true),
        ("Connection: close", "HTTP/1.1 200 OK\r\nContent-Length: 0", false),
        ("A: b", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0", false),
        ("A: b", "HTTP/1.0 200 OK\r\nContent-Length: 0", false),
        ("A: b", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0", true),
    ] {
        let mut client = requesting("GET", &[request.split_once(": ").unwrap()]);
        let wire = alloc::format!("{response}\r\n\r\n");
        assert_eq!(receive(&mut client, &mut wire.as_bytes()).unwrap(), "200;.");
        assert_eq!(client.tx.is_idle(), persists, "{request} {response}");
        let end = if persists { None } else { Some(End::Close) };
        assert_eq!(client.tx.wants().end, end);
        let closed = client.send_head("GET", "/", &HOST, T0);
        assert_eq!(closed.is_ok(), persists);
    }
}

#[test]
fn the_end_of_the_connection_completes_only_unframed_content() {
    for (wire, ends) in [
        ("", false),
        ("HTTP/1.1 2", false),
        ("HTTP/1.1 103 Hints\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", false),
        ("HTTP/1.1 200 OK\r\n\r\nhello", true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello", true),
    ] {
        let mut client = requesting("GET", &[]);
        receive(&mut client, &mut wire.as_bytes()).unwrap();
        match client.rx.receive_eof(&mut client.tx, T0) {
            Ok(()) => assert_eq!(receive(&mut client, &mut &b""[..]).unwrap(), "."),
            Err(error) => {
                assert_eq!((error.kind, error.at), (ErrorKind::Truncated, wire.len() as u64));
            }
        }
        let over = receive(&mut client, &mut &b""[..]).is_ok();
        assert_eq!(over, ends, "{wire:?}");
        assert_eq!(client.tx.wants(), crate::Wants { read: false, end: Some(End::Close) });
    }
}

#[test]
fn unsolicited_bytes_are_not_read() {
    let mut client = Client::new(Config::client(), T0);
    let mut input = &b"HTTP/1.1 200 OK\r\n\r\n"[..];
    let error = receive(&mut client, &mut input).unwrap_err();
    assert_eq!((error.kind, error.at, input.len()), (ErrorKind::Unsolicited, 0, 19));
    assert_eq!(client.send_head("GET", "/", &HOST, T0), Err(ApiMisuse::Closed.into()));

    // Bytes after a response stay in the input, and end the connection.
    for first in ["204 A", "200 A\r\nContent-Length: 0"] {
        let wire = alloc::format!("HTTP/1.1 {first}\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");
        let (mut client, mut input) = (requesting("GET", &[]), wire.as_bytes());
        assert!(receive(&mut client, &mut input).unwrap().ends_with(";."));
        assert!(client.tx.is_idle());
        assert_eq!(receive(&mut client, &mut input).unwrap(), ".");
        assert_eq!(input.len(), 19);
        assert_eq!(client.tx.wants(), crate::Wants { read: false, end: Some(End::Close) });
        assert_eq!(client.send_head("GET", "/", &HOST, T0), Err(ApiMisuse::Closed.into()));
    }

    let mut client = requesting("GET", &[("Upgrade", "a")]); // without Connection: upgrade
    let error = receive(&mut client, &mut &b"HTTP/1.1 101 A\r\n\r\n"[..]).unwrap_err();
    assert_eq!((error.kind, error.at), (ErrorKind::UnexpectedUpgrade, 0));
}

#[test]
fn after_an_upgrade_the_input_is_not_touched() {
    let upgrade = [("Connection", "upgrade"), ("Upgrade", "a")];
    for (method, fields, status) in
        [("GET", &upgrade[..], 101), ("CONNECT", &[], 200), ("CONNECT", &[], 204)]
    {
        let mut client = requesting(method, fields);
        let wire = alloc::format!("HTTP/1.1 {status} A\r\nContent-Length: 9\r\n\r\nHTTP/1.1 ");
        let mut input = wire.as_bytes();
        assert_eq!(receive(&mut client, &mut input).unwrap(), alloc::format!("{status};."));
        assert!(client.tx.wants().end == Some(End::Upgrade));
        assert_eq!(input, b"HTTP/1.1 ");
        assert_eq!(client.send_head("GET", "/", &HOST, T0), Err(ApiMisuse::Closed.into()));
        assert_eq!(client.tx.wants(), crate::Wants { read: false, end: Some(End::Upgrade) });
    }
    // A refusal is an ordinary response.
    let mut client = requesting("CONNECT", &[]);
    let mut input = &b"HTTP/1.1 407 A\r\nContent-Length: 1\r\n\r\na"[..];
    assert_eq!(receive(&mut client, &mut input).unwrap(), "407;a.");
    assert!(client.tx.is_idle());
}

#[test]
fn a_request_is_completed_before_its_upgrade() {
    let fields =
        [("Host", "x"), ("Connection", "upgrade"), ("Upgrade", "a"), ("Content-Length", "2")];
    let mut client = Client::new(Config::client(), T0);
    client.send_head("POST", "/", &fields, T0).unwrap();
    client.tx.send_data(b"a", T0).unwrap();
    let mut input = &b"HTTP/1.1 101 A\r\n\r\nHTTP"[..];
    assert_eq!(receive(&mut client, &mut input).unwrap(), "101;.");
    assert!(client.tx.wants().end != Some(End::Upgrade) && !client.tx.is_idle());
    written(&mut client);
    client.tx.send_data(b"b", T0).unwrap();
    client.tx.send_end(T0).unwrap();
    assert_eq!(written(&mut client), "b");
    assert!(client.tx.wants().end == Some(End::Upgrade));
    assert_eq!((receive(&mut client, &mut input).unwrap().as_str(), input), (".", &b"HTTP"[..]));
}

#[test]
fn a_client_waits_for_a_100_only_for_a_limited_time() {
    let expects = [("Host", "x"), ("Expect", "100-continue"), ("Content-Length", "2")];
    for wire in [
        "HTTP/1.1 100 A\r\n\r\n",
        "HTTP/1.1 103 A\r\n\r\n",
        "HTTP/1.1 417 A\r\nContent-Length: 0\r\n\r\n",
        "",
    ] {
        let mut client = Client::new(Config::client(), T0);
        client.send_head("POST", "/", &expects, T0).unwrap();
        assert!(client.tx.awaits_continue());
        assert_eq!(client.poll_timeout(), Some(at(1)));
        receive(&mut client, &mut wire.as_bytes()).unwrap();
        assert_eq!(client.tx.awaits_continue(), wire.is_empty() || wire.contains("103"));
        client.handle_timeout(at(1));
        assert!(!client.tx.awaits_continue());
        // The response is complete, the request is not: the caller completes or aborts it.
        assert!(!client.tx.is_idle());
        client.tx.send_data(b"ab", at(1)).unwrap();
        client.tx.send_end(at(1)).unwrap();
        assert_eq!(client.tx.is_idle(), wire.contains("417"));
    }
}

#[test]
fn a_late_response_times_out() {
    let mut client = Client::new(Config::client(), T0);
    client.send_head("POST", "/", &[("Host", "x"), ("Content-Length", "2")], T0).unwrap();
    written(&mut client);
    client.handle_timeout(at(60)); // the request is incomplete
    client.tx.send_data(b"ab", at(61)).unwrap();
    client.tx.send_end(at(61)).unwrap();
    written(&mut client);
    assert_eq!(client.poll_timeout(), Some(at(121)));
    // Part of a head does not end the wait.
    receive(&mut client, &mut &b"HTTP/1.1 200"[..]).unwrap();
    client.handle_timeout(at(120));
    assert_eq!(client.tx.wants().end, None);
    client.handle_timeout(at(121));
    let error = receive(&mut client, &mut &b"H"[..]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::TimedOut);
    assert_eq!(client.tx.wants().end, Some(End::Close));
}

#[test]
fn contradictory_requests_are_not_sent() {
    let host = ("Host", "x");
    for (method, target, fields, misuse) in [
        ("", "/", &[host][..], ApiMisuse::RequestLine),
        ("G ET", "/", &[host], ApiMisuse::RequestLine),
        ("GET", "", &[host], ApiMisuse::RequestLine),
        ("GET", "/ HTTP/1.1\r\n", &[host], ApiMisuse::RequestLine),
        ("GET", "/\u{e9}", &[host], ApiMisuse::RequestLine),
        ("GET", "/", &[], ApiMisuse::RequestLine),
        ("GET", "/", &[host, host], ApiMisuse::RequestLine),
        ("GET", "/", &[("Host", "a/b")], ApiMisuse::RequestLine),
        ("GET", "/", &[host, ("Content-Length", "+1")], ApiMisuse::Framing),
        ("CONNECT", "a:1", &[host, ("Content-Length", "1")], ApiMisuse::Framing),
        ("POST", "/", &[host, ("Transfer-Encoding", "chunked, gzip")], ApiMisuse::Framing),
        ("GET", "/", &[host, ("A", "\0")], ApiMisuse::FieldValue),
    ] {
        let mut client = Client::new(Config::client(), T0);
        let refused = client.send_head(method, target, fields, T0);
        assert_eq!(refused, Err(misuse.into()), "{method} {target} {fields:?}");
        assert!(client.tx.output().is_empty() && client.tx.is_idle());
    }
    let mut client = Client::new(Config::client(), T0);
    client.send_head("GET", "/", &HOST, T0).unwrap();
    assert_eq!(client.tx.send_data(b"a", T0), Err(ApiMisuse::BodyTooLong.into()));
}

#[test]
fn a_length_beside_a_coding_is_refused_unless_allowed() {
    let both = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
    let error = receive(&mut requesting("GET", &[]), &mut &both[..]).unwrap_err();
    assert_eq!((error.kind, error.at), (ErrorKind::LengthWithCoding, 33));
    let mut config = Config::client();
    config.allow_length_with_coding = true;
    let mut client = requesting_with(&config, "GET", &[]);
    assert_eq!(receive(&mut client, &mut &both[..]).unwrap(), "200;a.");
    assert_eq!(client.tx.wants().end, Some(End::Close), "who knows what follows");
}
