//! One connection after its handshake, in two halves: what comes in and what goes out.

use core::fmt;
use core::time::Duration;

use super::message::Part;
use super::{Error, Reply, Role, Sender, Server, message};
#[cfg(feature = "deflate")]
use super::{
    deflate::{self, Deflater, Inflater, Pool},
    handshake::DeflateParams,
};
use crate::{Connection, Instant, Outbox, Replies, Step, Wants};

/// What a [`Receiver`] yields: messages, pings and pongs already dealt with, the close frame.
pub type Event<'m, 'b> = message::Item<'m, 'b>;

/// What a session may cost, and how long it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Limits on what is received.
    pub limits: message::Limits,
    /// Bytes of output above which sending says [`SendError::Full`](crate::SendError::Full). What is
    /// sent while nothing is owed is always taken, whatever its size. `None` sets no limit. 1 MiB.
    pub output: Option<usize>,
    /// Bytes of output above which [`Wants::read`](crate::Wants::read) of a server is false, so that a
    /// client that sends and does not read is slowed down by its own socket. `None` sets no limit. 512
    /// KiB. A client reads always, or both sides could wait for each other.
    pub pause_reading_above: Option<usize>,
    /// How long the peer may take for the closing handshake once the close frame has left the output.
    /// 10 seconds, as Python's `websockets`.
    pub close_timeout: Duration,
    /// How long after the last byte that came a ping goes out, at least a millisecond; `None` sends
    /// none, as browsers. 20 seconds, as Python's `websockets`: so a silent peer is given up.
    pub ping_interval: Option<Duration>,
    /// How long after a ping has left the output a byte, such as a pong, must come. 20 seconds, as
    /// Python's `websockets`.
    pub pong_timeout: Duration,
    /// Within each of these the peer must take 4 KiB of the output, or all that was owed when it began:
    /// at the default at least 137 bytes a second. `None` sets no limit. 30 seconds.
    pub write_timeout: Option<Duration>,
    /// The least bytes of a message that is worth to be compressed, where that was agreed on. 64:
    /// below, DEFLATE saves little or nothing.
    pub compress_from: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: message::Limits::default(),
            output: Some(1 << 20),
            pause_reading_above: Some(512 << 10),
            close_timeout: Duration::from_secs(10),
            ping_interval: Some(Duration::from_secs(20)),
            pong_timeout: Duration::from_secs(20),
            write_timeout: Some(Duration::from_secs(30)),
            compress_from: 64,
        }
    }
}

/// One connection after its handshake.
///
/// The halves are independent: a handler may send while it holds an event, and the halves may be
/// driven by two tasks, with a channel for what [`Replies`] passes from one to the other.
///
/// - inputs: [`Receiver::receive`], [`Receiver::receive_eof`], [`Sender::handle_timeout`]
/// - commands: [`Sender::send_text`] and its kin, [`Sender::close`]
/// - outputs: [`Sender::output`], [`Sender::poll_timeout`]
/// - facts: [`Sender::wants`], [`Sender::ending`], [`Receiver::missing`]
///
/// An echo:
///
/// ```
/// use bytes::Buf;
/// use wirefeed::{Instant, Step, ws::{Config, Event, Server, Session}};
///
/// let Session { mut rx, mut tx } = Session::new(Server, &Config::default());
/// let now = Instant::ZERO;
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
/// // What is to be written to the socket: the echo, and the pong that the session owes.
/// assert_eq!(tx.output().chunk(), b"\x81\x05Hello\x8a\x00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Session<R> {
    /// What comes in.
    pub rx: Receiver<R>,
    /// What goes out.
    pub tx: Sender<R>,
}

impl<R: Role> Session<R> {
    /// A session on this side of a connection that has just been opened.
    pub fn new(role: R, config: &Config) -> Self {
        Self {
            rx: Receiver::new(message::Decoder::with_limits(config.limits)),
            tx: Sender::new(role, config),
        }
    }

    /// A session whose messages may be compressed, as was agreed on in the handshake (RFC 7692). What
    /// compresses and inflates is lent by the pool, which all sessions may share.
    ///
    /// ```
    /// use bytes::Buf;
    /// use wirefeed::Instant;
    /// use wirefeed::ws::{Config, Server, Session, deflate::Pool, handshake::DeflateConfig};
    ///
    /// let request = [("Sec-WebSocket-Extensions", "permessage-deflate")];
    /// let Ok(Some((params, _))) = DeflateConfig::server().answer(&request) else { unreachable!() };
    /// let (config, pool) = (Config::default(), Pool::default());
    /// let Session { mut tx, .. } = Session::with_deflate(Server, &config, &params, &pool);
    /// tx.send_text(&"Hello".repeat(100), Instant::ZERO)?;
    /// assert!(tx.output().remaining() < 20);
    /// # Ok::<(), wirefeed::SendError>(())
    /// ```
    #[cfg(feature = "deflate")]
    pub fn with_deflate(role: R, config: &Config, params: &DeflateParams, pool: &Pool) -> Self {
        let (ours, theirs_stand_alone) = if R::MASKS {
            (deflate::Config::client(params), params.server_no_context_takeover)
        } else {
            (deflate::Config::server(params), params.client_no_context_takeover)
        };
        let inflater = Inflater::new(!theirs_stand_alone, Some(pool));
        let mut tx = Sender::new(role, config);
        if !(R::MASKS && params.client_uncompressed) {
            tx = tx.with_deflater(Deflater::new(ours, Some(pool)), config.compress_from);
        }
        let messages = message::Decoder::with_limits(config.limits).with_inflater(inflater);
        Self { rx: Receiver::new(messages), tx }
    }
}

impl<R: Role> Connection for Session<R> {
    type Input<'b> = &'b mut [u8];
    type Event<'m, 'b: 'm>
        = Event<'m, 'b>
    where
        Self: 'm;
    type Error = Error;
    type Sender = Sender<R>;

    #[inline]
    fn receive_with_sender<'m, 'b: 'm>(
        &'m mut self,
        input: &mut &'b mut [u8],
        now: Instant,
    ) -> Result<(Step<Event<'m, 'b>>, &'m mut Sender<R>), Error> {
        let step = self.rx.receive(&mut self.tx, input, now)?;
        Ok((step, &mut self.tx))
    }

    fn receive_eof(&mut self, now: Instant) -> Result<(), Error> {
        self.rx.receive_eof(&mut self.tx, now)
    }

    fn sender(&mut self) -> &mut Sender<R> {
        &mut self.tx
    }

    fn output(&mut self) -> &mut Outbox {
        self.tx.output()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.tx.poll_timeout()
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.tx.handle_timeout(now);
    }

    fn wants(&self) -> Wants {
        self.tx.wants()
    }

    fn release(&mut self) {
        self.rx.release();
        self.tx.release();
    }
}

impl Default for Session<Server> {
    fn default() -> Self {
        Self::new(Server, &Config::default())
    }
}

/// What comes in on a connection.
pub struct Receiver<R> {
    messages: message::Decoder<R>,
    /// The sending half was told that not all that came is pulled.
    is_reading: bool,
}

impl<R: Role> Receiver<R> {
    const fn new(messages: message::Decoder<R>) -> Self {
        Self { messages, is_reading: false }
    }

    /// Decodes the next event; `Done` after the peer's close frame. What the protocol owes for it (a
    /// pong, a close frame) goes to `control`, before the event is returned.
    ///
    /// # Errors
    ///
    /// Those of [`message::Decoder::decode`]; the session still owes the peer a close frame, which
    /// `control` has been told of. Drive it to its [`End`](crate::End).
    #[inline]
    pub fn receive<'m, 'b: 'm>(
        &'m mut self,
        control: &mut impl Replies<Reply>,
        input: &mut &'b mut [u8],
        now: Instant,
    ) -> Result<Step<Event<'m, 'b>>, Error> {
        let has_input = !input.is_empty();
        let step = self.messages.decode(input);
        match &step {
            Ok(Step::Item(_)) => tell_reading(&mut self.is_reading, control, now),
            Ok(Step::NeedInput) => tell_waiting(&mut self.is_reading, has_input, control, now),
            _ => {}
        }
        match &step {
            Ok(Step::Item(Event::Ping(payload))) => control.reply(Reply::pong(payload), now),
            Ok(Step::Item(Event::Close(close))) => control.reply(Reply::closed(close), now),
            Err(error) => control.reply(Reply::failed(error), now),
            Ok(_) => {}
        }
        step
    }

    /// Decodes the next part of a message, for those that are too large to be joined; otherwise as
    /// [`receive`](Self::receive), with which it may take turns.
    ///
    /// # Errors
    ///
    /// Those of [`receive`](Self::receive).
    pub fn receive_part<'m, 'b: 'm>(
        &'m mut self,
        control: &mut impl Replies<Reply>,
        input: &mut &'b mut [u8],
        now: Instant,
    ) -> Result<Step<Part<'m>>, Error> {
        let has_input = !input.is_empty();
        let step = self.messages.decode_part(input);
        match &step {
            Ok(Step::Item(_)) => tell_reading(&mut self.is_reading, control, now),
            Ok(Step::NeedInput) => tell_waiting(&mut self.is_reading, has_input, control, now),
            _ => {}
        }
        match &step {
            Ok(Step::Item(Part::Ping(payload))) => control.reply(Reply::pong(payload), now),
            Ok(Step::Item(Part::Close(close))) => control.reply(Reply::closed(close), now),
            Err(error) => control.reply(Reply::failed(error), now),
            Ok(_) => {}
        }
        step
    }

    /// Stops the deadlines of the peer until the next `receive`: the caller does not read, since what
    /// it has received is to be dealt with first.
    pub fn pause(&mut self, control: &mut impl Replies<Reply>, now: Instant) {
        tell_reading(&mut self.is_reading, control, now);
    }

    /// After [`ErrorKind::FrameTooLong`](super::ErrorKind::FrameTooLong) and
    /// [`ErrorKind::MessageTooLong`](super::ErrorKind::MessageTooLong): the limit, and how much was
    /// announced or came.
    pub fn exceeded(&self) -> Option<message::Exceeded> {
        self.messages.exceeded()
    }

    /// How many bytes the frame in progress lacks at least beyond those of `input`: see
    /// [`message::Decoder::missing`].
    pub fn missing(&self, input: &[u8]) -> u64 {
        self.messages.missing(input)
    }

    /// The peer's end of stream.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`](super::ErrorKind::Truncated) unless a close frame came before.
    pub fn receive_eof(
        &mut self,
        control: &mut impl Replies<Reply>,
        now: Instant,
    ) -> Result<(), Error> {
        control.reply(Reply::END, now);
        self.messages.finish().map(|_| ())
    }

    /// Gives back all memory, unless a message is unfinished; after a close frame, and after an error,
    /// none is: once the connection falls quiet. Of an inflater its place stays and, where contexts are
    /// taken over, the context, until no message can follow.
    pub fn release(&mut self) {
        self.messages.release();
    }
}

impl<R> fmt::Debug for Receiver<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("messages", &self.messages).finish()
    }
}

/// Something has come that is still to be pulled.
#[inline]
fn tell_reading(is_reading: &mut bool, control: &mut impl Replies<Reply>, now: Instant) {
    if !core::mem::replace(is_reading, true) {
        control.reply(Reply::READING, now);
    }
}

/// All that has come was pulled.
#[inline]
fn tell_waiting(
    is_reading: &mut bool,
    has_input: bool,
    control: &mut impl Replies<Reply>,
    now: Instant,
) {
    if core::mem::take(is_reading) || has_input {
        control.reply(Reply::WAITING, now);
    }
}
