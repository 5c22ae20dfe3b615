//! The framing of bodies, and what becomes of the connection: hyper.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::heads::{head, kind};
use crate::rows::{Differences, Elsewhere, Job, Suite, Verdict, body, bytes, equal, items};

pub(crate) const SUITE: Suite = Suite {
    name: "hyper_roles",
    file: "http1_hyper_role.jsonl",
    known: &["hyper/role/request/", "hyper/role/response/"],
    total: 40,
    differences: &[DIFFERENCES],
    elsewhere: Elsewhere::Rows(&[]),
    verdict,
};

// `content_length_dropped` stands only in rows with both framing fields, which are refused.
fn verdict(row: &Value) -> Verdict {
    let (kind, _) = kind(row);
    let method = row["request_method"].as_str().unwrap_or("GET");
    let job = Job::new(kind, bytes(&row["input_b64"]), json!({"method": method}));
    let expect = &row["expect"];
    let Some(head) = head(&job, &expect["outcome"])? else { return Ok(()) };
    let informational = expect["outcome"] == "informational-ignored";
    equal("informational", &json!(head["item"] == "informational"), &json!(informational))?;
    if informational {
        return equal("items", &job.ask()["items"], &json!([head]));
    }
    if let Some(framing) = expect["body_framing"].as_str() {
        framed(&job, framing)?;
    }
    let upgrade = !items(&job.ask(), &["upgrade"]).is_empty();
    equal("upgrade", &json!(upgrade), &json!(expect["upgrade"] == true))?;
    if expect["keep_alive"].is_boolean() {
        equal("keep_alive", &json!(!upgrade && persists(&head)), &expect["keep_alive"])?;
    }
    Ok(())
}

/// Whether a head is followed by a body of this framing: one is sent, and must end where it does.
fn framed(job: &Job, framing: &str) -> Verdict {
    let (wire, data, eof) = match framing.split_once(':').unwrap_or((framing, "")) {
        ("none", _) => (String::new(), String::new(), false),
        ("length", length) => {
            let data = "x".repeat(length.parse().unwrap());
            (data.clone(), data, false)
        }
        ("chunked", _) => ("1\r\nx\r\n0\r\n\r\n".into(), "x".into(), false),
        ("until-close", _) => ("x".into(), "x".into(), true),
        _ => panic!("unknown framing {framing}"),
    };
    let whole = [&job.input[..], wire.as_bytes()].concat();
    let mut more = job.more.clone();
    more["eof"] = json!(eof);
    let job = Job::new(job.kind, whole, more);
    let answer = job.ask();
    equal("error", &answer["error"], &Value::Null)?;
    let expected = json!({"item": "data", "bytes": STANDARD.encode(data)});
    equal("body", &body(answer["items"].as_array().unwrap()), &body([&expected]))?;
    if eof {
        let ends = |job: &Job| items(&job.ask(), &["end"]).len();
        let open = Job::new(job.kind, job.input.clone(), json!({"method": job.more["method"]}));
        return equal("ends", &json!([ends(&open), ends(&job)]), &json!([0, 1]));
    }
    job.comes_at(&["end"], 1, &json!(job.input.len()))
}

/// Whether the connection may be used again after this message (RFC 9112 9.3).
fn persists(head: &Value) -> bool {
    let fields = head["fields"].as_array().unwrap().iter();
    let options: Vec<String> = fields
        .filter(|field| field[0].as_str().unwrap().eq_ignore_ascii_case("connection"))
        .flat_map(|field| field[1].as_str().unwrap().split(','))
        .map(|option| option.trim().to_lowercase())
        .collect();
    let has = |option: &str| options.iter().any(|listed| listed == option);
    !has("close") && (head["version"] == "1.1" || has("keep-alive"))
}

/// Where this crate refuses what hyper accepts.
const DIFFERENCES: Differences = &[
    (
        "RFC 9112 6.1: a coding that is not understood is answered with 501",
        &["hyper/role/request/03", "hyper/role/request/04"],
    ),
    (
        "RFC 9112 6.1: a server may refuse Content-Length with Transfer-Encoding",
        &[
            "hyper/role/request/06",
            "hyper/role/request/07",
            "hyper/role/request/08",
            "hyper/role/request/09",
        ],
    ),
    (
        "RFC 9112 6.3: Content-Length with Transfer-Encoding ought to be an error",
        &["hyper/role/response/09"],
    ),
];
