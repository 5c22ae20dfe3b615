//! What a session sends, and how its connection ends.

use alloc::boxed::Box;
use core::fmt;
use core::time::Duration;

use bytes::{Buf, BufMut, Bytes};

use super::control::{Owed, Payload};
use super::frame::{Expect, Header, Opcode};
use super::mask::mask;
use super::{CloseCode, Config, Reply, Role};
use crate::{ApiMisuse, Control, End, Instant, Outbox, SendError, Wants};

/// What goes out on a connection, and how it ends.
pub struct Sender<R> {
    role: R,
    outbox: Outbox,
    state: State,
    deadline: Option<Instant>,
    close_timeout: Duration,
    /// The newest pong for which there was no room.
    late_pong: Option<Box<Payload>>,
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
        }
    }

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
        let waits = R::EXPECT == Expect::Unmasked;
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
        Header { fin: true, compressed: false, opcode, mask, len: len as u64 }
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

impl<R: Role> Control<Reply> for Sender<R> {
    fn owe(&mut self, reply: Reply, now: Instant) {
        match (reply.kind, self.state) {
            (Owed::End, _) => self.end(),
            (Owed::Pong, State::Open) => {
                // Every ping is answered in order, until a peer that does not read has made so much
                // owed; then the newest suffices (RFC 6455 5.5.3).
                if self.late_pong.is_none() && self.has_room_for_pong() {
                    self.control_frame(Opcode::Pong, reply.payload.as_slice());
                } else {
                    self.late_pong = Some(Box::new(reply.payload));
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
