//! `Sec-WebSocket-Key` and `Sec-WebSocket-Accept` (RFC 6455 4.2.2).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// Computes the value of `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`: 28 bytes of base64.
///
/// ```
/// let accept = wirefeed::ws::handshake::accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
/// assert_eq!(&accept, b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
pub fn accept_key(key: &[u8]) -> [u8; 28] {
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    let mut accept = [0; 28];
    // Cannot fail: 20 bytes make 28 characters.
    let _ = STANDARD.encode_slice(digest, &mut accept);
    accept
}

/// The value of `Sec-WebSocket-Key` for a nonce: 24 bytes of base64.
pub(super) fn encode(nonce: [u8; 16]) -> [u8; 24] {
    let mut key = [0; 24];
    // Cannot fail: 16 bytes make 24 characters.
    let _ = STANDARD.encode_slice(nonce, &mut key);
    key
}

/// Whether a key is the base64 of 16 bytes (RFC 6455 4.2.1 item 5): 22 characters, the last of which
/// carries two bits, and the padding.
pub(super) fn is_key(key: &[u8]) -> bool {
    let Some((digits, b"==")) = key.split_first_chunk::<22>() else { return false };
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() | (*byte == b'+') | (*byte == b'/');
    digits.iter().fold(true, |all, byte| all & is_digit(byte))
        && matches!(digits[21], b'A' | b'Q' | b'g' | b'w')
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
        // 18 bytes; 16 bytes with stray bits.
        assert!(!is_key(b"dGhlIHNhbXBsZSBub25jZWFh"));
        assert!(!is_key(b"dGhlIHNhbXBsZSBub25jZR=="));
    }

    #[test]
    fn a_key_is_valid_if_and_only_if_it_decodes_to_sixteen_bytes() {
        let decodes = |key: &[u8]| STANDARD.decode_slice(key, &mut [0; 18]) == Ok(16);
        for (at, byte) in (0..24).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
            let mut key = *b"dGhlIHNhbXBsZSBub25jZQ==";
            key[at] = byte;
            assert_eq!(is_key(&key), decodes(&key), "{}", key.escape_ascii());
        }
    }
}
