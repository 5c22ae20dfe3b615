//! WebSocket (RFC 6455): handshake, frames, messages, sessions.
//!
//! ```text
//!  bytes ──▶ frame::Decoder ──▶ frames, still masked
//!  bytes ──▶ message::Decoder ──▶ messages and control frames ──▶ Receiver ──▶ events
//!                                                                    │ pongs, close frames
//!                                                       commands ──▶ Sender ──▶ output
//! ```
//!
//! [`Session`] is what most programs want: both halves of a connection, which answers pings and closing
//! handshakes by itself. [`handshake`] turns an HTTP exchange into a connection; [`Url`] takes a `ws:` or
//! `wss:` URL apart.
//!
//! - start here: [`Session`], [`handshake`]
//! - halves: [`Receiver`], [`Sender`], and between two tasks [`Mailbox`] with [`Reply`]
//! - events: [`Event`], [`Close`], [`Ending`]
//! - commands: the methods of [`Sender`], [`Encoded`]
//! - configuration: [`Config`], [`ClientRole`], [`ServerRole`]
//! - errors: [`Error`], [`ErrorKind`], [`UrlError`]
//! - codecs: [`frame`], [`message`], [`mask`](mask())
//! - compression: [`DeflateConfig`](handshake::DeflateConfig) to negotiate it, the module `deflate` (a
//!   feature) to do it

mod close;
mod close_code;
#[cfg(feature = "deflate")]
pub mod deflate;
#[cfg(feature = "alloc")]
mod encoded;
mod error;
pub mod frame;
pub mod handshake;
mod mask;
#[cfg(feature = "alloc")]
pub mod message;
mod role;
#[cfg(feature = "alloc")]
mod session;
mod url;

pub use close::Close;
pub use close_code::CloseCode;
pub use error::{Error, ErrorKind};
pub use mask::mask;
pub use role::{ClientRole, Role, ServerRole};
pub use url::{Url, UrlError};
#[cfg(feature = "alloc")]
pub use {
    close::Ending,
    encoded::Encoded,
    session::{
        Session,
        config::Config,
        receiver::{Event, Receiver},
        replies::{Mailbox, Reply},
        sender::Sender,
    },
};
