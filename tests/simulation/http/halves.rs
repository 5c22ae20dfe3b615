//! The halves of either side of a connection, each driven by a task of its own.

use std::time::Duration;

use wirefeed::h1::{Endpoint, Error, Next, Receiver, Sender, Side};
use wirefeed::{Instant, Replies, Step};

use super::message::{Allowance, Seen, Sent};
use super::plan;
use crate::contract;
use crate::kit::{Delayed, Dice, Link, Pace, Pauses, earliest};

/// Takes note of events. (No closure can: an event's two lifetimes are bound.)
pub(crate) trait Note<S: Side> {
    fn note<'m, 'b: 'm>(&mut self, seen: &mut Vec<Seen>, event: S::Event<'m, 'b>);
}

pub(crate) struct Halves<S: Side> {
    pub(crate) replies: Delayed<S::Reply>,
    pub(crate) tokens: Delayed<Next<S>>,

    pub(crate) rx: Receiver<S>,
    pub(crate) reader: Pace,
    pub(crate) input: Vec<u8>,
    /// The last call returned that it needs input, or that the message is over.
    pub(crate) is_drained: bool,
    /// The receiving half knows of the end of the stream.
    pub(crate) has_ended: bool,
    pub(crate) seen: Vec<Seen>,
    pub(crate) error: Option<Error>,

    pub(crate) tx: Sender<S>,
    pub(crate) writer: Pace,
    allowance: Allowance,
    /// The application does nothing before; its output is written all the same.
    pub(crate) thinks_until: Instant,
    pub(crate) closed: bool,
}

impl<S: Side> Halves<S> {
    /// `lanes` are those of the replies, the tokens, the reader and the writer.
    pub(crate) fn new(
        Endpoint { rx, tx, .. }: Endpoint<S>,
        side: &plan::Side,
        token_delay: Duration,
        dice: &[u8],
        lanes: [u8; 4],
    ) -> Self {
        let [replies, tokens, reader, writer] = lanes.map(|lane| Dice::new(dice, lane));
        Self {
            replies: Delayed::new(replies, side.delay),
            tokens: Delayed::new(tokens, token_delay),
            rx,
            reader: Pace::new(&side.pauses, reader),
            input: Vec::new(),
            is_drained: false,
            has_ended: false,
            seen: Vec::new(),
            error: None,
            tx,
            writer: Pace::new(&Pauses(Vec::new()), writer),
            allowance: Allowance::new(side.limit),
            thinks_until: Instant::ZERO,
            closed: false,
        }
    }

    /// Whether the stream has ended, and the receiving half has used all that came before.
    pub(crate) fn is_at_end(&self, link: &Link) -> bool {
        let is_drained = self.is_drained || self.error.is_some();
        self.input.is_empty() && is_drained && link.is_over() && !self.has_ended
    }

    /// Takes the next event from the receiving half; whether anything changed, and the step.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        notes: &mut impl Note<S>,
    ) -> (bool, Result<Step<()>, Error>) {
        let (before, replies) = (self.input.len(), self.replies.len());
        let mut input = &self.input[..];
        let step = self.rx.receive(&mut self.replies, &mut input, now);
        let left = input.len();
        let is_drained = matches!(step, Ok(Step::NeedInput | Step::Done));
        let mut changed = std::mem::replace(&mut self.is_drained, is_drained) != is_drained;
        let step = step.map(|step| match step {
            Step::Item(event) => {
                changed = true;
                notes.note(&mut self.seen, event);
                Step::Item(())
            }
            Step::NeedInput => {
                assert_eq!(left, 0);
                Step::NeedInput
            }
            Step::Done => Step::Done,
        });
        self.input.drain(..before - left);
        (changed || left < before || self.replies.len() > replies, step)
    }

    /// Waits after a call that changed something; whether a pause begins.
    pub(crate) fn rest(&mut self, wait: Duration, now: Instant) -> bool {
        self.reader.wait(wait, now);
        let pauses = self.reader.pauses(now);
        if pauses && (self.is_drained || !contract::AN_EVENT_THAT_IS_HELD_STOPS_THE_CLOCK) {
            self.rx.pause(&mut self.replies, now);
        }
        pauses
    }

    /// Passes replies and the time to the sending half.
    pub(crate) fn advance(&mut self, now: Instant) -> bool {
        let mut changed = false;
        while let Some(reply) = self.replies.pop(now) {
            self.tx.reply(reply, now);
            changed = true;
        }
        if self.tx.poll_timeout().is_some_and(|at| at <= now) {
            self.tx.handle_timeout(now);
            changed = true;
        }
        self.check_output();
        changed
    }

    /// Writes some of the output; whether there was any.
    pub(crate) fn flush(&mut self, link: &mut Link, now: Instant) -> bool {
        let (most, wait) = self.writer.dice.cut();
        let has_written = link.write(self.tx.output(), most) > 0;
        if has_written {
            self.writer.wait(wait, now);
        }
        self.check_output();
        has_written
    }

    pub(crate) fn check_output(&mut self) {
        self.allowance.check(self.tx.output());
    }

    /// Takes note of a step of sending; whether it changed anything, or `None` where the message is over.
    pub(crate) fn after(&mut self, sent: Sent) -> Option<bool> {
        if matches!(sent, Sent::Some | Sent::Over) {
            self.allowance.sent(self.tx.output());
        }
        match sent {
            Sent::Some => Some(true),
            Sent::Full => Some(false),
            Sent::Wait(until) => {
                self.thinks_until = until;
                Some(true)
            }
            Sent::Over | Sent::Refused => None,
        }
    }

    /// When a task goes on; `takes_tokens` where the reader waits for one.
    pub(crate) fn wake(&self, takes_tokens: bool, now: Instant) -> Option<Instant> {
        if self.closed {
            return None;
        }
        earliest([
            self.replies.wake(),
            self.tokens.wake().filter(|_| takes_tokens),
            self.rx.poll_timeout(),
            self.tx.poll_timeout(),
            self.reader.wake(now),
            self.writer.wake(now),
            Some(self.thinks_until).filter(|at| *at > now),
        ])
    }
}
