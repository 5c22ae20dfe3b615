//! The clock that all transports send. The content of a tick follows from its number, so that a
//! restarted server can send what was missed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wirefeed::replay::{Entry, History, Missed};
use wirefeed::sse::Event;

/// Ticks at an interval.
#[derive(Clone, Copy)]
pub(crate) struct Ticks {
    every: u64,
}

impl Ticks {
    /// Ticks every so many milliseconds, at least 10.
    pub(crate) fn every(millis: u64) -> Self {
        Self { every: millis.clamp(10, 60_000) }
    }

    /// The number of the newest tick.
    pub(crate) fn newest(self) -> u64 {
        now() / self.every
    }

    /// How long until the tick after `n`.
    pub(crate) fn until_after(self, n: u64) -> Duration {
        Duration::from_millis(((n + 1) * self.every).saturating_sub(now()))
    }

    /// The ticks after `last` so far, without the oldest if there are too many.
    pub(crate) fn after(self, last: u64) -> std::ops::RangeInclusive<u64> {
        let newest = self.newest();
        (last + 1).max(newest.saturating_sub(MOST - 1))..=newest
    }
}

/// A history that stores nothing: it makes events on request.
impl History for Ticks {
    fn since(&self, last_event_id: &str) -> Missed<impl Iterator<Item = Entry>> {
        let newest = self.newest();
        let last = match last_event_id {
            "" => newest,
            id => id.parse().ok().filter(|last| *last <= newest).unwrap_or(0),
        };
        let ticks = self.after(last);
        let gap = *ticks.start() != last + 1;
        let events = ticks.filter_map(|n| {
            let (id, data) = (n.to_string(), json(n));
            Event { event: "tick", id: Some(&id), data: &data, retry: None }.encode().ok()
        });
        Missed::new(events, gap)
    }
}

/// A tick as JSON.
pub(crate) fn json(n: u64) -> String {
    format!(r#"{{"n":{n},"sent":{}}}"#, now())
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The maximum number of ticks to catch up with.
const MOST: u64 = 1000;
