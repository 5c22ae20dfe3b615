//! Server-sent events: `text/event-stream` (WHATWG HTML 9.2).
//!
//! ```text
//!  bytes ──▶ line::Decoder ──▶ lines ──▶ Decoder ──▶ events, retry, comments
//!
//!  Message ──▶ Replay ──▶ Encoded ──▶ a Server for each client ──▶ bytes
//! ```
//!
//! [`EventSource`] is the client that reconnects, over any HTTP. [`Server`] is one client's stream from
//! the other side, and [`Replay`](crate::replay::Replay) what all of them are sent again; [`server`] shows the three together.
//!
//! [`line::Decoder`] needs no allocator; [`Decoder`] interprets the lines. An event whose fields lie
//! in the input is borrowed from there; one that was cut, or has several `data` lines, is joined in
//! buffers that are used again.
//!
//! ```
//! use wirefeed::{Step, sse};
//!
//! let mut out = Vec::new();
//! sse::encode_event(&sse::Event { id: Some("7"), data: "two\nlines", ..Default::default() }, &mut out)?;
//! assert_eq!(out, b"id: 7\ndata: two\ndata: lines\n\n");
//!
//! let mut decoder = sse::Decoder::new();
//! let mut input = &out[..];
//! let Step::Item(sse::Item::Event(event)) = decoder.decode(&mut input)? else { unreachable!() };
//! assert_eq!((event.event, event.data, event.id), ("message", "two\nlines", "7"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "alloc")]
pub mod client;
#[cfg(feature = "alloc")]
mod config;
#[cfg(feature = "alloc")]
mod decode;
#[cfg(feature = "alloc")]
mod encode;
mod error;
#[cfg(feature = "alloc")]
mod event;
#[cfg(feature = "alloc")]
mod field;
pub mod line;
#[cfg(feature = "alloc")]
pub mod server;

#[cfg(feature = "alloc")]
pub use {
    client::{Command, EventSource},
    config::Config,
    decode::Decoder,
    encode::{KEEP_ALIVE, encode_comment, encode_event, encode_retry},
    event::{Event, Item},
    server::EventStream,
};

pub use error::{Error, ErrorKind};
