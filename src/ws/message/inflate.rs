//! The payload of a compressed message, inflated; without the feature `deflate` nothing inflates it.

use alloc::boxed::Box;
use core::ops::Range;

use super::payload::Payload;
use crate::ws::error::ErrorKind;

#[cfg(feature = "deflate")]
use crate::ws::deflate::Inflater;

/// The inflater of a connection, and the part of its last piece that is still to be yielded.
pub(super) struct Inflation {
    inflater: Option<Box<Inflater>>,
    /// Where that part starts and ends: a piece is at most 16 KiB.
    from: u16,
    to: u16,
    /// The message goes on past its limit.
    too_long: bool,
}

impl Inflation {
    pub(super) const fn none() -> Self {
        Self { inflater: None, from: 0, to: 0, too_long: false }
    }

    #[cfg(feature = "deflate")]
    pub(super) fn new(inflater: Inflater) -> Self {
        Self { inflater: Some(Box::new(inflater)), ..Self::none() }
    }

    /// Whether compression was negotiated.
    #[inline]
    pub(super) const fn is_negotiated(&self) -> bool {
        self.inflater.is_some()
    }

    /// Whether nothing is to be yielded.
    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.from == self.to
    }

    /// Inflates the next bytes of a payload, unless some are still to be yielded: how many, at most
    /// `room`.
    #[inline(never)]
    pub(super) fn fill(
        &mut self,
        payload: &mut Payload,
        input: &mut &mut [u8],
        room: u64,
    ) -> Result<u64, ErrorKind> {
        while self.is_empty() {
            if self.too_long {
                return Err(ErrorKind::MessageTooLong);
            }
            let Some(inflater) = &mut self.inflater else { break };
            let len = payload.within(input.len()).min(COMPRESSED);
            payload.unmask(&mut input[..len]);
            let mut rest = &input[..len];
            let made = inflater.inflate_piece(&mut rest).map(<[u8]>::len);
            let used = len - rest.len();
            let before = payload.pass(input, used).len();
            // The rest is unmasked in its turn.
            payload.unmask(&mut input[..len - before]);
            let made = made?;
            if used == 0 && made == 0 {
                break;
            }
            let len = usize::try_from(room).map_or(made, |room| room.min(made));
            (self.from, self.to, self.too_long) = (0, len as u16, len < made);
            if len > 0 {
                return Ok(len as u64);
            }
        }
        Ok(0)
    }

    /// Takes up to `most` bytes of what is to be yielded.
    #[inline]
    pub(super) fn take(&mut self, most: usize) -> Range<usize> {
        let from = usize::from(self.from);
        let to = usize::from(self.to).min(from.saturating_add(most));
        self.from = to as u16;
        from..to
    }

    /// The bytes that were taken.
    #[inline]
    pub(super) fn bytes(&self, taken: Range<usize>) -> &[u8] {
        self.inflater.as_deref().map_or(&[], |inflater| &inflater.piece()[taken])
    }

    /// The end of a message.
    pub(super) fn finish(&mut self) -> Result<(), ErrorKind> {
        let Some(inflater) = &mut self.inflater else { return Ok(()) };
        inflater.finish()
    }

    /// Gives up the message in progress.
    pub(super) fn reset(&mut self) {
        (self.from, self.to, self.too_long) = (0, 0, false);
        if let Some(inflater) = &mut self.inflater {
            inflater.reset();
        }
    }

    /// Gives back the inflater's memory.
    pub(super) fn release(&mut self) {
        if let Some(inflater) = &mut self.inflater {
            inflater.release();
        }
    }
}

/// Where the next bytes of a message are.
pub(super) enum Source<'b> {
    Input(&'b [u8]),
    Inflated(Range<usize>),
}

impl<'p> Source<'p> {
    /// The bytes.
    #[inline]
    pub(super) fn bytes(&self, inflation: &'p Inflation) -> &'p [u8] {
        match self {
            Self::Input(bytes) => bytes,
            Self::Inflated(taken) => inflation.bytes(taken.clone()),
        }
    }
}

/// Bytes that are unmasked at once to be inflated; what they make is rarely more than a piece.
const COMPRESSED: usize = 4 << 10;

#[cfg(not(feature = "deflate"))]
enum Inflater {}

#[cfg(not(feature = "deflate"))]
impl Inflater {
    fn inflate_piece(&mut self, _: &mut &[u8]) -> Result<&[u8], ErrorKind> {
        match *self {}
    }

    fn piece(&self) -> &[u8] {
        match *self {}
    }

    fn finish(&mut self) -> Result<(), ErrorKind> {
        match *self {}
    }

    fn reset(&mut self) {
        match *self {}
    }

    fn release(&mut self) {
        match *self {}
    }
}
