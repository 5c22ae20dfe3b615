//! The server's side of the handshake (RFC 6455 4.2).

use core::fmt;

use super::key;
use crate::{Fields, grammar};

/// Why a request is not accepted, and with which status it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// Only GET opens a connection: 405.
    Method,
    /// No `Upgrade: websocket` with `Connection: upgrade`: 426, if this resource speaks nothing else.
    NoUpgrade,
    /// A version other than 13: 426 with `Sec-WebSocket-Version: 13`.
    Version,
    /// No key, several, or one that is not the base64 of 16 bytes: 400.
    Key,
}

impl Refusal {
    /// The status to answer with.
    pub const fn status(self) -> u16 {
        match self {
            Self::Method => 405,
            Self::NoUpgrade | Self::Version => 426,
            Self::Key => 400,
        }
    }

    /// The fields that belong to the answer (RFC 6455 4.4, RFC 9110 15.5.6 and 15.5.22).
    pub const fn fields(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Method => &[("Allow", "GET")],
            Self::NoUpgrade | Self::Version => &[
                ("Upgrade", "websocket"),
                ("Connection", "Upgrade"),
                ("Sec-WebSocket-Version", "13"),
            ],
            Self::Key => &[],
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Method => "only GET opens a WebSocket connection",
            Self::NoUpgrade => "the request does not ask for an upgrade to WebSocket",
            Self::Version => "the version of the protocol is not 13",
            Self::Key => "the key is not the base64 of 16 bytes",
        })
    }
}

impl core::error::Error for Refusal {}

/// A request that may be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    accept: [u8; 28],
}

/// Judges a request to open a connection. That it is HTTP/1.1 and from an origin that is welcome is
/// the caller's to judge.
///
/// # Errors
///
/// [`Refusal`] says what is wrong and how to answer.
pub fn read_request(method: &str, fields: &(impl Fields + ?Sized)) -> Result<Offer, Refusal> {
    if method != "GET" {
        return Err(Refusal::Method);
    }
    if !(grammar::lists(fields, "upgrade", b"websocket")
        && grammar::lists(fields, "connection", b"upgrade"))
    {
        return Err(Refusal::NoUpgrade);
    }
    if only(fields, "sec-websocket-version") != Some(b"13") {
        return Err(Refusal::Version);
    }
    match only(fields, "sec-websocket-key") {
        Some(key) if key::is_key(key) => Ok(Offer { accept: key::accept(key) }),
        _ => Err(Refusal::Key),
    }
}

/// The subprotocols that a request offers, in the order of its preference (RFC 6455 1.9).
pub fn protocols(fields: &(impl Fields + ?Sized)) -> impl Iterator<Item = &[u8]> {
    fields.values_of("sec-websocket-protocol").flat_map(grammar::list)
}

impl Offer {
    /// The value of `Sec-WebSocket-Accept`.
    pub const fn key(&self) -> &[u8; 28] {
        &self.accept
    }

    /// The fields that belong to the answer, a 101, for whoever sends its head by other means.
    pub fn fields(&self) -> [(&'static str, &[u8]); 3] {
        [
            ("Upgrade", b"websocket"),
            ("Connection", b"Upgrade"),
            ("Sec-WebSocket-Accept", &self.accept),
        ]
    }

    /// Writes the answer that opens the connection: a 101 with the chosen subprotocol, if any, which
    /// must be one of [`protocols`], and the caller's own fields.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::FieldName`](crate::ApiMisuse::FieldName) and
    /// [`ApiMisuse::FieldValue`](crate::ApiMisuse::FieldValue) for fields that cannot be written,
    /// [`SendError::Full`](crate::SendError::Full) where they do not fit.
    #[cfg(feature = "alloc")]
    pub fn accept(
        &self,
        protocol: Option<&str>,
        extra: &(impl Fields + ?Sized),
        out: &mut impl bytes::BufMut,
    ) -> Result<(), crate::SendError> {
        let [upgrade, connection, accept] = self.fields().map(|(name, value)| (name, Some(value)));
        let protocol = ("Sec-WebSocket-Protocol", protocol.map(str::as_bytes));
        let own = [upgrade, connection, accept, protocol];
        super::write::head(&[b"HTTP/1.1 101 Switching Protocols"], &own, extra, out)
    }
}

/// The value of a field that must not be repeated.
fn only<'a>(fields: &'a (impl Fields + ?Sized), name: &'a str) -> Option<&'a [u8]> {
    let mut values = fields.values_of(name);
    values.next().filter(|_| values.next().is_none())
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use crate::{ApiMisuse, SendError};
    use alloc::vec::Vec;

    const GOOD: [(&str, &str); 4] = [
        ("Upgrade", "WebSocket"),
        ("Connection", "keep-alive, upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    #[test]
    fn a_good_request_is_accepted() {
        let offer = read_request("GET", &GOOD).unwrap();
        assert_eq!(offer.key(), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        let mut out = Vec::new();
        offer.accept(Some("a"), &[("X", "y")], &mut out).unwrap();
        assert_eq!(
            core::str::from_utf8(&out).unwrap(),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: a\r\n\
             X: y\r\n\r\n"
        );
    }

    #[test]
    fn every_other_is_refused() {
        assert_eq!(read_request("POST", &GOOD), Err(Refusal::Method));
        for (name, value, refusal) in [
            ("Upgrade", "h2c", Refusal::NoUpgrade),
            ("Connection", "close", Refusal::NoUpgrade),
            ("Sec-WebSocket-Version", "8", Refusal::Version),
            ("Sec-WebSocket-Version", "13, 8", Refusal::Version),
            ("Sec-WebSocket-Key", "", Refusal::Key),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ", Refusal::Key),
        ] {
            let changed = GOOD.map(|field| if field.0 == name { (name, value) } else { field });
            assert_eq!(read_request("GET", &changed), Err(refusal), "{name}: {value}");
            let missing: Vec<_> = GOOD.iter().filter(|field| field.0 != name).copied().collect();
            assert_eq!(read_request("GET", &missing[..]), Err(refusal), "{name}");
        }
        let twice: Vec<_> = GOOD.iter().chain(&GOOD).copied().collect();
        assert_eq!(read_request("GET", &twice[..]), Err(Refusal::Version));
    }

    #[test]
    fn extra_fields_displace_nothing() {
        let offer = read_request("GET", &GOOD).unwrap();
        let mut out = Vec::new();
        for name in ["connection", "UPGRADE", "Sec-WebSocket-Accept", "Content-Length"] {
            let refused = offer.accept(None, &[(name, "x")], &mut out);
            assert_eq!(refused, Err(SendError::Misuse(ApiMisuse::FieldName)), "{name}");
        }
        let refused = offer.accept(Some("a\r\nb"), &(), &mut out);
        assert_eq!(refused, Err(SendError::Misuse(ApiMisuse::FieldValue)));
        assert!(out.is_empty());
    }

    #[test]
    fn protocols_are_listed_in_order() {
        let fields = [("Sec-WebSocket-Protocol", "a, b"), ("sec-websocket-protocol", "c")];
        assert_eq!(protocols(&fields).collect::<Vec<_>>(), [b"a", b"b", b"c"]);
    }
}
