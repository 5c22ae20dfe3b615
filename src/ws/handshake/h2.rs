//! The handshake over HTTP/2 (RFC 8441) and HTTP/3 (RFC 9220): the extended CONNECT.
//!
//! Frames, streams and settings are the HTTP library's: it says with
//! `SETTINGS_ENABLE_CONNECT_PROTOCOL` that a server takes such requests, and without that a client
//! falls back to HTTP/1.1. Here are the fields of a request and of its answer. The stream then carries
//! the bytes of a [`Session`](crate::ws::Session); its end is the end of the stream, and a reset with
//! CANCEL stands for a connection that is cut (RFC 8441 5).
//!
//! ```
//! use wirefeed::ws::handshake::{Offers, h2};
//!
//! // The client makes the fields, pseudo-header fields first ...
//! let offers = Offers::new(&["chat", "superchat"]);
//! let extra = [("origin", "http://www.example.com")];
//! let request = h2::Request::new(true, "server.example.com", "/chat", &offers, &extra)?;
//!
//! // ... the server takes them apart, by whatever means, and answers ...
//! let pseudo = h2::Pseudo::of(&request)?;
//! assert_eq!(pseudo.path, Some(&b"/chat"[..]));
//! let offer = h2::read_request(&pseudo, &request)?;
//! let response = offer.accept(Some("chat"), None, &())?;
//!
//! // ... and the client checks the answer.
//! assert_eq!(h2::verify(200, &response, &offers)?, Some("chat"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::string::String;
use core::fmt;

use super::said::{Only, Said};
use super::server::are_protocols;
use super::write::{Choice, check_extra, present};
use super::{Failure, Offers};
use crate::kernel::fields::Field;
use crate::kernel::grammar::Authority;
use crate::kernel::scan;
use crate::{ApiMisuse, Fields};

/// A client's request: its fields in lower case, the pseudo-header fields first, then the caller's own
/// (RFC 8441 5).
#[derive(Clone)]
pub struct Request<'a, X: ?Sized = ()> {
    secure: bool,
    authority: &'a str,
    path: &'a str,
    protocols: String,
    extensions: Option<&'a str>,
    extra: &'a X,
}

impl<'a, X: Fields + ?Sized> Request<'a, X> {
    /// A request over TLS or not, for an `authority` such as `example.com:8080` and a `path` such as
    /// `/chat?room=1`: those of a [`Url`](crate::ws::Url).
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::RequestLine`] for an authority or a path that is none, [`ApiMisuse::Subprotocol`]
    /// for subprotocols that are no tokens or there twice, [`ApiMisuse::FieldName`] and
    /// [`ApiMisuse::FieldValue`] for fields that cannot be written, that are the handshake's own or not
    /// in lower case, and for extensions that are no list of them.
    pub fn new(
        secure: bool,
        authority: &'a str,
        path: &'a str,
        offers: &Offers<'a>,
        extra: &'a X,
    ) -> Result<Self, ApiMisuse> {
        if Authority::parse(authority.as_bytes()).is_none() || !is_path(path.as_bytes()) {
            return Err(ApiMisuse::RequestLine);
        }
        offers.check()?;
        check_names(extra)?;
        let protocols = offers.protocols.join(", ");
        Ok(Self { secure, authority, path, protocols, extensions: offers.extensions, extra })
    }
}

impl<X: Fields + ?Sized> Fields for Request<'_, X> {
    fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        let protocols = Some(self.protocols.as_bytes()).filter(|list| !list.is_empty());
        let scheme: &[u8] = if self.secure { b"https" } else { b"http" };
        let [protocol, extensions] = CHOICE;
        let own = [
            (":method", Some(&b"CONNECT"[..])),
            (":protocol", Some(b"websocket")),
            (":scheme", Some(scheme)),
            (":path", Some(self.path.as_bytes())),
            (":authority", Some(self.authority.as_bytes())),
            ("sec-websocket-version", Some(b"13")),
            (protocol, protocols),
            (extensions, self.extensions.map(str::as_bytes)),
        ];
        present(own).chain(self.extra.fields())
    }
}

impl<X: ?Sized> fmt::Debug for Request<'_, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("authority", &self.authority).finish_non_exhaustive()
    }
}

/// The pseudo-header fields of a request (RFC 9113 8.3.1, RFC 8441 4).
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Pseudo<'a> {
    /// `:method`
    pub method: Option<&'a [u8]>,
    /// `:protocol`
    pub protocol: Option<&'a [u8]>,
    /// `:scheme`
    pub scheme: Option<&'a [u8]>,
    /// `:path`
    pub path: Option<&'a [u8]>,
    /// `:authority`
    pub authority: Option<&'a [u8]>,
}

impl fmt::Debug for Pseudo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = |value: Option<&[u8]>| value.map(<[u8]>::len);
        f.debug_struct("Pseudo")
            .field("method", &len(self.method))
            .field("protocol", &len(self.protocol))
            .field("scheme", &len(self.scheme))
            .field("path", &len(self.path))
            .field("authority", &len(self.authority))
            .finish()
    }
}

impl<'a> Pseudo<'a> {
    /// Those in a list of all fields, for whoever decodes field sections itself. An HTTP library hands
    /// them out apart.
    ///
    /// # Errors
    ///
    /// [`Refusal::Malformed`] for one that is unknown, there twice, or after another field (RFC 9113
    /// 8.3).
    pub fn of(fields: &'a (impl Fields + ?Sized)) -> Result<Self, Refusal> {
        let (mut pseudo, mut over) = (Self::default(), false);
        for field in fields.fields() {
            if !field.name.starts_with(':') {
                over = true;
                continue;
            }
            let place = match field.name {
                ":method" => &mut pseudo.method,
                ":protocol" => &mut pseudo.protocol,
                ":scheme" => &mut pseudo.scheme,
                ":path" => &mut pseudo.path,
                ":authority" => &mut pseudo.authority,
                _ => return Err(Refusal::Malformed),
            };
            if over || place.replace(field.value).is_some() {
                return Err(Refusal::Malformed);
            }
        }
        Ok(pseudo)
    }
}

/// Why a request is not accepted, and how it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// No request at all: no `:method`, `:protocol` with another method than CONNECT, no `:scheme` or
    /// `:path` of http or https, no authority, a `host` that names another one (RFC 9113 8.3.1), or a
    /// field of the connection such as `Upgrade`
    /// (RFC 8441 4, RFC 9113 8.1.1): the stream is reset with PROTOCOL_ERROR, in HTTP/3 with
    /// H3_MESSAGE_ERROR.
    Malformed,
    /// Only CONNECT opens a connection: 405.
    Method,
    /// No `:protocol`, or another than `websocket`: 501 (RFC 9220 3).
    Protocol,
    /// A version other than 13: 400 with `sec-websocket-version: 13`; there is no 426, which is for
    /// `Upgrade` (RFC 6455 4.4).
    Version,
    /// Several `Origin` fields, so that nobody knows which to judge: 400.
    Origin,
    /// Subprotocols that are no list of tokens, are listed twice, or are more than 64: 400.
    Protocols,
}

impl Refusal {
    /// The status to answer with; `None` where the stream is to be reset.
    pub const fn status(self) -> Option<u16> {
        match self {
            Self::Malformed => None,
            Self::Method => Some(405),
            Self::Protocol => Some(501),
            Self::Version | Self::Origin | Self::Protocols => Some(400),
        }
    }

    /// The fields that belong to the answer.
    pub const fn fields(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Method => &[("allow", "CONNECT")],
            Self::Version => &[("sec-websocket-version", "13")],
            Self::Malformed | Self::Protocol | Self::Origin | Self::Protocols => &[],
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the request is no extended CONNECT",
            Self::Method => "only CONNECT opens a WebSocket connection",
            Self::Protocol => "the protocol is not websocket",
            Self::Version => "the version of the protocol is not 13",
            Self::Origin => "there are several origins",
            Self::Protocols => "the subprotocols are no list of different tokens",
        })
    }
}

impl core::error::Error for Refusal {}

/// A request that may be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    protocols: bool,
    extensions: bool,
}

/// Judges a request to open a connection; pseudo-header fields among `fields` are passed over.
///
/// A `Sec-WebSocket-Key` that a client sends all the same means nothing here (RFC 8441 5). That the
/// origin is welcome ([`origin`](super::origin)) is the caller's to judge.
///
/// # Errors
///
/// [`Refusal`] says what is wrong and how to answer.
pub fn read_request(
    pseudo: &Pseudo<'_>,
    fields: &(impl Fields + ?Sized),
) -> Result<Offer, Refusal> {
    let said = Said::by(fields);
    match (pseudo.method, pseudo.protocol) {
        (Some(b"CONNECT"), _) => {}
        (None, _) | (Some(_), Some(_)) => return Err(Refusal::Malformed),
        (Some(_), None) => return Err(Refusal::Method),
    }
    // A CONNECT without it is for a tunnel, and has neither a scheme nor a path.
    let Some(protocol) = pseudo.protocol else { return Err(Refusal::Protocol) };
    let is_scheme = matches!(pseudo.scheme, Some(b"http" | b"https"));
    let is_path = pseudo.path.is_some_and(is_path);
    let is_host = match (pseudo.authority, said.host) {
        (Some(one), Only::Missing) | (None, Only::One(one)) => Authority::parse(one).is_some(),
        (Some(authority), Only::One(host)) => {
            is_same_entity(authority, host, pseudo.scheme == Some(b"https"))
        }
        (_, Only::Several) | (None, Only::Missing) => false,
    };
    if !is_scheme || !is_path || !is_host || said.of_connection {
        return Err(Refusal::Malformed);
    }
    if !protocol.eq_ignore_ascii_case(b"websocket") {
        return Err(Refusal::Protocol);
    }
    if said.version != Only::One(b"13") {
        return Err(Refusal::Version);
    }
    if said.origin == Only::Several {
        return Err(Refusal::Origin);
    }
    let has_protocols = said.protocol != Only::Missing;
    if has_protocols && !are_protocols(fields) {
        return Err(Refusal::Protocols);
    }
    Ok(Offer { protocols: has_protocols, extensions: said.extensions })
}

impl Offer {
    /// Whether subprotocols are offered.
    pub const fn has_protocols(&self) -> bool {
        self.protocols
    }

    /// Whether extensions are offered.
    pub const fn has_extensions(&self) -> bool {
        self.extensions
    }

    /// The answer that opens the connection: a 200 with the chosen subprotocol, if any, which must be
    /// one of [`protocols`](super::protocols), the agreed extensions, if any, and the caller's own
    /// fields.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Subprotocol`] for one that is no token, and where none were offered;
    /// [`ApiMisuse::FieldName`] and [`ApiMisuse::FieldValue`] for fields that cannot be written, that
    /// are the handshake's own or not in lower case, and for extensions where none were offered.
    pub fn accept<'a, X: Fields + ?Sized>(
        &self,
        protocol: Option<&'a str>,
        extensions: Option<&'a str>,
        extra: &'a X,
    ) -> Result<Response<'a, X>, ApiMisuse> {
        let choice = Choice { protocol, extensions };
        choice.check(self.protocols, self.extensions)?;
        check_names(extra)?;
        Ok(Response { choice, extra })
    }
}

/// A server's answer: its fields in lower case, `:status` first, then the caller's own.
#[derive(Clone, Copy)]
pub struct Response<'a, X: ?Sized = ()> {
    choice: Choice<'a>,
    extra: &'a X,
}

impl<X: Fields + ?Sized> Fields for Response<'_, X> {
    fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        let status = [Field { name: ":status", value: b"200" }];
        status.into_iter().chain(self.choice.fields(CHOICE)).chain(self.extra.fields())
    }
}

impl<X: ?Sized> fmt::Debug for Response<'_, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("choice", &self.choice).finish_non_exhaustive()
    }
}

/// Judges the answer, and gives the subprotocol that was chosen from those offered, if one was;
/// `:status` among `fields` is passed over.
///
/// # Errors
///
/// [`Failure`] says what is wrong; [`Failure::Status`] for any status but 2xx.
pub fn verify<'a>(
    status: u16,
    fields: &'a (impl Fields + ?Sized),
    offers: &Offers<'_>,
) -> Result<Option<&'a str>, Failure> {
    if !(200..300).contains(&status) {
        return Err(Failure::Status(status));
    }
    let said = Said::by(fields);
    if said.of_connection {
        return Err(Failure::NoUpgrade);
    }
    offers.judge(&said, fields)
}

/// Whether `:path` has the origin form: what an extended CONNECT is for (RFC 8441 4).
fn is_path(path: &[u8]) -> bool {
    path.first() == Some(&b'/') && scan::target_len(path) == path.len()
}

/// Whether `host` names the entity that `:authority` does, as it must (RFC 9113 8.3.1): the same host
/// without regard to case, and the same port, which the scheme gives where it is left out.
fn is_same_entity(authority: &[u8], host: &[u8], secure: bool) -> bool {
    let default = if secure { 443 } else { 80 };
    let port = |of: &Authority<'_>| match of.port {
        None | Some([]) => Some(default),
        Some(_) => of.port_number(),
    };
    match (Authority::parse(authority), Authority::parse(host)) {
        (Some(a), Some(b)) => {
            let is_same_port = port(&a).is_some() && port(&a) == port(&b);
            a.host.eq_ignore_ascii_case(b.host) && is_same_port
        }
        _ => false,
    }
}

/// Whether the caller's own fields may be sent: in lower case, and none of a connection (RFC 9113 8.2).
fn check_names(extra: &(impl Fields + ?Sized)) -> Result<(), ApiMisuse> {
    check_extra(extra)?;
    let is_upper = |name: &str| name.bytes().any(|byte| byte.is_ascii_uppercase());
    if Said::by(extra).of_connection || extra.fields().any(|field| is_upper(field.name)) {
        return Err(ApiMisuse::FieldName);
    }
    Ok(())
}

/// The names of what is chosen.
const CHOICE: [&str; 2] = ["sec-websocket-protocol", "sec-websocket-extensions"];

#[cfg(test)]
mod tests;
