//! WebSocket (RFC 6455): handshake, frames, messages, sessions.
//!
//! ```text
//!  bytes ──▶ frame::Decoder ──▶ frames, still masked
//!  bytes ──▶ message::Decoder ──▶ messages and control frames ──▶ Receiver ──▶ events
//!                                                                    │ pongs, close replies
//!                                                       commands ──▶ Sender ──▶ output
//! ```
//!
//! [`Session`] is what most want: both halves of one connection, which answers pings and closing
//! handshakes by itself. [`handshake`] turns an HTTP exchange into a connection, to where a [`Url`]
//! says. How both sides agree to compress messages is in
//! [`DeflateConfig`](handshake::DeflateConfig), and what does it in `deflate` (a feature).

mod close;
#[cfg(feature = "alloc")]
mod control;
#[cfg(feature = "deflate")]
pub mod deflate;
#[cfg(feature = "alloc")]
mod encoded;
#[cfg(feature = "alloc")]
mod ending;
mod error;
pub mod frame;
pub mod handshake;
mod mask;
#[cfg(feature = "alloc")]
pub mod message;
mod role;
#[cfg(feature = "alloc")]
mod sender;
#[cfg(feature = "alloc")]
mod session;
mod url;

pub use close::{Close, CloseCode};
pub use error::{Error, ErrorKind};
pub use mask::mask;
pub use role::{Client, Role, Server};
pub use url::{Url, UrlError};
#[cfg(feature = "alloc")]
pub use {
    control::{Mailbox, Reply},
    encoded::Encoded,
    ending::Ending,
    sender::Sender,
    session::{Config, Event, Receiver, Session},
};
