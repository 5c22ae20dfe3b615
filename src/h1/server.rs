//! A server's side of one connection (RFC 9112 9): requests in, responses out, in turn.
//!
//! A server is idle until the head of a request arrives. It then awaits the head of the response
//! ([`Sender::send_head`]) and its content, which [`Sender::send_end`] completes; the response may begin
//! before the request is complete. Once both are, [`next_exchange`](Server::next_exchange) readies the
//! halves for the next request. After the last response the server lingers until the client closes the
//! connection ([`End::Shutdown`](crate::End::Shutdown)). A 101 (Switching Protocols), or a 2xx to
//! CONNECT, hands the connection to another protocol: [`End::Upgrade`](crate::End::Upgrade).
//!
//!
//! ```
//! use bytes::Buf;
//! use wirefeed::{Instant, Step, h1::{Config, Server, server::Event}};
//!
//! let now = Instant::ZERO;
//! let mut server = Server::new(Config::server(), now);
//! // Two requests were read at once.
//! let mut input: &[u8] = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nHEAD /b HTTP/1.1\r\nHost: x\r\n\r\n";
//! loop {
//!     let Server { rx, tx } = &mut server;
//!     while let Step::Item(event) = rx.receive(tx, &mut input, now)? {
//!         if let Event::Head(request) = event {
//!             let body = format!("you asked for {}", request.target());
//!             tx.send_head(200, &[("Content-Length", body.len().to_string())], now)?;
//!             tx.send_data(body.as_bytes(), now)?; // to a HEAD nothing is written
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

/// A server's side of one connection.
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
/// `receive` yields the head of a request, its content and trailers, then `Done`. A pipelined request
/// stays in the input until the next exchange.
///
/// The server answers `Expect: 100-continue` when `receive` is called with no content at hand and no
/// response has begun. To refuse the content, send a final response before that.
///
/// After an error the server sends the response to it, unless another has begun, and ends the connection.
pub type Server = Endpoint<ServerSide>;

impl Server {
    /// A connection that has just been accepted.
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

    /// Readies both halves for the next request; false if this exchange is incomplete, or the last.
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
    /// Sends the head of a response: an informational one (1xx), or the final one.
    ///
    /// `Content-Length` or `Transfer-Encoding: chunked` frames the content; without either it is chunked,
    /// or, for an HTTP/1.0 client, ends with the connection. The server adds the `Connection` options
    /// that are needed, and writes no informational head to an HTTP/1.0 client.
    ///
    /// A 101 to a request with `Upgrade`, or a 2xx to CONNECT, ends HTTP on this connection: the bytes after
    /// the request belong to the other protocol.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::OutOfOrder`] if no request awaits a head, [`ApiMisuse::Status`] for a status that
    /// is not from 100 to 999 or a 101 that the client did not ask for, [`ApiMisuse::Framing`] for fields
    /// about the content that contradict each other, the status or the client's version,
    /// [`ApiMisuse::FieldName`] and [`ApiMisuse::FieldValue`], [`SendError::Full`] if there is no room.
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

    /// Readies this half for the next response, and returns what readies the receiving half; `None`
    /// while the request or its response is incomplete, and after the last.
    pub fn next_exchange(&mut self) -> Option<Next<ServerSide>> {
        self.side.next_exchange()
    }

    /// Whether a request awaits the head of its response.
    pub fn awaits_head(&self) -> bool {
        self.side.awaits_head()
    }
}
