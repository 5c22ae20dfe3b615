//! What passes from a machine's receiving half to its sending half.

use crate::Instant;

/// Where a receiving half leaves what its connection owes: the sending half itself where both are in
/// one task, else the end of a channel, whose other end gives it to the sender.
///
/// ```
/// use wirefeed::{Control, Instant, ws::{Reply, Sender, Server}};
///
/// fn in_two_tasks(replies: std::sync::mpsc::Sender<Reply>) -> impl Control<Reply> {
///     move |reply: Reply, _: Instant| { let _ = replies.send(reply); }
/// }
/// fn in_the_other(replies: std::sync::mpsc::Receiver<Reply>, tx: &mut Sender<Server>, now: Instant) {
///     replies.try_iter().for_each(|reply| tx.owe(reply, now));
/// }
/// ```
pub trait Control<Reply> {
    /// Takes what is owed.
    fn owe(&mut self, reply: Reply, now: Instant);
}

impl<Reply, F: FnMut(Reply, Instant)> Control<Reply> for F {
    fn owe(&mut self, reply: Reply, now: Instant) {
        self(reply, now);
    }
}
