//! Requests out.

use core::fmt;
use core::time::Duration;

use bytes::{Buf as _, Bytes};

use super::state::{On, State};
use super::{Next, Owed, Reply};
use crate::h1::Config;
use crate::h1::outgoing::{Body, Checked, Outgoing, body_commands, is_method};
use crate::kernel::deadline::{Deadline, Span};
use crate::kernel::grammar::Target;
use crate::{ApiMisuse, End, Fields, Instant, Outbox, Replies, SendError, Wants};

/// Requests out.
pub struct Sender {
    state: State,
    out: Outgoing,
    /// The request says that it is the last.
    closes: bool,
    /// Until when a 100 is worth waiting for, where one is.
    continues: Option<Instant>,
    /// Until when the head of the response must have come, the request being over; or, between
    /// exchanges, until when there must be another.
    wait: Deadline,
    /// The head of the response has come.
    has_head: bool,
    /// Some of it is being read.
    is_reading: bool,
    /// More of the request is owed than a socket takes at once.
    is_queued: bool,
    timed_out: bool,
    continue_timeout: Duration,
    head_timeout: Option<Duration>,
    idle_timeout: Option<Duration>,
}

impl Sender {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            state: State::Idle,
            out: Outgoing::new(config),
            closes: false,
            continues: None,
            wait: Deadline::unset(config.idle_timeout.into()),
            has_head: false,
            is_reading: false,
            is_queued: false,
            timed_out: false,
            continue_timeout: config.continue_timeout,
            head_timeout: config.head_timeout,
            idle_timeout: config.idle_timeout,
        }
    }

    /// Sends the head of a request, in HTTP/1.1, and gives what readies the receiving half for its
    /// response; [`Client::send_head`](super::Client::send_head) does both.
    ///
    /// The fields say how the body ends: `Content-Length`, or `Transfer-Encoding: chunked`; where they
    /// say neither there is none. They must hold one `Host`. After `Expect: 100-continue` ask
    /// [`waits_for_continue`](Self::waits_for_continue) before sending the body.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Closed`] after the last exchange, [`ApiMisuse::OutOfOrder`] before the one before
    /// is over, [`ApiMisuse::RequestLine`] for a method that is not a token, a target without a form
    /// that the method allows ([`Target`]), or a `Host` that is missing, repeated or invalid,
    /// [`ApiMisuse::Framing`] for fields about the body that contradict each other,
    /// [`ApiMisuse::FieldName`] and [`ApiMisuse::FieldValue`], [`SendError::Full`] where there is no
    /// room.
    pub fn send_head(
        &mut self,
        method: &str,
        target: &str,
        fields: &(impl Fields + ?Sized),
        now: Instant,
    ) -> Result<Next, SendError> {
        match self.state {
            State::Idle => {}
            State::Ended | State::Switching | State::Upgraded => {
                return Err(ApiMisuse::Closed.into());
            }
            _ => return Err(ApiMisuse::OutOfOrder.into()),
        }
        let checked = Checked::new(fields)?;
        let said = &checked.said;
        let is_target = is_method(method) && Target::is_valid(method, target);
        if !is_target || said.hosts != 1 || !said.valid_host {
            return Err(ApiMisuse::RequestLine.into());
        }
        let told = said.lengths.framing()?;
        let method_alike = match method {
            "HEAD" => "HEAD",
            "CONNECT" if told.is_some() => return Err(ApiMisuse::Framing.into()),
            "CONNECT" => "CONNECT",
            _ => "GET",
        };
        let line = [method.as_bytes(), b" ", target.as_bytes(), b" HTTP/1.1"];
        self.out.head(&line, fields, &checked, &[], told.map_or(Body::Length(0), Body::from))?;
        self.out.touch(false, now);
        self.closes = said.close;
        let waits = said.expects_continue && told.is_some();
        self.continues = waits.then(|| now + self.continue_timeout);
        self.wait.stop();
        self.has_head = false;
        self.on(On::Head);
        Ok(Next { method: method_alike, upgrade: said.upgrades() })
    }

    body_commands!();

    /// Gives the connection up: a response that is not wanted any more, a body that is not to be sent.
    pub fn abort(&mut self) {
        self.continues = None;
        self.wait.stop();
        self.state = State::Ended;
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called, if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.out.poll_timeout(false), self.continues, self.wait.poll()].into_iter().flatten().min()
    }

    /// Tells the time: gives up a server that reads too slowly (its output is dropped) or does not
    /// answer, a 100 that does not come, and a connection that is idle for too long.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.continues.is_some_and(|deadline| deadline <= now) {
            self.continues = None;
        }
        if self.out.has_stalled(false, now) {
            self.out.outbox.forget();
            self.wait.stop();
            self.on(On::Stalled);
        }
        if self.wait.is_over(now) {
            let waits = self.state == State::Waiting;
            let is_owed = waits && !self.out.outbox.is_empty();
            if is_owed || core::mem::replace(&mut self.is_queued, false) {
                // The request is still to be written, or left the output at an unknown time since.
                self.wait_for_head(is_owed);
                self.wait.resume(now);
                return;
            }
            self.wait.stop();
            self.timed_out = waits;
            self.on(On::Stalled);
        }
    }

    /// Whether the response to a request did not begin within [`Config::head_timeout`] after the
    /// request was over.
    pub const fn has_timed_out(&self) -> bool {
        self.timed_out
    }

    /// What to do with the socket once the output is written.
    pub fn wants(&self) -> Wants {
        match self.state {
            State::Ended => Wants { read: false, end: Some(End::Close) },
            _ => Wants { read: self.out.may_read(), end: None },
        }
    }

    /// Whether a request may be sent.
    pub const fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle)
    }

    /// Whether the connection is another protocol's, the request being over: what follows in the input
    /// of the receiving half belongs to it.
    pub const fn is_upgraded(&self) -> bool {
        matches!(self.state, State::Upgraded)
    }

    /// Whether the request expects a 100 before its body (RFC 9110 10.1.1), and none has come, nor an
    /// answer, in the time that is worth waiting.
    pub const fn waits_for_continue(&self) -> bool {
        self.continues.is_some()
    }

    /// Whether so little is owed that more may be read.
    pub(super) fn may_read(&self) -> bool {
        self.out.may_read()
    }

    /// Waits for the head of the response, once the request has left the output.
    fn wait_for_head(&mut self, is_queued: bool) {
        self.is_queued = is_queued;
        let full = Span::from(self.head_timeout);
        self.wait.arm(if is_queued { full.quarter() } else { full });
    }

    fn check_body(&self) -> Result<(), SendError> {
        match self.state {
            State::Body | State::Answered | State::Switching => Ok(()),
            _ => Err(ApiMisuse::OutOfOrder.into()),
        }
    }

    /// The request was sent.
    fn end(&mut self, now: Instant) {
        self.continues = None;
        self.on(On::End);
        self.out.touch(false, now);
        match self.state {
            // Its head may have come before.
            State::Waiting if !self.has_head => {
                self.wait_for_head(self.out.outbox.remaining() > AT_ONCE);
                if !self.is_reading {
                    self.wait.resume(now);
                }
            }
            State::Idle => self.wait.start(self.idle_timeout, now),
            _ => {}
        }
    }

    fn on(&mut self, on: On) {
        self.state = self.state.on(on).unwrap_or(self.state);
    }
}

/// What a socket is expected to take at once: the smallest usual send buffer.
const AT_ONCE: usize = 16 << 10;

impl Replies<Reply> for Sender {
    fn reply(&mut self, reply: Reply, now: Instant) {
        match reply.0 {
            Owed::Reading => {
                self.is_reading = true;
                self.wait.pause(now);
            }
            Owed::Waiting => {
                self.is_reading = false;
                self.wait.resume(now);
            }
            Owed::Continue => self.continues = None,
            Owed::Head => {
                self.continues = None;
                (self.has_head, self.is_reading) = (true, false);
                self.wait.stop();
            }
            Owed::Over { persists } => {
                self.is_reading = false;
                self.on(if persists && !self.closes { On::Over } else { On::Last });
                if self.state == State::Idle {
                    self.wait.start(self.idle_timeout, now);
                }
            }
            Owed::Switch => {
                self.continues = None;
                self.has_head = true;
                self.wait.stop();
                self.on(On::Switch);
            }
            Owed::End => {
                self.continues = None;
                self.wait.stop();
                self.on(On::Left);
            }
        }
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("state", &self.state)
            .field("out", &self.out)
            .finish_non_exhaustive()
    }
}
