//! HTTP/1.1: whole exchanges over one connection in memory.

use std::convert::Infallible;
use std::hint::black_box;

use bytes::{Buf, Bytes};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Empty, Full};
use hyper_util::rt::TokioIo;
use tokio::runtime::{Builder, Runtime};
use ureq_proto::{client as ureq_client, server as ureq_server};
use wirefeed::h1::{Client, Config, Server, client, server};
use wirefeed::{Instant, Outbox, Step};

use crate::measure::{Row, Run};

const TARGET: &str = "/v1/items?after=1234567890";
const ASKS: [(&str, &str); 6] = [
    ("host", "api.example.com"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64)"),
    ("accept", "application/json"),
    ("accept-language", "en-GB,en;q=0.9"),
    ("accept-encoding", "gzip, deflate, br"),
    ("authorization", "Bearer abcdefghijklmnopqrstuvwxyz"),
];
const ANSWERS: [(&str, &str); 3] = [
    ("content-type", "application/json"),
    ("cache-control", "no-store"),
    ("content-length", "1024"),
];
const BODY: &[u8] = &[b'x'; 1024];

pub(crate) fn rows(run: Run<'_>) {
    let mut one = format!("GET {TARGET} HTTP/1.1\r\n{}\r\n", lines(&ASKS)).into_bytes();
    one.extend(format!("HTTP/1.1 200 OK\r\n{}\r\n", lines(&ANSWERS)).bytes());
    one.extend(BODY);
    let items = 1000;
    let row = Row {
        name: "exchange, 6 fields, 1 KiB back".into(),
        items,
        piece: one.len(),
        wire: one.repeat(items),
        peer: "ureq-proto",
        bound: 0.22,
    };
    let (mut machines, mut buffers) = (Machines::new(), UreqProto::new());
    let mut ours = |wire: &[u8], piece| machines.exchanges(wire.len() / piece);
    let mut theirs = |wire: &[u8], piece| buffers.exchanges(wire.len() / piece);
    run(vec![row.clone()], &mut ours, &mut theirs);
    let mut hyper = Hyper::new();
    let mut theirs = |wire: &[u8], piece| hyper.exchanges(wire.len() / piece);
    run(vec![Row { peer: "hyper", ..row }], &mut ours, &mut theirs);
}

fn lines(fields: &[(&str, &str)]) -> String {
    fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect()
}

/// Both sides of ours, and what is on its way between them.
struct Machines {
    client: Client,
    server: Server,
    wire: Vec<u8>,
}

impl Machines {
    fn new() -> Self {
        Self {
            client: Client::new(Config::client(), Instant::ZERO),
            server: Server::new(Config::server(), Instant::ZERO),
            wire: Vec::new(),
        }
    }

    /// The number of exchanges of which the whole body arrived.
    fn exchanges(&mut self, count: usize) -> usize {
        (0..count).filter(|_| self.exchange() == BODY.len()).count()
    }

    fn exchange(&mut self) -> usize {
        let (Self { client, server, wire }, now) = (self, Instant::ZERO);
        client.send_head("GET", black_box(TARGET), black_box(&ASKS), now).unwrap();
        client.tx.send_end(now).unwrap();
        carry(client.tx.output(), wire);
        let mut input = &wire[..];
        while let Step::Item(event) = server.rx.receive(&mut server.tx, &mut input, now).unwrap() {
            if let server::Event::Head(head) = event {
                assert_eq!(black_box(head).len(), ASKS.len());
                server.tx.send_head(200, black_box(&ANSWERS), now).unwrap();
                server.tx.send_data(black_box(BODY), now).unwrap();
                server.tx.send_end(now).unwrap();
            }
        }
        assert!(server.next_exchange(now));
        carry(server.tx.output(), wire);
        let (mut input, mut len) = (&wire[..], 0);
        while let Step::Item(event) = client.rx.receive(&mut client.tx, &mut input, now).unwrap() {
            match event {
                client::Event::Head(head) => assert_eq!(black_box(head).status(), 200),
                client::Event::Data(piece) => len += black_box(piece).len(),
                _ => {}
            }
        }
        len
    }
}

/// Copies what is owed to the other side's input.
fn carry(from: &mut Outbox, to: &mut Vec<u8>) {
    to.clear();
    while from.has_remaining() {
        let chunk = from.chunk();
        to.extend_from_slice(chunk);
        let len = chunk.len();
        from.advance(len);
    }
}

/// Its flows are made for one exchange each. What they write goes to the other's input as it is, so that it
/// is spared our copy.
struct UreqProto {
    asks: HeaderMap,
    answers: HeaderMap,
    request: Vec<u8>,
    response: Vec<u8>,
    body: Vec<u8>,
}

impl UreqProto {
    fn new() -> Self {
        let buffer = || vec![0; 4096];
        let (asks, answers) = (map(&ASKS), map(&ANSWERS));
        Self { asks, answers, request: buffer(), response: buffer(), body: buffer() }
    }

    fn exchanges(&mut self, count: usize) -> usize {
        (0..count).filter(|_| self.exchange() == Some(BODY.len())).count()
    }

    fn exchange(&mut self) -> Option<usize> {
        let mut request = Request::get(TARGET).body(()).ok()?;
        request.headers_mut().clone_from(&self.asks);
        let mut call = ureq_client::Call::new(request).ok()?.proceed();
        let len = call.write(&mut self.request).ok()?;
        let ureq_client::SendRequestResult::RecvResponse(mut call) = call.proceed().ok()?? else {
            return None;
        };

        let mut reply = ureq_server::Reply::new().ok()?;
        let (used, request) = reply.try_request(&self.request[..len]).ok()?;
        assert_eq!((used, black_box(request?).headers().len()), (len, ASKS.len()));
        let ureq_server::RecvRequestResult::ProvideResponse(reply) = reply.proceed()? else {
            return None;
        };
        let mut response = Response::new(());
        response.headers_mut().clone_from(&self.answers);
        let mut reply = reply.provide(response).ok()?;
        let mut len = reply.write(&mut self.response).ok()?;
        let ureq_server::SendResponseResult::SendBody(mut reply) = reply.proceed() else {
            return None;
        };
        let (_, written) = reply.write(BODY, &mut self.response[len..]).ok()?;
        len += written;
        black_box(reply.proceed());

        let (used, response) = call.try_response(&self.response[..len], false).ok()?;
        assert_eq!(black_box(response?).status(), 200);
        let ureq_client::RecvResponseResult::RecvBody(mut call) = call.proceed()? else {
            return None;
        };
        let (_, read) = call.read(&self.response[used..len], &mut self.body).ok()?;
        black_box((call.proceed()?, &self.body));
        Some(read)
    }
}

/// Both sides of hyper over a pipe of tokio's, on one thread.
struct Hyper {
    runtime: Runtime,
    sender: hyper::client::conn::http1::SendRequest<Empty<Bytes>>,
    asks: HeaderMap,
}

impl Hyper {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().build().unwrap();
        let (near, far) = tokio::io::duplex(64 << 10);
        let answers = map(&ANSWERS);
        let service = hyper::service::service_fn(move |request| {
            black_box(&request);
            let mut response = Response::new(Full::new(Bytes::from_static(BODY)));
            response.headers_mut().clone_from(&answers);
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let mut serving = hyper::server::conn::http1::Builder::new();
        serving.auto_date_header(false);
        runtime.spawn(serving.serve_connection(TokioIo::new(far), service));
        let sender = runtime.block_on(async {
            let (sender, connection) = hyper::client::conn::http1::Builder::new()
                .handshake(TokioIo::new(near))
                .await
                .unwrap();
            tokio::spawn(connection);
            sender
        });
        Self { runtime, sender, asks: map(&ASKS) }
    }

    fn exchanges(&mut self, count: usize) -> usize {
        let Self { runtime, sender, asks } = self;
        runtime.block_on(async {
            let mut items = 0;
            for _ in 0..count {
                let mut request = Request::get(TARGET).body(Empty::new()).unwrap();
                request.headers_mut().clone_from(asks);
                sender.ready().await.unwrap();
                let response = sender.send_request(request).await.unwrap();
                assert_eq!(response.status(), 200);
                let body = response.into_body().collect().await.unwrap().to_bytes();
                items += usize::from(black_box(body).len() == BODY.len());
            }
            items
        })
    }
}

/// The peers' own form of the fields, made once; each exchange needs one to give away.
fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let pair = |&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    fields.iter().map(pair).collect()
}
