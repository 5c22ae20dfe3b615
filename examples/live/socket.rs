//! The WebSocket: an echo, and the clock.

use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Buf;
use wirefeed::ws::{CloseCode, Config, Event, Sender, Server as Side, Session, handshake, message};
use wirefeed::{End, SendError, Step};

use crate::Server;
use crate::driver::{Connection, Refused, Request, is_timeout};
use crate::routes::Query;
use crate::stats::Counts;
use crate::ticks;

/// Opens a connection and drives its session to its end; never another request.
pub(crate) fn serve(
    server: &Server,
    connection: &mut Connection,
    request: &Request,
    query: &Query<'_>,
) -> Result<bool, Refused> {
    let offer = match handshake::read_request(&request.method, &request.fields[..]) {
        Ok(offer) => offer,
        Err(refusal) => {
            let words = format!("{refusal}\n");
            let kind = "text/plain; charset=utf-8";
            connection.respond(refusal.status(), refusal.fields(), kind, words.as_bytes())?;
            return Ok(true);
        }
    };
    let mut head = Vec::new();
    offer.accept(None, &(), &mut head).map_err(io::Error::other)?;
    connection.write(&head)?;
    let served = drive(server, connection, query);
    server.stats.add(query.text("client"), "socket", connection.take_counts());
    served?;
    Ok(false)
}

/// The run loop: write, wait for input or the next tick, receive.
fn drive(server: &Server, connection: &mut Connection, query: &Query<'_>) -> io::Result<()> {
    let mut config = Config::default();
    config.limits = message::Limits::default();
    config.close_timeout = Duration::from_secs(2);
    let Session { mut rx, mut tx } = Session::new(Side, &config);
    let origin = Instant::now();
    let now = || wirefeed::Instant::from_std(origin, Instant::now());
    let clock = query.ticks();
    let (mut last, mut heard) = (clock.newest(), Instant::now());
    let mut open = true;
    loop {
        // What was read before: on the first round, what came right after the request.
        let mut input = connection.unread();
        let heard_now = !input.is_empty();
        while let Ok(Step::Item(event)) = rx.receive(&mut tx, &mut input, now()) {
            let sent = match event {
                Event::Text(text) => tx.send_text(&text, now()),
                Event::Binary(bytes) => tx.send_binary(&bytes, now()),
                Event::Ping(_) | Event::Pong(_) | Event::Close(_) => Ok(()),
            };
            // A peer that sends and does not read: it is told, and left.
            if sent == Err(SendError::Full) {
                let _ = tx.close(Some(CloseCode::POLICY), "read what is sent", now());
            }
        }
        if heard_now {
            heard = Instant::now();
        }
        open &= tx.wants().end.is_none();
        if open && server.stopping.load(Ordering::Relaxed) {
            tx.close(Some(CloseCode::GOING_AWAY), "the server stops", now())
                .map_err(io::Error::other)?;
            open = false;
        }
        let mut messages = 0;
        if open {
            for n in clock.after(last) {
                last = n;
                let tick = ticks::json(n);
                let text = format!(r#"{{"type":"tick",{}"#, &tick[1..]);
                messages += u64::from(tx.send_text(&text, now()).is_ok());
            }
        }
        write(connection, &mut tx)?;
        let counts = Counts { messages, ..connection.take_counts() };
        server.stats.add(query.text("client"), "socket", counts);
        match tx.wants().end {
            Some(End::Close) => return Ok(()),
            Some(End::Shutdown) => return Ok(()), // the caller shuts down and lingers
            None => {}
        }
        let tick = if open { clock.until_after(last) } else { STEP };
        let wait = tick.min(STEP).max(Duration::from_millis(1));
        match connection.read(Instant::now() + wait) {
            Ok(0) => {
                // The peer has left, with or without a closing handshake.
                let _ = rx.receive_eof(&mut tx, now());
            }
            Ok(_) => {}
            Err(error) if is_timeout(&error) => tx.handle_timeout(now()),
            Err(error) => return Err(error),
        }
        if open && heard.elapsed() > SILENCE {
            let _ = tx.send_ping(b"", now());
            heard = Instant::now();
        }
    }
}

fn write(connection: &mut Connection, tx: &mut Sender<Side>) -> io::Result<()> {
    while tx.output().has_remaining() {
        let len = tx.output().chunk().len();
        connection.write(tx.output().chunk())?;
        tx.output().advance(len);
    }
    Ok(())
}

/// How soon a stopping server is noticed.
const STEP: Duration = Duration::from_millis(200);

/// A peer that says nothing for so long is asked.
const SILENCE: Duration = Duration::from_secs(20);
