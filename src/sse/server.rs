//! One client's stream, from the server's side: events, keep-alive, resume (WHATWG HTML 9.2).
//!
//! An [`EventStream`] makes the body of one response, over any HTTP. It is *open* while events go out as
//! they come. For a client that brings a `Last-Event-ID` it begins as *returned*; an event of a replay
//! that comes before [`resume`](EventStream::resume) makes it *missing* that event. It is *behind* when
//! the output has no room for an event that the history keeps, until `resume` has sent all. It is *closed*
//! by the caller, by the end of a poll, or by [`Overflow::Close`].
//!
//! - start here: [`EventStream`], [`STATUS`], [`FIELDS`], [`Resumed`]
//! - configuration: [`Mode`], [`Config`], [`Overflow`]
//!
//! A server, and a client that it loses twice:
//!
//! ```
//! use bytes::Buf;
//! use wirefeed::replay::Replay;
//! use wirefeed::sse::server::{Config, FIELDS, Mode, STATUS};
//! use wirefeed::sse::{Command, Event, EventSource, EventStream, client};
//! use wirefeed::{Instant, Step};
//!
//! let mut now = Instant::ZERO;
//! let mut replay = Replay::<()>::new(Default::default());
//! let mut client = EventSource::new("/events", Default::default(), |_: &mut [u8]| {});
//! let (mut numbers, mut seen) = (1.., Vec::new());
//! let mut happen = |replay: &mut Replay, now| {
//!     let data = numbers.next().map_or(String::new(), |n: u32| n.to_string());
//!     replay.push(&(), &Event { data: &data, ..Default::default() }, now)
//! };
//! for _ in 0..3 {
//!     let Some(Command::Connect { attempt, last_event_id, .. }) = client.poll_command() else {
//!         unreachable!()
//!     };
//!     let request = [("Last-Event-ID", last_event_id)];
//!     let mut server = EventStream::new(&request, Mode::Stream, Config::default(), now);
//!     client.response_head(attempt, STATUS, &FIELDS, now);
//!     // First what the client has missed, then what happens while it is there.
//!     assert!(!server.resume(&replay, now)?.gap);
//!     for _ in 0..2 {
//!         let event = happen(&mut replay, now)?;
//!         server.send_event(&event, now)?; // and so to every other client
//!     }
//!     // The caller's HTTP carries the output, until the network fails.
//!     while let Some(body) = server.output().take_bytes() {
//!         let mut input = &body[..];
//!         while let Step::Item(event) = client.receive(attempt, &mut input, now) {
//!             if let client::Event::Message(event) = event {
//!                 seen.push(format!("{}: {}", event.id.unwrap_or("-"), event.data));
//!             }
//!         }
//!     }
//!     client.transport_error(attempt, now);
//!     while let Step::Item(_) = client.receive(attempt, &mut &b""[..], now) {}
//!     happen(&mut replay, now)?; // while the client is away
//!     now = client.poll_timeout().unwrap_or(now);
//!     client.handle_timeout(now);
//! }
//! assert_eq!(seen, ["1: 1", "2: 2", "3: 3", "4: 4", "5: 5", "6: 6", "7: 7", "8: 8"]);
//! # Ok::<(), wirefeed::SendError>(())
//! ```

use crate::kernel::debug::debug;
use alloc::string::String;
use core::time::Duration;

use super::{KEEP_ALIVE, encode_comment, encode_retry};
use crate::kernel::table::transitions;
use crate::replay::{Entry, History};
use crate::{ApiMisuse, End, Fields, Instant, Outbox, SendError, Wants};

mod config;
mod entry;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use config::{Config, Mode, Overflow};

/// The status of the response.
pub const STATUS: u16 = 200;

/// The fields of the response. It must reach the client as it is written: the last one says so to
/// nginx.
pub const FIELDS: [(&str, &str); 3] = [
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-store"),
    ("X-Accel-Buffering", "no"),
];

/// What [`EventStream::resume`] has sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resumed {
    /// How many events were sent.
    pub events: usize,
    /// Whether others are missing before them, or may be: see [`Missed`](crate::replay::Missed).
    pub gap: bool,
}

/// One client's stream: the body of one response.
///
/// - commands: [`send_event`](Self::send_event), [`send_comment`](Self::send_comment), [`resume`](Self::resume), [`close`](Self::close)
/// - inputs: [`handle_timeout`](Self::handle_timeout)
/// - outputs: [`output`](Self::output), [`poll_timeout`](Self::poll_timeout)
/// - facts: [`wants`](Self::wants), [`is_behind`](Self::is_behind),
///   [`last_event_id`](Self::last_event_id), [`skipped`](Self::skipped)
///
/// The caller sends a head with [`STATUS`] and [`FIELDS`], then the [output](Self::output) as the body,
/// and ends the response when the stream [wants its end](Self::wants) and the output is written.
///
/// The last event id goes on with each event sent, so that `resume` may be called at any time: it
/// sends what the history has after it, as far as there is room. If that is not all, the stream is
/// behind. Then an event with an id is not sent, since it waits in the history, and one without is
/// skipped, until `resume` is called again, when output has been written, and has sent all.
///
/// It does not watch whether the client reads: that is for the HTTP below, which owns the
/// connection.
///
/// # Events that happen meanwhile
///
/// An event that comes from a [`Replay`](crate::replay::Replay) knows its place there, so that it does not
/// matter whether it is pushed and sent before a client is resumed, between the two, or after: the
/// client is sent what was pushed after its last event once and in order. Until a client that brings
/// a `Last-Event-ID` [is resumed](Self::resume) such an event waits in the history, and the stream
/// is behind. Once it is, one that was pushed before is passed over: it was sent, or is part of the
/// gap. This takes the events of one stream of one `Replay`, sent in the order in which they were
/// pushed: one that comes after a later one counts as sent.
///
/// An event from elsewhere, such as a log of the caller's, has no place. It is sent as it comes, so
/// that there `resume` goes first, and nothing may be added to the log between the two.
pub struct EventStream {
    outbox: Outbox,
    config: Config,
    state: State,
    /// The client's, once it has read the pending output.
    last_event_id: String,
    /// The highest place in a replay of an event that was sent, or is part of a gap.
    sent: u64,
    /// Whether `resume` has sent all once, so that no event of a lower place follows.
    resumed: bool,
    /// How long a poll goes on after its first event, before there was one.
    batch: Option<Duration>,
    /// When a poll ends.
    ends_at: Option<Instant>,
    /// When something was sent last.
    sent_at: Instant,
    skipped: u64,
}

/// The state of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Events go out as they come.
    Open,
    /// The client has seen events, and was not sent those it missed: an event of a replay would wait.
    Returned,
    /// The same, and at least one event waits.
    Missing,
    /// Events wait in the history, and those that come wait there too.
    Behind,
    /// Nothing more goes out.
    Closed,
}

/// What changes the state of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    /// An event of a replay has come before those that the client missed.
    Withheld,
    /// The output is too full for an event that the history holds.
    FellBehind,
    /// All events of the history are sent.
    CaughtUp,
    /// The caller, the mode or the configuration ends the stream.
    Ended,
}

transitions! {
    /// The states of a stream.
    State, On {
        Returned | Missing, Withheld => Missing;
        Open | Returned | Missing | Behind, FellBehind => Behind;
        Open | Returned | Missing | Behind, CaughtUp => Open;
        Open | Returned | Missing | Behind | Closed, Ended => Closed;
    }
}

impl EventStream {
    /// The stream that answers a request with these fields.
    ///
    /// A `Last-Event-ID` that no `EventSource` sends, with NUL or not in UTF-8, is passed over.
    pub fn new(request: &(impl Fields + ?Sized), mode: Mode, config: Config, now: Instant) -> Self {
        let last_event_id = request.value_of("last-event-id").and_then(text).unwrap_or_default();
        let state = match config.on_full {
            _ if last_event_id.is_empty() => State::Open,
            Overflow::Resume => State::Behind,
            _ => State::Returned,
        };
        let (batch, ends_at) = match mode {
            Mode::Stream => (None, None),
            Mode::LongPoll { hold, batch } => (Some(batch), Some(now + hold)),
            Mode::ShortPoll => (None, Some(now)),
        };
        let mut outbox = Outbox::with_limit(config.output);
        if let Some(retry) = config.retry {
            let ms = u64::try_from(retry.as_millis()).unwrap_or(u64::MAX);
            // A `BytesMut` has room.
            let _ = encode_retry(ms, outbox.buffer());
        }
        Self {
            outbox,
            config,
            state,
            last_event_id: last_event_id.into(),
            sent: 0,
            resumed: false,
            batch,
            ends_at,
            sent_at: now,
            skipped: 0,
        }
    }

    /// Sends an event that was encoded for many; a large one is shared, not copied.
    ///
    /// One that comes from a replay waits there until the client [is resumed](Self::resume), and is
    /// passed over where the client has it already.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Closed`] after the end. [`SendError::Full`] if the output is full and the
    /// configuration is to refuse; or to resume, and the client has no last event id to resume from.
    pub fn send_event(&mut self, event: &Entry, now: Instant) -> Result<(), SendError> {
        let number = event.number();
        if number > 0 && self.resumed && number <= self.sent {
            return self.check_open().map_err(Into::into);
        }
        if number > 0 && matches!(self.state, State::Returned | State::Missing) {
            self.state.go(On::Withheld);
            return Ok(());
        }
        self.check_open()?;
        let is_kept = event.id().is_some_and(|id| !id.is_empty());
        if self.state == State::Behind {
            self.skipped += u64::from(!is_kept);
            return Ok(());
        }
        match (put(event, &mut self.outbox), self.config.on_full) {
            (Ok(()), _) => self.sent(event, now),
            (Err(SendError::Full), Overflow::Close) => self.state.go(On::Ended),
            (Err(SendError::Full), Overflow::Skip) => self.skipped += 1,
            (Err(SendError::Full), Overflow::Resume) if !is_kept => self.skipped += 1,
            (Err(SendError::Full), Overflow::Resume) if !self.last_event_id.is_empty() => {
                self.state.go(On::FellBehind);
            }
            (refused, _) => return refused,
        }
        Ok(())
    }

    /// Sends a comment.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Closed`] after the end, [`ApiMisuse::LineBreak`] where the text would end its
    /// line, [`SendError::Full`] if the output is full, whatever [`Config::on_full`] is.
    pub fn send_comment(&mut self, text: &str, now: Instant) -> Result<(), SendError> {
        self.check_open()?;
        encode_comment(text, &mut self.outbox.writer())?;
        self.sent_at = now;
        Ok(())
    }

    /// Sends what the client has missed, as much of it as there is room for.
    ///
    /// A client without a last event id has missed nothing, and is sent nothing here. It receives the
    /// events of [`send_event`](Self::send_event) from then on. To send it all that a history has, give
    /// [`new`](Self::new) a `Last-Event-ID` that the history does not know, such as `0`: then `resume` reports
    /// a gap, and sends all.
    ///
    /// After a gap it sends all there is. To tell the client first, look in the history for
    /// [`last_event_id`](Self::last_event_id) before.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Closed`] after the end.
    pub fn resume(
        &mut self,
        history: &(impl History + ?Sized),
        now: Instant,
    ) -> Result<Resumed, SendError> {
        self.check_open()?;
        let last = core::mem::take(&mut self.last_event_id);
        let missed = history.since(&last);
        let (newest, gap) = (missed.newest(), missed.is_gap());
        let (mut events, mut fits) = (0, true);
        for event in missed {
            fits = put(&event, &mut self.outbox).is_ok();
            if !fits {
                break;
            }
            self.sent(&event, now);
            events += 1;
        }
        if events == 0 {
            self.last_event_id = last;
        }
        if fits {
            // What was pushed so far it has, or never will: that is a gap.
            (self.resumed, self.sent) = (true, self.sent.max(newest));
        }
        self.state.go(if fits { On::CaughtUp } else { On::FellBehind });
        Ok(Resumed { events, gap })
    }

    /// Ends the stream after the pending output.
    pub fn close(&mut self) {
        self.state.go(On::Ended);
    }

    /// The body: write it and advance.
    ///
    /// Over an HTTP with an output of its own, give that the next piece only once the last one is
    /// written, so that the limit here is what a slow client is measured by.
    pub fn output(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// Whether output is pending.
    pub fn has_output(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.is_closed() {
            return None;
        }
        [self.ends_at, self.silent_at()].into_iter().flatten().min()
    }

    /// Advances the time: a poll ends; a silent stream with an empty output sends a keep-alive comment.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.ends_at.is_some_and(|at| at <= now) {
            self.state.go(On::Ended);
        }
        let is_silent = self.silent_at().is_some_and(|at| at <= now);
        if self.is_closed() || !is_silent {
            return;
        }
        self.sent_at = now;
        if self.outbox.is_empty() {
            if self.outbox.buffer().capacity() > RETAINED {
                self.outbox.release();
            }
            self.outbox.buffer().extend_from_slice(KEEP_ALIVE);
        }
    }

    /// What the caller must do once the output is written: [`End::Close`] to end the response. There is
    /// nothing to read.
    pub fn wants(&self) -> Wants {
        Wants { read: false, end: self.is_closed().then_some(End::Close) }
    }

    /// Whether events wait in the history: [`resume`](Self::resume) is to be called, at once where it
    /// was not called before, else when output has been written.
    pub const fn is_behind(&self) -> bool {
        matches!(self.state, State::Missing | State::Behind)
    }

    /// The client's last event id, once it has read the pending output: at first that of its request,
    /// empty if it has none.
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// How many events were not sent, and will not be, by the configuration or since they had no id while
    /// the stream was behind.
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Gives back all memory but that of the last event id and of pending output.
    pub fn release(&mut self) {
        self.outbox.release();
        self.last_event_id.shrink_to_fit();
    }

    /// When a sign of life is due.
    fn silent_at(&self) -> Option<Instant> {
        self.config.keep_alive.map(|time| self.sent_at + time.max(LEAST_KEEP_ALIVE))
    }

    /// An event was sent.
    fn sent(&mut self, event: &Entry, now: Instant) {
        self.sent = self.sent.max(event.number());
        if let Some(id) = event.id() {
            self.last_event_id.clear();
            self.last_event_id.push_str(id);
        }
        if let Some(batch) = self.batch.take() {
            self.ends_at = Some(now + batch);
        }
        self.sent_at = now;
    }

    const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    fn check_open(&self) -> Result<(), ApiMisuse> {
        if self.is_closed() { Err(ApiMisuse::Closed) } else { Ok(()) }
    }
}

debug!([] EventStream, self => EventStream { state: self.state, outbox: self.outbox });

/// Puts an event in the output, whole or not at all.
fn put(event: &Entry, outbox: &mut Outbox) -> Result<(), SendError> {
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

/// The least time between two keep-alives, so that the deadline moves on.
const LEAST_KEEP_ALIVE: Duration = Duration::from_millis(1);
