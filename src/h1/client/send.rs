//! Requests out.

use core::fmt;
use core::time::Duration;

use bytes::Bytes;

use super::state::{On, State};
use super::{Next, Owed, Reply};
use crate::grammar::Target;
use crate::h1::Config;
use crate::h1::outgoing::{Body, Checked, Outgoing, body_commands, is_method};
use crate::{ApiMisuse, Control, End, Fields, Instant, Outbox, SendError, Wants};

/// Requests out.
pub struct Sender {
    state: State,
    out: Outgoing,
    /// The request says that it is the last.
    closes: bool,
    /// Until when a 100 is worth waiting for, where one is.
    continues: Option<Instant>,
    continue_timeout: Duration,
}

impl Sender {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            state: State::Idle,
            out: Outgoing::new(config.output, config.write_timeout),
            closes: false,
            continues: None,
            continue_timeout: config.continue_timeout,
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
    /// is over, [`ApiMisuse::RequestLine`] for a method that is not a token, a target without a form that the
    /// method allows ([`Target`]), or a `Host` that is missing, repeated or invalid, [`ApiMisuse::Framing`] for fields about the body that
    /// contradict each other, [`ApiMisuse::FieldName`] and [`ApiMisuse::FieldValue`],
    /// [`SendError::Full`] where there is no room.
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
        let is_target = is_method(method) && Target::parse(method, target).is_some();
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
        self.on(On::Head);
        Ok(Next { method: method_alike, upgrade: said.upgrades() })
    }

    body_commands!();

    /// Gives the connection up: a response that is not wanted any more, a body that is not to be sent.
    pub fn abort(&mut self) {
        self.state = State::Ended;
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called, if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.out.poll_timeout(), self.continues].into_iter().flatten().min()
    }

    /// Lets time pass: a server that does not read is left and owed
    /// nothing more, one that sends no 100 is not waited for.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.continues.is_some_and(|deadline| deadline <= now) {
            self.continues = None;
        }
        if self.out.has_stalled(false, now) {
            self.out.outbox.forget();
            self.on(On::Stalled);
        }
    }

    /// What to do with the socket once the output is written.
    pub const fn wants(&self) -> Wants {
        match self.state {
            State::Ended => Wants { read: false, end: Some(End::Close) },
            _ => Wants { read: true, end: None },
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

    /// Whether a request is not over.
    pub(super) const fn is_sending(&self) -> bool {
        matches!(self.state, State::Body)
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
    }

    fn on(&mut self, on: On) {
        self.state = self.state.on(on).unwrap_or(self.state);
    }
}

impl Control<Reply> for Sender {
    fn owe(&mut self, reply: Reply, _now: Instant) {
        self.continues = None;
        match reply.0 {
            Owed::Continue => {}
            Owed::Over { persists } if persists && !self.closes => self.on(On::Over),
            Owed::Over { .. } => self.on(On::Last),
            Owed::Switch => self.on(On::Switch),
            Owed::End => self.on(On::Left),
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
