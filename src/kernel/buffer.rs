//! A buffer for the part of a token that arrived before the end of the input.

use crate::kernel::debug::debug;
use alloc::vec::Vec;

/// The first part of a token whose rest has not arrived. The owner checks its limit before it stores.
#[derive(Default)]
pub(crate) struct Buffer(Vec<u8>);

impl Buffer {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Moves the first `n` bytes of `input` into the buffer. The owner never holds more than `limit`
    /// bytes, so the capacity does not grow beyond that.
    pub(crate) fn take(&mut self, input: &mut &[u8], n: usize, limit: usize) {
        let (taken, rest) = input.split_at(n);
        reserve(&mut self.0, n, limit);
        self.0.extend_from_slice(taken);
        *input = rest;
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Frees the memory, unless the buffer holds bytes.
    pub(crate) fn release(&mut self) {
        if self.0.is_empty() {
            self.0 = Vec::new();
        }
    }
}

debug!([] Buffer, self, f => write!(f, "Buffer({} bytes)", self.0.len()));

/// Reserves room for `more` bytes. The capacity doubles with the bytes that have arrived, up to `limit`.
pub(crate) fn reserve(bytes: &mut Vec<u8>, more: usize, limit: usize) {
    bytes.reserve_exact(step(bytes.len(), bytes.capacity(), more, limit));
}

/// The additional room to reserve: 0 if `more` bytes fit, else enough to double the capacity within
/// `limit`.
pub(crate) fn step(len: usize, capacity: usize, more: usize, limit: usize) -> usize {
    if capacity - len >= more {
        return 0;
    }
    let doubled = capacity.saturating_mul(2).min(limit);
    doubled.max(len + more) - len
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn capacity_grows_with_the_bytes_received_up_to_the_limit() {
        let mut carry = Buffer::new();
        for _ in 0..1000 {
            carry.take(&mut &b"x"[..], 1, 1000);
            assert!(carry.0.capacity() <= 1000.min(2 * carry.len()));
        }
        assert_eq!(carry.len(), 1000);
        carry.release();
        assert_eq!(carry.len(), 1000);
        carry.clear();
        assert_eq!(carry.len(), 0);
    }

    #[test]
    fn release_frees_a_buffer_of_any_size() {
        for len in [1, 10_000] {
            let mut carry = Buffer::new();
            carry.take(&mut &vec![0; len][..], len, usize::MAX);
            carry.clear();
            carry.release();
            assert_eq!(carry.0.capacity(), 0);
        }
    }
}
