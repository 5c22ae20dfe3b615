//! The sending half of a session.

use crate::kernel::debug::debug;
use alloc::boxed::Box;

use bytes::{Buf, BytesMut};

use super::compression::Compression;
use super::config::Config;
use super::keepalive::{Due, Keepalive};
use super::replies::{Answer, Reply};
use crate::kernel::deadline::WriteDeadline;
use crate::kernel::error::{ApiMisuse, SendError};
use crate::kernel::step::{End, Wants};
use crate::kernel::table::transitions;
use crate::kernel::{outbox::Outbox, replies::Replies, time::Instant};
use crate::ws::close::Ending;
use crate::ws::close_code::CloseCode;
#[cfg(feature = "deflate")]
use crate::ws::deflate::Deflater;
use crate::ws::frame::{ControlPayload, Header, HeaderBytes, Opcode};
use crate::ws::mask::mask_into;
use crate::ws::message::Kind;
use crate::ws::role::Role;

/// The sending half of a session: commands, output, deadlines, and how the connection ends.
///
/// - inputs: [`handle_timeout`](Self::handle_timeout), and what the receiving half
///   [replies](crate::Replies)
/// - commands: [`send_text`](Self::send_text), [`send_binary`](Self::send_binary),
///   [`send_bytes`](Self::send_bytes), [`send_encoded`](Sender::send_encoded),
///   [`send_text_piece`](Self::send_text_piece), [`send_binary_piece`](Self::send_binary_piece),
///   [`send_ping`](Self::send_ping), [`close`](Self::close)
/// - outputs: [`output`](Self::output), [`poll_timeout`](Self::poll_timeout)
/// - facts: [`wants`](Self::wants), [`has_output`](Self::has_output), [`ending`](Self::ending)
pub struct Sender<R> {
    role: R,
    pub(super) outbox: Outbox,
    state: State,
    pause_reading_above: usize,
    /// Control frames in the output: where the last one ends, and their bytes.
    control_end: u64,
    control_len: u16,
    /// The newest pong for which there was no room.
    late_pong: Option<Box<ControlPayload>>,
    pub(super) pieces: Option<Pieces>,
    pub(super) compression: Option<Box<Compression>>,
    keepalive: Keepalive,
    pub(super) write: WriteDeadline,
    ending: Option<Ending>,
}

/// A message that is sent in pieces.
#[derive(Clone, Copy)]
pub(super) struct Pieces {
    pub(super) kind: Kind,
    pub(super) compressed: bool,
    /// Whether its first frame was written.
    pub(super) begun: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Messages may be sent.
    Open,
    /// This side has sent a close frame, which the peer must answer.
    Closing,
    /// Both sides have sent a close frame.
    Closed,
    /// The peer broke the protocol; this side has sent a close frame.
    Failed,
    /// The connection has ended.
    Ended,
}

#[derive(Debug, Clone, Copy)]
enum On {
    /// This side begins the closing handshake.
    Close,
    /// The peer's close frame.
    PeerCloses,
    /// An error of the peer.
    PeerFails,
    /// The peer's end of stream, or a deadline.
    End,
}

transitions! {
    /// RFC 6455 7.1: how a connection is closed. What comes after the peer's close frame, or after its
    /// error, changes nothing but the end of its stream.
    State, On {
        Open, Close => Closing;
        Open | Closing, PeerCloses => Closed;
        Open | Closing, PeerFails => Failed;
        Closed, PeerCloses | PeerFails => Closed;
        Failed, PeerCloses | PeerFails => Failed;
        Ended, PeerCloses | PeerFails => Ended;
        Open | Closing | Closed | Failed | Ended, End => Ended;
    }
}

impl<R: Role> Sender<R> {
    pub(super) fn new(role: R, config: Config, now: Instant) -> Self {
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
            keepalive: Keepalive::new(&config, now),
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
    /// [`ApiMisuse::ControlTooLong`], [`ApiMisuse::Closed`] after the close frame, [`SendError::Full`] if
    /// the output is full.
    pub fn send_ping(&mut self, payload: &[u8], now: Instant) -> Result<(), SendError> {
        if payload.len() > 125 {
            return Err(ApiMisuse::ControlTooLong.into());
        }
        self.frame(Self::header(Opcode::Ping), payload, now)
    }

    /// Begins the closing handshake. Without a code the frame is empty and the reason is not used. A
    /// second call changes nothing. The limit on output does not apply to a close frame.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::CloseCode`] for a code that must not be sent, [`ApiMisuse::ControlTooLong`] for a
    /// reason of more than 123 bytes.
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
            let mut payload = ControlPayload::EMPTY;
            if let Some(code) = code {
                payload.push(&code.0.to_be_bytes());
                payload.push(reason.as_bytes());
            }
            self.state.go(On::Close);
            self.close_frame(payload.as_slice(), now);
        }
        Ok(())
    }

    /// The pending output: write it and advance.
    #[inline]
    pub fn output(&mut self) -> &mut Outbox {
        if self.late_pong.is_some() {
            self.send_late_pong();
        }
        &mut self.outbox
    }

    /// Whether output is pending.
    pub fn has_output(&self) -> bool {
        !self.outbox.is_empty() || self.late_pong.is_some()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        // The output of a session that has ended must be taken, too.
        let keepalive = self.keepalive.poll(self.may_read());
        [keepalive, self.write.poll(&self.outbox)].into_iter().flatten().min()
    }

    /// Advances the time: sends a ping if the peer is silent; ends the connection if the peer does not
    /// answer it, reads too slowly, or takes too long for the closing handshake.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.write.is_over(&self.outbox, false, now) {
            self.outbox.forget();
            return self.end(Ending::TimedOut);
        }
        let reads = self.may_read();
        match self.keepalive.handle_timeout(&self.outbox, reads, now) {
            Some(Due::Ping) if self.has_room_for_control() => {
                let queued = !self.outbox.is_empty();
                self.control_frame(Opcode::Ping, &[]);
                self.write.touch(&self.outbox, now);
                self.keepalive.ping(&self.outbox, queued, now);
            }
            // The deadline for its answer ends the connection if the peer reads nothing.
            Some(Due::Ping) => self.keepalive.skip(now),
            Some(Due::GiveUp) => self.end(Ending::TimedOut),
            None => {}
        }
    }

    /// How the connection ended, as soon as that is certain; the socket may still have to be
    /// [shut down](Self::wants).
    pub const fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// What the driver must do once the output is written.
    ///
    /// A server does not want to read while more output is pending than
    /// [`Config::pause_reading_above`]: its socket then slows down a client that sends and does not read,
    /// and the client's deadlines are paused.
    ///
    /// RFC 6455 7.1.1: a server closes the connection as soon as both close frames are sent, a client
    /// waits for the server to do so.
    pub fn wants(&self) -> Wants {
        match self.state {
            State::Open => Wants { read: self.may_read(), end: None },
            State::Closing => Wants { read: true, end: None },
            State::Closed if R::MASKS => Wants { read: true, end: None },
            State::Closed | State::Failed => Wants { read: true, end: Some(End::Shutdown) },
            State::Ended => Wants { read: false, end: Some(End::Close) },
        }
    }

    /// Gives back all memory, unless output is pending. For a connection that has fallen quiet. The
    /// deflater's place stays, and so does its context inside a message in pieces or if contexts are
    /// taken over, until the close frame is sent.
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

    /// Writes a frame, if it may be sent and there is room. Its header lacks key and length.
    #[inline]
    pub(super) fn frame(
        &mut self,
        header: Header,
        payload: &[u8],
        now: Instant,
    ) -> Result<(), SendError> {
        let (key, head) = self.head(header, payload);
        self.check(head.as_ref().len() + payload.len())?;
        write_frame(self.outbox.buffer(), head, key, payload);
        self.write.touch(&self.outbox, now);
        Ok(())
    }

    /// Writes a control frame of the protocol, to which the limit on output does not apply.
    fn control_frame(&mut self, opcode: Opcode, payload: &[u8]) {
        let (key, head) = self.head(Self::header(opcode), payload);
        write_frame(self.outbox.buffer(), head, key, payload);
        self.control_len += (head.as_ref().len() + payload.len()) as u16;
        self.control_end = self.outbox.end();
    }

    /// Writes a close frame, and waits for the peer's.
    fn close_frame(&mut self, payload: &[u8], now: Instant) {
        let queued = !self.outbox.is_empty();
        self.control_frame(Opcode::Close, payload);
        self.write.touch(&self.outbox, now);
        self.keepalive.close(&self.outbox, queued, now);
    }

    /// The masking key of a frame with this payload, and its header.
    #[inline]
    fn head(&mut self, header: Header, payload: &[u8]) -> (Option<[u8; 4]>, HeaderBytes) {
        let key = self.role.mask_key();
        (key, Header { mask: key, len: payload.len() as u64, ..header }.encode())
    }

    /// A header without key and length.
    #[inline]
    pub(super) const fn header(opcode: Opcode) -> Header {
        Header { fin: true, compressed: false, opcode, mask: None, len: 0 }
    }

    /// Whether so many bytes may be sent and there is room for them.
    #[inline]
    pub(super) fn check(&self, len: usize) -> Result<(), SendError> {
        if self.state != State::Open {
            return Err(ApiMisuse::Closed.into());
        }
        self.outbox.check(len)
    }

    /// Whether there is room for a pong or for a ping of the session, beyond the limit on output.
    fn has_room_for_control(&mut self) -> bool {
        if self.outbox.written() >= self.control_end {
            self.control_len = 0;
        }
        // A close frame must fit after it.
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

    /// RFC 6455 5.5.2: a ping must be answered, unless the peer has sent a close frame.
    const fn answers_pings(&self) -> bool {
        matches!(self.state, State::Open | State::Closing)
    }

    fn end(&mut self, ending: Ending) {
        self.state.go(On::End);
        self.ending.get_or_insert(ending);
        self.keepalive.stop();
        self.late_pong = None;
    }

    /// The peer's close frame has come, or its error: this side answers with a close frame, unless it has
    /// sent one.
    fn peer_closed(&mut self, on: On, ending: Ending, answer: Option<CloseCode>, now: Instant) {
        let before = self.state;
        self.state.go(on);
        if !matches!(before, State::Open | State::Closing) {
            return;
        }
        self.ending = Some(ending);
        self.late_pong = None;
        // Input that is not decoded yet makes no difference any more.
        self.keepalive.received(false, now);
        if before == State::Open {
            let code = answer.map(|code| code.0.to_be_bytes());
            self.close_frame(code.as_ref().map_or(&[], |code| code), now);
        } else {
            self.keepalive.close(&self.outbox, !self.outbox.is_empty(), now);
        }
    }

    #[inline(never)]
    fn answer(&mut self, answer: Answer, now: Instant) {
        match answer {
            Answer::Reading | Answer::Waiting => {}
            Answer::Pong(payload) => {
                // Every ping is answered in order, until too many pongs are pending for a peer that does
                // not read. RFC 6455 5.5.3: then it may answer only the most recent ping.
                if !self.answers_pings() {
                } else if self.late_pong.is_none() && self.has_room_for_control() {
                    self.control_frame(Opcode::Pong, payload.as_slice());
                    self.write.touch(&self.outbox, now);
                } else {
                    self.late_pong = Some(Box::new(payload));
                }
            }
            Answer::Closed(code) => {
                self.peer_closed(On::PeerCloses, Ending::Clean(code), code, now);
            }
            Answer::Failed(code) => {
                self.peer_closed(On::PeerFails, Ending::Failed(code), Some(code), now);
            }
            Answer::End => self.end(Ending::Vanished),
        }
    }
}

impl<R: Role> Replies<Reply> for Sender<R> {
    #[inline]
    fn reply(&mut self, reply: Reply, now: Instant) {
        match reply.0 {
            Answer::Reading => self.keepalive.received(true, now),
            Answer::Waiting => self.keepalive.received(false, now),
            answer => self.answer(answer, now),
        }
    }
}

debug!([R] Sender<R>, self => Sender { state: self.state, output: self.outbox.remaining() });

/// Appends a frame, and masks its payload.
#[inline]
fn write_frame(out: &mut BytesMut, head: HeaderBytes, key: Option<[u8; 4]>, payload: &[u8]) {
    out.reserve(HeaderBytes::MAX + payload.len().max(SHORT));
    head.put(out);
    let Some(key) = key else { return out.extend_from_slice(payload) };
    if payload.len() <= SHORT {
        // Zero a fixed size: cheaper than a variable-length fill.
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

/// How far control frames of the protocol may exceed the limit on output, in bytes.
const CONTROL: usize = 16 << 10;

/// What is copied and masked at a time: it stays in the first cache.
const BLOCK: usize = 2 << 10;

/// Payloads up to this length are masked at once.
const SHORT: usize = 128;

#[cfg(test)]
mod tests;
