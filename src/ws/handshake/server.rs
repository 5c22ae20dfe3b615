//! The server's side of the handshake (RFC 6455 4.2, RFC 8441 5).

use super::error::{Refusal, RefusalKind};
use super::fields::{HandshakeFields, Singleton};
use super::{PseudoFields, key, protocols};
use crate::Fields;
use crate::kernel::debug::debug;
use crate::kernel::grammar::{Authority, is_host_field};
use crate::kernel::scan;

/// A valid request to open a connection, which the server may accept. It borrows nothing, so that it
/// can outlive the request.
///
/// ```
/// use wirefeed::ws::handshake::{RefusalKind, ServerHandshake};
///
/// let request = [
///     ("Upgrade", "websocket"),
///     ("Connection", "keep-alive, Upgrade"),
///     ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
///     ("Sec-WebSocket-Version", "13"),
/// ];
/// let handshake = ServerHandshake::upgrade("GET", &request)?;
/// assert_eq!(handshake.accept_key(), Some(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
///
/// let refusal = ServerHandshake::upgrade("GET", &request[..3]).unwrap_err();
/// assert_eq!((refusal.kind, refusal.status()), (RefusalKind::Version, 426));
/// assert!(refusal.fields().contains(&("Sec-WebSocket-Version", "13")));
/// # Ok::<(), wirefeed::ws::handshake::Refusal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ServerHandshake {
    /// `None` over HTTP/2 and HTTP/3.
    accept_key: Option<[u8; 28]>,
    protocols: bool,
    extensions: bool,
}

// Prints which lists the request offers.
debug!([] ServerHandshake, self => ServerHandshake {
    protocols: self.protocols,
    extensions: self.extensions,
});

/// How a request starts: the start line of HTTP/1.1, or the pseudo-header fields.
#[derive(Clone, Copy)]
enum Start<'a> {
    Upgrade { method: &'a str },
    ExtendedConnect(&'a PseudoFields<'a>),
}

impl ServerHandshake {
    /// Validates a request of HTTP/1.1 with this method and these fields.
    ///
    /// The caller checks that the version is HTTP/1.1 and that `Host` is present, as
    /// [`h1::Server`](crate::h1::Server) does, and that the origin may connect.
    ///
    /// # Errors
    ///
    /// The [`Refusal`], with the response to send.
    pub fn upgrade(method: &str, fields: &(impl Fields + ?Sized)) -> Result<Self, Refusal> {
        Self::read(Start::Upgrade { method }, fields)
            .map_err(|kind| Refusal { kind, is_connect: false })
    }

    /// Validates an extended CONNECT request of HTTP/2 or HTTP/3; it ignores pseudo-header fields among
    /// `fields`, and `Sec-WebSocket-Key` (RFC 8441 5).
    ///
    /// The caller checks that the origin may connect.
    ///
    /// # Errors
    ///
    /// The [`Refusal`], with the response to send, or [`RefusalKind::Malformed`] to reset the stream.
    pub fn extended_connect(
        pseudo: &PseudoFields<'_>,
        fields: &(impl Fields + ?Sized),
    ) -> Result<Self, Refusal> {
        Self::read(Start::ExtendedConnect(pseudo), fields)
            .map_err(|kind| Refusal { kind, is_connect: true })
    }

    /// Validates a request; the rules that differ between the two kinds stand in the arms of the
    /// `match`es.
    fn read(start: Start<'_>, fields: &(impl Fields + ?Sized)) -> Result<Self, RefusalKind> {
        // RFC 6455 4.2.1 item 1: a GET; RFC 8441 4: a CONNECT.
        if matches!(start, Start::Upgrade { method } if method != "GET") {
            return Err(RefusalKind::Method);
        }
        let found = HandshakeFields::read(fields);
        match start {
            // 4.2.1 items 3 and 4: `Upgrade` contains `websocket`, and `Connection` `Upgrade`.
            Start::Upgrade { .. } if !found.upgrades() => return Err(RefusalKind::NoUpgrade),
            Start::Upgrade { .. } => {}
            Start::ExtendedConnect(pseudo) => check_connect(pseudo, &found)?,
        }
        // 4.2.1 item 6, RFC 8441 5: the version is 13.
        if found.version != Singleton::One(b"13") {
            return Err(RefusalKind::Version);
        }
        let accept_key = match start {
            Start::Upgrade { .. } => Some(accept_key(&found)?),
            // RFC 8441 5: "Sec-WebSocket-Key and Sec-WebSocket-Accept are not used".
            Start::ExtendedConnect(_) => None,
        };
        if found.origin == Singleton::Repeated {
            return Err(RefusalKind::Origin);
        }
        let protocols = found.protocol != Singleton::Absent;
        if protocols && !protocols::are_distinct_tokens(fields) {
            return Err(RefusalKind::Protocols);
        }
        Ok(Self { accept_key, protocols, extensions: found.extensions })
    }

    /// The value of `Sec-WebSocket-Accept`; `None` over HTTP/2 and HTTP/3, which do not use it.
    pub const fn accept_key(&self) -> Option<&[u8; 28]> {
        self.accept_key.as_ref()
    }

    /// The response that opens the connection: a 101, over HTTP/2 and HTTP/3 a 200, with the selected
    /// subprotocol, which must be one of [`protocols`](super::protocols()), the agreed extensions, and
    /// the caller's own fields.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Subprotocol`](crate::ApiMisuse::Subprotocol) if `protocol` is not a token or the
    /// request offers none; [`ApiMisuse::FieldValue`](crate::ApiMisuse::FieldValue) if `extensions` is
    /// not a list of extensions or the request offers none;
    /// [`ApiMisuse::FieldName`](crate::ApiMisuse::FieldName) and
    /// [`ApiMisuse::FieldValue`](crate::ApiMisuse::FieldValue) if a field of `extra` is invalid or one
    /// of the handshake's own, and over HTTP/2 and HTTP/3 if its name is not in lower case or is
    /// connection-specific.
    #[cfg(feature = "alloc")]
    pub fn accept<'a, X: Fields + ?Sized>(
        &self,
        protocol: Option<&'a str>,
        extensions: Option<&'a str>,
        extra: &'a X,
    ) -> Result<super::Response<'a, X>, crate::ApiMisuse> {
        let is_selectable = |name| self.protocols && protocols::is_protocol(name);
        if protocol.is_some_and(|name| !is_selectable(name)) {
            return Err(crate::ApiMisuse::Subprotocol);
        }
        let is_answer = |list: &str| self.extensions && super::extensions::are_valid(list);
        if extensions.is_some_and(|list| !is_answer(list)) {
            return Err(crate::ApiMisuse::FieldValue);
        }
        super::Response::new(self.accept_key, protocol, extensions, extra)
    }
}

/// The value of `Sec-WebSocket-Accept` for a request of HTTP/1.1 with a valid host and key.
fn accept_key(found: &HandshakeFields<'_>) -> Result<[u8; 28], RefusalKind> {
    match found.host {
        // The code that reads the request line checks whether the version requires it (RFC 9112 3.2).
        Singleton::Absent => {}
        Singleton::One(host) if is_host_field(host) => {}
        Singleton::One(_) | Singleton::Repeated => return Err(RefusalKind::Host),
    }
    match found.key {
        Singleton::One(key) if key::is_key(key) => Ok(key::accept_key(key)),
        _ => Err(RefusalKind::Key),
    }
}

/// Checks what an extended CONNECT requires of HTTP/2 (RFC 9113 8.3.1, RFC 8441 4).
fn check_connect(
    pseudo: &PseudoFields<'_>,
    found: &HandshakeFields<'_>,
) -> Result<(), RefusalKind> {
    let protocol = match (pseudo.method, pseudo.protocol) {
        (Some(b"CONNECT"), Some(protocol)) => protocol,
        // A CONNECT without `:protocol` asks for a tunnel, and has neither a scheme nor a path.
        (Some(b"CONNECT"), None) => return Err(RefusalKind::Protocol),
        (Some(_), None) => return Err(RefusalKind::Method),
        // RFC 8441 4: `:protocol` is for CONNECT alone.
        (None, _) | (Some(_), Some(_)) => return Err(RefusalKind::Malformed),
    };
    // RFC 8441 4: `:scheme` and `:path` must be included.
    let is_scheme = matches!(pseudo.scheme, Some(b"http" | b"https"));
    let is_path = pseudo.path.is_some_and(is_origin_form);
    let is_host = match (pseudo.authority, found.host) {
        (Some(one), Singleton::Absent) | (None, Singleton::One(one)) => {
            Authority::parse(one).is_some()
        }
        (Some(authority), Singleton::One(host)) => {
            is_same_entity(authority, host, pseudo.scheme == Some(b"https"))
        }
        (_, Singleton::Repeated) | (None, Singleton::Absent) => false,
    };
    // RFC 9113 8.2.2: a message with connection-specific fields is malformed.
    if !is_scheme || !is_path || !is_host || found.connection_specific {
        return Err(RefusalKind::Malformed);
    }
    // RFC 9220 3: a server answers 501 to a protocol that it does not support.
    if !protocol.eq_ignore_ascii_case(b"websocket") {
        return Err(RefusalKind::Protocol);
    }
    Ok(())
}

/// Whether `:path` has the origin form, as the target of an extended CONNECT has (RFC 8441 4).
fn is_origin_form(path: &[u8]) -> bool {
    path.first() == Some(&b'/') && scan::target_len(path) == path.len()
}

/// Whether `host` identifies the same entity as `:authority`, as it must (RFC 9113 8.3.1): the same
/// host without regard to case, and the same port; the scheme gives the default port.
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

#[cfg(all(test, feature = "alloc"))]
pub(super) mod tests;
