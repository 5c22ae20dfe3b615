//! `h1::Client`, driven by blocking calls: a run loop to copy.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use bytes::Buf;
use wirefeed::h1::client::Event;
use wirefeed::h1::{self, Client, Config};
use wirefeed::{SendError, Step};

/// A connection to a server.
pub(crate) struct Connection {
    stream: TcpStream,
    origin: Instant,
    http: Client,
    buffer: Vec<u8>,
    /// The part of the buffer that has been read and not used.
    from: usize,
    to: usize,
    heard: bool,
}

/// A request. Its fields say how its body ends.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Option<Box<dyn Read>>,
    pub(crate) trailers: &'a [(String, String)],
}

/// A request on its way.
pub(crate) struct Sending {
    body: Option<Box<dyn Read>>,
    trailers: Vec<(String, String)>,
    piece: Vec<u8>,
    /// The final response has arrived, and refuses the body.
    refused: bool,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let (origin, http) =
            (Instant::now(), Client::new(Config::client(), wirefeed::Instant::ZERO));
        Ok(Self { stream, origin, http, buffer: vec![0; PIECE], from: 0, to: 0, heard: false })
    }

    /// Sends a request, and passes on the events of its response.
    pub(crate) fn exchange(
        &mut self,
        request: Request<'_>,
        mut take: impl FnMut(Event<'_, '_>) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let mut sending = self.send(request)?;
        while !self.advance(&mut sending, None, &mut take)? {}
        Ok(())
    }

    /// Begins to send a request.
    pub(crate) fn send(&mut self, request: Request<'_>) -> Result<Sending, Failure> {
        let Request { method, target, fields, body, trailers } = request;
        let now = self.now();
        self.heard = false;
        self.http.send_head(method, target, &fields[..], now)?;
        if body.is_none() {
            self.http.tx.send_end(now)?;
        }
        Ok(Sending { body, trailers: trailers.into(), piece: vec![0; PIECE], refused: false })
    }

    /// Sends some of the request and passes on the events of its response, once one arrives or this
    /// time is over. Returns true at the end of the response.
    pub(crate) fn advance(
        &mut self,
        sending: &mut Sending,
        most: Option<Duration>,
        mut take: impl FnMut(Event<'_, '_>) -> io::Result<()>,
    ) -> Result<bool, Failure> {
        self.send_more(sending)?;
        if self.http.tx.wants().end.is_some() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the server does not read").into());
        }
        self.write_and_read(most)?;
        let now = self.now();
        self.http.handle_timeout(now);
        let is_over = self.receive(|event| {
            sending.refused |= matches!(&event, Event::Head(head) if head.status() >= 300);
            take(event)
        })?;
        if is_over {
            // A server may have ended its response before the end of the file was seen here.
            self.send_more(sending)?;
        }
        Ok(is_over)
    }

    /// Sends the next piece of a body, once the one before it is written.
    fn send_more(&mut self, sending: &mut Sending) -> Result<(), Failure> {
        if sending.refused {
            // The body is not wanted (RFC 9112 9.5). Its end is not sent, so that the connection is
            // not used again.
            sending.body = None;
        }
        let (now, tx) = (self.now(), &mut self.http.tx);
        let ready = tx.output().is_empty() && !tx.awaits_continue();
        let Some(source) = sending.body.as_mut().filter(|_| ready) else { return Ok(()) };
        let len = source.read(&mut sending.piece)?;
        if len > 0 {
            tx.send_data(&sending.piece[..len], now)?;
            return Ok(());
        }
        match &sending.trailers[..] {
            [] => tx.send_end(now)?,
            trailers => tx.send_trailers(trailers, now)?,
        }
        sending.body = None;
        Ok(())
    }

    /// Whether a byte of the response has arrived.
    pub(crate) fn has_heard(&self) -> bool {
        self.heard
    }

    /// Whether another request may be sent: the exchange is complete on both sides, and the server
    /// has neither closed the connection nor sent bytes that answer no request.
    pub(crate) fn is_open(&mut self) -> io::Result<bool> {
        if self.from == self.to {
            self.stream.set_nonblocking(true)?;
            let came = self.read();
            self.stream.set_nonblocking(false)?;
            if came.is_err() {
                return Ok(false);
            }
        }
        Ok(self.receive(|_| Ok(())).is_ok() && self.http.tx.is_idle())
    }

    /// The time on the clock of the machine.
    fn now(&self) -> wirefeed::Instant {
        wirefeed::Instant::from_std(self.origin, Instant::now())
    }

    /// Decodes what was read. Returns true at the end of the response.
    fn receive(
        &mut self,
        mut take: impl FnMut(Event<'_, '_>) -> io::Result<()>,
    ) -> Result<bool, Failure> {
        let (now, Client { rx, tx }) = (self.now(), &mut self.http);
        let mut input = &self.buffer[self.from..self.to];
        loop {
            let step = rx.receive(tx, &mut input, now)?;
            self.from = self.to - input.len();
            match step {
                Step::Item(event) => take(event)?,
                Step::NeedInput => return Ok(false),
                Step::Done => return Ok(true),
            }
        }
    }

    /// Writes what the socket takes and reads what has arrived, so that neither side waits for the
    /// other. If neither is possible, waits for input, for the machine's deadline or for this time.
    fn write_and_read(&mut self, most: Option<Duration>) -> Result<(), Failure> {
        if !self.http.tx.output().is_empty() {
            self.stream.set_nonblocking(true)?;
            let wrote = self.write();
            let came = self.read();
            self.stream.set_nonblocking(false)?;
            if came? || wrote {
                return Ok(());
            }
        }
        let deadline = self.http.poll_timeout().map(|at| at.duration_since(self.now()));
        let soon = Some(Duration::from_millis(5)).filter(|_| !self.http.tx.output().is_empty());
        let time = [deadline, soon, most].into_iter().flatten().min();
        // A socket takes a timeout of zero for none.
        self.stream.set_read_timeout(time.map(|time| time.max(Duration::from_millis(1))))?;
        self.read()?;
        Ok(())
    }

    /// Writes what the socket takes. Returns false if that is nothing.
    fn write(&mut self) -> bool {
        let (output, mut wrote) = (self.http.tx.output(), false);
        while output.has_remaining() {
            match self.stream.write(output.chunk()) {
                Ok(len) => output.advance(len),
                Err(error) if is_nothing(&error) => return wrote,
                // A server that does not read may still have answered: reading will show it.
                Err(_) => output.advance(output.remaining()),
            }
            wrote = true;
        }
        wrote
    }

    /// Reads what has arrived, once all that was read is used. Returns false if that is nothing.
    fn read(&mut self) -> Result<bool, Failure> {
        let now = self.now();
        match self.stream.read(&mut self.buffer) {
            Ok(0) => self.http.rx.receive_eof(&mut self.http.tx, now)?,
            Ok(len) => (self.from, self.to, self.heard) = (0, len, true),
            Err(error) if is_nothing(&error) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        Ok(true)
    }
}

fn is_nothing(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}

/// Why a response is incomplete.
pub(crate) enum Failure {
    Http(h1::Error),
    Io(io::Error),
}

impl From<h1::Error> for Failure {
    fn from(error: h1::Error) -> Self {
        Self::Http(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<SendError> for Failure {
    fn from(error: SendError) -> Self {
        Self::Io(io::Error::other(error))
    }
}

/// Bytes read from the socket and from a body at a time.
const PIECE: usize = 64 << 10;
