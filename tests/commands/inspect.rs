//! `inspect` as a person and a script use it.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::program::{inspect, run};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

#[test]
fn an_item_is_printed_as_soon_as_it_is_there() {
    let mut child =
        inspect().arg("sse").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for n in 0..3 {
        write!(stdin, "id: {n}\ndata: a\n\n").unwrap();
        stdin.flush().unwrap();
        let line = lines.next().unwrap().unwrap();
        let event = format!(r#"{{"item":"event","event":"message","data":"a","id":"{n}"}}"#);
        assert_eq!(line, event);
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn an_error_is_shown_in_its_place() {
    let (out, err, code) = run(&["chunked"], b"5\r\nhelloX");
    assert_eq!(code, 1);
    assert!(out.ends_with("{\"item\":\"data\",\"bytes\":\"aGVsbG8=\"}\n"), "{out}");
    assert!(err.starts_with("ChunkDataEnd: "), "{err}");
    assert!(err.contains("at byte 8, blame: peer"), "{err}");
    assert!(err.contains("\n  RFC 9112 7.1: a chunk's data is as long as its size says"), "{err}");
    assert!(err.contains("  5\\r\\nhelloX\n            ^\n"), "{err}");
    let (_, err, code) = run(&["ws", "--role", "server", "--eof"], b"\x81");
    assert_eq!(code, 1);
    assert!(err.starts_with("Truncated: ") && err.contains("at byte 1"), "{err}");
}

#[test]
fn cuts_and_the_end_of_the_stream() {
    let wire = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhi";
    for options in [&["response", "--eof"][..], &["response", "--eof", "--cut", "1"]] {
        let (out, _, code) = run(options, wire);
        let items: Vec<&str> = out.lines().map(|line| &line[9..13]).collect();
        assert_eq!(
            (items[0], items[1], *items.last().unwrap(), code),
            ("info", "resp", "end\"", 0)
        );
    }
    let (out, _, _) = run(&["response", "--method", "HEAD"], &wire[25..44]);
    assert!(out.ends_with("{\"item\":\"end\"}\n"), "{out}");
    let (out, _, _) = run(&["sse", "--eof"], b"id: 7\nretry: 5\n\n");
    assert!(out.ends_with("{\"item\":\"eof\",\"last_event_id\":\"7\",\"retry\":5}\n"), "{out}");
    let (out, _, _) = run(&["sse", "--eof"], b"data: x\n");
    assert!(out.starts_with("{\"item\":\"unfinished\"}\n"), "{out}");
}

#[test]
fn messages_are_judged_as_a_connection_judges_them() {
    let reject = |kind, wire: &[u8], options: &[&str]| {
        let (out, err, code) = run(&[&[kind], options].concat(), wire);
        assert_eq!(code, 1, "{out}");
        err.lines().next().unwrap().to_owned()
    };
    assert!(reject("request", b"GET / HTTP/1.1\r\n\r\n", &[]).starts_with("Host: "));
    let wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: a\r\n\r\n";
    assert!(reject("response", wire, &[]).starts_with("ForbiddenTrailer: "));
    // A response is still to come.
    let error = reject("response", b"HTTP/1.1 103 Early\r\n\r\n", &["--eof"]);
    assert!(error.starts_with("Truncated: "), "{error}");

    let (out, _, code) = run(&["response"], b"HTTP/1.1 204 No\r\nA: b\r\n c\r\n\r\n");
    assert!(code == 0 && out.contains(r#"["A","b   c"]"#), "{out}");
    // What follows the last message of a connection is not read.
    let wire = b"GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n";
    let (out, _, code) = run(&["request"], wire);
    assert_eq!((out.lines().count(), code), (2, 0), "{out}");
    let wire = b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n\0\x01";
    let (out, _, code) = run(&["request"], wire);
    assert!(code == 0 && out.ends_with("{\"item\":\"upgrade\"}\n"), "{out}");

    let (_, err, code) = run(&["response", "--method", "G T"], b"");
    assert!(code == 2 && err.contains("is no method"), "{err}");
}

/// Answers to batch jobs, without their id.
fn answer(job: &str) -> String {
    let (out, err, code) = run(&["batch"], job.as_bytes());
    assert_eq!((code, err.as_str()), (0, ""));
    out.trim_end().replacen("{\"id\":\"x\",", "{", 1)
}

#[test]
fn batch_answers_each_line() {
    // "5\r\nhello\r\n0\r\n\r\nGET": what follows the body is not its own.
    let job = r#"{"id":"x","kind":"chunked","input":"NQ0KaGVsbG8NCjANCg0KR0VU","cut":1}"#;
    assert_eq!(
        answer(job),
        r#"{"items":[{"item":"chunk","size":5,"extensions":[]},{"item":"data","bytes":"aGVsbG8="},{"item":"chunk","size":0,"extensions":[]},{"item":"end"}],"error":null,"consumed":15,"output":""}"#
    );
    // A ping of "Hello" and a close frame, from a client.
    let job = r#"{"id":"x","kind":"ws","role":"server","input":"iYU3+iE9f59NUViIggAAAAAD6A=="}"#;
    assert_eq!(
        answer(job),
        r#"{"items":[{"item":"ping","bytes":"SGVsbG8="},{"item":"close","code":1000,"reason":""}],"error":null,"consumed":19,"output":"igVIZWxsb4gCA+g="}"#
    );
    // An unmasked frame from a client is answered with 1002.
    let job = r#"{"id":"x","kind":"ws","role":"server","input":"gQA="}"#;
    assert_eq!(
        answer(job),
        r#"{"items":[],"error":{"kind":"Unmasked","at":1,"blame":"peer","close_code":1002},"consumed":1,"output":"iAID6g=="}"#
    );
    let job = r#"{"id":"x","kind":"request","input":"R0VUIC8gSFRUUC8xLjENCkE6IGINCg0K","options":{"limits":{"head":10}}}"#;
    assert_eq!(
        answer(job),
        r#"{"items":[],"error":{"kind":"HeadTooLong","at":10,"blame":"limit","status_hint":431,"rule":"RFC 9110 5.4: fields larger than a server wishes to process are answered with 4xx"},"consumed":10,"output":""}"#
    );
    let job =
        r#"{"id":"x","kind":"chunked","input":"NSANCg==","options":{"lenient":["chunk_blanks"]}}"#;
    assert!(answer(job).contains(r#""size":5"#));
    let job = r#"{"id":"x","kind":"sse","input":"ZGF0YTogYQoK","eof":true,"options":{"chunks":[3,2],"last_event_id":"9"}}"#;
    assert!(answer(job).contains(r#""id":"9"}"#));
}

#[test]
fn switches_and_limits_are_those_of_the_connection() {
    let ask = |kind, wire: &str, options: Value| {
        let input = STANDARD.encode(wire);
        let job = json!({"id": "x", "kind": kind, "input": input, "eof": true, "options": options});
        let answer: Value = serde_json::from_str(&answer(&job.to_string())).unwrap();
        answer["error"]["kind"].as_str().unwrap_or("none").to_owned()
    };
    let (request, response) = ("GET /ab HTTP/1.1\r\nHost: a\r\n", "HTTP/1.1 200 OK\r\n");
    for (kind, wire, switch, refused) in [
        ("request", format!("{request}A: b\r\n c\r\n\r\n"), "folds", "ObsFold"),
        ("response", format!("{response}A : b\r\n\r\n"), "space_before_colon", "SpaceBeforeColon"),
        ("response", "HTTP/1.1 099 Low\r\n\r\n".into(), "low_status", "Status"),
        (
            "response",
            format!("{response}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            "length_with_coding",
            "LengthWithCoding",
        ),
        (
            "response",
            format!("{response}Content-Length: 0\r\nTransfer-Encoding: identity\r\n\r\n"),
            "identity_coding",
            "LengthWithCoding",
        ),
    ] {
        assert_eq!(ask(kind, &wire, json!({})), refused, "{switch}");
        assert_eq!(ask(kind, &wire, json!({"lenient": [switch]})), "none", "{switch}");
    }
    let chunks =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0;abc\r\nA: b\r\n\r\n";
    for (wire, limit, refused) in [
        (format!("{request}\r\n").as_str(), "target", "TargetTooLong"),
        (&format!("{request}\r\n"), "head", "HeadTooLong"),
        (&format!("{request}A: b\r\n\r\n"), "fields", "TooManyFields"),
        (chunks, "overhead", "ChunkOverhead"),
        (chunks, "trailers", "TrailersTooLong"),
    ] {
        assert_eq!(ask("request", wire, json!({"limits": {limit: 1}})), refused, "{limit}");
        assert_eq!(ask("request", wire, json!({"limits": {limit: null}})), "none", "{limit}");
    }
}

#[test]
fn a_line_that_is_no_job_is_named_and_the_next_one_answered() {
    for bad in [
        "no json",
        r#"{"kind":"sse"}"#,
        r#"{"kind":"sse","input":"?"}"#,
        r#"{"kind":"smtp","input":""}"#,
        r#"{"kind":"response","input":"","method":"G T"}"#,
        r#"{"kind":"response","input":"","options":{"limits":{"target":1}}}"#,
        r#"{"kind":"ws","role":"proxy","input":""}"#,
        r#"{"kind":"sse","input":"","options":{"limits":{"height":1}}}"#,
        r#"{"kind":"sse","input":"","options":{"lenient":["all"]}}"#,
    ] {
        let input = format!("{bad}\n\n{{\"kind\":\"sse\",\"input\":\"\"}}\n");
        let (out, err, code) = run(&["batch"], input.as_bytes());
        assert_eq!((out.lines().count(), code), (1, 1), "{bad}");
        assert!(err.starts_with("inspect: not a job: "), "{err}");
    }
}
