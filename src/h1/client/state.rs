//! The states of a client's sending half, as one table.
//!
//! ```text
//!          Head            End               Over
//!  Idle ─────────▶ Body ─────────▶ Waiting ─────────▶ Idle
//!                   │ Over                    End
//!                   └─────▶ Answered ─────────────────▶ Idle
//!  Waiting ── Switch ──▶ Upgraded
//!  Body ── Switch ──▶ Switching ── End ──▶ Upgraded
//!  Body, Waiting ── Last ──▶ Ended ◀── Stalled ── all; End of the stream ── all but Upgraded
//! ```
//!
//! | in | on | to |
//! |---|---|---|
//! | Idle | Head | Body |
//! | Idle | Left | Ended |
//! | Idle | Stalled | Ended |
//! | Body | End | Waiting |
//! | Body | Over | Answered |
//! | Body | Switch | Switching |
//! | Body | Last | Ended |
//! | Body | Left | Ended |
//! | Body | Stalled | Ended |
//! | Waiting | Over | Idle |
//! | Waiting | Switch | Upgraded |
//! | Waiting | Last | Ended |
//! | Waiting | Left | Ended |
//! | Waiting | Stalled | Ended |
//! | Answered | End | Idle |
//! | Answered | Left | Ended |
//! | Answered | Stalled | Ended |
//! | Switching | End | Upgraded |
//! | Switching | Left | Ended |
//! | Switching | Stalled | Ended |
//! | Upgraded | Stalled | Ended |

/// How a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// A request may be sent.
    Idle,
    /// Its head was sent.
    Body,
    /// It was sent, and its response is to come or is coming.
    Waiting,
    /// Its response is over before it is.
    Answered,
    /// The connection is to be another protocol's, once the request is over (RFC 9110 7.8).
    Switching,
    /// The connection is another protocol's.
    Upgraded,
    /// There is nothing more to wait for.
    Ended,
}

/// What changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// A head is sent.
    Head,
    /// The request's end is sent.
    End,
    /// The response is over, and another request may follow.
    Over,
    /// The connection's last response is over.
    Last,
    /// The response ends HTTP here.
    Switch,
    /// The server has left, or is broken.
    Left,
    /// The server does not read.
    Stalled,
}

impl State {
    /// The state after; `None` where it must not happen, or means nothing any more.
    pub(super) const fn on(self, on: On) -> Option<Self> {
        Some(match (self, on) {
            (Self::Idle, On::Head) => Self::Body,
            (Self::Body, On::End) => Self::Waiting,
            (Self::Body, On::Over) => Self::Answered,
            (Self::Waiting, On::Over) | (Self::Answered, On::End) => Self::Idle,
            (Self::Body, On::Switch) => Self::Switching,
            (Self::Waiting, On::Switch) | (Self::Switching, On::End) => Self::Upgraded,
            (Self::Body | Self::Waiting, On::Last)
            | (
                Self::Idle | Self::Body | Self::Waiting | Self::Answered | Self::Switching,
                On::Left | On::Stalled,
            )
            | (Self::Upgraded, On::Stalled) => Self::Ended,
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
        use On::*;
        use State::*;
        table::agrees(
            include_str!("state.rs"),
            &[Idle, Body, Waiting, Answered, Switching, Upgraded, Ended],
            &[Head, End, Over, Last, Switch, Left, Stalled],
            State::on,
        );
    }
}
