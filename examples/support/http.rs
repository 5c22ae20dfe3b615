//! Messages one after the other on one connection, judged by the machine whose side it is.

use bytes::Buf;
use serde_json::{Value, json};
use wirefeed::fields::Lines;
use wirefeed::h1::server::ServerSide;
use wirefeed::h1::{
    Client, Config, Error, Request, Response, Sender, Server, Version, chunked, client, server,
};
use wirefeed::{ApiMisuse, End, Fields, Instant, Outbox, SendError, Step};

use super::item::{Item, fields, latin1};

/// Reads request after request, and answers each.
pub struct Requests(Server);

impl Requests {
    pub fn new(config: &Config) -> Self {
        Self(Server::new(*config, NOW))
    }

    /// Reads all of the input; whether what is left of it is not this stream's.
    pub fn feed(&mut self, input: &mut &[u8], items: &mut Vec<Item>) -> Result<bool, Error> {
        loop {
            let Server { rx, tx } = &mut self.0;
            match rx.receive(tx, input, NOW)? {
                Step::Item(server::Event::Head(head)) => {
                    items.push(request(&head));
                    answer(tx);
                }
                Step::Item(server::Event::Data(piece)) => items.push(Item::Data(piece.to_vec())),
                Step::Item(server::Event::Trailers(lines)) => items.push(trailers(&lines)),
                Step::NeedInput => return Ok(false),
                Step::Done => {
                    end(tx.wants().end == Some(End::Upgrade), items);
                    if !self.0.next_exchange(NOW) {
                        return Ok(true);
                    }
                }
            }
        }
    }

    pub fn finish(&mut self) -> Result<(), Error> {
        let Server { rx, tx } = &mut self.0;
        rx.receive_eof(tx, NOW)
    }
}

/// Answers a request, so that the next one may come. Only one direction is looked at: an upgrade or a
/// tunnel that is asked for is granted.
fn answer(tx: &mut Sender<ServerSide>) {
    if tx.send_head(101, &(), NOW).is_err() {
        tx.send_head(204, &(), NOW).expect("any request may be answered so");
    }
    match tx.send_end(NOW) {
        // The head was the last of HTTP.
        Ok(()) | Err(SendError::Misuse(ApiMisuse::OutOfOrder)) => {}
        Err(error) => unreachable!("{error}"),
    }
    discard(tx.output());
}

/// Reads response after response, each to a request of the same method.
pub struct Responses {
    client: Client,
    method: String,
    /// A body is being read.
    open: bool,
}

impl Responses {
    pub fn new(config: &Config, method: String) -> Self {
        Self { client: Client::new(*config, NOW), method, open: false }
    }

    /// Reads all of the input; whether what is left of it is not this stream's.
    pub fn feed(&mut self, input: &mut &[u8], items: &mut Vec<Item>) -> Result<bool, Error> {
        loop {
            if self.client.tx.is_idle() {
                // Where nothing comes nothing was asked for: between responses the stream may end.
                if input.is_empty() {
                    return Ok(false);
                }
                ask(&mut self.client, &self.method).expect("the method has been checked");
            }
            let Client { rx, tx } = &mut self.client;
            match rx.receive(tx, input, NOW)? {
                Step::Item(client::Event::Informational(head)) => {
                    items.push(response("informational", &head));
                }
                Step::Item(client::Event::Head(head)) => {
                    items.push(response("response", &head));
                    self.open = true;
                }
                Step::Item(client::Event::Data(piece)) => items.push(Item::Data(piece.to_vec())),
                Step::Item(client::Event::Trailers(lines)) => items.push(trailers(&lines)),
                Step::NeedInput => return Ok(false),
                Step::Done => {
                    self.open = false;
                    end(tx.wants().end == Some(End::Upgrade), items);
                    if !tx.is_idle() {
                        return Ok(true);
                    }
                }
            }
        }
    }

    pub fn finish(&mut self, items: &mut Vec<Item>) -> Result<(), Error> {
        let Client { rx, tx } = &mut self.client;
        rx.receive_eof(tx, NOW)?;
        if std::mem::take(&mut self.open) {
            end(false, items);
        }
        Ok(())
    }
}

/// Sends a request that any response may answer, a 101 too.
fn ask(client: &mut Client, method: &str) -> Result<(), SendError> {
    let target = if method == "CONNECT" { "a:1" } else { "/" };
    let fields = [("Host", "a"), ("Connection", "upgrade"), ("Upgrade", "any")];
    client.send_head(method, target, &fields, NOW)?;
    client.tx.send_end(NOW)?;
    discard(client.tx.output());
    Ok(())
}

/// A method that requests can have.
pub fn method(text: &str) -> Result<String, String> {
    match ask(&mut Client::new(Config::client(), NOW), text) {
        Ok(()) => Ok(text.into()),
        Err(error) => Err(format!("{text:?} is no method: {error}")),
    }
}

/// Nobody is there to read it.
fn discard(outbox: &mut Outbox) {
    outbox.advance(outbox.remaining());
}

fn request(head: &Request<'_>) -> Item {
    Item::Other(json!({
        "item": "request",
        "method": head.method(),
        "target": head.target(),
        "version": version(head.version()),
        "fields": fields(head),
    }))
}

fn response(item: &str, head: &Response<'_>) -> Item {
    Item::Other(json!({
        "item": item,
        "status": head.status(),
        "reason": latin1(head.reason()),
        "version": version(head.version()),
        "fields": fields(head),
    }))
}

fn trailers(lines: &impl Fields) -> Item {
    Item::Other(json!({"item": "trailers", "fields": fields(lines)}))
}

/// The end of a message, behind which the stream may be another protocol's.
fn end(upgraded: bool, items: &mut Vec<Item>) {
    items.push(Item::named("end"));
    if upgraded {
        items.push(Item::named("upgrade"));
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
                    if !self.trailers.is_empty() {
                        items.push(trailers(&Lines(&self.trailers)));
                    }
                    end(false, items);
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

const fn version(version: Version) -> &'static str {
    match version {
        Version::Http10 => "1.0",
        Version::Http11 => "1.1",
    }
}

/// Nothing here waits.
const NOW: Instant = Instant::ZERO;
