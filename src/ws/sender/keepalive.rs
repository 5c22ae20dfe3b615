//! Pings that ask whether the peer is still there.

use core::time::Duration;

use crate::Instant;

/// ```text
///  Idle ──▶ Quiet ──────▶ Asked ──▶ the peer is gone
///             ▲   ping      │
///             └─────────────┘ pong
/// ```
#[derive(Debug, Clone, Copy)]
pub(super) struct Keepalive {
    interval: Option<Duration>,
    timeout: Duration,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// The time is not known yet.
    Idle,
    /// The next ping goes out then.
    Quiet(Instant),
    /// A ping was sent, and is to be answered until then.
    Asked(Instant),
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Ping,
    GiveUp,
}

impl Keepalive {
    pub(super) const fn new(interval: Option<Duration>, timeout: Duration) -> Self {
        Self { interval, timeout, state: State::Idle }
    }

    /// When something is due: at once where the time is not known yet.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.interval.map(|_| match self.state {
            State::Idle => Instant::ZERO,
            State::Quiet(at) | State::Asked(at) => at,
        })
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) -> Option<Due> {
        let interval = self.interval?;
        match self.state {
            State::Idle => {
                self.state = State::Quiet(now + interval);
                None
            }
            State::Quiet(at) if at <= now => {
                self.state = State::Asked(now + self.timeout);
                Some(Due::Ping)
            }
            State::Asked(at) if at <= now => Some(Due::GiveUp),
            State::Quiet(_) | State::Asked(_) => None,
        }
    }

    /// The peer has answered.
    pub(super) fn answered(&mut self, now: Instant) {
        if let (State::Asked(_), Some(interval)) = (self.state, self.interval) {
            self.state = State::Quiet(now + interval);
        }
    }
}
