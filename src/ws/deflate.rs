//! permessage-deflate (RFC 7692): compressing messages and inflating them; feature `deflate`.
//!
//! ```text
//!  messages ──▶ Deflater ──▶ payloads of frames, the first of them with RSV1
//!  payloads, unmasked ──▶ Inflater ──▶ messages
//! ```
//!
//! A [`Session`](super::Session) does this by itself after
//! [`Session::with_deflate`](super::Session::with_deflate). [`Deflater`] and [`Inflater`] know nothing of
//! frames, and work beside any WebSocket library. The handshake negotiates their parameters, by
//! [`DeflateConfig`](super::handshake::DeflateConfig).
//!
//! ```
//! use wirefeed::ws::deflate::{Config, Deflater, Inflater};
//!
//! let (mut payload, mut message) = (Vec::new(), Vec::new());
//! Deflater::new(Config::default(), None).deflate_piece(b"Hello", true, &mut payload);
//! assert_eq!(payload, [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
//!
//! let mut inflater = Inflater::new(true, None);
//! inflater.inflate_message(&payload, &mut message, Some(1 << 20))?;
//! assert_eq!(message, b"Hello");
//! # Ok::<(), wirefeed::ws::ErrorKind>(())
//! ```
//!
//! An invalid payload is [`ErrorKind::Deflate`](super::ErrorKind::Deflate), to be answered with the close
//! code 1007; a message over the limit is
//! [`ErrorKind::MessageTooLong`](super::ErrorKind::MessageTooLong), with 1009.
//!
//! # Memory
//!
//! A context that deflates takes 251 KB with the smallest window and 380 KB with the largest; one that
//! inflates takes 48 KB, and 16 KB more for [`Inflater::inflate_piece`]. Without context takeover, a
//! [`Pool`] lends contexts for the duration of a message, so that an idle session holds none.

mod deflater;
mod inflater;
mod pool;

pub use deflater::{Config, Deflater};
pub use inflater::Inflater;
pub use pool::Pool;

/// The end of the empty block at the end of each message, which the sender removes (RFC 7692 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;
