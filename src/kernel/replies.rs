//! What passes from the receiving half of a connection to its sending half.

use crate::kernel::time::Instant;

/// Takes what a receiving half must answer: the sending half itself, if both are in one task; between two
/// tasks a [`ws::Mailbox`](crate::ws::Mailbox), which merges the replies of a WebSocket session, or a
/// bounded channel for those of HTTP.
///
/// ```
/// use std::sync::mpsc::{Receiver, SyncSender};
/// use wirefeed::{Instant, Replies, h1::Sender, h1::server::{Reply, ServerSide}};
///
/// fn in_two_tasks(replies: SyncSender<Reply>) -> impl Replies<Reply> {
///     move |reply: Reply, _: Instant| { let _ = replies.send(reply); }
/// }
/// fn in_the_other(replies: Receiver<Reply>, tx: &mut Sender<ServerSide>, now: Instant) {
///     replies.try_iter().for_each(|reply| tx.reply(reply, now));
/// }
/// ```
pub trait Replies<Reply> {
    /// Takes a reply.
    fn reply(&mut self, reply: Reply, now: Instant);
}

impl<Reply, F: FnMut(Reply, Instant)> Replies<Reply> for F {
    fn reply(&mut self, reply: Reply, now: Instant) {
        self(reply, now);
    }
}
