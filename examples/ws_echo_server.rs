//! A WebSocket echo server, one thread a connection.
//!
//! ```text
//! cargo run --example ws_echo_server -- 127.0.0.1:9001
//! websocat ws://127.0.0.1:9001/
//! ```

use std::io::{
    self,
    ErrorKind::{TimedOut, WouldBlock},
    Read, Write,
};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use wirefeed::h1;
use wirefeed::ws::{Config, Event, ServerRole, Session, handshake::ServerHandshake};
use wirefeed::{End, Instant, Outbox, Step};

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:9001".into());
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (socket, _) = listener.accept()?;
        std::thread::spawn(|| serve(socket).unwrap_or_else(|error| eprintln!("{error}")));
    }
}

fn serve(mut socket: TcpStream) -> io::Result<()> {
    let origin = std::time::Instant::now();
    let now = || Instant::from_std(origin, std::time::Instant::now());
    let mut buffer = vec![0; 64 << 10];
    socket.set_write_timeout(Some(Duration::from_secs(30)))?;
    let Some(mut len) = open(&mut socket, &mut buffer, now)? else { return Ok(()) };
    let Session { mut rx, mut tx } = Session::new(ServerRole, Config::default(), now());
    loop {
        // 1. Receive what was read.
        let mut input = &mut buffer[..len];
        while let Ok(Step::Item(event)) = rx.receive(&mut tx, &mut input, now()) {
            match event {
                Event::Text(text) => tx.send_text(&text, now())?,
                Event::Binary(bytes) => tx.send_binary(&bytes, now())?,
                Event::Ping(_) | Event::Pong(_) | Event::Close(_) => {} // answered by the session
            }
            write(&mut socket, tx.output())?;
        }
        // 2. Advance the time.
        tx.handle_timeout(now());
        // 3. Write the output.
        write(&mut socket, tx.output())?;
        // 4. End the connection, if it is over.
        match tx.wants().end {
            Some(End::Close | End::Upgrade) => return Ok(()),
            Some(End::Shutdown) => drop(socket.shutdown(Shutdown::Write)),
            None => {}
        }
        // 5. Read, until the next deadline.
        let wait = tx.poll_timeout().map(|at| at.duration_since(now()));
        socket.set_read_timeout(wait.map(|wait| wait.max(Duration::from_millis(1))))?;
        len = match socket.read(&mut buffer) {
            Ok(0) => return Ok(()), // all messages have been answered
            Ok(len) => len,
            Err(error) if matches!(error.kind(), WouldBlock | TimedOut) => 0,
            Err(error) => return Err(error),
        };
    }
}

/// The handshake. As many bytes of the buffer as it returns follow it, and belong to the session.
fn open(
    socket: &mut TcpStream,
    buffer: &mut [u8],
    now: impl Fn() -> Instant,
) -> io::Result<Option<usize>> {
    let h1::Server { mut rx, mut tx } = h1::Server::new(h1::Config::server(), now());
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    loop {
        let len = socket.read(buffer)?;
        let mut input = &buffer[..len];
        while let Ok(Step::Item(event)) = rx.receive(&mut tx, &mut input, now()) {
            let h1::server::Event::Head(request) = event else { continue };
            match ServerHandshake::upgrade(request.method(), &request) {
                Ok(handshake) => {
                    let response = handshake.accept(None, None, &())?;
                    tx.send_head(response.status(), &response, now())?;
                }
                Err(refusal) => {
                    let fields = [refusal.fields(), &[("Connection", "close")]].concat();
                    tx.send_head(refusal.status(), &fields[..], now())?;
                    tx.send_end(now())?;
                }
            }
        }
        let left = input.len();
        buffer.copy_within(len - left..len, 0);
        rx.handle_timeout(&mut tx, now());
        write(socket, tx.output())?;
        match tx.wants().end {
            Some(End::Upgrade) => return Ok(Some(left)),
            None if len > 0 => {}
            _ => return Ok(None),
        }
    }
}

fn write(socket: &mut TcpStream, output: &mut Outbox) -> io::Result<()> {
    while let Some(bytes) = output.take_bytes() {
        socket.write_all(&bytes)?;
    }
    Ok(())
}
