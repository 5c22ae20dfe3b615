//! A blocking socket under a WebSocket session: a run loop to copy.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use bytes::Buf;
use wirefeed::ws::{Ending, Event, Role, Sender, Session};
use wirefeed::{End, Outbox, SendError, Step};

/// A socket, and its unread input.
pub(crate) struct Link {
    stream: TcpStream,
    origin: Instant,
    unread: Vec<u8>,
}

impl Link {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, origin: Instant::now(), unread: Vec::new() })
    }

    pub(crate) fn now(&self) -> wirefeed::Instant {
        wirefeed::Instant::from_std(self.origin, Instant::now())
    }

    pub(crate) fn write(&mut self, output: &mut Outbox) -> io::Result<()> {
        write(&mut self.stream, output)
    }

    /// Reads more, and returns all unread input.
    pub(crate) fn read(&mut self) -> io::Result<&[u8]> {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            len => {
                self.unread.extend_from_slice(&buffer[..len]);
                Ok(&self.unread)
            }
        }
    }

    /// Keeps the last `len` unread bytes.
    pub(crate) fn use_all_but(&mut self, len: usize) {
        self.unread.drain(..self.unread.len() - len);
    }

    /// Drives a session to its end. `answer` sends what the application wants in response to an
    /// event; the session has answered it already where the protocol requires it.
    pub(crate) fn drive<R: Role>(
        self,
        Session { mut rx, mut tx }: Session<R>,
        mut answer: impl FnMut(
            &mut Sender<R>,
            Event<'_, '_>,
            wirefeed::Instant,
        ) -> Result<(), SendError>,
    ) -> io::Result<Option<Ending>> {
        let Self { mut stream, origin, unread: mut buffer, .. } = self;
        let now = || wirefeed::Instant::from_std(origin, Instant::now());
        // The bytes after the handshake belong to the session.
        let mut len = buffer.len();
        buffer.resize(len.max(64 << 10), 0);
        loop {
            // 1. Receive what was read.
            let mut input = &mut buffer[..std::mem::take(&mut len)];
            while let Ok(Step::Item(event)) = rx.receive(&mut tx, &mut input, now()) {
                answer(&mut tx, event, now())?;
                // Written before the next event is pulled, so that the output for a slow reader
                // does not grow. An error of the peer ends the loop, and the session answers it.
                write(&mut stream, tx.output())?;
            }
            // 2. Advance the time.
            tx.handle_timeout(now());
            // 3. Write the output.
            write(&mut stream, tx.output())?;
            // 4. End the connection.
            match tx.wants().end {
                Some(End::Close | End::Upgrade) => return Ok(tx.ending()),
                // Fails if the peer has closed the connection already.
                Some(End::Shutdown) => drop(stream.shutdown(Shutdown::Write)),
                None => {}
            }
            // 5. Read, until the deadline.
            let wait = tx.poll_timeout().map_or(PATIENCE, |at| at.duration_since(now()));
            stream.set_read_timeout(Some(wait.max(Duration::from_millis(1))))?;
            match stream.read(&mut buffer) {
                Ok(read @ 1..) => len = read,
                Err(error) if is_timeout(&error) => {}
                // `ending` says what that means.
                Ok(0) | Err(_) => drop(rx.receive_eof(&mut tx, now())),
            }
        }
    }
}

fn write(stream: &mut TcpStream, output: &mut Outbox) -> io::Result<()> {
    while output.has_remaining() {
        let len = stream.write(output.chunk())?;
        output.advance(len);
    }
    Ok(())
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// How long a peer may stay silent during the handshake, and how long a write may block.
const PATIENCE: Duration = Duration::from_secs(30);
