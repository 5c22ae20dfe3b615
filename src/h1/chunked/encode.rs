//! Chunks out: heads as small arrays for vectored writes, whole chunks for copying ones.

use core::fmt;

/// What goes before a chunk's data: its size and CRLF, at most 18 bytes.
///
/// ```
/// use wirefeed::h1::chunked;
/// assert_eq!(chunked::head(4096).unwrap().as_ref(), b"1000\r\n");
/// ```
#[derive(Clone, Copy)]
pub struct ChunkHead {
    bytes: [[u8; 8]; 3],
    len: u8,
}

/// The head of a chunk of `size` bytes; none for 0, which would end the body.
#[inline]
pub const fn head(size: u64) -> Option<ChunkHead> {
    if size == 0 {
        return None;
    }
    let len = 16 - size.leading_zeros() / 4;
    let first = size << (64 - 4 * len);
    let word = digits((first >> 32) as u32);
    if len <= 6 {
        // The line end joins the digits before they are stored, so that one load finds both.
        let word = word & ((1 << (8 * len)) - 1) | 0x0a0d << (8 * len);
        return Some(ChunkHead { bytes: [word.to_le_bytes(), [0; 8], [0; 8]], len: len as u8 + 2 });
    }
    let (len, last) = (len as usize, digits(first as u32));
    let mut bytes = [word.to_le_bytes(), last.to_le_bytes(), [0; 8]];
    bytes[len / 8][len % 8] = b'\r';
    bytes[(len + 1) / 8][(len + 1) % 8] = b'\n';
    Some(ChunkHead { bytes, len: len as u8 + 2 })
}

#[cfg(feature = "alloc")]
impl ChunkHead {
    #[inline]
    pub(in crate::h1) const fn len(&self) -> usize {
        self.len as usize
    }

    /// Appends the head, by a store of a word where one holds it, which is cheaper than a copy of a
    /// length that is not known beforehand.
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

/// Eight hexadecimal digits at once, the first of them lowest: each half byte in a byte of its own, then
/// made a digit.
const fn digits(number: u32) -> u64 {
    let mut x = number as u64;
    x = (x | x << 16) & 0x0000_ffff_0000_ffff;
    x = (x | x << 8) & 0x00ff_00ff_00ff_00ff;
    x = (x | x << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    let letters = ((x + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    (x + 0x3030_3030_3030_3030 + letters * 0x27).swap_bytes()
}

/// What goes after a chunk's data.
pub const TAIL: &[u8; 2] = b"\r\n";

/// What ends a body without trailers: the last chunk and an empty line.
pub const END: &[u8; 5] = b"0\r\n\r\n";

impl AsRef<[u8]> for ChunkHead {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        &self.bytes.as_flattened()[..usize::from(self.len)]
    }
}

impl PartialEq for ChunkHead {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl Eq for ChunkHead {}

impl fmt::Debug for ChunkHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChunkHead({:?})", core::str::from_utf8(self.as_ref()).unwrap_or_default())
    }
}

#[cfg(feature = "alloc")]
mod whole {
    use bytes::BufMut;

    use super::{ChunkHead, END, TAIL, head};
    use crate::kernel::grammar::Parameter;
    use crate::kernel::{fields, scan};
    use crate::{ApiMisuse, Fields, SendError};

    /// Writes a chunk of `data`.
    ///
    /// ```
    /// let mut out = Vec::new();
    /// wirefeed::h1::chunked::encode_chunk(b"hello", &[], &mut out)?;
    /// assert_eq!(out, b"5\r\nhello\r\n");
    /// # Ok::<(), wirefeed::SendError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::EmptyChunk`] where there is no data, [`ApiMisuse::FieldName`] and
    /// [`ApiMisuse::FieldValue`] for a malformed extension, [`SendError::Full`] where it does not
    /// fit.
    #[inline]
    pub fn encode_chunk(
        data: &[u8],
        extensions: &[Parameter<'_>],
        out: &mut impl BufMut,
    ) -> Result<(), SendError> {
        let head = head(data.len() as u64).ok_or(ApiMisuse::EmptyChunk)?;
        if !extensions.is_empty() {
            return with_extensions(&head, data, extensions, out);
        }
        let head = head.as_ref();
        if out.remaining_mut() < head.len() + data.len() + TAIL.len() {
            return Err(SendError::Full);
        }
        for part in [head, data, TAIL] {
            out.put_slice(part);
        }
        Ok(())
    }

    fn with_extensions(
        head: &ChunkHead,
        data: &[u8],
        extensions: &[Parameter<'_>],
        out: &mut impl BufMut,
    ) -> Result<(), SendError> {
        let (size, line_end) = head.as_ref().split_at(head.as_ref().len() - 2);
        let extra = check(extensions)?;
        if out.remaining_mut() < head.as_ref().len() + extra + data.len() + TAIL.len() {
            return Err(SendError::Full);
        }
        out.put_slice(size);
        put(extensions, out);
        for part in [line_end, data, TAIL] {
            out.put_slice(part);
        }
        Ok(())
    }

    /// Writes the end of a body without trailers.
    ///
    /// # Errors
    ///
    /// [`SendError::Full`] where it does not fit.
    pub fn encode_end(out: &mut impl BufMut) -> Result<(), SendError> {
        encode_end_with(&(), out)
    }

    /// Writes the end of a body and its trailers.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::FieldName`] and [`ApiMisuse::FieldValue`] for a malformed trailer,
    /// [`SendError::Full`] where it does not fit.
    pub fn encode_end_with(
        trailers: &(impl Fields + ?Sized),
        out: &mut impl BufMut,
    ) -> Result<(), SendError> {
        let mut len = END.len();
        for field in trailers.fields() {
            fields::check(field.name, field.value)?;
            len += fields::encoded_len(field.name, field.value);
        }
        if out.remaining_mut() < len {
            return Err(SendError::Full);
        }
        let (last_chunk, empty_line) = END.split_at(3);
        out.put_slice(last_chunk);
        for field in trailers.fields() {
            fields::put(field.name, field.value, out);
        }
        out.put_slice(empty_line);
        Ok(())
    }

    /// Checks extensions and adds up their length.
    fn check(extensions: &[Parameter<'_>]) -> Result<usize, ApiMisuse> {
        let mut len = 0;
        for Parameter { name, value } in extensions {
            if name.is_empty() || !name.iter().copied().all(scan::is_token) {
                return Err(ApiMisuse::FieldName);
            }
            len += 1 + name.len();
            if let Some(value) = value {
                if !value.is_well_formed() {
                    return Err(ApiMisuse::FieldValue);
                }
                len += 1 + value.encoded_len();
            }
        }
        Ok(len)
    }

    fn put(extensions: &[Parameter<'_>], out: &mut impl BufMut) {
        for Parameter { name, value } in extensions {
            out.put_slice(b";");
            out.put_slice(name);
            if let Some(value) = value {
                out.put_slice(b"=");
                value.put(out);
            }
        }
    }
}

#[cfg(feature = "alloc")]
pub use whole::{encode_chunk, encode_end, encode_end_with};
