//! A client's side of one connection (RFC 9112 9): requests out, responses in, in turn.
//!
//! ```
//! use bytes::Buf;
//! use wirefeed::{Instant, Step, h1::{Client, Config, client::Event}};
//!
//! let now = Instant::ZERO;
//! let mut client = Client::new(&Config::client());
//! client.send_head("GET", "/events", &[("Host", "example.com")], now)?;
//! client.tx.send_end(now)?;
//! assert_eq!(client.tx.output().chunk(), b"GET /events HTTP/1.1\r\nHost: example.com\r\n\r\n");
//!
//! // What was read, in two pieces.
//! let mut body = Vec::new();
//! for mut input in [&b"HTTP/1.1 200 OK\r\nTransfer-Enc"[..], b"oding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"] {
//!     while let Step::Item(event) = client.rx.receive(&mut client.tx, &mut input, now)? {
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

use core::fmt;

use crate::h1::{Config, Response};
use crate::kernel::fields::Lines;
use crate::{Fields, Instant, SendError};

mod receive;
mod send;
mod state;
#[cfg(test)]
mod tests;

pub use receive::Receiver;
pub use send::Sender;

/// A client's side of one connection.
///
/// - inputs: [`Receiver::receive`], [`Receiver::receive_eof`], [`handle_timeout`](Self::handle_timeout)
/// - commands: [`send_head`](Self::send_head), [`Sender::send_data`] and its kin
/// - outputs: [`Sender::output`], [`poll_timeout`](Self::poll_timeout)
/// - facts: [`Sender::wants`], [`Sender::is_idle`], [`Sender::is_upgraded`],
///   [`Sender::waits_for_continue`]
///
/// `receive` yields the informational heads (1xx) of a response, its head, its data and trailers, then
/// `Done`; a response may begin before its request is over.
#[derive(Debug)]
pub struct Client {
    /// What comes in.
    pub rx: Receiver,
    /// What goes out.
    pub tx: Sender,
}

impl Client {
    /// A connection that has just been opened.
    pub fn new(config: &Config) -> Self {
        Self { rx: Receiver::new(config), tx: Sender::new(config) }
    }

    /// Sends the head of a request, and readies the receiving half for its response.
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
        self.rx.next_exchange(next, now);
        Ok(())
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called, if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let rx = self.rx.poll_held(!self.tx.may_read());
        [rx, self.tx.poll_timeout()].into_iter().flatten().min()
    }

    /// Tells the time, in both halves. A response is not late before its request is over.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.rx.hold(!self.tx.may_read(), now);
        self.rx.handle_timeout(&mut self.tx, now);
        self.tx.handle_timeout(now);
        if self.tx.has_timed_out() {
            self.rx.time_out(&mut self.tx, now);
        }
    }
}

/// A part of a response.
pub enum Event<'m, 'b> {
    /// An informational head: 1xx, but not 101. The response is still to come.
    Informational(Response<'m>),
    /// The head.
    Head(Response<'m>),
    /// A piece of the body, never empty.
    Data(&'b [u8]),
    /// The trailers of a body in chunks, none of them a field that frames or routes.
    Trailers(Lines<'m>),
}

impl fmt::Debug for Event<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Informational(head) | Self::Head(head) => head.fmt(f),
            Self::Data(piece) => write!(f, "Data({} bytes)", piece.len()),
            Self::Trailers(_) => f.write_str("Trailers"),
        }
    }
}

/// What a response means for the sending half: owned, to be sent over a channel.
#[derive(Debug, Clone, Copy)]
pub struct Reply(Owed);

#[derive(Debug, Clone, Copy)]
enum Owed {
    /// Some of a response's head is being read: the peer is not waited for.
    Reading,
    /// All that came is read, and the head is not whole.
    Waiting,
    /// A 100: the body of the request may be sent.
    Continue,
    /// The head is whole: the body of the request may be sent, or is not wanted any more.
    Head,
    /// The response is over, and another request may follow or not.
    Over { persists: bool },
    /// The connection is another protocol's.
    Switch,
    /// The response is broken, or the server has left: there is nobody to tell.
    End,
}

/// The response that a request asks for: what [`Sender::send_head`] gives and
/// [`Receiver::next_exchange`] takes.
#[derive(Debug)]
#[must_use = "without it the receiving half takes no response"]
pub struct Next {
    /// `HEAD`, `CONNECT`, or any other method, which all mean the same for the response.
    method: &'static str,
    upgrade: bool,
}
