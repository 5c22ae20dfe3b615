//! What is kept of a token that the end of an input slice cut.

use alloc::vec::Vec;

/// The first part of a token whose rest has not arrived. Its owner counts before it stores.
#[derive(Default)]
pub(crate) struct Buffer(Vec<u8>);

impl Buffer {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Moves the first `n` bytes of `input` here; at most `limit` bytes will ever be held.
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

    /// Gives back all memory, unless something is held.
    pub(crate) fn release(&mut self) {
        if self.0.is_empty() {
            self.0 = Vec::new();
        }
    }
}

impl core::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Buffer({} bytes)", self.0.len())
    }
}

/// Makes room for `more` bytes: in doubling steps with what has arrived, never past `limit`.
pub(crate) fn reserve(bytes: &mut Vec<u8>, more: usize, limit: usize) {
    bytes.reserve_exact(step(bytes.len(), bytes.capacity(), more, limit));
}

/// The additional room to ask for: none where `more` fits, else enough to double, within `limit`.
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
    fn grows_with_what_has_arrived_and_no_further_than_the_limit() {
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
    fn a_buffer_of_any_size_is_given_back() {
        for len in [1, 10_000] {
            let mut carry = Buffer::new();
            carry.take(&mut &vec![0; len][..], len, usize::MAX);
            carry.clear();
            carry.release();
            assert_eq!(carry.0.capacity(), 0);
        }
    }
}
