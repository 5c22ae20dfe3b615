//! The event in progress (WHATWG HTML 9.2.6).

use alloc::string::String;

use super::super::config::pack;
use super::super::field::{Field, Text, retry};
use super::super::item::MESSAGE;
use super::super::{Config, ErrorKind, Event};
use crate::kernel::scan;

/// What the lines since the last blank line came to, and the last event id.
pub(super) struct Pending {
    /// The data lines so far, joined by LF.
    data: String,
    event: String,
    /// The last event id and, from `committed` on, the one that the blank line will make the last.
    ids: String,
    committed: u32,
    event_limit: u32,
    id_limit: u32,
    seen: Seen,
}

/// Which fields there were since the last blank line; empty ones count.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen(u8);

/// Fields of the event in progress that lie in the present input.
#[derive(Default)]
pub(super) struct Borrowed<'b> {
    event: Option<&'b str>,
    data: Option<&'b str>,
}

/// What a line came to.
pub(super) enum Found {
    Nothing,
    BlankLine,
    Retry(u64),
    /// The only data of an event that the next line ends: from this index of the joined line on.
    LastData(usize),
    /// From this index of the line on.
    Comment(usize),
}

impl Pending {
    pub(super) const fn new(config: &Config) -> Self {
        Self {
            data: String::new(),
            event: String::new(),
            ids: String::new(),
            committed: 0,
            event_limit: pack(config.event),
            id_limit: pack(config.id),
            seen: Seen::NOTHING,
        }
    }

    pub(super) fn set_last_event_id(&mut self, id: &str) {
        self.ids.truncate(0);
        self.ids.push_str(id);
        self.committed = id.len() as u32;
        self.seen.remove(Seen::ID);
    }

    #[inline]
    pub(super) fn last_event_id(&self) -> &str {
        &self.ids[..self.committed as usize]
    }

    /// Whether there was `data`, `event` or `id` since the last blank line.
    pub(super) fn has_begun(&self) -> bool {
        self.seen != Seen::NOTHING
    }

    /// Whether a blank line would dispatch an event.
    pub(super) fn has_data(&self) -> bool {
        self.seen.has(Seen::DATA)
    }

    /// Whether an event may have so much data, and no name.
    #[inline]
    pub(super) const fn allows(&self, data: usize) -> bool {
        data <= self.event_limit as usize
    }

    /// Bytes of the event that are stored.
    pub(super) fn stored(&self) -> usize {
        self.data.len() + self.event.len()
    }

    /// Interprets a line that is not blank, or says at which index it exceeds a limit.
    pub(super) fn take_line<'l>(
        &mut self,
        line: &'l [u8],
        borrowed: &mut Borrowed<'l>,
    ) -> Result<Found, (ErrorKind, usize)> {
        let (field, from) = Field::split(line);
        let value = &line[from..];
        match field {
            Field::Unknown => return Ok(Found::Nothing),
            Field::Comment => return Ok(Found::Comment(from)),
            Field::Retry => return Ok(retry(value).map_or(Found::Nothing, Found::Retry)),
            Field::Id => self.take_id(value),
            Field::Event => self.take_event(value, borrowed),
            Field::Data => self.take_data(value, borrowed),
        }
        .map(|()| Found::Nothing)
        .map_err(|(kind, index)| (kind, from + index))
    }

    /// The id commits at the blank line; one with NUL is ignored.
    fn take_id(&mut self, value: &[u8]) -> Result<(), (ErrorKind, usize)> {
        self.seen.insert(Seen::FIELD);
        if scan::find(0, value).is_some() {
            return Ok(());
        }
        let text = Text::new(value, self.id_limit as usize)
            .map_err(|index| (ErrorKind::IdTooLong, index))?;
        self.ids.truncate(self.committed as usize);
        text.push_to(&mut self.ids, usize::MAX);
        self.seen.insert(Seen::ID);
        Ok(())
    }

    fn take_event<'l>(
        &mut self,
        value: &'l [u8],
        borrowed: &mut Borrowed<'l>,
    ) -> Result<(), (ErrorKind, usize)> {
        let limit = self.event_limit as usize;
        let text = Text::new(value, limit - self.data_len(borrowed))
            .map_err(|index| (ErrorKind::EventTooLong, index))?;
        self.seen.insert(Seen::FIELD);
        self.event.clear();
        borrowed.event = text.valid();
        if borrowed.event.is_none() {
            text.push_to(&mut self.event, limit);
        }
        Ok(())
    }

    fn take_data<'l>(
        &mut self,
        value: &'l [u8],
        borrowed: &mut Borrowed<'l>,
    ) -> Result<(), (ErrorKind, usize)> {
        let limit = self.event_limit as usize;
        let first = !self.seen.has(Seen::DATA);
        let used = self.data_len(borrowed) + self.event_len(borrowed) + usize::from(!first);
        let text = match limit.checked_sub(used) {
            Some(room) => Text::new(value, room),
            None => Err(0),
        };
        let text = text.map_err(|index| (ErrorKind::EventTooLong, index))?;
        self.seen.insert(Seen::DATA);
        match text.valid() {
            Some(text) if first => borrowed.data = Some(text),
            _ => {
                self.spill_data(borrowed);
                if !first {
                    Text::Valid("\n").push_to(&mut self.data, limit);
                }
                text.push_to(&mut self.data, limit);
            }
        }
        Ok(())
    }

    /// Where the value of `line` begins, if it is the first data of an event and fits, whatever has to
    /// be replaced in it.
    pub(super) fn first_data(&self, line: &[u8]) -> Option<usize> {
        match Field::split(line) {
            (Field::Data, from) if !self.seen.has(Seen::DATA) => {
                let most = (line.len() - from).saturating_mul(REPLACEMENT);
                (most <= self.event_limit as usize - self.event.len()).then_some(from)
            }
            _ => None,
        }
    }

    /// Takes the first data of an event, which fits: what has to be replaced in it is stored, and then
    /// there is none to borrow.
    pub(super) fn take_last_data<'l>(&mut self, value: &'l [u8]) -> Option<&'l str> {
        let mut borrowed = Borrowed::default();
        let taken = self.take_data(value, &mut borrowed);
        debug_assert!(taken.is_ok(), "it fits");
        self.commit(&mut borrowed);
        borrowed.data
    }

    /// The event whose only data was taken.
    pub(super) fn last_event<'m>(&'m self, data: Option<&'m str>) -> Event<'m> {
        self.event(Borrowed { event: None, data })
    }

    /// A blank line: the id becomes the last; whether an event with data is to be dispatched.
    pub(super) fn commit(&mut self, borrowed: &mut Borrowed<'_>) -> bool {
        let seen = core::mem::replace(&mut self.seen, Seen::NOTHING);
        if seen.has(Seen::ID) {
            self.ids.drain(..self.committed as usize);
            self.committed = self.ids.len() as u32;
        }
        if !seen.has(Seen::DATA) {
            *borrowed = Borrowed::default();
            self.clear_event();
        }
        seen.has(Seen::DATA)
    }

    /// The event that a blank line has ended.
    pub(super) fn event<'m>(&'m self, borrowed: Borrowed<'m>) -> Event<'m> {
        let event = borrowed.event.unwrap_or(&self.event);
        Event {
            event: if event.is_empty() { MESSAGE } else { event },
            data: borrowed.data.unwrap_or(&self.data),
            id: self.last_event_id(),
        }
    }

    /// Keeps what lies in an input that is used up.
    #[inline]
    pub(super) fn spill(&mut self, mut borrowed: Borrowed<'_>) {
        self.spill_data(&mut borrowed);
        if let Some(event) = borrowed.event {
            self.event.clear();
            Text::Valid(event).push_to(&mut self.event, self.event_limit as usize);
        }
    }

    fn spill_data(&mut self, borrowed: &mut Borrowed<'_>) {
        if let Some(data) = borrowed.data.take() {
            Text::Valid(data).push_to(&mut self.data, self.event_limit as usize);
        }
    }

    fn data_len(&self, borrowed: &Borrowed<'_>) -> usize {
        borrowed.data.map_or(self.data.len(), str::len)
    }

    fn event_len(&self, borrowed: &Borrowed<'_>) -> usize {
        borrowed.event.map_or(self.event.len(), str::len)
    }

    /// Forgets the text of an event.
    pub(super) fn clear_event(&mut self) {
        self.data.clear();
        self.event.clear();
    }

    /// Forgets all but the last event id.
    pub(super) fn clear(&mut self) {
        self.clear_event();
        self.ids.truncate(self.committed as usize);
        self.seen = Seen::NOTHING;
    }

    /// Gives back all memory that holds nothing.
    pub(super) fn release(&mut self) {
        for text in [&mut self.data, &mut self.event, &mut self.ids] {
            text.shrink_to_fit();
        }
    }
}

impl Seen {
    const NOTHING: Self = Self(0);
    /// Something that belongs to an event.
    const FIELD: Self = Self(1);
    const DATA: Self = Self(2);
    /// An id that is not ignored.
    const ID: Self = Self(4);

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    const fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    const fn remove(&mut self, other: Self) {
        self.0 &= !other.0;
    }
}

/// The most bytes that one byte becomes where it is replaced.
const REPLACEMENT: usize = 3;
