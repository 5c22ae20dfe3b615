//! A client whose halves are two tasks.

use wirefeed::h1::client::{ClientSide, Event, Reply};
use wirefeed::h1::{Client, Config, Error, ErrorKind, Next, Receiver, Sender};
use wirefeed::{End, Fields, Instant, Replies, SendError, Step};

use super::message::{Allowance, Seen, Sending, Sent, judge};
use super::plan::Plan;
use crate::contract;
use crate::kit::{Delayed, Dice, Link, Pace, Pauses, earliest, millis};

pub(crate) struct Asking<'p> {
    plan: &'p Plan,
    replies: Delayed<Reply>,
    tokens: Delayed<Next<ClientSide>>,

    rx: Receiver<ClientSide>,
    reader: Pace,
    input: Vec<u8>,
    /// The last call asked for input, or said that the response is over.
    is_drained: bool,
    told_end: bool,
    pub(crate) responses: Vec<Seen>,
    interim: usize,
    pub(crate) error: Option<Error>,
    /// Since when nothing of its own keeps it from reading.
    pub(crate) read_from: Instant,

    tx: Sender<ClientSide>,
    writer: Pace,
    allowance: Allowance,
    /// The application does nothing before; its output is written all the same.
    thinks_until: Instant,
    /// The request that is being sent.
    sending: Option<Sending>,
    thought: bool,
    sent: usize,
    closed: bool,
    /// When the last request was over, and when it was written.
    pub(crate) asked_at: Option<Instant>,
    pub(crate) written_at: Instant,
    pub(crate) gave_up_at: Option<Instant>,
}

impl<'p> Asking<'p> {
    pub(crate) fn new(config: &Config, plan: &'p Plan) -> Self {
        let Client { rx, tx } = Client::new(*config, Instant::ZERO);
        let side = &plan.client;
        let token_delay = plan.late_token.map_or(side.delay, |time| millis(time.into()));
        Self {
            plan,
            replies: Delayed::new(Dice::new(&plan.dice, 4), side.delay),
            tokens: Delayed::new(Dice::new(&plan.dice, 5), token_delay),
            rx,
            reader: Pace::new(&side.pauses, Dice::new(&plan.dice, 6)),
            input: Vec::new(),
            is_drained: false,
            told_end: false,
            responses: Vec::new(),
            interim: 0,
            error: None,
            read_from: Instant::ZERO,
            tx,
            writer: Pace::new(&Pauses(Vec::new()), Dice::new(&plan.dice, 8)),
            allowance: Allowance::new(config.output),
            thinks_until: Instant::ZERO,
            sending: None,
            thought: false,
            sent: 0,
            closed: false,
            asked_at: None,
            written_at: Instant::ZERO,
            gave_up_at: None,
        }
    }

    /// The reader's task has a go.
    pub(crate) fn read(&mut self, down: &mut Link, now: Instant) -> bool {
        if self.closed {
            return false;
        }
        let mut changed = false;
        if self.rx.poll_timeout().is_some_and(|at| at <= now) {
            self.rx.handle_timeout(&mut self.replies, now);
            changed = true;
        }
        while let Some(next) = self.tokens.pop(now) {
            contract::client_next(&mut self.rx, next, now);
            changed = true;
        }
        if self.reader.is_ready(now) {
            changed |= self.pull(down, now);
        }
        changed
    }

    /// Reads some, unless some is left, and takes the next event.
    fn pull(&mut self, down: &mut Link, now: Instant) -> bool {
        let (most, wait) = self.reader.dice.cut();
        let read = if self.input.is_empty() { down.read(&mut self.input, most) } else { 0 };
        if self.told_end {
            return false;
        }
        let is_drained = self.is_drained || self.error.is_some();
        if self.input.is_empty() && is_drained && down.is_over() {
            self.told_end = true;
            self.error = self.error.or(self.rx.receive_eof(&mut self.replies, now).err());
            return true;
        }
        let (mut input, interim) = (&self.input[..], &mut self.interim);
        let before = input.len();
        let owed = self.replies.len();
        let step = self.rx.receive(&mut self.replies, &mut input, now);
        let used = before - input.len();
        let mut changed = read > 0 || used > 0 || self.replies.len() > owed;
        let was_drained = self.is_drained;
        self.is_drained = matches!(step, Ok(Step::NeedInput | Step::Done));
        changed |= self.is_drained != was_drained;
        match step {
            Ok(Step::Item(event)) => {
                changed = true;
                note(&mut self.responses, interim, event);
            }
            Ok(Step::NeedInput) => assert_eq!(before, used),
            Ok(Step::Done) => {
                if let Some(response) = self.responses.last_mut() {
                    changed |= !std::mem::replace(&mut response.over, true);
                }
                // Whatever follows a response was not asked for.
                if before > used {
                    self.input.clear();
                    assert!(self.plan.late_token.is_some(), "bytes after a response");
                    return true;
                }
            }
            Err(error) => {
                changed |= self.error.is_none();
                if error.kind == ErrorKind::TimedOut {
                    self.gave_up_at.get_or_insert(now);
                }
                self.error.get_or_insert(error);
                self.input.clear();
                return changed;
            }
        }
        self.input.drain(..used);
        if changed {
            self.reader.wait(wait, now);
            if self.reader.pauses(now) {
                self.read_from = self.reader.ready_at();
                if self.is_drained || !contract::AN_EVENT_THAT_IS_HELD_STOPS_THE_CLOCK {
                    contract::client_pauses(&mut self.rx, &mut self.replies, now);
                }
            }
        }
        changed
    }

    /// The writer's task has a go.
    pub(crate) fn write(&mut self, up: &mut Link, down: &mut Link, now: Instant) -> bool {
        if self.closed {
            return false;
        }
        let mut changed = false;
        while let Some(reply) = self.replies.pop(now) {
            self.tx.reply(reply, now);
            changed = true;
        }
        if self.tx.poll_timeout().is_some_and(|at| at <= now) {
            self.tx.handle_timeout(now);
            changed = true;
        }
        self.allowance.check(self.tx.output());
        if self.writer.is_ready(now) {
            changed |= self.thinks_until <= now && self.ask(now);
            // The receiving half knows of a request before its first byte is written.
            if self.tokens.is_empty() || self.plan.late_token.is_some() {
                let (most, wait) = self.writer.dice.cut();
                if up.write(self.tx.output(), most) > 0 {
                    changed = true;
                    self.writer.wait(wait, now);
                    self.written_at = now;
                }
            }
            self.allowance.check(self.tx.output());
        }
        let all = self.tx.is_idle() && self.sent == self.plan.asks.len();
        let over = self.responses.len() == self.sent && self.responses.iter().all(|it| it.over);
        let ends = self.tx.wants().end == Some(End::Close);
        let begun = self.sent + usize::from(self.sending.is_some());
        let answered = self.responses.len() == begun && self.responses.iter().all(|it| it.over);
        if ends && !answered {
            self.gave_up_at.get_or_insert(now);
        }
        if (ends || (all && over)) && self.tx.output().is_empty() {
            // The reader takes what has come to its end, where a response still goes on.
            up.shut();
            down.leave();
            self.closed = true;
            changed = true;
        }
        changed
    }

    /// Sends the next part of a request.
    fn ask(&mut self, now: Instant) -> bool {
        let n = self.sent;
        let Some(ask) = self.plan.asks.get(n) else { return false };
        let sent = match &mut self.sending {
            None if !self.tx.is_idle() => return false,
            None if !std::mem::replace(&mut self.thought, true) => {
                Sent::Wait(now + millis(ask.think.into()))
            }
            None => {
                let mut fields = ask.body.fields(n);
                fields.push(("Host", "x".into()));
                if ask.close {
                    fields.push(("Connection", "close".into()));
                }
                if ask.expect {
                    fields.push(("Expect", "100-continue".into()));
                }
                match self.tx.send_head(ask.method, "/", &fields[..], now) {
                    Ok(next) => {
                        self.tokens.push(next, now);
                        self.sending = Some(Sending::default());
                        self.interim = 0;
                        Sent::Some
                    }
                    Err(SendError::Full) => Sent::Full,
                    Err(error) => judge(Err(error), Sent::Some),
                }
            }
            Some(_) if self.tx.awaits_continue() => return false,
            Some(sending) => sending.step(&mut self.tx, (n, &ask.body), now),
        };
        if matches!(sent, Sent::Some | Sent::Over) {
            self.allowance.sent(self.tx.output());
        }
        match sent {
            Sent::Some => true,
            Sent::Full => false,
            Sent::Wait(until) => {
                self.thinks_until = until;
                true
            }
            Sent::Over | Sent::Refused => {
                self.asked_at = Some(now);
                self.written_at = now;
                self.sending = None;
                self.thought = false;
                self.sent += 1;
                true
            }
        }
    }

    pub(crate) fn wake(&self, now: Instant) -> Option<Instant> {
        if self.closed {
            return None;
        }
        earliest([
            self.replies.wake(),
            self.tokens.wake(),
            self.rx.poll_timeout(),
            self.tx.poll_timeout(),
            self.reader.wake(now),
            self.writer.wake(now),
            Some(self.thinks_until).filter(|at| *at > now),
        ])
    }
}

/// Takes note of what is seen.
fn note(responses: &mut Vec<Seen>, interim: &mut usize, event: Event<'_, '_>) {
    match event {
        Event::Informational(head) => *interim += usize::from(head.status() != 100),
        Event::Head(head) => {
            let number = head.value_of("number").and_then(|n| std::str::from_utf8(n).ok());
            let number = number.and_then(|n| n.parse().ok());
            let (status, interim) = (head.status(), std::mem::take(interim));
            responses.push(Seen { number, status, interim, ..Seen::default() });
        }
        Event::Data(piece) => {
            assert!(!piece.is_empty());
            responses.last_mut().expect("a head came before").body.extend(piece);
        }
        Event::Trailers(fields) => {
            assert_eq!(fields.value_of("digest"), Some(&b"x"[..]));
            responses.last_mut().expect("a head came before").trailers = true;
        }
    }
}
