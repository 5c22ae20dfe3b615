//! The line that the end of an input has cut.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::kernel::buffer;

/// The first part of a line whose rest has not arrived; no heap until there is one.
///
/// A long line is kept in blocks until it is over. A buffer that grows is for a moment held twice, and
/// a line that never ends must not cost more than its limit.
#[derive(Default)]
pub(super) struct CutLine(Option<Box<Parts>>);

#[derive(Default)]
struct Parts {
    /// Blocks that are full, and their length together.
    full: Vec<Vec<u8>>,
    full_len: usize,
    /// What comes after them.
    last: Vec<u8>,
}

impl CutLine {
    pub(super) const fn new() -> Self {
        Self(None)
    }

    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |parts| parts.full_len + parts.last.len())
    }

    /// Its first byte.
    pub(super) fn first(&self) -> Option<u8> {
        let parts = self.0.as_ref()?;
        parts.full.first().unwrap_or(&parts.last).first().copied()
    }

    /// Appends the next piece, or says at which index of it the line exceeds `limit`.
    #[inline]
    pub(super) fn push(&mut self, piece: &[u8], limit: usize) -> Result<(), usize> {
        let parts = self.0.get_or_insert_default();
        let room = limit - parts.full_len - parts.last.len();
        if piece.len() > room {
            return Err(room);
        }
        if piece.len() > parts.last.capacity() - parts.last.len() {
            parts.grow(piece, limit);
        } else {
            parts.last.extend_from_slice(piece);
        }
        Ok(())
    }

    /// The line, in one piece.
    pub(super) fn join(&mut self) -> &[u8] {
        let Some(parts) = &mut self.0 else { return &[] };
        if !parts.full.is_empty() {
            let mut whole = Vec::with_capacity(parts.full_len + parts.last.len());
            for block in parts.full.drain(..) {
                whole.extend_from_slice(&block);
            }
            whole.extend_from_slice(&parts.last);
            (parts.last, parts.full_len) = (whole, 0);
        }
        &parts.last
    }

    /// The line that [`join`](Self::join) has made of it.
    pub(super) fn joined(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |parts| &parts.last)
    }

    pub(super) fn clear(&mut self) {
        if let Some(parts) = &mut self.0 {
            parts.full.clear();
            parts.full_len = 0;
            parts.last.clear();
        }
    }

    /// Gives back all memory, unless a line is held.
    pub(super) fn release(&mut self) {
        if self.len() == 0 {
            self.0 = None;
        }
    }
}

impl Parts {
    /// Appends a piece for which the last block has no room: it doubles up to [`BLOCK`], and then
    /// another is begun.
    #[cold]
    fn grow(&mut self, mut piece: &[u8], limit: usize) {
        while !piece.is_empty() {
            if self.last.len() >= BLOCK {
                self.full_len += self.last.len();
                let room = BLOCK.min(limit - self.full_len);
                self.full.push(core::mem::replace(&mut self.last, Vec::with_capacity(room)));
            }
            let (now, rest) = piece.split_at(piece.len().min(BLOCK - self.last.len()));
            buffer::reserve(&mut self.last, now.len(), BLOCK.min(limit - self.full_len));
            self.last.extend_from_slice(now);
            piece = rest;
        }
    }
}

/// So much is moved at most when a line grows.
const BLOCK: usize = 128 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_was_pushed_and_no_more_than_the_limit() {
        for size in [1, 7, 1000, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK] {
            let (mut line, limit) = (CutLine::new(), 3 * BLOCK + 5);
            let wire: Vec<u8> = (0..limit + 1).map(|n| (n % 251) as u8).collect();
            let (mut used, mut over) = (0, None);
            for piece in wire.chunks(size) {
                match line.push(piece, limit) {
                    Ok(()) => used += piece.len(),
                    Err(index) => over = Some(used + index),
                }
                assert_eq!(line.len(), used);
            }
            assert_eq!(over, Some(limit), "{size}");
            assert_eq!(line.first(), wire[..used].first().copied());
            assert_eq!(line.join(), &wire[..used]);
            assert_eq!((line.joined(), line.len()), (&wire[..used], used));
            line.release();
            assert_eq!(line.len(), used);
            line.clear();
            line.release();
            assert!(line.0.is_none());
        }
    }
}
