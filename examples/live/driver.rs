//! HTTP on one connection: `h1::Server`, driven by blocking calls.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use wirefeed::h1::server::Event;
use wirefeed::h1::{Config, Framing, Server, framing};
use wirefeed::{End, Fields, Outbox, SendError, Step};

use crate::wire::{Came, Wire};

/// A connection that speaks HTTP.
pub(crate) struct Connection {
    pub(crate) wire: Wire,
    pub(crate) http: Server,
}

/// A request's head.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    /// The length that it announces.
    length: Option<u64>,
}

impl Request {
    /// The path and the query of a target in origin or absolute form (RFC 9112 3.2).
    pub(crate) fn path_and_query(&self) -> (&str, &str) {
        let target = match self.target.strip_prefix("http://") {
            Some(rest) => &rest[rest.find('/').unwrap_or(rest.len())..],
            None => &self.target,
        };
        target.split_once('?').unwrap_or((target, ""))
    }
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        let mut config = Config::server();
        config.idle_timeout = Some(PATIENCE);
        config.head_timeout = Some(PATIENCE);
        config.body_timeout = Some(PATIENCE);
        config.write_timeout = Some(PATIENCE);
        let wire = Wire::new(stream)?;
        Ok(Self { http: Server::new(config, wire.now()), wire })
    }

    /// The next request; `None` if there is no other, or if it is invalid: then the machine has
    /// answered.
    pub(crate) fn request(&mut self) -> io::Result<Option<Request>> {
        loop {
            match self.receive(|event| match event {
                Event::Head(head) => Some(Request {
                    method: head.method().into(),
                    target: head.target().into(),
                    fields: head
                        .fields()
                        .map(|field| (field.name.into(), field.value.into()))
                        .collect(),
                    length: match framing::request(&head) {
                        Ok(Framing::Length(length)) => Some(length),
                        _ => None,
                    },
                }),
                Event::Data(_) | Event::Trailers(_) => None,
            }) {
                Ok(Step::Item(Some(request))) => {
                    self.wire.count_request();
                    return Ok(Some(request));
                }
                Ok(Step::Item(None)) => {}
                Ok(Step::NeedInput) if self.http.tx.wants().end.is_none() => self.read()?,
                Ok(Step::Done) if self.http.next_exchange(self.wire.now()) => {}
                Ok(Step::NeedInput | Step::Done) | Err(_) => return Ok(None),
            }
        }
    }

    /// Reads the request's body. Returns its length, or `None` if it is longer than `most`.
    pub(crate) fn body(&mut self, request: &Request, most: u64) -> io::Result<Option<u64>> {
        let mut len = 0;
        while request.length.unwrap_or(len) <= most && len <= most {
            let step = self.receive(|event| match event {
                Event::Data(piece) => piece.len() as u64,
                Event::Head(_) | Event::Trailers(_) => 0,
            });
            match step.map_err(io::Error::other)? {
                Step::Item(more) => len += more,
                Step::NeedInput => self.read()?,
                Step::Done => return Ok(Some(len)),
            }
        }
        Ok(None)
    }

    /// Sends a whole response.
    pub(crate) fn respond(
        &mut self,
        status: u16,
        own: &[(&str, &str)],
        kind: &str,
        body: &[u8],
    ) -> io::Result<()> {
        let len = body.len().to_string();
        let own = [own, &[("Content-Type", kind), ("Content-Length", &len)]].concat();
        let (now, tx) = (self.wire.now(), &mut self.http.tx);
        let sent = tx
            .send_head(status, &own[..], now)
            .and_then(|()| tx.send_data(body, now))
            .and_then(|()| tx.send_end(now));
        self.sent(sent)
    }

    /// Sends the head of a response.
    pub(crate) fn start(&mut self, status: u16, own: &(impl Fields + ?Sized)) -> io::Result<()> {
        let sent = self.http.tx.send_head(status, own, self.wire.now());
        self.sent(sent)
    }

    /// Sends some of a body.
    pub(crate) fn data(&mut self, data: &[u8]) -> io::Result<()> {
        let sent = self.http.tx.send_data(data, self.wire.now());
        self.sent(sent)
    }

    /// Sends the output of another machine as a body. The next piece is taken when the last one is
    /// written, so that what a slow client has not read waits there.
    pub(crate) fn send_owed(&mut self, body: &mut Outbox) -> io::Result<()> {
        while let Some(piece) = body.take_bytes() {
            self.data(&piece)?;
        }
        Ok(())
    }

    /// Ends a response.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        let sent = self.http.tx.send_end(self.wire.now());
        self.sent(sent)
    }

    /// Ends the connection in the way that the machine wants, if it wants an end.
    pub(crate) fn close(mut self) -> io::Result<()> {
        self.flush()?;
        match self.http.tx.wants().end {
            Some(End::Shutdown | End::Upgrade) => self.wire.shut_down(PATIENCE),
            Some(End::Close) | None => Ok(()),
        }
    }

    /// One step, and what `read` makes of its event.
    fn receive<T>(
        &mut self,
        read: impl FnOnce(Event<'_, '_>) -> T,
    ) -> Result<Step<T>, wirefeed::h1::Error> {
        let (now, Server { rx, tx }) = (self.wire.now(), &mut self.http);
        let mut input = &*self.wire.unread();
        let step = rx.receive(tx, &mut input, now).map(|step| step.map(read));
        let left = input.len();
        self.wire.use_all_but(left);
        step
    }

    /// Reads what comes next, or advances the time at the machine's deadline.
    fn read(&mut self) -> io::Result<()> {
        self.flush()?;
        let deadline = self.http.poll_timeout();
        let time = deadline.map_or(PATIENCE, |at| at.duration_since(self.wire.now()));
        let (came, now) = (self.wire.read(time)?, self.wire.now());
        match came {
            Came::Some => {}
            Came::Nothing => self.http.handle_timeout(now),
            Came::End => {
                let Server { rx, tx } = &mut self.http;
                // The next call returns the error.
                let _ = rx.receive_eof(tx, now);
            }
        }
        Ok(())
    }

    /// Writes all that was sent before anything else is sent, so that there is always room.
    fn sent(&mut self, sent: Result<(), SendError>) -> io::Result<()> {
        sent.map_err(io::Error::other)?;
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        while !self.http.tx.output().is_empty() {
            self.wire.write(self.http.tx.output())?;
            // The machine drops output that the peer does not read.
            self.http.tx.handle_timeout(self.wire.now());
        }
        Ok(())
    }
}

pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

/// How long a head may take, a peer may stay silent, and a write may block.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
