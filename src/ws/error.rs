//! Errors of a WebSocket connection after its handshake.

use core::fmt;

use crate::Blame;
use crate::kernel::error::Kind;
use crate::ws::close_code::CloseCode;

/// An error of a WebSocket connection: a kind and the offset of the first offending byte.
pub type Error = crate::kernel::error::Error<ErrorKind>;

/// What was wrong, in the order of a frame's bytes (RFC 6455 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `c1 80`: a reserved bit is set without an extension that gives it a meaning (5.2), or RSV1 on
    /// a frame that is not the first of a message (RFC 7692 6).
    Reserved,
    /// `83 80`: opcodes 3 to 7 and 11 to 15 are reserved (5.2).
    Opcode,
    /// `80 80`: a continuation without a message to continue (5.4).
    Continuation,
    /// `01 80 81 80`: a message starts inside another (5.4).
    Interleaved,
    /// `09 80`: a fragmented control frame (5.5).
    ControlFragmented,
    /// `81 00` from a client: its frames must be masked (5.1).
    Unmasked,
    /// `81 80` from a server: its frames must not be masked (5.1).
    Masked,
    /// `89 fe`: a control frame with a payload of more than 125 bytes (5.5).
    ControlTooLong,
    /// `82 7e 00 01`: a length that is not encoded in as few bytes as possible (5.2).
    Length,
    /// A length of 2^63 or more (5.2).
    LengthOverflow,
    /// A frame longer than the limit.
    FrameTooLong,
    /// A message longer than the limit.
    MessageTooLong,
    /// `81 01 ff`: a text, or the reason of a close frame, is not UTF-8 (8.1).
    Utf8,
    /// `c1 01 07`: the payload of a compressed message is not a DEFLATE stream, or ends inside a block
    /// (RFC 7692 7.2.2).
    Deflate,
    /// `88 01 03`: a close frame with half a code (5.5.1).
    CloseLength,
    /// `88 02 03 ed`: a close code that must not be sent (7.4).
    CloseCode,
    /// The connection ended before the closing handshake (7.1.4).
    Truncated,
}

impl Error {
    /// The code of the close frame that answers this error (7.4.1); `None` if the stream has ended.
    ///
    /// ```
    /// use wirefeed::ws::{self, CloseCode};
    /// let mut frames = ws::frame::Decoder::new(ws::frame::Masking::Masked);
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
            Self::Reserved => "a reserved bit is set, which no negotiated extension allows here",
            Self::Opcode => "reserved opcode",
            Self::Continuation => "continuation frame outside a message",
            Self::Interleaved => "a data frame starts a message before the last one is complete",
            Self::ControlFragmented => "fragmented control frame",
            Self::Unmasked => "unmasked frame from a client: clients must mask all frames",
            Self::Masked => "masked frame from a server: servers must not mask frames",
            Self::ControlTooLong => "control frame with a payload of more than 125 bytes",
            Self::Length => "payload length is not encoded in as few bytes as possible",
            Self::LengthOverflow => "payload length is 2^63 or more",
            Self::FrameTooLong => "frame is longer than the limit",
            Self::MessageTooLong => "message is longer than the limit",
            Self::Utf8 => "text is not valid UTF-8",
            Self::Deflate => "invalid DEFLATE data in a compressed message",
            Self::CloseLength => {
                "close frame with a payload of one byte: expected none, or a code of two"
            }
            Self::CloseCode => "close frame with a code that must not be sent",
            Self::Truncated => "connection ended before the closing handshake",
        })
    }
}

impl core::error::Error for ErrorKind {}
