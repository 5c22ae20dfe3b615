//! Server-sent events: `text/event-stream` (WHATWG HTML 9.2).
//!
//! ```text
//!  bytes ──▶ Decoder ──▶ Event, retry, comment
//!
//!  Event ──▶ Replay ──▶ Entry ──▶ an EventStream for each client ──▶ bytes
//! ```
//!
//! The codec: [`Decoder`] reads lines and processes their fields; [`encode_event`] and its siblings write
//! them. The data of an event is borrowed from the input if it is one line that lies there whole, and
//! joined in buffers that are used again if not. [`line::Decoder`] alone needs no allocator.
//!
//! The lifecycles on top, over any HTTP: [`EventSource`] is the client that reconnects; [`EventStream`] is
//! one client's response on the server, and a [`Replay`](crate::replay::Replay) keeps the events that a
//! client which comes back has missed. The page of [`server`] shows the three together.
//!
//! - start here: [`Decoder`], [`EventSource`], [`EventStream`]
//! - events: [`Event`], [`Item`], [`client::Event`]
//! - commands: [`encode_event`], [`encode_comment`], [`encode_retry`], [`KEEP_ALIVE`], [`Command`]
//! - configuration: [`Config`], [`client::Config`], [`server::Config`]
//! - errors: [`Error`], [`ErrorKind`]
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
//! assert_eq!((event.event, event.data, event.id), ("message", "two\nlines", Some("7")));
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
