//! What an `EventSource` asks of its caller's HTTP.

use core::fmt;

/// What the caller's HTTP is to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// Send the request, with [`FIELDS`] and, unless it is empty, this `Last-Event-ID` in UTF-8.
    Connect {
        /// The number of this connection: every input about it names it.
        attempt: u64,
        /// Where to: the URL that the source began with, or the last one that a redirect has led to
        /// since ([`EventSource::redirected`](super::EventSource::redirected)).
        url: &'a str,
        /// The last event id; empty too where it holds a control byte, which no field may.
        last_event_id: &'a str,
    },
    /// Send the request again, to where the response points, and tell the source with
    /// [`redirected`](super::EventSource::redirected) where that is.
    Redirect {
        /// The name of the connection, which goes on.
        attempt: u64,
        /// The value of `Location`, to be resolved against the URL of the response; one that makes no
        /// URL is a [failed connection](super::EventSource::connection_failed). The origin of the events that follow is that of the
        /// last URL. Where `redirected` is not called for it, later connections ask there only if it
        /// is an absolute URL.
        location: &'a str,
        /// The last event id.
        last_event_id: &'a str,
    },
    /// Give this connection up.
    Cancel {
        /// Its name; what still comes of it is ignored.
        attempt: u64,
    },
}

/// The fields that every request carries.
pub const FIELDS: [(&str, &str); 2] =
    [("Accept", "text/event-stream"), ("Cache-Control", "no-cache")];

/// Of what may hold a token, the length.
impl fmt::Debug for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect { attempt, url, last_event_id } => f
                .debug_struct("Connect")
                .field("attempt", attempt)
                .field("url", &url.len())
                .field("last_event_id", &last_event_id.len())
                .finish(),
            Self::Redirect { attempt, location, last_event_id } => f
                .debug_struct("Redirect")
                .field("attempt", attempt)
                .field("location", &location.len())
                .field("last_event_id", &last_event_id.len())
                .finish(),
            Self::Cancel { attempt } => f.debug_struct("Cancel").field("attempt", attempt).finish(),
        }
    }
}
