//! A server whose halves are driven apart, against a peer whose requests begin well: the rest is broken,
//! late, slow, or never comes.

mod peer;
mod wire;

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use wirefeed::Instant;
use wirefeed::h1::{Config, ErrorKind};

use crate::contract;
use crate::http::plan::{Answer, Side, answer, side};
use crate::http::serving::Serving;
use crate::http::{SLACK, without_deadlines};
use crate::kit::{Dice, Link, Simulation, earliest, in_turns, millis, run};
use peer::Peer;

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    requests: Vec<Request>,
    /// As many.
    answers: Vec<Answer>,
    server: Side,
    /// Whether the server's deadlines run.
    timed: bool,
    /// The peer does not leave when the server has shut down.
    lingers: bool,
    capacity: usize,
    dice: Vec<u8>,
}

#[derive(Debug, Clone)]
struct Request {
    chunked: bool,
    pieces: Vec<u16>,
    /// Where the rest begins: so many bytes after the head's end, or in the head.
    rest_at: i16,
    rest: Rest,
    /// What the peer waits for before the rest.
    after: After,
}

/// What becomes of a request's rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    Whole,
    /// In time, but only just.
    Late,
    /// No HTTP, and a request behind it.
    Junk,
    /// The stream ends instead.
    Cut,
    /// It does not come.
    Silent,
    /// A byte now and then: so slowly that there is no end to it, or done soon.
    Trickle,
}

/// What has come of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Nothing,
    Head,
    End,
}

/// The longest that a peer waits for something of the response, and then for nothing.
const WAITS: Duration = millis(4_000);

struct Scene<'p> {
    server: Serving<'p>,
    peer: Peer<'p>,
    up: Link,
    down: Link,
    order: Dice,
}

impl Simulation for Scene<'_> {
    fn turn(&mut self, now: Instant) -> bool {
        let Self { server, peer, up, down, order } = self;
        in_turns(order, 3, |task| match task {
            0 => server.read(up, now),
            1 => server.write(up, down, now),
            _ => peer.turn(up, down, now),
        })
    }

    fn wake(&self, now: Instant) -> Option<Instant> {
        earliest([self.server.wake(now), self.peer.wake()])
    }
}

pub(crate) fn check(plan: &Plan) {
    let mut config = if plan.timed { Config::server() } else { without_deadlines() };
    config.output = plan.server.limit;
    let mut scene = Scene {
        server: Serving::new(&config, &plan.server, &plan.answers, &plan.dice),
        peer: Peer::new(plan),
        up: Link::new(usize::MAX),
        down: Link::new(plan.capacity),
        order: Dice::new(&plan.dice, 7),
    };
    run(&mut scene);
    let Scene { server, peer, .. } = &scene;
    assert!(server.is_closed(), "the server does not end");
    peer.responses.at_rest();

    // One answer to each request of which something came.
    let closing = plan.answers.iter().position(|answer| answer.close).unwrap_or(usize::MAX);
    let broken = (0..plan.requests.len()).find(|n| match plan.requests[*n].rest {
        Rest::Whole | Rest::Late => false,
        // Where there is an end to it, it may come while our own pauses last.
        Rest::Trickle => {
            let request = &plan.requests[*n];
            let is_over = server.requests().get(*n).is_some_and(|request| request.over);
            request.is_endless(*n) && server.error().is_some() && !is_over
        }
        Rest::Junk | Rest::Cut | Rest::Silent => true,
    });
    let finals = peer.responses.finals.len();
    let Some(broken) = broken.filter(|broken| *broken <= closing) else {
        assert_eq!(finals, plan.requests.len().min(closing.saturating_add(1)), "answers");
        // A peer that is told to leave does not send the rest.
        let cut = server.error().map(|error| error.kind);
        let may_be_cut = finals == closing.saturating_add(1);
        let is_cut = matches!(cut, Some(ErrorKind::Truncated | ErrorKind::TimedOut));
        assert!(cut.is_none() || (may_be_cut && is_cut), "{cut:?}");
        for (n, request) in server.requests().iter().enumerate() {
            let closes = n == closing;
            assert!(closes || request.body == plan.requests[n].body(n), "the body of request {n}");
        }
        return;
    };
    let request = &plan.requests[broken];
    let (head_len, rest_at) = request.cut(broken);
    let nothing = rest_at == 0 && !matches!(request.rest, Rest::Junk | Rest::Trickle);
    assert_eq!(finals, broken + usize::from(!nothing), "answers");
    for (n, seen) in server.requests().iter().take(broken).enumerate() {
        assert_eq!(seen.body, plan.requests[n].body(n), "the body of request {n}");
    }
    if matches!(request.rest, Rest::Silent | Rest::Trickle) && closing != broken {
        judge_patience(server, peer.begun_at[broken], request.rest, (head_len, rest_at), &config);
    }
}

/// A peer that sends nothing, or too little, is given up: not before its time, and not long after.
fn judge_patience(
    server: &Serving<'_>,
    begun_at: Instant,
    rest: Rest,
    (head_len, rest_at): (usize, usize),
    config: &Config,
) {
    let [idle, head, body] = [config.idle_timeout, config.head_timeout, config.body_timeout]
        .map(|time| time.expect("the deadlines run"));
    let given_up = server.failed_at.expect("a peer that sends nothing is given up");
    let (least, most) = match (rest_at, rest) {
        (0, Rest::Silent) => (idle, idle),
        (0, _) => (head, head + body + millis(1_000)),
        (at, Rest::Silent) if at < head_len => (head, head),
        (at, _) if at < head_len => (head, head + body),
        _ => (body, body),
    };
    let silent = (rest_at, rest) == (0, Rest::Silent);
    let from = if silent { server.idle_from } else { begun_at };
    assert!(given_up >= from + least, "given up {given_up:?}, from {from:?}");
    let from = begun_at.max(server.idle_from).max(server.reads_from());
    assert!(given_up <= from + most + SLACK, "given up {given_up:?}, from {from:?}");
    if let Some(error) = server.error() {
        assert_eq!(error.kind, ErrorKind::TimedOut);
    }
}

impl Request {
    fn body(&self, n: usize) -> Vec<u8> {
        let len = self.pieces.iter().map(|len| usize::from(*len)).sum();
        (0..len).map(|i| (i ^ (i >> 8) ^ (n * 29)) as u8).collect()
    }

    /// All of it.
    fn wire(&self, n: usize) -> (Vec<u8>, usize) {
        let body = self.body(n);
        let framing = match self.chunked {
            true => "Transfer-Encoding: chunked".into(),
            false => format!("Content-Length: {}", body.len()),
        };
        let head = format!("POST / HTTP/1.1\r\nHost: x\r\nNumber: {n}\r\n{framing}\r\n\r\n");
        let (mut wire, head_len) = (head.into_bytes(), 0);
        let head_len = head_len + wire.len();
        if self.chunked {
            let mut rest = &body[..];
            for len in self.pieces.iter().filter(|len| **len > 0) {
                let (piece, after) = rest.split_at(usize::from(*len));
                wire.extend(format!("{len:x}\r\n").bytes());
                wire.extend(piece);
                wire.extend(b"\r\n");
                rest = after;
            }
            wire.extend(b"0\r\n\r\n");
        } else {
            wire.extend(body);
        }
        (wire, head_len)
    }

    /// Whether what trickles does so for longer than any deadline.
    fn is_endless(&self, n: usize) -> bool {
        self.wire(n).0.len() - self.cut(n).1 >= 60
    }

    /// The length of its head, and where its rest begins; junk needs a place where it is none of the
    /// body.
    fn cut(&self, n: usize) -> (usize, usize) {
        let (wire, head_len) = self.wire(n);
        if self.rest == Rest::Junk && self.rest_at >= 0 {
            return (head_len, head_len);
        }
        let at = head_len as i64 + i64::from(self.rest_at);
        (head_len, at.clamp(0, wire.len() as i64 - 1) as usize)
    }
}

fn request() -> impl Strategy<Value = Request> {
    let rest = prop_oneof![
        3 => Just(Rest::Whole),
        1 => Just(Rest::Late),
        3 => Just(Rest::Junk),
        1 => Just(Rest::Cut),
        1 => Just(Rest::Silent),
        1 => Just(Rest::Trickle),
    ];
    let after = prop_oneof![Just(After::Nothing), Just(After::Head), Just(After::End)];
    let at = prop_oneof![3 => 0i16..20, 1 => 0i16..3000, 1 => -90i16..0];
    let piece = prop_oneof![1u16..40, 1u16..2000];
    (any::<bool>(), vec(piece, 1..4), at, rest, after).prop_map(
        |(chunked, pieces, rest_at, rest, after)| Request {
            // Junk in a body of known length is none.
            chunked: chunked || (rest == Rest::Junk && rest_at >= 0),
            pieces,
            rest_at,
            rest,
            after,
        },
    )
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let exchanges = vec((request(), answer()), 1..4);
    let flags = (any::<bool>(), any::<bool>());
    (exchanges, side(), flags, 128usize..4000, vec(any::<u8>(), 0..80)).prop_map(
        |(exchanges, mut server, (timed, lingers), capacity, dice)| {
            let (mut requests, mut answers): (Vec<Request>, Vec<Answer>) =
                exchanges.into_iter().unzip();
            for (request, answer) in requests.iter_mut().zip(&mut answers) {
                answer.silent = false;
                if !timed && matches!(request.rest, Rest::Silent | Rest::Trickle) {
                    request.rest = Rest::Cut;
                }
            }
            if timed {
                server.delay = server.delay.min(millis(500));
                if !contract::PAUSES_DO_NOT_COUNT {
                    server.pauses.0.iter_mut().for_each(|(_, time)| *time %= 500);
                }
            }
            if !contract::AN_EMPTY_OUTPUT_TAKES_ANYTHING {
                server.limit = server.limit.map(|limit| limit + 4500);
            }
            let lingers = lingers && timed;
            Plan { requests, answers, server, timed, lingers, capacity, dice }
        },
    )
}
