//! The opening handshake (RFC 6455 4), over any HTTP: an upgrade of HTTP/1.1, or an extended CONNECT of
//! HTTP/2 (RFC 8441) and HTTP/3 (RFC 9220).
//!
//! ```text
//!  ClientHandshake ── request ──▶ Request ───▶ ServerHandshake::upgrade, or a Refusal to send
//!    │                                           │ accept
//!    └── verify ◀──────────────── Response ◀─────┘
//!         │
//!         └─▶ the selected subprotocol, or a Failure
//! ```
//!
//! The constructors of [`ClientHandshake`] and [`ServerHandshake`] choose the kind, `upgrade` or
//! `extended_connect`; all that follows is the same program. Requests and responses are read from
//! anything that is [`Fields`](crate::Fields), such as a head of [`h1`](crate::h1) or an
//! `http::HeaderMap`. [`Request`] and [`Response`] are [`Fields`](crate::Fields) themselves, for
//! [`h1::Client`](crate::h1::Client), [`h1::Server`](crate::h1::Server) or any other HTTP to send.
//!
//! - Client: [`ClientHandshake`], [`Offers`], [`Request`], [`Failure`]
//! - Server: [`ServerHandshake`], [`Refusal`] and its [`RefusalKind`], [`Response`];
//!   [`select_protocol`] by a [`Preference`], or from all [`protocols()`]; [`PseudoFields`] of an
//!   extended CONNECT
//! - permessage-deflate (RFC 7692): both sides negotiate [`DeflateParams`] by their [`DeflateConfig`],
//!   with [`WindowBits`] and the [`ExtensionValue`] to send. The module `deflate` compresses.
//! - For those who write their own handshake: [`accept_key()`]
//!
//! # A server
//!
//! A browser sends its cookies wherever a page connects to, and an `Origin` field that names the page
//! (RFC 6455 10.2). A server that trusts cookies must check it, and answer 403 to unknown origins.
//!
//! The input that follows the request belongs to the session: a client may send messages before it has
//! read the response.
//!
//! ```
//! use bytes::Buf;
//! use wirefeed::h1::{self, server::Event};
//! use wirefeed::ws::{self, ServerRole, Session};
//! use wirefeed::ws::handshake::ServerHandshake;
//! use wirefeed::{End, Fields, Instant, Step};
//!
//! let now = Instant::ZERO;
//! let h1::Server { mut rx, mut tx } = h1::Server::new(h1::Config::server(), now);
//! // The input: a request, and a message that follows it.
//! let mut buffer = *b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n\
//!     Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nOrigin: https://example.com\r\n\
//!     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x82\0\0\0\0Hi";
//! let mut input = &buffer[..];
//! while let Step::Item(event) = rx.receive(&mut tx, &mut input, now)? {
//!     let Event::Head(request) = event else { continue };
//!     if request.value_of("Origin") != Some(b"https://example.com") {
//!         tx.send_head(403, &[("Content-Length", "0")], now)?;
//!         tx.send_end(now)?;
//!         continue;
//!     }
//!     match ServerHandshake::upgrade(request.method(), &request) {
//!         Ok(handshake) => {
//!             let response = handshake.accept(None, None, &())?;
//!             tx.send_head(response.status(), &response, now)?;
//!         }
//!         Err(refusal) => {
//!             let mut fields = refusal.fields().to_vec();
//!             fields.push(("Content-Length", "0"));
//!             tx.send_head(refusal.status(), &fields[..], now)?;
//!             tx.send_end(now)?;
//!         }
//!     }
//! }
//! assert!(tx.wants().end == Some(End::Upgrade) && tx.output().chunk().starts_with(b"HTTP/1.1 101 "));
//!
//! // Write the output. The session starts where HTTP has stopped.
//! let from = buffer.len() - input.len();
//! let mut input = &mut buffer[from..];
//! let Session { mut rx, mut tx } = Session::new(ServerRole, ws::Config::default(), now);
//! let Step::Item(ws::Event::Text(text)) = rx.receive(&mut tx, &mut input, now)? else {
//!     unreachable!()
//! };
//! assert_eq!(&*text, "Hi");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A client
//!
//! A response that does not open a connection is an ordinary one: the caller may follow its redirect, or
//! authenticate itself. This module does neither.
//!
//! ```
//! use wirefeed::h1::{self, client::Event};
//! use wirefeed::ws::{self, Session, Url};
//! use wirefeed::ws::handshake::{ClientHandshake, Failure, Offers};
//! use wirefeed::{End, Fields, Instant, Step};
//!
//! # fn random(bytes: &mut [u8]) { bytes.fill(7) }
//! let now = Instant::ZERO;
//! let url = Url::new("wss://example.com/chat?room=1")?;
//! // Open a TLS connection to (url.host(), url.port()), and then:
//! let (handshake, offers) = (ClientHandshake::upgrade(&mut random), Offers::new(&["v2", "v1"]));
//! let request = handshake.request(&url, &offers, &())?;
//! let mut http = h1::Client::new(h1::Config::client(), now);
//! http.send_head(request.method(), request.target(), &request, now)?;
//! http.tx.send_end(now)?;
//!
//! // Write the output, and read the response: here a 401.
//! let mut buffer = *b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=chat\r\n\
//!     Content-Length: 3\r\n\r\nno\n";
//! let (mut input, mut failure, mut body) = (&buffer[..], None, Vec::new());
//! while let Step::Item(event) = http.rx.receive(&mut http.tx, &mut input, now)? {
//!     match event {
//!         Event::Head(response) => match handshake.verify(response.status(), &response, &offers) {
//!             Ok(protocol) => println!("open, with subprotocol {protocol:?}"),
//!             Err(Failure::Status(401)) => {
//!                 assert!(response.value_of("WWW-Authenticate").is_some());
//!                 failure = Some(401);
//!             }
//!             Err(other) => return Err(other.into()), // close the connection
//!         },
//!         Event::Data(piece) => body.extend_from_slice(piece),
//!         Event::Informational(_) | Event::Trailers(_) => {}
//!     }
//! }
//! assert_eq!((failure, &body[..]), (Some(401), &b"no\n"[..]));
//!
//! if http.tx.wants().end == Some(End::Upgrade) {
//!     // The session starts where HTTP has stopped.
//!     let from = buffer.len() - input.len();
//!     let mut input = &mut buffer[from..];
//!     let Session { mut rx, mut tx } = Session::new(ws::ClientRole(random), ws::Config::default(), now);
//!     rx.receive(&mut tx, &mut input, now)?;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # HTTP/2 and HTTP/3
//!
//! The HTTP library owns frames, streams and settings: a client may send an extended CONNECT only if the
//! server has sent `SETTINGS_ENABLE_CONNECT_PROTOCOL` (RFC 8441 3), and else falls back to HTTP/1.1. The
//! stream then carries the bytes of a [`Session`](crate::ws::Session). The end of the stream is the end
//! of its input; a reset with CANCEL stands for an aborted connection (RFC 8441 5).
//!
//! ```
//! use wirefeed::ws::Url;
//! use wirefeed::ws::handshake::{ClientHandshake, Offers, PseudoFields, ServerHandshake};
//!
//! // The client makes a request, its pseudo-header fields first ...
//! let url = Url::new("wss://server.example.com/chat")?;
//! let (handshake, offers) =
//!     (ClientHandshake::extended_connect(), Offers::new(&["chat", "superchat"]));
//! let request = handshake.request(&url, &offers, &[("origin", "http://www.example.com")])?;
//!
//! // ... the server validates it, and responds ...
//! let pseudo = PseudoFields::read(&request)?;
//! assert_eq!(pseudo.path, Some(&b"/chat"[..]));
//! let accepted = ServerHandshake::extended_connect(&pseudo, &request)?;
//! let response = accepted.accept(Some("chat"), None, &())?;
//!
//! // ... and the client verifies the response.
//! assert_eq!(handshake.verify(response.status(), &response, &offers)?, Some("chat"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod client;
mod error;
mod extensions;
mod fields;
#[cfg(feature = "alloc")]
mod heads;
mod key;
mod offers;
mod protocols;
mod pseudo_fields;
mod server;

pub use client::ClientHandshake;
pub use error::{Failure, Refusal, RefusalKind};
pub use extensions::{DeflateConfig, DeflateParams, ExtensionValue, WindowBits};
#[cfg(feature = "alloc")]
pub use heads::{Request, Response};
pub use key::accept_key;
pub use offers::Offers;
pub use protocols::{Preference, protocols, select_protocol};
pub use pseudo_fields::PseudoFields;
pub use server::ServerHandshake;

#[cfg(all(test, feature = "alloc"))]
mod tests;
