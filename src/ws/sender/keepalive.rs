//! When the peer must have given a sign of life, or have ended the closing handshake.

use core::time::Duration;

use crate::deadline::{Deadline, Span, interval};
use crate::{Instant, Outbox};

/// ```text
///            interval              ping left, timeout
///  Quiet ───────────────▶ Queued ───────▶ Left ───────▶ the peer is gone
///    ▲                      │              │
///    └──────── a byte ──────┴──────────────┘
/// ```
///
/// After a close frame the same, without a way back: `Queued`, then `Left`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keepalive {
    interval: Span,
    /// For the answer to the frame that asked for one last.
    timeout: Span,
    deadline: Deadline,
    state: State,
    /// Not all that has come was pulled.
    reading: bool,
    /// It stands still since so much output is owed that this side does not read.
    held: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing is asked of the peer.
    Quiet,
    /// A frame that asks for an answer stands behind other output, up to this byte of all output.
    Queued(u64),
    /// It is expected to leave with the next write.
    Left(u64),
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Ping,
    GiveUp,
}

impl Keepalive {
    /// A ping is due after each `interval` without a byte.
    pub(super) fn new(interval: Option<Duration>) -> Self {
        let interval = interval.map(self::interval).into();
        Self {
            interval,
            timeout: interval,
            deadline: Deadline::unset(interval),
            state: State::Quiet,
            reading: false,
            held: false,
        }
    }

    /// When the time is to be told, while this side reads or not.
    pub(super) fn poll(&self, reads: bool) -> Option<Instant> {
        self.deadline.poll_held(!reads, self.held)
    }

    /// A frame that asks for an answer was queued, behind other output or not: it is waited for so long.
    pub(super) fn ask(&mut self, outbox: &Outbox, queued: bool, timeout: Span, now: Instant) {
        let end = outbox.end();
        self.timeout = timeout;
        if queued {
            self.queued(end, now);
        } else {
            self.left(end, now);
        }
        if self.reading {
            // The answer may lie among what is still to be pulled.
            self.deadline.pause(now);
        }
    }

    /// Bytes have come: all of them were pulled, or some are still to be. `open` while any byte is the
    /// answer.
    #[inline]
    pub(super) fn heard(&mut self, reading: bool, open: bool, now: Instant) {
        (self.reading, self.held) = (reading, false);
        if open {
            self.state = State::Quiet;
            self.deadline.start(self.interval, now);
        } else if reading {
            self.deadline.pause(now);
        } else {
            self.deadline.resume(now);
        }
    }

    fn queued(&mut self, end: u64, now: Instant) {
        self.state = State::Queued(end);
        self.deadline.start(self.timeout.quarter(), now);
    }

    fn left(&mut self, end: u64, now: Instant) {
        self.state = State::Left(end);
        self.deadline.start(self.timeout, now);
    }

    pub(super) fn stop(&mut self) {
        self.deadline.stop();
    }

    /// What is due, while this side reads or not.
    pub(super) fn handle_timeout(
        &mut self,
        outbox: &Outbox,
        reads: bool,
        now: Instant,
    ) -> Option<Due> {
        if !reads && self.deadline.is_running() {
            self.deadline.pause(now);
            self.held = true;
        } else if reads && core::mem::take(&mut self.held) {
            self.deadline.resume(now);
        }
        if !self.deadline.is_over(now) {
            return None;
        }
        match self.state {
            State::Quiet => Some(Due::Ping),
            // That the peer takes the output at all is for another deadline to see to.
            State::Queued(end) | State::Left(end) if outbox.written() < end => {
                self.queued(end, now);
                None
            }
            // It left since the last turn: the peer has all of the time from here on.
            State::Queued(end) => {
                self.left(end, now);
                None
            }
            State::Left(_) => Some(Due::GiveUp),
        }
    }

    /// A ping finds no room: the next one is due as if it had gone out.
    pub(super) fn skip(&mut self, now: Instant) {
        self.deadline.start(self.interval, now);
    }
}
