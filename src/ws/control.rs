//! What a session's receiving half leaves for its sending half.

use alloc::boxed::Box;
use core::fmt;

use super::{Close, CloseCode, Error};
use crate::{Instant, Replies};

/// What the protocol owes for something that was received: owned, to be sent to another task.
///
/// One call of the receiving half owes at most two: one says whether it reads or waits, the other
/// answers what was received. A [`Mailbox`] merges any number of them.
#[derive(Clone)]
pub struct Reply(pub(super) Owed);

#[derive(Clone)]
pub(super) enum Owed {
    /// Nothing: some of what has come is still to be pulled, or this side does not look.
    Reading,
    /// Nothing: all that has come was pulled, and the peer lives.
    Waiting,
    /// A pong with this payload.
    Pong(Payload),
    /// The answer to a close frame with this code, if it was not sent before.
    Closed(Option<CloseCode>),
    /// A close frame that says how the peer broke the protocol.
    Failed(CloseCode),
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
    pub(super) const READING: Self = Self(Owed::Reading);
    pub(super) const WAITING: Self = Self(Owed::Waiting);
    pub(super) const END: Self = Self(Owed::End);

    pub(super) fn pong(payload: &[u8]) -> Self {
        Self(Owed::Pong(Payload::new([payload, b""])))
    }

    /// An answer carries the code that it answers (RFC 6455 5.5.1).
    pub(super) const fn closed(close: &Close<'_>) -> Self {
        Self(Owed::Closed(close.code))
    }

    #[cold]
    pub(super) fn failed(error: &Error) -> Self {
        Self(Owed::Failed(error.close_code().unwrap_or(CloseCode::PROTOCOL)))
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Owed::Reading => "Reply(reading)",
            Owed::Waiting => "Reply(waiting)",
            Owed::Pong(_) => "Reply(pong)",
            Owed::Closed(_) => "Reply(closed)",
            Owed::Failed(_) => "Reply(failed)",
            Owed::End => "Reply(end)",
        })
    }
}

/// What a receiving half owes, merged, for two tasks: the newest pong (RFC 6455 5.5.3), one close, one
/// end. It never grows, however much a peer pings that does not read.
///
/// The tasks share it behind a lock, which the reading task takes once for what one read brings. The
/// writing task takes the whole of it and delivers it to its half:
///
/// ```
/// use std::sync::Mutex;
/// use wirefeed::{Replies, Instant, ws::{Mailbox, Reply, Sender, Server}};
///
/// /// What the reading task gives to `receive`.
/// fn in_one_task(shared: &Mutex<Mailbox>) -> impl Replies<Reply> + '_ {
///     |reply: Reply, now: Instant| shared.lock().unwrap().reply(reply, now)
/// }
/// /// What the writing task does in each turn, before it writes.
/// fn in_the_other(shared: &Mutex<Mailbox>, tx: &mut Sender<Server>) {
///     let mailbox = std::mem::take(&mut *shared.lock().unwrap());
///     mailbox.deliver(tx);
/// }
/// ```
#[derive(Debug, Default)]
pub struct Mailbox {
    /// Whether the receiving half reads or waits, and since when.
    activity: Option<(Reply, Instant)>,
    pong: Option<Box<(Reply, Instant)>>,
    close: Option<(Reply, Instant)>,
    end: Option<(Reply, Instant)>,
}

impl Mailbox {
    /// Whether nothing is in it.
    pub const fn is_empty(&self) -> bool {
        self.activity.is_none() && self.pong.is_none() && self.close.is_none() && self.end.is_none()
    }

    /// Gives what is in it to the sending half, in order.
    pub fn deliver(self, tx: &mut impl Replies<Reply>) {
        let Self { activity, pong, close, end } = self;
        let all = [activity, pong.map(|pong| *pong), close, end];
        for (reply, at) in all.into_iter().flatten() {
            tx.reply(reply, at);
        }
    }
}

impl Replies<Reply> for Mailbox {
    fn reply(&mut self, reply: Reply, now: Instant) {
        match reply.0 {
            Owed::Reading | Owed::Waiting => self.activity = Some((reply, now)),
            Owed::Pong(_) => match &mut self.pong {
                Some(pong) => **pong = (reply, now),
                None => self.pong = Some(Box::new((reply, now))),
            },
            // The first of them is the end of what comes in.
            Owed::Closed(_) | Owed::Failed(_) => {
                self.close.get_or_insert((reply, now));
            }
            Owed::End => self.end = Some((reply, now)),
        }
    }
}
