//! A client that echoes what a fuzzing server sends: it asks how many cases there are, runs each, and
//! has the report written.
//!
//! ```text
//! cargo run --release --features deflate --example autobahn_client -- 127.0.0.1:9001
//! ```

#[path = "support/link.rs"]
mod link;

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::net::TcpStream;

use link::Link;
use wirefeed::Step;
use wirefeed::h1::{self, client::Event};
use wirefeed::ws::deflate::Pool;
use wirefeed::ws::handshake::{self, DeflateConfig, Offers};
use wirefeed::ws::{self, Client, Config, Session};

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("usage: autobahn_client ADDRESS")?;
    let (pool, mut count) = (Pool::default(), String::new());
    let (link, session) = open(&address, "/getCaseCount", &pool)?;
    link.drive(session, |_, event, _| {
        if let ws::Event::Text(text) = event {
            count = text.to_owned();
        }
        Ok(())
    })?;
    let count: u32 = count.parse()?;
    for case in 1..=count {
        let (link, session) =
            open(&address, &format!("/runCase?case={case}&agent=wirefeed"), &pool)?;
        link.drive(session, link::echo)?;
    }
    let (link, session) = open(&address, "/updateReports?agent=wirefeed", &pool)?;
    link.drive(session, |_, _, _| Ok(()))?;
    println!("{count} cases");
    Ok(())
}

/// Opens a connection that offers permessage-deflate.
fn open(address: &str, target: &str, pool: &Pool) -> Result<Connection, Box<dyn Error>> {
    let mut link = Link::new(TcpStream::connect(address)?)?;
    let (attempt, mut deflate) = (handshake::Client::new(&mut random), DeflateConfig::client());
    // Some servers ask for it only of those who offer it.
    deflate.client_no_context_takeover = true;
    let (offer, mut offers) = (deflate.offer(), Offers::default());
    offers.extensions = Some(offer.as_str());

    let mut http = h1::Client::new(&h1::Config::client());
    http.send_head("GET", target, &attempt.request(address, &offers, &())?, link.now())?;
    http.tx.send_end(link.now())?;
    link.write(http.tx.output())?;
    let mut agreed = None;
    while !http.tx.is_upgraded() {
        let now = link.now();
        let mut input = link.read()?;
        while let Step::Item(event) = http.rx.receive(&mut http.tx, &mut input, now)? {
            if let Event::Head(response) = event {
                attempt.verify(response.status(), &response, &offers)?;
                agreed = deflate.verify(&response)?;
            }
        }
        let left = input.len();
        link.use_all_but(left);
    }

    let (role, mut config) = (Client(random as Random), Config::default());
    config.output = None; // an echo is never longer than what asked for it
    config.compress_from = 0; // an echo is compressed as what asked for it
    let session = match agreed {
        Some(params) => Session::with_deflate(role, &config, &params, pool),
        None => Session::new(role, &config),
    };
    Ok((link, session))
}

type Connection = (Link, Session<Client<Random>>);

/// Where mask keys come from.
type Random = fn(&mut [u8]);

/// Bytes that nobody can predict: mask keys must be such (RFC 6455 10.3).
fn random(bytes: &mut [u8]) {
    let filled = File::open("/dev/urandom").and_then(|mut source| source.read_exact(bytes));
    assert!(filled.is_ok(), "this system has no randomness");
}
