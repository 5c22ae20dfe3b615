//! The fields of a request or response that the handshake reads, collected in one pass.

use crate::Fields;
use crate::kernel::{grammar, scan};

/// The handshake's fields of a request or a response.
#[derive(Debug, Clone, Copy)]
pub(super) struct HandshakeFields<'a> {
    /// `Upgrade` lists `websocket`.
    upgrade: bool,
    /// `Connection` lists `upgrade`.
    connection: bool,
    /// At least one connection-specific field is present; HTTP/2 and HTTP/3 forbid them (RFC 9113 8.2.2).
    pub(super) connection_specific: bool,
    pub(super) host: Singleton<'a>,
    pub(super) origin: Singleton<'a>,
    pub(super) key: Singleton<'a>,
    pub(super) version: Singleton<'a>,
    pub(super) accept: Singleton<'a>,
    /// `Sec-WebSocket-Protocol`: a list in a request, one token in a response.
    pub(super) protocol: Singleton<'a>,
    /// `Sec-WebSocket-Extensions` is present.
    pub(super) extensions: bool,
}

/// The value of a singleton field (RFC 9110 5.5): a field that must not be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Singleton<'a> {
    Absent,
    One(&'a [u8]),
    Repeated,
}

impl<'a> HandshakeFields<'a> {
    const NONE: Self = Self {
        upgrade: false,
        connection: false,
        connection_specific: false,
        host: Singleton::Absent,
        origin: Singleton::Absent,
        key: Singleton::Absent,
        version: Singleton::Absent,
        accept: Singleton::Absent,
        protocol: Singleton::Absent,
        extensions: false,
    };

    /// Collects them from all fields.
    #[inline]
    pub(super) fn read(fields: &'a (impl Fields + ?Sized)) -> Self {
        let mut found = Self::NONE;
        for (name, value) in fields.raw_fields() {
            found.add(name, value);
        }
        found
    }

    /// Adds a field. The length of the name selects the few names that it is compared with.
    #[inline]
    fn add(&mut self, name: &[u8], value: &'a [u8]) {
        match name.len() {
            4 if scan::is_name(name, b"host") => self.host.add(value),
            6 if scan::is_name(name, b"origin") => self.origin.add(value),
            7 if scan::is_name(name, b"upgrade") => {
                self.connection_specific = true;
                self.upgrade |= lists(value, b"websocket");
            }
            10 if scan::is_name(name, b"connection") => {
                self.connection_specific = true;
                self.connection |= lists(value, b"upgrade");
            }
            10 => self.connection_specific |= scan::is_name(name, b"keep-alive"),
            16 => self.connection_specific |= scan::is_name(name, b"proxy-connection"),
            17 if scan::is_name(name, b"sec-websocket-key") => self.key.add(value),
            17 => self.connection_specific |= scan::is_name(name, b"transfer-encoding"),
            20 if scan::is_name(name, b"sec-websocket-accept") => self.accept.add(value),
            21 if scan::is_name(name, b"sec-websocket-version") => self.version.add(value),
            22 if scan::is_name(name, b"sec-websocket-protocol") => self.protocol.add(value),
            24 => self.extensions |= scan::is_name(name, b"sec-websocket-extensions"),
            _ => {}
        }
    }

    /// Whether the fields hold `Upgrade: websocket` and `Connection: upgrade` (RFC 6455 4.2.1, 4.2.2).
    pub(super) const fn upgrades(&self) -> bool {
        self.upgrade && self.connection
    }
}

impl<'a> Singleton<'a> {
    fn add(&mut self, value: &'a [u8]) {
        *self = match self {
            Self::Absent => Self::One(value),
            Self::One(_) | Self::Repeated => Self::Repeated,
        };
    }
}

/// Whether a list contains this token; tokens are compared without regard to case.
#[inline]
fn lists(value: &[u8], token: &[u8]) -> bool {
    // Most lists have one element.
    value.eq_ignore_ascii_case(token)
        || grammar::list(value).any(|element| element.eq_ignore_ascii_case(token))
}
