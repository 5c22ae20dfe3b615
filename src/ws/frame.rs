//! Frames (RFC 6455 5.2): the header codec, and a decoder that yields payloads in pieces, still masked.
//!
//! For proxies, and for programs that join or unmask in their own way; [`message`](super::message)
//! unmasks and joins. A frame comes as a [`Header`](Item::Header), any number of pieces of
//! [`Payload`](Item::Payload), and an [`End`](Item::End).
//!
//! ```
//! use wirefeed::{Step, ws::frame::{Decoder, Header, Item, Masking, Opcode}};
//!
//! let mut frames = Decoder::new(Masking::Unmasked);
//! let mut input: &[u8] = b"\x81\x05Hello";
//! let Step::Item(Item::Header(header)) = frames.decode(&mut input)? else { unreachable!() };
//! assert_eq!(header, Header { fin: true, compressed: false, opcode: Opcode::Text, mask: None, len: 5 });
//! assert_eq!(header.encode().as_ref(), b"\x81\x05");
//! assert_eq!(frames.decode(&mut input)?, Step::Item(Item::Payload { bytes: b"Hello", mask: None }));
//! assert_eq!(frames.decode(&mut input)?, Step::Item(Item::End));
//! # Ok::<(), wirefeed::ws::Error>(())
//! ```
//!
//! - start here: [`Decoder`]
//! - items: [`Item`], [`Header`], [`Opcode`]
//! - encoding: [`Header::encode`] to [`HeaderBytes`]
//! - configuration: [`Masking`], [`Decoder::with_deflate`]
//! - errors: [`ws::Error`](super::Error)

mod decoder;
mod header;
mod opcode;
#[cfg(feature = "alloc")]
mod payload;

pub use decoder::{Decoder, Item};
pub use header::{Header, HeaderBytes};
#[cfg(feature = "alloc")]
pub(crate) use header::{HeaderBuffer, Rules, most_deflated};
pub use opcode::{Masking, Opcode};
#[cfg(feature = "alloc")]
pub(crate) use payload::ControlPayload;

#[cfg(all(test, feature = "alloc"))]
mod tests;
