//! How long messages may be.

use core::fmt;

use super::{Decoder, ErrorKind, Role, State};

/// What messages may cost, in bytes of payload. `None` sets no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// A frame of a message. 16 MiB, as tungstenite. What is compressed may be as long as DEFLATE at its
    /// worst makes a payload of that length, so that no message is refused for being compressed.
    pub frame: Option<u64>,
    /// A message, inflated. 64 MiB, as tungstenite.
    pub message: Option<u64>,
}

impl Limits {
    pub(super) const DEFAULT: Self = Self { frame: Some(16 << 20), message: Some(64 << 20) };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A limit that was exceeded, in bytes of payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exceeded {
    /// The limit.
    pub limit: u64,
    /// What a header announced, with the frames before it where they are of one message; of a
    /// compressed message one byte more than the
    /// limit, since inflating stops there.
    pub len: u64,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, where {} are allowed", self.len, self.limit)
    }
}

impl<R: Role> Decoder<R> {
    /// After [`ErrorKind::FrameTooLong`] and [`ErrorKind::MessageTooLong`]: the limit, and how much was
    /// announced or came.
    ///
    /// ```
    /// use wirefeed::ws::{Server, message::{Decoder, Limits}};
    ///
    /// let mut limits = Limits::default();
    /// limits.frame = Some(1000);
    /// let mut messages = Decoder::<Server>::with_limits(limits);
    /// let mut wire = *b"\x82\xfe\x07\xd0\0\0\0\0";
    /// assert!(messages.decode(&mut &mut wire[..]).is_err());
    /// let exceeded = messages.exceeded().unwrap();
    /// assert_eq!((exceeded.limit, exceeded.len), (1000, 2000));
    /// ```
    pub fn exceeded(&self) -> Option<Exceeded> {
        let State::Failed(error) = self.state else { return None };
        let limit = match error.kind {
            ErrorKind::FrameTooLong => self.frame_limit,
            ErrorKind::MessageTooLong => self.message_limit,
            _ => return None,
        };
        Some(Exceeded { limit, len: self.payload_at })
    }

    /// Keeps how long a message was when it exceeded its limit.
    #[cold]
    pub(super) fn count_excess(&mut self, kind: ErrorKind) {
        if kind == ErrorKind::MessageTooLong {
            // Of what was inflated no more than this was looked at.
            self.payload_at = self.message_limit.saturating_add(1);
        }
    }
}
