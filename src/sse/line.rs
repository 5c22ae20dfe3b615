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

use core::convert::Infallible;
use core::fmt;

use crate::Codec;
use crate::Step;
use crate::kernel::scan;

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
    /// How many bytes of a BOM have been seen; 3 once it is over.
    bom: u8,
    /// A line was ended by CR: it is over at once, and an LF that follows belongs to that line end.
    after_cr: bool,
}

impl Decoder {
    /// A decoder at the start of a stream.
    pub const fn new() -> Self {
        Self { bom: 0, after_cr: false }
    }

    /// Takes the next part of a line out of `input`; never `Done`.
    #[inline]
    pub fn decode<'b>(&mut self, input: &mut &'b [u8]) -> Step<Item<'b>> {
        if !self.is_inside() {
            if let Some(piece) = self.start(input) {
                return Step::Item(Item::Piece(piece));
            }
        }
        match input.first() {
            None => Step::NeedInput,
            Some(&end @ (b'\r' | b'\n')) => {
                *input = &input[1..];
                self.end_with(end, input);
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

    /// Takes a BOM, or the LF of a CRLF that was cut, off an input that holds the whole of it.
    #[inline]
    pub(super) fn settle(&mut self, input: &mut &[u8]) {
        if self.after_cr && !input.is_empty() {
            self.after_cr = false;
            *input = input.strip_prefix(b"\n").unwrap_or(input);
        }
        if self.bom == 0 {
            if let Some(rest) = input.strip_prefix(BOM) {
                *input = rest;
                self.bom = BOM_OVER;
            } else if input.first().is_some_and(|byte| *byte != BOM[0]) {
                self.bom = BOM_OVER;
            }
        }
    }

    /// Takes a whole line out of `input`, without its end; `None` where a BOM or the LF of a CRLF may
    /// come first, or where the line does not end here. Where it ends may be known.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(super) fn whole_line<'b>(
        &mut self,
        input: &mut &'b [u8],
        end: Option<usize>,
    ) -> Option<&'b [u8]> {
        if !self.is_inside() {
            return None;
        }
        let end = end.or_else(|| scan::find_line_end(input))?;
        let line = &input[..end];
        let byte = input[end];
        *input = &input[end + 1..];
        self.end_with(byte, input);
        Some(line)
    }

    /// The peer's end of stream: the part of a BOM that turned out to be none.
    pub fn finish(&mut self) -> Option<Item<'static>> {
        self.withheld().map(Item::Piece)
    }

    /// Readies the decoder for another stream.
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    /// Whether the next byte is plainly a byte of a line or its end.
    #[inline]
    pub(super) const fn is_inside(&self) -> bool {
        self.bom == BOM_OVER && !self.after_cr
    }

    /// Whether all that has come may be the beginning of a BOM.
    #[cfg(feature = "alloc")]
    pub(super) fn is_inside_bom(&self) -> bool {
        (1..BOM_OVER).contains(&self.bom)
    }

    /// What may come before a line: a BOM at the very start, the LF of a CRLF that was cut. A piece
    /// where what looked like a BOM was none.
    #[cold]
    pub(super) fn start(&mut self, input: &mut &[u8]) -> Option<&'static [u8]> {
        self.settle(input);
        while self.bom < BOM_OVER {
            let &byte = input.first()?;
            if byte != BOM[usize::from(self.bom)] {
                return self.withheld();
            }
            *input = &input[1..];
            self.bom += 1;
        }
        None
    }

    /// What was taken for the beginning of a BOM and is none.
    fn withheld(&mut self) -> Option<&'static [u8]> {
        let seen = core::mem::replace(&mut self.bom, BOM_OVER);
        (1..BOM_OVER).contains(&seen).then(|| &BOM[..usize::from(seen)])
    }

    /// A line was ended by `byte`.
    #[inline]
    fn end_with(&mut self, byte: u8, input: &mut &[u8]) {
        if byte == b'\r' {
            match input.first() {
                Some(b'\n') => *input = &input[1..],
                Some(_) => {}
                None => self.after_cr = true,
            }
        }
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
const BOM_OVER: u8 = 3;

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn lines(wire: &[u8], size: usize) -> (Vec<Vec<u8>>, Vec<u8>) {
        let (mut decoder, mut lines, mut line) = (Decoder::new(), Vec::new(), Vec::new());
        for mut piece in wire.chunks(size) {
            while let Step::Item(item) = decoder.decode(&mut piece) {
                match item {
                    Item::Piece(piece) => line.extend_from_slice(piece),
                    Item::End => lines.push(core::mem::take(&mut line)),
                }
            }
            assert!(piece.is_empty());
        }
        if let Some(Item::Piece(piece)) = decoder.finish() {
            line.extend_from_slice(piece);
        }
        assert_eq!(decoder.finish(), None);
        (lines, line)
    }

    #[test]
    fn every_line_end_at_every_cut() {
        for (wire, expected, rest) in [
            (&b"a\nb\rc\r\nd"[..], &[&b"a"[..], b"b", b"c"][..], &b"d"[..]),
            (b"\r\r\n\n\r", &[b"", b"", b"", b""], b""),
            (b"\n\r\n", &[b"", b""], b""),
            (b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", &[b"a", b"\xef\xbb\xbfb"], b""),
            (b"\xef\xbb\xbf\xef\xbb\xbf\n", &[b"\xef\xbb\xbf"], b""),
            (b"\xef\xbba\n", &[b"\xef\xbba"], b""),
            (b"\xef\xbb", &[], b"\xef\xbb"),
            (b"\xef\n", &[b"\xef"], b""),
            (b"\xef\xbb\xbf\r\n", &[b""], b""),
        ] {
            for size in 1..=wire.len() {
                let (lines, line) = lines(wire, size);
                assert_eq!(
                    (&lines[..], &line[..]),
                    (&expected.iter().map(|l| l.to_vec()).collect::<Vec<_>>()[..], rest)
                );
            }
        }
    }
}
