//! Lines to events (WHATWG HTML 9.2.6).

use alloc::string::String;
use core::fmt;

use super::config::{self, Config};
use super::item::MESSAGE;
use super::line::{Line, Reader};
use super::{Error, ErrorKind};
use super::{Event, Item};
use crate::Step;
use crate::kernel::table::transitions;
use crate::kernel::traits::codec;
use crate::kernel::{buffer, scan, text};

/// Decodes an event stream. At most 128 bytes, and no heap while it is idle.
///
/// Any bytes are an event stream: invalid UTF-8 is replaced as the WHATWG says, unknown fields are
/// passed over, an event without its blank line is dropped.
///
/// While a line has no end, it costs at most its limit and 64 KiB, whatever the allocator; once it is
/// over, it is held again as a part of its event.
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
///             _ => {}
///         }
///     }
/// }
/// assert_eq!(seen, ["comment hi", "retry 10", "1 a"]);
/// assert_eq!(decoder.last_event_id(), "1");
/// # Ok::<(), wirefeed::sse::Error>(())
/// ```
///
/// What is made of an event over a limit, and of one without its blank line, is chosen:
///
/// ```
/// use wirefeed::{Step, sse::{Config, Decoder, Item}};
///
/// let mut config = Config::default();
/// (config.event, config.skip_oversized, config.dispatch_at_eof) = (Some(8), true, true);
/// let mut decoder = Decoder::with_config(config);
/// let mut input = &b"id: 1\ndata: far too long\n\ndata: half"[..];
/// let Step::Item(Item::Skipped(error)) = decoder.decode(&mut input)? else { unreachable!() };
/// assert_eq!(error.at, 20);
/// assert_eq!(decoder.decode(&mut input), Ok(Step::NeedInput));
/// let Some(Item::Event(event)) = decoder.finish()? else { unreachable!() };
/// assert_eq!((event.data, event.id), ("half", ""));
/// # Ok::<(), wirefeed::sse::Error>(())
/// ```
pub struct Decoder {
    reader: Reader,
    buffers: Buffers,
    state: State,
    /// What the stream failed with.
    error: ErrorKind,
    dispatch_at_eof: bool,
    skip_oversized: bool,
}

/// The state of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Lines are interpreted.
    Open,
    /// Inside an event that exceeds a limit: its lines are passed over.
    Skipping,
    /// The stream has ended.
    Ended,
    /// It has exceeded a limit.
    Failed,
}

/// What changes the state of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    /// A limit is exceeded, and [`Config::skip_oversized`] is on.
    Skipped,
    /// The blank line after an event that exceeds a limit.
    BlankLine,
    /// A limit is exceeded.
    Failed,
    /// The peer's end of stream.
    Ended,
    /// The caller begins another stream.
    Reset,
}

transitions! {
    /// The states of a stream.
    State, On {
        Open, Skipped => Skipping;
        Skipping, BlankLine => Open;
        Open, Failed => Failed;
        Open | Skipping | Ended, Ended => Ended;
        Open | Skipping | Ended | Failed, Reset => Open;
    }
}

impl Decoder {
    /// A decoder with the default limits, and no switch on.
    pub const fn new() -> Self {
        Self::with_config(Config::DEFAULT)
    }

    /// A decoder with these limits and switches.
    pub const fn with_config(config: Config) -> Self {
        Self {
            reader: Reader::new(config::pack(config.line)),
            buffers: Buffers::new(&config),
            state: State::Open,
            error: ErrorKind::LineTooLong,
            dispatch_at_eof: config.dispatch_at_eof,
            skip_oversized: config.skip_oversized,
        }
    }

    /// Goes on from where an earlier stream stopped: the id that events carry until one is sent.
    pub fn set_last_event_id(&mut self, id: &str) {
        self.buffers.set_last_event_id(id);
    }

    /// The last event id: what a reconnecting client sends as `Last-Event-ID`, unless it is empty.
    pub fn last_event_id(&self) -> &str {
        self.buffers.last_event_id()
    }

    /// Whether the stream, if it ended here, would break off inside an event: since the last blank line
    /// there was a `data`, `event` or `id` field, or the present line has begun and is no comment.
    ///
    /// The rest of an event that is skipped does not count.
    pub fn is_unfinished(&self) -> bool {
        let is_line = || self.reader.unfinished().is_some_and(|first| first != b':');
        self.state == State::Open && (self.buffers.has_begun() || is_line())
    }

    /// Decodes the next event, retry or comment.
    ///
    /// # Errors
    ///
    /// [`ErrorKind`], where a limit is reached.
    #[inline]
    pub fn decode<'m, 'b: 'm>(&'m mut self, input: &mut &'b [u8]) -> Result<Step<Item<'m>>, Error> {
        if let Some(data) = self.take_data_event(input) {
            let id = self.buffers.last_event_id();
            return Ok(Step::Item(Item::Event(Event { event: MESSAGE, data, id })));
        }
        if self.state == State::Open && self.reader.take_piece(input) {
            return Ok(Step::NeedInput);
        }
        self.decode_lines(input)
    }

    /// The straight line: an event of one `data` line that lies whole in the input, as most do. FIGURE
    #[inline]
    fn take_data_event<'b>(&mut self, input: &mut &'b [u8]) -> Option<&'b str> {
        let is_at_event = self.state == State::Open && !self.buffers.has_begun();
        if !is_at_event || !self.reader.is_at_line() {
            return None;
        }
        let value = input.strip_prefix(b"data:")?;
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let len = scan::find_line_end(&value[..value.len().min(STRAIGHT)])?;
        let line = input.len() - value.len() + len;
        if !value[len..].starts_with(b"\n\n")
            || !self.reader.allows(line)
            || !self.buffers.allows(len)
        {
            return None;
        }
        let data = text::from_utf8(&value[..len])?;
        self.reader.take_lines(line + 2, input);
        Some(data)
    }

    /// Line by line.
    #[inline(never)]
    fn decode_lines<'m, 'b: 'm>(
        &'m mut self,
        input: &mut &'b [u8],
    ) -> Result<Step<Item<'m>>, Error> {
        match self.state {
            State::Open => {}
            State::Skipping if self.reader.skip_to_empty_line(input) => {
                self.state.go(On::BlankLine)
            }
            State::Skipping => return Ok(Step::NeedInput),
            State::Ended => return Ok(Step::Done),
            State::Failed => return Err(Error::new(self.error, self.reader.at)),
        }
        let (origin, origin_at) = (*input, self.reader.at);
        loop {
            let (line, field) = match self.read_field(input) {
                Ok(Some(found)) => found,
                Ok(None) => return Ok(Step::NeedInput),
                Err(error) if self.skip_oversized => {
                    return Ok(Step::Item(Item::Skipped(self.skip(error))));
                }
                Err(error) => {
                    let used = error.at.checked_sub(origin_at);
                    *input = used.map_or(&[], |used| &origin[used as usize..]);
                    return Err(self.fail(error));
                }
            };
            return Ok(Step::Item(match field {
                Field::Nothing => continue,
                Field::Retry(ms) => Item::Retry(ms),
                Field::Comment => Item::Comment(&self.reader.bytes(line)[1..]),
                Field::BlankLine if !self.buffers.commit() => continue,
                Field::BlankLine => Item::Event(self.buffers.event(None)),
                Field::OnlyData(from) => {
                    self.reader.take_empty_line(input);
                    self.buffers.commit();
                    let value = &self.reader.bytes(line)[from..];
                    let data = text::from_utf8(value);
                    if data.is_none() {
                        text::push_lossy(&mut self.buffers.data, value);
                    }
                    Item::Event(self.buffers.event(data))
                }
            }));
        }
    }

    /// Reads a line, and processes its field; `None` where the input ends before the line does.
    #[inline]
    fn read_field<'b>(&mut self, input: &mut &'b [u8]) -> Result<Option<(Line<'b>, Field)>, Error> {
        let line = match self.reader.read(input) {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(None),
            Err(at) => return Err(Error::new(ErrorKind::LineTooLong, at)),
        };
        let is_last = self.reader.is_before_empty_line(input);
        match self.buffers.process(self.reader.bytes(line), is_last) {
            Ok(field) => Ok(Some((line, field))),
            Err((kind, index)) => Err(Error::new(kind, self.reader.line_at + index as u64)),
        }
    }

    /// The peer's end of stream: an event without its blank line is dropped (WHATWG HTML 9.2.6), or is
    /// the last one, if [`Config::dispatch_at_eof`] says so and it has data.
    ///
    /// It is [`Item::Unfinished`] that tells of one that is dropped.
    ///
    /// # Errors
    ///
    /// The one that [`decode`](Self::decode) has met; where an event is dispatched, a limit.
    pub fn finish(&mut self) -> Result<Option<Item<'_>>, Error> {
        if self.state == State::Failed {
            return Err(Error::new(self.error, self.reader.at));
        }
        let is_unfinished = self.is_unfinished();
        if is_unfinished && self.dispatch_at_eof {
            match self.finish_line() {
                Ok(()) => {}
                Err(error) if self.skip_oversized => {
                    let error = self.skip(error);
                    self.state.go(On::Ended);
                    return Ok(Some(Item::Skipped(error)));
                }
                Err(error) => return Err(self.fail(error)),
            }
            if self.buffers.has_data() {
                self.buffers.commit();
                self.state.go(On::Ended);
                return Ok(Some(Item::Event(self.buffers.event(None))));
            }
        }
        self.clear();
        self.state.go(On::Ended);
        Ok(is_unfinished.then_some(Item::Unfinished))
    }

    /// Processes the field of a line that the end of the stream ends.
    #[cold]
    fn finish_line(&mut self) -> Result<(), Error> {
        let too_long = |at| Error::new(ErrorKind::LineTooLong, at);
        let Some(line) = self.reader.finish().map_err(too_long)? else { return Ok(()) };
        match self.buffers.process(self.reader.bytes(line), false) {
            Ok(_) => Ok(()),
            Err((kind, index)) => Err(Error::new(kind, self.reader.line_at + index as u64)),
        }
    }

    /// Readies the decoder for the stream of the next connection; the last event id stays.
    pub fn reset(&mut self) {
        self.clear();
        self.reader.reset();
        self.state.go(On::Reset);
    }

    /// Gives back all memory but that of the last event id and of what has come of an event in progress.
    pub fn release(&mut self) {
        self.reader.release();
        self.buffers.release();
    }

    /// Gives an event up that exceeds a limit, with all that was stored of it.
    #[cold]
    fn skip(&mut self, error: Error) -> Error {
        self.clear();
        self.release();
        self.state.go(On::Skipped);
        error
    }

    #[cold]
    fn fail(&mut self, error: Error) -> Error {
        self.clear();
        (self.error, self.reader.at) = (error.kind, error.at);
        self.state.go(On::Failed);
        error
    }

    /// Forgets all but the last event id.
    fn clear(&mut self) {
        self.reader.clear();
        self.buffers.clear();
    }
}

codec!([] Decoder, &'b [u8], Item<'m>, Error);

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("at", &self.reader.at)
            .field("stored", &(self.reader.stored() + self.buffers.stored()))
            .finish_non_exhaustive()
    }
}

/// The data buffer, the event type buffer and the last event ID buffer (WHATWG HTML 9.2.6).
///
/// The first two stay as they are when their event is dispatched, so that it can borrow them, and are
/// emptied by the first field of the next one.
struct Buffers {
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
enum Field {
    /// Nothing that its reader has to do.
    Nothing,
    BlankLine,
    /// The only data of an event that the next line ends: from this index of the line on.
    OnlyData(usize),
    Retry(u64),
    Comment,
}

impl Buffers {
    const fn new(config: &Config) -> Self {
        Self {
            data: String::new(),
            event: String::new(),
            ids: String::new(),
            committed: 0,
            event_limit: config::pack(config.event),
            id_limit: config::pack(config.id),
            seen: 0,
        }
    }

    fn set_last_event_id(&mut self, id: &str) {
        self.ids.clear();
        self.ids.push_str(id);
        self.committed = id.len() as u32;
        self.seen &= !ID;
    }

    #[inline]
    fn last_event_id(&self) -> &str {
        &self.ids[..self.committed as usize]
    }

    /// Whether there was `data`, `event` or `id` since the last blank line.
    #[inline]
    const fn has_begun(&self) -> bool {
        self.seen != 0
    }

    /// Whether a blank line would dispatch an event.
    const fn has_data(&self) -> bool {
        self.seen & DATA != 0
    }

    /// Whether an event may have so much data, and no type.
    #[inline]
    const fn allows(&self, data: usize) -> bool {
        data <= self.event_limit as usize
    }

    /// "Process the field" (9.2.6). `is_last` says that the next line is blank. The error names the index
    /// in the line of the first byte beyond a limit.
    #[inline]
    fn process(&mut self, line: &[u8], is_last: bool) -> Result<Field, (ErrorKind, usize)> {
        let (name, from) = split(line);
        let value = &line[from..];
        match name {
            Name::BlankLine => return Ok(Field::BlankLine),
            Name::Comment => return Ok(Field::Comment),
            // "Append the field value to the data buffer, then append a single LF."
            Name::Data => {
                let limit = self.event_limit as usize;
                self.begin(ANY);
                let is_first = self.seen & DATA == 0;
                let used = self.data.len() + self.event.len() + usize::from(!is_first);
                let room = limit.checked_sub(used).ok_or((ErrorKind::EventTooLong, from))?;
                self.seen |= DATA;
                if is_first && is_last && value.len().saturating_mul(REPLACEMENT) <= room {
                    return Ok(Field::OnlyData(from));
                }
                if !is_first {
                    push(&mut self.data, b"\n", 1, limit).unwrap_or_default();
                }
                push(&mut self.data, value, room, limit)
                    .map_err(|index| (ErrorKind::EventTooLong, from + index))?;
            }
            // "Set the event type buffer to the field value."
            Name::Event => {
                self.begin(ANY);
                self.event.clear();
                let limit = self.event_limit as usize;
                push(&mut self.event, value, limit - self.data.len(), limit)
                    .map_err(|index| (ErrorKind::EventTooLong, from + index))?;
            }
            // "If the field value does not contain NULL, then set the last event ID buffer to the field
            // value. Otherwise, ignore the field."
            Name::Id => {
                self.begin(ANY);
                if scan::find(0, value).is_none() {
                    self.begin(ID);
                    self.ids.truncate(self.committed as usize);
                    push(&mut self.ids, value, self.id_limit as usize, usize::MAX)
                        .map_err(|index| (ErrorKind::IdTooLong, from + index))?;
                }
            }
            // "If the field value consists of only ASCII digits, then [it is] the reconnection time."
            Name::Retry => return Ok(retry(value).map_or(Field::Nothing, Field::Retry)),
            // "Otherwise: The field is ignored."
            Name::Other => {}
        }
        Ok(Field::Nothing)
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
    #[inline]
    fn commit(&mut self) -> bool {
        let seen = core::mem::take(&mut self.seen);
        if seen & ID != 0 {
            self.ids.drain(..self.committed as usize);
            self.committed = self.ids.len() as u32;
        }
        seen & DATA != 0
    }

    /// The event that a blank line has ended, with this data or that of the buffer.
    #[inline]
    fn event<'m>(&'m self, data: Option<&'m str>) -> Event<'m> {
        Event {
            event: if self.event.is_empty() { MESSAGE } else { &self.event },
            data: data.unwrap_or(&self.data),
            id: self.last_event_id(),
        }
    }

    /// Bytes of the event in progress that are stored.
    fn stored(&self) -> usize {
        if self.has_begun() { self.data.len() + self.event.len() } else { 0 }
    }

    /// Forgets all but the last event id.
    #[inline]
    fn clear(&mut self) {
        self.data.clear();
        self.event.clear();
        self.ids.truncate(self.committed as usize);
        self.seen = 0;
    }

    /// Gives back all memory that holds nothing of an event in progress.
    fn release(&mut self) {
        if !self.has_begun() {
            self.clear();
        }
        for text in [&mut self.data, &mut self.event, &mut self.ids] {
            text.shrink_to_fit();
        }
    }
}

/// The name of a field.
enum Name {
    BlankLine,
    Comment,
    Data,
    Event,
    Id,
    Retry,
    Other,
}

/// A line's field name, and the index of its value (9.2.6): what follows the first colon, without one
/// leading space. A line without a colon is all name.
#[inline]
fn split(line: &[u8]) -> (Name, usize) {
    let (field, name) = match line {
        [] => return (Name::BlankLine, 0),
        [b':', ..] => return (Name::Comment, 1),
        [b'd', b'a', b't', b'a', ..] => (Name::Data, 4),
        [b'e', b'v', b'e', b'n', b't', ..] => (Name::Event, 5),
        [b'i', b'd', ..] => (Name::Id, 2),
        [b'r', b'e', b't', b'r', b'y', ..] => (Name::Retry, 5),
        _ => return (Name::Other, line.len()),
    };
    match &line[name..] {
        [b':', b' ', ..] => (field, name + 2),
        [b':', ..] => (field, name + 1),
        [] => (field, name),
        _ => (Name::Other, line.len()),
    }
}

/// The value of `retry`: digits only, more than fit saturate.
fn retry(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = value.iter().map(|&digit| u64::from(digit - b'0'));
    Some(digits.fold(0, |ms: u64, digit| ms.saturating_mul(10).saturating_add(digit)))
}

/// Appends a value of at most `room` bytes once its invalid sequences are replaced, to a buffer that
/// grows no further than `limit`. The error is the index of the first byte beyond the room.
#[inline]
fn push(buffer: &mut String, value: &[u8], room: usize, limit: usize) -> Result<(), usize> {
    let Some(text) = text::from_utf8(value) else { return push_lossy(buffer, value, room, limit) };
    if text.len() > room {
        return Err(room);
    }
    buffer.reserve_exact(buffer::step(buffer.len(), buffer.capacity(), text.len(), limit));
    buffer.push_str(text);
    Ok(())
}

#[cold]
fn push_lossy(buffer: &mut String, value: &[u8], room: usize, limit: usize) -> Result<(), usize> {
    let (mut lossy, mut rest, mut len) = (text::Lossy::new(), value, 0);
    loop {
        let index = value.len() - rest.len();
        let (piece, is_over) = match lossy.decode(&mut rest) {
            Step::Item(piece) => (piece, false),
            Step::NeedInput | Step::Done => (lossy.finish(), true),
        };
        if piece.len() > room - len {
            // A replaced sequence counts where it begins.
            let is_own = value.as_ptr_range().contains(&piece.as_ptr());
            return Err(if is_own { index + room - len } else { index });
        }
        len += piece.len();
        if is_over {
            break;
        }
    }
    buffer.reserve_exact(buffer::step(buffer.len(), buffer.capacity(), len, limit));
    text::push_lossy(buffer, value);
    Ok(())
}

/// The most bytes that one byte becomes when it is replaced.
const REPLACEMENT: usize = 3;

/// The longest line that the straight line looks for.
const STRAIGHT: usize = 4 << 10;

#[cfg(test)]
mod tests;
