//! Start lines.

use super::parser::Parser;
use crate::h1::{ErrorKind, Version};
use crate::kernel::grammar::Target;
use crate::kernel::scan;

/// The first line of a head: [`RequestLine`] or [`StatusLine`].
pub trait StartLine: sealed::StartLine {}

/// `GET /a HTTP/1.1` (RFC 9112 3).
#[derive(Debug, Clone, Copy)]
pub struct RequestLine {
    /// The end of the method; the target begins one byte later.
    pub(super) method: usize,
    /// The end of the target.
    pub(super) target: usize,
    pub(super) version: Version,
}

/// `HTTP/1.1 200 OK` (RFC 9112 4).
#[derive(Debug, Clone, Copy)]
pub struct StatusLine {
    pub(super) status: u16,
    /// The end of the line, before its CRLF.
    pub(super) end: usize,
    pub(super) version: Version,
}

impl StartLine for RequestLine {}
impl StartLine for StatusLine {}

impl sealed::StartLine for RequestLine {
    const SKIPS_CRLF: bool = true;

    fn has_news(seen: &mut Seen, bytes: &[u8]) -> bool {
        if !seen.method_is_over {
            seen.len += scan::token_len(&bytes[seen.len..]);
            match bytes.get(seen.len) {
                None => return false,
                Some(b' ') => {
                    seen.len += 1;
                    seen.method_is_over = true;
                }
                Some(_) => return true,
            }
        }
        seen.len += scan::target_len(&bytes[seen.len..]);
        seen.len < bytes.len()
    }

    #[inline]
    fn parse(parser: &mut Parser<'_>) -> Result<Self, ErrorKind> {
        request_line(parser)
    }

    fn version(&self) -> Version {
        self.version
    }
}

impl sealed::StartLine for StatusLine {
    const SKIPS_CRLF: bool = false;

    fn has_news(seen: &mut Seen, bytes: &[u8]) -> bool {
        let before_reason = seen.len < REASON;
        seen.len = bytes.len().min(seen.len.max(REASON));
        seen.len += scan::field_value_len(&bytes[seen.len..]);
        // If no SP follows the status, the line must end there.
        let has_reason = bytes.get(REASON - 1).is_none_or(|byte| *byte == b' ');
        before_reason || !has_reason || seen.len < bytes.len()
    }

    fn parse(parser: &mut Parser<'_>) -> Result<Self, ErrorKind> {
        status_line(parser)
    }

    fn version(&self) -> Version {
        self.version
    }
}

/// `method SP request-target SP HTTP-version CRLF` (RFC 9112 3).
#[inline]
fn request_line(parser: &mut Parser<'_>) -> Result<RequestLine, ErrorKind> {
    let method = parser.run(scan::token_len, ErrorKind::Method)?;
    parser.byte(b' ', ErrorKind::Method)?;
    let target = target(parser, method)?;
    parser.byte(b' ', ErrorKind::Target)?;
    let version = version(parser)?;
    parser.line_end(ErrorKind::Version)?;
    Ok(RequestLine { method, target, version })
}

/// Parses a target in a form that the method allows (RFC 9112 3.2); returns its end.
#[inline]
fn target(parser: &mut Parser<'_>, method_end: usize) -> Result<usize, ErrorKind> {
    let start = parser.at;
    parser.at += scan::target_len(parser.rest());
    let method = &parser.bytes[..method_end];
    let target = &parser.bytes[start..parser.at];
    let is_cut = parser.at == parser.bytes.len();
    if is_cut || (target.first() == Some(&b'/') && method != b"CONNECT") {
        return Ok(parser.at);
    }
    let judged = Target::judge(method, core::str::from_utf8(target).unwrap_or_default());
    match judged {
        Ok(_) => Ok(parser.at),
        Err(bad) => {
            parser.at = start + bad;
            Err(ErrorKind::Target)
        }
    }
}

/// `HTTP-version SP status-code [ SP reason-phrase ] CRLF` (RFC 9112 4).
fn status_line(parser: &mut Parser<'_>) -> Result<StatusLine, ErrorKind> {
    let version = version(parser)?;
    parser.byte(b' ', ErrorKind::Status)?;
    let mut status = 0;
    let first = if parser.config.allow_low_status { b'0' } else { b'1' };
    for lowest in [first, b'0', b'0'] {
        match parser.peek() {
            Some(digit) if (lowest..=b'9').contains(&digit) => {
                status = status * 10 + u16::from(digit - b'0');
                parser.at += 1;
            }
            _ => return Err(ErrorKind::Status),
        }
    }
    if status < 100 {
        // RFC 9110 15: a client processes a response with an invalid status as a 5xx.
        status += 500;
    }
    let mut other = ErrorKind::Status;
    if parser.peek() == Some(b' ') {
        parser.at += scan::field_value_len(parser.rest());
        other = ErrorKind::Reason;
    }
    let end = parser.at;
    parser.line_end(other)?;
    Ok(StatusLine { status, end, version })
}

#[inline]
fn version(parser: &mut Parser<'_>) -> Result<Version, ErrorKind> {
    if parser.rest().starts_with(b"HTTP/1.1") {
        parser.at += b"HTTP/1.1".len();
        return Ok(Version::Http11);
    }
    other_version(parser)
}

/// Parses HTTP/1.0, or a higher minor version, which is processed as 1.1 (RFC 9110 2.5).
fn other_version(parser: &mut Parser<'_>) -> Result<Version, ErrorKind> {
    for &byte in b"HTTP/1." {
        parser.byte(byte, ErrorKind::Version)?;
    }
    let version = match parser.peek() {
        Some(b'0') => Version::Http10,
        Some(b'1'..=b'9') => Version::Http11,
        _ => return Err(ErrorKind::Version),
    };
    parser.at += 1;
    Ok(version)
}

/// How far an incomplete start line has been scanned, so that no byte of a long method, target or reason
/// phrase is scanned again when more arrive.
#[derive(Debug, Clone, Copy, Default)]
#[expect(unnameable_types, reason = "in the signature of a sealed trait")]
pub struct Seen {
    /// The bytes up to here are valid in their part of the line.
    len: usize,
    method_is_over: bool,
}

/// The start of the reason phrase: after `HTTP/1.1 200 `.
pub(super) const REASON: usize = 13;

mod sealed {
    use super::{ErrorKind, Parser, Seen, Version};

    #[expect(unnameable_types, reason = "sealed: no start line but these two")]
    pub trait StartLine: Copy {
        const SKIPS_CRLF: bool;

        /// Whether it is worth parsing an incomplete line again after more bytes have arrived: false if
        /// they only extend a part of unlimited length.
        fn has_news(seen: &mut Seen, bytes: &[u8]) -> bool;

        /// Parses the line, including its CRLF.
        fn parse(parser: &mut Parser<'_>) -> Result<Self, ErrorKind>;

        fn version(&self) -> Version;
    }
}
