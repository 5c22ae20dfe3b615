//! Both sides over an extended CONNECT (RFC 8441).

use super::error::RefusalKind;
use super::*;
use crate::ws::Url;
use crate::{ApiMisuse, Fields, SendError};
use alloc::format;
use alloc::vec::Vec;

const GOOD: [(&str, &str); 6] = [
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "https"),
    (":path", "/chat"),
    (":authority", "a"),
    ("sec-websocket-version", "13"),
];

fn read(fields: &[(&str, &str)]) -> Result<ServerHandshake, RefusalKind> {
    PseudoFields::read(fields)
        .and_then(|pseudo| ServerHandshake::extended_connect(&pseudo, fields))
        .map_err(|refusal| refusal.kind)
}

#[test]
fn a_valid_request_is_accepted() {
    let handshake = read(&GOOD).unwrap();
    assert_eq!(handshake.accept_key(), None);
    assert!(handshake.accept(Some("b"), None, &()).is_err());
    // The authority may be a field, and a key is ignored.
    let mut fields = Vec::from(GOOD);
    fields.remove(4);
    fields.extend([("host", "a"), ("sec-websocket-key", "x"), ("sec-websocket-protocol", "b")]);
    assert_eq!(read(&fields).unwrap().accept(Some("b"), None, &()).unwrap().status(), 200);
}

#[test]
fn host_may_name_the_same_entity_as_the_authority() {
    for host in ["a", "A", "a:", "a:443"] {
        let fields: Vec<_> = GOOD.into_iter().chain([("host", host)]).collect();
        assert!(read(&fields).is_ok(), "{host}");
    }
}

#[test]
fn every_invalid_request_is_refused() {
    for (name, value, changed, missing) in [
        (":method", "GET", RefusalKind::Malformed, RefusalKind::Malformed),
        (":protocol", "the-bread-protocol", RefusalKind::Protocol, RefusalKind::Protocol),
        (":scheme", "wss", RefusalKind::Malformed, RefusalKind::Malformed),
        (":path", "", RefusalKind::Malformed, RefusalKind::Malformed),
        (":path", "*", RefusalKind::Malformed, RefusalKind::Malformed),
        (":authority", "", RefusalKind::Malformed, RefusalKind::Malformed),
        (":authority", "a b", RefusalKind::Malformed, RefusalKind::Malformed),
        ("sec-websocket-version", "8", RefusalKind::Version, RefusalKind::Version),
    ] {
        let other = GOOD.map(|field| if field.0 == name { (name, value) } else { field });
        assert_eq!(read(&other), Err(changed), "{name}: {value}");
        let fewer: Vec<_> = GOOD.iter().filter(|field| field.0 != name).copied().collect();
        assert_eq!(read(&fewer), Err(missing), "{name}");
    }
    for (more, refusal) in [
        (&[("upgrade", "websocket")][..], RefusalKind::Malformed),
        (&[("connection", "upgrade")], RefusalKind::Malformed),
        (&[("keep-alive", "1")], RefusalKind::Malformed),
        (&[("proxy-connection", "close")], RefusalKind::Malformed),
        (&[("transfer-encoding", "chunked")], RefusalKind::Malformed),
        (&[("host", "b")], RefusalKind::Malformed),
        (&[("host", "a:444")], RefusalKind::Malformed),
        (&[("host", "")], RefusalKind::Malformed),
        (&[("host", "a"), ("host", "a")], RefusalKind::Malformed),
        (&[(":path", "/")], RefusalKind::Malformed),
        (&[("sec-websocket-version", "13")], RefusalKind::Version),
        (&[("origin", "a"), ("origin", "b")], RefusalKind::Origin),
        (&[("sec-websocket-protocol", "a, a")], RefusalKind::Protocols),
    ] {
        let fields: Vec<_> = GOOD.iter().chain(more).copied().collect();
        assert_eq!(read(&fields), Err(refusal), "{more:?}");
    }
    assert_eq!(read(&[(":method", "GET"), (":path", "/")]), Err(RefusalKind::Method));
    assert_eq!(read(&[(":method", "CONNECT"), (":authority", "a:1")]), Err(RefusalKind::Protocol));
    assert_eq!(read(&[("a", "b"), GOOD[0]]), Err(RefusalKind::Malformed));
    assert_eq!(read(&[(":status", "200")]), Err(RefusalKind::Malformed));
}

#[test]
fn a_refusal_has_a_status_and_fields() {
    for (kind, status, fields) in [
        // The 400 before the reset (RFC 9113 8.1.1).
        (RefusalKind::Malformed, 400, &[][..]),
        (RefusalKind::Method, 405, &[("allow", "CONNECT")]),
        (RefusalKind::Protocol, 501, &[]),
        (RefusalKind::Version, 400, &[("sec-websocket-version", "13")]),
        (RefusalKind::Origin, 400, &[]),
        (RefusalKind::Protocols, 400, &[]),
    ] {
        let refusal = Refusal { kind, is_connect: true };
        assert_eq!((refusal.status(), refusal.fields()), (status, fields), "{refusal}");
    }
}

#[test]
fn the_pseudo_header_fields_come_from_the_url() {
    for (url, scheme, authority, path) in [
        ("wss://a:443/chat?b", "https", "a", "/chat?b"),
        ("ws://[::1]:81?b", "http", "[::1]:81", "/?b"),
    ] {
        let url = Url::new(url).unwrap();
        let (client, offers) = (ClientHandshake::extended_connect(), Offers::default());
        let request = client.request(&url, &offers, &[("x", "y")]).unwrap();
        assert_eq!((request.method(), request.target()), ("CONNECT", path));
        let shown: Vec<_> = request
            .fields()
            .map(|field| format!("{} {}", field.name, field.value.escape_ascii()))
            .collect();
        let expected = [
            ":method CONNECT",
            ":protocol websocket",
            &format!(":scheme {scheme}"),
            &format!(":path {path}"),
            &format!(":authority {authority}"),
            "sec-websocket-version 13",
            "x y",
        ];
        assert_eq!(shown, expected);
    }
}

#[test]
fn offers_and_fields_that_could_inject_are_refused() {
    let (client, url) = (ClientHandshake::extended_connect(), Url::new("wss://a").unwrap());
    let none = Offers::default();
    let repeated = client.request(&url, &Offers::new(&["a", "A"]), &()).map(|_| ());
    assert_eq!(repeated, Err(ApiMisuse::Subprotocol));
    let handshake = read(&GOOD).unwrap();
    for name in [":path", "Cookie", "keep-alive", "proxy-connection", "upgrade", "host"] {
        let extra = [(name, "x")];
        let refused = client.request(&url, &none, &extra).map(|_| ());
        assert_eq!(refused, Err(ApiMisuse::FieldName), "{name}");
        let refused = handshake.accept(None, None, &extra).map(|_| ());
        assert_eq!(refused, Err(ApiMisuse::FieldName), "{name}");
    }
    assert_eq!(handshake.accept(Some("a"), None, &()).map(|_| ()), Err(ApiMisuse::Subprotocol));
    let response = handshake.accept(None, None, &()).unwrap();
    assert_eq!(response.encode(&mut Vec::new()), Err(SendError::Misuse(ApiMisuse::OutOfOrder)));
}

#[test]
fn a_response_is_verified() {
    fn verify<'a>(
        status: u16,
        fields: &'a (impl Fields + ?Sized),
        offers: &Offers<'_>,
    ) -> Result<Option<&'a str>, Failure> {
        ClientHandshake::extended_connect().verify(status, fields, offers)
    }
    let mut offers = Offers::new(&["a"]);
    let chosen = [(":status", "200"), ("sec-websocket-protocol", "a")];
    assert_eq!(verify(200, &chosen, &offers), Ok(Some("a")));
    assert_eq!(verify(204, &(), &offers), Ok(None));
    for status in [101, 199, 300, 404, 501] {
        assert_eq!(verify(status, &chosen, &offers), Err(Failure::Status(status)));
    }
    assert_eq!(verify(200, &[("upgrade", "websocket")], &offers), Err(Failure::NoUpgrade));
    assert_eq!(verify(200, &chosen, &Offers::default()), Err(Failure::Protocol));
    let extension = [("sec-websocket-extensions", "x")];
    assert_eq!(verify(200, &extension, &offers), Err(Failure::Extension));
    offers.require_protocol = true;
    assert_eq!(verify(200, &(), &offers), Err(Failure::Protocol));
}
