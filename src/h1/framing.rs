//! The framing of a message's content: where it ends (RFC 9112 6.3).
//!
//! [`request`] and [`response`] determine the [`Framing`] from a head; a
//! [`body::Decoder`](crate::h1::body::Decoder) then decodes the content.
//!
//! ```
//! use wirefeed::{Step, h1::{Framing, framing, head}};
//!
//! let mut heads = head::ResponseDecoder::new();
//! let mut input: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
//! let Step::Item(head) = heads.decode(&mut input)? else { unreachable!("the head is complete") };
//! assert_eq!(framing::response(&head, "GET")?, Framing::Length(5));
//! assert_eq!(framing::response(&head, "HEAD")?, Framing::None);
//! # Ok::<(), wirefeed::h1::Error>(())
//! ```
//!
//! The rules, in order:
//!
//! | message | framing |
//! |---|---|
//! | 2xx to CONNECT | [`None`](Framing::None); the fields are ignored |
//! | `Transfer-Encoding` on HTTP/1.0, or with `Content-Length` | refused |
//! | request, `Transfer-Encoding` is a single `chunked` | [`Chunked`](Framing::Chunked) |
//! | request, codings before a final `chunked` | refused, 501 |
//! | request, any other `Transfer-Encoding` | refused |
//! | response, codings of which the last is `chunked` | [`Chunked`](Framing::Chunked) |
//! | response, other codings | [`UntilClose`](Framing::UntilClose) |
//! | one `Content-Length`, or several equal ones | [`Length`](Framing::Length) |
//! | several different ones, or one that is not a decimal number | refused |
//! | response to HEAD, 1xx, 204, 304, unless refused above | [`None`](Framing::None) |
//! | request without either field | [`None`](Framing::None) |
//! | response without either field | [`UntilClose`](Framing::UntilClose) |
//!
//! All `Transfer-Encoding` field lines form one list, whose empty elements are ignored (RFC 9110 5.3,
//! 5.6.1.2).
//!
//! This is stricter than section 6.3. It refuses `Content-Length` together with `Transfer-Encoding`, which
//! a server may do, also in a response; and it refuses a list such as `5, 5`. It refuses contradictions
//! even if the message has no content, because a forwarder would pass them on.

/// Where the content of a message ends (RFC 9112 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// The message has no content.
    None,
    /// After this many bytes.
    Length(u64),
    /// After the last chunk and the trailers.
    Chunked,
    /// At the end of the connection.
    UntilClose,
}

#[cfg(feature = "alloc")]
pub use super::body_length::{request, response};
