//! Close codes (RFC 6455 7.4).

use crate::kernel::debug::debug;
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

    /// Whether a close frame may carry this code: those above, and 3000 to 4999 for libraries and
    /// applications. 1004 is reserved; 1005, 1006 and 1015 stand for connections without a code.
    pub const fn may_be_sent(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

debug!([] CloseCode, self, f => write!(f, "CloseCode({})", self.0));

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
