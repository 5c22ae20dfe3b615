//! What the halves promise each other and their drivers, in one place: how a token is asked for, how a
//! half says that it stops reading, which cases the plans may hold.

use std::collections::VecDeque;
use std::time::Duration;

use wirefeed::ws;
use wirefeed::{Instant, Replies};

use crate::kit::{Delayed, Dice};

/// A plan may let a side stop reading for longer than any deadline of its own.
pub(crate) const PAUSES_DO_NOT_COUNT: bool = true;

/// A half that holds an event need not say that it stops reading; else its driver says so always.
pub(crate) const AN_EVENT_THAT_IS_HELD_STOPS_THE_CLOCK: bool = true;

/// A server's sending half gives no token before its request is over; else the driver waits for that.
pub(crate) const A_TOKEN_WAITS_FOR_ITS_REQUEST: bool = true;

/// A plan may hold pieces larger than the limit on output: each is accepted into an empty output.
pub(crate) const AN_EMPTY_OUTPUT_TAKES_ANYTHING: bool = true;

/// A plan may let a client take longer for its request than its response may take.
pub(crate) const A_RESPONSE_IS_NOT_LATE_BEFORE_ITS_REQUEST_IS_OVER: bool = true;

/// A plan may send pings to a side that has closed.
pub(crate) const PINGS_ARE_ANSWERED_AFTER_OUR_CLOSE: bool = true;

/// A plan may let pings wait in the output for longer than an answer may take.
pub(crate) const A_PING_IS_LATE_FROM_WHEN_IT_IS_WRITTEN: bool = true;

/// A session that has ended drops its output to a peer that does not read; else its driver does.
pub(crate) const WHO_DOES_NOT_READ_IS_LEFT: bool = true;

/// A plan may let whole messages and parts of messages be asked for in turns.
pub(crate) const PARTS_BEGIN_WITH_A_START: bool = true;

/// The output that control frames may add to the limit includes the close frame.
pub(crate) const A_CLOSE_FRAME_IS_COUNTED: bool = true;

/// Output beyond its limit that control frames, and a server's one answer of its own, may add.
pub(crate) const CONTROL: usize = (16 << 10) + if A_CLOSE_FRAME_IS_COUNTED { 0 } else { 131 };

/// A session's settings, with deadlines or as good as none.
pub(crate) fn session_config(is_timed: bool) -> ws::Config {
    let mut config = ws::Config::default();
    if is_timed {
        config.ping_interval = Some(Duration::from_secs(5));
        config.pong_timeout = Some(Duration::from_secs(3));
        config.close_timeout = Some(Duration::from_secs(120));
    } else {
        (config.ping_interval, config.write_timeout) = (None, None);
        config.close_timeout = Some(Duration::MAX);
    }
    config
}

/// How long a session may take to give up a peer that is silent: a ping's interval, the time for its
/// way out, the time for its answer, the closing handshake.
pub(crate) const SESSION_PATIENCE: Duration = Duration::from_secs(5 + 30 + 3 + 120);

/// How a session's replies travel: one after the other, or merged.
#[derive(Debug)]
pub(crate) enum Post {
    Queue(Delayed<ws::Reply>),
    Mailbox(Box<Carrier>),
}

/// Takes a mailbox from one task to the other.
#[derive(Debug)]
pub(crate) struct Carrier {
    mailbox: ws::Mailbox,
    taken: VecDeque<ws::Reply>,
    /// Until when it is under way.
    due: Option<Instant>,
    dice: Dice,
    most: Duration,
}

impl Post {
    pub(crate) fn new(mut dice: Dice, most: Duration) -> Self {
        if dice.one_in(2) {
            let (mailbox, taken) = (ws::Mailbox::default(), VecDeque::new());
            Self::Mailbox(Box::new(Carrier { mailbox, taken, due: None, dice, most }))
        } else {
            Self::Queue(Delayed::new(dice, most))
        }
    }

    pub(crate) fn take(&mut self, now: Instant) -> Option<ws::Reply> {
        match self {
            Self::Queue(queue) => queue.pop(now),
            Self::Mailbox(carrier) => {
                let Carrier { mailbox, taken, due, .. } = &mut **carrier;
                if due.is_some_and(|due| due <= now) {
                    *due = None;
                    let mut take = |reply: ws::Reply, _: Instant| taken.push_back(reply);
                    std::mem::take(mailbox).deliver(&mut take);
                    assert!(taken.len() <= 8, "a mailbox grows");
                }
                taken.pop_front()
            }
        }
    }

    /// How many replies are under way; of a mailbox that is not empty at least one.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Queue(queue) => queue.len(),
            Self::Mailbox(carrier) => {
                carrier.taken.len() + usize::from(!carrier.mailbox.is_empty())
            }
        }
    }

    pub(crate) fn wake(&self) -> Option<Instant> {
        match self {
            Self::Queue(queue) => queue.wake(),
            Self::Mailbox(carrier) => carrier.due,
        }
    }
}

impl Replies<ws::Reply> for Post {
    fn reply(&mut self, reply: ws::Reply, now: Instant) {
        match self {
            Self::Queue(queue) => queue.push(reply, now),
            Self::Mailbox(carrier) => {
                let Carrier { mailbox, due, dice, most, .. } = &mut **carrier;
                mailbox.reply(reply, now);
                due.get_or_insert_with(|| now + dice.delay(*most));
            }
        }
    }
}
