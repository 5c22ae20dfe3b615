//! What the errors of all protocols share: a kind, an offset, and who is to blame.

use core::fmt;

/// Who is to blame for an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The peer broke the protocol.
    Peer,
    /// This side broke it.
    Local,
    /// Nobody: a limit of ours was reached.
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
/// It repeats: a decoder that has failed returns the same error until it is `reset`.
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

/// A call that this side must not make. The call has had no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiMisuse {
    /// A field name that is no token, such as `"a b"` or `""`.
    FieldName,
    /// A field value with CR, LF, NUL or another control byte.
    FieldValue,
    /// A WebSocket subprotocol that is no token, is listed twice, or was not asked for.
    Subprotocol,
    /// A text that would end its line: an SSE id or event name with CR, LF or (in an id) NUL.
    LineBreak,
    /// An empty id of an event that is to be sent again after it: no client says that it has seen it.
    EmptyId,
    /// A chunk of no bytes, which would end the body.
    EmptyChunk,
    /// A control frame of more than 125 bytes.
    ControlTooLong,
    /// A close code that must not be sent, such as 1005 or 2000.
    CloseCode,
    /// A message after the close frame, a head after the last exchange.
    Closed,
    /// A head before the last message is over, data before its head, an answer to no request.
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
            Self::FieldName => "a field name must be a token",
            Self::FieldValue => "a field value must not hold control bytes",
            Self::Subprotocol => "a subprotocol must be a token, listed once and asked for",
            Self::LineBreak => "the text would end its line",
            Self::EmptyId => "an event that is kept needs an id that can be asked for",
            Self::EmptyChunk => "an empty chunk would end the body",
            Self::ControlTooLong => "a control frame holds at most 125 bytes",
            Self::CloseCode => "this close code must not be sent",
            Self::Closed => "nothing may follow the end",
            Self::OutOfOrder => "this is not its turn",
            Self::Status => "the status is not allowed here",
            Self::Framing => "the fields contradict what ends the body",
            Self::BodyTooLong => "more data than the body may hold",
            Self::BodyTooShort => "less data than the body must hold",
            Self::ForbiddenTrailer => "the field must not stand in trailers",
            Self::RequestLine => "the text would break the request line, or there is no one Host",
        })
    }
}

impl core::error::Error for ApiMisuse {}

/// Why something could not be sent. Nothing of it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SendError {
    /// The call is a mistake of this side.
    Misuse(ApiMisuse),
    /// There is no room: a slow peer, not a mistake. It fits later, when output has been written, and at
    /// the latest when nothing is owed ([`Outbox::fits`](crate::Outbox::fits)). Only a slice of the
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
            Self::Full => {
                f.write_str("the output is full: it has room again when some of it is written")
            }
        }
    }
}

impl core::error::Error for SendError {}

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
