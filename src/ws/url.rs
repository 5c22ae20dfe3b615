//! URLs of WebSocket connections (RFC 6455 3).

use crate::kernel::debug::debug;
#[cfg(feature = "alloc")]
use alloc::borrow::Cow;
use core::fmt;

use crate::kernel::grammar::Authority;
use crate::kernel::scan;

/// An absolute `ws:` or `wss:` URL, split into its parts.
///
/// `http:` and `https:` stand for `ws:` and `wss:`, as in the WHATWG WebSockets standard. Path and query
/// may hold the bytes that browsers send ([`grammar::Target`](crate::grammar::Target)), so a URL that the
/// crate `url` serializes is valid once its fragment is removed. Nothing is normalized or
/// percent-encoded: do that first to a URL that a user types, or one that is relative to a page.
///
/// ```
/// use wirefeed::ws::{Url, UrlError};
///
/// let url = Url::new("wss://example.com:443/chat?room=1")?;
/// assert!(url.is_secure());
/// assert_eq!((url.host(), url.port()), ("example.com", 443)); // where to connect
/// assert_eq!(url.authority(), "example.com"); // the value of `Host`
/// assert_eq!(url.resource_name(), "/chat?room=1"); // the request target
///
/// assert_eq!(Url::new("ws://[::1]:8080")?.authority(), "[::1]:8080");
/// assert_eq!(Url::new("ws://example.com/#top"), Err(UrlError::Fragment));
/// # Ok::<(), UrlError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Url<'a> {
    is_secure: bool,
    host: &'a str,
    port: u16,
    authority: &'a str,
    /// Path and query, as in the text.
    resource: &'a str,
    path: &'a str,
}

/// Why a URL is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UrlError {
    /// The URL is not absolute, or its scheme is another: `/chat`, `ftp://a/`.
    Scheme,
    /// A user name or password: `ws://me@a/`. Send credentials in an `Authorization` field.
    UserInfo,
    /// The host is missing or malformed: `ws:///`, `ws://a b/`, `ws://[::/`.
    Host,
    /// The port is not a number from 0 to 65535 without leading zeros: `ws://a:99999/`.
    Port,
    /// The path holds a byte that must be percent-encoded: `ws://a/ b`.
    Path,
    /// The query holds such a byte: `ws://a/?<`.
    Query,
    /// A fragment, even an empty one: `ws://a/#` (RFC 6455 3).
    Fragment,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "invalid URL scheme: expected `ws://` or `wss://`",
            Self::UserInfo => "URL contains a user name or password",
            Self::Host => "invalid URL host: missing or malformed",
            Self::Port => "invalid URL port: expected a number from 0 to 65535",
            Self::Path => "invalid URL path: a byte is not percent-encoded",
            Self::Query => "invalid URL query: a byte is not percent-encoded",
            Self::Fragment => "URL contains a fragment",
        })
    }
}

impl core::error::Error for UrlError {}

impl<'a> Url<'a> {
    /// Splits and validates a URL.
    ///
    /// # Errors
    ///
    /// The [`UrlError`] of the first invalid part; a fragment is reported before all parts but the scheme.
    pub fn new(url: &'a str) -> Result<Self, UrlError> {
        let (scheme, rest) = url.split_once("://").ok_or(UrlError::Scheme)?;
        let is_secure = match scheme {
            _ if is_either(scheme, ["ws", "http"]) => false,
            _ if is_either(scheme, ["wss", "https"]) => true,
            _ => return Err(UrlError::Scheme),
        };
        if rest.contains('#') {
            return Err(UrlError::Fragment);
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, resource) = rest.split_at(end);
        if authority.contains('@') {
            return Err(UrlError::UserInfo);
        }
        let (name, port) = split_port(authority)?;
        let default = if is_secure { 443 } else { 80 };
        let port = port.unwrap_or(default);
        let (path, query) = resource.split_once('?').unwrap_or((resource, ""));
        let is_sent = |part: &str| scan::target_len(part.as_bytes()) == part.len();
        if !is_sent(path) {
            return Err(UrlError::Path);
        }
        if !is_sent(query) {
            return Err(UrlError::Query);
        }
        Ok(Self {
            is_secure,
            host: name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name),
            port,
            authority: if port == default { name } else { authority },
            resource,
            path,
        })
    }

    /// Whether the scheme is `wss:`, so that the connection uses TLS.
    pub const fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// The host to connect to: a name, or an address without brackets.
    pub const fn host(&self) -> &'a str {
        self.host
    }

    /// The port to connect to. The default is 80, over TLS 443.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The value of `Host` or `:authority` (RFC 9110 7.2): an IPv6 address is in brackets, and the default
    /// port is omitted.
    pub const fn authority(&self) -> &'a str {
        self.authority
    }

    /// The path; `/` if the URL has none.
    pub const fn path(&self) -> &'a str {
        if self.path.is_empty() { "/" } else { self.path }
    }

    /// The query, without its question mark.
    pub fn query(&self) -> Option<&'a str> {
        self.resource.get(self.path.len() + 1..)
    }

    /// The request target (RFC 6455 3): path and query. It allocates only if a query follows the host
    /// directly.
    #[cfg(feature = "alloc")]
    pub fn resource_name(&self) -> Cow<'a, str> {
        match (self.path, self.resource) {
            ("", "") => Cow::Borrowed("/"),
            ("", query) => Cow::Owned(["/", query].concat()),
            (_, resource) => Cow::Borrowed(resource),
        }
    }
}

// Prints the length of path and query, which may hold a secret.
debug!([] Url<'_>, self => Url {
    is_secure: self.is_secure,
    authority: self.authority,
    resource: self.resource.len(),
});

/// The URL with the scheme `ws` or `wss`, without a default port.
impl fmt::Display for Url<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "wss" } else { "ws" };
        write!(f, "{scheme}://{}{}", self.authority, self.path())?;
        self.query().map_or(Ok(()), |query| write!(f, "?{query}"))
    }
}

/// Whether a scheme is one of these; the comparison ignores case (RFC 3986 3.1).
fn is_either(scheme: &str, either: [&str; 2]) -> bool {
    either.iter().any(|one| scheme.eq_ignore_ascii_case(one))
}

/// Splits an authority into a valid host and the port, if it has one (RFC 3986 3.2).
fn split_port(authority: &str) -> Result<(&str, Option<u16>), UrlError> {
    let Some(parsed) = Authority::parse(authority.as_bytes()) else {
        // If the host alone is valid, the port is at fault.
        let bracket = authority.find(']').map_or(0, |bracket| bracket + 1);
        let colon = authority[bracket..].find(':').map(|at| bracket + at);
        let is_host = |name: &str| Authority::parse(name.as_bytes()).is_some();
        return Err(match colon {
            Some(colon) if is_host(&authority[..colon]) => UrlError::Port,
            _ => UrlError::Host,
        });
    };
    if parsed.is_ip_future() {
        // No such address format is defined (RFC 3986 3.2.2).
        return Err(UrlError::Host);
    }
    let name = &authority[..parsed.host.len()];
    match (parsed.port, parsed.port_number()) {
        (None | Some([]), _) => Ok((name, None)),
        // `Host` repeats the digits as they are; browsers send no leading zeros.
        (Some([b'0', _, ..]), _) | (_, None) => Err(UrlError::Port),
        (_, port) => Ok((name, port)),
    }
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use crate::kernel::grammar::Target;
    use alloc::{format, string::ToString};
    use proptest::prelude::*;

    #[test]
    fn a_url_is_split_into_its_parts() {
        for (text, secure, host, port, authority, resource) in [
            ("ws://a", false, "a", 80, "a", "/"),
            ("ws://a/", false, "a", 80, "a", "/"),
            ("wss://a/b/c?d=e&f", true, "a", 443, "a", "/b/c?d=e&f"),
            ("ws://a?b", false, "a", 80, "a", "/?b"),
            ("ws://a?", false, "a", 80, "a", "/?"),
            ("ws://a/?", false, "a", 80, "a", "/?"),
            ("WS://A.example", false, "A.example", 80, "A.example", "/"),
            ("hTTps://a/b", true, "a", 443, "a", "/b"),
            ("http://a:443/", false, "a", 443, "a:443", "/"),
            ("ws://a:80/b", false, "a", 80, "a", "/b"),
            ("wss://a:443", true, "a", 443, "a", "/"),
            ("wss://a:80", true, "a", 80, "a:80", "/"),
            ("ws://a:/", false, "a", 80, "a", "/"),
            ("ws://a:65535", false, "a", 65535, "a:65535", "/"),
            ("ws://a:0", false, "a", 0, "a:0", "/"),
            ("ws://127.0.0.1:9001/x", false, "127.0.0.1", 9001, "127.0.0.1:9001", "/x"),
            ("ws://[::1]", false, "::1", 80, "[::1]", "/"),
            ("ws://[::1]:80/", false, "::1", 80, "[::1]", "/"),
            ("ws://[2001:DB8::1]:81?x", false, "2001:DB8::1", 81, "[2001:DB8::1]:81", "/?x"),
            ("ws://a/%20%fF/:@/~?/?:@%00", false, "a", 80, "a", "/%20%fF/:@/~?/?:@%00"),
            ("ws://a/[]{}|^%zz", false, "a", 80, "a", "/[]{}|^%zz"),
            ("ws://a/?ids[]=1", false, "a", 80, "a", "/?ids[]=1"),
            ("ws://a?x={1}|%", false, "a", 80, "a", "/?x={1}|%"),
            ("ws://a_b%41!/../.", false, "a_b%41!", 80, "a_b%41!", "/../."),
        ] {
            let url = Url::new(text).unwrap();
            assert_eq!((url.is_secure(), url.host(), url.port()), (secure, host, port), "{text}");
            assert_eq!((url.authority(), &*url.resource_name()), (authority, resource), "{text}");
            let query = resource.split_once('?').map(|(_, query)| query);
            assert_eq!(url.query(), query, "{text}");
            // The printed URL means the same.
            let shown = url.to_string();
            let again = Url::new(&shown).unwrap();
            assert_eq!(again.to_string(), shown);
            assert_eq!((again.host(), again.port(), again.path()), (host, port, url.path()));
        }
    }

    #[test]
    fn every_invalid_url_is_refused() {
        for (text, error) in [
            ("", UrlError::Scheme),
            ("/chat", UrlError::Scheme),
            ("//a/", UrlError::Scheme),
            ("ws:a", UrlError::Scheme),
            ("ws:/a", UrlError::Scheme),
            (" ws://a", UrlError::Scheme),
            ("ftp://a/", UrlError::Scheme),
            ("mailto:a@b", UrlError::Scheme),
            ("ws://a/#", UrlError::Fragment),
            ("ws://a#b", UrlError::Fragment),
            ("ws://a@b/", UrlError::UserInfo),
            ("ws://a:b@c/", UrlError::UserInfo),
            ("ws://@a/", UrlError::UserInfo),
            ("ws://", UrlError::Host),
            ("ws:///a", UrlError::Host),
            ("ws://:80/", UrlError::Host),
            ("ws://a b/", UrlError::Host),
            ("ws://a\\b/", UrlError::Host),
            ("ws://a%2/", UrlError::Host),
            ("ws://\u{e9}/", UrlError::Host),
            ("ws://a\r\nb/", UrlError::Host),
            ("ws://[::1/", UrlError::Host),
            ("ws://[]/", UrlError::Host),
            ("ws://[::1]a/", UrlError::Host),
            ("ws://a[::1]/", UrlError::Host),
            ("ws://[1.2.3.4]/", UrlError::Host),
            ("ws://[fe80::1%25eth0]/", UrlError::Host),
            ("ws://[v1.a]/", UrlError::Host),
            ("ws://::1/", UrlError::Host),
            ("ws://a:65536/", UrlError::Port),
            ("ws://a:99999999999/", UrlError::Port),
            ("ws://a:+80/", UrlError::Port),
            ("ws://a:080/", UrlError::Port),
            ("ws://a:8:0/", UrlError::Port),
            ("ws://a:x/", UrlError::Port),
            ("ws://[::1]:x/", UrlError::Port),
            ("ws://a/ b", UrlError::Path),
            ("ws://a/\r\n", UrlError::Path),
            ("ws://a/\"", UrlError::Path),
            ("ws://a/<", UrlError::Path),
            ("ws://a/\u{e9}", UrlError::Path),
            ("ws://a/?<", UrlError::Query),
            ("ws://a/? ", UrlError::Query),
        ] {
            assert_eq!(Url::new(text), Err(error), "{text:?}");
        }
    }

    proptest! {
        /// `new` is total, and agrees with the crate `url` on the parts that `url` does not normalize.
        #[test]
        fn any_text(text in "(ws|wss|http|https)://[a-z0-9.:@\\[\\]%/?#é +-]{0,24}") {
            if let Ok(ours) = Url::new(&text) {
                prop_assert!(Target::parse("GET", &ours.resource_name()).is_some());
                prop_assert!(Authority::parse(ours.authority().as_bytes()).is_some());
                if let Ok(theirs) = url::Url::parse(&text) {
                    prop_assert_eq!(theirs.port_or_known_default(), Some(ours.port()));
                    prop_assert_eq!(theirs.query(), ours.query());
                    prop_assert_eq!(theirs.username(), "");
                    prop_assert_eq!(theirs.fragment(), None);
                }
            }
        }

        /// Every URL that the crate `url` serializes is valid. Its hosts may hold bytes that `Host` may
        /// not (RFC 9110 7.2), which the strategy avoids.
        #[test]
        fn a_url_that_a_browser_serializes_is_valid(
            host in "([a-z0-9.-]{1,8}|\\[::[0-9a-f]{0,4}\\]|é\\.example)(:[0-9]{0,4})?",
            rest in "([/?][ -~é\t]{0,12}){0,3}",
            scheme in "ws|wss|http|https",
        ) {
            let Ok(theirs) = url::Url::parse(&format!("{scheme}://{host}{rest}")) else { return Ok(()) };
            let mut theirs = theirs;
            theirs.set_fragment(None);
            let ours = Url::new(theirs.as_str());
            prop_assert!(ours.is_ok(), "{theirs}: {ours:?}");
            let ours = ours.unwrap();
            prop_assert_eq!(Some(ours.port()), theirs.port_or_known_default());
            prop_assert_eq!(ours.host(), theirs.host_str().unwrap().trim_matches(['[', ']']));
            prop_assert_eq!((ours.path(), ours.query()), (theirs.path(), theirs.query()));
        }
    }
}
