//! One stream of any kind, fed piece by piece.

use bytes::Buf;
use serde_json::json;
use wirefeed::ws::{ClientRole, Config, Event, ServerRole, Session, message};
use wirefeed::{Instant, Step, h1, sse, ws};

use super::http::{Chunks, Requests, Responses};
use super::item::{Fault, Item, base64};

/// What a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sse,
    Chunked,
    Request,
    Response,
    Ws,
}

/// Our side of a WebSocket connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    Server,
    Client,
}

/// How a stream is to be inspected.
#[derive(Debug, Clone)]
pub struct Job {
    pub kind: Kind,
    pub role: Role,
    pub method: String,
    pub last_event_id: String,
    /// Limits and switches of requests, responses and chunked bodies.
    pub http: h1::Config,
    pub sse: sse::Config,
    pub messages: message::Config,
}

impl Job {
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            role: Role::Client,
            method: "GET".into(),
            last_event_id: String::new(),
            http: match kind {
                Kind::Response => h1::Config::client(),
                _ => h1::Config::server(),
            },
            sse: sse::Config::default(),
            messages: message::Config::default(),
        }
    }
}

/// A stream that is being inspected.
pub struct Inspector {
    stream: Stream,
    /// Bytes fed, and how many of them were left over.
    fed: u64,
    left: u64,
    /// Nothing more can come: the stream has failed, or what follows is not its own.
    over: bool,
}

enum Stream {
    Sse { decoder: Box<sse::Decoder>, retry: Option<u64> },
    Chunked(Box<Chunks>),
    Request(Box<Requests>),
    Response(Box<Responses>),
    Server(Box<Session<ServerRole>>),
    Client(Box<Session<ClientRole<Key>>>),
}

/// A client's source of mask keys.
type Key = fn(&mut [u8]);

impl Inspector {
    pub fn new(job: &Job) -> Self {
        let mut config = Config::default();
        config.message = job.messages;
        let stream = match (job.kind, job.role) {
            (Kind::Sse, _) => {
                let mut decoder = Box::new(sse::Decoder::with_config(job.sse));
                decoder.set_last_event_id(&job.last_event_id);
                Stream::Sse { decoder, retry: None }
            }
            (Kind::Chunked, _) => Stream::Chunked(Box::new(Chunks::new(job.http.body))),
            (Kind::Request, _) => Stream::Request(Box::new(Requests::new(&job.http))),
            (Kind::Response, _) => {
                Stream::Response(Box::new(Responses::new(&job.http, job.method.clone())))
            }
            (Kind::Ws, Role::Server) => {
                Stream::Server(Box::new(Session::new(ServerRole, config, Instant::ZERO)))
            }
            (Kind::Ws, Role::Client) => {
                // A key of zeros, so that the output can be read; nothing is sent anywhere.
                let role = ClientRole::<Key>(|key| key.fill(0));
                Stream::Client(Box::new(Session::new(role, config, Instant::ZERO)))
            }
        };
        Self { stream, fed: 0, left: 0, over: false }
    }

    /// Whether nothing more can come.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Bytes of the stream up to where its input stands.
    pub fn consumed(&self) -> u64 {
        self.fed - self.left
    }

    pub fn feed(&mut self, piece: &[u8], items: &mut Vec<Item>) -> Result<(), Fault> {
        self.fed += piece.len() as u64;
        let mut input = piece;
        let result = if self.over {
            Ok(true)
        } else {
            match &mut self.stream {
                Stream::Sse { decoder, retry } => events(decoder, retry, &mut input, items),
                Stream::Chunked(chunks) => chunks.feed(&mut input, items).map_err(Fault::from),
                Stream::Request(requests) => requests.feed(&mut input, items).map_err(Fault::from),
                Stream::Response(responses) => {
                    responses.feed(&mut input, items).map_err(Fault::from)
                }
                Stream::Server(session) => messages(session, &mut input, items),
                Stream::Client(session) => messages(session, &mut input, items),
            }
        };
        self.left += input.len() as u64;
        self.over = !matches!(result, Ok(false));
        result.map(|_| ())
    }

    /// The end of the stream.
    pub fn finish(&mut self, items: &mut Vec<Item>) -> Result<(), Fault> {
        if self.over {
            return Ok(());
        }
        self.over = true;
        match &mut self.stream {
            Stream::Sse { decoder, retry } => {
                items.extend(decoder.finish()?.map(event));
                let id = decoder.last_event_id();
                let item = json!({"item": "eof", "last_event_id": id, "retry": retry});
                items.push(Item::Other(item));
                Ok(())
            }
            Stream::Chunked(chunks) => chunks.finish().map_err(Fault::from),
            Stream::Request(requests) => requests.finish().map_err(Fault::from),
            Stream::Response(responses) => responses.finish(items).map_err(Fault::from),
            Stream::Server(session) => {
                session.rx.receive_eof(&mut session.tx, NOW).map_err(Fault::from)
            }
            Stream::Client(session) => {
                session.rx.receive_eof(&mut session.tx, NOW).map_err(Fault::from)
            }
        }
    }

    /// What a session owes the peer.
    pub fn output(&mut self) -> Vec<u8> {
        let outbox = match &mut self.stream {
            Stream::Server(session) => session.tx.output(),
            Stream::Client(session) => session.tx.output(),
            _ => return Vec::new(),
        };
        outbox.copy_to_bytes(outbox.remaining()).to_vec()
    }
}

/// Decodes all of the input; whether the stream is over.
fn events(
    decoder: &mut sse::Decoder,
    retry: &mut Option<u64>,
    input: &mut &[u8],
    items: &mut Vec<Item>,
) -> Result<bool, Fault> {
    while let Step::Item(item) = decoder.decode(input)? {
        if let sse::Item::Retry(ms) = item {
            *retry = Some(ms);
        }
        items.push(event(item));
    }
    Ok(false)
}

/// An item of an event stream.
fn event(item: sse::Item<'_>) -> Item {
    Item::Other(match item {
        sse::Item::Event(sse::Event { event, data, id, .. }) => {
            json!({"item": "event", "event": event, "data": data, "id": id.unwrap_or_default()})
        }
        sse::Item::Retry(ms) => json!({"item": "retry", "ms": ms}),
        sse::Item::Comment(text) => {
            json!({"item": "comment", "text": String::from_utf8_lossy(text)})
        }
        sse::Item::Skipped(error) => {
            json!({"item": "skipped", "kind": format!("{:?}", error.kind), "at": error.at})
        }
        sse::Item::Unfinished => json!({"item": "unfinished"}),
    })
}

/// Decodes all of the input, in a copy that may be unmasked; whether the stream is over.
fn messages<R: ws::Role>(
    session: &mut Session<R>,
    input: &mut &[u8],
    items: &mut Vec<Item>,
) -> Result<bool, Fault> {
    let Session { rx, tx } = session;
    let mut copy = input.to_vec();
    let mut rest = &mut copy[..];
    let over = loop {
        let item = match rx.receive(tx, &mut rest, NOW) {
            Ok(Step::Item(Event::Text(text))) => json!({"item": "text", "data": &*text}),
            Ok(Step::Item(Event::Binary(bytes))) => {
                json!({"item": "binary", "bytes": base64(&bytes)})
            }
            Ok(Step::Item(Event::Ping(payload))) => {
                json!({"item": "ping", "bytes": base64(payload)})
            }
            Ok(Step::Item(Event::Pong(payload))) => {
                json!({"item": "pong", "bytes": base64(payload)})
            }
            Ok(Step::Item(Event::Close(close))) => {
                let code = close.code.map(|code| code.0);
                json!({"item": "close", "code": code, "reason": close.reason})
            }
            Ok(Step::NeedInput) => break Ok(false),
            Ok(Step::Done) => break Ok(true),
            Err(error) => break Err(error.into()),
        };
        items.push(Item::Other(item));
    };
    *input = &input[input.len() - rest.len()..];
    over
}

/// Nothing here waits.
const NOW: Instant = Instant::ZERO;
