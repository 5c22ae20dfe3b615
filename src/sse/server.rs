//! One client's stream, from the server's side: events, keep-alive, resume (WHATWG HTML 9.2).
//!
//! It makes the body of one response, over any HTTP. A server, and a client that it loses twice:
//!
//! ```
//! use bytes::Buf;
//! use wirefeed::sse::server::{FIELDS, Mode, Policy, STATUS};
//! use wirefeed::sse::{Command, EventSource, Message, Replay, Server, source::Event};
//! use wirefeed::{Instant, Step};
//!
//! let mut now = Instant::ZERO;
//! let mut replay = Replay::<()>::new(Default::default());
//! let mut client = EventSource::new("/events", Default::default(), |_: &mut [u8]| {});
//! let (mut numbers, mut seen) = (1.., Vec::new());
//! let mut happen = |replay: &mut Replay, now| {
//!     let data = numbers.next().map_or(String::new(), |n: u32| n.to_string());
//!     replay.push(&(), &Message { data: &data, ..Default::default() }, now)
//! };
//! for _ in 0..3 {
//!     let Some(Command::Connect { attempt, last_event_id, .. }) = client.poll_command() else {
//!         unreachable!()
//!     };
//!     let request = [("Last-Event-ID", last_event_id)];
//!     let mut server = Server::new(&request, Mode::Stream, Policy::default(), now);
//!     client.response_head(attempt, STATUS, &FIELDS, now);
//!     // First what the client has missed, then what happens while it is there.
//!     assert!(!server.resume(&replay, now)?.gap);
//!     for _ in 0..2 {
//!         let event = happen(&mut replay, now)?;
//!         server.send_event(&event, now)?; // and so to every other client
//!     }
//!     // The caller's HTTP carries what is owed, until the network fails.
//!     while let Some(body) = server.output().take_bytes() {
//!         let mut input = &body[..];
//!         while let Step::Item(event) = client.receive(attempt, &mut input, now) {
//!             if let Event::Message(event) = event {
//!                 seen.push(format!("{}: {}", event.id, event.data));
//!             }
//!         }
//!     }
//!     client.transport_error(attempt, now);
//!     while let Step::Item(_) = client.receive(attempt, &mut &b""[..], now) {}
//!     happen(&mut replay, now)?; // while nobody is there
//!     now = client.poll_timeout().unwrap_or(now);
//!     client.handle_timeout(now);
//! }
//! assert_eq!(seen, ["1: 1", "2: 2", "3: 3", "4: 4", "5: 5", "6: 6", "7: 7", "8: 8"]);
//! # Ok::<(), wirefeed::SendError>(())
//! ```

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use super::{Encoded, History, KEEP_ALIVE, Message, encode_comment, encode_event, encode_retry};
use crate::{ApiMisuse, Fields, Instant, Outbox, SendError};

#[cfg(test)]
mod properties;
mod state;
#[cfg(test)]
mod tests;

use state::{On, State};

/// The status of the response.
pub const STATUS: u16 = 200;

/// The fields of the response. It must reach the client as it is written: the last one says so to
/// nginx.
pub const FIELDS: [(&str, &str); 3] = [
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-store"),
    ("X-Accel-Buffering", "no"),
];

/// When a response ends. After each end an `EventSource` comes back by itself: a stream and a poll
/// are the same to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// When it is closed.
    Stream,
    /// After its first event, or after some time without any: for networks that hold responses back
    /// until they end.
    LongPoll {
        /// How long it waits for an event.
        hold: Duration,
        /// How long it waits for others after the first. Even where this is zero it takes along
        /// what is sent before the next [`handle_timeout`](Server::handle_timeout).
        batch: Duration,
    },
    /// At once, with what is sent before the next [`handle_timeout`](Server::handle_timeout). The
    /// client comes back after [`Policy::retry`].
    ShortPoll,
}

/// What a stream does on its own, and what it may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// The client's reconnection time, sent first. Not sent by default: it has its own.
    pub retry: Option<Duration>,
    /// Sends a comment where nothing was sent for so long. 15 seconds, as WHATWG HTML 9.2.7
    /// advises.
    pub keep_alive: Option<Duration>,
    /// What becomes of an event that finds no room. It is refused.
    pub slow: Slow,
    /// Bytes of output that may be owed; no limit where there is none. 1 MiB, as every [`Outbox`].
    /// An event must fit in there alone. The reconnection time and the keep-alive go over it: 31
    /// bytes.
    pub output: Option<usize>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            retry: None,
            keep_alive: Some(Duration::from_secs(15)),
            slow: Slow::Refuse,
            output: Some(1 << 20),
        }
    }
}

/// What becomes of an event that finds no room in the output, since the client is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Slow {
    /// The command says [`SendError::Full`]; nothing else has changed.
    Refuse,
    /// The stream ends after what is owed. The client comes back with its last event id, to be sent
    /// from the history what it missed.
    Close,
    /// It is not sent, and counted. It is lost to this client: the id of the next event that is
    /// sent says that all before it was seen, and no history will send it again. For values of
    /// which only the last one counts.
    Skip,
    /// It waits in the history: the stream [is behind](Server::is_behind) until
    /// [`resume`](Server::resume) has sent all. Only for callers whose every event with an id is in
    /// the history before it is sent. A client that brings a `Last-Event-ID` begins like that.
    Resume,
}

/// What [`Server::resume`] has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resumed {
    /// How many events were sent.
    pub events: usize,
    /// Whether others are missing before them, or may be: see [`Missed`](super::replay::Missed).
    pub gap: bool,
}

/// One client's stream: the body of one response.
///
/// - commands: [`send_event`](Self::send_event), [`send_message`](Self::send_message),
///   [`send_comment`](Self::send_comment), [`resume`](Self::resume), [`close`](Self::close)
/// - inputs: [`handle_timeout`](Self::handle_timeout)
/// - outputs: [`output`](Self::output), [`poll_timeout`](Self::poll_timeout)
/// - facts: [`is_done`](Self::is_done), [`is_behind`](Self::is_behind),
///   [`last_event_id`](Self::last_event_id), [`skipped`](Self::skipped)
///
/// The caller sends a head with [`STATUS`] and [`FIELDS`], then what is [owed](Self::output) as the
/// body, and ends the response when the stream [is done](Self::is_done) and nothing is owed.
///
/// The last event id goes on with each event sent, so that `resume` may be called at any time: it
/// sends what the history has after it, as far as there is room. If that is not all, the stream is
/// behind. Then an event with an id is not sent, since it waits in the history, and one without is
/// skipped, until `resume` is called again, when output has been written, and has sent all.
///
/// It does not watch whether the client reads: that is for the HTTP below, which owns the
/// connection.
pub struct Server {
    outbox: Outbox,
    policy: Policy,
    state: State,
    /// The client's, when it has read all that is owed.
    last_event_id: String,
    /// How long a poll goes on after its first event, before there was one.
    batch: Option<Duration>,
    /// When a poll ends.
    ends_at: Option<Instant>,
    /// When something was sent last.
    sent_at: Instant,
    skipped: u64,
}

impl Server {
    /// The stream that answers a request with these fields.
    ///
    /// A `Last-Event-ID` that no `EventSource` sends, with NUL or not in UTF-8, is passed over.
    pub fn new(request: &(impl Fields + ?Sized), mode: Mode, policy: Policy, now: Instant) -> Self {
        let last_event_id = request.value_of("last-event-id").and_then(text).unwrap_or_default();
        let resumes = policy.slow == Slow::Resume && !last_event_id.is_empty();
        let (batch, ends_at) = match mode {
            Mode::Stream => (None, None),
            Mode::LongPoll { hold, batch } => (Some(batch), Some(now + hold)),
            Mode::ShortPoll => (None, Some(now)),
        };
        let mut outbox = Outbox::with_limit(policy.output);
        if let Some(retry) = policy.retry {
            let ms = u64::try_from(retry.as_millis()).unwrap_or(u64::MAX);
            // A `BytesMut` has room.
            let _ = encode_retry(ms, outbox.owed());
        }
        Self {
            outbox,
            policy,
            state: if resumes { State::Behind } else { State::Open },
            last_event_id: last_event_id.into(),
            batch,
            ends_at,
            sent_at: now,
            skipped: 0,
        }
    }

    /// Sends an event that was encoded for many; a large one is shared, not copied.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Closed`] after the end. [`SendError::Full`] where there is no room and the
    /// policy is to refuse; or to resume, and the client has no last event id to resume from.
    pub fn send_event(&mut self, event: &Encoded, now: Instant) -> Result<(), SendError> {
        self.offer(event.id(), now, |outbox| put(event, outbox))
    }

    /// Sends an event.
    ///
    /// # Errors
    ///
    /// Those of [`send_event`](Self::send_event), and [`ApiMisuse::LineBreak`] where the type or
    /// the id would end its line.
    pub fn send_message(&mut self, message: &Message<'_>, now: Instant) -> Result<(), SendError> {
        message.check()?;
        self.offer(message.id, now, |outbox| encode_event(message, &mut outbox.writer()))
    }

    /// Sends a comment.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Closed`] after the end, [`ApiMisuse::LineBreak`] where the text would end its
    /// line, [`SendError::Full`] where there is no room, whatever the policy.
    pub fn send_comment(&mut self, text: &str, now: Instant) -> Result<(), SendError> {
        self.check_open()?;
        encode_comment(text, &mut self.outbox.writer())?;
        self.sent_at = now;
        Ok(())
    }

    /// Sends what the client has missed, as much of it as there is room for.
    ///
    /// After a gap it sends all there is. Whoever would rather tell the client first asks the
    /// history with [`last_event_id`](Self::last_event_id) before.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Closed`] after the end. [`SendError::Full`] where nothing is owed and even so
    /// the next event does not fit: it never will.
    pub fn resume(
        &mut self,
        history: &(impl History + ?Sized),
        now: Instant,
    ) -> Result<Resumed, SendError> {
        self.check_open()?;
        let last = core::mem::take(&mut self.last_event_id);
        let missed = history.since(&last);
        let (mut events, gap, mut fits) = (0, missed.is_gap(), true);
        for event in missed {
            fits = put(&event, &mut self.outbox).is_ok();
            if !fits {
                break;
            }
            self.sent(event.id(), now);
            events += 1;
        }
        if events == 0 {
            self.last_event_id = last;
        }
        self.on(if fits { On::CaughtUp } else { On::FellBehind });
        if !fits && self.outbox.is_empty() {
            return Err(SendError::Full);
        }
        Ok(Resumed { events, gap })
    }

    /// Ends the stream after what is owed.
    pub fn close(&mut self) {
        self.on(On::Ended);
    }

    /// The body that is owed to the client: write it and advance.
    ///
    /// Over an HTTP with an output of its own, give that the next piece only once the last one is
    /// written, so that the limit here is what a slow client is measured by.
    pub fn output(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called, if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.is_done() {
            return None;
        }
        let keep_alive = self.policy.keep_alive.map(|time| self.sent_at + time);
        [self.ends_at, keep_alive].into_iter().flatten().min()
    }

    /// Lets time pass: a poll ends, a silent stream gives a sign of life. One that still owes
    /// something needs none.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.ends_at.is_some_and(|at| at <= now) {
            self.on(On::Ended);
        }
        let is_silent = self.policy.keep_alive.is_some_and(|time| self.sent_at + time <= now);
        if self.is_done() || !is_silent {
            return;
        }
        self.sent_at = now;
        if self.outbox.is_empty() {
            if self.outbox.owed().capacity() > RETAINED {
                self.outbox.release();
            }
            self.outbox.owed().extend_from_slice(KEEP_ALIVE);
        }
    }

    /// Whether nothing more is sent: the response is to be ended once nothing is owed.
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Whether events wait in the history: [`resume`](Self::resume) is to be called when output has
    /// been written.
    pub const fn is_behind(&self) -> bool {
        matches!(self.state, State::Behind)
    }

    /// The client's last event id, when it has read all that is owed: at first that of its request,
    /// empty where it has none.
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// How many events were not sent, and will not be, by the policy or since they had no id while
    /// the stream was behind.
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Gives back what a burst of output has left behind.
    pub fn release(&mut self) {
        self.outbox.release();
    }

    /// Sends an event, or does as the policy says.
    fn offer(
        &mut self,
        id: Option<&str>,
        now: Instant,
        put: impl FnOnce(&mut Outbox) -> Result<(), SendError>,
    ) -> Result<(), SendError> {
        self.check_open()?;
        let is_kept = id.is_some_and(|id| !id.is_empty());
        if self.is_behind() {
            self.skipped += u64::from(!is_kept);
            return Ok(());
        }
        match (put(&mut self.outbox), self.policy.slow) {
            (Ok(()), _) => self.sent(id, now),
            (Err(SendError::Full), Slow::Close) => self.on(On::Ended),
            (Err(SendError::Full), Slow::Skip) => self.skipped += 1,
            (Err(SendError::Full), Slow::Resume) if !is_kept => self.skipped += 1,
            (Err(SendError::Full), Slow::Resume) if !self.last_event_id.is_empty() => {
                self.on(On::FellBehind);
            }
            (refused, _) => return refused,
        }
        Ok(())
    }

    /// An event was sent.
    fn sent(&mut self, id: Option<&str>, now: Instant) {
        if let Some(id) = id {
            self.last_event_id.clear();
            self.last_event_id.push_str(id);
        }
        if let Some(batch) = self.batch.take() {
            self.ends_at = Some(now + batch);
        }
        self.sent_at = now;
    }

    fn check_open(&self) -> Result<(), ApiMisuse> {
        if self.is_done() { Err(ApiMisuse::Closed) } else { Ok(()) }
    }

    fn on(&mut self, on: On) {
        self.state = self.state.on(on).unwrap_or(self.state);
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("state", &self.state)
            .field("outbox", &self.outbox)
            .finish_non_exhaustive()
    }
}

/// Owes an event whole, or not at all.
fn put(event: &Encoded, outbox: &mut Outbox) -> Result<(), SendError> {
    match event.bytes() {
        // A small one is copied anyway.
        small if small.len() < Outbox::SHARED => outbox.copy(small),
        large => outbox.share(large.clone()),
    }
}

/// An id as an `EventSource` sends it.
fn text(value: &[u8]) -> Option<&str> {
    let text = core::str::from_utf8(value).ok()?;
    (!text.contains(['\0', '\r', '\n'])).then_some(text)
}

/// What a silent stream may keep of its output buffer.
const RETAINED: usize = 4 << 10;
