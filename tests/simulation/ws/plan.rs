//! What two sessions say to each other.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use wirefeed::ws::message::Kind;

use crate::contract;
use crate::http::plan::{Judge, judge, side as halves};
use crate::kit::{Pauses, millis};

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) client: Side,
    pub(crate) server: Side,
    pub(crate) judge: Judge,
    /// Compressed or not; if so, each message of the server stands alone or not.
    pub(crate) deflate: Option<bool>,
    pub(crate) capacity: usize,
    pub(crate) dice: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(crate) struct Side {
    pub(crate) says: Vec<Say>,
    /// It closes after all that, with this code.
    pub(crate) closes: Option<u16>,
    /// It does so when its peer has said all, too.
    pub(crate) hears_out: bool,
    pub(crate) limit: Option<usize>,
    pub(crate) pauses: Pauses,
    /// The most that a reply may take.
    pub(crate) delay: Duration,
    pub(crate) receives: Receives,
    pub(crate) compress_from: u8,
    /// It reads and writes 1280 bytes a second.
    pub(crate) slow: bool,
    /// It reads only while its sending half wants to.
    pub(crate) heeds: bool,
    /// It does nothing any more after so many milliseconds.
    pub(crate) mute_at: Option<u32>,
}

/// How messages are received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receives {
    Whole,
    Parts,
    Both,
}

#[derive(Debug, Clone)]
pub(crate) enum Say {
    Text(u16),
    Binary(u16),
    /// Handed over instead of copied.
    Bytes(u16),
    Pieces(Kind, Vec<u16>),
    Ping(u8),
    /// Pings, one after the other.
    Flood(u16),
    /// Nothing for so many milliseconds.
    Wait(u32),
}

impl Side {
    pub(crate) fn floods(&self) -> bool {
        self.says.iter().any(|say| matches!(say, Say::Flood(_)))
    }
}

impl Plan {
    /// Leaves nothing in a plan that makes a side misbehave which has to behave.
    fn settle(mut self) -> Self {
        if self.client.closes.is_none() && self.server.closes.is_none() {
            self.server.closes = Some(1000);
        }
        // Two sides that both wait for the other to read wait for ever.
        self.server.heeds &= !self.client.heeds;
        self.server.slow &= !self.client.slow;
        let (client, server) = (self.judge.is_client(), self.judge.is_server());
        let any = self.judge != Judge::Neither;
        if any && (self.client.slow || self.server.slow) {
            self.capacity = self.capacity.min(500);
        }
        for (side, is_judge, is_judged) in
            [(&mut self.client, client, server), (&mut self.server, server, client)]
        {
            if any {
                side.delay = side.delay.min(millis(200));
            }
            if is_judged || (any && !contract::PAUSES_DO_NOT_COUNT) {
                side.pauses.0.iter_mut().for_each(|(_, time)| *time %= 200);
                side.heeds = false;
            }
            if is_judge {
                side.slow = false;
                side.mute_at = None;
            }
            if is_judge || (any && side.slow) {
                side.says.retain(|say| !matches!(say, Say::Flood(_)));
            }
            if !any {
                side.mute_at = None;
            }
            if any && !contract::A_PING_IS_LATE_FROM_WHEN_IT_IS_WRITTEN {
                side.slow = false;
            }
            if !contract::AN_EMPTY_OUTPUT_TAKES_ANYTHING {
                side.limit = side.limit.map(|limit| limit + 30_000);
            }
            if side.receives == Receives::Both && !contract::PARTS_BEGIN_WITH_A_START {
                side.receives = Receives::Parts;
            }
        }
        self
    }
}

fn say() -> impl Strategy<Value = Say> {
    let len = || prop_oneof![0u16..130, 0u16..8000];
    let kind = prop_oneof![Just(Kind::Text), Just(Kind::Binary)];
    prop_oneof![
        4 => len().prop_map(Say::Text),
        4 => len().prop_map(Say::Binary),
        2 => len().prop_map(Say::Bytes),
        4 => (kind, vec(prop_oneof![Just(0u16), 0u16..3000], 1..5))
            .prop_map(|(kind, pieces)| Say::Pieces(kind, pieces)),
        4 => (0u8..120).prop_map(Say::Ping),
        1 => (0u16..300).prop_map(Say::Flood),
        2 => (0u32..60_000).prop_map(Say::Wait),
    ]
}

fn side() -> impl Strategy<Value = Side> {
    let receives = prop_oneof![Just(Receives::Whole), Just(Receives::Parts), Just(Receives::Both)];
    let closes = weighted(0.6, prop_oneof![Just(1000u16), 3000u16..5000]);
    let flags = (any::<bool>(), any::<bool>(), prop::bool::weighted(0.3));
    let mute_at = weighted(0.2, prop_oneof![0u32..300, 0u32..60_000]);
    (vec(say(), 0..8), closes, flags, halves(), receives, any::<u8>(), mute_at).prop_map(
        |(says, closes, (hears_out, heeds, slow), halves, receives, compress_from, mute_at)| Side {
            says,
            closes,
            hears_out,
            limit: halves.limit,
            pauses: halves.pauses,
            delay: halves.delay,
            receives,
            compress_from,
            slow,
            heeds,
            mute_at,
        },
    )
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let deflate = weighted(0.3, any::<bool>());
    (side(), side(), judge(), deflate, 128usize..4000, vec(any::<u8>(), 0..80)).prop_map(
        |(client, server, judge, deflate, capacity, dice)| {
            Plan { client, server, judge, deflate, capacity, dice }.settle()
        },
    )
}
