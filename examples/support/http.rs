//! Messages one after the other on one connection: a loop over head and body decoders.

use serde_json::{Value, json};
use wirefeed::fields::Lines;
use wirefeed::grammar::list;
use wirefeed::h1::head::{Head, RequestLine, StartLine, StatusLine};
use wirefeed::h1::{Error, Framing, Version, body, chunked, framing, head};
use wirefeed::{Fields, Step};

use super::item::{Item, fields, latin1};

/// Reads message after message.
pub struct Messages<L> {
    heads: head::Decoder<L>,
    body: Option<body::Decoder>,
    trailers: Vec<u8>,
    /// Offset of the first byte of the head or body that is being read.
    base: u64,
    at: u64,
    upgrade: bool,
    over: bool,
    method: String,
    config: chunked::Config,
}

/// What is known of a message once its head has been read.
pub struct Opening {
    item: Value,
    framing: Framing,
    /// What follows is another protocol's.
    upgrade: bool,
    /// The message has no end of its own.
    informational: bool,
}

/// A start line whose messages can be inspected.
pub trait Inspect: StartLine {
    fn open(head: &Head<'_, Self>, method: &str) -> Result<Opening, Error>
    where
        Self: Sized;
}

impl Inspect for RequestLine {
    fn open(head: &Head<'_, Self>, _: &str) -> Result<Opening, Error> {
        // Only one direction is seen here: an upgrade that is asked for is taken as granted.
        Ok(Opening {
            item: json!({
                "item": "request",
                "method": head.method(),
                "target": head.target(),
                "version": version(head.version()),
                "fields": fields(head),
            }),
            framing: framing::request(head)?,
            upgrade: head.method() == "CONNECT"
                || (head.version() == Version::Http11
                    && lists(head, "connection", "upgrade")
                    && head.value_of("upgrade").is_some()),
            informational: false,
        })
    }
}

impl Inspect for StatusLine {
    fn open(head: &Head<'_, Self>, method: &str) -> Result<Opening, Error> {
        let status = head.status();
        let informational = (100..200).contains(&status) && status != 101;
        Ok(Opening {
            item: json!({
                "item": if informational { "informational" } else { "response" },
                "status": status,
                "reason": latin1(head.reason()),
                "version": version(head.version()),
                "fields": fields(head),
            }),
            framing: framing::response(head, method)?,
            upgrade: status == 101 || (method == "CONNECT" && (200..300).contains(&status)),
            informational,
        })
    }
}

impl<L: Inspect> Messages<L> {
    pub fn new(limits: head::Config, config: chunked::Config, method: String) -> Self {
        Self {
            heads: head::Decoder::with_config(limits),
            body: None,
            trailers: Vec::new(),
            base: 0,
            at: 0,
            upgrade: false,
            over: false,
            method,
            config,
        }
    }

    /// Reads all of the input; whether what is left of it is not this stream's.
    pub fn feed(&mut self, input: &mut &[u8], items: &mut Vec<Item>) -> Result<bool, Error> {
        while !self.over {
            let before = input.len();
            let more = match self.body {
                None => self.head(input, items),
                Some(_) => self.body(input, items),
            };
            self.at += (before - input.len()) as u64;
            if !more.map_err(|error| error.after(self.base))? {
                break;
            }
        }
        Ok(self.over)
    }

    pub fn finish(&mut self, items: &mut Vec<Item>) -> Result<(), Error> {
        let base = self.base;
        match &mut self.body {
            None => self.heads.finish().map(|_| ()).map_err(|error| error.after(base)),
            Some(body) => {
                body.finish().map_err(|error| error.after(base))?;
                self.end(items);
                Ok(())
            }
        }
    }

    /// One step of a head; whether to go on.
    fn head(&mut self, input: &mut &[u8], items: &mut Vec<Item>) -> Result<bool, Error> {
        let before = input.len();
        let opening = match self.heads.decode(input)? {
            Step::Item(head) => L::open(&head, &self.method)?,
            Step::NeedInput | Step::Done => return Ok(false),
        };
        items.push(Item::Other(opening.item));
        self.heads.reset();
        self.base = self.at + (before - input.len()) as u64;
        if !opening.informational {
            self.body = Some(body::Decoder::with_config(opening.framing, self.config));
            self.upgrade = opening.upgrade;
        }
        Ok(true)
    }

    /// One step of a body; whether to go on.
    fn body(&mut self, input: &mut &[u8], items: &mut Vec<Item>) -> Result<bool, Error> {
        let before = input.len();
        let Some(body) = &mut self.body else { return Ok(true) };
        match body.decode(input)? {
            Step::Item(body::Item::Data(piece)) => items.push(Item::Data(piece.to_vec())),
            Step::Item(body::Item::Trailers(piece)) => self.trailers.extend_from_slice(piece),
            Step::NeedInput => return Ok(false),
            Step::Done => {
                self.base = self.at + (before - input.len()) as u64;
                self.end(items);
            }
        }
        Ok(true)
    }

    fn end(&mut self, items: &mut Vec<Item>) {
        self.body = None;
        push_trailers(&mut self.trailers, items);
        items.push(Item::named("end"));
        if self.upgrade {
            items.push(Item::named("upgrade"));
            self.over = true;
        }
    }
}

/// Reads one bare chunked body.
pub struct Chunks {
    decoder: chunked::Decoder,
    extensions: Vec<u8>,
    trailers: Vec<u8>,
    over: bool,
}

impl Chunks {
    pub fn new(config: chunked::Config) -> Self {
        Self {
            decoder: chunked::Decoder::with_config(config),
            extensions: Vec::new(),
            trailers: Vec::new(),
            over: false,
        }
    }

    /// Reads all of the input; whether what is left of it is not this stream's.
    pub fn feed(&mut self, input: &mut &[u8], items: &mut Vec<Item>) -> Result<bool, Error> {
        while !self.over {
            match self.decoder.decode(input)? {
                Step::Item(chunked::Item::Extension(piece)) => {
                    self.extensions.extend_from_slice(piece);
                }
                Step::Item(chunked::Item::Chunk(size)) => {
                    let extensions: Value = wirefeed::grammar::Parameters::new(&self.extensions)
                        .map(|extension| {
                            let value = extension.value.map(|value| value.bytes().map(char::from));
                            json!([latin1(extension.name), value.map(String::from_iter)])
                        })
                        .collect();
                    self.extensions.clear();
                    let item = json!({"item": "chunk", "size": size, "extensions": extensions});
                    items.push(Item::Other(item));
                }
                Step::Item(chunked::Item::Data(piece)) => items.push(Item::Data(piece.to_vec())),
                Step::Item(chunked::Item::Trailers(piece)) => {
                    self.trailers.extend_from_slice(piece);
                }
                Step::NeedInput => break,
                Step::Done => {
                    push_trailers(&mut self.trailers, items);
                    items.push(Item::named("end"));
                    self.over = true;
                }
            }
        }
        Ok(self.over)
    }

    pub fn finish(&mut self) -> Result<(), Error> {
        self.decoder.finish().map(|_| ())
    }
}

fn push_trailers(trailers: &mut Vec<u8>, items: &mut Vec<Item>) {
    if !trailers.is_empty() {
        let fields = fields(&Lines(trailers));
        items.push(Item::Other(json!({"item": "trailers", "fields": fields})));
        trailers.clear();
    }
}

/// Whether a field lists a token.
fn lists(fields: &impl Fields, name: &str, token: &str) -> bool {
    fields.values_of(name).flat_map(list).any(|one| one.eq_ignore_ascii_case(token.as_bytes()))
}

const fn version(version: Version) -> &'static str {
    match version {
        Version::Http10 => "1.0",
        Version::Http11 => "1.1",
    }
}
