//! Heads and bodies: h11.

use serde_json::{Value, json};

use crate::heads::{head, kind};
use crate::rows::{Differences, Elsewhere, Job, Suite, Verdict, body, bytes, equal, items};

pub(crate) const SUITE: Suite = Suite {
    name: "h11",
    file: "http1_h11.jsonl",
    known: &["h11/test_"],
    total: 46,
    differences: &[DIFFERENCES, STRICTER],
    elsewhere: Elsewhere::Rows(&[]),
    verdict,
};

fn verdict(row: &Value) -> Verdict {
    let (kind, front) = kind(row);
    let input = [front.into(), bytes(&row["input_b64"])].concat();
    let job = Job::new(kind, input, json!({"eof": row["eof"]}));
    let expect = &row["expect"];
    if row["scope"] == "head only" {
        return match head(&job, &expect["outcome"])? {
            Some(head) => event(&head, &expect["event"]),
            None => Ok(()),
        };
    }
    if expect["outcome"] == "rejected" {
        return job.refused();
    }
    let answer = job.ask();
    equal("error", &answer["error"], &Value::Null)?;
    let events = expect["events"].as_array().unwrap();
    let data = events.iter().filter(|event| event["type"] == "Data");
    let data: Value =
        data.map(|event| json!({"item": "data", "bytes": event["data_b64"]})).collect();
    equal("body", &body(answer["items"].as_array().unwrap()), &body(data.as_array().unwrap()))?;
    let ends = events.iter().filter(|event| event["type"] == "EndOfMessage");
    let trailers: Value = ends.clone().map(|end| end["headers"].clone()).collect();
    let none = json!({"fields": []});
    let found = items(&answer, &["trailers"]);
    let found = found.first().copied().unwrap_or(&none);
    match items(&answer, &["end"]).len() {
        0 => equal("no end, but trailers", &json!([]), &trailers),
        _ => equal("trailers", &json!([lower_case(&found["fields"])]), &trailers),
    }
}

/// Whether a head is the one that h11 tells of.
fn event(head: &Value, event: &Value) -> Verdict {
    let item = match (event["type"].as_str().unwrap(), head["status"].as_u64()) {
        ("Request", _) => "request",
        // What follows a 101 is no HTTP response, so that it is shown as a final one.
        ("InformationalResponse", Some(101)) | ("Response", _) => "response",
        ("InformationalResponse", _) => "informational",
        (kind, _) => panic!("an event of unknown type {kind}"),
    };
    equal("item", &head["item"], &json!(item))?;
    equal("version", &head["version"], &event["http_version"])?;
    equal("method", &head["method"], &event["method"])?;
    equal("target", &head["target"], &event["target"])?;
    equal("status", &head["status"], &event["status_code"])?;
    equal("reason", &head["reason"], &event["reason"])?;
    equal("fields", &lower_case(&head["fields"]), &event["headers"])
}

/// Fields with their names as h11 shows them.
fn lower_case(fields: &Value) -> Value {
    let fields = fields.as_array().unwrap().iter();
    fields.map(|field| json!([field[0].as_str().unwrap().to_lowercase(), field[1]])).collect()
}

/// Where this crate refuses what h11 accepts.
const DIFFERENCES: Differences = &[
    ("RFC 9112 7.1: no white space between a size and CRLF", &["h11/test_ChunkedReader/008"]),
    (
        "RFC 9110 5.5: control bytes in a value are invalid; a recipient may keep them",
        &["h11/test_allow_some_garbage_in_cookies/017"],
    ),
    (
        "RFC 9112 2.2: a line ends in CRLF; a recipient may accept a bare LF",
        &[
            "h11/test_readers_unusual/030",
            "h11/test_readers_unusual/031",
            "h11/test_readers_unusual/032",
        ],
    ),
    (
        "RFC 9112 5.2: a server refuses a folded line, or joins it",
        &["h11/test_readers_unusual/033"],
    ),
];

/// Refused on purpose, unless `allow_blanks` is on: `guide/security.md` says why.
const STRICTER: Differences = &[(
    "RFC 9110 5.6.3: a recipient must remove the bad white space around ';'",
    &["h11/test_ChunkedReader/007"],
)];
