//! When a stream ends, and what it does on its own.

use core::time::Duration;

#[cfg(doc)]
use crate::{Outbox, SendError};

/// When a response ends. After each end an `EventSource` comes back by itself: a stream and a poll
/// are the same to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// When it is closed.
    Stream,
    /// After its first event, or after some time without any: for networks that hold responses back
    /// until they end.
    LongPoll {
        /// How long it waits for an event. Where this is zero it ends at the next
        /// [`handle_timeout`](super::EventStream::handle_timeout), as a short poll.
        hold: Duration,
        /// How long it waits for others after the first. Even where this is zero it takes along
        /// what is sent before the next [`handle_timeout`](super::EventStream::handle_timeout).
        batch: Duration,
    },
    /// At once, with what is sent before the next [`handle_timeout`](super::EventStream::handle_timeout). The
    /// client comes back after [`Config::retry`].
    ShortPoll,
}

/// What a stream does on its own, and what it may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The client's reconnection time, sent first. Not sent by default: it has its own.
    pub retry: Option<Duration>,
    /// Sends a comment where nothing was sent for so long. 15 seconds, as WHATWG HTML 9.2.7
    /// advises; no less than 1 millisecond.
    pub keep_alive: Option<Duration>,
    /// What becomes of an event that finds no room. It is refused.
    pub on_full: Overflow,
    /// Bytes of pending output; `None` sets no limit. 1 MiB, as every [`Outbox`].
    /// The reconnection time and the keep-alive go over it: 31 bytes.
    pub output: Option<usize>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            retry: None,
            keep_alive: Some(Duration::from_secs(15)),
            on_full: Overflow::Refuse,
            output: Some(1 << 20),
        }
    }
}

/// What becomes of an event that finds no room in the output, since the client is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// The command says [`SendError::Full`]; nothing else has changed.
    Refuse,
    /// The stream ends after the pending output. The client comes back with its last event id, to be sent
    /// from the history what it missed.
    Close,
    /// It is not sent, and counted. It is lost to this client: the id of the next event that is
    /// sent says that all before it was seen, and no history will send it again. For values of
    /// which only the last one counts.
    Skip,
    /// It waits in the history: the stream [is behind](super::EventStream::is_behind) until
    /// [`resume`](super::EventStream::resume) has sent all. Only for callers whose every event with an id is in
    /// the history before it is sent. A client that brings a `Last-Event-ID` begins like that.
    Resume,
}
