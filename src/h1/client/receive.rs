//! Responses in.

use super::{Event, Next, Owed, Reply};
use crate::h1::connection_fields::ConnectionFields;
use crate::h1::framing::{self, Switches};
use crate::h1::incoming::{Incoming, Part, rewind};
use crate::h1::{Config, Error, ErrorKind, Framing, Response, head};
use crate::kernel::deadline::ReadDeadline;
use crate::{Instant, Replies, Step};

/// Responses in.
#[derive(Debug)]
pub struct Receiver {
    state: State,
    heads: head::ResponseDecoder,
    body: Incoming,
    /// The request that is being answered.
    asked: Next,
    /// Whether another response may follow.
    persists: bool,
    /// The offset of the head's first byte, or of the body's.
    base: u64,
    at: u64,
    /// Until when the peer must have sent some of a body.
    wait: ReadDeadline,
    /// The sending half was told that not all that came is read, or that this side does not look.
    is_reading: bool,
    config: Config,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// No request was sent.
    Idle,
    /// A response is to come.
    Head,
    /// An informational head was handed out.
    Informed,
    Body,
    /// The response is over.
    Done,
    /// So is HTTP on this connection.
    Over,
    Failed(Error),
}

/// What a head means for what comes after it.
enum Opened {
    Informational { is_continue: bool },
    Switch,
    Body(Framing, bool),
}

impl Receiver {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            state: State::Idle,
            heads: head::Decoder::with_config(config.head),
            body: Incoming::new(&config.body),
            asked: Next { method: "GET", upgrade: false },
            persists: true,
            base: 0,
            at: 0,
            wait: ReadDeadline::OFF,
            is_reading: false,
            config: *config,
        }
    }

    /// Decodes the next part of a response; `Done` after its end, and after the connection's.
    ///
    /// Bytes given after a response's end are left, and end the connection: nobody asked for them (9.2).
    /// Give what is left over before the next request is sent, or it is taken for its response.
    ///
    /// # Errors
    ///
    /// What is wrong with the response, at its offset in the connection; [`ErrorKind::Unsolicited`]
    /// for bytes before any request. The connection is to be closed.
    #[inline]
    pub fn receive<'m, 'b: 'm>(
        &'m mut self,
        control: &mut impl Replies<Reply>,
        input: &mut &'b [u8],
        now: Instant,
    ) -> Result<Step<Event<'m, 'b>>, Error> {
        let start = *input;
        if !start.is_empty() {
            self.wait.pause(now);
        }
        match self.state {
            State::Idle | State::Informed | State::Head if start.is_empty() => {
                self.wait_for_head(control, now);
                Ok(Step::NeedInput)
            }
            State::Idle => self.fail(Error::new(ErrorKind::Unsolicited, self.at), control, now),
            State::Informed | State::Head => {
                if matches!(self.state, State::Informed) {
                    self.heads.reset();
                    self.state = State::Head;
                }
                if !core::mem::replace(&mut self.is_reading, true) {
                    control.reply(Reply(Owed::Reading), now);
                }
                let step = self.heads.decode(input).map_err(|error| error.after(self.base));
                let opened = match &step {
                    Ok(Step::Item(head)) => open(head, &self.asked, &self.config)
                        .map_err(|error| error.after(self.base))
                        .inspect_err(|error| *input = rewind(start, self.at, error.at)),
                    Ok(_) => {
                        self.at += (start.len() - input.len()) as u64;
                        self.is_reading = false;
                        control.reply(Reply(Owed::Waiting), now);
                        return Ok(Step::NeedInput);
                    }
                    Err(error) => Err(*error),
                };
                self.at += (start.len() - input.len()) as u64;
                self.base = self.at;
                let informational = matches!(opened, Ok(Opened::Informational { .. }));
                match opened {
                    Ok(Opened::Informational { is_continue }) => {
                        self.state = State::Informed;
                        if is_continue {
                            control.reply(Reply(Owed::Continue), now);
                        }
                    }
                    Ok(Opened::Switch) => {
                        self.state = State::Over;
                        control.reply(Reply(Owed::Switch), now);
                    }
                    Ok(Opened::Body(framing, persists)) => {
                        self.body.begin(framing, &self.config.body);
                        self.state = State::Body;
                        self.persists = persists;
                        self.wait.arm(self.config.body_timeout);
                        self.is_reading = false;
                        control.reply(Reply(Owed::Head), now);
                    }
                    Err(error) => {
                        self.state = State::Failed(error);
                        control.reply(Reply(Owed::End), now);
                        return Err(error);
                    }
                }
                let event = if informational { Event::Informational } else { Event::Head };
                step.map(|step| step.map(event))
            }
            State::Body => {
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
                        self.is_reading = false;
                        control.reply(Reply(Owed::Over { persists: self.persists }), now);
                    }
                    Err(error) => {
                        self.state = State::Failed(*error);
                        self.wait.deadline.stop();
                        control.reply(Reply(Owed::End), now);
                    }
                }
                step.map(|step| step.map(Event::from))
            }
            State::Done if !start.is_empty() => {
                self.state = State::Over;
                control.reply(Reply(Owed::End), now);
                Ok(Step::Done)
            }
            State::Done | State::Over => {
                self.wait_for_head(control, now);
                Ok(Step::Done)
            }
            State::Failed(error) => Err(error),
        }
    }

    /// Stops the deadlines of the peer until the next `receive`: the caller does not read, since what
    /// it has received is to be dealt with first.
    pub fn pause(&mut self, control: &mut impl Replies<Reply>, now: Instant) {
        self.wait.pause(now);
        if !core::mem::replace(&mut self.is_reading, true) {
            control.reply(Reply(Owed::Reading), now);
        }
    }

    /// All that came of a response's head is read.
    fn wait_for_head(&mut self, control: &mut impl Replies<Reply>, now: Instant) {
        if core::mem::take(&mut self.is_reading) {
            control.reply(Reply(Owed::Waiting), now);
        }
    }

    /// The peer's end of stream.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] where a response is to come or is not over; only a body that nothing
    /// else ends is ended by this.
    pub fn receive_eof(
        &mut self,
        control: &mut impl Replies<Reply>,
        now: Instant,
    ) -> Result<(), Error> {
        let finished = match self.state {
            State::Idle | State::Done | State::Over => Ok(()),
            State::Head | State::Informed => Err(Error::new(ErrorKind::Truncated, self.at)),
            State::Body => self.body.finish().map_err(|error| error.after(self.base)),
            State::Failed(error) => return Err(error),
        };
        match finished {
            Ok(()) => {
                if matches!(self.state, State::Body) {
                    control.reply(Reply(Owed::Over { persists: false }), now);
                }
                self.state = State::Over;
                self.wait.deadline.stop();
                control.reply(Reply(Owed::End), now);
                Ok(())
            }
            Err(error) => self.fail(error, control, now),
        }
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

    /// Tells the time: a body that is not sent on is given up. That no head comes is the sending half's to
    /// notice, which knows when the request was over.
    pub fn handle_timeout(&mut self, control: &mut impl Replies<Reply>, now: Instant) {
        if self.wait.deadline.is_over(now) {
            self.time_out(control, now);
        }
    }

    /// Gives up a response that is not over.
    pub(super) fn time_out(&mut self, control: &mut impl Replies<Reply>, now: Instant) {
        self.wait.deadline.stop();
        if matches!(self.state, State::Head | State::Informed | State::Body) {
            let _ = self.fail::<()>(Error::new(ErrorKind::TimedOut, self.at), control, now);
        }
    }

    /// Readies this half for the response to a request: before the bytes of the request are written, or
    /// its response is taken for one that nobody asked for.
    pub fn next_exchange(&mut self, next: Next, _now: Instant) {
        if let State::Idle | State::Done = self.state {
            self.heads.reset();
            self.base = self.at;
            self.asked = next;
            self.state = State::Head;
        }
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
    fn fail<T>(
        &mut self,
        error: Error,
        control: &mut impl Replies<Reply>,
        now: Instant,
    ) -> Result<T, Error> {
        self.state = State::Failed(error);
        self.wait.deadline.stop();
        control.reply(Reply(Owed::End), now);
        Err(error)
    }
}

/// Judges what a head says beyond its grammar.
fn open(head: &Response<'_>, asked: &Next, config: &Config) -> Result<Opened, Error> {
    let switches = Switches {
        length_with_coding: config.allow_length_with_coding,
        identity: config.allow_identity_coding,
    };
    let said = ConnectionFields::by(head);
    let framing = framing::response_of(head, &said.lengths, asked.method, switches)?;
    match head.status() {
        101 if !asked.upgrade => Err(Error::new(ErrorKind::UnexpectedUpgrade, 0)),
        101 => Ok(Opened::Switch),
        status @ 100..200 => Ok(Opened::Informational { is_continue: status == 100 }),
        200..300 if asked.method == "CONNECT" => Ok(Opened::Switch),
        _ => {
            // Who is not told where a body ends, or in two ways, does not know where the next head
            // begins.
            let persists = said.persists(head.version())
                && framing != Framing::UntilClose
                && !said.lengths.are_ambiguous();
            Ok(Opened::Body(framing, persists))
        }
    }
}

impl<'m, 'b> From<Part<'m, 'b>> for Event<'m, 'b> {
    fn from(part: Part<'m, 'b>) -> Self {
        match part {
            Part::Data(piece) => Self::Data(piece),
            Part::Trailers(lines) => Self::Trailers(lines),
        }
    }
}
