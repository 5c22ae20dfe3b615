//! Lines to events (WHATWG HTML 9.2.6).

use core::fmt;

use super::config::{self, Config};
use super::cut::CutLine;
use super::item::MESSAGE;
use super::line;
use super::{Error, ErrorKind};
use super::{Event, Item};
use crate::Step;
use crate::kernel::traits::codec;
use crate::kernel::{scan, text};

mod pending;
mod state;

use pending::{Borrowed, Found, Pending};
use state::{Lent, State};

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
    line: CutLine,
    pending: Pending,
    at: u64,
    line_limit: u32,
    lines: line::Decoder,
    state: State,
    /// What the last item borrowed, to be emptied.
    lent: Lent,
    dispatch_at_eof: bool,
    skip_oversized: bool,
}

/// A line, where it lay whole in the input, and what it came to.
type Line<'b> = (Option<&'b [u8]>, Found);

impl Decoder {
    /// A decoder with the default limits, and no switch on.
    pub const fn new() -> Self {
        Self::with_config(Config::DEFAULT)
    }

    /// A decoder with these limits and switches.
    pub const fn with_config(config: Config) -> Self {
        Self {
            line: CutLine::new(),
            pending: Pending::new(&config),
            at: 0,
            line_limit: config::pack(config.line),
            lines: line::Decoder::new(),
            state: State::Lines,
            lent: Lent::Nothing,
            dispatch_at_eof: config.dispatch_at_eof,
            skip_oversized: config.skip_oversized,
        }
    }

    /// Goes on from where an earlier stream stopped: the id that events carry until one is sent.
    pub fn set_last_event_id(&mut self, id: &str) {
        self.pending.set_last_event_id(id);
    }

    /// The last event id: what a reconnecting client sends as `Last-Event-ID`, unless it is empty.
    pub fn last_event_id(&self) -> &str {
        self.pending.last_event_id()
    }

    /// Whether the stream, if it ended here, would break off inside an event: since the last blank line
    /// there was a `data`, `event` or `id` field, or the present line has begun and is no comment.
    ///
    /// The rest of an event that is skipped does not count.
    pub fn is_unfinished(&self) -> bool {
        match self.state {
            State::Cut => self.pending.has_begun() || self.line.first() != Some(b':'),
            State::Lines => self.pending.has_begun() || self.lines.is_inside_bom(),
            _ => false,
        }
    }

    /// Decodes the next event, retry or comment.
    ///
    /// # Errors
    ///
    /// [`ErrorKind`], where a limit is reached.
    #[inline]
    pub fn decode<'m, 'b: 'm>(&'m mut self, input: &mut &'b [u8]) -> Result<Step<Item<'m>>, Error> {
        let mut end = None;
        if matches!(self.state, State::Start | State::Cut) {
            end = scan::find_line_end(input);
            match end {
                None if self.store(input) => return Ok(Step::NeedInput),
                Some(end) if self.state == State::Start => {
                    if let Some(data) = self.take_whole_event(input, end) {
                        return Ok(Step::Item(Item::Event(self.plain_event(data))));
                    }
                }
                _ => {}
            }
        }
        self.decode_lines(input, end)
    }

    /// The straight line: a whole event of one `data` line, which ends at `end`, as most are.
    #[inline]
    fn take_whole_event<'b>(&mut self, input: &mut &'b [u8], end: usize) -> Option<&'b str> {
        let data = whole_event(input, end)?;
        if end > self.line_limit as usize || !self.pending.allows(data.len()) {
            return None;
        }
        let len = end + BLANK_LINE.len();
        *input = &input[len..];
        self.at += len as u64;
        Some(data)
    }

    fn plain_event<'m>(&'m self, data: &'m str) -> Event<'m> {
        Event { event: MESSAGE, data, id: self.last_event_id() }
    }

    /// The straight line of small pieces: one that holds no line end is a part of a line, and no more
    /// is to be done. False where it exceeds the limit.
    #[inline]
    fn store(&mut self, input: &mut &[u8]) -> bool {
        if input.is_empty() {
            return true;
        }
        if self.line.push(input, self.line_limit as usize).is_err() {
            return false;
        }
        self.state = State::Cut;
        self.at += input.len() as u64;
        *input = &[];
        true
    }

    /// Line by line; where the first of them ends may be known.
    #[inline(never)]
    fn decode_lines<'m, 'b: 'm>(
        &'m mut self,
        input: &mut &'b [u8],
        mut end: Option<usize>,
    ) -> Result<Step<Item<'m>>, Error> {
        let was_at_start = self.state == State::Start;
        match self.state {
            State::Start => self.state = State::Lines,
            State::Lines | State::Cut => {}
            State::Skipping { .. } => self.skip(input),
            State::Finished => return Ok(Step::Done),
            State::Failed(kind) => return Err(Error::new(kind, self.at)),
        }
        self.take_back();
        let (origin, origin_at) = (*input, self.at);
        self.lines.settle(input);
        self.at += (origin.len() - input.len()) as u64;
        if !was_at_start && self.is_at_event() {
            end = scan::find_line_end(input);
            if let Some(data) = end.and_then(|end| self.take_whole_event(input, end)) {
                self.state = State::Start;
                return Ok(Step::Item(Item::Event(self.plain_event(data))));
            }
        }
        let mut borrowed = Borrowed::default();
        loop {
            let (line, found) = match self.next_line(input, end.take(), &mut borrowed) {
                Ok(Some(found)) => found,
                Ok(None) => {
                    self.pending.spill(borrowed);
                    return Ok(Step::NeedInput);
                }
                Err((kind, at)) if self.skip_oversized => {
                    return Ok(Step::Item(Item::Skipped(self.begin_to_skip(kind, at))));
                }
                Err((kind, at)) => {
                    let used = at.checked_sub(origin_at);
                    *input = used.map_or(&[], |used| &origin[used as usize..]);
                    return self.fail(kind, at);
                }
            };
            match found {
                Found::LastData(from) => {
                    let data = self.pending.take_last_data(&self.line.joined()[from..]);
                    let before = input.len();
                    self.lines.whole_line(input, Some(0));
                    self.at += (before - input.len()) as u64;
                    self.lent = Lent::LineAndEvent;
                    return Ok(Step::Item(Item::Event(self.pending.last_event(data))));
                }
                Found::BlankLine if self.pending.commit(&mut borrowed) => {
                    let is_stored = self.pending.stored() > 0;
                    self.lent = if is_stored { Lent::Event } else { Lent::Nothing };
                    if !is_stored && self.lines.is_inside() {
                        self.state = State::Start;
                    }
                    return Ok(Step::Item(Item::Event(self.pending.event(borrowed))));
                }
                Found::Nothing | Found::BlankLine => {}
                Found::Retry(ms) => {
                    self.pending.spill(borrowed);
                    return Ok(Step::Item(Item::Retry(ms)));
                }
                Found::Comment(from) => {
                    self.pending.spill(borrowed);
                    let line = line.unwrap_or_else(|| {
                        self.lent = Lent::Line;
                        self.line.joined()
                    });
                    return Ok(Step::Item(Item::Comment(&line[from..])));
                }
            }
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
        if let State::Failed(kind) = self.state {
            return Err(Error::new(kind, self.at));
        }
        let is_unfinished = self.is_unfinished();
        if is_unfinished && self.dispatch_at_eof {
            self.take_back();
            match self.take_last_line() {
                Ok(()) => {}
                Err((kind, at)) if self.skip_oversized => {
                    let error = self.begin_to_skip(kind, at);
                    self.state = State::Finished;
                    return Ok(Some(Item::Skipped(error)));
                }
                Err((kind, at)) => return self.fail(kind, at),
            }
            if self.pending.has_data() {
                self.pending.commit(&mut Borrowed::default());
                (self.state, self.lent) = (State::Finished, Lent::Event);
                return Ok(Some(Item::Event(self.pending.event(Borrowed::default()))));
            }
        }
        self.clear();
        self.state = State::Finished;
        Ok(is_unfinished.then_some(Item::Unfinished))
    }

    /// Readies the decoder for the stream of the next connection; the last event id stays.
    pub fn reset(&mut self) {
        self.clear();
        self.lines.reset();
        self.at = 0;
        self.state = State::Lines;
    }

    /// Gives back all memory but that of the last event id and of what has come of an event in progress.
    pub fn release(&mut self) {
        self.take_back();
        self.line.release();
        self.pending.release();
    }

    /// Whether the next byte is the first of an event, and neither part of a BOM nor of a line end.
    fn is_at_event(&self) -> bool {
        self.state == State::Lines && !self.pending.has_begun() && self.lines.is_inside()
    }

    /// Empties what the last item borrowed.
    fn take_back(&mut self) {
        match core::mem::replace(&mut self.lent, Lent::Nothing) {
            Lent::Nothing => {}
            Lent::Line => self.line.clear(),
            Lent::Event => self.pending.clear_event(),
            Lent::LineAndEvent => {
                self.line.clear();
                self.pending.clear_event();
            }
        }
    }

    /// Takes the next line out of the input, and says what it came to, besides the line itself where it
    /// lay there whole. `None` where its rest has not arrived: its first part is stored.
    #[inline]
    fn next_line<'b>(
        &mut self,
        input: &mut &'b [u8],
        end: Option<usize>,
        borrowed: &mut Borrowed<'b>,
    ) -> Result<Option<Line<'b>>, (ErrorKind, u64)> {
        let (before, at) = (input.len(), self.at);
        let whole = self.lines.whole_line(input, end);
        self.at += (before - input.len()) as u64;
        match whole {
            Some(rest) if self.state == State::Cut => {
                self.state = State::Lines;
                self.take_piece(rest, at)?;
                // One that the next line ends is lent from where it was joined.
                if self.lines.is_inside() && matches!(input.first(), Some(b'\r' | b'\n')) {
                    if let Some(from) = self.pending.first_data(self.line.join()) {
                        return Ok(Some((None, Found::LastData(from))));
                    }
                }
                let found = self.take_joined(at + rest.len() as u64)?;
                Ok(Some((None, found)))
            }
            Some([]) => Ok(Some((None, Found::BlankLine))),
            Some(line) => match self.take_line(line, borrowed) {
                Ok(found) => Ok(Some((Some(line), found))),
                Err((kind, index)) => Err((kind, at + index as u64)),
            },
            None => {
                // No line end is left, or what is there may be a part of a BOM.
                let piece = if self.lines.is_inside() {
                    core::mem::take(input)
                } else {
                    self.lines.start(input).unwrap_or_default()
                };
                self.at += (before - input.len()) as u64;
                if !piece.is_empty() {
                    self.state = State::Cut;
                    self.take_piece(piece, self.at - piece.len() as u64)?;
                }
                Ok((!input.is_empty()).then_some((None, Found::Nothing)))
            }
        }
    }

    /// Interprets a line that lay whole in the input, or says at which index it exceeds a limit.
    fn take_line<'l>(
        &mut self,
        line: &'l [u8],
        borrowed: &mut Borrowed<'l>,
    ) -> Result<Found, (ErrorKind, usize)> {
        if line.len() > self.line_limit as usize {
            return Err((ErrorKind::LineTooLong, self.line_limit as usize));
        }
        self.pending.take_line(line, borrowed)
    }

    /// Stores a piece of a line that does not lie whole in the input; it begins at offset `first`.
    fn take_piece(&mut self, piece: &[u8], first: u64) -> Result<(), (ErrorKind, u64)> {
        let pushed = self.line.push(piece, self.line_limit as usize);
        pushed.map_err(|index| (ErrorKind::LineTooLong, first + index as u64))
    }

    /// Interprets the line that was joined, which ends at offset `end`; a comment stays where it is.
    fn take_joined(&mut self, end: u64) -> Result<Found, (ErrorKind, u64)> {
        let line = self.line.join();
        let mut borrowed = Borrowed::default();
        let found = self
            .pending
            .take_line(line, &mut borrowed)
            .map_err(|(kind, index)| (kind, end - (line.len() - index) as u64))?;
        self.pending.spill(borrowed);
        if !matches!(found, Found::Comment(_)) {
            self.line.clear();
        }
        Ok(found)
    }

    /// Interprets what the end of the stream has left of a line.
    #[cold]
    fn take_last_line(&mut self) -> Result<(), (ErrorKind, u64)> {
        if let Some(line::Item::Piece(piece)) = self.lines.finish() {
            self.state = State::Cut;
            self.take_piece(piece, self.at - piece.len() as u64)?;
        }
        if self.state == State::Cut {
            self.state = State::Lines;
            self.take_joined(self.at)?;
        }
        Ok(())
    }

    /// Gives an event up that is over a limit, with all that was stored of it.
    #[cold]
    fn begin_to_skip(&mut self, kind: ErrorKind, at: u64) -> Error {
        let inside_line = self.state == State::Cut;
        self.clear();
        self.release();
        self.state = State::Skipping { inside_line };
        Error::new(kind, at)
    }

    /// Passes over the rest of an event that is over a limit, its blank line included.
    #[cold]
    fn skip(&mut self, input: &mut &[u8]) {
        let before = input.len();
        while let State::Skipping { inside_line } = self.state {
            let Step::Item(item) = self.lines.decode(input) else { break };
            self.state = match item {
                line::Item::Piece(_) => State::Skipping { inside_line: true },
                line::Item::End if inside_line => State::Skipping { inside_line: false },
                line::Item::End => State::Lines,
            };
        }
        self.at += (before - input.len()) as u64;
    }

    /// Forgets all but the last event id.
    fn clear(&mut self) {
        self.pending.clear();
        self.line.clear();
        self.lent = Lent::Nothing;
    }

    #[cold]
    fn fail<T>(&mut self, kind: ErrorKind, at: u64) -> Result<T, Error> {
        self.clear();
        self.at = at;
        self.state = State::Failed(kind);
        Err(Error::new(kind, at))
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
            .field("at", &self.at)
            .field("stored", &(self.line.len() + self.pending.stored()))
            .finish_non_exhaustive()
    }
}

/// The data of a whole event whose only line is `data`, which ends at `end`.
#[inline]
fn whole_event(input: &[u8], end: usize) -> Option<&str> {
    let value = input[..end].strip_prefix(STRAIGHT)?;
    if !input[end..].starts_with(BLANK_LINE) {
        return None;
    }
    text::from_utf8(value.strip_prefix(b" ").unwrap_or(value))
}

const STRAIGHT: &[u8] = b"data:";
const BLANK_LINE: &[u8] = b"\n\n";

#[cfg(test)]
mod tests;
