//! The reconnecting `EventSource`.

use crate::kernel::debug::debug;
use alloc::string::String;
use core::time::Duration;

use super::command::Command;
use super::config::Config;
use super::event::{Disconnected, Event, ReadyState, Reason};
use super::response::{is_event_stream, retry_after};
use crate::kernel::deadline::Deadline;
use crate::kernel::scan;
use crate::kernel::table::transitions;
use crate::sse::{Decoder, Item};
use crate::{Entropy, Fields, Instant, Lifecycle, Step};

/// A stream that comes back.
///
/// - inputs: [`redirected`](Self::redirected), [`response_head`](Self::response_head),
///   [`receive`](Self::receive), [`response_end`](Self::response_end),
///   [`transport_error`](Self::transport_error), [`connection_failed`](Self::connection_failed),
///   [`pause`](Self::pause), [`handle_timeout`](Self::handle_timeout)
/// - commands: [`close`](Self::close), [`set_last_event_id`](Self::set_last_event_id),
///   [`release`](Self::release)
/// - outputs: [`poll_command`](Self::poll_command), [`poll_timeout`](Self::poll_timeout)
/// - facts: [`ready_state`](Self::ready_state), [`last_event_id`](Self::last_event_id)
///
/// Only `receive` yields events, in order; `poll_command` returns the next command once they are pulled.
///
/// Every connection goes to the URL of the last redirect: that of the last `redirected`, or a `Location`
/// that is an absolute URL of `http` or `https`.
pub struct EventSource<E> {
    /// That of the request, after all redirects so far.
    pub(super) url: String,
    /// Where the present response points.
    pub(super) location: String,
    pub(super) decoder: Decoder,
    pub(super) config: Config,
    pub(super) entropy: E,
    pub(super) state: State,
    pub(super) attempt: u64,
    /// The event of the end of the last connection, from then on.
    pub(super) disconnected: Disconnected,
    /// The caller must give the connection up.
    pub(super) cancel: bool,
    pub(super) redirects: u8,
    /// The reconnection time.
    pub(super) retry: Duration,
    pub(super) failures: u32,
    pub(super) opened_at: Instant,
    /// When to reconnect.
    pub(super) reconnects_at: Option<Instant>,
    /// Until when a byte must have come.
    pub(super) idle: Deadline,
}

/// The state of a source, as of the last event pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It wants to connect.
    Due,
    /// It waits for the head of a response.
    Requested,
    /// It wants to follow a redirect.
    Redirected,
    /// The response is an event stream; [`Event::Open`] is next.
    Opening,
    /// Events come.
    Open,
    /// The connection ended while it was opening: both events are next.
    Missed,
    /// An open connection ended; [`Event::Error`] is next.
    Lost,
    /// The request brought no event stream; [`Event::Error`] is next.
    Refused,
    /// It waits for the time to reconnect.
    Waiting,
    /// It is over.
    Closed,
}

/// What changes the state of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// The caller has taken the command to send the request.
    Sent,
    /// The response is an event stream.
    Opened,
    /// The response is a redirect.
    Redirected,
    /// The connection ended.
    Ended,
    /// The caller has pulled the next event.
    Pulled,
    /// The time to reconnect has come.
    Woke,
    /// The caller, a limit or the last error closes the source.
    Closed,
}

transitions! {
    /// The states of a source.
    State, On {
        Due | Redirected, Sent => Requested;
        Requested, Redirected => Redirected;
        Requested, Opened => Opening;
        Requested, Ended => Refused;
        Opening, Pulled => Open;
        Opening, Ended => Missed;
        Missed, Pulled => Lost;
        Open, Ended => Lost;
        Lost | Refused, Pulled => Waiting;
        Waiting, Woke => Due;
        Due | Requested | Redirected | Opening | Open, Closed => Closed;
        Missed | Lost | Refused | Waiting | Closed, Closed => Closed;
    }
}

impl<E: Entropy> EventSource<E> {
    /// A source that wants to connect.
    pub fn new(url: &str, config: Config, entropy: E) -> Self {
        Self {
            url: url.into(),
            location: String::new(),
            decoder: Decoder::with_config(config.stream),
            config,
            entropy,
            state: State::Due,
            attempt: 0,
            disconnected: Disconnected::NEVER,
            cancel: false,
            redirects: 0,
            retry: config.retry,
            failures: 0,
            opened_at: Instant::ZERO,
            reconnects_at: None,
            idle: Deadline::OFF,
        }
    }

    /// What the caller's HTTP must do next, once; `None` while events of the connection are to be pulled.
    pub fn poll_command(&mut self) -> Option<Command<'_>> {
        let attempt = self.attempt;
        if core::mem::take(&mut self.cancel) {
            return Some(Command::Cancel { attempt });
        }
        match self.state {
            State::Due => {
                self.attempt += 1;
                self.redirects = 0;
                self.state.go(On::Sent);
                let (attempt, last_event_id) = (self.attempt, self.id_to_send());
                Some(Command::Connect { attempt, url: &self.url, last_event_id })
            }
            State::Redirected => {
                self.state.go(On::Sent);
                let last_event_id = self.id_to_send();
                Some(Command::Redirect { attempt, location: &self.location, last_event_id })
            }
            _ => None,
        }
    }

    /// The last event id, if a request can carry it: one with a control byte is not a field value (RFC
    /// 9110 5.5), and would keep every later request from being sent.
    fn id_to_send(&self) -> &str {
        let id = self.decoder.last_event_id();
        if scan::are_field_value(id.as_bytes()) { id } else { "" }
    }

    /// The head of a response has come.
    ///
    /// 200 with `text/event-stream` opens the connection; a redirect is followed; everything else closes
    /// the source (WHATWG HTML 9.2.3), unless the configuration retries it.
    pub fn response_head(
        &mut self,
        attempt: u64,
        status: u16,
        fields: &(impl Fields + ?Sized),
        now: Instant,
    ) {
        if attempt != self.attempt || self.state != State::Requested {
            return;
        }
        match status {
            200 if is_event_stream(fields) => {
                self.state.go(On::Opened);
                self.opened_at = now;
                self.decoder.reset();
                self.idle.arm(self.config.idle);
            }
            200 => self.refuse(Reason::ContentType, None, now),
            301 | 302 | 303 | 307 | 308 => self.redirect(fields, now),
            429 | 500..=599 if self.config.retry_refusals => {
                let least = retry_after(fields).unwrap_or_default();
                self.refuse(Reason::Status(status), Some(least), now);
            }
            _ => self.refuse(Reason::Status(status), None, now),
        }
    }

    /// Yields the next event: those of the connection first, then those in `input`, which is
    /// the body of this attempt's response. The input of an attempt that is over is dropped; `Done` once
    /// the source is closed.
    pub fn receive<'m, 'b: 'm>(
        &'m mut self,
        attempt: u64,
        input: &mut &'b [u8],
        now: Instant,
    ) -> Step<Event<'m>> {
        match self.state {
            State::Opening | State::Missed => {
                self.state.go(On::Pulled);
                return Step::Item(Event::Open);
            }
            State::Open if attempt == self.attempt => return self.decode(input, now),
            State::Lost | State::Refused => return Step::Item(self.end_of_connection()),
            State::Closed => return Step::Done,
            _ => {}
        }
        *input = &[];
        Step::NeedInput
    }

    fn decode<'m, 'b: 'm>(&'m mut self, input: &mut &'b [u8], now: Instant) -> Step<Event<'m>> {
        if !input.is_empty() {
            self.idle.arm(self.config.idle);
        }
        match self.decoder.decode(input) {
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
                // The same stream would reach the same limit on the next connection.
                self.cancel = true;
                self.state.go(On::Closed);
                self.idle.stop();
                Step::Item(Event::Error(Disconnected::at_limit(error)))
            }
        }
    }

    /// What the end of the connection yields: the last event, if the stream's end dispatches it, and then
    /// the error.
    fn end_of_connection(&mut self) -> Event<'_> {
        if self.ends_event() {
            match self.decoder.finish() {
                Ok(Some(Item::Event(event))) => {
                    self.disconnected.unfinished = false;
                    return Event::Message(event);
                }
                Ok(Some(Item::Skipped(error))) => return Event::Skipped(error),
                Ok(_) => {}
                Err(error) => {
                    self.disconnected = Disconnected::at_limit(error);
                    self.reconnects_at = None;
                }
            }
        }
        match (self.disconnected.reconnects_in, self.reconnects_at) {
            (None, _) => self.state.go(On::Closed),
            (Some(_), Some(_)) => self.state.go(On::Pulled),
            // The time to reconnect came before the caller has pulled this.
            (Some(_), None) => {
                self.state.go(On::Pulled);
                self.state.go(On::Woke);
            }
        }
        Event::Error(self.disconnected)
    }

    /// Whether the end of the stream may dispatch an event.
    fn ends_event(&self) -> bool {
        self.state == State::Lost
            && self.disconnected.reason == Reason::Ended
            && self.config.stream.dispatch_at_eof
    }

    /// The response has ended, as it should or not: an event without its blank line is dropped, or is
    /// the last one, if [`sse::Config::dispatch_at_eof`](crate::sse::Config::dispatch_at_eof) says so.
    pub fn response_end(&mut self, attempt: u64, now: Instant) {
        if attempt == self.attempt && self.is_under_way() {
            self.lose(Reason::Ended, now);
        }
    }

    /// There was no response, or it broke off: an event without its blank line is dropped.
    pub fn transport_error(&mut self, attempt: u64, now: Instant) {
        if attempt == self.attempt && self.is_under_way() {
            self.lose(Reason::Transport, now);
        }
    }

    /// There will be no response, however often it is requested (WHATWG HTML 9.2.3: "fail the
    /// connection").
    pub fn connection_failed(&mut self, attempt: u64, now: Instant) {
        if attempt == self.attempt && self.is_under_way() {
            self.end(Reason::Failed, None, now);
        }
    }

    /// Stops the deadline of a silent connection until the next `receive`: the caller does not read, since
    /// what it has received is to be dealt with first.
    pub fn pause(&mut self, now: Instant) {
        self.idle.pause(now);
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.reconnects_at.or(self.idle.poll())
    }

    /// Advances the time: a source reconnects, a connection that is silent for too long is lost.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.reconnects_at.is_some_and(|at| at <= now) {
            self.reconnects_at = None;
            if self.state == State::Waiting {
                self.state.go(On::Woke);
            }
        }
        if self.idle.is_over(now) {
            self.cancel = true;
            self.lose(Reason::Idle, now);
        }
    }

    /// Closes the source; no event follows.
    pub fn close(&mut self) {
        self.cancel |= self.state == State::Redirected || self.is_under_way();
        self.state.go(On::Closed);
        self.reconnects_at = None;
        self.idle.stop();
    }

    /// `readyState`, as of the last event pulled.
    pub const fn ready_state(&self) -> ReadyState {
        match self.state {
            State::Open | State::Lost => ReadyState::Open,
            State::Closed => ReadyState::Closed,
            _ => ReadyState::Connecting,
        }
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
    /// and an event in progress.
    pub fn release(&mut self) {
        if self.state != State::Open && !self.ends_event() {
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

    /// Whether a request was sent, and its response is not over.
    pub(super) const fn is_under_way(&self) -> bool {
        matches!(self.state, State::Requested | State::Opening | State::Open)
    }
}

debug!([E] EventSource<E>, self => EventSource { state: self.state, attempt: self.attempt });

impl<E: Entropy> Lifecycle for EventSource<E> {
    type Command<'m>
        = Command<'m>
    where
        Self: 'm;
    type Event<'m, 'b: 'm>
        = Event<'m>
    where
        Self: 'm;

    fn poll_command(&mut self) -> Option<Command<'_>> {
        self.poll_command()
    }

    fn response_head(
        &mut self,
        attempt: u64,
        status: u16,
        fields: &(impl Fields + ?Sized),
        now: Instant,
    ) {
        self.response_head(attempt, status, fields, now);
    }

    fn receive<'m, 'b: 'm>(
        &'m mut self,
        attempt: u64,
        input: &mut &'b [u8],
        now: Instant,
    ) -> Step<Event<'m>> {
        self.receive(attempt, input, now)
    }

    fn response_end(&mut self, attempt: u64, now: Instant) {
        self.response_end(attempt, now);
    }

    fn transport_error(&mut self, attempt: u64, now: Instant) {
        self.transport_error(attempt, now);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.poll_timeout()
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.handle_timeout(now);
    }

    fn release(&mut self) {
        self.release();
    }
}
