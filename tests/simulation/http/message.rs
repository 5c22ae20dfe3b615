//! Messages: what is sent of one, step by step, and what is seen of one.

use bytes::{Buf, Bytes};
use wirefeed::h1::Sender;
use wirefeed::h1::client::ClientSide;
use wirefeed::h1::server::ServerSide;
use wirefeed::{ApiMisuse, Instant, Outbox, SendError};

/// A message's body.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) chunked: bool,
    pub(crate) pieces: Vec<u16>,
    /// Only with chunks.
    pub(crate) trailers: bool,
    /// Handed over instead of copied.
    pub(crate) shared: bool,
    /// Before that piece the application waits so many milliseconds.
    pub(crate) pause: Option<(u8, u32)>,
}

impl Body {
    pub(crate) fn len(&self) -> usize {
        self.pieces.iter().map(|len| usize::from(*len)).sum()
    }

    /// All bytes of the `n`th message.
    pub(crate) fn bytes(&self, n: usize) -> Vec<u8> {
        pattern(n, 0, self.len())
    }

    pub(crate) fn fields(&self, n: usize) -> Vec<(&'static str, String)> {
        let framing = match self.chunked {
            true => ("Transfer-Encoding", "chunked".into()),
            false => ("Content-Length", self.len().to_string()),
        };
        vec![("Number", n.to_string()), framing]
    }
}

fn pattern(n: usize, from: usize, len: usize) -> Vec<u8> {
    (from..from + len).map(|i| (i ^ (i >> 7) ^ (n * 29)) as u8).collect()
}

/// What is seen of a message.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) number: Option<usize>,
    pub(crate) status: u16,
    pub(crate) interim: usize,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: bool,
    pub(crate) over: bool,
}

/// The half that sends, of either side.
pub(crate) trait Sends {
    fn data(&mut self, data: &[u8], now: Instant) -> Result<(), SendError>;
    fn bytes(&mut self, data: Bytes, now: Instant) -> Result<(), SendError>;
    fn end(&mut self, now: Instant) -> Result<(), SendError>;
    fn trailers(&mut self, fields: &[(&str, &str)], now: Instant) -> Result<(), SendError>;
}

macro_rules! sends {
    ($side:ty) => {
        impl Sends for $side {
            fn data(&mut self, data: &[u8], now: Instant) -> Result<(), SendError> {
                self.send_data(data, now)
            }
            fn bytes(&mut self, data: Bytes, now: Instant) -> Result<(), SendError> {
                self.send_bytes(data, now)
            }
            fn end(&mut self, now: Instant) -> Result<(), SendError> {
                self.send_end(now)
            }
            fn trailers(&mut self, fields: &[(&str, &str)], now: Instant) -> Result<(), SendError> {
                self.send_trailers(fields, now)
            }
        }
    };
}
sends!(Sender<ClientSide>);
sends!(Sender<ServerSide>);

/// What one step of sending came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    Some,
    /// Until some output is written.
    Full,
    /// Until then.
    Wait(Instant),
    Over,
    /// The connection has ended.
    Refused,
}

/// How far a body is sent.
#[derive(Debug, Default)]
pub(crate) struct Sending {
    piece: usize,
    from: usize,
    paused: bool,
}

impl Sending {
    /// Sends the next piece, or the end.
    pub(crate) fn step(
        &mut self,
        tx: &mut impl Sends,
        (n, body): (usize, &Body),
        now: Instant,
    ) -> Sent {
        if let Some((_, time)) = body.pause.filter(|(at, _)| usize::from(*at) == self.piece) {
            if !std::mem::replace(&mut self.paused, true) {
                return Sent::Wait(now + crate::kit::millis(time.into()));
            }
        }
        let Some(len) = body.pieces.get(self.piece) else {
            let ended = match body.trailers {
                true => tx.trailers(&[("Digest", "x")], now),
                false => tx.end(now),
            };
            return judge(ended, Sent::Over);
        };
        let data = pattern(n, self.from, usize::from(*len));
        let sent = match body.shared {
            true => tx.bytes(data.into(), now),
            false => tx.data(&data, now),
        };
        if sent.is_ok() {
            self.piece += 1;
            self.from += usize::from(*len);
        }
        judge(sent, Sent::Some)
    }
}

pub(crate) fn judge(result: Result<(), SendError>, fine: Sent) -> Sent {
    match result {
        Ok(()) => fine,
        Err(SendError::Full) => Sent::Full,
        Err(SendError::Misuse(ApiMisuse::OutOfOrder | ApiMisuse::Closed)) => Sent::Refused,
        Err(error) => panic!("{error:?}"),
    }
}

/// What may be owed: the limit, or the one message that was taken while nothing was.
#[derive(Debug)]
pub(crate) struct Allowance {
    limit: usize,
    allowed: usize,
    owed: usize,
}

impl Allowance {
    pub(crate) fn new(limit: Option<usize>) -> Self {
        let limit = limit.unwrap_or(usize::MAX);
        Self { limit, allowed: limit, owed: 0 }
    }

    /// After a command of the application, or before anything else.
    pub(crate) fn sent(&mut self, outbox: &Outbox) {
        if self.owed == 0 {
            self.allowed = self.limit.max(outbox.remaining());
        }
        self.check(outbox);
    }

    pub(crate) fn check(&mut self, outbox: &Outbox) {
        self.owed = outbox.remaining();
        let most = self.allowed.saturating_add(crate::contract::CONTROL);
        assert!(self.owed <= most, "{} bytes are owed, of {}", self.owed, self.allowed);
        if self.owed <= self.limit {
            self.allowed = self.limit;
        }
    }
}
