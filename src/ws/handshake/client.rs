//! The client's side of the handshake (RFC 6455 4.1, RFC 8441 5).

use core::fmt;

use super::fields::{HandshakeFields, Singleton};
use super::{extensions, key};
use crate::kernel::grammar;
use crate::{Entropy, Fields};
#[cfg(feature = "alloc")]
use {super::protocols, crate::ApiMisuse, crate::ws::Url};

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
    /// [`require_protocol`](Offers::require_protocol) is set.
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

/// What a client offers, and what it requires of the server's selection.
///
/// ```
/// use wirefeed::ws::handshake::Offers;
///
/// let mut offers = Offers::new(&["chat.v2", "chat.v1"]);
/// offers.extensions = Some("permessage-deflate; client_max_window_bits");
/// offers.require_protocol = true; // as browsers do
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Offers<'a> {
    /// The subprotocols, in order of preference: distinct tokens.
    pub protocols: &'a [&'a str],
    /// The value of `Sec-WebSocket-Extensions` (RFC 6455 9.1); `None` offers no extension.
    pub extensions: Option<&'a str>,
    /// Whether to fail if subprotocols are offered and the server selects none. Off by default: RFC
    /// 6455 4.1 lets a client continue. The WHATWG standard requires browsers to fail.
    pub require_protocol: bool,
}

/// Prints the number of subprotocols, in which some clients put a token.
impl fmt::Debug for Offers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offers")
            .field("protocols", &self.protocols.len())
            .field("extensions", &self.extensions.map(str::len))
            .field("require_protocol", &self.require_protocol)
            .finish()
    }
}

impl<'a> Offers<'a> {
    /// Offers these subprotocols and no extension.
    pub const fn new(protocols: &'a [&'a str]) -> Self {
        Self { protocols, extensions: None, require_protocol: false }
    }

    /// Checks that they may be sent (RFC 6455 4.1, 9.1).
    #[cfg(feature = "alloc")]
    pub(super) fn check(&self) -> Result<(), ApiMisuse> {
        for (n, name) in self.protocols.iter().enumerate() {
            // RFC 6455 4.1 requires unique strings; like the WHATWG standard this compares them without
            // regard to case.
            let is_repeated = self.protocols[..n].iter().any(|one| one.eq_ignore_ascii_case(name));
            if is_repeated || !protocols::is_protocol(name) {
                return Err(ApiMisuse::Subprotocol);
            }
        }
        match self.extensions {
            Some(list) if !extensions::are_valid(list) => Err(ApiMisuse::FieldValue),
            _ => Ok(()),
        }
    }

    /// The subprotocol that a response selects, after the check that its extensions were offered.
    fn verify<'f>(
        &self,
        found: &HandshakeFields<'f>,
        fields: &(impl Fields + ?Sized),
    ) -> Result<Option<&'f str>, Failure> {
        // RFC 6455 4.1 item 5: an extension that was not offered fails the connection.
        if found.extensions && !self.offer_extensions_of(fields) {
            return Err(Failure::Extension);
        }
        match found.protocol {
            Singleton::Absent if self.require_protocol && !self.protocols.is_empty() => {
                Err(Failure::Protocol)
            }
            Singleton::Absent => Ok(None),
            // Item 6: so does a subprotocol that was not offered.
            Singleton::One(name) if self.protocols.iter().any(|one| one.as_bytes() == name) => {
                Ok(core::str::from_utf8(name).ok())
            }
            Singleton::One(_) | Singleton::Repeated => Err(Failure::Protocol),
        }
    }

    /// Whether all extensions of a response were offered. Names are compared with regard to case, as
    /// Chromium, `ws` and `websockets` do.
    fn offer_extensions_of(&self, response: &(impl Fields + ?Sized)) -> bool {
        let is_offered = |name: &[u8]| {
            let offered = self.extensions.unwrap_or_default().as_bytes();
            grammar::elements(offered).flatten().any(|one| one.name == name)
        };
        extensions::elements(response).all(|one| one.is_ok_and(|one| is_offered(one.name)))
    }
}

/// One attempt to open a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ClientHandshake {
    /// `None` over HTTP/2 and HTTP/3.
    key: Option<[u8; 24]>,
}

/// Prints no key.
impl fmt::Debug for ClientHandshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientHandshake")
    }
}

impl ClientHandshake {
    /// An attempt over HTTP/1.1, with a random key (RFC 6455 4.1).
    pub fn upgrade(entropy: &mut impl Entropy) -> Self {
        Self { key: Some(key::encode(entropy.nonce())) }
    }

    /// An attempt over HTTP/2 (RFC 8441) or HTTP/3 (RFC 9220), which use no key.
    pub const fn extended_connect() -> Self {
        Self { key: None }
    }

    /// The value of `Sec-WebSocket-Key`; `None` over HTTP/2 and HTTP/3, which do not use it.
    pub const fn key(&self) -> Option<&[u8; 24]> {
        self.key.as_ref()
    }

    /// The request that opens a connection to `url`, with the caller's own fields.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Subprotocol`] if the offered subprotocols are not distinct tokens, compared without
    /// regard to case; [`ApiMisuse::FieldValue`] if the offered extensions are not a list of extensions;
    /// [`ApiMisuse::FieldName`] and [`ApiMisuse::FieldValue`] if a field of `extra` is invalid or one of
    /// the handshake's own, and over HTTP/2 and HTTP/3 if its name is not in lower case or is
    /// connection-specific.
    #[cfg(feature = "alloc")]
    pub fn request<'a, X: Fields + ?Sized>(
        &self,
        url: &Url<'a>,
        offers: &Offers<'a>,
        extra: &'a X,
    ) -> Result<super::Request<'a, X>, ApiMisuse> {
        super::Request::new(self.key, url, offers, extra)
    }

    /// Validates the response, and returns the subprotocol that the server selected from those offered.
    ///
    /// Of an extension only the name is checked; [`DeflateConfig::verify`](super::DeflateConfig::verify)
    /// returns what was agreed on. After a failure with the status 101 the connection must be closed;
    /// with another status it still is an HTTP connection.
    ///
    /// # Errors
    ///
    /// The [`Failure`].
    pub fn verify<'a>(
        &self,
        status: u16,
        fields: &'a (impl Fields + ?Sized),
        offers: &Offers<'_>,
    ) -> Result<Option<&'a str>, Failure> {
        let is_success = match self.key {
            // RFC 6455 4.1: a status other than 101 is handled as HTTP prescribes.
            Some(_) => status == 101,
            // RFC 8441 5: a 2xx status replaces the 101.
            None => matches!(status, 200..300),
        };
        if !is_success {
            return Err(Failure::Status(status));
        }
        let found = HandshakeFields::read(fields);
        match &self.key {
            // RFC 6455 4.1 items 2 and 3.
            Some(_) if !found.upgrades() => Err(Failure::NoUpgrade),
            // Item 4: the accept key is computed from the key of the request.
            Some(key) if found.accept != Singleton::One(&key::accept_key(key)) => {
                Err(Failure::Accept)
            }
            // RFC 9113 8.2.2: a message with connection-specific fields is malformed.
            None if found.connection_specific => Err(Failure::NoUpgrade),
            _ => offers.verify(&found, fields),
        }
    }
}

#[cfg(all(test, feature = "alloc"))]
mod tests;
