//! Events of an `EventSource`.

use core::fmt;
use core::time::Duration;

use crate::sse;
#[cfg(doc)]
use crate::sse::{Config, Decoder};

/// An event of a source.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Event<'m> {
    /// The connection is open.
    Open,
    /// An event has come.
    Message(sse::Event<'m>),
    /// The server has set the reconnection time.
    Retry(Duration),
    /// A comment has come: a sign of life.
    Comment(&'m [u8]),
    /// An event over a limit was passed over, as [`Config::skip_oversized`] says.
    Skipped(sse::Error),
    /// The connection is over.
    Error(Disconnected),
}

/// Why a connection is over, and whether there will be another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disconnected {
    /// Why.
    pub reason: Reason,
    /// After which time there will be another; `None` where this was the last.
    pub reconnects_in: Option<Duration>,
    /// Whether an event was cut off, and is lost: [`Decoder::is_unfinished`].
    pub unfinished: bool,
}

/// Why a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The stream ended.
    Ended,
    /// The network failed.
    Transport,
    /// The status is not 200.
    Status(u16),
    /// The type is not `text/event-stream`.
    ContentType,
    /// More redirects than the configuration allows, or one that does not name one `Location`.
    Redirects,
    /// Nothing came for too long.
    Idle,
    /// The stream reached a limit.
    Limit(sse::Error),
    /// The caller failed the connection: a URL that its HTTP does not support, a CORS check.
    Failed,
}

/// `readyState` (WHATWG HTML 9.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReadyState {
    /// 0
    Connecting,
    /// 1
    Open,
    /// 2
    Closed,
}

impl Disconnected {
    /// Before the first connection.
    pub(super) const NEVER: Self =
        Self { reason: Reason::Ended, reconnects_in: None, unfinished: false };

    /// The end of a stream that has reached a limit.
    pub(super) const fn at_limit(error: sse::Error) -> Self {
        Self { reason: Reason::Limit(error), reconnects_in: None, unfinished: true }
    }
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("Open"),
            Self::Message(event) => event.fmt(f),
            Self::Retry(time) => write!(f, "Retry({time:?})"),
            Self::Comment(text) => write!(f, "Comment({} bytes)", text.len()),
            Self::Skipped(error) => write!(f, "Skipped({error})"),
            Self::Error(error) => error.fmt(f),
        }
    }
}
