//! The client's side of the handshake (RFC 6455 4.1).

use core::fmt;

use super::key;
use crate::{Entropy, Fields, grammar};

/// Why an answer does not open a connection: the client must fail it (RFC 6455 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// A status other than 101: a redirect, a 401 and the like are the caller's to follow.
    Status(u16),
    /// No `Upgrade: websocket` with `Connection: upgrade`.
    NoUpgrade,
    /// `Sec-WebSocket-Accept` does not prove that the key was read.
    Accept,
    /// A subprotocol that was not offered, or several.
    Protocol,
    /// An extension, none having been offered.
    Extension,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "the status is {status}, not 101"),
            Self::NoUpgrade => f.write_str("the answer is no upgrade to WebSocket"),
            Self::Accept => f.write_str("the answer does not prove that the key was read"),
            Self::Protocol => f.write_str("the subprotocol was not offered"),
            Self::Extension => f.write_str("an extension that was not offered"),
        }
    }
}

impl core::error::Error for Failure {}

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

    /// The fields that make a GET the request, for whoever sends its head by other means; `Host`
    /// and `Sec-WebSocket-Protocol` are the caller's.
    pub fn fields(&self) -> [(&'static str, &[u8]); 4] {
        [
            ("Upgrade", b"websocket"),
            ("Connection", b"Upgrade"),
            ("Sec-WebSocket-Key", &self.key),
            ("Sec-WebSocket-Version", b"13"),
        ]
    }

    /// Writes the request: for a `target` such as `/chat?room=1` on a `host` such as
    /// `example.com:8080`, with the subprotocols in the order of preference and the caller's own
    /// fields.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::RequestLine`](crate::ApiMisuse::RequestLine) for a target that is not visible
    /// ASCII, [`ApiMisuse::FieldName`](crate::ApiMisuse::FieldName) and
    /// [`ApiMisuse::FieldValue`](crate::ApiMisuse::FieldValue) for fields that cannot be written,
    /// [`SendError::Full`](crate::SendError::Full) where they do not fit.
    #[cfg(feature = "alloc")]
    pub fn request(
        &self,
        host: &str,
        target: &str,
        protocols: &[&str],
        extra: &(impl Fields + ?Sized),
        out: &mut impl bytes::BufMut,
    ) -> Result<(), crate::SendError> {
        if target.is_empty() || !target.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(crate::ApiMisuse::RequestLine.into());
        }
        let is_token = |protocol: &&str| protocol.bytes().all(crate::scan::is_token);
        if !protocols.iter().all(|protocol| !protocol.is_empty() && is_token(protocol)) {
            return Err(crate::ApiMisuse::FieldValue.into());
        }
        let protocols = protocols.join(", ");
        let offered = Some(protocols.as_bytes()).filter(|list| !list.is_empty());
        let [upgrade, connection, key, version] =
            self.fields().map(|(name, value)| (name, Some(value)));
        let host = ("Host", Some(host.as_bytes()));
        let protocols = ("Sec-WebSocket-Protocol", offered);
        let own = [host, upgrade, connection, key, version, protocols];
        super::write::head(&[b"GET ", target.as_bytes(), b" HTTP/1.1"], &own, extra, out)
    }

    /// Judges the answer, and gives the subprotocol that was chosen from those offered, if one was.
    ///
    /// # Errors
    ///
    /// [`Failure`] says what is wrong.
    pub fn verify<'a>(
        &self,
        status: u16,
        fields: &'a (impl Fields + ?Sized),
        protocols: &[&str],
    ) -> Result<Option<&'a str>, Failure> {
        if status != 101 {
            return Err(Failure::Status(status));
        }
        if !(grammar::lists(fields, "upgrade", b"websocket")
            && grammar::lists(fields, "connection", b"upgrade"))
        {
            return Err(Failure::NoUpgrade);
        }
        let mut accepts = fields.values_of("sec-websocket-accept");
        if accepts.next() != Some(&key::accept(&self.key)) || accepts.next().is_some() {
            return Err(Failure::Accept);
        }
        if fields.values_of("sec-websocket-extensions").flat_map(grammar::list).next().is_some() {
            return Err(Failure::Extension);
        }
        let mut chosen = fields.values_of("sec-websocket-protocol");
        match (chosen.next(), chosen.next()) {
            (None, _) => Ok(None),
            (Some(name), None) if protocols.iter().any(|offered| offered.as_bytes() == name) => {
                Ok(core::str::from_utf8(name).ok())
            }
            _ => Err(Failure::Protocol),
        }
    }
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use crate::{ApiMisuse, SendError};
    use alloc::vec::Vec;

    fn client() -> Client {
        Client { key: *b"dGhlIHNhbXBsZSBub25jZQ==" }
    }

    #[test]
    fn the_request_is_written() {
        let mut out = Vec::new();
        client().request("a:1", "/b?c", &["x", "y"], &[("Origin", "http://a")], &mut out).unwrap();
        assert_eq!(
            core::str::from_utf8(&out).unwrap(),
            "GET /b?c HTTP/1.1\r\nHost: a:1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Protocol: x, y\r\nOrigin: http://a\r\n\r\n"
        );
    }

    #[test]
    fn what_could_inject_is_refused() {
        let mut out = Vec::new();
        for (host, target, protocol, misuse) in [
            ("a", "/ b", "x", ApiMisuse::RequestLine),
            ("a", "", "x", ApiMisuse::RequestLine),
            ("a\r\nb: c", "/", "x", ApiMisuse::FieldValue),
            ("a", "/", "x, y", ApiMisuse::FieldValue),
            ("a", "/", "", ApiMisuse::FieldValue),
        ] {
            let refused = client().request(host, target, &[protocol], &(), &mut out);
            assert_eq!(refused, Err(SendError::Misuse(misuse)));
        }
        assert!(out.is_empty());
    }

    #[test]
    fn an_answer_is_judged() {
        let good = [
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ];
        assert_eq!(client().verify(101, &good, &[]), Ok(None));
        assert_eq!(client().verify(200, &good, &[]), Err(Failure::Status(200)));
        for (name, failure) in [
            ("Upgrade", Failure::NoUpgrade),
            ("Connection", Failure::NoUpgrade),
            ("Sec-WebSocket-Accept", Failure::Accept),
        ] {
            let wrong = good.map(|field| if field.0 == name { (name, "x") } else { field });
            assert_eq!(client().verify(101, &wrong, &[]), Err(failure));
        }
        let with = |name, value| [good[0], good[1], good[2], (name, value)];
        let protocol = |value| with("Sec-WebSocket-Protocol", value);
        assert_eq!(client().verify(101, &protocol("b"), &["a", "b"]), Ok(Some("b")));
        assert_eq!(client().verify(101, &protocol("B"), &["a", "b"]), Err(Failure::Protocol));
        assert_eq!(client().verify(101, &protocol("b"), &[]), Err(Failure::Protocol));
        let extension = with("Sec-WebSocket-Extensions", "permessage-deflate");
        assert_eq!(client().verify(101, &extension, &[]), Err(Failure::Extension));
    }
}
