//! What the receiving half yields, and what it leaves for the sending half.

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
    /// The trailers of chunked content, without fields that frame or route.
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

/// What a response means for the sending half: owned, to be sent over a channel.
#[derive(Debug, Clone, Copy)]
pub struct Reply(pub(super) ReplyKind);

#[derive(Debug, Clone, Copy)]
pub(super) enum ReplyKind {
    /// Some of a response's head is being read, so that the peer is not waited for.
    Reading,
    /// All input was read, and the head is incomplete.
    Waiting,
    /// A 100 (Continue): the content of the request may be sent.
    Continue,
    /// The final head: the content of the request may be sent, or is not needed.
    Head,
    /// The response is complete.
    Over { persists: bool },
    /// The connection changes to another protocol.
    Switch,
    /// The response is invalid, or the server closed the connection.
    End,
}
