//! Server push without I/O: HTTP/1.1, server-sent events and WebSocket, as small state machines that
//! callers feed bytes into.
//!
//! The caller owns the socket, the clock, the randomness and the buffers; wirefeed owns the protocol.
//! It embeds in any runtime: threads, tokio, mio, io_uring, a browser's wasm, a microcontroller.
//!
//! | layer | modules |
//! |---|---|
//! | protocols: codecs, one machine on top; none knows another | [`h1`], [`sse`], [`ws`] |
//! | kernel | [`Step`], [`Error`], [`Instant`], [`Entropy`], [`Fields`], [`Outbox`], [`text`], [`grammar`] |
//!
//! # One interface
//!
//! A codec turns bytes into items. It advances `input` past what it used, and can be dropped, cut or
//! cancelled anywhere without losing a byte:
//!
//! ```
//! use wirefeed::{Step, sse};
//!
//! let mut decoder = sse::Decoder::new();
//! // Cut inside a line and inside a character.
//! for mut input in [&b"data: caf\xc3"[..], b"\xa9\n\nda"] {
//!     while let Step::Item(item) = decoder.decode(&mut input)? {
//!         let sse::Item::Event(event) = item else { continue };
//!         assert_eq!(event.data, "caf\u{e9}");
//!     }
//!     assert!(input.is_empty()); // nothing is ever presented twice
//! }
//! # Ok::<(), sse::Error>(())
//! ```
//!
//! - [`Step::Item`]: an item. `'b` marks what lies in the caller's buffer, `'m` what may have been
//!   joined in the decoder: copy it to keep it.
//! - [`Step::NeedInput`]: all of `input` is used up.
//! - [`Step::Done`]: this unit is over, and the rest of `input` is not its own.
//! - `Err`: `input` stands at the offending byte, or is empty where that is no longer there as it came.
//!   The same error comes again until `reset`.
//!
//! A lifecycle runs over any HTTP: it says when to connect, is told what came of it, and yields events:
//! [`sse::EventSource`]. [`sse::EventStream`] is its counterpart, one client's response.
//!
//! A machine is codecs plus time, policy and output, in two halves: [`h1::Server`], [`h1::Client`],
//! [`ws::Session`]. The
//! [`guide`] shows how to drive both, and lists the laws that all of them keep.
//!
//! # Features
//!
//! - `std` (default): run-time choice of vector instructions, `chunks_vectored`, conversions from
//!   `std::time`.
//! - `alloc`: everything that keeps state. Without it there remain chunked and other bodies, WebSocket
//!   frames and masks, the handshake's key, SSE lines, UTF-8: codecs that hand out pieces and never
//!   join.
//! - `deflate`: permessage-deflate, `ws::deflate`.
//! - `http`: [`Fields`] for `http::HeaderMap`.
#![cfg_attr(not(any(feature = "std", test)), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]
#![warn(clippy::alloc_instead_of_core, clippy::std_instead_of_alloc, clippy::std_instead_of_core)]

#[cfg(any(feature = "alloc", test))]
extern crate alloc;

pub mod guide;
pub mod h1;
mod kernel;
#[cfg(feature = "alloc")]
pub mod replay;
pub mod sse;
pub mod ws;

#[cfg(feature = "alloc")]
pub use kernel::{
    backoff::Backoff,
    outbox::Outbox,
    replies::Replies,
    traits::{Connection, Lifecycle},
};
pub use kernel::{
    entropy::Entropy,
    error::{ApiMisuse, Blame, Error, SendError},
    fields::{self, Fields},
    grammar,
    step::{End, Step, Wants},
    text,
    time::Instant,
    traits::{Codec, Input},
};

#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;
