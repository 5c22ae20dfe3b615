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

    /// Sends a binary message of one frame. A server shares what is large instead of copying it; a
    /// client copies, since it masks, and so does whoever compresses.
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
        let head = Self::header(Opcode::Binary, None, bytes.len()).encode();
        self.check(head.as_ref().len() + bytes.len())?;
        self.outbox.owed().put_slice(head.as_ref());
        self.outbox.append(bytes);
        self.write.touch(&self.outbox, now);
        Ok(())
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
        now: Instant,
    ) -> Result<(), SendError> {
        self.send_piece(Kind::Text, piece.as_bytes(), is_last, now)
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
        self.frame(opcode, payload, now)
    }

    #[inline(never)]
    fn send_compressed(
        &mut self,
        opcode: Opcode,
        payload: &[u8],
        now: Instant,
    ) -> Result<(), SendError> {
        self.check(0)?;
        let header = Header { compressed: true, ..Self::header(opcode, None, 0) };
        let is_for_it = self.compression.as_ref().is_some_and(|it| it.is_for(payload.len()));
        if is_for_it && self.compressed_frame(header, payload, now) {
            return Ok(());
        }
        // It is not worth it, or does not fit: perhaps it does as it is.
        self.frame(opcode, payload, now)
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
        let header = Header { fin: is_last, ..Self::header(opcode, None, 0) };
        // An empty piece says nothing, unless it is the last.
        if is_last || !piece.is_empty() {
            if pieces.compressed {
                let compressed = !pieces.begun;
                if !self.compressed_frame(Header { compressed, ..header }, piece, now) {
                    return Err(SendError::Full);
                }
            } else {
                self.check(HeaderBytes::MAX + piece.len())?;
                self.plain_frame(header, piece, now);
            }
            pieces.begun = true;
        }
        self.pieces = (!is_last).then_some(pieces);
        Ok(())
    }

    /// Compresses a piece and writes its frame, if that fits.
    ///
    /// What does not fit was compressed all the same. The context then begins anew, which the peer
    /// does not notice: all that is sent later refers to nothing before it.
    fn compressed_frame(&mut self, header: Header, piece: &[u8], now: Instant) -> bool {
        let Some(mut compression) = self.compression.take() else { return false };
        let payload = compression.compress(piece, header.fin);
        let fits = self.outbox.fits(HeaderBytes::MAX + payload.len());
        if fits {
            self.plain_frame(header, payload, now);
        } else {
            compression.restart();
        }
        self.compression = Some(compression);
        fits
    }

    /// Writes a frame whose header lacks key and length.
    fn plain_frame(&mut self, header: Header, payload: &[u8], now: Instant) {
        let key = self.role.mask_key();
        let head = Header { mask: key, len: payload.len() as u64, ..header }.encode();
        put(self.outbox.owed(), head, key, payload);
        self.write.touch(&self.outbox, now);
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
    pub fn send_encoded(&mut self, message: &Encoded, now: Instant) -> Result<(), SendError> {
        self.check_turn()?;
        self.check(0)?;
        self.outbox.share(message.bytes().clone())?;
        self.write.touch(&self.outbox, now);
        Ok(())
    }
}
