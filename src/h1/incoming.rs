//! A body as a connection receives it: trailers joined and judged.

use crate::h1::{Error, ErrorKind, Framing, body, chunked};
use crate::kernel::buffer::Buffer;
use crate::kernel::fields::{self, Lines};
use crate::{Fields, Step};

/// A body that is being received.
#[derive(Debug)]
pub(super) struct Incoming {
    body: body::Decoder,
    /// Trailers that were cut, or that are to be handed out.
    trailers: Buffer,
    trailers_at: u64,
    /// The trailers have been handed out.
    handed: bool,
    limit: usize,
}

/// A part of a body.
pub(super) enum Part<'m, 'b> {
    Data(&'b [u8]),
    Trailers(Lines<'m>),
}

impl Incoming {
    pub(super) fn new(config: &chunked::Config) -> Self {
        Self {
            body: body::Decoder::with_config(Framing::None, *config),
            trailers: Buffer::new(),
            trailers_at: 0,
            handed: false,
            limit: config.trailers.map_or(usize::MAX, |limit| limit as usize),
        }
    }

    /// Readies it for another body.
    pub(super) fn begin(&mut self, framing: Framing, config: &chunked::Config) {
        self.body = body::Decoder::with_config(framing, *config);
        self.trailers.clear();
        self.handed = false;
    }

    /// Decodes the next part; offsets count from the body's first byte, of which `at` have come.
    pub(super) fn decode<'m, 'b: 'm>(
        &'m mut self,
        input: &mut &'b [u8],
        at: u64,
    ) -> Result<Step<Part<'m, 'b>>, Error> {
        if core::mem::take(&mut self.handed) {
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
        self.handed = true;
        Ok(Step::Item(Part::Trailers(Lines(self.trailers.bytes()))))
    }

    /// The peer's end of stream.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        self.body.finish().map(|_| ())
    }

    /// Forgets trailers that will never be whole.
    pub(super) fn forget(&mut self) {
        self.trailers.clear();
    }

    /// Gives back all memory, unless trailers are unfinished.
    pub(super) fn release(&mut self) {
        if core::mem::take(&mut self.handed) {
            self.trailers.clear();
        }
        self.trailers.release();
    }
}

/// The input from the offending byte on, where it lies in this one; `start_at` is the offset of
/// its first byte.
pub(super) fn rewind(start: &[u8], start_at: u64, error_at: u64) -> &[u8] {
    let back = error_at.checked_sub(start_at).and_then(|back| usize::try_from(back).ok());
    back.and_then(|back| start.get(back..)).unwrap_or_default()
}

/// Whether a field must not stand in trailers (RFC 9110 6.5.1): it frames or routes the message, or
/// must be known before its content.
pub(super) fn is_forbidden_trailer(name: &str) -> bool {
    FORBIDDEN.iter().any(|forbidden| name.eq_ignore_ascii_case(forbidden))
}

/// The offset of the first line with a field that must not stand in trailers.
fn forbidden(lines: &[u8]) -> Option<usize> {
    let fields = Lines(lines);
    let found = fields.fields().find(|field| is_forbidden_trailer(field.name))?;
    Some(found.name.as_ptr().addr() - lines.as_ptr().addr())
}

const FORBIDDEN: [&str; 22] = [
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
