//! A session whose halves are two tasks.

use bytes::Bytes;
use wirefeed::ws::message::{Kind, Part};
use wirefeed::ws::{CloseCode, Config, Ending, Event, Receiver, Role, Sender, Session};
use wirefeed::{ApiMisuse, End, Instant, Replies, SendError, Step};

use super::plan::{Receives, Say, Side};
use crate::contract::{self, Post};
use crate::http::message::Allowance;
use crate::kit::{Dice, Link, Pace, Pauses, earliest, millis};

pub(crate) type Message = (Kind, Vec<u8>);

pub(crate) struct Talking<'p, R> {
    pub(crate) side: &'p Side,
    replies: Post,

    rx: Receiver<R>,
    reader: Pace,
    input: Vec<u8>,
    /// The last call asked for input, or said that nothing more comes.
    is_drained: bool,
    told_end: bool,
    /// It has stopped because its sending half does not want to read.
    is_held: bool,
    pub(crate) received: Vec<Message>,
    /// The message that is received in parts.
    parts: Option<Message>,
    pub(crate) pings: Vec<Vec<u8>>,
    /// The newest of its own pings that is answered.
    answered: Option<Vec<u8>>,
    /// Since when nothing of its own keeps it from reading.
    pub(crate) read_from: Instant,

    tx: Sender<R>,
    writer: Pace,
    allowance: Allowance,
    thinks_until: Instant,
    /// What it says, and how far that is said.
    at: (usize, usize),
    thought: bool,
    pub(crate) sent: Vec<Message>,
    /// The message that is sent in pieces.
    pieces: Vec<u8>,
    asked: u32,
    last_asked: Option<Vec<u8>>,
    /// It may say nothing more.
    is_over: bool,
    pub(crate) spoke_at: Instant,
    /// The peer's stream has ended with output pending.
    pub(crate) is_cut: bool,
    pub(crate) closed: bool,
    pub(crate) closed_at: Instant,
}

impl<'p, R: Role> Talking<'p, R> {
    pub(crate) fn new(
        Session { rx, tx }: Session<R>,
        side: &'p Side,
        config: &Config,
        (dice, lane): (&[u8], u8),
    ) -> Self {
        Self {
            side,
            replies: Post::new(Dice::new(dice, lane), side.delay),
            rx,
            reader: Pace::new(&side.pauses, Dice::new(dice, lane + 1)),
            input: Vec::new(),
            is_drained: false,
            told_end: false,
            is_held: false,
            received: Vec::new(),
            parts: None,
            pings: Vec::new(),
            answered: None,
            read_from: Instant::ZERO,
            tx,
            writer: Pace::new(&Pauses(Vec::new()), Dice::new(dice, lane + 2)),
            allowance: Allowance::new(config.output),
            thinks_until: Instant::ZERO,
            at: (0, 0),
            thought: false,
            sent: Vec::new(),
            pieces: Vec::new(),
            asked: 0,
            last_asked: None,
            is_over: false,
            spoke_at: Instant::ZERO,
            is_cut: false,
            closed: false,
            closed_at: Instant::ZERO,
        }
    }

    pub(crate) fn ending(&self) -> Option<Ending> {
        self.tx.ending()
    }

    /// Whether it has said all that it says.
    pub(crate) fn has_spoken(&self) -> bool {
        self.is_over || self.at.0 == self.side.says.len()
    }

    fn is_mute(&self, now: Instant) -> bool {
        self.side.mute_at.is_some_and(|at| Instant::ZERO + millis(at.into()) <= now)
    }

    /// The reader's task has a go.
    pub(crate) fn read(&mut self, link: &mut Link, now: Instant) -> bool {
        if self.closed || self.told_end || self.is_mute(now) || !self.reader.is_ready(now) {
            return false;
        }
        let (mut most, mut wait) = self.reader.dice.cut();
        if self.side.slow {
            (most, wait) = (64, millis(50));
        }
        let was_held = self.is_held;
        self.is_held = self.side.heeds && !self.tx.wants().read;
        if self.is_held && self.input.is_empty() && self.is_drained {
            if !was_held {
                self.rx.pause(&mut self.replies, now);
            }
            return !was_held;
        }
        let mut changed = was_held && !self.is_held;
        if changed {
            self.read_from = now;
        }
        if self.input.is_empty() && link.read(&mut self.input, most) > 0 {
            changed = true;
            self.reader.wait(wait, now);
        }
        if self.input.is_empty() && self.is_drained && link.is_over() {
            self.told_end = true;
            let _ = self.rx.receive_eof(&mut self.replies, now);
            return true;
        }
        let was_drained = self.is_drained;
        let before_replies = self.replies.len();
        let (used, is_item) = self.pull(now);
        self.input.drain(..used);
        changed |= used > 0
            || is_item
            || self.replies.len() > before_replies
            || self.is_drained != was_drained;
        if changed && self.reader.pauses(now) {
            self.read_from = self.reader.ready_at();
            if self.is_drained || !contract::AN_EVENT_THAT_IS_HELD_STOPS_THE_CLOCK {
                self.rx.pause(&mut self.replies, now);
            }
        }
        changed
    }

    /// Takes the next event; how much of the input it took, and whether there was one.
    fn pull(&mut self, now: Instant) -> (usize, bool) {
        let before = self.input.len();
        let in_parts = match self.side.receives {
            Receives::Whole => false,
            Receives::Parts => true,
            Receives::Both => self.reader.dice.one_in(2),
        };
        let Self { rx, replies, input, received, parts, pings, answered, .. } = self;
        let mut input = &mut input[..];
        let mut is_item = true;
        let done = if in_parts {
            match rx.receive_part(replies, &mut input, now).expect("the peer behaves") {
                Step::Item(Part::Start(kind)) => {
                    assert!(parts.is_none(), "a message inside a message");
                    *parts = Some((kind, Vec::new()));
                }
                Step::Item(Part::Text(text)) => append(parts, Kind::Text, text.as_bytes()),
                Step::Item(Part::Binary(bytes)) => append(parts, Kind::Binary, bytes),
                Step::Item(Part::End) => {
                    received.push(parts.take().expect("a message begins with its start"));
                }
                Step::Item(Part::Ping(payload)) => pings.push(payload.to_vec()),
                Step::Item(Part::Pong(payload)) => *answered = Some(payload.to_vec()),
                Step::Item(Part::Close(_)) => {}
                Step::NeedInput | Step::Done => is_item = false,
            }
            !is_item
        } else {
            match rx.receive(replies, &mut input, now).expect("the peer behaves") {
                Step::Item(Event::Text(text)) => {
                    received.push(end(parts, Kind::Text, text.as_bytes()));
                }
                Step::Item(Event::Binary(bytes)) => received.push(end(parts, Kind::Binary, &bytes)),
                Step::Item(Event::Ping(payload)) => pings.push(payload.to_vec()),
                Step::Item(Event::Pong(payload)) => *answered = Some(payload.to_vec()),
                Step::Item(Event::Close(_)) => {}
                Step::NeedInput | Step::Done => is_item = false,
            }
            !is_item
        };
        self.is_drained = done;
        // What follows the peer's close frame is ignored.
        let used = if done { before } else { before - input.len() };
        (used, is_item)
    }

    /// The writer's task has a go.
    pub(crate) fn write(
        &mut self,
        link: &mut Link,
        back: &mut Link,
        peer_has_spoken: bool,
        now: Instant,
    ) -> bool {
        if self.closed || self.is_mute(now) {
            return false;
        }
        let mut changed = false;
        while let Some(reply) = self.replies.take(now) {
            let had_output = !self.tx.output().is_empty();
            self.tx.reply(reply, now);
            self.is_cut |= had_output && self.tx.wants().end == Some(End::Close);
            changed = true;
        }
        if self.tx.poll_timeout().is_some_and(|at| at <= now) {
            self.tx.handle_timeout(now);
            changed = true;
        }
        self.allowance.check(self.tx.output());
        if self.writer.is_ready(now) {
            changed |= self.thinks_until <= now && self.speak(peer_has_spoken, now);
            let (mut most, mut wait) = self.writer.dice.cut();
            if self.side.slow {
                (most, wait) = (64, millis(50));
            }
            if link.write(self.tx.output(), most) > 0 {
                changed = true;
                self.writer.wait(wait, now);
            }
            self.allowance.check(self.tx.output());
        }
        let end = self.tx.wants().end;
        // Output to a peer that is given up is dropped.
        let given_up = self.tx.ending() == Some(Ending::TimedOut)
            || (!contract::WHO_DOES_NOT_READ_IS_LEFT && end == Some(End::Close));
        if end.is_some() && (given_up || self.tx.output().is_empty()) {
            changed |= link.shut();
            if end == Some(End::Close) {
                back.leave();
                self.closed = true;
                self.closed_at = now;
                changed = true;
            }
        }
        changed
    }

    /// Says the next thing.
    fn speak(&mut self, peer_has_spoken: bool, now: Instant) -> bool {
        if self.is_over {
            return false;
        }
        let (at, piece) = self.at;
        let Some(say) = self.side.says.get(at) else {
            return self.close(peer_has_spoken, now);
        };
        let n = at * 31 + piece;
        let tx = &mut self.tx;
        let mut is_last = true;
        let mut message = None;
        let sent = match say {
            Say::Text(len) => {
                let text = text(n, *len);
                let sent = tx.send_text(&text, now);
                message = Some((Kind::Text, text.into_bytes()));
                sent
            }
            Say::Binary(len) => {
                let bytes = binary(n, *len);
                let sent = tx.send_binary(&bytes, now);
                message = Some((Kind::Binary, bytes));
                sent
            }
            Say::Bytes(len) => {
                let bytes = binary(n, *len);
                let sent = tx.send_bytes(Bytes::copy_from_slice(&bytes), now);
                message = Some((Kind::Binary, bytes));
                sent
            }
            Say::Pieces(kind, pieces) => {
                is_last = piece + 1 == pieces.len();
                let (sent, data) = match kind {
                    Kind::Text => {
                        let text = text(n, pieces[piece]);
                        (tx.send_text_piece(&text, is_last, now), text.into_bytes())
                    }
                    Kind::Binary => {
                        let bytes = binary(n, pieces[piece]);
                        (tx.send_binary_piece(&bytes, is_last, now), bytes)
                    }
                };
                if sent.is_ok() {
                    self.pieces.extend(data);
                    if is_last {
                        message = Some((*kind, std::mem::take(&mut self.pieces)));
                    }
                }
                sent
            }
            Say::Ping(_) | Say::Flood(_) => {
                let (len, count) = match say {
                    Say::Flood(count) => (121, usize::from(*count)),
                    Say::Ping(len) => (usize::from(*len), 1),
                    _ => (0, 0),
                };
                is_last = piece + 1 >= count;
                let mut payload = self.asked.to_be_bytes().to_vec();
                payload.resize(4 + len, b'p');
                let sent = tx.send_ping(&payload, now);
                if sent.is_ok() {
                    self.asked += 1;
                    self.last_asked = Some(payload);
                }
                sent
            }
            Say::Wait(time) => {
                if !std::mem::replace(&mut self.thought, true) {
                    self.thinks_until = now + millis((*time).into());
                    return true;
                }
                self.thought = false;
                Ok(())
            }
        };
        match sent {
            Ok(()) => {
                self.spoke_at = now;
                self.sent.extend(message);
                self.at = if is_last { (at + 1, 0) } else { (at, piece + 1) };
                self.allowance.sent(self.tx.output());
                true
            }
            Err(SendError::Full) => false,
            Err(SendError::Misuse(ApiMisuse::Closed)) => {
                self.is_over = true;
                true
            }
            Err(error) => panic!("{error:?}"),
        }
    }

    /// Closes, once all is said.
    fn close(&mut self, peer_has_spoken: bool, now: Instant) -> bool {
        let Some(code) = self.side.closes else { return false };
        // A side that has sent very many pings waits for the newest answer, as its peer need not keep
        // it once that side has closed.
        let waits = self.side.floods() && self.answered != self.last_asked;
        if waits || (self.side.hears_out && !peer_has_spoken) {
            return false;
        }
        self.tx.close(Some(CloseCode(code)), "bye", now).expect("a code that may be sent");
        self.spoke_at = now;
        self.is_over = true;
        true
    }

    pub(crate) fn wake(&self, now: Instant) -> Option<Instant> {
        if self.closed || self.is_mute(now) {
            return None;
        }
        earliest([
            self.replies.wake(),
            self.tx.poll_timeout(),
            self.reader.wake(now),
            self.writer.wake(now),
            Some(self.thinks_until).filter(|at| *at > now),
        ])
    }
}

/// A piece of a message that has begun.
fn append(parts: &mut Option<Message>, kind: Kind, bytes: &[u8]) {
    let (begun, message) = parts.as_mut().expect("a message begins with its start");
    assert_eq!(*begun, kind);
    assert!(!bytes.is_empty());
    message.extend_from_slice(bytes);
}

/// A message, or what is left of one that was received in parts before.
fn end(parts: &mut Option<Message>, kind: Kind, rest: &[u8]) -> Message {
    let (begun, mut message) = parts.take().unwrap_or((kind, Vec::new()));
    assert_eq!(begun, kind);
    message.extend_from_slice(rest);
    (kind, message)
}

fn binary(n: usize, len: u16) -> Vec<u8> {
    (0..usize::from(len)).map(|i| (i ^ (i >> 5) ^ (n * 37)) as u8).collect()
}

fn text(n: usize, len: u16) -> String {
    let chars = ['a', '\u{e9}', '\u{65e5}', '\u{1f600}', ' ', '"'];
    (0..usize::from(len) / 2).map(|i| chars[(i * (n + 1) + i / 7) % chars.len()]).collect()
}
