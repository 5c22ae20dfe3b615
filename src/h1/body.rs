//! The decoder of a message's content, for every [`Framing`].
//!
//! [`Decoder`] yields [`Item`]s: pieces of data, and pieces of the trailers of chunked content. Its
//! [`chunked::Config`] limits chunked framing; its errors are [`ErrorKind`]s.
//!
//! ```
//! use wirefeed::{Step, h1::{Framing, body}};
//!
//! let mut body = body::Decoder::new(Framing::Length(5));
//! let mut input: &[u8] = b"helloGET / HTTP/1.1\r\n";
//! assert_eq!(body.decode(&mut input)?, Step::Item(body::Item::Data(b"hello")));
//! assert_eq!(body.decode(&mut input)?, Step::Done);
//! assert_eq!(input, b"GET / HTTP/1.1\r\n"); // the next request
//! # Ok::<(), wirefeed::h1::Error>(())
//! ```

use core::fmt;

use crate::Step;
use crate::h1::{Error, ErrorKind, Framing, chunked};
use crate::kernel::traits::codec;

/// A part of the content.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Item<'b> {
    /// A piece of data, never empty. It does not show the boundaries of chunks.
    Data(&'b [u8]),
    /// A piece of the trailers of chunked content. Join the pieces and read them with
    /// [`Lines`](crate::fields::Lines).
    Trailers(&'b [u8]),
}

impl fmt::Debug for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(piece) => write!(f, "Data({} bytes)", piece.len()),
            Self::Trailers(piece) => write!(f, "Trailers({} bytes)", piece.len()),
        }
    }
}

/// Decodes the content of one message. It is at most 128 bytes in size, and does not buffer.
#[derive(Debug, Clone)]
pub struct Decoder {
    state: State,
    at: u64,
    framing: Framing,
}

#[derive(Debug, Clone)]
enum State {
    /// This many bytes are missing.
    Length(u64),
    Chunked(chunked::Decoder),
    UntilClose,
    Done,
    Failed(Error),
}

impl Decoder {
    /// A strict decoder with the default limits, for content with this framing.
    pub fn new(framing: Framing) -> Self {
        Self::with_config(framing, chunked::Config::default())
    }

    /// A decoder with these limits and switches for chunked content.
    pub const fn with_config(framing: Framing, config: chunked::Config) -> Self {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Chunked(chunked::Decoder::with_config(config)),
            Framing::UntilClose => State::UntilClose,
        };
        Self { state, at: 0, framing }
    }

    /// Decodes the next part of the content; returns `Done` after its last byte.
    ///
    /// # Errors
    ///
    /// Those of [`chunked::Decoder::decode`].
    #[inline]
    pub fn decode<'b>(&mut self, input: &mut &'b [u8]) -> Result<Step<Item<'b>>, Error> {
        match &mut self.state {
            State::Chunked(chunks) => loop {
                return Ok(match chunks.decode(input)? {
                    Step::Item(chunked::Item::Data(piece)) => Step::Item(Item::Data(piece)),
                    Step::Item(chunked::Item::Trailers(piece)) => Step::Item(Item::Trailers(piece)),
                    Step::Item(chunked::Item::Chunk(_) | chunked::Item::Extension(_)) => continue,
                    Step::NeedInput => Step::NeedInput,
                    Step::Done => Step::Done,
                });
            },
            State::Done => Ok(Step::Done),
            State::Failed(error) => Err(*error),
            State::Length(_) | State::UntilClose if input.is_empty() => Ok(Step::NeedInput),
            State::Length(left) => {
                let len = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
                let (piece, rest) = input.split_at(len);
                *input = rest;
                self.at += len as u64;
                *left -= len as u64;
                if *left == 0 {
                    self.state = State::Done;
                }
                Ok(Step::Item(Item::Data(piece)))
            }
            State::UntilClose => Ok(Step::Item(Item::Data(core::mem::take(input)))),
        }
    }

    /// Reports the peer's end of stream, which completes content with [`Framing::UntilClose`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] if other content is incomplete.
    pub fn finish(&mut self) -> Result<Option<Item<'static>>, Error> {
        match &mut self.state {
            State::Chunked(chunks) => chunks.finish().map(|_| None),
            State::Failed(error) => Err(*error),
            State::Length(_) => {
                let error = Error::new(ErrorKind::Truncated, self.at);
                self.state = State::Failed(error);
                Err(error)
            }
            State::UntilClose | State::Done => {
                self.state = State::Done;
                Ok(None)
            }
        }
    }

    /// Prepares the decoder for the content of another message with the same framing.
    pub fn reset(&mut self) {
        match &mut self.state {
            State::Chunked(chunks) => chunks.reset(),
            _ => *self = Self::new(self.framing),
        }
    }
}

codec!([] Decoder, &'b [u8], Item<'b>, Error);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_content_is_done_at_once() {
        for framing in [Framing::None, Framing::Length(0)] {
            let mut body = Decoder::new(framing);
            assert_eq!(body.decode(&mut &b"next"[..]), Ok(Step::Done));
            assert_eq!(body.finish(), Ok(None));
        }
    }

    #[test]
    fn a_length_is_exact() {
        let mut body = Decoder::new(Framing::Length(3));
        assert_eq!(body.decode(&mut &b"ab"[..]), Ok(Step::Item(Item::Data(b"ab"))));
        assert_eq!(body.decode(&mut &b""[..]), Ok(Step::NeedInput));
        let truncated = Error::new(ErrorKind::Truncated, 2);
        assert_eq!(body.finish(), Err(truncated));
        assert_eq!(body.decode(&mut &b"c"[..]), Err(truncated));
        body.reset();
        let mut input = &b"abcd"[..];
        assert_eq!(body.decode(&mut input), Ok(Step::Item(Item::Data(b"abc"))));
        assert_eq!(body.decode(&mut input), Ok(Step::Done));
        assert_eq!(input, b"d");
    }

    #[test]
    fn only_unframed_content_ends_with_the_connection() {
        let mut body = Decoder::new(Framing::UntilClose);
        assert_eq!(body.decode(&mut &b"ab"[..]), Ok(Step::Item(Item::Data(b"ab"))));
        assert_eq!(body.finish(), Ok(None));
        assert_eq!(body.decode(&mut &b"c"[..]), Ok(Step::Done));
        let mut body = Decoder::new(Framing::Chunked);
        assert_eq!(body.finish().unwrap_err().kind, ErrorKind::Truncated);
    }

    #[test]
    fn only_data_and_trailers_of_chunked_content_are_yielded() {
        let mut body = Decoder::new(Framing::Chunked);
        let mut input = &b"1;a=b\r\nx\r\n2\r\nyz\r\n0\r\nA: b\r\n\r\nrest"[..];
        for item in [Item::Data(b"x"), Item::Data(b"yz"), Item::Trailers(b"A: b\r\n")] {
            assert_eq!(body.decode(&mut input), Ok(Step::Item(item)));
        }
        assert_eq!(body.decode(&mut input), Ok(Step::Done));
        assert_eq!(input, b"rest");
    }

    #[test]
    fn the_decoder_is_small() {
        assert!(size_of::<Decoder>() <= 128);
    }
}
