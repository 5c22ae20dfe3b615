//! Both sides of an HTTP/1.1 connection, each fed with what the other sends.

use bytes::Buf;
use proptest::prelude::*;
use wirefeed::h1::{self, Client, Config, Server, client, server};
use wirefeed::{Fields, Instant, Outbox};

use super::generic::Connecting;
use super::h1::{config, fields};
use crate::harness::{Part, Show, part};

const NOW: Instant = Instant::ZERO;

/// A server that answers every request as soon as it has its head.
pub(crate) struct Serving;

impl Connecting for Serving {
    type Connection = Server;
    const LIMIT: usize = 800;

    fn small() -> Server {
        Server::new(small(Config::server()), NOW)
    }

    fn roomy() -> Server {
        Server::new(large(Config::server()), NOW)
    }

    fn handle<'m, 'b: 'm>(
        event: server::Event<'m, 'b>,
        tx: &mut h1::Sender<server::ServerSide>,
        show: Show<'_>,
    ) {
        match event {
            server::Event::Head(head) => {
                show("method", head.method().as_bytes(), false);
                show("target", head.target().as_bytes(), false);
                show_fields(&head, show);
                tx.send_head(404, &NOTHING, NOW).unwrap();
                tx.send_end(NOW).unwrap();
            }
            server::Event::Data(piece) => show("data", piece, true),
            server::Event::Trailers(trailers) => show_fields(&trailers, show),
        }
    }

    fn next_exchange(server: &mut Server) -> bool {
        server.next_exchange(NOW)
    }

    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)> {
        prop::collection::vec(("[A-Z]{1,6}", "/[!$-;=?-~]{0,20}", message()), 0..4)
            .prop_map(|requests| {
                let (mut wire, mut parts) = (Vec::new(), Vec::new());
                for (method, target, message) in requests {
                    let mut all = message.fields(true);
                    all.push(("Host".into(), b"x".to_vec()));
                    let mut client = Client::new(Config::client(), NOW);
                    client.send_head(&method, &target, &all[..], NOW).unwrap();
                    let tx = &mut client.tx;
                    if !message.data.is_empty() {
                        tx.send_data(&message.data, NOW).unwrap();
                    }
                    match message.chunked {
                        true => tx.send_trailers(&message.trailers[..], NOW).unwrap(),
                        false => tx.send_end(NOW).unwrap(),
                    }
                    drain(tx.output(), &mut wire);
                    parts.extend([part("method", method), part("target", target)]);
                    parts.extend(field_parts(&all));
                    let answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
                    parts.push(part("output", answer));
                    parts.extend(message.parts());
                }
                (wire, parts)
            })
            .boxed()
    }

    fn long(len: usize) -> Vec<u8> {
        one_message("GET / HTTP/1.1\r\nHost: x", len)
    }
}

/// A client that asks for something again as soon as it has been answered.
pub(crate) struct Asking;

impl Asking {
    fn with(config: Config) -> Client {
        let mut client = Client::new(config, NOW);
        Self::ask(&mut client);
        client
    }

    fn ask(client: &mut Client) {
        client.send_head("GET", "/", &[("Host", "x")], NOW).unwrap();
        client.tx.send_end(NOW).unwrap();
        let out = client.tx.output();
        out.advance(out.remaining());
    }
}

impl Connecting for Asking {
    type Connection = Client;
    const LIMIT: usize = 800;

    fn small() -> Client {
        Self::with(small(Config::client()))
    }

    fn roomy() -> Client {
        Self::with(large(Config::client()))
    }

    fn handle<'m, 'b: 'm>(
        event: client::Event<'m, 'b>,
        _: &mut h1::Sender<client::ClientSide>,
        show: Show<'_>,
    ) {
        match event {
            client::Event::Informational(head) => show_head("informational", &head, show),
            client::Event::Head(head) => show_head("status", &head, show),
            client::Event::Data(piece) => show("data", piece, true),
            client::Event::Trailers(trailers) => show_fields(&trailers, show),
        }
    }

    fn next_exchange(client: &mut Client) -> bool {
        let is_idle = client.tx.is_idle();
        if is_idle {
            Self::ask(client);
        }
        is_idle
    }

    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)> {
        let status = prop::sample::select(vec![200u16, 204, 304, 404, 500]);
        let last = any::<bool>();
        (prop::collection::vec((status, any::<bool>(), message()), 0..4), last)
            .prop_map(|(responses, last_is_open)| {
                let (mut wire, mut parts) = (Vec::new(), Vec::new());
                let count = responses.len();
                for (n, (status, informs, message)) in responses.into_iter().enumerate() {
                    let open = last_is_open && n + 1 == count;
                    respond(status, informs, open, &message, &mut wire, &mut parts);
                }
                (wire, parts)
            })
            .boxed()
    }

    fn long(len: usize) -> Vec<u8> {
        one_message("HTTP/1.1 200 OK", len)
    }
}

/// What a server sends, and what a client must make of it; `open` where only the connection's end
/// ends it.
fn respond(
    status: u16,
    informs: bool,
    open: bool,
    message: &Message,
    wire: &mut Vec<u8>,
    parts: &mut Vec<Part>,
) {
    let Server { mut rx, mut tx } = Server::new(Config::server(), NOW);
    let mut request =
        if open { "GET / HTTP/1.0\r\n\r\n" } else { "GET / HTTP/1.1\r\nHost: x\r\n\r\n" }
            .as_bytes();
    let _ = rx.receive(&mut tx, &mut request, NOW).unwrap();
    if informs {
        tx.send_head(103, &message.own[..], NOW).unwrap();
        if !open {
            parts.push(part("informational", 103u16.to_be_bytes()));
            parts.extend(field_parts(&message.own));
        }
    }
    let bodiless = matches!(status, 204 | 304);
    let mut all = if bodiless || open { message.own.clone() } else { message.fields(false) };
    tx.send_head(status, &all[..], NOW).unwrap();
    if open {
        all.push(("Connection".into(), b"close".to_vec()));
    }
    parts.push(part("status", status.to_be_bytes()));
    parts.extend(field_parts(&all));
    if bodiless {
        tx.send_end(NOW).unwrap();
    } else {
        tx.send_bytes(message.data.clone().into(), NOW).unwrap();
        match message.chunked && !open {
            true => tx.send_trailers(&message.trailers[..], NOW).unwrap(),
            false => tx.send_end(NOW).unwrap(),
        }
        let with = Message { chunked: message.chunked && !open, ..message.clone() };
        parts.extend(with.parts());
    }
    drain(tx.output(), wire);
}

/// Half of it a head of many fields, half of it a body of many chunks.
fn one_message(start: &str, len: usize) -> Vec<u8> {
    let fields = "A: b\r\n".repeat(len / 12);
    let chunks = "1;a\r\nx\r\n".repeat(len / 16);
    format!("{start}\r\nTransfer-Encoding: chunked\r\n{fields}\r\n{chunks}").into_bytes()
}

type Pairs = Vec<(String, Vec<u8>)>;

/// What goes into a message besides its first line.
#[derive(Debug, Clone)]
struct Message {
    own: Pairs,
    data: Vec<u8>,
    chunked: bool,
    trailers: Pairs,
}

impl Message {
    /// The caller's fields, and those about the body.
    fn fields(&self, may_lack: bool) -> Pairs {
        let mut all = self.own.clone();
        if self.chunked {
            all.push(("Transfer-Encoding".into(), b"chunked".to_vec()));
        } else if !(may_lack && self.data.is_empty()) {
            all.push(("Content-Length".into(), self.data.len().to_string().into_bytes()));
        }
        all
    }

    fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        if !self.data.is_empty() {
            parts.push(part("data", &self.data));
        }
        if self.chunked {
            parts.extend(field_parts(&self.trailers));
        }
        parts
    }
}

fn message() -> impl Strategy<Value = Message> {
    let data = prop::collection::vec(any::<u8>(), 0..300);
    // No field of the random ones may frame or route.
    let own = || {
        fields().prop_map(|all| {
            all.into_iter().map(|(name, value)| (format!("X{name}"), value)).collect::<Pairs>()
        })
    };
    (own(), data, any::<bool>(), own()).prop_map(|(own, data, chunked, trailers)| Message {
        own,
        data,
        chunked,
        trailers,
    })
}

fn show_head(name: &'static str, head: &h1::Response<'_>, show: Show<'_>) {
    show(name, &head.status().to_be_bytes(), false);
    show_fields(head, show);
}

fn show_fields(fields: &impl Fields, show: Show<'_>) {
    for field in fields.fields() {
        show("name", field.name.as_bytes(), false);
        show("value", field.value, false);
    }
}

fn field_parts(fields: &[(String, Vec<u8>)]) -> Vec<Part> {
    fields
        .iter()
        .flat_map(|(name, value)| [part("name", name), part("value", value.trim_ascii())])
        .collect()
}

fn drain(out: &mut Outbox, wire: &mut Vec<u8>) {
    while out.has_remaining() {
        wire.extend_from_slice(out.chunk());
        out.advance(out.chunk().len());
    }
}

/// Small limits, so that streams reach them.
fn small(mut config: Config) -> Config {
    (config.head.head, config.head.fields, config.target) = (Some(400), Some(12), Some(40));
    config.body = self::config();
    config
}

fn large(mut config: Config) -> Config {
    (config.head.head, config.head.fields) = (None, None);
    config
}

const NOTHING: [(&str, &str); 1] = [("Content-Length", "0")];
