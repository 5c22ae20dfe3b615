//! The heads that a handshake sends. They are checked when they are made.

use crate::kernel::debug::debug;
use alloc::borrow::Cow;
use alloc::string::String;

use bytes::BufMut;

use super::fields::HandshakeFields;
use super::offers::Offers;
use crate::kernel::fields::{self, Field};
use crate::ws::Url;
use crate::{ApiMisuse, Fields, SendError};

/// A client's request: the method, the target, and as [`Fields`] the handshake's and the caller's own.
///
/// Over HTTP/1.1 they start with `Host`; over HTTP/2 and HTTP/3 they are in lower case and start with
/// the pseudo-header fields (RFC 8441 5).
#[derive(Clone)]
pub struct Request<'a, X: ?Sized = ()> {
    key: Option<[u8; 24]>,
    url: Url<'a>,
    target: Cow<'a, str>,
    protocols: Option<String>,
    extensions: Option<&'a str>,
    extra: &'a X,
}

impl<'a, X: Fields + ?Sized> Request<'a, X> {
    pub(super) fn new(
        key: Option<[u8; 24]>,
        url: &Url<'a>,
        offers: &Offers<'a>,
        extra: &'a X,
    ) -> Result<Self, ApiMisuse> {
        offers.check()?;
        check_extra(extra, key.is_none())?;
        let protocols = (!offers.protocols.is_empty()).then(|| offers.protocols.join(", "));
        let (url, target) = (*url, url.resource_name());
        Ok(Self { key, url, target, protocols, extensions: offers.extensions, extra })
    }

    /// The method: GET, over HTTP/2 and HTTP/3 CONNECT.
    pub const fn method(&self) -> &'static str {
        if self.key.is_some() { "GET" } else { "CONNECT" }
    }

    /// The request target, over HTTP/2 and HTTP/3 the `:path`: such as `/chat?room=1`.
    pub fn target(&self) -> &str {
        &self.target
    }
}

impl<X: Fields + ?Sized> Fields for Request<'_, X> {
    fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        let authority = Some(self.url.authority().as_bytes());
        let protocols = self.protocols.as_deref().map(str::as_bytes);
        let extensions = self.extensions.map(str::as_bytes);
        let own = match &self.key {
            // RFC 6455 4.1.
            Some(key) => [
                ("Host", authority),
                ("Upgrade", Some(&b"websocket"[..])),
                ("Connection", Some(b"Upgrade")),
                ("Sec-WebSocket-Key", Some(key)),
                ("Sec-WebSocket-Version", Some(b"13")),
                ("Sec-WebSocket-Protocol", protocols),
                ("Sec-WebSocket-Extensions", extensions),
                ("", None),
            ],
            // RFC 8441 5.
            None => [
                (":method", Some(&b"CONNECT"[..])),
                (":protocol", Some(b"websocket")),
                (":scheme", Some(if self.url.is_secure() { b"https" } else { b"http" })),
                (":path", Some(self.target.as_bytes())),
                (":authority", authority),
                ("sec-websocket-version", Some(b"13")),
                ("sec-websocket-protocol", protocols),
                ("sec-websocket-extensions", extensions),
            ],
        };
        present(own).chain(self.extra.fields())
    }
}

// Prints the URL without its path and query.
debug!([X: ?Sized] Request<'_, X>, self => Request { url: self.url });

/// A server's response that opens the connection: the status, and as [`Fields`] the handshake's and the
/// caller's own.
///
/// Over HTTP/2 and HTTP/3 they are in lower case and start with `:status`.
#[derive(Clone, Copy)]
pub struct Response<'a, X: ?Sized = ()> {
    accept_key: Option<[u8; 28]>,
    protocol: Option<&'a str>,
    extensions: Option<&'a str>,
    extra: &'a X,
}

impl<'a, X: Fields + ?Sized> Response<'a, X> {
    pub(super) fn new(
        accept_key: Option<[u8; 28]>,
        protocol: Option<&'a str>,
        extensions: Option<&'a str>,
        extra: &'a X,
    ) -> Result<Self, ApiMisuse> {
        check_extra(extra, accept_key.is_none())?;
        Ok(Self { accept_key, protocol, extensions, extra })
    }

    /// The status: 101, over HTTP/2 and HTTP/3 200.
    pub const fn status(&self) -> u16 {
        if self.accept_key.is_some() { 101 } else { 200 }
    }

    /// Writes the head of the response over HTTP/1.1, for a server that does without
    /// [`h1::Server`](crate::h1::Server). It writes what [`accept`](super::ServerHandshake::accept) has
    /// checked, which is faster than to encode and check each field.
    ///
    /// # Errors
    ///
    /// [`SendError::Full`] if the head does not fit, [`ApiMisuse::OutOfOrder`] over HTTP/2 and HTTP/3,
    /// whose heads have another encoding.
    pub fn encode(&self, out: &mut impl BufMut) -> Result<(), SendError> {
        let Some(accept_key) = &self.accept_key else { return Err(ApiMisuse::OutOfOrder.into()) };
        let selected = || self.selected(CANONICAL).chain(self.extra.fields());
        let mut len = UPGRADED.len() + accept_key.len() + b"\r\n\r\n".len();
        len += selected().map(|field| fields::encoded_len(field.name, field.value)).sum::<usize>();
        if out.remaining_mut() < len {
            return Err(SendError::Full);
        }
        for part in [UPGRADED, accept_key, b"\r\n"] {
            out.put_slice(part);
        }
        for field in selected() {
            fields::put(field.name, field.value, out);
        }
        out.put_slice(b"\r\n");
        Ok(())
    }

    /// The fields of what the server has selected, under these names.
    fn selected(
        &self,
        [protocol, extensions]: [&'static str; 2],
    ) -> impl Iterator<Item = Field<'a>> {
        present([
            (protocol, self.protocol.map(str::as_bytes)),
            (extensions, self.extensions.map(str::as_bytes)),
        ])
    }
}

impl<X: Fields + ?Sized> Fields for Response<'_, X> {
    fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        let (own, names) = match &self.accept_key {
            // RFC 6455 4.2.2 item 5.
            Some(accept_key) => (
                [
                    ("Upgrade", Some(&b"websocket"[..])),
                    ("Connection", Some(b"Upgrade")),
                    ("Sec-WebSocket-Accept", Some(accept_key)),
                ],
                CANONICAL,
            ),
            // RFC 8441 5.
            None => ([(":status", Some(&b"200"[..])), ("", None), ("", None)], LOWER),
        };
        present(own).chain(self.selected(names)).chain(self.extra.fields())
    }
}

// Prints the lengths of what was selected.
debug!([X: ?Sized] Response<'_, X>, self => Response {
    protocol: self.protocol.map(str::len),
    extensions: self.extensions.map(str::len),
});

/// The fields that have a value.
fn present<'a, const LEN: usize>(
    fields: [(&'static str, Option<&'a [u8]>); LEN],
) -> impl Iterator<Item = Field<'a>> {
    fields.into_iter().filter_map(|(name, value)| Some(Field { name, value: value? }))
}

/// Checks that the caller's own fields may be sent beside those of a handshake.
fn check_extra(extra: &(impl Fields + ?Sized), is_connect: bool) -> Result<(), ApiMisuse> {
    for field in extra.fields() {
        // RFC 9113 8.2.1: a field name must not contain upper case.
        let is_upper = is_connect && field.name.bytes().any(|byte| byte.is_ascii_uppercase());
        if is_upper || is_reserved(field.name) {
            return Err(ApiMisuse::FieldName);
        }
        fields::check(field.name, field.value)?;
    }
    // RFC 9113 8.2.2: nor may an endpoint send connection-specific fields.
    if is_connect && HandshakeFields::read(extra).connection_specific {
        return Err(ApiMisuse::FieldName);
    }
    Ok(())
}

/// Whether a field belongs to the handshake, or would frame a body.
fn is_reserved(name: &str) -> bool {
    let websocket = b"sec-websocket-";
    let is_websocket = name
        .as_bytes()
        .get(..websocket.len())
        .is_some_and(|prefix| prefix.eq_ignore_ascii_case(websocket));
    is_websocket
        || ["upgrade", "connection", "host", "content-length", "transfer-encoding"]
            .iter()
            .any(|own| name.eq_ignore_ascii_case(own))
}

/// The names of the fields that select, over HTTP/1.1.
const CANONICAL: [&str; 2] = ["Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"];

/// The same over HTTP/2 and HTTP/3.
const LOWER: [&str; 2] = ["sec-websocket-protocol", "sec-websocket-extensions"];

/// The head of a response over HTTP/1.1 up to the value of `Sec-WebSocket-Accept`.
const UPGRADED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: ";
