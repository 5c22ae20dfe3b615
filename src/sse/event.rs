//! Lines to events (WHATWG HTML 9.2.6).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::field::{Field, Text, retry};
use super::line;
use super::{Error, ErrorKind};
use super::{Event, Item};
use crate::{Step, carry, scan, text};

/// What a stream may cost, in bytes. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// A line, without its end. 16 MiB, as tungstenite's frames: some servers send a picture in one
    /// line.
    pub line: Option<u32>,
    /// An event's name and data together. 16 MiB.
    pub event: Option<u32>,
    /// An id, which goes back to the server in a field. 8 KiB, as nginx's longest field.
    pub id: Option<u32>,
}

impl Limits {
    const DEFAULT: Self = Self { line: Some(16 << 20), event: Some(16 << 20), id: Some(8 << 10) };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Decodes an event stream. At most 128 bytes, and no heap while it is idle.
///
/// Any bytes are an event stream: invalid UTF-8 is replaced as the WHATWG says, unknown fields are
/// passed over, an event without its blank line is dropped.
///
/// ```
/// use wirefeed::{Step, sse::{Decoder, Item}};
///
/// let mut decoder = Decoder::new();
/// let mut seen = Vec::new();
/// for mut input in [&b": hi\nretry: 10\nid: 1\nda"[..], b"ta: a\n\n"] {
///     while let Step::Item(item) = decoder.decode(&mut input)? {
///         match item {
///             Item::Event(event) => seen.push(format!("{} {}", event.id, event.data)),
///             Item::Retry(ms) => seen.push(format!("retry {ms}")),
///             Item::Comment(bytes) => seen.push(format!("comment{}", bytes.escape_ascii())),
///         }
///     }
/// }
/// assert_eq!(seen, ["comment hi", "retry 10", "1 a"]);
/// assert_eq!(decoder.last_event_id(), "1");
/// # Ok::<(), wirefeed::sse::Error>(())
/// ```
pub struct Decoder {
    /// The first part of a line that was cut.
    line: Vec<u8>,
    /// The data lines so far, joined by LF.
    data: String,
    event: String,
    /// The last event id and, from `committed` on, the one that the blank line will make the last.
    ids: String,
    committed: u32,
    at: u64,
    lines: line::Decoder,
    /// Nothing is stored, and the next byte is the first of an event.
    clean: bool,
    /// Whether there was a `data` line; an empty one counts.
    has_data: bool,
    /// Whether there was an `id` since the last blank line.
    has_id: bool,
    /// What the last item borrowed, to be emptied.
    lent: Lent,
    end: Option<End>,
    limits: Packed,
}

/// Which buffers the last item borrowed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lent {
    Nothing,
    Line,
    Event,
}

/// Why nothing more comes.
#[derive(Clone, Copy)]
enum End {
    /// The stream ended.
    Finished,
    /// At `at`.
    Failed(ErrorKind),
}

/// Fields of the event in progress that lie in the present input.
#[derive(Default)]
struct Borrowed<'b> {
    event: Option<&'b str>,
    data: Option<&'b str>,
}

/// [`Limits`] in twelve bytes; no limit is the largest value.
#[derive(Clone, Copy)]
struct Packed {
    line: u32,
    event: u32,
    id: u32,
}

impl Decoder {
    /// A decoder with the default limits.
    pub const fn new() -> Self {
        Self::with_limits(Limits::DEFAULT)
    }

    /// A decoder with these limits.
    pub const fn with_limits(limits: Limits) -> Self {
        const fn pack(limit: Option<u32>) -> u32 {
            match limit {
                Some(limit) => limit,
                None => u32::MAX,
            }
        }
        Self {
            line: Vec::new(),
            data: String::new(),
            event: String::new(),
            ids: String::new(),
            committed: 0,
            at: 0,
            lines: line::Decoder::new(),
            clean: false,
            has_data: false,
            has_id: false,
            lent: Lent::Nothing,
            end: None,
            limits: Packed {
                line: pack(limits.line),
                event: pack(limits.event),
                id: pack(limits.id),
            },
        }
    }

    /// Goes on from where an earlier stream stopped: the id that events carry until one is sent.
    pub fn set_last_event_id(&mut self, id: &str) {
        self.ids.truncate(0);
        self.ids.push_str(id);
        self.committed = id.len() as u32;
        self.has_id = false;
    }

    /// The last event id: what a reconnecting client sends as `Last-Event-ID`, unless it is empty.
    pub fn last_event_id(&self) -> &str {
        &self.ids[..self.committed as usize]
    }

    /// Decodes the next event, retry or comment.
    ///
    /// # Errors
    ///
    /// [`ErrorKind`], where a limit is reached.
    #[inline]
    pub fn decode<'m, 'b: 'm>(&'m mut self, input: &mut &'b [u8]) -> Result<Step<Item<'m>>, Error> {
        // The straight line: a whole event of one `data` line, as most are.
        if self.clean {
            if let Some((data, len)) = whole_event(input) {
                if self.limits.allow_straight(data.len()) {
                    *input = &input[len..];
                    self.at += len as u64;
                    let id = self.last_event_id();
                    return Ok(Step::Item(Item::Event(Event { event: MESSAGE, data, id })));
                }
            }
        }
        self.decode_lines(input)
    }

    /// Line by line.
    #[inline(never)]
    fn decode_lines<'m, 'b: 'm>(
        &'m mut self,
        input: &mut &'b [u8],
    ) -> Result<Step<Item<'m>>, Error> {
        match self.end {
            Some(End::Finished) => return Ok(Step::Done),
            Some(End::Failed(kind)) => return Err(Error::new(kind, self.at)),
            None => self.clean = false,
        }
        match core::mem::replace(&mut self.lent, Lent::Nothing) {
            Lent::Nothing => {}
            Lent::Line => self.line.clear(),
            Lent::Event => self.clear_event(),
        }
        let (origin, origin_at) = (*input, self.at);
        self.lines.settle(input);
        self.at += (origin.len() - input.len()) as u64;
        let mut borrowed = Borrowed::default();
        loop {
            let (before, at) = (input.len(), self.at);
            let whole = if self.line.is_empty() { self.lines.whole_line(input) } else { None };
            let step = match whole {
                Some(_) => Step::Item(line::Item::End),
                None => self.lines.decode(input),
            };
            self.at += (before - input.len()) as u64;
            let found = match (whole, step) {
                (Some([]), _) => Ok(Found::BlankLine),
                (Some(line), _) => self
                    .take_line(line, &mut borrowed)
                    .map_err(|(kind, index)| (kind, at + index as u64)),
                (None, Step::Item(line::Item::Piece(piece))) => self.take_piece(piece),
                (None, Step::Item(line::Item::End)) => self.take_joined(at),
                (None, Step::NeedInput | Step::Done) => {
                    self.spill(borrowed);
                    return Ok(Step::NeedInput);
                }
            };
            match found {
                Ok(Found::BlankLine) if self.commit(&mut borrowed) => {
                    return Ok(Step::Item(Item::Event(self.event(borrowed))));
                }
                Ok(Found::Nothing | Found::BlankLine) => {}
                Ok(Found::Retry(ms)) => {
                    self.spill(borrowed);
                    return Ok(Step::Item(Item::Retry(ms)));
                }
                Ok(Found::Comment(from)) => {
                    self.spill(borrowed);
                    let line = whole.unwrap_or_else(|| {
                        self.lent = Lent::Line;
                        &self.line
                    });
                    return Ok(Step::Item(Item::Comment(&line[from..])));
                }
                Err((kind, at)) => {
                    let used = at.checked_sub(origin_at);
                    *input = used.map_or(&[], |used| &origin[used as usize..]);
                    return self.fail(kind, at);
                }
            }
        }
    }

    /// The peer's end of stream: an event without its blank line is dropped (WHATWG HTML 9.2.6).
    ///
    /// # Errors
    ///
    /// The one that [`decode`](Self::decode) has met.
    pub fn finish(&mut self) -> Result<Option<Item<'_>>, Error> {
        if let Some(End::Failed(kind)) = self.end {
            return Err(Error::new(kind, self.at));
        }
        self.clear();
        self.end = Some(End::Finished);
        Ok(None)
    }

    /// Readies the decoder for the stream of the next connection; the last event id stays.
    pub fn reset(&mut self) {
        self.clear();
        self.lines.reset();
        self.at = 0;
        self.end = None;
    }

    /// Gives back what large events have left behind, where no event is in progress.
    pub fn release(&mut self) {
        if self.line.is_empty() && self.line.capacity() > carry::KEPT {
            self.line = Vec::new();
        }
        for text in [&mut self.data, &mut self.event] {
            if text.is_empty() && text.capacity() > carry::KEPT {
                *text = String::new();
            }
        }
    }

    /// Stores a piece of a line that does not lie whole in the input.
    fn take_piece(&mut self, piece: &[u8]) -> Result<Found, (ErrorKind, u64)> {
        let limit = self.limits.line as usize;
        let room = limit - self.line.len();
        if piece.len() > room {
            let first = self.at - piece.len() as u64;
            return Err((ErrorKind::LineTooLong, first + room as u64));
        }
        carry::reserve(&mut self.line, piece.len(), limit);
        self.line.extend_from_slice(piece);
        Ok(Found::Nothing)
    }

    /// Interprets the line that was joined, which ends at offset `end`; a comment stays where it is.
    fn take_joined(&mut self, end: u64) -> Result<Found, (ErrorKind, u64)> {
        if self.line.is_empty() {
            return Ok(Found::BlankLine);
        }
        let first = end - self.line.len() as u64;
        let line = core::mem::take(&mut self.line);
        let mut borrowed = Borrowed::default();
        let found = self.take_line(&line, &mut borrowed);
        self.spill(borrowed);
        self.line = line;
        if !matches!(found, Ok(Found::Comment(_))) {
            self.line.clear();
        }
        found.map_err(|(kind, index)| (kind, first + index as u64))
    }

    /// Interprets a line that is not blank, or says at which index it exceeds a limit.
    fn take_line<'l>(
        &mut self,
        line: &'l [u8],
        borrowed: &mut Borrowed<'l>,
    ) -> Result<Found, (ErrorKind, usize)> {
        if line.len() > self.limits.line as usize {
            return Err((ErrorKind::LineTooLong, self.limits.line as usize));
        }
        let (field, from) = Field::split(line);
        let value = &line[from..];
        match field {
            Field::Unknown => {}
            Field::Comment => return Ok(Found::Comment(from)),
            Field::Retry => return Ok(retry(value).map_or(Found::Nothing, Found::Retry)),
            // The id commits at the blank line; one with NUL is ignored.
            Field::Id if scan::find(0, value).is_some() => {}
            Field::Id => {
                let text = Text::new(value, self.limits.id as usize)
                    .map_err(|index| (ErrorKind::IdTooLong, from + index))?;
                self.ids.truncate(self.committed as usize);
                text.push_to(&mut self.ids, usize::MAX);
                self.has_id = true;
            }
            Field::Event => {
                let limit = self.limits.event as usize;
                let text = Text::new(value, limit - self.data_len(borrowed))
                    .map_err(|index| (ErrorKind::EventTooLong, from + index))?;
                self.event.clear();
                borrowed.event = text.valid();
                if borrowed.event.is_none() {
                    text.push_to(&mut self.event, limit);
                }
            }
            Field::Data => {
                let limit = self.limits.event as usize;
                let first = !self.has_data && borrowed.data.is_none();
                let used = self.data_len(borrowed) + self.event_len(borrowed) + usize::from(!first);
                let text = match limit.checked_sub(used) {
                    Some(room) => Text::new(value, room),
                    None => Err(0),
                };
                let text = text.map_err(|index| (ErrorKind::EventTooLong, from + index))?;
                match text.valid() {
                    Some(text) if first => borrowed.data = Some(text),
                    _ => {
                        self.spill_data(borrowed);
                        if !first {
                            Text::Valid("\n").push_to(&mut self.data, limit);
                        }
                        text.push_to(&mut self.data, limit);
                        self.has_data = true;
                    }
                }
            }
        }
        Ok(Found::Nothing)
    }

    /// A blank line: the id becomes the last, and an event with data is to be dispatched.
    fn commit(&mut self, borrowed: &mut Borrowed<'_>) -> bool {
        if self.has_id {
            self.ids.drain(..self.committed as usize);
            self.committed = self.ids.len() as u32;
            self.has_id = false;
        }
        let stored = self.has_data || !self.event.is_empty();
        if borrowed.data.is_none() && !self.has_data {
            *borrowed = Borrowed::default();
            self.clear_event();
            return false;
        }
        self.lent = if stored { Lent::Event } else { Lent::Nothing };
        self.clean = !stored && self.lines.is_inside();
        true
    }

    /// The event that a blank line has ended.
    fn event<'m>(&'m self, borrowed: Borrowed<'m>) -> Event<'m> {
        let event = borrowed.event.unwrap_or(&self.event);
        Event {
            event: if event.is_empty() { MESSAGE } else { event },
            data: borrowed.data.unwrap_or(&self.data),
            id: self.last_event_id(),
        }
    }

    /// Keeps what lies in an input that is used up.
    fn spill(&mut self, mut borrowed: Borrowed<'_>) {
        self.spill_data(&mut borrowed);
        if let Some(event) = borrowed.event {
            self.event.clear();
            Text::Valid(event).push_to(&mut self.event, self.limits.event as usize);
        }
    }

    fn spill_data(&mut self, borrowed: &mut Borrowed<'_>) {
        if let Some(data) = borrowed.data.take() {
            Text::Valid(data).push_to(&mut self.data, self.limits.event as usize);
            self.has_data = true;
        }
    }

    fn data_len(&self, borrowed: &Borrowed<'_>) -> usize {
        borrowed.data.map_or(self.data.len(), str::len)
    }

    fn event_len(&self, borrowed: &Borrowed<'_>) -> usize {
        borrowed.event.map_or(self.event.len(), str::len)
    }

    /// Forgets the event in progress.
    fn clear_event(&mut self) {
        self.data.clear();
        self.event.clear();
        self.has_data = false;
    }

    /// Forgets all but the last event id.
    fn clear(&mut self) {
        self.clear_event();
        self.line.clear();
        self.ids.truncate(self.committed as usize);
        self.has_id = false;
        self.clean = false;
        self.lent = Lent::Nothing;
    }

    #[cold]
    fn fail<T>(&mut self, kind: ErrorKind, at: u64) -> Result<T, Error> {
        self.clear();
        self.at = at;
        self.end = Some(End::Failed(kind));
        Err(Error::new(kind, at))
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("at", &self.at)
            .field("stored", &(self.line.len() + self.data.len()))
            .finish_non_exhaustive()
    }
}

/// What a line came to.
enum Found {
    Nothing,
    BlankLine,
    Retry(u64),
    /// From this index of the line on.
    Comment(usize),
}

impl Packed {
    const fn allow_straight(&self, data: usize) -> bool {
        data + STRAIGHT.len() < self.line as usize && data <= self.event as usize
    }
}

/// A whole event whose only line is `data`: its data and its length.
#[inline]
fn whole_event(input: &[u8]) -> Option<(&str, usize)> {
    let line = input.strip_prefix(STRAIGHT)?;
    let end = scan::find_line_end(line)?;
    if !line[end..].starts_with(b"\n\n") {
        return None;
    }
    let value = &line[..end];
    let data = text::from_utf8(value.strip_prefix(b" ").unwrap_or(value))?;
    Some((data, STRAIGHT.len() + end + 2))
}

/// The type of an event without one.
const MESSAGE: &str = "message";

const STRAIGHT: &[u8] = b"data:";

#[cfg(test)]
mod tests;
