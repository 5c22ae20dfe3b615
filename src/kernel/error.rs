//! The error types of all protocols: a kind, a byte offset, and who caused the error.

use core::fmt;

/// Who caused an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The peer broke the protocol.
    Peer,
    /// The caller broke the contract of a method.
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

/// The kind of an [`Error`]: one enum per protocol.
#[allow(unnameable_types, reason = "sealed: the kinds are those of this crate")]
pub trait Kind: Copy + Eq + fmt::Debug + fmt::Display {
    /// Who caused an error of this kind.
    fn blame(self) -> Blame;
}

/// What was wrong, and at which byte. Every protocol has an alias for its own kind.
///
/// Errors are sticky: a decoder that has failed returns the same error until the caller calls `reset`.
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
    /// The offset of the first offending byte, in bytes from the first byte decoded after `new` or
    /// `reset`.
    pub at: u64,
}

impl<K: Kind> Error<K> {
    pub(crate) const fn new(kind: K, at: u64) -> Self {
        Self { kind, at }
    }

    /// Who caused the error.
    pub fn blame(&self) -> Blame {
        self.kind.blame()
    }

    /// The same error with `base` bytes added to its offset. `base` is the length of the units that
    /// were decoded before this one.
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

/// The caller used a command wrongly. The call had no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiMisuse {
    /// A field name that is not a token, such as `"a b"` or `""`, or that only the crate may write.
    FieldName,
    /// A field value with CR, LF, NUL or another control byte.
    FieldValue,
    /// A WebSocket subprotocol that is not a token, is listed twice, or was not offered.
    Subprotocol,
    /// An SSE id or event name that contains CR, LF or (in an id) NUL.
    LineBreak,
    /// An empty id on a stored event: clients never report an empty id.
    EmptyId,
    /// An empty chunk, which would end the content.
    EmptyChunk,
    /// A control frame of more than 125 bytes.
    ControlTooLong,
    /// A close code that must not be sent, such as 1005 or 2000.
    CloseCode,
    /// A message after the close frame, or a head after the last exchange.
    Closed,
    /// A head before the end of the last message, content before its head, or a response without a
    /// request.
    OutOfOrder,
    /// A status outside 100..=999, or one that the request does not allow.
    Status,
    /// Fields that contradict each other, the status or the version about the length of the content.
    Framing,
    /// More content than `Content-Length` announced, or than the status allows.
    BodyTooLong,
    /// Less content than `Content-Length` announced.
    BodyTooShort,
    /// A trailer field that frames or routes the message.
    ForbiddenTrailer,
    /// An invalid request target, method or host, or a request without exactly one `Host`.
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

/// Why a command did not send. It wrote nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SendError {
    /// The caller used the command wrongly.
    Misuse(ApiMisuse),
    /// The output has no room, usually because the peer reads slowly. The command succeeds once the
    /// caller has written enough output, at the latest when all of it is written
    /// ([`Outbox::fits`](crate::Outbox::fits)). An encoder that writes into a fixed-size slice fails
    /// every time if the slice is too small.
    Full,
}

impl SendError {
    /// Who caused the error.
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

/// Becomes `InvalidData`.
#[cfg(feature = "std")]
impl<K: Kind + Send + Sync + 'static> From<Error<K>> for std::io::Error {
    fn from(error: Error<K>) -> Self {
        Self::new(std::io::ErrorKind::InvalidData, error)
    }
}

/// `Full` becomes `WouldBlock`, a misuse becomes `InvalidInput`.
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

/// Becomes `InvalidInput`.
#[cfg(feature = "std")]
impl From<ApiMisuse> for std::io::Error {
    fn from(misuse: ApiMisuse) -> Self {
        SendError::from(misuse).into()
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
