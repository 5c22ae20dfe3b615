//! The header codec: reading, judging and writing the 2 to 14 bytes before a payload.

use super::opcode::{Masking, Opcode};
use crate::kernel::debug::debug;
use crate::ws::error::ErrorKind;

/// The header of a frame. Of the reserved bits only RSV1 has a meaning, given by an extension.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header {
    /// Whether this is the last fragment of its message.
    pub fin: bool,
    /// RSV1: this is the first frame of a message that permessage-deflate has compressed (RFC 7692 6).
    pub compressed: bool,
    /// The opcode.
    pub opcode: Opcode,
    /// The masking key.
    pub mask: Option<[u8; 4]>,
    /// Bytes of payload, below 2^63.
    pub len: u64,
}

debug!([] Header, self => Header {
    fin: self.fin,
    compressed: self.compressed,
    opcode: self.opcode,
    masked: self.mask.is_some(),
    len: self.len,
});

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
        // One number, the first byte lowest: single bytes that were just stored would stall the load of
        // all of them.
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

    /// Reads a header off the start of `bytes`, with its length; `None` if it is incomplete.
    ///
    /// Each byte is judged in its turn, so that a fault is the same however much of the header is there.
    #[inline(always)]
    pub(crate) fn read(
        bytes: &[u8],
        masking: Masking,
        rules: &Rules,
    ) -> Result<Option<(Self, usize)>, (ErrorKind, usize)> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        let fin = first & 0x80 != 0;
        let compressed = first & 0x70 != 0;
        // 5.2: a reserved bit must be 0 unless an extension gives it a meaning; RFC 7692 6: RSV1 is set on
        // the first frame of a compressed message only.
        if compressed && (first & 0x70 != RSV1 || !rules.deflate || !matches!(first & 15, 1 | 2)) {
            return Err((ErrorKind::Reserved, 0));
        }
        let Some(opcode) = Opcode::from_bits(first & 15) else {
            return Err((ErrorKind::Opcode, 0));
        };
        if opcode.is_control() {
            // 5.5: control frames must not be fragmented.
            if !fin {
                return Err((ErrorKind::ControlFragmented, 0));
            }
        } else if (opcode as u8 == 0) != rules.inside {
            // 5.4: the fragments of two messages must not be interleaved.
            let kind = if rules.inside { ErrorKind::Interleaved } else { ErrorKind::Continuation };
            return Err((kind, 0));
        }

        let Some(&second) = bytes.get(1) else { return Ok(None) };
        let masked = second & 0x80 != 0;
        // 5.1: a client must mask all frames, a server must not mask any.
        if masked != matches!(masking, Masking::Masked) {
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
        // 5.2: the minimal number of bytes must be used to encode the length.
        if (used == 4 && len < 126) || (used == 10 && len < 0x1_0000) {
            return Err((ErrorKind::Length, 2));
        }
        // 5.2: the most significant bit must be 0.
        if used == 10 && len >> 63 != 0 {
            return Err((ErrorKind::LengthOverflow, 2));
        }
        // The length of a compressed message is known only when it is inflated.
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

/// What a header is judged by, besides itself.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// Whether messages may be compressed.
    pub(crate) deflate: bool,
    /// Whether a message is unfinished.
    pub(crate) inside: bool,
    /// The longest data frame.
    pub(crate) frame: u64,
    /// The bytes that the limit on the message leaves.
    pub(crate) message: u64,
}

/// The longest payload that DEFLATE makes of `len` bytes: fixed codes have up to nine bits a byte (RFC 1951 3.2.6),
/// and some go for blocks.
pub(crate) const fn most_deflated(len: u64) -> u64 {
    len.saturating_add(len / 8).saturating_add(len / 64).saturating_add(16)
}

/// An encoded header.
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

    /// Appends the header to a buffer with room for the longest one: a copy of fixed length is cheaper.
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

debug!([] HeaderBytes, self, f => write!(f, "HeaderBytes({} bytes)", self.len));

/// The first bytes of a header that the end of an input has cut.
#[derive(Clone, Copy)]
pub(crate) struct HeaderBuffer {
    bytes: [u8; MAX],
    len: u8,
}

impl HeaderBuffer {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; MAX], len: 0 }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The length that the header announces, as far as its bytes are there: for one that was refused.
    #[cfg(feature = "alloc")]
    pub(crate) fn announced(&self) -> u64 {
        let [_, second, len @ ..] = self.bytes;
        match (second & 0x7f, len) {
            (126, [a, b, ..]) => u64::from(u16::from_be_bytes([a, b])),
            (127, [a, b, c, d, e, f, g, h, ..]) => u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            (short, _) => u64::from(short),
        }
    }

    /// A lower bound on the bytes that the header still needs.
    #[cfg(feature = "alloc")]
    pub(crate) fn bytes_needed(&self) -> u64 {
        let len = match *self {
            Self { len: 0 | 1, .. } => 2,
            Self { bytes: [_, second, ..], .. } => {
                let masked = if second & 0x80 != 0 { 4 } else { 0 };
                masked
                    + match second & 0x7f {
                        126 => 4,
                        127 => 10,
                        _ => 2,
                    }
            }
        };
        len - u64::from(self.len)
    }

    /// Reads a header whose first bytes may be here: the header, and how many bytes of `input` it took.
    /// If it is still incomplete, all of `input` is kept.
    #[inline]
    pub(crate) fn read(
        &mut self,
        input: &[u8],
        masking: Masking,
        rules: &Rules,
    ) -> Result<Option<(Header, usize)>, HeaderFault> {
        if self.len == 0 {
            if let Ok(Some(found)) = Header::read(input, masking, rules) {
                return Ok(Some(found));
            }
        }
        self.read_slowly(input, masking, rules)
    }

    #[inline(never)]
    fn read_slowly(
        &mut self,
        input: &[u8],
        masking: Masking,
        rules: &Rules,
    ) -> Result<Option<(Header, usize)>, HeaderFault> {
        let held = usize::from(self.len);
        let take = input.len().min(MAX - held);
        self.bytes[held..held + take].copy_from_slice(&input[..take]);
        match Header::read(&self.bytes[..held + take], masking, rules) {
            Ok(Some((header, used))) => {
                self.len = 0;
                Ok(Some((header, used - held)))
            }
            Ok(None) => {
                self.len = (held + take) as u8;
                Ok(None)
            }
            Err((kind, index)) => Err(HeaderFault { kind, index: index as isize - held as isize }),
        }
    }
}

/// A fault in a header.
pub(crate) struct HeaderFault {
    pub(crate) kind: ErrorKind,
    /// The offending byte's index in the input; negative in an earlier one.
    index: isize,
}

impl HeaderFault {
    /// The offending byte's offset, where `at` is that of the first byte of this input.
    pub(crate) const fn offset(&self, at: u64) -> u64 {
        at.wrapping_add_signed(self.index as i64)
    }

    /// How much of an input of `len` bytes to skip: up to the offending byte, or all of it if that came
    /// earlier.
    pub(crate) fn skip(&self, len: usize) -> usize {
        usize::try_from(self.index).unwrap_or(len)
    }
}

/// The bit that permessage-deflate sets (RFC 7692 6).
const RSV1: u8 = 0x40;

/// The longest header.
const MAX: usize = 14;
