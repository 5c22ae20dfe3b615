//! permessage-deflate (RFC 7692): the payloads of messages, compressed and back; feature `deflate`.
//!
//! ```text
//!  messages ──▶ Deflater ──▶ payloads of frames, the first of them with RSV1
//!  payloads, unmasked ──▶ Inflater ──▶ messages
//! ```
//!
//! Neither knows of frames: both may be put beside any WebSocket library. What they may do is
//! agreed on in the handshake, by [`DeflateConfig`](super::handshake::DeflateConfig). The only home
//! of `flate2`.
//!
//! ```
//! use wirefeed::ws::deflate::{Config, Deflater, Inflater};
//!
//! let (mut payload, mut message) = (Vec::new(), Vec::new());
//! Deflater::new(Config::default()).deflate(b"Hello", &mut payload);
//! assert_eq!(payload, [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
//!
//! let mut inflater = Inflater::new(true);
//! inflater.inflate_message(&payload, &mut message, Some(1 << 20))?;
//! assert_eq!(message, b"Hello");
//! # Ok::<(), wirefeed::ws::deflate::ErrorKind>(())
//! ```
//!
//! # Memory
//!
//! What compresses takes 251 KB with the smallest window and 380 KB with the largest; what inflates
//! takes 48 KB, and 16 KB more for [`Inflater::inflate_piece`]. Where contexts are not taken over
//! from one message to the next, a [`Pool`] lends them for as long as a message lasts, so that a
//! session that is idle holds none.

mod deflater;
mod error;
mod inflater;
mod pool;
mod state;

pub use deflater::{Config, Deflater};
pub use error::ErrorKind;
pub use inflater::Inflater;
pub use pool::Pool;

/// What an empty block without compression leaves at the end of each message (RFC 7692 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;
