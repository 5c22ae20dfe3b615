//! An HTTP server, one thread a connection. It answers each request with its method, its target and
//! the length of its content.
//!
//! ```text
//! cargo run --example http_server -- 127.0.0.1:8080
//! curl -d hello http://127.0.0.1:8080/path
//! ```

use std::io::{
    self,
    ErrorKind::{TimedOut, WouldBlock},
    Read, Write,
};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use wirefeed::h1::{Config, Server, server::Event};
use wirefeed::{End, Instant, Step};

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:8080".into());
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
    let mut http = Server::new(Config::server(), now());
    let (mut buffer, mut len, mut request, mut length) = ([0; 16 << 10], 0, String::new(), 0);
    socket.set_write_timeout(Some(Duration::from_secs(30)))?;
    loop {
        // 1. Receive what was read.
        let mut input = &buffer[..len];
        loop {
            match http.rx.receive(&mut http.tx, &mut input, now()) {
                Ok(Step::Item(Event::Head(head))) => {
                    (request, length) = (format!("{} {}", head.method(), head.target()), 0);
                }
                Ok(Step::Item(Event::Data(data))) => length += data.len(),
                Ok(Step::Item(Event::Trailers(_))) => {}
                Ok(Step::Done) if http.tx.awaits_head() => {
                    let body = format!("{request}, {length} bytes\n");
                    http.send_head(200, &[("Content-Length", body.len().to_string())], now())?;
                    http.send_data(body.as_bytes(), now())?;
                    http.send_end(now())?;
                    http.next_exchange(now());
                }
                // The server answers errors itself. `Done` here: this was the last request.
                Ok(Step::NeedInput | Step::Done) | Err(_) => break,
            }
        }
        // 2. Advance the time.
        http.handle_timeout(now());
        // 3. Write the output.
        while let Some(bytes) = http.output().take_bytes() {
            socket.write_all(&bytes)?;
        }
        // 4. End the connection, if it is over.
        match http.wants().end {
            Some(End::Close | End::Upgrade) => return Ok(()),
            Some(End::Shutdown) => drop(socket.shutdown(Shutdown::Write)),
            None => {}
        }
        // 5. Read, until the next deadline.
        let wait = http.poll_timeout().map(|at| at.duration_since(now()));
        socket.set_read_timeout(wait.map(|wait| wait.max(Duration::from_millis(1))))?;
        len = match socket.read(&mut buffer) {
            Ok(0) => return Ok(()), // all requests have been answered
            Ok(len) => len,
            Err(error) if matches!(error.kind(), WouldBlock | TimedOut) => 0,
            Err(error) => return Err(error),
        };
    }
}
