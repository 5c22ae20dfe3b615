//! Deadlines by which the peer must make progress.
//!
//! A deadline measures the peer. It runs while this side waits for the peer, and pauses while the caller
//! does not read or has not processed its input.
//!
//! | machine | deadline | runs while | ends or restarts with | on expiry |
//! |---|---|---|---|---|
//! | `h1::Server` | `idle_timeout` | no byte of a request has arrived | the first byte of a head | the connection ends |
//! | `h1::Server` | `head_timeout` | a head is incomplete | the complete head | 408 |
//! | `h1::Server` | `body_timeout` | content is incomplete | 4 KiB, or the end | 408 |
//! | `h1::Server` | `write_timeout` | output is pending | 4 KiB written, or all output pending at its start | the connection ends |
//! | `h1::Server` | `write_timeout` | the last response is sent | the peer's end of stream | the connection ends |
//! | `h1::Client` | `idle_timeout` | no request is in progress | a request | the connection ends |
//! | `h1::Client` | `head_timeout` | the request is complete, the head of its response is not | the complete head | `TimedOut` |
//! | `h1::Client` | `body_timeout` | content is incomplete | 4 KiB, or the end | `TimedOut` |
//! | `h1::Client` | `continue_timeout` | the request awaits a 100 | a 100, or the response | the content may be sent |
//! | `h1::Client` | `write_timeout` | output is pending | 4 KiB written, or all output pending at its start | the connection ends |
//! | `ws::Session` | `ping_interval` | the peer is silent | any byte | the session sends a ping |
//! | `ws::Session` | `pong_timeout` | a ping has left the output | any byte | `Ending::TimedOut` |
//! | `ws::Session` | `write_timeout` | output is pending | 4 KiB written, or all output pending at its start | `Ending::TimedOut` |
//! | `ws::Session` | `close_timeout` | a close frame is sent | the end of the handshake | `Ending::TimedOut` |
//! | `sse::EventSource` | `idle` | the connection is open | any byte | the source reconnects |
//!
//! Timers for this side's own actions are not deadlines and stay with their machines: the time to
//! reconnect, the keep-alive of a stream, the end of a poll, the age of an event.
//!
//! The caller may call `receive` and `handle_timeout` in either order. If a call comes more than a second
//! after a deadline, the caller has slept through it, and bytes that the peer sent in time may be unread.
//! Such a deadline becomes due once more at once; bytes received before that restart it in full.

use core::time::Duration;

use bytes::Buf as _;

use crate::kernel::{outbox::Outbox, time::Instant};

/// The length of a deadline in milliseconds, rounded up, at most 49 days; or no limit. Four bytes,
/// because a session stores five.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(u32);

impl Span {
    const NONE: Self = Self(u32::MAX);

    fn micros(self) -> u64 {
        u64::from(self.0) * 1000
    }

    /// The interval for checking whether the output is empty, because the machine gets no call when the
    /// caller writes output. A quarter of the deadline gives the peer at most a quarter more time.
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
        // No 128-bit division, because this runs for every request.
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

/// A deadline, and the time that is left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    /// The full length.
    full: Span,
    clock: Clock,
    /// It is paused because this side does not read while too much output is pending.
    held: bool,
    /// While running, the moment of expiry; while paused, the time left. Both in microseconds.
    micros: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clock {
    /// There is no deadline.
    Off,
    /// It runs.
    Running,
    /// The caller slept through it: it expires with the next call, unless bytes arrive first.
    Late,
    /// It does not run.
    Paused,
}

impl Deadline {
    pub(crate) const OFF: Self =
        Self { full: Span::NONE, clock: Clock::Off, held: false, micros: 0 };

    /// Starts it with the length `full`; stops it without a limit.
    #[inline]
    pub(crate) fn start(&mut self, full: impl Into<Span>, now: Instant) {
        self.full = full.into();
        self.restart(now);
    }

    /// Starts it again with the same length.
    #[inline]
    pub(crate) fn restart(&mut self, now: Instant) {
        if self.full == Span::NONE {
            self.clock = Clock::Off;
        } else {
            self.clock = Clock::Running;
            self.micros = now.as_micros().saturating_add(self.full.micros());
        }
    }

    /// Sets the length `full`, paused.
    #[inline]
    pub(crate) fn arm(&mut self, full: impl Into<Span>) {
        self.full = full.into();
        self.clock = if self.full == Span::NONE { Clock::Off } else { Clock::Paused };
        self.micros = self.full.micros();
    }

    /// Stops it.
    #[inline]
    pub(crate) fn stop(&mut self) {
        self.clock = Clock::Off;
    }

    /// Pauses it: the peer has sent something, or the caller does not read. If the caller slept
    /// through the deadline, all of the time is left again.
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

    /// Resumes it with the time that was left.
    #[inline]
    pub(crate) fn resume(&mut self, now: Instant) {
        if self.clock == Clock::Paused {
            self.clock = Clock::Running;
            self.micros = self.micros.saturating_add(now.as_micros());
        }
    }

    /// Restores the full time of a paused deadline: the peer has made enough progress.
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

    /// When to call [`is_over`](Self::is_over).
    pub(crate) const fn poll(&self) -> Option<Instant> {
        match self.clock {
            Clock::Running | Clock::Late => Some(Instant::from_micros(self.micros)),
            Clock::Off | Clock::Paused => None,
        }
    }

    /// Pauses it while this side does not read, and resumes it afterwards.
    pub(crate) fn hold(&mut self, held: bool, now: Instant) {
        if held && self.is_running() {
            self.pause(now);
            self.held = true;
        } else if !held && core::mem::take(&mut self.held) {
            self.resume(now);
        }
    }

    /// Ends a hold without resuming: bytes have arrived, or the caller does not read.
    #[inline]
    pub(crate) fn end_hold(&mut self) {
        self.held = false;
    }

    /// The same for a deadline that a side [holds](Self::hold) while it does not read. A change of `held` is due
    /// at once, or the time until the next call would count wrongly.
    pub(crate) fn poll_held(&self, held: bool) -> Option<Instant> {
        match (held, self.held) {
            (true, _) => self.is_running().then_some(Instant::ZERO),
            (false, true) if self.clock == Clock::Paused => Some(Instant::ZERO),
            (false, _) => self.poll(),
        }
    }

    /// Whether it has expired.
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

/// The deadline for received content. It demands a minimum rate: at least [`STRIDE`] bytes, or the end of
/// the content, in every interval. A peer that trickles bytes cannot keep the connection open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadDeadline {
    deadline: Deadline,
    /// Bytes until the deadline is renewed.
    left: usize,
}

impl ReadDeadline {
    pub(crate) const OFF: Self = Self { deadline: Deadline::OFF, left: STRIDE };

    /// Sets the length `time`, paused.
    #[inline]
    pub(crate) fn arm(&mut self, time: impl Into<Span>) {
        self.deadline.arm(time);
        self.left = STRIDE;
    }

    /// Pauses it until [`resume`](Self::resume), and ends a hold: bytes have arrived, or the caller does
    /// not read.
    pub(crate) fn pause(&mut self, now: Instant) {
        self.deadline.pause(now);
        self.deadline.end_hold();
    }

    /// Resumes it, unless it is held.
    #[inline]
    pub(crate) fn resume(&mut self, now: Instant) {
        if !self.deadline.held {
            self.deadline.resume(now);
        }
    }

    /// Starts it at `now`.
    pub(crate) fn start(&mut self, time: impl Into<Span>, now: Instant) {
        self.deadline.start(time, now);
    }

    #[inline]
    pub(crate) fn stop(&mut self) {
        self.deadline.stop();
    }

    /// When to call [`is_over`](Self::is_over), while this side reads.
    pub(crate) const fn poll(&self) -> Option<Instant> {
        self.deadline.poll()
    }

    pub(crate) fn is_over(&mut self, now: Instant) -> bool {
        self.deadline.is_over(now)
    }

    /// When to call [`hold`](Self::hold) and then [`is_over`](Self::is_over).
    pub(crate) fn poll_held(&self, held: bool) -> Option<Instant> {
        self.deadline.poll_held(held)
    }

    /// Pauses it while this side does not read, and resumes it afterwards.
    pub(crate) fn hold(&mut self, held: bool, now: Instant) {
        self.deadline.hold(held, now);
    }

    /// Counts `len` received bytes.
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

/// The deadline for output: in every interval the caller must be able to write [`STRIDE`] bytes to the
/// peer, or all output that was pending at its start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WriteDeadline {
    deadline: Deadline,
    /// The total number of bytes that must be written by then.
    target: u64,
}

impl WriteDeadline {
    pub(crate) fn new(time: impl Into<Span>) -> Self {
        Self { deadline: Deadline { full: time.into(), ..Deadline::OFF }, target: 0 }
    }

    /// Starts it if there is output and it does not run.
    #[inline]
    pub(crate) fn touch(&mut self, outbox: &Outbox, now: Instant) {
        if self.deadline.is_off() {
            self.begin_if_owed(outbox, now);
        }
    }

    /// Starts it if it does not run, even without output: the peer must take the output and then close
    /// the connection.
    pub(crate) fn linger(&mut self, outbox: &Outbox, now: Instant) {
        if self.deadline.is_off() {
            self.begin(outbox, now);
        }
    }

    /// When to call [`is_over`](Self::is_over); `None` without output.
    pub(crate) fn poll(&self, outbox: &Outbox) -> Option<Instant> {
        self.deadline.poll().filter(|_| !outbox.is_empty())
    }

    /// When to call it while this side lingers.
    pub(crate) const fn poll_lingering(&self) -> Option<Instant> {
        self.deadline.poll()
    }

    /// Whether the peer took too little output for too long. If this side `lingers`, an empty output does
    /// not stop the deadline: the peer must also close the connection.
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
        // Without output, a target that no write reaches: only the peer's close ends the wait.
        self.target = outbox.written() + outbox.remaining().clamp(1, STRIDE) as u64;
        self.deadline.restart(now);
    }
}

/// The interval between keep-alive messages of this side: at least a millisecond, the resolution of most
/// timers, so that an interval of zero does not make a timer due forever.
pub(crate) fn interval(time: Duration) -> Duration {
    time.max(Duration::from_millis(1))
}

/// The minimum progress per interval, in bytes.
const STRIDE: usize = 4096;

/// If bytes arrive more than this many microseconds after a deadline that `is_over` has not checked yet,
/// the caller was late, not the peer. A driver that calls `handle_timeout` when it is due is faster.
const UNTOLD: u64 = 100_000;

/// A call more than this many microseconds after a deadline has slept through it.
const SLEPT: u64 = 1_000_000;

#[cfg(test)]
mod tests;
