//! An `EventSource` that is called in any order, against a model of what it must keep.
#![no_main]

#[allow(dead_code, reason = "of the naive reader only its reading is needed")]
#[path = "naive/sse.rs"]
mod naive;

use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use wirefeed::sse::client::{Config, Event, ReadyState};
use wirefeed::sse::{Command, EventSource};
use wirefeed::{Instant, Step};

#[derive(Debug, Arbitrary)]
enum Op<'d> {
    Command,
    Head {
        stale: bool,
        status: u8,
        content_type: u8,
        location: u8,
        retry_after: u8,
    },
    /// The caller tells where its request went.
    Redirected {
        stale: bool,
        to: u8,
    },
    Receive {
        stale: bool,
        parts: Vec<Part<'d>>,
    },
    /// Everything that is owed is pulled.
    Pull,
    End {
        stale: bool,
    },
    Break {
        stale: bool,
    },
    Fail {
        stale: bool,
    },
    /// Time passes, up to the deadline or not as far.
    Time {
        early: bool,
        millis: u16,
    },
    Close,
}

/// What bodies are made of; any of them may come to its end in the middle of a line.
#[derive(Debug, Arbitrary)]
enum Part<'d> {
    Data,
    Event,
    Id(u8),
    Retry(u8),
    Colon,
    LineEnd,
    Whole(u8),
    Raw(&'d [u8]),
}

impl Part<'_> {
    fn push_to(&self, bytes: &mut Vec<u8>) {
        match self {
            Part::Data => bytes.extend_from_slice(b"data"),
            Part::Event => bytes.extend_from_slice(b"event"),
            Part::Id(id) => bytes.extend_from_slice(format!("id: {id}\n").as_bytes()),
            Part::Retry(ms) => bytes.extend_from_slice(format!("retry: {ms}\n").as_bytes()),
            Part::Colon => bytes.push(b':'),
            Part::LineEnd => bytes.push(b'\n'),
            Part::Whole(id) => bytes.extend_from_slice(format!("id: {id}\ndata: x\n\n").as_bytes()),
            Part::Raw(raw) => bytes.extend_from_slice(raw),
        }
    }
}

#[derive(Debug, Arbitrary)]
struct Choices {
    retry_refusals: bool,
    has_body: bool,
    resend: bool,
    redirects: u8,
    idle: Option<u8>,
    floor: u8,
    cap: Option<u8>,
    growth: u8,
    jitter: u8,
    dispatch_at_eof: bool,
}

const STATUSES: [u16; 12] = [200, 200, 200, 200, 301, 302, 307, 308, 204, 404, 429, 503];
const LOCATIONS: [Option<&str>; 6] =
    [None, Some("/b"), Some("//b/"), Some("http://c/"), Some("HTTPS://d/e"), Some("ftp://f/")];
const TYPES: [&str; 4] = ["text/event-stream", "text/event-stream;charset=utf-8", "text/html", ""];

/// How the present attempt stands, as far as its caller can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There is none, or what comes of it is nobody's any more.
    Over,
    /// The request was sent.
    Asked,
    /// The response points elsewhere.
    Redirected,
    /// The response is an event stream.
    Open,
}

/// The source, and what is known of it from outside.
struct Model {
    source: EventSource<fn(&mut [u8])>,
    policy: Config,
    /// Where the request is, where its response points, and how many did.
    url: String,
    location: &'static str,
    redirects: u8,
    now: Instant,
    attempt: u64,
    phase: Phase,
    /// The caller has a connection, and was not told to give it up.
    live: bool,
    /// The body of the present response, whether it has ended, and the last event id before it.
    body: Vec<u8>,
    ended: bool,
    /// What its end dispatches has not been pulled.
    owed: bool,
    id: String,
    /// Events of the present response.
    events: Vec<String>,
    ready: ReadyState,
}

impl Model {
    fn new(choices: &Choices) -> Self {
        let mut policy = Config::default();
        policy.retry_refusals = choices.retry_refusals;
        (policy.has_body, policy.resend) = (choices.has_body, choices.resend);
        policy.redirects = choices.redirects % 4;
        let millis = |millis: u8| Duration::from_millis(millis.into());
        policy.idle = choices.idle.map(millis);
        policy.backoff.floor = millis(choices.floor) + Duration::from_millis(1);
        policy.backoff.cap = choices.cap.map(millis);
        policy.backoff.growth = u32::from(choices.growth % 4);
        policy.backoff.jitter = choices.jitter;
        policy.stream.dispatch_at_eof = choices.dispatch_at_eof;
        Self {
            source: EventSource::new("http://a/", policy, |bytes: &mut [u8]| bytes.fill(7)),
            policy,
            url: "http://a/".into(),
            location: "",
            redirects: 0,
            now: Instant::ZERO,
            attempt: 0,
            phase: Phase::Over,
            live: false,
            body: Vec::new(),
            ended: false,
            owed: false,
            id: String::new(),
            events: Vec::new(),
            ready: ReadyState::Connecting,
        }
    }

    fn apply(&mut self, op: &Op<'_>) {
        match *op {
            Op::Command => drop(self.command()),
            Op::Head { stale, status, content_type, location, retry_after } => {
                let status = STATUSES[usize::from(status) % STATUSES.len()];
                let content_type = TYPES[usize::from(content_type) % TYPES.len()];
                let location = LOCATIONS[usize::from(location) % LOCATIONS.len()];
                self.head(stale, status, content_type, location, retry_after);
            }
            Op::Redirected { stale, to } => {
                let url = format!("http://told/{to}");
                self.source.redirected(self.name(stale), &url);
                if !stale && self.phase != Phase::Over {
                    self.url = url;
                }
            }
            Op::Receive { stale, ref parts } => {
                let mut bytes = Vec::new();
                parts.iter().for_each(|part| part.push_to(&mut bytes));
                self.receive(stale, &bytes);
            }
            Op::Pull => self.receive(false, b""),
            Op::End { stale } => {
                self.source.response_end(self.name(stale), self.now);
                if !stale && self.phase == Phase::Open && self.policy.stream.dispatch_at_eof {
                    (self.ended, self.owed) = (true, true);
                }
                self.over(stale);
            }
            Op::Break { stale } => {
                self.source.transport_error(self.name(stale), self.now);
                self.over(stale);
            }
            Op::Fail { stale } => {
                self.source.connection_failed(self.name(stale), self.now);
                self.over(stale);
            }
            Op::Time { early, millis } => self.time(early, Duration::from_millis(millis.into())),
            Op::Close => {
                self.source.close();
                self.ready = ReadyState::Closed;
                // What is owed comes no more.
                self.ended &= !self.owed;
                self.phase = Phase::Over;
            }
        }
        assert_eq!(self.source.ready_state(), self.ready);
    }

    /// The attempt to speak of: the present one, or one that is over.
    fn name(&self, stale: bool) -> u64 {
        if stale { self.attempt.wrapping_sub(1) } else { self.attempt }
    }

    /// The caller has told that there is no connection any more.
    fn over(&mut self, stale: bool) {
        if !stale && self.phase != Phase::Redirected {
            (self.phase, self.live) = (Phase::Over, false);
        }
    }

    /// The events that a blank line, or a last end that counts as one, has ended, and their last id.
    fn expected(&self) -> (Vec<String>, String) {
        let mut stream = format!("id: {}\n\n", self.id).into_bytes();
        stream.extend_from_slice(self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.body));
        let (mut items, id) = naive::read(&stream, self.ended);
        items.retain(|item| item.starts_with("event "));
        (items, id)
    }

    /// Takes one command; false where there is none.
    fn command(&mut self) -> bool {
        let (_, id) = self.expected();
        match self.source.poll_command() {
            None => return false,
            Some(Command::Cancel { attempt }) => {
                assert_eq!(attempt, self.attempt);
                (self.phase, self.live) = (Phase::Over, false);
            }
            Some(Command::Connect { attempt, url, last_event_id }) => {
                assert!(!self.live, "two connections at once");
                assert!(attempt > self.attempt, "attempts do not rise");
                assert_eq!((url, last_event_id), (&*self.url, sendable(&id)));
                (self.attempt, self.phase, self.live) = (attempt, Phase::Asked, true);
                self.redirects = 0;
                (self.id, self.ended) = (id, false);
                self.body.clear();
                self.events.clear();
                assert_eq!(self.ready, ReadyState::Connecting);
            }
            Some(Command::Redirect { attempt, location, last_event_id }) => {
                assert_eq!((attempt, self.phase), (self.attempt, Phase::Redirected));
                assert_eq!((location, last_event_id), (self.location, sendable(&id)));
                self.phase = Phase::Asked;
            }
        }
        true
    }

    fn head(
        &mut self,
        stale: bool,
        status: u16,
        content_type: &str,
        location: Option<&'static str>,
        after: u8,
    ) {
        let retry_after = after.to_string();
        let mut fields = vec![("Content-Type", content_type), ("Retry-After", &retry_after)];
        fields.extend(location.map(|location| ("Location", location)));
        self.source.response_head(self.name(stale), status, &fields[..], self.now);
        if stale || self.phase != Phase::Asked {
            return;
        }
        self.phase = match (status, location) {
            (200, _) if content_type.starts_with("text/event-stream") => Phase::Open,
            (301..=308, Some(location)) if self.redirects < self.policy.redirects => {
                self.redirects += 1;
                self.location = location;
                if location.to_ascii_lowercase().starts_with("http") {
                    self.url = location.into();
                }
                Phase::Redirected
            }
            _ => Phase::Over,
        };
    }

    /// Pulls until nothing is owed and the bytes are used up.
    fn receive(&mut self, stale: bool, bytes: &[u8]) {
        let (name, mut input) = (self.name(stale), bytes);
        let taken = !stale && self.phase == Phase::Open;
        let step = loop {
            let event = match self.source.receive(name, &mut input, self.now) {
                Step::Item(event) => event,
                Step::NeedInput => break Step::NeedInput,
                Step::Done => break Step::Done,
            };
            if let Event::Message(message) = event {
                self.events.push(naive::event(
                    message.event,
                    message.data,
                    message.id.unwrap_or_default(),
                ));
            }
            self.ready = match (self.ready, event) {
                (ReadyState::Connecting, Event::Open) => ReadyState::Open,
                (ReadyState::Connecting | ReadyState::Open, Event::Error(error)) => {
                    match error.reconnects_in {
                        Some(delay) => {
                            let floor = self.policy.backoff.floor;
                            assert!(delay >= floor);
                            assert!(
                                self.policy.backoff.cap.is_none_or(|cap| delay <= cap.max(floor))
                            );
                            ReadyState::Connecting
                        }
                        None => ReadyState::Closed,
                    }
                }
                (ReadyState::Open, Event::Message(_) | Event::Retry(_) | Event::Comment(_)) => {
                    ReadyState::Open
                }
                (ready, event) => panic!("{event:?} while {ready:?}"),
            };
            assert_eq!(self.source.ready_state(), self.ready);
        };
        let closed = self.ready == ReadyState::Closed;
        assert_eq!(step, if closed { Step::<()>::Done } else { Step::NeedInput });
        if taken {
            self.body.extend_from_slice(bytes);
        }
        assert!(closed || input.is_empty());
        self.owed = false;
        let (events, id) = self.expected();
        assert_eq!((&*id, &events), (self.source.last_event_id(), &self.events));
    }

    fn time(&mut self, early: bool, passed: Duration) {
        let deadline = self.source.poll_timeout();
        let later = self.now + passed;
        self.now = match deadline {
            Some(deadline) if early => later.min(deadline).max(self.now),
            Some(deadline) => deadline.max(self.now),
            None => later,
        };
        self.source.handle_timeout(self.now);
        // Time itself may end, where a server asks for all of it.
        let ends = self.now == Instant::ZERO + Duration::MAX;
        assert!(ends || self.source.poll_timeout().is_none_or(|next| next > self.now));
        if self.phase == Phase::Open && deadline.is_some_and(|deadline| deadline <= self.now) {
            self.phase = Phase::Over;
        }
    }

    /// Whatever was done, something will happen next, or nothing more ever will.
    fn has_a_next_step(&mut self) {
        self.receive(false, b"");
        while self.command() {}
        if self.ready == ReadyState::Closed {
            assert!(!self.live && self.source.poll_timeout().is_none());
        } else {
            let waits = matches!(self.phase, Phase::Asked | Phase::Open);
            assert!(waits || self.source.poll_timeout().is_some(), "{:?}", self.source);
        }
    }
}

fuzz_target!(|input: (Choices, Vec<Op<'_>>)| {
    let (choices, ops) = input;
    let mut model = Model::new(&choices);
    for op in &ops {
        model.apply(op);
    }
    model.has_a_next_step();
});

/// An id as far as a request can say it (RFC 9110 5.5).
fn sendable(id: &str) -> &str {
    if id.bytes().any(|byte| (byte < b' ' && byte != b'\t') || byte == 0x7f) { "" } else { id }
}
