//! The rows of `vectors/h1_*.jsonl`: what HTTP/1.1 forbids, and known smuggling bugs of other
//! libraries, each read whole, at every cut, and byte by byte.
//!
//! Every row is run, or listed by its name because a connection judges it; an unknown field fails,
//! and so does a listed difference that no longer differs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use wirefeed::Step;
use wirefeed::h1::head::{self, Head, RequestLine, StartLine, StatusLine};
use wirefeed::h1::{Error, Framing, body, framing};

/// Where the crate's offset is not that of the row, which is the first byte that breaks the rule.
const OFFSETS_DIFFER: &[(&str, u64, &str)] = &[
    ("coding/twice-in-a-list", 45, WHOLE_LIST),
    ("coding/not-last", 45, WHOLE_LIST),
    ("coding/identity-last", 45, WHOLE_LIST),
    ("coding/parameter", 45, WHOLE_LIST),
    ("coding/parameter-q", 45, WHOLE_LIST),
    ("coding/empty-element-last", 45, WHOLE_LIST),
    ("llhttp-2022-32213/unknown-last", 45, WHOLE_LIST),
    ("coding/gzip-then-chunked", 70, LAST_FIELD),
    ("hyper-2021-0020/other-then-chunked", 69, LAST_FIELD),
];

const WHOLE_LIST: &str = "the field's value begins here; which coding is at fault is not told";
const LAST_FIELD: &str = "the last of several fields begins here; the coding at fault is before";

#[test]
fn strictness() {
    run_file("h1_strict.jsonl");
}

#[test]
fn known_smuggling_bugs() {
    run_file("h1_smuggling.jsonl");
}

#[test]
fn every_listed_difference_is_a_row() {
    let ids: Vec<String> = ["h1_strict.jsonl", "h1_smuggling.jsonl"]
        .into_iter()
        .flat_map(|file| rows(file).into_iter().map(|row| row.id))
        .collect();
    let unique: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len(), "two rows have the same id");
    for (id, ..) in OFFSETS_DIFFER {
        assert!(ids.iter().any(|known| known == id), "{id} is listed and unknown");
    }
}

fn run_file(file: &str) {
    let rows = rows(file);
    let (mut run, mut listed, mut wrong) = (0, 0, Vec::new());
    for row in &rows {
        let outcome = row.outcome();
        match row.layer {
            Layer::Codec => {
                run += 1;
                wrong.extend(row.verdict(&outcome).err());
            }
            Layer::Connection => {
                listed += 1;
                println!("  {}: a connection judges it", row.id);
                // What the codecs refuse would be theirs.
                wrong.extend(outcome.error.map(|error| format!("{}: refused: {error:?}", row.id)));
            }
        }
    }
    println!("{file}: {run} run, {listed} listed, {} in all", rows.len());
    assert!(run > 0, "{file} has no rows");
    assert_eq!(run + listed, rows.len());
    assert!(wrong.is_empty(), "{file}: {wrong:#?}");
}

struct Row {
    id: String,
    kind: String,
    /// Of the request that a response answers.
    method: String,
    input: Vec<u8>,
    layer: Layer,
    expect: Map<String, Value>,
}

/// Who judges a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    Codec,
    Connection,
}

fn rows(file: &str) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(file);
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
        for name in ["source", "note"] {
            assert!(text(name).is_some_and(|text| !text.is_empty()), "{id} has no {name}");
        }
        let layer = match text("layer").as_deref() {
            None => Layer::Codec,
            Some("connection") => Layer::Connection,
            Some(other) => panic!("{id}: unknown layer {other}"),
        };
        assert!(method.is_none() || kind == "response", "{id}: a request has its own method");
        let input = bytes(&id, &input, fields.remove("fill"));
        let Some(Value::Object(expect)) = fields.remove("expect") else {
            panic!("{id} expects nothing")
        };
        assert!(fields.is_empty(), "{id}: unknown fields {fields:?}");
        let mut keys: Vec<&str> = expect.keys().map(String::as_str).collect();
        keys.sort_unstable();
        match (layer, &keys[..]) {
            (Layer::Codec, ["at", "error", "heads"] | ["accepted"]) => {}
            (Layer::Connection, ["refused"] | ["accepted"]) => {}
            _ => panic!("{id}: unknown expectation {keys:?}"),
        }
        Self { id, kind, method: method.unwrap_or_else(|| "GET".into()), input, layer, expect }
    }

    /// What the input came to, which must not depend on how it was cut.
    fn outcome(&self) -> Outcome {
        let read = |pieces: &[&[u8]]| match self.kind.as_str() {
            "request" => Reader::<RequestLine>::new(judge_request, "").read(pieces),
            "response" => Reader::<StatusLine>::new(judge_response, &self.method).read(pieces),
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

    fn verdict(&self, outcome: &Outcome) -> Result<(), String> {
        let listed = OFFSETS_DIFFER.iter().find(|(id, ..)| *id == self.id);
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
        let Some((_, instead, why)) = listed else {
            return equal("offset", json!(at), &self.expect["at"]);
        };
        println!("  {} differs: offset {instead}: {why}", self.id);
        if self.expect["at"] == *instead {
            return Err(format!("{} is listed and does not differ", self.id));
        }
        equal("listed offset", json!(at), &json!(instead))
    }
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

/// A head's name in the rows, and its framing.
type Judge<L> = fn(&Head<'_, L>, &str) -> Result<(Value, Framing), Error>;

fn judge_request(head: &Head<'_, RequestLine>, _method: &str) -> Result<(Value, Framing), Error> {
    Ok((json!(format!("{} {}", head.method(), head.target())), framing::request(head)?))
}

fn judge_response(head: &Head<'_, StatusLine>, method: &str) -> Result<(Value, Framing), Error> {
    Ok((json!(head.status()), framing::response(head, method)?))
}

/// Reads one message after the other, as a connection does.
struct Reader<'r, L> {
    judge: Judge<L>,
    method: &'r str,
    head: head::Decoder<L>,
    /// The body that is being read.
    body: Option<body::Decoder>,
    /// The verdict on a head whose framing is faulty: unlike a decoder's it has no other home.
    refused: Option<Error>,
    /// Where the head or body begins that is being read.
    base: u64,
    /// How much has been read.
    at: u64,
    messages: Vec<Message>,
}

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

impl<'r, L: StartLine> Reader<'r, L> {
    fn new(judge: Judge<L>, method: &'r str) -> Self {
        let (head, messages) = (head::Decoder::new(), Vec::new());
        Self { judge, method, head, body: None, refused: None, base: 0, at: 0, messages }
    }

    fn read(mut self, pieces: &[&[u8]]) -> Outcome {
        let mut left = pieces.iter();
        let error = left.find_map(|piece| self.feed(piece).err());
        let messages = self.messages.iter().map(Message::to_json).collect();
        let Some(error) = error else {
            return Outcome { error: self.finish().err(), messages };
        };
        // The end: whatever follows, the error repeats and nothing becomes a message.
        for piece in left.copied().chain([&b"GET /behind HTTP/1.1\r\n\r\n"[..]]) {
            assert_eq!(self.feed(piece), Err(error));
        }
        assert_eq!(self.messages.iter().map(Message::to_json).collect::<Vec<_>>(), messages);
        Outcome { messages, error: Some(error) }
    }

    fn feed(&mut self, mut input: &[u8]) -> Result<(), Error> {
        loop {
            if let Some(error) = self.refused {
                return Err(error);
            }
            let before = input.len();
            let over = match self.body {
                Some(_) => self.feed_body(&mut input),
                None => self.feed_head(&mut input),
            };
            let over = over.map_err(|error| error.after(self.base))?;
            self.at += (before - input.len()) as u64;
            match over {
                Step::Item(()) => {}
                Step::Done => self.base = self.at,
                Step::NeedInput => {
                    assert!(input.is_empty(), "bytes are left and more are asked for");
                    return Ok(());
                }
            }
        }
    }

    /// `Done` once the head is over.
    fn feed_head(&mut self, input: &mut &[u8]) -> Result<Step<()>, Error> {
        let head = match self.head.decode(input)? {
            Step::Item(head) => head,
            step => return Ok(step.map(|_| ())),
        };
        match (self.judge)(&head, self.method) {
            Ok((head, framing)) => {
                self.body = Some(body::Decoder::new(framing));
                self.messages.push(Message { head, body: Vec::new(), trailers: Vec::new() });
                Ok(Step::Done)
            }
            Err(error) => {
                self.refused = Some(error.after(self.base));
                Err(error)
            }
        }
    }

    /// `Done` once the body is over.
    fn feed_body(&mut self, input: &mut &[u8]) -> Result<Step<()>, Error> {
        let (Some(body), Some(message)) = (&mut self.body, self.messages.last_mut()) else {
            unreachable!("a body has a head")
        };
        let step = body.decode(input)?.map(|item| match item {
            body::Item::Data(piece) => message.body.extend(piece),
            body::Item::Trailers(piece) => message.trailers.extend(piece),
        });
        if step == Step::Done {
            self.body = None;
            self.head.reset();
        }
        Ok(step)
    }

    /// The peer's end of stream.
    fn finish(&mut self) -> Result<(), Error> {
        let ended = match &mut self.body {
            Some(body) => body.finish().map(|_| ()),
            None => self.head.finish().map(|_| ()),
        };
        ended.map_err(|error| error.after(self.base))
    }
}
