//! The states of a server's sending half, as one table.
//!
//! ```text
//!  Idle ──Asked──▶ Owing ──Head──▶ Body ──End──▶ Over ──Next──▶ Idle
//!    │              │ │              │             │
//!    │              │ └Switch▶ Upgraded ──Failed, Stalled──▶ Ended
//!    └───Failed─────┴──Failed──▶ Closing ◀──Last───┘ (from Body; Failed from Over)
//!                                   │
//!                     Left, Stalled ▼
//!                                 Ended
//! ```
//!
//! | in | on | to |
//! |---|---|---|
//! | Idle | Asked | Owing |
//! | Idle | Failed | Closing |
//! | Idle | Left | Ended |
//! | Idle | Stalled | Ended |
//! | Owing | Head | Body |
//! | Owing | Switch | Upgraded |
//! | Owing | Failed | Closing |
//! | Owing | Left | Owing |
//! | Owing | Stalled | Ended |
//! | Body | End | Over |
//! | Body | Last | Closing |
//! | Body | Failed | Body |
//! | Body | Left | Body |
//! | Body | Stalled | Ended |
//! | Over | Next | Idle |
//! | Over | Failed | Closing |
//! | Over | Left | Ended |
//! | Over | Stalled | Ended |
//! | Upgraded | Failed | Ended |
//! | Upgraded | Stalled | Ended |
//! | Closing | Left | Ended |
//! | Closing | Stalled | Ended |

/// How a response stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// No request has come.
    Idle,
    /// A response is owed.
    Owing,
    /// Its head was sent.
    Body,
    /// It was sent, and another may follow.
    Over,
    /// The last one was sent: the peer is to leave.
    Closing,
    /// The connection is another protocol's.
    Upgraded,
    /// There is nothing more to wait for.
    Ended,
}

/// What changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// A request's head has come.
    Asked,
    /// The head of its response is sent.
    Head,
    /// A head is sent that ends HTTP here.
    Switch,
    /// The response's end is sent.
    End,
    /// The end of the connection's last response is sent.
    Last,
    /// The next exchange begins.
    Next,
    /// The request is broken.
    Failed,
    /// The peer sends nothing more.
    Left,
    /// The peer does not read, or does not leave.
    Stalled,
}

impl State {
    /// The state after; `None` where it must not happen, or means nothing any more.
    pub(super) const fn on(self, on: On) -> Option<Self> {
        Some(match (self, on) {
            (Self::Idle, On::Asked) => Self::Owing,
            (Self::Owing, On::Head) | (Self::Body, On::Failed | On::Left) => Self::Body,
            (Self::Owing, On::Left) => Self::Owing,
            (Self::Owing, On::Switch) => Self::Upgraded,
            (Self::Body, On::End) => Self::Over,
            (Self::Over, On::Next) => Self::Idle,
            (Self::Body, On::Last) | (Self::Idle | Self::Owing | Self::Over, On::Failed) => {
                Self::Closing
            }
            (Self::Idle | Self::Over | Self::Closing, On::Left)
            | (Self::Idle | Self::Owing | Self::Body | Self::Over | Self::Closing, On::Stalled)
            // Where the request does not end nobody knows where the other protocol begins; nor does a
            // peer that has not read the answer.
            | (Self::Upgraded, On::Failed | On::Stalled) => {
                Self::Ended
            }
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
            &[Idle, Owing, Body, Over, Closing, Upgraded, Ended],
            &[Asked, Head, Switch, End, Last, Next, Failed, Left, Stalled],
            State::on,
        );
    }
}
