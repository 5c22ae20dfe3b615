//! The one form in which a machine's transitions are written.

/// Declares the transitions of a machine: the lookup, and the table in its documentation, come from the
/// same rows.
///
/// A row names states, what happens, and the state after: `Idle | Over, Left => Ended;`. What is not
/// in the table cannot happen: `on` reports it, `go` asserts that it does not.
macro_rules! transitions {
    (
        $(#[$meta:meta])*
        $State:ident, $On:ident {
            $($($from:ident)|+, $($on:ident)|+ => $to:ident;)+
        }
    ) => {
        impl $State {
            $(#[$meta])*
            ///
            /// | in | on | to |
            /// |---|---|---|
            $(#[doc = concat!(
                "| ", stringify!($($from),+), " | ", stringify!($($on),+), " | ", stringify!($to), " |"
            )])+
            #[inline]
            pub(super) const fn on(self, on: $On) -> Option<Self> {
                match (self, on) {
                    $(($(Self::$from)|+, $($On::$on)|+) => Some(Self::$to),)+
                    #[allow(unreachable_patterns, reason = "a table may be complete")]
                    _ => None,
                }
            }

            /// Goes on to the state after `on`, which must be in the table.
            #[inline]
            pub(super) fn go(&mut self, on: $On) {
                match self.on(on) {
                    Some(next) => *self = next,
                    None => debug_assert!(false, "{on:?} in {self:?} is not in the table"),
                }
            }
        }
    };
}
pub(crate) use transitions;

#[cfg(test)]
mod tests {
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum State {
        Idle,
        Open,
        Closed,
    }

    #[derive(Debug, Clone, Copy)]
    enum On {
        Open,
        Close,
    }

    transitions! {
        /// A door.
        State, On {
            Idle, Open => Open;
            Idle | Open, Close => Closed;
        }
    }

    #[test]
    fn the_rows_are_the_transitions() {
        let all = [State::Idle, State::Open, State::Closed];
        assert_eq!(all.map(|state| state.on(On::Open)), [Some(State::Open), None, None]);
        let closed = Some(State::Closed);
        assert_eq!(all.map(|state| state.on(On::Close)), [closed, closed, None]);
        let mut state = State::Idle;
        state.go(On::Open);
        assert_eq!(state, State::Open);
    }

    #[test]
    #[should_panic(expected = "Open in Closed is not in the table")]
    #[cfg(debug_assertions)]
    fn a_transition_that_is_missing_is_found_out() {
        State::Closed.go(On::Open);
    }
}
