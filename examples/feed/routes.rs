//! What each path serves.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use wirefeed::Fields;
use wirefeed::sse::EventStream;
use wirefeed::sse::server::{Config, FIELDS, Mode, Overflow, STATUS};

use crate::driver::{Connection, Request, TEXT};
use crate::feed::Feed;

/// Serves one connection until it ends.
pub(crate) fn serve(feed: &Feed, stream: TcpStream) -> io::Result<()> {
    let mut connection = Connection::new(stream)?;
    let served = exchanges(feed, &mut connection);
    // Write the answer to an invalid request, whatever came of it here.
    connection.close().and(served)
}

fn exchanges(feed: &Feed, connection: &mut Connection) -> io::Result<()> {
    while let Some(request) = connection.request()? {
        route(feed, connection, &request)?;
    }
    Ok(())
}

fn route(feed: &Feed, connection: &mut Connection, request: &Request) -> io::Result<()> {
    if connection.body(request, MOST_BODY)?.is_none() {
        let own = [("Connection", "close")];
        return connection.respond(413, &own, TEXT, b"no request here has a body\n");
    }
    let (path, _) = request.path_and_query();
    let (mode, retry) = match path {
        "/stream" => (Mode::Stream, BACK),
        "/long" => (Mode::LongPoll { hold: HOLD, batch: BATCH }, BATCH),
        "/short" => (Mode::ShortPoll, BACK),
        _ => return connection.respond(404, &[], TEXT, b"there is nothing here\n"),
    };
    if request.method != "GET" {
        let own = [("Allow", "GET")];
        return connection.respond(405, &own, TEXT, b"the method is not allowed here\n");
    }
    events(feed, connection, request, mode, retry)
}

/// The events after the last one that the client has seen, and those to come.
fn events(
    feed: &Feed,
    connection: &mut Connection,
    request: &Request,
    mode: Mode,
    retry: Duration,
) -> io::Result<()> {
    let id = request.fields[..].value_of("last-event-id").unwrap_or_default();
    // A first-time client receives all events, as if its last one had been the one before the
    // first. A feed that begins with the next event would take its newest here.
    let last_event_id = if id.is_empty() { b"0" } else { id };
    println!("{} after {}", request.target, String::from_utf8_lossy(last_event_id));

    let mut policy = Config::default();
    policy.retry = Some(retry);
    policy.output = Some(OUTPUT);
    policy.on_full = Overflow::Resume;
    let fields = [("Last-Event-ID", last_event_id)];
    let mut server = EventStream::new(&fields, mode, policy, connection.wire.now());
    connection.start(STATUS, &FIELDS)?;
    loop {
        let now = connection.wire.now();
        let newest = feed.resume(&mut server, now)?;
        server.handle_timeout(now);
        connection.send_owed(server.output())?;
        if server.wants().end.is_some() {
            return connection.end();
        }
        if server.is_behind() {
            continue;
        }
        let silent = server.poll_timeout().map_or(STEP, |at| at.duration_since(now));
        // A thread waits for one thing at a time: between events it checks whether the client is
        // still connected.
        if !feed.wait(newest, silent.min(STEP)) && !connection.wire.wait(GLANCE)? {
            return Ok(());
        }
    }
}

/// The reconnection time of an `EventSource`: to a lost stream, to a restarted server, or to a
/// short poll.
const BACK: Duration = Duration::from_secs(1);

/// How long a long poll waits for an event. 25 seconds, because many intermediaries give up after
/// 30 or 60.
const HOLD: Duration = Duration::from_secs(25);

/// How long it waits for more after the first, and its client before the next request.
const BATCH: Duration = Duration::from_millis(100);

/// How much is encoded at a time for a client that catches up. What it has not read waits in the
/// log.
const OUTPUT: usize = 64 << 10;

/// How often to check whether a client has left.
const STEP: Duration = Duration::from_millis(500);
const GLANCE: Duration = Duration::from_millis(1);

/// No request here has a body.
const MOST_BODY: u64 = 0;
