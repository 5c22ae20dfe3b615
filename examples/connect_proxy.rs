//! A WebSocket through an HTTP proxy: CONNECT with credentials, the handshake inside the tunnel,
//! one message and its echo.
//!
//! ```text
//! cargo run --release --example connect_proxy -- --proxy user:secret@127.0.0.1:3128 \
//!     127.0.0.1:8080 /socket hello
//! ```

#[path = "support/link.rs"]
mod link;

use std::error::Error;
use std::io::Read;
use std::net::TcpStream;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use link::Link;
use wirefeed::h1::{self, Response, client::Event};
use wirefeed::ws::handshake::{ClientHandshake, Offers};
use wirefeed::ws::{self, CloseCode, Session, Url};
use wirefeed::{End, Fields, Step};

#[derive(Parser)]
#[command(
    about = "Sends a message to a WebSocket server through an HTTP proxy, and prints its echo"
)]
struct Cli {
    /// The proxy: `user:password@host:port`, or `host:port`
    #[arg(long)]
    proxy: String,
    /// The server: `host:port`
    server: String,
    /// The target of the request
    target: String,
    /// The message
    message: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let cli = Cli::parse();
    let (credentials, proxy) = match cli.proxy.rsplit_once('@') {
        Some((credentials, proxy)) => (Some(credentials), proxy),
        None => (None, &cli.proxy[..]),
    };
    let mut link = Link::new(TcpStream::connect(proxy)?)?;
    connect(&mut link, &cli.server, credentials)?;
    open(&mut link, &cli.server, &cli.target)?;
    println!("{}", echo(link, &cli.message)?);
    Ok(())
}

/// Requests a tunnel to the server (RFC 9110 9.3.6).
fn connect(link: &mut Link, server: &str, credentials: Option<&str>) -> Result<(), Box<dyn Error>> {
    let mut fields = vec![("Host", server.to_owned())];
    if let Some(credentials) = credentials {
        let value = format!("Basic {}", STANDARD.encode(credentials));
        fields.push(("Proxy-Authorization", value));
    }
    upgrade(link, "CONNECT", server, &fields[..], |response| match response.status() {
        200..300 => Ok(()),
        status => Err(format!("the proxy answers {status}").into()),
    })
}

/// Opens the WebSocket.
fn open(link: &mut Link, server: &str, target: &str) -> Result<(), Box<dyn Error>> {
    let (attempt, offers) = (ClientHandshake::upgrade(&mut random), Offers::default());
    let url = format!("ws://{server}{target}");
    let request = attempt.request(&Url::new(&url)?, &offers, &())?;
    upgrade(link, request.method(), request.target(), &request, |response| {
        Ok(attempt.verify(response.status(), response, &offers).map(|_| ())?)
    })
}

/// Sends a request that ends HTTP on this connection, and judges the response.
fn upgrade(
    link: &mut Link,
    method: &str,
    target: &str,
    fields: &(impl Fields + ?Sized),
    judge: impl Fn(&Response<'_>) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut http = h1::Client::new(h1::Config::client(), link.now());
    http.send_head(method, target, fields, link.now())?;
    http.send_end(link.now())?;
    link.write(http.output())?;
    while http.wants().end != Some(End::Upgrade) {
        let now = link.now();
        let mut input = link.read()?;
        while let Step::Item(event) = http.rx.receive(&mut http.tx, &mut input, now)? {
            if let Event::Head(response) = event {
                judge(&response)?;
            }
        }
        let left = input.len();
        link.use_all_but(left);
    }
    Ok(())
}

/// Sends a message, and returns its echo.
fn echo(link: Link, message: &str) -> Result<String, Box<dyn Error>> {
    let mut session = Session::new(ws::ClientRole(random), ws::Config::default(), link.now());
    session.tx.send_text(message, link.now())?;
    let mut echo = None;
    link.drive(session, |tx, event, now| match event {
        ws::Event::Text(text) if &*text == message => {
            echo = Some(text.into_string());
            tx.close(Some(CloseCode::NORMAL), "", now)
        }
        _ => Ok(()),
    })?;
    Ok(echo.ok_or("the server closed before its echo")?)
}

/// Unpredictable bytes, for mask keys (RFC 6455 10.3).
fn random(bytes: &mut [u8]) {
    let filled =
        std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(bytes));
    assert!(filled.is_ok(), "this system has no randomness");
}
