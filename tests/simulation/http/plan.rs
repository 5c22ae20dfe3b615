//! What a client and a server do on one connection.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;

use super::message::Body;
use crate::contract;
use crate::kit::{Pauses, millis};

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) asks: Vec<Ask>,
    /// As many.
    pub(crate) answers: Vec<Answer>,
    pub(crate) client: Side,
    pub(crate) server: Side,
    pub(crate) judge: Judge,
    /// What each direction of the connection holds.
    pub(crate) capacity: usize,
    /// A client that writes a request before its receiving half knows of it, by so many milliseconds.
    pub(crate) late_token: Option<u16>,
    pub(crate) dice: Vec<u8>,
}

/// Whose deadlines run: its peer behaves, and it may itself stop for as long as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judge {
    Neither,
    Client,
    Server,
    /// Both, who both behave.
    Both,
}

/// How one side is driven.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    /// Bytes of output that may be pending.
    pub(crate) limit: Option<usize>,
    pub(crate) pauses: Pauses,
    /// The most that a reply or a token may take.
    pub(crate) delay: Duration,
}

#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) expect: bool,
    pub(crate) close: bool,
    pub(crate) body: Body,
    /// Milliseconds before it.
    pub(crate) think: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) begin: Begin,
    /// It ends after the request.
    pub(crate) waits: bool,
    pub(crate) interim: u8,
    pub(crate) status: u16,
    pub(crate) close: bool,
    pub(crate) body: Body,
    /// It never comes.
    pub(crate) silent: bool,
}

/// When an answer begins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Begin {
    Head,
    Bytes(u16),
    End,
}

impl Judge {
    /// Whether the client's deadlines run.
    pub(crate) fn is_client(self) -> bool {
        matches!(self, Self::Client | Self::Both)
    }

    /// Whether the server's deadlines run.
    pub(crate) fn is_server(self) -> bool {
        matches!(self, Self::Server | Self::Both)
    }
}

pub(crate) fn judge() -> impl Strategy<Value = Judge> {
    prop_oneof![Just(Judge::Neither), Just(Judge::Client), Just(Judge::Server), Just(Judge::Both)]
}

impl Plan {
    /// How many exchanges there are.
    pub(crate) fn exchanges(&self) -> usize {
        let last = (0..self.asks.len()).find(|n| self.closes(*n) || self.answers[*n].silent);
        last.map_or(self.asks.len(), |n| n + 1)
    }

    pub(crate) fn closes(&self, n: usize) -> bool {
        self.asks[n].close || self.answers[n].close
    }

    /// Leaves nothing in a plan that makes a side misbehave which has to behave.
    fn settle(mut self) -> Self {
        // Each is judged by the other.
        let (client, server) = (self.judge.is_server(), self.judge.is_client());
        let unpaused = !contract::PAUSES_DO_NOT_COUNT && self.judge != Judge::Neither;
        let whole_limits = !contract::AN_EMPTY_OUTPUT_TAKES_ANYTHING;
        let brief = server && !contract::A_RESPONSE_IS_NOT_LATE_BEFORE_ITS_REQUEST_IS_OVER;
        let sides = [(&mut self.client, client), (&mut self.server, server)];
        for (side, is_judged) in sides {
            if is_judged || unpaused {
                side.pauses.0.iter_mut().for_each(|(_, time)| *time %= 500);
            }
            if self.judge != Judge::Neither {
                side.delay = side.delay.min(millis(500));
            }
            if whole_limits {
                side.limit = side.limit.map(|limit| limit + 4500);
            }
        }
        for ask in &mut self.asks {
            if client || unpaused || brief {
                ask.think %= 500;
                ask.body.pause.iter_mut().for_each(|(_, time)| *time %= 500);
            }
        }
        for (ask, answer) in self.asks.iter().zip(&mut self.answers) {
            // Whose response waits for a request that waits is not slow.
            answer.waits &= !server || ask.body.pause.is_none();
            answer.silent &= self.judge == Judge::Client && self.late_token.is_none();
            answer.interim *= u8::from(!answer.silent);
            if server || unpaused {
                answer.body.pause.iter_mut().for_each(|(_, time)| *time %= 500);
            }
        }
        if self.late_token.is_some() {
            self.judge = Judge::Neither;
        }
        self
    }
}

fn pauses() -> impl Strategy<Value = Pauses> {
    vec((0u16..60, 0u32..200_000), 0..3).prop_map(|mut pauses| {
        pauses.sort_unstable();
        Pauses(pauses)
    })
}

pub(crate) fn side() -> impl Strategy<Value = Side> {
    (weighted(0.5, 0usize..3000), pauses(), 0u64..60_000).prop_map(|(limit, pauses, delay)| Side {
        limit,
        pauses,
        delay: millis(delay),
    })
}

pub(crate) fn body() -> impl Strategy<Value = Body> {
    let len = prop_oneof![0u16..40, 0u16..4000];
    let pause = weighted(0.2, (0u8..4, 0u32..100_000));
    (any::<bool>(), vec(len, 0..5), any::<bool>(), any::<bool>(), pause).prop_map(
        |(chunked, pieces, trailers, shared, pause)| Body {
            chunked,
            pieces,
            trailers: trailers && chunked,
            shared,
            pause,
        },
    )
}

fn ask() -> impl Strategy<Value = Ask> {
    let method = prop_oneof![Just("POST"), Just("GET"), Just("HEAD")];
    let rarely = || prop::bool::weighted(0.05);
    let think = prop_oneof![4 => Just(0u32), 1 => 0u32..100_000];
    (method, any::<bool>(), rarely(), body(), think)
        .prop_map(|(method, expect, close, body, think)| Ask { method, expect, close, body, think })
}

pub(crate) fn answer() -> impl Strategy<Value = Answer> {
    let begin =
        prop_oneof![Just(Begin::End), Just(Begin::Head), (0u16..3000).prop_map(Begin::Bytes)];
    let status = prop_oneof![6 => Just(200u16), 1 => Just(404), 1 => Just(204), 1 => Just(304)];
    let interim = prop_oneof![3 => Just(0u8), 1 => 1u8..4];
    let rarely = || prop::bool::weighted(0.05);
    (begin, any::<bool>(), interim, status, rarely(), body(), rarely()).prop_map(
        |(begin, waits, interim, status, close, body, silent)| Answer {
            begin,
            waits,
            interim,
            status,
            close,
            body,
            silent,
        },
    )
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let late = weighted(0.05, 1u16..5000);
    let exchanges = vec((ask(), answer()), 1..5);
    (exchanges, side(), side(), judge(), 128usize..4000, late, vec(any::<u8>(), 0..80)).prop_map(
        |(exchanges, client, server, judge, capacity, late_token, dice)| {
            let (asks, answers) = exchanges.into_iter().unzip();
            Plan { asks, answers, client, server, judge, capacity, late_token, dice }.settle()
        },
    )
}
