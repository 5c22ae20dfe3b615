//! How an inflater stands in its message, as one table.
//!
//! ```text
//!           Data             Last             Data
//!  Between ──────▶ Inside ────────▶ Complete ──────▶ Inside
//!    ▲               │ End             │ End
//!    └───────────────┴─────────────────┘
//! ```
//!
//! From every state `Fault` leads to `Failed`, for good.
//!
//! | in | on | to |
//! |---|---|---|
//! | Between | Data | Inside |
//! | Between | Fault | Failed |
//! | Inside | Data | Inside |
//! | Inside | Last | Complete |
//! | Inside | End | Between |
//! | Inside | Fault | Failed |
//! | Complete | Data | Inside |
//! | Complete | End | Between |
//! | Complete | Fault | Failed |
//! | Failed | Fault | Failed |

/// How an inflater stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// A message is to come.
    Between,
    /// Some of a message was seen.
    Inside,
    /// The last block of a DEFLATE stream is over (BFINAL); if the message goes on, another begins.
    Complete,
    /// A message was wrong.
    Failed,
}

/// What happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// Bytes of a message.
    Data,
    /// The end of a block that says that it is the last.
    Last,
    /// The end of the message.
    End,
    /// An error.
    Fault,
}

impl State {
    /// Where `on` leads from here; `None` where it does not happen.
    pub(super) const fn on(self, on: On) -> Option<Self> {
        match (self, on) {
            (_, On::Fault) => Some(Self::Failed),
            (Self::Between | Self::Inside | Self::Complete, On::Data) => Some(Self::Inside),
            (Self::Inside, On::Last) => Some(Self::Complete),
            // A message has at least the one byte of an empty block (RFC 7692 7.2.3.6).
            (Self::Inside | Self::Complete, On::End) => Some(Self::Between),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_what_the_code_does() {
        let states = [State::Between, State::Inside, State::Complete, State::Failed];
        let inputs = [On::Data, On::Last, On::End, On::Fault];
        crate::kernel::table::agrees(include_str!("state.rs"), &states, &inputs, State::on);
    }
}
