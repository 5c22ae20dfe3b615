//! The configuration of a connection.

use core::time::Duration;

use crate::h1::{chunked, head};

/// The limits, switches and deadlines of a connection. `None` sets no limit.
///
/// A deadline measures the peer: it runs while this side waits for the peer, after a `receive` that
/// returned `NeedInput`. It pauses while the caller [has paused](crate::h1::Receiver::pause) the receiving
/// half or has unprocessed input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Limits and switches for heads.
    pub head: head::Config,
    /// Maximum length of a request target in bytes. Default: 8 KiB; RFC 9112 3 recommends support for
    /// request lines of at least 8000 bytes.
    pub target: Option<usize>,
    /// Limits and switches for chunked content.
    pub body: chunked::Config,
    /// Reads a response with both `Content-Length` and `Transfer-Encoding` by its `Transfer-Encoding`.
    /// Default: off.
    ///
    /// Some servers send both. Danger: a recipient that uses `Content-Length` instead finds the
    /// beginning of another message inside the content of this one. Enable it only in a client, towards
    /// a server that needs it, and never behind a shared proxy.
    pub allow_length_with_coding: bool,
    /// Reads a response with `Transfer-Encoding: identity` by its `Content-Length`, as if the field
    /// were absent. Default: off.
    ///
    /// RFC 2616 defined that coding; some old servers send it. Danger: as above. Enable it only in a
    /// client, towards a server that needs it.
    pub allow_identity_coding: bool,
    /// Maximum pending output in bytes. A command that would exceed it returns
    /// [`SendError::Full`](crate::SendError::Full). If no output is pending, a command may write any
    /// number of bytes. Default: 1 MiB.
    pub output: Option<usize>,
    /// Pending output in bytes above which [`Wants::read`](crate::Wants::read) is false, so that its
    /// own socket slows down a peer that sends and does not read. Default of a server: 512 KiB; of a
    /// client: no limit, because both sides could wait for each other.
    pub pause_reading_above: Option<usize>,
    /// Maximum time between exchanges. Default of a server: 60 seconds, similar to Go's and to nginx's
    /// 75; of a client: no limit, because the server closes idle connections.
    pub idle_timeout: Option<Duration>,
    /// Maximum time for a head. Default of a server: 10 seconds from its first byte; of a client: 60
    /// seconds from the end of its request, as nginx waits for its upstream.
    pub head_timeout: Option<Duration>,
    /// At least 4 KiB of content, or its end, must arrive in every interval of this length. Default of
    /// a server: 30 seconds; of a client: no limit, because a stream of events may be silent for a long
    /// time.
    pub body_timeout: Option<Duration>,
    /// How long a client waits for a 100 (Continue) before it may send the content without one.
    /// Default: 1 second, as in curl.
    pub continue_timeout: Duration,
    /// In every interval of this length the peer must take at least 4 KiB of the output, or all output
    /// that was pending at its start. The default, 30 seconds, demands about 137 bytes per second.
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

    /// The defaults of a client's side. A client joins folded field lines, as a user agent must (RFC 9112
    /// 5.2).
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
