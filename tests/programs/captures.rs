//! Bytes that real programs sent (`captures/`, recorded by `captures/record.sh`), decoded whole, at
//! every cut and one byte a call, and compared with what the programs were told to send.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs, iter};

use crate::support::batch::{Outcome, run};
use crate::support::{Inspector, Item, Job, Kind, Role};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

#[test]
fn every_capture_decodes_to_what_was_sent_at_every_cut() {
    let folder = env::var_os("WIREFEED_CAPTURES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/programs/captures"),
        PathBuf::from,
    );
    let index = fs::read_to_string(folder.join("index.jsonl")).unwrap();
    let mut programs = BTreeSet::new();
    let mut captures = 0;
    for line in index.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let wire = fs::read(folder.join(text(&entry["file"]))).unwrap();
        assert!(wire.len() <= 64 << 10, "{} is too long", entry["file"]);
        let cuts = check(&entry, &wire);
        println!("{:32} {:6} bytes, {cuts} cuts", text(&entry["file"]), wire.len());
        programs.insert(text(&entry["program"]).to_owned());
        captures += 1;
    }
    println!("{captures} captures of {} programs", programs.len());
    assert!(captures >= 12 && programs.len() >= 6, "the index is not whole");
}

/// Checks a capture; the number of cuts tried.
fn check(entry: &Value, wire: &[u8]) -> usize {
    let name = text(&entry["file"]);
    let mut job = Job::new(match text(&entry["kind"]) {
        "request" => Kind::Request,
        "response" => Kind::Response,
        "sse" => Kind::Sse,
        kind => panic!("{name}: unknown kind {kind}"),
    });
    if let Some(method) = entry["method"].as_str() {
        job.method = method.into();
    }
    let ends = entry["eof"] == true;
    let upgraded = entry["then"] == "ws";
    // The head of an upgrade is followed by another protocol's bytes, which end with the stream.
    let whole = run(&job, iter::once(wire), ends && !upgraded);
    assert_eq!(whole.error, None, "{name}");
    let mut cuts = at_every_cut(&job, wire, ends && !upgraded, &whole);
    let items: Vec<Value> = whole.items.iter().map(Item::to_json).collect();
    match job.kind {
        Kind::Sse => sent_events(entry, &items),
        _ => sent_messages(entry, &items),
    }
    if upgraded {
        assert_eq!(items.last().unwrap()["item"], "upgrade", "{name}");
        let mut job = Job::new(Kind::Ws);
        job.role = match text(&entry["role"]) {
            "server" => Role::Server,
            _ => Role::Client,
        };
        let frames = &wire[usize::try_from(whole.consumed).unwrap()..];
        let whole = run(&job, iter::once(frames), ends);
        assert_eq!(whole.error, None, "{name}");
        cuts += at_every_cut(&job, frames, ends, &whole);
        sent_frames(entry, &whole.items.iter().map(Item::to_json).collect::<Vec<_>>());
    }
    cuts
}

/// Decodes in two pieces at every cut, and in single bytes: always the same.
fn at_every_cut(job: &Job, wire: &[u8], ends: bool, whole: &Outcome) -> usize {
    assert_eq!(&run(job, wire.chunks(1), ends), whole);
    let cuts = cuts(job, wire);
    for &cut in &cuts {
        let (head, tail) = wire.split_at(cut);
        let halves = run(job, [head, tail].into_iter(), ends);
        assert_eq!(&halves, whole, "cut at {cut}");
    }
    cuts.len()
}

/// Every offset up to 4 KiB; above, those within 16 bytes of an item's or a line's end, and a thousand
/// others.
fn cuts(job: &Job, wire: &[u8]) -> BTreeSet<usize> {
    if wire.len() <= 4096 {
        return (0..=wire.len()).collect();
    }
    let mut cuts = BTreeSet::new();
    let (mut inspector, mut items) = (Inspector::new(job), Vec::new());
    for (i, byte) in wire.chunks(1).enumerate() {
        inspector.feed(byte, &mut items).unwrap();
        // Single bytes of a body are items too, and would make everything a boundary. Its chunks begin
        // and end with lines.
        let ends_item = items.drain(..).any(|item| !matches!(item, Item::Data(_)));
        let ends_line = job.kind != Kind::Ws && wire[..=i].ends_with(b"\n");
        if ends_item || ends_line {
            cuts.extend(i.saturating_sub(16)..(i + 17).min(wire.len()));
        }
    }
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    cuts.extend(
        iter::repeat_with(|| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random % wire.len() as u64) as usize
        })
        .take(1000),
    );
    cuts
}

fn sent_events(entry: &Value, items: &[Value]) {
    let of = |kind: &str| items.iter().filter(|item| item["item"] == kind).collect::<Vec<_>>();
    let expect = &entry["expect"];
    let events = list(&expect["events"]);
    assert_eq!(of("event").len(), events.len(), "{}", entry["file"]);
    for (found, event) in of("event").iter().zip(events) {
        for key in ["event", "data", "id"] {
            assert_eq!(found[key], event[key], "{}", entry["file"]);
        }
    }
    let comments: Vec<&Value> = of("comment").iter().map(|item| &item["text"]).collect();
    assert_eq!(comments, list(&expect["comments"]).iter().collect::<Vec<_>>());
    assert_eq!(items.last().unwrap()["retry"], expect["retry"]);
}

/// Messages, their bodies joined.
fn sent_messages(entry: &Value, items: &[Value]) {
    let name = text(&entry["file"]);
    let (mut found, mut interim, mut body) = (Vec::new(), Vec::new(), Vec::new());
    for item in items {
        match text(&item["item"]) {
            "request" | "response" => found.push((item, Vec::new(), Vec::new())),
            "informational" => interim.push(item["status"].clone()),
            "data" => body.extend(STANDARD.decode(text(&item["bytes"])).unwrap()),
            "end" => {
                let message = found.last_mut().unwrap();
                message.1 = std::mem::take(&mut body);
                message.2 = std::mem::take(&mut interim);
            }
            "trailers" | "upgrade" => {}
            other => panic!("{name}: {other}"),
        }
    }
    let messages = list(&entry["expect"]["messages"]);
    assert_eq!(found.len(), messages.len(), "{name}");
    for ((head, body, interim), message) in found.iter().zip(messages) {
        for key in ["method", "target", "status"] {
            assert!(message[key].is_null() || head[key] == message[key], "{name}: {message}");
        }
        if let Some(sum) = message["body_sha256"].as_str() {
            assert_eq!(hex(&Sha256::digest(body)), sum, "{name}: {message}");
        }
        if let Some(len) = message["body_len"].as_u64() {
            assert_eq!(body.len() as u64, len, "{name}: {message}");
        }
        assert_eq!(interim, message["interim"].as_array().unwrap_or(&Vec::new()), "{name}");
    }
}

fn sent_frames(entry: &Value, items: &[Value]) {
    let name = text(&entry["file"]);
    let of = |kinds: &[&str]| {
        let is = |item: &&Value| kinds.contains(&text(&item["item"]));
        items.iter().filter(is).collect::<Vec<_>>()
    };
    let expect = &entry["expect"];
    let sent = list(&expect["items"]);
    let found = of(&["text", "binary"]);
    assert_eq!(found.len(), sent.len(), "{name}");
    for (found, sent) in found.iter().zip(sent) {
        assert_eq!(found["item"], sent["item"], "{name}");
        if let Some(sum) = sent["sha256"].as_str() {
            let bytes = STANDARD.decode(text(&found["bytes"])).unwrap();
            assert_eq!(
                (hex(&Sha256::digest(&bytes)).as_str(), bytes.len() as u64),
                (sum, sent["len"].as_u64().unwrap())
            );
        } else {
            assert_eq!(found["data"], sent["data"], "{name}");
        }
    }
    assert!(of(&["ping"]).len() as u64 >= expect["pings"].as_u64().unwrap_or(0), "{name}");
    match of(&["close"])[..] {
        [] => assert!(expect["close"].is_null(), "{name}"),
        [close] => {
            assert_eq!(close["code"], expect["close"]["code"], "{name}");
            assert_eq!(close["reason"], expect["close"]["reason"], "{name}");
        }
        _ => panic!("{name}: two close frames"),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
