//! Heads, where no more is known of what follows them.

use serde_json::{Value, json};

use crate::rows::{Job, equal};

/// Items that begin a message.
pub(crate) const HEADS: &[&str] = &["request", "response", "informational"];

/// A decoder for a row's kind, and what must stand in front of the row's input.
pub(crate) fn kind(row: &Value) -> (&'static str, String) {
    match row["kind"].as_str().unwrap() {
        "request" => ("request", String::new()),
        "response" => ("response", String::new()),
        "headers" => ("request", "GET / HTTP/1.1\r\n".into()),
        "chunked-body" | "chunk-size-line" => ("chunked", String::new()),
        "length-body" => {
            ("request", format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", row["length"]))
        }
        "until-close-body" => ("response", "HTTP/1.1 200 OK\r\n\r\n".into()),
        kind => panic!("a row of unknown kind {kind}"),
    }
}

/// Whether a head has this outcome; its item, if it is good.
pub(crate) fn head(job: &Job, outcome: &Value) -> Result<Option<Value>, String> {
    match outcome.as_str().unwrap() {
        "complete" | "accepted" | "informational-ignored" => {
            let answer = job.ask();
            equal("error", &answer["error"], &Value::Null)?;
            answer["items"].get(0).map(|head| Some(head.clone())).ok_or("incomplete".into())
        }
        "incomplete" => {
            let mut more = job.more.clone();
            more["eof"] = json!(true);
            let answer = Job::new(job.kind, job.input.clone(), more).ask();
            equal("items", &answer["items"], &json!([]))?;
            equal("error", &answer["error"]["kind"], &json!("Truncated"))?;
            Ok(None)
        }
        "rejected" => job.refused().map(|()| None),
        outcome => panic!("unknown outcome {outcome}"),
    }
}
