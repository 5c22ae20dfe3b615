//! An echo server over WebSocket with permessage-deflate, one thread a connection, for a fuzzing
//! client.
//!
//! ```text
//! cargo run --release --features deflate --example autobahn_server -- 127.0.0.1:9001
//! ```

#[path = "support/echo.rs"]
mod echo;
#[path = "support/link.rs"]
mod link;

use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::thread;

use link::Link;
use wirefeed::h1::server::{Event, ServerSide};
use wirefeed::h1::{self, Request, Sender};
use wirefeed::ws::deflate::Pool;
use wirefeed::ws::handshake::{DeflateConfig, DeflateParams, ServerHandshake};
use wirefeed::ws::{Config, ServerRole, Session};
use wirefeed::{End, Instant, Step};

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("usage: autobahn_server ADDRESS")?;
    let (listener, pool) = (TcpListener::bind(address)?, Pool::default());
    println!("listening on {}", listener.local_addr()?);
    for stream in listener.incoming() {
        let (stream, pool) = (stream?, pool.clone());
        thread::spawn(move || {
            if let Err(error) = serve(stream, &pool) {
                eprintln!("{error}");
            }
        });
    }
    Ok(())
}

fn serve(stream: TcpStream, pool: &Pool) -> Result<(), Box<dyn Error>> {
    let mut link = Link::new(stream)?;
    let Some(agreed) = accept(&mut link)? else { return Ok(()) };
    let mut config = Config::default();
    config.output = None; // an echo is never longer than its message
    config.compress_from = 0; // an echo is compressed if its message was
    let session = match agreed {
        Some(params) => Session::with_deflate(ServerRole, config, &params, pool, link.now()),
        None => Session::new(ServerRole, config, link.now()),
    };
    link.drive(session, echo::echo)?;
    Ok(())
}

/// The handshake: the negotiated compression; `None` if no connection was opened.
fn accept(link: &mut Link) -> Result<Option<Option<DeflateParams>>, Box<dyn Error>> {
    let h1::Server { mut rx, mut tx } = h1::Server::new(h1::Config::server(), link.now());
    let mut agreed = None;
    while tx.wants().end.is_none() {
        let now = link.now();
        let mut input = link.read()?;
        while let Ok(Step::Item(event)) = rx.receive(&mut tx, &mut input, now) {
            if let Event::Head(request) = event {
                agreed = answer(&request, &mut tx, now)?;
            }
        }
        let left = input.len();
        link.use_all_but(left);
        link.write(tx.output())?;
    }
    Ok((tx.wants().end == Some(End::Upgrade)).then_some(agreed))
}

/// Accepts a request, or refuses it.
fn answer(
    request: &Request<'_>,
    tx: &mut Sender<ServerSide>,
    now: Instant,
) -> Result<Option<DeflateParams>, Box<dyn Error>> {
    let judged = ServerHandshake::upgrade(request.method(), request)
        .and_then(|handshake| Ok((handshake, DeflateConfig::server().answer(request)?)));
    match judged {
        Ok((handshake, deflate)) => {
            let extensions = deflate.as_ref().map(|(_, value)| value.as_str());
            let response = handshake.accept(None, extensions, &())?;
            tx.send_head(response.status(), &response, now)?;
            Ok(deflate.map(|(params, _)| params))
        }
        Err(refusal) => {
            let fields = [refusal.fields(), &[("Content-Length", "0")]].concat();
            tx.send_head(refusal.status(), &fields[..], now)?;
            tx.send_end(now)?;
            Ok(None)
        }
    }
}
