//! Limits on messages.

use core::fmt;

/// Limits on what a [`Decoder`](super::Decoder) accepts, in bytes of payload. `None` sets no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The payload of a frame. Default: 16 MiB, as in tungstenite. A compressed payload may be as long as
    /// the worst that DEFLATE makes of so many bytes, so that compression never makes a message invalid.
    pub frame: Option<usize>,
    /// A message, inflated. Default: 64 MiB, as in tungstenite.
    pub message: Option<usize>,
}

impl Config {
    pub(super) const DEFAULT: Self = Self { frame: Some(16 << 20), message: Some(64 << 20) };
}

impl Default for Config {
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
    /// The length that a header announced, including the earlier frames of the message; for a compressed
    /// message one byte more than the limit, where inflating stops.
    pub len: u64,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes exceed the limit of {} bytes", self.len, self.limit)
    }
}
