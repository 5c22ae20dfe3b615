//! What a replay may keep.

use core::time::Duration;

/// What a [`Replay`](super::Replay) may keep. `None` sets no limit.
///
/// The defaults together are at most 500 MiB, and 8 KiB a stream for the id of what was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Streams; one more, and that with the oldest last event is forgotten. 1000, as the topics
    /// without a subscriber of ASP.NET's SignalR.
    pub streams: Option<usize>,
    /// Events of a stream. 1000, as SignalR's buffer of a topic.
    pub events: Option<usize>,
    /// Bytes of a stream: those of its encoded events, and [`OVERHEAD`] for each. 512 KiB: a
    /// thousand tokens of a language model.
    pub bytes: Option<usize>,
    /// How long an event is kept. 2 minutes, as the connection state recovery of Socket.IO. Where
    /// it is zero, until the next [`handle_timeout`](super::Replay::handle_timeout).
    pub age: Option<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            streams: Some(1000),
            events: Some(1000),
            bytes: Some(512 << 10),
            age: Some(Duration::from_secs(120)),
        }
    }
}

/// What an event costs besides its bytes: its place, and what the allocator and its sharing take.
pub const OVERHEAD: usize = 192;
