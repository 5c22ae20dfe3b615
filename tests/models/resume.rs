//! An `sse::EventStream` with a `Replay`, called in any order: what its client reads.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Buf;
use proptest::prelude::*;
use wirefeed::replay::{self, Entry, Replay};
use wirefeed::sse::server::{Config, Mode, Overflow};
use wirefeed::sse::{Decoder, Event, EventStream, Item};
use wirefeed::{Instant, SendError, Step};

#[derive(Debug, Clone)]
enum Op {
    /// Something happens, on the client's stream or on another, with an id of its own or without.
    Push {
        here: bool,
        own_id: bool,
        len: usize,
    },
    /// The oldest event that was not offered yet is.
    Send,
    /// An event that no history has.
    Other,
    Comment,
    Resume,
    Write(usize),
    Pass(u64),
    /// The connection is lost, and the client comes back. What was pushed before and not offered yet
    /// still will be, or never.
    Lose {
        keeps: bool,
    },
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    let len = prop_oneof![4 => 0usize..20, 1 => 240usize..300];
    prop_oneof![
        8 => (prop::bool::weighted(0.8), prop::bool::weighted(0.2), len)
            .prop_map(|(here, own_id, len)| Op::Push { here, own_id, len }),
        8 => Just(Op::Send),
        1 => Just(Op::Other),
        1 => Just(Op::Comment),
        4 => Just(Op::Resume),
        6 => (0usize..400).prop_map(Op::Write),
        2 => (0u64..3000).prop_map(Op::Pass),
        2 => any::<bool>().prop_map(|keeps| Op::Lose { keeps }),
        1 => Just(Op::Close),
    ]
}

fn mode() -> impl Strategy<Value = Mode> {
    let millis = |most| (0u64..most).prop_map(Duration::from_millis);
    prop_oneof![
        3 => Just(Mode::Stream),
        1 => (millis(4000), millis(2000)).prop_map(|(hold, batch)| Mode::LongPoll { hold, batch }),
        1 => Just(Mode::ShortPoll),
    ]
}

/// A stream of a replay, one client of it, and what the caller between them holds.
struct World {
    replay: Replay<u8>,
    mode: Mode,
    policy: Config,
    now: Instant,
    server: EventStream,
    /// Whether `resume` has been called for this connection, and has ever told of a gap.
    resumed: bool,
    gap: bool,
    /// All ids that were ever given on the client's stream.
    ids: Vec<String>,
    /// Events that were pushed and not offered to the server yet.
    offers: VecDeque<Entry>,
    /// What of this connection the client has read, and the last id of earlier ones.
    wire: Vec<u8>,
    last_id: String,
    /// The ids of the events that the client has read, on all connections since it has one.
    read: Vec<String>,
    /// The first event that was ever offered to a client without an id, of this connection.
    first: Option<String>,
}

/// The client's stream.
const HERE: u8 = 1;

impl World {
    fn new(mode: Mode, policy: Config, limits: replay::Config, seen: usize) -> Self {
        let now = Instant::ZERO;
        let mut world = Self {
            replay: Replay::new(limits),
            mode,
            policy,
            now,
            server: EventStream::new(&(), mode, policy, now),
            resumed: false,
            gap: false,
            ids: Vec::new(),
            offers: VecDeque::new(),
            wire: Vec::new(),
            last_id: String::new(),
            read: Vec::new(),
            first: None,
        };
        for _ in 0..seen {
            world.push(true, false, 1);
        }
        if let Some(id) = world.ids.last().cloned() {
            world.read.push(id.clone());
            world.last_id = id;
        }
        // A client that has seen them may be offered some again, by a caller that is late.
        world.connect(seen % 2 == 0);
        world
    }

    fn push(&mut self, here: bool, own_id: bool, len: usize) {
        let own = format!("own-{}", self.ids.len());
        let data = "x".repeat(len);
        let message = Event { id: own_id.then_some(&*own), data: &data, ..Event::default() };
        let stream = if here { HERE } else { 2 };
        let event = self.replay.push(&stream, &message, self.now).unwrap();
        if here {
            self.ids.push(event.id().unwrap().into());
            self.offers.push_back(event);
        }
    }

    /// Offers the oldest event, and again if the output is full.
    fn send(&mut self) {
        let Some(event) = self.offers.front() else { return };
        if self.last_id.is_empty() && self.first.is_none() {
            self.first = event.id().map(Into::into);
        }
        match self.server.send_event(event, self.now) {
            Ok(()) => drop(self.offers.pop_front()),
            Err(SendError::Full) => assert!(!self.server.output().is_empty()),
            Err(_) => {
                assert!(self.server.wants().end.is_some());
                self.write(usize::MAX);
                self.lose(true);
            }
        }
    }

    fn resume(&mut self) {
        if self.server.wants().end.is_some() {
            return;
        }
        let resumed = self.server.resume(&self.replay.stream(&HERE), self.now).unwrap();
        self.resumed = true;
        self.gap |= resumed.gap;
    }

    /// The client reads so much.
    fn write(&mut self, most: usize) {
        let len = most.min(self.server.output().remaining());
        self.wire.extend_from_slice(&self.server.output().copy_to_bytes(len));
        assert!(len == most || self.server.output().is_empty());
    }

    fn lose(&mut self, keeps: bool) {
        let (mut decoder, mut input) = (Decoder::new(), &self.wire[..]);
        decoder.set_last_event_id(&self.last_id);
        let mut read = Vec::new();
        while let Step::Item(item) = decoder.decode(&mut input).unwrap() {
            if let Item::Event(event) = item {
                if event.data != "other" {
                    read.push(event.id.unwrap_or_default().to_owned());
                }
            }
        }
        if self.last_id.is_empty() && !read.is_empty() {
            assert_eq!(read.first(), self.first.as_ref(), "a client begins where it is");
        }
        self.last_id = decoder.last_event_id().into();
        self.read.extend(read);
        self.wire.clear();
        self.connect(keeps);
    }

    fn connect(&mut self, keeps: bool) {
        if !keeps {
            self.offers.clear();
        }
        let request = [("Last-Event-ID", &self.last_id)];
        self.server = EventStream::new(&request, self.mode, self.policy, self.now);
        (self.resumed, self.first) = (self.last_id.is_empty(), None);
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Push { here, own_id, len } => self.push(here, own_id, len),
            Op::Send => self.send(),
            Op::Other => {
                let message = Event { data: "other", ..Event::default() };
                let _ = self.server.send_event(&message.encode().unwrap(), self.now);
            }
            Op::Comment => drop(self.server.send_comment("hi", self.now)),
            Op::Resume => self.resume(),
            Op::Write(most) => self.write(most),
            Op::Pass(millis) => {
                self.now = self.now + Duration::from_millis(millis);
                self.server.handle_timeout(self.now);
                self.replay.handle_timeout(self.now);
                let next = [self.server.poll_timeout(), self.replay.poll_timeout()];
                assert!(next.into_iter().flatten().all(|at| at > self.now));
            }
            Op::Lose { keeps } => self.lose(keeps),
            Op::Close => self.server.close(),
        }
    }

    /// Goes on as a caller should, until nothing is left to be done.
    fn settle(&mut self) {
        let mut steps = 0;
        loop {
            steps += 1;
            assert!(steps < 10_000, "no end: {:?}", self.server);
            self.write(usize::MAX);
            if self.server.wants().end.is_some() {
                self.lose(true);
            }
            if self.server.is_behind() || !self.resumed {
                self.resume();
            } else if !self.offers.is_empty() {
                self.send();
            } else if self.server.output().is_empty() {
                return self.lose(true);
            }
        }
    }

    /// Every event after the first that was read, once and in order; after a gap some are missing.
    fn check(&self) {
        let places = self.read.iter().map(|id| self.ids.iter().position(|it| it == id).unwrap());
        let places: Vec<_> = places.collect();
        for pair in places.windows(2) {
            assert!(pair[0] < pair[1], "out of order, or twice: {places:?}");
            assert!(self.gap || pair[1] == pair[0] + 1, "lost: {places:?}");
        }
        // A client that has an id is sent all to the end.
        if let Some(last) = places.last() {
            assert!(
                self.gap || last + 1 == self.ids.len(),
                "lost: {places:?} of {}",
                self.ids.len()
            );
        }
    }
}

proptest! {
    /// Whatever the order of the calls: each event of the client's stream after its last one, once and
    /// in order, unless a gap is told.
    #[test]
    fn nothing_is_lost_or_repeated_in_any_order(
        ops in prop::collection::vec(op(), 0..80),
        mode in mode(),
        slow in prop::sample::select(&[Overflow::Refuse, Overflow::Close, Overflow::Resume][..]),
        // Any event fits into an empty output.
        output in prop::option::of(340usize..1500),
        events in prop::option::weighted(0.2, 0usize..12),
        age in prop::option::weighted(0.2, 0u64..4000),
        seen in 0usize..4,
    ) {
        let mut policy = Config::default();
        (policy.on_full, policy.output) = (slow, output);
        let mut limits = replay::Config::default();
        (limits.events, limits.bytes) = (events, None);
        limits.age = age.map(Duration::from_millis);
        let mut world = World::new(mode, policy, limits, seen);
        for op in ops {
            world.apply(op);
        }
        world.settle();
        world.check();
    }
}

/// Between a request and its resume one event is pushed that this client is not offered, and others
/// are offered before it and after.
#[test]
fn events_that_happen_around_a_resume() {
    let mut world = World::new(Mode::Stream, Config::default(), replay::Config::default(), 2);
    world.offers.clear();
    for _ in 0..4 {
        world.push(true, false, 1);
    }
    world.offers.pop_front();
    world.send();
    assert!(world.server.is_behind() && world.server.output().is_empty());
    world.resume();
    world.send();
    world.send();
    world.settle();
    world.check();
    assert_eq!(world.read, ["2", "3", "4", "5", "6"]);
}
