//! Start lines.

use super::parse::Parser;
use crate::h1::{ErrorKind, Version};

/// The first line of a head: [`RequestLine`] or [`StatusLine`].
pub trait StartLine: sealed::StartLine {}

/// `GET /a HTTP/1.1` (RFC 9112 3).
#[derive(Debug, Clone, Copy)]
pub struct RequestLine {
    /// Where the method ends; the target begins one byte later.
    pub(super) method: usize,
    /// Where the target ends.
    pub(super) target: usize,
    pub(super) version: Version,
}

/// `HTTP/1.1 200 OK` (RFC 9112 4).
#[derive(Debug, Clone, Copy)]
pub struct StatusLine {
    pub(super) status: u16,
    /// Where the line ends, before its CRLF.
    pub(super) end: usize,
    pub(super) version: Version,
}

impl StartLine for RequestLine {}
impl StartLine for StatusLine {}

impl sealed::StartLine for RequestLine {
    const SKIPS_CRLF: bool = true;

    fn parse(parser: &mut Parser<'_>) -> Result<Self, ErrorKind> {
        parser.request_line()
    }

    fn version(&self) -> Version {
        self.version
    }
}

impl sealed::StartLine for StatusLine {
    const SKIPS_CRLF: bool = false;

    fn parse(parser: &mut Parser<'_>) -> Result<Self, ErrorKind> {
        parser.status_line()
    }

    fn version(&self) -> Version {
        self.version
    }
}

mod sealed {
    use super::{ErrorKind, Parser, Version};

    #[expect(unnameable_types, reason = "sealed: no start line but these two")]
    pub trait StartLine: Copy {
        const SKIPS_CRLF: bool;

        /// The line, its CRLF included.
        fn parse(parser: &mut Parser<'_>) -> Result<Self, ErrorKind>;

        fn version(&self) -> Version;
    }
}
