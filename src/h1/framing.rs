//! Which length rule a message's body has: RFC 9112 6.3 as one table.
//!
//! | message | framing |
//! |---|---|
//! | 2xx to CONNECT | [`None`](Framing::None), whatever the fields say |
//! | `Transfer-Encoding` on HTTP/1.0, or with `Content-Length` | refused |
//! | request, `Transfer-Encoding: chunked`, once | [`Chunked`](Framing::Chunked) |
//! | request, codings before a final `chunked` | refused, 501 |
//! | request, any other `Transfer-Encoding` | refused |
//! | response, codings of which the last is `chunked` | [`Chunked`](Framing::Chunked) |
//! | response, other codings | [`UntilClose`](Framing::UntilClose) |
//! | one `Content-Length`, or several that are equal | [`Length`](Framing::Length) |
//! | several that differ, or no decimal number | refused |
//! | response to HEAD, 1xx, 204, 304, with none of the above refused | [`None`](Framing::None) |
//! | request without either | [`None`](Framing::None) |
//! | response without either | [`UntilClose`](Framing::UntilClose) |
//!
//! All `Transfer-Encoding` fields are one list, whose empty elements are ignored (RFC 9110 5.3, 5.6.1.2).
//!
//! Stricter than 6.3: `Content-Length` beside `Transfer-Encoding` is refused (a server may), also in
//! a response, and a list such as `5, 5` is; what contradicts itself is refused also where no body
//! follows, since a forwarder would pass it on.

/// Where a body ends (RFC 9112 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// There is no body.
    None,
    /// After this many bytes.
    Length(u64),
    /// After the last chunk and the trailers.
    Chunked,
    /// With the connection.
    UntilClose,
}

#[cfg(feature = "alloc")]
mod length;

#[cfg(feature = "alloc")]
pub(super) use length::{BodyLength, Switches, request_of, response_of};
#[cfg(feature = "alloc")]
pub use length::{request, response};
