//! Payloads of messages, unmasked, inflated, checked and joined.

use alloc::string::String;
use alloc::vec::Vec;

use super::{
    BLOCK, Decoder, Error, ErrorKind, Inflater, Kind, Role, State, Unfinished, mask, rotate, within,
};
use crate::kernel::{buffer, text};

impl<R: Role> Decoder<R> {
    /// Unmasks a piece of a message and joins it, or says what is wrong, and at which index.
    pub(super) fn store(
        &mut self,
        mut piece: &mut [u8],
        mut key: Option<[u8; 4]>,
    ) -> Result<(), Fault> {
        let Some(mut message) = self.message else { return Ok(()) };
        let mut done = 0;
        // Of a compressed message something may be left to be made of what came before.
        let mut may_owe = message.compressed;
        while core::mem::take(&mut may_owe) || !piece.is_empty() {
            // A block at a time, so that it is still in the first cache when it is copied.
            let (block, rest) = piece.split_at_mut(piece.len().min(BLOCK));
            if let Some(key) = &mut key {
                mask(block, *key);
                *key = rotate(*key, block.len());
            }
            if message.compressed {
                let mut block = &*block;
                loop {
                    let made = self.inflate(&mut message, &mut block)?;
                    let Self { joiner, text, binary, inflater, .. } = self;
                    let piece = inflater.as_deref().map_or(&[][..], Inflater::piece);
                    let piece = &piece[..made.len];
                    join(message.kind, joiner, text, binary, piece, self.message_limit)
                        .map_err(|_| (ErrorKind::Utf8, None))?;
                    if made.too_long {
                        return Err((ErrorKind::MessageTooLong, None));
                    }
                    if made.len == 0 {
                        break;
                    }
                }
            } else {
                let Self { joiner, text, binary, .. } = self;
                message.len += block.len() as u64;
                join(message.kind, joiner, text, binary, block, self.message_limit)
                    .map_err(|bad| (ErrorKind::Utf8, Some(done + bad)))?;
            }
            done += block.len();
            piece = rest;
        }
        self.message = Some(message);
        Ok(())
    }

    /// Inflates the next piece of a message.
    pub(super) fn inflate(
        &mut self,
        message: &mut Unfinished,
        block: &mut &[u8],
    ) -> Result<Made, Fault> {
        let Some(inflater) = &mut self.inflater else {
            return Ok(Made { len: 0, too_long: false });
        };
        let len = inflater.inflate_piece(block).map_err(|kind| (kind, None))?.len();
        let room = within(self.message_limit - message.len, len);
        message.len += room as u64;
        Ok(Made { len: room, too_long: room < len })
    }

    /// A frame of a message is over: the kind of the message, if it is over too.
    pub(super) fn end_frame(&mut self, input: &mut &mut [u8]) -> Result<Option<Kind>, Error> {
        let State::Payload { fin: true, .. } = self.state else {
            self.state = State::Header;
            return Ok(None);
        };
        self.state = State::Idle;
        let Some(message) = self.message.take() else { return Ok(None) };
        if let (true, Some(inflater)) = (message.compressed, &mut self.inflater) {
            if let Err(kind) = inflater.finish() {
                return self.fail_in_payload(kind, None, input);
            }
        }
        if message.kind == Kind::Text && !self.joiner.is_complete() {
            let bad = (!message.compressed).then_some(0);
            return self.fail_in_payload(ErrorKind::Utf8, bad, input);
        }
        Ok(Some(message.kind))
    }
}

/// What is wrong with a payload, and at which index of a plain one.
pub(super) type Fault = (ErrorKind, Option<usize>);

/// What was inflated: the piece's length as far as the message's limit goes, and whether it went on.
pub(super) struct Made {
    pub(super) len: usize,
    pub(super) too_long: bool,
}

/// Appends a plain piece of a message, or says at which index a text is bad.
fn join(
    kind: Kind,
    joiner: &mut text::Joiner,
    text: &mut String,
    binary: &mut Vec<u8>,
    piece: &[u8],
    limit: u64,
) -> Result<(), usize> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    match kind {
        Kind::Text => {
            let more = joiner.held() + piece.len();
            text.reserve_exact(buffer::step(text.len(), text.capacity(), more, limit));
            joiner.push(text, piece)
        }
        Kind::Binary => {
            buffer::reserve(binary, piece.len(), limit);
            binary.extend_from_slice(piece);
            Ok(())
        }
    }
}
