//! The WebSocket: an echo, and the clock.

use std::io;
use std::time::{Duration, Instant};

use wirefeed::ws::handshake::ServerHandshake;
use wirefeed::ws::{CloseCode, Config, Event, ServerRole, Session};
use wirefeed::{SendError, Step};

use crate::driver::{PATIENCE, TEXT};
use crate::routes::{Exchange, STEP};
use crate::ticks;
use crate::wire::Came;

/// Opens a connection and drives its session to its end.
pub(crate) fn serve(exchange: &mut Exchange<'_>) -> io::Result<()> {
    let Exchange { connection, request, .. } = exchange;
    match ServerHandshake::upgrade(&request.method, &request.fields[..]) {
        Ok(handshake) => {
            let response = handshake.accept(None, None, &()).map_err(io::Error::other)?;
            connection.start(response.status(), &response)?;
            drive(exchange)
        }
        Err(refusal) => {
            let words = format!("{refusal}\n");
            connection.respond(refusal.status(), refusal.fields(), TEXT, words.as_bytes())
        }
    }
}

/// The run loop: receive, send, write, wait for input or the next tick.
fn drive(exchange: &mut Exchange<'_>) -> io::Result<()> {
    let mut config = Config::default();
    config.close_timeout = Some(Duration::from_secs(2));
    // A peer that is silent for so long gets a ping, and has `PATIENCE` to answer it.
    (config.ping_interval, config.pong_timeout) = (Some(Duration::from_secs(20)), Some(PATIENCE));
    let origin = Instant::now();
    let now = || wirefeed::Instant::from_std(origin, Instant::now());
    let Session { mut rx, mut tx } = Session::new(ServerRole, config, now());
    let clock = exchange.ticks();
    let mut last = clock.newest();
    loop {
        // On the first round, what came right after the request.
        let mut input = exchange.connection.wire.unread();
        while let Ok(Step::Item(event)) = rx.receive(&mut tx, &mut input, now()) {
            let sent = match event {
                Event::Text(text) => tx.send_text(&text, now()),
                Event::Binary(bytes) => tx.send_binary(&bytes, now()),
                Event::Ping(_) | Event::Pong(_) | Event::Close(_) => Ok(()),
            };
            // The peer sends and does not read: tell it, and close.
            if sent == Err(SendError::Full) {
                let _ = tx.close(Some(CloseCode::POLICY), "read what is sent", now());
            }
        }
        exchange.connection.wire.use_all_but(0);
        tx.handle_timeout(now());
        if exchange.server.is_stopping() {
            let _ = tx.close(Some(CloseCode::GOING_AWAY), "the server stops", now());
        }
        let mut messages = 0;
        for n in clock.after(last) {
            last = n;
            let tick = ticks::json(n);
            let text = format!(r#"{{"type":"tick",{}"#, &tick[1..]);
            messages += usize::from(tx.send_text(&text, now()).is_ok());
        }
        let written = Instant::now();
        while !tx.output().is_empty() {
            exchange.connection.wire.write(tx.output())?;
            if written.elapsed() > PATIENCE {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        exchange.count("socket", messages);
        if tx.wants().end.is_some() {
            // The caller shuts the connection down, reads for a while, and closes it.
            return Ok(());
        }
        let wait = clock.until_after(last).clamp(Duration::from_millis(1), STEP);
        if let Came::End = exchange.connection.wire.read(wait)? {
            // The peer has left, with or without a closing handshake.
            let _ = rx.receive_eof(&mut tx, now());
        }
    }
}
