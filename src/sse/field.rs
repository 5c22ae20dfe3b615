//! The fields of an event (WHATWG HTML 9.2.6).

use alloc::string::String;

use super::config::pack;
use super::event::{Event, MESSAGE};
use super::{Config, ErrorKind};
use crate::kernel::{scan, text};

/// The data buffer, the event type buffer and the last event ID buffer (WHATWG HTML 9.2.6).
///
/// The first two stay as they are when their event is dispatched, so that it can borrow them, and are
/// emptied by the first field of the next one.
pub(super) struct Buffers {
    data: String,
    event: String,
    /// The last event id and, from `committed` on, the one that the blank line will make the last.
    ids: String,
    committed: u32,
    event_limit: u32,
    id_limit: u32,
    seen: u8,
}

/// The fields since the last blank line: bits of [`Buffers::seen`]. Empty ones count.
const ANY: u8 = 1;
const DATA: u8 = 2;
/// One that is not ignored.
const ID: u8 = 4;

/// What a line comes to.
pub(super) enum Field {
    /// Nothing that its reader has to do.
    Nothing,
    BlankLine,
    /// The only data of an event that the next line ends: from this index of the line on.
    OnlyData(usize),
    Retry(u64),
    Comment,
}

impl Buffers {
    pub(super) const fn new(config: &Config) -> Self {
        Self {
            data: String::new(),
            event: String::new(),
            ids: String::new(),
            committed: 0,
            event_limit: pack(config.event),
            id_limit: pack(config.id),
            seen: 0,
        }
    }

    pub(super) fn set_last_event_id(&mut self, id: &str) {
        self.ids.clear();
        self.ids.push_str(id);
        self.committed = id.len() as u32;
        self.seen &= !ID;
    }

    #[inline]
    pub(super) fn last_event_id(&self) -> &str {
        &self.ids[..self.committed as usize]
    }

    #[inline(always)]
    pub(super) fn id(&self) -> Option<&str> {
        Some(self.last_event_id()).filter(|id| !id.is_empty())
    }

    /// Whether there was `data`, `event` or `id` since the last blank line.
    #[inline]
    pub(super) const fn has_begun(&self) -> bool {
        self.seen != 0
    }

    /// Whether a blank line would dispatch an event.
    pub(super) const fn has_data(&self) -> bool {
        self.seen & DATA != 0
    }

    /// Whether an event may have so much data, and no type.
    #[inline]
    pub(super) const fn allows(&self, data: usize) -> bool {
        data <= self.event_limit as usize
    }

    /// "Process the field" (9.2.6). `is_last` says that the next line is blank. The error names the index
    /// in the line of the first byte beyond a limit.
    #[inline]
    pub(super) fn process(
        &mut self,
        line: &[u8],
        is_last: bool,
    ) -> Result<Field, (ErrorKind, usize)> {
        match line {
            [] => return Ok(Field::BlankLine),
            [b':', ..] => return Ok(Field::Comment),
            [b'd', b'a', b't', b'a', rest @ ..] if is_name_over(rest) => {
                return self.append_data(value_of(rest), line.len(), is_last);
            }
            // "Set the event type buffer to the field value."
            [b'e', b'v', b'e', b'n', b't', rest @ ..] if is_name_over(rest) => {
                let (value, limit) = (value_of(rest), self.event_limit as usize);
                self.begin(ANY);
                self.event.clear();
                text::push(&mut self.event, value, limit - self.data.len(), limit)
                    .map_err(|index| (ErrorKind::EventTooLong, line.len() - value.len() + index))?;
            }
            // "If the field value does not contain NULL, then set the last event ID buffer to the field
            // value. Otherwise, ignore the field."
            [b'i', b'd', rest @ ..] if is_name_over(rest) => {
                let (value, limit) = (value_of(rest), self.id_limit as usize);
                self.begin(ANY);
                if scan::find(0, value).is_none() {
                    self.begin(ID);
                    self.ids.truncate(self.committed as usize);
                    text::push(&mut self.ids, value, limit, usize::MAX).map_err(|index| {
                        (ErrorKind::IdTooLong, line.len() - value.len() + index)
                    })?;
                }
            }
            // "If the field value consists of only ASCII digits, then interpret the field value as an
            // integer in base ten, and set the event stream's reconnection time to that integer."
            [b'r', b'e', b't', b'r', b'y', rest @ ..] if is_name_over(rest) => {
                return Ok(scan::digits(value_of(rest)).map_or(Field::Nothing, Field::Retry));
            }
            // "Otherwise: The field is ignored."
            _ => {}
        }
        Ok(Field::Nothing)
    }

    /// "Append the field value to the data buffer, then append a single LF": here the LF goes between two
    /// values, since the last one is removed again when the event is dispatched.
    #[inline]
    fn append_data(
        &mut self,
        value: &[u8],
        line: usize,
        is_last: bool,
    ) -> Result<Field, (ErrorKind, usize)> {
        let (from, limit) = (line - value.len(), self.event_limit as usize);
        self.begin(ANY);
        let is_first = self.seen & DATA == 0;
        let used = self.data.len() + self.event.len() + usize::from(!is_first);
        let room = limit.checked_sub(used).ok_or((ErrorKind::EventTooLong, from))?;
        self.seen |= DATA;
        if is_first && is_last && value.len().saturating_mul(REPLACEMENT) <= room {
            return Ok(Field::OnlyData(from));
        }
        if !is_first {
            text::push(&mut self.data, b"\n", 1, limit).unwrap_or_default();
        }
        match text::push(&mut self.data, value, room, limit) {
            Ok(()) => Ok(Field::Nothing),
            Err(index) => Err((ErrorKind::EventTooLong, from + index)),
        }
    }

    /// Makes this the data, with its invalid sequences replaced.
    #[cold]
    pub(super) fn replace_data(&mut self, value: &[u8]) {
        text::push_lossy(&mut self.data, value);
    }

    /// A field of an event has come: the first one empties the buffers.
    #[inline]
    fn begin(&mut self, field: u8) {
        if self.seen == 0 {
            self.data.clear();
            self.event.clear();
        }
        self.seen |= field;
    }

    /// "Dispatch the event" (9.2.6): the id becomes the last one. Returns whether there is an event: one
    /// without data is dropped.
    #[inline(always)]
    pub(super) fn commit(&mut self) -> bool {
        let seen = core::mem::take(&mut self.seen);
        if seen & ID != 0 {
            self.ids.drain(..self.committed as usize);
            self.committed = self.ids.len() as u32;
        }
        seen & DATA != 0
    }

    /// The event that a blank line has ended, with this data or that of the buffer.
    #[inline(always)]
    pub(super) fn event<'m>(&'m self, data: Option<&'m str>) -> Event<'m> {
        Event {
            event: if self.event.is_empty() { MESSAGE } else { &self.event },
            data: data.unwrap_or(&self.data),
            id: self.id(),
            retry: None,
        }
    }

    /// Bytes of the event in progress that are stored.
    pub(super) fn stored(&self) -> usize {
        if self.has_begun() { self.data.len() + self.event.len() } else { 0 }
    }

    /// Forgets all but the last event id.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.data.clear();
        self.event.clear();
        self.ids.truncate(self.committed as usize);
        self.seen = 0;
    }

    /// Gives back all memory that holds nothing of an event in progress.
    pub(super) fn release(&mut self) {
        if !self.has_begun() {
            self.clear();
        }
        for text in [&mut self.data, &mut self.event, &mut self.ids] {
            text.shrink_to_fit();
        }
    }
}

/// Whether a field's name ends before `rest`.
#[inline]
const fn is_name_over(rest: &[u8]) -> bool {
    matches!(rest, [] | [b':', ..])
}

/// A field's value: what follows the colon, without one leading space.
#[inline]
const fn value_of(rest: &[u8]) -> &[u8] {
    match rest {
        [b':', b' ', value @ ..] | [b':', value @ ..] => value,
        _ => rest,
    }
}

/// The most bytes that one byte becomes when it is replaced.
const REPLACEMENT: usize = 3;
