//! Start lines.

use super::parse::Parser;
use crate::h1::{ErrorKind, Version};
use crate::kernel::scan;

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

    fn parse(parser: &mut Parser<'_>) -> Result<Self, ErrorKind> {
        parser.request_line()
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
        // Where no SP follows the status, what does is the line's end.
        let has_reason = bytes.get(REASON - 1).is_none_or(|byte| *byte == b' ');
        before_reason || !has_reason || seen.len < bytes.len()
    }

    fn parse(parser: &mut Parser<'_>) -> Result<Self, ErrorKind> {
        parser.status_line()
    }

    fn version(&self) -> Version {
        self.version
    }
}

/// How far a start line that is cut has been looked at, so that no byte of a long method, target or
/// reason is looked at again because more arrived.
#[derive(Debug, Clone, Copy, Default)]
#[expect(unnameable_types, reason = "in the signature of a sealed trait")]
pub struct Seen {
    /// Bytes up to here are of the part that they are in.
    len: usize,
    method_is_over: bool,
}

/// Where a reason phrase begins: after `HTTP/1.1 200 `.
pub(super) const REASON: usize = 13;

mod sealed {
    use super::{ErrorKind, Parser, Seen, Version};

    #[expect(unnameable_types, reason = "sealed: no start line but these two")]
    pub trait StartLine: Copy {
        const SKIPS_CRLF: bool;

        /// Whether the first bytes of a line, of which more have arrived, are worth parsing: whether
        /// they hold more than the beginning of a part of any length.
        fn has_news(seen: &mut Seen, bytes: &[u8]) -> bool;

        /// The line, its CRLF included.
        fn parse(parser: &mut Parser<'_>) -> Result<Self, ErrorKind>;

        fn version(&self) -> Version;
    }
}
