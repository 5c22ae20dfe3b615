//! Why a handshake fails, on either side.

use core::fmt;

use crate::kernel::grammar::Malformed;

/// Why a response does not open a connection: the client must fail it (RFC 6455 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// The status is not 101, or over HTTP/2 and HTTP/3 not 2xx. The response is an ordinary one: the
    /// caller may follow a redirect or answer a 401.
    Status(u16),
    /// `Upgrade: websocket` or `Connection: upgrade` is missing; over HTTP/2 and HTTP/3, which forbid
    /// such fields, one is present.
    NoUpgrade,
    /// `Sec-WebSocket-Accept` does not match the key of the request.
    Accept,
    /// The server selected a subprotocol that was not offered, or several; or none although
    /// [`require_protocol`](super::Offers::require_protocol) is set.
    Protocol,
    /// The server accepted an extension that was not offered, or `Sec-WebSocket-Extensions` is not a
    /// list of extensions.
    Extension,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {status} does not open a connection"),
            Self::NoUpgrade => f.write_str("the response does not upgrade to WebSocket"),
            Self::Accept => f.write_str("`Sec-WebSocket-Accept` does not match the key"),
            Self::Protocol => f.write_str("the selected subprotocol was not offered"),
            Self::Extension => f.write_str("an accepted extension was not offered"),
        }
    }
}

impl core::error::Error for Failure {}

/// Why a server refuses a request, and the response that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Refusal {
    /// What is wrong with the request.
    pub kind: RefusalKind,
    pub(super) is_connect: bool,
}

/// What is wrong with a request to open a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// An extended CONNECT that violates HTTP/2 (RFC 9113 8.3.1, RFC 8441 4): no `:method`, `:protocol`
    /// with a method other than CONNECT, `:scheme` or `:path` missing or not of http or https, no
    /// authority, a `host` that differs from it, or a connection-specific field such as `Upgrade`.
    ///
    /// Reset the stream with PROTOCOL_ERROR, in HTTP/3 with H3_MESSAGE_ERROR; RFC 9113 8.1.1 lets a
    /// server send a response, the 400, before the reset.
    Malformed,
    /// A method other than GET, or over HTTP/2 and HTTP/3 other than CONNECT: 405.
    Method,
    /// `Upgrade: websocket` or `Connection: upgrade` is missing: 426, unless the resource serves other
    /// requests too.
    NoUpgrade,
    /// `:protocol` is missing or not `websocket`: 501 (RFC 9220 3).
    Protocol,
    /// `Sec-WebSocket-Version` is not 13: 426, over HTTP/2 and HTTP/3 400 since 426 needs an `Upgrade`
    /// field (RFC 9110 15.5.22); `Sec-WebSocket-Version: 13` says what is supported (RFC 6455 4.4).
    Version,
    /// `Host` is repeated, or not a host: 400 (RFC 9112 3.2).
    Host,
    /// `Sec-WebSocket-Key` is missing, repeated, or not the base64 of 16 bytes: 400.
    Key,
    /// `Origin` is repeated: 400.
    Origin,
    /// `Sec-WebSocket-Protocol` is not a list of 1 to 64 distinct tokens: 400.
    Protocols,
    /// `Sec-WebSocket-Extensions` is not a list of extensions (RFC 6455 9.1): 400. Only the negotiation
    /// of an extension reads it, such as [`DeflateConfig::answer`](super::DeflateConfig::answer).
    Extensions,
}

impl From<Malformed> for Refusal {
    fn from(_: Malformed) -> Self {
        // The response is the same over every HTTP.
        Self { kind: RefusalKind::Extensions, is_connect: false }
    }
}

impl Refusal {
    /// The status of the response. If the [`kind`](Self::kind) is [`RefusalKind::Malformed`], the server
    /// must also reset the stream.
    pub const fn status(self) -> u16 {
        match self.kind {
            RefusalKind::Method => 405,
            RefusalKind::NoUpgrade => 426,
            RefusalKind::Version if !self.is_connect => 426,
            RefusalKind::Protocol => 501,
            _ => 400,
        }
    }

    /// The fields that the status requires in the response (RFC 6455 4.4, RFC 9110 15.5.6 and 15.5.22);
    /// their names are in lower case over HTTP/2 and HTTP/3.
    pub const fn fields(self) -> &'static [(&'static str, &'static str)] {
        match (self.kind, self.is_connect) {
            (RefusalKind::Method, false) => &[("Allow", "GET")],
            (RefusalKind::Method, true) => &[("allow", "CONNECT")],
            (RefusalKind::NoUpgrade | RefusalKind::Version, false) => &[
                ("Upgrade", "websocket"),
                ("Connection", "Upgrade"),
                ("Sec-WebSocket-Version", "13"),
            ],
            (RefusalKind::Version, true) => &[("sec-websocket-version", "13")],
            _ => &[],
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            RefusalKind::Malformed => "malformed extended CONNECT request",
            RefusalKind::Method if self.is_connect => "invalid method: expected CONNECT",
            RefusalKind::Method => "invalid method: expected GET",
            RefusalKind::NoUpgrade => {
                "not an upgrade: expected `Upgrade: websocket` and `Connection: upgrade`"
            }
            RefusalKind::Protocol => "unsupported `:protocol`: expected `websocket`",
            RefusalKind::Version => "unsupported `Sec-WebSocket-Version`: expected 13",
            RefusalKind::Host => "invalid `Host` field: expected one host",
            RefusalKind::Key => {
                "invalid `Sec-WebSocket-Key` field: expected the base64 of 16 bytes"
            }
            RefusalKind::Origin => "repeated `Origin` field",
            RefusalKind::Protocols => {
                "invalid `Sec-WebSocket-Protocol` field: expected 1 to 64 distinct tokens"
            }
            RefusalKind::Extensions => {
                "invalid `Sec-WebSocket-Extensions` field: expected a list of extensions"
            }
        })
    }
}

impl core::error::Error for Refusal {}
