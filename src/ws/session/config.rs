//! Limits and times of a session.

use core::time::Duration;

use crate::ws::message;

/// Limits and times of a session. `None` sets no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Limits on what is received.
    pub message: message::Config,
    /// Bytes of pending output above which a command returns [`SendError::Full`](crate::SendError::Full).
    /// While no output is pending a command of any size is accepted. Default: 1 MiB.
    pub output: Option<usize>,
    /// Bytes of pending output above which a server does not [want](crate::Wants::read) to read, so that
    /// its socket slows down a client that sends and does not read. Default: 512 KiB. A client always
    /// reads, or both sides could wait for each other.
    pub pause_reading_above: Option<usize>,
    /// How long the peer may take for the closing handshake once the close frame has left the output.
    /// Default: 10 seconds, as in Python's `websockets`.
    pub close_timeout: Option<Duration>,
    /// How long after the last received byte the session sends a ping, at least a millisecond; `None`
    /// sends none, as browsers. Default: 20 seconds, as in Python's `websockets`.
    pub ping_interval: Option<Duration>,
    /// How long after a ping has left the output a byte, such as a pong, must arrive. Default: 20
    /// seconds, as in Python's `websockets`.
    pub pong_timeout: Option<Duration>,
    /// In every interval of this length the peer must take 4 KiB of the output, or all that was pending
    /// when the interval began: by default at least 137 bytes a second. Default: 30 seconds.
    pub write_timeout: Option<Duration>,
    /// Messages shorter than this many bytes are sent uncompressed, even if compression was negotiated.
    /// Default: 64; DEFLATE saves little or nothing below.
    pub compress_from: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            message: message::Config::default(),
            output: Some(1 << 20),
            pause_reading_above: Some(512 << 10),
            close_timeout: Some(Duration::from_secs(10)),
            ping_interval: Some(Duration::from_secs(20)),
            pong_timeout: Some(Duration::from_secs(20)),
            write_timeout: Some(Duration::from_secs(30)),
            compress_from: 64,
        }
    }
}
