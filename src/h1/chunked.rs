//! Chunked content (RFC 9112 7.1): chunks, extensions, data and trailers.
//!
//! - Decode: [`Decoder`] yields [`Item`]s; [`Config`] sets its limits; its errors are [`ErrorKind`]s.
//! - Encode by copying: [`encode_chunk`], [`encode_end`].
//! - Encode around data that is not copied: [`chunk_header`], [`TAIL`], [`END`].
//!
//! ```text
//! chunked-body = *( size [ extensions ] CRLF data CRLF ) 1*"0" [ extensions ] CRLF trailers CRLF
//! ```
//!
//! ```text
//!              ┌──────────────── CR LF ────────────────┐
//!              ▼                                       │
//!  ┌─────▶ Size ──digits──▶ Digits ──CR──▶ SizeLf ──▶ Data ──▶ DataCr ──▶ DataLf
//!                             │  ▲  ▲         │
//!                         ";" ▼  │  │CR       │ size 0
//!                           Extension         ▼
//!                                          Trailers ──CR──▶ EndLf ──LF──▶ Done
//!                                            │ ▲
//!                                      token ▼ │ LF
//!                                     Name ─":"▶ Value ──CR──▶ ValueLf
//! ```
//!
//! The decoder does not buffer: it yields extensions and trailers as checked pieces. Join the pieces, and
//! parse them with [`grammar::Parameters`](crate::grammar::Parameters) and
//! [`fields::Lines`](crate::fields::Lines). The decoder does not check whether a field is allowed in
//! trailers (RFC 9110 6.5.1), because that needs the whole name; a connection does.
//!
//! ```
//! use wirefeed::{Step, h1::chunked::{Decoder, Item}};
//!
//! let mut decoder = Decoder::new();
//! let mut data = Vec::new();
//! for mut input in [&b"5;a=b\r\nhel"[..], b"lo\r\n0\r\n\r\n"] {
//!     while let Step::Item(item) = decoder.decode(&mut input)? {
//!         if let Item::Data(piece) = item {
//!             data.extend_from_slice(piece);
//!         }
//!     }
//! }
//! assert_eq!(data, b"hello");
//! # Ok::<(), wirefeed::h1::Error>(())
//! ```
//!
//! A proxy passes data on as it arrives, in chunks of its own, and joins the trailers alone:
//!
//! ```
//! use wirefeed::fields::Lines;
//! use wirefeed::h1::chunked::{Decoder, Item, encode_chunk, encode_end};
//! use wirefeed::Step;
//!
//! let (mut decoder, mut trailers, mut out) = (Decoder::new(), Vec::new(), Vec::new());
//! for mut input in [&b"5;a=b\r\nhel"[..], b"lo\r\n0\r\nDigest: a", b"bc\r\n\r\n"] {
//!     loop {
//!         match decoder.decode(&mut input)? {
//!             Step::Item(Item::Data(piece)) => encode_chunk(piece, &[], &mut out)?,
//!             Step::Item(Item::Trailers(piece)) => trailers.extend_from_slice(piece),
//!             Step::Item(Item::Chunk(_) | Item::Extension(_)) => {}
//!             Step::NeedInput => break,
//!             Step::Done => {
//!                 encode_end(&Lines(&trailers), &mut out)?;
//!                 break;
//!             }
//!         }
//!     }
//! }
//! assert_eq!(out, b"3\r\nhel\r\n2\r\nlo\r\n0\r\nDigest: abc\r\n\r\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::fmt;

use crate::Step;
use crate::h1::{Error, ErrorKind};
use crate::kernel::grammar::ExtensionState;
use crate::kernel::scan;
use crate::kernel::traits::codec;

mod chunk_header;
#[cfg(feature = "alloc")]
mod encode;

pub use chunk_header::{ChunkHeader, END, TAIL, chunk_header};
#[cfg(feature = "alloc")]
pub use encode::{encode_chunk, encode_end};

/// Limits and switches for chunked content. `None` sets no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Maximum excess of extensions in bytes. Each chunk grants 16 bytes of extensions, and each byte of
    /// data grants two; the rest accumulates. Default: 16 KiB, the rule of Go's reader: a long stream
    /// may have extensions, but a flood of them ends it.
    pub overhead: Option<usize>,
    /// Maximum length of the trailers in bytes. Default: 16 KiB, as Node's limit for heads.
    pub trailers: Option<usize>,
    /// Accepts SP and HTAB after a chunk size and around the `;` and `=` of extensions. Default: off.
    ///
    /// Some servers pad sizes with blanks. Danger: if two hops read `5 ;a` differently, an attacker can
    /// smuggle requests. Enable it only in a client, towards a server that needs it.
    pub allow_blanks: bool,
    /// Accepts folded trailers (RFC 9112 5.2). Default: off; on for a client's connection, which joins
    /// them.
    ///
    /// The yielded pieces contain the folds as received. Danger: as for
    /// [`head::Config::allow_folds`](crate::h1::Config::head).
    pub allow_folds: bool,
}

impl Config {
    pub(super) const DEFAULT: Self = Self {
        overhead: Some(16 << 10),
        trailers: Some(16 << 10),
        allow_blanks: false,
        allow_folds: false,
    };
}

impl Default for Config {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A part of chunked content, in wire order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Item<'b> {
    /// A piece of the extensions of the next chunk, from the first `;` on.
    Extension(&'b [u8]),
    /// The end of a chunk-size line: this many bytes of data follow. 0 is the last chunk.
    Chunk(u64),
    /// A piece of a chunk's data, never empty.
    Data(&'b [u8]),
    /// A piece of the trailers; joined, they are field lines with their CRLF.
    Trailers(&'b [u8]),
}

impl fmt::Debug for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Extension(piece) => write!(f, "Extension({} bytes)", piece.len()),
            Self::Chunk(size) => write!(f, "Chunk({size})"),
            Self::Data(piece) => write!(f, "Data({} bytes)", piece.len()),
            Self::Trailers(piece) => write!(f, "Trailers({} bytes)", piece.len()),
        }
    }
}

/// A [`Config`] in 24 bytes: a limit of 4 GiB or more is kept as 4 GiB less one byte.
#[derive(Debug, Clone, Copy)]
struct Limits {
    overhead: Option<u32>,
    trailers: Option<u32>,
    allow_blanks: bool,
    allow_folds: bool,
}

const fn packed(limit: Option<usize>) -> Option<u32> {
    match limit {
        Some(limit) if limit < u32::MAX as usize => Some(limit as u32),
        Some(_) => Some(u32::MAX),
        None => None,
    }
}

/// Decodes the chunked content of one message. It is at most 128 bytes in size, and does not buffer.
#[derive(Debug, Clone)]
pub struct Decoder {
    state: State,
    /// The number of digits of the size so far.
    digits: u8,
    /// The size so far, then the number of bytes of the chunk's data that are missing.
    left: u64,
    at: u64,
    /// The excess of extensions in bytes: see [`Config::overhead`].
    overhead: u32,
    /// Bytes of trailers so far.
    trailers: u32,
    limits: Limits,
}

/// The position in the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A size must begin.
    Size,
    /// Inside the digits of a size.
    Digits,
    /// After the digits.
    Extension(ExtensionState),
    /// CR after a chunk-size line: LF must follow.
    SizeLf,
    /// LF after a chunk-size line: the decoder must yield the chunk.
    Report,
    /// Inside data.
    Data,
    /// After data: CR must follow.
    DataCr,
    /// CR after data: LF must follow.
    DataLf,
    /// At the start of a line of the trailers.
    Trailers,
    /// Inside a trailer's name.
    Name,
    /// Inside a trailer's value.
    Value,
    /// CR after a value: LF must follow.
    ValueLf,
    /// CR at the start of a line: LF ends the content.
    EndLf,
    /// The content is complete.
    Done,
    /// Every call fails until `reset`.
    Failed(ErrorKind),
}

impl Decoder {
    /// A strict decoder with the default limits.
    pub const fn new() -> Self {
        Self::with_config(Config::DEFAULT)
    }

    /// A decoder with these limits and switches.
    pub const fn with_config(config: Config) -> Self {
        Self::with_limits(Limits {
            overhead: packed(config.overhead),
            trailers: packed(config.trailers),
            allow_blanks: config.allow_blanks,
            allow_folds: config.allow_folds,
        })
    }

    const fn with_limits(limits: Limits) -> Self {
        Self { state: State::Size, digits: 0, left: 0, at: 0, overhead: 0, trailers: 0, limits }
    }

    /// Decodes the next part of the content; returns `Done` after its last CRLF.
    ///
    /// # Errors
    ///
    /// The kinds of [`ErrorKind`] for chunks and, in trailers, those for field lines.
    #[inline]
    pub fn decode<'b>(&mut self, input: &mut &'b [u8]) -> Result<Step<Item<'b>>, Error> {
        // Fast path: a complete chunk-size line without extensions, or a piece of data.
        match self.state {
            State::Data => return Ok(self.data(input)),
            State::Size => {
                if let Some((size, len)) = size_line(input) {
                    self.advance(input, len);
                    self.left = size;
                    return Ok(self.report());
                }
            }
            _ => {}
        }
        self.decode_slowly(input)
    }

    /// Decodes one byte, or one run of bytes of a class, at a time.
    #[inline(never)]
    fn decode_slowly<'b>(&mut self, input: &mut &'b [u8]) -> Result<Step<Item<'b>>, Error> {
        loop {
            let Some(&byte) = input.first() else {
                return match self.state {
                    State::Report => Ok(self.report()),
                    State::Done => Ok(Step::Done),
                    State::Failed(kind) => Err(Error::new(kind, self.at)),
                    _ => Ok(Step::NeedInput),
                };
            };
            let next = match self.state {
                State::Size | State::Digits => match (scan::hex_value(byte), byte) {
                    (Some(_), _) if self.digits == MAX_DIGITS => {
                        return self.fail(ErrorKind::ChunkSizeTooLong);
                    }
                    (Some(digit), _) => {
                        self.digits += 1;
                        self.left = self.left << 4 | u64::from(digit);
                        State::Digits
                    }
                    (None, _) if self.digits == 0 => return self.fail(ErrorKind::ChunkSize),
                    (None, b'\r') => State::SizeLf,
                    (None, b';') => {
                        self.state = State::Extension(ExtensionState::Blank);
                        continue;
                    }
                    (None, b' ' | b'\t') if self.limits.allow_blanks => {
                        self.state = State::Extension(ExtensionState::Blank);
                        continue;
                    }
                    (None, b' ' | b'\t' | b'\n') => return self.fail(ErrorKind::ChunkLineEnd),
                    (None, _) => return self.fail(ErrorKind::ChunkSize),
                },
                State::Extension(state) => {
                    if byte == b'\r' && state.may_end() {
                        State::SizeLf
                    } else {
                        return self.extension(input, state);
                    }
                }
                State::SizeLf if byte == b'\n' => State::Report,
                State::SizeLf => return self.fail(ErrorKind::ChunkLineEnd),
                State::Report => return Ok(self.report()),
                State::Data => return Ok(self.data(input)),
                State::DataCr if byte == b'\r' => State::DataLf,
                State::DataLf if byte == b'\n' => State::Size,
                State::DataCr | State::DataLf => return self.fail(ErrorKind::ChunkDataEnd),
                State::Trailers if byte == b'\r' => State::EndLf,
                State::Trailers | State::Name | State::Value | State::ValueLf => {
                    return self.trailer(input);
                }
                State::EndLf if byte == b'\n' => State::Done,
                State::EndLf => return self.fail(ErrorKind::BareCr),
                State::Done => return Ok(Step::Done),
                State::Failed(kind) => return Err(Error::new(kind, self.at)),
            };
            self.state = next;
            self.advance(input, 1);
        }
    }

    /// Reports the peer's end of stream.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] before the last CRLF of the content.
    pub fn finish(&mut self) -> Result<Option<Item<'static>>, Error> {
        match self.state {
            State::Done => Ok(None),
            State::Failed(kind) => Err(Error::new(kind, self.at)),
            _ => self.fail(ErrorKind::Truncated),
        }
    }

    /// Prepares the decoder for the content of another message.
    pub fn reset(&mut self) {
        *self = Self::with_limits(self.limits);
    }

    /// Yields the chunk at the end of its chunk-size line.
    #[inline]
    fn report<'b>(&mut self) -> Step<Item<'b>> {
        if self.overhead > 0 {
            let excused = self.left.saturating_mul(2).saturating_add(16);
            self.overhead = u64::from(self.overhead).saturating_sub(excused) as u32;
        }
        self.digits = 0;
        self.state = if self.left == 0 { State::Trailers } else { State::Data };
        Step::Item(Item::Chunk(self.left))
    }

    /// Yields a piece of data, and skips the CRLF after it if the input contains it.
    #[inline]
    fn data<'b>(&mut self, input: &mut &'b [u8]) -> Step<Item<'b>> {
        if input.is_empty() {
            return Step::NeedInput;
        }
        // Fast path: the rest of the chunk, and the CRLF after it.
        let left = self.left;
        if left < input.len() as u64 {
            let (piece, rest) = input.split_at(left as usize);
            if let [b'\r', b'\n', rest @ ..] = rest {
                *input = rest;
                self.left = 0;
                self.at += left + 2;
                self.state = State::Size;
            } else {
                self.advance(input, piece.len());
                self.left = 0;
                self.state = State::DataCr;
            }
            return Step::Item(Item::Data(piece));
        }
        let piece = self.advance(input, input.len());
        self.left -= piece.len() as u64;
        if self.left == 0 {
            self.state = State::DataCr;
        }
        Step::Item(Item::Data(piece))
    }

    /// Yields a run of extension bytes.
    fn extension<'b>(
        &mut self,
        input: &mut &'b [u8],
        mut state: ExtensionState,
    ) -> Result<Step<Item<'b>>, Error> {
        let room =
            self.limits.overhead.map_or(u32::MAX, |limit| limit.saturating_sub(self.overhead));
        let mut len = 0;
        for &byte in input.iter().take(room as usize) {
            let Some(next) = state.next(byte, self.limits.allow_blanks) else { break };
            state = next;
            len += 1;
        }
        self.state = State::Extension(state);
        if len == 0 {
            return self.fail(if room == 0 {
                ErrorKind::ChunkOverhead
            } else {
                ErrorKind::ChunkExtension
            });
        }
        self.overhead = self.overhead.saturating_add(len as u32);
        Ok(Step::Item(Item::Extension(self.advance(input, len))))
    }

    /// Yields a run of trailer bytes, which may begin and end inside a line.
    fn trailer<'b>(&mut self, input: &mut &'b [u8]) -> Result<Step<Item<'b>>, Error> {
        let room =
            self.limits.trailers.map_or(u32::MAX, |limit| limit.saturating_sub(self.trailers))
                as usize;
        let mut len = 0;
        let fault = loop {
            let Some(&byte) = input.get(len) else { break None };
            if len == room {
                break Some(ErrorKind::TrailersTooLong);
            }
            self.state = match (self.state, byte) {
                (State::Trailers, b'\r') => break None,
                (State::Trailers, b' ' | b'\t')
                    if self.limits.allow_folds && self.trailers as usize + len > 0 =>
                {
                    State::Value
                }
                (State::Trailers, b' ' | b'\t') => break Some(ErrorKind::ObsFold),
                (State::Trailers, b'\n') => break Some(ErrorKind::BareLf),
                (State::Name, b':') => State::Value,
                (State::Name, b' ' | b'\t') => break Some(ErrorKind::SpaceBeforeColon),
                (State::Trailers | State::Name, byte) if scan::is_token(byte) => State::Name,
                (State::Trailers | State::Name, _) => break Some(ErrorKind::FieldName),
                (State::Value, b'\r') => State::ValueLf,
                (State::Value, byte) if scan::is_field_value(byte) => State::Value,
                (State::Value, b'\n') => break Some(ErrorKind::BareLf),
                (State::Value, _) => break Some(ErrorKind::FieldValue),
                (State::ValueLf, b'\n') => State::Trailers,
                (_, _) => break Some(ErrorKind::BareCr),
            };
            len += 1;
        };
        match fault {
            Some(kind) if len == 0 => self.fail(kind),
            _ => {
                self.trailers = self.trailers.saturating_add(len as u32);
                Ok(Step::Item(Item::Trailers(self.advance(input, len))))
            }
        }
    }

    #[inline]
    fn advance<'b>(&mut self, input: &mut &'b [u8], len: usize) -> &'b [u8] {
        let (used, rest) = input.split_at(len);
        *input = rest;
        self.at += len as u64;
        used
    }

    #[cold]
    fn fail<T>(&mut self, kind: ErrorKind) -> Result<T, Error> {
        self.state = State::Failed(kind);
        Err(Error::new(kind, self.at))
    }
}

codec!([] Decoder, &'b [u8], Item<'b>, Error);

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// The size in, and the length of, a complete chunk-size line without extensions.
#[inline]
fn size_line(input: &[u8]) -> Option<(u64, usize)> {
    let mut size = 0;
    for (i, &byte) in input.iter().enumerate().take(STRAIGHT_DIGITS + 1) {
        match scan::hex_value(byte) {
            Some(digit) => size = size << 4 | u64::from(digit),
            None if i > 0 && input[i..].starts_with(b"\r\n") => return Some((size, i + 2)),
            None => return None,
        }
    }
    None
}

/// The maximum number of digits of a size, as in Go: a size has 64 bits.
const MAX_DIGITS: u8 = 16;

/// The maximum number of digits of a size on the fast path.
const STRAIGHT_DIGITS: usize = 8;

#[cfg(test)]
mod tests;
