//! A peer that sends what a plan says, and reads strictly.

use wirefeed::Instant;

use super::wire::Responses;
use super::{After, Plan, Rest, WAITS};
use crate::kit::{Dice, Link, millis};

pub(crate) struct Peer<'p> {
    plan: &'p Plan,
    /// The request that is being sent, and how far it is.
    n: usize,
    phase: Phase,
    dice: Dice,
    pub(crate) responses: Responses,
    /// When each request began.
    pub(crate) begun_at: Vec<Instant>,
    left: bool,
    /// The server has shut down.
    over: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Begin,
    /// The rest is sent then at the latest.
    Rest(Instant),
    /// So many bytes were sent; the next goes then.
    Trickle(usize, Instant),
    /// It was sent.
    Sent,
    /// Nothing more is.
    Mute,
}

impl<'p> Peer<'p> {
    pub(crate) fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            n: 0,
            phase: Phase::Begin,
            dice: Dice::new(&plan.dice, 4),
            responses: Responses::default(),
            begun_at: Vec::new(),
            left: false,
            over: false,
        }
    }

    pub(crate) fn turn(&mut self, up: &mut Link, down: &mut Link, now: Instant) -> bool {
        let mut changed = false;
        let (most, _) = self.dice.cut();
        let mut bytes = Vec::new();
        if down.read(&mut bytes, most) > 0 {
            let begun = self.n + usize::from(self.phase != Phase::Begin);
            self.responses.feed(&bytes, begun);
            changed = true;
        }
        self.over |= down.is_over();
        if self.over && !self.left && !self.plan.lingers {
            self.left = true;
            up.shut();
            changed = true;
        }
        changed | self.send(up, now)
    }

    fn send(&mut self, up: &mut Link, now: Instant) -> bool {
        let Some(request) = self.plan.requests.get(self.n) else { return false };
        let (wire, _) = request.wire(self.n);
        let (_, at) = request.cut(self.n);
        match self.phase {
            Phase::Begin => {
                self.begun_at.push(now);
                up.put(&wire[..at]);
                self.phase = Phase::Rest(now + WAITS);
            }
            Phase::Rest(until) => {
                let finals = &self.responses.finals;
                let comes = match request.after {
                    After::Nothing => true,
                    After::Head => finals.len() > self.n,
                    After::End => finals.len() > self.n && self.responses.is_at_rest(),
                };
                if !comes && now < until {
                    return false;
                }
                match request.rest {
                    Rest::Whole => {
                        up.put(&wire[at..]);
                        self.phase = Phase::Sent;
                    }
                    // A head must come faster than a body.
                    Rest::Late => {
                        let wait = if request.rest_at < 0 { 4_000 } else { 20_000 };
                        self.phase = Phase::Trickle(at, now + millis(wait));
                    }
                    Rest::Junk => {
                        up.put(b"\0junk\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
                        self.phase = Phase::Mute;
                    }
                    Rest::Cut => {
                        self.left = true;
                        up.shut();
                        self.phase = Phase::Mute;
                    }
                    Rest::Silent => self.phase = Phase::Mute,
                    Rest::Trickle => self.phase = Phase::Trickle(at, now + millis(50)),
                }
            }
            Phase::Trickle(..)
                if self.over || (self.responses.closes && self.responses.is_at_rest()) =>
            {
                // Nothing more is asked of it: it leaves.
                self.phase = Phase::Mute;
                if !self.plan.lingers {
                    self.left = true;
                    up.shut();
                }
            }
            Phase::Trickle(_, next) if now < next => return false,
            Phase::Trickle(sent, next) => {
                let more = if request.rest == Rest::Late { wire.len() - sent } else { 1 };
                up.put(&wire[sent..sent + more]);
                let wait = millis(if request.is_endless(self.n) { 1_000 } else { 50 });
                self.phase = match sent + more < wire.len() {
                    true => Phase::Trickle(sent + more, next + wait),
                    false => Phase::Sent,
                };
            }
            Phase::Sent => {
                if self.responses.finals.len() <= self.n || !self.responses.is_at_rest() {
                    return false;
                }
                if self.n + 1 < self.plan.requests.len() && !self.responses.closes {
                    self.n += 1;
                    self.phase = Phase::Begin;
                } else if !std::mem::replace(&mut self.left, true) {
                    up.shut();
                } else {
                    return false;
                }
            }
            Phase::Mute => return false,
        }
        true
    }

    pub(crate) fn wake(&self) -> Option<Instant> {
        match self.phase {
            Phase::Rest(at) | Phase::Trickle(_, at) => Some(at),
            Phase::Begin | Phase::Sent | Phase::Mute => None,
        }
    }
}
