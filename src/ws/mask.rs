//! The XOR kernel (RFC 6455 5.3); the only home of `pulp`.

/// Masks or unmasks `bytes` in place; `key` is the one for the first of them.
///
/// ```
/// let mut bytes = *b"Hello";
/// wirefeed::ws::mask(&mut bytes, [0x37, 0xfa, 0x21, 0x3d]);
/// assert_eq!(bytes, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
/// ```
#[inline]
pub fn mask(bytes: &mut [u8], key: [u8; 4]) {
    #[cfg(feature = "std")]
    if bytes.len() >= WIDE {
        return pulp::Arch::new().dispatch(Xor(bytes, key));
    }
    words(bytes, key);
}

/// The key for the byte `len` bytes further on.
#[inline]
pub(crate) const fn rotate(key: [u8; 4], len: usize) -> [u8; 4] {
    // The first byte of the key stays in front on either kind of machine.
    u32::from_be_bytes(key).rotate_left(8 * (len as u32 & 3)).to_be_bytes()
}

#[inline(always)]
fn words(bytes: &mut [u8], key: [u8; 4]) {
    let word = u32::from_ne_bytes(key);
    let mut chunks = bytes.chunks_exact_mut(4);
    for chunk in &mut chunks {
        let masked = u32::from_ne_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]) ^ word;
        chunk.copy_from_slice(&masked.to_ne_bytes());
    }
    for (byte, key) in chunks.into_remainder().iter_mut().zip(key) {
        *byte ^= key;
    }
}

#[cfg(feature = "std")]
struct Xor<'a>(&'a mut [u8], [u8; 4]);

#[cfg(feature = "std")]
impl pulp::WithSimd for Xor<'_> {
    type Output = ();

    // The loop of `words`, compiled once more for every width that a processor may have.
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        words(self.0, self.1);
    }
}

/// From here on a wider vector pays for choosing it.
#[cfg(feature = "std")]
const WIDE: usize = 256;

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn every_length_and_every_cut() {
        let key = [1, 20, 100, 255];
        for len in (0..70).chain([255, 256, 257, 1000, 1023]) {
            let plain: Vec<u8> = (0..len).map(|i| (i * 7) as u8).collect();
            let masked: Vec<u8> =
                plain.iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k).collect();
            for cut in 0..=len.min(9) {
                let mut bytes = plain.clone();
                let (head, tail) = bytes.split_at_mut(cut);
                mask(head, key);
                mask(tail, rotate(key, cut));
                assert_eq!(bytes, masked, "{len} cut at {cut}");
            }
        }
    }
}
