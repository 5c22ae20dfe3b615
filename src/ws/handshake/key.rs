//! The key of a handshake and what proves that it was read (RFC 6455 4.2.2).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// The value of `Sec-WebSocket-Accept` that answers this `Sec-WebSocket-Key`: 28 bytes of base64.
///
/// ```
/// let accept = wirefeed::ws::handshake::accept(b"dGhlIHNhbXBsZSBub25jZQ==");
/// assert_eq!(&accept, b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
pub fn accept(key: &[u8]) -> [u8; 28] {
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    let mut accept = [0; 28];
    // 20 bytes make 28 characters: there is always room.
    let _ = STANDARD.encode_slice(digest, &mut accept);
    accept
}

/// The value of `Sec-WebSocket-Key` for a nonce: 24 bytes of base64.
pub(super) fn encode(nonce: [u8; 16]) -> [u8; 24] {
    let mut key = [0; 24];
    // 16 bytes make 24 characters: there is always room.
    let _ = STANDARD.encode_slice(nonce, &mut key);
    key
}

/// Whether a key is the base64 of 16 bytes (RFC 6455 4.2.1).
pub(super) fn is_key(key: &[u8]) -> bool {
    let mut nonce = [0; 18];
    key.len() == 24 && STANDARD.decode_slice(key, &mut nonce) == Ok(16)
}

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_sixteen_bytes() {
        assert!(is_key(&encode([7; 16])));
        assert!(is_key(b"dGhlIHNhbXBsZSBub25jZQ=="));
        for bad in [&b""[..], b"dGhlIHNhbXBsZSBub25jZQ", b"dGhlIHNhbXBsZSBub25jZQ=a"] {
            assert!(!is_key(bad));
        }
        // 18 bytes, and 16 with bits left over.
        assert!(!is_key(b"dGhlIHNhbXBsZSBub25jZWFh"));
        assert!(!is_key(b"dGhlIHNhbXBsZSBub25jZR=="));
    }
}
