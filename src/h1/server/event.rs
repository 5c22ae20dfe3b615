//! The events of the receiving half, and its replies to the sending half.

use core::fmt;

use crate::fields::Lines;
use crate::h1::content::Part;
use crate::h1::{Error, Request};

/// A part of a request.
pub enum Event<'m, 'b> {
    /// The head.
    Head(Request<'m>),
    /// A piece of the content, never empty.
    Data(&'b [u8]),
    /// The trailers of chunked content. They contain no field that frames or routes the message.
    Trailers(Lines<'m>),
}

impl fmt::Debug for Event<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(head) => head.fmt(f),
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

/// Tells the sending half about a request. It is owned, so that a channel can carry it.
#[derive(Debug, Clone, Copy)]
pub struct Reply(pub(super) ReplyKind);

#[derive(Debug, Clone, Copy)]
pub(super) enum ReplyKind {
    /// A request that awaits its response.
    Request(RequestInfo),
    /// The client waits for a 100 (Continue): send it, if no response has begun.
    Continue,
    /// The request is complete.
    RequestOver,
    /// The request is invalid.
    Failed(Error),
    /// The client sends nothing more.
    End,
}

/// The properties of a request that matter for its response.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestInfo {
    pub(super) method: Method,
    pub(super) http11: bool,
    pub(super) persists: bool,
    pub(super) upgrade: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Head,
    Connect,
    Other,
}

impl RequestInfo {
    pub(super) const NONE: Self =
        Self { method: Method::Other, http11: true, persists: false, upgrade: false };
}
