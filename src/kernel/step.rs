//! The results that direct a driver: the [`Step`] of a decoder, the [`Wants`] of a machine.

/// The result of one call of `decode` or `receive`.
///
/// Call until [`NeedInput`](Self::NeedInput) or [`Done`](Self::Done), then write the output, and only
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
#[must_use = "a step may hold an item, and NeedInput and Done require different actions"]
pub enum Step<T> {
    /// An item; call again before reading more.
    Item(T),
    /// The decoder consumed all of the input: read more.
    NeedInput,
    /// This unit is complete; the rest of the input belongs to the next one.
    Done,
}

impl<T> Step<T> {
    /// Applies `f` to the item.
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

/// What a driver must do after it has written the output. It stays the same until the driver has done it,
/// so a driver can call `wants` at any time instead of keeping flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    /// Whether to read from the socket. False while too much output is pending, and after the end of
    /// the connection.
    pub read: bool,
    /// How to end the connection; `None` while it is in use.
    pub end: Option<End>,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Shut down writing, and keep reading until the peer's end of stream or the deadline. Closing a
    /// socket with unread input resets the connection, which can destroy output that the peer has not
    /// read yet (RFC 9112 9.6). Repeating the shutdown is harmless.
    Shutdown,
    /// Close the connection.
    Close,
    /// Pass the connection and the rest of the input to the protocol that both sides agreed on.
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
