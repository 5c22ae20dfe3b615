//! The server's state of an exchange: it receives a request and sends the response.

use crate::kernel::debug::debug;
use alloc::format;
use core::time::Duration;

use super::event::{Event, Method, Reply, ReplyKind, RequestInfo};
use crate::h1::body_length;
use crate::h1::connection_fields::ConnectionFields;
use crate::h1::head::{Head, RequestLine};
use crate::h1::output::{Checked, Content, Output};
use crate::h1::reason::reason;
use crate::h1::receiver::Next;
use crate::h1::side::{Opened, Rules, Side};
use crate::h1::{Config, Error, ErrorKind, Framing, Request, Version};
use crate::kernel::table::transitions;
use crate::{ApiMisuse, End, Fields, Instant, SendError, Wants};

/// The server's side of a connection.
pub struct ServerSide {
    state: State,
    request: RequestInfo,
    /// The request is complete.
    request_over: bool,
    /// The client sends nothing more.
    left: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No request has arrived.
    Idle,
    /// A request awaits the head of its response.
    Head,
    /// The head of the response was sent.
    Body,
    /// The response was sent, and another request may follow.
    Over,
    /// The last response was sent; the client is expected to close the connection.
    Closing,
    /// The connection belongs to another protocol.
    Upgraded,
    /// The connection is to be closed.
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    /// The head of a request has arrived.
    Request,
    /// The final head of its response is sent.
    Head,
    /// A head is sent that changes the protocol.
    Switch,
    /// The end of the response is sent.
    End,
    /// The end of the last response is sent.
    Last,
    /// The next exchange begins.
    Next,
    /// The request is invalid, or was too slow.
    Failed,
    /// The client sends nothing more.
    Left,
    /// The client takes no output, or does not close the connection.
    Stalled,
    /// The caller aborts the connection.
    Abort,
}

transitions! {
    /// How a request is answered.
    State, On {
        Idle, Request => Head;
        Head, Head => Body;
        Head, Switch => Upgraded;
        Body, End => Over;
        Body, Last => Closing;
        Over, Next => Idle;
        Idle | Head | Over, Failed => Closing;
        // The caller completes the response that has begun; a second one must not follow.
        Body, Failed => Body;
        // Without the end of the request, the beginning of the other protocol is unknown.
        Upgraded, Failed => Ended;
        Idle | Over | Closing | Ended, Left => Ended;
        Head, Left => Head;
        Body, Left => Body;
        Upgraded, Left => Upgraded;
        Idle | Head | Body | Over | Closing | Upgraded | Ended, Stalled | Abort => Ended;
        // Bytes from the client have no effect after the last response, or after this side has ended the
        // connection.
        Ended, Request | Failed => Ended;
        Closing, Request | Failed => Closing;
    }
}

impl ServerSide {
    pub(super) const fn new() -> Self {
        Self { state: State::Idle, request: RequestInfo::NONE, request_over: false, left: false }
    }

    pub(super) fn awaits_head(&self) -> bool {
        self.state == State::Head
    }

    pub(super) fn next_exchange(&mut self) -> Option<Next<Self>> {
        // An error in the rest of this request must not be answered as the next request.
        if !self.request_over || self.state.on(On::Next).is_none() {
            return None;
        }
        self.state.go(On::Next);
        self.request = RequestInfo::NONE;
        self.request_over = false;
        Some(Next(()))
    }

    pub(super) fn send_head(
        &mut self,
        status: u16,
        fields: &(impl Fields + ?Sized),
        output: &mut Output,
        now: Instant,
    ) -> Result<(), SendError> {
        if self.state.on(On::Head).is_none() {
            return Err(ApiMisuse::OutOfOrder.into());
        }
        let request = self.request;
        if !(100..=999).contains(&status) || (status == 101 && !request.upgrade) {
            return Err(ApiMisuse::Status.into());
        }
        let switches =
            status == 101 || (request.method == Method::Connect && (200..300).contains(&status));
        let checked = Checked::new(fields)?;
        let framing = checked.connection.length.framing()?;
        let bare = switches || status < 200 || status == 204;
        // RFC 9112 6.1, RFC 9110 8.6: no Transfer-Encoding or Content-Length in such a response, and no
        // chunked content to an HTTP/1.0 client.
        if (bare && framing.is_some()) || (framing == Some(Framing::Chunked) && !request.http11) {
            return Err(ApiMisuse::Framing.into());
        }
        // RFC 9110 15.2: a server must not send a 1xx response to an HTTP/1.0 client.
        if status < 200 && !switches && !request.http11 {
            return Ok(());
        }
        let content = match (framing, request.http11) {
            _ if bare || status == 304 => Content::Length(0),
            _ if request.method == Method::Head => Content::Dropped,
            (Some(framing), _) => framing.into(),
            (None, true) => Content::Chunked,
            (None, false) => Content::UntilClose,
        };
        let close = checked.connection.close;
        let persists = request.persists && !close && content != Content::UntilClose && !self.left;
        let mut own = [("", ""); 2];
        let mut len = 0;
        if content == Content::Chunked && framing.is_none() {
            own[len] = ("Transfer-Encoding", "chunked");
            len += 1;
        }
        if !bare || status == 204 {
            let connection = match (persists, request.http11) {
                (false, _) if !close => Some("close"),
                (true, false) if !checked.connection.keep_alive => Some("keep-alive"),
                _ => None,
            };
            if let Some(value) = connection {
                own[len] = ("Connection", value);
                len += 1;
            }
        }
        let digits = digits(status);
        let line = [b"HTTP/1.1 ", &digits[..], b" ", reason(status).as_bytes()];
        output.head(&line, fields, &checked, &own[..len], content)?;
        output.touch(now);
        if switches {
            self.state.go(On::Switch);
        } else if status >= 200 {
            self.request.persists = persists;
            self.state.go(On::Head);
        }
        Ok(())
    }

    /// Answers an invalid request, if no response has begun.
    #[cold]
    fn fail(&mut self, error: &Error, output: &mut Output, now: Instant) {
        self.request.persists = false;
        // The client would take a second response for the response to its next request.
        if let State::Idle | State::Head = self.state {
            let text = format!("{error}\n");
            let status = error.status_hint();
            let head = format!(
                "HTTP/1.1 {status} {}\r\nConnection: close\r\nContent-Type: text/plain\r\n\
                 Content-Length: {}\r\n\r\n",
                reason(status),
                text.len(),
            );
            // May exceed the limit on output: there is at most one such response.
            let out = output.outbox.buffer();
            out.extend_from_slice(head.as_bytes());
            if self.request.method != Method::Head {
                out.extend_from_slice(text.as_bytes());
            }
        }
        self.state.go(On::Failed);
        if self.state == State::Closing {
            output.linger(now);
        }
    }
}

impl Side for ServerSide {}

impl Rules for ServerSide {
    type StartLine = RequestLine;
    type Event<'m, 'b: 'm> = Event<'m, 'b>;
    type Reply = Reply;
    type Exchange = ();

    const FIRST: Option<()> = Some(());
    const CONTINUE: Option<Reply> = Some(Reply(ReplyKind::Continue));
    const END: Reply = Reply(ReplyKind::End);

    fn head_timeout(config: &Config) -> Option<Duration> {
        config.head_timeout
    }

    fn open(head: &Request<'_>, (): &(), config: &Config) -> Result<Opened<Reply>, Error> {
        if let Some(limit) = config.target.filter(|limit| head.raw_target().len() > *limit) {
            let over = &head.raw_target()[limit..];
            return Err(Error::new(ErrorKind::TargetTooLong, head.offset_of(over)));
        }
        let fields = ConnectionFields::of(head);
        let http11 = head.version() == Version::Http11;
        // RFC 9112 3.2: respond with 400 to an HTTP/1.1 request without Host, and to any request with more
        // than one or an invalid one.
        if fields.hosts > 1 || (http11 && fields.hosts == 0) || !fields.valid_host {
            // Report the second Host, or the invalid one, or the end of a head without one.
            let mut hosts = head.values_of("host");
            let at = match hosts.nth(usize::from(fields.hosts > 1)) {
                Some(host) => head.offset_of(host),
                None => head.offset_of(&head.as_bytes()[head.as_bytes().len() - 2..]),
            };
            return Err(Error::new(ErrorKind::Host, at));
        }
        let framing = body_length::request_of(head, &fields.length)?;
        let method = match head.raw_method() {
            b"HEAD" => Method::Head,
            b"CONNECT" => Method::Connect,
            _ => Method::Other,
        };
        let persists = fields.persists(head.version());
        let upgrade = fields.upgrades() && http11;
        let request = RequestInfo { method, http11, persists, upgrade };
        // RFC 9110 10.1.1: ignore the expectation in an HTTP/1.0 request.
        let expects_continue = fields.expects_continue && http11;
        let reply = Reply(ReplyKind::Request(request));
        Ok(Opened::Message { framing, persists, expects_continue, reply })
    }

    fn head<'m, 'b: 'm>(head: Head<'m, RequestLine>) -> Event<'m, 'b> {
        Event::Head(head)
    }

    fn over(_: bool) -> Reply {
        Reply(ReplyKind::RequestOver)
    }

    fn failed(error: Error) -> Reply {
        Reply(ReplyKind::Failed(error))
    }

    fn reply(&mut self, reply: Reply, output: &mut Output, now: Instant) {
        match reply.0 {
            ReplyKind::Request(request) => {
                self.request = request;
                self.state.go(On::Request);
            }
            ReplyKind::Continue => {
                // If the output is full, the server drops the 100: a client should not wait for it
                // indefinitely (RFC 9110 10.1.1).
                let _ = self.send_head(100, &(), output, now);
            }
            ReplyKind::RequestOver => self.request_over = true,
            ReplyKind::Failed(error) => self.fail(&error, output, now),
            ReplyKind::End => {
                self.left = true;
                self.state.go(On::Left);
            }
        }
    }

    #[inline]
    fn is_sending(&self) -> bool {
        self.state == State::Body
    }

    fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    fn lingers(&self) -> bool {
        self.state == State::Closing
    }

    fn end(&mut self, output: &mut Output, now: Instant) {
        if self.request.persists && !self.left {
            self.state.go(On::End);
        } else {
            self.state.go(On::Last);
            if self.left {
                self.state.go(On::Left);
            }
        }
        if self.lingers() {
            output.linger(now);
        } else {
            output.touch(now);
        }
    }

    fn abort(&mut self) {
        self.state.go(On::Abort);
    }

    fn handle_timeout(&mut self, output: &mut Output, stalled: bool, now: Instant) {
        if stalled {
            self.state.go(On::Stalled);
        } else if self.lingers() {
            output.linger(now);
        }
    }

    fn wants(&self, output: &Output) -> Wants {
        let end = match self.state {
            State::Closing => return Wants { read: true, end: Some(End::Shutdown) },
            State::Ended => Some(End::Close),
            State::Upgraded if self.request_over => Some(End::Upgrade),
            _ => None,
        };
        Wants { read: end.is_none() && !self.left && output.may_read(), end }
    }
}

debug!([] ServerSide, self, f => f.debug_tuple("ServerSide").field(&self.state).finish());

/// The three digits of a status.
fn digits(status: u16) -> [u8; 3] {
    [status / 100, status / 10 % 10, status % 10].map(|digit| b'0' + digit as u8)
}
