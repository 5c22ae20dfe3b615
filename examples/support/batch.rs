//! Jobs as JSON lines.
//!
//! `options` are `limits`, numbers or null for none, and `lenient`, a list of switches: the names
//! are those of the configs that they set, `h1::Config` for `request`, `response` and `chunked`.
//! `last_event_id` is for event streams, and `chunks` says where the input is cut.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::http;
use super::item::base64;
use super::{Fault, Inspector, Item, Job, Kind, Role};

/// The result of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub items: Vec<Item>,
    pub error: Option<Fault>,
    pub consumed: u64,
    pub output: Vec<u8>,
}

/// Runs a job on these pieces.
pub fn run<'p>(job: &Job, pieces: impl Iterator<Item = &'p [u8]>, eof: bool) -> Outcome {
    let mut inspector = Inspector::new(job);
    let (mut items, mut error) = (Vec::new(), None);
    for piece in pieces {
        let mut found = Vec::new();
        let result = inspector.feed(piece, &mut found);
        found.into_iter().for_each(|item| Item::push_merged(&mut items, item));
        if let Err(fault) = result {
            error = Some(fault);
            break;
        }
    }
    if eof && error.is_none() {
        error = inspector.finish(&mut items).err();
    }
    Outcome { items, error, consumed: inspector.consumed(), output: inspector.output() }
}

/// Answers a line.
pub fn answer(line: &str) -> Result<Value, String> {
    let line: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let input = STANDARD
        .decode(line["input"].as_str().ok_or("no input")?)
        .map_err(|error| error.to_string())?;
    let job = job(&line)?;
    let outcome = run(&job, pieces(&line, &input)?.into_iter(), line["eof"] == true);
    Ok(json!({
        "id": line["id"],
        "items": outcome.items.iter().map(Item::to_json).collect::<Vec<_>>(),
        "error": outcome.error.as_ref().map(Fault::to_json),
        "consumed": outcome.consumed,
        "output": base64(&outcome.output),
    }))
}

fn job(line: &Value) -> Result<Job, String> {
    let kind = match line["kind"].as_str() {
        Some("sse") => Kind::Sse,
        Some("chunked") => Kind::Chunked,
        Some("request") => Kind::Request,
        Some("response") => Kind::Response,
        Some("ws") => Kind::Ws,
        other => return Err(format!("unknown kind {other:?}")),
    };
    let mut job = Job::new(kind);
    match line.get("role").and_then(Value::as_str) {
        None => {}
        Some("server") => job.role = Role::Server,
        Some("client") => job.role = Role::Client,
        other => return Err(format!("unknown role {other:?}")),
    }
    if let Some(method) = line.get("method").and_then(Value::as_str) {
        job.method = http::method(method)?;
    }
    let options = &line["options"];
    if let Some(id) = options["last_event_id"].as_str() {
        job.last_event_id = id.into();
    }
    for switch in options["lenient"].as_array().into_iter().flatten() {
        match switch.as_str() {
            Some("chunk_blanks") => job.http.body.allow_blanks = true,
            Some("folds") => {
                (job.http.head.allow_folds, job.http.body.allow_folds) = (true, true);
            }
            Some("space_before_colon") => job.http.head.allow_space_before_colon = true,
            Some("low_status") => job.http.head.allow_low_status = true,
            Some("length_with_coding") => job.http.allow_length_with_coding = true,
            Some("identity_coding") => job.http.allow_identity_coding = true,
            Some("dispatch_at_eof") => job.sse.dispatch_at_eof = true,
            Some("skip_oversized") => job.sse.skip_oversized = true,
            other => return Err(format!("unknown switch {other:?}")),
        }
    }
    for (name, value) in options["limits"].as_object().unwrap_or(&Map::new()) {
        let limit = match value {
            Value::Null => None,
            value => Some(value.as_u64().ok_or_else(|| format!("{name} is no limit"))?),
        };
        let size = limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        match (kind, name.as_str()) {
            (Kind::Request | Kind::Response, "head") => job.http.head.head = size,
            (Kind::Request | Kind::Response, "fields") => job.http.head.fields = size,
            (Kind::Request, "target") => job.http.target = size,
            (Kind::Request | Kind::Response | Kind::Chunked, "overhead") => {
                job.http.body.overhead = size;
            }
            (Kind::Request | Kind::Response | Kind::Chunked, "trailers") => {
                job.http.body.trailers = size;
            }
            (Kind::Sse, "line") => job.sse.line = size,
            (Kind::Sse, "event") => job.sse.event = size,
            (Kind::Sse, "id") => job.sse.id = size,
            (Kind::Ws, "frame") => job.messages.frame = size,
            (Kind::Ws, "message") => job.messages.message = size,
            _ => return Err(format!("unknown limit {name}")),
        }
    }
    Ok(job)
}

/// The input as it is to be fed: in pieces of `cut` bytes, or of the lengths in `chunks`, or whole.
fn pieces<'i>(line: &Value, mut input: &'i [u8]) -> Result<Vec<&'i [u8]>, String> {
    if let Some(cut) = line.get("cut").and_then(Value::as_u64) {
        return Ok(input.chunks(usize::try_from(cut).unwrap_or(usize::MAX).max(1)).collect());
    }
    let mut pieces = Vec::new();
    for len in line["options"]["chunks"].as_array().into_iter().flatten() {
        let len = len.as_u64().ok_or("a chunk's length is no number")?;
        let len = usize::try_from(len).unwrap_or(usize::MAX).min(input.len());
        let (piece, rest) = input.split_at(len);
        pieces.push(piece);
        input = rest;
    }
    pieces.push(input);
    Ok(pieces)
}
