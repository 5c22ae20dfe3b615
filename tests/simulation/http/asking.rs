//! A client whose halves are two tasks.

use wirefeed::h1::client::{ClientSide, Event};
use wirefeed::h1::{Client, Config, Error, ErrorKind};
use wirefeed::{End, Instant, SendError, Step};

use super::halves::{Halves, Note};
use super::message::{self, Seen, Sending, Sent, judge};
use super::plan::Plan;
use crate::kit::{Link, millis};

pub(crate) struct Asking<'p> {
    plan: &'p Plan,
    halves: Halves<ClientSide>,
    interim: Interim,
    /// Since when nothing of its own keeps it from reading.
    pub(crate) read_from: Instant,
    /// The request that is being sent.
    sending: Option<Sending>,
    thought: bool,
    sent: usize,
    /// When the last request was over, and when it was written.
    pub(crate) asked_at: Option<Instant>,
    pub(crate) written_at: Instant,
    pub(crate) gave_up_at: Option<Instant>,
}

impl<'p> Asking<'p> {
    pub(crate) fn new(config: &Config, plan: &'p Plan) -> Self {
        let client = Client::new(*config, Instant::ZERO);
        let side = &plan.client;
        let token_delay = plan.late_token.map_or(side.delay, |time| millis(time.into()));
        Self {
            plan,
            halves: Halves::new(client, side, token_delay, &plan.dice, [4, 5, 6, 8]),
            interim: Interim::default(),
            read_from: Instant::ZERO,
            sending: None,
            thought: false,
            sent: 0,
            asked_at: None,
            written_at: Instant::ZERO,
            gave_up_at: None,
        }
    }

    pub(crate) fn responses(&self) -> &[Seen] {
        &self.halves.seen
    }

    pub(crate) fn error(&self) -> Option<Error> {
        self.halves.error
    }

    /// The reader's task has a go.
    pub(crate) fn read(&mut self, down: &mut Link, now: Instant) -> bool {
        if self.halves.closed {
            return false;
        }
        let Halves { rx, replies, tokens, .. } = &mut self.halves;
        let mut changed = false;
        if rx.poll_timeout().is_some_and(|at| at <= now) {
            rx.handle_timeout(replies, now);
            changed = true;
        }
        while let Some(next) = tokens.pop(now) {
            // Refused where the connection has ended meanwhile.
            let _ = rx.next_exchange(next, now);
            changed = true;
        }
        if self.halves.reader.is_ready(now) {
            changed |= self.pull(down, now);
        }
        changed
    }

    /// Reads some, unless some is left, and takes the next event.
    fn pull(&mut self, down: &mut Link, now: Instant) -> bool {
        let halves = &mut self.halves;
        let (most, wait) = halves.reader.dice.cut();
        let read = if halves.input.is_empty() { down.read(&mut halves.input, most) } else { 0 };
        if halves.has_ended {
            return false;
        }
        if halves.is_at_end(down) {
            halves.has_ended = true;
            halves.error = halves.error.or(halves.rx.receive_eof(&mut halves.replies, now).err());
            return true;
        }
        let (mut changed, step) = halves.take(now, &mut self.interim);
        changed |= read > 0;
        match step {
            Ok(Step::Item(()) | Step::NeedInput) => {}
            Ok(Step::Done) => {
                if let Some(response) = halves.seen.last_mut() {
                    changed |= !std::mem::replace(&mut response.over, true);
                }
                // What follows a response answers no request.
                if !halves.input.is_empty() {
                    halves.input.clear();
                    assert!(self.plan.late_token.is_some(), "bytes after a response");
                    return true;
                }
            }
            Err(error) => {
                changed |= halves.error.is_none();
                if error.kind == ErrorKind::TimedOut {
                    self.gave_up_at.get_or_insert(now);
                }
                halves.error.get_or_insert(error);
                halves.input.clear();
                return changed;
            }
        }
        if changed && halves.rest(wait, now) {
            self.read_from = halves.reader.ready_at();
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
            changed |= self.halves.thinks_until <= now && self.ask(now);
            // The receiving half knows of a request before its first byte is written.
            if self.halves.tokens.is_empty() || self.plan.late_token.is_some() {
                if self.halves.flush(up, now) {
                    changed = true;
                    self.written_at = now;
                }
            } else {
                self.halves.check_output();
            }
        }
        let Halves { tx, seen: responses, closed, .. } = &mut self.halves;
        let all = tx.is_idle() && self.sent == self.plan.asks.len();
        let are_over = responses.iter().all(|it| it.over);
        let ends = tx.wants().end == Some(End::Close);
        let begun = self.sent + usize::from(self.sending.is_some());
        if ends && !(responses.len() == begun && are_over) {
            self.gave_up_at.get_or_insert(now);
        }
        let over = responses.len() == self.sent && are_over;
        if (ends || (all && over)) && tx.output().is_empty() {
            // The reader takes what has come to its end, where a response still goes on.
            up.shut();
            down.leave();
            *closed = true;
            changed = true;
        }
        changed
    }

    /// Sends the next part of a request.
    fn ask(&mut self, now: Instant) -> bool {
        let n = self.sent;
        let Some(ask) = self.plan.asks.get(n) else { return false };
        let sent = match &mut self.sending {
            None if !self.halves.tx.is_idle() => return false,
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
                match self.halves.tx.send_head(ask.method, "/", &fields[..], now) {
                    Ok(next) => {
                        self.halves.tokens.push(next, now);
                        self.sending = Some(Sending::default());
                        self.interim = Interim::default();
                        Sent::Some
                    }
                    Err(SendError::Full) => Sent::Full,
                    Err(error) => judge(Err(error), Sent::Some),
                }
            }
            Some(_) if self.halves.tx.awaits_continue() => return false,
            Some(sending) => sending.step(&mut self.halves.tx, (n, &ask.body), now),
        };
        self.halves.after(sent).unwrap_or_else(|| {
            self.asked_at = Some(now);
            self.written_at = now;
            self.sending = None;
            self.thought = false;
            self.sent += 1;
            true
        })
    }

    pub(crate) fn wake(&self, now: Instant) -> Option<Instant> {
        self.halves.wake(true, now)
    }
}

/// The number of informational heads before the next final one.
#[derive(Default)]
struct Interim(usize);

impl Note<ClientSide> for Interim {
    fn note<'m, 'b: 'm>(&mut self, responses: &mut Vec<Seen>, event: Event<'m, 'b>) {
        match event {
            Event::Informational(head) => self.0 += usize::from(head.status() != 100),
            Event::Head(head) => {
                message::begin(responses, &head, head.status(), std::mem::take(&mut self.0));
            }
            Event::Data(piece) => message::data(responses, piece),
            Event::Trailers(fields) => message::trailers(responses, &fields),
        }
    }
}
