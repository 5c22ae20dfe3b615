//! What is printed of a command: of what may hold a token, the length.

use core::fmt;

use super::Command;

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
