//! Lines of an event stream (WHATWG HTML 9.2.5): one BOM at the start is dropped; CR, LF and CRLF
//! end a line.
//!
//! ```
//! use wirefeed::{Step, sse::line::{Decoder, Item}};
//!
//! let mut lines = Decoder::new();
//! let mut input: &[u8] = b"data: a\r\nda";
//! assert_eq!(lines.decode(&mut input), Step::Item(Item::Piece(b"data: a")));
//! assert_eq!(lines.decode(&mut input), Step::Item(Item::End));
//! assert_eq!(lines.decode(&mut input), Step::Item(Item::Piece(b"da")));
//! assert_eq!(lines.decode(&mut input), Step::NeedInput);
//! ```

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, vec::Vec};
use core::convert::Infallible;
use core::fmt;

#[cfg(feature = "alloc")]
use crate::kernel::buffer;
use crate::kernel::scan;
use crate::{Codec, Step};

/// A part of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Item<'b> {
    /// A piece of a line, never empty.
    Piece(&'b [u8]),
    /// The line is over.
    End,
}

impl fmt::Debug for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Piece(piece) => write!(f, "Piece({} bytes)", piece.len()),
            Self::End => f.write_str("End"),
        }
    }
}

/// Splits a stream into lines. It cannot fail, has no limit to keep, and never ends by itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Decoder {
    before: Before,
}

/// What may come before the next byte of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// The rest of a BOM, of which this many bytes have come.
    Bom(u8),
    /// The LF of a CRLF: the CR has ended the line.
    Lf,
    /// Nothing: the next byte belongs to a line, or ends it.
    Nothing,
}

impl Default for Before {
    fn default() -> Self {
        Self::Bom(0)
    }
}

impl Decoder {
    /// A decoder at the start of a stream.
    pub const fn new() -> Self {
        Self { before: Before::Bom(0) }
    }

    /// Takes the next part of a line out of `input`; never `Done`.
    #[inline]
    pub fn decode<'b>(&mut self, input: &mut &'b [u8]) -> Step<Item<'b>> {
        if self.before != Before::Nothing {
            if let Some(piece) = self.pass_before(input) {
                return Step::Item(Item::Piece(piece));
            }
        }
        match input.first() {
            None => Step::NeedInput,
            Some(b'\r' | b'\n') => {
                self.take_end(input);
                Step::Item(Item::End)
            }
            Some(_) => {
                let len = scan::find_line_end(input).unwrap_or(input.len());
                let (piece, rest) = input.split_at(len);
                *input = rest;
                Step::Item(Item::Piece(piece))
            }
        }
    }

    /// The peer's end of stream: the bytes that could have begun a BOM, and did not.
    pub fn finish(&mut self) -> Option<Item<'static>> {
        self.withheld().map(Item::Piece)
    }

    /// Readies the decoder for another stream.
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    /// Passes over a BOM at the start of the stream, and the LF of a CRLF that was cut. Returns the bytes
    /// that could have begun a BOM, and did not.
    #[cold]
    fn pass_before(&mut self, input: &mut &[u8]) -> Option<&'static [u8]> {
        while let (before, Some(&byte)) = (self.before, input.first()) {
            match before {
                Before::Nothing => break,
                Before::Bom(seen) if byte != BOM[usize::from(seen)] => return self.withheld(),
                Before::Lf if byte != b'\n' => self.before = Before::Nothing,
                Before::Bom(2) | Before::Lf => {
                    *input = &input[1..];
                    self.before = Before::Nothing;
                }
                Before::Bom(seen) => {
                    *input = &input[1..];
                    self.before = Before::Bom(seen + 1);
                }
            }
        }
        None
    }

    /// The bytes of a BOM that was not completed.
    fn withheld(&mut self) -> Option<&'static [u8]> {
        let Before::Bom(seen) = self.before else { return None };
        self.before = Before::Nothing;
        (seen > 0).then(|| &BOM[..usize::from(seen)])
    }

    /// Takes the CR, LF or CRLF at the start of `input`.
    #[inline]
    fn take_end(&mut self, input: &mut &[u8]) {
        *input = match *input {
            [b'\r', b'\n', rest @ ..] => rest,
            [b'\r'] => {
                self.before = Before::Lf;
                &[]
            }
            [_, rest @ ..] => rest,
            [] => return,
        };
    }
}

impl Codec for Decoder {
    type Input<'b> = &'b [u8];
    type Item<'m, 'b: 'm> = Item<'b>;
    type Error = Infallible;

    #[inline]
    fn decode<'m, 'b: 'm>(
        &'m mut self,
        input: &mut &'b [u8],
    ) -> Result<Step<Item<'b>>, Infallible> {
        Ok(self.decode(input))
    }

    fn finish(&mut self) -> Result<Option<Item<'static>>, Infallible> {
        Ok(self.finish())
    }

    fn reset(&mut self) {
        self.reset();
    }
}

const BOM: &[u8; 3] = b"\xef\xbb\xbf";

/// Reads whole lines: counts them against the limit, and joins those that the end of an input cuts.
#[cfg(feature = "alloc")]
pub(super) struct Reader {
    lines: Decoder,
    /// Whether a line has begun in an earlier input.
    is_inside: bool,
    limit: u32,
    /// The first part of that line; else the last line that was joined.
    joined: Joined,
    /// The offset of the next byte.
    pub(super) at: u64,
    /// The offset of the first byte of the last line.
    pub(super) line_at: u64,
}

/// Where a line lies, without its end.
#[cfg(feature = "alloc")]
#[derive(Clone, Copy)]
pub(super) enum Line<'b> {
    /// In the input.
    Whole(&'b [u8]),
    /// In the reader, until the next call: [`Reader::bytes`].
    Joined,
}

#[cfg(feature = "alloc")]
impl Reader {
    pub(super) const fn new(limit: u32) -> Self {
        let (lines, joined) = (Decoder::new(), Joined(None));
        Self { lines, is_inside: false, limit, joined, at: 0, line_at: 0 }
    }

    /// Whether the next byte is the first of a line, or ends an empty one.
    #[inline]
    pub(super) fn is_at_line(&self) -> bool {
        !self.is_inside && self.lines.before == Before::Nothing
    }

    /// Takes the next line; `None` once the input is used up. The error is the offset of the first byte
    /// beyond the limit.
    #[inline]
    pub(super) fn read<'b>(&mut self, input: &mut &'b [u8]) -> Result<Option<Line<'b>>, u64> {
        if self.lines.before != Before::Nothing {
            self.read_before(input)?;
        }
        let Some(end) = scan::find_line_end(input) else {
            self.store(core::mem::take(input))?;
            return Ok(None);
        };
        let (line, rest) = input.split_at(end);
        *input = rest;
        self.lines.take_end(input);
        let (from, limit) = (self.at, self.limit as usize);
        self.at += (end + rest.len() - input.len()) as u64;
        if self.is_inside {
            self.is_inside = false;
            self.joined.push(line, limit).map_err(|index| from + index as u64)?;
            self.joined.join();
            return Ok(Some(Line::Joined));
        }
        self.line_at = from;
        if end > limit {
            return Err(from + limit as u64);
        }
        Ok(Some(Line::Whole(line)))
    }

    /// The straight line of small pieces: an input that neither begins nor ends a line.
    #[inline]
    pub(super) fn take_piece(&mut self, input: &mut &[u8]) -> bool {
        if !self.is_inside || input.len() > SMALL || scan::find_line_end(input).is_some() {
            return false;
        }
        if self.joined.push(input, self.limit as usize).is_err() {
            return false;
        }
        self.at += input.len() as u64;
        *input = &[];
        true
    }

    /// Whether the next line is empty.
    #[inline]
    pub(super) fn is_before_empty_line(&self, input: &[u8]) -> bool {
        self.is_at_line() && matches!(input, [b'\r' | b'\n', ..])
    }

    /// Takes the next line, which is empty.
    #[inline]
    pub(super) fn take_empty_line(&mut self, input: &mut &[u8]) {
        let before = input.len();
        self.lines.take_end(input);
        self.at += (before - input.len()) as u64;
    }

    /// Whether a line may have so many bytes.
    #[inline]
    pub(super) const fn allows(&self, len: usize) -> bool {
        len <= self.limit as usize
    }

    /// Takes these bytes, which are whole lines.
    #[inline]
    pub(super) fn take_lines(&mut self, len: usize, input: &mut &[u8]) {
        *input = &input[len..];
        self.at += len as u64;
    }

    /// The bytes of the last line.
    #[inline]
    pub(super) fn bytes<'l>(&'l self, line: Line<'l>) -> &'l [u8] {
        match line {
            Line::Whole(line) => line,
            Line::Joined => self.joined.bytes(),
        }
    }

    /// Passes over lines, and over the first empty one, if it comes.
    #[cold]
    pub(super) fn skip_to_empty_line(&mut self, input: &mut &[u8]) -> bool {
        let (before, mut is_over) = (input.len(), false);
        while !is_over {
            let Step::Item(item) = self.lines.decode(input) else { break };
            is_over = item == Item::End && !self.is_inside;
            self.is_inside = item != Item::End;
        }
        self.at += (before - input.len()) as u64;
        is_over
    }

    /// The peer's end of stream: the last line, if it has no end.
    #[cold]
    pub(super) fn finish(&mut self) -> Result<Option<Line<'static>>, u64> {
        if let Some(Item::Piece(piece)) = self.lines.finish() {
            self.store_withheld(piece)?;
        }
        self.joined.join();
        Ok(core::mem::take(&mut self.is_inside).then_some(Line::Joined))
    }

    /// The first byte of a line that has no end so far, or may have begun.
    pub(super) fn unfinished(&self) -> Option<u8> {
        match self.lines.before {
            Before::Bom(1..) => Some(BOM[0]),
            _ if self.is_inside => self.joined.first(),
            _ => None,
        }
    }

    /// The bytes of a line that has no end so far.
    pub(super) fn stored(&self) -> usize {
        if self.is_inside { self.joined.len() } else { 0 }
    }

    /// Forgets what has come of a line, which [`skip_to_empty_line`](Self::skip_to_empty_line) goes on
    /// with.
    pub(super) fn clear(&mut self) {
        self.joined.clear();
    }

    /// Gives back all memory, unless a line has begun.
    pub(super) fn release(&mut self) {
        if self.stored() == 0 {
            self.joined = Joined(None);
        }
    }

    /// Readies the reader for another stream.
    pub(super) fn reset(&mut self) {
        self.lines.reset();
        (self.is_inside, self.at) = (false, 0);
    }

    /// Passes over what may come before a line.
    #[cold]
    fn read_before(&mut self, input: &mut &[u8]) -> Result<(), u64> {
        let before = input.len();
        let withheld = self.lines.pass_before(input);
        self.at += (before - input.len()) as u64;
        withheld.map_or(Ok(()), |piece| self.store_withheld(piece))
    }

    /// Stores bytes that were passed over as those of a BOM.
    fn store_withheld(&mut self, piece: &[u8]) -> Result<(), u64> {
        self.at -= piece.len() as u64;
        self.store(piece)
    }

    /// Stores a piece of a line.
    #[inline]
    fn store(&mut self, piece: &[u8]) -> Result<(), u64> {
        if !self.is_inside {
            if piece.is_empty() {
                return Ok(());
            }
            self.joined.clear();
            (self.is_inside, self.line_at) = (true, self.at);
        }
        let from = self.at;
        self.at += piece.len() as u64;
        self.joined.push(piece, self.limit as usize).map_err(|index| from + index as u64)
    }
}

/// The parts of a line, one after the other; no heap until there is one.
///
/// A long line is kept in blocks until it is over. A buffer that grows is for a moment held twice, and
/// a line that never ends must not cost more than its limit.
#[cfg(feature = "alloc")]
struct Joined(Option<Box<Blocks>>);

#[cfg(feature = "alloc")]
#[derive(Default)]
struct Blocks {
    /// Blocks that are full, and their length together.
    full: Vec<Vec<u8>>,
    full_len: usize,
    /// The bytes after them.
    last: Vec<u8>,
}

#[cfg(feature = "alloc")]
impl Joined {
    fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |blocks| blocks.full_len + blocks.last.len())
    }

    fn first(&self) -> Option<u8> {
        let blocks = self.0.as_ref()?;
        blocks.full.first().unwrap_or(&blocks.last).first().copied()
    }

    /// Appends a piece. The error is the index of its first byte beyond the limit.
    #[inline]
    fn push(&mut self, piece: &[u8], limit: usize) -> Result<(), usize> {
        let blocks = self.0.get_or_insert_default();
        let room = limit - blocks.full_len - blocks.last.len();
        if piece.len() > room {
            return Err(room);
        }
        if piece.len() > blocks.last.capacity() - blocks.last.len() {
            blocks.grow(piece, limit);
        } else {
            blocks.last.extend_from_slice(piece);
        }
        Ok(())
    }

    /// Puts the line together.
    #[inline]
    fn join(&mut self) {
        if let Some(blocks) = self.0.as_mut().filter(|blocks| !blocks.full.is_empty()) {
            blocks.join();
        }
    }

    /// The line, once it is put together.
    #[inline]
    fn bytes(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |blocks| &blocks.last)
    }

    #[inline]
    fn clear(&mut self) {
        if let Some(blocks) = &mut self.0 {
            if blocks.full_len > 0 {
                blocks.full.clear();
                blocks.full_len = 0;
            }
            blocks.last.clear();
        }
    }
}

#[cfg(feature = "alloc")]
impl Blocks {
    /// Appends a piece for which the last block has no room: it doubles up to [`BLOCK`], and then
    /// another is begun.
    #[cold]
    fn grow(&mut self, mut piece: &[u8], limit: usize) {
        while !piece.is_empty() {
            if self.last.len() >= BLOCK {
                self.full_len += self.last.len();
                let room = BLOCK.min(limit - self.full_len);
                self.full.push(core::mem::replace(&mut self.last, Vec::with_capacity(room)));
            }
            let (fits, rest) = piece.split_at(piece.len().min(BLOCK - self.last.len()));
            buffer::reserve(&mut self.last, fits.len(), BLOCK.min(limit - self.full_len));
            self.last.extend_from_slice(fits);
            piece = rest;
        }
    }

    #[cold]
    fn join(&mut self) {
        let mut whole = Vec::with_capacity(self.full_len + self.last.len());
        for block in self.full.drain(..) {
            whole.extend_from_slice(&block);
        }
        whole.extend_from_slice(&self.last);
        (self.last, self.full_len) = (whole, 0);
    }
}

/// The largest input that [`Reader::take_piece`] looks at, since it may be looked at again.
#[cfg(feature = "alloc")]
const SMALL: usize = 64;

/// The most bytes that move when a line grows.
#[cfg(feature = "alloc")]
const BLOCK: usize = 128 << 10;

#[cfg(all(test, feature = "alloc"))]
mod tests;
