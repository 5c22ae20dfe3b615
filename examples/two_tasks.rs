//! The halves of a session in two tasks, without a lock: whoever reads sends what the protocol owes over
//! a channel to whoever writes.
//!
//! ```text
//! cargo run --release --example two_tasks
//! ```
//!
//! A client and a server send each other messages of 64 bytes over a socket for a second, both at once,
//! and the client a ping after every thousand. It fails where a message or a pong is lost, or where
//! fewer than 100,000 messages a second arrive on either side.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver as Inbox, RecvTimeoutError, Sender as Outlet, channel};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Buf;
use wirefeed::ws::{
    Client, CloseCode, Config, Ending, Event, Receiver, Reply, Role, Sender, Server, Session,
};
use wirefeed::{Control, End, Step};

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    // The handshake is left out: what is measured comes after it.
    let config = Config::default();
    let (server, client) = thread::scope(|tasks| {
        let server = tasks.spawn(|| side(server, Session::new(Server, &config), None));
        let client = side(client, Session::new(Client(random), &config), Some(LASTS));
        (server.join().expect("the server's task does not panic"), client)
    });
    let (server, client) = (server?, client?);

    let mut fine = client.pongs == client.pings && client.pings > 0;
    println!("{} of {} pings answered", client.pongs, client.pings);
    for (name, to, from) in [("server", &server, &client), ("client", &client, &server)] {
        let rate = to.received as f64 / LASTS.as_secs_f64();
        println!("to the {name}: {} of {} messages, {rate:.0} a second", to.received, from.sent);
        fine &= to.received == from.sent && rate >= 100_000.0;
        fine &= to.ending == Some(Ending::Clean(Some(CloseCode::NORMAL)));
    }
    if fine { Ok(()) } else { Err(io::Error::other("something was lost, or it took too long")) }
}

/// What one side has seen.
#[derive(Default)]
struct Seen {
    sent: u64,
    received: u64,
    pings: u64,
    pongs: u64,
    ending: Option<Ending>,
}

/// One side of the connection; with a time after which it closes.
fn side<R: Role + Send>(
    stream: TcpStream,
    Session { rx, tx }: Session<R>,
    lasts: Option<Duration>,
) -> io::Result<Seen> {
    stream.set_nodelay(true)?;
    let (input, origin) = (stream.try_clone()?, Instant::now());
    let (owed, owes) = channel();
    let (read, written) = thread::scope(|tasks| {
        let read = tasks.spawn(move || reads(input, rx, &owed, origin));
        let written = writes(&stream, tx, &owes, origin, lasts);
        (read.join().expect("the reader's task does not panic"), written)
    });
    let (read, written) = (read?, written?);
    Ok(Seen { received: read.received, pongs: read.pongs, ..written })
}

/// The reader's task: until the peer's end of stream.
fn reads<R: Role>(
    mut stream: TcpStream,
    mut rx: Receiver<R>,
    owed: &Outlet<Reply>,
    origin: Instant,
) -> io::Result<Seen> {
    // The writer is gone once the connection is over: then nothing is owed.
    let mut control = |reply, _| drop(owed.send(reply));
    let (mut buffer, mut seen) = (vec![0; 64 << 10], Seen::default());
    loop {
        let len = stream.read(&mut buffer)?;
        let now = wirefeed::Instant::from_std(origin, Instant::now());
        if len == 0 {
            rx.receive_eof(&mut control, now).map_err(io::Error::other)?;
            return Ok(seen);
        }
        let mut input = &mut buffer[..len];
        while let Step::Item(event) =
            rx.receive(&mut control, &mut input, now).map_err(io::Error::other)?
        {
            match event {
                Event::Binary(bytes) if *bytes == MESSAGE => seen.received += 1,
                Event::Pong(_) => seen.pongs += 1,
                Event::Ping(_) | Event::Close(_) => {}
                other => return Err(io::Error::other(format!("{other:?} was never sent"))),
            }
        }
    }
}

/// The writer's task: until the connection is to be closed.
fn writes<R: Role>(
    mut stream: &TcpStream,
    mut tx: Sender<R>,
    owes: &Inbox<Reply>,
    origin: Instant,
    lasts: Option<Duration>,
) -> io::Result<Seen> {
    let now = || wirefeed::Instant::from_std(origin, Instant::now());
    let (mut seen, mut open) = (Seen::default(), true);
    loop {
        // What the protocol owes goes first.
        for reply in owes.try_iter() {
            tx.owe(reply, now());
        }
        tx.handle_timeout(now());
        if open && lasts.is_some_and(|lasts| origin.elapsed() >= lasts) {
            tx.close(Some(CloseCode::NORMAL), "", now()).map_err(io::Error::other)?;
        }
        while tx.output().remaining() < 32 << 10 {
            // After the close frame of either side there is nothing to send.
            open = tx.send_binary(&MESSAGE, now()).is_ok();
            if !open {
                break;
            }
            seen.sent += 1;
            if lasts.is_some() && seen.sent % 1000 == 0 {
                tx.send_ping(b"", now()).map_err(io::Error::other)?;
                seen.pings += 1;
            }
        }
        while tx.output().has_remaining() {
            let len = stream.write(tx.output().chunk())?;
            tx.output().advance(len);
        }
        // Where the peer was faster, there is nothing to shut down any more.
        match tx.wants().end {
            Some(End::Close) => {
                // It wakes the reader, if the deadline has come before the end of the stream.
                drop(stream.shutdown(Shutdown::Both));
                return Ok(Seen { ending: tx.ending(), ..seen });
            }
            Some(End::Shutdown) => drop(stream.shutdown(Shutdown::Write)),
            None => {}
        }
        if !open {
            let wait = tx.poll_timeout().map_or(Duration::MAX, |at| at.duration_since(now()));
            match owes.recv_timeout(wait) {
                Ok(reply) => tx.owe(reply, now()),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
        }
    }
}

/// Masking keys that no peer can guess: each is the hash of nothing under keys of its own.
fn random(bytes: &mut [u8]) {
    let random = RandomState::new().hash_one(()).to_le_bytes();
    bytes.copy_from_slice(&random[..bytes.len()]);
}

const MESSAGE: [u8; 64] = [7; 64];
const LASTS: Duration = Duration::from_secs(1);
