//! What passes from the receiving half of a session to its sending half.

use alloc::boxed::Box;
use core::fmt;

use crate::kernel::{replies::Replies, time::Instant};
use crate::ws::close::Close;
use crate::ws::close_code::CloseCode;
use crate::ws::error::Error;
use crate::ws::frame::ControlPayload;

/// What the sending half must do because of something received. It is owned, so that it can be sent to
/// another task.
///
/// One call of the receiving half makes at most two replies: one tells whether it reads or waits, the
/// other answers what was received. A [`Mailbox`] merges any number of them.
#[derive(Clone)]
pub struct Reply(pub(super) Answer);

#[derive(Clone)]
pub(super) enum Answer {
    /// Nothing: some of the input is not decoded yet, or the caller does not read.
    Reading,
    /// Nothing: all of the input is decoded, and the peer is alive.
    Waiting,
    /// A pong with this payload.
    Pong(ControlPayload),
    /// A close frame with the code of the peer's, unless one was sent before.
    Closed(Option<CloseCode>),
    /// A close frame that says what the peer did wrong.
    Failed(CloseCode),
    /// The peer's stream ended.
    End,
}

impl Reply {
    pub(super) const READING: Self = Self(Answer::Reading);
    pub(super) const WAITING: Self = Self(Answer::Waiting);
    pub(super) const END: Self = Self(Answer::End);

    pub(super) fn pong(payload: &[u8]) -> Self {
        Self(Answer::Pong(ControlPayload::new(payload)))
    }

    /// RFC 6455 5.5.1: the answer to a close frame typically echoes its code.
    pub(super) const fn closed(close: &Close<'_>) -> Self {
        Self(Answer::Closed(close.code))
    }

    #[cold]
    pub(super) fn failed(error: &Error) -> Self {
        Self(Answer::Failed(error.close_code().unwrap_or(CloseCode::PROTOCOL)))
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Answer::Reading => "Reply(reading)",
            Answer::Waiting => "Reply(waiting)",
            Answer::Pong(_) => "Reply(pong)",
            Answer::Closed(_) => "Reply(closed)",
            Answer::Failed(_) => "Reply(failed)",
            Answer::End => "Reply(end)",
        })
    }
}

/// The replies of a receiving half, merged, for two tasks: the newest pong (RFC 6455 5.5.3), one close
/// frame, one end. It does not grow, however many pings a peer sends that does not read.
///
/// The tasks share it behind a lock, which the reading task takes once a read. The writing task takes
/// the contents and delivers them to its half:
///
/// ```
/// use std::sync::Mutex;
/// use wirefeed::{Replies, Instant, ws::{Mailbox, Reply, Sender, ServerRole}};
///
/// /// What the reading task gives to `receive`.
/// fn in_one_task(shared: &Mutex<Mailbox>) -> impl Replies<Reply> + '_ {
///     |reply: Reply, now: Instant| shared.lock().unwrap().reply(reply, now)
/// }
/// /// What the writing task does in each turn, before it writes.
/// fn in_the_other(shared: &Mutex<Mailbox>, tx: &mut Sender<ServerRole>) {
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
    /// Whether there are no replies.
    pub const fn is_empty(&self) -> bool {
        self.activity.is_none() && self.pong.is_none() && self.close.is_none() && self.end.is_none()
    }

    /// Gives the replies to the sending half, in order.
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
            Answer::Reading | Answer::Waiting => self.activity = Some((reply, now)),
            Answer::Pong(_) => match &mut self.pong {
                Some(pong) => **pong = (reply, now),
                None => self.pong = Some(Box::new((reply, now))),
            },
            // The first of them is the end of what comes in.
            Answer::Closed(_) | Answer::Failed(_) => {
                self.close.get_or_insert((reply, now));
            }
            Answer::End => self.end = Some((reply, now)),
        }
    }
}
