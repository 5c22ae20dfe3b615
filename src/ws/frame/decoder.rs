//! The frame decoder: headers and pieces of payload.

use crate::kernel::debug::debug;
use core::fmt;

use super::header::{Header, HeaderBuffer, Rules};
use super::opcode::Masking;
use crate::kernel::step::Step;
use crate::kernel::traits::codec;
use crate::ws::error::{Error, ErrorKind};
use crate::ws::mask::rotate;

/// What [`Decoder::decode`] yields.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Item<'b> {
    /// A frame begins.
    Header(Header),
    /// A piece of its payload, as it is on the wire.
    Payload {
        /// The piece, never empty.
        bytes: &'b [u8],
        /// The key for the first byte of the piece, for [`mask`](crate::ws::mask()).
        mask: Option<[u8; 4]>,
    },
    /// The end of the frame.
    End,
}

impl fmt::Debug for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(header) => header.fmt(f),
            Self::Payload { bytes, .. } => write!(f, "Payload({} bytes)", bytes.len()),
            Self::End => f.write_str("End"),
        }
    }
}

/// Decodes frames. It stores no payload and therefore needs no limits.
///
/// It never ends by itself: a program that reads frames must itself ignore what follows a close frame.
#[derive(Clone)]
pub struct Decoder {
    state: State,
    masking: Masking,
    deflate: bool,
    /// Whether a message is unfinished.
    inside: bool,
    header: HeaderBuffer,
    at: u64,
}

#[derive(Clone, Copy)]
enum State {
    /// A header comes next; its first bytes may be in the buffer.
    Header,
    /// Inside a payload, or at its end.
    Payload { left: u64, mask: Option<[u8; 4]> },
    /// The stream ended between two frames.
    Done,
    /// The bytes are invalid, until `reset`.
    Failed(Error),
}

impl Decoder {
    /// A decoder for one direction of a connection.
    pub const fn new(masking: Masking) -> Self {
        Self {
            state: State::Header,
            masking,
            deflate: false,
            inside: false,
            header: HeaderBuffer::new(),
            at: 0,
        }
    }

    /// Accepts RSV1 on the first frame of a message: permessage-deflate was negotiated.
    pub const fn with_deflate(mut self) -> Self {
        self.deflate = true;
        self
    }

    /// Decodes the next header, piece of payload or end of a frame.
    ///
    /// # Errors
    ///
    /// Those of [`ErrorKind`] from `Reserved` to `LengthOverflow`.
    #[inline]
    pub fn decode<'b>(&mut self, input: &mut &'b [u8]) -> Result<Step<Item<'b>>, Error> {
        match self.state {
            State::Payload { left: 0, .. } => {
                self.state = State::Header;
                Ok(Step::Item(Item::End))
            }
            State::Payload { left, mask } => {
                if input.is_empty() {
                    return Ok(Step::NeedInput);
                }
                let len = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
                let (bytes, rest) = input.split_at(len);
                *input = rest;
                self.at += len as u64;
                let next = mask.map(|mask| rotate(mask, len));
                self.state = State::Payload { left: left - len as u64, mask: next };
                Ok(Step::Item(Item::Payload { bytes, mask }))
            }
            State::Header => self.read_header(input),
            State::Done => Ok(Step::Done),
            State::Failed(error) => Err(error),
        }
    }

    fn read_header<'b>(&mut self, input: &mut &'b [u8]) -> Result<Step<Item<'b>>, Error> {
        let (deflate, inside) = (self.deflate, self.inside);
        let rules = Rules { deflate, inside, frame: u64::MAX, message: u64::MAX };
        match self.header.read(input, self.masking, &rules) {
            Ok(Some((header, used))) => {
                *input = &input[used..];
                self.at += used as u64;
                if !header.opcode.is_control() {
                    self.inside = !header.fin;
                }
                self.state = State::Payload { left: header.len, mask: header.mask };
                Ok(Step::Item(Item::Header(header)))
            }
            Ok(None) => {
                self.at += input.len() as u64;
                *input = &[];
                Ok(Step::NeedInput)
            }
            Err(fault) => {
                let error = Error::new(fault.kind, fault.offset(self.at));
                *input = &input[fault.skip(input.len())..];
                self.state = State::Failed(error);
                Err(error)
            }
        }
    }

    /// The peer's end of stream.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] inside a frame or a message.
    pub fn finish(&mut self) -> Result<Option<Item<'static>>, Error> {
        match self.state {
            State::Header if self.header.is_empty() && !self.inside => {
                self.state = State::Done;
                Ok(None)
            }
            State::Payload { left: 0, .. } => {
                self.state = State::Header;
                Ok(Some(Item::End))
            }
            State::Header | State::Payload { .. } => {
                let error = Error::new(ErrorKind::Truncated, self.at);
                self.state = State::Failed(error);
                Err(error)
            }
            State::Done => Ok(None),
            State::Failed(error) => Err(error),
        }
    }

    /// Readies the decoder for another connection.
    pub fn reset(&mut self) {
        *self = Self { deflate: self.deflate, ..Self::new(self.masking) };
    }
}

codec!([] Decoder, &'b [u8], Item<'b>, Error);

debug!([] Decoder, self => Decoder { at: self.at });
