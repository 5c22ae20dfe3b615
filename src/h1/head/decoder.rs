//! The decoder of heads.

use crate::kernel::debug::debug;
use alloc::vec::Vec;

use super::config::Config;
use super::message::Head;
use super::parser::{Parser, Span};
use super::start_line::{RequestLine, Seen, StartLine, StatusLine};
use crate::Step;
use crate::h1::{Error, ErrorKind};
use crate::kernel::buffer::Buffer;
use crate::kernel::traits::codec;
use crate::kernel::{fields, scan};

/// A decoder of request heads.
pub type RequestDecoder = Decoder<RequestLine>;
/// A decoder of response heads.
pub type ResponseDecoder = Decoder<StatusLine>;

/// Decodes one head: yields it, then returns `Done`. [`reset`](Self::reset) prepares for the next head.
///
/// ```
/// use wirefeed::{Fields, Step, h1::head};
///
/// let mut heads = head::RequestDecoder::new();
/// for mut input in [&b"GET /a HTTP/1.1\r\nHo"[..], b"st: example.com\r\n\r\nrest"] {
///     if let Step::Item(request) = heads.decode(&mut input)? {
///         assert_eq!((request.method(), request.target()), ("GET", "/a"));
///         assert_eq!(request.value_of("host"), Some(&b"example.com"[..]));
///         assert_eq!(input, b"rest");
///     }
/// }
/// # Ok::<(), wirefeed::h1::Error>(())
/// ```
pub struct Decoder<L> {
    state: State,
    carry: Buffer,
    spans: Vec<Span>,
    /// The offset of the head's first byte: 2 after a skipped CRLF.
    at: u64,
    config: Config,
    line: core::marker::PhantomData<fn() -> L>,
}

/// ```text
///           CR            LF                  LF
///  Start ───────▶ SkipLf ────▶ StartLine ──────────▶ Fields ──▶ Done
///    │                          ▲   │                  │
///    └──────────────────────────┘   └──────▶ Failed ◀──┘
/// ```
#[derive(Debug, Clone, Copy)]
enum State {
    /// Before the first byte.
    Start,
    /// After a CR before a request line.
    SkipLf,
    /// Inside the start line, which is checked as it arrives.
    StartLine(Seen),
    /// After the start line; the state of the search for the empty line.
    Fields(Search),
    /// The head was yielded.
    Done,
    /// Every call fails until `reset`.
    Failed(Error),
}

/// The state of the search for the empty line between two inputs.
#[derive(Debug, Clone, Copy)]
enum Search {
    /// At the start of a line.
    Line,
    /// After a CR at the start of a line.
    Cr,
    /// Inside a line.
    Mid,
}

impl<L: StartLine> Decoder<L> {
    /// A strict decoder with the default limits.
    pub fn new() -> Self {
        Self::with_config(Config::default())
    }

    /// A decoder with these limits and switches.
    pub const fn with_config(config: Config) -> Self {
        Self {
            state: State::Start,
            carry: Buffer::new(),
            spans: Vec::new(),
            at: 0,
            config,
            line: core::marker::PhantomData,
        }
    }

    /// Decodes the head. It checks the start line as it arrives, and the field lines when the head is
    /// complete.
    ///
    /// # Errors
    ///
    /// The first fault of the head, one of [`ErrorKind`]'s kinds from `Method` to `TooManyFields`.
    #[inline]
    pub fn decode<'m, 'b: 'm>(
        &'m mut self,
        input: &mut &'b [u8],
    ) -> Result<Step<Head<'m, L>>, Error> {
        // Fast path: the input contains the complete head.
        if let (State::Start, Some(b'A'..=b'Z')) = (self.state, input.first()) {
            let within = &input[..input.len().min(self.config.longest())];
            let mut parser = Parser::new(within, &self.config);
            if let Ok(line) = head(&mut parser, &mut self.spans) {
                let (bytes, rest) = input.split_at(parser.at);
                *input = rest;
                self.state = State::Done;
                return Ok(Step::Item(Head::new(bytes, &self.spans, 0, line)));
            }
        }
        self.decode_cut(input)
    }

    /// The slow path: an incomplete head, an invalid one, or a CRLF before it.
    #[inline(never)]
    fn decode_cut<'m, 'b: 'm>(
        &'m mut self,
        input: &mut &'b [u8],
    ) -> Result<Step<Head<'m, L>>, Error> {
        let mut search = loop {
            let Some(&first) = input.first() else {
                return match self.state {
                    State::Done => Ok(Step::Done),
                    State::Failed(error) => Err(error),
                    _ => Ok(Step::NeedInput),
                };
            };
            match self.state {
                State::Start if L::SKIPS_CRLF && first == b'\r' => {
                    *input = &input[1..];
                    self.state = State::SkipLf;
                }
                State::SkipLf if first == b'\n' => {
                    *input = &input[1..];
                    self.at = 2;
                    self.state = State::StartLine(Seen::default());
                }
                State::SkipLf => return self.fail(ErrorKind::BareCr, 1),
                State::Start => self.state = State::StartLine(Seen::default()),
                State::StartLine(seen) => {
                    self.start_line(seen, input)?;
                }
                State::Fields(search) => break search,
                State::Done => return Ok(Step::Done),
                State::Failed(error) => return Err(error),
            }
        };
        let here = *input;
        let carried = self.carry.len();
        let within = self.within_limit(here);
        let Some(end) = search.find_end(within) else {
            if within.len() < here.len() {
                return self.too_long(here, within.len(), input);
            }
            self.carry.take(input, here.len(), self.config.longest());
            self.state = State::Fields(search);
            return Ok(Step::NeedInput);
        };
        self.carry.take(input, end, self.config.longest());
        let mut parser = Parser::new(self.carry.bytes(), &self.config);
        let mut parsed = head(&mut parser, &mut self.spans);
        let mut bad = parser.at;
        if self.config.allow_folds && parsed.is_err_and(|kind| kind == ErrorKind::ObsFold) {
            // RFC 9112 2.2: white space directly after the start line is not a fold.
            let lines = self.carry.bytes_mut();
            let fields_at = scan::find(b'\n', lines).map_or(lines.len(), |lf| lf + 1);
            fields::unfold(&mut lines[fields_at..]);
            parser = Parser::new(self.carry.bytes(), &self.config);
            parsed = head(&mut parser, &mut self.spans);
            bad = parser.at;
        }
        match parsed {
            Ok(line) => {
                self.state = State::Done;
                Ok(Step::Item(Head::new(self.carry.bytes(), &self.spans, self.at, line)))
            }
            Err(kind) => {
                *input = bad.checked_sub(carried).map_or(&[], |bad| &here[bad..]);
                self.fail(kind, self.at + bad as u64)
            }
        }
    }

    /// Checks the start line as far as it has arrived.
    fn start_line(&mut self, mut seen: Seen, input: &mut &[u8]) -> Result<(), Error> {
        let here = *input;
        let carried = self.carry.len();
        let within = self.within_limit(here);
        let len = scan::find(b'\n', within).map_or(within.len(), |lf| lf + 1);
        self.carry.take(input, len, self.config.longest());
        self.state = State::StartLine(seen);
        if L::has_news(&mut seen, self.carry.bytes()) {
            let mut parser = Parser::new(self.carry.bytes(), &self.config);
            let parsed = L::parse(&mut parser);
            let bad = parser.at;
            match parsed {
                Ok(_) => {
                    self.state = State::Fields(Search::Line);
                    return Ok(());
                }
                Err(kind) if bad < carried + len => {
                    *input = bad.checked_sub(carried).map_or(&[], |bad| &here[bad..]);
                    return self.fail(kind, self.at + bad as u64);
                }
                Err(_) => {}
            }
        }
        self.state = State::StartLine(seen);
        if within.len() < here.len() {
            return self.too_long(here, within.len(), input);
        }
        Ok(())
    }

    /// The prefix of `here` that fits below the limit of a head.
    fn within_limit<'b>(&self, here: &'b [u8]) -> &'b [u8] {
        &here[..here.len().min(self.config.longest() - self.carry.len())]
    }

    #[cold]
    fn too_long<'b, T>(
        &mut self,
        here: &'b [u8],
        used: usize,
        input: &mut &'b [u8],
    ) -> Result<T, Error> {
        *input = &here[used..];
        self.fail(ErrorKind::HeadTooLong, self.at + self.config.longest() as u64)
    }

    /// Whether a byte of a head has arrived, not counting a skipped CRLF.
    pub(super) fn has_begun(&self) -> bool {
        self.carry.len() > 0
    }

    /// Reports the peer's end of stream, which may come before the first byte of a head.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] inside a head.
    pub fn finish(&mut self) -> Result<Option<Head<'_, L>>, Error> {
        match self.state {
            State::Start | State::Done => {
                self.state = State::Done;
                Ok(None)
            }
            // Only the skipped CRLF has arrived.
            State::StartLine(_) if !self.has_begun() => {
                self.state = State::Done;
                Ok(None)
            }
            State::SkipLf => self.fail(ErrorKind::Truncated, 1),
            State::StartLine(_) | State::Fields(_) => {
                self.fail(ErrorKind::Truncated, self.at + self.carry.len() as u64)
            }
            State::Failed(error) => Err(error),
        }
    }

    /// Readies the decoder for the next head, of this connection or another.
    pub fn reset(&mut self) {
        self.state = State::Start;
        self.at = 0;
        self.carry.clear();
    }

    /// Frees all memory, unless a head is incomplete.
    pub fn release(&mut self) {
        if !matches!(self.state, State::StartLine(_) | State::Fields(_)) {
            self.carry = Buffer::new();
            self.spans = Vec::new();
        }
    }

    #[cold]
    fn fail<T>(&mut self, kind: ErrorKind, at: u64) -> Result<T, Error> {
        let error = Error::new(kind, at);
        self.state = State::Failed(error);
        self.carry.clear();
        Err(error)
    }
}

codec!([L: StartLine] Decoder<L>, &'b [u8], Head<'m, L>, Error);

impl<L: StartLine> Default for Decoder<L> {
    fn default() -> Self {
        Self::new()
    }
}

debug!([L] Decoder<L>, self => Decoder { state: self.state });

/// Parses the start line and the field lines, including the empty line.
#[inline]
fn head<L: StartLine>(parser: &mut Parser<'_>, spans: &mut Vec<Span>) -> Result<L, ErrorKind> {
    let line = L::parse(parser)?;
    parser.fields(spans)?;
    Ok(line)
}

impl Search {
    /// The number of bytes up to the end of the head, if `bytes` contains the end of its empty line.
    ///
    /// Any LF ends a line here: the parser reports invalid line ends later.
    fn find_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut i = 0;
        loop {
            match (*self, bytes.get(i)?) {
                (Self::Line | Self::Cr, b'\n') => return Some(i + 1),
                (Self::Line, b'\r') => {
                    *self = Self::Cr;
                    i += 1;
                }
                (Self::Line | Self::Cr, _) => *self = Self::Mid,
                (Self::Mid, _) => {
                    i += scan::find(b'\n', &bytes[i..])? + 1;
                    *self = Self::Line;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
