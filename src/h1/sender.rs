//! The sending half of a connection.

use bytes::Bytes;

use super::Config;
use super::output::Output;
use super::side::Side;
use crate::kernel::debug::debug;
use crate::{ApiMisuse, Fields, Instant, Outbox, Replies, SendError, Wants};

/// The sending half of one side of a connection.
///
/// - commands: `send_head`, [`send_data`](Self::send_data), [`send_bytes`](Self::send_bytes),
///   [`send_end`](Self::send_end), [`send_trailers`](Self::send_trailers), [`abort`](Self::abort)
/// - outputs: [`output`](Self::output), [`poll_timeout`](Self::poll_timeout)
/// - inputs: [`handle_timeout`](Self::handle_timeout), and the receiving half's [`Replies`]
/// - facts: [`wants`](Self::wants), [`has_output`](Self::has_output), [`is_idle`](Self::is_idle)
pub struct Sender<S: Side> {
    pub(super) side: S,
    pub(super) output: Output,
}

impl<S: Side> Sender<S> {
    pub(super) fn new(side: S, config: &Config) -> Self {
        Self { side, output: Output::new(config) }
    }

    /// Copies a piece of the content to the output. A server writes nothing in response to HEAD.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::OutOfOrder`] outside a message, [`ApiMisuse::BodyTooLong`] for more than the head
    /// announced, [`SendError::Full`] if the output is full.
    #[inline]
    pub fn send_data(&mut self, data: &[u8], now: Instant) -> Result<(), SendError> {
        self.check()?;
        self.output.data(data)?;
        self.output.touch(now);
        Ok(())
    }

    /// Adds a piece of the content to the output. It shares pieces of at least [`Outbox::SHARED`] bytes
    /// instead of copying them.
    ///
    /// # Errors
    ///
    /// Those of [`send_data`](Self::send_data).
    #[inline]
    pub fn send_bytes(&mut self, data: Bytes, now: Instant) -> Result<(), SendError> {
        self.check()?;
        self.output.bytes(data)?;
        self.output.touch(now);
        Ok(())
    }

    /// Completes the message.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::OutOfOrder`] outside a message, [`ApiMisuse::BodyTooShort`] for less than the head
    /// announced, [`SendError::Full`] if the output is full.
    pub fn send_end(&mut self, now: Instant) -> Result<(), SendError> {
        self.check()?;
        self.output.end()?;
        self.side.end(&mut self.output, now);
        Ok(())
    }

    /// Completes the message with trailers, which require chunked content (RFC 9112 7.1.2).
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::OutOfOrder`] outside a message, [`ApiMisuse::Framing`] if the content is not chunked,
    /// [`ApiMisuse::ForbiddenTrailer`], [`ApiMisuse::FieldName`] and [`ApiMisuse::FieldValue`] for
    /// fields that must not be sent, [`SendError::Full`] if the output is full.
    pub fn send_trailers(
        &mut self,
        trailers: &(impl Fields + ?Sized),
        now: Instant,
    ) -> Result<(), SendError> {
        self.check()?;
        self.output.trailers(trailers)?;
        self.side.end(&mut self.output, now);
        Ok(())
    }

    /// Ends the connection: for a client that no longer needs the response, or a server that cannot
    /// complete its content.
    pub fn abort(&mut self) {
        self.side.abort();
    }

    /// The pending output: write it to the socket and advance by the bytes written.
    pub fn output(&mut self) -> &mut Outbox {
        &mut self.output.outbox
    }

    /// Whether output is pending.
    pub fn has_output(&self) -> bool {
        !self.output.outbox.is_empty()
    }

    /// The moment at which the caller must call [`handle_timeout`](Self::handle_timeout), unless another
    /// call changes it first.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let output = self.output.poll_timeout(self.side.lingers());
        [output, self.side.poll_timeout()].into_iter().flatten().min()
    }

    /// Advances the time. If the peer takes too little of the output, it drops the output and ends the
    /// connection. It also expires the other deadlines of this side.
    pub fn handle_timeout(&mut self, now: Instant) {
        let stalled = self.output.has_stalled(self.side.lingers(), now);
        if stalled {
            self.output.outbox.forget();
        }
        self.side.handle_timeout(&mut self.output, stalled, now);
    }

    /// What the driver must do after it has written the output.
    pub fn wants(&self) -> Wants {
        self.side.wants(&self.output)
    }

    /// Whether no exchange is in progress. If so, a client may send a request.
    pub fn is_idle(&self) -> bool {
        self.side.is_idle()
    }

    /// Whether a client ended the connection because the head of the response did not arrive within
    /// [`Config::head_timeout`] after the request was complete.
    pub fn has_timed_out(&self) -> bool {
        self.side.has_timed_out()
    }

    /// Frees the buffers if no output is pending.
    pub fn release(&mut self) {
        self.output.outbox.release();
    }

    /// Whether so much output is pending that this side must not read more.
    pub(super) fn is_full(&self) -> bool {
        !self.output.may_read()
    }

    #[inline]
    fn check(&self) -> Result<(), ApiMisuse> {
        if self.side.is_sending() { Ok(()) } else { Err(ApiMisuse::OutOfOrder) }
    }
}

impl<S: Side> Replies<S::Reply> for Sender<S> {
    fn reply(&mut self, reply: S::Reply, now: Instant) {
        self.side.reply(reply, &mut self.output, now);
    }
}

debug!([S: Side] Sender<S>, self => Sender { side: self.side, output: self.output });
