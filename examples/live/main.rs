//! All transports in one page: a server on nothing but `std::net` threads and wirefeed.
//!
//! ```text
//! cargo run --release --example live
//! ```

mod driver;
mod routes;
mod socket;
mod stats;
mod ticks;
mod wire;

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use stats::Stats;

#[derive(Parser)]
#[command(about = "A page that shows what each push transport does, side by side")]
struct Cli {
    /// The port to listen on, on 127.0.0.1
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

/// What all connections share.
struct Server {
    stats: Stats,
    stopping: AtomicBool,
    connections: AtomicUsize,
}

impl Server {
    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

/// The maximum number of connections: each has a thread.
const MOST_CONNECTIONS: usize = 1000;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", Cli::parse().port))?;
    let address = listener.local_addr()?;
    let server = Arc::new(Server {
        stats: Stats::default(),
        stopping: AtomicBool::new(false),
        connections: AtomicUsize::new(0),
    });
    let stopping = server.clone();
    ctrlc::set_handler(move || {
        stopping.stopping.store(true, Ordering::Relaxed);
        // Wakes the loop below, which waits for a connection.
        let _ = TcpStream::connect(address);
    })
    .map_err(io::Error::other)?;

    let url = format!("http://{address}");
    println!("open {url}/ in a browser, or try");
    println!("  curl -sN {url}/events | cargo run -q --release --example inspect -- sse");
    println!("  curl -sN {url}/stream");
    println!("  curl -s  {url}/poll");
    println!("  curl -s  {url}/download -o /dev/null -w '%{{size_download}}\\n'");
    println!("  curl -s  {url}/upload -T README.md -X POST");
    println!("Ctrl-C stops");

    for stream in listener.incoming() {
        if server.is_stopping() {
            break;
        }
        // Go on when a connection cannot be accepted (too many open files).
        let Ok(stream) = stream else {
            thread::sleep(Duration::from_millis(50));
            continue;
        };
        if server.connections.load(Ordering::Relaxed) >= MOST_CONNECTIONS {
            continue;
        }
        server.connections.fetch_add(1, Ordering::Relaxed);
        let shared = server.clone();
        let served = thread::Builder::new().stack_size(256 << 10).spawn(move || {
            // An error here is the end of the connection, which the peer has seen.
            let _ = routes::serve(&shared, stream);
            shared.connections.fetch_sub(1, Ordering::Relaxed);
        });
        if served.is_err() {
            server.connections.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let deadline = Instant::now() + Duration::from_secs(3);
    while server.connections.load(Ordering::Relaxed) > 0 && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
