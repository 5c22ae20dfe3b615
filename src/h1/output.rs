//! The output of a connection: heads, checked like those received, and content within its framing.

use bytes::{Buf as _, Bytes, BytesMut};

use crate::h1::connection_fields::ConnectionFields;
use crate::h1::{Config, Framing, chunked, trailers};
use crate::kernel::deadline::WriteDeadline;
use crate::kernel::fields::{self, Field};
use crate::kernel::scan;
use crate::{ApiMisuse, Fields, Instant, Outbox, SendError};

/// Heads and content on their way to the peer.
#[derive(Debug)]
#[expect(unnameable_types, reason = "a part of the sealed trait")]
pub struct Output {
    pub(super) outbox: Outbox,
    content: Content,
    write: WriteDeadline,
    pause_reading_above: Option<usize>,
}

/// What may still be sent of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// This many bytes.
    Length(u64),
    Chunked,
    UntilClose,
    /// Content that is dropped: the response to HEAD has none.
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

/// Fields that passed the checks.
pub(super) struct Checked<'a> {
    pub(super) connection: ConnectionFields<'a>,
    /// The bytes of their field lines.
    len: usize,
}

impl<'a> Checked<'a> {
    /// Checks each field, and notes what it says about the connection.
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

    /// Whether the output is small enough for more to be read.
    pub(super) fn may_read(&self) -> bool {
        self.pause_reading_above.is_none_or(|mark| self.outbox.remaining() <= mark)
    }

    /// Writes a whole head or nothing: the start line, the caller's fields, the fields of this side.
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
        // One growth for all, then parts into what is there.
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

    /// Copies some of the content.
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

    /// Shares some of the content, or copies it where it is small.
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

    /// Ends the content with trailers, which only chunked content has.
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

    /// What may still be sent after `len` more bytes of content that is not chunked.
    fn left_after(&self, len: usize) -> Result<Content, ApiMisuse> {
        match self.content {
            Content::Length(left) => match left.checked_sub(len as u64) {
                Some(left) => Ok(Content::Length(left)),
                None => Err(ApiMisuse::BodyTooLong),
            },
            content => Ok(content),
        }
    }

    /// When the peer must have taken some of the output, or, if this side lingers, have left.
    pub(super) fn poll_timeout(&self, linger: bool) -> Option<Instant> {
        if linger { self.write.poll_lingering() } else { self.write.poll(&self.outbox) }
    }

    /// Starts the deadline for writing, if there is output and it does not run.
    #[inline]
    pub(super) fn touch(&mut self, now: Instant) {
        self.write.touch(&self.outbox, now);
    }

    /// Starts the deadline by which the peer must take the output, and then close the connection.
    pub(super) fn linger(&mut self, now: Instant) {
        self.write.linger(&self.outbox, now);
    }

    /// Whether the peer took too little of the output for too long or, if this side lingers, did not leave.
    pub(super) fn has_stalled(&mut self, linger: bool, now: Instant) -> bool {
        self.write.is_over(&self.outbox, linger, now)
    }
}

/// Writes a head, and returns the room after it; `None` if there is too little.
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

    /// One field more with each look.
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
