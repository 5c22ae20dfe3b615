//! A socket with deadlines, its unread input, and byte counts.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use bytes::Buf;
use wirefeed::Outbox;

/// A socket, and what has been read from it.
pub(crate) struct Wire {
    stream: TcpStream,
    origin: Instant,
    buffer: Vec<u8>,
    /// The part of the buffer that has been read and not used.
    from: usize,
    to: usize,
    /// Counts since they were last taken.
    counts: Counts,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(Duration::from_secs(1)))?;
        let (buffer, counts) = (vec![0; 16 << 10], Counts::default());
        Ok(Self { stream, origin: Instant::now(), buffer, from: 0, to: 0, counts })
    }

    /// The time on the clock of this connection's machines.
    pub(crate) fn now(&self) -> wirefeed::Instant {
        wirefeed::Instant::from_std(self.origin, Instant::now())
    }

    /// What was read and is not used.
    pub(crate) fn unread(&mut self) -> &mut [u8] {
        &mut self.buffer[self.from..self.to]
    }

    /// All but `left` bytes of it have been used.
    pub(crate) fn use_all_but(&mut self, left: usize) {
        self.from = self.to - left;
    }

    /// Reads what comes within this time, once what was read has been used.
    pub(crate) fn read(&mut self, time: Duration) -> io::Result<Came> {
        self.stream.set_read_timeout(Some(time.max(Duration::from_millis(1))))?;
        match self.stream.read(&mut self.buffer) {
            Ok(0) => Ok(Came::End),
            Ok(len) => {
                (self.from, self.to) = (0, len);
                self.counts.bytes_in += len as u64;
                Ok(Came::Some)
            }
            Err(error) if is_nothing(&error) => Ok(Came::Nothing),
            Err(error) => Err(error),
        }
    }

    /// Writes some of the output, if the peer reads within a second.
    pub(crate) fn write(&mut self, output: &mut Outbox) -> io::Result<()> {
        match self.stream.write(output.chunk()) {
            Ok(len) => {
                self.counts.bytes_out += len as u64;
                output.advance(len);
                Ok(())
            }
            Err(error) if is_nothing(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Waits, at most until the peer leaves. Returns false if it has left.
    pub(crate) fn wait(&mut self, time: Duration) -> io::Result<bool> {
        let until = Instant::now() + time;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            if self.from < self.to {
                // A pipelined request waits until the response is complete.
                std::thread::sleep(left);
            } else if let Came::End = self.read(left)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Shuts down writing and reads on until the peer has left: closing with unread input would
    /// reset the connection, and destroy what the peer has not read yet.
    pub(crate) fn shut_down(mut self, patience: Duration) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        let until = Instant::now() + patience;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            if let Came::End = self.read(left)? {
                break;
            }
        }
        Ok(())
    }

    pub(crate) fn count_request(&mut self) {
        self.counts.requests += 1;
    }

    /// The counts since the last call.
    pub(crate) fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }
}

/// What went over the wire.
#[derive(Default, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) messages: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

/// The result of a read.
pub(crate) enum Came {
    Some,
    /// Nothing arrived in time.
    Nothing,
    /// The peer sends nothing more.
    End,
}

fn is_nothing(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}
