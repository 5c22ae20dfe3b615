//! Both sides of an HTTP/1.1 connection, each fed with what the other sends.

use bytes::Buf;
use proptest::prelude::*;
use wirefeed::h1::{self, Client, Config, Server, client, server};
use wirefeed::{Fields, Instant, Outbox, Step};

use super::h1::{config, fields};
use crate::harness::{Flow, Part, Show, Subject, part};

const NOW: Instant = Instant::ZERO;

/// A server that answers every request as soon as it has its head.
pub(crate) struct Serving(Server);

impl Subject for Serving {
    const LIMIT: usize = 800;

    fn new() -> Self {
        Self(Server::new(small(Config::server()), NOW))
    }

    fn roomy() -> Self {
        Self(Server::new(large(Config::server()), NOW))
    }

    fn step(&mut self, input: &mut &[u8], show: Show<'_>) -> Flow {
        loop {
            let Server { rx, tx } = &mut self.0;
            let step = rx.receive(tx, input, NOW);
            let over = matches!(step, Ok(Step::Done));
            let flow = Flow::of(step, |event| match event {
                server::Event::Head(head) => {
                    show("method", head.method().as_bytes(), false);
                    show("target", head.target().as_bytes(), false);
                    show_fields(&head, show);
                    tx.send_head(404, &NOTHING, NOW).unwrap();
                    tx.send_end(NOW).unwrap();
                }
                server::Event::Data(piece) => show("data", piece, true),
                server::Event::Trailers(trailers) => show_fields(&trailers, show),
            });
            show_output(tx.output(), show);
            if !over || !self.0.next_exchange(NOW) {
                return flow;
            }
        }
    }

    fn finish(&mut self, _: Show<'_>) -> Flow {
        let Server { rx, tx } = &mut self.0;
        Flow::end(rx.receive_eof(tx, NOW).map(|()| None::<()>), |()| ())
    }

    fn reset(&mut self) -> bool {
        false
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
pub(crate) struct Asking(Client);

impl Asking {
    fn with(config: &Config) -> Self {
        let mut this = Self(Client::new(*config, NOW));
        this.ask();
        this
    }

    fn ask(&mut self) {
        self.0.send_head("GET", "/", &[("Host", "x")], NOW).unwrap();
        self.0.tx.send_end(NOW).unwrap();
        let out = self.0.tx.output();
        out.advance(out.remaining());
    }
}

impl Subject for Asking {
    const LIMIT: usize = 800;

    fn new() -> Self {
        Self::with(&small(Config::client()))
    }

    fn roomy() -> Self {
        Self::with(&large(Config::client()))
    }

    fn step(&mut self, input: &mut &[u8], show: Show<'_>) -> Flow {
        loop {
            let Client { rx, tx } = &mut self.0;
            let flow = Flow::of(rx.receive(tx, input, NOW), |event| match event {
                client::Event::Informational(head) => show_head("informational", &head, show),
                client::Event::Head(head) => show_head("status", &head, show),
                client::Event::Data(piece) => show("data", piece, true),
                client::Event::Trailers(trailers) => show_fields(&trailers, show),
            });
            if flow != Flow::Done || !self.0.tx.is_idle() {
                return flow;
            }
            self.ask();
        }
    }

    fn finish(&mut self, _: Show<'_>) -> Flow {
        let Client { rx, tx } = &mut self.0;
        Flow::end(rx.receive_eof(tx, NOW).map(|()| None::<()>), |()| ())
    }

    fn reset(&mut self) -> bool {
        false
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

fn show_output(out: &mut Outbox, show: Show<'_>) {
    while out.has_remaining() {
        let len = out.chunk().len();
        show("output", out.chunk(), true);
        out.advance(len);
    }
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
