//! Encoders that copy a chunk.

use bytes::BufMut;

use super::chunk_header::{ChunkHeader, END, TAIL, chunk_header};
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
/// [`ApiMisuse::EmptyChunk`] if `data` is empty, [`ApiMisuse::FieldName`] and [`ApiMisuse::FieldValue`]
/// for a malformed extension, [`SendError::Full`] if the chunk does not fit.
#[inline]
pub fn encode_chunk(
    data: &[u8],
    extensions: &[Parameter<'_>],
    out: &mut impl BufMut,
) -> Result<(), SendError> {
    let head = chunk_header(data.len() as u64).ok_or(ApiMisuse::EmptyChunk)?;
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
    head: &ChunkHeader,
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

/// Writes the last chunk, the trailers (`&()` if there are none) and the empty line.
///
/// # Errors
///
/// [`ApiMisuse::FieldName`] and [`ApiMisuse::FieldValue`] for a malformed trailer,
/// [`SendError::Full`] if they do not fit.
pub fn encode_end(
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
