//! What each path serves.

use std::io;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use wirefeed::{Fields, sse};

use crate::driver::{Connection, NO_STORE, Refused, Request, TEXT};
use crate::stats::Counts;
use crate::ticks::{self, Ticks};
use crate::{Server, socket};

/// A request, and what is needed to answer it.
pub(crate) struct Exchange<'a> {
    pub(crate) server: &'a Server,
    pub(crate) connection: &'a mut Connection,
    pub(crate) request: &'a Request,
    query: &'a str,
}

/// Whether the connection may serve another request.
pub(crate) type Goes = bool;

/// Serves one connection until it ends.
pub(crate) fn serve(server: &Server, stream: TcpStream) -> io::Result<()> {
    let mut connection = Connection::new(stream)?;
    while !server.is_stopping() {
        let served = match connection.request() {
            Ok(Some(request)) => route(server, &mut connection, &request),
            Ok(None) => return Ok(()),
            Err(refused) => Err(refused),
        };
        match served {
            Ok(true) if connection.keeps_alive() => continue,
            Ok(_) => {}
            Err(Refused::With(status, words)) => connection.refuse(status, &words)?,
            Err(Refused::Gone(error)) => return Err(error),
        }
        connection.linger();
        return Ok(());
    }
    Ok(())
}

fn route(server: &Server, connection: &mut Connection, request: &Request) -> Result<Goes, Refused> {
    let (path, query) = request.path_and_query();
    let allowed = match path {
        "/upload" => "POST",
        "/" | "/download" | "/chunked" | "/stream" | "/events" | "/socket" | "/poll" | "/stats" => {
            "GET"
        }
        _ => return Err(Refused::With(404, "there is nothing here".into())),
    };
    let received = connection.body(request, MOST_UPLOAD)?;
    if request.method != allowed {
        let own = [("Allow", allowed)];
        connection.respond(405, &own, TEXT, b"the method is not allowed here\n")?;
        return Ok(true);
    }
    let mut exchange = Exchange { server, connection, request, query };
    match path {
        "/download" => Ok(exchange.download("download", false)?),
        "/chunked" => Ok(exchange.download("chunked", true)?),
        "/upload" => Ok(exchange.upload(received)?),
        "/poll" => Ok(exchange.poll()?),
        "/stream" => Ok(exchange.stream()?),
        "/events" => Ok(exchange.events()?),
        "/socket" => socket::serve(&mut exchange),
        "/stats" => Ok(exchange.stats()?),
        _ => Ok(exchange.page()?),
    }
}

impl Exchange<'_> {
    /// A mebibyte in about a second, with a length or in chunks.
    fn download(&mut self, transport: &'static str, chunked: bool) -> io::Result<Goes> {
        let piece = [b'.'; PIECE];
        let kind = "application/octet-stream";
        if chunked {
            self.connection.start_chunks(kind)?;
        } else {
            let len = (PIECE * PIECES).to_string();
            let own = [("Content-Type", kind), ("Content-Length", len.as_str()), NO_STORE];
            let head = self.connection.head(200, &own)?;
            self.connection.write(&head)?;
        }
        for n in 0..PIECES {
            if n > 0 && !self.pause(Duration::from_millis(30))? {
                return Ok(false);
            }
            if chunked {
                self.connection.chunk(&piece)?;
            } else {
                self.connection.write(&piece)?;
            }
            self.count(transport, 0);
        }
        if chunked {
            self.connection.end_chunks()?;
        }
        self.count(transport, 1);
        Ok(true)
    }

    /// Tells how much was received.
    fn upload(&mut self, received: u64) -> io::Result<Goes> {
        let answer = format!(r#"{{"received":{received}}}"#);
        self.json(&answer)?;
        self.count("upload", 1);
        Ok(true)
    }

    /// Answers at the first tick after the one that the client knows.
    fn poll(&mut self) -> io::Result<Goes> {
        let ticks = self.ticks();
        let newest = ticks.newest();
        let after = self.number("after").unwrap_or(newest).min(newest);
        while ticks.newest() <= after {
            if !self.pause(ticks.until_after(after))? {
                return Ok(false);
            }
        }
        let all: Vec<String> = ticks.after(after).map(ticks::json).collect();
        self.json(&format!(r#"{{"ticks":[{}]}}"#, all.join(",")))?;
        self.count("poll", all.len());
        Ok(true)
    }

    /// A line for each tick, without end.
    fn stream(&mut self) -> io::Result<Goes> {
        let ticks = self.ticks();
        let mut last = ticks.newest();
        self.connection.start_chunks(TEXT)?;
        loop {
            for n in ticks.after(last) {
                self.connection.chunk(format!("{}\n", ticks::json(n)).as_bytes())?;
                self.count("stream", 1);
                last = n;
            }
            if !self.pause(ticks.until_after(last))? {
                self.connection.end_chunks()?;
                return Ok(false);
            }
        }
    }

    /// An event for each tick, from the one after the last that the client has seen.
    fn events(&mut self) -> io::Result<Goes> {
        let ticks = self.ticks();
        let id = self.request.fields[..].value_of("last-event-id");
        let id = id.and_then(|id| std::str::from_utf8(id).ok());
        let seen = id.unwrap_or_else(|| self.text("last-event-id")).parse().ok();
        let newest = ticks.newest();
        let mut last = seen.unwrap_or(newest).min(newest);
        let mut out = Vec::new();
        sse::encode_retry(1000, &mut out).map_err(io::Error::other)?;
        self.connection.start_chunks("text/event-stream")?;
        self.connection.chunk(&out)?;
        let mut signed = Instant::now();
        loop {
            for n in ticks.after(last) {
                let (id, data) = (n.to_string(), ticks::json(n));
                let message = sse::Message { event: Some("tick"), id: Some(&id), data: &data };
                out.clear();
                sse::encode_event(&message, &mut out).map_err(io::Error::other)?;
                self.connection.chunk(&out)?;
                self.count("events", 1);
                last = n;
            }
            if signed.elapsed() >= KEEP_ALIVE {
                signed = Instant::now();
                out.clear();
                sse::encode_comment(" keep-alive", &mut out).map_err(io::Error::other)?;
                self.connection.chunk(&out)?;
            }
            if !self.pause(ticks.until_after(last).min(KEEP_ALIVE))? {
                self.connection.end_chunks()?;
                return Ok(false);
            }
        }
    }

    /// What the client's transports have cost.
    fn stats(&mut self) -> io::Result<Goes> {
        let stats = self.server.stats.of(self.text("client")).to_string();
        self.json(&stats)?;
        self.connection.take_counts();
        Ok(true)
    }

    fn page(&mut self) -> io::Result<Goes> {
        let page = include_bytes!("page.html");
        self.connection.respond(200, &[NO_STORE], "text/html; charset=utf-8", page)?;
        self.connection.take_counts();
        Ok(true)
    }

    fn json(&mut self, json: &str) -> io::Result<()> {
        self.connection.respond(200, &[NO_STORE], "application/json", json.as_bytes())
    }

    /// Adds what went over the wire to what the client's transports have cost.
    pub(crate) fn count(&mut self, transport: &'static str, messages: usize) {
        let counts = Counts { messages: messages as u64, ..self.connection.take_counts() };
        self.server.stats.add(self.text("client"), transport, counts);
    }

    /// The clock at the client's pace.
    pub(crate) fn ticks(&self) -> Ticks {
        Ticks::every(self.number("every").unwrap_or(500))
    }

    /// Waits in steps short enough to notice the end: false where the peer has left, or the server
    /// stops.
    fn pause(&mut self, time: Duration) -> io::Result<bool> {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if self.server.is_stopping() || !self.connection.wait(left.min(STEP))? {
                return Ok(false);
            }
            if left <= STEP {
                return Ok(true);
            }
        }
    }

    /// A value of the query, as it stands there.
    fn text(&self, name: &str) -> &str {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(found, _)| *found == name).map_or("", |(_, value)| value)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.text(name).parse().ok()
    }
}

/// How soon a stopping server is noticed.
pub(crate) const STEP: Duration = Duration::from_millis(200);

const PIECE: usize = 32 << 10;
const PIECES: usize = 32;
const MOST_UPLOAD: u64 = 64 << 20;
const KEEP_ALIVE: Duration = Duration::from_secs(15);
