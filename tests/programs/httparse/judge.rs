//! One head, read by this crate and by httparse: where they part, and which section decides it.

use httparse::Status;
use wirefeed::h1::head::{Config, Decoder, Head, RequestLine, StartLine, StatusLine};
use wirefeed::h1::{Error, ErrorKind, Version};
use wirefeed::{Fields, Step};

/// What a head is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Request,
    Response,
    /// With what a client may put up with: folds, and blanks before a colon.
    LenientResponse,
}

/// What a reader makes of a head.
#[derive(Debug, PartialEq, Eq)]
struct Reading {
    /// Method and target, or the status.
    start: Vec<Vec<u8>>,
    minor_version: u8,
    fields: Vec<(Vec<u8>, Vec<u8>)>,
    len: usize,
}

/// A way in which the two part.
pub(crate) struct Class {
    pub(crate) name: &'static str,
    /// The section that makes us right.
    pub(crate) section: &'static str,
    /// A head of this class.
    pub(crate) example: (Kind, &'static [u8]),
    applies: Applies,
}

enum Applies {
    /// They accept what we refuse with this kind, if this holds of the input and where it is at fault.
    WeRefuse(ErrorKind, fn(Kind, &[u8], usize) -> bool),
    /// They accept a target that we refuse, if this holds of the method and the target.
    WeRefuseTarget(fn(&[u8], &[u8]) -> bool),
    /// We accept what they refuse like this, if this holds of the input.
    TheyRefuse(httparse::Error, fn(&[u8]) -> bool),
}

/// Every way.
pub(crate) const CLASSES: &[Class] = &[
    Class {
        name: "httparse accepts: a line that ends in LF alone",
        section: "RFC 9112 2.2: a recipient may take it for a line's end; two hops that differ in it are fooled",
        example: (Kind::Request, b"GET / HTTP/1.1\r\nA: b\n\r\n"),
        applies: Applies::WeRefuse(ErrorKind::BareLf, |_, wire, at| {
            wire[at] == b'\n' && !wire[..at].ends_with(b"\r")
        }),
    },
    Class {
        name: "httparse accepts: an empty line of LF alone in front of a request",
        section: "RFC 9112 2.2: what is to be skipped is an empty line, CRLF",
        example: (Kind::Request, b"\nGET / HTTP/1.1\r\n\r\n"),
        applies: Applies::WeRefuse(ErrorKind::Method, |_, wire, at| {
            wire[at] == b'\n' && matches!(wire[..at], [] | [b'\r', b'\n'])
        }),
    },
    Class {
        name: "httparse accepts: a second empty line in front of a request",
        section: "RFC 9112 2.2: at least one is to be skipped, and one is",
        example: (Kind::Request, b"\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
        applies: Applies::WeRefuse(ErrorKind::Method, |_, wire, at| {
            wire[at] == b'\r' && wire[..at] == *b"\r\n"
        }),
    },
    Class {
        name: "httparse accepts: an empty line in front of a response",
        section: "RFC 9112 2.1, 2.2: a response begins with its status line; only a server skips",
        example: (Kind::Response, b"\r\nHTTP/1.1 200 OK\r\n\r\n"),
        applies: Applies::WeRefuse(ErrorKind::Version, |kind, wire, at| {
            kind != Kind::Request && at == 0 && matches!(wire[0], b'\r' | b'\n')
        }),
    },
    Class {
        name: "httparse accepts: a status below 100",
        section: "RFC 9110 15: a status is from 100 up",
        example: (Kind::Response, b"HTTP/1.1 099 Low\r\n\r\n"),
        applies: Applies::WeRefuse(ErrorKind::Status, |_, wire, at| {
            at == b"HTTP/1.1 ".len() && wire[at] == b'0'
        }),
    },
    Class {
        name: "httparse accepts: a byte in a target that no URI holds",
        section: "RFC 9112 3.2, RFC 3986 2: no `\"`, `<`, `>`, nothing over 0x7f, and no fragment",
        example: (Kind::Request, b"GET /a#b HTTP/1.1\r\n\r\n"),
        applies: Applies::WeRefuse(ErrorKind::Target, |_, wire, at| {
            b"\"#<>".contains(&wire[at]) || !wire[at].is_ascii()
        }),
    },
    Class {
        name: "httparse accepts: an asterisk for a method other than OPTIONS",
        section: "RFC 9112 3.2.4: the asterisk form is for OPTIONS",
        example: (Kind::Request, b"GET * HTTP/1.1\r\n\r\n"),
        applies: Applies::WeRefuseTarget(|method, target| target == b"*" && method != b"OPTIONS"),
    },
    Class {
        name: "httparse accepts: CONNECT to what is no host and port",
        section: "RFC 9112 3.2.3, RFC 9110 9.3.6: the authority form, whose port is valid",
        example: (Kind::Request, b"CONNECT / HTTP/1.1\r\n\r\n"),
        applies: Applies::WeRefuseTarget(|method, target| {
            let number = authority(target).and_then(|port| port?.parse().ok());
            method == b"CONNECT" && matches!(number, None | Some(0u16))
        }),
    },
    Class {
        name: "httparse accepts: user information in a target",
        section: "RFC 9110 4.2.4: its presence is to be treated as an error",
        example: (Kind::Request, b"GET http://u@a/ HTTP/1.1\r\n\r\n"),
        applies: Applies::WeRefuseTarget(|method, target| {
            method != b"CONNECT" && absolute(target).is_some_and(|host| host.contains(&b'@'))
        }),
    },
    Class {
        name: "httparse accepts: a target with what is no host",
        section: "RFC 9112 3.2.2, RFC 9110 4.2.1, RFC 3986 3.2: an absolute form has a host, a valid one",
        example: (Kind::Request, b"GET http://a:b/ HTTP/1.1\r\n\r\n"),
        applies: Applies::WeRefuseTarget(|method, target| {
            let host = absolute(target).filter(|host| !host.contains(&b'@'));
            method != b"CONNECT" && host.is_some_and(|host| authority(host).is_none())
        }),
    },
    Class {
        name: "httparse accepts: a target without a form",
        section: "RFC 9112 3.2: a target is `/path`, `scheme://host`, `host:port` for CONNECT, or `*`",
        example: (Kind::Request, b"GET a HTTP/1.1\r\n\r\n"),
        applies: Applies::WeRefuseTarget(|method, target| {
            let has_form = target.starts_with(b"/") || target == b"*" || absolute(target).is_some();
            method != b"CONNECT" && !has_form
        }),
    },
    Class {
        name: "we accept: a minor version above ours",
        section: "RFC 9110 2.5: it is processed as the highest minor version that is spoken",
        example: (Kind::Response, b"HTTP/1.2 200 OK\r\n\r\n"),
        applies: Applies::TheyRefuse(httparse::Error::Version, |wire| {
            let line = wire.strip_prefix(b"\r\n").unwrap_or(wire);
            let line = line.split(|&byte| byte == b'\n').next().unwrap_or_default();
            let above =
                |part: &[u8]| part.starts_with(b"HTTP/1.") && (b'2'..=b'9').contains(&part[7]);
            line.windows(8).any(above)
        }),
    },
];

/// The class in which the two part over a head, if they do.
///
/// # Errors
///
/// In words, where they part in no known way.
pub(crate) fn judge(kind: Kind, wire: &[u8]) -> Result<Option<&'static Class>, String> {
    let (ours, theirs) = match kind {
        Kind::Request => (ours::<RequestLine>(kind, wire, &request), their_request(wire)),
        _ => (ours::<StatusLine>(kind, wire, &response), their_response(kind, wire)),
    };
    let class = match (&ours, &theirs) {
        (Ok(None) | Err(_), Ok(None) | Err(_)) => return Ok(None),
        (Ok(Some(ours)), Ok(Some(theirs))) => match ours == theirs {
            true => return Ok(None),
            false => None,
        },
        (Err(error), Ok(Some(_))) => CLASSES.iter().find(|class| match class.applies {
            Applies::WeRefuse(fault, applies) => {
                let at = usize::try_from(error.at).unwrap_or(usize::MAX);
                fault == error.kind && at < wire.len() && applies(kind, wire, at)
            }
            Applies::WeRefuseTarget(applies) => {
                let (method, target) = request_line(wire);
                error.kind == ErrorKind::Target
                    && error.at < wire.len() as u64
                    && applies(method, target)
            }
            Applies::TheyRefuse(..) => false,
        }),
        (Ok(Some(_)), Err(error)) => CLASSES.iter().find(|class| match class.applies {
            Applies::TheyRefuse(fault, applies) => fault == *error && applies(wire),
            Applies::WeRefuse(..) | Applies::WeRefuseTarget(_) => false,
        }),
        // One waits for more, and the other does not.
        (Ok(None), Ok(Some(_))) | (Ok(Some(_)), Ok(None)) => None,
    };
    let shown = || format!("{kind:?} {}: ours {ours:?}, theirs {theirs:?}", wire.escape_ascii());
    class.map(Some).ok_or_else(shown)
}

/// What this crate reads without limits; `None` where it needs more input.
fn ours<L: StartLine>(
    kind: Kind,
    wire: &[u8],
    start: &dyn Fn(&Head<'_, L>) -> Vec<Vec<u8>>,
) -> Result<Option<Reading>, Error> {
    let mut config = Config::default();
    (config.head, config.fields) = (None, None);
    config.allow_folds = kind == Kind::LenientResponse;
    config.allow_space_before_colon = kind == Kind::LenientResponse;
    let mut decoder = Decoder::<L>::with_config(config);
    let mut input = wire;
    let Step::Item(head) = decoder.decode(&mut input)? else { return Ok(None) };
    let field =
        |field: wirefeed::fields::Field<'_>| (field.name.into(), unfolded(kind, field.value));
    Ok(Some(Reading {
        start: start(&head),
        minor_version: u8::from(head.version() == Version::Http11),
        fields: head.fields().map(field).collect(),
        len: wire.len() - input.len(),
    }))
}

fn request(head: &Head<'_, RequestLine>) -> Vec<Vec<u8>> {
    vec![head.method().into(), head.target().into()]
}

fn response(head: &Head<'_, StatusLine>) -> Vec<Vec<u8>> {
    vec![head.status().to_string().into_bytes()]
}

fn their_request(wire: &[u8]) -> Result<Option<Reading>, httparse::Error> {
    let mut headers = room(wire);
    let mut request = httparse::Request::new(&mut headers);
    let Status::Complete(len) = request.parse(wire)? else { return Ok(None) };
    let start = [request.method, request.path].map(|part| part.unwrap_or_default().into());
    let start = start.into();
    Ok(Some(reading(Kind::Request, start, request.version, request.headers, len)))
}

fn their_response(kind: Kind, wire: &[u8]) -> Result<Option<Reading>, httparse::Error> {
    let mut headers = room(wire);
    let mut response = httparse::Response::new(&mut headers);
    let is_lenient = kind == Kind::LenientResponse;
    let mut config = httparse::ParserConfig::default();
    config
        .allow_obsolete_multiline_headers_in_responses(is_lenient)
        .allow_spaces_after_header_name_in_responses(is_lenient);
    let parsed = config.parse_response(&mut response, wire)?;
    let Status::Complete(len) = parsed else { return Ok(None) };
    let start = response.code.unwrap_or_default().to_string().into_bytes();
    Ok(Some(reading(kind, vec![start], response.version, response.headers, len)))
}

/// Room for as many fields as there can be: one has a name, a colon and a line end.
fn room(wire: &[u8]) -> Vec<httparse::Header<'static>> {
    vec![httparse::EMPTY_HEADER; wire.len() / 3 + 1]
}

fn reading(
    kind: Kind,
    start: Vec<Vec<u8>>,
    version: Option<u8>,
    headers: &[httparse::Header<'_>],
    len: usize,
) -> Reading {
    Reading {
        start,
        minor_version: version.unwrap_or(u8::MAX),
        fields: headers
            .iter()
            .map(|field| (field.name.into(), unfolded(kind, field.value)))
            .collect(),
        len,
    }
}

/// A value whose folds are one SP: we hand out as many as a fold has bytes, they the fold itself (RFC
/// 9112 5.2).
fn unfolded(kind: Kind, value: &[u8]) -> Vec<u8> {
    let is_blank = |byte: &u8| b" \t\r\n".contains(byte);
    match kind {
        Kind::LenientResponse => value
            .chunk_by(|one, next| is_blank(one) == is_blank(next))
            .flat_map(|run| if is_blank(&run[0]) { b" " } else { run })
            .copied()
            .collect(),
        _ => value.into(),
    }
}

/// The method and the target of a request that httparse accepts.
fn request_line(wire: &[u8]) -> (&[u8], &[u8]) {
    let begin = wire.iter().position(|byte| !b"\r\n".contains(byte)).unwrap_or(wire.len());
    let mut parts = wire[begin..].split(|&byte| byte == b' ');
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// What stands where an absolute form has its authority.
fn absolute(target: &[u8]) -> Option<&[u8]> {
    let colon = target.iter().position(|&byte| byte == b':')?;
    let (scheme, rest) = target.split_at(colon);
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    let is_scheme =
        scheme.first().is_some_and(u8::is_ascii_alphabetic) && scheme.iter().all(inside);
    let rest = rest.strip_prefix(b"://").filter(|_| is_scheme)?;
    rest.split(|byte| b"/?".contains(byte)).next()
}

/// The port of `host [ ":" port ]` (RFC 3986 3.2), one byte after the other; none if it is no such.
fn authority(bytes: &[u8]) -> Option<Option<&str>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let mut name = host.bytes();
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => is_address(address),
        None => loop {
            match name.next() {
                None => break !host.is_empty(),
                Some(b'%') => {
                    let digits = [name.next(), name.next()].map(|digit| digit.unwrap_or_default());
                    if !digits.iter().all(u8::is_ascii_hexdigit) {
                        break false;
                    }
                }
                Some(byte) if is_plain(byte) => {}
                Some(_) => break false,
            }
        },
    };
    let is_port = port.is_none_or(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    (is_host && is_port).then_some(port)
}

/// `IPv6address / IPvFuture`.
fn is_address(text: &str) -> bool {
    let future = text.strip_prefix(['v', 'V']).and_then(|future| future.split_once('.'));
    let Some((version, address)) = future else {
        return text.parse::<std::net::Ipv6Addr>().is_ok();
    };
    let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_version && !address.is_empty() && address.bytes().all(|byte| is_plain(byte) || byte == b':')
}

/// `unreserved / sub-delims`.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
}
