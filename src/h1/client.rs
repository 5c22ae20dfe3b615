//! The client's side of one connection (RFC 9112 9): it sends requests and receives their responses, one
//! exchange after another.
//!
//! A client is idle until [`send_head`](Client::send_head) begins a request. It then sends content, until
//! [`send_end`](Endpoint::send_end) completes the request, and waits for the response. The response may
//! arrive, and even be complete, before the request is. Once both are complete, the client is idle again.
//!
//! The connection ends ([`End::Close`](crate::End::Close)) instead if it does not persist (RFC 9112 9.3:
//! either side sent `Connection: close`, or an HTTP/1.0 server did not send `keep-alive`), if only the end
//! of the connection delimits the response, after an error or a timeout, and after [`Sender::abort`]. A 101
//! (Switching Protocols), or a 2xx to CONNECT, passes the connection to another protocol
//! ([`End::Upgrade`](crate::End::Upgrade)) once the request is complete.
//!
//! The methods of a client, in groups, are on the page of [`Client`].
//!
//! ```
//! use bytes::Buf;
//! use wirefeed::{Instant, Step, h1::{Client, Config, client::Event}};
//!
//! let now = Instant::ZERO;
//! let mut client = Client::new(Config::client(), now);
//! client.send_head("GET", "/events", &[("Host", "example.com")], now)?;
//! client.send_end(now)?;
//! assert_eq!(client.output().chunk(), b"GET /events HTTP/1.1\r\nHost: example.com\r\n\r\n");
//!
//! // Two pieces, as the socket might read them.
//! let mut body = Vec::new();
//! for mut input in [&b"HTTP/1.1 200 OK\r\nTransfer-Enc"[..], b"oding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"] {
//!     while let Step::Item(event) = client.receive(&mut input, now)? {
//!         match event {
//!             Event::Head(response) => assert_eq!(response.status(), 200),
//!             Event::Data(piece) => body.extend_from_slice(piece),
//!             Event::Informational(_) | Event::Trailers(_) => {}
//!         }
//!     }
//! }
//! assert_eq!(body, b"abc");
//! assert!(client.tx.is_idle()); // another request may be sent
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
pub use exchange::ClientSide;

/// The client's side of one connection.
///
/// - inputs: [`receive`](Endpoint::receive), [`receive_eof`](Endpoint::receive_eof),
///   [`handle_timeout`](Endpoint::handle_timeout)
/// - commands: [`send_head`](Self::send_head), [`send_data`](Endpoint::send_data),
///   [`send_bytes`](Endpoint::send_bytes), [`send_end`](Endpoint::send_end),
///   [`send_trailers`](Endpoint::send_trailers), [`Sender::abort`]
/// - outputs: [`output`](Endpoint::output), [`poll_timeout`](Endpoint::poll_timeout)
/// - facts: [`wants`](Endpoint::wants), [`Sender::is_idle`], [`Sender::awaits_continue`]
///
/// - configuration: [`Config::client`]
/// - errors: [`Error`](super::Error) of what the server sent, [`SendError`] of a command
///
/// `receive` yields the informational heads (1xx) of a response, then its head, its content and its
/// trailers as [`Event`]s, and then returns `Done`.
pub type Client = Endpoint<ClientSide>;

impl Client {
    /// A client on a connection that the caller has just opened.
    pub fn new(config: Config, now: Instant) -> Self {
        let tx = Sender::new(ClientSide::new(&config, now), &config);
        Self { rx: Receiver::new(config, now), tx }
    }

    /// Sends the head of a request, and prepares the receiving half for its response.
    ///
    /// # Errors
    ///
    /// Those of [`Sender::send_head`].
    pub fn send_head(
        &mut self,
        method: &str,
        target: &str,
        fields: &(impl Fields + ?Sized),
        now: Instant,
    ) -> Result<(), SendError> {
        let next = self.tx.send_head(method, target, fields, now)?;
        // The sending half becomes idle only after the receiving half has completed the response.
        let readied = self.rx.next_exchange(next, now);
        debug_assert!(readied.is_ok(), "the halves are of one connection");
        Ok(())
    }
}

impl Sender<ClientSide> {
    /// Sends the head of an HTTP/1.1 request. The caller must pass the returned [`Next`] to
    /// [`Receiver::next_exchange`]; [`Client::send_head`] does both.
    ///
    /// `Content-Length` or `Transfer-Encoding: chunked` frames the content; a request with neither has no
    /// content. The fields must include exactly one `Host`. After `Expect: 100-continue`, send the content
    /// once [`awaits_continue`](Self::awaits_continue) is false.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::Closed`] after the last exchange, [`ApiMisuse::OutOfOrder`] during an exchange,
    /// [`ApiMisuse::RequestLine`] for a method that is not a token, a target in a form that the method
    /// does not allow ([`Target`](crate::grammar::Target)), or a `Host` that is missing, repeated or
    /// invalid, [`ApiMisuse::Framing`] for fields that contradict each other about the content,
    /// [`ApiMisuse::FieldName`] and [`ApiMisuse::FieldValue`], [`SendError::Full`] if the output is full.
    ///
    /// [`ApiMisuse::Closed`]: crate::ApiMisuse::Closed
    /// [`ApiMisuse::OutOfOrder`]: crate::ApiMisuse::OutOfOrder
    /// [`ApiMisuse::RequestLine`]: crate::ApiMisuse::RequestLine
    /// [`ApiMisuse::Framing`]: crate::ApiMisuse::Framing
    /// [`ApiMisuse::FieldName`]: crate::ApiMisuse::FieldName
    /// [`ApiMisuse::FieldValue`]: crate::ApiMisuse::FieldValue
    pub fn send_head(
        &mut self,
        method: &str,
        target: &str,
        fields: &(impl Fields + ?Sized),
        now: Instant,
    ) -> Result<Next<ClientSide>, SendError> {
        self.side.send_head(method, target, fields, &mut self.output, now)
    }

    /// Whether the client still waits for a 100 (Continue) before it sends the content (RFC 9110 10.1.1).
    /// The wait ends with a 100, a final response, the end of the request, or after
    /// [`Config::continue_timeout`].
    pub const fn awaits_continue(&self) -> bool {
        self.side.awaits_continue()
    }
}
