use super::*;
use alloc::vec::Vec;

fn client() -> ClientHandshake {
    ClientHandshake { key: Some(*b"dGhlIHNhbXBsZSBub25jZQ==") }
}

#[test]
fn the_request_is_written() {
    let client = client();
    let mut offers = Offers::new(&["x", "y"]);
    offers.extensions = Some("permessage-deflate");
    let extra = [("Origin", "http://a")];
    let url = Url::new("ws://a:1/b?c").unwrap();
    let request = client.request(&url, &offers, &extra).unwrap();
    assert_eq!((request.method(), request.target()), ("GET", "/b?c"));
    let mut lines = Vec::new();
    for field in request.fields() {
        crate::kernel::fields::encode(field.name, field.value, &mut lines).unwrap();
    }
    assert_eq!(
        core::str::from_utf8(&lines).unwrap(),
        "Host: a:1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Protocol: x, y\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\
         Origin: http://a\r\n"
    );
}

#[test]
fn offers_that_could_inject_are_refused() {
    let (client, url) = (client(), Url::new("ws://a").unwrap());
    for (protocols, extensions, misuse) in [
        (&["x, y"][..], None, ApiMisuse::Subprotocol),
        (&[""], None, ApiMisuse::Subprotocol),
        (&["x", "y", "x"], None, ApiMisuse::Subprotocol),
        (&["x", "X"], None, ApiMisuse::Subprotocol),
        (&[], Some("x\r\ny"), ApiMisuse::FieldValue),
        (&[], Some(""), ApiMisuse::FieldValue),
    ] {
        let mut offers = Offers::new(protocols);
        offers.extensions = extensions;
        let refused = client.request(&url, &offers, &()).map(|_| ());
        assert_eq!(refused, Err(misuse), "{protocols:?} {extensions:?}");
    }
}

#[test]
fn extra_fields_cannot_replace_the_handshakes_own() {
    let (client, url) = (client(), Url::new("ws://a").unwrap());
    for name in ["HOST", "upgrade", "Connection", "sec-websocket-key", "Transfer-Encoding"] {
        let refused = client.request(&url, &Offers::default(), &[(name, "x")]).map(|_| ());
        assert_eq!(refused, Err(ApiMisuse::FieldName), "{name}");
    }
}

const GOOD: [(&str, &str); 3] = [
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
];

#[test]
fn a_response_is_verified() {
    let none = Offers::default();
    assert_eq!(client().verify(101, &GOOD, &none), Ok(None));
    for status in [100, 200, 301, 401, 426] {
        assert_eq!(client().verify(status, &GOOD, &none), Err(Failure::Status(status)));
    }
    for (name, failure) in [
        ("Upgrade", Failure::NoUpgrade),
        ("Connection", Failure::NoUpgrade),
        ("Sec-WebSocket-Accept", Failure::Accept),
    ] {
        let wrong = GOOD.map(|field| if field.0 == name { (name, "x") } else { field });
        assert_eq!(client().verify(101, &wrong, &none), Err(failure));
    }
    let twice = [GOOD[0], GOOD[1], GOOD[2], GOOD[2]];
    assert_eq!(client().verify(101, &twice, &none), Err(Failure::Accept));
}

#[test]
fn a_selection_that_was_not_offered_fails() {
    let verify = |more: &[(&str, &str)], offers: &Offers<'_>| {
        let fields: Vec<_> = GOOD.iter().chain(more).copied().collect();
        client().verify(101, &fields[..], offers).map(|chosen| chosen.map(Vec::from))
    };
    let protocol = |value| ("Sec-WebSocket-Protocol", value);
    let extension = |value| ("Sec-WebSocket-Extensions", value);
    let mut offers = Offers::new(&["a", "b"]);
    assert_eq!(verify(&[protocol("b")], &offers), Ok(Some(b"b".into())));
    for wrong in [&[protocol("B")][..], &[protocol("a, b")], &[protocol("a"), protocol("b")]] {
        assert_eq!(verify(wrong, &offers), Err(Failure::Protocol), "{wrong:?}");
    }
    assert_eq!(verify(&[protocol("b")], &Offers::default()), Err(Failure::Protocol));
    // None selected: the RFC and the WHATWG standard differ.
    assert_eq!(verify(&[], &offers), Ok(None));
    offers.require_protocol = true;
    assert_eq!(verify(&[], &offers), Err(Failure::Protocol));
    offers.protocols = &[];
    assert_eq!(verify(&[], &offers), Ok(None));

    assert_eq!(verify(&[extension("x")], &offers), Err(Failure::Extension));
    offers.extensions = Some("x; a=1, y");
    assert_eq!(verify(&[extension("y"), extension("x; a=2")], &offers), Ok(None));
    for wrong in ["z", "x, z", "x;", "x y", "X"] {
        assert_eq!(verify(&[extension(wrong)], &offers), Err(Failure::Extension), "{wrong}");
    }
}
