//! A client's and a server's connection, wired together, all four halves driven apart.

pub(crate) mod asking;
mod halves;
pub(crate) mod message;
pub(crate) mod plan;
pub(crate) mod serving;

use wirefeed::Instant;
use wirefeed::h1::{Config, ErrorKind};

use crate::contract;
use crate::kit::{Dice, Link, Simulation, earliest, in_turns, millis, run};
use asking::Asking;
use message::Seen;
use plan::Plan;
use serving::Serving;

struct Pair<'p> {
    client: Asking<'p>,
    server: Serving<'p>,
    up: Link,
    down: Link,
    order: Dice,
}

impl Simulation for Pair<'_> {
    fn turn(&mut self, now: Instant) -> bool {
        let Self { client, server, up, down, order } = self;
        in_turns(order, 4, |task| match task {
            0 => client.write(up, down, now),
            1 => server.read(up, now),
            2 => server.write(up, down, now),
            _ => client.read(down, now),
        })
    }

    fn wake(&self, now: Instant) -> Option<Instant> {
        earliest([self.client.wake(now), self.server.wake(now)])
    }
}

/// Runs a plan, and compares what was received with what it says.
pub(crate) fn check(plan: &Plan) {
    let untimed = without_deadlines();
    let (mut client, mut server) = (untimed, untimed);
    if plan.judge.is_client() {
        client = Config::client();
        client.body_timeout = Config::server().body_timeout;
    }
    if plan.judge.is_server() {
        server = Config::server();
    }
    client.output = plan.client.limit;
    server.output = plan.server.limit;
    let mut pair = Pair {
        client: Asking::new(&client, plan),
        server: Serving::new(&server, &plan.server, &plan.answers, &plan.dice),
        up: Link::new(plan.capacity),
        down: Link::new(plan.capacity),
        order: Dice::new(&plan.dice, 7),
    };
    let ended = run(&mut pair);
    let Pair { client, server, up, down, .. } = &pair;

    // One answer to each request, its own, with the informational heads before it.
    let exchanges = plan.exchanges();
    for (n, response) in client.responses().iter().enumerate() {
        assert_eq!(response.number, Some(n), "a response to another request");
        let answer = &plan.answers[n];
        assert_eq!(response.status, answer.status);
        assert!(usize::from(answer.interim) >= response.interim, "an informational head too many");
    }
    if plan.late_token.is_some() {
        // A response before its token belongs to no request: the connection ends.
        assert!(up.is_shut() && down.is_shut(), "neither side ended the connection at {ended:?}");
        return;
    }
    let silent = plan.answers[..exchanges].iter().any(|answer| answer.silent);
    let answered = exchanges - usize::from(silent);
    assert_eq!(client.responses().len(), answered, "{:?}", (client.error(), server.error(), ended));
    for (n, response) in client.responses().iter().enumerate() {
        let (ask, answer) = (&plan.asks[n], &plan.answers[n]);
        let bodiless = ask.method == "HEAD" || matches!(answer.status, 204 | 304);
        response.compare(n, &answer.body, bodiless, true);
        assert_eq!(response.interim, usize::from(answer.interim), "informational heads");
    }
    // A server that closes with an early answer does not wait for the rest of the request.
    assert_eq!(server.requests().len(), exchanges);
    for (n, request) in server.requests().iter().enumerate() {
        let may_be_cut = n + 1 == exchanges && (plan.closes(n) || silent);
        request.compare(n, &plan.asks[n].body, false, !may_be_cut);
    }
    // Either half may see that an answer is late.
    if let Some(error) = client.error() {
        assert!(silent && error.kind == ErrorKind::TimedOut, "{error:?}");
    }
    match client.gave_up_at {
        Some(given_up) => {
            assert!(silent, "a server that answers is given up");
            judge_silence(client, given_up);
        }
        None => assert!(!silent, "a server that does not answer is waited for without end"),
    }
    if let Some(error) = server.error() {
        let cut = server.requests().last().is_some_and(|request| !request.over);
        assert!(cut && error.kind == ErrorKind::Truncated, "{error:?}");
    }
    // A server waits for an answer that its application never gives.
    assert!(up.is_shut() && (silent || down.is_shut()), "neither side ended the connection");
}

/// A server that does not answer is given up: not before its time, and not long after.
fn judge_silence(client: &Asking<'_>, given_up: Instant) {
    let patience = Config::client().head_timeout.expect("a client does not wait for ever");
    let asked = client.asked_at.expect("a request is over before its response is late");
    let is_whole = contract::A_RESPONSE_IS_NOT_LATE_BEFORE_ITS_REQUEST_IS_OVER;
    assert!(!is_whole || given_up >= asked + patience, "given up {given_up:?}, asked {asked:?}");
    let at_last = client.read_from.max(client.written_at) + patience + SLACK;
    assert!(given_up <= at_last, "given up {given_up:?}, not by {at_last:?}");
}

/// What queues, cuts and turns may add to a deadline.
pub(crate) const SLACK: std::time::Duration = millis(5_000);

/// A client's or a server's settings without a deadline.
pub(crate) fn without_deadlines() -> Config {
    let mut config = Config::client();
    config.idle_timeout = None;
    config.head_timeout = None;
    config.body_timeout = None;
    config.write_timeout = None;
    config
}

/// What is seen of a message is what was sent of it.
impl Seen {
    fn compare(&self, n: usize, sent: &message::Body, bodiless: bool, whole: bool) {
        assert_eq!(self.number, Some(n));
        let body = if bodiless { Vec::new() } else { sent.bytes(n) };
        if whole {
            assert!(self.over, "message {n} is not over");
            assert_eq!(self.body.len(), body.len(), "the body of message {n}");
            assert_eq!(self.trailers, sent.trailers && !bodiless, "the trailers of message {n}");
        }
        assert!(body.starts_with(&self.body), "the body of message {n}");
    }
}
