//! The receiving half of a connection: heads, content, trailers.

use super::content::{Content, rewind};
use super::side::{Opened, Side};
use super::{Config, Error, ErrorKind, Framing, head};
use crate::kernel::deadline::ReadDeadline;
use crate::kernel::debug::debug;
use crate::kernel::table::transitions;
use crate::{Instant, Replies, Step};

/// The receiving half of one side of a connection.
pub struct Receiver<S: Side> {
    heads: head::Decoder<S::StartLine>,
    content: Content,
    progress: Progress<S>,
}

/// The progress of the current message. Separate from the decoders, because an event borrows those.
struct Progress<S: Side> {
    state: State,
    exchange: Option<S::Exchange>,
    /// Whether another message may follow this one.
    persists: bool,
    /// Whether the peer waits for a 100 (Continue) before it sends the content.
    expects_continue: bool,
    /// The caller has unprocessed input, or does not read.
    is_reading: bool,
    /// The offset of the first byte of the head, or of the content, in the connection.
    base: u64,
    /// The offset of the next byte.
    at: u64,
    deadline: ReadDeadline,
    /// Why the state is `Failed`.
    error: Error,
    config: Config,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No message has begun.
    Idle,
    /// A head is incomplete, or a client awaits its first byte.
    Head,
    /// An informational response was yielded; the final one follows.
    Informed,
    /// The content is incomplete.
    Content,
    /// The message is complete.
    Done,
    /// HTTP has ended on this connection.
    Over,
    /// The peer broke the protocol, or was too slow.
    Failed,
}

#[derive(Debug, Clone, Copy)]
enum On {
    /// The first byte of a head, or on a client the request.
    Begin,
    /// An informational head.
    Informational,
    /// The head after an informational one.
    Resume,
    /// A final head.
    Final,
    /// A head that ends HTTP on this connection.
    Switch,
    /// The end of the message.
    End,
    /// The next exchange.
    Next,
    /// The end of the connection.
    Close,
    /// An error.
    Fail,
}

transitions! {
    /// How a message is received.
    State, On {
        Idle, Begin => Head;
        Head, Final => Content;
        Head, Informational => Informed;
        Informed, Resume => Head;
        Head, Switch => Over;
        Content, End => Done;
        Done, Next => Idle;
        Idle | Head | Informed | Content | Done | Over, Close => Over;
        Idle | Head | Informed | Content, Fail => Failed;
    }
}

impl<S: Side> Receiver<S> {
    pub(super) fn new(config: Config, now: Instant) -> Self {
        let mut deadline = ReadDeadline::OFF;
        if S::IS_SERVER {
            deadline.start(config.idle_timeout, now);
        }
        let progress = Progress {
            state: State::Idle,
            exchange: S::FIRST,
            persists: true,
            expects_continue: false,
            is_reading: false,
            base: 0,
            at: 0,
            deadline,
            error: Error::new(ErrorKind::Truncated, 0),
            config,
        };
        Self {
            heads: head::Decoder::with_config(config.head),
            content: Content::new(&config.body),
            progress,
        }
    }

    /// Decodes the next part of a message. Returns `Done` at the end of the message, and after the end of
    /// the connection.
    ///
    /// A server leaves a pipelined request in `input` until the next exchange. On a client, bytes after
    /// the end of a response end the connection, because they belong to no request (RFC 9112 9.2): pass
    /// the rest of the input before you send the next request, or the client takes it for the response.
    ///
    /// # Errors
    ///
    /// The first fault of the message, at its offset in the connection; [`ErrorKind::Unsolicited`] for
    /// bytes that a client receives before the first request. The sending half gets the error through
    /// `replies`: a server sends an error response if it can, and the connection ends. Keep driving it
    /// until [`Sender::wants`](super::Sender::wants) returns an [`End`](crate::End).
    #[inline]
    pub fn receive<'m, 'b: 'm>(
        &'m mut self,
        replies: &mut impl Replies<S::Reply>,
        input: &mut &'b [u8],
        now: Instant,
    ) -> Result<Step<S::Event<'m, 'b>>, Error> {
        let progress = &mut self.progress;
        if !input.is_empty() {
            progress.deadline.pause(now);
        }
        match progress.state {
            State::Content => self.receive_content(replies, input, now),
            State::Idle | State::Head | State::Informed if input.is_empty() => {
                progress.wait(replies, now);
                Ok(Step::NeedInput)
            }
            State::Idle | State::Head | State::Informed => self.receive_head(replies, input, now),
            State::Done if !input.is_empty() && !S::IS_SERVER => {
                progress.state.go(On::Close);
                replies.reply(S::END, now);
                Ok(Step::Done)
            }
            State::Done | State::Over => {
                progress.wait(replies, now);
                Ok(Step::Done)
            }
            State::Failed => Err(progress.error),
        }
    }

    fn receive_head<'m, 'b: 'm>(
        &'m mut self,
        replies: &mut impl Replies<S::Reply>,
        input: &mut &'b [u8],
        now: Instant,
    ) -> Result<Step<S::Event<'m, 'b>>, Error> {
        let progress = &mut self.progress;
        let Some(exchange) = &progress.exchange else {
            let error = Error::new(ErrorKind::Unsolicited, progress.at);
            return Err(progress.fail(error, replies, now));
        };
        if progress.state == State::Informed {
            self.heads.reset();
            progress.state.go(On::Resume);
        }
        let start = *input;
        let step = self.heads.decode(input);
        let opened = match &step {
            Ok(Step::Item(head)) => {
                S::open(head, exchange, &progress.config).map(Some).inspect_err(|error| {
                    *input = rewind(start, progress.at, error.at + progress.base);
                })
            }
            Ok(_) => Ok(None),
            Err(error) => Err(*error),
        };
        progress.read(replies, now);
        progress.advance_head(start, input.len());
        match opened {
            Ok(Some(opened)) => progress.open(opened, &mut self.content, replies, now),
            Ok(None) => progress.wait(replies, now),
            Err(error) => {
                let error = error.offset_by(progress.base);
                return Err(progress.fail(error, replies, now));
            }
        }
        let is_informational = progress.state == State::Informed;
        Ok(step?.map(|head| if is_informational { S::informational(head) } else { S::head(head) }))
    }

    #[inline]
    fn receive_content<'m, 'b: 'm>(
        &'m mut self,
        replies: &mut impl Replies<S::Reply>,
        input: &mut &'b [u8],
        now: Instant,
    ) -> Result<Step<S::Event<'m, 'b>>, Error> {
        let progress = &mut self.progress;
        // RFC 9110 10.1.1: a server that has not sent a final response sends a 100 to request the content.
        if core::mem::take(&mut progress.expects_continue) && input.is_empty() {
            if let Some(reply) = S::CONTINUE {
                replies.reply(reply, now);
            }
        }
        let len = input.len();
        let step = self.content.decode(input, progress.at - progress.base);
        let used = len - input.len();
        progress.at += used as u64;
        progress.deadline.received(used);
        match step {
            Ok(Step::Item(part)) => return Ok(Step::Item(part.into())),
            Ok(Step::NeedInput) => progress.deadline.resume(now),
            Ok(Step::Done) => progress.end(replies, now),
            Err(error) => {
                let error = error.offset_by(progress.base);
                return Err(progress.fail(error, replies, now));
            }
        }
        Ok(if progress.state == State::Done { Step::Done } else { Step::NeedInput })
    }

    /// Pauses the deadlines for the peer until the next `receive`, while the caller does not read because it
    /// handles earlier input first.
    pub fn pause(&mut self, replies: &mut impl Replies<S::Reply>, now: Instant) {
        self.progress.deadline.pause(now);
        self.progress.read(replies, now);
    }

    /// Reports the peer's end of stream. It completes content with
    /// [`Framing::UntilClose`](super::Framing::UntilClose).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] inside any other message, and if a client awaits a response.
    pub fn receive_eof(
        &mut self,
        replies: &mut impl Replies<S::Reply>,
        now: Instant,
    ) -> Result<(), Error> {
        let progress = &mut self.progress;
        let finished = match progress.state {
            State::Idle => self.heads.finish().map(|_| ()),
            State::Head | State::Informed => self
                .heads
                .finish()
                .and_then(|_| Err(Error::new(ErrorKind::Truncated, progress.at - progress.base))),
            State::Content => self.content.finish(),
            State::Done | State::Over => Ok(()),
            State::Failed => {
                replies.reply(S::END, now);
                return Err(progress.error);
            }
        };
        let finished = finished.map_err(|error| error.offset_by(progress.base));
        match finished {
            Ok(()) => {
                if progress.state == State::Content {
                    replies.reply(S::over(false), now);
                }
                progress.state.go(On::Close);
                progress.deadline.stop();
            }
            Err(error) => drop(progress.fail(error, replies, now)),
        }
        replies.reply(S::END, now);
        finished
    }

    /// Pauses the deadlines for the peer while this side does not read because too much output is pending.
    pub(super) fn hold(&mut self, held: bool, now: Instant) {
        self.progress.deadline.hold(held, now);
    }

    /// When to call [`hold`](Self::hold) and then [`handle_timeout`](Self::handle_timeout).
    pub(super) fn poll_held(&self, held: bool) -> Option<Instant> {
        self.progress.deadline.poll_held(held)
    }

    /// The moment at which the caller must call [`handle_timeout`](Self::handle_timeout), unless another
    /// call changes it first.
    pub const fn poll_timeout(&self) -> Option<Instant> {
        self.progress.deadline.poll()
    }

    /// Advances the time: fails a message that does not arrive in time, and ends a server's idle
    /// connection. On a client, the sending half measures the time for the head of a response, because it
    /// knows when the request was complete.
    pub fn handle_timeout(&mut self, replies: &mut impl Replies<S::Reply>, now: Instant) {
        if self.progress.deadline.is_over(now) {
            self.time_out(replies, now);
        }
    }

    /// Fails the message in progress.
    pub(super) fn time_out(&mut self, replies: &mut impl Replies<S::Reply>, now: Instant) {
        let progress = &mut self.progress;
        progress.deadline.stop();
        match progress.state {
            // The client has not begun a request, so that there is nothing to answer.
            State::Idle if S::IS_SERVER => {
                progress.state.go(On::Close);
                replies.reply(S::END, now);
            }
            State::Head | State::Informed | State::Content => {
                let error = Error::new(ErrorKind::TimedOut, progress.at);
                progress.fail(error, replies, now);
            }
            State::Idle | State::Done | State::Over | State::Failed => {}
        }
    }

    /// Whether the message is complete, and another may follow.
    pub fn is_done(&self) -> bool {
        self.progress.state == State::Done
    }

    /// Prepares this half for the next message. On a client, call it before writing the request to the
    /// socket, or the response may arrive first and be unsolicited.
    ///
    /// # Errors
    ///
    /// Returns `next` if the message in progress is incomplete.
    pub fn next_exchange(&mut self, next: Next<S>, now: Instant) -> Result<(), Next<S>> {
        let progress = &mut self.progress;
        match progress.state {
            State::Idle if progress.exchange.is_none() => {}
            State::Done => progress.state.go(On::Next),
            _ => return Err(next),
        }
        self.heads.reset();
        progress.base = progress.at;
        progress.exchange = Some(next.0);
        if !S::IS_SERVER {
            progress.state.go(On::Begin);
            return Ok(());
        }
        progress.deadline.arm(progress.config.idle_timeout);
        if !progress.is_reading {
            progress.deadline.resume(now);
        }
        Ok(())
    }

    /// Frees all memory, unless a head or trailers are incomplete. After the end of the connection or an
    /// error, it always does.
    pub fn release(&mut self) {
        if let State::Over | State::Failed = self.progress.state {
            self.heads.reset();
            self.content.forget();
        }
        self.heads.release();
        self.content.release();
    }
}

impl<S: Side> Progress<S> {
    /// The caller has unprocessed input, or does not read: the deadlines pause.
    #[inline]
    fn read(&mut self, replies: &mut impl Replies<S::Reply>, now: Instant) {
        if !core::mem::replace(&mut self.is_reading, true) {
            if let Some(reply) = S::READING {
                replies.reply(reply, now);
            }
        }
    }

    /// All input is processed: this side waits for the peer, and the deadlines run.
    #[inline]
    fn wait(&mut self, replies: &mut impl Replies<S::Reply>, now: Instant) {
        self.deadline.resume(now);
        if core::mem::take(&mut self.is_reading) {
            if let Some(reply) = S::WAITING {
                replies.reply(reply, now);
            }
        }
    }

    /// Counts the bytes of the head: all but the last `left` of `start`.
    fn advance_head(&mut self, start: &[u8], left: usize) {
        self.at += (start.len() - left) as u64;
        // RFC 9112 2.2: a server ignores an empty line before a request line.
        let is_begin = |byte: &u8| !matches!(byte, b'\r' | b'\n');
        if self.state == State::Idle && start.iter().any(is_begin) {
            self.state.go(On::Begin);
            self.deadline.arm(S::head_timeout(&self.config));
        }
    }

    /// Begins the message of a complete head.
    #[inline]
    fn open(
        &mut self,
        opened: Opened<S::Reply>,
        content: &mut Content,
        replies: &mut impl Replies<S::Reply>,
        now: Instant,
    ) {
        self.base = self.at;
        let reply = match opened {
            Opened::Informational(reply) => {
                self.state.go(On::Informational);
                reply
            }
            Opened::Switch(reply) => {
                self.state.go(On::Switch);
                Some(reply)
            }
            Opened::Message { framing, persists, expects_continue, reply } => {
                content.begin(framing, &self.config.body);
                self.state.go(On::Final);
                self.persists = persists;
                let is_empty = matches!(framing, Framing::None | Framing::Length(0));
                self.expects_continue = expects_continue && !is_empty;
                self.deadline.arm(self.config.body_timeout);
                self.is_reading = false;
                Some(reply)
            }
        };
        if let Some(reply) = reply {
            replies.reply(reply, now);
        }
    }

    /// Ends a complete message.
    fn end(&mut self, replies: &mut impl Replies<S::Reply>, now: Instant) {
        self.state.go(On::End);
        self.deadline.stop();
        self.is_reading = false;
        replies.reply(S::over(self.persists), now);
    }

    #[cold]
    fn fail(&mut self, error: Error, replies: &mut impl Replies<S::Reply>, now: Instant) -> Error {
        self.state.go(On::Fail);
        self.error = error;
        self.deadline.stop();
        replies.reply(S::failed(error), now);
        error
    }
}

debug!([S: Side] Receiver<S>, self => Receiver {
    state: self.progress.state,
    at: self.progress.at,
});

/// Prepares the receiving half for the next message. The sending half returns it.
#[must_use = "pass it to `Receiver::next_exchange`, or the receiving half accepts no further message"]
pub struct Next<S: Side>(pub(super) S::Exchange);

debug!([S: Side] Next<S>, self, f => f.debug_tuple("Next").field(&self.0).finish());
