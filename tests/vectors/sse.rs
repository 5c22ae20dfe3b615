//! Event streams: web-platform-tests, httpx-sse.

use serde_json::{Value, json};

use crate::rows::{Elsewhere, Job, Suite, Verdict, bytes, equal, items};

pub(crate) const SUITE: Suite = Suite {
    name: "event_streams",
    file: "sse_stream.jsonl",
    known: &["sse/"],
    total: 41,
    differences: &[],
    elsewhere: Elsewhere::Rows(&[]),
    verdict,
};

fn verdict(row: &Value) -> Verdict {
    let chunks: Vec<_> = row["chunks_b64"].as_array().unwrap().iter().map(bytes).collect();
    let more = json!({
        "eof": true,
        "options": {"last_event_id": row["initial_last_event_id"]},
    });
    let mut job = Job::new("sse", chunks.concat(), more);
    job.chunks = chunks.iter().map(Vec::len).collect();
    let (answer, expect) = (job.ask(), &row["expect"]);
    let events: Value = items(&answer, &["event"])
        .iter()
        .map(|item| json!({"type": item["event"], "data": item["data"], "last_event_id": item["id"]}))
        .collect();
    let comments: Value =
        items(&answer, &["comment"]).iter().map(|item| item["text"].clone()).collect();
    let eof = items(&answer, &["eof"])[0];
    equal("error", &answer["error"], &Value::Null)?;
    equal("events", &events, &expect["events"])?;
    equal("comments", &comments, &expect["comments"])?;
    equal("retry", &eof["retry"], &expect["retry_ms"])?;
    equal("id", &eof["last_event_id"], &expect["last_event_id"])
}
