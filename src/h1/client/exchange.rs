//! The client's state of an exchange: it sends a request and receives the response.

use crate::kernel::debug::debug;
use core::time::Duration;

use bytes::Buf as _;

use super::event::{Event, Reply, ReplyKind};
use crate::grammar::Target;
use crate::h1::body_length::{self, Switches};
use crate::h1::connection_fields::ConnectionFields;
use crate::h1::head::{Head, StatusLine};
use crate::h1::output::{Checked, Content, Output, is_method};
use crate::h1::receiver::Next;
use crate::h1::side::{Opened, Rules, Side};
use crate::h1::{Config, Error, ErrorKind, Framing, Response};
use crate::kernel::deadline::{Deadline, Span};
use crate::kernel::table::transitions;
use crate::{ApiMisuse, End, Fields, Instant, SendError, Wants};

/// The client's side of a connection.
pub struct ClientSide {
    state: State,
    /// The request has `Connection: close`.
    closes: bool,
    /// The moment at which the wait for a 100 (Continue) ends.
    continue_until: Option<Instant>,
    /// After the request, the time for the head of the response; between exchanges, the time for the
    /// next request.
    deadline: Deadline,
    /// The head of the response has arrived.
    has_head: bool,
    /// The receiving half has unprocessed input.
    is_reading: bool,
    /// The output holds more of the request than a socket takes at once.
    is_queued: bool,
    timed_out: bool,
    continue_timeout: Duration,
    head_timeout: Option<Duration>,
    idle_timeout: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A request may be sent.
    Idle,
    /// The head of the request was sent.
    Body,
    /// The request was sent; the response is incomplete.
    Waiting,
    /// The response is complete before the request.
    Answered,
    /// The connection changes to another protocol once the request is complete (RFC 9110 7.8).
    Switching,
    /// The connection belongs to another protocol.
    Upgraded,
    /// The connection is to be closed.
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    /// The head of a request is sent.
    Head,
    /// The end of the request is sent.
    End,
    /// The response is complete, and another request may follow.
    Over,
    /// The last response is complete.
    Last,
    /// The response changes the protocol.
    Switch,
    /// The server closed the connection, or sent an invalid response.
    Left,
    /// The server takes no output, does not answer, or the connection is idle for too long.
    Stalled,
    /// The caller aborts the connection.
    Abort,
}

transitions! {
    /// How a request is sent and answered.
    State, On {
        Idle, Head => Body;
        Body, End => Waiting;
        Waiting, Over => Idle;
        Body, Over => Answered;
        Answered, End => Idle;
        Body, Switch => Switching;
        Waiting, Switch => Upgraded;
        Switching, End => Upgraded;
        Body | Waiting, Last => Ended;
        Idle | Body | Waiting | Answered | Switching | Ended, Left => Ended;
        // The end of the stream is for the other protocol to interpret.
        Upgraded, Left => Upgraded;
        Idle | Body | Waiting | Answered | Switching | Upgraded | Ended, Stalled | Abort => Ended;
        // Bytes from the server have no effect after this side has ended the connection.
        Ended, Over | Last | Switch => Ended;
    }
}

impl ClientSide {
    pub(super) fn new(config: &Config, now: Instant) -> Self {
        let mut deadline = Deadline::OFF;
        deadline.start(config.idle_timeout, now);
        Self {
            state: State::Idle,
            closes: false,
            continue_until: None,
            deadline,
            has_head: false,
            is_reading: false,
            is_queued: false,
            timed_out: false,
            continue_timeout: config.continue_timeout,
            head_timeout: config.head_timeout,
            idle_timeout: config.idle_timeout,
        }
    }

    pub(super) const fn awaits_continue(&self) -> bool {
        self.continue_until.is_some()
    }

    pub(super) fn send_head(
        &mut self,
        method: &str,
        target: &str,
        fields: &(impl Fields + ?Sized),
        output: &mut Output,
        now: Instant,
    ) -> Result<Next<Self>, SendError> {
        if self.state.on(On::Head).is_none() {
            return Err(match self.state {
                State::Ended | State::Switching | State::Upgraded => ApiMisuse::Closed.into(),
                _ => ApiMisuse::OutOfOrder.into(),
            });
        }
        let checked = Checked::new(fields)?;
        let connection = &checked.connection;
        // RFC 9112 3.2: a client must send a Host field in every HTTP/1.1 request.
        let is_target = is_method(method) && Target::is_valid(method, target);
        if !is_target || connection.hosts != 1 || !connection.valid_host {
            return Err(ApiMisuse::RequestLine.into());
        }
        let framing = connection.length.framing()?;
        let method_alike = match method {
            "HEAD" => "HEAD",
            // RFC 9110 9.3.6: a CONNECT request has no content.
            "CONNECT" if framing.is_some() => return Err(ApiMisuse::Framing.into()),
            "CONNECT" => "CONNECT",
            _ => "GET",
        };
        let line = [method.as_bytes(), b" ", target.as_bytes(), b" HTTP/1.1"];
        let content = framing.map_or(Content::Length(0), Content::from);
        output.head(&line, fields, &checked, &[], content)?;
        output.touch(now);
        self.closes = connection.close;
        let waits = connection.expects_continue && framing.is_some();
        self.continue_until = waits.then(|| now + self.continue_timeout);
        self.deadline.stop();
        self.has_head = false;
        self.state.go(On::Head);
        Ok(Next(Request { method: method_alike, upgrade: connection.upgrades() }))
    }

    /// Arms the deadline for the head of the response, which starts when the request has left the output.
    fn wait_for_head(&mut self, is_queued: bool) {
        self.is_queued = is_queued;
        let full = Span::from(self.head_timeout);
        self.deadline.arm(if is_queued { full.quarter() } else { full });
    }
}

/// The properties of a request that matter for its response.
#[derive(Debug, Clone, Copy)]
#[expect(unnameable_types, reason = "a part of the sealed trait")]
pub struct Request {
    /// `HEAD`, `CONNECT`, or `GET` for all other methods, whose responses are framed alike.
    method: &'static str,
    upgrade: bool,
}

impl Side for ClientSide {}

impl Rules for ClientSide {
    type StartLine = StatusLine;
    type Event<'m, 'b: 'm> = Event<'m, 'b>;
    type Reply = Reply;
    type Exchange = Request;

    const FIRST: Option<Request> = None;
    const READING: Option<Reply> = Some(Reply(ReplyKind::Reading));
    const WAITING: Option<Reply> = Some(Reply(ReplyKind::Waiting));
    const END: Reply = Reply(ReplyKind::End);

    fn open(
        head: &Response<'_>,
        request: &Request,
        config: &Config,
    ) -> Result<Opened<Reply>, Error> {
        let switches = Switches {
            length_with_coding: config.allow_length_with_coding,
            identity: config.allow_identity_coding,
        };
        let fields = ConnectionFields::of(head);
        let framing = body_length::response_of(head, &fields.length, request.method, switches)?;
        Ok(match head.status() {
            101 if !request.upgrade => {
                return Err(Error::new(ErrorKind::UnexpectedUpgrade, 0));
            }
            101 => Opened::Switch(Reply(ReplyKind::Switch)),
            // RFC 9110 10.1.1: only a 100 allows the content, not another informational response.
            status @ 100..200 => {
                Opened::Informational((status == 100).then_some(Reply(ReplyKind::Continue)))
            }
            200..300 if request.method == "CONNECT" => Opened::Switch(Reply(ReplyKind::Switch)),
            _ => Opened::Message {
                framing,
                // Without one clear end of the content, the next head has no clear beginning.
                persists: fields.persists(head.version())
                    && framing != Framing::UntilClose
                    && !fields.length.is_ambiguous(),
                expects_continue: false,
                reply: Reply(ReplyKind::Head),
            },
        })
    }

    fn informational<'m, 'b: 'm>(head: Head<'m, StatusLine>) -> Event<'m, 'b> {
        Event::Informational(head)
    }

    fn head<'m, 'b: 'm>(head: Head<'m, StatusLine>) -> Event<'m, 'b> {
        Event::Head(head)
    }

    fn over(persists: bool) -> Reply {
        Reply(ReplyKind::Over { persists })
    }

    fn failed(_: Error) -> Reply {
        Reply(ReplyKind::End)
    }

    fn reply(&mut self, reply: Reply, _: &mut Output, now: Instant) {
        match reply.0 {
            ReplyKind::Reading => {
                self.is_reading = true;
                self.deadline.pause(now);
            }
            ReplyKind::Waiting => {
                self.is_reading = false;
                self.deadline.resume(now);
            }
            ReplyKind::Continue => self.continue_until = None,
            ReplyKind::Head => {
                self.continue_until = None;
                (self.has_head, self.is_reading) = (true, false);
                self.deadline.stop();
            }
            ReplyKind::Over { persists } => {
                self.is_reading = false;
                self.state.go(if persists && !self.closes { On::Over } else { On::Last });
                if self.state == State::Idle {
                    self.deadline.start(self.idle_timeout, now);
                }
            }
            ReplyKind::Switch => {
                self.continue_until = None;
                self.has_head = true;
                self.deadline.stop();
                self.state.go(On::Switch);
            }
            ReplyKind::End => {
                self.continue_until = None;
                self.deadline.stop();
                self.state.go(On::Left);
            }
        }
    }

    #[inline]
    fn is_sending(&self) -> bool {
        matches!(self.state, State::Body | State::Answered | State::Switching)
    }

    fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    fn has_timed_out(&self) -> bool {
        self.timed_out
    }

    fn end(&mut self, output: &mut Output, now: Instant) {
        self.continue_until = None;
        self.state.go(On::End);
        output.touch(now);
        match self.state {
            State::Waiting if !self.has_head => {
                self.wait_for_head(output.outbox.remaining() > AT_ONCE);
                if !self.is_reading {
                    self.deadline.resume(now);
                }
            }
            State::Idle => self.deadline.start(self.idle_timeout, now),
            _ => {}
        }
    }

    fn abort(&mut self) {
        self.continue_until = None;
        self.deadline.stop();
        self.state.go(On::Abort);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        [self.continue_until, self.deadline.poll()].into_iter().flatten().min()
    }

    fn handle_timeout(&mut self, output: &mut Output, stalled: bool, now: Instant) {
        if self.continue_until.is_some_and(|deadline| deadline <= now) {
            self.continue_until = None;
        }
        if stalled {
            self.deadline.stop();
            self.state.go(On::Stalled);
        }
        if !self.deadline.is_over(now) {
            return;
        }
        let waits = self.state == State::Waiting;
        let has_output = waits && !output.outbox.is_empty();
        if has_output || core::mem::replace(&mut self.is_queued, false) {
            // The request is still in the output, or left it at an unknown time since the last call.
            self.wait_for_head(has_output);
            self.deadline.resume(now);
            return;
        }
        self.deadline.stop();
        self.timed_out = waits;
        self.state.go(On::Stalled);
    }

    fn wants(&self, output: &Output) -> Wants {
        let end = match self.state {
            State::Ended => Some(End::Close),
            State::Upgraded => Some(End::Upgrade),
            _ => None,
        };
        Wants { read: end.is_none() && output.may_read(), end }
    }
}

debug!([] ClientSide, self, f => f.debug_tuple("ClientSide").field(&self.state).finish());

/// The number of bytes that a socket is expected to take at once: the smallest usual send buffer.
const AT_ONCE: usize = 16 << 10;
