//! What can be wrong with an HTTP/1.1 message.

use core::fmt;

use crate::Blame;
use crate::kernel::error::Kind;

/// An error of HTTP/1.1: a kind and the offset of the first offending byte.
pub type Error = crate::kernel::error::Error<ErrorKind>;

/// What was wrong, in the order of the grammar (RFC 9112).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `G(T / HTTP/1.1`: a method is a token, followed by one SP (3.1).
    Method,
    /// `GET /\x7f HTTP/1.1`: a target is visible ASCII, followed by one SP (3.2).
    Target,
    /// A target longer than the limit.
    TargetTooLong,
    /// `GET / HTTP/2.0`: only HTTP/1.0 and HTTP/1.1 are spoken (2.3).
    Version,
    /// `HTTP/1.1 2x0`: a status is three digits from 100 up, then SP or the line's end (4).
    Status,
    /// `HTTP/1.1 200 O\0K`: a reason phrase holds no control bytes (4).
    Reason,
    /// `GET / HTTP/1.1\n`: a line ends in CR LF. RFC 9112 2.2 lets a recipient accept a bare LF;
    /// what one hop sees as two lines and the next as one is how requests are smuggled.
    BareLf,
    /// `GET / HTTP/1.1\r\r\n`: a CR must be followed by LF (2.2).
    BareCr,
    /// `H(st: a`, `: a` or `Host`: a field name is a token, followed by a colon (5.1).
    FieldName,
    /// `Host : a`: no white space between a name and its colon (5.1).
    SpaceBeforeColon,
    /// A line that begins with white space: line folding (5.2).
    ObsFold,
    /// `Host: a\0`: a field value holds no control bytes but HTAB (RFC 9110 5.5).
    FieldValue,
    /// No `Host` in an HTTP/1.1 request, several, or one that is no host (3.2).
    Host,
    /// A head longer than the limit.
    HeadTooLong,
    /// A head with more fields than the limit.
    TooManyFields,
    /// `Content-Length: +5`, `5, 5` or a number over 2^64 - 1: one number in decimal digits (6.2).
    ContentLength,
    /// Two `Content-Length` fields that differ (6.3).
    ContentLengthConflict,
    /// `Transfer-Encoding` together with `Content-Length`: an attempt to smuggle (6.1).
    LengthWithCoding,
    /// `Transfer-Encoding: gzip` in a request, or `chunked` twice: without `chunked` once, and at the
    /// end, nobody knows where a request ends (6.3).
    ChunkedNotLast,
    /// `Transfer-Encoding: gzip, chunked` in a request: `chunked` alone is understood (6.1).
    TransferCoding,
    /// `Transfer-Encoding` in an HTTP/1.0 message: faulty framing (6.1).
    CodingInHttp10,
    /// `+5`, `0x5`, ` 5` or an empty line: a chunk begins with hexadecimal digits (7.1).
    ChunkSize,
    /// A chunk size of more than 16 digits, leading zeros included: over 64 bits (7.1).
    ChunkSizeTooLong,
    /// `5;`, `5;a b`, `5;a="b`: an extension is `;name` or `;name=value`, without white space,
    /// CR, LF or NUL (7.1.1).
    ChunkExtension,
    /// `5\n`, `5\rx`: a chunk's size line ends in CR LF (7.1).
    ChunkLineEnd,
    /// Chunk data not followed by CR LF: the chunk is longer or shorter than its size (7.1).
    ChunkDataEnd,
    /// More extension bytes than the data they come with can excuse.
    ChunkOverhead,
    /// `Content-Length: 5` or another field that frames or routes the message, in trailers (RFC 9110
    /// 6.5.1).
    ForbiddenTrailer,
    /// Trailers longer than the limit.
    TrailersTooLong,
    /// A 101 to a request that did not ask for an upgrade (RFC 9110 15.2.2).
    UnexpectedUpgrade,
    /// Bytes of a server to which no request was sent (9.2).
    Unsolicited,
    /// The head or the body did not come in time.
    TimedOut,
    /// The connection ended inside the message (8).
    Truncated,
}

impl Error {
    /// The status code to answer a request with that failed like this.
    ///
    /// ```
    /// use wirefeed::h1::chunked;
    /// let error = chunked::Decoder::new().decode(&mut &b"x"[..]).unwrap_err();
    /// assert_eq!(error.status_hint(), 400);
    /// ```
    pub const fn status_hint(&self) -> u16 {
        match self.kind {
            ErrorKind::HeadTooLong | ErrorKind::TooManyFields | ErrorKind::TrailersTooLong => 431,
            ErrorKind::TargetTooLong => 414,
            ErrorKind::ChunkOverhead => 413,
            ErrorKind::TimedOut => 408,
            ErrorKind::Version => 505,
            ErrorKind::TransferCoding => 501,
            _ => 400,
        }
    }
}

impl Kind for ErrorKind {
    fn blame(self) -> Blame {
        match self {
            Self::TargetTooLong
            | Self::HeadTooLong
            | Self::TooManyFields
            | Self::ChunkOverhead
            | Self::TrailersTooLong => Blame::Limit,
            _ => Blame::Peer,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Method => "the method is no token followed by one space",
            Self::Target => "the request target is not visible ASCII followed by one space",
            Self::TargetTooLong => "the request target is longer than the limit",
            Self::Version => "the version is neither HTTP/1.0 nor HTTP/1.1",
            Self::Status => "the status is not three digits from 100 up",
            Self::Reason => "the reason phrase holds a control byte",
            Self::BareLf => "a line ends in LF without CR",
            Self::BareCr => "a CR is not followed by LF",
            Self::FieldName => "the field name is no token followed by a colon",
            Self::SpaceBeforeColon => "white space before a colon",
            Self::ObsFold => "a line begins with white space",
            Self::FieldValue => "the field value holds a control byte",
            Self::Host => "there must be one Host, and it must be a host",
            Self::HeadTooLong => "the head is longer than the limit",
            Self::TooManyFields => "there are more fields than the limit",
            Self::ContentLength => "Content-Length is not one decimal number",
            Self::ContentLengthConflict => "Content-Length fields differ",
            Self::LengthWithCoding => "Transfer-Encoding together with Content-Length",
            Self::ChunkedNotLast => "the last transfer coding is not chunked, once",
            Self::TransferCoding => "a transfer coding before chunked",
            Self::CodingInHttp10 => "Transfer-Encoding in an HTTP/1.0 message",
            Self::ChunkSize => "the chunk size does not begin with a hexadecimal digit",
            Self::ChunkSizeTooLong => "the chunk size has more than 16 digits",
            Self::ChunkExtension => "a malformed chunk extension",
            Self::ChunkLineEnd => "the chunk's size line does not end in CR LF",
            Self::ChunkDataEnd => "the chunk's data is not followed by CR LF",
            Self::ChunkOverhead => "too much chunk overhead for the data it comes with",
            Self::ForbiddenTrailer => "the field must not stand in trailers",
            Self::TrailersTooLong => "the trailers are longer than the limit",
            Self::UnexpectedUpgrade => "an upgrade that was not asked for",
            Self::Unsolicited => "a response to no request",
            Self::TimedOut => "the message did not come in time",
            Self::Truncated => "the connection ended inside the message",
        })
    }
}
