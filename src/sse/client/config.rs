//! What a source does beyond the specification.

use core::time::Duration;

use crate::Backoff;
use crate::sse;

/// What an [`EventSource`](super::EventSource) does beyond the specification, and what it may cost. The default is the
/// browser's behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Limits on the stream, and what is made of an event that exceeds one or has no end.
    pub stream: sse::Config,
    /// The reconnection time until the server sets one. 3 seconds, as Chromium. Any value is
    /// held to the floor and the cap of [`backoff`](Self::backoff).
    pub retry: Duration,
    /// Floor, cap, growth and jitter of the delays; by default the floor alone, 500 ms.
    pub backoff: Backoff,
    /// After how long a connection counts as healthy, and the failures before it as over.
    pub healthy: Duration,
    /// Reconnects where for so long no byte has come, not even a comment. No limit by default. Where
    /// it is zero a connection is given up at the first timeout.
    pub idle: Option<Duration>,
    /// Reconnects after 429 and 5xx, not before `Retry-After` in seconds, unless the cap is shorter.
    /// Off: the specification ends there.
    pub retry_refusals: bool,
    /// The request has a body, and must not be sent again unless [`resend`](Self::resend) says so.
    pub has_body: bool,
    /// Sends a request with a body again. Off: what a POST did once it would do twice.
    pub resend: bool,
    /// Redirects to follow one after the other. 20, as fetch (WHATWG Fetch 4.4).
    pub redirects: u8,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            stream: sse::Config::default(),
            retry: Duration::from_secs(3),
            backoff: Backoff::default(),
            healthy: Duration::ZERO,
            idle: None,
            retry_refusals: false,
            has_body: false,
            resend: false,
            redirects: 20,
        }
    }
}
