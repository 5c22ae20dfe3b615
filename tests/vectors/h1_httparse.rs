//! Heads and chunk-size lines: httparse.

use serde_json::{Value, json};

use crate::heads::{HEADS, head, kind};
use crate::rows::{Differences, Elsewhere, Job, Suite, Verdict, bytes, equal, sizes};

pub(crate) const SUITE: Suite = Suite {
    name: "httparse",
    file: "http1_httparse.jsonl",
    known: &["httparse/test_request_", "httparse/test_response_", "httparse/chunk_size/"],
    total: 51,
    differences: &[DIFFERENCES],
    elsewhere: Elsewhere::Rows(&[]),
    verdict,
};

fn verdict(row: &Value) -> Verdict {
    let (kind, _) = kind(row);
    let job = Job::new(kind, bytes(&row["input_b64"]), json!({}));
    let expect = &row["expect"];
    if kind != "chunked" {
        return match head(&job, &expect["outcome"])? {
            Some(_) => job.comes_at(HEADS, 1, &expect["head_len"]),
            None => Ok(()),
        };
    }
    match expect["outcome"].as_str().unwrap() {
        "complete" => {
            let answer = job.ask();
            equal("error", &answer["error"], &Value::Null)?;
            equal("sizes", &sizes(&answer), &json!([expect["size"]]))?;
            job.comes_at(&["chunk"], 1, &expect["consumed"])
        }
        "incomplete" => {
            let answer = job.ask();
            equal("error", &answer["error"], &Value::Null)?;
            equal("items", &answer["items"], &json!([]))
        }
        "rejected" => job.refused(),
        outcome => panic!("unknown outcome {outcome}"),
    }
}

/// Where this crate refuses what httparse accepts.
const DIFFERENCES: Differences = &[
    (
        "RFC 9112 2.2: a line ends in CRLF; a recipient may accept a bare LF",
        &[
            "httparse/test_request_newlines",
            "httparse/test_request_empty_lines_prefix_lf_only",
            "httparse/test_request_path_backslash",
            "httparse/test_response_newlines",
            "httparse/test_response_no_cr",
        ],
    ),
    (
        "RFC 9112 2.2: at least one empty line before a request is skipped: one, not two",
        &["httparse/test_request_empty_lines_prefix"],
    ),
    (
        "RFC 9112 2.1: a response begins with its status line",
        &["httparse/test_response_empty_lines_prefix_lf_only"],
    ),
    ("RFC 9112 7.1.1: an extension's name is a token", &["httparse/chunk_size/040"]),
    ("RFC 9112 7.1.1: no white space between an extension and CRLF", &["httparse/chunk_size/041"]),
];
