//! Both halves of one side of a connection.

use bytes::Bytes;

use super::Error;
use super::receiver::Receiver;
use super::sender::Sender;
use super::side::Side;
use crate::kernel::traits::connection;
use crate::{Fields, Instant, Outbox, SendError, Step, Wants};

/// One side of a connection: a [`Client`](super::Client) or a [`Server`](super::Server).
///
/// The halves are independent: a handler may send on `tx` while it holds an event of `rx`. Two tasks may
/// each drive one half, with a channel for the [`Replies`](crate::Replies) of `rx` to `tx`.
#[derive(Debug)]
pub struct Endpoint<S: Side> {
    /// The receiving half.
    pub rx: Receiver<S>,
    /// The sending half.
    pub tx: Sender<S>,
}

impl<S: Side> Endpoint<S> {
    /// Decodes the next part of a message: see [`Receiver::receive`].
    ///
    /// # Errors
    ///
    /// Those of [`Receiver::receive`].
    #[inline]
    pub fn receive<'m, 'b: 'm>(
        &'m mut self,
        input: &mut &'b [u8],
        now: Instant,
    ) -> Result<Step<S::Event<'m, 'b>>, Error> {
        self.rx.receive(&mut self.tx, input, now)
    }

    /// Reports the peer's end of stream: see [`Receiver::receive_eof`].
    ///
    /// # Errors
    ///
    /// Those of [`Receiver::receive_eof`].
    pub fn receive_eof(&mut self, now: Instant) -> Result<(), Error> {
        self.rx.receive_eof(&mut self.tx, now)
    }

    /// Copies a piece of the content to the output: see [`Sender::send_data`].
    ///
    /// # Errors
    ///
    /// Those of [`Sender::send_data`].
    pub fn send_data(&mut self, data: &[u8], now: Instant) -> Result<(), SendError> {
        self.tx.send_data(data, now)
    }

    /// Adds a piece of the content to the output: see [`Sender::send_bytes`].
    ///
    /// # Errors
    ///
    /// Those of [`Sender::send_data`].
    pub fn send_bytes(&mut self, data: Bytes, now: Instant) -> Result<(), SendError> {
        self.tx.send_bytes(data, now)
    }

    /// Completes the message: see [`Sender::send_end`].
    ///
    /// # Errors
    ///
    /// Those of [`Sender::send_end`].
    pub fn send_end(&mut self, now: Instant) -> Result<(), SendError> {
        self.tx.send_end(now)
    }

    /// Completes the message with trailers: see [`Sender::send_trailers`].
    ///
    /// # Errors
    ///
    /// Those of [`Sender::send_trailers`].
    pub fn send_trailers(
        &mut self,
        trailers: &(impl Fields + ?Sized),
        now: Instant,
    ) -> Result<(), SendError> {
        self.tx.send_trailers(trailers, now)
    }

    /// The pending output: write it to the socket and advance by the bytes written.
    pub fn output(&mut self) -> &mut Outbox {
        self.tx.output()
    }

    /// Whether output is pending.
    pub fn has_output(&self) -> bool {
        self.tx.has_output()
    }

    /// The moment at which the driver must call [`handle_timeout`](Self::handle_timeout), unless another
    /// call changes it first.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let rx = self.rx.poll_held(self.tx.is_full());
        [rx, self.tx.poll_timeout()].into_iter().flatten().min()
    }

    /// Advances the time in both halves.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.rx.hold(self.tx.is_full(), now);
        self.rx.handle_timeout(&mut self.tx, now);
        self.tx.handle_timeout(now);
        if self.tx.has_timed_out() {
            self.rx.time_out(&mut self.tx, now);
        }
    }

    /// What the driver must do after it has written the output.
    pub fn wants(&self) -> Wants {
        self.tx.wants()
    }

    /// Frees the buffers that hold no incomplete message and no output.
    pub fn release(&mut self) {
        self.rx.release();
        self.tx.release();
    }
}

connection!([S: Side] Endpoint<S>, &'b [u8], S::Event<'m, 'b>, Error, Sender<S>);
