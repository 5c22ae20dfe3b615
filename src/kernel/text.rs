//! UTF-8 that arrives in pieces. A piece may end inside a character; the rest of the character then
//! comes with the next piece.
//!
//! - [`Validator`] reports invalid text as an error (RFC 6455 8.1).
//! - [`Lossy`] decodes text and replaces invalid bytes by U+FFFD (the WHATWG Encoding Standard's UTF-8
//!   decoder).
//!
//! Neither allocates.

use crate::kernel::debug::debug;
#[cfg(feature = "alloc")]
use alloc::string::String;
use core::str;

#[cfg(feature = "alloc")]
use crate::kernel::buffer::step;
use crate::kernel::step::Step;

/// Checks text that arrives in pieces, and fails at the first invalid byte.
///
/// ```
/// use wirefeed::text::Validator;
///
/// let mut validator = Validator::new();
/// assert_eq!(validator.validate(b"caf\xc3"), Ok(()));
/// assert!(!validator.is_complete());
/// assert_eq!(validator.validate(b"\xa9 \xed\xa0\x80"), Err(3)); // a surrogate: ED may not be followed by A0
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Validator {
    partial: Partial,
}

impl Validator {
    /// A validator at the start of a text.
    pub const fn new() -> Self {
        Self { partial: Partial::EMPTY }
    }

    /// Checks the next piece.
    ///
    /// # Errors
    ///
    /// The index in `piece` of the first byte that cannot continue the text.
    pub fn validate(&mut self, piece: &[u8]) -> Result<(), usize> {
        self.partial.join(piece, |_| ())
    }

    /// Whether the text so far ends on a character boundary.
    pub const fn is_complete(&self) -> bool {
        self.partial.len == 0
    }
}

/// Decodes text that arrives in pieces, and replaces each maximal invalid subpart by one U+FFFD, as the
/// WHATWG Encoding Standard's UTF-8 decoder does.
///
/// ```
/// use wirefeed::{Step, text::Lossy};
///
/// let mut lossy = Lossy::new();
/// let mut text = String::new();
/// for mut piece in [&b"caf\xc3"[..], b"\xa9 \xf0\x9f", b"!"] {
///     while let Step::Item(valid) = lossy.decode(&mut piece) {
///         text.push_str(valid);
///     }
/// }
/// text.push_str(lossy.finish());
/// assert_eq!(text, "caf\u{e9} \u{fffd}!");
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Lossy {
    partial: Partial,
}

impl Lossy {
    /// A decoder at the start of a text.
    pub const fn new() -> Self {
        Self { partial: Partial::EMPTY }
    }

    /// Decodes the next piece of text, and advances `input` past it. Never returns `Done`.
    pub fn decode<'m, 'b: 'm>(&'m mut self, input: &mut &'b [u8]) -> Step<&'m str> {
        while self.partial.len > 0 {
            let Some((&byte, rest)) = input.split_first() else { return Step::NeedInput };
            if !self.partial.accepts(byte) {
                self.partial.len = 0;
                return Step::Item(REPLACEMENT);
            }
            self.partial.push(byte);
            *input = rest;
            if self.partial.is_whole() {
                return Step::Item(self.partial.take_whole());
            }
        }
        let (valid, tail) = split_valid(input);
        if !valid.is_empty() {
            *input = tail;
            return Step::Item(valid);
        }
        match self.partial.hold(tail) {
            Ok(()) => {
                *input = &[];
                Step::NeedInput
            }
            Err(bad) => {
                self.partial.len = 0;
                *input = &tail[bad.max(1)..];
                Step::Item(REPLACEMENT)
            }
        }
    }

    /// Ends the text: returns U+FFFD if it ended inside a character, else an empty string.
    pub fn finish(&mut self) -> &'static str {
        match core::mem::take(&mut self.partial.len) {
            0 => "",
            _ => REPLACEMENT,
        }
    }
}

/// Appends `value`, with each invalid sequence replaced by U+FFFD, to `buffer`. The capacity of `buffer`
/// does not grow beyond `limit`. If the result is longer than `room` bytes, fails with the index in
/// `value` of the first byte that does not fit.
#[cfg(feature = "alloc")]
#[inline]
pub(crate) fn push(
    buffer: &mut String,
    value: &[u8],
    room: usize,
    limit: usize,
) -> Result<(), usize> {
    let Some(text) = from_utf8(value) else { return push_replaced(buffer, value, room, limit) };
    if text.len() > room {
        return Err(room);
    }
    buffer.reserve_exact(step(buffer.len(), buffer.capacity(), text.len(), limit));
    buffer.push_str(text);
    Ok(())
}

#[cfg(feature = "alloc")]
#[cold]
fn push_replaced(
    buffer: &mut String,
    value: &[u8],
    room: usize,
    limit: usize,
) -> Result<(), usize> {
    let (mut lossy, mut rest, mut len) = (Lossy::new(), value, 0);
    loop {
        let index = value.len() - rest.len();
        let (piece, is_over) = match lossy.decode(&mut rest) {
            Step::Item(piece) => (piece, false),
            Step::NeedInput | Step::Done => (lossy.finish(), true),
        };
        if piece.len() > room - len {
            // A replaced sequence counts at its first byte.
            let is_own = value.as_ptr_range().contains(&piece.as_ptr());
            return Err(if is_own { index + room - len } else { index });
        }
        len += piece.len();
        if is_over {
            break;
        }
    }
    buffer.reserve_exact(step(buffer.len(), buffer.capacity(), len, limit));
    push_lossy(buffer, value);
    Ok(())
}

/// Appends `bytes`, decoded as [`Lossy`] does, to `text`.
#[cfg(feature = "alloc")]
pub(crate) fn push_lossy(text: &mut String, mut bytes: &[u8]) {
    let mut lossy = Lossy::new();
    while let Step::Item(piece) = lossy.decode(&mut bytes) {
        text.push_str(piece);
    }
    text.push_str(lossy.finish());
}

/// Splits text that arrives in pieces at character boundaries, without checking a byte twice.
///
/// If a piece ends inside a character, the joiner holds the bytes of that character until the rest
/// arrives.
#[cfg(feature = "alloc")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Joiner {
    partial: Partial,
}

/// The result of [`Joiner::begin`].
#[cfg(feature = "alloc")]
pub(crate) enum Beginning {
    /// The piece completes no character; the joiner holds it.
    Held,
    /// The piece completes the held character, which [`Joiner::take`] returns.
    Character,
    /// The piece begins with a complete character: [`Joiner::split`] returns it and those after it.
    Text,
}

#[cfg(feature = "alloc")]
impl Joiner {
    /// A joiner at the start of a text.
    pub(crate) const fn new() -> Self {
        Self { partial: Partial::EMPTY }
    }

    /// The number of bytes that the held character lacks; 0 if none is held.
    #[inline]
    pub(crate) fn lacks(&self) -> usize {
        match self.partial {
            Partial { len: 0, .. } => 0,
            Partial { len, bytes } => usize::from(width(bytes[0]) - len),
        }
    }

    /// Classifies the beginning of the next piece. If a character is held, `piece` must not be longer
    /// than [`lacks`](Self::lacks). Fails with the index of the first invalid byte.
    #[inline]
    pub(crate) fn begin(&mut self, piece: &[u8]) -> Result<Beginning, usize> {
        if self.partial.len == 0 && piece.first().is_some_and(u8::is_ascii) {
            return Ok(Beginning::Text);
        }
        self.begin_slowly(piece)
    }

    fn begin_slowly(&mut self, piece: &[u8]) -> Result<Beginning, usize> {
        let Self { mut partial } = *self;
        let whole = match partial.len {
            0 => Beginning::Text,
            _ => Beginning::Character,
        };
        for (index, &byte) in piece.iter().enumerate() {
            if !partial.accepts(byte) {
                return Err(index);
            }
            partial.push(byte);
            if partial.is_whole() {
                if let Beginning::Character = whole {
                    self.partial = partial;
                }
                return Ok(whole);
            }
        }
        self.partial = partial;
        Ok(Beginning::Held)
    }

    /// Takes the held character, which must be complete.
    pub(crate) fn take(&mut self) -> &str {
        self.partial.take_whole()
    }

    /// Returns the complete characters at the start of `piece` without copying them, and whether the
    /// rest is valid so far; if not, the error is the index of the first invalid byte. Holds an
    /// incomplete character at the end.
    #[inline]
    pub(crate) fn split<'b>(&mut self, piece: &'b [u8]) -> (&'b str, Result<(), usize>) {
        let (text, tail) = split_valid(piece);
        (text, self.partial.hold(tail).map_err(|bad| text.len() + bad))
    }
}

/// `bytes` as text, if all of it is valid.
#[cfg(feature = "alloc")]
#[inline]
pub(crate) fn from_utf8(bytes: &[u8]) -> Option<&str> {
    // Below `WIDE` bytes, or `WIDE_ASCII` bytes of ASCII, the standard library is faster.
    if bytes.len() < WIDE || (bytes.len() < WIDE_ASCII && looks_ascii(bytes)) {
        str::from_utf8(bytes).ok()
    } else {
        simdutf8::basic::from_utf8(bytes).ok()
    }
}

/// Whether the first, the middle and the last eight bytes are ASCII. A wrong guess only costs time.
#[cfg(feature = "alloc")]
#[inline]
fn looks_ascii(bytes: &[u8]) -> bool {
    let high = |word: Option<&[u8; 8]>| word.map_or(0, |word| u64::from_ne_bytes(*word));
    let words = high(bytes.first_chunk())
        | high(bytes[bytes.len() / 2..].first_chunk())
        | high(bytes.last_chunk());
    words & 0x8080_8080_8080_8080 == 0
}

/// The index of the first invalid byte of `bytes`, or the length if `bytes` only ends inside a
/// character.
#[cfg(feature = "alloc")]
#[cold]
pub(crate) fn first_bad(bytes: &[u8]) -> usize {
    Validator::new().validate(bytes).err().unwrap_or(bytes.len())
}

/// The longest valid prefix, and the rest.
///
/// The search stops at the first fault, because a text can have as many faults as bytes, and the caller
/// would otherwise scan the rest once per fault.
fn split_valid(bytes: &[u8]) -> (&str, &[u8]) {
    // Pieces often end inside a character: cut it off first, so that the fast path sees valid text.
    let (whole, tail) = bytes.split_at(bytes.len() - unfinished(bytes));
    let valid_up_to = if whole.len() < WIDE {
        str::from_utf8(whole).map_err(|error| error.valid_up_to())
    } else {
        simdutf8::compat::from_utf8(whole).map_err(|error| error.valid_up_to())
    };
    match valid_up_to {
        Ok(text) => (text, tail),
        Err(end) => (str::from_utf8(&bytes[..end]).unwrap_or_default(), &bytes[end..]),
    }
}

/// The number of bytes at the end that begin an incomplete character.
pub(crate) fn unfinished(bytes: &[u8]) -> usize {
    let last = bytes.iter().rev().take(3).position(|byte| !(0x80..=0xbf).contains(byte));
    match last {
        Some(after) if usize::from(width(bytes[bytes.len() - 1 - after])) > after + 1 => after + 1,
        _ => 0,
    }
}

/// The first bytes of an incomplete character.
#[derive(Clone, Copy, Default)]
struct Partial {
    bytes: [u8; 4],
    len: u8,
}

debug!([] Partial, self, f => write!(f, "Partial({} bytes)", self.len));

impl Partial {
    const EMPTY: Self = Self { bytes: [0; 4], len: 0 };

    /// Passes the complete characters of `piece` to `valid`, and holds an incomplete one. Fails with the
    /// index of the first invalid byte.
    fn join(&mut self, piece: &[u8], mut valid: impl FnMut(&str)) -> Result<(), usize> {
        let mut rest = piece;
        while self.len > 0 {
            let Some((&byte, tail)) = rest.split_first() else { return Ok(()) };
            if !self.accepts(byte) {
                return Err(piece.len() - rest.len());
            }
            self.push(byte);
            rest = tail;
            if self.is_whole() {
                valid(self.take_whole());
            }
        }
        let (text, tail) = split_valid(rest);
        valid(text);
        self.hold(tail).map_err(|bad| piece.len() - tail.len() + bad)
    }

    fn is_whole(&self) -> bool {
        self.len == width(self.bytes[0])
    }

    /// Takes the held character, which must be complete. It is valid, because only accepted bytes are
    /// held.
    fn take_whole(&mut self) -> &str {
        let len = usize::from(core::mem::take(&mut self.len));
        str::from_utf8(&self.bytes[..len]).unwrap_or(REPLACEMENT)
    }

    /// Whether `byte` may come next (Unicode 3.9, table 3-7).
    fn accepts(&self, byte: u8) -> bool {
        if self.len == 0 {
            return width(byte) > 0;
        }
        let range = match (self.len, self.bytes[0]) {
            (1, 0xe0) => 0xa0..=0xbf,
            (1, 0xed) => 0x80..=0x9f,
            (1, 0xf0) => 0x90..=0xbf,
            (1, 0xf4) => 0x80..=0x8f,
            _ => 0x80..=0xbf,
        };
        range.contains(&byte)
    }

    fn push(&mut self, byte: u8) {
        self.bytes[usize::from(self.len)] = byte;
        self.len += 1;
    }

    /// Holds `tail`, which contains no complete character. Fails with the index of the first invalid byte.
    #[inline]
    fn hold(&mut self, tail: &[u8]) -> Result<(), usize> {
        for (i, &byte) in tail.iter().enumerate() {
            if !self.accepts(byte) {
                return Err(i);
            }
            self.push(byte);
        }
        Ok(())
    }
}

/// The length in bytes of the character that `lead` begins; 0 if `lead` is not a lead byte.
const fn width(lead: u8) -> u8 {
    match lead {
        0x00..=0x7f => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 0,
    }
}

const REPLACEMENT: &str = "\u{fffd}";

/// From this many bytes on `simdutf8` is faster than the standard library.
const WIDE: usize = 64;

/// The same for ASCII, which the standard library checks two words at a time.
#[cfg(feature = "alloc")]
const WIDE_ASCII: usize = 256;

#[cfg(test)]
mod tests;
