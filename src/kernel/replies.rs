//! What passes from a machine's receiving half to its sending half.

use crate::kernel::time::Instant;

/// Where a receiving half leaves what its connection owes: the sending half itself where both are in
/// one task; in two, what takes it to the other task: a [`ws::Mailbox`](crate::ws::Mailbox), which merges
/// what a WebSocket session owes, or a bounded channel.
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
    /// Takes the pending output.
    fn reply(&mut self, reply: Reply, now: Instant);
}

impl<Reply, F: FnMut(Reply, Instant)> Replies<Reply> for F {
    fn reply(&mut self, reply: Reply, now: Instant) {
        self(reply, now);
    }
}
