//! Other projects' cases, read from the folder that `WIREFEED_VECTORS` names, through `inspect batch`:
//! at their own chunks, whole, and byte by byte.
//!
//! Every row is run, or listed with the reason; a row that no table knows fails, and so does a listed
//! difference that no longer differs.

mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The rows of a file; none where the vectors are not at hand.
fn rows(file: &str) -> Option<Vec<Value>> {
    let Some(folder) = env::var_os("WIREFEED_VECTORS") else {
        println!("{file}: not run, since WIREFEED_VECTORS is not set");
        return None;
    };
    let lines = fs::read_to_string(PathBuf::from(folder).join(file)).unwrap();
    Some(lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// A row as jobs: at its chunks, whole, byte by byte. What differs between them is told by no one else.
fn jobs(row: &Value, kind: &str, chunks: &[Vec<u8>], more: &Value) -> [Value; 3] {
    let input = STANDARD.encode(chunks.concat());
    let lens: Vec<usize> = chunks.iter().map(Vec::len).collect();
    let job = |extra: Value| {
        let mut job = json!({"id": row["id"], "kind": kind, "input": input});
        for object in [more, &extra] {
            for (key, value) in object.as_object().unwrap() {
                match (job.get_mut(key), value) {
                    (Some(Value::Object(into)), Value::Object(from)) => {
                        into.extend(from.clone());
                    }
                    _ => job[key] = value.clone(),
                }
            }
        }
        job
    };
    [job(json!({"options": {"chunks": lens}})), job(json!({})), job(json!({"cut": 1}))]
}

/// Runs all jobs in one process; the answer of each row, which must not depend on the cut.
fn answers(jobs: &[[Value; 3]]) -> BTreeMap<String, Value> {
    let input: String = jobs.iter().flatten().map(|job| format!("{job}\n")).collect();
    let (out, err, code) = common::run(&["batch"], input.as_bytes());
    assert_eq!((code, err.as_str()), (0, ""));
    let all: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(all.len(), 3 * jobs.len());
    let mut answers = BTreeMap::new();
    for three in all.chunks(3) {
        for answer in three {
            for key in ["items", "error", "output"] {
                assert_eq!(answer[key], three[0][key], "{}", answer["id"]);
            }
        }
        answers.insert(three[0]["id"].as_str().unwrap().to_owned(), three[0].clone());
    }
    answers
}

/// Compares verdicts with the list of differences, and prints the count.
fn conclude(
    file: &str,
    total: usize,
    verdicts: &BTreeMap<String, Result<(), String>>,
    differences: &[(&str, &str)],
    elsewhere: &[(String, &str)],
) {
    let mut wrong = Vec::new();
    for (id, verdict) in verdicts {
        match (verdict, differences.iter().find(|(listed, _)| listed == id)) {
            (Ok(()), Some(_)) => wrong.push(format!("{id} is listed and does not differ")),
            (Err(how), None) => wrong.push(format!("{id}: {how}")),
            (Err(how), Some((_, why))) => println!("  {id} differs: {how}: {why}"),
            (Ok(()), None) => {}
        }
    }
    for (id, _) in differences {
        assert!(verdicts.contains_key(*id), "{id} is listed and unknown");
    }
    for (id, why) in elsewhere {
        println!("  {id}: {why}");
    }
    let listed = differences.len() + elsewhere.len();
    println!("{file}: {} run, {listed} listed, {total} in all", verdicts.len());
    assert_eq!(verdicts.len() + elsewhere.len(), total, "{file}: rows are missing");
    assert!(wrong.is_empty(), "{file}: {wrong:#?}");
}

fn bytes(base64: &Value) -> Vec<u8> {
    STANDARD.decode(base64.as_str().unwrap()).unwrap()
}

fn items<'a>(answer: &'a Value, kind: &str) -> Vec<&'a Value> {
    let all = answer["items"].as_array().unwrap();
    all.iter().filter(|item| item["item"] == kind).collect()
}

fn equal(what: &str, found: &Value, expected: &Value) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what} {found} instead of {expected}"))
}

#[test]
fn event_streams() {
    let file = "sse_stream.jsonl";
    let Some(rows) = rows(file) else { return };
    let jobs: Vec<_> = rows
        .iter()
        .map(|row| {
            let chunks: Vec<_> = row["chunks_b64"].as_array().unwrap().iter().map(bytes).collect();
            let id = &row["initial_last_event_id"];
            jobs(row, "sse", &chunks, &json!({"eof": true, "options": {"last_event_id": id}}))
        })
        .collect();
    let answers = answers(&jobs);
    let verdicts = rows
        .iter()
        .map(|row| {
            let (id, expect) = (row["id"].as_str().unwrap(), &row["expect"]);
            let answer = &answers[id];
            let events: Value = items(answer, "event")
                .iter()
                .map(|item| {
                    json!({"type": item["event"], "data": item["data"], "last_event_id": item["id"]})
                })
                .collect();
            let comments: Value =
                items(answer, "comment").iter().map(|item| item["text"].clone()).collect();
            let eof = items(answer, "eof")[0];
            let verdict = equal("error", &answer["error"], &Value::Null)
                .and_then(|()| equal("events", &events, &expect["events"]))
                .and_then(|()| equal("comments", &comments, &expect["comments"]))
                .and_then(|()| equal("retry", &eof["retry"], &expect["retry_ms"]))
                .and_then(|()| equal("id", &eof["last_event_id"], &expect["last_event_id"]));
            (id.to_owned(), verdict)
        })
        .collect();
    conclude(file, rows.len(), &verdicts, &[], &[]);
    assert_eq!(rows.len(), 41);
}

#[test]
fn chunks() {
    let file = "http1_hyper_chunk.jsonl";
    let Some(rows) = rows(file) else { return };
    let known = |row: &Value| {
        let id = row["id"].as_str().unwrap();
        id.starts_with("hyper/chunk_size/") || id.starts_with("hyper/chunked/")
    };
    assert!(rows.iter().all(known), "a row that no table knows");
    let jobs: Vec<_> = rows
        .iter()
        .map(|row| {
            let truncated = row["expect"]["outcome"] == "truncated";
            jobs(
                row,
                "chunked",
                &[bytes(&row["input_b64"])],
                &json!({"eof": truncated, "options": {}}),
            )
        })
        .collect();
    let answers = answers(&jobs);
    let verdicts = rows
        .iter()
        .map(|row| {
            let (id, expect) = (row["id"].as_str().unwrap(), &row["expect"]);
            (id.to_owned(), chunk_verdict(&answers[id], expect))
        })
        .collect();
    conclude(file, rows.len(), &verdicts, STRICTER_CHUNKS, &[]);
    assert_eq!(rows.len(), 35);
}

fn chunk_verdict(answer: &Value, expect: &Value) -> Result<(), String> {
    let kind = &answer["error"]["kind"];
    match expect["outcome"].as_str().unwrap() {
        "complete" => equal("error", kind, &Value::Null)?,
        "truncated" => equal("error", kind, &json!("Truncated"))?,
        "rejected" if kind.is_null() => return Err("accepted".into()),
        "rejected" => {}
        outcome => panic!("unknown outcome {outcome}"),
    }
    if let Some(size) = expect["size"].as_u64() {
        let sizes: Vec<_> = items(answer, "chunk").iter().map(|item| &item["size"]).collect();
        equal("sizes", &json!(sizes), &json!([size]))?;
    }
    if let Some(body) = expect["body_b64"].as_str() {
        let data: Vec<u8> =
            items(answer, "data").iter().flat_map(|item| bytes(&item["bytes"])).collect();
        equal("body", &json!(STANDARD.encode(data)), &json!(body))?;
    }
    Ok(())
}

/// Where this crate refuses what hyper accepts.
const STRICTER_CHUNKS: &[(&str, &str)] = &[
    ("hyper/chunk_size/007", "RFC 9112 7.1: no white space after a size"),
    ("hyper/chunk_size/009", "RFC 9112 7.1.1: an extension's name is a token"),
    ("hyper/chunk_size/011", "RFC 9112 7.1.1: an extension has a name"),
    (
        "hyper/chunk_size/012",
        "RFC 9112 7.1.1: white space after ';' is bad; refused unless allowed",
    ),
    (
        "hyper/chunk_size/013",
        "RFC 9112 7.1.1: white space before ';' is bad; refused unless allowed",
    ),
    ("hyper/chunk_size/014", "RFC 9112 7.1.1: white space before ';', and no name"),
    ("hyper/chunk_size/015", "RFC 9112 7.1.1: white space before ';', and no name"),
    (
        "hyper/chunk_size/026",
        "RFC 9112 7.1.1: 'no CRLF' is no token: refused before it is truncated",
    ),
];

#[test]
fn frames_and_the_handshake() {
    let file = "ws_rfc_wpt.jsonl";
    let Some(rows) = rows(file) else { return };
    let (mut run, mut elsewhere, mut verdicts) = (Vec::new(), Vec::new(), BTreeMap::new());
    for row in &rows {
        let id = row["id"].as_str().unwrap().to_owned();
        match (row["kind"].as_str().unwrap(), row["permessage_deflate"] == true) {
            ("frames", false) => run.push(row),
            ("frames", true) => elsewhere.push((id, "permessage-deflate")),
            ("api", _) => elsewhere.push((id, "the browser's API")),
            ("handshake", _) => {
                let accept =
                    wirefeed::ws::handshake::accept(row["key"].as_str().unwrap().as_bytes());
                let accept = json!(std::str::from_utf8(&accept).unwrap());
                verdicts.insert(id, equal("accept", &accept, &row["expect"]["accept"]));
            }
            (kind, _) => panic!("{id}: a row of unknown kind {kind}"),
        }
    }
    let jobs: Vec<_> = run
        .iter()
        .map(|row| {
            let more = json!({"role": row["receiver_role"], "options": {}});
            jobs(row, "ws", &[bytes(&row["input_b64"])], &more)
        })
        .collect();
    let answers = answers(&jobs);
    for row in &run {
        let id = row["id"].as_str().unwrap();
        verdicts.insert(id.to_owned(), frame_verdict(&answers[id], row));
    }
    conclude(file, rows.len(), &verdicts, &[], &elsewhere);
    assert_eq!(verdicts.len(), 8);
}

fn frame_verdict(answer: &Value, row: &Value) -> Result<(), String> {
    equal("error", &answer["error"], &Value::Null)?;
    let (expect, items) = (&row["expect"], answer["items"].as_array().unwrap());
    let payload = |item: &Value| match item["data"].as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => bytes(&item["bytes"]),
    };
    // A message is shown joined: its one frame, or what the row says of the whole.
    let expected = match (expect["message"].as_str(), &expect["frames"].as_array().unwrap()[..]) {
        (Some(message), _) => message.as_bytes().to_vec(),
        (None, [frame]) => {
            let names = [(1, "text"), (2, "binary"), (9, "ping"), (10, "pong")];
            let name = names.iter().find(|(opcode, _)| frame["opcode"] == *opcode).unwrap().1;
            equal("item", &items[0]["item"], &json!(name))?;
            match frame["payload"].as_str() {
                Some(payload) => payload.as_bytes().to_vec(),
                None => {
                    let len = json!(payload(&items[0]).len());
                    return equal("length", &len, &frame["payload_len"]);
                }
            }
        }
        other => panic!("{}: {other:?}", row["id"]),
    };
    equal("items", &json!(items.len()), &json!(1))?;
    equal("payload", &json!(payload(&items[0])), &json!(expected))?;
    if let Some("masked pong with body Hello") = expect["reply"].as_str() {
        let pong = [&[0x8a, 0x85, 0, 0, 0, 0][..], b"Hello"].concat();
        equal("reply", &answer["output"], &json!(STANDARD.encode(pong)))?;
    }
    Ok(())
}
