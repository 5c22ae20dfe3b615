//! What each path serves.

use std::io;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use wirefeed::sse::server::{Config, FIELDS, Mode, Overflow, STATUS};
use wirefeed::{End, Fields, sse};

use crate::driver::{Connection, Request, TEXT};
use crate::ticks::{self, Ticks};
use crate::wire::Counts;
use crate::{Server, socket};

/// A request, and what is needed to answer it.
pub(crate) struct Exchange<'a> {
    pub(crate) server: &'a Server,
    pub(crate) connection: &'a mut Connection,
    pub(crate) request: &'a Request,
    query: &'a str,
}

/// Serves one connection until it ends.
pub(crate) fn serve(server: &Server, stream: TcpStream) -> io::Result<()> {
    let mut connection = Connection::new(stream)?;
    match exchanges(server, &mut connection) {
        Err(error) if connection.http.wants().end == Some(End::Upgrade) => Err(error),
        // Write the answer to an invalid request, whatever came of it here.
        served => connection.close().and(served),
    }
}

fn exchanges(server: &Server, connection: &mut Connection) -> io::Result<()> {
    while let Some(request) = connection.request()? {
        route(server, connection, &request)?;
        if server.is_stopping() {
            break;
        }
    }
    Ok(())
}

fn route(server: &Server, connection: &mut Connection, request: &Request) -> io::Result<()> {
    let Some(received) = connection.body(request, MOST_UPLOAD)? else {
        return connection.respond(413, &[CLOSE], TEXT, b"the body is too long\n");
    };
    let (path, query) = request.path_and_query();
    let allowed = match path {
        "/upload" => "POST",
        "/" | "/download" | "/chunked" | "/stream" | "/events" | "/socket" | "/poll" | "/stats" => {
            "GET"
        }
        _ => return connection.respond(404, &[], TEXT, b"there is nothing here\n"),
    };
    if request.method != allowed {
        let own = [("Allow", allowed)];
        return connection.respond(405, &own, TEXT, b"the method is not allowed here\n");
    }
    let mut exchange = Exchange { server, connection, request, query };
    match path {
        "/download" => exchange.download("download", &[("Content-Length", LENGTH)]),
        "/chunked" => exchange.download("chunked", &[]),
        "/upload" => exchange.upload(received),
        "/poll" => exchange.poll(),
        "/stream" => exchange.stream(),
        "/events" => exchange.events(),
        "/socket" => socket::serve(&mut exchange),
        "/stats" => exchange.stats(),
        _ => exchange.page(),
    }
}

impl Exchange<'_> {
    /// A mebibyte in about a second, with a length or in chunks.
    fn download(&mut self, transport: &'static str, length: &[(&str, &str)]) -> io::Result<()> {
        let own = [&[("Content-Type", "application/octet-stream"), NO_STORE], length].concat();
        self.connection.start(200, &own[..])?;
        for n in 0..PIECES {
            if n > 0 && !self.pause(Duration::from_millis(30))? {
                return Ok(());
            }
            self.connection.data(&[b'.'; PIECE])?;
            self.count(transport, 0);
        }
        self.connection.end()?;
        self.count(transport, 1);
        Ok(())
    }

    /// Answers with the number of bytes received.
    fn upload(&mut self, received: u64) -> io::Result<()> {
        let answer = format!(r#"{{"received":{received}}}"#);
        self.json(&answer)?;
        self.count("upload", 1);
        Ok(())
    }

    /// Answers at the first tick after the one that the client names.
    fn poll(&mut self) -> io::Result<()> {
        let ticks = self.ticks();
        let newest = ticks.newest();
        let after = self.number("after").unwrap_or(newest).min(newest);
        while ticks.newest() <= after {
            if !self.pause(ticks.until_after(after))? {
                return Ok(());
            }
        }
        let all: Vec<String> = ticks.after(after).map(ticks::json).collect();
        self.json(&format!(r#"{{"ticks":[{}]}}"#, all.join(",")))?;
        self.count("poll", all.len());
        Ok(())
    }

    /// An endless response with a line for each tick.
    fn stream(&mut self) -> io::Result<()> {
        let ticks = self.ticks();
        let mut last = ticks.newest();
        self.connection.start(200, &STREAMED)?;
        loop {
            for n in ticks.after(last) {
                self.connection.data(format!("{}\n", ticks::json(n)).as_bytes())?;
                self.count("stream", 1);
                last = n;
            }
            if !self.pause(ticks.until_after(last))? {
                return self.connection.end();
            }
        }
    }

    /// An event for each tick, from the one after the last that the client has seen.
    fn events(&mut self) -> io::Result<()> {
        let ticks = self.ticks();
        let id = self.request.fields[..].value_of("last-event-id");
        let id = id.and_then(|id| std::str::from_utf8(id).ok());
        let seen: Option<u64> = id.unwrap_or_else(|| self.text("last-event-id")).parse().ok();
        let newest = ticks.newest();
        let last = seen.unwrap_or(newest).min(newest).to_string();
        let mut policy = Config::default();
        policy.retry = Some(Duration::from_secs(1));
        policy.output = Some(PIECE);
        policy.on_full = Overflow::Resume;
        let now = self.connection.wire.now();
        let mut server =
            sse::EventStream::new(&[("Last-Event-ID", &last)], Mode::Stream, policy, now);
        self.connection.start(STATUS, &FIELDS)?;
        loop {
            let (newest, now) = (ticks.newest(), self.connection.wire.now());
            let sent = server.resume(&ticks, now).map_err(io::Error::other)?;
            server.handle_timeout(now);
            self.connection.send_owed(server.output())?;
            self.count("events", sent.events);
            if server.is_behind() {
                continue;
            }
            let now = self.connection.wire.now();
            let silent = server.poll_timeout().map_or(STEP, |at| at.duration_since(now));
            if !self.pause(ticks.until_after(newest).min(silent))? {
                return self.connection.end();
            }
        }
    }

    /// The bytes that each transport of the client has cost.
    fn stats(&mut self) -> io::Result<()> {
        let stats = self.server.stats.of(self.text("client")).to_string();
        self.json(&stats)?;
        self.connection.wire.take_counts();
        Ok(())
    }

    fn page(&mut self) -> io::Result<()> {
        let page = include_bytes!("page.html");
        self.connection.respond(200, &[NO_STORE], "text/html; charset=utf-8", page)?;
        self.connection.wire.take_counts();
        Ok(())
    }

    fn json(&mut self, json: &str) -> io::Result<()> {
        self.connection.respond(200, &[NO_STORE], "application/json", json.as_bytes())
    }

    /// Adds the bytes on the wire to the counts of the client's transports.
    pub(crate) fn count(&mut self, transport: &'static str, messages: usize) {
        let counts = Counts { messages: messages as u64, ..self.connection.wire.take_counts() };
        self.server.stats.add(self.text("client"), transport, counts);
    }

    /// The clock at the client's pace.
    pub(crate) fn ticks(&self) -> Ticks {
        Ticks::every(self.number("every").unwrap_or(500))
    }

    /// Waits in steps short enough to notice the end. Returns false if the peer has left, or the
    /// server stops.
    fn pause(&mut self, time: Duration) -> io::Result<bool> {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if self.server.is_stopping() || !self.connection.wire.wait(left.min(STEP))? {
                return Ok(false);
            }
            if left <= STEP {
                return Ok(true);
            }
        }
    }

    /// A value of the query, undecoded.
    fn text(&self, name: &str) -> &str {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(found, _)| *found == name).map_or("", |(_, value)| value)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.text(name).parse().ok()
    }
}

const NO_STORE: (&str, &str) = ("Cache-Control", "no-store");

/// The fields of an endless text. A browser that may guess the type holds the first bytes back
/// until it has enough.
const STREAMED: [(&str, &str); 3] =
    [("Content-Type", TEXT), ("X-Content-Type-Options", "nosniff"), NO_STORE];

/// How often to check whether the server stops.
pub(crate) const STEP: Duration = Duration::from_millis(200);

const PIECE: usize = 32 << 10;
const PIECES: usize = 32;
const LENGTH: &str = "1048576";
const CLOSE: (&str, &str) = ("Connection", "close");
const MOST_UPLOAD: u64 = 64 << 20;
