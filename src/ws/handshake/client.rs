//! The client's side of the handshake (RFC 6455 4.1, RFC 8441 5).

use super::error::Failure;
use super::fields::{HandshakeFields, Singleton};
use super::key;
use super::offers::Offers;
use crate::kernel::debug::debug;
use crate::{Entropy, Fields};
#[cfg(feature = "alloc")]
use {crate::ApiMisuse, crate::ws::Url};

/// One attempt to open a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ClientHandshake {
    /// `None` over HTTP/2 and HTTP/3.
    key: Option<[u8; 24]>,
}

// Prints no key.
debug!([] ClientHandshake, self, f => f.write_str("ClientHandshake"));

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
