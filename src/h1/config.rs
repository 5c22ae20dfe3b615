//! What a connection may cost, and how long it waits.

use core::time::Duration;

use crate::h1::{chunked, head};

/// What a connection may cost, and how long it waits. `None` sets no limit.
///
/// A deadline measures the peer: it runs while this side waits for it, after a `receive` that returned
/// `NeedInput`, and not while the caller [has paused](crate::h1::Receiver::pause) or has not
/// pulled what came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Limits and switches for heads.
    pub head: head::Config,
    /// Bytes of a request's target. 8 KiB, which RFC 9112 3 asks all to support.
    pub target: Option<usize>,
    /// Limits and switches for chunked bodies.
    pub body: chunked::Config,
    /// Reads a response with `Content-Length` and `Transfer-Encoding` as chunked. Off.
    ///
    /// Some servers send both. Danger: whoever believes the length sees another message's beginning
    /// in this one's body. As a client, towards a server that needs it; never behind a shared proxy.
    pub allow_length_with_coding: bool,
    /// Reads a response with `Transfer-Encoding: identity` as if it had none, by its
    /// `Content-Length`. Off.
    ///
    /// RFC 2616 had such a coding; some old servers send it. Danger: as above. As a client, towards a
    /// server that needs it.
    pub allow_identity_coding: bool,
    /// Bytes of output above which sending says [`SendError::Full`](crate::SendError::Full). What is
    /// sent while nothing is owed is always taken, whatever its size. 1 MiB.
    pub output: Option<usize>,
    /// Bytes of output above which [`Wants::read`](crate::Wants::read) is false, so that a peer that
    /// sends and does not read is slowed down by its own socket. A server: 512 KiB; a client: no limit,
    /// or both sides could wait for each other.
    pub pause_reading_above: Option<usize>,
    /// How long a connection may be silent between exchanges. A server: 60 seconds, as Go's and
    /// nginx's 75; a client: no limit, the server will close it.
    pub idle_timeout: Option<Duration>,
    /// How long a head may take. A server: 10 seconds from its first byte; a client: 60 seconds from
    /// the end of its request, as nginx waits for its upstream.
    pub head_timeout: Option<Duration>,
    /// Within each of these 4 KiB of a body must come, or its end. A server: 30 seconds; a client: no
    /// limit, since a stream of events may be silent for long.
    pub body_timeout: Option<Duration>,
    /// How long a client waits for a 100 before it sends a body all the same. 1 second, as curl.
    pub continue_timeout: Duration,
    /// Within each of these the peer must take 4 KiB of the output, or all that was owed when it began:
    /// at the default at least 137 bytes a second. 30 seconds.
    pub write_timeout: Option<Duration>,
}

impl Config {
    /// The defaults of a server's side.
    pub const fn server() -> Self {
        Self {
            head: head::Config::DEFAULT,
            target: Some(8 << 10),
            body: chunked::Config::DEFAULT,
            allow_length_with_coding: false,
            allow_identity_coding: false,
            output: Some(1 << 20),
            pause_reading_above: Some(512 << 10),
            idle_timeout: Some(Duration::from_secs(60)),
            head_timeout: Some(Duration::from_secs(10)),
            body_timeout: Some(Duration::from_secs(30)),
            continue_timeout: Duration::from_secs(1),
            write_timeout: Some(Duration::from_secs(30)),
        }
    }

    /// The defaults of a client's side. Folded lines are joined, as a user agent must (RFC 9112 5.2).
    pub const fn client() -> Self {
        Self {
            head: head::Config { allow_folds: true, ..head::Config::DEFAULT },
            body: chunked::Config { allow_folds: true, ..chunked::Config::DEFAULT },
            pause_reading_above: None,
            idle_timeout: None,
            head_timeout: Some(Duration::from_secs(60)),
            body_timeout: None,
            ..Self::server()
        }
    }
}
