//! Request targets (RFC 9112 3.2): one parser for requests and URLs.

use super::host::Authority;
use crate::kernel::debug::debug;
use crate::kernel::scan;

/// The form of a request target (RFC 9112 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TargetForm {
    /// `/path?query`: a resource of this server (3.2.1).
    Origin,
    /// `http://host/path?query`: a resource of any server, in a request to a proxy (3.2.2).
    Absolute,
    /// `host:port`: the destination of a CONNECT (3.2.3).
    Authority,
    /// `*`: the server as a whole, for OPTIONS (3.2.4).
    Asterisk,
}

/// A request target, split without copying.
///
/// The path and the query may contain what browsers send (the path and query of the WHATWG URL
/// Standard): visible ASCII except `"`, `#`, `<` and `>`. So `[`, `]`, `{`, `}`, `|`, `^` are accepted,
/// and so is a `%` without two hexadecimal digits, which RFC 3986 requires senders to escape. The parser
/// does not decode percent-encodings.
///
/// ```
/// use wirefeed::grammar::{Target, TargetForm};
///
/// let target = Target::parse("GET", "http://example.com:8080/a?b=c").unwrap();
/// assert_eq!(target.form, TargetForm::Absolute);
/// assert_eq!((target.path, target.query), ("/a", Some("b=c")));
/// assert_eq!(target.authority, Some("example.com:8080"));
///
/// assert!(Target::parse("GET", "*").is_none()); // only OPTIONS allows it
/// assert!(Target::parse("GET", "/a#b").is_none()); // clients do not send fragments
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    /// The form.
    pub form: TargetForm,
    /// The host and the port of an absolute or an authority form.
    pub authority: Option<&'a str>,
    /// The path; empty if the target has none.
    pub path: &'a str,
    /// The query, without its question mark.
    pub query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Parses the target of a request with this method. `None` if the target is invalid, or has a form
    /// that the method does not allow.
    pub fn parse(method: &str, target: &'a str) -> Option<Self> {
        Self::judge(method.as_bytes(), target).ok()
    }

    /// Whether a request with this method may have this target.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) fn is_valid(method: &str, target: &'a str) -> bool {
        // Nearly all targets have the origin form.
        match target.as_bytes() {
            [b'/', ..] if method != "CONNECT" => {
                scan::target_len(target.as_bytes()) == target.len()
            }
            _ => Self::parse(method, target).is_some(),
        }
    }

    /// Parses the target. Fails with the index of the first offending byte, or `target.len()` if the
    /// target ends too early.
    pub(crate) fn judge(method: &[u8], target: &'a str) -> Result<Self, usize> {
        let bytes = target.as_bytes();
        let end = scan::target_len(bytes);
        if end < bytes.len() {
            return Err(end);
        }
        match (method, bytes) {
            (b"CONNECT", _) => {
                let authority = Authority::parse(bytes).ok_or(0usize)?;
                // RFC 9110 9.3.6: an empty or invalid port is rejected.
                match authority.port_number() {
                    Some(1..) => Ok(Self::bare(TargetForm::Authority, Some(target))),
                    _ => Err(authority.host.len()),
                }
            }
            (_, [b'/', ..]) => Ok(Self::with_path(TargetForm::Origin, None, target)),
            (b"OPTIONS", b"*") => Ok(Self::bare(TargetForm::Asterisk, None)),
            _ => Self::absolute(target),
        }
    }

    /// The absolute form: `scheme "://" authority path-abempty [ "?" query ]` (RFC 9110 4.2). User
    /// information is refused: it is used to obscure the authority (4.2.4).
    fn absolute(target: &'a str) -> Result<Self, usize> {
        let (scheme, rest) = target.split_once("://").ok_or(0usize)?;
        let is_scheme = match scheme.as_bytes() {
            [first, rest @ ..] => {
                let is_inside =
                    |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
                first.is_ascii_alphabetic() && rest.iter().all(is_inside)
            }
            [] => false,
        };
        if !is_scheme {
            return Err(0);
        }
        let at = scheme.len() + "://".len();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        match Authority::parse(authority.as_bytes()) {
            Some(_) => Ok(Self::with_path(TargetForm::Absolute, Some(authority), rest)),
            None => Err(at),
        }
    }

    fn with_path(form: TargetForm, authority: Option<&'a str>, rest: &'a str) -> Self {
        match rest.split_once('?') {
            Some((path, query)) => Self { form, authority, path, query: Some(query) },
            None => Self { form, authority, path: rest, query: None },
        }
    }

    /// An origin form with an empty path, which no valid request has.
    #[cfg(feature = "alloc")]
    pub(crate) const NONE: Self = Self::bare(TargetForm::Origin, None);

    const fn bare(form: TargetForm, authority: Option<&'a str>) -> Self {
        Self { form, authority, path: "", query: None }
    }
}

// Prints only lengths: a path or a query may contain secrets.
debug!([] Target<'_>, self => Target {
    form: self.form,
    path: self.path.len(),
    query: self.query.map(str::len),
});

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_is_parsed() {
        use TargetForm::{Absolute, Asterisk, Authority, Origin};
        for (method, target, form, authority, path, query) in [
            ("GET", "/", Origin, None, "/", None),
            ("GET", "/a?", Origin, None, "/a", Some("")),
            ("GET", "/a?b?c", Origin, None, "/a", Some("b?c")),
            ("GET", "//a/b", Origin, None, "//a/b", None),
            ("OPTIONS", "/a", Origin, None, "/a", None),
            (
                "GET",
                "/[]{}|^%/`\\?ids[]=1&x={1}|%zz'",
                Origin,
                None,
                "/[]{}|^%/`\\",
                Some("ids[]=1&x={1}|%zz'"),
            ),
            ("GET", "http://a", Absolute, Some("a"), "", None),
            ("GET", "http://a/b?c", Absolute, Some("a"), "/b", Some("c")),
            ("GET", "HTTPS://[::1]:80?c", Absolute, Some("[::1]:80"), "", Some("c")),
            ("OPTIONS", "http://a:8001", Absolute, Some("a:8001"), "", None),
            ("GET", "a+b-c.d1://a/", Absolute, Some("a"), "/", None),
            ("GET", "/a:b@c", Origin, None, "/a:b@c", None),
            ("CONNECT", "a:443", Authority, Some("a:443"), "", None),
            ("CONNECT", "[::1]:1", Authority, Some("[::1]:1"), "", None),
            ("OPTIONS", "*", Asterisk, None, "", None),
        ] {
            let found =
                Target::parse(method, target).unwrap_or_else(|| panic!("{method} {target}"));
            assert_eq!((found.form, found.authority), (form, authority), "{method} {target}");
            assert_eq!((found.path, found.query), (path, query), "{method} {target}");
        }
    }

    #[test]
    fn invalid_targets_are_refused_at_their_first_bad_byte() {
        for (method, target, at) in [
            ("GET", "", 0),
            ("GET", "foo", 0),
            ("GET", "*", 0),
            ("OPTIONS", "**", 0),
            ("OPTIONS", "*/", 0),
            ("GET", "?a", 0),
            ("GET", "a:80", 0),
            ("GET", "a/b", 0),
            ("GET", "http:/a", 0),
            ("GET", "http:a", 0),
            ("GET", "mailto:a", 0),
            ("GET", "://a/", 0),
            ("GET", "1a://a/", 0),
            ("GET", "a_b://a/", 0),
            ("GET", "http://", 7),
            ("GET", "http:///a", 7),
            ("GET", "http://?a", 7),
            ("GET", "http://:80/", 7),
            ("GET", "http://u@a/", 7),
            ("GET", "http://u:p@a/", 7),
            ("GET", "http://a:b/", 7),
            ("GET", "http://[::1/", 7),
            ("GET", "http://a%4/", 7),
            ("GET", "http://a/b#c", 10),
            ("GET", "/a#", 2),
            ("GET", "/a b", 2),
            ("GET", "/\"", 1),
            ("GET", "/?<", 2),
            ("GET", "/?a>", 3),
            ("GET", "/\u{e9}", 1),
            ("GET", "/\t", 1),
            ("GET", "/\u{7f}", 1),
            ("CONNECT", "/", 0),
            ("CONNECT", "a", 1),
            ("CONNECT", "a:", 1),
            ("CONNECT", "a:0", 1),
            ("CONNECT", "a:65536", 1),
            ("CONNECT", "a:b", 0),
            ("CONNECT", ":80", 0),
            ("CONNECT", "u@a:80", 0),
            ("CONNECT", "http://a:80", 0),
            ("CONNECT", "*", 1),
            ("connect", "a:443", 0),
        ] {
            assert_eq!(Target::judge(method.as_bytes(), target), Err(at), "{method} {target}");
        }
    }

    #[test]
    fn paths_and_queries_accept_what_browsers_send() {
        for byte in 0..=0x7f_u8 {
            let sent = byte.is_ascii_graphic() && !b"\"#<>".contains(&byte);
            for around in ["/", "/a", "/?", "/a?b", "http://a/"] {
                let target = [around, &char::from(byte).to_string(), "z"].concat();
                assert_eq!(Target::parse("GET", &target).is_some(), sent, "{target:?}");
            }
        }
    }

    proptest! {
        /// Parsing terminates for any text, and its parts add up to the text.
        #[test]
        fn parts_add_up_to_the_target(method in "GET|OPTIONS|CONNECT", target in "(/|\\*|http://|a:|)[a:/?#@\\[\\]%é -]{0,12}") {
            let found = Target::parse(&method, &target);
            prop_assert_eq!(Target::is_valid(&method, &target), found.is_some());
            let Some(found) = found else { return Ok(()) };
            let query = found.query.map_or(0, |query| query.len() + 1);
            let rest = found.path.len() + query + found.authority.map_or(0, str::len);
            prop_assert_eq!(target.len() - rest, match found.form {
                TargetForm::Origin | TargetForm::Authority => 0,
                TargetForm::Asterisk => 1,
                TargetForm::Absolute => target.find("://").unwrap() + 3,
            });
        }
    }
}
