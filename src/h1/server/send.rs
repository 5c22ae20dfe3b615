//! Responses out.

use alloc::format;
use core::fmt;

use bytes::Bytes;

use super::state::{On, State};
use super::{Asked, Method, Next, Owed, Reply};
use crate::h1::outgoing::{Body, Checked, Outgoing, body_commands};
use crate::h1::reason::reason;
use crate::h1::{Config, Error, Framing};
use crate::{ApiMisuse, End, Fields, Instant, Outbox, Replies, SendError, Wants};

/// Responses out.
pub struct Sender {
    state: State,
    out: Outgoing,
    /// The request that is being answered.
    asked: Asked,
    /// The request that is being answered is over.
    request_over: bool,
    /// The peer sends nothing more.
    left: bool,
}

impl Sender {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            state: State::Idle,
            out: Outgoing::new(config),
            asked: Asked::NOTHING,
            request_over: false,
            left: false,
        }
    }

    /// Sends the head of a response: an informational one (1xx), or the one that answers.
    ///
    /// The fields say how the body ends: `Content-Length`, or `Transfer-Encoding: chunked`. Where they
    /// say neither it goes in chunks, or to an HTTP/1.0 client until the connection closes. What
    /// `Connection` must say is added. An informational head to an HTTP/1.0 client is not written.
    ///
    /// A 101 to a request that asks for an upgrade, or a 2xx to CONNECT, ends HTTP here: what follows
    /// in the input of the receiving half is the other protocol's.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::OutOfOrder`] where no request waits for a head, [`ApiMisuse::Status`] for one that
    /// is not from 100 to 999 or a 101 that was not asked for, [`ApiMisuse::Framing`] for fields about
    /// the body that contradict each other, the status or the client's version,
    /// [`ApiMisuse::FieldName`] and [`ApiMisuse::FieldValue`], [`SendError::Full`] where there is no
    /// room.
    pub fn send_head(
        &mut self,
        status: u16,
        fields: &(impl Fields + ?Sized),
        now: Instant,
    ) -> Result<(), SendError> {
        if self.state != State::Owing {
            return Err(ApiMisuse::OutOfOrder.into());
        }
        if !(100..=999).contains(&status) || (status == 101 && !self.asked.upgrade) {
            return Err(ApiMisuse::Status.into());
        }
        let switches =
            status == 101 || (self.asked.method == Method::Connect && (200..300).contains(&status));
        let checked = Checked::new(fields)?;
        let said = &checked.said;
        let told = said.lengths.framing()?;
        let bare = switches || status < 200 || status == 204;
        if (bare && told.is_some()) || (told == Some(Framing::Chunked) && !self.asked.http11) {
            return Err(ApiMisuse::Framing.into());
        }
        if status < 200 && !switches && !self.asked.http11 {
            return Ok(());
        }
        let body = match (told, self.asked.http11) {
            _ if bare || status == 304 => Body::Length(0),
            _ if self.asked.method == Method::Head => Body::Dropped,
            (Some(framing), _) => framing.into(),
            (None, true) => Body::Chunked,
            (None, false) => Body::UntilClose,
        };
        let persists = self.asked.persists && !said.close && body != Body::UntilClose && !self.left;
        let mut own = [("", ""); 2];
        let mut len = 0;
        if body == Body::Chunked && told.is_none() {
            own[len] = ("Transfer-Encoding", "chunked");
            len += 1;
        }
        if !bare || status == 204 {
            let connection = match (persists, self.asked.http11) {
                (false, _) if !said.close => Some("close"),
                (true, false) if !said.keep_alive => Some("keep-alive"),
                _ => None,
            };
            if let Some(value) = connection {
                own[len] = ("Connection", value);
                len += 1;
            }
        }
        let digits = digits(status);
        let line = [b"HTTP/1.1 ", &digits[..], b" ", reason(status).as_bytes()];
        self.out.head(&line, fields, &checked, &own[..len], body)?;
        self.out.touch(false, now);
        if switches {
            self.on(On::Switch);
        } else if status >= 200 {
            self.asked.persists = persists;
            self.on(On::Head);
        }
        Ok(())
    }

    body_commands!();

    /// Gives the connection up: the client sees a response without end.
    pub fn abort(&mut self) {
        self.state = State::Ended;
    }

    /// Readies this half for the next response, and gives what lets the receiving half go on; `None`
    /// while the request or its response is not over, and after the last.
    pub fn next_exchange(&mut self) -> Option<Next> {
        if !self.request_over {
            // What is still wrong with the request must not be answered a second time.
            return None;
        }
        self.state = self.state.on(On::Next)?;
        self.asked = Asked::NOTHING;
        self.request_over = false;
        Some(Next(()))
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called, if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.out.poll_timeout(self.state == State::Closing)
    }

    /// Tells the time: a peer that reads too slowly, or does not leave, is given up, and its output
    /// dropped.
    pub fn handle_timeout(&mut self, now: Instant) {
        let linger = self.state == State::Closing;
        if self.out.has_stalled(linger, now) {
            self.out.outbox.forget();
            self.on(On::Stalled);
        } else if linger {
            self.out.touch(true, now);
        }
    }

    /// What to do with the socket once the output is written: not to read while more is owed than
    /// [`Config::pause_reading_above`].
    pub fn wants(&self) -> Wants {
        match self.state {
            State::Idle | State::Owing | State::Body | State::Over | State::Upgraded => {
                Wants { read: !self.left && self.out.may_read(), end: None }
            }
            State::Closing => Wants { read: true, end: Some(End::Shutdown) },
            State::Ended => Wants { read: false, end: Some(End::Close) },
        }
    }

    /// Whether a request waits for the head of its response.
    pub const fn owes_head(&self) -> bool {
        matches!(self.state, State::Owing)
    }

    /// Whether the connection is another protocol's.
    pub const fn is_upgraded(&self) -> bool {
        matches!(self.state, State::Upgraded)
    }

    /// Whether so little is owed that more may be read.
    pub(super) fn may_read(&self) -> bool {
        self.out.may_read()
    }

    fn check_body(&self) -> Result<(), SendError> {
        if self.state == State::Body { Ok(()) } else { Err(ApiMisuse::OutOfOrder.into()) }
    }

    /// The response was sent.
    fn end(&mut self, now: Instant) {
        if self.asked.persists && !self.left {
            self.on(On::End);
        } else {
            self.on(On::Last);
            if self.left {
                self.on(On::Left);
            }
        }
        self.out.touch(self.state == State::Closing, now);
    }

    /// The answer to a request that is broken, if none has begun.
    #[cold]
    fn fail(&mut self, error: &Error, now: Instant) {
        self.asked.persists = false;
        // What has been answered gets no second answer: the peer would take it for the next one's.
        if let State::Idle | State::Owing = self.state {
            let words = format!("{error}\n");
            let status = error.status_hint();
            let head = format!(
                "HTTP/1.1 {status} {}\r\nConnection: close\r\nContent-Type: text/plain\r\n\
                 Content-Length: {}\r\n\r\n",
                reason(status),
                words.len(),
            );
            // Over the limit on output: there is one such answer at most.
            let out = self.out.outbox.owed();
            out.extend_from_slice(head.as_bytes());
            if self.asked.method != Method::Head {
                out.extend_from_slice(words.as_bytes());
            }
        }
        self.on(On::Failed);
        if self.state == State::Closing {
            self.out.touch(true, now);
        }
    }

    fn on(&mut self, on: On) {
        self.state = self.state.on(on).unwrap_or(self.state);
    }
}

impl Replies<Reply> for Sender {
    fn reply(&mut self, reply: Reply, now: Instant) {
        match reply.0 {
            Owed::Response(asked) => {
                self.asked = asked;
                self.on(On::Asked);
            }
            Owed::Continue => {
                // Where the output is full the client goes on waiting, as for any late answer; it
                // must not wait for ever (RFC 9110 10.1.1).
                let _ = self.send_head(100, &(), now);
            }
            Owed::RequestOver => self.request_over = true,
            Owed::Failed(error) => self.fail(&error, now),
            Owed::End => {
                self.left = true;
                self.on(On::Left);
            }
        }
    }
}

impl Asked {
    const NOTHING: Self =
        Self { method: Method::Other, http11: true, persists: false, upgrade: false };
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("state", &self.state)
            .field("out", &self.out)
            .finish_non_exhaustive()
    }
}

/// The three digits of a status.
fn digits(status: u16) -> [u8; 3] {
    [status / 100, status / 10 % 10, status % 10].map(|digit| b'0' + digit as u8)
}
