//! Every kind of error of HTTP/1.1 has its rule, which `inspect` shows.

use std::time::Duration;

use crate::support::{Item, Job, Kind, batch, rules};
use serde_json::{Value, json};
use wirefeed::Instant;
use wirefeed::h1::{Client, Config, Error, ErrorKind, Server};

/// A message for each kind that one can cause within these limits, and how it is read.
const CAUSES: &[(ErrorKind, Kind, &str)] = &[
    (ErrorKind::Method, Kind::Request, "G(T / HTTP/1.1"),
    (ErrorKind::Target, Kind::Request, "GET /# HTTP/1.1"),
    (ErrorKind::TargetTooLong, Kind::Request, "GET /2345678901234567 HTTP/1.1\r\nHost:\r\n\r\n"),
    (ErrorKind::Version, Kind::Response, "HTTP/2.0"),
    (ErrorKind::Status, Kind::Response, "HTTP/1.1 2x"),
    (ErrorKind::Reason, Kind::Response, "HTTP/1.1 200 \0"),
    (ErrorKind::BareLf, Kind::Request, "GET / HTTP/1.1\n"),
    (ErrorKind::BareCr, Kind::Request, "GET / HTTP/1.1\r\r"),
    (ErrorKind::FieldName, Kind::Request, "GET / HTTP/1.1\r\nA\r\n\r\n"),
    (ErrorKind::SpaceBeforeColon, Kind::Response, "HTTP/1.1 200 OK\r\nA : b\r\n\r\n"),
    (ErrorKind::ObsFold, Kind::Request, "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"),
    (ErrorKind::FieldValue, Kind::Response, "HTTP/1.1 200 OK\r\nA: \0\r\n\r\n"),
    (ErrorKind::Host, Kind::Request, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
    (
        ErrorKind::HeadTooLong,
        Kind::Response,
        "HTTP/1.1 200 123456789012345678901234567890123456789012345678901234567890",
    ),
    (
        ErrorKind::TooManyFields,
        Kind::Response,
        "HTTP/1.1 200 OK\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\n\r\n",
    ),
    (ErrorKind::ContentLength, Kind::Response, "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n"),
    (
        ErrorKind::ContentLengthConflict,
        Kind::Response,
        "HTTP/1.1 200\r\nContent-Length:5\r\nContent-Length:6\r\n\r\n",
    ),
    (
        ErrorKind::LengthWithCoding,
        Kind::Response,
        "HTTP/1.1 200\r\nContent-Length:5\r\nTransfer-Encoding:a\r\n\r\n",
    ),
    (
        ErrorKind::ChunkedNotLast,
        Kind::Request,
        "GET / HTTP/1.1\r\nHost:\r\nTransfer-Encoding:a\r\n\r\n",
    ),
    (
        ErrorKind::TransferCoding,
        Kind::Request,
        "GET / HTTP/1.1\r\nHost:\r\nTransfer-Encoding:a,chunked\r\n\r\n",
    ),
    (
        ErrorKind::CodingInHttp10,
        Kind::Response,
        "HTTP/1.0 200\r\nTransfer-Encoding:chunked\r\n\r\n",
    ),
    (ErrorKind::ChunkSize, Kind::Chunked, "+5"),
    (ErrorKind::ChunkSizeTooLong, Kind::Chunked, "00000000000000001"),
    (ErrorKind::ChunkExtension, Kind::Chunked, "5;\r"),
    (ErrorKind::ChunkLineEnd, Kind::Chunked, "5\n"),
    (ErrorKind::ChunkDataEnd, Kind::Chunked, "1\r\nab"),
    (ErrorKind::ChunkOverhead, Kind::Chunked, "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    (
        ErrorKind::ForbiddenTrailer,
        Kind::Response,
        "HTTP/1.1 200\r\nTransfer-Encoding:chunked\r\n\r\n0\r\nTE: a\r\n\r\n",
    ),
    (ErrorKind::TrailersTooLong, Kind::Chunked, "0\r\nA: 78901234567890123456\r\n\r\n"),
    (ErrorKind::Truncated, Kind::Request, "GET"),
];

/// Those that no bytes cause by themselves.
fn others() -> [Error; 3] {
    let (mut server, mut client) =
        (Server::new(Config::server(), START), Client::new(Config::client(), Instant::ZERO));
    let unsolicited = client.rx.receive(&mut client.tx, &mut &b"H"[..], START).unwrap_err();

    let Server { rx, tx } = &mut server;
    assert!(rx.receive(tx, &mut &b"G"[..], START).unwrap().item().is_none());
    rx.handle_timeout(tx, START + Duration::from_secs(10));
    let late = rx.receive(tx, &mut &b""[..], START).unwrap_err();

    let mut client = Client::new(Config::client(), Instant::ZERO);
    client.send_head("GET", "/", &[("Host", "a")], START).unwrap();
    let mut wire: &[u8] = b"HTTP/1.1 101 Why\r\n\r\n";
    let unexpected = client.rx.receive(&mut client.tx, &mut wire, START).unwrap_err();
    [unsolicited, late, unexpected]
}

const START: Instant = Instant::ZERO;

#[test]
fn every_kind_of_error_is_caused_and_shown_with_its_rule() {
    let mut caused = Vec::new();
    for (kind, how, wire) in CAUSES {
        let mut job = Job::new(*how);
        (job.http.head.head, job.http.head.fields) = (Some(64), Some(3));
        (job.http.target, job.http.body.overhead) = (Some(16), Some(32));
        job.http.body.trailers = Some(16);
        let found = batch::run(&job, std::iter::once(wire.as_bytes()), true);
        let error = found.error.map_or(Value::Null, |error| error.to_json());
        let items: Vec<Value> = found.items.iter().map(Item::to_json).collect();
        assert_eq!(error["kind"], format!("{kind:?}"), "{wire:?}: {items:?}");
        assert_eq!(error["rule"], json!(rules::rule(*kind)), "{wire:?}");
        caused.push(*kind);
    }
    caused.extend(others().map(|error| error.kind));
    for kind in &caused {
        let rule = rules::rule(*kind).unwrap_or_else(|| panic!("{kind:?} has no rule"));
        assert!(rule.starts_with("RFC 911"), "{kind:?}: {rule}");
    }

    let source = include_str!("../../src/h1/error.rs");
    let (_, kinds) = source.split_once("pub enum ErrorKind {").unwrap();
    let (kinds, _) = kinds.split_once("\n}").unwrap();
    let kinds = kinds.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    let kinds: Vec<&str> = kinds.filter_map(|line| line.strip_suffix(',')).collect();
    let mut caused: Vec<String> = caused.iter().map(|kind| format!("{kind:?}")).collect();
    let in_order = |name: &String| kinds.iter().position(|kind| kind == name);
    caused.sort_by_key(in_order);
    assert_eq!(caused, kinds, "each kind is caused once");
}
