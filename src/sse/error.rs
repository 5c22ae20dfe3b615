//! Errors of an event stream.

use core::fmt;

use crate::Blame;
use crate::kernel::error::Kind;

/// An error of an event stream: a kind and an offset.
pub type Error = crate::kernel::error::Error<ErrorKind>;

/// What was wrong. Every sequence of bytes is an event stream (WHATWG HTML 9.2.6): the only errors are
/// limits of [`Config`](super::Config).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A line longer than the limit.
    LineTooLong,
    /// An event whose name and data together are longer than the limit.
    EventTooLong,
    /// An id longer than the limit.
    IdTooLong,
}

impl Kind for ErrorKind {
    fn blame(self) -> Blame {
        Blame::Limit
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LineTooLong => "line is longer than the limit",
            Self::EventTooLong => "event is longer than the limit",
            Self::IdTooLong => "event id is longer than the limit",
        })
    }
}
