//! What can be wrong with a compressed message.

use core::fmt;

use crate::Blame;
use crate::kernel::error::Kind;
use crate::ws::CloseCode;

/// Why a message is not inflated. It has no offset: where the fault lies is a matter of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `07 00`: no DEFLATE data, or data that end inside a block (RFC 7692 7.2.2, RFC 1951 3.2).
    Data,
    /// A message that would be longer than the limit.
    TooLong,
}

impl ErrorKind {
    /// The code of the close frame that answers this error (RFC 6455 7.4.1).
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::Data => CloseCode::INVALID_DATA,
            Self::TooLong => CloseCode::TOO_BIG,
        }
    }
}

impl Kind for ErrorKind {
    fn blame(self) -> Blame {
        match self {
            Self::Data => Blame::Peer,
            Self::TooLong => Blame::Limit,
        }
    }
}

impl From<ErrorKind> for crate::ws::ErrorKind {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Data => Self::Deflate,
            ErrorKind::TooLong => Self::MessageTooLong,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Data => "the message is not well compressed",
            Self::TooLong => "the message is longer than the limit",
        })
    }
}

impl core::error::Error for ErrorKind {}
