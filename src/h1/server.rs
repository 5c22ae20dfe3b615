//! The server's side of one connection (RFC 9112 9): it receives requests and sends their responses, one
//! exchange after another.
//!
//! A server is idle until the head of a request arrives. It then awaits the head of the response
//! ([`send_head`](Server::send_head)) and its content, until [`send_end`](Endpoint::send_end) completes
//! the response. The response may begin before the request is complete. Once both are complete,
//! [`next_exchange`](Server::next_exchange) prepares the halves for the next request.
//!
//! After the last response the server lingers until the client closes the connection
//! ([`End::Shutdown`](crate::End::Shutdown)). A response is the last one if the connection does not persist
//! (RFC 9112 9.3: either side sent `Connection: close`, or an HTTP/1.0 client did not send `keep-alive`),
//! if only the end of the connection delimits its content, or after an error. The connection ends without
//! lingering ([`End::Close`](crate::End::Close)) if the client is idle for too long or does not take the
//! output, and after [`Sender::abort`]. A 101 (Switching Protocols), or a 2xx to CONNECT, passes the
//! connection to another protocol ([`End::Upgrade`](crate::End::Upgrade)) once the request is complete.
//!
//! The methods of a server, in groups, are on the page of [`Server`].
//!
//! ```
//! use bytes::Buf;
//! use wirefeed::{Instant, Step, h1::{Config, Server, server::Event}};
//!
//! let now = Instant::ZERO;
//! let mut server = Server::new(Config::server(), now);
//! // One read returned two requests.
//! let mut input: &[u8] = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nHEAD /b HTTP/1.1\r\nHost: x\r\n\r\n";
//! loop {
//!     let Server { rx, tx } = &mut server;
//!     while let Step::Item(event) = rx.receive(tx, &mut input, now)? {
//!         if let Event::Head(request) = event {
//!             let body = format!("you asked for {}", request.target());
//!             tx.send_head(200, &[("Content-Length", body.len().to_string())], now)?;
//!             tx.send_data(body.as_bytes(), now)?; // writes nothing in response to HEAD
//!             tx.send_end(now)?;
//!         }
//!     }
//!     if !server.next_exchange(now) {
//!         break;
//!     }
//! #   if input.is_empty() { break }
//! }
//! let mut written = Vec::new();
//! while server.output().has_remaining() {
//!     let len = server.output().chunk().len();
//!     written.extend_from_slice(server.output().chunk());
//!     server.output().advance(len);
//! }
//! let head = "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n";
//! assert_eq!(written, format!("{head}you asked for /a{head}").as_bytes());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::h1::receiver::{Next, Receiver};
use crate::h1::sender::Sender;
use crate::h1::{Config, Endpoint};
use crate::{Fields, Instant, SendError};

mod event;
mod exchange;
#[cfg(test)]
mod tests;

pub use event::{Event, Reply};
pub use exchange::ServerSide;

/// The server's side of one connection.
///
/// - inputs: [`receive`](Endpoint::receive), [`receive_eof`](Endpoint::receive_eof),
///   [`handle_timeout`](Endpoint::handle_timeout)
/// - commands: [`send_head`](Self::send_head), [`send_data`](Endpoint::send_data),
///   [`send_bytes`](Endpoint::send_bytes), [`send_end`](Endpoint::send_end),
///   [`send_trailers`](Endpoint::send_trailers), [`Sender::abort`],
///   [`next_exchange`](Self::next_exchange)
/// - outputs: [`output`](Endpoint::output), [`poll_timeout`](Endpoint::poll_timeout)
/// - facts: [`wants`](Endpoint::wants), [`Sender::is_idle`], [`Sender::awaits_head`]
///
/// - configuration: [`Config::server`]
/// - errors: [`Error`](super::Error) of what the client sent, [`SendError`] of a command
///
/// `receive` yields the head of a request, its content and its trailers as [`Event`]s, and then returns
/// `Done`. A pipelined request stays in the input until the next exchange.
///
/// The server answers `Expect: 100-continue` when the caller calls `receive` without input after the head,
/// and no response has begun. To refuse the content, send a final response before that.
///
/// After an invalid request the server sends an error response, unless a response has begun, and ends the
/// connection.
pub type Server = Endpoint<ServerSide>;

impl Server {
    /// A server on a connection that the caller has just accepted.
    pub fn new(config: Config, now: Instant) -> Self {
        Self { rx: Receiver::new(config, now), tx: Sender::new(ServerSide::new(), &config) }
    }

    /// Sends the head of a response: see [`Sender::send_head`].
    ///
    /// # Errors
    ///
    /// Those of [`Sender::send_head`].
    pub fn send_head(
        &mut self,
        status: u16,
        fields: &(impl Fields + ?Sized),
        now: Instant,
    ) -> Result<(), SendError> {
        self.tx.send_head(status, fields, now)
    }

    /// Prepares both halves for the next request. Returns false if this exchange is incomplete, or the
    /// last.
    pub fn next_exchange(&mut self, now: Instant) -> bool {
        if !self.rx.is_done() {
            return false;
        }
        match self.tx.next_exchange() {
            Some(next) => self.rx.next_exchange(next, now).is_ok(),
            None => false,
        }
    }
}

impl Sender<ServerSide> {
    /// Sends the head of a response, informational (1xx) or final.
    ///
    /// `Content-Length` or `Transfer-Encoding: chunked` frames the content. Without either, the server
    /// sends it chunked, or, to an HTTP/1.0 client, up to the end of the connection. The server adds the
    /// `Connection` options that it needs. It writes no informational head to an HTTP/1.0 client.
    ///
    /// A 101 to a request with `Upgrade`, or a 2xx to CONNECT, ends HTTP on this connection: the bytes
    /// after the request belong to the other protocol.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::OutOfOrder`] if no request awaits a head, [`ApiMisuse::Status`] for a status that
    /// outside 100..=999 or a 101 without a request for it, [`ApiMisuse::Framing`] for fields about the
    /// content that contradict each other, the status or the client's version,
    /// [`ApiMisuse::FieldName`] and [`ApiMisuse::FieldValue`], [`SendError::Full`] if the output is full.
    ///
    /// [`ApiMisuse::OutOfOrder`]: crate::ApiMisuse::OutOfOrder
    /// [`ApiMisuse::Status`]: crate::ApiMisuse::Status
    /// [`ApiMisuse::Framing`]: crate::ApiMisuse::Framing
    /// [`ApiMisuse::FieldName`]: crate::ApiMisuse::FieldName
    /// [`ApiMisuse::FieldValue`]: crate::ApiMisuse::FieldValue
    pub fn send_head(
        &mut self,
        status: u16,
        fields: &(impl Fields + ?Sized),
        now: Instant,
    ) -> Result<(), SendError> {
        self.side.send_head(status, fields, &mut self.output, now)
    }

    /// Prepares this half for the next response. The caller must pass the returned [`Next`] to
    /// [`Receiver::next_exchange`]. `None` while the request or its response is incomplete, and after the
    /// last exchange.
    pub fn next_exchange(&mut self) -> Option<Next<ServerSide>> {
        self.side.next_exchange()
    }

    /// Whether a request awaits the head of its response.
    pub fn awaits_head(&self) -> bool {
        self.side.awaits_head()
    }
}
