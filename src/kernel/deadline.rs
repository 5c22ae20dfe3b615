//! Deadlines: until when the peer must have done its part.
//!
//! A deadline measures the peer. It runs while this side waits for it, and stands still while the
//! caller does not read, or has not pulled what has arrived.
//!
//! | machine | deadline | runs while | goes on with | when it is over |
//! |---|---|---|---|---|
//! | `h1::Server` | `idle_timeout` | no byte of a request has come | the first byte of a head | the connection ends |
//! | `h1::Server` | `head_timeout` | a head is incomplete | the whole head | 408 |
//! | `h1::Server` | `body_timeout` | a body is incomplete | 4 KiB, or the end | 408 |
//! | `h1::Server` | `write_timeout` | output is owed | 4 KiB taken, or all that was owed | the connection ends |
//! | `h1::Server` | `write_timeout` | the last response went out | the peer's end of stream | the connection ends |
//! | `h1::Client` | `idle_timeout` | no request is under way | a request | the connection ends |
//! | `h1::Client` | `head_timeout` | a request is over, its response's head incomplete | the whole head | `TimedOut` |
//! | `h1::Client` | `body_timeout` | a body is incomplete | 4 KiB, or the end | `TimedOut` |
//! | `h1::Client` | `continue_timeout` | a 100 is awaited | a 100, or the response | the body may be sent |
//! | `h1::Client` | `write_timeout` | output is owed | 4 KiB taken, or all that was owed | the connection ends |
//! | `ws::Session` | `ping_interval` | nothing comes | any byte | a ping goes out |
//! | `ws::Session` | `pong_timeout` | a ping has left the output | any byte | `Ending::TimedOut` |
//! | `ws::Session` | `write_timeout` | output is owed | 4 KiB taken, or all that was owed | `Ending::TimedOut` |
//! | `ws::Session` | `close_timeout` | a close frame went out | the end of the handshake | `Ending::TimedOut` |
//! | `sse::EventSource` | `idle` | the connection is open | any byte | the source reconnects |
//!
//! What this side waits for by itself is no deadline of the peer's, and is kept where it belongs: the
//! time to reconnect, a stream's keep-alive and the end of a poll, the age of an event.
//!
//! `receive` and `handle_timeout` may come in either order. A turn that comes more than a second after
//! a deadline has slept through it, and what the peer sent meanwhile may lie unread: such a deadline is
//! due once more, at once, and any byte received before that turn begins it anew.

use core::time::Duration;

use bytes::Buf as _;

use crate::kernel::{outbox::Outbox, time::Instant};

/// How long the peer has, if there is a limit: milliseconds, rounded up, at most 49 days. A session
/// keeps five of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(u32);

impl Span {
    const NONE: Self = Self(u32::MAX);

    fn micros(self) -> u64 {
        u64::from(self.0) * 1000
    }

    /// How often to look whether what is waited for has left the output, which nobody tells: often
    /// enough that the peer has at most a quarter more.
    pub(crate) fn quarter(self) -> Self {
        match self {
            Self::NONE => Self::NONE,
            Self(millis) => Self((millis / 4).max(1)),
        }
    }
}

impl From<Duration> for Span {
    #[inline]
    fn from(time: Duration) -> Self {
        // Without a division of 128 bits, since it happens with every request.
        let millis = u64::from(time.subsec_nanos().div_ceil(1_000_000));
        let millis = time.as_secs().saturating_mul(1000).saturating_add(millis);
        Self(u32::try_from(millis).unwrap_or(u32::MAX).min(u32::MAX - 1))
    }
}

impl From<Option<Duration>> for Span {
    #[inline]
    fn from(time: Option<Duration>) -> Self {
        time.map_or(Self::NONE, Self::from)
    }
}

/// A deadline, and how much of it is left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    /// Its length.
    full: Span,
    clock: Clock,
    /// Microseconds: the moment when it is over, or what is left of it.
    micros: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clock {
    /// Nothing is waited for.
    Off,
    /// The peer has until a moment.
    Running,
    /// It was slept through, and is over with the next turn.
    Late,
    /// It stands still.
    Paused,
}

impl Deadline {
    pub(crate) const OFF: Self = Self { full: Span::NONE, clock: Clock::Off, micros: 0 };

    /// Runs from now on; without a limit nothing is waited for.
    #[inline]
    pub(crate) fn start(&mut self, full: impl Into<Span>, now: Instant) {
        self.full = full.into();
        self.restart(now);
    }

    /// Runs from now on, as long as it did before.
    #[inline]
    pub(crate) fn restart(&mut self, now: Instant) {
        if self.full == Span::NONE {
            self.clock = Clock::Off;
        } else {
            self.clock = Clock::Running;
            self.micros = now.as_micros().saturating_add(self.full.micros());
        }
    }

    /// Stands still, with all of the time left, until it is resumed.
    #[inline]
    pub(crate) fn arm(&mut self, full: impl Into<Span>) {
        self.full = full.into();
        self.clock = if self.full == Span::NONE { Clock::Off } else { Clock::Paused };
        self.micros = self.full.micros();
    }

    /// Nothing is waited for any more.
    #[inline]
    pub(crate) fn stop(&mut self) {
        self.clock = Clock::Off;
    }

    /// Stands still: the peer has done something, or this side does not look.
    #[inline]
    pub(crate) fn pause(&mut self, now: Instant) {
        if !self.is_running() {
            return;
        }
        let untold = now.as_micros() > self.micros.saturating_add(UNTOLD);
        let slept = self.clock == Clock::Late || untold;
        let left = self.micros.saturating_sub(now.as_micros());
        self.micros = if slept { self.full.micros() } else { left };
        self.clock = Clock::Paused;
    }

    /// Goes on where it stood still.
    #[inline]
    pub(crate) fn resume(&mut self, now: Instant) {
        if self.clock == Clock::Paused {
            self.clock = Clock::Running;
            self.micros = self.micros.saturating_add(now.as_micros());
        }
    }

    /// The peer has done so much that all of the time is left again.
    #[inline]
    pub(crate) fn refill(&mut self) {
        if self.clock == Clock::Paused {
            self.micros = self.full.micros();
        }
    }

    pub(crate) const fn is_off(&self) -> bool {
        matches!(self.clock, Clock::Off)
    }

    pub(crate) const fn is_running(&self) -> bool {
        matches!(self.clock, Clock::Running | Clock::Late)
    }

    /// When [`is_over`](Self::is_over) is to be asked.
    pub(crate) const fn poll(&self) -> Option<Instant> {
        match self.clock {
            Clock::Running | Clock::Late => Some(Instant::from_micros(self.micros)),
            Clock::Off | Clock::Paused => None,
        }
    }

    /// The same where it is held while this side does not read, as it `was` when the time was told last:
    /// what changes that is to be told at once, or time in which nobody looked would count.
    pub(crate) fn poll_held(&self, held: bool, was: bool) -> Option<Instant> {
        match (held, was) {
            (true, _) => self.is_running().then_some(Instant::ZERO),
            (false, true) if self.clock == Clock::Paused => Some(Instant::ZERO),
            (false, _) => self.poll(),
        }
    }

    /// Whether the time is over.
    pub(crate) fn is_over(&mut self, now: Instant) -> bool {
        let now_micros = now.as_micros();
        match self.clock {
            Clock::Running if now_micros > self.micros.saturating_add(SLEPT) => {
                self.clock = Clock::Late;
                self.micros = now_micros;
                false
            }
            Clock::Running | Clock::Late => self.micros <= now_micros,
            Clock::Off | Clock::Paused => false,
        }
    }
}

/// Until when some of a body must have come. It wants progress at a least rate: a peer that sends a
/// byte now and then is not waited for without end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadDeadline {
    pub(crate) deadline: Deadline,
    /// Bytes until all of the time is left again.
    left: usize,
    /// It stands still since so much output is owed that this side does not read.
    held: bool,
}

impl ReadDeadline {
    pub(crate) const OFF: Self = Self { deadline: Deadline::OFF, left: STRIDE, held: false };

    /// Stands still, with all of `time` left.
    #[inline]
    pub(crate) fn arm(&mut self, time: impl Into<Span>) {
        self.deadline.arm(time);
        self.left = STRIDE;
    }

    /// Stands still until it is resumed, held or not: something has come, or the caller does not read.
    pub(crate) fn pause(&mut self, now: Instant) {
        self.deadline.pause(now);
        self.held = false;
    }

    /// Goes on where it stood still, unless it is held.
    #[inline]
    pub(crate) fn resume(&mut self, now: Instant) {
        if !self.held {
            self.deadline.resume(now);
        }
    }

    /// When [`hold`](Self::hold) and then [`is_over`](Deadline::is_over) are to be asked.
    pub(crate) fn poll(&self, held: bool) -> Option<Instant> {
        self.deadline.poll_held(held, self.held)
    }

    /// Stands still while this side does not read, and goes on when it does again.
    pub(crate) fn hold(&mut self, held: bool, now: Instant) {
        if held && self.deadline.is_running() {
            self.deadline.pause(now);
            self.held = true;
        } else if !held && core::mem::take(&mut self.held) {
            self.deadline.resume(now);
        }
    }

    /// This many bytes have come.
    #[inline]
    pub(crate) fn received(&mut self, len: usize) {
        if len >= self.left {
            self.deadline.refill();
            self.left = STRIDE;
        } else {
            self.left -= len;
        }
    }
}

/// Until when the peer must have taken some of the output: [`STRIDE`] bytes, or all that was owed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WriteDeadline {
    deadline: Deadline,
    /// Bytes that must be written when it is over.
    target: u64,
}

impl WriteDeadline {
    pub(crate) fn new(time: impl Into<Span>) -> Self {
        Self { deadline: Deadline { full: time.into(), ..Deadline::OFF }, target: 0 }
    }

    /// Something may have been added to the output.
    #[inline]
    pub(crate) fn touch(&mut self, outbox: &Outbox, now: Instant) {
        if self.deadline.is_off() {
            self.begin_if_owed(outbox, now);
        }
    }

    /// Waits for the peer to take the output, if there is any, and then for it to leave.
    pub(crate) fn linger(&mut self, outbox: &Outbox, now: Instant) {
        if self.deadline.is_off() {
            self.begin(outbox, now);
        }
    }

    /// When [`is_over`](Self::is_over) is to be asked; never while nothing is owed.
    pub(crate) fn poll(&self, outbox: &Outbox) -> Option<Instant> {
        self.deadline.poll().filter(|_| !outbox.is_empty())
    }

    /// When it is to be asked while it lingers.
    pub(crate) const fn poll_lingering(&self) -> Option<Instant> {
        self.deadline.poll()
    }

    /// Whether too little was taken for too long; or, while it `lingers`, whether the peer has neither
    /// taken anything nor left.
    pub(crate) fn is_over(&mut self, outbox: &Outbox, lingers: bool, now: Instant) -> bool {
        if outbox.is_empty() && !lingers {
            self.deadline.stop();
            return false;
        }
        if !self.deadline.is_over(now) {
            return false;
        }
        if outbox.written() >= self.target {
            self.begin(outbox, now);
            return false;
        }
        self.deadline.stop();
        true
    }

    #[cold]
    fn begin_if_owed(&mut self, outbox: &Outbox, now: Instant) {
        if !outbox.is_empty() {
            self.begin(outbox, now);
        }
    }

    fn begin(&mut self, outbox: &Outbox, now: Instant) {
        // With an empty output a target that no write can reach: the peer is to leave.
        self.target = outbox.written() + outbox.remaining().clamp(1, STRIDE) as u64;
        self.deadline.restart(now);
    }
}

/// The time between two signs of life that this side gives: at least a millisecond, the finest step of
/// most timers, so that an interval of zero is not due for ever.
pub(crate) fn interval(time: Duration) -> Duration {
    time.max(Duration::from_millis(1))
}

/// The least progress within each wait.
const STRIDE: usize = 4096;

/// What comes so many microseconds after a deadline, and before the time was told, lay unread while this
/// side did not look: the peer was not late. A driver that tells the time when it is due is quicker.
const UNTOLD: u64 = 100_000;

/// A turn that comes so many microseconds after a deadline has slept through it.
const SLEPT: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(millis)
    }

    const TEN: Option<Duration> = Some(Duration::from_secs(10));

    #[test]
    fn spans_are_rounded_up_and_end() {
        for (micros, millis) in [(0, 0), (1, 1), (1000, 1), (1001, 2), (59_950_000, 59_950)] {
            assert_eq!(Span::from(Duration::from_micros(micros)), Span(millis), "{micros}");
        }
        assert_eq!(Span::from(Duration::MAX), Span(u32::MAX - 1));
        assert_eq!(Span::from(None), Span::NONE);
    }

    #[test]
    fn it_stands_still_while_nobody_waits() {
        let mut deadline = Deadline::OFF;
        deadline.start(TEN, at(0));
        assert_eq!(deadline.poll(), Some(at(10_000)));
        deadline.pause(at(4000));
        assert_eq!((deadline.poll(), deadline.is_over(at(99_000))), (None, false));
        deadline.resume(at(50_000));
        assert_eq!(deadline.poll(), Some(at(56_000)));
        deadline.pause(at(51_000));
        deadline.refill();
        deadline.resume(at(52_000));
        assert_eq!(deadline.poll(), Some(at(62_000)));
        assert!(!deadline.is_over(at(61_999)) && deadline.is_over(at(62_000)));
    }

    #[test]
    fn a_turn_that_was_slept_through_is_not_the_last() {
        let mut deadline = Deadline::OFF;
        deadline.start(TEN, at(0));
        assert!(!deadline.is_over(at(11_001)));
        assert_eq!(deadline.poll(), Some(at(11_001)));
        let mut silent = deadline;
        assert!(silent.is_over(at(11_001)));
        // What lay unread begins it anew, in either order.
        deadline.pause(at(11_001));
        deadline.resume(at(11_001));
        assert_eq!(deadline.poll(), Some(at(21_001)));
        deadline.pause(at(33_000));
        deadline.resume(at(33_000));
        assert_eq!(deadline.poll(), Some(at(43_000)));
        // A byte just after the deadline does not, where the time is told at once.
        deadline.pause(at(43_100));
        deadline.resume(at(43_100));
        assert!(deadline.is_over(at(43_100)));
        // Who was not told for a while did not look.
        deadline.start(TEN, at(50_000));
        deadline.pause(at(60_101));
        deadline.resume(at(60_101));
        assert_eq!(deadline.poll(), Some(at(70_101)));
    }

    #[test]
    fn output_must_be_taken_at_a_least_rate() {
        let mut outbox = Outbox::new();
        let mut write = WriteDeadline::new(TEN);
        write.touch(&outbox, at(0));
        assert_eq!(write.poll(&outbox), None);
        // All that was owed, and what came later may wait.
        outbox.copy(&[0; 100]).unwrap();
        write.touch(&outbox, at(0));
        outbox.copy(&[0; 10_000]).unwrap();
        write.touch(&outbox, at(9000));
        assert_eq!(write.poll(&outbox), Some(at(10_000)));
        outbox.advance(100);
        assert!(!write.is_over(&outbox, false, at(10_000)));
        // Then four KiB each time: one byte less is too little.
        outbox.advance(4096);
        assert!(!write.is_over(&outbox, false, at(20_000)));
        outbox.advance(4095);
        assert!(write.is_over(&outbox, false, at(30_000)));
        // Later output starts its own wait.
        write.touch(&outbox, at(40_000));
        assert_eq!(write.poll(&outbox), Some(at(50_000)));
        outbox.advance(outbox.remaining());
        assert!(!write.is_over(&outbox, false, at(50_000)));
        assert_eq!(write.poll(&outbox), None);
    }

    #[test]
    fn whoever_lingers_waits_for_an_end() {
        let mut outbox = Outbox::new();
        outbox.copy(&[0; 10]).unwrap();
        let mut write = WriteDeadline::new(TEN);
        write.linger(&outbox, at(0));
        outbox.advance(10);
        assert!(!write.is_over(&outbox, true, at(10_000)));
        assert!(write.is_over(&outbox, true, at(20_000)));
    }

    proptest! {
        /// Whatever happens, asking twice at the same moment makes progress: it is over, or due later.
        #[test]
        fn it_is_never_due_for_ever(
            time in 0u64..20_000,
            steps in prop::collection::vec((0u8..5, 0u64..20_000), 1..20),
        ) {
            let mut now = 0;
            let mut deadline = Deadline::OFF;
            deadline.start(Some(Duration::from_millis(time)), at(0));
            for (step, pass) in steps {
                now += pass;
                match step {
                    0 => deadline.start(Some(Duration::from_millis(time)), at(now)),
                    1 => deadline.pause(at(now)),
                    2 => deadline.resume(at(now)),
                    3 => deadline.refill(),
                    _ => {}
                }
                let over = (0..3).any(|_| deadline.is_over(at(now)));
                prop_assert!(over || deadline.poll().is_none_or(|due| due > at(now)));
                if over {
                    deadline.stop();
                }
            }
        }
    }
}
