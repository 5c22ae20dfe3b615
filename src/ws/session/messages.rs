//! The commands that send messages, whole and in pieces.

use bytes::{BufMut, Bytes};

use super::sender::{Pieces, Sender};
use crate::kernel::error::{ApiMisuse, SendError};
use crate::kernel::time::Instant;
use crate::ws::encoded::Encoded;
use crate::ws::frame::{Header, Opcode};
use crate::ws::message::Kind;
use crate::ws::role::{Role, ServerRole};

impl<R: Role> Sender<R> {
    /// Sends a text message of one frame.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Closed`] after the close frame, [`ApiMisuse::OutOfOrder`] inside a message that is
    /// sent in pieces, [`SendError::Full`] if the output is full.
    #[inline]
    pub fn send_text(&mut self, text: &str, now: Instant) -> Result<(), SendError> {
        self.send_message(Opcode::Text, text.as_bytes(), now)
    }

    /// Sends a binary message of one frame.
    ///
    /// # Errors
    ///
    /// Those of [`send_text`](Self::send_text).
    #[inline]
    pub fn send_binary(&mut self, bytes: &[u8], now: Instant) -> Result<(), SendError> {
        self.send_message(Opcode::Binary, bytes, now)
    }

    /// Sends a binary message of one frame. A server shares a large one instead of copying it; a client,
    /// which masks, copies, and so does a session that compresses.
    ///
    /// # Errors
    ///
    /// Those of [`send_text`](Self::send_text).
    pub fn send_bytes(&mut self, bytes: Bytes, now: Instant) -> Result<(), SendError> {
        let compresses = self.compression.as_ref().is_some_and(|it| it.is_for(bytes.len()));
        if compresses || R::MASKS {
            return self.send_message(Opcode::Binary, &bytes, now);
        }
        self.check_turn()?;
        let header = Header { len: bytes.len() as u64, ..Self::header(Opcode::Binary) };
        let head = header.encode();
        self.check(head.as_ref().len() + bytes.len())?;
        self.outbox.buffer().put_slice(head.as_ref());
        self.outbox.append(bytes);
        self.write.touch(&self.outbox, now);
        Ok(())
    }

    /// Sends a piece of a text message as a frame; the first one begins the message, `is_last` ends it.
    /// Pings, pongs and a close frame may go out between two pieces.
    ///
    /// ```
    /// use bytes::Buf;
    /// use wirefeed::{Instant, ws::{Config, ServerRole, Session}};
    ///
    /// let now = Instant::ZERO;
    /// let Session { mut tx, .. } = Session::new(ServerRole, Config::default(), now);
    /// tx.send_text_piece("Hel", false, now)?;
    /// tx.send_text_piece("lo", true, now)?;
    /// assert_eq!(tx.output().chunk(), b"\x01\x03Hel\x80\x02lo");
    /// # Ok::<(), wirefeed::SendError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Closed`] after the close frame, [`ApiMisuse::OutOfOrder`] inside a binary message,
    /// [`SendError::Full`] if the output is full.
    pub fn send_text_piece(
        &mut self,
        piece: &str,
        is_last: bool,
        now: Instant,
    ) -> Result<(), SendError> {
        self.send_piece(Kind::Text, piece.as_bytes(), is_last, now)
    }

    /// Sends a piece of a binary message as a frame; as [`send_text_piece`](Self::send_text_piece).
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Closed`] after the close frame, [`ApiMisuse::OutOfOrder`] inside a text message,
    /// [`SendError::Full`] if the output is full.
    pub fn send_binary_piece(
        &mut self,
        piece: &[u8],
        is_last: bool,
        now: Instant,
    ) -> Result<(), SendError> {
        self.send_piece(Kind::Binary, piece, is_last, now)
    }

    #[inline]
    fn send_message(
        &mut self,
        opcode: Opcode,
        payload: &[u8],
        now: Instant,
    ) -> Result<(), SendError> {
        self.check_turn()?;
        if self.compression.is_some() {
            return self.send_compressed(opcode, payload, now);
        }
        self.frame(Self::header(opcode), payload, now)
    }

    #[inline(never)]
    fn send_compressed(
        &mut self,
        opcode: Opcode,
        payload: &[u8],
        now: Instant,
    ) -> Result<(), SendError> {
        self.check(0)?;
        let header = Self::header(opcode);
        if self.compression.as_ref().is_some_and(|it| it.is_for(payload.len())) {
            let compressed = Header { compressed: true, ..header };
            if self.compressed_frame(compressed, payload, now).is_ok() {
                return Ok(());
            }
        }
        // Short, or it does not fit: perhaps it fits uncompressed.
        self.frame(header, payload, now)
    }

    fn send_piece(
        &mut self,
        kind: Kind,
        piece: &[u8],
        is_last: bool,
        now: Instant,
    ) -> Result<(), SendError> {
        let mut pieces = match self.pieces {
            Some(pieces) if pieces.kind != kind => return Err(ApiMisuse::OutOfOrder.into()),
            Some(pieces) => pieces,
            None => Pieces { kind, compressed: self.compression.is_some(), begun: false },
        };
        self.check(0)?;
        let opcode = match kind {
            _ if pieces.begun => Opcode::Continuation,
            Kind::Text => Opcode::Text,
            Kind::Binary => Opcode::Binary,
        };
        let header = Header { fin: is_last, ..Self::header(opcode) };
        // An empty piece needs no frame, unless it is the last.
        if is_last || !piece.is_empty() {
            if pieces.compressed {
                // RFC 7692 6: RSV1 is set on the first frame only.
                let compressed = !pieces.begun;
                self.compressed_frame(Header { compressed, ..header }, piece, now)?;
            } else {
                self.frame(header, piece, now)?;
            }
            pieces.begun = true;
        }
        self.pieces = (!is_last).then_some(pieces);
        Ok(())
    }

    /// Compresses a piece and writes its frame, if that fits.
    ///
    /// A frame that does not fit was compressed nevertheless. The context then begins anew, which the
    /// peer does not notice: nothing sent later refers to bytes before it.
    fn compressed_frame(
        &mut self,
        header: Header,
        piece: &[u8],
        now: Instant,
    ) -> Result<(), SendError> {
        let Some(mut compression) = self.compression.take() else { return Ok(()) };
        let sent = self.frame(header, compression.compress(piece, header.fin), now);
        if sent.is_err() {
            compression.restart();
        }
        self.compression = Some(compression);
        sent
    }

    /// Whether a message may begin.
    #[inline]
    fn check_turn(&self) -> Result<(), SendError> {
        if self.pieces.is_some() { Err(ApiMisuse::OutOfOrder.into()) } else { Ok(()) }
    }
}

impl Sender<ServerRole> {
    /// Sends a message that many sessions share: it is not compressed, and not copied unless it is small.
    ///
    /// # Errors
    ///
    /// Those of [`send_text`](Self::send_text).
    pub fn send_encoded(&mut self, message: &Encoded, now: Instant) -> Result<(), SendError> {
        self.check_turn()?;
        self.check(0)?;
        self.outbox.share(message.bytes().clone())?;
        self.write.touch(&self.outbox, now);
        Ok(())
    }
}
