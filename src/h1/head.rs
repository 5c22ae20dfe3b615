//! Request and response heads (RFC 9112 3, 4, 5).
//!
//! - Start here: [`RequestDecoder`] and [`ResponseDecoder`], which share [`Decoder`].
//! - Items: [`Request`] and [`Response`], which share [`Head`]. Look up their fields with
//!   [`Fields`](crate::Fields).
//! - Configuration: [`Config`].
//! - Errors: [`ErrorKind`](crate::h1::ErrorKind).
//!
//! ```
//! use wirefeed::{Fields, Step, h1::head};
//!
//! let mut heads = head::ResponseDecoder::new();
//! let mut input: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>";
//! let Step::Item(head) = heads.decode(&mut input)? else { unreachable!("the head is complete") };
//! assert_eq!((head.status(), head.reason()), (200, &b"OK"[..]));
//! assert_eq!(head.value_of("content-type"), Some(&b"text/html"[..]));
//! assert_eq!(input, b"<p>");
//! # Ok::<(), wirefeed::h1::Error>(())
//! ```
//!
//! If the input contains a complete head, the decoder parses it in place, in one strict pass. Otherwise it
//! buffers the head, searches for its end as bytes arrive, and then parses it. The fields of a head are
//! offsets into its bytes.
//!
//! The decoder checks a start line as it arrives, so that it refuses input that can never become a request
//! (such as a TLS handshake) at once. It skips one CRLF before a request line (RFC 9112 2.2). A status line may
//! end directly after the status, as those of many servers do: the missing SP cannot hide anything.

mod config;
mod decoder;
mod message;
mod parser;
mod start_line;

pub use config::Config;
pub use decoder::{Decoder, RequestDecoder, ResponseDecoder};
pub use message::{Head, Request, Response};
pub use start_line::{RequestLine, StartLine, StatusLine};
