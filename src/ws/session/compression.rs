//! The compressor of messages; without the feature `deflate` the type has no values.

#[cfg(feature = "deflate")]
use {crate::ws::deflate, alloc::vec::Vec};

/// A deflater, and the last payload that it has made.
#[cfg(feature = "deflate")]
pub(super) struct Compression {
    deflater: deflate::Deflater,
    payload: Vec<u8>,
    from: usize,
}

#[cfg(feature = "deflate")]
impl Compression {
    /// For messages of at least `from` bytes.
    pub(super) const fn new(deflater: deflate::Deflater, from: usize) -> Self {
        Self { deflater, payload: Vec::new(), from }
    }

    /// Whether a message of `len` bytes is long enough.
    pub(super) const fn is_for(&self, len: usize) -> bool {
        len >= self.from
    }

    /// Begins a new context: nothing refers to what was compressed before.
    pub(super) fn restart(&mut self) {
        self.deflater.reset();
    }

    /// The next piece of a message, compressed and flushed.
    pub(super) fn compress(&mut self, piece: &[u8], is_last: bool) -> &[u8] {
        self.payload.clear();
        self.deflater.deflate_flushed(piece, is_last, &mut self.payload);
        &self.payload
    }

    pub(super) fn release(&mut self) {
        self.deflater.release();
        self.payload = Vec::new();
    }
}

#[cfg(not(feature = "deflate"))]
pub(super) enum Compression {}

#[cfg(not(feature = "deflate"))]
impl Compression {
    pub(super) fn is_for(&self, _: usize) -> bool {
        match *self {}
    }

    pub(super) fn restart(&mut self) {
        match *self {}
    }

    pub(super) fn compress(&mut self, _: &[u8], _: bool) -> &[u8] {
        match *self {}
    }

    pub(super) fn release(&mut self) {
        match *self {}
    }
}
