//! The errors of HTTP/1.1 messages.

use core::fmt;

use crate::Blame;
use crate::kernel::error::Kind;

/// An error of HTTP/1.1: a kind and the offset of the first offending byte.
pub type Error = crate::kernel::error::Error<ErrorKind>;

/// The kind of an error, in the order of the grammar. Section numbers without an RFC are of RFC 9112.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `G(T / HTTP/1.1`: a method must be a token, followed by one SP (3.1).
    Method,
    /// `GET /\x7f HTTP/1.1`: a target must be visible ASCII in a form that the method allows, followed
    /// by one SP (3.2).
    Target,
    /// A target longer than the limit.
    TargetTooLong,
    /// `GET / HTTP/2.0`: the version must be HTTP/1.0 or HTTP/1.1 (2.3).
    Version,
    /// `HTTP/1.1 2x0`: a status must be three digits from 100 up, followed by SP or the end of the line
    /// (4).
    Status,
    /// `HTTP/1.1 200 O\0K`: a reason phrase must not contain control bytes (4).
    Reason,
    /// `GET / HTTP/1.1\n`: a line must end in CR LF. RFC 9112 2.2 lets a recipient accept a bare LF; if
    /// one hop sees two lines and the next sees one, an attacker can smuggle requests.
    BareLf,
    /// `GET / HTTP/1.1\r\r\n`: a CR must be followed by LF (2.2).
    BareCr,
    /// `H(st: a`, `: a` or `Host`: a field name must be a token, followed by a colon (5.1).
    FieldName,
    /// `Host : a`: white space between a name and its colon (5.1).
    SpaceBeforeColon,
    /// A field line that begins with white space: obsolete line folding (5.2).
    ObsFold,
    /// `Host: a\0`: a field value must not contain control bytes except HTAB (RFC 9110 5.5).
    FieldValue,
    /// A missing `Host` in an HTTP/1.1 request, or a repeated or invalid one in any request (3.2).
    Host,
    /// A head longer than the limit.
    HeadTooLong,
    /// A head with more field lines than the limit.
    TooManyFields,
    /// `Content-Length: +5`, `5, 5` or 2^64: the value must be one decimal number below 2^64 (6.2).
    ContentLength,
    /// Two `Content-Length` fields that differ (6.3).
    ContentLengthConflict,
    /// `Transfer-Encoding` together with `Content-Length`: often an attempt to smuggle requests (6.1).
    LengthWithCoding,
    /// `Transfer-Encoding: gzip` in a request, or `chunked` twice: without a single `chunked` at the
    /// end, the end of a request is unknown (6.3).
    ChunkedNotLast,
    /// `Transfer-Encoding: gzip, chunked` in a request: this server implements only `chunked` (6.1).
    TransferCoding,
    /// `Transfer-Encoding` in an HTTP/1.0 message: faulty framing (6.1).
    CodingInHttp10,
    /// `+5`, `0x5`, ` 5` or an empty line: a chunk must begin with hexadecimal digits (7.1).
    ChunkSize,
    /// A chunk size of more than 16 digits, leading zeros included: over 64 bits (7.1).
    ChunkSizeTooLong,
    /// `5;`, `5;a b`, `5;a="b`: an extension must be `;name` or `;name=value`, without white space, CR,
    /// LF or NUL (7.1.1).
    ChunkExtension,
    /// `5\n`, `5\rx`: a chunk-size line must end in CR LF (7.1).
    ChunkLineEnd,
    /// Chunk data not followed by CR LF: the chunk is longer or shorter than its size (7.1).
    ChunkDataEnd,
    /// More bytes of chunk extensions than the limit allows for the data received with them.
    ChunkOverhead,
    /// `Content-Length: 5` or another field that frames or routes the message, in trailers (RFC 9110
    /// 6.5.1).
    ForbiddenTrailer,
    /// Trailers longer than the limit.
    TrailersTooLong,
    /// A 101 to a request that did not ask for an upgrade (RFC 9110 15.2.2).
    UnexpectedUpgrade,
    /// Bytes from a server before any request (9.2).
    Unsolicited,
    /// The head or the content did not arrive in time.
    TimedOut,
    /// The connection ended inside the message (8).
    Truncated,
}

impl Error {
    /// The status code of a response to a request that failed with this error.
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
            Self::Method => "invalid method: expected a token and one space",
            Self::Target => "invalid request target: expected visible ASCII in a form that the method allows, and one space",
            Self::TargetTooLong => "request target exceeds the limit",
            Self::Version => "unsupported version: expected HTTP/1.0 or HTTP/1.1",
            Self::Status => "invalid status code: expected three digits from 100 up",
            Self::Reason => "invalid reason phrase: found a control byte",
            Self::BareLf => "invalid line end: found LF without CR",
            Self::BareCr => "invalid line end: found CR without LF",
            Self::FieldName => "invalid field name: expected a token and a colon",
            Self::SpaceBeforeColon => "invalid field line: found white space before the colon",
            Self::ObsFold => "invalid field line: found obsolete line folding",
            Self::FieldValue => "invalid field value: found a control byte",
            Self::Host => "missing, repeated or invalid `Host`: expected one host with an optional port",
            Self::HeadTooLong => "head exceeds the limit",
            Self::TooManyFields => "number of field lines exceeds the limit",
            Self::ContentLength => "invalid `Content-Length`: expected one decimal number below 2^64",
            Self::ContentLengthConflict => "conflicting `Content-Length` field lines",
            Self::LengthWithCoding => "`Content-Length` together with `Transfer-Encoding`",
            Self::ChunkedNotLast => "invalid `Transfer-Encoding`: must end in a single `chunked`",
            Self::TransferCoding => "unsupported transfer coding: expected `chunked` alone",
            Self::CodingInHttp10 => "`Transfer-Encoding` in an HTTP/1.0 message",
            Self::ChunkSize => "invalid chunk size: expected hexadecimal digits",
            Self::ChunkSizeTooLong => "invalid chunk size: more than 16 digits",
            Self::ChunkExtension => "invalid chunk extension",
            Self::ChunkLineEnd => "invalid chunk-size line: expected CR LF",
            Self::ChunkDataEnd => "invalid chunk: expected CR LF after the data",
            Self::ChunkOverhead => "chunk extensions exceed the limit",
            Self::ForbiddenTrailer => "field not allowed in trailers",
            Self::TrailersTooLong => "trailers exceed the limit",
            Self::UnexpectedUpgrade => "unexpected 101: the request did not ask for an upgrade",
            Self::Unsolicited => "response without a request",
            Self::TimedOut => "message timed out",
            Self::Truncated => "connection closed inside a message",
        })
    }
}
