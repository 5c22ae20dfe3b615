//! The newest events of one stream.

use crate::kernel::debug::debug;
use alloc::collections::{VecDeque, vec_deque};
use alloc::string::String;
use core::iter::FusedIterator;
use core::time::Duration;

use super::config::{Config, OVERHEAD};
use super::entry::Entry;
use crate::Instant;

/// The newest events of one stream, and the id of the newest that was dropped.
pub(crate) struct Ring {
    entries: VecDeque<Place>,
    /// What they cost.
    bytes: usize,
    /// How many of them have an id that is not the next number.
    unnumbered: usize,
    /// The id of the newest event that was dropped; empty where there is none.
    dropped: String,
    /// When the newest event came, kept or not.
    newest: Instant,
    /// Its place among those that are to be looked at.
    pub(crate) ticket: (Instant, u64),
}

struct Place {
    event: Entry,
    at: Instant,
    /// Its number, else the last number that was given before it: they never decrease.
    order: u64,
    numbered: bool,
}

impl Ring {
    pub(crate) const fn new(ticket: (Instant, u64)) -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            unnumbered: 0,
            dropped: String::new(),
            newest: Instant::ZERO,
            ticket,
        }
    }

    /// Adds an event, and drops the oldest ones that exceed the limits.
    pub(crate) fn push(
        &mut self,
        event: Entry,
        order: u64,
        numbered: bool,
        config: &Config,
        now: Instant,
    ) {
        if let Some(age) = config.age {
            self.expire(age, now);
        }
        self.newest = self.newest.max(now);
        self.bytes += cost(&event);
        self.unnumbered += usize::from(!numbered);
        self.entries.push_back(Place { event, at: self.newest, order, numbered });
        let is_over = |is: usize, most: Option<usize>| most.is_some_and(|most| is > most);
        while !self.entries.is_empty()
            && (is_over(self.entries.len(), config.events) || is_over(self.bytes, config.bytes))
        {
            self.drop_oldest();
        }
    }

    /// Drops the events that are this old.
    pub(crate) fn expire(&mut self, age: Duration, now: Instant) {
        while self.entries.front().is_some_and(|oldest| oldest.at + age <= now) {
            self.drop_oldest();
        }
        if self.entries.is_empty() && self.entries.capacity() > RETAINED {
            self.entries = VecDeque::new();
        }
    }

    /// When its oldest event is to be dropped, or else the stream itself.
    pub(crate) fn deadline(&self, age: Duration) -> Instant {
        self.entries.front().map_or(self.newest + age + age, |oldest| oldest.at + age)
    }

    pub(crate) const fn newest(&self) -> Instant {
        self.newest
    }

    /// Where the events after this one begin; `None` where it is not known.
    pub(crate) fn after(&self, id: &str) -> Option<usize> {
        if self.dropped == id {
            return Some(0);
        }
        let is_it = |entry: &Place| entry.event.id() == Some(id);
        let numbered = number(id).and_then(|number| {
            let at = self.entries.partition_point(|entry| entry.order < number);
            self.entries.get(at).is_some_and(is_it).then_some(at)
        });
        let found = match numbered {
            None if self.unnumbered > 0 => self.entries.iter().position(is_it),
            found => found,
        };
        found.map(|at| at + 1)
    }

    pub(crate) fn events(&self, from: usize) -> Events<'_> {
        Events(self.entries.range(from..))
    }

    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    fn drop_oldest(&mut self) {
        let Some(Place { event, numbered, .. }) = self.entries.pop_front() else { return };
        self.bytes -= cost(&event);
        self.unnumbered -= usize::from(!numbered);
        self.dropped.clear();
        // What no field could bring back is not worth its room.
        self.dropped.push_str(event.id().filter(|id| id.len() <= MOST_ID).unwrap_or_default());
    }
}

debug!([] Ring, self => Ring { events: self.entries.len(), bytes: self.bytes });

/// Events of a stream, the oldest first.
#[derive(Clone, Default)]
pub struct Events<'a>(vec_deque::Iter<'a, Place>);

impl<'a> Iterator for Events<'a> {
    type Item = &'a Entry;

    fn next(&mut self) -> Option<&'a Entry> {
        self.0.next().map(|entry| &entry.event)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for Events<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|entry| &entry.event)
    }
}

impl ExactSizeIterator for Events<'_> {}

impl FusedIterator for Events<'_> {}

debug!([] Events<'_>, self, f => write!(f, "Events({})", self.0.len()));

/// A number as it is given: decimal, without a sign or zeros in front.
pub(crate) fn number(id: &str) -> Option<u64> {
    let is_number = id.bytes().all(|byte| byte.is_ascii_digit()) && !id.starts_with('0');
    is_number.then(|| id.parse().ok()).flatten()
}

fn cost(event: &Entry) -> usize {
    event.bytes().len() + OVERHEAD
}

/// The greatest number that may be begun with: half of them are left.
pub(crate) const MOST_NUMBER: u64 = 1 << 63;

/// Ids of dropped events longer than this are forgotten: the longest that our client takes.
const MOST_ID: usize = 8 << 10;

/// How many places an empty ring may keep: 4 KiB.
const RETAINED: usize = (4 << 10) / size_of::<Place>();

// A ring has up to twice the places that it needs.
const _: () = assert!(2 * size_of::<Place>() + 40 <= OVERHEAD);
