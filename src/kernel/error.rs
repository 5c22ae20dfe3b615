//! What the errors of all protocols share: a kind, an offset, and who is to blame.

use core::fmt;

/// Who is to blame for an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The peer broke the protocol.
    Peer,
    /// The caller made a mistake.
    Local,
    /// Neither: a configured limit was exceeded.
    Limit,
}

impl fmt::Display for Blame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Peer => "peer",
            Self::Local => "local",
            Self::Limit => "limit",
        })
    }
}

/// The kind of an [`Error`]: one protocol's list of what can go wrong.
#[allow(unnameable_types, reason = "sealed: the kinds are those of this crate")]
pub trait Kind: Copy + Eq + fmt::Debug + fmt::Display {
    /// Who is to blame for an error of this kind.
    fn blame(self) -> Blame;
}

/// What was wrong, and where. Every protocol has an alias for its own kind.
///
/// Errors are sticky: a decoder that has failed returns the same error until it is `reset`.
///
/// ```
/// use wirefeed::{Blame, h1::{ErrorKind, chunked}};
///
/// let mut input: &[u8] = b"5\r\nhello\r\n+5\r\n";
/// let mut decoder = chunked::Decoder::new();
/// let error = loop {
///     match decoder.decode(&mut input) {
///         Ok(_) => continue,
///         Err(error) => break error,
///     }
/// };
/// assert_eq!((error.kind, error.at), (ErrorKind::ChunkSize, 10));
/// assert_eq!(error.blame(), Blame::Peer);
/// assert_eq!(input, b"+5\r\n");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Error<K> {
    /// What was wrong.
    pub kind: K,
    /// The offset of the first offending byte, counted from the first byte after `new` or `reset`.
    pub at: u64,
}

impl<K: Kind> Error<K> {
    pub(crate) const fn new(kind: K, at: u64) -> Self {
        Self { kind, at }
    }

    /// Who is to blame.
    pub fn blame(&self) -> Blame {
        self.kind.blame()
    }

    /// The same error with `base` added to its offset: the bytes of the units before.
    #[must_use]
    pub const fn offset_by(self, base: u64) -> Self {
        Self { kind: self.kind, at: self.at.saturating_add(base) }
    }
}

impl<K: Kind> fmt::Display for Error<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.at)
    }
}

impl<K: Kind> core::error::Error for Error<K> {}

/// A mistake of the caller. The call had no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiMisuse {
    /// A field name that is not a token, such as `"a b"` or `""`, or that the crate sets itself.
    FieldName,
    /// A field value with CR, LF, NUL or another control byte.
    FieldValue,
    /// A WebSocket subprotocol that is not a token, is listed twice, or was not offered.
    Subprotocol,
    /// A text that would end its line: an SSE id or event name with CR, LF or (in an id) NUL.
    LineBreak,
    /// An empty id of an event that is stored: clients never report an empty id.
    EmptyId,
    /// A chunk of no bytes, which would end the body.
    EmptyChunk,
    /// A control frame of more than 125 bytes.
    ControlTooLong,
    /// A close code that must not be sent, such as 1005 or 2000.
    CloseCode,
    /// A message after the close frame, a head after the last exchange.
    Closed,
    /// A head before the end of the last message, content before its head, a response without a request.
    OutOfOrder,
    /// A status that is not from 100 to 999, or that the request does not allow.
    Status,
    /// Fields that contradict each other, the status, or the version about where the body ends.
    Framing,
    /// More data than `Content-Length` says, or than the status allows.
    BodyTooLong,
    /// Less data than `Content-Length` says.
    BodyTooShort,
    /// A trailer that frames or routes the message.
    ForbiddenTrailer,
    /// A request target, method or host that would break its line; a request without one `Host`.
    RequestLine,
}

impl fmt::Display for ApiMisuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FieldName => "invalid field name: expected a token that may be set here",
            Self::FieldValue => "invalid field value: control bytes are not allowed",
            Self::Subprotocol => "invalid subprotocol: expected a token that was offered, once",
            Self::LineBreak => "text contains a line break",
            Self::EmptyId => "empty id: clients never report an empty id",
            Self::EmptyChunk => "empty chunk: it would end the content",
            Self::ControlTooLong => "control frame payload exceeds 125 bytes",
            Self::CloseCode => "close code must not be sent",
            Self::Closed => "connection already closed",
            Self::OutOfOrder => "called out of order",
            Self::Status => "status not allowed in response to this request",
            Self::Framing => "fields contradict each other about the length of the content",
            Self::BodyTooLong => "more content than the head announced",
            Self::BodyTooShort => "less content than the head announced",
            Self::ForbiddenTrailer => "field not allowed in trailers",
            Self::RequestLine => "invalid method, target or `Host`",
        })
    }
}

impl core::error::Error for ApiMisuse {}

/// Why something was not sent. Nothing of it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SendError {
    /// A mistake of the caller.
    Misuse(ApiMisuse),
    /// There is no room: a slow peer, not a mistake. It fits once some output has been written, at the
    /// latest when all has ([`Outbox::fits`](crate::Outbox::fits)). Only a slice of the
    /// caller's own, given to an encoder, may be too small for good.
    Full,
}

impl SendError {
    /// Who is to blame.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Misuse(_) => Blame::Local,
            Self::Full => Blame::Limit,
        }
    }
}

impl From<ApiMisuse> for SendError {
    fn from(misuse: ApiMisuse) -> Self {
        Self::Misuse(misuse)
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misuse(misuse) => misuse.fmt(f),
            Self::Full => f.write_str("output full: write some of it and try again"),
        }
    }
}

impl core::error::Error for SendError {}

/// An error of the peer is `InvalidData`.
#[cfg(feature = "std")]
impl<K: Kind + Send + Sync + 'static> From<Error<K>> for std::io::Error {
    fn from(error: Error<K>) -> Self {
        Self::new(std::io::ErrorKind::InvalidData, error)
    }
}

/// A full output is `WouldBlock`, a mistake `InvalidInput`.
#[cfg(feature = "std")]
impl From<SendError> for std::io::Error {
    fn from(error: SendError) -> Self {
        let kind = match error {
            SendError::Full => std::io::ErrorKind::WouldBlock,
            SendError::Misuse(_) => std::io::ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_small() {
        assert!(size_of::<Error<crate::h1::ErrorKind>>() <= 16);
        assert!(size_of::<Error<crate::ws::ErrorKind>>() <= 16);
        assert!(size_of::<SendError>() <= 2);
    }
}
