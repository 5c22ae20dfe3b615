//! A decoded head.

use crate::kernel::debug::debug;
use core::fmt;

use super::parser::Span;
use super::start_line::{REASON, RequestLine, StartLine, StatusLine};
use crate::Fields;
use crate::h1::Version;
use crate::kernel::fields::Field;
use crate::kernel::grammar::Target;

/// A request's head.
pub type Request<'m> = Head<'m, RequestLine>;
/// A response's head.
pub type Response<'m> = Head<'m, StatusLine>;

/// A head: its start line and its fields, as offsets into its bytes.
#[derive(Clone, Copy)]
pub struct Head<'m, L> {
    bytes: &'m [u8],
    spans: &'m [Span],
    at: u64,
    line: L,
}

impl<'m, L: StartLine> Head<'m, L> {
    pub(super) const fn new(bytes: &'m [u8], spans: &'m [Span], at: u64, line: L) -> Self {
        Self { bytes, spans, at, line }
    }

    /// The version.
    pub fn version(&self) -> Version {
        self.line.version()
    }

    /// The bytes of the head, including its empty line. Joined folds are replaced by blanks.
    pub const fn as_bytes(&self) -> &'m [u8] {
        self.bytes
    }

    /// The number of fields.
    pub const fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are no fields.
    pub const fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The fields whose name length is in `lengths` (bit *n* for *n* bytes): a cheap filter before a search
    /// for a few names.
    pub(crate) fn fields_with_name_length(
        &self,
        lengths: u32,
    ) -> impl Iterator<Item = (&'m [u8], &'m [u8])> {
        let (bytes, spans) = (self.bytes, self.spans);
        let wanted = move |span: &&Span| {
            let len = span.name.1 - span.name.0;
            lengths.checked_shr(len).is_some_and(|lengths| lengths & 1 != 0)
        };
        spans.iter().filter(wanted).map(|span| (span.name(bytes), span.value(bytes)))
    }

    /// The offset of `part`, a slice of this head.
    pub(crate) fn offset_of(&self, part: &[u8]) -> u64 {
        self.at + offset(self.bytes, part) as u64
    }
}

impl Request<'_> {
    /// The method (RFC 9110 9.1), a case-sensitive token.
    pub fn method(&self) -> &str {
        text(self.raw_method())
    }

    pub(crate) fn raw_method(&self) -> &[u8] {
        &self.bytes[..self.line.method]
    }

    pub(crate) fn raw_target(&self) -> &[u8] {
        &self.bytes[self.line.method + 1..self.line.target]
    }

    /// The request target (RFC 9112 3.2), as sent.
    pub fn target(&self) -> &str {
        text(self.raw_target())
    }

    /// The request target, split into its form, authority, path and query.
    ///
    /// ```
    /// use wirefeed::{Step, grammar::TargetForm, h1::head};
    ///
    /// let mut heads = head::RequestDecoder::new();
    /// let mut input: &[u8] = b"GET http://a.example/b?c HTTP/1.1\r\nHost: proxy.example\r\n\r\n";
    /// let Step::Item(request) = heads.decode(&mut input)? else { unreachable!("the head is complete") };
    /// let target = request.target_parts();
    /// assert_eq!(target.form, TargetForm::Absolute);
    /// assert_eq!((target.path, target.query), ("/b", Some("c")));
    /// assert_eq!(request.authority(), "a.example");
    /// # Ok::<(), wirefeed::h1::Error>(())
    /// ```
    pub fn target_parts(&self) -> Target<'_> {
        // The decoder has checked the target.
        Target::parse(self.method(), self.target()).unwrap_or(Target::NONE)
    }

    /// The authority of the request (RFC 9112 3.3): that of the target if it has one, else the value of
    /// `Host`; empty if there is neither.
    pub fn authority(&self) -> &str {
        match self.target_parts().authority {
            Some(authority) => authority,
            None => self.value_of("host").map_or("", text),
        }
    }
}

impl Response<'_> {
    /// The status code (RFC 9110 15), from 100 to 999.
    pub const fn status(&self) -> u16 {
        self.line.status
    }

    /// The reason phrase. It has no meaning, and is not necessarily UTF-8.
    pub fn reason(&self) -> &[u8] {
        self.bytes.get(REASON..self.line.end).unwrap_or_default()
    }
}

impl<L> Fields for Head<'_, L> {
    fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.spans
            .iter()
            .map(|span| Field { name: text(span.name(self.bytes)), value: span.value(self.bytes) })
    }

    #[inline]
    fn raw_fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.spans.iter().map(|span| (span.name(self.bytes), span.value(self.bytes)))
    }

    fn values_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.spans
            .iter()
            .filter(|span| span.name(self.bytes).eq_ignore_ascii_case(name.as_bytes()))
            .map(|span| span.value(self.bytes))
    }
}

debug!([L: fmt::Debug] Head<'_, L>, self => Head { line: self.line, fields: self.spans.len() });

/// The offset of `part`, a slice of `whole`, in `whole`.
fn offset(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr() - whole.as_ptr().addr()
}

/// Converts ASCII to text.
fn text(ascii: &[u8]) -> &str {
    core::str::from_utf8(ascii).unwrap_or_default()
}
