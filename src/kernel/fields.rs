//! HTTP fields: look them up in any container, and write field lines.
//!
//! - [`Fields`] is the trait for everything that holds fields: a decoded head, trailers, a slice of
//!   pairs, an `http::HeaderMap`.
//! - [`Lines`] reads the field lines of trailers.
//! - [`encode`] writes one field line.
//!
//! ```
//! use wirefeed::{Fields, fields::{self, Lines}};
//!
//! let mut out = Vec::new();
//! fields::encode("ETag", b"\"a\"", &mut out)?;
//! assert_eq!(Lines(&out).value_of("etag"), Some(&b"\"a\""[..]));
//! # Ok::<(), wirefeed::SendError>(())
//! ```

use crate::kernel::debug::debug;
use crate::kernel::scan;

/// A field line: the name as sent, and the value without surrounding SP and HTAB.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name, a token (RFC 9110 5.1). Names are case-insensitive.
    pub name: &'a str,
    /// The value (RFC 9110 5.5): without CR, LF and NUL, and not necessarily UTF-8.
    pub value: &'a [u8],
}

// Prints only the length of the value, which may be a cookie or a credential.
debug!([] Field<'_>, self => Field { name: self.name, value: self.value.len() });

/// Anything that holds fields: a decoded head, trailers, a slice of pairs, an `http::HeaderMap`.
///
/// ```
/// use wirefeed::Fields;
///
/// let fields = [("Accept", "text/html"), ("accept", "text/plain")];
/// assert_eq!(fields.value_of("ACCEPT"), Some(&b"text/html"[..]));
/// assert_eq!(fields.values_of("accept").count(), 2);
/// ```
pub trait Fields {
    /// All fields, in order. Every call must return the same fields.
    fn fields(&self) -> impl Iterator<Item = Field<'_>>;

    /// All fields, in order, as bytes: for one pass that looks for many names without converting each
    /// name to `str`.
    #[inline]
    fn raw_fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields().map(|field| (field.name.as_bytes(), field.value))
    }

    /// The values of all fields with this name, in order. The comparison ignores case.
    fn values_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields()
            .filter(move |field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value)
    }

    /// The value of the first field with this name.
    fn value_of<'a>(&'a self, name: &'a str) -> Option<&'a [u8]> {
        self.values_of(name).next()
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> Fields for [(N, V)] {
    fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.iter().map(|(name, value)| Field { name: name.as_ref(), value: value.as_ref() })
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>, const LEN: usize> Fields for [(N, V); LEN] {
    fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.as_slice().fields()
    }
}

/// No fields.
impl Fields for () {
    fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        core::iter::empty()
    }
}

#[cfg(feature = "http")]
impl Fields for http::HeaderMap {
    fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.iter().map(|(name, value)| Field { name: name.as_str(), value: value.as_bytes() })
    }
}

/// Field lines in wire form, each with its CRLF: the trailers that a
/// [`chunked::Decoder`](crate::h1::chunked::Decoder) has checked and yielded, joined.
///
/// It skips lines without a colon, which no decoder of this crate yields.
///
/// ```
/// use wirefeed::{Fields, fields::Lines};
///
/// let trailers = Lines(b"Digest: abc\r\nExpires: 0 \r\n");
/// assert_eq!(trailers.value_of("expires"), Some(&b"0"[..]));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Lines<'a>(pub &'a [u8]);

debug!([] Lines<'_>, self, f => write!(f, "Lines({} bytes)", self.0.len()));

impl Fields for Lines<'_> {
    fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            while !rest.is_empty() {
                let end = scan::find(b'\n', rest).map_or(rest.len(), |lf| lf + 1);
                let (line, tail) = rest.split_at(end);
                rest = tail;
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                let Some(colon) = scan::find(b':', line) else { continue };
                let Ok(name) = core::str::from_utf8(&line[..colon]) else { continue };
                return Some(Field { name, value: scan::trim_blanks(&line[colon + 1..]) });
            }
            None
        })
    }
}

/// Checks the name and the value, and writes one field line: `name: value CRLF`.
///
/// ```
/// let mut out = Vec::new();
/// wirefeed::fields::encode("Host", b"example.com", &mut out)?;
/// assert_eq!(out, b"Host: example.com\r\n");
/// assert!(wirefeed::fields::encode("X", b"a\r\nSet-Cookie: b", &mut out).is_err());
/// # Ok::<(), wirefeed::SendError>(())
/// ```
///
/// # Errors
///
/// [`ApiMisuse::FieldName`](crate::ApiMisuse::FieldName) for a name that is not a token,
/// [`ApiMisuse::FieldValue`](crate::ApiMisuse::FieldValue) for a value with control bytes, which could
/// inject a line, [`SendError::Full`](crate::SendError::Full) if the line does not fit.
#[cfg(feature = "alloc")]
pub fn encode(
    name: &str,
    value: &[u8],
    out: &mut impl bytes::BufMut,
) -> Result<(), crate::kernel::error::SendError> {
    check(name, value)?;
    if out.remaining_mut() < encoded_len(name, value) {
        return Err(crate::kernel::error::SendError::Full);
    }
    put(name, value, out);
    Ok(())
}

/// Joins folded lines in place: replaces each byte of a fold, `OWS CRLF RWS`, by SP (RFC 9112 5.2).
///
/// Only a value can be folded. So it leaves leading blanks of `lines`, blanks after a line without a
/// colon, and blanks after a line end other than CR LF.
#[cfg(feature = "alloc")]
pub(crate) fn unfold(lines: &mut [u8]) {
    let (mut from, mut in_value) = (0, false);
    while let Some(lf) = scan::find(b'\n', &lines[from..]).map(|lf| from + lf) {
        let line = from;
        in_value |= scan::find(b':', &lines[line..lf]).is_some();
        from = lf + 1;
        in_value &= lines.get(from).is_some_and(|byte| scan::is_blank(*byte));
        if in_value && lines[line..lf].ends_with(b"\r") {
            let is_blank = |byte: &&mut u8| scan::is_blank(**byte);
            let (before, after) = lines.split_at_mut(lf - 1);
            // Not beyond the start of this line: scanning joined lines again would be quadratic.
            before[line..].iter_mut().rev().take_while(is_blank).for_each(|byte| *byte = b' ');
            after[..2].fill(b' ');
            after[2..].iter_mut().take_while(is_blank).for_each(|byte| *byte = b' ');
        }
    }
}

/// Checks that the name is a token and the value has no control bytes but HTAB (RFC 9110 5.1, 5.5).
#[cfg(feature = "alloc")]
pub(crate) fn check(name: &str, value: &[u8]) -> Result<(), crate::kernel::error::ApiMisuse> {
    if name.is_empty() || !scan::are_token(name.as_bytes()) {
        return Err(crate::kernel::error::ApiMisuse::FieldName);
    }
    if !scan::are_field_value(value) {
        return Err(crate::kernel::error::ApiMisuse::FieldValue);
    }
    Ok(())
}

/// The length of a field line in bytes.
#[cfg(feature = "alloc")]
pub(crate) const fn encoded_len(name: &str, value: &[u8]) -> usize {
    name.len() + 2 + value.len() + 2
}

/// Writes a field line without checking it.
#[cfg(feature = "alloc")]
pub(crate) fn put(name: &str, value: &[u8], out: &mut impl bytes::BufMut) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        out.put_slice(part);
    }
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use crate::kernel::{error::ApiMisuse, error::SendError};
    use alloc::vec::Vec;

    #[test]
    fn invalid_names_and_values_are_refused() {
        let mut out = Vec::new();
        for name in ["", "a b", "a:", "a\r\nb", "\u{e9}"] {
            let refused = encode(name, b"", &mut out);
            assert_eq!(refused, Err(SendError::Misuse(ApiMisuse::FieldName)), "{name:?}");
        }
        for value in [&b"a\nb"[..], b"a\rb", b"\0", b"\x7f"] {
            let refused = encode("a", value, &mut out);
            assert_eq!(refused, Err(SendError::Misuse(ApiMisuse::FieldValue)), "{value:?}");
        }
        assert!(out.is_empty());
    }

    #[test]
    fn a_full_output_takes_nothing() {
        let mut room = [0; 8];
        let mut out = &mut room[..];
        assert_eq!(encode("abcd", b"e", &mut out), Err(SendError::Full));
        assert_eq!(out.len(), 8);
    }

    #[test]
    fn lines_are_read_back() {
        let mut out = Vec::new();
        encode("A", b" b\t", &mut out).unwrap();
        encode("C", b"", &mut out).unwrap();
        let lines = Lines(&out);
        let fields: Vec<_> = lines.fields().collect();
        assert_eq!(fields, [Field { name: "A", value: b"b" }, Field { name: "C", value: b"" }]);
        assert_eq!(Lines(b"junk\r\nA:1").fields().count(), 1);
    }

    #[test]
    fn only_values_are_unfolded() {
        for (folded, lines) in [
            ("A: b\r\n c\r\n", "A: b   c\r\n"),
            ("A:\r\n\tb \t\r\n c\r\nD:\r\n", "A:   b     c\r\nD:\r\n"),
            // Not between a name and its colon, and not before the first field line.
            ("A\r\n : b\r\n", "A\r\n : b\r\n"),
            (" A: b\r\n", " A: b\r\n"),
            ("A: b\n c\r\n", "A: b\n c\r\n"),
            ("A: b\r\nC\r\n d\r\n", "A: b\r\nC\r\n d\r\n"),
        ] {
            let mut bytes = Vec::from(folded);
            unfold(&mut bytes);
            assert_eq!(bytes, lines.as_bytes(), "{folded:?}");
        }
    }

    #[cfg(feature = "http")]
    #[test]
    fn a_header_map_holds_fields() {
        let mut map = http::HeaderMap::new();
        map.append("accept", http::HeaderValue::from_static("a"));
        map.append("accept", http::HeaderValue::from_static("b"));
        assert_eq!(map.values_of("Accept").collect::<Vec<_>>(), [b"a", b"b"]);
    }
}
