//! The content of a received message, with its trailers joined and checked.

use crate::h1::{Error, ErrorKind, Framing, body, chunked, trailers};
use crate::kernel::buffer::Buffer;
use crate::kernel::fields::{self, Lines};
use crate::{Fields, Step};

/// The decoder of a message's content.
#[derive(Debug)]
pub(super) struct Content {
    body: body::Decoder,
    /// Trailers that are incomplete, or that were yielded.
    trailers: Buffer,
    trailers_at: u64,
    /// The trailers were yielded.
    yielded: bool,
    limit: usize,
}

/// A part of the content.
#[expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "the events of both sides are made of it"
)]
pub enum Part<'m, 'b> {
    Data(&'b [u8]),
    Trailers(Lines<'m>),
}

impl Content {
    pub(super) fn new(config: &chunked::Config) -> Self {
        Self {
            body: body::Decoder::with_config(Framing::None, *config),
            trailers: Buffer::new(),
            trailers_at: 0,
            yielded: false,
            limit: config.trailers.unwrap_or(usize::MAX),
        }
    }

    /// Prepares for the content of another message.
    pub(super) fn begin(&mut self, framing: Framing, config: &chunked::Config) {
        self.body = body::Decoder::with_config(framing, *config);
        self.trailers.clear();
        self.yielded = false;
    }

    /// Decodes the next part; `at` is the offset of the input from the first byte of the content.
    pub(super) fn decode<'m, 'b: 'm>(
        &'m mut self,
        input: &mut &'b [u8],
        at: u64,
    ) -> Result<Step<Part<'m, 'b>>, Error> {
        if core::mem::take(&mut self.yielded) {
            self.trailers.clear();
        }
        let start = *input;
        loop {
            match self.body.decode(input)? {
                Step::Item(body::Item::Data(piece)) => {
                    return Ok(Step::Item(Part::Data(piece)));
                }
                Step::Item(body::Item::Trailers(mut piece)) => {
                    if self.trailers.len() == 0 {
                        let used = start.len() - input.len() - piece.len();
                        self.trailers_at = at + used as u64;
                    }
                    let len = piece.len();
                    self.trailers.take(&mut piece, len, self.limit);
                }
                Step::NeedInput => return Ok(Step::NeedInput),
                Step::Done if self.trailers.len() == 0 => return Ok(Step::Done),
                Step::Done => break,
            }
        }
        fields::unfold(self.trailers.bytes_mut());
        if let Some(line) = forbidden(self.trailers.bytes()) {
            let error = Error::new(ErrorKind::ForbiddenTrailer, self.trailers_at + line as u64);
            *input = rewind(start, at, error.at);
            return Err(error);
        }
        self.yielded = true;
        Ok(Step::Item(Part::Trailers(Lines(self.trailers.bytes()))))
    }

    /// Reports the peer's end of stream.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        self.body.finish().map(|_| ())
    }

    /// Drops trailers that will never be complete.
    pub(super) fn forget(&mut self) {
        self.trailers.clear();
    }

    /// Frees all memory, unless trailers are incomplete.
    pub(super) fn release(&mut self) {
        if core::mem::take(&mut self.yielded) {
            self.trailers.clear();
        }
        self.trailers.release();
    }
}

/// The input from the offending byte on, or an empty slice if that byte came before the input. `start_at`
/// is the offset of the first byte of the input.
pub(super) fn rewind(start: &[u8], start_at: u64, error_at: u64) -> &[u8] {
    let back = error_at.checked_sub(start_at).and_then(|back| usize::try_from(back).ok());
    back.and_then(|back| start.get(back..)).unwrap_or_default()
}

/// The offset of the first field line that is not allowed in trailers.
fn forbidden(lines: &[u8]) -> Option<usize> {
    let fields = Lines(lines);
    let found = fields.fields().find(|field| trailers::is_forbidden(field.name))?;
    Some(found.name.as_ptr().addr() - lines.as_ptr().addr())
}
