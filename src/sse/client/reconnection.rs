//! Whether and when a source connects again.

use core::time::Duration;

use super::{Disconnected, EventSource, On, Reason, State};
use crate::{Entropy, Instant};

impl<E: Entropy> EventSource<E> {
    /// The response is not the one that was wanted: the end, or another attempt in `least` or more.
    pub(super) fn refuse(&mut self, reason: Reason, least: Option<Duration>, now: Instant) {
        self.cancel = true;
        let delay = least.filter(|_| self.may_resend()).map(|least| self.delay(least, now));
        self.end(reason, delay, now);
    }

    /// The connection is lost, and another one is wanted.
    pub(super) fn lose(&mut self, reason: Reason, now: Instant) {
        let delay = self.may_resend().then(|| self.delay(Duration::ZERO, now));
        self.end(reason, delay, now);
    }

    pub(super) fn end(&mut self, reason: Reason, delay: Option<Duration>, now: Instant) {
        let unfinished = self.state == State::Open && self.decoder.is_unfinished();
        self.disconnected = Disconnected { reason, reconnects_in: delay, unfinished };
        self.reconnects_at = delay.map(|delay| now + delay);
        self.idle.stop();
        self.state.go(On::Ended);
    }

    const fn may_resend(&self) -> bool {
        !self.config.has_body || self.config.resend
    }

    /// The time to wait: at least `least`, which the server requires.
    fn delay(&mut self, least: Duration, now: Instant) -> Duration {
        let was_healthy = matches!(self.state, State::Opening | State::Open)
            && now.duration_since(self.opened_at) >= self.config.healthy;
        if was_healthy {
            self.failures = 0;
        }
        let backoff = &self.config.backoff;
        let delay = backoff.delay_of(self.retry, least, self.failures, &mut self.entropy);
        self.failures = self.failures.saturating_add(1);
        delay
    }
}
