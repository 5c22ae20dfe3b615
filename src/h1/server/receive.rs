//! Requests in.

use crate::h1::connection_fields::ConnectionFields;
use crate::h1::incoming::{Incoming, Part, rewind};
use crate::h1::{Config, Error, ErrorKind, Framing, Request, Version, framing, head};
use crate::kernel::deadline::ReadDeadline;
use crate::{Fields, Instant, Replies, Step};

use super::{Asked, Event, Method, Next, Owed, Reply};

/// Requests in.
#[derive(Debug)]
pub struct Receiver {
    state: State,
    heads: head::RequestDecoder,
    body: Incoming,
    /// The offset of the head's first byte, or of the body's.
    base: u64,
    at: u64,
    /// The peer waits for a 100 before it sends the body.
    owes_continue: bool,
    /// Until when the peer must have sent something.
    wait: ReadDeadline,
    /// The caller does not read.
    is_paused: bool,
    config: Config,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Before the first byte of a head.
    Idle,
    Head,
    Body,
    /// The request is over.
    Done,
    /// So is the connection.
    Over,
    Failed(Error),
}

impl Receiver {
    pub(super) fn new(config: &Config, now: Instant) -> Self {
        let mut wait = ReadDeadline::OFF;
        wait.deadline.start(config.idle_timeout, now);
        Self {
            state: State::Idle,
            heads: head::Decoder::with_config(config.head),
            body: Incoming::new(&config.body),
            base: 0,
            at: 0,
            owes_continue: false,
            wait,
            is_paused: false,
            config: *config,
        }
    }

    /// Decodes the next part of a request; `Done` after its end, and after the connection's.
    ///
    /// # Errors
    ///
    /// What is wrong with the request, at its offset in the connection. `control` has been told, and
    /// the sending half answers and ends the connection: drive it to its [`End`](crate::End).
    #[inline]
    pub fn receive<'m, 'b: 'm>(
        &'m mut self,
        control: &mut impl Replies<Reply>,
        input: &mut &'b [u8],
        now: Instant,
    ) -> Result<Step<Event<'m, 'b>>, Error> {
        let start = *input;
        self.is_paused = false;
        if !start.is_empty() {
            self.wait.pause(now);
        }
        match self.state {
            State::Idle if start.is_empty() => {
                self.wait.resume(now);
                Ok(Step::NeedInput)
            }
            State::Idle | State::Head => {
                let step = self.heads.decode(input).map_err(|error| error.after(self.base));
                let used = (start.len() - input.len()) as u64;
                let opened = match &step {
                    Ok(Step::Item(head)) => open(head, &self.config)
                        .map_err(|error| error.after(self.base))
                        .inspect_err(|error| *input = rewind(start, self.at, error.at)),
                    Ok(_) => {
                        self.at += used;
                        // The CRLF in front of a request is no part of it.
                        let is_idle = matches!(self.state, State::Idle);
                        if is_idle && start.iter().any(|byte| !matches!(byte, b'\r' | b'\n')) {
                            self.state = State::Head;
                            self.wait.arm(self.config.head_timeout);
                        }
                        self.wait.resume(now);
                        return Ok(Step::NeedInput);
                    }
                    Err(error) => Err(*error),
                };
                match opened {
                    Ok(Opened { framing, asked, expects_continue }) => {
                        self.at += used;
                        self.base = self.at;
                        self.body.begin(framing, &self.config.body);
                        let bodiless = matches!(framing, Framing::None | Framing::Length(0));
                        self.owes_continue = expects_continue && !bodiless;
                        self.state = State::Body;
                        self.wait.arm(self.config.body_timeout);
                        control.reply(Reply(Owed::Response(asked)), now);
                    }
                    Err(error) => {
                        self.state = State::Failed(error);
                        self.wait.deadline.stop();
                        control.reply(Reply(Owed::Failed(error)), now);
                        return Err(error);
                    }
                }
                step.map(|step| step.map(Event::Head))
            }
            State::Body => {
                if core::mem::take(&mut self.owes_continue) && start.is_empty() {
                    control.reply(Reply(Owed::Continue), now);
                }
                let at = self.at - self.base;
                let step = self.body.decode(input, at).map_err(|error| error.after(self.base));
                let used = start.len() - input.len();
                self.at += used as u64;
                self.wait.received(used);
                match &step {
                    Ok(Step::Item(_)) => {}
                    Ok(Step::NeedInput) => self.wait.resume(now),
                    Ok(Step::Done) => {
                        self.state = State::Done;
                        self.wait.deadline.stop();
                        control.reply(Reply(Owed::RequestOver), now);
                    }
                    Err(error) => {
                        self.state = State::Failed(*error);
                        self.wait.deadline.stop();
                        control.reply(Reply(Owed::Failed(*error)), now);
                    }
                }
                step.map(|step| step.map(Event::from))
            }
            State::Done | State::Over => Ok(Step::Done),
            State::Failed(error) => Err(error),
        }
    }

    /// Stops the deadlines of the peer until the next `receive`: the caller does not read, since what
    /// it has received is to be dealt with first.
    pub fn pause(&mut self, _control: &mut impl Replies<Reply>, now: Instant) {
        self.is_paused = true;
        self.wait.pause(now);
    }

    /// The peer's end of stream.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] inside a request. Between requests the stream may end.
    pub fn receive_eof(
        &mut self,
        control: &mut impl Replies<Reply>,
        now: Instant,
    ) -> Result<(), Error> {
        let finished = match self.state {
            State::Done | State::Over => Ok(()),
            // Half an empty line is no end between requests.
            State::Idle | State::Head => self.heads.finish().map(|_| ()),
            State::Body => self.body.finish(),
            State::Failed(error) => {
                control.reply(Reply(Owed::End), now);
                return Err(error);
            }
        };
        let finished = finished.map_err(|error| error.after(self.base));
        match finished {
            Ok(()) => self.state = State::Over,
            Err(error) => self.fail(error, control, now),
        }
        self.wait.deadline.stop();
        control.reply(Reply(Owed::End), now);
        finished
    }

    /// Stops the deadlines of the peer while so much output is owed that this side does not read.
    pub(super) fn hold(&mut self, held: bool, now: Instant) {
        self.wait.hold(held, now);
    }

    /// When to [`hold`](Self::hold) and then tell the time.
    pub(super) fn poll_held(&self, held: bool) -> Option<Instant> {
        self.wait.poll(held)
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called, if nothing happens before.
    pub const fn poll_timeout(&self) -> Option<Instant> {
        self.wait.deadline.poll()
    }

    /// Tells the time: a request that is not sent on is given up, and so is a silent connection.
    pub fn handle_timeout(&mut self, control: &mut impl Replies<Reply>, now: Instant) {
        if !self.wait.deadline.is_over(now) {
            return;
        }
        self.wait.deadline.stop();
        match self.state {
            // Nothing is owed to a peer that asks for nothing.
            State::Idle => {
                self.state = State::Over;
                control.reply(Reply(Owed::End), now);
            }
            State::Head | State::Body => {
                self.fail(Error::new(ErrorKind::TimedOut, self.at), control, now);
            }
            State::Done | State::Over | State::Failed(_) => {}
        }
    }

    /// Whether the request is over, and another may follow.
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Readies this half for the next request.
    ///
    /// # Errors
    ///
    /// Gives `next` back where this request is not over.
    pub fn next_exchange(&mut self, next: Next, now: Instant) -> Result<(), Next> {
        if !self.is_done() {
            return Err(next);
        }
        self.heads.reset();
        self.base = self.at;
        self.state = State::Idle;
        self.wait.arm(self.config.idle_timeout);
        if !self.is_paused {
            self.wait.resume(now);
        }
        Ok(())
    }

    /// Gives back all memory, unless a head or trailers are unfinished; after the end of the connection,
    /// and after an error, nothing is.
    pub fn release(&mut self) {
        if let State::Over | State::Failed(_) = self.state {
            self.heads.reset();
            self.body.forget();
        }
        self.heads.release();
        self.body.release();
    }

    #[cold]
    fn fail(&mut self, error: Error, control: &mut impl Replies<Reply>, now: Instant) {
        self.state = State::Failed(error);
        control.reply(Reply(Owed::Failed(error)), now);
    }
}

/// What a head says, once it has been judged.
struct Opened {
    framing: Framing,
    asked: Asked,
    expects_continue: bool,
}

/// Judges what a head says beyond its grammar.
fn open(head: &Request<'_>, config: &Config) -> Result<Opened, Error> {
    if let Some(limit) = config.target.filter(|limit| head.raw_target().len() > *limit) {
        let over = &head.raw_target()[limit..];
        return Err(Error::new(ErrorKind::TargetTooLong, head.offset_of(over)));
    }
    let said = ConnectionFields::by(head);
    let http11 = head.version() == Version::Http11;
    if said.hosts > 1 || (http11 && said.hosts == 0) || !said.valid_host {
        // The second, the one that is no host, or the end of a head without one.
        let mut hosts = head.values_of("host");
        let at = match hosts.nth(usize::from(said.hosts > 1)) {
            Some(host) => head.offset_of(host),
            None => head.offset_of(&head.as_bytes()[head.as_bytes().len() - 2..]),
        };
        return Err(Error::new(ErrorKind::Host, at));
    }
    let framing = framing::request_of(head, &said.lengths)?;
    let method = match head.raw_method() {
        b"HEAD" => Method::Head,
        b"CONNECT" => Method::Connect,
        _ => Method::Other,
    };
    let asked = Asked {
        method,
        http11,
        persists: said.persists(head.version()),
        upgrade: said.upgrades() && http11,
    };
    // A 1.0 client cannot read a 100 (RFC 9110 10.1.1).
    Ok(Opened { framing, asked, expects_continue: said.expects_continue && http11 })
}

impl<'m, 'b> From<Part<'m, 'b>> for Event<'m, 'b> {
    fn from(part: Part<'m, 'b>) -> Self {
        match part {
            Part::Data(piece) => Self::Data(piece),
            Part::Trailers(lines) => Self::Trailers(lines),
        }
    }
}
