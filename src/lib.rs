//! HTTP/1.1, server-sent events and WebSocket without I/O: small state machines that callers feed bytes
//! into.
//!
//! The caller owns the socket, the clock, the randomness and the buffers; wirefeed owns the protocol.
//! It embeds in any runtime: threads, tokio, mio, io_uring, a browser's wasm, a microcontroller.
//!
//! ```toml
//! [dependencies]
//! wirefeed = "0.1"
//! bytes = "1" # for the traits `Buf` and `BufMut`
//! ```
//!
//! # The layers
//!
//! ```text
//!  lifecycles                       sse::EventSource
//!  requests, events, time           sse::EventStream, replay::Replay
//!                                            │
//!  connections       h1::Client              │
//!  codecs, time,     h1::Server              │                  ws::Session
//!  policy, output         │                  │                       │
//!                         │                  │                       │
//!  codecs            h1::head           sse::line              ws::frame
//!  bytes to items    h1::body           sse::Decoder           ws::message
//!                    h1::chunked             │                 ws::deflate
//!                         │                  │                       │
//!  kernel            Step  Wants  Instant  Entropy  Fields  Outbox  Error  grammar  text
//! ```
//!
//! Imports point down only, and the protocols know nothing of each other: a lifecycle runs over any HTTP,
//! a WebSocket session over any connection whose handshake is over. Each layer has one trait, for code
//! that is generic over its types, which have the same methods of their own:
//!
//! - A [`Codec`] turns bytes into items: `decode`, `finish`, `reset`.
//! - A [`Connection`] is codecs with time, policy and output, in two halves: a receiver `rx`, a sender
//!   `tx`.
//! - A [`Lifecycle`] is a request, or a series of them, over any HTTP: it says when to connect, takes the
//!   response, and yields events.
//!
//! # Which type do I need?
//!
//! | task | types |
//! |---|---|
//! | read an LLM's stream, from any HTTP client | [`sse::Decoder`] |
//! | follow an event stream that reconnects and resumes | [`sse::EventSource`] |
//! | serve events, with resume | [`sse::EventStream`] for each client, one [`replay::Replay`] for all |
//! | an HTTP service | [`h1::Server`] |
//! | HTTP requests | [`h1::Client`] |
//! | a WebSocket server | [`ws::handshake::ServerHandshake`] over [`h1::Server`], then [`ws::Session`] |
//! | a WebSocket client | [`ws::Url`] and [`ws::handshake::ClientHandshake`] over [`h1::Client`], then [`ws::Session`] |
//! | WebSocket over an upgraded hyper connection | [`ws::handshake::ServerHandshake`] with the feature `http`, then [`ws::Session`]: see [the guide](guide::async_runtimes) |
//! | WebSocket over HTTP/2 or HTTP/3 | [`ws::handshake::ServerHandshake::extended_connect`], then [`ws::Session`] |
//! | compressed WebSocket messages | [`ws::handshake::DeflateConfig`], then `ws::Session::with_deflate` with the feature `deflate` |
//! | WebSocket messages larger than memory allows | [`ws::Receiver::receive_part`], [`ws::Sender::send_binary_piece`] |
//! | one message to many WebSockets | [`ws::Encoded`] |
//! | read and write in two tasks | the halves `rx` and `tx`, with a [`Replies`] between them: see [the guide](guide::run_loops#two-tasks) |
//! | proxy a chunked body | [`h1::chunked`]: `Decoder`, `encode_chunk`, or `chunk_header` and `TAIL` around data that is not copied |
//! | read a body, whatever delimits it | [`h1::framing`], [`h1::body::Decoder`] |
//! | read the head of a request or response | [`h1::head::RequestDecoder`], [`h1::head::ResponseDecoder`] |
//! | proxy WebSocket frames, still masked | [`ws::frame::Decoder`] |
//! | any of this without an allocator | the [codecs](#features) that the feature `alloc` does not name |
//!
//! # A codec
//!
//! `decode` advances `input` past what it used. The stream may be cut anywhere, and a future that reads it
//! may be cancelled anywhere, without losing a byte:
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
//!     assert!(input.is_empty()); // no byte is presented twice
//! }
//! # Ok::<(), sse::Error>(())
//! ```
//!
//! - [`Step::Item`]: an item. `'b` marks what lies in the caller's buffer, `'m` what may have been
//!   joined in the decoder: copy it to keep it.
//! - [`Step::NeedInput`]: all of `input` has been used. Read more.
//! - [`Step::Done`]: this unit is complete, and the rest of `input` belongs to the next one.
//! - `Err`: `input` starts at the offending byte, or is empty if that byte was in an earlier input or has
//!   been unmasked. The same error comes again until `reset`.
//!
//! # A connection
//!
//! A driver repeats five steps:
//!
//! 1. Receive what was read, until `NeedInput` or `Done`. The sender takes commands while an event is held.
//! 2. Advance the time: `handle_timeout`.
//! 3. Write the output.
//! 4. End the connection in the way that `wants` names, if it is over.
//! 5. Read, until the deadline that `poll_timeout` returns.
//!
//! Here they are for a WebSocket session that echoes, on a blocking socket:
//!
//! ```no_run
//! use std::io::{self, ErrorKind::{TimedOut, WouldBlock}, Read, Write};
//! use std::net::{Shutdown, TcpStream};
//! use std::time::Duration;
//!
//! use wirefeed::ws::{Config, Event, ServerRole, Session};
//! use wirefeed::{End, Instant, Step};
//!
//! fn echo(mut socket: TcpStream) -> io::Result<()> {
//!     let origin = std::time::Instant::now();
//!     let now = || Instant::from_std(origin, std::time::Instant::now());
//!     let Session { mut rx, mut tx } = Session::new(ServerRole, Config::default(), now());
//!     let (mut buffer, mut len) = (vec![0; 64 << 10], 0);
//!     loop {
//!         // 1. Receive what was read. The session answers pings, close frames and errors itself.
//!         let mut input = &mut buffer[..len];
//!         while let Ok(Step::Item(event)) = rx.receive(&mut tx, &mut input, now()) {
//!             if let Event::Text(text) = event {
//!                 tx.send_text(&text, now())?;
//!             }
//!         }
//!         // 2. Advance the time.
//!         tx.handle_timeout(now());
//!         // 3. Write the output.
//!         while let Some(bytes) = tx.output().take_bytes() {
//!             socket.write_all(&bytes)?;
//!         }
//!         // 4. End the connection.
//!         match tx.wants().end {
//!             Some(End::Close | End::Upgrade) => return Ok(()),
//!             Some(End::Shutdown) => drop(socket.shutdown(Shutdown::Write)),
//!             None => {}
//!         }
//!         // 5. Read, until the deadline.
//!         let wait = tx.poll_timeout().map(|at| at.duration_since(now()));
//!         socket.set_read_timeout(wait.map(|wait| wait.max(Duration::from_millis(1))))?;
//!         len = match socket.read(&mut buffer) {
//!             Ok(0) => rx.receive_eof(&mut tx, now()).map(|()| 0)?,
//!             Ok(len) => len,
//!             Err(error) if matches!(error.kind(), WouldBlock | TimedOut) => 0,
//!             Err(error) => return Err(error),
//!         };
//!     }
//! }
//! ```
//!
//! The same five steps drive [`h1::Server`] and [`h1::Client`]. [`guide::run_loops`] adds what a program in
//! production needs: messages that do not fit into the output, large messages, deadlines, two tasks.
//! [`guide::async_runtimes`] shows the loop with futures.
//!
//! # Features
//!
//! - `std` (default): run-time choice of vector instructions, `chunks_vectored`, conversions from
//!   `std::time` and to `std::io::Error`.
//! - `alloc`: everything that keeps state. Without it there remain the codecs that return pieces and never
//!   join them: chunked and other bodies, WebSocket frames and masks, the handshake's key, SSE lines,
//!   UTF-8.
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
