//! One connection after its handshake, in two halves: what comes in and what goes out.

use core::fmt;
use core::time::Duration;

use bytes::{Buf, BufMut, Bytes};

use super::frame::{Header, Opcode};
use super::mask::mask;
use super::{Close, CloseCode, Error, Role, Server, message};
use crate::{ApiMisuse, End, Instant, Outbox, SendError, Step, Wants};

/// What a [`Receiver`] yields: messages, pings and pongs already dealt with, the close frame.
pub type Event<'m, 'b> = message::Item<'m, 'b>;

/// What a session may cost, and how long it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Limits on what is received.
    pub limits: message::Limits,
    /// Bytes of output that may be owed before sending says [`SendError::Full`]; `None` is no limit.
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
            tx: Sender {
                role,
                outbox: Outbox::with_limit(config.output),
                state: State::Open,
                deadline: None,
                close_timeout: config.close_timeout,
                late_pong: None,
            },
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
    /// `control` has been told of. Drive it to its [`End`].
    #[inline]
    pub fn receive<'m, 'b: 'm>(
        &'m mut self,
        control: &mut impl Control,
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
    pub fn receive_eof(&mut self, control: &mut impl Control, now: Instant) -> Result<(), Error> {
        control.owe(Reply { kind: Owed::End, payload: Payload::EMPTY }, now);
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

/// Where a [`Receiver`] leaves what its connection owes: the [`Sender`] itself where both are in one
/// task, else the end of a channel, whose other end gives it to the sender.
///
/// ```
/// use wirefeed::{Instant, ws::{Control, Reply, Sender, Server}};
///
/// fn in_two_tasks(replies: std::sync::mpsc::Sender<Reply>) -> impl Control {
///     move |reply: Reply, _: Instant| { let _ = replies.send(reply); }
/// }
/// fn in_the_other(replies: std::sync::mpsc::Receiver<Reply>, tx: &mut Sender<Server>, now: Instant) {
///     replies.try_iter().for_each(|reply| tx.owe(reply, now));
/// }
/// ```
pub trait Control {
    /// Takes what is owed.
    fn owe(&mut self, reply: Reply, now: Instant);
}

impl<F: FnMut(Reply, Instant)> Control for F {
    fn owe(&mut self, reply: Reply, now: Instant) {
        self(reply, now);
    }
}

/// What the protocol owes for something that was received: owned, to be sent over a channel.
#[derive(Clone)]
pub struct Reply {
    kind: Owed,
    payload: Payload,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Owed {
    /// A pong with this payload.
    Pong,
    /// The peer closed, or answered a close; the payload is what an answer carries.
    Closed,
    /// The peer broke the protocol; the payload says how.
    Failed,
    /// The peer's stream ended.
    End,
}

/// A control frame's payload.
#[derive(Clone)]
struct Payload {
    bytes: [u8; 125],
    len: u8,
}

impl Payload {
    const EMPTY: Self = Self { bytes: [0; 125], len: 0 };

    /// `parts` joined, which are no longer than a control frame's payload.
    fn new(parts: [&[u8]; 2]) -> Self {
        let mut payload = Self::EMPTY;
        for part in parts {
            let from = usize::from(payload.len);
            payload.bytes[from..from + part.len()].copy_from_slice(part);
            payload.len += part.len() as u8;
        }
        payload
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl Reply {
    fn pong(payload: &[u8]) -> Self {
        Self { kind: Owed::Pong, payload: Payload::new([payload, b""]) }
    }

    /// An answer carries the code that it answers (RFC 6455 5.5.1).
    fn closed(close: &Close<'_>) -> Self {
        let code = close.code.map(|code| code.0.to_be_bytes());
        let code = code.as_ref().map_or(&b""[..], |code| code);
        Self { kind: Owed::Closed, payload: Payload::new([code, b""]) }
    }

    #[cold]
    fn failed(error: &Error) -> Self {
        let code = error.close_code().unwrap_or(CloseCode::PROTOCOL);
        Self { kind: Owed::Failed, payload: Payload::new([&code.0.to_be_bytes(), b""]) }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Owed::Pong => "Reply(pong)",
            Owed::Closed => "Reply(closed)",
            Owed::Failed => "Reply(failed)",
            Owed::End => "Reply(end)",
        })
    }
}

/// What goes out on a connection, and how it ends.
pub struct Sender<R> {
    role: R,
    outbox: Outbox,
    state: State,
    deadline: Option<Instant>,
    close_timeout: Duration,
    /// The newest pong for which there was no room.
    late_pong: Option<Payload>,
}

/// ```text
///           close()              Closed
///  Open ──────────────▶ Closing ────────▶ Closed
///   │ Closed                               ▲  │
///   ├──────────────────────────────────────┘  │ end of stream,
///   │ Failed                Failed            ▼ deadline
///   └────────▶ Failed ◀──── Closing         Ended
/// ```
///
/// From every state an end of stream leads to `Ended`, and so does the deadline that leaving `Open`
/// sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Messages may be sent.
    Open,
    /// A close frame was sent and is to be answered.
    Closing,
    /// Close frames went both ways.
    Closed,
    /// The peer broke the protocol and was told so.
    Failed,
    /// There is nothing more to wait for.
    Ended,
}

impl<R: Role> Sender<R> {
    /// Sends a text message of one frame.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Closed`] after the close frame, [`SendError::Full`] where there is no room.
    #[inline]
    pub fn send_text(&mut self, text: &str, _now: Instant) -> Result<(), SendError> {
        self.send(Opcode::Text, text.as_bytes())
    }

    /// Sends a binary message of one frame.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Closed`] after the close frame, [`SendError::Full`] where there is no room.
    #[inline]
    pub fn send_binary(&mut self, bytes: &[u8], _now: Instant) -> Result<(), SendError> {
        self.send(Opcode::Binary, bytes)
    }

    /// Sends a binary message of one frame. A server shares what is large instead of copying it; a
    /// client copies, since it masks.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Closed`] after the close frame, [`SendError::Full`] where there is no room.
    pub fn send_bytes(&mut self, bytes: Bytes, _now: Instant) -> Result<(), SendError> {
        let Some(key) = self.role.mask_key() else {
            let head = self.header(Opcode::Binary, None, bytes.len()).encode();
            self.check(head.as_ref().len() + bytes.len())?;
            self.outbox.owed().put_slice(head.as_ref());
            return self.outbox.share(bytes);
        };
        self.frame(Opcode::Binary, Some(key), &bytes)
    }

    /// Sends a ping with a payload of at most 125 bytes.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::ControlTooLong`], [`ApiMisuse::Closed`] after the close frame, [`SendError::Full`]
    /// where there is no room.
    pub fn send_ping(&mut self, payload: &[u8], _now: Instant) -> Result<(), SendError> {
        if payload.len() > 125 {
            return Err(ApiMisuse::ControlTooLong.into());
        }
        self.send(Opcode::Ping, payload)
    }

    /// Begins the closing handshake; without a code the frame is empty, and the reason unused. A
    /// second call changes nothing.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::CloseCode`] for a code that must not be sent, [`ApiMisuse::ControlTooLong`] for a
    /// reason of more than 123 bytes. A close frame goes in over the limit on output.
    pub fn close(
        &mut self,
        code: Option<CloseCode>,
        reason: &str,
        now: Instant,
    ) -> Result<(), SendError> {
        if code.is_some_and(|code| !code.may_be_sent()) {
            return Err(ApiMisuse::CloseCode.into());
        }
        if reason.len() > 123 {
            return Err(ApiMisuse::ControlTooLong.into());
        }
        if self.state == State::Open {
            let payload = match code {
                Some(code) => Payload::new([&code.0.to_be_bytes(), reason.as_bytes()]),
                None => Payload::EMPTY,
            };
            self.control_frame(Opcode::Close, payload.as_slice());
            self.leave(State::Closing, now);
        }
        Ok(())
    }

    /// The bytes owed to the peer: write them and advance.
    #[inline]
    pub fn output(&mut self) -> &mut Outbox {
        if self.late_pong.is_some() {
            self.send_late_pong();
        }
        &mut self.outbox
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called, if nothing happens before.
    pub const fn poll_timeout(&self) -> Option<Instant> {
        self.deadline
    }

    /// Lets time pass: a closing handshake that takes too long is over.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.end();
        }
    }

    /// What to do with the socket once the output is written.
    ///
    /// A server ends the connection as soon as both close frames went; a client waits for it to do so
    /// (RFC 6455 7.1.1).
    pub fn wants(&self) -> Wants {
        let waits = R::EXPECT == super::frame::Expect::Unmasked;
        match self.state {
            State::Open | State::Closing => Wants { read: true, end: None },
            State::Closed if waits => Wants { read: true, end: None },
            State::Closed | State::Failed => Wants { read: true, end: Some(End::Shutdown) },
            State::Ended => Wants { read: false, end: Some(End::Close) },
        }
    }

    /// Gives back what a burst of output has left behind.
    pub fn release(&mut self) {
        self.outbox.release();
    }

    #[inline]
    fn send(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), SendError> {
        let key = self.role.mask_key();
        self.frame(opcode, key, payload)
    }

    /// Writes a frame, if it may be sent and there is room.
    #[inline]
    fn frame(
        &mut self,
        opcode: Opcode,
        key: Option<[u8; 4]>,
        payload: &[u8],
    ) -> Result<(), SendError> {
        let head = self.header(opcode, key, payload.len()).encode();
        self.check(head.as_ref().len() + payload.len())?;
        self.put(head.as_ref(), key, payload);
        Ok(())
    }

    /// Writes a control frame that the protocol owes, over the limit on output.
    fn control_frame(&mut self, opcode: Opcode, payload: &[u8]) {
        let key = self.role.mask_key();
        let head = self.header(opcode, key, payload.len()).encode();
        self.put(head.as_ref(), key, payload);
    }

    #[inline]
    fn put(&mut self, head: &[u8], key: Option<[u8; 4]>, payload: &[u8]) {
        let out = self.outbox.owed();
        out.reserve(head.len() + payload.len());
        out.extend_from_slice(head);
        let Some(key) = key else { return out.extend_from_slice(payload) };
        // A block at a time, so that it is still in the first cache when it is masked. A block is a
        // whole number of keys.
        for block in payload.chunks(BLOCK) {
            let from = out.len();
            out.extend_from_slice(block);
            mask(&mut out[from..], key);
        }
    }

    #[inline]
    fn header(&self, opcode: Opcode, mask: Option<[u8; 4]>, len: usize) -> Header {
        Header { fin: true, opcode, mask, len: len as u64 }
    }

    #[inline]
    fn check(&self, len: usize) -> Result<(), SendError> {
        if self.state != State::Open {
            return Err(ApiMisuse::Closed.into());
        }
        self.outbox.check(len)
    }

    /// Whether pongs fit, which go in over the limit on output.
    fn has_room_for_pong(&self) -> bool {
        self.outbox.overdraft() + 127 + 4 <= CONTROL
    }

    #[cold]
    fn send_late_pong(&mut self) {
        if self.state == State::Open && self.has_room_for_pong() {
            if let Some(pong) = self.late_pong.take() {
                self.control_frame(Opcode::Pong, pong.as_slice());
            }
        }
    }

    /// Leaves the open state: from here on there is a deadline.
    fn leave(&mut self, state: State, now: Instant) {
        self.state = state;
        self.deadline = Some(now + self.close_timeout);
        self.late_pong = None;
    }

    fn end(&mut self) {
        self.state = State::Ended;
        self.deadline = None;
        self.late_pong = None;
    }
}

impl<R: Role> Control for Sender<R> {
    fn owe(&mut self, reply: Reply, now: Instant) {
        match (reply.kind, self.state) {
            (Owed::End, _) => self.end(),
            (Owed::Pong, State::Open) => {
                // Every ping is answered in order, until a peer that does not read has made so much
                // owed; then the newest suffices (RFC 6455 5.5.3).
                if self.late_pong.is_none() && self.has_room_for_pong() {
                    self.control_frame(Opcode::Pong, reply.payload.as_slice());
                } else {
                    self.late_pong = Some(reply.payload);
                }
            }
            (Owed::Closed, State::Open) => {
                self.control_frame(Opcode::Close, reply.payload.as_slice());
                self.leave(State::Closed, now);
            }
            (Owed::Closed, State::Closing) => self.leave(State::Closed, now),
            (Owed::Failed, State::Open) => {
                self.control_frame(Opcode::Close, reply.payload.as_slice());
                self.leave(State::Failed, now);
            }
            (Owed::Failed, State::Closing) => self.leave(State::Failed, now),
            (Owed::Pong | Owed::Closed | Owed::Failed, _) => {}
        }
    }
}

impl<R> fmt::Debug for Sender<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("state", &self.state)
            .field("output", &self.outbox.remaining())
            .finish_non_exhaustive()
    }
}

/// Output beyond its limit that pongs may make owed.
const CONTROL: usize = 16 << 10;

/// What stays in the first cache while it is copied and masked.
const BLOCK: usize = 16 << 10;

#[cfg(test)]
mod tests;
