//! When the peer must have given a sign of life, or have ended the closing handshake.

use core::time::Duration;

use crate::kernel::deadline::{Deadline, Span, interval};
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
    pong: Span,
    close: Span,
    deadline: Deadline,
    /// Where the frame that asked for an answer ends, in all output.
    end: u64,
    state: State,
    /// It was a close frame, and no byte but the end is an answer.
    is_closing: bool,
    /// Not all that has come was pulled.
    reading: bool,
    /// It stands still since so much output is owed that this side does not read.
    held: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing is asked of the peer.
    Quiet,
    /// A frame that asks for an answer stands behind other output.
    Queued,
    /// It is expected to leave with the next write.
    Left,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Ping,
    GiveUp,
}

impl Keepalive {
    /// A ping is due after each interval without a byte; the answer to it, and to a close frame, within
    /// these times.
    pub(super) fn new(interval: Option<Duration>, pong: Duration, close: Duration) -> Self {
        let interval = interval.map(self::interval).into();
        Self {
            interval,
            pong: pong.into(),
            close: close.into(),
            deadline: Deadline::unset(interval),
            end: 0,
            state: State::Quiet,
            is_closing: false,
            reading: false,
            held: false,
        }
    }

    /// When the time is to be told, while this side reads or not.
    pub(super) fn poll(&self, reads: bool) -> Option<Instant> {
        self.deadline.poll_held(!reads, self.held)
    }

    /// A ping, or a close frame, was queued: behind other output or not.
    pub(super) fn ask(&mut self, outbox: &Outbox, queued: bool, is_closing: bool, now: Instant) {
        (self.end, self.is_closing) = (outbox.end(), is_closing);
        self.wait(if queued { State::Queued } else { State::Left }, now);
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

    /// Waits for the answer, or, in a queue, for the frame to leave it.
    fn wait(&mut self, state: State, now: Instant) {
        self.state = state;
        let full = if self.is_closing { self.close } else { self.pong };
        let queued = state == State::Queued;
        self.deadline.start(if queued { full.quarter() } else { full }, now);
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
            State::Quiet => return Some(Due::Ping),
            // That the peer takes the output at all is for another deadline to see to.
            State::Queued | State::Left if outbox.written() < self.end => {
                self.wait(State::Queued, now);
            }
            // It left since the last turn: the peer has all of the time from here on.
            State::Queued => self.wait(State::Left, now),
            State::Left => return Some(Due::GiveUp),
        }
        None
    }

    /// A ping finds no room: the next one is due as if it had gone out.
    pub(super) fn skip(&mut self, now: Instant) {
        self.deadline.start(self.interval, now);
    }
}
