//! Start lines, and the one pass that reads a whole head.

use alloc::vec::Vec;
use core::mem::MaybeUninit;

use super::diagnose;
use super::view::{Span, offset};
use crate::h1::{ErrorKind, Version};
use crate::scan;

/// The first line of a head: [`RequestLine`] or [`StatusLine`].
pub trait StartLine: sealed::StartLine {}

/// `GET /a HTTP/1.1` (RFC 9112 3).
#[derive(Debug, Clone, Copy)]
pub struct RequestLine {
    /// Where the method ends; the target begins one byte later.
    pub(super) method: usize,
    /// Where the target ends.
    pub(super) target: usize,
    version: Version,
}

/// `HTTP/1.1 200 OK` (RFC 9112 4).
#[derive(Debug, Clone, Copy)]
pub struct StatusLine {
    pub(super) status: u16,
    /// Where the line ends, before its CRLF.
    pub(super) end: usize,
    version: Version,
}

impl StartLine for RequestLine {}
impl StartLine for StatusLine {}

impl sealed::StartLine for RequestLine {
    const SKIPS_CRLF: bool = true;

    fn parse<'b>(bytes: &'b [u8], headers: &mut [Slot<'b>], spans: &mut Vec<Span>) -> Parsed<Self> {
        let mut request = httparse::Request::new(&mut []);
        let httparse::Status::Complete(len) = request.parse_with_uninit_headers(bytes, headers)?
        else {
            return Ok(None);
        };
        let (Some(method), Some(path)) = (request.method, request.path) else { return Ok(None) };
        let (method, target) = (method.len(), method.len() + 1 + path.len());
        // One SP on each side of the target and CRLF at the end, or the parts stand elsewhere.
        let line_end = target + b" HTTP/1.1\r\n".len();
        let version = match bytes.get(target..line_end) {
            Some(b" HTTP/1.1\r\n") => Version::Http11,
            Some(b" HTTP/1.0\r\n") => Version::Http10,
            _ => return Ok(None),
        };
        let faultless = bytes[method] == b' '
            && scan::are_graphic(&bytes[method + 1..target])
            && collect(bytes, request.headers, len, spans);
        Ok(faultless.then_some((Self { method, target, version }, len)))
    }

    fn version(&self) -> Version {
        self.version
    }

    fn diagnose(lines: &mut diagnose::Lines<'_>) -> Result<(), ErrorKind> {
        lines.request_line()
    }
}

impl sealed::StartLine for StatusLine {
    const SKIPS_CRLF: bool = false;

    fn parse<'b>(bytes: &'b [u8], headers: &mut [Slot<'b>], spans: &mut Vec<Span>) -> Parsed<Self> {
        let mut response = httparse::Response::new(&mut []);
        let httparse::Status::Complete(len) = httparse::ParserConfig::default()
            .parse_response_with_uninit_headers(&mut response, bytes, headers)?
        else {
            return Ok(None);
        };
        let (Some(version), Some(status)) = (response.version, response.code) else {
            return Ok(None);
        };
        let Some(lf) = scan::find(b'\n', bytes) else { return Ok(None) };
        let version = if version == 0 { Version::Http10 } else { Version::Http11 };
        let faultless = status >= 100
            && bytes.starts_with(b"HTTP/1.")
            && bytes[lf - 1] == b'\r'
            && collect(bytes, response.headers, len, spans);
        Ok(faultless.then_some((Self { status, end: lf - 1, version }, len)))
    }

    fn version(&self) -> Version {
        self.version
    }

    fn diagnose(lines: &mut diagnose::Lines<'_>) -> Result<(), ErrorKind> {
        lines.status_line()
    }
}

mod sealed {
    use super::{ErrorKind, Parsed, Slot, Span, Vec, Version, diagnose};

    #[expect(unnameable_types, reason = "sealed: no start line but these two")]
    pub trait StartLine: Copy {
        const SKIPS_CRLF: bool;

        /// The line, the fields as spans, and the head's length; none where the head is not whole,
        /// or where `httparse` let a fault through.
        fn parse<'b>(
            bytes: &'b [u8],
            headers: &mut [Slot<'b>],
            spans: &mut Vec<Span>,
        ) -> Parsed<Self>;

        fn version(&self) -> Version;

        /// Goes over the line until its first fault.
        fn diagnose(lines: &mut diagnose::Lines<'_>) -> Result<(), ErrorKind>;
    }
}

type Slot<'b> = MaybeUninit<httparse::Header<'b>>;
type Parsed<L> = Result<Option<(L, usize)>, httparse::Error>;

/// Turns the fields of a head of `len` bytes into spans, and says whether every line ends in CR LF:
/// each must begin right after one, and so must what follows the last.
fn collect(
    bytes: &[u8],
    headers: &[httparse::Header<'_>],
    len: usize,
    spans: &mut Vec<Span>,
) -> bool {
    spans.clear();
    for header in headers {
        let name = offset(bytes, header.name.as_bytes());
        if !bytes[..name].ends_with(b"\r\n") {
            return false;
        }
        let name_end = name + header.name.len();
        let value = offset(bytes, header.value);
        let Ok(end) = u32::try_from(value + header.value.len()) else { return false };
        spans.push(Span { name: (name as u32, name_end as u32), value: (value as u32, end) });
    }
    // The empty line follows the last field's CRLF, or the start line's, which has been looked at.
    bytes[..len].ends_with(b"\r\n\r\n")
}
