//! What time may end, and what it must not: deadlines measure the peer (the table in `src/deadline.rs`).

use std::time::Duration;

use wirefeed::h1::Config;
use wirefeed::{End, Instant, Wants};

use super::{CLIENT, Pair, SERVER, Who, tx};

/// A turn that comes later than this after a deadline has slept through it.
const SLEPT: Duration = Duration::from_secs(1);

/// The least that a peer takes of the output within [`Config::write_timeout`].
const STRIDE: usize = 4096;

/// What a receiving half waits for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    #[default]
    Idle,
    Head,
    Body,
}

/// How one of the two waits for the other.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    phase: Phase,
    /// How long it has waited in this phase.
    waited: Duration,
    /// All that came was pulled.
    looks: bool,
    paused: bool,
    /// When its receiving half was found to have slept.
    late_at: Option<Instant>,
    /// Since when a client might have asked again.
    idle_since: Option<Instant>,
    pub(crate) written: usize,
    /// Each change of its output: when, what was written until then, and what was pending.
    history: Vec<(Instant, usize, usize)>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        // A connection is idle from its beginning.
        Self { looks: true, idle_since: Some(Instant::ZERO), ..Self::default() }
    }

    /// What is waited for from here on.
    pub(crate) fn begin(&mut self, phase: Phase) {
        (self.phase, self.waited) = (phase, Duration::ZERO);
    }

    /// Bytes of a head, if one is to come, are given to a receiving half.
    pub(crate) fn hears(&mut self, who: Who, input: &[u8]) {
        let begins = input.iter().any(|byte| !b"\r\n".contains(byte));
        if who == SERVER && self.phase == Phase::Idle && begins {
            self.begin(Phase::Head);
        }
        self.paused = false;
    }

    /// Whether it waits for the peer, now that something was pulled.
    pub(crate) fn looks(&mut self, looks: bool) {
        self.looks = looks;
    }

    fn notes(&mut self, now: Instant, pending: usize, idle: bool) {
        if self.history.last().is_none_or(|last| (last.1, last.2) != (self.written, pending)) {
            self.history.push((now, self.written, pending));
        }
        self.idle_since = self.idle_since.or(Some(now)).filter(|_| idle);
    }

    /// Whether the peer took less than it has to, for as long as it may.
    fn is_stalled(&self, timeout: Duration, now: Instant) -> bool {
        self.history.iter().any(|&(since, written, pending)| {
            pending > 0 && since + timeout <= now && self.written - written < pending.min(STRIDE)
        })
    }
}

impl Pair {
    /// A request was begun.
    pub(crate) fn request_begun(&mut self) {
        let clock = &mut self.side(CLIENT).clock;
        clock.begin(Phase::Head);
        clock.looks(true);
    }

    /// A request is over: the head of its response is waited for from here on, unless it came before.
    pub(crate) fn request_over(&mut self) {
        let clock = &mut self.side(CLIENT).clock;
        if clock.phase == Phase::Head {
            clock.begin(Phase::Head);
        }
    }

    /// Time passes, and no driver waits longer than to its deadline, except in sleep.
    pub(crate) fn pass(&mut self, to: Instant) {
        for who in [CLIENT, SERVER] {
            if self.poll_timeout(who).is_some_and(|due| due <= self.now) {
                self.handle_timeout(who);
            }
        }
        let passed = to.duration_since(self.now);
        for who in [CLIENT, SERVER] {
            let held = self.is_held(who);
            let clock = &mut self.side(who).clock;
            if clock.looks && !clock.paused && !held {
                clock.waited += passed;
            }
        }
        self.now = to;
    }

    /// One does not read, and says so: none of its deadlines for the peer runs.
    pub(crate) fn pause(&mut self, who: Who) {
        let now = self.now;
        match who {
            CLIENT => self.client.rx.pause(&mut self.client.tx, now),
            SERVER => self.server.rx.pause(&mut self.server.tx, now),
        }
        self.side(who).clock.paused = true;
        assert_eq!(self.receiving(who), None);
    }

    /// Keeps the moments at which output is added or written.
    pub(crate) fn note_output(&mut self, who: Who) {
        let pending = self.output(who).len();
        let idle = who == CLIENT && self.client.tx.is_idle();
        let now = self.now;
        self.side(who).clock.notes(now, pending, idle);
    }

    /// Whether so much output is pending that one does not read.
    pub(crate) fn is_held(&mut self, who: Who) -> bool {
        let pending = self.output(who).len();
        self.config(who).pause_reading_above.is_some_and(|mark| pending > mark)
    }

    fn receiving(&self, who: Who) -> Option<Instant> {
        match who {
            CLIENT => self.client.rx.poll_timeout(),
            SERVER => self.server.rx.poll_timeout(),
        }
    }

    pub(crate) fn poll_timeout(&self, who: Who) -> Option<Instant> {
        match who {
            CLIENT => self.client.poll_timeout(),
            SERVER => self.server.poll_timeout(),
        }
    }

    /// Lets one see what time it is, twice where it has slept.
    pub(crate) fn handle_timeout(&mut self, who: Who) {
        let now = self.now;
        let due = self.poll_timeout(who);
        self.handle_once(who);
        if self.poll_timeout(who).is_some_and(|next| next <= now) {
            // One that only had to know the time may find that it has slept.
            let again = due.is_some_and(|due| due == Instant::ZERO || due + SLEPT < now);
            assert!(again, "it asks again and again");
            self.handle_once(who);
        }
        assert!(self.poll_timeout(who).is_none_or(|next| next > now), "it asks again and again");
    }

    fn handle_once(&mut self, who: Who) {
        let now = self.now;
        let due = self.poll_timeout(who);
        let held = self.is_held(who);
        let receiving = self.receiving(who).filter(|due| *due <= now && !held);
        let gave_up = self.client.tx.has_timed_out();
        let before = self.socket(who);
        match who {
            CLIENT => self.client.handle_timeout(now),
            SERVER => self.server.handle_timeout(now),
        }
        let after = tx!(self, who, tx => tx.wants());
        if due.is_none_or(|due| now < due) {
            assert_eq!(before, (self.output(who), after), "before its time");
        }
        let no_head = who == CLIENT && self.client.tx.has_timed_out() && !gave_up;
        let no_more = receiving.is_some() && self.receiving(who).is_none();
        if no_head || no_more {
            self.judge_patience(who, receiving);
            let none = &mut &b""[..];
            let step = match who {
                CLIENT => self.client.rx.receive(&mut |_, _| {}, none, now).map(|_| ()),
                SERVER => self.server.rx.receive(&mut |_, _| {}, none, now).map(|_| ()),
            };
            match step {
                Err(error) => self.failed(who, error, &before),
                Ok(()) => assert!(who == SERVER && !self.open, "only silence ends without error"),
            }
        } else if receiving.is_some() {
            self.side(who).clock.late_at = Some(now);
        }
        if before.1 != after {
            self.disturbed = true;
            let may_go = no_head || no_more || self.may_leave(who, before.1);
            assert!(may_go, "given up too early");
        }
        self.note_output(who);
    }

    /// One has waited for the other as long as it says, and no longer than it looked.
    fn judge_patience(&mut self, who: Who, receiving: Option<Instant>) {
        let (now, config) = (self.now, self.config(who));
        let Clock { phase, waited, looks, paused, late_at, .. } = self.side(who).clock;
        let least = match phase {
            Phase::Idle => config.idle_timeout,
            Phase::Head => config.head_timeout,
            Phase::Body => config.body_timeout,
        };
        assert!(looks && !paused, "late, and no driver looks");
        assert!(waited >= least.unwrap(), "{who:?} gave up after {waited:?} of {least:?}");
        let slept = receiving.is_some_and(|due| due + SLEPT < now && late_at != Some(due));
        assert!(!slept, "what came meanwhile may lie unread");
    }

    /// Whether one may leave for a reason other than what the other does not send.
    fn may_leave(&mut self, who: Who, before: Wants) -> bool {
        let (now, config) = (self.now, self.config(who));
        let clock = &self.side(who).clock;
        let stalled = clock.is_stalled(config.write_timeout.unwrap(), now);
        let idle = config.idle_timeout.zip(clock.idle_since);
        let idle = who == CLIENT && idle.is_some_and(|(timeout, since)| since + timeout <= now);
        before.end == Some(End::Shutdown) || stalled || idle
    }

    fn config(&self, who: Who) -> Config {
        self.configs[who as usize]
    }
}
