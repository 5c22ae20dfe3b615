//! The server's memory: messages after the last one that a client has seen, such as the events after a
//! `Last-Event-ID` (WHATWG HTML 9.2.4).
//!
//! A replay keeps encoded messages with their ids. It knows no protocol: a [`Message`], such as an
//! [`sse::Event`](crate::sse::Event), encodes itself under its own id or the one that it is given.
//!
//! - start here: [`Replay`], [`Stream`], [`Entry`]
//! - results: [`Missed`], [`Events`]
//! - traits: [`Message`] (what is kept), [`History`] (where missed messages come from)
//! - configuration: [`Config`], [`OVERHEAD`]
//!
//! ```
//! use core::time::Duration;
//! use wirefeed::{Instant, replay::{Config, Replay}, sse::Event};
//!
//! let now = Instant::ZERO;
//! let mut replay = Replay::<String>::new(Config::default());
//! for data in ["a", "b", "c"] {
//!     replay.push("room", &Event { data, ..Default::default() }, now)?;
//! }
//! // A client of this room comes back, which has seen the first event.
//! let missed = replay.stream("room").since("1");
//! assert!(!missed.is_gap());
//! let missed: Vec<_> = missed.map(|event| &event.bytes()[..]).collect();
//! assert_eq!(missed, [b"id: 2\ndata: b\n\n", b"id: 3\ndata: c\n\n"]);
//!
//! // Two minutes later it has forgotten all, but knows which event was the last.
//! replay.handle_timeout(now + Duration::from_secs(120));
//! assert!(replay.stream("room").since("2").is_gap());
//! assert!(!replay.stream("room").since("3").is_gap());
//! # Ok::<(), wirefeed::SendError>(())
//! ```

use crate::kernel::debug::debug;
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use core::borrow::Borrow;
use core::iter::{Cloned, FusedIterator};

use crate::kernel::decimal::Decimal;
use crate::{ApiMisuse, Instant, SendError};

mod config;
mod entry;
mod ring;
#[cfg(test)]
mod tests;

use ring::Ring;

pub use config::{Config, OVERHEAD};
pub use entry::{Entry, Message};
pub use ring::Events;

/// Where missed events come from: a [`Replay`], one [`Stream`] of it, or a log elsewhere.
///
/// A log whose ids are those of Redis Streams, milliseconds and a number:
///
/// ```
/// use wirefeed::{Instant, replay::{Entry, History, Missed}, sse::{Event, EventStream, server::Mode}};
///
/// /// What `XRANGE` gave.
/// struct Log(Vec<((u64, u64), &'static str)>);
///
/// impl History for Log {
///     fn since(&self, last_event_id: &str) -> Missed<impl Iterator<Item = Entry>> {
///         let parse = |id: &str| {
///             let (ms, seq) = id.split_once('-')?;
///             Some((ms.parse::<u64>().ok()?, seq.parse::<u64>().ok()?))
///         };
///         let place = |id| self.0.iter().position(|entry| entry.0 == id);
///         let known = parse(last_event_id).and_then(place);
///         // To a client that has seen nothing nothing is missing; an unknown id is a gap.
///         let from = match (last_event_id, known) {
///             ("", _) => self.0.len(),
///             (_, Some(at)) => at + 1,
///             (_, None) => 0,
///         };
///         let events = self.0[from..].iter().filter_map(|((ms, seq), data)| {
///             let id = format!("{ms}-{seq}");
///             Event { id: Some(&id), data, ..Default::default() }.encode().ok()
///         });
///         Missed::new(events, known.is_none() && !last_event_id.is_empty())
///     }
/// }
///
/// let log = Log(vec![((1732312345678, 0), "a"), ((1732312345678, 1), "b")]);
/// let request = [("Last-Event-ID", "1732312345678-0")];
/// let mut server = EventStream::new(&request, Mode::Stream, Default::default(), Instant::ZERO);
/// let resumed = server.resume(&log, Instant::ZERO)?;
/// assert_eq!((resumed.events, resumed.gap), (1, false));
/// assert_eq!(server.last_event_id(), "1732312345678-1");
/// # Ok::<(), wirefeed::SendError>(())
/// ```
pub trait History {
    /// The events after this one, all of them with an id, in order.
    ///
    /// None for an empty id, whose client has seen nothing; a gap, and all there are, for an id
    /// that is not known.
    fn since(&self, last_event_id: &str) -> Missed<impl Iterator<Item = Entry>>;
}

/// Events that a client has missed, the oldest first.
#[derive(Clone)]
pub struct Missed<I> {
    events: I,
    gap: bool,
    /// The place of the last message that was pushed: a client that has these lacks none up to there.
    /// 0 where that is not known, or the client has seen nothing.
    newest: u64,
}

impl<I> Missed<I> {
    /// These events; `gap` where others are missing before them, or may be.
    pub const fn new(events: I, gap: bool) -> Self {
        Self { events, gap, newest: 0 }
    }

    pub(crate) const fn newest(&self) -> u64 {
        self.newest
    }

    /// Whether there may be events before these that cannot be sent again: the id is unknown, or
    /// that of an event after which others were dropped. The client had better start afresh.
    pub const fn is_gap(&self) -> bool {
        self.gap
    }
}

impl<'a> Missed<Events<'a>> {
    fn owned(self) -> Missed<Cloned<Events<'a>>> {
        Missed { events: self.events.cloned(), gap: self.gap, newest: self.newest }
    }
}

impl<I: Iterator> Iterator for Missed<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.events.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.events.size_hint()
    }
}

impl<I: ExactSizeIterator> ExactSizeIterator for Missed<I> {}

impl<I: FusedIterator> FusedIterator for Missed<I> {}

debug!([I] Missed<I>, self => Missed { gap: self.gap });

/// Encoded events of any number of streams, for clients that come back. `Replay<()>` is one stream.
///
/// - commands: [`push`](Self::push), [`remove`](Self::remove)
/// - inputs: [`handle_timeout`](Self::handle_timeout)
/// - outputs: [`stream`](Self::stream), [`poll_timeout`](Self::poll_timeout)
///
/// Of each stream the newest events are kept that are within the [`Config`], and the id of the
/// newest that was dropped: a client that has seen that one has missed nothing else. When the last event
/// has been dropped for its age, that id is kept as long again, and then the stream is forgotten.
///
/// # Ids
///
/// An event without an id is given the next number, in decimal, unique in all streams together: an
/// id of another stream is not known in this one. A message's own id is taken as it is. Where both
/// kinds are used, numbers go on after the greatest decimal id that was taken, so that none is
/// given that has been used. Own ids must not repeat in a stream; where one does, the client is
/// sent what came after the first, rather twice than never. HTTP takes blanks off the ends of a
/// field: an id that begins or ends with one comes back as another, and is a gap.
///
/// An event with a number is found by bisection, one with an id of its own by looking at all.
///
/// Besides its id an event knows how many were pushed before it, in all streams: by that a
/// [`EventStream`](crate::sse::EventStream) knows what it has sent, in whatever order it is called.
pub struct Replay<K = ()> {
    streams: BTreeMap<K, Ring>,
    /// By when a stream is to be looked at, none later than it must be; the number tells apart
    /// those of the same moment.
    due: BTreeMap<(Instant, u64), K>,
    ticket: u64,
    next_id: u64,
    /// How many events were pushed.
    pushed: u64,
    config: Config,
}

impl<K: Ord> Replay<K> {
    /// An empty memory, whose first number is 1.
    pub fn new(config: Config) -> Self {
        Self::with_first_id(config, 1)
    }

    /// An empty memory, whose first number is this one.
    ///
    /// A server that is started again must not give an id that it gave before: a client that comes
    /// back with it would be sent the wrong events. Unix time in microseconds will do, and so will
    /// a count that was saved. The first is from 1 to 2^63.
    pub fn with_first_id(config: Config, id: u64) -> Self {
        Self {
            streams: BTreeMap::new(),
            due: BTreeMap::new(),
            ticket: 0,
            next_id: id.clamp(1, ring::MOST_NUMBER),
            pushed: 0,
            config,
        }
    }

    /// Encodes an event once, keeps it, and gives it back for the connections that are open. An
    /// event that alone is over the config is given back and not kept, nor is what came before it.
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::LineBreak`] where the type or the id would end its line, [`ApiMisuse::EmptyId`]
    /// for an id that no client sends back.
    pub fn push<Q>(
        &mut self,
        stream: &Q,
        message: &(impl Message + ?Sized),
        now: Instant,
    ) -> Result<Entry, SendError>
    where
        K: Borrow<Q>,
        Q: Ord + ToOwned<Owned = K> + ?Sized,
    {
        let (event, number) = match message.id() {
            Some("") => return Err(ApiMisuse::EmptyId.into()),
            Some(id) => {
                let is_next = |number: &u64| (self.next_id..ring::MOST_NUMBER).contains(number);
                (message.encode_as(id)?, ring::number(id).filter(is_next))
            }
            None => (message.encode_as(Decimal::of(self.next_id).as_str())?, Some(self.next_id)),
        };
        if let Some(number) = number {
            self.next_id = number + 1;
        }
        self.pushed += 1;
        let event = event.numbered(self.pushed);
        if self.config.streams == Some(0) {
            return Ok(event);
        }
        if !self.streams.contains_key(stream) {
            self.make_room();
            self.ticket += 1;
            let mut ticket = (now, self.ticket);
            if let Some(age) = self.config.age {
                ticket.0 = now + age;
                self.due.insert(ticket, stream.to_owned());
            }
            self.streams.insert(stream.to_owned(), Ring::new(ticket));
        }
        if let Some(ring) = self.streams.get_mut(stream) {
            // As the number of an event that has none counts the last one before it.
            let order = number.unwrap_or(self.next_id - 1);
            ring.push(event.clone(), order, number.is_some(), &self.config, now);
            // Its oldest event may be younger than that its stream would be forgotten with.
            let deadline = self.config.age.map(|age| ring.deadline(age));
            if let Some(at) = deadline.filter(|at| *at < ring.ticket.0) {
                if let Some(key) = self.due.remove(&ring.ticket) {
                    ring.ticket.0 = at;
                    self.due.insert(ring.ticket, key);
                }
            }
        }
        Ok(event)
    }

    /// One stream, for [`EventStream::resume`](crate::sse::EventStream::resume); an unknown one is empty.
    pub fn stream<Q>(&self, stream: &Q) -> Stream<'_>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        Stream { ring: self.streams.get(stream), pushed: self.pushed }
    }

    /// Forgets a stream; whether there was one.
    pub fn remove<Q>(&mut self, stream: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        let ring = self.streams.remove(stream);
        ring.is_some_and(|ring| {
            self.due.remove(&ring.ticket);
            true
        })
    }

    /// When to call [`handle_timeout`](Self::handle_timeout): when an event reaches its age,
    /// or would have, had it not been dropped for lack of room.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Drops what has reached its age.
    pub fn handle_timeout(&mut self, now: Instant) {
        let Some(age) = self.config.age else { return };
        while let Some(due) = self.due.first_entry().filter(|due| due.key().0 <= now) {
            let key = due.remove();
            let Some(ring) = self.streams.get_mut(&key) else { continue };
            ring.expire(age, now);
            match ring.deadline(age) {
                at if at <= now => drop(self.streams.remove(&key)),
                at => {
                    self.ticket += 1;
                    ring.ticket = (at, self.ticket);
                    self.due.insert(ring.ticket, key);
                }
            }
        }
    }

    /// Forgets the streams with the oldest last events until there is room for one more.
    fn make_room(&mut self) {
        while self.config.streams.is_some_and(|most| self.streams.len() >= most) {
            let oldest = self.streams.values().min_by_key(|ring| (ring.newest(), ring.ticket));
            let Some(ticket) = oldest.map(|ring| ring.ticket) else { return };
            self.due.remove(&ticket);
            self.streams.retain(|_, ring| ring.ticket != ticket);
        }
    }
}

impl History for Replay {
    fn since(&self, last_event_id: &str) -> Missed<impl Iterator<Item = Entry>> {
        self.stream(&()).since(last_event_id).owned()
    }
}

debug!([K] Replay<K>, self => Replay { streams: self.streams.len(), next_id: self.next_id });

/// One stream of a [`Replay`].
#[derive(Debug, Clone, Copy)]
pub struct Stream<'a> {
    ring: Option<&'a Ring>,
    /// How many events were pushed to all.
    pushed: u64,
}

impl<'a> Stream<'a> {
    /// The events after this one, the oldest first.
    ///
    /// None for an empty id: a client that has seen nothing has missed nothing. Where the id is not
    /// known, was dropped, or is yet to be given, there is a gap, and these are all that are kept.
    pub fn since(&self, last_event_id: &str) -> Missed<Events<'a>> {
        if last_event_id.is_empty() {
            return Missed::new(Events::default(), false);
        }
        let from = self.ring.and_then(|ring| ring.after(last_event_id));
        let events = self.ring.map(|ring| ring.events(from.unwrap_or(0))).unwrap_or_default();
        Missed { events, gap: from.is_none(), newest: self.pushed }
    }

    /// All events that are kept, the oldest first.
    pub fn all(&self) -> Events<'a> {
        self.ring.map(|ring| ring.events(0)).unwrap_or_default()
    }
}

impl History for Stream<'_> {
    fn since(&self, last_event_id: &str) -> Missed<impl Iterator<Item = Entry>> {
        Stream::since(self, last_event_id).owned()
    }
}
