//! The halves of a session in two tasks: the reading task leaves its replies in a mailbox for the
//! writing task, and does not read while too much output is pending.
//!
//! ```text
//! cargo run --release --example two_tasks
//! ```
//!
//! A client and a server send each other messages of 64 bytes over a socket for a second, both at
//! once, and the client a ping after every thousand, of which at least the newest is answered (RFC
//! 6455 5.5.3). It fails if a message or that pong is lost, or if fewer than 100,000 messages a
//! second arrive on either side. Then a client sends pings for a second and reads nothing: it fails
//! if the server's output exceeds 16 KiB.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Buf;
use wirefeed::ws::{
    ClientRole, CloseCode, Config, Ending, Event, Mailbox, Receiver, Reply, Role, Sender,
    ServerRole, Session,
};
use wirefeed::{End, Replies, Step};

fn main() -> io::Result<()> {
    let fine = exchange()? & flood()?;
    if fine { Ok(()) } else { Err(io::Error::other("something was lost, too slow, or too much")) }
}

/// Both sides send as much as they can.
fn exchange() -> io::Result<bool> {
    let (server, client) = connection()?;
    // Without the handshake, which is not measured.
    let config = Config::default();
    let (server, client) = thread::scope(|tasks| {
        let server = tasks.spawn(|| {
            side(&server, Session::new(ServerRole, config, wirefeed::Instant::ZERO), Sends::Always)
        });
        let client = side(
            &client,
            Session::new(ClientRole(random), config, wirefeed::Instant::ZERO),
            Sends::ForAWhile,
        );
        (server.join().expect("the server's task does not panic"), client)
    });

    let mut fine = client.newest_pong == client.pings && client.pings > 0;
    println!(
        "{} pings, of which number {} was the last answered",
        client.pings, client.newest_pong
    );
    for (name, to, from) in [("server", &server, &client), ("client", &client, &server)] {
        let rate = to.received as f64 / LASTS.as_secs_f64();
        println!("to the {name}: {} of {} messages, {rate:.0} a second", to.received, from.sent);
        fine &= to.received == from.sent && rate >= 100_000.0;
        fine &= to.ending == Some(Ending::Clean(Some(CloseCode::NORMAL)));
    }
    Ok(fine)
}

/// A client sends pings, and reads nothing.
fn flood() -> io::Result<bool> {
    let (server, mut client) = connection()?;
    let (sent, server) = thread::scope(|tasks| {
        let config = Config::default();
        let server = tasks.spawn(move || {
            side(&server, Session::new(ServerRole, config, wirefeed::Instant::ZERO), Sends::Nothing)
        });
        let pings = b"\x89\x88\0\0\0\0a ping..".repeat(1000);
        let (begin, mut sent) = (Instant::now(), 0);
        while begin.elapsed() < LASTS && client.write_all(&pings).is_ok() {
            sent += 1000;
        }
        drop(client); // with all that it did not read
        (sent, server.join().expect("the server's task does not panic"))
    });
    println!(
        "{sent} pings of a client that reads nothing: {} bytes owed at most",
        server.most_owed
    );
    Ok(sent > 100_000 && server.most_owed <= 16 << 10)
}

/// Both ends of a connection.
fn connection() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    Ok((listener.accept()?.0, client))
}

/// What one side sends by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sends {
    Nothing,
    /// Until its peer closes.
    Always,
    /// Until it closes, after a while.
    ForAWhile,
}

/// What one side has seen.
#[derive(Default)]
struct Seen {
    sent: u64,
    received: u64,
    pings: u64,
    newest_pong: u64,
    most_owed: usize,
    ending: Option<Ending>,
}

/// What the two tasks of one side share. A lock is taken once for each read, never for a payload.
#[derive(Default)]
struct Desk {
    inner: Mutex<Papers>,
    changed: Condvar,
}

#[derive(Default)]
struct Papers {
    mailbox: Mailbox,
    /// So much output is pending that the reader must not read.
    is_full: bool,
}

impl Desk {
    fn papers(&self) -> MutexGuard<'_, Papers> {
        self.inner.lock().expect("no task panics")
    }

    fn leave(&self, reply: Reply, now: wirefeed::Instant) {
        self.papers().mailbox.reply(reply, now);
        self.changed.notify_all();
    }
}

/// One side of the connection, until it is over.
fn side<R: Role + Send>(stream: &TcpStream, session: Session<R>, sends: Sends) -> Seen {
    let Session { rx, tx } = session;
    let (desk, origin) = (Desk::default(), Instant::now());
    thread::scope(|tasks| {
        let read = tasks.spawn(|| reads(stream, rx, &desk, origin));
        let mut seen = Seen::default();
        // A connection that breaks ends both tasks.
        let _ = writes(stream, tx, &desk, origin, sends, &mut seen);
        drop(stream.shutdown(Shutdown::Both));
        let (received, newest_pong) = read.join().expect("the reader's task does not panic");
        Seen { received, newest_pong, ..seen }
    })
}

/// The reader's task, until the peer's end of stream: the number of messages, and the newest pong.
fn reads<R: Role>(
    mut stream: &TcpStream,
    mut rx: Receiver<R>,
    desk: &Desk,
    origin: Instant,
) -> (u64, u64) {
    let now = || wirefeed::Instant::from_std(origin, Instant::now());
    let mut control = |reply, now| desk.leave(reply, now);
    let (mut buffer, mut received, mut newest_pong) = (vec![0; 64 << 10], 0, 0);
    loop {
        if desk.papers().is_full {
            // The peer's deadlines stand still meanwhile.
            rx.pause(&mut control, now());
            drop(desk.changed.wait_while(desk.papers(), |papers| papers.is_full));
        }
        let len = stream.read(&mut buffer).unwrap_or(0);
        if len == 0 {
            // The sender's `ending` says what that means for the connection.
            let _ = rx.receive_eof(&mut control, now());
            return (received, newest_pong);
        }
        let mut input = &mut buffer[..len];
        let now = now();
        // The sender answers an error, and then ends the connection.
        while let Ok(Step::Item(event)) = rx.receive(&mut control, &mut input, now) {
            match event {
                Event::Binary(bytes) => received += u64::from(*bytes == MESSAGE),
                Event::Pong(number) => {
                    newest_pong = number.try_into().map_or(0, u64::from_le_bytes);
                }
                Event::Text(_) | Event::Ping(_) | Event::Close(_) => {}
            }
        }
    }
}

/// The writer's task, until it closes the connection.
fn writes<R: Role>(
    mut stream: &TcpStream,
    mut tx: Sender<R>,
    desk: &Desk,
    origin: Instant,
    sends: Sends,
    seen: &mut Seen,
) -> io::Result<()> {
    let now = || wirefeed::Instant::from_std(origin, Instant::now());
    let mut is_open = sends != Sends::Nothing;
    loop {
        // Deliver what was received before advancing the time.
        std::mem::take(&mut desk.papers().mailbox).deliver(&mut tx);
        tx.handle_timeout(now());
        if is_open && sends == Sends::ForAWhile && origin.elapsed() >= LASTS {
            tx.close(Some(CloseCode::NORMAL), "", now()).map_err(io::Error::other)?;
        }
        while is_open && tx.output().remaining() < 32 << 10 {
            // After the close frame of either side no message may follow.
            is_open = tx.send_binary(&MESSAGE, now()).is_ok();
            seen.sent += u64::from(is_open);
            if is_open && sends == Sends::ForAWhile && seen.sent % 1000 == 0 {
                seen.pings += 1;
                tx.send_ping(&seen.pings.to_le_bytes(), now()).map_err(io::Error::other)?;
            }
        }
        seen.most_owed = seen.most_owed.max(tx.output().remaining());
        while tx.output().has_remaining() {
            let len = stream.write(tx.output().chunk())?;
            tx.output().advance(len);
        }
        let wants = tx.wants();
        desk.papers().is_full = !wants.read;
        desk.changed.notify_all();
        match wants.end {
            Some(End::Close) => {
                seen.ending = tx.ending();
                return Ok(());
            }
            // Fails if the peer has closed the connection already.
            Some(End::Shutdown) => drop(stream.shutdown(Shutdown::Write)),
            Some(End::Upgrade) | None => {}
        }
        if !is_open {
            let due = tx.poll_timeout();
            let wait = due.map_or(Duration::MAX, |at| at.duration_since(now()));
            let papers = desk.papers();
            drop(desk.changed.wait_timeout_while(papers, wait, |papers| papers.mailbox.is_empty()));
        }
    }
}

/// Unpredictable mask keys: each is the hash of nothing under random keys of its own.
fn random(bytes: &mut [u8]) {
    let random = RandomState::new().hash_one(()).to_le_bytes();
    bytes.copy_from_slice(&random[..bytes.len()]);
}

const MESSAGE: [u8; 64] = [7; 64];
const LASTS: Duration = Duration::from_secs(1);
