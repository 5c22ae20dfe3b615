//! Close codes and reasons (RFC 6455 5.5.1, 7.4).

use core::fmt;

/// Why a connection is closed (RFC 6455 7.4.1 and the IANA registry).
///
/// ```
/// use wirefeed::ws::CloseCode;
/// assert!(CloseCode::NORMAL.may_be_sent() && CloseCode(4000).may_be_sent());
/// assert!(!CloseCode(1005).may_be_sent() && !CloseCode(2000).may_be_sent());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: a server goes down, or a browser leaves the page.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer broke the protocol.
    pub const PROTOCOL: Self = Self(1002);
    /// 1003: a kind of data that cannot be accepted.
    pub const UNSUPPORTED: Self = Self(1003);
    /// 1007: a text that is not UTF-8.
    pub const INVALID_DATA: Self = Self(1007);
    /// 1008: a policy was violated.
    pub const POLICY: Self = Self(1008);
    /// 1009: a message is too big.
    pub const TOO_BIG: Self = Self(1009);
    /// 1010: an extension is missing; only a client sends this.
    pub const EXTENSION: Self = Self(1010);
    /// 1011: something unexpected happened.
    pub const INTERNAL: Self = Self(1011);
    /// 1012: the service restarts.
    pub const RESTART: Self = Self(1012);
    /// 1013: try again later.
    pub const AGAIN_LATER: Self = Self(1013);
    /// 1014: a gateway got a bad answer.
    pub const BAD_GATEWAY: Self = Self(1014);

    /// Whether this code may stand in a close frame: those above, and 3000 to 4999 for libraries and
    /// applications. 1004 means nothing; 1005, 1006 and 1015 say that no code was sent.
    pub const fn may_be_sent(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }

    /// Whether a page in a browser may give this code to its `close()`: 1000, and 3000 to 4999 (WHATWG
    /// WebSockets). For whoever takes codes from a script; [`Sender::close`](super::Sender::close)
    /// takes all that [may be sent](Self::may_be_sent).
    pub const fn may_be_given_by_a_script(self) -> bool {
        matches!(self.0, 1000 | 3000..=4999)
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseCode({})", self.0)
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a close frame says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Close<'m> {
    /// Why; `None` where the frame was empty.
    pub code: Option<CloseCode>,
    /// In words, at most 123 bytes.
    pub reason: &'m str,
}

impl fmt::Debug for Close<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Close").field("code", &self.code).finish_non_exhaustive()
    }
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
            assert!(!CloseCode(code).may_be_given_by_a_script(), "{code}");
        }
        for code in [1000, 3000, 3999, 4000, 4999] {
            assert!(CloseCode(code).may_be_given_by_a_script(), "{code}");
        }
        for code in [1001, 1002, 1003, 1007, 1011, 1014] {
            assert!(!CloseCode(code).may_be_given_by_a_script(), "{code}");
        }
    }
}
