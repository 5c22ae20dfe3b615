//! The payload of a frame, taken out of the input and unmasked there.

use crate::kernel::text;
use crate::ws::frame::Opcode;
use crate::ws::mask::{mask, rotate};

/// What the header of the frame in progress says.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) opcode: Opcode,
    /// Whether this is the last frame of its message.
    pub(super) fin: bool,
}

/// The payload in progress.
#[derive(Clone, Copy)]
pub(super) struct Payload {
    pub(super) frame: Frame,
    /// The key for its next byte.
    key: Option<[u8; 4]>,
    /// Its bytes that are still to come.
    left: u64,
    /// Bytes at the start of the input that are unmasked already, between two blocks of a text.
    unmasked: u8,
}

impl Payload {
    pub(super) const fn new(frame: Frame, key: Option<[u8; 4]>, len: u64) -> Self {
        Self { frame, key, left: len, unmasked: 0 }
    }

    /// The bytes that are still to come.
    #[inline]
    pub(super) const fn left(&self) -> u64 {
        self.left
    }

    /// How many of them an input of `len` bytes holds.
    #[inline]
    pub(super) fn within(&self, len: usize) -> usize {
        usize::try_from(self.left).map_or(len, |left| left.min(len))
    }

    /// Takes up to `most` bytes out of the input, and unmasks them.
    #[inline]
    pub(super) fn take<'b>(&mut self, input: &mut &'b mut [u8], most: usize) -> &'b [u8] {
        let len = self.within(input.len()).min(most);
        self.unmask(&mut input[..len]);
        self.pass(input, len)
    }

    /// Takes a block of a text out of the input, up to a character that the end of the block cuts. The
    /// first bytes of that are unmasked too, so that blocks stay aligned: 512 cuts in a message of 1 MiB
    /// cost 15 % otherwise. The next block follows within the same call of the decoder.
    #[inline]
    pub(super) fn take_text<'b>(&mut self, input: &mut &'b mut [u8]) -> &'b [u8] {
        let unmasked = usize::from(self.unmasked);
        let available = self.within(input.len());
        let len = available.min(BLOCK + unmasked);
        if let Some(key) = self.key {
            mask(&mut input[unmasked..len], rotate(key, unmasked));
        }
        let cut = if len < available { text::unfinished(&input[..len]) } else { 0 };
        self.unmasked = cut as u8;
        self.pass(input, len - cut)
    }

    /// Masks or unmasks the next bytes.
    #[inline]
    pub(super) fn unmask(&self, bytes: &mut [u8]) {
        if let Some(key) = self.key {
            mask(bytes, key);
        }
    }

    /// Takes `len` bytes out of the input.
    #[inline]
    pub(super) fn pass<'b>(&mut self, input: &mut &'b mut [u8], len: usize) -> &'b [u8] {
        let (piece, rest) = core::mem::take(input).split_at_mut(len);
        *input = rest;
        self.left -= len as u64;
        self.key = self.key.map(|key| rotate(key, len));
        piece
    }
}

/// What is unmasked, checked and joined at a time: it stays in the first cache, and is short enough for
/// a copy by vector instructions. Longer ones may be made by `rep movsb`, which takes three times as long
/// if source and target are badly aligned to each other.
pub(super) const BLOCK: usize = 2 << 10;

/// The longest part: it stays in the first cache while it is unmasked and checked.
pub(super) const PART: usize = 16 << 10;
