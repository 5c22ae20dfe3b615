//! The bytes around the data of a chunk, as small arrays for vectored writes.

use core::fmt;

/// A chunk-size line (RFC 9112 7.1): the size and CRLF, at most 18 bytes.
///
/// ```
/// use wirefeed::h1::chunked;
/// assert_eq!(chunked::chunk_header(4096).unwrap().as_ref(), b"1000\r\n");
/// ```
#[derive(Clone, Copy)]
pub struct ChunkHeader {
    bytes: [[u8; 8]; 3],
    len: u8,
}

/// The chunk-size line of a chunk of `size` bytes; `None` for 0, which would end the content.
#[inline]
pub const fn chunk_header(size: u64) -> Option<ChunkHeader> {
    if size == 0 {
        return None;
    }
    let len = 16 - size.leading_zeros() / 4;
    let first = size << (64 - 4 * len);
    let word = digits((first >> 32) as u32);
    if len <= 6 {
        // Add CR LF to the word of digits before storing it, so that a later load of one word reads both.
        let word = word & ((1 << (8 * len)) - 1) | 0x0a0d << (8 * len);
        return Some(ChunkHeader {
            bytes: [word.to_le_bytes(), [0; 8], [0; 8]],
            len: len as u8 + 2,
        });
    }
    let (len, last) = (len as usize, digits(first as u32));
    let mut bytes = [word.to_le_bytes(), last.to_le_bytes(), [0; 8]];
    bytes[len / 8][len % 8] = b'\r';
    bytes[(len + 1) / 8][(len + 1) % 8] = b'\n';
    Some(ChunkHeader { bytes, len: len as u8 + 2 })
}

#[cfg(feature = "alloc")]
impl ChunkHeader {
    #[inline]
    pub(in crate::h1) const fn len(&self) -> usize {
        self.len as usize
    }

    /// Appends the header. It writes whole words and truncates, which is cheaper than a copy of variable
    /// length.
    #[inline]
    pub(in crate::h1) fn put(&self, out: &mut bytes::BytesMut) {
        let end = out.len() + self.len();
        let [word, rest @ ..] = &self.bytes;
        out.extend_from_slice(word);
        if self.len() > word.len() {
            out.extend_from_slice(rest.as_flattened());
        }
        out.truncate(end);
    }
}

/// The eight hexadecimal digits of `number`, the first in the lowest byte. Spreads the half bytes over
/// eight bytes, then turns each into a digit.
const fn digits(number: u32) -> u64 {
    let mut x = number as u64;
    x = (x | x << 16) & 0x0000_ffff_0000_ffff;
    x = (x | x << 8) & 0x00ff_00ff_00ff_00ff;
    x = (x | x << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    let letters = ((x + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    (x + 0x3030_3030_3030_3030 + letters * 0x27).swap_bytes()
}

/// The CR LF after a chunk's data.
pub const TAIL: &[u8; 2] = b"\r\n";

/// The end of chunked content without trailers: the last chunk and an empty line.
pub const END: &[u8; 5] = b"0\r\n\r\n";

impl AsRef<[u8]> for ChunkHeader {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        &self.bytes.as_flattened()[..usize::from(self.len)]
    }
}

impl PartialEq for ChunkHeader {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl Eq for ChunkHeader {}

impl fmt::Debug for ChunkHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChunkHeader({:?})", core::str::from_utf8(self.as_ref()).unwrap_or_default())
    }
}
