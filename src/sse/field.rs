//! A line's field and its value (WHATWG HTML 9.2.6).

use alloc::string::String;

use crate::Step;
use crate::kernel::{buffer, text};

/// The fields that a decoder knows.
pub(super) enum Field {
    Comment,
    Data,
    Event,
    Id,
    Retry,
    Unknown,
}

impl Field {
    /// A line's field and the index of its value (9.2.6): what follows the first colon, without one
    /// leading space; a line without a colon is all name.
    #[inline]
    pub(super) fn split(line: &[u8]) -> (Self, usize) {
        let (field, name) = match line {
            [b':', ..] => return (Self::Comment, 1),
            [b'd', b'a', b't', b'a', ..] => (Self::Data, 4),
            [b'e', b'v', b'e', b'n', b't', ..] => (Self::Event, 5),
            [b'i', b'd', ..] => (Self::Id, 2),
            [b'r', b'e', b't', b'r', b'y', ..] => (Self::Retry, 5),
            _ => return (Self::Unknown, line.len()),
        };
        match &line[name..] {
            [b':', b' ', ..] => (field, name + 2),
            [b':', ..] => (field, name + 1),
            [] => (field, name),
            _ => (Self::Unknown, line.len()),
        }
    }
}

/// The value of `retry`: digits only, more than fit saturate.
pub(super) fn retry(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = value.iter().map(|&digit| u64::from(digit - b'0'));
    Some(digits.fold(0, |ms: u64, digit| ms.saturating_mul(10).saturating_add(digit)))
}

/// A value as text, with invalid sequences to be replaced.
pub(super) enum Text<'l> {
    Valid(&'l str),
    /// The bytes, and their length once replaced.
    Lossy(&'l [u8], usize),
}

impl<'l> Text<'l> {
    /// The value, if it takes no more than `room` bytes; else the index at which it exceeds them.
    pub(super) fn new(value: &'l [u8], room: usize) -> Result<Self, usize> {
        if let Some(text) = text::from_utf8(value) {
            return if text.len() <= room { Ok(Self::Valid(text)) } else { Err(room) };
        }
        Self::lossy(value, room)
    }

    #[cold]
    fn lossy(value: &'l [u8], room: usize) -> Result<Self, usize> {
        let (mut lossy, mut rest, mut len) = (text::Lossy::new(), value, 0);
        loop {
            let index = value.len() - rest.len();
            let (piece, over) = match lossy.decode(&mut rest) {
                Step::Item(piece) => (piece, false),
                Step::NeedInput | Step::Done => (lossy.finish(), true),
            };
            if piece.len() > room - len {
                // What is replaced is replaced whole.
                let is_own = value.as_ptr_range().contains(&piece.as_ptr());
                return Err(if is_own { index + room - len } else { index });
            }
            len += piece.len();
            if over {
                return Ok(Self::Lossy(value, len));
            }
        }
    }

    pub(super) fn valid(&self) -> Option<&'l str> {
        match *self {
            Self::Valid(text) => Some(text),
            Self::Lossy(..) => None,
        }
    }

    /// Appends this to `buffer`, which grows no further than `limit` bytes.
    pub(super) fn push_to(&self, buffer: &mut String, limit: usize) {
        let len = match *self {
            Self::Valid(text) => text.len(),
            Self::Lossy(_, len) => len,
        };
        buffer.reserve_exact(buffer::step(buffer.len(), buffer.capacity(), len, limit));
        match *self {
            Self::Valid(text) => buffer.push_str(text),
            Self::Lossy(bytes, _) => text::push_lossy(buffer, bytes),
        }
    }
}
