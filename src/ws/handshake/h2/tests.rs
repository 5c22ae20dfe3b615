use super::*;
use alloc::vec::Vec;

const GOOD: [(&str, &str); 6] = [
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "https"),
    (":path", "/chat"),
    (":authority", "a"),
    ("sec-websocket-version", "13"),
];

fn read(fields: &[(&str, &str)]) -> Result<Offer, Refusal> {
    read_request(&Pseudo::of(fields)?, fields)
}

#[test]
fn a_good_request_is_accepted() {
    let offer = read(&GOOD).unwrap();
    assert!(!offer.has_protocols() && !offer.has_extensions());
    // The authority may be a field, and a key means nothing.
    let mut fields = Vec::from(GOOD);
    fields.remove(4);
    fields.extend([("host", "a"), ("sec-websocket-key", "x"), ("sec-websocket-protocol", "b")]);
    assert!(read(&fields).unwrap().has_protocols());
}

#[test]
fn host_names_what_the_authority_names() {
    for host in ["a", "A", "a:", "a:443"] {
        let fields: Vec<_> = GOOD.into_iter().chain([("host", host)]).collect();
        assert!(read(&fields).is_ok(), "{host}");
    }
}

#[test]
fn every_other_is_refused() {
    for (name, value, changed, missing) in [
        (":method", "GET", Refusal::Malformed, Refusal::Malformed),
        (":protocol", "the-bread-protocol", Refusal::Protocol, Refusal::Protocol),
        (":scheme", "wss", Refusal::Malformed, Refusal::Malformed),
        (":path", "", Refusal::Malformed, Refusal::Malformed),
        (":path", "*", Refusal::Malformed, Refusal::Malformed),
        (":authority", "", Refusal::Malformed, Refusal::Malformed),
        (":authority", "a b", Refusal::Malformed, Refusal::Malformed),
        ("sec-websocket-version", "8", Refusal::Version, Refusal::Version),
    ] {
        let other = GOOD.map(|field| if field.0 == name { (name, value) } else { field });
        assert_eq!(read(&other), Err(changed), "{name}: {value}");
        let fewer: Vec<_> = GOOD.iter().filter(|field| field.0 != name).copied().collect();
        assert_eq!(read(&fewer), Err(missing), "{name}");
    }
    for (more, refusal) in [
        (&[("upgrade", "websocket")][..], Refusal::Malformed),
        (&[("connection", "upgrade")], Refusal::Malformed),
        (&[("keep-alive", "1")], Refusal::Malformed),
        (&[("proxy-connection", "close")], Refusal::Malformed),
        (&[("transfer-encoding", "chunked")], Refusal::Malformed),
        (&[("host", "b")], Refusal::Malformed),
        (&[("host", "a:444")], Refusal::Malformed),
        (&[("host", "")], Refusal::Malformed),
        (&[("host", "a"), ("host", "a")], Refusal::Malformed),
        (&[(":path", "/")], Refusal::Malformed),
        (&[("sec-websocket-version", "13")], Refusal::Version),
        (&[("origin", "a"), ("origin", "b")], Refusal::Origin),
        (&[("sec-websocket-protocol", "a, a")], Refusal::Protocols),
    ] {
        let fields: Vec<_> = GOOD.iter().chain(more).copied().collect();
        assert_eq!(read(&fields), Err(refusal), "{more:?}");
    }
    assert_eq!(read(&[(":method", "GET"), (":path", "/")]), Err(Refusal::Method));
    assert_eq!(read(&[(":method", "CONNECT"), (":authority", "a:1")]), Err(Refusal::Protocol));
    assert_eq!(read(&[("a", "b"), GOOD[0]]), Err(Refusal::Malformed));
    assert_eq!(read(&[(":status", "200")]), Err(Refusal::Malformed));
}

#[test]
fn a_refusal_says_how_to_answer() {
    for (refusal, status, fields) in [
        (Refusal::Malformed, None, &[][..]),
        (Refusal::Method, Some(405), &[("allow", "CONNECT")]),
        (Refusal::Protocol, Some(501), &[]),
        (Refusal::Version, Some(400), &[("sec-websocket-version", "13")]),
        (Refusal::Origin, Some(400), &[]),
        (Refusal::Protocols, Some(400), &[]),
    ] {
        assert_eq!((refusal.status(), refusal.fields()), (status, fields), "{refusal}");
    }
}

#[test]
fn what_could_inject_is_refused() {
    let none = Offers::default();
    for (authority, path) in [("", "/"), ("a b", "/"), ("a", ""), ("a", "x"), ("a", "/ ")] {
        let refused = Request::new(true, authority, path, &none, &()).map(|_| ());
        assert_eq!(refused, Err(ApiMisuse::RequestLine), "{authority:?} {path:?}");
    }
    let doubled = Request::new(true, "a", "/", &Offers::new(&["a", "A"]), &()).map(|_| ());
    assert_eq!(doubled, Err(ApiMisuse::Subprotocol));
    let offer = read(&GOOD).unwrap();
    for name in [":path", "Cookie", "keep-alive", "proxy-connection", "upgrade", "host"] {
        let extra = [(name, "x")];
        let refused = Request::new(true, "a", "/", &none, &extra).map(|_| ());
        assert_eq!(refused, Err(ApiMisuse::FieldName), "{name}");
        let refused = offer.accept(None, None, &extra).map(|_| ());
        assert_eq!(refused, Err(ApiMisuse::FieldName), "{name}");
    }
    assert_eq!(offer.accept(Some("a"), None, &()).map(|_| ()), Err(ApiMisuse::Subprotocol));
}

#[test]
fn an_answer_is_judged() {
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
