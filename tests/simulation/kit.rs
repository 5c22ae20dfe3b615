//! What every simulation is made of: a clock, choices, queues that delay, and wires.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Buf;
use wirefeed::{Instant, Outbox, Replies};

pub(crate) const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Choices, read from a plan's bytes round and round; where those are zeros, or none, every choice is
/// the simplest one: no delay, no cut.
#[derive(Debug, Clone)]
pub(crate) struct Dice {
    faces: Vec<u8>,
    at: usize,
    /// Odd, so that lanes and rounds differ and a zero remains one.
    factor: u8,
}

impl Dice {
    /// The choices of one task: each has a lane of its own.
    pub(crate) fn new(faces: &[u8], lane: u8) -> Self {
        let at = usize::from(lane) * faces.len() / 8;
        Self { faces: faces.to_vec(), at, factor: lane.wrapping_mul(2) | 1 }
    }

    pub(crate) fn roll(&mut self) -> u8 {
        if self.at >= self.faces.len() {
            self.at = 0;
            self.factor = self.factor.wrapping_add(10);
        }
        let face = self.faces.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        face.wrapping_mul(self.factor)
    }

    /// One time in so many.
    pub(crate) fn one_in(&mut self, count: u8) -> bool {
        self.roll() % count == count - 1
    }

    /// No time at all in most cases, else at most this long.
    pub(crate) fn delay(&mut self, most: Duration) -> Duration {
        let roll = self.roll();
        if roll < 128 { Duration::ZERO } else { most * u32::from(roll - 127) / 128 }
    }

    /// How many bytes go at once: all in some cases, else few; and how long it is until the next go.
    /// Fewer bytes than 64 cost no time, so that a side that behaves is faster than any least rate.
    pub(crate) fn cut(&mut self) -> (usize, Duration) {
        match self.roll() {
            0..64 => (usize::MAX, Duration::ZERO),
            roll @ 64..96 => (usize::from(roll - 63), Duration::ZERO),
            roll => (usize::from(roll) * 4, self.delay(millis(20))),
        }
    }
}

/// A queue, first in and first out, whose items take their time.
#[derive(Debug)]
pub(crate) struct Delayed<T> {
    items: VecDeque<(Instant, T)>,
    last: Instant,
    dice: Dice,
    most: Duration,
}

impl<T> Delayed<T> {
    pub(crate) fn new(dice: Dice, most: Duration) -> Self {
        Self { items: VecDeque::new(), last: Instant::ZERO, dice, most }
    }

    pub(crate) fn push(&mut self, item: T, now: Instant) {
        self.last = self.last.max(now + self.dice.delay(self.most));
        self.items.push_back((self.last, item));
    }

    /// The next item, where its time has come.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<T> {
        let (at, _) = self.items.front()?;
        if *at <= now { self.items.pop_front().map(|(_, item)| item) } else { None }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn wake(&self) -> Option<Instant> {
        self.items.front().map(|(at, _)| *at)
    }
}

impl<Reply> Replies<Reply> for Delayed<Reply> {
    fn reply(&mut self, reply: Reply, now: Instant) {
        self.push(reply, now);
    }
}

/// One direction of a connection.
#[derive(Debug)]
pub(crate) struct Link {
    bytes: VecDeque<u8>,
    capacity: usize,
    shut: bool,
    /// The reader has left: what is written is lost.
    gone: bool,
    is_tapped: bool,
    /// All that was written, where it is tapped.
    pub(crate) log: Vec<u8>,
}

impl Link {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            bytes: VecDeque::new(),
            capacity,
            shut: false,
            gone: false,
            is_tapped: false,
            log: Vec::new(),
        }
    }

    pub(crate) fn tapped(capacity: usize) -> Self {
        Self { is_tapped: true, ..Self::new(capacity) }
    }

    /// Writes at most this many bytes of the output; how many it took.
    pub(crate) fn write(&mut self, out: &mut Outbox, most: usize) -> usize {
        let room = if self.gone { usize::MAX } else { self.capacity - self.bytes.len() };
        let count = out.remaining().min(most).min(room);
        let mut left = count;
        while left > 0 {
            let len = out.chunk().len().min(left);
            if !self.gone {
                self.bytes.extend(&out.chunk()[..len]);
            }
            if self.is_tapped {
                self.log.extend(&out.chunk()[..len]);
            }
            out.advance(len);
            left -= len;
        }
        count
    }

    /// Reads at most this many bytes; how many came.
    pub(crate) fn read(&mut self, into: &mut Vec<u8>, most: usize) -> usize {
        let count = self.bytes.len().min(most);
        into.extend(self.bytes.drain(..count));
        count
    }

    /// Writes a script's bytes, whatever the capacity.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        if !self.gone {
            self.bytes.extend(bytes);
        }
    }

    pub(crate) fn shut(&mut self) -> bool {
        !std::mem::replace(&mut self.shut, true)
    }

    pub(crate) fn leave(&mut self) {
        self.gone = true;
        self.bytes.clear();
    }

    /// Whether nothing more comes.
    pub(crate) fn is_over(&self) -> bool {
        self.shut && self.bytes.is_empty()
    }

    pub(crate) fn is_shut(&self) -> bool {
        self.shut
    }
}

/// Times at which a half stops for a while: after so many calls, so many milliseconds.
#[derive(Debug, Clone)]
pub(crate) struct Pauses(pub(crate) Vec<(u16, u32)>);

/// When a task goes on, and how often it has stopped.
#[derive(Debug)]
pub(crate) struct Pace {
    calls: u16,
    pauses: VecDeque<(u16, u32)>,
    /// Not before.
    ready: Instant,
    pub(crate) paused: Duration,
    pub(crate) dice: Dice,
}

impl Pace {
    pub(crate) fn new(pauses: &Pauses, dice: Dice) -> Self {
        let pauses = pauses.0.iter().copied().collect();
        Self { calls: 0, pauses, ready: Instant::ZERO, paused: Duration::ZERO, dice }
    }

    pub(crate) fn is_ready(&self, now: Instant) -> bool {
        self.ready <= now
    }

    /// Waits before the next go.
    pub(crate) fn wait(&mut self, time: Duration, now: Instant) {
        self.ready = self.ready.max(now + time);
    }

    /// Counts a call; whether the task pauses after it.
    pub(crate) fn pauses(&mut self, now: Instant) -> bool {
        self.calls = self.calls.saturating_add(1);
        let Some((_, time)) = self.next_pause() else {
            return false;
        };
        self.paused += millis(time.into());
        self.wait(millis(time.into()), now);
        true
    }

    fn next_pause(&mut self) -> Option<(u16, u32)> {
        let (after, _) = self.pauses.front()?;
        if *after <= self.calls { self.pauses.pop_front() } else { None }
    }

    pub(crate) fn wake(&self, now: Instant) -> Option<Instant> {
        Some(self.ready).filter(|ready| *ready > now)
    }

    /// Since when it may be that it reads: its last pause ends then.
    pub(crate) fn ready_at(&self) -> Instant {
        self.ready
    }
}

/// Something that goes on in turns, and in time.
pub(crate) trait Simulation {
    /// Lets every task have a go; whether anything changed.
    fn turn(&mut self, now: Instant) -> bool;
    /// When something is due, if nothing happens before.
    fn wake(&self, now: Instant) -> Option<Instant>;
}

/// Lets so many tasks have a go, from one that the dice choose; whether anything changed.
pub(crate) fn in_turns(dice: &mut Dice, tasks: u8, mut go: impl FnMut(u8) -> bool) -> bool {
    let first = dice.roll() % tasks;
    (0..tasks).fold(false, |changed, task| changed | go((first + task) % tasks))
}

/// Runs it until nothing is left to happen; when that was.
pub(crate) fn run(simulation: &mut impl Simulation) -> Instant {
    let mut now = Instant::ZERO;
    for _ in 0..TURNS {
        if simulation.turn(now) {
            continue;
        }
        match simulation.wake(now) {
            Some(at) if at > now => now = at,
            Some(at) => panic!("due at {at:?} without progress at {now:?}"),
            None => return now,
        }
    }
    panic!("it does not come to rest by {now:?}");
}

/// The earliest.
pub(crate) fn earliest<const N: usize>(times: [Option<Instant>; N]) -> Option<Instant> {
    times.into_iter().flatten().min()
}

/// More than any plan needs.
const TURNS: usize = 100_000;
