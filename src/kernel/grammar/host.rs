//! Hosts and ports (RFC 3986 3.2, RFC 9110 7.2): one parser for `Host`, request targets and URLs.

use core::net::Ipv6Addr;

use crate::kernel::scan;

/// `uri-host [ ":" port ]`, split without copying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Authority<'a> {
    /// A name, an IPv4 address, or an IP literal with its brackets; never empty.
    pub(crate) host: &'a [u8],
    /// The digits after the colon, which may be empty; `None` if there is no colon.
    pub(crate) port: Option<&'a [u8]>,
}

impl<'a> Authority<'a> {
    /// Parses `bytes`. `None` if they are not a host, or the port is not a number.
    ///
    /// RFC 3986 allows an empty name, but RFC 9110 4.2.1 requires recipients to reject an `http` URI with
    /// an empty host.
    #[inline]
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        if !bytes.is_empty() && scan::are_reg_name(bytes) {
            return Some(Self { host: bytes, port: None });
        }
        Self::parse_slowly(bytes)
    }

    #[inline(never)]
    fn parse_slowly(bytes: &'a [u8]) -> Option<Self> {
        // An IP literal contains colons: search for the port after the closing bracket.
        let literal = bytes.first() == Some(&b'[');
        let host_len = if literal {
            scan::find(b']', bytes)? + 1
        } else {
            scan::find(b':', bytes).unwrap_or(bytes.len())
        };
        let (host, port) = bytes.split_at(host_len);
        let is_host = match host {
            [b'[', inside @ .., b']'] if literal => is_ip_literal(inside),
            name => !name.is_empty() && is_reg_name(name),
        };
        let port = match port {
            [] => None,
            [b':', port @ ..] if port.iter().all(u8::is_ascii_digit) => Some(port),
            _ => return None,
        };
        is_host.then_some(Self { host, port })
    }

    /// The port as a number; `None` if it is missing, empty, or above 65535.
    pub(crate) fn port_number(&self) -> Option<u16> {
        let port = self.port.filter(|port| !port.is_empty())?;
        port.iter().try_fold(0u16, |number, digit| {
            number.checked_mul(10)?.checked_add(u16::from(digit - b'0'))
        })
    }

    /// Whether the host is an `IPvFuture` literal (RFC 3986 3.2.2).
    pub(crate) fn is_ip_future(&self) -> bool {
        matches!(self.host, [b'[', b'v' | b'V', ..])
    }
}

/// Whether this is a valid value of `Host` (RFC 9112 3.2): an authority, or empty if the target URI has
/// none.
#[inline]
pub(crate) fn is_host_field(value: &[u8]) -> bool {
    value.is_empty() || Authority::parse(value).is_some()
}

/// `IPv6address / IPvFuture` (RFC 3986 3.2.2), without a zone.
fn is_ip_literal(inside: &[u8]) -> bool {
    if let [b'v' | b'V', rest @ ..] = inside {
        let version = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let is_plain = |byte: &u8| *byte == b':' || scan::are_reg_name(&[*byte]);
        return match rest.split_at(version) {
            ([_, ..], [b'.', address @ ..]) => !address.is_empty() && address.iter().all(is_plain),
            _ => false,
        };
    }
    core::str::from_utf8(inside).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok())
}

/// `*( unreserved / pct-encoded / sub-delims )` (RFC 3986 3.2.2).
fn is_reg_name(name: &[u8]) -> bool {
    let is_hex = |byte: u8| scan::hex_value(byte).is_some();
    let mut parts = name.split(|&byte| byte == b'%');
    parts.next().is_none_or(scan::are_reg_name)
        && parts.all(|part| match part {
            [high, low, rest @ ..] => is_hex(*high) && is_hex(*low) && scan::are_reg_name(rest),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The grammar of RFC 3986 for a name and a port, one byte at a time.
    fn naive(bytes: &[u8]) -> bool {
        let (host, port) = match bytes.iter().position(|&byte| byte == b':') {
            Some(colon) => (&bytes[..colon], &bytes[colon + 1..]),
            None => (bytes, &b""[..]),
        };
        let mut at = 0;
        while at < host.len() {
            let hex = |at: usize| host.get(at).is_some_and(u8::is_ascii_hexdigit);
            at += match host[at] {
                b'%' if hex(at + 1) && hex(at + 2) => 3,
                byte if byte.is_ascii_alphanumeric() => 1,
                byte if b"-._~!$&'()*+,;=".contains(&byte) => 1,
                _ => return false,
            };
        }
        !host.is_empty() && port.iter().all(u8::is_ascii_digit)
    }

    #[test]
    fn hosts_and_ports_are_parsed() {
        for (text, host, port) in [
            ("a", "a", None),
            ("a.example", "a.example", None),
            ("a:", "a", Some("")),
            ("a:80", "a", Some("80")),
            ("a:99999", "a", Some("99999")),
            ("a:080", "a", Some("080")),
            ("127.0.0.1:8080", "127.0.0.1", Some("8080")),
            ("a%41%ff", "a%41%ff", None),
            ("a_b~!$&'()*+,;=:1", "a_b~!$&'()*+,;=", Some("1")),
            ("[::1]", "[::1]", None),
            ("[::1]:", "[::1]", Some("")),
            ("[2001:DB8::1]:443", "[2001:DB8::1]", Some("443")),
            ("[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]", None),
            ("[v1.a:b]", "[v1.a:b]", None),
            ("[V1f.~]:1", "[V1f.~]", Some("1")),
        ] {
            let authority = Authority::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(authority.host, host.as_bytes(), "{text}");
            assert_eq!(authority.port, port.map(str::as_bytes), "{text}");
            assert_eq!(authority.is_ip_future(), host.contains(['v', 'V']), "{text}");
        }
    }

    #[test]
    fn invalid_hosts_are_refused() {
        for text in [
            "",
            ":",
            ":80",
            "a:b",
            "a:8o",
            "a:-1",
            "a:+1",
            "a: 1",
            "a:1 ",
            "a:1:2",
            "a::1",
            "::1",
            "::1:8080",
            "[::1",
            "::1]",
            "[::1]a",
            "[::1]80",
            "a[::1]",
            "[]",
            "[]:80",
            "[:::1]",
            "[1.2.3.4]",
            "[::1.2.3]",
            "[12345::]",
            "[fe80::1%25eth0]",
            "[fe80::1%eth0]",
            "[[::1]]",
            "[::1]]",
            "[v.a]",
            "[v1.]",
            "[v1a]",
            "[vg.a]",
            "[v1.a@]",
            "[v1.%41]",
            "a%",
            "a%4",
            "a%4g",
            "%",
            "%%41",
            "a b",
            "a/b",
            "a?b",
            "a#b",
            "a@b",
            "a\\b",
            "a\"b",
            "a<b",
            "a|b",
            "a^b",
            "a{b}",
            "a`b",
            "a\u{e9}",
            "a\0",
            "a\tb",
            "a\u{7f}",
            "http://a",
        ] {
            assert_eq!(Authority::parse(text.as_bytes()), None, "{text:?}");
        }
        assert!(is_host_field(b"") && is_host_field(b"a:1") && !is_host_field(b"a:b"));
    }

    #[test]
    fn port_numbers_are_parsed() {
        for (text, number) in [
            ("a", None),
            ("a:", None),
            ("a:0", Some(0)),
            ("a:080", Some(80)),
            ("a:65535", Some(65535)),
            ("a:65536", None),
            ("a:99999999999", None),
        ] {
            let authority = Authority::parse(text.as_bytes()).unwrap();
            assert_eq!(authority.port_number(), number, "{text}");
        }
    }

    proptest! {
        #[test]
        fn names_match_the_grammar(text in "[a-c0-9.%A:!_ /@\\x00-\\xff]{0,12}") {
            let bytes = text.as_bytes();
            prop_assert_eq!(Authority::parse(bytes).is_some(), naive(bytes));
        }

        #[test]
        fn parts_add_up_to_the_input(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let Some(found) = Authority::parse(&bytes) else { return Ok(()) };
            let colon = usize::from(found.port.is_some());
            let len = found.host.len() + colon + found.port.map_or(0, <[u8]>::len);
            prop_assert_eq!(len, bytes.len());
        }
    }
}
