//! How long messages may be.

use core::fmt;

/// What messages may cost, in bytes of payload. `None` is no limit.
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
