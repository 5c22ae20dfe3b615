//! An HTTP client on nothing but `std::net` and wirefeed, which prints its responses as JSON lines.
//!
//! ```text
//! cargo run -q --release --example fetch -- http://127.0.0.1:8080/ http://127.0.0.1:8080/download
//! ```
//!
//! Requests to one server share one connection as long as it lasts. An incomplete or invalid
//! response ends the run with its error, offset and blame, and exit code 1.

mod connection;

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use connection::{Connection, Failure, Request};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wirefeed::Fields;
use wirefeed::h1::client::Event;
use wirefeed::h1::{Framing, framing};

#[derive(Parser)]
#[command(about = "An HTTP client that says what each response was, as JSON lines")]
struct Cli {
    /// The method [default: GET, or POST with --data]
    #[arg(short = 'X')]
    method: Option<String>,
    /// A field of the requests, 'Name: value'
    #[arg(short = 'H', value_parser = field)]
    fields: Vec<(String, String)>,
    /// The file to send as the body, or - for stdin, which goes in chunks
    #[arg(long)]
    data: Option<PathBuf>,
    /// Send the body in chunks
    #[arg(long)]
    chunked: bool,
    /// Wait for 100 (Continue) before sending the body
    #[arg(long)]
    expect: bool,
    /// A trailer of a body in chunks, 'Name: value'
    #[arg(long = "trailer", value_parser = field)]
    trailers: Vec<(String, String)>,
    /// Where to write the bodies, one after the other
    #[arg(short = 'o')]
    output: Option<PathBuf>,
    #[arg(required = true, value_parser = url)]
    urls: Vec<Url>,
}

#[derive(Clone)]
struct Url {
    /// Host and port, as the URL has them.
    authority: String,
    target: String,
}

fn field(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once(':').ok_or("a field is 'Name: value'")?;
    Ok((name.into(), value.trim().into()))
}

fn url(text: &str) -> Result<Url, &'static str> {
    let rest = text.strip_prefix("http://").ok_or("only http:// is spoken")?;
    let rest = rest.split('#').next().unwrap_or_default();
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let root = if target.starts_with('/') { "" } else { "/" };
    Ok(Url { authority: authority.into(), target: format!("{root}{target}") })
}

fn main() -> ExitCode {
    let Err(failure) = fetch_all(&Cli::parse()) else { return ExitCode::SUCCESS };
    let error = match failure {
        Failure::Http(error) => json!({"event": "error", "kind": format!("{:?}", error.kind),
            "at": error.at, "blame": error.blame().to_string(), "words": error.kind.to_string()}),
        Failure::Io(error) => json!({"event": "error", "kind": format!("{:?}", error.kind()),
            "words": error.to_string()}),
    };
    println!("{error}");
    ExitCode::FAILURE
}

fn fetch_all(cli: &Cli) -> Result<(), Failure> {
    let mut output = cli.output.as_ref().map(File::create).transpose()?;
    let mut kept: Option<(&str, Connection)> = None;
    for url in &cli.urls {
        let mut reused = match &mut kept {
            Some((authority, connection)) => *authority == url.authority && connection.is_open()?,
            None => false,
        };
        let (authority, mut connection) = match kept.take() {
            Some(kept) if reused => kept,
            _ => (&*url.authority, url.connect()?),
        };
        let mut report = Report::new(cli.method(), output.as_mut());
        let mut exchanged = connection.exchange(cli.request(url)?, |event| report.add(event));
        // A server may close an idle connection just as it is used again. Idempotent requests are
        // repeated once (RFC 9110 9.2.2).
        let repeatable = matches!(cli.method(), "GET" | "HEAD" | "OPTIONS") && cli.data.is_none();
        if exchanged.is_err() && reused && repeatable && !connection.has_heard() {
            (connection, reused) = (url.connect()?, false);
            exchanged = connection.exchange(cli.request(url)?, |event| report.add(event));
        }
        exchanged?;
        report.end(reused);
        kept = Some((authority, connection));
    }
    Ok(())
}

impl Url {
    fn connect(&self) -> io::Result<Connection> {
        let (authority, last) = (&self.authority, self.authority.rsplit(':').next());
        let has_port = last != Some(authority) && last.is_some_and(|port| !port.ends_with(']'));
        let port = if has_port { "" } else { ":80" };
        Connection::new(TcpStream::connect(format!("{authority}{port}"))?)
    }
}

impl Cli {
    fn method(&self) -> &str {
        let default = if self.data.is_some() { "POST" } else { "GET" };
        self.method.as_deref().unwrap_or(default)
    }

    fn request<'a>(&'a self, url: &'a Url) -> io::Result<Request<'a>> {
        let mut fields = self.fields.clone();
        let mut add = |name: &str, value: &str| fields.push((name.into(), value.into()));
        if self.fields[..].value_of("host").is_none() {
            add("Host", &url.authority);
        }
        let mut body: Option<Box<dyn Read>> = None;
        if let Some(path) = &self.data {
            let stdin = path.as_os_str() == "-";
            let file = if stdin { None } else { Some(File::open(path)?) };
            match &file {
                Some(file) if !self.chunked => {
                    add("Content-Length", &file.metadata()?.len().to_string());
                }
                _ => add("Transfer-Encoding", "chunked"),
            }
            body =
                Some(file.map_or_else(|| Box::new(io::stdin()) as _, |file| Box::new(file) as _));
            for (name, _) in &self.trailers {
                add("Trailer", name);
            }
            if self.expect {
                add("Expect", "100-continue");
            }
        }
        let (method, target, trailers) = (self.method(), &*url.target, &self.trailers[..]);
        Ok(Request { method, target, fields, body, trailers })
    }
}

/// A response.
struct Report<'a> {
    method: &'a str,
    output: Option<&'a mut File>,
    status: u16,
    ended_by: &'static str,
    bytes: usize,
    digest: Sha256,
    trailers: Value,
}

impl<'a> Report<'a> {
    fn new(method: &'a str, output: Option<&'a mut File>) -> Self {
        let (digest, trailers) = (Sha256::new(), json!([]));
        Self { method, output, status: 0, ended_by: "", bytes: 0, digest, trailers }
    }

    fn add(&mut self, event: Event<'_, '_>) -> io::Result<()> {
        match event {
            Event::Informational(head) => print_head("informational", head.status(), &head),
            Event::Head(head) => {
                self.status = head.status();
                self.ended_by = match framing::response(&head, self.method) {
                    Ok(Framing::Length(_)) => "length",
                    Ok(Framing::Chunked) => "chunks",
                    Ok(Framing::UntilClose) => "close",
                    Ok(Framing::None) | Err(_) => "head",
                };
                print_head("head", head.status(), &head);
            }
            Event::Data(piece) => {
                self.bytes += piece.len();
                self.digest.update(piece);
                if let Some(output) = &mut self.output {
                    output.write_all(piece)?;
                }
            }
            Event::Trailers(trailers) => self.trailers = pairs(&trailers),
        }
        Ok(())
    }

    fn end(self, reused: bool) {
        let sha256: String = self.digest.finalize().iter().map(|b| format!("{b:02x}")).collect();
        let Self { status, bytes, trailers, ended_by, .. } = self;
        let end = json!({"event": "end", "status": status, "bytes": bytes, "sha256": sha256,
            "trailers": trailers, "reused": reused, "ended_by": ended_by});
        println!("{end}");
    }
}

fn print_head(event: &str, status: u16, fields: &impl Fields) {
    println!("{}", json!({"event": event, "status": status, "fields": pairs(fields)}));
}

/// Fields as `[[name, value], …]`, each byte of a value a Latin-1 character.
fn pairs(fields: &impl Fields) -> Value {
    let latin1 = |value: &[u8]| value.iter().copied().map(char::from).collect::<String>();
    fields.fields().map(|field| json!([field.name, latin1(field.value)])).collect()
}
