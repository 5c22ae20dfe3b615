//! A server whose halves are two tasks.

use wirefeed::h1::server::{Event, Reply, ServerSide};
use wirefeed::h1::{Config, Error, Next, Receiver, Sender, Server};
use wirefeed::{End, Fields, Instant, Replies, Step};

use super::message::{Allowance, Seen, Sending, Sent, judge};
use super::plan::{Answer, Begin, Side};
use crate::contract;
use crate::kit::{Delayed, Dice, Link, Pace, Pauses, earliest};

pub(crate) struct Serving<'p> {
    answers: &'p [Answer],
    replies: Delayed<Reply>,
    tokens: Delayed<Next<ServerSide>>,

    rx: Receiver<ServerSide>,
    reader: Pace,
    input: Vec<u8>,
    /// A token that came before the request was over.
    held: Option<Next<ServerSide>>,
    is_done: bool,
    /// The last call asked for input, or said that the request is over.
    is_drained: bool,
    told_end: bool,
    pub(crate) requests: Vec<Seen>,
    pub(crate) error: Option<Error>,
    /// Since when it waits for the last request.
    pub(crate) idle_from: Instant,
    /// When a request failed, or was given up.
    pub(crate) failed_at: Option<Instant>,

    tx: Sender<ServerSide>,
    writer: Pace,
    allowance: Allowance,
    /// The application does nothing before; its output is written all the same.
    thinks_until: Instant,
    at: At,
    /// The answers begun.
    pub(crate) begun: usize,
    closed: bool,
}

/// How far an answer is.
enum At {
    /// None is owed.
    Rest,
    Interim(u8),
    Body(Sending),
}

impl<'p> Serving<'p> {
    pub(crate) fn new(config: &Config, side: &Side, answers: &'p [Answer], dice: &[u8]) -> Self {
        let Server { rx, tx } = Server::new(*config, Instant::ZERO);
        Self {
            answers,
            replies: Delayed::new(Dice::new(dice, 0), side.delay),
            tokens: Delayed::new(Dice::new(dice, 1), side.delay),
            rx,
            reader: Pace::new(&side.pauses, Dice::new(dice, 2)),
            input: Vec::new(),
            held: None,
            is_done: false,
            is_drained: false,
            told_end: false,
            requests: Vec::new(),
            error: None,
            idle_from: Instant::ZERO,
            failed_at: None,
            tx,
            writer: Pace::new(&Pauses(Vec::new()), Dice::new(dice, 3)),
            allowance: Allowance::new(config.output),
            thinks_until: Instant::ZERO,
            at: At::Rest,
            begun: 0,
            closed: false,
        }
    }

    /// The reader's task has a go.
    pub(crate) fn read(&mut self, up: &mut Link, now: Instant) -> bool {
        if self.closed {
            return false;
        }
        let mut changed = false;
        let late = self.reader.dice.one_in(2);
        if !late {
            changed |= self.read_time(now);
        }
        if let Some(next) = self.held.take().or_else(|| self.tokens.pop(now)) {
            self.held = contract::server_next(&mut self.rx, next, now);
            if self.held.is_none() {
                (self.is_done, self.is_drained, changed) = (false, false, true);
                self.idle_from = now;
            }
        }
        if self.reader.is_ready(now) {
            changed |= self.pull(up, now);
        }
        if late {
            changed |= self.read_time(now);
        }
        changed
    }

    fn read_time(&mut self, now: Instant) -> bool {
        let is_due = self.rx.poll_timeout().is_some_and(|at| at <= now);
        if is_due {
            let owed = self.replies.len();
            self.rx.handle_timeout(&mut self.replies, now);
            if self.replies.len() > owed {
                self.failed_at.get_or_insert(now);
            }
        }
        is_due
    }

    fn fail(&mut self, error: Option<Error>, now: Instant) {
        self.error = self.error.or(error);
        if error.is_some() {
            self.failed_at.get_or_insert(now);
        }
    }

    /// Reads some, unless some is left, and takes the next event.
    fn pull(&mut self, up: &mut Link, now: Instant) -> bool {
        let (most, wait) = self.reader.dice.cut();
        let mut read = 0;
        // A reader whose request is over, or broken, reads on to see the peer leave.
        let waits = self.is_done || self.error.is_some() || self.told_end;
        if self.input.is_empty() || (waits && self.input.len() < 4096) {
            read = up.read(&mut self.input, most);
            if self.error.is_some() || self.told_end {
                self.input.clear();
            }
        }
        let is_drained = self.is_drained || self.error.is_some();
        if self.input.is_empty() && is_drained && up.is_over() && !self.told_end {
            // Who is told that a request was cut reads on, to see once more that the peer has left.
            let before = self.error;
            let told = self.rx.receive_eof(&mut self.replies, now);
            self.told_end = told.is_ok() || before.is_some();
            self.fail(told.err(), now);
            return true;
        }
        if self.is_done || self.error.is_some() || self.told_end {
            return read > 0;
        }
        let mut input = &self.input[..];
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
                self.requests.note(event);
            }
            Ok(Step::NeedInput) => assert_eq!(used, before),
            Ok(Step::Done) => {
                changed = true;
                self.is_done = true;
                if let Some(request) = self.requests.last_mut() {
                    request.over = true;
                }
            }
            Err(error) => {
                changed |= self.error.is_none();
                self.fail(Some(error), now);
            }
        }
        self.input.drain(..used);
        if changed {
            self.reader.wait(wait, now);
            let says = self.is_drained || !contract::AN_EVENT_THAT_IS_HELD_STOPS_THE_CLOCK;
            if self.reader.pauses(now) && says {
                contract::server_pauses(&mut self.rx, &mut self.replies, now);
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
            changed |= self.thinks_until <= now && self.answer(now);
            let (most, wait) = self.writer.dice.cut();
            if down.write(self.tx.output(), most) > 0 {
                changed = true;
                self.writer.wait(wait, now);
            }
            self.allowance.check(self.tx.output());
        }
        if contract::A_TOKEN_WAITS_FOR_ITS_REQUEST || self.is_done {
            if let Some(next) = contract::server_token(&mut self.tx) {
                self.tokens.push(next, now);
                changed = true;
            }
        }
        if let (Some(end), true) = (self.tx.wants().end, self.tx.output().is_empty()) {
            changed |= down.shut();
            if end == End::Close {
                up.leave();
                self.closed = true;
                changed = true;
            }
        }
        changed
    }

    /// Sends the next part of an answer.
    fn answer(&mut self, now: Instant) -> bool {
        let n = self.begun;
        let waits = self.answers.get(n).is_some_and(|it| it.waits) && !self.is_over(n);
        let sent = match &mut self.at {
            At::Rest => {
                if !self.tx.awaits_head() || !self.may_begin() {
                    return false;
                }
                self.at = At::Interim(0);
                return true;
            }
            At::Interim(count) if *count < self.answers[n].interim => {
                let sent = judge(self.tx.send_head(103, &[("Link", "</a>")], now), Sent::Some);
                *count += u8::from(sent == Sent::Some);
                sent
            }
            At::Interim(_) => {
                let answer = &self.answers[n];
                let mut fields = answer.body.fields(n);
                if matches!(answer.status, 204 | 304) {
                    fields.pop();
                }
                if answer.close {
                    fields.push(("Connection", "close".into()));
                }
                let sent = judge(self.tx.send_head(answer.status, &fields[..], now), Sent::Some);
                if sent == Sent::Some {
                    self.at = At::Body(Sending::default());
                }
                sent
            }
            At::Body(_) if waits => return false,
            At::Body(sending) => {
                let answer = &self.answers[n];
                match answer.status {
                    204 | 304 => judge(self.tx.send_end(now), Sent::Over),
                    _ => sending.step(&mut self.tx, (n, &answer.body), now),
                }
            }
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
                self.begun += 1;
                self.at = At::Rest;
                true
            }
        }
    }

    fn is_over(&self, n: usize) -> bool {
        self.error.is_some() || self.requests.get(n).is_some_and(|request| request.over)
    }

    fn may_begin(&self) -> bool {
        let n = self.begun;
        let answer = &self.answers[n];
        !answer.silent
            && match answer.begin {
                Begin::Head => true,
                Begin::Bytes(count) => {
                    self.is_over(n) || self.requests[n].body.len() >= usize::from(count)
                }
                Begin::End => self.is_over(n),
            }
    }

    pub(crate) fn wake(&self, now: Instant) -> Option<Instant> {
        if self.closed {
            return None;
        }
        earliest([
            self.replies.wake(),
            self.tokens.wake().filter(|_| self.held.is_none()),
            self.rx.poll_timeout(),
            self.tx.poll_timeout(),
            self.reader.wake(now),
            self.writer.wake(now),
            Some(self.thinks_until).filter(|at| *at > now),
        ])
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Until when its own pauses keep it from reading.
    pub(crate) fn reads_from(&self) -> Instant {
        self.reader.ready_at()
    }
}

/// Takes note of what is seen.
trait Note {
    fn note(&mut self, event: Event<'_, '_>);
}

impl Note for Vec<Seen> {
    fn note(&mut self, event: Event<'_, '_>) {
        match event {
            Event::Head(head) => {
                let number = head.value_of("number").and_then(|n| std::str::from_utf8(n).ok());
                let number = number.and_then(|n| n.parse().ok());
                self.push(Seen { number, ..Seen::default() });
            }
            Event::Data(piece) => {
                assert!(!piece.is_empty());
                self.last_mut().expect("a head came before").body.extend(piece);
            }
            Event::Trailers(fields) => {
                assert_eq!(fields.value_of("digest"), Some(&b"x"[..]));
                self.last_mut().expect("a head came before").trailers = true;
            }
        }
    }
}
