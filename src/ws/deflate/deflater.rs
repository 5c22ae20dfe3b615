//! Compressing messages.

use crate::kernel::debug::debug;
use alloc::vec::Vec;

use flate2::FlushCompress;

use super::TAIL;
use super::pool::{Deflate, Pool, Slot};
use crate::ws::handshake::{DeflateParams, WindowBits};

/// How messages are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Config {
    /// 0 only stores, 1 is the fastest, 9 the smallest; 6 by default, as in zlib.
    pub level: u8,
    /// The window, which must not be larger than the peer has agreed to.
    pub window_bits: WindowBits,
    /// Whether a message may refer to earlier ones: this makes messages smaller, but a session keeps
    /// its window for as long as it lasts.
    pub context_takeover: bool,
}

impl Config {
    /// The configuration of a server's deflater after this negotiation.
    pub const fn server(params: &DeflateParams) -> Self {
        Self {
            level: LEVEL,
            window_bits: params.server_max_window_bits,
            context_takeover: !params.server_no_context_takeover,
        }
    }

    /// The configuration of a client's deflater after this negotiation.
    pub const fn client(params: &DeflateParams) -> Self {
        Self {
            level: LEVEL,
            window_bits: params.client_max_window_bits,
            context_takeover: !params.client_no_context_takeover,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self { level: LEVEL, window_bits: WindowBits::MAX, context_takeover: true }
    }
}

/// Compresses messages (RFC 7692 7.2.1).
///
/// It writes the payload of a message, which may be sent in one frame, or cut anywhere, in several. The
/// first frame of a message has RSV1 set (6).
pub struct Deflater {
    slot: Slot<Deflate>,
    context_takeover: bool,
    /// Whether a message has begun and not ended.
    inside: bool,
    /// Whether zlib may hold back bytes of the message.
    unflushed: bool,
}

impl Deflater {
    /// A deflater that borrows its context from the pool for each message, or without a pool has its own.
    /// With context takeover it keeps the context from the first message until it is dropped.
    pub fn new(config: Config, pool: Option<&Pool>) -> Self {
        let Config { level, window_bits, context_takeover } = config;
        let slot = Slot::new((level.min(9), window_bits), pool.cloned());
        Self { slot, context_takeover, inside: false, unflushed: false }
    }

    /// Compresses a piece of a message, and appends the payload that is ready, which may be none before
    /// the last piece. The last piece may be empty; a whole message is one last piece.
    ///
    /// ```
    /// # use wirefeed::ws::deflate::{Config, Deflater};
    /// let (mut deflater, mut first) = (Deflater::new(Config::default(), None), Vec::new());
    /// deflater.deflate_piece(b"Hel", false, &mut first);
    /// deflater.deflate_piece(b"lo", true, &mut first);
    /// assert_eq!(first, b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    ///
    /// let mut second = Vec::new();
    /// deflater.deflate_piece(b"Hello", true, &mut second);
    /// assert!(second.len() < first.len()); // it refers to the first
    /// ```
    pub fn deflate_piece(&mut self, piece: &[u8], is_last: bool, out: &mut Vec<u8>) {
        self.deflate(piece, is_last, is_last, out);
    }

    /// As [`deflate_piece`](Self::deflate_piece), but the payload of the whole piece is ready at once.
    pub(in crate::ws) fn deflate_flushed(
        &mut self,
        piece: &[u8],
        is_last: bool,
        out: &mut Vec<u8>,
    ) {
        self.deflate(piece, true, is_last, out);
    }

    fn deflate(&mut self, piece: &[u8], flushes: bool, is_last: bool, out: &mut Vec<u8>) {
        if !piece.is_empty() || (self.unflushed && flushes) {
            (self.inside, self.unflushed) = (true, !flushes);
            self.compress(piece, flushes, is_last, out);
        } else if is_last {
            // RFC 7692 7.2.3.6: the header of an empty block. zlib would write nothing, since it has
            // nothing to flush.
            out.push(0);
        }
        if is_last {
            self.inside = false;
            if !self.context_takeover {
                self.slot.clear();
            }
        }
    }

    fn compress(&mut self, mut piece: &[u8], flushes: bool, is_last: bool, out: &mut Vec<u8>) {
        let zlib = &mut self.slot.get().0;
        let flush = if flushes { FlushCompress::Sync } else { FlushCompress::None };
        let from = out.len();
        loop {
            // The largest payload of a small message; a large one grows in steps.
            out.reserve(bound(piece.len()).min(STEP));
            let before = zlib.total_in();
            let result = zlib.compress_vec(piece, out, flush);
            debug_assert!(result.is_ok(), "zlib refuses only invalid arguments");
            piece = &piece[(zlib.total_in() - before) as usize..];
            // If there is room left, zlib has written all; if not, there may be more.
            if result.is_err() || (piece.is_empty() && out.len() < out.capacity()) {
                break;
            }
        }
        // RFC 7692 7.2.1: the sender removes the tail of the last block.
        if is_last && out[from..].ends_with(&TAIL) {
            out.truncate(out.len() - TAIL.len());
        }
    }

    /// Discards an unfinished message, and the context of earlier messages.
    pub fn reset(&mut self) {
        (self.inside, self.unflushed) = (false, false);
        self.slot.clear();
    }

    /// Releases the context, unless a message is unfinished or, with context takeover, one was compressed
    /// to which the next may refer.
    pub fn release(&mut self) {
        let is_used = self.slot.peek().is_some_and(|context| context.0.total_in() > 0);
        if !(self.inside || self.context_takeover && is_used) {
            self.slot.release();
        }
    }
}

debug!([] Deflater, self => Deflater { context: self.slot.is_held(), inside: self.inside });

/// The largest payload of `len` bytes with a flush: up to nine bits for each byte, and block headers.
const fn bound(len: usize) -> usize {
    len.saturating_add(len / 8).saturating_add(len / 64).saturating_add(16)
}

/// The most room made at once, in bytes.
const STEP: usize = 16 << 10;

/// zlib's default.
const LEVEL: u8 = 6;
