//! Heads of a handshake out: checked when they are made, and written at once or not at all.

use alloc::string::String;
use core::fmt;

use bytes::BufMut;

use super::Offers;
use super::client::{are_extensions, is_protocol};
use crate::kernel::fields::{self, Field};
use crate::kernel::grammar::{Authority, Target};
use crate::{ApiMisuse, Fields, SendError};

/// A client's request: its fields, `Host` and the caller's own included.
///
/// Give it to whatever sends heads, such as [`h1::Client`](crate::h1::Client), with GET and the target,
/// or [`encode`](Self::encode) it.
#[derive(Clone)]
pub struct Request<'a, X: ?Sized = ()> {
    host: &'a str,
    key: &'a [u8; 24],
    protocols: String,
    extensions: Option<&'a str>,
    extra: &'a X,
}

impl<'a, X: Fields + ?Sized> Request<'a, X> {
    pub(super) fn new(
        key: &'a [u8; 24],
        host: &'a str,
        offers: &Offers<'a>,
        extra: &'a X,
    ) -> Result<Self, ApiMisuse> {
        if Authority::parse(host.as_bytes()).is_none() {
            return Err(ApiMisuse::RequestLine);
        }
        offers.check()?;
        check_extra(extra)?;
        let protocols = offers.protocols.join(", ");
        Ok(Self { host, key, protocols, extensions: offers.extensions, extra })
    }

    /// Writes the head of the request, for a `target` such as `/chat?room=1`.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::RequestLine`] for a target without a form that a GET may have ([`Target`]), [`SendError::Full`] where
    /// the head does not fit.
    pub fn encode(&self, target: &str, out: &mut impl BufMut) -> Result<(), SendError> {
        if !Target::is_valid("GET", target) {
            return Err(ApiMisuse::RequestLine.into());
        }
        let [get, version] = [&b"GET "[..], b" HTTP/1.1\r\n"];
        let mut len = get.len() + target.len() + version.len() + b"\r\n".len();
        len +=
            self.fields().map(|field| fields::encoded_len(field.name, field.value)).sum::<usize>();
        if out.remaining_mut() < len {
            return Err(SendError::Full);
        }
        for part in [get, target.as_bytes(), version] {
            out.put_slice(part);
        }
        for field in self.fields() {
            fields::put(field.name, field.value, out);
        }
        out.put_slice(b"\r\n");
        Ok(())
    }
}

impl<X: Fields + ?Sized> Fields for Request<'_, X> {
    fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        let protocols = Some(&self.protocols[..]).filter(|list| !list.is_empty());
        let own = [
            ("Host", Some(self.host.as_bytes())),
            ("Upgrade", Some(b"websocket")),
            ("Connection", Some(b"Upgrade")),
            ("Sec-WebSocket-Key", Some(self.key)),
            ("Sec-WebSocket-Version", Some(b"13")),
            ("Sec-WebSocket-Protocol", protocols.map(str::as_bytes)),
            ("Sec-WebSocket-Extensions", self.extensions.map(str::as_bytes)),
        ];
        present(own).chain(self.extra.fields())
    }
}

impl<X: ?Sized> fmt::Debug for Request<'_, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("host", &self.host).finish_non_exhaustive()
    }
}

/// A server's answer, a 101: its fields, the caller's own included.
///
/// Give it to whatever sends heads, such as [`h1::Server`](crate::h1::Server), or
/// [`encode`](Self::encode) it.
#[derive(Clone, Copy)]
pub struct Response<'a, X: ?Sized = ()> {
    accept: [u8; 28],
    choice: Choice<'a>,
    extra: &'a X,
}

impl<'a, X: Fields + ?Sized> Response<'a, X> {
    pub(super) fn new(
        accept: [u8; 28],
        choice: Choice<'a>,
        extra: &'a X,
    ) -> Result<Self, ApiMisuse> {
        check_extra(extra)?;
        Ok(Self { accept, choice, extra })
    }

    /// Writes the head of the answer.
    ///
    /// # Errors
    ///
    /// [`SendError::Full`] where it does not fit.
    pub fn encode(&self, out: &mut impl BufMut) -> Result<(), SendError> {
        let more = || self.choice.fields(CHOICE).chain(self.extra.fields());
        let mut len = ACCEPTED.len() + self.accept.len() + b"\r\n\r\n".len();
        len += more().map(|field| fields::encoded_len(field.name, field.value)).sum::<usize>();
        if out.remaining_mut() < len {
            return Err(SendError::Full);
        }
        for part in [ACCEPTED, &self.accept, b"\r\n"] {
            out.put_slice(part);
        }
        for field in more() {
            fields::put(field.name, field.value, out);
        }
        out.put_slice(b"\r\n");
        Ok(())
    }
}

impl<X: Fields + ?Sized> Fields for Response<'_, X> {
    fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        let own = [
            ("Upgrade", Some(&b"websocket"[..])),
            ("Connection", Some(b"Upgrade")),
            ("Sec-WebSocket-Accept", Some(&self.accept)),
        ];
        present(own).chain(self.choice.fields(CHOICE)).chain(self.extra.fields())
    }
}

impl<X: ?Sized> fmt::Debug for Response<'_, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("choice", &self.choice).finish_non_exhaustive()
    }
}

/// What a server chooses of what it is offered.
#[derive(Clone, Copy)]
pub(super) struct Choice<'a> {
    pub(super) protocol: Option<&'a str>,
    pub(super) extensions: Option<&'a str>,
}

impl fmt::Debug for Choice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Choice")
            .field("protocol", &self.protocol.map(str::len))
            .field("extensions", &self.extensions.map(str::len))
            .finish()
    }
}

impl<'a> Choice<'a> {
    /// Whether it may be sent, where these were or were not offered.
    pub(super) fn check(&self, protocols: bool, extensions: bool) -> Result<(), ApiMisuse> {
        match (self.protocol, self.extensions) {
            (Some(name), _) if !(protocols && is_protocol(name)) => Err(ApiMisuse::Subprotocol),
            (_, Some(list)) if !(extensions && are_extensions(list.as_bytes())) => {
                Err(ApiMisuse::FieldValue)
            }
            _ => Ok(()),
        }
    }

    /// Its fields, under these names.
    pub(super) fn fields(
        &self,
        [protocol, extensions]: [&'static str; 2],
    ) -> impl Iterator<Item = Field<'a>> + use<'a> {
        present([
            (protocol, self.protocol.map(str::as_bytes)),
            (extensions, self.extensions.map(str::as_bytes)),
        ])
    }
}

/// The fields that have a value.
pub(super) fn present<'a, const LEN: usize>(
    fields: [(&'static str, Option<&'a [u8]>); LEN],
) -> impl Iterator<Item = Field<'a>> {
    fields.into_iter().filter_map(|(name, value)| Some(Field { name, value: value? }))
}

/// Whether the caller's own fields may be written beside those of a handshake.
pub(super) fn check_extra(extra: &(impl Fields + ?Sized)) -> Result<(), ApiMisuse> {
    for field in extra.fields() {
        if is_reserved(field.name) {
            return Err(ApiMisuse::FieldName);
        }
        fields::check(field.name, field.value)?;
    }
    Ok(())
}

/// Whether a field is the handshake's own, or would frame a body.
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

/// The names of what is chosen.
const CHOICE: [&str; 2] = ["Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"];

/// The answer up to the value of `Sec-WebSocket-Accept`.
const ACCEPTED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: ";
