//! Messages one after the other, whole and cut off: llhttp.
//!
//! Not compared, since no item shows it: where a message starts, and `content_length_field`, which
//! the end of the message proves. A pause changes no result.

mod differences;

use serde_json::{Value, json};

use self::differences::DIFFERENCES;
use crate::heads::HEADS;
use crate::rows::{Elsewhere, Job, Suite, Verdict, body, bytes, equal, items, sizes};

pub(crate) const SUITE: Suite = Suite {
    name: "llhttp",
    file: "http1_llhttp.jsonl",
    known: &["llhttp/request/", "llhttp/response/"],
    total: 251,
    differences: &[DIFFERENCES],
    elsewhere: Elsewhere::Judged(|row| match row["mode"].as_str().unwrap() {
        "strict" => None,
        mode if mode.starts_with("lenient:") => Some("a leniency of llhttp's"),
        mode => panic!("unknown mode {mode}"),
    }),
    verdict,
};

fn verdict(row: &Value) -> Verdict {
    let kind = match row["kind"].as_str().unwrap() {
        "request" => "request",
        "response" => "response",
        kind => panic!("a row of unknown kind {kind}"),
    };
    let method = if row["skip_body"] == true { "HEAD" } else { "GET" };
    let job = Job::new(kind, bytes(&row["input_b64"]), json!({"method": method}));
    let (answer, expect) = (job.ask(), &row["expect"]);
    let outcome = &expect["outcome"];
    let expected = expect["messages"].as_array().unwrap();
    let upgrades = items(&answer, &["upgrade"]).len();
    match outcome["result"].as_str().unwrap() {
        "rejected" => {
            job.refused()?;
            return seen(&messages(&answer), expected);
        }
        "accepted" => equal("upgrades", &json!(upgrades), &json!(0))?,
        "upgrade" => {
            equal("upgrades", &json!(upgrades), &json!(1))?;
            equal("consumed", &answer["consumed"], &outcome["offset"])?;
        }
        result => panic!("unknown result {result}"),
    }
    equal("error", &answer["error"], &Value::Null)?;
    let found = messages(&answer);
    let begun = expected.iter().filter(|message| message["headers_complete"] == true).count();
    equal("messages", &json!(found.len()), &json!(begun))?;
    for (n, (found, expected)) in found.iter().zip(expected).enumerate() {
        message(found, expected).map_err(|how| format!("message {n}: {how}"))?;
        places(&job, n + 1, expected)?;
    }
    match row["finish"] == true {
        true => finish(&job, found.len(), row),
        false => Ok(()),
    }
}

/// The items of each message.
fn messages(answer: &Value) -> Vec<&[Value]> {
    let items = answer["items"].as_array().unwrap();
    let begins = |item: &Value| HEADS.iter().any(|kind| item["item"] == *kind);
    items.chunk_by(|_, next| !begins(next)).collect()
}

/// What comes before a fault. A head may be refused for what llhttp tells only after it; a message
/// that has ended must not.
fn seen(found: &[&[Value]], expected: &[Value]) -> Verdict {
    let ended = expected.iter().filter(|message| message["complete"] == true).count();
    if found.len() < ended || found.len() > expected.len() {
        return Err(format!("{} messages, of which {ended} end", found.len()));
    }
    found.iter().zip(expected).try_for_each(|(found, expected)| message(found, expected))
}

fn message(items: &[Value], expected: &Value) -> Verdict {
    let (head, rest) = items.split_first().unwrap();
    equal("method", &head["method"], &expected["method"])?;
    equal("target", &head["target"], &expected["url"])?;
    equal("status", &head["status"], &expected["status"])?;
    if head["status"].is_number() {
        equal("reason", &head["reason"], &json!(expected["reason"].as_str().unwrap_or("")))?;
    }
    equal("protocol", &json!("HTTP"), &expected["protocol"])?;
    equal("version", &head["version"], &expected["version"])?;
    equal("fields", &head["fields"], &trimmed(&expected["headers"]))?;
    equal("body", &body(rest), &expected["body_b64"])?;
    let named = |name: &str| rest.iter().find(|item| item["item"] == name);
    let trailers = named("trailers").map_or(json!([]), |item| item["fields"].clone());
    equal("trailers", &trailers, &expected["trailers"])?;
    let complete = head["item"] == "informational" || named("end").is_some();
    equal("complete", &json!(complete), &expected["complete"])
}

/// Fields without the white space that llhttp leaves behind a value (RFC 9112 5.1).
fn trimmed(fields: &Value) -> Value {
    let value = |field: &Value| field[1].as_str().unwrap().trim_end_matches([' ', '\t']).to_owned();
    fields.as_array().unwrap().iter().map(|field| json!([field[0], value(field)])).collect()
}

/// Where the `n`th message's head and the message end, and the sizes of its chunks.
fn places(job: &Job, n: usize, expected: &Value) -> Verdict {
    job.comes_at(HEADS, n, &expected["headers_end"])?;
    if expected["complete"] == true {
        job.comes_at(&["end", "informational"], n, &expected["end"])?;
    }
    if expected["chunks"] == json!([]) {
        return Ok(());
    }
    let offset = |key: &str| expected[key].as_u64().map(|at| usize::try_from(at).unwrap());
    let chunked = offset("headers_end").unwrap()..offset("end").unwrap_or(job.input.len());
    let answer = Job::new("chunked", job.input[chunked].to_vec(), json!({})).ask();
    equal("chunks", &sizes(&answer), &expected["chunks"])
}

/// What the end of the stream is after this many messages.
fn finish(job: &Job, messages: usize, row: &Value) -> Verdict {
    let more = json!({"method": job.more["method"], "eof": true});
    let answer = Job::new(job.kind, job.input.clone(), more).ask();
    let log = row["llhttp_log"].as_array().unwrap().last().unwrap().as_str().unwrap();
    let (_, safe) = log.rsplit_once("finish=").unwrap();
    let ends = |answer: &Value| items(answer, &["end"]).len();
    let (before, after) = (ends(&job.ask()), ends(&answer));
    match safe {
        "0" => equal("ends", &json!([before, after]), &json!([messages, messages])),
        "1" => equal("ends", &json!([before, after]), &json!([messages - 1, messages])),
        "2" => return equal("error", &answer["error"]["kind"], &json!("Truncated")),
        _ => panic!("unknown end {log}"),
    }?;
    equal("error", &answer["error"], &Value::Null)
}
