//! The handshake: arbitrary heads, fields and URLs into both sides, and both sides with each other.
#![no_main]

#[expect(dead_code, reason = "of targets only hosts are needed")]
#[path = "naive/target.rs"]
mod naive;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use wirefeed::h1::{self, head};
use wirefeed::ws::Url;
use wirefeed::ws::handshake::{
    self, ClientHandshake, DeflateConfig, DeflateParams, Offers, Preference, PseudoFields, Refusal,
    RefusalKind, ServerHandshake, WindowBits,
};
use wirefeed::{Fields, Instant, Step, fields};

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    /// A head as it stood on the wire.
    head: &'a [u8],
    fields: Vec<Field<'a>>,
    url: &'a str,
    protocols: Vec<&'a str>,
    extensions: Option<&'a str>,
    client: Deflate,
    server: Deflate,
    secure: bool,
    status: u16,
    by_client: bool,
    require_protocol: bool,
}

/// A field whose name is often one that is looked for.
#[derive(Debug, Arbitrary)]
struct Field<'a> {
    name: Name<'a>,
    value: Value<'a>,
}

#[derive(Debug, Arbitrary)]
enum Name<'a> {
    Known(u8),
    Any(&'a str),
}

#[derive(Debug, Arbitrary)]
enum Value<'a> {
    Known(u8),
    /// What proves that the client's key was read.
    Accept,
    Any(&'a [u8]),
}

#[derive(Debug, Arbitrary)]
struct Deflate {
    alone: [bool; 2],
    bits: [u8; 2],
}

fuzz_target!(|input: Input<'_>| {
    let clients = [ClientHandshake::upgrade(&mut key), ClientHandshake::extended_connect()];
    let accept = handshake::accept_key(clients[0].key().unwrap());
    let fields: Vec<(&str, &[u8])> = input.fields.iter().map(|one| one.pair(&accept)).collect();
    let (client, server) = (input.client.config(), input.server.config());
    let value = client.offer();
    let mut offers = Offers::new(&input.protocols);
    offers.extensions = input.extensions.or(Some(value.as_str()));
    offers.require_protocol = input.require_protocol;

    // Whatever came from the other side.
    read(&fields[..], &input, &offers);
    let mut requests = head::RequestDecoder::new();
    if let Ok(Step::Item(head)) = requests.decode(&mut &*input.head) {
        read(&head, &input, &offers);
    }
    let mut responses = head::ResponseDecoder::new();
    if let Ok(Step::Item(head)) = responses.decode(&mut &*input.head) {
        read(&head, &input, &offers);
    }

    // What this side makes of a URL, of offers and of the caller's own fields.
    let url = Url::new(input.url);
    if let Ok(url) = &url {
        let again = url.to_string();
        let again = Url::new(&again).unwrap();
        assert_eq!((again.host(), again.port()), (url.host(), url.port()));
        assert_eq!((again.authority(), again.path()), (url.authority(), url.path()));
        // With nothing of the caller's it is always a request.
        let plain = Offers::default();
        for attempt in &clients {
            open(attempt, url, &plain, &[], (&client, &server), input.by_client).unwrap();
            if input.protocols.len() <= 64 {
                open(attempt, url, &offers, &fields, (&client, &server), input.by_client);
            }
        }
    }
});

/// Has all that reads fields read these.
fn read(fields: &(impl Fields + ?Sized), input: &Input<'_>, offers: &Offers<'_>) {
    let (client, server) = (input.client.config(), input.server.config());
    let hosts: Vec<&[u8]> = fields.values_of("host").collect();
    let has_good_hosts = match hosts[..] {
        [] => true,
        [host] => host.is_empty() || naive::host(host),
        _ => false,
    };
    let judged = ServerHandshake::upgrade("GET", fields).map_err(|refusal| refusal.kind);
    assert!(judged != Err(RefusalKind::Host) || !has_good_hosts);
    if let Ok(judged) = judged {
        assert!(has_good_hosts);
        assert!(fields.values_of("sec-websocket-version").eq([b"13"]));
        let key = fields.value_of("sec-websocket-key").unwrap();
        assert_eq!((key.len(), judged.accept_key()), (24, Some(&handshake::accept_key(key))));
        assert!(fields.values_of("origin").count() <= 1);
        let offers_protocols = handshake::protocols(fields).next().is_some();
        assert_eq!(judged.accept(Some("a"), None, &()).is_ok(), offers_protocols);
        let offers_extensions = fields.value_of("sec-websocket-extensions").is_some();
        assert_eq!(judged.accept(None, Some("a"), &()).is_ok(), offers_extensions);
    }
    for preference in [Preference::Client, Preference::Server] {
        let chosen = handshake::select_protocol(fields, &input.protocols, preference);
        assert!(chosen.is_none_or(|chosen| input.protocols.contains(&chosen)));
    }
    if let Ok(Some((_, value))) = server.answer(fields) {
        assert!(value.as_str().starts_with("permessage-deflate"));
    }
    if let Ok(Some(params)) = client.verify(fields) {
        let most = client.client_max_window_bits.unwrap_or_default();
        assert!(params.client_max_window_bits <= most);
        assert!(params.server_no_context_takeover || !client.server_no_context_takeover);
    }
    for attempt in [ClientHandshake::upgrade(&mut key), ClientHandshake::extended_connect()] {
        if let Ok(chosen) = attempt.verify(input.status, fields, offers) {
            match attempt.key().map(|key| handshake::accept_key(key)) {
                Some(accept) => {
                    assert_eq!(input.status, 101);
                    assert!(fields.values_of("sec-websocket-accept").eq([accept]));
                }
                None => assert!((200..300).contains(&input.status)),
            }
            is_offered(chosen, fields, offers);
        }
    }
    if let Ok(pseudo) = PseudoFields::read(fields) {
        if ServerHandshake::extended_connect(&pseudo, fields).is_ok() {
            assert_eq!(pseudo.method, Some(&b"CONNECT"[..]));
            assert!(is_one_entity(pseudo.authority, &hosts, pseudo.scheme == Some(b"https")));
            assert!(fields.value_of("upgrade").is_none());
        }
    }
    let names = [None, Some(&b"example.com:80"[..]), Some(b"EXAMPLE.com"), Some(b"[::1]:443")];
    let authority = names[usize::from(input.status) % names.len()];
    let split = PseudoFields {
        method: Some(b"CONNECT"),
        protocol: Some(b"websocket"),
        scheme: Some(if input.secure { b"https" } else { b"http" }),
        path: Some(b"/"),
        authority,
    };
    // All that is wrong with such a request may be its host.
    let plain = [("sec-websocket-version", b"13")];
    let is_one = is_one_entity(authority, &hosts, input.secure);
    let judged = ServerHandshake::extended_connect(&split, fields);
    assert!(is_one || judged.is_err_and(|refusal| refusal.kind == RefusalKind::Malformed));
    let with_host = plain.iter().map(|(name, value)| (*name, &value[..]));
    let with_host: Vec<_> = with_host.chain(hosts.iter().map(|host| ("host", *host))).collect();
    assert_eq!(ServerHandshake::extended_connect(&split, &with_host[..]).is_ok(), is_one);
}

/// Whether an authority, a host, or both name one server (RFC 9113 8.3.1).
fn is_one_entity(authority: Option<&[u8]>, hosts: &[&[u8]], secure: bool) -> bool {
    match (authority, hosts) {
        (Some(one), []) | (None, &[one]) => naive::host(one),
        (Some(authority), [host]) => {
            let (authority, host) = (entity(authority, secure), entity(host, secure));
            authority.is_some() && authority == host
        }
        _ => false,
    }
}

/// A host in lower case and a port, which the scheme gives where it is left out.
fn entity(text: &[u8], secure: bool) -> Option<(Vec<u8>, u16)> {
    let digits = text.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (before, port) = text.split_at(text.len() - digits);
    // The last colon of an IP literal is not in front of digits that end the text.
    let (host, port) = match before.strip_suffix(b":") {
        Some(host) => (host, port),
        None => (text, &b""[..]),
    };
    let port = match std::str::from_utf8(port).ok()? {
        "" if secure => 443,
        "" => 80,
        port => port.parse().ok()?,
    };
    naive::host(text).then(|| (host.to_ascii_lowercase(), port))
}

fn is_offered(chosen: Option<&str>, fields: &(impl Fields + ?Sized), offers: &Offers<'_>) {
    let said: Vec<&[u8]> = fields.values_of("sec-websocket-protocol").collect();
    match chosen {
        Some(name) => assert!(offers.protocols.contains(&name) && said == [name.as_bytes()]),
        None => {
            assert!(said.is_empty());
            assert!(!offers.require_protocol || offers.protocols.is_empty());
        }
    }
}

/// A connection, unless these offers and fields must not be sent.
fn open(
    attempt: &ClientHandshake,
    url: &Url<'_>,
    offers: &Offers<'_>,
    fields: &[(&str, &[u8])],
    (client, server): (&DeflateConfig, &DeflateConfig),
    by_client: bool,
) -> Option<()> {
    let request = attempt.request(url, offers, fields).ok()?;
    assert_eq!(request.target(), url.resource_name());
    let over_h1 = attempt.key().is_some();
    let judged = if over_h1 {
        decoded(&request, url, fields.is_empty())
    } else {
        let pseudo = PseudoFields::read(&request).unwrap();
        assert_eq!(pseudo.path, Some(request.target().as_bytes()));
        ServerHandshake::extended_connect(&pseudo, &request)
    };
    // The server has no fault to find but the caller's own.
    let handshake = match judged {
        Err(refusal) if refusal.kind == RefusalKind::Origin => {
            assert!(fields.values_of("origin").count() > 1);
            return None;
        }
        judged => judged.unwrap(),
    };
    let spoken: Vec<&str> = offers.protocols.iter().rev().copied().collect();
    let protocol = handshake::select_protocol(&request, &spoken, preference(by_client));
    assert_eq!(protocol, pick(offers, by_client));

    // What it answers the client accepts, and both have agreed on the same.
    let deflate = server.answer(&request).unwrap();
    let extensions = deflate.as_ref().map(|(_, value)| value.as_str());
    let response = handshake.accept(protocol, extensions, &()).unwrap();
    assert_eq!(attempt.verify(response.status(), &response, offers), Ok(protocol));
    if over_h1 {
        let wire = written("HTTP/1.1 101 Switching Protocols", &response);
        let mut heads = head::ResponseDecoder::new();
        let Ok(Step::Item(head)) = heads.decode(&mut &wire[..]) else { panic!("{wire:?}") };
        assert_eq!(attempt.verify(head.status(), &head, offers), Ok(protocol));
    }
    agree(client, offers, &response, deflate.map(|(params, _)| params));
    Some(())
}

/// What a server makes of a request that is decoded from its bytes.
fn decoded(
    request: &handshake::Request<'_, [(&str, &[u8])]>,
    url: &Url<'_>,
    is_plain: bool,
) -> Result<ServerHandshake, Refusal> {
    let wire = written(&format!("GET {} HTTP/1.1", request.target()), request);
    let (mut config, mut input) = (head::Config::default(), &wire[..]);
    (config.head, config.fields) = (None, None);
    let mut heads = head::RequestDecoder::with_config(config);
    let Ok(Step::Item(head)) = heads.decode(&mut input) else { panic!("{wire:?}") };
    assert!(input.is_empty());
    assert_eq!((head.method(), head.target()), (request.method(), request.target()));
    assert_eq!(head.value_of("host"), Some(url.authority().as_bytes()));
    assert!(handshake::protocols(&head).eq(handshake::protocols(request)));
    if is_plain {
        let h1::Server { mut rx, mut tx } = h1::Server::new(h1::Config::server(), Instant::ZERO);
        let step = rx.receive(&mut tx, &mut &wire[..], Instant::ZERO);
        assert!(matches!(step, Ok(Step::Item(h1::server::Event::Head(_)))), "{step:?}");
    }
    ServerHandshake::upgrade(head.method(), &head)
}

/// A head of HTTP/1.1.
fn written(start_line: &str, head: &impl Fields) -> Vec<u8> {
    let mut wire = format!("{start_line}\r\n").into_bytes();
    for field in head.fields() {
        fields::encode(field.name, field.value, &mut wire).unwrap();
    }
    wire.extend_from_slice(b"\r\n");
    wire
}

/// Whether a client that has offered its own takes the answer, and means the same by it.
fn agree(
    client: &DeflateConfig,
    offers: &Offers<'_>,
    fields: &impl Fields,
    answer: Option<DeflateParams>,
) {
    if offers.extensions != Some(client.offer().as_str()) {
        return;
    }
    // A server that can compress at all takes such an offer.
    let (ours, theirs) = (client.verify(fields).unwrap().unwrap(), answer.unwrap());
    assert_eq!(ours.server_no_context_takeover, theirs.server_no_context_takeover);
    assert_eq!(ours.client_no_context_takeover, theirs.client_no_context_takeover);
    assert_eq!(ours.server_max_window_bits, theirs.server_max_window_bits);
    // What a server leaves unsaid it takes for the largest; the client keeps to its own.
    assert!(ours.client_max_window_bits <= theirs.client_max_window_bits);
}

const fn preference(by_client: bool) -> Preference {
    if by_client { Preference::Client } else { Preference::Server }
}

/// The subprotocol that a server chooses which speaks all, and prefers them the other way round.
fn pick<'a>(offers: &Offers<'a>, by_client: bool) -> Option<&'a str> {
    let protocols = offers.protocols;
    if by_client { protocols.first() } else { protocols.last() }.copied()
}

impl<'a> Field<'a> {
    fn pair(&self, accept: &'a [u8; 28]) -> (&'a str, &'a [u8]) {
        let name = match self.name {
            Name::Known(n) => NAMES[usize::from(n) % NAMES.len()],
            Name::Any(name) => name,
        };
        let value = match self.value {
            Value::Known(n) => VALUES[usize::from(n) % VALUES.len()].as_bytes(),
            Value::Accept => accept,
            Value::Any(value) => value,
        };
        (name, value)
    }
}

impl Deflate {
    fn config(&self) -> DeflateConfig {
        let mut config = DeflateConfig::client();
        [config.server_no_context_takeover, config.client_no_context_takeover] = self.alone;
        [config.server_max_window_bits, config.client_max_window_bits] =
            self.bits.map(|bits| WindowBits::new(bits % 16));
        config
    }
}

fn key(bytes: &mut [u8]) {
    bytes.fill(7);
}

const NAMES: [&str; 20] = [
    "Upgrade",
    "connection",
    "Host",
    "Origin",
    "origin",
    "Sec-WebSocket-Key",
    "sec-websocket-version",
    "Sec-WebSocket-Accept",
    "sec-websocket-accept",
    "Sec-WebSocket-Protocol",
    "sec-websocket-protocol",
    "sec-websocket-extensions",
    "keep-alive",
    "x",
    ":method",
    ":protocol",
    ":scheme",
    ":path",
    ":authority",
    ":status",
];

const VALUES: [&str; 22] = [
    "websocket",
    "Upgrade",
    "keep-alive, upgrade",
    "13",
    "dGhlIHNhbXBsZSBub25jZQ==",
    "permessage-deflate",
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate; server_max_window_bits=9, permessage-deflate",
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    "a",
    "a, b",
    "CONNECT",
    "https",
    "/",
    "example.com:80",
    "Example.com",
    "[::1]",
    "a b",
    "permessage-deflate; client_max_window_bits=8",
    "permessage-deflate; client_max_window_bits=08",
    "Permessage-Deflate",
    "",
];
