//! Close frames and how a connection ends (RFC 6455 5.5.1, 7.1, 7.4).

use super::close_code::CloseCode;
#[cfg(feature = "alloc")]
use super::error::ErrorKind;
use crate::kernel::debug::debug;
#[cfg(feature = "alloc")]
use crate::kernel::text;

/// The payload of a close frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Close<'m> {
    /// The close code; `None` if the payload is empty.
    pub code: Option<CloseCode>,
    /// The reason, at most 123 bytes.
    pub reason: &'m str,
}

#[cfg(feature = "alloc")]
impl<'m> Close<'m> {
    /// Parses the payload of a close frame, or returns what is wrong with it, and at which index.
    pub(crate) fn parse(payload: &'m [u8]) -> Result<Self, (ErrorKind, usize)> {
        // 5.5.1: if there is a body, its first two bytes must be a close code; UTF-8 may follow.
        let (code, reason) = match payload {
            [] => (None, payload),
            [_] => return Err((ErrorKind::CloseLength, 0)),
            [a, b, reason @ ..] => (Some(CloseCode(u16::from_be_bytes([*a, *b]))), reason),
        };
        if code.is_some_and(|code| !code.may_be_sent()) {
            return Err((ErrorKind::CloseCode, 0));
        }
        match text::from_utf8(reason) {
            Some(reason) => Ok(Self { code, reason }),
            None => Err((ErrorKind::Utf8, 2 + text::first_bad(reason))),
        }
    }
}

debug!([] Close<'_>, self => Close { code: self.code });

/// How a connection ended (RFC 6455 7.1.4 to 7.1.7).
#[cfg(feature = "alloc")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// Both sides have sent a close frame; with the peer's code, if there is one.
    Clean(Option<CloseCode>),
    /// The peer's stream ended before the closing handshake: 1006 in a browser.
    Vanished,
    /// The peer broke the protocol or exceeded a limit; this side's close frame carries this code.
    Failed(CloseCode),
    /// The peer did not finish the closing handshake, answer a ping, or take the output in time.
    TimedOut,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        for code in [1000, 1001, 1002, 1003, 1007, 1011, 1012, 1014, 3000, 3999, 4000, 4999] {
            assert!(CloseCode(code).may_be_sent(), "{code}");
        }
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
            assert!(!CloseCode(code).may_be_sent(), "{code}");
        }
    }
}
