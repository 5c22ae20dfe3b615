//! Hosts and request targets (RFC 3986 3, RFC 9110 4.2 and 7.2, RFC 9112 3.2), a rule a function.

/// Whether a request with this method may have this target.
pub(crate) fn target(method: &[u8], target: &[u8]) -> bool {
    // A path and a query hold what browsers leave unescaped; a fragment stays in the client.
    let visible = target.iter().all(|&b| (b'!'..=b'~').contains(&b) && !b"\"#<>".contains(&b));
    let form = match method {
        b"CONNECT" => authority_form(target),
        b"OPTIONS" if target == b"*" => true,
        _ => target.starts_with(b"/") || absolute_form(target),
    };
    visible && form
}

/// `uri-host ":" port`, with a port that there is.
fn authority_form(target: &[u8]) -> bool {
    let digits = target.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (before, digits) = target.split_at(target.len() - digits);
    let port = digits.iter().fold(0, |port: u64, digit| {
        (port * 10 + u64::from(digit - b'0')).min(u64::from(u16::MAX) + 1)
    });
    host(target) && before.ends_with(b":") && (1..=u64::from(u16::MAX)).contains(&port)
}

/// `scheme "://" uri-host [ ":" port ] path-abempty [ "?" query ]`
fn absolute_form(target: &[u8]) -> bool {
    let Some(colon) = target.iter().position(|&b| b == b':') else { return false };
    let (scheme, rest) = target.split_at(colon);
    let Some(rest) = rest.strip_prefix(b"://") else { return false };
    let end = rest.iter().position(|b| b"/?".contains(b)).unwrap_or(rest.len());
    scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b))
        && host(&rest[..end])
}

/// `uri-host [ ":" port ]`, the host not empty.
pub(crate) fn host(text: &[u8]) -> bool {
    let (good, port) = match text.strip_prefix(b"[") {
        Some(inside) => {
            let Some(end) = inside.iter().position(|&b| b == b']') else { return false };
            (ip_literal(&inside[..end]), &inside[end + 1..])
        }
        None => {
            let end = text.iter().position(|&b| b == b':').unwrap_or(text.len());
            (end > 0 && reg_name(&text[..end]), &text[end..])
        }
    };
    let port = port.is_empty()
        || port.strip_prefix(b":").is_some_and(|port| port.iter().all(u8::is_ascii_digit));
    good && port
}

/// `*( unreserved / pct-encoded / sub-delims )`, which an IPv4 address is too.
fn reg_name(text: &[u8]) -> bool {
    match text {
        [] => true,
        [b'%', high, low, rest @ ..] => {
            high.is_ascii_hexdigit() && low.is_ascii_hexdigit() && reg_name(rest)
        }
        [byte, rest @ ..] => plain(*byte) && reg_name(rest),
    }
}

/// `unreserved / sub-delims`
fn plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
}

/// `IPv6address / "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )`
fn ip_literal(text: &[u8]) -> bool {
    let Some(future) = text.strip_prefix(b"v").or(text.strip_prefix(b"V")) else {
        return ipv6(text);
    };
    let version = future.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let address = future[version..].strip_prefix(b".").unwrap_or_default();
    version > 0 && !address.is_empty() && address.iter().all(|&b| plain(b) || b == b':')
}

/// Eight groups, or fewer around one `::`.
fn ipv6(text: &[u8]) -> bool {
    match text.windows(2).position(|two| two == b"::") {
        None => groups(text, true) == Some(8),
        Some(at) => match (groups(&text[..at], false), groups(&text[at + 2..], true)) {
            (Some(before), Some(after)) => before + after < 8,
            _ => false,
        },
    }
}

/// How many groups these are; two for an IPv4 address, which may only be the last.
fn groups(text: &[u8], ends: bool) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    let parts: Vec<&[u8]> = text.split(|&b| b == b':').collect();
    let (last, before) = parts.split_last()?;
    let h16 = |part: &[u8]| (1..=4).contains(&part.len()) && part.iter().all(u8::is_ascii_hexdigit);
    let last = match () {
        () if h16(last) => 1,
        () if ends && ipv4(last) => 2,
        () => return None,
    };
    before.iter().all(|part| h16(part)).then_some(before.len() + last)
}

/// Four numbers up to 255, without zeros in front.
fn ipv4(text: &[u8]) -> bool {
    let octet = |part: &[u8]| (0..=255).any(|number: u16| number.to_string().as_bytes() == part);
    text.split(|&b| b == b'.').count() == 4 && text.split(|&b| b == b'.').all(octet)
}
