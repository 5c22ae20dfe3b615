//! What an `EventSource` does: web-platform-tests. Each row's server answers in its turn; what comes of
//! it is a log in the words of the table below, which says what the row's phrases mean.

use serde_json::Value;
use wirefeed::sse::client::Event;
use wirefeed::sse::{Command, EventSource, client};
use wirefeed::{Instant, Step};

use crate::rows::{Elsewhere, Suite, Verdict};

pub(crate) const SUITE: Suite = Suite {
    name: "connections",
    file: "sse_connection.jsonl",
    known: &["sse-conn/"],
    total: 31,
    differences: &[],
    elsewhere: Elsewhere::Judged(|row| {
        (row["id"] == "sse-conn/bad-url").then_some("the caller parses the URL")
    }),
    verdict,
};

fn verdict(row: &Value) -> Verdict {
    let id = row["id"].as_str().unwrap().trim_start_matches("sse-conn/");
    let found = Browser::new(&row["server"]).log(id);
    let expected = EXPECTED
        .iter()
        .find(|(ids, _)| ids.contains(&id))
        .unwrap_or_else(|| panic!("{id} has no row in the table"));
    if found == expected.1 {
        return Ok(());
    }
    Err(format!("{found:?} instead of {:?}", expected.1))
}

const OPEN: &str = "open";
const AGAIN: &str = "error, connecting";
const OVER: &str = "error, closed";

const EXPECTED: &[(&[&str], &[&str])] = &[
    (&["close"], &["connect", OPEN, "cancel"]),
    (
        &["reconnect-then-204"],
        &[
            "connect",
            OPEN,
            "message opened",
            AGAIN,
            "wait 2",
            "connect",
            OPEN,
            "message reconnected",
            AGAIN,
            "wait 2",
            "connect",
            OVER,
            "cancel",
        ],
    ),
    (&["reconnect-200"], &["connect", OPEN, AGAIN, "wait 2", "connect", OPEN, "message data"]),
    (
        &["reconnect-events"],
        &["connect", OPEN, "message ok", AGAIN, "wait 2", "connect", OPEN, "message data"],
    ),
    (
        &[
            "status-204",
            "status-205",
            "status-210",
            "status-299",
            "status-404",
            "status-410",
            "status-503",
            "mime-bogus",
            "mime-valid-bogus",
        ],
        &["connect", OVER, "cancel"],
    ),
    (
        &["redirect-301", "redirect-302", "redirect-303", "redirect-307"],
        &["connect", "redirect /sse", OPEN],
    ),
    (&["mime-trailing-semicolon", "accept"], &["connect", OPEN]),
    (&["cache-control"], &["connect", OPEN]),
    (&["mime-charset-ignored"], &["connect", OPEN, "message ok…"]),
    (
        &["retry-3000", "retry-bogus"],
        &["connect", OPEN, "message x", AGAIN, "wait 3000", "connect", OPEN],
    ),
    (
        &["last-event-id-sent"],
        &[
            "connect",
            OPEN,
            "message hello, id …",
            AGAIN,
            "wait 200",
            "connect, id …",
            OPEN,
            "message …, id …",
        ],
    ),
    (
        &["last-event-id-twice"],
        &[
            "connect",
            OPEN,
            "message hello, id …",
            AGAIN,
            "wait 200",
            "connect, id …",
            OPEN,
            AGAIN,
            "wait 200",
            "connect, id …",
            OPEN,
        ],
    ),
    (
        &["id-null-not-sent"],
        &["connect", OPEN, "message hello", AGAIN, "wait 200", "connect", OPEN],
    ),
    (
        &["partial-block-dropped"],
        &["connect", OPEN, "message test1", AGAIN, "wait 1000", "connect", OPEN, "message test1"],
    ),
    (&["bad-scheme", "cancel", "cors-fail"], &["connect", OVER]),
];

/// An HTTP without a network, and its clock.
struct Browser<'r> {
    source: EventSource<fn(&mut [u8])>,
    answers: std::slice::Iter<'r, Value>,
    now: Instant,
    log: Vec<String>,
}

impl<'r> Browser<'r> {
    fn new(server: &'r Value) -> Self {
        let entropy: fn(&mut [u8]) = |_| unreachable!("a browser's delays have no jitter");
        let mut policy = client::Config::default();
        // The rows are WebKit's and Chromium's, which come back as soon as the server says.
        policy.backoff.floor = std::time::Duration::ZERO;
        Self {
            source: EventSource::new("http://a/", policy, entropy),
            answers: server.as_array().unwrap().iter(),
            now: Instant::ZERO,
            log: Vec::new(),
        }
    }

    /// What happens until the server has no further answer, or nothing more is asked of it.
    fn log(mut self, id: &str) -> Vec<String> {
        loop {
            let (attempt, last_event_id, done) = match self.source.poll_command() {
                Some(Command::Connect { attempt, last_event_id, .. }) => {
                    let with = if last_event_id.is_empty() { "" } else { ", id " };
                    (attempt, last_event_id.to_owned(), format!("connect{with}{last_event_id}"))
                }
                Some(Command::Redirect { attempt, location, last_event_id }) => {
                    (attempt, last_event_id.to_owned(), format!("redirect {location}"))
                }
                Some(Command::Cancel { .. }) => {
                    self.log.push("cancel".into());
                    continue;
                }
                None => match self.source.poll_timeout() {
                    Some(at) => {
                        let wait = at.duration_since(self.now).as_millis();
                        self.log.push(format!("wait {wait}"));
                        self.now = at;
                        self.source.handle_timeout(at);
                        continue;
                    }
                    None if id == "close" && self.log.last().is_some_and(|last| last == OPEN) => {
                        self.source.close();
                        assert_eq!(
                            self.source.receive(1, &mut &b"data: a\n\n"[..], self.now),
                            Step::Done
                        );
                        continue;
                    }
                    None => return self.log,
                },
            };
            self.log.push(done);
            let Some(answer) = self.answers.next() else { return self.log };
            if matches!(id, "bad-scheme" | "cancel" | "cors-fail") {
                self.source.connection_failed(attempt, self.now);
            } else {
                self.answer(attempt, answer, &last_event_id);
            }
            self.pull(attempt, b"");
        }
    }

    fn answer(&mut self, attempt: u64, answer: &Value, last_event_id: &str) {
        let fields: Vec<(&str, &str)> =
            [("Content-Type", "content_type"), ("Location", "location")]
                .into_iter()
                .filter_map(|(name, key)| Some((name, answer[key].as_str()?)))
                .collect();
        let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
        self.source.response_head(attempt, status, &fields[..], self.now);
        if let Some(body) = answer["body"].as_str() {
            let body = body.replace("<value of Last-Event-ID>", last_event_id);
            for byte in body.as_bytes().chunks(1) {
                self.pull(attempt, byte);
            }
        }
        if answer["then"] == "EOF" {
            self.source.response_end(attempt, self.now);
        }
    }

    fn pull(&mut self, attempt: u64, mut input: &[u8]) {
        while let Step::Item(event) = self.source.receive(attempt, &mut input, self.now) {
            let line = match event {
                Event::Open => OPEN.into(),
                Event::Message(event) => match event.id {
                    None => format!("message {}", event.data),
                    Some(id) => format!("message {}, id {id}", event.data),
                },
                Event::Error(client::Disconnected { reconnects_in: Some(_), .. }) => AGAIN.into(),
                Event::Error(_) => OVER.into(),
                Event::Retry(_) | Event::Comment(_) | Event::Skipped(_) => continue,
            };
            self.log.push(line);
        }
    }
}
