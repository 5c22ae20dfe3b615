//! Random bytes, supplied by the caller.

/// A source of random bytes for mask keys, nonces and jitter.
///
/// wirefeed has no random number generator. A WebSocket client needs a cryptographic source: an
/// application that supplies payloads must not be able to predict the mask keys (RFC 6455 10.3). Any
/// closure that fills a slice is a source:
///
/// ```
/// use wirefeed::Entropy;
///
/// let mut state = 1u8; // for a test; a client uses the random bytes of its operating system
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
