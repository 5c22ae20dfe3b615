//! A server's side of one connection (RFC 9112 9): requests in, responses out, in turn.
//!
//! ```
//! use bytes::Buf;
//! use wirefeed::{Instant, Step, h1::{Config, Server, server::Event}};
//!
//! let now = Instant::ZERO;
//! let mut server = Server::new(&Config::server(), now);
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
//! while server.tx.output().has_remaining() {
//!     let len = server.tx.output().chunk().len();
//!     written.extend_from_slice(server.tx.output().chunk());
//!     server.tx.output().advance(len);
//! }
//! let head = "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n";
//! assert_eq!(written, format!("{head}you asked for /a{head}").as_bytes());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::fmt;

use crate::Instant;
use crate::h1::{Config, Error, Request};
use crate::kernel::fields::Lines;

mod receive;
mod send;
mod state;
#[cfg(test)]
mod tests;

pub use receive::Receiver;
pub use send::Sender;

/// A server's side of one connection.
///
/// - inputs: [`Receiver::receive`], [`Receiver::receive_eof`], [`handle_timeout`](Self::handle_timeout)
/// - commands: [`Sender::send_head`] and its kin, [`next_exchange`](Self::next_exchange)
/// - outputs: [`Sender::output`], [`poll_timeout`](Self::poll_timeout)
/// - facts: [`Sender::wants`], [`Sender::is_upgraded`]
///
/// One exchange after the other: `receive` yields a request's head, its data, its trailers, then
/// `Done`; the response may begin as soon as the head is there. Once both are over,
/// `next_exchange` readies both halves. A pipelined request waits in the input until then.
///
/// `Expect: 100-continue` is answered when the body is asked for before any of it has come, unless
/// the response has begun. Whoever would rather refuse it does so before the next `receive`.
///
/// After an error the response to it is written, if none has begun, and the connection ends.
#[derive(Debug)]
pub struct Server {
    /// What comes in.
    pub rx: Receiver,
    /// What goes out.
    pub tx: Sender,
}

impl Server {
    /// A connection that has just been accepted.
    pub fn new(config: &Config, now: Instant) -> Self {
        Self { rx: Receiver::new(config, now), tx: Sender::new(config) }
    }

    /// Readies both halves for the next request; false where this exchange is not over, or is the
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

    /// When [`handle_timeout`](Self::handle_timeout) is to be called, if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let rx = self.rx.poll_held(!self.tx.may_read());
        [rx, self.tx.poll_timeout()].into_iter().flatten().min()
    }

    /// Tells the time, in both halves.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.rx.hold(!self.tx.may_read(), now);
        self.rx.handle_timeout(&mut self.tx, now);
        self.tx.handle_timeout(now);
    }
}

/// A part of a request.
pub enum Event<'m, 'b> {
    /// The head.
    Head(Request<'m>),
    /// A piece of the body, never empty.
    Data(&'b [u8]),
    /// The trailers of a body in chunks, none of them a field that frames or routes.
    Trailers(Lines<'m>),
}

impl fmt::Debug for Event<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(head) => head.fmt(f),
            Self::Data(piece) => write!(f, "Data({} bytes)", piece.len()),
            Self::Trailers(_) => f.write_str("Trailers"),
        }
    }
}

/// What a request asks of the sending half: owned, to be sent over a channel.
#[derive(Debug, Clone, Copy)]
pub struct Reply(Owed);

#[derive(Debug, Clone, Copy)]
enum Owed {
    /// A response to this.
    Response(Asked),
    /// A 100, if no response has begun.
    Continue,
    /// The request is over: once its response is too, another may follow.
    RequestOver,
    /// The request is broken.
    Failed(Error),
    /// The peer sends nothing more.
    End,
}

/// What a request says about its response.
#[derive(Debug, Clone, Copy)]
struct Asked {
    method: Method,
    http11: bool,
    persists: bool,
    upgrade: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Head,
    Connect,
    Other,
}

/// Request and response are over, and the receiving half may read the next request: what
/// [`Sender::next_exchange`] gives and [`Receiver::next_exchange`] takes.
#[derive(Debug)]
#[must_use = "without it the receiving half reads no other request"]
pub struct Next(());
