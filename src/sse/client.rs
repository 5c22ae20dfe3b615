//! `EventSource` (WHATWG HTML 9.2.2, 9.2.3): a stream that comes back.
//!
//! A lifecycle over any HTTP: it says when to connect and with which fields, is told what came of it,
//! and yields events.
//!
//! ```
//! use wirefeed::{Instant, Step, sse::{Command, EventSource, Policy, client::Event}};
//!
//! let now = Instant::ZERO;
//! let mut source = EventSource::new("http://example.com/events", Policy::default(), |_: &mut [u8]| {});
//! let Some(Command::Connect { attempt, url, .. }) = source.poll_command() else { unreachable!() };
//! assert_eq!(url, "http://example.com/events");
//!
//! // The caller's HTTP has connected, and a response comes in.
//! source.response_head(attempt, 200, &[("Content-Type", "text/event-stream")], now);
//! let mut input: &[u8] = b"retry: 1500\nid: 7\ndata: hello\n\n";
//! let mut seen = Vec::new();
//! while let Step::Item(event) = source.receive(attempt, &mut input, now) {
//!     seen.push(format!("{event:?}"));
//! }
//! assert_eq!(seen, ["Open", "Retry(1.5s)", "Event(5 bytes)"]);
//!
//! // The server goes away: after 1500 ms it is to be asked for what came after 7.
//! source.response_end(attempt, now);
//! let Step::Item(Event::Error(error)) = source.receive(attempt, &mut &b""[..], now) else { unreachable!() };
//! let delay = error.reconnects_in.unwrap();
//! source.handle_timeout(now + delay);
//! let Some(Command::Connect { last_event_id, .. }) = source.poll_command() else { unreachable!() };
//! assert_eq!((delay.as_millis(), last_event_id), (1500, "7"));
//! ```

use alloc::string::String;
use core::fmt;
use core::time::Duration;

#[cfg(doc)]
use super::Config;
use super::{Decoder, Item};
use crate::kernel::deadline::Deadline;
use crate::kernel::scan;
use crate::{Entropy, Fields, Instant, Step};

mod command;
mod content_type;
mod event;
mod policy;
mod retry_after;
mod state;
#[cfg(test)]
mod tests;

pub use command::{Command, FIELDS};
pub use event::{Error, Event, ReadyState, Reason};
pub use policy::Policy;

use content_type::is_event_stream;
use retry_after::retry_after;
use state::{On, State};

/// A stream that comes back.
///
/// - inputs: [`redirected`](Self::redirected), [`response_head`](Self::response_head),
///   [`receive`](Self::receive), [`response_end`](Self::response_end),
///   [`transport_error`](Self::transport_error), [`fail`](Self::fail),
///   [`handle_timeout`](Self::handle_timeout)
/// - commands: [`close`](Self::close)
/// - outputs: [`poll_command`](Self::poll_command), [`poll_timeout`](Self::poll_timeout)
/// - facts: [`ready_state`](Self::ready_state), [`last_event_id`](Self::last_event_id)
///
/// Only `receive` yields events, the connection's own first and in order; what is to be done next
/// comes out of `poll_command` once they have been pulled.
///
/// Its URL is the first one until a redirect leads elsewhere: then it is the one that `redirected` has
/// told last, and a `Location` that is an absolute URL of `http` or `https` is told by itself.
pub struct EventSource<E> {
    /// That of the request, after all redirects so far.
    url: String,
    /// Where the present response points.
    location: String,
    decoder: Decoder,
    policy: Policy,
    entropy: E,
    state: State,
    attempt: u64,
    /// Events that are owed, in this order.
    opened: bool,
    last: bool,
    failed: Option<Error>,
    /// The connection to be given up.
    cancel: Option<u64>,
    redirects: u8,
    /// The reconnection time.
    retry: Duration,
    failures: u32,
    opened_at: Instant,
    /// When to reconnect.
    reconnects_at: Option<Instant>,
    /// Until when a byte must have come.
    idle: Deadline,
    ready: ReadyState,
}

impl<E: Entropy> EventSource<E> {
    /// A source that wants to connect.
    pub fn new(url: &str, policy: Policy, entropy: E) -> Self {
        Self {
            url: url.into(),
            location: String::new(),
            decoder: Decoder::with_config(policy.stream),
            policy,
            entropy,
            state: State::Due,
            attempt: 0,
            opened: false,
            last: false,
            failed: None,
            cancel: None,
            redirects: 0,
            retry: policy.retry,
            failures: 0,
            opened_at: Instant::ZERO,
            reconnects_at: None,
            idle: Deadline::OFF,
            ready: ReadyState::Connecting,
        }
    }

    /// What the caller's HTTP is to do next; nothing before the events that are owed are pulled.
    pub fn poll_command(&mut self) -> Option<Command<'_>> {
        if let Some(attempt) = self.cancel.take() {
            return Some(Command::Cancel { attempt });
        }
        if self.opened || self.failed.is_some() {
            return None;
        }
        match self.state {
            State::Due => {
                self.attempt += 1;
                self.redirects = 0;
                self.on(On::Issued);
                let (attempt, last_event_id) = (self.attempt, self.id_to_send());
                Some(Command::Connect { attempt, url: &self.url, last_event_id })
            }
            State::Redirected => {
                self.on(On::Issued);
                Some(Command::Redirect {
                    attempt: self.attempt,
                    location: &self.location,
                    last_event_id: self.id_to_send(),
                })
            }
            _ => None,
        }
    }

    /// The last event id as far as a request can say it: one with a control byte is no field value (RFC
    /// 9110 5.5), and would keep every later request from being sent.
    fn id_to_send(&self) -> &str {
        let id = self.decoder.last_event_id();
        if scan::are_field_value(id.as_bytes()) { id } else { "" }
    }

    /// The request of this attempt now has this URL: that of a [redirect](Command::Redirect), resolved
    /// by the caller, or the last one that an HTTP has come to which follows redirects by itself.
    ///
    /// Every later [`Command::Connect`] asks there (WHATWG HTML 9.2.3: a source that comes back fetches
    /// the request that it has; Fetch 4.4: a redirect has added to the URLs of that, and the last one
    /// counts). It may be told until the attempt is over.
    ///
    /// ```
    /// use wirefeed::Instant;
    /// use wirefeed::sse::{Command, EventSource};
    ///
    /// let now = Instant::ZERO;
    /// let mut source = EventSource::new("http://a/x", Default::default(), |_: &mut [u8]| {});
    /// let Some(Command::Connect { attempt, .. }) = source.poll_command() else { unreachable!() };
    /// source.response_head(attempt, 307, &[("Location", "/y")], now);
    /// let Some(Command::Redirect { location, .. }) = source.poll_command() else { unreachable!() };
    /// let url = format!("http://a{location}"); // a library resolves it, such as `url`
    /// source.redirected(attempt, &url);
    ///
    /// source.transport_error(attempt, now);
    /// while let wirefeed::Step::Item(_) = source.receive(attempt, &mut &b""[..], now) {}
    /// source.handle_timeout(source.poll_timeout().unwrap());
    /// assert!(matches!(source.poll_command(), Some(Command::Connect { url: "http://a/y", .. })));
    /// ```
    pub fn redirected(&mut self, attempt: u64, url: &str) {
        let is_live = matches!(self.state, State::Asked | State::Redirected | State::Open);
        if attempt == self.attempt && is_live {
            set(&mut self.url, url);
        }
    }

    /// The head of a response has come.
    ///
    /// 200 with `text/event-stream` opens the connection; a redirect is followed; everything else ends
    /// it for good (WHATWG HTML 9.2.3), unless the policy says otherwise.
    pub fn response_head(
        &mut self,
        attempt: u64,
        status: u16,
        fields: &(impl Fields + ?Sized),
        now: Instant,
    ) {
        if attempt != self.attempt || self.state != State::Asked {
            return;
        }
        match status {
            200 if is_event_stream(fields) => {
                self.on(On::Opened);
                self.opened = true;
                self.opened_at = now;
                self.decoder.reset();
                self.idle.arm(self.policy.idle);
            }
            200 => self.refuse(Reason::ContentType, None, now),
            301 | 302 | 303 | 307 | 308 => self.redirect(fields, now),
            429 | 500..=599 if self.policy.retry_refusals => {
                let least = retry_after(fields).unwrap_or_default();
                self.refuse(Reason::Status(status), Some(least), now);
            }
            _ => self.refuse(Reason::Status(status), None, now),
        }
    }

    /// Yields the next event: those of the connection that are owed, then those in `input`, which is
    /// the body of this attempt's response. The input of an attempt that is over is dropped; `Done` once
    /// the source is closed.
    pub fn receive<'m, 'b: 'm>(
        &'m mut self,
        attempt: u64,
        input: &mut &'b [u8],
        now: Instant,
    ) -> Step<Event<'m>> {
        if core::mem::take(&mut self.opened) {
            self.ready = ReadyState::Open;
            return Step::Item(Event::Open);
        }
        if self.failed.is_none() && attempt == self.attempt && self.state == State::Open {
            if !input.is_empty() {
                self.idle.arm(self.policy.idle);
            }
            return match self.decoder.decode(input) {
                Ok(Step::Item(Item::Event(event))) => Step::Item(Event::Message(event)),
                Ok(Step::Item(Item::Retry(ms))) => {
                    self.retry = Duration::from_millis(ms);
                    Step::Item(Event::Retry(self.retry))
                }
                Ok(Step::Item(Item::Comment(text))) => Step::Item(Event::Comment(text)),
                Ok(Step::Item(Item::Skipped(error))) => Step::Item(Event::Skipped(error)),
                // Only the end of a stream leaves an event unfinished.
                Ok(Step::Item(Item::Unfinished) | Step::NeedInput | Step::Done) => {
                    self.idle.resume(now);
                    Step::NeedInput
                }
                Err(error) => {
                    // Another attempt would be sent the same.
                    self.cancel = Some(self.attempt);
                    (self.state, self.ready) = (State::Closed, ReadyState::Closed);
                    self.idle.stop();
                    Step::Item(Event::Error(Error::at_limit(error)))
                }
            };
        }
        if core::mem::take(&mut self.last) {
            match self.decoder.finish() {
                Ok(Some(Item::Event(event))) => {
                    self.failed = self.failed.map(|error| Error { unfinished: false, ..error });
                    return Step::Item(Event::Message(event));
                }
                Ok(Some(Item::Skipped(error))) => return Step::Item(Event::Skipped(error)),
                Ok(_) => {}
                Err(error) => {
                    (self.state, self.reconnects_at) = (State::Closed, None);
                    self.failed = Some(Error::at_limit(error));
                }
            }
        }
        if let Some(error) = self.failed.take() {
            let again = error.reconnects_in.is_some();
            self.ready = if again { ReadyState::Connecting } else { ReadyState::Closed };
            return Step::Item(Event::Error(error));
        }
        if self.state == State::Closed {
            return Step::Done;
        }
        *input = &[];
        Step::NeedInput
    }

    /// The response has ended, as it should or not: an event without its blank line is dropped, or is
    /// the last one, if [`Config::dispatch_at_eof`] says so.
    pub fn response_end(&mut self, attempt: u64, now: Instant) {
        if attempt == self.attempt && matches!(self.state, State::Asked | State::Open) {
            self.last = self.state == State::Open && self.policy.stream.dispatch_at_eof;
            self.lose(Reason::Ended, now);
        }
    }

    /// There was no response, or it broke off: an event without its blank line is dropped.
    pub fn transport_error(&mut self, attempt: u64, now: Instant) {
        if attempt == self.attempt && matches!(self.state, State::Asked | State::Open) {
            self.lose(Reason::Transport, now);
        }
    }

    /// There will be no response, however often it is asked for (WHATWG HTML 9.2.3: "fail the
    /// connection").
    pub fn fail(&mut self, attempt: u64, now: Instant) {
        if attempt == self.attempt && matches!(self.state, State::Asked | State::Open) {
            self.end(Reason::Futile, None, now);
        }
    }

    /// Stops the deadline of a silent connection until the next `receive`: the caller does not read, since
    /// what it has received is to be dealt with first.
    pub fn pause(&mut self, now: Instant) {
        self.idle.pause(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called, if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.reconnects_at.or(self.idle.poll())
    }

    /// Tells the time: to reconnect, or that a connection has been silent for too long.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.reconnects_at.is_some_and(|at| at <= now) {
            self.reconnects_at = None;
            self.on(On::Woke);
        }
        if self.idle.is_over(now) {
            self.cancel = Some(self.attempt);
            self.lose(Reason::Idle, now);
        }
    }

    /// Closes the source for good; no event follows.
    pub fn close(&mut self) {
        if matches!(self.state, State::Asked | State::Redirected | State::Open) {
            self.cancel = Some(self.attempt);
        }
        self.on(On::Closed);
        (self.opened, self.last) = (false, false);
        (self.failed, self.reconnects_at) = (None, None);
        self.idle.stop();
        self.ready = ReadyState::Closed;
    }

    /// `readyState`, as of the last event pulled.
    pub const fn ready_state(&self) -> ReadyState {
        self.ready
    }

    /// The last event id.
    pub fn last_event_id(&self) -> &str {
        self.decoder.last_event_id()
    }

    /// Goes on from where an earlier source stopped, before it has connected.
    pub fn set_last_event_id(&mut self, id: &str) {
        self.decoder.set_last_event_id(id);
    }

    /// Gives back all memory but that of the URL, the last event id, a redirect that is to be followed
    /// and what has come of an event in progress: whatever the caller waits for, an event or the time to
    /// reconnect.
    pub fn release(&mut self) {
        if self.state != State::Open && !self.last {
            // No rest of an event will come.
            self.decoder.reset();
        }
        self.decoder.release();
        if self.state != State::Redirected {
            self.location.clear();
        }
        self.location.shrink_to_fit();
        self.url.shrink_to_fit();
    }

    fn redirect(&mut self, fields: &(impl Fields + ?Sized), now: Instant) {
        // Of two that differ neither is to be believed (RFC 9110 10.2.2: it is no list).
        let mut all = fields.values_of("location");
        let location = all.next().filter(|first| all.all(|other| other == *first));
        match location.and_then(|value| core::str::from_utf8(value).ok()) {
            Some(location) if self.redirects < self.policy.redirects => {
                self.redirects += 1;
                set(&mut self.location, location);
                if is_absolute(location) {
                    set(&mut self.url, location);
                }
                self.on(On::Redirected);
            }
            _ => self.refuse(Reason::Redirects, None, now),
        }
    }

    /// The response is not the one that was wanted: the end, or another attempt in `least` or more.
    fn refuse(&mut self, reason: Reason, least: Option<Duration>, now: Instant) {
        self.cancel = Some(self.attempt);
        let delay = least.filter(|_| self.may_resend()).map(|least| self.delay(least, now));
        self.end(reason, delay, now);
    }

    /// The connection is lost, and another one is wanted.
    fn lose(&mut self, reason: Reason, now: Instant) {
        let delay = self.may_resend().then(|| self.delay(Duration::ZERO, now));
        self.end(reason, delay, now);
    }

    fn end(&mut self, reason: Reason, delay: Option<Duration>, now: Instant) {
        let unfinished = self.state == State::Open && self.decoder.is_unfinished();
        self.failed = Some(Error { reason, reconnects_in: delay, unfinished });
        self.reconnects_at = delay.map(|delay| now + delay);
        self.idle.stop();
        self.on(if delay.is_some() { On::Lost } else { On::Closed });
    }

    const fn may_resend(&self) -> bool {
        !self.policy.has_body || self.policy.resend
    }

    /// The time to wait, for which the server has asked for at least so much.
    fn delay(&mut self, least: Duration, now: Instant) -> Duration {
        let was_healthy =
            self.state == State::Open && now.duration_since(self.opened_at) >= self.policy.healthy;
        if was_healthy {
            self.failures = 0;
        }
        let backoff = &self.policy.backoff;
        let delay = backoff.delay_of(self.retry, least, self.failures, &mut self.entropy);
        self.failures = self.failures.saturating_add(1);
        delay
    }

    fn on(&mut self, on: On) {
        self.state = self.state.on(on).unwrap_or(self.state);
    }
}

impl<E> fmt::Debug for EventSource<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSource")
            .field("state", &self.state)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// Whether a `Location` is a URL as it stands, of a scheme that HTTP has.
fn is_absolute(location: &str) -> bool {
    let (scheme, rest) = location.split_once(':').unwrap_or_default();
    let is_http = ["http", "https"].iter().any(|http| scheme.eq_ignore_ascii_case(http));
    is_http && rest.starts_with("//")
}

/// Takes a text over, in the room that is there.
fn set(text: &mut String, to: &str) {
    text.clear();
    text.push_str(to);
}
