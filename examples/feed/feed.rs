//! What all connections share: the log, the newest events in memory, and the wait for the next.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wirefeed::replay::{Config, Entry, History, Missed, Replay};
use wirefeed::sse::{Event, EventStream};

use crate::log::Log;

/// The events so far, and those to come.
pub(crate) struct Feed {
    events: Mutex<Events>,
    happened: Condvar,
    origin: Instant,
}

impl Feed {
    pub(crate) fn new(log: Log) -> Self {
        let events = Events { recent: Replay::new(Config::default()), log };
        Self { events: Mutex::new(events), happened: Condvar::new(), origin: Instant::now() }
    }

    /// The number of the newest event; 0 before the first.
    pub(crate) fn newest(&self) -> u64 {
        self.lock().log.newest()
    }

    /// Publishes an event: to the log first, then to the connections. So what is sent is always in
    /// the log, whenever the process ends.
    pub(crate) fn publish(&self, kind: &str, data: &str) -> io::Result<()> {
        let now = wirefeed::Instant::from_std(self.origin, Instant::now());
        let mut events = self.lock();
        let event = events.log.append(kind, data)?;
        let message = Event { id: event.id(), event: kind, data, retry: None };
        events.recent.push(&(), &message, now).map_err(io::Error::other)?;
        events.recent.handle_timeout(now);
        drop(events);
        self.happened.notify_all();
        Ok(())
    }

    /// Sends a client the events that it has not been sent yet, as far as there is room, and
    /// returns the number of the newest event.
    pub(crate) fn resume(
        &self,
        client: &mut EventStream,
        now: wirefeed::Instant,
    ) -> io::Result<u64> {
        let events = self.lock();
        client.resume(&*events, now).map_err(io::Error::other)?;
        Ok(events.log.newest())
    }

    /// Waits for an event after this one, at most this long, and returns whether there is one.
    pub(crate) fn wait(&self, newest: u64, time: Duration) -> bool {
        let is_old = |events: &mut Events| events.log.newest() <= newest;
        let waited = self.happened.wait_timeout_while(self.lock(), time, is_old);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn lock(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All events are in the log. The newest are in memory too, encoded once for all clients.
struct Events {
    recent: Replay,
    log: Log,
}

impl History for Events {
    fn since(&self, last_event_id: &str) -> Missed<impl Iterator<Item = Entry>> {
        let recent = self.recent.stream(&()).since(last_event_id);
        // Memory does not have an old event, or one from before a restart.
        let logged = recent.is_gap().then(|| self.log.since(last_event_id));
        let recent = logged.is_none().then_some(recent);
        let gap = logged.as_ref().is_some_and(Missed::is_gap);
        let events = logged.into_iter().flatten();
        Missed::new(events.chain(recent.into_iter().flatten().cloned()), gap)
    }
}
