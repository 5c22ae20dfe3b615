//! Events, and what else a stream holds.

use crate::kernel::debug::debug;
use core::fmt;

#[cfg(doc)]
use super::Config;
use super::Error;

/// An event, received or to be sent.
///
/// ```
/// use wirefeed::sse::{Event, encode_event};
///
/// let mut out = Vec::new();
/// encode_event(&Event { event: "tick", data: "1\r\n2", ..Default::default() }, &mut out)?;
/// assert_eq!(out, b"event: tick\ndata: 1\ndata: 2\n\n");
/// # Ok::<(), wirefeed::SendError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its type, `"message"` by default; without CR and LF.
    pub event: &'a str,
    /// Its data: the `data` lines joined by LF. CR, LF and CRLF all arrive as LF.
    pub data: &'a str,
    /// Received: the last event id, which stays until an `id` field changes it; `None` where it is empty.
    /// Sent: the event's own id, without CR, LF and NUL; an empty one clears the client's last event id.
    pub id: Option<&'a str>,
    /// Sent: the reconnection time that the event sets, in milliseconds. Received: always `None`, since
    /// the time holds from its line on ([`Item::Retry`]).
    pub retry: Option<u64>,
}

impl Default for Event<'_> {
    fn default() -> Self {
        Self { event: MESSAGE, data: "", id: None, retry: None }
    }
}

impl Event<'_> {
    /// Whether this event marks a complete stream: its data is `sentinel`, and its type is the default.
    ///
    /// The specification has no such event. APIs of language models end with `data: [DONE]`, and a client
    /// that does not close then requests the stream again.
    ///
    /// ```
    /// use wirefeed::{Instant, Step, sse::{Command, EventSource, client::{Config, Event, ReadyState}}};
    ///
    /// let now = Instant::ZERO;
    /// let mut source = EventSource::new("http://example.com/chat", Config::default(), |_: &mut [u8]| {});
    /// let Some(Command::Connect { attempt, .. }) = source.poll_command() else { unreachable!() };
    /// source.response_head(attempt, 200, &[("Content-Type", "text/event-stream")], now);
    /// let mut input: &[u8] = b"data: Hello\n\ndata: [DONE]\n\n";
    /// let mut answer = String::new();
    /// while let Step::Item(event) = source.receive(attempt, &mut input, now) {
    ///     match event {
    ///         Event::Message(event) if event.is_sentinel("[DONE]") => source.close(),
    ///         Event::Message(event) => answer.push_str(event.data),
    ///         _ => {}
    ///     }
    /// }
    /// assert_eq!((answer.as_str(), source.ready_state()), ("Hello", ReadyState::Closed));
    /// assert_eq!(source.poll_command(), Some(Command::Cancel { attempt }));
    /// ```
    pub fn is_sentinel(&self, sentinel: &str) -> bool {
        self.data == sentinel && self.event == MESSAGE
    }
}

/// What a stream holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Item<'m> {
    /// An event.
    Event(Event<'m>),
    /// The reconnection time in milliseconds; more digits than fit mean `u64::MAX`.
    Retry(u64),
    /// A comment: what follows the colon, unchanged and not always text. A sign of life, and often
    /// sent for that alone.
    Comment(&'m [u8]),
    /// An event over a limit, which [`Config::skip_oversized`](Config::skip_oversized) has passed
    /// over: the limit, and the offset of the first byte beyond it.
    Skipped(Error),
    /// The stream has ended inside an event, which is lost. Only `finish` says so.
    ///
    /// An event is unfinished where since the last blank line there was a `data`, `event` or `id` field,
    /// or where the last line has no end and is not a comment.
    Unfinished,
}

debug!([] Event<'_>, self, f => write!(f, "Event({} bytes)", self.data.len()));

impl fmt::Debug for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(event) => event.fmt(f),
            Self::Retry(ms) => write!(f, "Retry({ms})"),
            Self::Comment(text) => write!(f, "Comment({} bytes)", text.len()),
            Self::Skipped(error) => write!(f, "Skipped({error})"),
            Self::Unfinished => f.write_str("Unfinished"),
        }
    }
}

/// The type of an event without one.
pub(super) const MESSAGE: &str = "message";
