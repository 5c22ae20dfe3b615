//! Request and response heads (RFC 9112 3, 4, 5): a resumable search for the end, then one strict
//! pass, eight bytes in a turn.
//!
//! A head that lies whole in the input is read where it lies; one that was cut is joined first.
//! Fields are offsets into the head.
//!
//! One CRLF in front of a request line is skipped (RFC 9112 2.2). A status line may end right after
//! the status, as many servers' do: nothing can hide in the SP that is missing.

mod line;
mod parse;
mod view;

use alloc::vec::Vec;
use core::fmt;

use self::parse::Parser;
use self::view::Span;
use crate::carry::Carry;
use crate::h1::{Error, ErrorKind};
use crate::{Step, scan};

pub use line::{RequestLine, StartLine, StatusLine};
pub use view::Head;

/// A request's head.
pub type Request<'m> = Head<'m, RequestLine>;
/// A response's head.
pub type Response<'m> = Head<'m, StatusLine>;
/// A decoder of request heads.
pub type RequestDecoder = Decoder<RequestLine>;
/// A decoder of response heads.
pub type ResponseDecoder = Decoder<StatusLine>;

/// What a head may cost. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a head, its empty line included. 64 KiB: nginx stops at 32 KiB, Node at 16 KiB,
    /// Go at 1 MiB.
    pub head: Option<usize>,
    /// Fields of a head. 100, as Apache and hyper.
    pub fields: Option<usize>,
}

impl Limits {
    pub(super) const DEFAULT: Self = Self { head: Some(64 << 10), fields: Some(100) };

    fn longest(&self) -> usize {
        self.head.map_or(LONGEST, |limit| limit.min(LONGEST))
    }

    fn most_fields(&self) -> usize {
        self.fields.unwrap_or(usize::MAX)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Decodes one head: an item, then `Done`; [`reset`](Self::reset) readies it for the next.
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
    carry: Carry,
    spans: Vec<Span>,
    /// The offset of the head's first byte: 2 where a CRLF was skipped.
    at: u64,
    limits: Limits,
    line: core::marker::PhantomData<fn() -> L>,
}

/// ```text
///           CR            LF
///  Start ───────▶ SkipLf ────▶ Head ──▶ Done
///    │                          ▲ │
///    └──────────────────────────┘ └──▶ Failed
/// ```
#[derive(Debug, Clone, Copy)]
enum State {
    /// Nothing seen.
    Start,
    /// A CR in front of a request line.
    SkipLf,
    /// Inside the head; how its last line stands.
    Head(Search),
    /// The head was handed out.
    Done,
    /// For good, until `reset`.
    Failed(Error),
}

/// How the search for the empty line stands between two inputs.
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
    /// A decoder with the default limits.
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    /// A decoder with these limits.
    pub const fn with_limits(limits: Limits) -> Self {
        Self {
            state: State::Start,
            carry: Carry::new(),
            spans: Vec::new(),
            at: 0,
            limits,
            line: core::marker::PhantomData,
        }
    }

    /// Decodes the head, once its end has come.
    ///
    /// # Errors
    ///
    /// The first of [`ErrorKind`] from `Method` to `TooManyFields` that applies.
    #[inline]
    pub fn decode<'m, 'b: 'm>(
        &'m mut self,
        input: &mut &'b [u8],
    ) -> Result<Step<Head<'m, L>>, Error> {
        // The straight line: the whole head lies in the input.
        if let (State::Start, Some(b'A'..=b'Z')) = (self.state, input.first()) {
            let mut parser = Parser::new(&input[..input.len().min(self.limits.longest())]);
            if let Ok(line) = parser.head(&mut self.spans, self.limits.most_fields()) {
                let (bytes, rest) = input.split_at(parser.at);
                *input = rest;
                self.state = State::Done;
                return Ok(Step::Item(Head::new(bytes, &self.spans, 0, line)));
            }
        }
        self.decode_cut(input)
    }

    /// Everything else: a cut head, a bad one, a CRLF in front.
    #[inline(never)]
    fn decode_cut<'m, 'b: 'm>(
        &'m mut self,
        input: &mut &'b [u8],
    ) -> Result<Step<Head<'m, L>>, Error> {
        let (mut search, here) = loop {
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
                    self.state = State::Head(Search::Line);
                }
                State::SkipLf => return self.fail(ErrorKind::BareCr, 1),
                State::Start => self.state = State::Head(Search::Line),
                State::Head(search) => break (search, *input),
                State::Done => return Ok(Step::Done),
                State::Failed(error) => return Err(error),
            }
        };

        let carried = self.carry.len();
        let limit = self.limits.longest();
        let within = &here[..here.len().min(limit - carried)];
        let Some(end) = search.find_end(within) else {
            if within.len() < here.len() {
                *input = &here[within.len()..];
                return self.fail(ErrorKind::HeadTooLong, self.at + limit as u64);
            }
            self.carry.take(input, here.len(), limit);
            self.state = State::Head(search);
            return Ok(Step::NeedInput);
        };
        if carried > 0 {
            self.carry.take(input, end, limit);
        } else {
            *input = &here[end..];
        }
        let most_fields = self.limits.most_fields();
        let head = if carried > 0 { self.carry.bytes() } else { &here[..end] };
        let mut parser = Parser::new(head);
        match parser.head(&mut self.spans, most_fields) {
            Ok(line) => {
                self.state = State::Done;
                let head = if carried > 0 { self.carry.bytes() } else { &here[..end] };
                Ok(Step::Item(Head::new(head, &self.spans, self.at, line)))
            }
            Err(kind) => {
                let bad = parser.at;
                *input = if bad >= carried { &here[bad - carried..] } else { &[] };
                self.fail(kind, self.at + bad as u64)
            }
        }
    }

    /// The peer's end of stream.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] inside a head. Before its first byte the stream may end.
    pub fn finish(&mut self) -> Result<Option<Head<'_, L>>, Error> {
        match self.state {
            State::Start | State::Done => {
                self.state = State::Done;
                Ok(None)
            }
            // Nothing but the CRLF that is skipped.
            State::Head(_) if self.carry.len() == 0 => {
                self.state = State::Done;
                Ok(None)
            }
            State::SkipLf => self.fail(ErrorKind::Truncated, 1),
            State::Head(_) => self.fail(ErrorKind::Truncated, self.at + self.carry.len() as u64),
            State::Failed(error) => Err(error),
        }
    }

    /// Readies the decoder for the next head, of this connection or another.
    pub fn reset(&mut self) {
        self.state = State::Start;
        self.at = 0;
        self.carry.clear();
    }

    /// Gives back what a long head has left behind.
    pub fn release(&mut self) {
        if !matches!(self.state, State::Head(_)) {
            self.carry.clear();
            self.carry.release();
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

impl<L: StartLine> Default for Decoder<L> {
    fn default() -> Self {
        Self::new()
    }
}

impl<L> fmt::Debug for Decoder<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Search {
    /// How many of `bytes` belong to the head, if its empty line ends in them.
    ///
    /// Any LF ends a line here: what is wrong with the line is judged with the head.
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

/// Spans count in four bytes.
const LONGEST: usize = u32::MAX as usize;

#[cfg(test)]
mod tests;
