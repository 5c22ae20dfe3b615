//! A client's connection: TCP, the handshake, and the negotiated compression.

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::net::TcpStream;

use wirefeed::h1::{self, client::Event};
use wirefeed::ws::deflate::Pool;
use wirefeed::ws::handshake::{ClientHandshake, DeflateConfig, Offers};
use wirefeed::ws::{ClientRole, Config, Session, Url};
use wirefeed::{End, Fields, Step};

use crate::link::Link;

/// A connection whose handshake is complete.
pub(crate) struct Connection {
    pub(crate) link: Link,
    pub(crate) session: Session<ClientRole<Random>>,
    /// The server's answer about extensions.
    pub(crate) extensions: Option<String>,
}

/// Opens a connection that offers permessage-deflate.
pub(crate) fn open(address: &str, target: &str, pool: &Pool) -> Result<Connection, Box<dyn Error>> {
    let mut link = Link::new(TcpStream::connect(address)?)?;
    let (attempt, mut deflate) = (ClientHandshake::upgrade(&mut random), DeflateConfig::client());
    // Some servers require it only of a client that offers it.
    deflate.client_no_context_takeover = true;
    let (offer, mut offers) = (deflate.offer(), Offers::default());
    offers.extensions = Some(offer.as_str());

    let mut http = h1::Client::new(h1::Config::client(), link.now());
    let url = format!("ws://{address}{target}");
    let request = attempt.request(&Url::new(&url)?, &offers, &())?;
    http.send_head(request.method(), request.target(), &request, link.now())?;
    http.tx.send_end(link.now())?;
    link.write(http.tx.output())?;
    let (mut agreed, mut extensions) = (None, None);
    while http.tx.wants().end != Some(End::Upgrade) {
        let now = link.now();
        let mut input = link.read()?;
        while let Step::Item(event) = http.rx.receive(&mut http.tx, &mut input, now)? {
            if let Event::Head(response) = event {
                attempt.verify(response.status(), &response, &offers)?;
                agreed = deflate.verify(&response)?;
                let said = response.value_of("Sec-WebSocket-Extensions");
                extensions = said.map(|it| String::from_utf8_lossy(it).into_owned());
            }
        }
        let left = input.len();
        link.use_all_but(left);
    }

    let (role, mut config) = (ClientRole(random as Random), Config::default());
    config.output = None; // the peer reads all that is sent, or the write fails
    config.compress_from = 0; // an echo is compressed if its message was
    let session = match agreed {
        Some(params) => Session::with_deflate(role, config, &params, pool, link.now()),
        None => Session::new(role, config, link.now()),
    };
    Ok(Connection { link, session, extensions })
}

/// A source of mask keys.
pub(crate) type Random = fn(&mut [u8]);

/// Unpredictable bytes, for mask keys (RFC 6455 10.3).
fn random(bytes: &mut [u8]) {
    let filled = File::open("/dev/urandom").and_then(|mut source| source.read_exact(bytes));
    assert!(filled.is_ok(), "this system has no randomness");
}
