//! Frames (RFC 6455 5.2): the header codec, and a decoder that hands out payloads in pieces, still
//! masked, for proxies and for those who join or unmask in their own way.
//!
//! ```
//! use wirefeed::{Step, ws::frame::{Decoder, Expect, Header, Item, Opcode}};
//!
//! let mut frames = Decoder::new(Expect::Unmasked);
//! let mut input: &[u8] = b"\x81\x05Hello";
//! let Step::Item(Item::Header(header)) = frames.decode(&mut input)? else { unreachable!() };
//! assert_eq!(header, Header { fin: true, compressed: false, opcode: Opcode::Text, mask: None, len: 5 });
//! assert_eq!(header.encode().as_ref(), b"\x81\x05");
//! assert_eq!(frames.decode(&mut input)?, Step::Item(Item::Payload { bytes: b"Hello", mask: None }));
//! assert_eq!(frames.decode(&mut input)?, Step::Item(Item::End));
//! # Ok::<(), wirefeed::ws::Error>(())
//! ```

use core::fmt;

use super::mask::rotate;
use super::{Error, ErrorKind};
use crate::Step;
use crate::kernel::traits::codec;

mod held;

pub(crate) use held::Held;

/// What a frame is (RFC 6455 11.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// The next fragment of a message.
    Continuation = 0,
    /// The first or only fragment of a text.
    Text = 1,
    /// The first or only fragment of a binary message.
    Binary = 2,
    /// The last frame of this side.
    Close = 8,
    /// To be answered by a pong.
    Ping = 9,
    /// The answer to a ping, or a sign of life.
    Pong = 10,
}

impl Opcode {
    /// Whether this is a control frame: at most 125 bytes, never fragmented (RFC 6455 5.5).
    #[inline]
    pub const fn is_control(self) -> bool {
        self as u8 >= 8
    }

    #[inline(always)]
    const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }
}

/// Which frames are to be masked (RFC 6455 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Expect {
    /// Those that a server receives.
    Masked,
    /// Those that a client receives.
    Unmasked,
}

/// A frame's header. Of its reserved bits, which belong to extensions, RSV1 alone has a meaning.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header {
    /// Whether this is the last fragment of its message.
    pub fin: bool,
    /// RSV1: this is the first frame of a message that permessage-deflate has compressed (RFC 7692 6).
    pub compressed: bool,
    /// What the frame is.
    pub opcode: Opcode,
    /// The masking key.
    pub mask: Option<[u8; 4]>,
    /// Bytes of payload, below 2^63.
    pub len: u64,
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header")
            .field("fin", &self.fin)
            .field("compressed", &self.compressed)
            .field("opcode", &self.opcode)
            .field("masked", &self.mask.is_some())
            .field("len", &self.len)
            .finish()
    }
}

impl Header {
    /// The header's 2 to 14 bytes.
    #[inline]
    pub const fn encode(&self) -> HeaderBytes {
        let masked = if self.mask.is_some() { 0x80 } else { 0 };
        let compressed = if self.compressed { RSV1 } else { 0 };
        let first = (if self.fin { 0x80 } else { 0 }) | compressed | self.opcode as u8;
        let key = match self.mask {
            Some(key) => u32::from_le_bytes(key) as u128,
            None => 0,
        };
        // All of it is one number, the first byte lowest: bytes that are stored one by one are not there
        // yet when all of them are loaded.
        let (second, rest, len) = match self.len {
            0..=125 => (self.len as u8, key, 2),
            126..=0xffff => {
                let len = (self.len as u16).swap_bytes();
                (126, len as u128 | key << 16, 4)
            }
            _ => (127, self.len.swap_bytes() as u128 | key << 64, 10),
        };
        let all = first as u128 | ((second | masked) as u128) << 8 | rest << 16;
        HeaderBytes { bytes: all.to_le_bytes(), len: len + masked / 32 }
    }

    /// Reads a header off the start of `bytes`, with its length; `None` where it is not whole.
    ///
    /// A fault is the same however much of the header is there: each byte is judged in its turn.
    #[inline(always)]
    pub(crate) fn read(
        bytes: &[u8],
        expect: Expect,
        rules: &Rules,
    ) -> Result<Option<(Self, usize)>, (ErrorKind, usize)> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        let fin = first & 0x80 != 0;
        let compressed = first & 0x70 != 0;
        if compressed && (first & 0x70 != RSV1 || !rules.deflate || !matches!(first & 15, 1 | 2)) {
            return Err((ErrorKind::Reserved, 0));
        }
        let Some(opcode) = Opcode::from_bits(first & 15) else {
            return Err((ErrorKind::Opcode, 0));
        };
        if opcode.is_control() {
            if !fin {
                return Err((ErrorKind::ControlFragmented, 0));
            }
        } else if (opcode as u8 == 0) != rules.inside {
            let kind = if rules.inside { ErrorKind::Interleaved } else { ErrorKind::Continuation };
            return Err((kind, 0));
        }

        let Some(&second) = bytes.get(1) else { return Ok(None) };
        let masked = second & 0x80 != 0;
        if masked != matches!(expect, Expect::Masked) {
            let kind = if masked { ErrorKind::Masked } else { ErrorKind::Unmasked };
            return Err((kind, 1));
        }
        let (len, used) = match second & 0x7f {
            short if opcode.is_control() && short > 125 => {
                return Err((ErrorKind::ControlTooLong, 1));
            }
            126 => match *bytes {
                [_, _, a, b, ..] => (u64::from(u16::from_be_bytes([a, b])), 4),
                _ => return Ok(None),
            },
            127 => match *bytes {
                [_, _, a, b, c, d, e, f, g, h, ..] => {
                    (u64::from_be_bytes([a, b, c, d, e, f, g, h]), 10)
                }
                _ => return Ok(None),
            },
            short => (u64::from(short), 2),
        };
        if (used == 4 && len < 126) || (used == 10 && len < 0x1_0000) {
            return Err((ErrorKind::Length, 2));
        }
        if used == 10 && len >> 63 != 0 {
            return Err((ErrorKind::LengthOverflow, 2));
        }
        // How long a compressed message is, is known when it is inflated.
        let (frame, message) = match compressed {
            true => (most_deflated(rules.frame), u64::MAX),
            false => (rules.frame, rules.message),
        };
        if !opcode.is_control() && len > frame.min(message) {
            let kind =
                if len > frame { ErrorKind::FrameTooLong } else { ErrorKind::MessageTooLong };
            return Err((kind, if used == 2 { 1 } else { 2 }));
        }

        if !masked {
            return Ok(Some((Self { fin, compressed, opcode, mask: None, len }, used)));
        }
        let Some(&[a, b, c, d]) = bytes.get(used..used + 4) else { return Ok(None) };
        Ok(Some((Self { fin, compressed, opcode, mask: Some([a, b, c, d]), len }, used + 4)))
    }
}

/// What a header is judged by besides itself.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// Whether messages may be compressed.
    pub(crate) deflate: bool,
    /// Whether a message is unfinished.
    pub(crate) inside: bool,
    /// The longest data frame.
    pub(crate) frame: u64,
    /// What is left of the message's limit.
    pub(crate) message: u64,
}

/// The most that DEFLATE makes of `len` bytes: fixed codes have up to nine bits a byte (RFC 1951 3.2.6),
/// and some go for blocks.
pub(crate) const fn most_deflated(len: u64) -> u64 {
    len.saturating_add(len / 8).saturating_add(len / 64).saturating_add(16)
}

/// A header on the wire.
#[derive(Clone, Copy)]
pub struct HeaderBytes {
    /// The longest header, and zeros.
    bytes: [u8; 16],
    len: u8,
}

#[cfg(feature = "alloc")]
impl HeaderBytes {
    /// Room for the longest header.
    pub(crate) const MAX: usize = 16;

    /// Appends the header to what has room for the longest: a copy of fixed length is cheaper.
    #[inline]
    pub(crate) fn put(self, out: &mut bytes::BytesMut) {
        let end = out.len() + usize::from(self.len);
        out.extend_from_slice(&self.bytes);
        out.truncate(end);
    }
}

impl AsRef<[u8]> for HeaderBytes {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl fmt::Debug for HeaderBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeaderBytes({} bytes)", self.len)
    }
}

/// A part of a frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Item<'b> {
    /// A frame begins.
    Header(Header),
    /// A piece of its payload, as it stands on the wire.
    Payload {
        /// The piece, never empty.
        bytes: &'b [u8],
        /// The key for the first byte of the piece; [`mask`](super::mask()) takes it.
        mask: Option<[u8; 4]>,
    },
    /// The frame is over.
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

/// Decodes frames. It stores no payload, and so has no limit to keep.
///
/// It never ends by itself: that nothing may follow a close frame is the concern of whoever reads
/// messages.
#[derive(Clone)]
pub struct Decoder {
    state: State,
    expect: Expect,
    deflate: bool,
    /// Whether a message is unfinished.
    inside: bool,
    held: Held,
    at: u64,
}

#[derive(Clone, Copy)]
enum State {
    /// A header is to come, or half of it is held.
    Header,
    /// Inside a payload, or at its end.
    Payload { left: u64, mask: Option<[u8; 4]> },
    /// The stream ended between two frames.
    Done,
    /// For good, until `reset`.
    Failed(Error),
}

impl Decoder {
    /// A decoder for frames that are masked, or are not.
    pub const fn new(expect: Expect) -> Self {
        Self {
            state: State::Header,
            expect,
            deflate: false,
            inside: false,
            held: Held::new(),
            at: 0,
        }
    }

    /// Takes RSV1 on the first frame of a message, where permessage-deflate was agreed on.
    pub const fn with_deflate(mut self) -> Self {
        self.deflate = true;
        self
    }

    /// Decodes the next part of a frame.
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
            State::Header => self.header(input),
            State::Done => Ok(Step::Done),
            State::Failed(error) => Err(error),
        }
    }

    fn header<'b>(&mut self, input: &mut &'b [u8]) -> Result<Step<Item<'b>>, Error> {
        let (deflate, inside) = (self.deflate, self.inside);
        let rules = Rules { deflate, inside, frame: u64::MAX, message: u64::MAX };
        match self.held.read(input, self.expect, &rules) {
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
                *input = fault.in_input.map_or(&[], |index| &input[index..]);
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
            State::Header if self.held.is_empty() && !self.inside => {
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
        *self = Self { deflate: self.deflate, ..Self::new(self.expect) };
    }
}

codec!([] Decoder, &'b [u8], Item<'b>, Error);

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").field("at", &self.at).finish_non_exhaustive()
    }
}

/// The bit that permessage-deflate sets.
const RSV1: u8 = 0x40;

/// The longest header.
const MAX: usize = 14;

#[cfg(all(test, feature = "alloc"))]
mod tests;
