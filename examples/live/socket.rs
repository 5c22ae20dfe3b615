//! The WebSocket: an echo, and the clock.

use std::io;
use std::time::{Duration, Instant};

use bytes::Buf;
use wirefeed::ws::{CloseCode, Config, Event, Sender, Server as Side, Session, handshake};
use wirefeed::{SendError, Step};

use crate::driver::{Connection, PATIENCE, Refused, TEXT, is_timeout};
use crate::routes::{Exchange, Goes, STEP};
use crate::ticks;

/// Opens a connection and drives its session to its end; never another request.
pub(crate) fn serve(exchange: &mut Exchange<'_>) -> Result<Goes, Refused> {
    let Exchange { connection, request, .. } = exchange;
    let offer = match handshake::read_request(&request.method, &request.fields[..]) {
        Ok(offer) => offer,
        Err(refusal) => {
            let words = format!("{refusal}\n");
            connection.respond(refusal.status(), refusal.fields(), TEXT, words.as_bytes())?;
            return Ok(true);
        }
    };
    let mut head = Vec::new();
    offer.accept(None, &(), &mut head).map_err(io::Error::other)?;
    connection.write(&head)?;
    drive(exchange)?;
    Ok(false)
}

/// The run loop: receive, send, write, wait for input or the next tick.
fn drive(exchange: &mut Exchange<'_>) -> io::Result<()> {
    let mut config = Config::default();
    config.close_timeout = Duration::from_secs(2);
    let Session { mut rx, mut tx } = Session::new(Side, &config);
    let origin = Instant::now();
    let now = || wirefeed::Instant::from_std(origin, Instant::now());
    let clock = exchange.ticks();
    let (mut last, mut heard, mut asked) = (clock.newest(), Instant::now(), false);
    loop {
        // On the first round, what came right after the request.
        let mut input = exchange.connection.unread();
        while let Ok(Step::Item(event)) = rx.receive(&mut tx, &mut input, now()) {
            (heard, asked) = (Instant::now(), false);
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
        tx.handle_timeout(now());
        if exchange.server.is_stopping() {
            let _ = tx.close(Some(CloseCode::GOING_AWAY), "the server stops", now());
        } else if heard.elapsed() > SILENCE + PATIENCE {
            let _ = tx.close(Some(CloseCode::POLICY), "silent for too long", now());
        } else if heard.elapsed() > SILENCE && !asked {
            asked = tx.send_ping(b"", now()).is_ok();
        }
        let mut messages = 0;
        for n in clock.after(last) {
            last = n;
            let tick = ticks::json(n);
            let text = format!(r#"{{"type":"tick",{}"#, &tick[1..]);
            messages += usize::from(tx.send_text(&text, now()).is_ok());
        }
        write(exchange.connection, &mut tx)?;
        exchange.count("socket", messages);
        if tx.wants().end.is_some() {
            // The connection is shut down, read for a while and closed by whoever opened it.
            return Ok(());
        }
        let wait = clock.until_after(last).clamp(Duration::from_millis(1), STEP);
        match exchange.connection.read(Instant::now() + wait) {
            Ok(0) => {
                // The peer has left, with or without a closing handshake.
                let _ = rx.receive_eof(&mut tx, now());
            }
            Ok(_) => {}
            Err(error) if is_timeout(&error) => {}
            Err(error) => return Err(error),
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

/// A peer that says nothing for so long is asked, and then has [`PATIENCE`] to answer.
const SILENCE: Duration = Duration::from_secs(20);
