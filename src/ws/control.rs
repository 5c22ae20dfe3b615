//! What a session's receiving half leaves for its sending half.

use core::fmt;

use super::{Close, CloseCode, Error};

/// What the protocol owes for something that was received: owned, to be sent over a channel.
#[derive(Clone)]
pub struct Reply {
    pub(super) kind: Owed,
    pub(super) payload: Payload,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owed {
    /// A pong with this payload.
    Pong,
    /// Nothing: the peer has sent a pong.
    Alive,
    /// The peer closed, or answered a close; the payload is what an answer carries.
    Closed,
    /// The peer broke the protocol; the payload says how.
    Failed,
    /// The peer's stream ended.
    End,
}

/// A control frame's payload.
#[derive(Clone)]
pub(super) struct Payload {
    bytes: [u8; 125],
    len: u8,
}

impl Payload {
    pub(super) const EMPTY: Self = Self { bytes: [0; 125], len: 0 };

    /// `parts` joined, which are no longer than a control frame's payload.
    pub(super) fn new(parts: [&[u8]; 2]) -> Self {
        let mut payload = Self::EMPTY;
        for part in parts {
            let from = usize::from(payload.len);
            payload.bytes[from..from + part.len()].copy_from_slice(part);
            payload.len += part.len() as u8;
        }
        payload
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl Reply {
    pub(super) fn pong(payload: &[u8]) -> Self {
        Self { kind: Owed::Pong, payload: Payload::new([payload, b""]) }
    }

    pub(super) const fn alive() -> Self {
        Self { kind: Owed::Alive, payload: Payload::EMPTY }
    }

    /// An answer carries the code that it answers (RFC 6455 5.5.1).
    pub(super) fn closed(close: &Close<'_>) -> Self {
        let code = close.code.map(|code| code.0.to_be_bytes());
        let code = code.as_ref().map_or(&b""[..], |code| code);
        Self { kind: Owed::Closed, payload: Payload::new([code, b""]) }
    }

    #[cold]
    pub(super) fn failed(error: &Error) -> Self {
        let code = error.close_code().unwrap_or(CloseCode::PROTOCOL);
        Self { kind: Owed::Failed, payload: Payload::new([&code.0.to_be_bytes(), b""]) }
    }

    pub(super) const fn end() -> Self {
        Self { kind: Owed::End, payload: Payload::EMPTY }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Owed::Pong => "Reply(pong)",
            Owed::Alive => "Reply(alive)",
            Owed::Closed => "Reply(closed)",
            Owed::Failed => "Reply(failed)",
            Owed::End => "Reply(end)",
        })
    }
}
