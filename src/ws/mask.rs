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

/// Masks `source` into `target`, which is of the same length.
#[cfg(feature = "alloc")]
#[inline]
pub(crate) fn mask_into(target: &mut [u8], source: &[u8], key: [u8; 4]) {
    #[cfg(feature = "std")]
    if source.len() >= WIDE {
        return pulp::Arch::new().dispatch(XorInto(target, source, key));
    }
    words_into(target, source, key);
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

#[cfg(feature = "alloc")]
#[inline(always)]
fn words_into(target: &mut [u8], source: &[u8], key: [u8; 4]) {
    let keys = [key; 16];
    let keys = keys.as_flattened();
    let (mut targets, mut sources) =
        (target.chunks_exact_mut(keys.len()), source.chunks_exact(keys.len()));
    for (target, source) in (&mut targets).zip(&mut sources) {
        xor_into(target, source, keys);
    }
    xor_into(targets.into_remainder(), sources.remainder(), keys);
}

#[cfg(feature = "alloc")]
#[inline(always)]
fn xor_into(target: &mut [u8], source: &[u8], keys: &[u8]) {
    for ((target, source), key) in target.iter_mut().zip(source).zip(keys) {
        *target = source ^ key;
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

#[cfg(feature = "std")]
struct XorInto<'a>(&'a mut [u8], &'a [u8], [u8; 4]);

#[cfg(feature = "std")]
impl pulp::WithSimd for XorInto<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        words_into(self.0, self.1, self.2);
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
                let mut bytes = masked.clone();
                mask_into(&mut bytes[..cut], &plain[..cut], key);
                mask_into(&mut bytes[cut..], &plain[cut..], rotate(key, cut));
                assert_eq!(bytes, masked, "{len} cut at {cut}");
                bytes.copy_from_slice(&plain);
                let (head, tail) = bytes.split_at_mut(cut);
                mask(head, key);
                mask(tail, rotate(key, cut));
                assert_eq!(bytes, masked, "{len} cut at {cut}");
            }
        }
    }
}
