//! Events, and what else a stream holds.

use core::fmt;

/// An event that was dispatched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Event<'m> {
    /// Its type: what `event` said, else `"message"`.
    pub event: &'m str,
    /// The `data` lines, joined by LF.
    pub data: &'m str,
    /// The last event id, which holds until an `id` changes it; empty where there is none.
    pub id: &'m str,
}

/// What a stream holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Item<'m> {
    /// An event.
    Event(Event<'m>),
    /// The reconnection time in milliseconds; more digits than fit mean `u64::MAX`.
    Retry(u64),
    /// A comment: what follows the colon, unchanged and not always text. A sign of life, and often
    /// sent for that alone.
    Comment(&'m [u8]),
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Event({} bytes)", self.data.len())
    }
}

impl fmt::Debug for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(event) => event.fmt(f),
            Self::Retry(ms) => write!(f, "Retry({ms})"),
            Self::Comment(text) => write!(f, "Comment({} bytes)", text.len()),
        }
    }
}
