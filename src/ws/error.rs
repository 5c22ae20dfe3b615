//! What can be wrong with a WebSocket connection after its handshake.

use core::fmt;

use crate::Blame;
use crate::kernel::error::Kind;
use crate::ws::CloseCode;

/// An error of a WebSocket connection: a kind and the offset of the first offending byte.
pub type Error = crate::kernel::error::Error<ErrorKind>;

/// What was wrong, in the order of a frame's bytes (RFC 6455 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `c1 80`: a reserved bit is set without an extension that gives it a meaning (5.2); RSV1 on
    /// anything but the first frame of a message (RFC 7692 6).
    Reserved,
    /// `83 80`: opcodes 3 to 7 and 11 to 15 mean nothing (5.2).
    Opcode,
    /// `80 80`: a continuation without a message to continue (5.4).
    Continuation,
    /// `01 80 81 80`: a message inside another (5.4).
    Interleaved,
    /// `09 80`: a control frame must not be fragmented (5.5).
    ControlFragmented,
    /// `81 00` from a client: its frames must be masked (5.1).
    Unmasked,
    /// `81 80` from a server: its frames must not be masked (5.1).
    Masked,
    /// `89 fe`: a control frame holds at most 125 bytes (5.5).
    ControlTooLong,
    /// `82 7e 00 01`: a length must take as few bytes as it can (5.2).
    Length,
    /// A length of 2^63 or more (5.2).
    LengthOverflow,
    /// A frame longer than the limit.
    FrameTooLong,
    /// A message longer than the limit.
    MessageTooLong,
    /// `81 01 ff`: a text, or the reason of a close frame, is not UTF-8 (8.1).
    Utf8,
    /// `c1 01 07`: the payload of a compressed message is no DEFLATE stream, or ends inside a block
    /// (RFC 7692 7.2.2).
    Deflate,
    /// `88 01 03`: half a close code (5.5.1).
    CloseLength,
    /// `88 02 03 ed`: a close code that must not be sent (7.4).
    CloseCode,
    /// The connection ended before the closing handshake (7.1.4).
    Truncated,
}

impl Error {
    /// The code of the close frame that answers this error (7.4.1); `None` where there is no one to
    /// answer.
    ///
    /// ```
    /// use wirefeed::ws::{self, CloseCode};
    /// let mut frames = ws::frame::Decoder::new(ws::frame::Expect::Masked);
    /// let error = frames.decode(&mut &b"\x81\x00"[..]).unwrap_err();
    /// assert_eq!(error.close_code(), Some(CloseCode::PROTOCOL));
    /// ```
    pub const fn close_code(&self) -> Option<CloseCode> {
        match self.kind {
            ErrorKind::Utf8 | ErrorKind::Deflate => Some(CloseCode::INVALID_DATA),
            ErrorKind::FrameTooLong | ErrorKind::MessageTooLong => Some(CloseCode::TOO_BIG),
            ErrorKind::Truncated => None,
            _ => Some(CloseCode::PROTOCOL),
        }
    }
}

impl Kind for ErrorKind {
    fn blame(self) -> Blame {
        match self {
            Self::FrameTooLong | Self::MessageTooLong => Blame::Limit,
            _ => Blame::Peer,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reserved => "a reserved bit is set",
            Self::Opcode => "the opcode is reserved",
            Self::Continuation => "a continuation without a message",
            Self::Interleaved => "a message begins inside another",
            Self::ControlFragmented => "a control frame is fragmented",
            Self::Unmasked => "a client's frame is not masked",
            Self::Masked => "a server's frame is masked",
            Self::ControlTooLong => "a control frame is longer than 125 bytes",
            Self::Length => "a length takes more bytes than it must",
            Self::LengthOverflow => "a length of 2^63 or more",
            Self::FrameTooLong => "a frame is longer than the limit",
            Self::MessageTooLong => "a message is longer than the limit",
            Self::Utf8 => "the text is not UTF-8",
            Self::Deflate => "the compressed payload is damaged",
            Self::CloseLength => "a close frame of one byte",
            Self::CloseCode => "the close code must not be sent",
            Self::Truncated => "the connection ended before the closing handshake",
        })
    }
}

impl core::error::Error for ErrorKind {}
