//! The states of an `EventSource`, as one table.
//!
//! ```text
//!        Issued         Opened         Lost           Woke
//!  Due ─────────▶ Asked ──────▶ Open ────────▶ Waiting ─────▶ Due
//!                 │  ▲ │ Lost                    ▲
//!      Redirected ▼  │ └─────────────────────────┘
//!            Redirected   Issued
//! ```
//!
//! From every state `Closed` leads to `Closed`, for good.
//!
//! | in | on | to |
//! |---|---|---|
//! | Due | Issued | Asked |
//! | Due | Closed | Closed |
//! | Asked | Opened | Open |
//! | Asked | Redirected | Redirected |
//! | Asked | Lost | Waiting |
//! | Asked | Closed | Closed |
//! | Redirected | Issued | Asked |
//! | Redirected | Closed | Closed |
//! | Open | Lost | Waiting |
//! | Open | Closed | Closed |
//! | Waiting | Woke | Due |
//! | Waiting | Closed | Closed |

/// How a source stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It wants to connect.
    Due,
    /// It waits for the head of a response.
    Asked,
    /// It wants to follow a redirect.
    Redirected,
    /// Events come.
    Open,
    /// It waits to connect again.
    Waiting,
    /// It is over.
    Closed,
}

/// What changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// The caller was told to send the request.
    Issued,
    /// The response is an event stream.
    Opened,
    /// The response points elsewhere.
    Redirected,
    /// The connection is over, and there will be another.
    Lost,
    /// The time to reconnect has come.
    Woke,
    /// There will be no other connection.
    Closed,
}

impl State {
    /// The state after; `None` where it must not happen, or means nothing any more.
    pub(super) const fn on(self, on: On) -> Option<Self> {
        Some(match (self, on) {
            (Self::Closed, _) => return None,
            (_, On::Closed) => Self::Closed,
            (Self::Due | Self::Redirected, On::Issued) => Self::Asked,
            (Self::Asked, On::Opened) => Self::Open,
            (Self::Asked, On::Redirected) => Self::Redirected,
            (Self::Asked | Self::Open, On::Lost) => Self::Waiting,
            (Self::Waiting, On::Woke) => Self::Due,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::table;

    #[test]
    fn the_table_and_the_code_agree() {
        table::agrees(
            include_str!("state.rs"),
            &[
                State::Due,
                State::Asked,
                State::Redirected,
                State::Open,
                State::Waiting,
                State::Closed,
            ],
            &[On::Issued, On::Opened, On::Redirected, On::Lost, On::Woke, On::Closed],
            State::on,
        );
    }
}
