//! A server of events that may be killed at any moment, on nothing but `std::net` and wirefeed.
//!
//! ```text
//! cargo run --release --example feed -- 127.0.0.1:8081 target/feed.log
//! curl -N -H 'Last-Event-ID: 7' http://127.0.0.1:8081/stream
//! ```
//!
//! It publishes an event every second, and keeps all in a log: a client that comes back with a
//! `Last-Event-ID`, to this process or to the next, receives what it has missed. `/stream`, `/long`
//! and `/short` are the three modes of an `sse::EventStream`, the same to an `EventSource`. A line
//! on stdout reports each request.

#[path = "../live/driver.rs"]
mod driver;
mod feed;
mod log;
mod routes;
#[path = "../live/wire.rs"]
#[expect(dead_code, reason = "live tells what it has counted")]
mod wire;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::{io, process, thread};

use clap::Parser;
use feed::Feed;
use log::Log;

#[derive(Parser)]
#[command(about = "Server-sent events that outlive their server")]
struct Cli {
    /// Where to listen; port 0 is any
    address: SocketAddr,
    /// The file of all events
    log: PathBuf,
    /// Milliseconds from one event to the next
    #[arg(long, value_name = "MS", default_value_t = 1000)]
    interval: u64,
    /// Stops publishing once this many events are in the log
    #[arg(long, value_name = "N")]
    events: Option<u64>,
}

/// The maximum number of connections: each has a thread.
const MOST_CONNECTIONS: usize = 1000;

fn main() -> io::Result<()> {
    let cli = Cli::parse();
    // In this order: a second server on the same address ends before it touches the log.
    let listener = TcpListener::bind(cli.address)?;
    let feed = Arc::new(Feed::new(Log::open(&cli.log)?));
    println!("http://{}/stream goes on after {}", listener.local_addr()?, feed.newest());

    let publisher = feed.clone();
    thread::spawn(move || {
        if let Err(error) = publish(&publisher, Duration::from_millis(cli.interval), cli.events) {
            // A server that cannot publish must look like one that is down.
            eprintln!("{}: {error}", cli.log.display());
            process::exit(1);
        }
    });

    for stream in listener.incoming() {
        // Go on when a connection cannot be accepted (too many open files).
        let Ok(stream) = stream else {
            thread::sleep(Duration::from_millis(50));
            continue;
        };
        // The feed is held by this loop, the publisher, and each connection.
        if Arc::strong_count(&feed) >= MOST_CONNECTIONS + 2 {
            continue;
        }
        let shared = feed.clone();
        // Neither a failed spawn nor the end of a connection is worth a report.
        let _ = thread::Builder::new().stack_size(256 << 10).spawn(move || {
            let _ = routes::serve(&shared, stream);
        });
    }
    Ok(())
}

/// Publishes a count, which continues where the log ends.
fn publish(feed: &Feed, interval: Duration, events: Option<u64>) -> io::Result<()> {
    for n in feed.newest() + 1..=events.unwrap_or(u64::MAX) {
        thread::sleep(interval);
        feed.publish("tick", &n.to_string())?;
    }
    Ok(())
}
