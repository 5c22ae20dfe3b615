//! Chunks out: heads as small arrays for vectored writes, whole chunks for copying ones.

use core::fmt;

/// What goes before a chunk's data: its size and CRLF, at most 18 bytes.
///
/// ```
/// use wirefeed::h1::chunked;
/// assert_eq!(chunked::head(4096).unwrap().as_ref(), b"1000\r\n");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChunkHead {
    bytes: [u8; 18],
    from: u8,
}

/// The head of a chunk of `size` bytes; none for 0, which would end the body.
#[inline]
pub const fn head(size: u64) -> Option<ChunkHead> {
    if size == 0 {
        return None;
    }
    let mut bytes = [0; 18];
    bytes[16] = b'\r';
    bytes[17] = b'\n';
    let (mut from, mut left) = (16, size);
    while left > 0 {
        from -= 1;
        bytes[from] = b"0123456789abcdef"[(left & 15) as usize];
        left >>= 4;
    }
    Some(ChunkHead { bytes, from: from as u8 })
}

/// What goes after a chunk's data.
pub const TAIL: &[u8; 2] = b"\r\n";

/// What ends a body without trailers: the last chunk and an empty line.
pub const END: &[u8; 5] = b"0\r\n\r\n";

impl AsRef<[u8]> for ChunkHead {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[usize::from(self.from)..]
    }
}

impl fmt::Debug for ChunkHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChunkHead({:?})", core::str::from_utf8(self.as_ref()).unwrap_or_default())
    }
}

#[cfg(feature = "alloc")]
mod whole {
    use bytes::BufMut;

    use super::{END, TAIL, head};
    use crate::grammar::Parameter;
    use crate::{ApiMisuse, Fields, SendError, fields, scan};

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
        let (size, _) = head.as_ref().split_at(head.as_ref().len() - 2);
        let extra = check(extensions)?;
        if out.remaining_mut() < head.as_ref().len() + extra + data.len() + TAIL.len() {
            return Err(SendError::Full);
        }
        if extensions.is_empty() {
            out.put_slice(head.as_ref());
        } else {
            out.put_slice(size);
            put(extensions, out);
            out.put_slice(b"\r\n");
        }
        out.put_slice(data);
        out.put_slice(TAIL);
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
