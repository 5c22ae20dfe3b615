//! The differences between the two sides of a connection, as a sealed trait.

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
    /// The events of the receiving half.
    type Event<'m, 'b: 'm>: From<Part<'m, 'b>>;
    /// The replies of the receiving half to the sending half.
    type Reply: Copy;
    /// The knowledge about an exchange that the receiving half needs before its message arrives.
    type Exchange: fmt::Debug + Copy;

    /// The first exchange of a connection; `None` on a client, which must send a request first.
    const FIRST: Option<Self::Exchange>;
    /// Whether this side receives requests.
    const IS_SERVER: bool = Self::FIRST.is_some();
    /// The receiving half has unprocessed input, or the caller does not read.
    const READING: Option<Self::Reply> = None;
    /// The receiving half has processed all input.
    const WAITING: Option<Self::Reply> = None;
    /// The peer waits for a 100 (Continue).
    const CONTINUE: Option<Self::Reply> = None;
    /// The peer sends nothing more.
    const END: Self::Reply;

    /// The time for a message's head, if the receiving half measures it.
    fn head_timeout(_: &Config) -> Option<Duration> {
        None
    }

    /// Checks a head beyond its grammar, and determines what follows it.
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

    /// The reply for a complete message. `persists` if another may follow on the connection.
    fn over(persists: bool) -> Self::Reply;

    /// The reply for an invalid message.
    fn failed(error: Error) -> Self::Reply;

    /// Takes a reply of the receiving half.
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

    /// Completes the message that this side sends.
    fn end(&mut self, output: &mut Output, now: Instant);

    /// Ends the connection.
    fn abort(&mut self);

    /// When the deadlines of this side expire, other than that of the output.
    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// Advances the time. `stalled` if the peer took too little of the output.
    fn handle_timeout(&mut self, output: &mut Output, stalled: bool, now: Instant);

    /// What the driver must do after it has written the output.
    fn wants(&self, output: &Output) -> Wants;
}

/// What follows a head.
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
