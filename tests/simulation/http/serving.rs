//! A server whose halves are two tasks.

use wirefeed::h1::server::{Event, ServerSide};
use wirefeed::h1::{Config, Error, Next, Server};
use wirefeed::{End, Instant, Step};

use super::halves::{Halves, Note};
use super::message::{self, Seen, Sending, Sent, judge};
use super::plan::{Answer, Begin, Side};
use crate::contract;
use crate::kit::Link;

pub(crate) struct Serving<'p> {
    answers: &'p [Answer],
    halves: Halves<ServerSide>,
    /// A token that came before the request was over.
    held: Option<Next<ServerSide>>,
    is_done: bool,
    /// Since when it waits for the last request.
    pub(crate) idle_from: Instant,
    /// When a request failed, or was given up.
    pub(crate) failed_at: Option<Instant>,
    at: At,
    /// The answers begun.
    pub(crate) begun: usize,
}

/// How far an answer is.
enum At {
    /// No request waits for one.
    Rest,
    Interim(u8),
    Body(Sending),
}

impl<'p> Serving<'p> {
    pub(crate) fn new(config: &Config, side: &Side, answers: &'p [Answer], dice: &[u8]) -> Self {
        let server = Server::new(*config, Instant::ZERO);
        Self {
            answers,
            halves: Halves::new(server, side, side.delay, dice, [0, 1, 2, 3]),
            held: None,
            is_done: false,
            idle_from: Instant::ZERO,
            failed_at: None,
            at: At::Rest,
            begun: 0,
        }
    }

    pub(crate) fn requests(&self) -> &[Seen] {
        &self.halves.seen
    }

    pub(crate) fn error(&self) -> Option<Error> {
        self.halves.error
    }

    /// The reader's task has a go.
    pub(crate) fn read(&mut self, up: &mut Link, now: Instant) -> bool {
        if self.halves.closed {
            return false;
        }
        let mut changed = false;
        let late = self.halves.reader.dice.one_in(2);
        if !late {
            changed |= self.read_time(now);
        }
        if let Some(next) = self.held.take().or_else(|| self.halves.tokens.pop(now)) {
            self.held = self.halves.rx.next_exchange(next, now).err();
            if self.held.is_none() {
                (self.is_done, self.halves.is_drained, changed) = (false, false, true);
                self.idle_from = now;
            }
        }
        if self.halves.reader.is_ready(now) {
            changed |= self.pull(up, now);
        }
        if late {
            changed |= self.read_time(now);
        }
        changed
    }

    fn read_time(&mut self, now: Instant) -> bool {
        let Halves { rx, replies, .. } = &mut self.halves;
        let is_due = rx.poll_timeout().is_some_and(|at| at <= now);
        if is_due {
            let before = replies.len();
            rx.handle_timeout(replies, now);
            if replies.len() > before {
                self.failed_at.get_or_insert(now);
            }
        }
        is_due
    }

    fn fail(&mut self, error: Option<Error>, now: Instant) {
        self.halves.error = self.halves.error.or(error);
        if error.is_some() {
            self.failed_at.get_or_insert(now);
        }
    }

    /// Reads some, unless some is left, and takes the next event.
    fn pull(&mut self, up: &mut Link, now: Instant) -> bool {
        let halves = &mut self.halves;
        let (most, wait) = halves.reader.dice.cut();
        let mut read = 0;
        // A reader whose request is over, or broken, reads on to see the peer leave.
        let has_failed = halves.error.is_some() || halves.has_ended;
        let waits = self.is_done || has_failed;
        if halves.input.is_empty() || (waits && halves.input.len() < 4096) {
            read = up.read(&mut halves.input, most);
            if has_failed {
                halves.input.clear();
            }
        }
        if halves.is_at_end(up) {
            // A reader that learns that a request was cut reads on, to see once more that the peer has
            // left.
            let before = halves.error;
            let end = halves.rx.receive_eof(&mut halves.replies, now);
            halves.has_ended = end.is_ok() || before.is_some();
            self.fail(end.err(), now);
            return true;
        }
        if waits {
            return read > 0;
        }
        let (mut changed, step) = halves.take(now, &mut Requests);
        changed |= read > 0;
        match step {
            Ok(Step::Item(()) | Step::NeedInput) => {}
            Ok(Step::Done) => {
                changed = true;
                self.is_done = true;
                if let Some(request) = halves.seen.last_mut() {
                    request.over = true;
                }
            }
            Err(error) => {
                changed |= halves.error.is_none();
                self.fail(Some(error), now);
            }
        }
        if changed {
            self.halves.rest(wait, now);
        }
        changed
    }

    /// The writer's task has a go.
    pub(crate) fn write(&mut self, up: &mut Link, down: &mut Link, now: Instant) -> bool {
        if self.halves.closed {
            return false;
        }
        let mut changed = self.halves.advance(now);
        if self.halves.writer.is_ready(now) {
            changed |= self.halves.thinks_until <= now && self.answer(now);
            changed |= self.halves.flush(down, now);
        }
        let Halves { tx, tokens, closed, .. } = &mut self.halves;
        if contract::A_TOKEN_WAITS_FOR_ITS_REQUEST || self.is_done {
            if let Some(next) = tx.next_exchange() {
                tokens.push(next, now);
                changed = true;
            }
        }
        if let (Some(end), true) = (tx.wants().end, tx.output().is_empty()) {
            changed |= down.shut();
            if end == End::Close {
                up.leave();
                *closed = true;
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
                if !self.halves.tx.awaits_head() || !self.may_begin() {
                    return false;
                }
                self.at = At::Interim(0);
                return true;
            }
            At::Interim(count) if *count < self.answers[n].interim => {
                let sent =
                    judge(self.halves.tx.send_head(103, &[("Link", "</a>")], now), Sent::Some);
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
                let sent =
                    judge(self.halves.tx.send_head(answer.status, &fields[..], now), Sent::Some);
                if sent == Sent::Some {
                    self.at = At::Body(Sending::default());
                }
                sent
            }
            At::Body(_) if waits => return false,
            At::Body(sending) => {
                let answer = &self.answers[n];
                match answer.status {
                    204 | 304 => judge(self.halves.tx.send_end(now), Sent::Over),
                    _ => sending.step(&mut self.halves.tx, (n, &answer.body), now),
                }
            }
        };
        self.halves.after(sent).unwrap_or_else(|| {
            self.begun += 1;
            self.at = At::Rest;
            true
        })
    }

    fn is_over(&self, n: usize) -> bool {
        self.halves.error.is_some() || self.requests().get(n).is_some_and(|request| request.over)
    }

    fn may_begin(&self) -> bool {
        let n = self.begun;
        let answer = &self.answers[n];
        !answer.silent
            && match answer.begin {
                Begin::Head => true,
                Begin::Bytes(count) => {
                    self.is_over(n) || self.requests()[n].body.len() >= usize::from(count)
                }
                Begin::End => self.is_over(n),
            }
    }

    pub(crate) fn wake(&self, now: Instant) -> Option<Instant> {
        self.halves.wake(self.held.is_none(), now)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.halves.closed
    }

    /// Until when its own pauses keep it from reading.
    pub(crate) fn reads_from(&self) -> Instant {
        self.halves.reader.ready_at()
    }
}

struct Requests;

impl Note<ServerSide> for Requests {
    fn note<'m, 'b: 'm>(&mut self, requests: &mut Vec<Seen>, event: Event<'m, 'b>) {
        match event {
            Event::Head(head) => message::begin(requests, &head, 0, 0),
            Event::Data(piece) => message::data(requests, piece),
            Event::Trailers(fields) => message::trailers(requests, &fields),
        }
    }
}
