//! Messages out.

use alloc::vec::Vec;
use core::fmt;

use flate2::FlushCompress;

use super::TAIL;
use super::pool::{Deflate, Pool, Slot};
use crate::ws::handshake::{DeflateParams, WindowBits};

/// How messages are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Config {
    /// From 0, which only stores, over 1, the fastest, to 9, the smallest. 6, as zlib and its
    /// bindings.
    pub level: u8,
    /// The window, which must be no larger than the peer has agreed to.
    pub window_bits: WindowBits,
    /// Whether a message may refer to the ones before it: smaller messages, but a window that is
    /// kept for as long as the session lasts.
    pub context_takeover: bool,
}

impl Config {
    /// What a server sends with, after this was agreed on.
    pub const fn server(params: &DeflateParams) -> Self {
        Self {
            level: LEVEL,
            window_bits: params.server_max_window_bits,
            context_takeover: !params.server_no_context_takeover,
        }
    }

    /// What a client sends with, after this was agreed on.
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
/// What it writes is the payload of a message: of one frame, or, cut anywhere, of several. The
/// first of them has RSV1 set (6).
pub struct Deflater {
    slot: Slot<Deflate>,
    context_takeover: bool,
    /// Whether some of a message was compressed, and its end was not.
    inside: bool,
}

impl Deflater {
    /// A deflater with a context of its own, made for the first message.
    pub const fn new(config: Config) -> Self {
        Self::with_slot(config, None)
    }

    /// A deflater that lends its context from a pool: for a message, or, where contexts are taken
    /// over, from the first message on until it is dropped.
    pub fn with_pool(config: Config, pool: &Pool) -> Self {
        Self::with_slot(config, Some(pool.clone()))
    }

    const fn with_slot(config: Config, pool: Option<Pool>) -> Self {
        let Config { level, window_bits, context_takeover } = config;
        let level = if level > 9 { 9 } else { level };
        Self { slot: Slot::new((level, window_bits), pool), context_takeover, inside: false }
    }

    /// Appends a whole message, compressed.
    ///
    /// ```
    /// # use wirefeed::ws::deflate::{Config, Deflater};
    /// let (mut first, mut second) = (Vec::new(), Vec::new());
    /// let mut deflater = Deflater::new(Config::default());
    /// deflater.deflate(b"Hello", &mut first);
    /// deflater.deflate(b"Hello", &mut second);
    /// assert_eq!(first, b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    /// assert!(second.len() < first.len()); // it refers to the first
    /// ```
    pub fn deflate(&mut self, message: &[u8], out: &mut Vec<u8>) {
        self.deflate_piece(message, true, out);
    }

    /// Appends what is ready of a message that comes in pieces, which may be nothing before the
    /// last one. The last piece may be empty.
    ///
    /// ```
    /// # use wirefeed::ws::deflate::{Config, Deflater};
    /// let (mut deflater, mut payload) = (Deflater::new(Config::default()), Vec::new());
    /// deflater.deflate_piece(b"Hel", false, &mut payload);
    /// deflater.deflate_piece(b"lo", true, &mut payload);
    /// assert_eq!(payload, b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    /// ```
    pub fn deflate_piece(&mut self, piece: &[u8], is_last: bool, out: &mut Vec<u8>) {
        if !piece.is_empty() {
            self.inside = true;
            self.compress(piece, is_last, is_last, out);
        } else if is_last && self.inside {
            self.compress(piece, is_last, is_last, out);
        } else if is_last {
            // 7.2.3.6: the header of an empty block; zlib would not flush twice where nothing came.
            out.push(0);
        }
        if is_last {
            self.end();
        }
    }

    /// As [`deflate_piece`](Self::deflate_piece), but all of the piece is ready: nothing waits for the
    /// next one.
    pub(in crate::ws) fn deflate_flushed(
        &mut self,
        piece: &[u8],
        is_last: bool,
        out: &mut Vec<u8>,
    ) {
        if piece.is_empty() {
            // Nothing is held back, so that the header of an empty block ends the message.
            if is_last {
                out.push(0);
                self.end();
            }
            return;
        }
        self.inside = true;
        self.compress(piece, true, is_last, out);
        if is_last {
            self.end();
        }
    }

    fn end(&mut self) {
        self.inside = false;
        if !self.context_takeover {
            self.slot.clear();
        }
    }

    fn compress(&mut self, mut piece: &[u8], flushes: bool, is_last: bool, out: &mut Vec<u8>) {
        let zlib = &mut self.slot.get().0;
        let flush = if flushes { FlushCompress::Sync } else { FlushCompress::None };
        let from = out.len();
        loop {
            // All that a small message can take, and steps that grow with what a large one does.
            out.reserve(bound(piece.len()).min(STEP));
            let before = zlib.total_in();
            let result = zlib.compress_vec(piece, out, flush);
            debug_assert!(result.is_ok(), "zlib refuses only what it is not asked for here");
            piece = &piece[(zlib.total_in() - before) as usize..];
            // With room left, nothing is held back; without, there may be more.
            if result.is_err() || (piece.is_empty() && out.len() < out.capacity()) {
                break;
            }
        }
        if is_last && out[from..].ends_with(&TAIL) {
            out.truncate(out.len() - TAIL.len());
        }
    }

    /// Forgets all messages, one that is unfinished included.
    pub fn reset(&mut self) {
        self.inside = false;
        self.slot.clear();
    }

    /// Gives back the context, unless a message is unfinished or, where contexts are taken over, one was
    /// compressed to which the next may refer.
    pub fn release(&mut self) {
        let is_known = self.slot.peek().is_some_and(|context| context.0.total_in() > 0);
        if !(self.inside || self.context_takeover && is_known) {
            self.slot.release();
        }
    }
}

impl fmt::Debug for Deflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflater")
            .field("context", &self.slot.is_held())
            .field("inside", &self.inside)
            .finish_non_exhaustive()
    }
}

/// The most that zlib makes of `len` bytes and a flush: a ninth bit for each, and some for blocks.
const fn bound(len: usize) -> usize {
    len.saturating_add(len / 8).saturating_add(len / 64).saturating_add(16)
}

/// Room that is made at once.
const STEP: usize = 16 << 10;

/// zlib's own.
const LEVEL: u8 = 6;
