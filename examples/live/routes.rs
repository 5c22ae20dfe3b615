//! What each path serves.

use std::io;
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use wirefeed::{Fields, sse};

use crate::driver::{CLOSE, Connection, NO_STORE, Refused, Request, is_timeout};
use crate::ticks::{self, Ticks};
use crate::{Server, socket};

/// A request's query.
pub(crate) struct Query<'a>(&'a str);

impl<'a> Query<'a> {
    pub(crate) fn text(&self, name: &str) -> &'a str {
        self.0
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(found, _)| *found == name)
            .map_or("", |(_, value)| value)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.text(name).parse().ok()
    }

    pub(crate) fn ticks(&self) -> Ticks {
        Ticks::every(self.number("every").unwrap_or(500))
    }
}

/// Serves one connection until it ends.
pub(crate) fn serve(server: &Server, stream: TcpStream) -> io::Result<()> {
    let mut connection = Connection::new(stream)?;
    let refused = loop {
        if server.stopping.load(Ordering::Relaxed) {
            return Ok(());
        }
        let request = match connection.request() {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            Err(refused) => break refused,
        };
        match route(server, &mut connection, &request) {
            Ok(true) if request.keeps_alive() => {}
            Ok(_) => {
                connection.linger();
                return Ok(());
            }
            Err(refused) => break refused,
        }
    };
    match refused {
        Refused::With(status, words) => {
            connection.respond(status, &[CLOSE], TEXT, format!("{words}\n").as_bytes())?;
        }
        Refused::Gone(error) if is_timeout(&error) => {
            connection.respond(408, &[CLOSE], TEXT, b"too slow\n")?;
        }
        Refused::Gone(error) => return Err(error),
    }
    connection.linger();
    Ok(())
}

/// Serves one request; whether another may follow.
fn route(server: &Server, connection: &mut Connection, request: &Request) -> Result<bool, Refused> {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let query = Query(query);
    let allowed = match path {
        "/upload" => "POST",
        "/" | "/download" | "/chunked" | "/stream" | "/events" | "/socket" | "/poll" | "/stats" => {
            "GET"
        }
        _ => return Err(Refused::With(404, "there is nothing here".into())),
    };
    if request.method != allowed {
        connection.body(request, MOST_UPLOAD)?;
        let own = [("Allow", allowed)];
        connection.respond(405, &own, TEXT, b"the method is not allowed here\n")?;
        return Ok(true);
    }
    if request.fields[..].values_of("host").count() != 1 {
        return Err(Refused::With(400, "there must be one Host".into()));
    }
    if path != "/upload" {
        connection.body(request, MOST_UPLOAD)?;
    }
    match path {
        "/" => connection.respond(200, &[NO_STORE], HTML, PAGE)?,
        "/stats" => {
            let stats = server.stats.of(query.text("client")).to_string();
            connection.respond(200, &[NO_STORE], JSON, stats.as_bytes())?;
        }
        "/socket" => return socket::serve(server, connection, request, &query),
        _ => return transfer(server, connection, request, path, &query),
    }
    connection.take_counts();
    Ok(true)
}

/// Serves a transport over plain HTTP, and counts what it cost.
fn transfer(
    server: &Server,
    connection: &mut Connection,
    request: &Request,
    path: &str,
    query: &Query<'_>,
) -> Result<bool, Refused> {
    let (name, served) = match path {
        "/download" => ("download", download(connection, request, false)),
        "/chunked" => ("chunked", download(connection, request, true)),
        "/poll" => ("poll", poll(server, connection, query)),
        "/stream" => ("stream", stream(server, connection, request, query)),
        "/events" => ("events", events(server, connection, request, query)),
        _ => {
            let received = connection.body(request, MOST_UPLOAD)?;
            let answer = format!(r#"{{"received":{received}}}"#);
            ("upload", connection.respond(200, &[NO_STORE], JSON, answer.as_bytes()).map(|()| true))
        }
    };
    server.stats.add(query.text("client"), name, connection.take_counts());
    Ok(served?)
}

/// A mebibyte in about a second, with a length or in chunks.
fn download(connection: &mut Connection, request: &Request, chunked: bool) -> io::Result<bool> {
    let piece = [b'.'; PIECE];
    if chunked {
        connection.start_chunks(request, "application/octet-stream")?;
    } else {
        let len = (PIECE * PIECES).to_string();
        let own = [
            ("Content-Type", "application/octet-stream"),
            ("Content-Length", len.as_str()),
            NO_STORE,
        ];
        connection.write(&crate::driver::head(200, &own)?)?;
    }
    for _ in 0..PIECES {
        if chunked {
            connection.chunk(&piece)?;
        } else {
            connection.write(&piece)?;
        }
        if !connection.wait(Duration::from_millis(30))? {
            return Ok(false);
        }
    }
    if chunked {
        connection.end_chunks()?;
    }
    Ok(true)
}

/// Answers at the first tick after the one that the client knows.
fn poll(server: &Server, connection: &mut Connection, query: &Query<'_>) -> io::Result<bool> {
    let ticks = query.ticks();
    let after = query.number("after").unwrap_or_else(|| ticks.newest()).min(ticks.newest());
    while ticks.newest() <= after {
        if !pause(server, connection, ticks.until_after(after))? {
            return Ok(false);
        }
    }
    let all: Vec<String> = ticks.after(after).map(ticks::json).collect();
    count_messages(server, query, "poll", all.len());
    let answer = format!(r#"{{"ticks":[{}]}}"#, all.join(","));
    connection.respond(200, &[NO_STORE], JSON, answer.as_bytes())?;
    Ok(true)
}

/// A line for each tick, without end.
fn stream(
    server: &Server,
    connection: &mut Connection,
    request: &Request,
    query: &Query<'_>,
) -> io::Result<bool> {
    let ticks = query.ticks();
    let mut last = ticks.newest();
    connection.start_chunks(request, TEXT)?;
    loop {
        for n in ticks.after(last) {
            connection.chunk(format!("{}\n", ticks::json(n)).as_bytes())?;
            last = n;
            count(server, connection, query, "stream", 1);
        }
        if !pause(server, connection, ticks.until_after(last))? {
            connection.end_chunks()?;
            return Ok(false);
        }
    }
}

/// An event for each tick, from the one after the last that the client has seen.
fn events(
    server: &Server,
    connection: &mut Connection,
    request: &Request,
    query: &Query<'_>,
) -> io::Result<bool> {
    let ticks = query.ticks();
    let seen =
        request.fields[..].value_of("last-event-id").and_then(|id| std::str::from_utf8(id).ok());
    let seen = seen.unwrap_or_else(|| query.text("last-event-id")).parse().ok();
    let mut last = seen.unwrap_or_else(|| ticks.newest()).min(ticks.newest());
    let mut signed = Instant::now();
    connection.start_chunks(request, "text/event-stream")?;
    let mut out = Vec::new();
    sse::encode_retry(1000, &mut out).map_err(io::Error::other)?;
    connection.chunk(&out)?;
    loop {
        for n in ticks.after(last) {
            out.clear();
            let (id, data) = (n.to_string(), ticks::json(n));
            let message = sse::Message { event: Some("tick"), id: Some(&id), data: &data };
            sse::encode_event(&message, &mut out).map_err(io::Error::other)?;
            connection.chunk(&out)?;
            last = n;
            count(server, connection, query, "events", 1);
        }
        if signed.elapsed() > KEEP_ALIVE {
            signed = Instant::now();
            out.clear();
            sse::encode_comment(" keep-alive", &mut out).map_err(io::Error::other)?;
            connection.chunk(&out)?;
        }
        if !pause(server, connection, ticks.until_after(last).min(KEEP_ALIVE))? {
            connection.end_chunks()?;
            return Ok(false);
        }
    }
}

/// Waits in steps short enough to notice the end: false where the peer has left, or the server stops.
fn pause(server: &Server, connection: &mut Connection, time: Duration) -> io::Result<bool> {
    let until = Instant::now() + time;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if server.stopping.load(Ordering::Relaxed) || !connection.wait(left.min(STEP))? {
            return Ok(false);
        }
        if left <= STEP {
            return Ok(true);
        }
    }
}

fn count(
    server: &Server,
    connection: &mut Connection,
    query: &Query<'_>,
    transport: &'static str,
    messages: u64,
) {
    let counts = connection.take_counts();
    let counts = crate::stats::Counts { messages, ..counts };
    server.stats.add(query.text("client"), transport, counts);
}

fn count_messages(server: &Server, query: &Query<'_>, transport: &'static str, messages: usize) {
    let counts = crate::stats::Counts { messages: messages as u64, ..Default::default() };
    server.stats.add(query.text("client"), transport, counts);
}

const PAGE: &[u8] = include_bytes!("page.html");
const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const PIECE: usize = 32 << 10;
const PIECES: usize = 32;
const MOST_UPLOAD: u64 = 64 << 20;
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How soon a stopping server is noticed.
const STEP: Duration = Duration::from_millis(200);
