//! Randomness from the caller's source.

/// Random bytes for mask keys, nonces and jitter.
///
/// wirefeed has no source of its own. Mask keys must not be predictable by whoever chooses the
/// payloads (RFC 6455 10.3): on a client give it a cryptographic source. Any closure will do:
///
/// ```
/// use wirefeed::Entropy;
///
/// let mut state = 1u8; // a test's source; a client asks its operating system
/// let mut source = |bytes: &mut [u8]| bytes.fill_with(|| { state = state.wrapping_mul(5) + 1; state });
/// assert_ne!(source.mask_key(), source.mask_key());
/// ```
pub trait Entropy {
    /// Fills `bytes` with random bytes.
    fn fill(&mut self, bytes: &mut [u8]);

    /// A key for one masked WebSocket frame (RFC 6455 5.3).
    fn mask_key(&mut self) -> [u8; 4] {
        let mut key = [0; 4];
        self.fill(&mut key);
        key
    }

    /// The nonce of one WebSocket handshake (RFC 6455 4.1).
    fn nonce(&mut self) -> [u8; 16] {
        let mut nonce = [0; 16];
        self.fill(&mut nonce);
        nonce
    }
}

impl<F: FnMut(&mut [u8])> Entropy for F {
    fn fill(&mut self, bytes: &mut [u8]) {
        self(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_nonces_come_from_the_source() {
        let mut source = |bytes: &mut [u8]| bytes.fill(7);
        assert_eq!(source.mask_key(), [7; 4]);
        assert_eq!(source.nonce(), [7; 16]);
    }
}
