//! Prints the items of a stream as JSON lines.
//!
//! ```text
//! curl -sN URL | cargo run -q --release --example inspect -- sse
//! ```
//!
//! An error goes to stderr, with its kind, its offset, its blame and the bytes around it, and the
//! exit code is 1.

mod support;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use support::{Fault, Inspector, Job, Kind, Role};

#[derive(Parser)]
#[command(about = "Looks at a stream: what its bytes mean, item by item, as JSON lines")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// An event stream (text/event-stream)
    Sse(Stream),
    /// A chunked body
    Chunked(Stream),
    /// HTTP/1.1 requests, one after the other
    Request(Stream),
    /// HTTP/1.1 responses, one after the other
    Response(Stream),
    /// WebSocket frames, after the handshake
    Ws(Stream),
    /// JSON lines in, one answer each: {"id", "kind", "input": base64, "role"?, "method"?, "cut"?,
    /// "eof"?, "options"?}
    Batch {
        /// The file to read instead of stdin
        file: Option<PathBuf>,
    },
}

#[derive(Args)]
struct Stream {
    /// Our side of a WebSocket connection: a server expects masked frames
    #[arg(long, value_enum, default_value_t = Role::Client)]
    role: Role,
    /// The method of the requests that the responses answer
    #[arg(long, default_value = "GET", value_parser = support::http::method)]
    method: String,
    /// Decode this many bytes a call, instead of all that a read returns
    #[arg(long)]
    cut: Option<usize>,
    /// The end of the input is the end of the stream
    #[arg(long)]
    eof: bool,
    /// The file to read instead of stdin
    file: Option<PathBuf>,
}

fn main() -> io::Result<ExitCode> {
    let (kind, stream) = match Cli::parse().command {
        Command::Sse(stream) => (Kind::Sse, stream),
        Command::Chunked(stream) => (Kind::Chunked, stream),
        Command::Request(stream) => (Kind::Request, stream),
        Command::Response(stream) => (Kind::Response, stream),
        Command::Ws(stream) => (Kind::Ws, stream),
        Command::Batch { file } => return batch(open(file)?),
    };
    inspect(kind, stream)
}

fn open(file: Option<PathBuf>) -> io::Result<Box<dyn Read>> {
    Ok(match file {
        Some(path) => Box::new(File::open(path)?),
        None => Box::new(io::stdin()),
    })
}

/// Prints each item as soon as it is decoded.
fn inspect(kind: Kind, stream: Stream) -> io::Result<ExitCode> {
    let mut job = Job::new(kind);
    job.role = stream.role;
    job.method = stream.method;
    let mut inspector = Inspector::new(&job);
    let mut input = open(stream.file)?;
    let mut stdout = io::stdout().lock();
    let mut seen = Context::default();
    let mut buffer = vec![0; 64 << 10];
    let fault = loop {
        let len = input.read(&mut buffer)?;
        let mut items = Vec::new();
        let mut fault = None;
        if len == 0 && stream.eof {
            fault = inspector.finish(&mut items).err();
        }
        for piece in buffer[..len].chunks(stream.cut.unwrap_or(usize::MAX).max(1)) {
            seen.add(piece);
            if let Err(error) = inspector.feed(piece, &mut items) {
                fault = Some(error);
                break;
            }
        }
        for item in items {
            writeln!(stdout, "{}", item.to_json())?;
        }
        stdout.flush()?;
        if fault.is_some() || len == 0 || inspector.is_over() {
            break fault;
        }
    };
    let Some(fault) = fault else { return Ok(ExitCode::SUCCESS) };
    seen.explain(&fault);
    Ok(ExitCode::FAILURE)
}

/// Answers each line.
fn batch(input: Box<dyn Read>) -> io::Result<ExitCode> {
    let mut stdout = io::BufWriter::new(io::stdout().lock());
    let mut code = ExitCode::SUCCESS;
    for line in BufReader::new(input).lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        match support::batch::answer(&line) {
            Ok(answer) => writeln!(stdout, "{answer}")?,
            Err(error) => {
                eprintln!("inspect: not a job: {error}: {line:.80}");
                code = ExitCode::FAILURE;
            }
        }
        stdout.flush()?;
    }
    Ok(code)
}

/// The last bytes seen, to show an error among them.
#[derive(Default)]
struct Context {
    bytes: Vec<u8>,
    dropped: u64,
}

impl Context {
    fn add(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
        let excess = self.bytes.len().saturating_sub(KEPT);
        self.dropped += self.bytes.drain(..excess).len() as u64;
    }

    fn explain(&self, fault: &Fault) {
        eprintln!("{}: {} (at byte {}, blame: {})", fault.kind, fault.words, fault.at, fault.blame);
        if let Some(rule) = fault.rule {
            eprintln!("  {rule}");
        }
        let Some(at) = fault.at.checked_sub(self.dropped).map(|at| at as usize) else { return };
        let (before, after) = self.bytes.split_at(at.min(self.bytes.len()));
        let before = &before[before.len().saturating_sub(NEAR)..];
        let after = &after[..after.len().min(NEAR)];
        let before = before.escape_ascii().to_string();
        eprintln!("  {before}{}", after.escape_ascii());
        eprintln!("  {:width$}^", "", width = before.len());
    }
}

/// Bytes kept for showing an error: a head or a frame, and what came before.
const KEPT: usize = 128 << 10;

/// Bytes shown on each side of an error.
const NEAR: usize = 32;
