//! State transition tables.

/// Declares the transitions of a state machine. The lookup and the documented table come from the same
/// rows.
///
/// A row lists states, inputs, and the next state: `Idle | Over, Left => Ended;`. For a transition that
/// is not in the table, `on` returns `None`, and `go` fails a debug assertion.
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
            const fn on(self, on: $On) -> Option<Self> {
                match (self, on) {
                    $(($(Self::$from)|+, $($On::$on)|+) => Some(Self::$to),)+
                    #[allow(unreachable_patterns, reason = "a table may be complete")]
                    _ => None,
                }
            }

            /// Moves to the state after `on`. The transition must be in the table.
            #[inline]
            fn go(&mut self, on: $On) {
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
pub(crate) use agreement::agrees;

#[cfg(test)]
mod agreement {
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;
    use core::fmt::Debug;

    /// Checks that the rows `//! | in | on | to |` of a file and its transition function are equal.
    pub(crate) fn agrees<S: Copy + Debug, O: Copy + Debug>(
        file: &str,
        states: &[S],
        inputs: &[O],
        on: fn(S, O) -> Option<S>,
    ) {
        let rows: Vec<String> = file
            .lines()
            .filter_map(|line| line.strip_prefix("//! | "))
            .filter(|row| !row.starts_with("in |"))
            .map(|row| row.trim_end_matches(" |").into())
            .collect();
        let mut found = Vec::new();
        for &state in states {
            for &input in inputs {
                found.extend(on(state, input).map(|to| format!("{state:?} | {input:?} | {to:?}")));
            }
        }
        for row in &rows {
            assert!(found.contains(row), "the code does not do: {row}");
        }
        for row in &found {
            assert!(rows.contains(row), "the table does not say: {row}");
        }
        assert_eq!(rows.len(), found.len());
    }
}

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
    fn a_missing_transition_panics() {
        State::Closed.go(On::Open);
    }
}
