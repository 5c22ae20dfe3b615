//! Messages: what is sent of one, step by step, and what is seen of one.

use bytes::Buf;
use wirefeed::h1::{Sender, Side};
use wirefeed::{ApiMisuse, Fields, Instant, Outbox, SendError};

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

/// A message with this head.
pub(crate) fn begin(seen: &mut Vec<Seen>, head: &impl Fields, status: u16, interim: usize) {
    let number = head.value_of("number").and_then(|n| std::str::from_utf8(n).ok());
    let number = number.and_then(|n| n.parse().ok());
    seen.push(Seen { number, status, interim, ..Seen::default() });
}

pub(crate) fn data(seen: &mut [Seen], piece: &[u8]) {
    assert!(!piece.is_empty());
    seen.last_mut().expect("a head came before").body.extend(piece);
}

pub(crate) fn trailers(seen: &mut [Seen], fields: &impl Fields) {
    assert_eq!(fields.value_of("digest"), Some(&b"x"[..]));
    seen.last_mut().expect("a head came before").trailers = true;
}

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
    pub(crate) fn step<S: Side>(
        &mut self,
        tx: &mut Sender<S>,
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
                true => tx.send_trailers(&[("Digest", "x")], now),
                false => tx.send_end(now),
            };
            return judge(ended, Sent::Over);
        };
        let data = pattern(n, self.from, usize::from(*len));
        let sent = match body.shared {
            true => tx.send_bytes(data.into(), now),
            false => tx.send_data(&data, now),
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

/// The output that may be pending: the limit, or the one message that was accepted into an empty output.
#[derive(Debug)]
pub(crate) struct Allowance {
    limit: usize,
    allowed: usize,
    pending: usize,
}

impl Allowance {
    pub(crate) fn new(limit: Option<usize>) -> Self {
        let limit = limit.unwrap_or(usize::MAX);
        Self { limit, allowed: limit, pending: 0 }
    }

    /// After a command of the application, or before anything else.
    pub(crate) fn sent(&mut self, outbox: &Outbox) {
        if self.pending == 0 {
            self.allowed = self.limit.max(outbox.remaining());
        }
        self.check(outbox);
    }

    pub(crate) fn check(&mut self, outbox: &Outbox) {
        self.pending = outbox.remaining();
        let most = self.allowed.saturating_add(crate::contract::CONTROL);
        assert!(self.pending <= most, "{} bytes are pending, of {}", self.pending, self.allowed);
        if self.pending <= self.limit {
            self.allowed = self.limit;
        }
    }
}
