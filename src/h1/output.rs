//! The output of a connection: heads, checked as strictly as received ones, and content within its framing.

use bytes::{Buf as _, Bytes, BytesMut};

use crate::h1::connection_fields::ConnectionFields;
use crate::h1::{Config, Framing, chunked, trailers};
use crate::kernel::deadline::WriteDeadline;
use crate::kernel::fields::{self, Field};
use crate::kernel::scan;
use crate::{ApiMisuse, Fields, Instant, Outbox, SendError};

/// The pending output, and the content that may still be sent.
#[derive(Debug)]
#[expect(unnameable_types, reason = "a part of the sealed trait")]
pub struct Output {
    pub(super) outbox: Outbox,
    content: Content,
    write: WriteDeadline,
    pause_reading_above: Option<usize>,
}

/// The content that may still be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// This many bytes.
    Length(u64),
    Chunked,
    UntilClose,
    /// Any content, which is dropped: a response to HEAD has none.
    Dropped,
}

impl From<Framing> for Content {
    fn from(framing: Framing) -> Self {
        match framing {
            Framing::None => Self::Length(0),
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::Chunked,
            Framing::UntilClose => Self::UntilClose,
        }
    }
}

/// The result of checking fields.
pub(super) struct Checked<'a> {
    pub(super) connection: ConnectionFields<'a>,
    /// The length of the field lines in bytes.
    len: usize,
}

impl<'a> Checked<'a> {
    /// Checks each field, and collects those that govern the connection.
    #[inline]
    pub(super) fn new(fields: &'a (impl Fields + ?Sized)) -> Result<Self, ApiMisuse> {
        let (mut connection, mut len) = (ConnectionFields::NOTHING, 0);
        for Field { name, value } in fields.fields() {
            fields::check(name, value)?;
            len += fields::encoded_len(name, value);
            connection.note(name.as_bytes(), value);
        }
        Ok(Self { connection, len })
    }
}

impl Output {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            outbox: Outbox::with_limit(config.output),
            content: Content::Length(0),
            write: WriteDeadline::new(config.write_timeout),
            pause_reading_above: config.pause_reading_above,
        }
    }

    /// Whether the output is small enough to read more.
    pub(super) fn may_read(&self) -> bool {
        self.pause_reading_above.is_none_or(|mark| self.outbox.remaining() <= mark)
    }

    /// Writes a head or nothing: the start line, the caller's fields, and the fields in `own`.
    pub(super) fn head(
        &mut self,
        line: &[&[u8]],
        fields: &(impl Fields + ?Sized),
        checked: &Checked<'_>,
        own: &[(&str, &str)],
        content: Content,
    ) -> Result<(), SendError> {
        let mut len = checked.len + b"\r\n\r\n".len();
        len += line.iter().map(|part| part.len()).sum::<usize>();
        for (name, value) in own {
            len += fields::encoded_len(name, value.as_bytes());
        }
        self.outbox.check(len)?;
        // Grow once, then fill: cheaper than appending part by part.
        let out = self.outbox.buffer();
        let start = out.len();
        out.resize(start + len, 0);
        if put_head(&mut out[start..], line, fields, own).is_none_or(|rest| !rest.is_empty()) {
            // `fields()` returned different fields the second time.
            out.truncate(start);
            return Err(ApiMisuse::FieldValue.into());
        }
        self.content = content;
        Ok(())
    }

    /// Copies a piece of the content.
    pub(super) fn data(&mut self, data: &[u8]) -> Result<(), SendError> {
        match self.content {
            Content::Chunked if data.is_empty() => Ok(()),
            Content::Chunked => chunked::encode_chunk(data, &[], &mut self.outbox.writer()),
            Content::Dropped => Ok(()),
            Content::Length(_) | Content::UntilClose => {
                let left = self.left_after(data.len())?;
                self.outbox.copy(data)?;
                self.content = left;
                Ok(())
            }
        }
    }

    /// Shares a piece of the content, or copies it if it is small.
    pub(super) fn bytes(&mut self, data: Bytes) -> Result<(), SendError> {
        match self.content {
            Content::Dropped => Ok(()),
            Content::Chunked => match chunked::chunk_header(data.len() as u64) {
                Some(head) => {
                    let before = (head.len(), |out: &mut BytesMut| head.put(out));
                    self.outbox.share_between(before, data, chunked::TAIL)
                }
                None => Ok(()),
            },
            Content::Length(_) | Content::UntilClose => {
                let left = self.left_after(data.len())?;
                self.outbox.share(data)?;
                self.content = left;
                Ok(())
            }
        }
    }

    /// Ends the content.
    pub(super) fn end(&mut self) -> Result<(), SendError> {
        match self.content {
            Content::Length(1..) => Err(ApiMisuse::BodyTooShort.into()),
            Content::Chunked => chunked::encode_end(&(), &mut self.outbox.writer()),
            Content::Length(0) | Content::UntilClose | Content::Dropped => Ok(()),
        }
    }

    /// Ends the content with trailers, which require chunked content.
    pub(super) fn trailers(&mut self, trailers: &(impl Fields + ?Sized)) -> Result<(), SendError> {
        if trailers.fields().any(|field| trailers::is_forbidden(field.name)) {
            return Err(ApiMisuse::ForbiddenTrailer.into());
        }
        match self.content {
            Content::Chunked => chunked::encode_end(trailers, &mut self.outbox.writer()),
            Content::Dropped => Ok(()),
            Content::Length(_) | Content::UntilClose => Err(ApiMisuse::Framing.into()),
        }
    }

    /// The remaining content after `len` more bytes; the content must not be chunked.
    fn left_after(&self, len: usize) -> Result<Content, ApiMisuse> {
        match self.content {
            Content::Length(left) => match left.checked_sub(len as u64) {
                Some(left) => Ok(Content::Length(left)),
                None => Err(ApiMisuse::BodyTooLong),
            },
            content => Ok(content),
        }
    }

    /// When the deadline for the output expires.
    pub(super) fn poll_timeout(&self, linger: bool) -> Option<Instant> {
        if linger { self.write.poll_lingering() } else { self.write.poll(&self.outbox) }
    }

    /// Starts the write deadline if there is output and it does not run.
    #[inline]
    pub(super) fn touch(&mut self, now: Instant) {
        self.write.touch(&self.outbox, now);
    }

    /// Starts the deadline by which the peer must take the output, and then close the connection.
    pub(super) fn linger(&mut self, now: Instant) {
        self.write.linger(&self.outbox, now);
    }

    /// Whether the peer took too little of the output for too long or, if this side lingers, did not close
    /// the connection.
    pub(super) fn has_stalled(&mut self, linger: bool, now: Instant) -> bool {
        self.write.is_over(&self.outbox, linger, now)
    }
}

/// Writes a head, and returns the room after it; `None` if there is not enough room.
#[inline]
fn put_head<'o>(
    mut out: &'o mut [u8],
    line: &[&[u8]],
    fields: &(impl Fields + ?Sized),
    own: &[(&str, &str)],
) -> Option<&'o mut [u8]> {
    for part in line {
        out = put(out, part)?;
    }
    let own = own.iter().map(|(name, value)| Field { name, value: value.as_bytes() });
    for Field { name, value } in fields.fields().chain(own) {
        let (line, rest) = out.split_at_mut_checked(fields::encoded_len(name, value))?;
        out = rest;
        let (before, line) = line.split_at_mut(b"\r\n".len());
        let (name_place, line) = line.split_at_mut(name.len());
        let (colon, value_place) = line.split_at_mut(b": ".len());
        before.copy_from_slice(b"\r\n");
        name_place.copy_from_slice(name.as_bytes());
        colon.copy_from_slice(b": ");
        value_place.copy_from_slice(value);
    }
    put(out, b"\r\n\r\n")
}

/// Writes `part`, and returns the room after it.
#[inline]
fn put<'o>(out: &'o mut [u8], part: &[u8]) -> Option<&'o mut [u8]> {
    let (room, rest) = out.split_at_mut_checked(part.len())?;
    room.copy_from_slice(part);
    Some(rest)
}

/// Whether a method is a token (RFC 9110 9.1).
pub(super) fn is_method(method: &str) -> bool {
    !method.is_empty() && scan::are_token(method.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::cell::Cell;

    /// Returns one field more at each call.
    struct Growing(Cell<usize>);

    impl Fields for Growing {
        fn fields(&self) -> impl Iterator<Item = Field<'_>> {
            self.0.set(self.0.get() + 1);
            core::iter::repeat_n(Field { name: "a", value: b"b" }, self.0.get())
        }
    }

    #[test]
    fn fields_that_change_are_not_written() {
        let mut out = Output::new(&Config::client());
        let fields = Growing(Cell::new(0));
        let checked = Checked::new(&fields).unwrap();
        let refused = out.head(&[b"GET"], &fields, &checked, &[], Content::Chunked);
        assert_eq!(refused, Err(ApiMisuse::FieldValue.into()));
        assert!(out.outbox.is_empty());
    }
}
