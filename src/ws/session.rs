//! One connection after its handshake, in two halves: what comes in and what goes out.

use core::fmt;
use core::time::Duration;

use super::{Error, Reply, Role, Sender, Server, message};
use crate::{Control, Instant, Step};

/// What a [`Receiver`] yields: messages, pings and pongs already dealt with, the close frame.
pub type Event<'m, 'b> = message::Item<'m, 'b>;

/// What a session may cost, and how long it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Limits on what is received.
    pub limits: message::Limits,
    /// Bytes of output that may be owed before sending says [`SendError::Full`](crate::SendError::Full); `None` is no limit.
    /// 1 MiB.
    pub output: Option<usize>,
    /// How long the closing handshake may take. 10 seconds, as Python's `websockets`.
    pub close_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: message::Limits::default(),
            output: Some(1 << 20),
            close_timeout: Duration::from_secs(10),
        }
    }
}

/// One connection after its handshake.
///
/// The halves are independent: a handler may send while it holds an event, and the halves may be
/// driven by two tasks, with a channel for what [`Control`] passes from one to the other.
///
/// - inputs: [`Receiver::receive`], [`Receiver::receive_eof`], [`Sender::handle_timeout`]
/// - commands: [`Sender::send_text`] and its kin, [`Sender::close`]
/// - outputs: [`Sender::output`], [`Sender::poll_timeout`]
/// - facts: [`Sender::wants`]
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
            rx: Receiver { messages: message::Decoder::with_limits(config.limits) },
            tx: Sender::new(role, config),
        }
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
}

impl<R: Role> Receiver<R> {
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
        control: &mut impl Control<Reply>,
        input: &mut &'b mut [u8],
        now: Instant,
    ) -> Result<Step<Event<'m, 'b>>, Error> {
        let step = self.messages.decode(input);
        match &step {
            Ok(Step::Item(Event::Ping(payload))) => control.owe(Reply::pong(payload), now),
            Ok(Step::Item(Event::Close(close))) => control.owe(Reply::closed(close), now),
            Err(error) => control.owe(Reply::failed(error), now),
            Ok(_) => {}
        }
        step
    }

    /// The peer's end of stream.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`](super::ErrorKind::Truncated) unless a close frame came before.
    pub fn receive_eof(
        &mut self,
        control: &mut impl Control<Reply>,
        now: Instant,
    ) -> Result<(), Error> {
        control.owe(Reply::end(), now);
        self.messages.finish().map(|_| ())
    }

    /// Gives back what large messages have left behind.
    pub fn release(&mut self) {
        self.messages.release();
    }
}

impl<R> fmt::Debug for Receiver<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("messages", &self.messages).finish()
    }
}
