//! What a session sends, and how its connection ends.

mod compression;
mod keepalive;
mod messages;

use alloc::boxed::Box;
use core::fmt;

use bytes::{Buf, BytesMut};

use super::control::{Owed, Payload};
#[cfg(feature = "deflate")]
use super::deflate::Deflater;
use super::frame::{Expect, Header, HeaderBytes, Opcode};
use super::mask::mask_into;
use super::{CloseCode, Config, Ending, Reply, Role};
use crate::kernel::deadline::WriteDeadline;
use crate::{ApiMisuse, End, Instant, Outbox, Replies, SendError, Wants};
use compression::Compression;
use keepalive::{Due, Keepalive};
use messages::Pieces;

/// What goes out on a connection, and how it ends.
pub struct Sender<R> {
    role: R,
    outbox: Outbox,
    state: State,
    pause_reading_above: usize,
    /// Control frames in the output: where the last one ends, and their bytes.
    control_end: u64,
    control_len: u16,
    /// The newest pong for which there was no room.
    late_pong: Option<Box<Payload>>,
    pieces: Option<Pieces>,
    compression: Option<Box<Compression>>,
    keepalive: Keepalive,
    write: WriteDeadline,
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
/// From every state an end of stream leads to `Ended`, and so does a deadline.
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
            pause_reading_above: match config.pause_reading_above {
                Some(mark) if !R::MASKS => mark,
                _ => usize::MAX,
            },
            control_end: 0,
            control_len: 0,
            late_pong: None,
            pieces: None,
            compression: None,
            keepalive: Keepalive::new(
                config.ping_interval,
                config.pong_timeout,
                config.close_timeout,
            ),
            write: WriteDeadline::new(config.write_timeout),
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
    pub fn send_ping(&mut self, payload: &[u8], now: Instant) -> Result<(), SendError> {
        if payload.len() > 125 {
            return Err(ApiMisuse::ControlTooLong.into());
        }
        self.frame(Opcode::Ping, payload, now)
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
            self.close_frame(State::Closing, payload.as_slice(), now);
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
        // What an ended session still owes must be taken, too.
        let keepalive = self.keepalive.poll(self.may_read());
        [keepalive, self.write.poll(&self.outbox)].into_iter().flatten().min()
    }

    /// Tells the time: the next ping goes out; a peer that is silent after it, that reads too slowly, or
    /// takes too long for the closing handshake, is given up.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.write.is_over(&self.outbox, false, now) {
            self.outbox.forget();
            return self.end(Ending::TimedOut);
        }
        let reads = self.may_read();
        match self.keepalive.handle_timeout(&self.outbox, reads, now) {
            Some(Due::Ping) if self.state == State::Open && self.has_room_for_control() => {
                let queued = !self.outbox.is_empty();
                self.control_frame(Opcode::Ping, &[]);
                self.write.touch(&self.outbox, now);
                self.keepalive.ask(&self.outbox, queued, false, now);
            }
            Some(Due::Ping) => self.keepalive.skip(now),
            Some(Due::GiveUp) => self.end(Ending::TimedOut),
            None => {}
        }
    }

    /// How the connection ended, as soon as that is known; the socket may still have to be
    /// [shut down](Self::wants).
    pub const fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// What to do with the socket once the output is written.
    ///
    /// A server does not want to read while more is owed than
    /// [`Config::pause_reading_above`]: so a client that sends and does not read is slowed down by its
    /// own socket, and no deadline of the client's runs.
    ///
    /// A server ends the connection as soon as both close frames went; a client waits for it to do so
    /// (RFC 6455 7.1.1).
    pub fn wants(&self) -> Wants {
        let waits = R::EXPECT == Expect::Unmasked;
        match self.state {
            State::Open => Wants { read: self.may_read(), end: None },
            State::Closing => Wants { read: true, end: None },
            State::Closed if waits => Wants { read: true, end: None },
            State::Closed | State::Failed => Wants { read: true, end: Some(End::Shutdown) },
            State::Ended => Wants { read: false, end: Some(End::Close) },
        }
    }

    /// Gives back all memory, unless output is owed, a late pong included: once the connection falls
    /// quiet. Of a deflater its place stays and, inside a message in pieces or where contexts are taken
    /// over, the context, until the close frame was sent.
    pub fn release(&mut self) {
        self.outbox.release();
        if let Some(compression) = &mut self.compression {
            if self.state != State::Open {
                compression.restart();
            }
            compression.release();
        }
    }

    fn may_read(&self) -> bool {
        self.state != State::Open || self.outbox.remaining() <= self.pause_reading_above
    }

    /// Writes a frame, if it may be sent and there is room.
    #[inline]
    fn frame(&mut self, opcode: Opcode, payload: &[u8], now: Instant) -> Result<(), SendError> {
        let key = self.role.mask_key();
        let head = Self::header(opcode, key, payload.len()).encode();
        self.check(head.as_ref().len() + payload.len())?;
        put(self.outbox.owed(), head, key, payload);
        self.write.touch(&self.outbox, now);
        Ok(())
    }

    /// Writes a control frame that the protocol owes, over the limit on output.
    fn control_frame(&mut self, opcode: Opcode, payload: &[u8]) {
        let key = self.role.mask_key();
        let head = Self::header(opcode, key, payload.len()).encode();
        put(self.outbox.owed(), head, key, payload);
        self.control_len += (head.as_ref().len() + payload.len()) as u16;
        self.control_end = self.outbox.end();
    }

    /// Writes a close frame, and waits for the peer's.
    fn close_frame(&mut self, state: State, payload: &[u8], now: Instant) {
        let queued = !self.outbox.is_empty();
        self.control_frame(Opcode::Close, payload);
        self.write.touch(&self.outbox, now);
        self.state = state;
        self.keepalive.ask(&self.outbox, queued, true, now);
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
    fn has_room_for_control(&mut self) -> bool {
        if self.outbox.written() >= self.control_end {
            self.control_len = 0;
        }
        // With room for a close frame after it.
        usize::from(self.control_len) + 2 * (125 + HeaderBytes::MAX) <= CONTROL
    }

    #[cold]
    fn send_late_pong(&mut self) {
        if self.answers_pings() && self.has_room_for_control() {
            if let Some(pong) = self.late_pong.take() {
                self.control_frame(Opcode::Pong, pong.as_slice());
            }
        }
    }

    /// Whether pings are answered: until the peer's close frame has come (RFC 6455 5.5.2).
    const fn answers_pings(&self) -> bool {
        matches!(self.state, State::Open | State::Closing)
    }

    fn end(&mut self, ending: Ending) {
        self.state = State::Ended;
        self.ending.get_or_insert(ending);
        self.keepalive.stop();
        self.late_pong = None;
    }

    /// The peer's close frame has come, or none will: `state` follows.
    fn peer_closed(
        &mut self,
        state: State,
        ending: Ending,
        answer: Option<CloseCode>,
        now: Instant,
    ) {
        self.ending = Some(ending);
        self.late_pong = None;
        // Nothing that is still to be pulled matters any more.
        self.keepalive.heard(false, false, now);
        if self.state == State::Open {
            let code = answer.map(|code| code.0.to_be_bytes());
            let payload = code.as_ref().map_or(&b""[..], |code| code);
            self.close_frame(state, payload, now);
        } else {
            let queued = !self.outbox.is_empty();
            self.state = state;
            self.keepalive.ask(&self.outbox, queued, true, now);
        }
    }
}

impl<R: Role> Replies<Reply> for Sender<R> {
    #[inline]
    fn reply(&mut self, reply: Reply, now: Instant) {
        match reply.0 {
            Owed::Reading => self.keepalive.heard(true, self.state == State::Open, now),
            Owed::Waiting => self.keepalive.heard(false, self.state == State::Open, now),
            _ => self.owe_answer(reply, now),
        }
    }
}

impl<R: Role> Sender<R> {
    #[inline(never)]
    fn owe_answer(&mut self, reply: Reply, now: Instant) {
        let is_open = matches!(self.state, State::Open | State::Closing);
        match reply.0 {
            Owed::End => self.end(Ending::Vanished),
            Owed::Pong(payload) if self.answers_pings() => {
                // Every ping is answered in order, until a peer that does not read has made so much
                // owed; then the newest suffices (RFC 6455 5.5.3).
                if self.late_pong.is_none() && self.has_room_for_control() {
                    self.control_frame(Opcode::Pong, payload.as_slice());
                    self.write.touch(&self.outbox, now);
                } else {
                    self.late_pong = Some(Box::new(payload));
                }
            }
            Owed::Closed(code) if is_open => {
                self.peer_closed(State::Closed, Ending::Clean(code), code, now);
            }
            Owed::Failed(code) if is_open => {
                self.peer_closed(State::Failed, Ending::Failed(code), Some(code), now);
            }
            _ => {}
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
