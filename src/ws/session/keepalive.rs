//! When a silent peer is sent a ping, and when it must have answered a ping or a close frame.

use super::config::Config;
use crate::kernel::deadline::{Deadline, Span, interval};
use crate::kernel::table::transitions;
use crate::kernel::{outbox::Outbox, time::Instant};

/// The deadline for a sign of life, and after a close frame for the end of the closing handshake.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keepalive {
    interval: Span,
    pong: Span,
    close: Span,
    deadline: Deadline,
    /// Where the ping or the close frame ends, in all output.
    end: u64,
    state: State,
    /// Some of the input is not decoded yet.
    reading: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The peer must answer nothing: the deadline is that of the next ping.
    Quiet,
    /// A ping is behind other output.
    PingQueued,
    /// A ping leaves with the next write, or has left.
    PingSent,
    /// A close frame is behind other output.
    CloseQueued,
    /// A close frame leaves with the next write, or has left.
    CloseSent,
    /// The connection has ended.
    Over,
}

#[derive(Debug, Clone, Copy)]
enum On {
    /// A ping goes behind other output.
    QueuePing,
    /// A ping goes into an empty output.
    SendPing,
    /// A close frame goes behind other output.
    QueueClose,
    /// A close frame goes into an empty output.
    SendClose,
    /// The frame has left the output.
    Sent,
    /// The frame has not left the output yet.
    Stuck,
    /// Bytes of the peer.
    Received,
    /// The end of the connection.
    End,
}

transitions! {
    /// Any byte answers a ping; only the end of the closing handshake answers a close frame.
    State, On {
        Quiet, QueuePing => PingQueued;
        Quiet, SendPing => PingSent;
        PingQueued, Sent => PingSent;
        PingQueued | PingSent, Stuck => PingQueued;
        Quiet | PingQueued | PingSent, Received => Quiet;
        Quiet | PingQueued | PingSent | CloseQueued | CloseSent, QueueClose => CloseQueued;
        Quiet | PingQueued | PingSent | CloseQueued | CloseSent, SendClose => CloseSent;
        CloseQueued, Sent => CloseSent;
        CloseQueued | CloseSent, Stuck => CloseQueued;
        CloseQueued, Received => CloseQueued;
        CloseSent, Received => CloseSent;
        Quiet | PingQueued | PingSent | CloseQueued | CloseSent | Over, End => Over;
        Over, Received => Over;
    }
}

/// What the deadline demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Ping,
    GiveUp,
}

impl Keepalive {
    /// The first interval begins at `now`.
    pub(super) fn new(config: &Config, now: Instant) -> Self {
        let ping = config.ping_interval.map(interval).into();
        let mut deadline = Deadline::OFF;
        deadline.start(ping, now);
        Self {
            interval: ping,
            pong: config.pong_timeout.into(),
            close: config.close_timeout.into(),
            deadline,
            end: 0,
            state: State::Quiet,
            reading: false,
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if this side reads or does not.
    pub(super) fn poll(&self, reads: bool) -> Option<Instant> {
        self.deadline.poll_held(!reads)
    }

    /// A ping was queued, behind other output or not.
    pub(super) fn ping(&mut self, outbox: &Outbox, queued: bool, now: Instant) {
        self.expect(if queued { On::QueuePing } else { On::SendPing }, outbox, now);
    }

    /// A close frame was queued, behind other output or not; or the peer's has come, and its end of
    /// stream must follow.
    pub(super) fn close(&mut self, outbox: &Outbox, queued: bool, now: Instant) {
        self.expect(if queued { On::QueueClose } else { On::SendClose }, outbox, now);
    }

    fn expect(&mut self, on: On, outbox: &Outbox, now: Instant) {
        self.end = outbox.end();
        self.wait(on, now);
        if self.reading {
            // The answer may be in the input that is not decoded yet.
            self.deadline.pause(now);
        }
    }

    /// Bytes have arrived: all of them are decoded, or some are not.
    #[inline]
    pub(super) fn received(&mut self, reading: bool, now: Instant) {
        self.reading = reading;
        self.deadline.end_hold();
        self.state.go(On::Received);
        if self.state == State::Quiet {
            self.deadline.start(self.interval, now);
        } else if reading {
            self.deadline.pause(now);
        } else {
            self.deadline.resume(now);
        }
    }

    /// Waits for the answer, or for the frame to leave a queue.
    fn wait(&mut self, on: On, now: Instant) {
        self.state.go(on);
        let time = match self.state {
            State::PingQueued => self.pong.quarter(),
            State::PingSent => self.pong,
            State::CloseQueued => self.close.quarter(),
            State::CloseSent => self.close,
            State::Quiet | State::Over => self.interval,
        };
        self.deadline.start(time, now);
    }

    /// The connection has ended.
    pub(super) fn stop(&mut self) {
        self.state.go(On::End);
        self.deadline.stop();
    }

    /// Advances the time, while this side reads or does not.
    pub(super) fn handle_timeout(
        &mut self,
        outbox: &Outbox,
        reads: bool,
        now: Instant,
    ) -> Option<Due> {
        self.deadline.hold(!reads, now);
        if !self.deadline.is_over(now) {
            return None;
        }
        match self.state {
            State::Quiet => return Some(Due::Ping),
            State::Over => {}
            // Another deadline watches whether the peer takes the output at all.
            _ if outbox.written() < self.end => self.wait(On::Stuck, now),
            // It left after the last turn: the peer has the whole time from here on.
            State::PingQueued | State::CloseQueued => self.wait(On::Sent, now),
            State::PingSent | State::CloseSent => return Some(Due::GiveUp),
        }
        None
    }

    /// The output is too full for a ping: schedules the next one as if it had been sent.
    pub(super) fn skip(&mut self, now: Instant) {
        self.deadline.start(self.interval, now);
    }
}
