//! What the two sides of a connection have in common, and where they differ.

use core::fmt;
use core::time::Duration;

use super::content::Part;
use super::head::{Head, StartLine};
use super::output::Output;
use super::{Config, Error, Framing};
use crate::{Instant, Wants};

/// A side of a connection: [`ClientSide`](super::client::ClientSide) or
/// [`ServerSide`](super::server::ServerSide).
pub trait Side: Rules {}

/// The rules of one side. A value of it is the state of the exchange that its sending half keeps.
#[expect(unnameable_types, reason = "sealed: a connection has two sides")]
pub trait Rules: Sized + fmt::Debug {
    /// The start line of the messages that this side receives.
    type StartLine: StartLine;
    /// What the receiving half yields.
    type Event<'m, 'b: 'm>: From<Part<'m, 'b>>;
    /// What the receiving half leaves for the sending half.
    type Reply: Copy;
    /// What the receiving half must know about an exchange before its message arrives.
    type Exchange: fmt::Debug;

    /// The exchange that a connection begins with; `None` where a request must be sent first.
    const FIRST: Option<Self::Exchange>;
    /// The receiving half has input left to pull, or the caller does not read.
    const READING: Option<Self::Reply> = None;
    /// The receiving half has used up all input.
    const WAITING: Option<Self::Reply> = None;
    /// The peer is about to wait for a 100 (Continue).
    const CONTINUE: Option<Self::Reply> = None;
    /// The peer sends nothing more.
    const END: Self::Reply;

    /// The time for a message's head, where the receiving half measures it.
    fn head_timeout(_: &Config) -> Option<Duration> {
        None
    }

    /// Judges a head beyond its grammar.
    fn open(
        head: &Head<'_, Self::StartLine>,
        exchange: &Self::Exchange,
        config: &Config,
    ) -> Result<Opened<Self::Reply>, Error>;

    /// The event for an informational head.
    fn informational<'m, 'b: 'm>(head: Head<'m, Self::StartLine>) -> Self::Event<'m, 'b> {
        Self::head(head)
    }

    /// The event for a final head.
    fn head<'m, 'b: 'm>(head: Head<'m, Self::StartLine>) -> Self::Event<'m, 'b>;

    /// The message is complete; `persists` where another may follow on the connection.
    fn over(persists: bool) -> Self::Reply;

    /// The message is invalid.
    fn failed(error: Error) -> Self::Reply;

    /// Takes what the receiving half left.
    fn reply(&mut self, reply: Self::Reply, output: &mut Output, now: Instant);

    /// Whether this side is sending a message's content.
    fn is_sending(&self) -> bool;

    /// Whether no exchange is in progress.
    fn is_idle(&self) -> bool;

    /// Whether the last message was sent, and the peer is expected to close the connection.
    fn lingers(&self) -> bool {
        false
    }

    /// Whether the peer did not begin its response in time.
    fn has_timed_out(&self) -> bool {
        false
    }

    /// The message that was being sent is complete.
    fn end(&mut self, output: &mut Output, now: Instant);

    /// Gives the connection up.
    fn abort(&mut self);

    /// The deadlines besides that of the output.
    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// Advances the time; `stalled` where the peer took too little of the output.
    fn handle_timeout(&mut self, output: &mut Output, stalled: bool, now: Instant);

    /// What the driver must do once the output is written.
    fn wants(&self, output: &Output) -> Wants;
}

/// What a head means for the bytes after it.
#[derive(Debug)]
#[expect(unnameable_types, reason = "a part of the sealed trait")]
pub enum Opened<Reply> {
    /// An informational response: another head follows.
    Informational(Option<Reply>),
    /// The connection changes to another protocol.
    Switch(Reply),
    /// The message's content.
    Message {
        framing: Framing,
        /// Whether another message may follow.
        persists: bool,
        /// Whether the peer waits for a 100 (Continue) before it sends the content.
        expects_continue: bool,
        reply: Reply,
    },
}
