//! Heads and chunked bodies: picohttpparser.

use serde_json::{Value, json};

use crate::heads::{head, kind};
use crate::rows::{Differences, Elsewhere, Job, Suite, Verdict, body, bytes, equal, items, sizes};

pub(crate) const SUITE: Suite = Suite {
    name: "picohttpparser",
    file: "http1_picohttpparser.jsonl",
    known: &["pico/request/", "pico/response/", "pico/headers/", "pico/chunked"],
    total: 90,
    differences: &[DIFFERENCES, STRICTER],
    elsewhere: Elsewhere::Rows(&[]),
    verdict,
};

fn verdict(row: &Value) -> Verdict {
    let (kind, front) = kind(row);
    let job = Job::new(kind, [front.into(), bytes(&row["input_b64"])].concat(), json!({}));
    match kind {
        "chunked" => chunked(job, row),
        _ => head(&job, &row["expect"]["outcome"]).map(|_| ()),
    }
}

fn chunked(mut job: Job, row: &Value) -> Verdict {
    let expect = &row["expect"];
    let outcome = expect["outcome"].as_str().unwrap();
    if outcome == "rejected" {
        return job.refused();
    }
    let (whole, left) = (job.input.len(), expect["unconsumed"].as_u64().unwrap_or(0));
    let consumed = json!(whole as u64 - left);
    let trailers = row["consume_trailer"] == true;
    if !trailers && outcome == "complete" {
        // Without trailers a body is over after the last size line: no more than that is fed.
        job.input.truncate(whole - usize::try_from(left).unwrap());
    }
    let answer = job.ask();
    equal("error", &answer["error"], &Value::Null)?;
    if expect["body_b64"].is_string() {
        equal("body", &body(answer["items"].as_array().unwrap()), &expect["body_b64"])?;
    }
    let sizes = sizes(&answer);
    let sizes = sizes.as_array().unwrap();
    match (outcome, trailers) {
        ("complete", true) => {
            equal("consumed", &answer["consumed"], &consumed)?;
            job.comes_at(&["end"], 1, &consumed)
        }
        ("complete", false) => {
            equal("the last size", sizes.last().unwrap_or(&Value::Null), &json!(0))?;
            job.comes_at(&["chunk"], sizes.len(), &consumed)
        }
        ("incomplete", true) => equal("ends", &json!(items(&answer, &["end"])), &json!([])),
        ("incomplete", false) => {
            equal("a last size", &json!(sizes.contains(&json!(0))), &json!(false))
        }
        _ => panic!("unknown outcome {outcome}"),
    }
}

/// Where this crate refuses what picohttpparser accepts.
const DIFFERENCES: Differences = &[
    (
        "RFC 9112 5.2: a server refuses a folded line, or joins it",
        &["pico/request/004-parse multiline"],
    ),
    (
        "RFC 9112 3.2: a target is a part of a URI, which is ASCII",
        &["pico/request/029-accept MSB chars"],
    ),
    (
        "RFC 9112 3: one SP between the parts; a recipient may split at any white space",
        &["pico/request/033-accept multiple spaces between tokens"],
    ),
    (
        "RFC 9112 4: one SP between the parts; a recipient may split at any white space",
        &["pico/response/062-accept multiple spaces between tokens"],
    ),
    (
        "RFC 9112 2.2: a line ends in CRLF; a recipient may accept a bare LF",
        &["pico/chunked/078", "pico/chunked/079", "pico/response/049-incomplete 11"],
    ),
];

/// Refused on purpose: `guide/security.md` says why.
const STRICTER: Differences = &[(
    "RFC 9110 5.6.3: a recipient must remove the bad white space around ';'",
    &["pico/chunked/070"],
)];
