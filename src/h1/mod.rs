//! HTTP/1.1 (RFC 9112): connections, and codecs for heads, framing and content.
//!
//! | | |
//! |---|---|
//! | start here | [`Server`], [`Client`]: one side of a connection; their modules, [`server`] and [`client`], show a first program |
//! | halves | [`Receiver`], [`Sender`]: an [`Endpoint`] split for two tasks |
//! | events | [`server::Event`], [`client::Event`]; the heads [`Request`] and [`Response`] |
//! | commands | the `send_*` methods of [`Server`] and [`Client`] |
//! | configuration | [`Config`], with [`head::Config`] and [`chunked::Config`] |
//! | errors | [`Error`], [`ErrorKind`] |
//! | codecs | [`head`], [`framing`], [`body`], [`chunked`] |
//!
//! # Codecs
//!
//! The codecs decode a message in three steps. A caller may stop after any of them:
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
//! A head decoder checks the start line as it arrives, and the field lines when the empty line or a limit
//! is reached. The chunked decoder checks byte by byte. In both, the result does not depend on how the
//! network cut the input.

pub mod body;
#[cfg(feature = "alloc")]
mod body_length;
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
