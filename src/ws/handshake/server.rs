//! The server's side of the handshake (RFC 6455 4.2).

use core::fmt;

use super::key;
use super::said::{Only, Said};
use crate::Fields;
use crate::kernel::grammar::is_host_field;
use crate::kernel::{grammar, scan};

/// Why a request is not accepted, and how it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// Only GET opens a connection: 405.
    Method,
    /// No `Upgrade: websocket` with `Connection: upgrade`: 426, if this resource speaks nothing else.
    NoUpgrade,
    /// A version other than 13: 426 with `Sec-WebSocket-Version: 13` (RFC 6455 4.4).
    Version,
    /// Several `Host` fields, or one that is not a host: 400 (RFC 9112 3.2).
    Host,
    /// No key, several, or one that is not the base64 of 16 bytes: 400.
    Key,
    /// Several `Origin` fields, so that nobody knows which to judge: 400.
    Origin,
    /// Subprotocols that are no list of tokens, are listed twice, or are more than 64: 400.
    Protocols,
    /// Extensions that are no list of them (RFC 6455 9.1): 400. Nobody reads them but who negotiates,
    /// such as [`DeflateConfig::answer`](super::DeflateConfig::answer).
    Extensions,
}

impl From<grammar::Malformed> for Refusal {
    fn from(_: grammar::Malformed) -> Self {
        Self::Extensions
    }
}

impl Refusal {
    /// The status to answer with.
    pub const fn status(self) -> u16 {
        match self {
            Self::Method => 405,
            Self::NoUpgrade | Self::Version => 426,
            Self::Host | Self::Key | Self::Origin | Self::Protocols | Self::Extensions => 400,
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
            Self::Host | Self::Key | Self::Origin | Self::Protocols | Self::Extensions => &[],
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Method => "only GET opens a WebSocket connection",
            Self::NoUpgrade => "the request does not ask for an upgrade to WebSocket",
            Self::Version => "the version of the protocol is not 13",
            Self::Host => "there are several hosts, or one that is not a host",
            Self::Key => "the key is not the base64 of 16 bytes",
            Self::Origin => "there are several origins",
            Self::Protocols => "the subprotocols are no list of different tokens",
            Self::Extensions => "the extensions are no list",
        })
    }
}

impl core::error::Error for Refusal {}

/// A request that may be accepted. It borrows nothing, so that it may wait for whoever decides.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    accept: [u8; 28],
    protocols: bool,
    extensions: bool,
}

/// Judges a request to open a connection, in one pass over its fields.
///
/// That it is of HTTP/1.1 and has a `Host` ([`h1`](crate::h1) sees to both) and comes from an origin
/// that is welcome ([`origin`]) is the caller's to judge.
///
/// ```
/// use wirefeed::ws::handshake::{self, Refusal};
///
/// let request = [
///     ("Upgrade", "websocket"),
///     ("Connection", "keep-alive, Upgrade"),
///     ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
///     ("Sec-WebSocket-Version", "13"),
/// ];
/// let offer = handshake::read_request("GET", &request)?;
/// assert_eq!(offer.key(), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
///
/// let refusal = handshake::read_request("GET", &request[..3]).unwrap_err();
/// assert_eq!((refusal, refusal.status()), (Refusal::Version, 426));
/// assert!(refusal.fields().contains(&("Sec-WebSocket-Version", "13")));
/// # Ok::<(), Refusal>(())
/// ```
///
/// # Errors
///
/// [`Refusal`] says what is wrong and how to answer.
pub fn read_request(method: &str, fields: &(impl Fields + ?Sized)) -> Result<Offer, Refusal> {
    if method != "GET" {
        return Err(Refusal::Method);
    }
    let said = Said::by(fields);
    if !said.upgrades() {
        return Err(Refusal::NoUpgrade);
    }
    if said.version != Only::One(b"13") {
        return Err(Refusal::Version);
    }
    let is_host = match said.host {
        // That there is one is for whoever reads the request's line to see to.
        Only::Missing => true,
        Only::One(host) => is_host_field(host),
        Only::Several => false,
    };
    if !is_host {
        return Err(Refusal::Host);
    }
    let Only::One(key) = said.key else { return Err(Refusal::Key) };
    if !key::is_key(key) {
        return Err(Refusal::Key);
    }
    if said.origin == Only::Several {
        return Err(Refusal::Origin);
    }
    let has_protocols = said.protocol != Only::Missing;
    if has_protocols && !are_protocols(fields) {
        return Err(Refusal::Protocols);
    }
    let accept = key::accept(key);
    Ok(Offer { accept, protocols: has_protocols, extensions: said.extensions })
}

/// The subprotocols that a request offers, in the order of its preference (RFC 6455 1.9).
pub fn protocols(fields: &(impl Fields + ?Sized)) -> impl Iterator<Item = &[u8]> {
    fields.values_of("sec-websocket-protocol").flat_map(grammar::list)
}

/// Whose order decides between subprotocols that both sides speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Preference {
    /// The client's: the first of its list that the server speaks.
    Client,
    /// The server's: the first of its own that the client offers.
    Server,
}

/// The subprotocol to accept of those that a request offers, if there is one that is `spoken` here;
/// case matters (RFC 6455 4.2.2).
///
/// Whether to go on without one is the caller's choice: RFC 6455 lets a server leave it out, and a
/// browser then fails the connection.
///
/// ```
/// use wirefeed::ws::handshake::{Preference, select_protocol};
///
/// let request = [("Sec-WebSocket-Protocol", "v3, v1, v2")];
/// let spoken = ["v2", "v1"];
/// assert_eq!(select_protocol(&request, &spoken, Preference::Client), Some("v1"));
/// assert_eq!(select_protocol(&request, &spoken, Preference::Server), Some("v2"));
/// assert_eq!(select_protocol(&request, &["V1"], Preference::Server), None);
/// ```
pub fn select_protocol<'s>(
    fields: &(impl Fields + ?Sized),
    spoken: &[&'s str],
    preference: Preference,
) -> Option<&'s str> {
    let is = |spoken: &str, offered: &[u8]| spoken.as_bytes() == offered;
    match preference {
        Preference::Client => protocols(fields)
            .find_map(|offered| spoken.iter().find(|spoken| is(spoken, offered)).copied()),
        Preference::Server => spoken
            .iter()
            .find(|spoken| protocols(fields).any(|offered| is(spoken, offered)))
            .copied(),
    }
}

/// The values of `Sec-WebSocket-Extensions`, of a request or of an answer; each is a list of
/// [`elements`](crate::grammar::elements) (RFC 6455 9.1).
pub fn extensions(fields: &(impl Fields + ?Sized)) -> impl Iterator<Item = &[u8]> {
    fields.values_of("sec-websocket-extensions")
}

/// The origin of the page that asks (RFC 6455 10.2), which browsers always send.
///
/// A browser sends its cookies along wherever a page connects to: a server that trusts them must know
/// the page, and answers 403 to those that it does not.
///
/// ```
/// use wirefeed::ws::handshake;
///
/// let is_welcome = |origin: Option<&[u8]>| match origin {
///     Some(origin) => origin == b"https://example.com",
///     None => true, // no browser
/// };
/// assert!(is_welcome(handshake::origin(&[("Origin", "https://example.com")])));
/// assert!(!is_welcome(handshake::origin(&[("Origin", "https://example.com.evil.test")])));
/// ```
pub fn origin(fields: &(impl Fields + ?Sized)) -> Option<&[u8]> {
    fields.value_of("origin")
}

impl fmt::Debug for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offer")
            .field("protocols", &self.protocols)
            .field("extensions", &self.extensions)
            .finish_non_exhaustive()
    }
}

impl Offer {
    /// The value of `Sec-WebSocket-Accept`.
    pub const fn key(&self) -> &[u8; 28] {
        &self.accept
    }

    /// Whether subprotocols are offered.
    pub const fn has_protocols(&self) -> bool {
        self.protocols
    }

    /// Whether extensions are offered.
    pub const fn has_extensions(&self) -> bool {
        self.extensions
    }

    /// The fields of the answer, a 101 without subprotocol and extensions, for whoever sends its head
    /// by other means.
    pub fn fields(&self) -> [(&'static str, &[u8]); 3] {
        [
            ("Upgrade", b"websocket"),
            ("Connection", b"Upgrade"),
            ("Sec-WebSocket-Accept", &self.accept),
        ]
    }

    /// The answer that opens the connection: a 101 with the chosen subprotocol, if any, which must be
    /// one of [`protocols`], the agreed extensions, if any, and the caller's own fields.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Subprotocol`](crate::ApiMisuse::Subprotocol) for one that is no token, and where
    /// none were offered; [`ApiMisuse::FieldName`](crate::ApiMisuse::FieldName) and
    /// [`ApiMisuse::FieldValue`](crate::ApiMisuse::FieldValue) for fields that cannot be written, that
    /// are the handshake's own, and for extensions where none were offered.
    #[cfg(feature = "alloc")]
    pub fn accept<'a, X: Fields + ?Sized>(
        &self,
        protocol: Option<&'a str>,
        extensions: Option<&'a str>,
        extra: &'a X,
    ) -> Result<super::Response<'a, X>, crate::ApiMisuse> {
        let choice = super::write::Choice { protocol, extensions };
        choice.check(self.protocols, self.extensions)?;
        super::Response::new(self.accept, choice, extra)
    }
}

/// Whether the subprotocols of a request are tokens, none of them there twice (RFC 6455 4.1).
pub(super) fn are_protocols(fields: &(impl Fields + ?Sized)) -> bool {
    let (mut all, mut len) = ([&[][..]; MAX_PROTOCOLS], 0);
    for name in protocols(fields) {
        if len == MAX_PROTOCOLS || !name.iter().all(|&byte| scan::is_token(byte)) {
            return false;
        }
        if all[..len].contains(&name) {
            return false;
        }
        all[len] = name;
        len += 1;
    }
    len > 0
}

/// The most subprotocols in a request. Each is compared with all others; nobody else has a limit but
/// that of the head, and nobody is known to offer ten.
const MAX_PROTOCOLS: usize = 64;

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use crate::{ApiMisuse, SendError};
    use alloc::vec::Vec;
    use alloc::{format, string::String};

    const GOOD: [(&str, &str); 4] = [
        ("Upgrade", "WebSocket"),
        ("Connection", "keep-alive, upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        GOOD.iter().chain(more).copied().collect()
    }

    #[test]
    fn a_good_request_is_accepted() {
        let request = with(&[
            ("Sec-WebSocket-Protocol", "b, a"),
            ("Sec-WebSocket-Extensions", "permessage-deflate"),
        ]);
        let offer = read_request("GET", &request[..]).unwrap();
        assert_eq!(offer.key(), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(offer.has_protocols() && offer.has_extensions());
        let extra = [("X", "y")];
        let response = offer.accept(Some("a"), Some("permessage-deflate"), &extra).unwrap();
        let mut out = Vec::new();
        response.encode(&mut out).unwrap();
        assert_eq!(
            core::str::from_utf8(&out).unwrap(),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: a\r\n\
             Sec-WebSocket-Extensions: permessage-deflate\r\nX: y\r\n\r\n"
        );
        // As fields it is the same.
        let mut lines = Vec::new();
        for field in response.fields() {
            crate::kernel::fields::encode(field.name, field.value, &mut lines).unwrap();
        }
        assert_eq!(out[34..out.len() - 2], lines);
        let mut room = [0; 64];
        assert_eq!(response.encode(&mut &mut room[..]), Err(SendError::Full));
        assert_eq!(room, [0; 64]);
    }

    #[test]
    fn every_other_is_refused() {
        assert_eq!(read_request("POST", &GOOD), Err(Refusal::Method));
        assert_eq!(read_request("get", &GOOD), Err(Refusal::Method));
        for (name, value, refusal) in [
            ("Upgrade", "h2c", Refusal::NoUpgrade),
            ("Connection", "close", Refusal::NoUpgrade),
            ("Sec-WebSocket-Version", "8", Refusal::Version),
            ("Sec-WebSocket-Version", "13, 8", Refusal::Version),
            ("Sec-WebSocket-Version", "+13", Refusal::Version),
            ("Sec-WebSocket-Key", "", Refusal::Key),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ", Refusal::Key),
        ] {
            let changed = GOOD.map(|field| if field.0 == name { (name, value) } else { field });
            assert_eq!(read_request("GET", &changed), Err(refusal), "{name}: {value}");
            let missing: Vec<_> = GOOD.iter().filter(|field| field.0 != name).copied().collect();
            assert_eq!(read_request("GET", &missing[..]), Err(refusal), "{name}");
        }
        for (twice, refusal) in [
            (GOOD[2], Refusal::Version),
            (GOOD[3], Refusal::Key),
            (("Origin", "https://a"), Refusal::Origin),
        ] {
            let request = with(&[twice, twice]);
            assert_eq!(read_request("GET", &request[..]), Err(refusal), "{twice:?}");
        }
    }

    #[test]
    fn a_refusal_says_how_to_answer() {
        for (refusal, status, fields) in [
            (Refusal::Method, 405, "Allow: GET"),
            (
                Refusal::NoUpgrade,
                426,
                "Upgrade: websocket, Connection: Upgrade, Sec-WebSocket-Version: 13",
            ),
            (
                Refusal::Version,
                426,
                "Upgrade: websocket, Connection: Upgrade, Sec-WebSocket-Version: 13",
            ),
            (Refusal::Key, 400, ""),
            (Refusal::Origin, 400, ""),
            (Refusal::Protocols, 400, ""),
        ] {
            let lines: Vec<String> =
                refusal.fields().iter().map(|(name, value)| format!("{name}: {value}")).collect();
            assert_eq!((refusal.status(), &lines.join(", ")[..]), (status, fields), "{refusal}");
        }
    }

    #[test]
    fn extra_fields_displace_nothing() {
        let offer = read_request("GET", &GOOD).unwrap();
        for name in ["connection", "UPGRADE", "Sec-WebSocket-Accept", "Content-Length", "host"] {
            let refused = offer.accept(None, None, &[(name, "x")]).map(|_| ());
            assert_eq!(refused, Err(ApiMisuse::FieldName), "{name}");
        }
        let refused = offer.accept(None, None, &[("X", "a\r\nb")]).map(|_| ());
        assert_eq!(refused, Err(ApiMisuse::FieldValue));
    }

    #[test]
    fn what_was_not_offered_is_not_accepted() {
        let none = read_request("GET", &GOOD).unwrap();
        assert_eq!(none.accept(Some("a"), None, &()).map(|_| ()), Err(ApiMisuse::Subprotocol));
        assert_eq!(none.accept(None, Some("a"), &()).map(|_| ()), Err(ApiMisuse::FieldValue));
        let request =
            with(&[("Sec-WebSocket-Protocol", "a"), ("Sec-WebSocket-Extensions", "a; b=1")]);
        let both = read_request("GET", &request[..]).unwrap();
        assert!(both.accept(Some("a"), Some("a; b=1"), &()).is_ok());
        for protocol in ["a\r\nb", "a, b", ""] {
            let refused = both.accept(Some(protocol), None, &()).map(|_| ());
            assert_eq!(refused, Err(ApiMisuse::Subprotocol));
        }
        for extensions in ["a\r\nb", "", "a;", "a b"] {
            let refused = both.accept(None, Some(extensions), &()).map(|_| ());
            assert_eq!(refused, Err(ApiMisuse::FieldValue));
        }
    }

    #[test]
    fn protocols_are_listed_in_order() {
        let fields = [("Sec-WebSocket-Protocol", "a, b"), ("sec-websocket-protocol", "c")];
        assert_eq!(protocols(&fields).collect::<Vec<_>>(), [b"a", b"b", b"c"]);
        assert!(read_request("GET", &with(&fields)[..]).is_ok());
    }

    #[test]
    fn protocols_are_different_tokens() {
        let many: Vec<String> = (0..65).map(|n| format!("p{n}")).collect();
        let read = |fields: &[&str]| {
            let fields: Vec<_> =
                fields.iter().map(|&list| ("Sec-WebSocket-Protocol", list)).collect();
            read_request("GET", &with(&fields)[..]).map(|_| ())
        };
        assert_eq!(read(&["a, A"]), Ok(()));
        assert_eq!(read(&[&many[..64].join(",")]), Ok(()));
        for bad in [&["a, b, a"][..], &["a", "a"], &["a b"], &["a, /"], &[""], &[&many.join(",")]] {
            assert_eq!(read(bad), Err(Refusal::Protocols), "{bad:?}");
        }
    }
}
