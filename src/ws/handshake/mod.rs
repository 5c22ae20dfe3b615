//! The opening handshake (RFC 6455 4), over any HTTP: both sides work on [`Fields`](crate::Fields).
//!
//! ```text
//!  Client ── request(Offers) ──▶ Request ───▶ read_request ──▶ Offer, or a Refusal to answer with
//!    │                                                           │ accept
//!    └── verify ◀────────────────────────────── Response ◀───────┘
//!         │
//!         └─▶ the subprotocol, or a Failure
//! ```
//!
//! [`Request`] and [`Response`] are checked once and are fields themselves: any HTTP can send them, or
//! they write their own heads. Over HTTP/2 and HTTP/3 the handshake is another: [`h2`].
//!
//! # A server
//!
//! What follows the request in the input is the session's: a client need not wait for the answer before
//! it is decoded by the other protocol.
//!
//! ```
//! use bytes::Buf;
//! use wirefeed::h1::{self, server::Event};
//! use wirefeed::ws::{self, ServerRole, Session, handshake};
//! use wirefeed::{Instant, Step};
//!
//! let now = Instant::ZERO;
//! let h1::Server { mut rx, mut tx } = h1::Server::new(&h1::Config::server(), now);
//! // What was read: a request, and a message right behind it.
//! let mut buffer = *b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n\
//!     Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nOrigin: https://example.com\r\n\
//!     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x82\0\0\0\0Hi";
//! let mut input = &buffer[..];
//! while let Step::Item(event) = rx.receive(&mut tx, &mut input, now)? {
//!     let Event::Head(request) = event else { continue };
//!     if handshake::origin(&request) != Some(b"https://example.com") {
//!         tx.send_head(403, &[("Content-Length", "0")], now)?;
//!         tx.send_end(now)?;
//!         continue;
//!     }
//!     match handshake::read_request(request.method(), &request) {
//!         Ok(offer) => tx.send_head(101, &offer.accept(None, None, &())?, now)?,
//!         Err(refusal) => {
//!             let mut fields = refusal.fields().to_vec();
//!             fields.push(("Content-Length", "0"));
//!             tx.send_head(refusal.status(), &fields[..], now)?;
//!             tx.send_end(now)?;
//!         }
//!     }
//! }
//! assert!(tx.is_upgraded() && tx.output().chunk().starts_with(b"HTTP/1.1 101 "));
//!
//! // The session goes on where HTTP has stopped, once the output is written.
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
//! An answer that opens no connection is an ordinary one: its status, fields and body are there for who
//! follows redirects or asks for a password. None of that is done here.
//!
//! ```
//! use wirefeed::h1::{self, client::Event};
//! use wirefeed::ws::{self, Session, Url};
//! use wirefeed::ws::handshake::{Client, Failure, Offers};
//! use wirefeed::{Fields, Instant, Step};
//!
//! # fn random(bytes: &mut [u8]) { bytes.fill(7) }
//! let now = Instant::ZERO;
//! let url = Url::new("wss://example.com/chat?room=1")?;
//! // Open a TLS connection to (url.host(), url.port()), and then:
//! let (attempt, offers) = (Client::new(&mut random), Offers::new(&["v2", "v1"]));
//! let request = attempt.request(url.authority(), &offers, &())?;
//! let mut http = h1::Client::new(&h1::Config::client());
//! http.send_head("GET", &url.resource_name(), &request, now)?;
//! http.tx.send_end(now)?;
//!
//! // Write the output. Here it is a 401 that was read.
//! let mut buffer = *b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=chat\r\n\
//!     Content-Length: 3\r\n\r\nno\n";
//! let (mut input, mut failure, mut body) = (&buffer[..], None, Vec::new());
//! while let Step::Item(event) = http.rx.receive(&mut http.tx, &mut input, now)? {
//!     match event {
//!         Event::Head(response) => match attempt.verify(response.status(), &response, &offers) {
//!             Ok(protocol) => println!("open, and speaks {protocol:?}"),
//!             Err(Failure::Status(401)) => {
//!                 assert!(response.value_of("WWW-Authenticate").is_some());
//!                 failure = Some(401);
//!             }
//!             Err(other) => return Err(other.into()), // and the connection is closed
//!         },
//!         Event::Data(piece) => body.extend_from_slice(piece),
//!         Event::Informational(_) | Event::Trailers(_) => {}
//!     }
//! }
//! assert_eq!((failure, &body[..]), (Some(401), &b"no\n"[..]));
//!
//! if http.tx.is_upgraded() {
//!     // The session goes on where HTTP has stopped.
//!     let from = buffer.len() - input.len();
//!     let mut input = &mut buffer[from..];
//!     let Session { mut rx, mut tx } = Session::new(ws::ClientRole(random), ws::Config::default(), now);
//!     rx.receive(&mut tx, &mut input, now)?;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod client;
mod extensions;
#[cfg(feature = "alloc")]
pub mod h2;
mod key;
mod said;
mod server;
#[cfg(feature = "alloc")]
mod write;

pub use client::{Client, Failure, Offers};
pub use extensions::{DeflateAnswer, DeflateConfig, DeflateParams, ExtensionValue, WindowBits};
pub use key::accept;
pub use server::{
    Offer, Preference, Refusal, extensions, origin, protocols, read_request, select_protocol,
};
#[cfg(feature = "alloc")]
pub use write::{Request, Response};
