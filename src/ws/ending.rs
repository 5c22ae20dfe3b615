//! How a session ended.

use super::CloseCode;

/// How a connection ended (RFC 6455 7.1.4 to 7.1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// Close frames went both ways; with the peer's code, if it gave one.
    Clean(Option<CloseCode>),
    /// The peer's stream ended before the closing handshake was over: 1006 in a browser.
    Vanished,
    /// The peer broke the protocol, or a limit, and was told so with this code.
    Failed(CloseCode),
    /// The closing handshake took too long, or a ping was not answered in time.
    TimedOut,
}
