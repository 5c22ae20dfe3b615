//! The client's side of the handshake (RFC 6455 4.1).

use core::fmt;

use super::key;
use super::said::{Only, Said};
use crate::ApiMisuse;
use crate::kernel::grammar;
#[cfg(feature = "alloc")]
use crate::kernel::scan;
use crate::{Entropy, Fields};

/// Why an answer does not open a connection: the client must fail it (RFC 6455 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// A status other than 101 (over HTTP/2 and HTTP/3: 2xx): a redirect, a 401 and the like are the
    /// caller's to follow, with the fields and the body of the answer.
    Status(u16),
    /// No `Upgrade: websocket` with `Connection: upgrade`; over HTTP/2 and HTTP/3, where there are no
    /// such fields, one of them.
    NoUpgrade,
    /// `Sec-WebSocket-Accept` does not prove that the key was read.
    Accept,
    /// A subprotocol that was not offered, or several; none, where
    /// [`require_protocol`](Offers::require_protocol) is on.
    Protocol,
    /// An extension that was not offered, or what is no list of extensions.
    Extension,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "the status {status} opens no connection"),
            Self::NoUpgrade => f.write_str("the answer is no upgrade to WebSocket"),
            Self::Accept => f.write_str("the answer does not prove that the key was read"),
            Self::Protocol => f.write_str("the subprotocol is none of those that were offered"),
            Self::Extension => f.write_str("an extension that was not offered"),
        }
    }
}

impl core::error::Error for Failure {}

/// What a client offers, and how it judges what is chosen of it.
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
    /// The subprotocols, in the order of preference: tokens, none of them twice.
    pub protocols: &'a [&'a str],
    /// The value of `Sec-WebSocket-Extensions`, if there are any (RFC 6455 9.1).
    pub extensions: Option<&'a str>,
    /// Whether to fail where subprotocols are offered and none is chosen. RFC 6455 4.1 lets a client go
    /// on; the WHATWG standard has browsers fail. Off: the caller sees that there is none.
    pub require_protocol: bool,
}

/// Of the subprotocols, in which some put a token, their number.
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
    /// Offers of these subprotocols, and of no extension.
    pub const fn new(protocols: &'a [&'a str]) -> Self {
        Self { protocols, extensions: None, require_protocol: false }
    }

    /// Whether they may be sent (RFC 6455 4.1, 9.1).
    #[cfg(feature = "alloc")]
    pub(super) fn check(&self) -> Result<(), ApiMisuse> {
        for (n, name) in self.protocols.iter().enumerate() {
            // RFC 6455 has them be different; like the WHATWG standard this is stricter, since a
            // server that tells `chat` from `Chat` is one that nobody wants to meet.
            let is_double = self.protocols[..n].iter().any(|one| one.eq_ignore_ascii_case(name));
            if is_double || !is_protocol(name) {
                return Err(ApiMisuse::Subprotocol);
            }
        }
        match self.extensions {
            Some(extensions) if !are_extensions(extensions.as_bytes()) => {
                Err(ApiMisuse::FieldValue)
            }
            _ => Ok(()),
        }
    }

    /// The subprotocol that an answer chooses, once its extensions are known to be of those offered.
    pub(super) fn judge<'f>(
        &self,
        said: &Said<'f>,
        fields: &(impl Fields + ?Sized),
    ) -> Result<Option<&'f str>, Failure> {
        if said.extensions && !self.offer_extensions_of(fields) {
            return Err(Failure::Extension);
        }
        match said.protocol {
            Only::Missing if self.require_protocol && !self.protocols.is_empty() => {
                Err(Failure::Protocol)
            }
            Only::Missing => Ok(None),
            Only::One(name) if self.protocols.iter().any(|offered| offered.as_bytes() == name) => {
                Ok(core::str::from_utf8(name).ok())
            }
            Only::One(_) | Only::Several => Err(Failure::Protocol),
        }
    }

    /// Whether all extensions of an answer are of those offered, under the same names: as everywhere, and
    /// as Chromium, `ws` and `websockets` compare them, in the same case.
    fn offer_extensions_of(&self, answer: &(impl Fields + ?Sized)) -> bool {
        let offered = |name: &[u8]| {
            let offered = self.extensions.unwrap_or_default().as_bytes();
            grammar::elements(offered).flatten().any(|one| one.name == name)
        };
        super::extensions(answer)
            .flat_map(grammar::elements)
            .all(|one| one.is_ok_and(|one| offered(one.name)))
    }
}

/// One attempt to open a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Client {
    key: [u8; 24],
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    /// An attempt with a key of its own.
    pub fn new(entropy: &mut impl Entropy) -> Self {
        Self { key: key::encode(entropy.nonce()) }
    }

    /// The value of `Sec-WebSocket-Key`.
    pub const fn key(&self) -> &[u8; 24] {
        &self.key
    }

    /// The fields that make a GET the request, for whoever sends its head by other means and offers
    /// nothing; `Host` is the caller's.
    pub fn fields(&self) -> [(&'static str, &[u8]); 4] {
        [
            ("Upgrade", b"websocket"),
            ("Connection", b"Upgrade"),
            ("Sec-WebSocket-Key", &self.key),
            ("Sec-WebSocket-Version", b"13"),
        ]
    }

    /// The request, a GET for a `host` such as `example.com:8080`, with the caller's own fields.
    ///
    /// It is [`Fields`], for [`h1::Client`](crate::h1::Client) or any other HTTP, and can
    /// [`encode`](super::Request::encode) itself.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::RequestLine`] for a host that is none, [`ApiMisuse::Subprotocol`] for
    /// subprotocols that are no tokens or there twice (in any case), [`ApiMisuse::FieldName`] and
    /// [`ApiMisuse::FieldValue`] for fields that cannot be written, that are the handshake's own, and
    /// for extensions that are no list of them.
    #[cfg(feature = "alloc")]
    pub fn request<'a, X: Fields + ?Sized>(
        &'a self,
        host: &'a str,
        offers: &Offers<'a>,
        extra: &'a X,
    ) -> Result<super::Request<'a, X>, ApiMisuse> {
        super::Request::new(&self.key, host, offers, extra)
    }

    /// Judges the answer, and gives the subprotocol that was chosen from those offered, if one was.
    ///
    /// Of the extensions it is judged that they were offered; what was agreed on is in
    /// [`extensions`](super::extensions). After a failure with a status of 101 the connection is of no
    /// more use; with any other it is still HTTP's.
    ///
    /// # Errors
    ///
    /// [`Failure`] says what is wrong.
    pub fn verify<'a>(
        &self,
        status: u16,
        fields: &'a (impl Fields + ?Sized),
        offers: &Offers<'_>,
    ) -> Result<Option<&'a str>, Failure> {
        if status != 101 {
            return Err(Failure::Status(status));
        }
        let said = Said::by(fields);
        if !said.upgrades() {
            return Err(Failure::NoUpgrade);
        }
        if said.accept != Only::One(&key::accept(&self.key)) {
            return Err(Failure::Accept);
        }
        offers.judge(&said, fields)
    }
}

/// Whether this may be the name of a subprotocol (RFC 6455 4.1): a token.
#[cfg(feature = "alloc")]
pub(super) fn is_protocol(name: &str) -> bool {
    !name.is_empty() && scan::are_token(name.as_bytes())
}

/// Whether this is a list of extensions, at least one (RFC 6455 9.1).
#[cfg(feature = "alloc")]
pub(super) fn are_extensions(value: &[u8]) -> bool {
    let mut elements = grammar::elements(value).peekable();
    elements.peek().is_some() && elements.all(|element| element.is_ok())
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use crate::SendError;
    use alloc::vec::Vec;

    fn client() -> Client {
        Client { key: *b"dGhlIHNhbXBsZSBub25jZQ==" }
    }

    #[test]
    fn the_request_is_written() {
        let client = client();
        let mut offers = Offers::new(&["x", "y"]);
        offers.extensions = Some("permessage-deflate");
        let extra = [("Origin", "http://a")];
        let request = client.request("a:1", &offers, &extra).unwrap();
        let mut out = Vec::new();
        request.encode("/b?c", &mut out).unwrap();
        assert_eq!(
            core::str::from_utf8(&out).unwrap(),
            "GET /b?c HTTP/1.1\r\nHost: a:1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Protocol: x, y\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\
             Origin: http://a\r\n\r\n"
        );
        let mut room = [0; 64];
        assert_eq!(request.encode("/b?c", &mut &mut room[..]), Err(SendError::Full));
        assert_eq!(room, [0; 64]);
    }

    #[test]
    fn what_could_inject_is_refused() {
        let client = client();
        for (host, protocols, extensions, misuse) in [
            ("a\r\nb: c", &["x"][..], None, ApiMisuse::RequestLine),
            ("", &["x"], None, ApiMisuse::RequestLine),
            ("a", &["x, y"], None, ApiMisuse::Subprotocol),
            ("a", &[""], None, ApiMisuse::Subprotocol),
            ("a", &["x", "y", "x"], None, ApiMisuse::Subprotocol),
            ("a", &["x", "X"], None, ApiMisuse::Subprotocol),
            ("a", &[], Some("x\r\ny"), ApiMisuse::FieldValue),
            ("a", &[], Some(""), ApiMisuse::FieldValue),
        ] {
            let mut offers = Offers::new(protocols);
            offers.extensions = extensions;
            let refused = client.request(host, &offers, &()).map(|_| ());
            assert_eq!(refused, Err(misuse), "{host:?} {protocols:?} {extensions:?}");
        }
        let request = client.request("a", &Offers::default(), &()).unwrap();
        let mut out = Vec::new();
        for target in ["/ b", "", "/\r\n", "/\u{e9}"] {
            let refused = request.encode(target, &mut out);
            assert_eq!(refused, Err(SendError::Misuse(ApiMisuse::RequestLine)), "{target:?}");
        }
        assert!(out.is_empty());
    }

    #[test]
    fn extra_fields_displace_nothing() {
        let client = client();
        for name in ["HOST", "upgrade", "Connection", "sec-websocket-key", "Transfer-Encoding"] {
            let refused = client.request("a", &Offers::default(), &[(name, "x")]).map(|_| ());
            assert_eq!(refused, Err(ApiMisuse::FieldName), "{name}");
        }
    }

    const GOOD: [(&str, &str); 3] = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ];

    #[test]
    fn an_answer_is_judged() {
        let none = Offers::default();
        assert_eq!(client().verify(101, &GOOD, &none), Ok(None));
        for status in [100, 200, 301, 401, 426] {
            assert_eq!(client().verify(status, &GOOD, &none), Err(Failure::Status(status)));
        }
        for (name, failure) in [
            ("Upgrade", Failure::NoUpgrade),
            ("Connection", Failure::NoUpgrade),
            ("Sec-WebSocket-Accept", Failure::Accept),
        ] {
            let wrong = GOOD.map(|field| if field.0 == name { (name, "x") } else { field });
            assert_eq!(client().verify(101, &wrong, &none), Err(failure));
        }
        let twice = [GOOD[0], GOOD[1], GOOD[2], GOOD[2]];
        assert_eq!(client().verify(101, &twice, &none), Err(Failure::Accept));
    }

    #[test]
    fn what_was_not_offered_is_no_answer() {
        let verify = |more: &[(&str, &str)], offers: &Offers<'_>| {
            let fields: Vec<_> = GOOD.iter().chain(more).copied().collect();
            client().verify(101, &fields[..], offers).map(|chosen| chosen.map(Vec::from))
        };
        let protocol = |value| ("Sec-WebSocket-Protocol", value);
        let extension = |value| ("Sec-WebSocket-Extensions", value);
        let mut offers = Offers::new(&["a", "b"]);
        assert_eq!(verify(&[protocol("b")], &offers), Ok(Some(b"b".into())));
        for wrong in [&[protocol("B")][..], &[protocol("a, b")], &[protocol("a"), protocol("b")]] {
            assert_eq!(verify(wrong, &offers), Err(Failure::Protocol), "{wrong:?}");
        }
        assert_eq!(verify(&[protocol("b")], &Offers::default()), Err(Failure::Protocol));
        // None chosen: the RFC and the WHATWG standard differ.
        assert_eq!(verify(&[], &offers), Ok(None));
        offers.require_protocol = true;
        assert_eq!(verify(&[], &offers), Err(Failure::Protocol));
        offers.protocols = &[];
        assert_eq!(verify(&[], &offers), Ok(None));

        assert_eq!(verify(&[extension("x")], &offers), Err(Failure::Extension));
        offers.extensions = Some("x; a=1, y");
        assert_eq!(verify(&[extension("y"), extension("x; a=2")], &offers), Ok(None));
        for wrong in ["z", "x, z", "x;", "x y", "X"] {
            assert_eq!(verify(&[extension(wrong)], &offers), Err(Failure::Extension), "{wrong}");
        }
    }
}
