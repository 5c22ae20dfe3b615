//! The receiving half of a session.

use super::replies::Reply;
use crate::kernel::debug::debug;
use crate::kernel::{replies::Replies, step::Step, time::Instant};
use crate::ws::error::Error;
use crate::ws::message::{self, Control, Part};
use crate::ws::role::Role;

/// What a [`Receiver`] yields: messages, pings and pongs that are already dealt with, the close frame.
pub type Event<'m, 'b> = message::Item<'m, 'b>;

/// The receiving half of a session: events, and replies for the sending half.
pub struct Receiver<R> {
    messages: message::Decoder<R>,
    /// Whether the sending half knows that some of the input is not decoded yet.
    is_reading: bool,
}

impl<R: Role> Receiver<R> {
    pub(super) const fn new(messages: message::Decoder<R>) -> Self {
        Self { messages, is_reading: false }
    }

    /// Decodes the next event; `Done` after the peer's close frame. The answer that the protocol requires
    /// (a pong, a close frame) goes to `replies` before the event is returned.
    ///
    /// # Errors
    ///
    /// Those of [`message::Decoder::decode`]. `replies` has the close frame that answers it: drive the
    /// session to its [`End`](crate::End).
    #[inline]
    pub fn receive<'m, 'b: 'm>(
        &'m mut self,
        replies: &mut impl Replies<Reply>,
        input: &mut &'b mut [u8],
        now: Instant,
    ) -> Result<Step<Event<'m, 'b>>, Error> {
        let has_input = !input.is_empty();
        let step = self.messages.decode(input);
        report(&mut self.is_reading, &step, Event::control, has_input, replies, now);
        step
    }

    /// Decodes the next part of a message, for messages that are too large to be joined; otherwise like
    /// [`receive`](Self::receive), with which calls may alternate.
    ///
    /// # Errors
    ///
    /// Those of [`receive`](Self::receive).
    pub fn receive_part<'m, 'b: 'm>(
        &'m mut self,
        replies: &mut impl Replies<Reply>,
        input: &mut &'b mut [u8],
        now: Instant,
    ) -> Result<Step<Part<'m>>, Error> {
        let has_input = !input.is_empty();
        let step = self.messages.decode_part(input);
        report(&mut self.is_reading, &step, Part::control, has_input, replies, now);
        step
    }

    /// Stops the peer's deadlines until the next `receive`: the caller does not read because it has to
    /// handle first what it has received.
    pub fn pause(&mut self, replies: &mut impl Replies<Reply>, now: Instant) {
        report_reading(&mut self.is_reading, replies, now);
    }

    /// After [`ErrorKind::FrameTooLong`](crate::ws::ErrorKind::FrameTooLong) and
    /// [`ErrorKind::MessageTooLong`](crate::ws::ErrorKind::MessageTooLong): the limit, and the length
    /// that exceeded it.
    pub fn exceeded(&self) -> Option<message::Exceeded> {
        self.messages.exceeded()
    }

    /// A lower bound on the bytes still needed after `input` to complete the current frame: see
    /// [`message::Decoder::bytes_needed`].
    pub fn bytes_needed(&self, input: &[u8]) -> u64 {
        self.messages.bytes_needed(input)
    }

    /// The peer's end of stream.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`](crate::ws::ErrorKind::Truncated) unless a close frame came before.
    pub fn receive_eof(
        &mut self,
        replies: &mut impl Replies<Reply>,
        now: Instant,
    ) -> Result<(), Error> {
        replies.reply(Reply::END, now);
        self.messages.finish().map(|_| ())
    }

    /// Gives back all memory, unless a message is unfinished; after a close frame or an error none is.
    /// For a connection that has fallen quiet. The inflater's place stays, and so does its context if
    /// contexts are taken over, until no message can follow.
    pub fn release(&mut self) {
        self.messages.release();
    }
}

debug!([R] Receiver<R>, self => Receiver { messages: self.messages });

/// Tells the sending half what a step means for it.
#[inline]
fn report<T>(
    is_reading: &mut bool,
    step: &Result<Step<T>, Error>,
    control: impl Fn(&T) -> Option<Control<'_>>,
    has_input: bool,
    replies: &mut impl Replies<Reply>,
    now: Instant,
) {
    match step {
        Ok(Step::Item(item)) => {
            report_reading(is_reading, replies, now);
            match control(item) {
                Some(Control::Ping(payload)) => replies.reply(Reply::pong(payload), now),
                Some(Control::Close(close)) => replies.reply(Reply::closed(&close), now),
                Some(Control::Pong(_)) | None => {}
            }
        }
        Ok(Step::NeedInput) => {
            if core::mem::take(is_reading) || has_input {
                replies.reply(Reply::WAITING, now);
            }
        }
        Ok(Step::Done) => {}
        Err(error) => replies.reply(Reply::failed(error), now),
    }
}

/// Some of the input may still have to be decoded.
#[inline]
fn report_reading(is_reading: &mut bool, replies: &mut impl Replies<Reply>, now: Instant) {
    if !core::mem::replace(is_reading, true) {
        replies.reply(Reply::READING, now);
    }
}
