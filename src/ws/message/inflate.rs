//! What inflates messages; without the feature `deflate` there is no such value.

#[cfg(feature = "deflate")]
use super::{Box, Decoder};
#[cfg(feature = "deflate")]
pub(super) use crate::ws::deflate::Inflater;

#[cfg(feature = "deflate")]
impl<R: super::Role> Decoder<R> {
    /// Takes compressed messages too, where permessage-deflate was agreed on (RFC 7692).
    ///
    /// ```
    /// use wirefeed::{Step, ws::{Server, deflate::Inflater, message::{Decoder, Item}}};
    ///
    /// let mut messages = Decoder::<Server>::new().with_inflater(Inflater::new(false, None));
    /// let mut wire = *b"\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\x00";
    /// let mut input = &mut wire[..];
    /// let Step::Item(Item::Text(text)) = messages.decode(&mut input)? else { unreachable!() };
    /// assert_eq!(&*text, "Hello");
    /// # Ok::<(), wirefeed::ws::Error>(())
    /// ```
    pub fn with_inflater(mut self, inflater: Inflater) -> Self {
        self.inflater = Some(Box::new(inflater));
        self
    }
}

#[cfg(not(feature = "deflate"))]
pub(super) enum Inflater {}

#[cfg(not(feature = "deflate"))]
impl Inflater {
    pub(super) fn inflate_piece(&mut self, _: &mut &[u8]) -> Result<&[u8], super::ErrorKind> {
        match *self {}
    }

    pub(super) fn piece(&self) -> &[u8] {
        match *self {}
    }

    pub(super) fn finish(&mut self) -> Result<(), super::ErrorKind> {
        match *self {}
    }

    pub(super) fn reset(&mut self) {
        match *self {}
    }

    pub(super) fn release(&mut self) {
        match *self {}
    }
}
