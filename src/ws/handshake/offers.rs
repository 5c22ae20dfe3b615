//! What a client offers.

use super::error::Failure;
use super::extensions;
use super::fields::{HandshakeFields, Singleton};
#[cfg(feature = "alloc")]
use super::protocols;
#[cfg(feature = "alloc")]
use crate::ApiMisuse;
use crate::Fields;
use crate::kernel::debug::debug;
use crate::kernel::grammar;

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

// Prints the number of subprotocols, in which some clients put a token.
debug!([] Offers<'_>, self => Offers {
    protocols: self.protocols.len(),
    extensions: self.extensions.map(str::len),
    require_protocol: self.require_protocol,
});

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
    pub(super) fn verify<'f>(
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
