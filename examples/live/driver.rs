//! One connection: a socket with deadlines, and the HTTP on it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use wirefeed::h1::{self, Framing, Version, body, chunked, framing, head};
use wirefeed::{Fields, Step, fields};

use crate::stats::Counts;

/// A connection and what has been read from it.
pub(crate) struct Connection {
    stream: TcpStream,
    heads: head::RequestDecoder,
    buffer: Vec<u8>,
    /// What of the buffer has been read and not used.
    from: usize,
    to: usize,
    reply: Reply,
    /// Bytes since they were last taken.
    counts: Counts,
}

/// A request, and how its body ends.
pub(crate) struct Request {
    pub(crate) method: String,
    target: String,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    framing: Framing,
}

/// What the request allows its response to be.
#[derive(Clone, Copy)]
struct Reply {
    /// In chunks; else a response of unknown length ends with the connection (RFC 9112 6.1).
    may_chunk: bool,
    /// With content (RFC 9110 9.3.2).
    has_content: bool,
    /// Followed by another (RFC 9112 9.3).
    keeps_alive: bool,
}

impl Reply {
    /// To what is no request.
    const LAST: Self = Self { may_chunk: false, has_content: true, keeps_alive: false };
}

/// Why a request is not served.
pub(crate) enum Refused {
    /// It is answered with this status and these words.
    With(u16, String),
    /// The connection is broken, or its peer does not read.
    Gone(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

impl From<h1::Error> for Refused {
    fn from(error: h1::Error) -> Self {
        Self::With(error.status_hint(), error.to_string())
    }
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

    /// Whether a field lists a token.
    fn lists(&self, name: &str, token: &str) -> bool {
        self.fields[..]
            .values_of(name)
            .flat_map(|value| value.split(|&byte| byte == b','))
            .any(|element| element.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    }
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            heads: head::RequestDecoder::new(),
            buffer: vec![0; 16 << 10],
            from: 0,
            to: 0,
            reply: Reply::LAST,
            counts: Counts::default(),
        })
    }

    /// The next request, if the peer sends one in time.
    pub(crate) fn request(&mut self) -> Result<Option<Request>, Refused> {
        let deadline = Instant::now() + PATIENCE;
        let mut begun = self.from < self.to;
        self.heads.reset();
        self.reply = Reply::LAST;
        loop {
            let unread = &self.buffer[self.from..self.to];
            let mut input = unread;
            if let Step::Item(head) = self.heads.decode(&mut input)? {
                let http11 = head.version() == Version::Http11;
                self.reply.has_content = head.method() != "HEAD";
                let request = Request {
                    method: head.method().into(),
                    target: head.target().into(),
                    fields: head
                        .fields()
                        .map(|field| (field.name.into(), field.value.into()))
                        .collect(),
                    framing: framing::request(&head)?,
                };
                self.from += unread.len() - input.len();
                self.counts.requests += 1;
                let hosts = request.fields[..].values_of("host").count();
                if hosts > 1 || http11 && hosts == 0 {
                    return Err(Refused::With(400, "there must be one Host".into()));
                }
                self.reply.may_chunk = http11;
                self.reply.keeps_alive = http11 && !request.lists("connection", "close");
                return Ok(Some(request));
            }
            self.from = self.to;
            match self.read(deadline) {
                Ok(0) => {
                    self.heads.finish()?;
                    return Ok(None);
                }
                Ok(_) => begun = true,
                // Nothing is owed to a peer that asks for nothing.
                Err(error) if is_timeout(&error) && !begun => return Ok(None),
                Err(error) => return Err(too_slow(error)),
            }
        }
    }

    /// Reads a request's body; its length.
    pub(crate) fn body(&mut self, request: &Request, most: u64) -> Result<u64, Refused> {
        let mut body = body::Decoder::new(request.framing);
        let too_long = || Refused::With(413, format!("the body is longer than {most} bytes"));
        match request.framing {
            Framing::None => return Ok(0),
            Framing::Length(len) if len > most => return Err(too_long()),
            _ => {}
        }
        if request.lists("expect", "100-continue") && self.from == self.to {
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let (mut len, mut deadline, mut next) = (0, Instant::now() + PATIENCE, 0);
        loop {
            let unread = &self.buffer[self.from..self.to];
            let mut input = unread;
            let step = body.decode(&mut input)?;
            let over = matches!(step, Step::Done);
            if let Step::Item(body::Item::Data(piece)) = step {
                len += piece.len() as u64;
            }
            let more = matches!(step, Step::NeedInput);
            self.from += unread.len() - input.len();
            if over {
                return Ok(len);
            }
            if len > most {
                return Err(too_long());
            }
            if len >= next {
                // Whoever sends a little now and then is not waited for without end.
                deadline = Instant::now() + PATIENCE;
                next = len + STRIDE;
            }
            if more && self.read(deadline).map_err(too_slow)? == 0 {
                body.finish()?;
                return Ok(len);
            }
        }
    }

    /// Writes a whole response.
    pub(crate) fn respond(
        &mut self,
        status: u16,
        own: &[(&str, &str)],
        kind: &str,
        body: &[u8],
    ) -> io::Result<()> {
        let len = body.len().to_string();
        let own = [own, &[("Content-Type", kind), ("Content-Length", &len)]].concat();
        let mut out = self.head(status, &own)?;
        if self.reply.has_content {
            out.extend_from_slice(body);
        }
        self.write(&out)
    }

    /// Answers what is not served, and expects nothing more.
    pub(crate) fn refuse(&mut self, status: u16, words: &str) -> io::Result<()> {
        self.reply.keeps_alive = false;
        self.respond(status, &[], TEXT, format!("{words}\n").as_bytes())
    }

    /// Writes the head of a response of unknown length.
    pub(crate) fn start_chunks(&mut self, kind: &str) -> io::Result<()> {
        // A browser that may guess the type keeps the first bytes of text until it has enough.
        let own = [("Content-Type", kind), ("X-Content-Type-Options", "nosniff"), NO_STORE];
        let chunked: &[_] = &[("Transfer-Encoding", "chunked")];
        let framing = if self.reply.may_chunk { chunked } else { &[] };
        let head = self.head(200, &[&own, framing].concat())?;
        self.write(&head)
    }

    /// Writes a chunk.
    pub(crate) fn chunk(&mut self, data: &[u8]) -> io::Result<()> {
        if !self.reply.may_chunk {
            return self.write(data);
        }
        let mut out = Vec::with_capacity(data.len() + 20);
        chunked::encode_chunk(data, &[], &mut out).map_err(io::Error::other)?;
        self.write(&out)
    }

    /// Writes the last chunk.
    pub(crate) fn end_chunks(&mut self) -> io::Result<()> {
        if self.reply.may_chunk { self.write(chunked::END) } else { Ok(()) }
    }

    /// A response's head.
    pub(crate) fn head(&self, status: u16, own: &[(&str, &str)]) -> io::Result<Vec<u8>> {
        let mut out = format!("HTTP/1.1 {status} {}\r\n", reason(status)).into_bytes();
        let close: &[_] = &[("Connection", "close")];
        let last = if self.reply.keeps_alive { &[] } else { close };
        for (name, value) in own.iter().chain(last) {
            fields::encode(name, value.as_bytes(), &mut out).map_err(io::Error::other)?;
        }
        out.extend_from_slice(b"\r\n");
        Ok(out)
    }

    /// Whether the response allows another request.
    pub(crate) fn keeps_alive(&self) -> bool {
        self.reply.keeps_alive
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.counts.bytes_out += bytes.len() as u64;
        for mut piece in bytes.chunks(64 << 10) {
            let deadline = Instant::now() + PATIENCE;
            while !piece.is_empty() {
                match self.stream.write(piece) {
                    // A write is cut short where the peer has not read for as long.
                    Ok(_) if Instant::now() >= deadline => {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    Ok(len) => piece = &piece[len..],
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Waits, but no longer than the peer stays: false where it has left.
    pub(crate) fn wait(&mut self, time: Duration) -> io::Result<bool> {
        let until = Instant::now() + time;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            if self.from == self.to {
                match self.read(until) {
                    Ok(0) => return Ok(false),
                    Ok(_) => {}
                    Err(error) if is_timeout(&error) => return Ok(true),
                    Err(error) => return Err(error),
                }
            } else {
                // A pipelined request waits until this response is over.
                std::thread::sleep(left);
            }
        }
        Ok(true)
    }

    /// Reads what comes before the deadline, once what was read has been used.
    pub(crate) fn read(&mut self, deadline: Instant) -> io::Result<usize> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.stream.set_read_timeout(Some(left))?;
            match self.stream.read(&mut self.buffer) {
                Ok(len) => {
                    (self.from, self.to) = (0, len);
                    self.counts.bytes_in += len as u64;
                    return Ok(len);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What was read and not used.
    pub(crate) fn unread(&mut self) -> &mut [u8] {
        let from = std::mem::replace(&mut self.from, self.to);
        &mut self.buffer[from..self.to]
    }

    /// What went over the wire since this was last asked.
    pub(crate) fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// Shuts down writing and reads on for a while: closing with unread input would reset the
    /// connection, and destroy what the peer has not read yet.
    pub(crate) fn linger(mut self) {
        let deadline = Instant::now() + Duration::from_secs(1);
        if self.stream.shutdown(Shutdown::Write).is_ok() {
            while self.read(deadline).is_ok_and(|len| len > 0) {}
        }
    }
}

/// A request that does not come on is refused.
fn too_slow(error: io::Error) -> Refused {
    if is_timeout(&error) { Refused::With(408, "too slow".into()) } else { Refused::Gone(error) }
}

pub(crate) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

const fn reason(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        426 => "Upgrade Required",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
pub(crate) const NO_STORE: (&str, &str) = ("Cache-Control", "no-store");

/// How long a head may take, a peer may stay silent, and a write may stand still.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// So much of a body must come within each patience.
const STRIDE: u64 = 4096;
