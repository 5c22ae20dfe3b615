//! What a replay keeps.

use core::fmt;
use core::num::NonZeroU32;
use core::ops::Range;

use bytes::Bytes;

use crate::SendError;

/// A message that a [`Replay`](super::Replay) can keep: it encodes itself under the id by which clients name it.
pub trait Message {
    /// Its own id; without one, the replay gives it the next number.
    fn id(&self) -> Option<&str>;

    /// Encodes the message with this id.
    ///
    /// # Errors
    ///
    /// A [`SendError`] where the message or the id cannot be encoded.
    fn encode_as(&self, id: &str) -> Result<Entry, SendError>;
}

/// An encoded message and its id: encoded once, shared by all connections that send it.
///
/// Only an encoder makes one, such as [`sse::Event::encode`](crate::sse::Event::encode). One that a
/// [`Replay`](super::Replay) has returned knows its place there; two are equal where their bytes and ids are.
#[derive(Clone)]
pub struct Entry {
    bytes: Bytes,
    /// Where in the bytes the id begins and ends, if there is one.
    id_from: u32,
    id_to: Option<NonZeroU32>,
    /// Its place among all that were pushed to a replay, from 1; 0 where it comes from elsewhere.
    number: u64,
}

impl Entry {
    /// Encoded bytes, and where in them the id is.
    pub(crate) fn new(bytes: Bytes, id: Option<Range<usize>>) -> Self {
        let index = |index: usize| u32::try_from(index).unwrap_or_default();
        let Range { start, end } = id.unwrap_or_default();
        Self { bytes, id_from: index(start), id_to: NonZeroU32::new(index(end)), number: 0 }
    }

    /// The encoded message.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Its id, if it has one.
    pub fn id(&self) -> Option<&str> {
        let id = self.bytes.get(self.id_from as usize..self.id_to?.get() as usize)?;
        core::str::from_utf8(id).ok()
    }

    /// Its place in a replay; 0 where it has none.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// The same message, at this place in a replay.
    pub(crate) fn numbered(self, number: u64) -> Self {
        Self { number, ..self }
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (&self.bytes, self.id()) == (&other.bytes, other.id())
    }
}

impl Eq for Entry {}

impl From<Entry> for Bytes {
    fn from(entry: Entry) -> Self {
        entry.bytes
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({} bytes)", self.bytes.len())
    }
}
