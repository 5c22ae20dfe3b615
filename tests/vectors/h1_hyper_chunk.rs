//! Chunk-size lines and chunked bodies: hyper.

use serde_json::{Value, json};

use crate::rows::{Differences, Elsewhere, Job, Suite, Verdict, body, bytes, equal, items, sizes};

pub(crate) const SUITE: Suite = Suite {
    name: "hyper_chunks",
    file: "http1_hyper_chunk.jsonl",
    known: &["hyper/chunk_size/", "hyper/chunked/"],
    total: 35,
    differences: &[DIFFERENCES, STRICTER],
    elsewhere: Elsewhere::Rows(&[]),
    verdict,
};

fn verdict(row: &Value) -> Verdict {
    let expect = &row["expect"];
    let more = json!({"eof": expect["outcome"] == "truncated"});
    let answer = Job::new("chunked", bytes(&row["input_b64"]), more).ask();
    let kind = &answer["error"]["kind"];
    match expect["outcome"].as_str().unwrap() {
        "complete" => {
            equal("error", kind, &Value::Null)?;
            let ends = usize::from(row["kind"] == "chunked-body");
            equal("ends", &json!(items(&answer, &["end"]).len()), &json!(ends))?;
        }
        "truncated" => equal("error", kind, &json!("Truncated"))?,
        "rejected" if kind.is_null() => return Err("accepted".into()),
        "rejected" => {}
        outcome => panic!("unknown outcome {outcome}"),
    }
    if let Some(size) = expect["size"].as_u64() {
        equal("sizes", &sizes(&answer), &json!([size]))?;
    }
    if expect["body_b64"].is_string() {
        equal("body", &body(answer["items"].as_array().unwrap()), &expect["body_b64"])?;
    }
    Ok(())
}

/// Where this crate refuses what hyper accepts.
const DIFFERENCES: Differences = &[
    ("RFC 9112 7.1: no white space between a size and CRLF", &["hyper/chunk_size/007"]),
    ("RFC 9112 7.1.1: an extension's name is a token", &["hyper/chunk_size/009"]),
    ("RFC 9112 7.1.1: an extension has a name", &["hyper/chunk_size/011"]),
    (
        "RFC 9112 7.1.1: an extension has a name, whatever stands before its ';'",
        &["hyper/chunk_size/014", "hyper/chunk_size/015"],
    ),
    (
        "RFC 9112 7.1.1: 'no CRLF' is no token: refused before it is truncated",
        &["hyper/chunk_size/026"],
    ),
];

/// Refused on purpose, unless `allow_blanks` is on: `guide/security.md` says why.
const STRICTER: Differences = &[(
    "RFC 9110 5.6.3: a recipient must remove the bad white space around ';'",
    &["hyper/chunk_size/012", "hyper/chunk_size/013"],
)];
