//! An `EventSource` on nothing but `std::net` and wirefeed: what it sees, as JSON lines.
//!
//! ```text
//! cargo run -q --release --example events -- http://127.0.0.1:8080/events --events 10
//! ```
//!
//! It reconnects, asks for what came after the last event, and follows redirects, until the server ends
//! it for good (204 does) or an option does.

#[path = "../fetch/connection.rs"]
#[expect(dead_code, reason = "fetch uses a connection more than once, and tells what went wrong")]
mod connection;

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use connection::{Connection, Request, Sending};
use serde_json::json;
use url::Url;
use wirefeed::Step;
use wirefeed::h1::client;
use wirefeed::sse::client::{Config, Event, FIELDS, ReadyState};
use wirefeed::sse::{Command, EventSource};

#[derive(Parser)]
#[command(about = "An EventSource that says what it sees, as JSON lines")]
struct Cli {
    /// Where the events come from; only http:// is spoken
    url: Url,
    /// The last event that was seen before
    #[arg(long, value_name = "ID")]
    last_event_id: Option<String>,
    /// Comes back after so many seconds at least, whatever the server says; 0.5 by default
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    retry_floor: Option<Duration>,
    /// Doubles the delay with each failure, up to so many seconds, and varies it
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    retry_cap: Option<Duration>,
    /// Reconnects where nothing has come for so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    idle: Option<Duration>,
    /// Reconnects after 429 and 5xx too, as a client behind a proxy wants it
    #[arg(long)]
    retry_refusals: bool,
    /// Closes at the event that holds just this, such as [DONE], and does not print it
    #[arg(long, value_name = "DATA")]
    until: Option<String>,
    /// Closes after so many events
    #[arg(long, value_name = "N")]
    events: Option<u64>,
    /// Closes after so many lost connections
    #[arg(long, value_name = "N")]
    errors: Option<u64>,
    /// Closes after so many seconds
    #[arg(long, value_parser = seconds)]
    seconds: Option<Duration>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn main() {
    Reader::new(Cli::parse()).run();
}

/// Drives an `EventSource`, and prints what comes of it.
struct Reader {
    cli: Cli,
    source: EventSource<fn(&mut [u8])>,
    attempt: u64,
    /// The URL of the last request.
    url: Url,
    exchange: Option<Exchange>,
    origin: Instant,
    events: u64,
    errors: u64,
}

/// A connection, and the request on it.
type Exchange = (Connection, Sending);

impl Reader {
    fn new(cli: Cli) -> Self {
        let mut policy = Config::default();
        policy.idle = cli.idle;
        policy.retry_refusals = cli.retry_refusals;
        if let Some(floor) = cli.retry_floor {
            policy.backoff.floor = floor;
        }
        if cli.retry_cap.is_some() {
            policy.backoff.cap = cli.retry_cap;
            (policy.backoff.growth, policy.backoff.jitter) = (2, 50);
        }
        let mut source = EventSource::new(cli.url.as_str(), policy, entropy as fn(&mut [u8]));
        if let Some(id) = &cli.last_event_id {
            source.set_last_event_id(id);
        }
        let (url, origin) = (cli.url.clone(), Instant::now());
        Self { cli, source, attempt: 0, url, exchange: None, origin, events: 0, errors: 0 }
    }

    /// Runs until the source is closed.
    fn run(mut self) {
        loop {
            self.source.handle_timeout(self.now());
            if self.end().is_some_and(|end| self.now() >= end) {
                self.source.close();
            }
            self.pull(b"");
            let (url, last_event_id) = match self.source.poll_command() {
                Some(Command::Connect { attempt, url, last_event_id }) => {
                    self.attempt = attempt;
                    (Url::parse(url), last_event_id)
                }
                Some(Command::Redirect { location, last_event_id, .. }) => {
                    (self.url.join(location), last_event_id)
                }
                Some(Command::Cancel { .. }) => {
                    self.exchange = None;
                    continue;
                }
                None => {
                    if self.source.ready_state() == ReadyState::Closed {
                        return;
                    }
                    self.wait();
                    continue;
                }
            };
            let asked = url.map_err(|_| Missed::Futile).and_then(|url| {
                let exchange = ask(&url, last_event_id);
                self.url = url;
                exchange
            });
            // The source is to come back to where a redirect has led.
            self.source.redirected(self.attempt, self.url.as_str());
            match asked {
                Ok(exchange) => self.exchange = Some(exchange),
                Err(Missed::Lost) => self.source.transport_error(self.attempt, self.now()),
                Err(Missed::Futile) => self.source.connection_failed(self.attempt, self.now()),
            }
        }
    }

    /// Waits for the response or for the next deadline.
    fn wait(&mut self) {
        let next = [self.source.poll_timeout(), self.end()].into_iter().flatten().min();
        let time = next.map(|next| next.duration_since(self.now()));
        if let Some((mut connection, mut sending)) = self.exchange.take() {
            let over = connection.advance(&mut sending, time, |event| {
                self.take(event);
                Ok(())
            });
            match over {
                Ok(false) => self.exchange = Some((connection, sending)),
                Ok(true) => self.source.response_end(self.attempt, self.now()),
                Err(_) => self.source.transport_error(self.attempt, self.now()),
            }
        } else {
            // Without a connection it waits to reconnect: there is a deadline.
            thread::sleep(time.unwrap_or_default());
        }
    }

    /// Hands on what has come of the response.
    fn take(&mut self, event: client::Event<'_, '_>) {
        match event {
            client::Event::Head(head) => {
                self.source.response_head(self.attempt, head.status(), &head, self.now());
                self.pull(b"");
            }
            client::Event::Data(piece) => self.pull(piece),
            client::Event::Informational(_) | client::Event::Trailers(_) => {}
        }
    }

    /// Prints what the source has to tell.
    fn pull(&mut self, mut input: &[u8]) {
        let now = self.now();
        while let Step::Item(event) = self.source.receive(self.attempt, &mut input, now) {
            let sentinel = self.cli.until.as_deref();
            let mut line = match event {
                Event::Message(event) if sentinel.is_some_and(|it| event.is_sentinel(it)) => {
                    self.source.close();
                    continue;
                }
                Event::Open => json!({"open": self.url.as_str()}),
                Event::Message(event) => {
                    self.events += 1;
                    let origin = self.url.origin().ascii_serialization();
                    json!({"event": event.event, "data": event.data, "id": event.id.unwrap_or_default(),
                        "origin": origin})
                }
                Event::Retry(time) => json!({"retry_ms": time.as_millis()}),
                Event::Comment(text) => json!({"comment": String::from_utf8_lossy(text)}),
                Event::Skipped(error) => json!({"skipped": error.to_string()}),
                Event::Error(error) => {
                    self.errors += 1;
                    let delay = error.reconnects_in.map(|delay| delay.as_millis());
                    json!({"error": format!("{:?}", error.reason), "reconnects_in_ms": delay})
                }
            };
            line["readyState"] = json!(self.source.ready_state() as u8);
            println!("{line}");
            let reached = |count, most: Option<u64>| most.is_some_and(|most| count >= most);
            if reached(self.events, self.cli.events) || reached(self.errors, self.cli.errors) {
                self.source.close();
            }
        }
    }

    /// When to close.
    fn end(&self) -> Option<wirefeed::Instant> {
        self.cli.seconds.map(|seconds| wirefeed::Instant::ZERO + seconds)
    }

    /// The time as the source counts it.
    fn now(&self) -> wirefeed::Instant {
        wirefeed::Instant::from_std(self.origin, Instant::now())
    }
}

/// Why a request was not sent.
enum Missed {
    /// There is no connection now.
    Lost,
    /// It is no request that HTTP could send.
    Futile,
}

/// Sends the request of an `EventSource`.
fn ask(url: &Url, last_event_id: &str) -> Result<Exchange, Missed> {
    if url.scheme() != "http" {
        return Err(Missed::Futile);
    }
    let mut connection = connect(url).map_err(|_| Missed::Lost)?;
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let mut fields = vec![("Host".to_owned(), host.to_owned())];
    fields.extend(FIELDS.map(|(name, value)| (name.into(), value.into())));
    if !last_event_id.is_empty() {
        fields.push(("Last-Event-ID".into(), last_event_id.into()));
    }
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let request = Request { method: "GET", target, fields, body: None, trailers: &[] };
    // Nothing is written yet: what fails is a field that must not be sent, such as an id with a control.
    let sending = connection.send(request).map_err(|_| Missed::Futile)?;
    Ok((connection, sending))
}

fn connect(url: &Url) -> io::Result<Connection> {
    let addresses = url.socket_addrs(|| None)?;
    Connection::new(TcpStream::connect(&addresses[..])?)
}

/// Random bytes from what seeds the hash maps of the standard library: enough for jitter.
fn entropy(bytes: &mut [u8]) {
    for piece in bytes.chunks_mut(8) {
        let random = RandomState::new().hash_one(()).to_le_bytes();
        piece.copy_from_slice(&random[..piece.len()]);
    }
}
