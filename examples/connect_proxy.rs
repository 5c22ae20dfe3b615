//! A WebSocket through an HTTP proxy: CONNECT with credentials, the handshake inside the tunnel,
//! one message and its echo.
//!
//! ```text
//! cargo run --release --example connect_proxy -- --proxy user:secret@127.0.0.1:3128 \
//!     127.0.0.1:8080 /socket hello
//! ```

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Buf;
use clap::Parser;
use wirefeed::h1::{Client, Config, client};
use wirefeed::ws::handshake::{ClientHandshake, Offers};
use wirefeed::ws::{self, CloseCode, Session, Url};
use wirefeed::{End, Fields, Outbox, Step};

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
    let mut wire = Wire::new(TcpStream::connect(proxy)?)?;
    wire.connect(&cli.server, credentials)?;
    wire.open(&cli.server, &cli.target)?;
    let echo = wire.echo(&cli.message)?;
    println!("{echo}");
    Ok(())
}

/// A socket, and what was read from it and not used: after an upgrade that is the next protocol's.
struct Wire {
    stream: TcpStream,
    origin: Instant,
    unread: Vec<u8>,
}

impl Wire {
    fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self { stream, origin: Instant::now(), unread: Vec::new() })
    }

    /// Requests a tunnel to the server (RFC 9110 9.3.6).
    fn connect(&mut self, server: &str, credentials: Option<&str>) -> Result<(), Box<dyn Error>> {
        let mut fields = vec![("Host", server.to_owned())];
        if let Some(credentials) = credentials {
            let value = format!("Basic {}", STANDARD.encode(credentials));
            fields.push(("Proxy-Authorization", value));
        }
        self.upgrade("CONNECT", server, &fields[..], |response| match response.status() {
            200..300 => Ok(()),
            status => Err(format!("the proxy answers {status}").into()),
        })
    }

    /// Opens the WebSocket.
    fn open(&mut self, server: &str, target: &str) -> Result<(), Box<dyn Error>> {
        let (attempt, offers) = (ClientHandshake::upgrade(&mut random), Offers::default());
        let url = format!("ws://{server}{target}");
        let request = attempt.request(&Url::new(&url)?, &offers, &())?;
        self.upgrade(request.method(), request.target(), &request, |response| {
            Ok(attempt.verify(response.status(), response, &offers).map(|_| ())?)
        })
    }

    /// Sends a request that ends HTTP on this connection, and judges the response.
    fn upgrade(
        &mut self,
        method: &str,
        target: &str,
        fields: &(impl Fields + ?Sized),
        judge: impl Fn(&wirefeed::h1::Response<'_>) -> Result<(), Box<dyn Error>>,
    ) -> Result<(), Box<dyn Error>> {
        let mut http = Client::new(Config::client(), self.now());
        http.send_head(method, target, fields, self.now())?;
        http.tx.send_end(self.now())?;
        while http.tx.wants().end != Some(End::Upgrade) {
            self.write(http.tx.output())?;
            self.read()?;
            let now = self.now();
            let mut input = &self.unread[..];
            while let Step::Item(event) = http.rx.receive(&mut http.tx, &mut input, now)? {
                if let client::Event::Head(response) = event {
                    judge(&response)?;
                }
            }
            self.unread = input.to_vec();
        }
        Ok(())
    }

    /// Sends a message, and returns its echo.
    fn echo(&mut self, message: &str) -> Result<String, Box<dyn Error>> {
        let Session { mut rx, mut tx } =
            Session::new(ws::ClientRole(random), ws::Config::default(), self.now());
        tx.send_text(message, self.now())?;
        let mut echo = None;
        loop {
            let (now, mut bytes) = (self.now(), std::mem::take(&mut self.unread));
            let mut input = &mut bytes[..];
            while let Step::Item(event) = rx.receive(&mut tx, &mut input, now)? {
                match event {
                    ws::Event::Text(text) if &*text == message => {
                        echo = Some(text.to_owned());
                        tx.close(Some(CloseCode::NORMAL), "", now)?;
                    }
                    _ => {}
                }
            }
            self.write(tx.output())?;
            match (tx.wants().end, echo.take()) {
                (Some(_), Some(echo)) => return Ok(echo),
                (Some(_), None) => return Err("the server closed before its echo".into()),
                (None, found) => echo = found,
            }
            if self.read().is_err() {
                rx.receive_eof(&mut tx, self.now())?;
            }
        }
    }

    fn write(&mut self, output: &mut Outbox) -> io::Result<()> {
        while output.has_remaining() {
            let len = self.stream.write(output.chunk())?;
            output.advance(len);
        }
        Ok(())
    }

    fn read(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            len => {
                self.unread.extend_from_slice(&buffer[..len]);
                Ok(())
            }
        }
    }

    fn now(&self) -> wirefeed::Instant {
        wirefeed::Instant::from_std(self.origin, Instant::now())
    }
}

/// Unpredictable bytes, for mask keys (RFC 6455 10.3).
fn random(bytes: &mut [u8]) {
    // The system's own source, without another dependency for an example.
    let filled =
        std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(bytes));
    assert!(filled.is_ok(), "this system has no randomness");
}
