//! The events of the receiving half, and its replies to the sending half.

use core::fmt;

use crate::fields::Lines;
use crate::h1::Response;
use crate::h1::content::Part;

/// A part of a response.
pub enum Event<'m, 'b> {
    /// An informational head: 1xx, but not 101. The final head follows.
    Informational(Response<'m>),
    /// The head.
    Head(Response<'m>),
    /// A piece of the content, never empty.
    Data(&'b [u8]),
    /// The trailers of chunked content. They contain no field that frames or routes the message.
    Trailers(Lines<'m>),
}

impl fmt::Debug for Event<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Informational(head) | Self::Head(head) => head.fmt(f),
            Self::Data(piece) => write!(f, "Data({} bytes)", piece.len()),
            Self::Trailers(_) => f.write_str("Trailers"),
        }
    }
}

impl<'m, 'b> From<Part<'m, 'b>> for Event<'m, 'b> {
    fn from(part: Part<'m, 'b>) -> Self {
        match part {
            Part::Data(piece) => Self::Data(piece),
            Part::Trailers(lines) => Self::Trailers(lines),
        }
    }
}

/// Tells the sending half about a response. It is owned, so that a channel can carry it.
#[derive(Debug, Clone, Copy)]
pub struct Reply(pub(super) ReplyKind);

#[derive(Debug, Clone, Copy)]
pub(super) enum ReplyKind {
    /// The receiving half has input of the head, or the caller does not read: the deadline pauses.
    Reading,
    /// All input is processed, and the head is incomplete: the deadline runs.
    Waiting,
    /// A 100 (Continue): the caller may send the content of the request.
    Continue,
    /// The final head: the caller may send the content of the request, or need not.
    Head,
    /// The response is complete.
    Over { persists: bool },
    /// The connection changes to another protocol.
    Switch,
    /// The response is invalid, or the server closed the connection.
    End,
}
