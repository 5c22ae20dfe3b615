//! A connection after its handshake, in two halves: what comes in and what goes out.

pub(super) mod config;
pub(super) mod receiver;
pub(super) mod replies;
pub(super) mod sender;

mod compression;
mod keepalive;
mod messages;

use config::Config;
use receiver::{Event, Receiver};
use sender::Sender;

use crate::kernel::{
    outbox::Outbox,
    step::{Step, Wants},
    time::Instant,
    traits::connection,
};
use crate::ws::error::Error;
use crate::ws::message;
use crate::ws::role::Role;
#[cfg(feature = "deflate")]
use crate::ws::{
    deflate::{self, Deflater, Inflater, Pool},
    handshake::DeflateParams,
};

/// A connection after its handshake. It answers pings and close frames by itself, sends pings to a
/// silent peer, and ends the connection when the peer is gone.
///
/// A session is open until one side sends a close frame, closing until the other side has answered it,
/// then closed; or it has failed, because the peer broke the protocol; and at last it has ended:
/// [`wants`](Self::wants) names the [`End`](crate::End).
///
/// The halves are independent: a handler may send while it holds an event, and two tasks may drive a
/// half each, with a [`Mailbox`](super::Mailbox) for what the receiving half leaves for the other.
///
/// - inputs: [`receive`](Self::receive), [`receive_eof`](Self::receive_eof),
///   [`handle_timeout`](Self::handle_timeout)
/// - commands, of the field [`tx`](Self::tx): [`Sender::send_text`] and others, [`Sender::close`]
/// - outputs: [`output`](Self::output), [`poll_timeout`](Self::poll_timeout)
/// - facts: [`wants`](Self::wants), [`has_output`](Self::has_output), [`Sender::ending`],
///   [`Receiver::bytes_needed`]
///
/// An echo:
///
/// ```
/// use bytes::Buf;
/// use wirefeed::{Instant, Step, ws::{Config, Event, ServerRole, Session}};
///
/// let now = Instant::ZERO;
/// let Session { mut rx, mut tx } = Session::new(ServerRole, Config::default(), now);
/// // What was read from the socket: "Hello" and a ping, masked.
/// let mut read = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x89\x80\0\0\0\0";
/// let mut input = &mut read[..];
/// while let Step::Item(event) = rx.receive(&mut tx, &mut input, now)? {
///     match event {
///         Event::Text(text) => tx.send_text(&text, now)?,
///         Event::Binary(bytes) => tx.send_binary(&bytes, now)?,
///         Event::Ping(_) | Event::Pong(_) | Event::Close(_) => {} // dealt with
///     }
/// }
/// // What to write to the socket: the echo, and the session's pong.
/// assert_eq!(tx.output().chunk(), b"\x81\x05Hello\x8a\x00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Session<R> {
    /// The receiving half.
    pub rx: Receiver<R>,
    /// The sending half.
    pub tx: Sender<R>,
}

impl<R: Role> Session<R> {
    /// A session on one side of a connection whose handshake is over at `now`.
    pub fn new(role: R, config: Config, now: Instant) -> Self {
        Self {
            rx: Receiver::new(message::Decoder::with_config(config.message)),
            tx: Sender::new(role, config, now),
        }
    }

    /// A session whose messages may be compressed, with the parameters of the handshake (RFC 7692). It
    /// borrows its compressors from the pool, which all sessions may share.
    ///
    /// ```
    /// use bytes::Buf;
    /// use wirefeed::Instant;
    /// use wirefeed::ws::{Config, ServerRole, Session, deflate::Pool, handshake::DeflateConfig};
    ///
    /// let request = [("Sec-WebSocket-Extensions", "permessage-deflate")];
    /// let Ok(Some((params, _))) = DeflateConfig::server().answer(&request) else { unreachable!() };
    /// let (config, pool, now) = (Config::default(), Pool::default(), Instant::ZERO);
    /// let Session { mut tx, .. } = Session::with_deflate(ServerRole, config, &params, &pool, now);
    /// tx.send_text(&"Hello".repeat(100), now)?;
    /// assert!(tx.output().remaining() < 20);
    /// # Ok::<(), wirefeed::SendError>(())
    /// ```
    #[cfg(feature = "deflate")]
    pub fn with_deflate(
        role: R,
        config: Config,
        params: &DeflateParams,
        pool: &Pool,
        now: Instant,
    ) -> Self {
        let (ours, theirs_stand_alone) = if R::MASKS {
            (deflate::Config::client(params), params.server_no_context_takeover)
        } else {
            (deflate::Config::server(params), params.client_no_context_takeover)
        };
        let inflater = Inflater::new(!theirs_stand_alone, Some(pool));
        let mut tx = Sender::new(role, config, now);
        if !(R::MASKS && params.client_uncompressed) {
            tx = tx.with_deflater(Deflater::new(ours, Some(pool)), config.compress_from);
        }
        let messages = message::Decoder::with_config(config.message).with_inflater(inflater);
        Self { rx: Receiver::new(messages), tx }
    }

    /// Decodes the next event: [`Receiver::receive`].
    ///
    /// # Errors
    ///
    /// Those of [`message::Decoder::decode`]; drive the session to its [`End`](crate::End).
    #[inline]
    pub fn receive<'m, 'b: 'm>(
        &'m mut self,
        input: &mut &'b mut [u8],
        now: Instant,
    ) -> Result<Step<Event<'m, 'b>>, Error> {
        self.rx.receive(&mut self.tx, input, now)
    }

    /// The peer's end of stream.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`](super::ErrorKind::Truncated) unless a close frame came before.
    pub fn receive_eof(&mut self, now: Instant) -> Result<(), Error> {
        self.rx.receive_eof(&mut self.tx, now)
    }

    /// The pending output: write it and advance.
    #[inline]
    pub fn output(&mut self) -> &mut Outbox {
        self.tx.output()
    }

    /// Whether output is pending.
    pub fn has_output(&self) -> bool {
        self.tx.has_output()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.tx.poll_timeout()
    }

    /// Advances the time: [`Sender::handle_timeout`].
    pub fn handle_timeout(&mut self, now: Instant) {
        self.tx.handle_timeout(now);
    }

    /// What the driver must do once the output is written: [`Sender::wants`].
    pub fn wants(&self) -> Wants {
        self.tx.wants()
    }

    /// Gives back all memory, unless a message is unfinished or output is pending. For a connection that
    /// has fallen quiet.
    pub fn release(&mut self) {
        self.rx.release();
        self.tx.release();
    }
}

connection!([R: Role] Session<R>, &'b mut [u8], Event<'m, 'b>, Error, Sender<R>);
