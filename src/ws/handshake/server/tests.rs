use super::*;
use crate::{ApiMisuse, SendError};
use alloc::vec::Vec;
use alloc::{format, string::String};

const GOOD: [(&str, &str); 4] = [
    ("Upgrade", "WebSocket"),
    ("Connection", "keep-alive, upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

pub(in crate::ws::handshake) fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    GOOD.iter().chain(more).copied().collect()
}

/// The kind of the refusal, if any.
pub(in crate::ws::handshake) fn read_upgrade(
    method: &str,
    fields: &(impl Fields + ?Sized),
) -> Result<ServerHandshake, RefusalKind> {
    ServerHandshake::upgrade(method, fields).map_err(|refusal| refusal.kind)
}

#[test]
fn a_valid_request_is_accepted() {
    let request = with(&[
        ("Sec-WebSocket-Protocol", "b, a"),
        ("Sec-WebSocket-Extensions", "permessage-deflate"),
    ]);
    let handshake = read_upgrade("GET", &request[..]).unwrap();
    assert_eq!(handshake.accept_key(), Some(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    let extra = [("X", "y")];
    let response = handshake.accept(Some("a"), Some("permessage-deflate"), &extra).unwrap();
    assert_eq!(response.status(), 101);
    let mut out = Vec::new();
    response.encode(&mut out).unwrap();
    let mut lines = Vec::new();
    for field in response.fields() {
        crate::kernel::fields::encode(field.name, field.value, &mut lines).unwrap();
    }
    assert_eq!(
        core::str::from_utf8(&lines).unwrap(),
        "Upgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: a\r\n\
         Sec-WebSocket-Extensions: permessage-deflate\r\nX: y\r\n"
    );
    // The encoded head has the same fields.
    assert_eq!(out, [b"HTTP/1.1 101 Switching Protocols\r\n", &lines[..], b"\r\n"].concat());
    let mut room = [0; 64];
    assert_eq!(response.encode(&mut &mut room[..]), Err(SendError::Full));
    assert_eq!(room, [0; 64]);
}

#[test]
fn every_invalid_request_is_refused() {
    assert_eq!(read_upgrade("POST", &GOOD), Err(RefusalKind::Method));
    assert_eq!(read_upgrade("get", &GOOD), Err(RefusalKind::Method));
    for (name, value, refusal) in [
        ("Upgrade", "h2c", RefusalKind::NoUpgrade),
        ("Connection", "close", RefusalKind::NoUpgrade),
        ("Sec-WebSocket-Version", "8", RefusalKind::Version),
        ("Sec-WebSocket-Version", "13, 8", RefusalKind::Version),
        ("Sec-WebSocket-Version", "+13", RefusalKind::Version),
        ("Sec-WebSocket-Key", "", RefusalKind::Key),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ", RefusalKind::Key),
    ] {
        let changed = GOOD.map(|field| if field.0 == name { (name, value) } else { field });
        assert_eq!(read_upgrade("GET", &changed), Err(refusal), "{name}: {value}");
        let missing: Vec<_> = GOOD.iter().filter(|field| field.0 != name).copied().collect();
        assert_eq!(read_upgrade("GET", &missing[..]), Err(refusal), "{name}");
    }
    for (twice, refusal) in [
        (GOOD[2], RefusalKind::Version),
        (GOOD[3], RefusalKind::Key),
        (("Origin", "https://a"), RefusalKind::Origin),
    ] {
        let request = with(&[twice, twice]);
        assert_eq!(read_upgrade("GET", &request[..]), Err(refusal), "{twice:?}");
    }
}

#[test]
fn a_refusal_has_a_status_and_fields() {
    for (kind, status, fields) in [
        (RefusalKind::Method, 405, "Allow: GET"),
        (
            RefusalKind::NoUpgrade,
            426,
            "Upgrade: websocket, Connection: Upgrade, Sec-WebSocket-Version: 13",
        ),
        (
            RefusalKind::Version,
            426,
            "Upgrade: websocket, Connection: Upgrade, Sec-WebSocket-Version: 13",
        ),
        (RefusalKind::Key, 400, ""),
        (RefusalKind::Origin, 400, ""),
        (RefusalKind::Protocols, 400, ""),
    ] {
        let refusal = Refusal { kind, is_connect: false };
        let lines: Vec<String> =
            refusal.fields().iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!((refusal.status(), &lines.join(", ")[..]), (status, fields), "{refusal}");
    }
}

#[test]
fn extra_fields_cannot_replace_the_handshakes_own() {
    let handshake = read_upgrade("GET", &GOOD).unwrap();
    for name in ["connection", "UPGRADE", "Sec-WebSocket-Accept", "Content-Length", "host"] {
        let refused = handshake.accept(None, None, &[(name, "x")]).map(|_| ());
        assert_eq!(refused, Err(ApiMisuse::FieldName), "{name}");
    }
    let refused = handshake.accept(None, None, &[("X", "a\r\nb")]).map(|_| ());
    assert_eq!(refused, Err(ApiMisuse::FieldValue));
}

#[test]
fn a_server_cannot_select_what_was_not_offered() {
    let none = read_upgrade("GET", &GOOD).unwrap();
    assert_eq!(none.accept(Some("a"), None, &()).map(|_| ()), Err(ApiMisuse::Subprotocol));
    assert_eq!(none.accept(None, Some("a"), &()).map(|_| ()), Err(ApiMisuse::FieldValue));
    let request = with(&[("Sec-WebSocket-Protocol", "a"), ("Sec-WebSocket-Extensions", "a; b=1")]);
    let both = read_upgrade("GET", &request[..]).unwrap();
    assert!(both.accept(Some("a"), Some("a; b=1"), &()).is_ok());
    for protocol in ["a\r\nb", "a, b", ""] {
        let refused = both.accept(Some(protocol), None, &()).map(|_| ());
        assert_eq!(refused, Err(ApiMisuse::Subprotocol));
    }
    for extensions in ["a\r\nb", "", "a;", "a b"] {
        let refused = both.accept(None, Some(extensions), &()).map(|_| ());
        assert_eq!(refused, Err(ApiMisuse::FieldValue));
    }
}
