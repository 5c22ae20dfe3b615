//! What a connection sends: heads, checked like those received, and bodies within their framing.

use bytes::{Buf as _, Bytes, BytesMut};

use crate::h1::connection_fields::ConnectionFields;
use crate::h1::incoming::is_forbidden_trailer;
use crate::h1::{Config, Framing, chunked};
use crate::kernel::deadline::WriteDeadline;
use crate::kernel::fields::{self, Field};
use crate::kernel::scan;
use crate::{ApiMisuse, Fields, Instant, Outbox, SendError};

/// A body that is being sent, and the output.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) outbox: Outbox,
    body: Body,
    write: WriteDeadline,
    pause_reading_above: Option<usize>,
}

/// What may still be sent of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// So many bytes.
    Length(u64),
    Chunked,
    UntilClose,
    /// Whatever is sent is dropped: the answer to HEAD.
    Dropped,
}

impl From<Framing> for Body {
    fn from(framing: Framing) -> Self {
        match framing {
            Framing::None => Self::Length(0),
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::Chunked,
            Framing::UntilClose => Self::UntilClose,
        }
    }
}

/// Fields that may be sent.
pub(super) struct Checked<'a> {
    pub(super) said: ConnectionFields<'a>,
    /// The bytes of their lines.
    len: usize,
}

impl<'a> Checked<'a> {
    /// Checks each field, and takes note of what it says.
    #[inline]
    pub(super) fn new(fields: &'a (impl Fields + ?Sized)) -> Result<Self, ApiMisuse> {
        let (mut said, mut len) = (ConnectionFields::NOTHING, 0);
        for Field { name, value } in fields.fields() {
            fields::check(name, value)?;
            len += fields::encoded_len(name, value);
            said.note(name.as_bytes(), value);
        }
        Ok(Self { said, len })
    }
}

impl Outgoing {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            outbox: Outbox::with_limit(config.output),
            body: Body::Length(0),
            write: WriteDeadline::new(config.write_timeout),
            pause_reading_above: config.pause_reading_above,
        }
    }

    /// Whether so little is owed that more may be read.
    pub(super) fn may_read(&self) -> bool {
        self.pause_reading_above.is_none_or(|mark| self.outbox.remaining() <= mark)
    }

    /// Writes a head whole or not at all: its line, the caller's fields, this side's own.
    pub(super) fn head(
        &mut self,
        line: &[&[u8]],
        fields: &(impl Fields + ?Sized),
        checked: &Checked<'_>,
        own: &[(&str, &str)],
        body: Body,
    ) -> Result<(), SendError> {
        let mut len = checked.len + b"\r\n\r\n".len();
        len += line.iter().map(|part| part.len()).sum::<usize>();
        for (name, value) in own {
            len += fields::encoded_len(name, value.as_bytes());
        }
        self.outbox.check(len)?;
        // One growth for all, then parts into what is there.
        let out = self.outbox.owed();
        let start = out.len();
        out.resize(start + len, 0);
        if put_head(&mut out[start..], line, fields, own).is_none_or(|rest| !rest.is_empty()) {
            // Fields that were others when they were measured.
            out.truncate(start);
            return Err(ApiMisuse::FieldValue.into());
        }
        self.body = body;
        Ok(())
    }

    /// Writes a copy of some of the body.
    pub(super) fn data(&mut self, data: &[u8]) -> Result<(), SendError> {
        match self.body {
            Body::Chunked if data.is_empty() => Ok(()),
            Body::Chunked => chunked::encode_chunk(data, &[], &mut self.outbox.writer()),
            Body::Dropped => Ok(()),
            Body::Length(_) | Body::UntilClose => {
                let left = self.left_after(data.len())?;
                self.outbox.copy(data)?;
                self.body = left;
                Ok(())
            }
        }
    }

    /// Writes some of the body without copying it, unless it is small.
    pub(super) fn bytes(&mut self, data: Bytes) -> Result<(), SendError> {
        match self.body {
            Body::Dropped => Ok(()),
            Body::Chunked => match chunked::head(data.len() as u64) {
                Some(head) => {
                    let before = (head.len(), |out: &mut BytesMut| head.put(out));
                    self.outbox.share_between(before, data, chunked::TAIL)
                }
                None => Ok(()),
            },
            Body::Length(_) | Body::UntilClose => {
                let left = self.left_after(data.len())?;
                self.outbox.share(data)?;
                self.body = left;
                Ok(())
            }
        }
    }

    /// Ends the body.
    pub(super) fn end(&mut self) -> Result<(), SendError> {
        match self.body {
            Body::Length(1..) => Err(ApiMisuse::BodyTooShort.into()),
            Body::Chunked => chunked::encode_end(&mut self.outbox.writer()),
            Body::Length(0) | Body::UntilClose | Body::Dropped => Ok(()),
        }
    }

    /// Ends the body with trailers, which only chunks can carry.
    pub(super) fn trailers(&mut self, trailers: &(impl Fields + ?Sized)) -> Result<(), SendError> {
        if trailers.fields().any(|field| is_forbidden_trailer(field.name)) {
            return Err(ApiMisuse::ForbiddenTrailer.into());
        }
        match self.body {
            Body::Chunked => chunked::encode_end_with(trailers, &mut self.outbox.writer()),
            Body::Dropped => Ok(()),
            Body::Length(_) | Body::UntilClose => Err(ApiMisuse::Framing.into()),
        }
    }

    /// What may still be sent after `len` bytes of a body that is not in chunks.
    fn left_after(&self, len: usize) -> Result<Body, ApiMisuse> {
        match self.body {
            Body::Length(left) => match left.checked_sub(len as u64) {
                Some(left) => Ok(Body::Length(left)),
                None => Err(ApiMisuse::BodyTooLong),
            },
            body => Ok(body),
        }
    }

    /// Until when some of the output must be written; `linger` as for [`touch`](Self::touch).
    pub(super) fn poll_timeout(&self, linger: bool) -> Option<Instant> {
        if linger { self.write.poll_lingering() } else { self.write.poll(&self.outbox) }
    }

    /// Something was added to the output; `linger` where an end is waited for, not a write.
    pub(super) fn touch(&mut self, linger: bool, now: Instant) {
        if linger {
            self.write.linger(&self.outbox, now);
        } else {
            self.write.touch(&self.outbox, now);
        }
    }

    /// Whether too little was written for too long; `linger` as for [`touch`](Self::touch).
    pub(super) fn has_stalled(&mut self, linger: bool, now: Instant) -> bool {
        self.write.is_over(&self.outbox, linger, now)
    }
}

/// The commands that both sides send a body with, of whoever has `out`, `check_body` and `end`.
macro_rules! body_commands {
    () => {
        /// Sends a copy of some of the body. A server writes nothing in answer to HEAD.
        ///
        /// # Errors
        ///
        /// [`ApiMisuse::OutOfOrder`] outside a body, [`ApiMisuse::BodyTooLong`] for more than the head
        /// announced, [`SendError::Full`] where there is no room.
        #[inline]
        pub fn send_data(&mut self, data: &[u8], now: Instant) -> Result<(), SendError> {
            self.check_body()?;
            self.out.data(data)?;
            self.out.touch(false, now);
            Ok(())
        }

        /// Sends some of the body; what is large is shared instead of copied.
        ///
        /// # Errors
        ///
        /// Those of [`send_data`](Self::send_data).
        #[inline]
        pub fn send_bytes(&mut self, data: Bytes, now: Instant) -> Result<(), SendError> {
            self.check_body()?;
            self.out.bytes(data)?;
            self.out.touch(false, now);
            Ok(())
        }

        /// Ends the message.
        ///
        /// # Errors
        ///
        /// [`ApiMisuse::OutOfOrder`] outside a body, [`ApiMisuse::BodyTooShort`] for less than the head
        /// announced, [`SendError::Full`] where there is no room.
        pub fn send_end(&mut self, now: Instant) -> Result<(), SendError> {
            self.check_body()?;
            self.out.end()?;
            self.end(now);
            Ok(())
        }

        /// Ends the message with trailers, which only a body in chunks can carry.
        ///
        /// # Errors
        ///
        /// [`ApiMisuse::OutOfOrder`] outside a body, [`ApiMisuse::Framing`] where it is not in chunks,
        /// [`ApiMisuse::ForbiddenTrailer`], [`ApiMisuse::FieldName`] and [`ApiMisuse::FieldValue`] for
        /// fields that must not be sent, [`SendError::Full`] where there is no room.
        pub fn send_trailers(
            &mut self,
            trailers: &(impl Fields + ?Sized),
            now: Instant,
        ) -> Result<(), SendError> {
            self.check_body()?;
            self.out.trailers(trailers)?;
            self.end(now);
            Ok(())
        }

        /// The bytes owed to the peer: write them and advance.
        pub fn output(&mut self) -> &mut Outbox {
            &mut self.out.outbox
        }

        /// Gives back all memory, unless output is owed.
        pub fn release(&mut self) {
            self.out.outbox.release();
        }
    };
}
pub(super) use body_commands;

/// Writes a head, and gives the room after it; `None` where there is too little.
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

/// Writes `part`, and gives the room after it.
#[inline]
fn put<'o>(out: &'o mut [u8], part: &[u8]) -> Option<&'o mut [u8]> {
    let (room, rest) = out.split_at_mut_checked(part.len())?;
    room.copy_from_slice(part);
    Some(rest)
}

/// Whether a method can be written.
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
        let mut out = Outgoing::new(&Config::client());
        let fields = Growing(Cell::new(0));
        let checked = Checked::new(&fields).unwrap();
        let refused = out.head(&[b"GET"], &fields, &checked, &[], Body::Chunked);
        assert_eq!(refused, Err(ApiMisuse::FieldValue.into()));
        assert!(out.outbox.is_empty());
    }
}
