//! What a session sends, and how its connection ends.

mod compression;
mod keepalive;
mod messages;

use alloc::boxed::Box;
use core::fmt;
use core::time::Duration;

use bytes::{Buf, BytesMut};

use super::control::{Owed, Payload};
#[cfg(feature = "deflate")]
use super::deflate::Deflater;
use super::frame::{Expect, Header, HeaderBytes, Opcode};
use super::mask::mask_into;
use super::{CloseCode, Config, Ending, Reply, Role};
use crate::{ApiMisuse, Control, End, Instant, Outbox, SendError, Wants};
use compression::Compression;
use keepalive::{Due, Keepalive};
use messages::Pieces;

/// What goes out on a connection, and how it ends.
pub struct Sender<R> {
    role: R,
    outbox: Outbox,
    state: State,
    deadline: Option<Instant>,
    close_timeout: Duration,
    /// The newest pong for which there was no room.
    late_pong: Option<Box<Payload>>,
    pieces: Option<Pieces>,
    compression: Option<Box<Compression>>,
    keepalive: Keepalive,
    ending: Option<Ending>,
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
    pub(super) fn new(role: R, config: &Config) -> Self {
        Self {
            role,
            outbox: Outbox::with_limit(config.output),
            state: State::Open,
            deadline: None,
            close_timeout: config.close_timeout,
            late_pong: None,
            pieces: None,
            compression: None,
            keepalive: Keepalive::new(config.ping_interval, config.pong_timeout),
            ending: None,
        }
    }

    /// Compresses messages of at least `from` bytes.
    #[cfg(feature = "deflate")]
    pub(super) fn with_deflater(mut self, deflater: Deflater, from: usize) -> Self {
        self.compression = Some(Box::new(Compression::new(deflater, from)));
        self
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
        self.frame(Opcode::Ping, payload)
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
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Open => self.keepalive.deadline(),
            _ => self.deadline,
        }
    }

    /// Lets time pass: the next ping goes out; a ping that is not answered, or a closing handshake
    /// that takes too long, ends the connection.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.state == State::Open {
            match self.keepalive.handle_timeout(now) {
                // A peer that reads nothing is told no more; it does not answer either.
                Some(Due::Ping) if self.has_room_for_control() => {
                    self.control_frame(Opcode::Ping, &[]);
                }
                Some(Due::GiveUp) => self.end(Ending::TimedOut),
                Some(Due::Ping) | None => {}
            }
        } else if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.end(Ending::TimedOut);
        }
    }

    /// How the connection ended, as soon as that is known; the socket may still have to be
    /// [shut down](Self::wants).
    pub const fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// What to do with the socket once the output is written.
    ///
    /// While more than half of what the output may hold is owed, an open session does not want to read:
    /// so there is room for the answers to what one read brings, and a peer that sends and does not
    /// read is slowed down by its own socket.
    ///
    /// A server ends the connection as soon as both close frames went; a client waits for it to do so
    /// (RFC 6455 7.1.1).
    pub fn wants(&self) -> Wants {
        let waits = R::EXPECT == Expect::Unmasked;
        match self.state {
            State::Open => Wants { read: !self.outbox.is_half_full(), end: None },
            State::Closing => Wants { read: true, end: None },
            State::Closed if waits => Wants { read: true, end: None },
            State::Closed | State::Failed => Wants { read: true, end: Some(End::Shutdown) },
            State::Ended => Wants { read: false, end: Some(End::Close) },
        }
    }

    /// Gives back the memory that output has left behind, where none is owed: once the connection falls
    /// quiet.
    pub fn release(&mut self) {
        self.outbox.release();
        if let Some(compression) = &mut self.compression {
            compression.release();
        }
    }

    /// Writes a frame, if it may be sent and there is room.
    #[inline]
    fn frame(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), SendError> {
        let key = self.role.mask_key();
        let head = Self::header(opcode, key, payload.len()).encode();
        self.check(head.as_ref().len() + payload.len())?;
        put(self.outbox.owed(), head, key, payload);
        Ok(())
    }

    /// Writes a control frame that the protocol owes, over the limit on output.
    fn control_frame(&mut self, opcode: Opcode, payload: &[u8]) {
        let key = self.role.mask_key();
        let head = Self::header(opcode, key, payload.len()).encode();
        put(self.outbox.owed(), head, key, payload);
    }

    #[inline]
    fn header(opcode: Opcode, mask: Option<[u8; 4]>, len: usize) -> Header {
        Header { fin: true, compressed: false, opcode, mask, len: len as u64 }
    }

    #[inline]
    fn check(&self, len: usize) -> Result<(), SendError> {
        if self.state != State::Open {
            return Err(ApiMisuse::Closed.into());
        }
        self.outbox.check(len)
    }

    /// Whether a pong fits, or a ping of the session's own, which go in over the limit on output.
    fn has_room_for_control(&self) -> bool {
        self.outbox.overdraft() + 127 + 4 <= CONTROL
    }

    #[cold]
    fn send_late_pong(&mut self) {
        if self.state == State::Open && self.has_room_for_control() {
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

    fn end(&mut self, ending: Ending) {
        self.state = State::Ended;
        self.ending.get_or_insert(ending);
        self.deadline = None;
        self.late_pong = None;
    }
}

impl<R: Role> Control<Reply> for Sender<R> {
    fn owe(&mut self, reply: Reply, now: Instant) {
        match (reply.kind, self.state) {
            (Owed::End, _) => self.end(Ending::Vanished),
            (Owed::Alive, _) => self.keepalive.answered(now),
            (Owed::Pong, State::Open) => {
                // Every ping is answered in order, until a peer that does not read has made so much
                // owed; then the newest suffices (RFC 6455 5.5.3).
                if self.late_pong.is_none() && self.has_room_for_control() {
                    self.control_frame(Opcode::Pong, reply.payload.as_slice());
                } else {
                    self.late_pong = Some(Box::new(reply.payload));
                }
            }
            (Owed::Closed | Owed::Failed, State::Open | State::Closing) => {
                if self.state == State::Open {
                    self.control_frame(Opcode::Close, reply.payload.as_slice());
                }
                let code = match *reply.payload.as_slice() {
                    [a, b] => Some(CloseCode(u16::from_be_bytes([a, b]))),
                    _ => None,
                };
                let (state, ending) = match code {
                    Some(code) if reply.kind == Owed::Failed => {
                        (State::Failed, Ending::Failed(code))
                    }
                    code => (State::Closed, Ending::Clean(code)),
                };
                self.ending = Some(ending);
                self.leave(state, now);
            }
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

#[inline]
fn put(out: &mut BytesMut, head: HeaderBytes, key: Option<[u8; 4]>, payload: &[u8]) {
    out.reserve(HeaderBytes::MAX + payload.len().max(SHORT));
    head.put(out);
    let Some(key) = key else { return out.extend_from_slice(payload) };
    if payload.len() <= SHORT {
        // Room is cleared whatever the length: that is cheaper than to count.
        let from = out.len();
        out.extend_from_slice(&[0; SHORT]);
        out.truncate(from + payload.len());
        return mask_into(&mut out[from..], payload, key);
    }
    // A block at a time, so that it is still in the first cache when it is masked. A block is a
    // whole number of keys.
    for block in payload.chunks(BLOCK) {
        let from = out.len();
        out.resize(from + block.len(), 0);
        mask_into(&mut out[from..], block, key);
    }
}

/// Output beyond its limit that pongs may make owed.
const CONTROL: usize = 16 << 10;

/// What is copied and masked at a time, so that it stays in the first cache.
const BLOCK: usize = 2 << 10;

/// A payload that no loop over blocks is worth.
const SHORT: usize = 128;

#[cfg(test)]
mod tests;
