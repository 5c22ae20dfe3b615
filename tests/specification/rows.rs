//! The rows of `h1_*.jsonl`: what HTTP/1.1 forbids, and known smuggling bugs of other
//! libraries, each read whole, at every cut, and byte by byte.
//!
//! A `Server` reads the requests and answers each, a `Client` reads the responses to as many requests.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use wirefeed::h1::{Client, Config, Error, Server, client, server};
use wirefeed::{Instant, Step};

#[test]
fn strictness() {
    run_file("h1_strict.jsonl");
}

#[test]
fn known_smuggling_bugs() {
    run_file("h1_smuggling.jsonl");
}

fn run_file(file: &str) {
    let rows = rows(file);
    let unique: BTreeSet<&String> = rows.iter().map(|row| &row.id).collect();
    assert_eq!(unique.len(), rows.len(), "two rows have the same id");
    let wrong: Vec<String> = rows.iter().filter_map(|row| row.verdict().err()).collect();
    println!("{file}: {} run", rows.len());
    assert!(!rows.is_empty(), "{file} has no rows");
    assert!(wrong.is_empty(), "{file}: {wrong:#?}");
}

struct Row {
    id: String,
    kind: String,
    /// Of the request that a response answers.
    method: String,
    /// The leniency that is on; without it the input is refused.
    switch: Option<String>,
    input: Vec<u8>,
    expect: Map<String, Value>,
}

fn rows(file: &str) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/specification").join(file);
    let lines = fs::read_to_string(path).unwrap();
    lines.lines().map(|line| Row::read(serde_json::from_str(line).unwrap())).collect()
}

impl Row {
    fn read(mut fields: Map<String, Value>) -> Self {
        let shown = json!(fields).to_string();
        let mut text = |name: &str| match fields.remove(name) {
            Some(Value::String(text)) => Some(text),
            None => None,
            Some(other) => panic!("{name} is {other}: {shown}"),
        };
        let id = text("id").expect("a row has an id");
        let kind = text("kind").expect("a row has a kind");
        let (input, method) = (text("input").expect("a row has an input"), text("method"));
        let switch = text("switch");
        for name in ["source", "note"] {
            assert!(text(name).is_some_and(|text| !text.is_empty()), "{id} has no {name}");
        }
        assert!(method.is_none() || kind == "response", "{id}: a request has its own method");
        let input = bytes(&id, &input, fields.remove("fill"));
        let Some(Value::Object(expect)) = fields.remove("expect") else {
            panic!("{id} expects nothing")
        };
        assert!(fields.is_empty(), "{id}: unknown fields {fields:?}");
        let mut keys: Vec<&str> = expect.keys().map(String::as_str).collect();
        keys.sort_unstable();
        match &keys[..] {
            ["at", "error", "heads"] | ["accepted"] => {}
            _ => panic!("{id}: unknown expectation {keys:?}"),
        }
        let method = method.unwrap_or_else(|| "GET".into());
        Self { id, kind, method, switch, input, expect }
    }

    /// What the input came to, which must not depend on how it was cut.
    fn outcome(&self, switch: Option<&str>) -> Outcome {
        let read = |pieces: &[&[u8]]| match self.kind.as_str() {
            "request" => Requests::new(switch).read(pieces),
            "response" => Responses::new(switch, &self.method).read(pieces),
            kind => panic!("{}: unknown kind {kind}", self.id),
        };
        let whole = read(&[&self.input]);
        let bytes: Vec<&[u8]> = self.input.chunks(1).collect();
        assert_eq!(read(&bytes), whole, "{} byte by byte", self.id);
        for at in 0..=self.input.len() {
            let (first, second) = self.input.split_at(at);
            assert_eq!(read(&[first, second]), whole, "{} cut at {at}", self.id);
        }
        whole
    }

    fn verdict(&self) -> Result<(), String> {
        let outcome = self.outcome(self.switch.as_deref());
        if self.switch.is_some() && self.outcome(None).error.is_none() {
            return Err(format!("{}: accepted without its switch", self.id));
        }
        let equal = |what: &str, found: Value, expected: &Value| match found == *expected {
            true => Ok(()),
            false => Err(format!("{}: {what} {found} instead of {expected}", self.id)),
        };
        let found = outcome.error.map(|error| (format!("{:?}", error.kind), error.at));
        if let Some(accepted) = self.expect.get("accepted") {
            equal("error", json!(found), &Value::Null)?;
            return equal("messages", json!(outcome.messages), accepted);
        }
        let Some((kind, at)) = found else { return Err(format!("{}: accepted", self.id)) };
        equal("error", json!(kind), &self.expect["error"])?;
        // No head but those before the fault: what stands behind it was never a message.
        let heads: Value = outcome.messages.iter().map(|message| message["head"].clone()).collect();
        equal("heads", heads, &self.expect["heads"])?;
        equal("offset", json!(at), &self.expect["at"])
    }
}

/// These settings, with a switch on.
fn with(mut config: Config, switch: Option<&str>) -> Config {
    match switch {
        None => {}
        Some("allow_blanks") => config.body.allow_blanks = true,
        Some("allow_folds") => (config.head.allow_folds, config.body.allow_folds) = (true, true),
        Some("allow_space_before_colon") => config.head.allow_space_before_colon = true,
        Some("allow_low_status") => config.head.allow_low_status = true,
        Some("allow_length_with_coding") => config.allow_length_with_coding = true,
        Some("allow_identity_coding") => config.allow_identity_coding = true,
        Some(other) => panic!("there is no switch {other}"),
    }
    config
}

/// One byte for each character; the one `…` stands for the filling, which keeps long rows readable.
fn bytes(id: &str, input: &str, fill: Option<Value>) -> Vec<u8> {
    let fill = fill.map_or_else(String::new, |fill| {
        assert_eq!(fill.as_object().map(Map::len), Some(2), "{id}: {fill} is no filling");
        let (Some(text), Some(times)) = (fill["text"].as_str(), fill["times"].as_u64()) else {
            panic!("{id}: {fill} is no filling")
        };
        text.repeat(times as usize)
    });
    assert_eq!(input.matches('…').count(), usize::from(!fill.is_empty()), "{id}: one … to fill");
    let input = input.replace('…', &fill);
    let byte = |char| u8::try_from(char).unwrap_or_else(|_| panic!("{id}: {char:?} is no byte"));
    input.chars().map(byte).collect()
}

/// What one input came to.
#[derive(Debug, PartialEq)]
struct Outcome {
    messages: Vec<Value>,
    error: Option<Error>,
}

#[derive(Default)]
struct Message {
    head: Value,
    body: Vec<u8>,
    trailers: Vec<u8>,
}

impl Message {
    fn to_json(&self) -> Value {
        let text = |bytes: &[u8]| bytes.iter().copied().map(char::from).collect::<String>();
        let mut message = json!({"head": self.head, "body": text(&self.body)});
        if !self.trailers.is_empty() {
            message["trailers"] = json!(text(&self.trailers));
        }
        message
    }
}

/// Reads one message after the other.
trait Read: Sized {
    /// One step: whether to go on with this input.
    fn step(&mut self, input: &mut &[u8]) -> Result<bool, Error>;
    fn finish(&mut self) -> Result<(), Error>;
    fn messages(&self) -> &[Message];

    fn read(mut self, pieces: &[&[u8]]) -> Outcome {
        let mut left = pieces.iter();
        let error = left.find_map(|piece| self.feed(piece).err());
        let shown = |this: &Self| this.messages().iter().map(Message::to_json).collect::<Vec<_>>();
        let Some(error) = error else {
            return Outcome { error: self.finish().err(), messages: shown(&self) };
        };
        // The end: whatever follows, the error repeats and nothing becomes a message.
        let messages = shown(&self);
        let behind = &b"GET /behind HTTP/1.1\r\nHost: a\r\n\r\n"[..];
        for piece in left.copied().chain([behind]) {
            assert_eq!(self.feed(piece), Err(error));
        }
        assert_eq!(shown(&self), messages);
        Outcome { messages, error: Some(error) }
    }

    fn feed(&mut self, mut input: &[u8]) -> Result<(), Error> {
        while self.step(&mut input)? {}
        Ok(())
    }
}

const NOW: Instant = Instant::ZERO;

/// A server that grants nothing.
struct Requests {
    server: Server,
    messages: Vec<Message>,
}

impl Requests {
    fn new(switch: Option<&str>) -> Self {
        Self { server: Server::new(with(Config::server(), switch), NOW), messages: Vec::new() }
    }
}

impl Read for Requests {
    fn step(&mut self, input: &mut &[u8]) -> Result<bool, Error> {
        let Server { rx, tx } = &mut self.server;
        match rx.receive(tx, input, NOW)? {
            Step::Item(server::Event::Head(head)) => {
                let head = json!(format!("{} {}", head.method(), head.target()));
                self.messages.push(Message { head, ..Message::default() });
                tx.send_head(404, &[("Content-Length", "0")], NOW).unwrap();
                tx.send_end(NOW).unwrap();
            }
            Step::Item(server::Event::Data(piece)) => {
                self.messages.last_mut().unwrap().body.extend(piece);
            }
            Step::Item(server::Event::Trailers(lines)) => {
                self.messages.last_mut().unwrap().trailers.extend(lines.0);
            }
            Step::NeedInput => return Ok(false),
            Step::Done => return Ok(self.server.next_exchange(NOW)),
        }
        Ok(true)
    }

    fn finish(&mut self) -> Result<(), Error> {
        self.server.rx.receive_eof(&mut self.server.tx, NOW)
    }

    fn messages(&self) -> &[Message] {
        &self.messages
    }
}

/// A client that asks again as long as there is an answer.
struct Responses<'r> {
    client: Client,
    method: &'r str,
    messages: Vec<Message>,
}

impl<'r> Responses<'r> {
    fn new(switch: Option<&str>, method: &'r str) -> Self {
        let client = Client::new(with(Config::client(), switch), Instant::ZERO);
        Self { client, method, messages: Vec::new() }
    }
}

impl Read for Responses<'_> {
    fn step(&mut self, input: &mut &[u8]) -> Result<bool, Error> {
        if self.client.tx.is_idle() && !input.is_empty() {
            self.client.send_head(self.method, "/", &[("Host", "a")], NOW).unwrap();
            self.client.tx.send_end(NOW).unwrap();
        }
        let Client { rx, tx } = &mut self.client;
        match rx.receive(tx, input, NOW)? {
            Step::Item(client::Event::Informational(head) | client::Event::Head(head)) => {
                self.messages.push(Message { head: json!(head.status()), ..Message::default() });
            }
            Step::Item(client::Event::Data(piece)) => {
                self.messages.last_mut().unwrap().body.extend(piece);
            }
            Step::Item(client::Event::Trailers(lines)) => {
                self.messages.last_mut().unwrap().trailers.extend(lines.0);
            }
            Step::NeedInput => return Ok(false),
            Step::Done => return Ok(tx.is_idle() && !input.is_empty()),
        }
        Ok(true)
    }

    fn finish(&mut self) -> Result<(), Error> {
        self.client.rx.receive_eof(&mut self.client.tx, NOW)
    }

    fn messages(&self) -> &[Message] {
        &self.messages
    }
}
