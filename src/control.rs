//! What passes from a machine's receiving half to its sending half.

use crate::Instant;

/// Where a receiving half leaves what its connection owes: the sending half itself where both are in
/// one task; in two, what takes it to the other task: a [`ws::Mailbox`](crate::ws::Mailbox), which merges
/// what a WebSocket session owes, or a bounded channel.
///
/// ```
/// use std::sync::mpsc::{Receiver, SyncSender};
/// use wirefeed::{Control, Instant, h1::server::{Reply, Sender}};
///
/// fn in_two_tasks(replies: SyncSender<Reply>) -> impl Control<Reply> {
///     move |reply: Reply, _: Instant| { let _ = replies.send(reply); }
/// }
/// fn in_the_other(replies: Receiver<Reply>, tx: &mut Sender, now: Instant) {
///     replies.try_iter().for_each(|reply| tx.owe(reply, now));
/// }
/// ```
pub trait Control<Reply> {
    /// Takes the pending output.
    fn owe(&mut self, reply: Reply, now: Instant);
}

impl<Reply, F: FnMut(Reply, Instant)> Control<Reply> for F {
    fn owe(&mut self, reply: Reply, now: Instant) {
        self(reply, now);
    }
}
