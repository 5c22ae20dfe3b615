//! The inflater of compressed messages; without the feature `deflate` the type has no values.

#[cfg(feature = "deflate")]
pub(super) use crate::ws::deflate::Inflater;
#[cfg(not(feature = "deflate"))]
use crate::ws::error::ErrorKind;

#[cfg(not(feature = "deflate"))]
pub(super) enum Inflater {}

#[cfg(not(feature = "deflate"))]
impl Inflater {
    pub(super) fn inflate_piece(&mut self, _: &mut &[u8]) -> Result<&[u8], ErrorKind> {
        match *self {}
    }

    pub(super) fn piece(&self) -> &[u8] {
        match *self {}
    }

    pub(super) fn finish(&mut self) -> Result<(), ErrorKind> {
        match *self {}
    }

    pub(super) fn reset(&mut self) {
        match *self {}
    }

    pub(super) fn release(&mut self) {
        match *self {}
    }
}
