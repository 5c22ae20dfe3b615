//! What the fields of a handshake say, found in one pass over them.

use crate::Fields;
use crate::kernel::{grammar, scan};

/// What the fields of a request or an answer say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    /// `Upgrade` lists `websocket`.
    upgrade: bool,
    /// `Connection` lists `upgrade`.
    connection: bool,
    /// There is a field that HTTP/2 and HTTP/3 know no such of (RFC 9113 8.2.2).
    pub(super) of_connection: bool,
    pub(super) host: Only<'a>,
    pub(super) origin: Only<'a>,
    pub(super) key: Only<'a>,
    pub(super) version: Only<'a>,
    pub(super) accept: Only<'a>,
    /// `Sec-WebSocket-Protocol`: a list in a request, one token in an answer.
    pub(super) protocol: Only<'a>,
    /// There is a `Sec-WebSocket-Extensions`.
    pub(super) extensions: bool,
}

/// The value of a field that must not be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Only<'a> {
    Missing,
    One(&'a [u8]),
    Several,
}

impl<'a> Said<'a> {
    const NOTHING: Self = Self {
        upgrade: false,
        connection: false,
        of_connection: false,
        host: Only::Missing,
        origin: Only::Missing,
        key: Only::Missing,
        version: Only::Missing,
        accept: Only::Missing,
        protocol: Only::Missing,
        extensions: false,
    };

    /// Reads them all.
    #[inline]
    pub(super) fn by(fields: &'a (impl Fields + ?Sized)) -> Self {
        let mut said = Self::NOTHING;
        for (name, value) in fields.raw_fields() {
            said.note(name, value);
        }
        said
    }

    /// Takes note of a field, whose name is a token.
    #[inline]
    fn note(&mut self, name: &[u8], value: &'a [u8]) {
        match name.len() {
            4 if scan::is_name(name, b"host") => self.host.note(value),
            6 if scan::is_name(name, b"origin") => self.origin.note(value),
            7 if scan::is_name(name, b"upgrade") => {
                self.of_connection = true;
                self.upgrade |= lists(value, b"websocket");
            }
            10 if scan::is_name(name, b"connection") => {
                self.of_connection = true;
                self.connection |= lists(value, b"upgrade");
            }
            10 => self.of_connection |= scan::is_name(name, b"keep-alive"),
            16 => self.of_connection |= scan::is_name(name, b"proxy-connection"),
            17 if scan::is_name(name, b"sec-websocket-key") => self.key.note(value),
            17 => self.of_connection |= scan::is_name(name, b"transfer-encoding"),
            20 if scan::is_name(name, b"sec-websocket-accept") => self.accept.note(value),
            21 if scan::is_name(name, b"sec-websocket-version") => self.version.note(value),
            22 if scan::is_name(name, b"sec-websocket-protocol") => self.protocol.note(value),
            24 => self.extensions |= scan::is_name(name, b"sec-websocket-extensions"),
            _ => {}
        }
    }

    /// `Upgrade: websocket` with `Connection: upgrade` (RFC 6455 4.2.1, 4.2.2).
    pub(super) const fn upgrades(&self) -> bool {
        self.upgrade && self.connection
    }
}

impl<'a> Only<'a> {
    fn note(&mut self, value: &'a [u8]) {
        *self = match self {
            Self::Missing => Self::One(value),
            Self::One(_) | Self::Several => Self::Several,
        };
    }
}

/// Whether a list has this token, without regard to case.
#[inline]
fn lists(value: &[u8], token: &[u8]) -> bool {
    // Most are a list of one.
    value.eq_ignore_ascii_case(token)
        || grammar::list(value).any(|element| element.eq_ignore_ascii_case(token))
}
