//! What a call tells its driver: a [`Step`] of a decoder, the [`Wants`] of a machine.

/// What one call of `decode` or `receive` came to.
///
/// Drive until [`NeedInput`](Self::NeedInput) or [`Done`](Self::Done), flush the output, and only
/// then wait for the socket.
///
/// ```
/// use wirefeed::{Step, sse};
///
/// let mut decoder = sse::Decoder::new();
/// let mut input: &[u8] = b"data: hello\n\n";
/// while let Step::Item(item) = decoder.decode(&mut input)? {
///     if let sse::Item::Event(event) = item {
///         assert_eq!(event.data, "hello");
///     }
/// }
/// assert!(input.is_empty());
/// # Ok::<(), wirefeed::sse::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a step may hold an item, and NeedInput and Done ask for different things"]
pub enum Step<T> {
    /// An item; call again before reading more.
    Item(T),
    /// All of the input is used up: read more.
    NeedInput,
    /// This unit is over; what is left of the input belongs to the next one.
    Done,
}

impl<T> Step<T> {
    /// The same step with its item changed by `f`.
    ///
    /// ```
    /// use wirefeed::Step;
    /// assert_eq!(Step::Item(2).map(|n| n * 2), Step::Item(4));
    /// ```
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Step<U> {
        match self {
            Self::Item(item) => Step::Item(f(item)),
            Self::NeedInput => Step::NeedInput,
            Self::Done => Step::Done,
        }
    }

    /// The item, if there is one.
    ///
    /// ```
    /// use wirefeed::Step;
    /// assert_eq!(Step::Item(2).item(), Some(2));
    /// assert_eq!(Step::<u8>::Done.item(), None);
    /// ```
    pub fn item(self) -> Option<T> {
        match self {
            Self::Item(item) => Some(item),
            Self::NeedInput | Self::Done => None,
        }
    }
}

/// What a driver must do next, once it has written the output. It holds until it has come about, so that
/// a driver needs no flags of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    /// Whether to read: false while there is too much output, and after the end.
    pub read: bool,
    /// How the connection ends, once its end has come.
    pub end: Option<End>,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Shut down writing, and go on reading until the peer's end of stream or the deadline. Closing with
    /// unread input would reset the connection, which may destroy what the peer has not read yet. A second
    /// shutdown does no harm.
    Shutdown,
    /// Close the connection.
    Close,
    /// Hand the connection and the rest of the input to the protocol that was agreed on.
    Upgrade,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn map_keeps_the_other_steps() {
        assert_eq!(Step::<u8>::NeedInput.map(|n| n), Step::NeedInput);
        assert_eq!(Step::<u8>::Done.map(|n| n), Step::Done);
    }
}
