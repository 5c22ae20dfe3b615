//! Messages, whole and in pieces, compressed where that was agreed on.

use bytes::{BufMut, Bytes};

use super::{Sender, put};
use crate::ws::frame::{Header, HeaderBytes, Opcode};
use crate::ws::message::Kind;
use crate::ws::{Encoded, Role, Server};
use crate::{ApiMisuse, Instant, SendError};

/// A message that is sent in pieces.
#[derive(Clone, Copy)]
pub(super) struct Pieces {
    kind: Kind,
    compressed: bool,
    /// Whether its first frame was written.
    begun: bool,
}

impl<R: Role> Sender<R> {
    /// Sends a text message of one frame.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Closed`] after the close frame, [`ApiMisuse::OutOfOrder`] inside a message that is
    /// sent in pieces, [`SendError::Full`] where there is no room.
    #[inline]
    pub fn send_text(&mut self, text: &str, _now: Instant) -> Result<(), SendError> {
        self.send_message(Opcode::Text, text.as_bytes())
    }

    /// Sends a binary message of one frame.
    ///
    /// # Errors
    ///
    /// Those of [`send_text`](Self::send_text).
    #[inline]
    pub fn send_binary(&mut self, bytes: &[u8], _now: Instant) -> Result<(), SendError> {
        self.send_message(Opcode::Binary, bytes)
    }

    /// Sends a binary message of one frame. A server shares what is large instead of copying it; a
    /// client copies, since it masks, and so does whoever compresses.
    ///
    /// # Errors
    ///
    /// Those of [`send_text`](Self::send_text).
    pub fn send_bytes(&mut self, bytes: Bytes, _now: Instant) -> Result<(), SendError> {
        let compresses = self.compression.as_ref().is_some_and(|it| it.is_for(bytes.len()));
        if compresses || R::MASKS {
            return self.send_message(Opcode::Binary, &bytes);
        }
        self.check_turn()?;
        let head = Self::header(Opcode::Binary, None, bytes.len()).encode();
        self.check(head.as_ref().len() + bytes.len())?;
        self.outbox.owed().put_slice(head.as_ref());
        self.outbox.share(bytes)
    }

    /// Sends a piece of a text message as a frame; the first one begins the message, `is_last` ends it.
    /// Pings, pongs and a close frame may go out between two pieces.
    ///
    /// ```
    /// use bytes::Buf;
    /// use wirefeed::{Instant, ws::Session};
    ///
    /// let Session { mut tx, .. } = Session::default();
    /// tx.send_text_piece("Hel", false, Instant::ZERO)?;
    /// tx.send_text_piece("lo", true, Instant::ZERO)?;
    /// assert_eq!(tx.output().chunk(), b"\x01\x03Hel\x80\x02lo");
    /// # Ok::<(), wirefeed::SendError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Closed`] after the close frame, [`ApiMisuse::OutOfOrder`] inside a binary message,
    /// [`SendError::Full`] where there is no room.
    pub fn send_text_piece(
        &mut self,
        piece: &str,
        is_last: bool,
        _now: Instant,
    ) -> Result<(), SendError> {
        self.send_piece(Kind::Text, piece.as_bytes(), is_last)
    }

    /// Sends a piece of a binary message as a frame; as [`send_text_piece`](Self::send_text_piece).
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Closed`] after the close frame, [`ApiMisuse::OutOfOrder`] inside a text message,
    /// [`SendError::Full`] where there is no room.
    pub fn send_binary_piece(
        &mut self,
        piece: &[u8],
        is_last: bool,
        _now: Instant,
    ) -> Result<(), SendError> {
        self.send_piece(Kind::Binary, piece, is_last)
    }

    #[inline]
    fn send_message(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), SendError> {
        self.check_turn()?;
        if self.compression.is_some() {
            return self.send_compressed(opcode, payload);
        }
        self.frame(opcode, payload)
    }

    #[inline(never)]
    fn send_compressed(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), SendError> {
        match &self.compression {
            Some(compression) if compression.is_for(payload.len()) => {
                self.check(HeaderBytes::MAX + compression.bound(payload.len()))?;
            }
            _ => return self.frame(opcode, payload),
        }
        self.compressed_frame(
            Header { compressed: true, ..Self::header(opcode, None, 0) },
            payload,
        );
        Ok(())
    }

    fn send_piece(&mut self, kind: Kind, piece: &[u8], is_last: bool) -> Result<(), SendError> {
        let compression = self.compression.as_ref();
        let mut pieces = match self.pieces {
            Some(pieces) if pieces.kind != kind => return Err(ApiMisuse::OutOfOrder.into()),
            Some(pieces) => pieces,
            None => Pieces { kind, compressed: compression.is_some(), begun: false },
        };
        let bound = compression.map_or(piece.len(), |it| it.bound(piece.len()));
        self.check(HeaderBytes::MAX + bound)?;
        let opcode = match kind {
            _ if pieces.begun => Opcode::Continuation,
            Kind::Text => Opcode::Text,
            Kind::Binary => Opcode::Binary,
        };
        let compressed = pieces.compressed && !pieces.begun;
        let header = Header { fin: is_last, compressed, ..Self::header(opcode, None, 0) };
        pieces.begun |= if pieces.compressed {
            self.compressed_frame(header, piece)
        } else if is_last || !piece.is_empty() {
            self.plain_frame(header, piece);
            true
        } else {
            false
        };
        self.pieces = (!is_last).then_some(pieces);
        Ok(())
    }

    /// Compresses a piece and writes its frame: not where there is nothing to write yet.
    fn compressed_frame(&mut self, header: Header, piece: &[u8]) -> bool {
        let Some(mut compression) = self.compression.take() else { return false };
        let payload = compression.compress(piece, header.fin);
        let is_written = header.fin || !payload.is_empty();
        if is_written {
            self.plain_frame(header, payload);
        }
        self.compression = Some(compression);
        is_written
    }

    /// Writes a frame whose header lacks key and length.
    fn plain_frame(&mut self, header: Header, payload: &[u8]) {
        let key = self.role.mask_key();
        let head = Header { mask: key, len: payload.len() as u64, ..header }.encode();
        put(self.outbox.owed(), head, key, payload);
    }

    /// Whether a message may begin.
    #[inline]
    fn check_turn(&self) -> Result<(), SendError> {
        if self.pieces.is_some() { Err(ApiMisuse::OutOfOrder.into()) } else { Ok(()) }
    }
}

impl Sender<Server> {
    /// Sends a message that many sessions share: nothing of it is copied unless it is small, nor
    /// compressed.
    ///
    /// # Errors
    ///
    /// Those of [`send_text`](Self::send_text).
    pub fn send_encoded(&mut self, message: &Encoded, _now: Instant) -> Result<(), SendError> {
        self.check_turn()?;
        self.check(message.bytes().len())?;
        self.outbox.share(message.bytes().clone())
    }
}
