//! One grammar of hosts (RFC 9110 7.2) and one of request targets (RFC 9112 3.2) wherever they are read or
//! written: both sides of HTTP/1.1, both sides of the WebSocket handshake over HTTP/1.1 and HTTP/2,
//! and the URL.

use wirefeed::grammar::{Target, TargetForm};
use wirefeed::h1::{Client, Config, ErrorKind, Server, server::Event};
use wirefeed::ws::handshake::{
    ClientHandshake, Offers, PseudoFields, RefusalKind, ServerHandshake,
};
use wirefeed::ws::{Url, UrlError};
use wirefeed::{ApiMisuse, Fields, Instant, Step};

const NOW: Instant = Instant::ZERO;

const HOSTS: [&str; 14] = [
    "a",
    "a:",
    "a:80",
    "a.example:65535",
    "127.0.0.1",
    "127.0.0.1:1",
    "[::1]",
    "[::1]:443",
    "[2001:db8::1]:1",
    "[::ffff:1.2.3.4]",
    "xn--bcher-kva.example",
    "a%41%ff",
    "a_b",
    "a!$&'()*+,;=~",
];

const NO_HOSTS: [&str; 34] = [
    "a:b",
    "a:-1",
    "a:+80",
    "a:8 0",
    "a:80a",
    "a:1:2",
    "::1",
    "::1:8080",
    "[::1",
    "::1]",
    "[]",
    "[]:80",
    "[::1]a",
    "[::1]80",
    "a[::1]",
    "[:::]",
    "[1.2.3.4]",
    "[fe80::1%25lo]",
    "[v1]",
    "[v.a]",
    "a%",
    "a%4",
    "a%zz",
    "a b",
    "a/b",
    "a?b",
    "a#b",
    "a@b",
    "u:p@a",
    "a\\b",
    "a\"b",
    "a<b>",
    "http://a",
    ":80",
];

/// How a server answers a request line and a `Host`.
fn served(line: &str, host: &str) -> Result<String, ErrorKind> {
    let wire = format!("{line} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let mut server = Server::new(Config::server(), NOW);
    let Server { rx, tx } = &mut server;
    match rx.receive(tx, &mut wire.as_bytes(), NOW) {
        Ok(Step::Item(Event::Head(head))) => Ok(head.authority().to_owned()),
        Ok(step) => panic!("{step:?}"),
        Err(error) => {
            let answer = tx.output().take_bytes().unwrap();
            assert!(answer.starts_with(b"HTTP/1.1 400 "), "{line}, {host}");
            Err(error.kind)
        }
    }
}

fn sent(method: &str, target: &str, host: &str) -> Result<(), ApiMisuse> {
    match Client::new(Config::client(), NOW).send_head(method, target, &[("Host", host)], NOW) {
        Ok(()) => Ok(()),
        Err(wirefeed::SendError::Misuse(misuse)) => Err(misuse),
        Err(full) => panic!("{full:?}"),
    }
}

/// The WebSocket handshake's readers: a request over HTTP/1.1, and `:authority` and `host` of HTTP/2.
fn handshaken(host: &str) -> [bool; 3] {
    let fields = [
        ("Host", host),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
    ];
    let over_h1 = ServerHandshake::upgrade("GET", &fields).map_err(|refusal| refusal.kind);
    assert!(over_h1.is_ok() || over_h1 == Err(RefusalKind::Host), "{host}: {over_h1:?}");
    let over_h2 = [":authority", "host"].map(|name| {
        let fields = [
            (":method", "CONNECT"),
            (":protocol", "websocket"),
            (":scheme", "https"),
            (":path", "/"),
            (name, host),
            ("sec-websocket-version", "13"),
        ];
        let read = PseudoFields::read(&fields)
            .and_then(|it| ServerHandshake::extended_connect(&it, &fields))
            .map_err(|refusal| refusal.kind);
        assert!(read.is_ok() || read == Err(RefusalKind::Malformed), "{host}: {read:?}");
        read.is_ok()
    });
    [over_h1.is_ok(), over_h2[0], over_h2[1]]
}

/// The host and the target that the WebSocket handshake's writers send to a URL: `Host` and the target
/// over HTTP/1.1, `:authority` and `:path` over HTTP/2.
fn offered(url: &Url<'_>) -> [[String; 2]; 2] {
    let text = |value: Option<&[u8]>| String::from_utf8(value.unwrap().to_vec()).unwrap();
    let client = ClientHandshake::upgrade(&mut |bytes: &mut [u8]| bytes.fill(1));
    let offers = Offers::default();
    let over_h1 = client.request(url, &offers, &()).unwrap();
    let over_h2 = ClientHandshake::extended_connect().request(url, &offers, &()).unwrap();
    let pseudo = PseudoFields::read(&over_h2).unwrap();
    assert!(ServerHandshake::upgrade(over_h1.method(), &over_h1).is_ok());
    assert!(ServerHandshake::extended_connect(&pseudo, &over_h2).is_ok());
    [
        [text(over_h1.value_of("Host")), over_h1.target().to_owned()],
        [text(pseudo.authority), text(pseudo.path)],
    ]
}

#[test]
fn a_host_is_one_for_all_or_for_none() {
    for host in HOSTS {
        assert_eq!(served("GET /", host), Ok(host.into()));
        assert_eq!(sent("GET", "/", host), Ok(()), "{host}");
        assert_eq!(handshaken(host), [true; 3], "{host}");
        let url = format!("ws://{host}/");
        let url = Url::new(&url).unwrap();
        let sent = [url.authority().to_owned(), "/".to_owned()];
        assert_eq!(offered(&url), [sent.clone(), sent], "{host}");
        assert!(host.trim_start_matches('[').starts_with(url.host()), "{host}");
        let absolute = format!("GET http://{host}/a");
        assert_eq!(served(&absolute, "other"), Ok(host.into()));
    }
    for host in NO_HOSTS {
        assert_eq!(served("GET /", host), Err(ErrorKind::Host), "{host}");
        assert_eq!(sent("GET", "/", host), Err(ApiMisuse::RequestLine), "{host}");
        assert_eq!(handshaken(host), [false; 3], "{host}");
        assert_eq!(served("CONNECT a:1", host), Err(ErrorKind::Host), "{host}");
        // In a URL, and in an absolute target, the rest of some of them is a path.
        if !host.contains(['/', '?', '#', ' ']) {
            assert!(Url::new(&format!("ws://{host}/")).is_err(), "{host}");
            assert!(served(&format!("GET http://{host}/"), "a").is_err(), "{host}");
        }
    }
    // Where the target URI has no authority, `Host` is empty (RFC 9112 3.2).
    assert_eq!(served("GET /", ""), Ok(String::new()));
    assert_eq!(sent("GET", "/", ""), Ok(()));
    assert_eq!(Url::new("ws:///"), Err(UrlError::Host));
}

const METHODS: [&str; 4] = ["GET", "OPTIONS", "CONNECT", "M-SEARCH"];

/// A target, and of which form it is for which methods.
const TARGETS: [(&str, Option<TargetForm>, &[&str]); 22] = [
    ("/", Some(TargetForm::Origin), &["GET", "OPTIONS", "M-SEARCH"]),
    ("/a/b?c=d&e", Some(TargetForm::Origin), &["GET", "OPTIONS", "M-SEARCH"]),
    ("/?ids[]=1", Some(TargetForm::Origin), &["GET", "OPTIONS", "M-SEARCH"]),
    ("/?x={1}", Some(TargetForm::Origin), &["GET", "OPTIONS", "M-SEARCH"]),
    ("/?a|b^c%zz%", Some(TargetForm::Origin), &["GET", "OPTIONS", "M-SEARCH"]),
    ("//a//", Some(TargetForm::Origin), &["GET", "OPTIONS", "M-SEARCH"]),
    ("http://a", Some(TargetForm::Absolute), &["GET", "OPTIONS", "M-SEARCH"]),
    ("https://[::1]:80/?a", Some(TargetForm::Absolute), &["GET", "OPTIONS", "M-SEARCH"]),
    ("a:1", Some(TargetForm::Authority), &["CONNECT"]),
    ("[::1]:65535", Some(TargetForm::Authority), &["CONNECT"]),
    ("*", Some(TargetForm::Asterisk), &["OPTIONS"]),
    ("foo", None, &[]),
    ("/a#b", None, &[]),
    ("/#", None, &[]),
    ("/\"", None, &[]),
    ("/<", None, &[]),
    ("/?>", None, &[]),
    ("/\u{7f}", None, &[]),
    ("http://u@a/", None, &[]),
    ("http:///a", None, &[]),
    ("a:0", None, &[]),
    ("**", None, &[]),
];

#[test]
fn a_target_is_one_for_all_or_for_none() {
    for (target, form, methods) in TARGETS {
        for method in METHODS {
            let valid = methods.contains(&method);
            let found = Target::parse(method, target).map(|target| target.form);
            assert_eq!(found, form.filter(|_| valid), "{method} {target}");
            let served = served(&format!("{method} {target}"), "a");
            assert_eq!(served.is_ok(), valid, "{method} {target}");
            assert!(valid || served == Err(ErrorKind::Target), "{method} {target}");
            let sent = sent(method, target, "a");
            assert_eq!(sent, if valid { Ok(()) } else { Err(ApiMisuse::RequestLine) });
        }
        if target.starts_with('/') {
            let url = format!("ws://a{target}");
            let url = Url::new(&url);
            assert_eq!(url.is_ok(), form == Some(TargetForm::Origin), "{target}");
            if let Ok(url) = url {
                let sent = ["a".to_owned(), target.to_owned()];
                assert_eq!(offered(&url), [sent.clone(), sent], "{target}");
            }
        }
    }
}

/// RFC 9112 3.3: the target's before the `Host`'s.
#[test]
fn the_authority_of_the_target_counts() {
    for (line, host, authority) in [
        ("GET /", "a:1", "a:1"),
        ("GET http://b/", "a", "b"),
        ("GET http://b:81?x", "a:80", "b:81"),
        ("CONNECT c:443", "a", "c:443"),
        ("OPTIONS *", "a", "a"),
    ] {
        assert_eq!(served(line, host).as_deref(), Ok(authority), "{line}");
    }
}
