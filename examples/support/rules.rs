//! The rule of HTTP/1.1 that a message breaks.

use wirefeed::h1::ErrorKind;

/// The section of the specification and its requirement; `None` for a kind that is not in this
/// table.
pub const fn rule(kind: ErrorKind) -> Option<&'static str> {
    use ErrorKind::*;
    Some(match kind {
        Method => "RFC 9112 3.1: a method is a token, followed by one SP",
        Target => "RFC 9112 3.2: a target has a form that the method allows, followed by one SP",
        TargetTooLong => {
            "RFC 9112 3: a target longer than a server wishes to parse is answered with 414"
        }
        Version => {
            "RFC 9112 2.3: a version is HTTP/1. and a digit, followed by the line's end or, in a response, by SP"
        }
        Status => "RFC 9112 4, RFC 9110 15: a status is three digits from 100 up, followed by SP",
        Reason => {
            "RFC 9112 4: a reason phrase holds HTAB, SP, visible characters and bytes over 0x7f"
        }
        BareLf => {
            "RFC 9112 2.2: a line ends in CRLF; a recipient may take a bare LF for one, or not"
        }
        BareCr => "RFC 9112 2.2: a CR that no LF follows makes the element invalid",
        FieldName => "RFC 9112 5, RFC 9110 5.1: a field name is a token, followed by a colon",
        SpaceBeforeColon => {
            "RFC 9112 5.1: no white space stands between a field name and its colon"
        }
        ObsFold => {
            "RFC 9112 5.2: a server refuses a folded line; in front of the first field it is none (2.2)"
        }
        FieldValue => {
            "RFC 9110 5.5: a field value holds HTAB, SP, visible characters and bytes over 0x7f"
        }
        Host => "RFC 9112 3.2: a request has one Host, a valid one; in HTTP/1.0 it may have none",
        HeadTooLong => {
            "RFC 9110 5.4: fields larger than a server wishes to process are answered with 4xx"
        }
        TooManyFields => {
            "RFC 9110 5.4: more fields than a server wishes to process are answered with 4xx"
        }
        ContentLength => {
            "RFC 9110 8.6: Content-Length is one number in decimal digits, which must not overflow"
        }
        ContentLengthConflict => "RFC 9112 6.3: lengths that differ are an unrecoverable error",
        LengthWithCoding => {
            "RFC 9112 6.1, 6.3: Transfer-Encoding with Content-Length ought to be handled as an error"
        }
        ChunkedNotLast => {
            "RFC 9112 6.1, 6.3, 7.1: chunked is applied once, without parameters; in a request it is the last"
        }
        TransferCoding => {
            "RFC 9112 6.1: a transfer coding that a server does not understand is answered with 501"
        }
        CodingInHttp10 => "RFC 9112 6.1: Transfer-Encoding in HTTP/1.0 is faulty framing",
        ChunkSize => "RFC 9112 7.1: a chunk begins with its size in hexadecimal digits",
        ChunkSizeTooLong => "RFC 9112 7.1: a chunk size must not overflow",
        ChunkExtension => {
            "RFC 9112 7.1.1: an extension is ';', a token, and after '=' a token or a quoted string"
        }
        ChunkLineEnd => "RFC 9112 7.1: a chunk's size and extensions are followed by CRLF",
        ChunkDataEnd => {
            "RFC 9112 7.1: a chunk's data is as long as its size says, and followed by CRLF"
        }
        ChunkOverhead => "RFC 9112 7.1.1: a server ought to limit the length of chunk extensions",
        ForbiddenTrailer => {
            "RFC 9110 6.5.1: no field that frames, routes or describes the content stands in trailers"
        }
        TrailersTooLong => {
            "RFC 9110 5.4: fields larger than a server wishes to process are answered with 4xx"
        }
        UnexpectedUpgrade => {
            "RFC 9110 7.8: a server switches to no protocol that the client did not ask for"
        }
        Unsolicited => {
            "RFC 9112 9.2: what comes on a connection without outstanding requests is no response"
        }
        TimedOut => {
            "RFC 9112 9.5, RFC 9110 15.5.9: a message that does not come in time is not waited for"
        }
        Truncated => "RFC 9112 8: a message that the end of the connection cuts off is incomplete",
        _ => return None,
    })
}
