//! HTTP/1.1 messages (RFC 9112): heads, framing, bodies.
//!
//! [`Server`] and [`Client`] are the two sides of a whole connection. Below them a message is read in
//! three steps, each its own decoder, so that a caller may stop after any:
//!
//! ```text
//!  bytes ──▶ head::Decoder ──▶ Request / Response ──▶ framing ──▶ Framing ──▶ body::Decoder ──▶ data
//! ```
//!
//! ```
//! use wirefeed::{Fields, Step, h1};
//!
//! let mut input: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
//! let mut heads = h1::head::ResponseDecoder::new();
//! let Step::Item(head) = heads.decode(&mut input)? else { unreachable!("the head is whole") };
//! assert_eq!((head.status(), head.value_of("transfer-encoding")), (200, Some(&b"chunked"[..])));
//!
//! let mut body = h1::body::Decoder::new(h1::framing::response(&head, "GET")?);
//! let mut data = Vec::new();
//! while let Step::Item(item) = body.decode(&mut input)? {
//!     if let h1::body::Item::Data(piece) = item {
//!         data.extend_from_slice(piece);
//!     }
//! }
//! assert_eq!(data, b"hello");
//! # Ok::<(), wirefeed::h1::Error>(())
//! ```
//!
//! A head is judged when its end or a limit is reached, so that the verdict does not depend on how
//! the network cut it; chunked framing is judged byte by byte, since every byte of it is a verdict.

pub mod body;
pub mod chunked;
#[cfg(feature = "alloc")]
pub mod client;
#[cfg(feature = "alloc")]
mod config;
#[cfg(feature = "alloc")]
mod connection_fields;
#[cfg(feature = "alloc")]
mod content;
#[cfg(feature = "alloc")]
mod endpoint;
mod error;
pub mod framing;
#[cfg(feature = "alloc")]
pub mod head;
#[cfg(feature = "alloc")]
mod output;
#[cfg(feature = "alloc")]
mod reason;
#[cfg(feature = "alloc")]
mod receiver;
#[cfg(feature = "alloc")]
mod sender;
#[cfg(feature = "alloc")]
pub mod server;
#[cfg(feature = "alloc")]
mod side;
#[cfg(feature = "alloc")]
mod trailers;

#[cfg(feature = "alloc")]
pub use client::Client;
#[cfg(feature = "alloc")]
pub use config::Config;
#[cfg(feature = "alloc")]
pub use endpoint::Endpoint;
pub use error::{Error, ErrorKind};
pub use framing::Framing;
#[cfg(feature = "alloc")]
pub use head::{Request, Response};
#[cfg(feature = "alloc")]
pub use receiver::{Next, Receiver};
#[cfg(feature = "alloc")]
pub use sender::Sender;
#[cfg(feature = "alloc")]
pub use server::Server;
#[cfg(feature = "alloc")]
pub use side::Side;

/// The version of a message (RFC 9112 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
}
