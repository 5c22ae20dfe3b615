//! The states of a client's stream, as one table.
//!
//! ```text
//!             Withheld
//!   Returned ──────────▶ Missing
//!    │     │              │    │
//!    │     │  FellBehind  │    │
//!    │     └─────┬────────┘    │
//!    │           ▼             │
//!    │         Behind          │
//!    │          │  ▲           │
//!    │ CaughtUp ▼  │ FellBehind│
//!    └────────▶ Open ◀─────────┘
//!   CaughtUp           CaughtUp
//! ```
//!
//! From every state `Ended` leads to `Closed`, for good.
//!
//! | in | on | to |
//! |---|---|---|
//! | Open | FellBehind | Behind |
//! | Open | CaughtUp | Open |
//! | Open | Ended | Closed |
//! | Returned | Withheld | Missing |
//! | Returned | FellBehind | Behind |
//! | Returned | CaughtUp | Open |
//! | Returned | Ended | Closed |
//! | Missing | Withheld | Missing |
//! | Missing | FellBehind | Behind |
//! | Missing | CaughtUp | Open |
//! | Missing | Ended | Closed |
//! | Behind | FellBehind | Behind |
//! | Behind | CaughtUp | Open |
//! | Behind | Ended | Closed |

/// How a stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Events go out as they come.
    Open,
    /// The client has seen events, and was not sent what it missed: one of a replay would wait.
    Returned,
    /// So it is, and at least one waits.
    Missing,
    /// Events wait in the history, and those that come wait there too.
    Behind,
    /// Nothing more goes out.
    Closed,
}

/// What changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// An event of a replay has come before what the client missed.
    Withheld,
    /// There is no room for an event that the history has.
    FellBehind,
    /// All that the history has is sent.
    CaughtUp,
    /// The caller, the mode or the policy ends it.
    Ended,
}

impl State {
    /// The state after; `None` where it must not happen, or means nothing any more.
    pub(super) const fn on(self, on: On) -> Option<Self> {
        Some(match (self, on) {
            (Self::Closed, _) => return None,
            (Self::Returned | Self::Missing, On::Withheld) => Self::Missing,
            (_, On::Withheld) => return None,
            (_, On::FellBehind) => Self::Behind,
            (_, On::CaughtUp) => Self::Open,
            (_, On::Ended) => Self::Closed,
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
            &[State::Open, State::Returned, State::Missing, State::Behind, State::Closed],
            &[On::Withheld, On::FellBehind, On::CaughtUp, On::Ended],
            State::on,
        );
    }
}
