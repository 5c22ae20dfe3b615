//! Events out (WHATWG HTML 9.2.5).

use alloc::vec::Vec;
use bytes::BufMut;

use super::event::{Event, MESSAGE};
use crate::kernel::decimal::Decimal;
use crate::kernel::scan;
use crate::{ApiMisuse, SendError};

/// The event in one allocation of its size.
pub(super) fn encoded(event: &Event<'_>) -> Result<Vec<u8>, SendError> {
    let parts = Parts::of(event)?;
    let mut out = Vec::with_capacity(parts.len());
    parts.put(&mut out);
    Ok(out)
}

/// A checked event, and what is to be known of it more than once.
struct Parts<'a> {
    event: &'a Event<'a>,
    /// Its type, unless that is the default.
    name: Option<&'a str>,
    retry: Option<Decimal>,
    /// Where the first line of its data ends, if another follows.
    line: Option<usize>,
    /// Its encoded length, but for the ends of lines within its data.
    len: usize,
}

impl<'a> Parts<'a> {
    #[inline]
    fn of(event: &'a Event<'a>) -> Result<Self, ApiMisuse> {
        let ends_line = |text: &str| text.bytes().any(|byte| matches!(byte, b'\r' | b'\n'));
        let ends_id = |id: &str| id.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0));
        let name = Some(event.event).filter(|name| !matches!(*name, "" | MESSAGE));
        if name.is_some_and(ends_line) || event.id.is_some_and(ends_id) {
            return Err(ApiMisuse::LineBreak);
        }
        let field = |name: &[u8], len: Option<usize>| len.map_or(0, |len| name.len() + len + 1);
        let retry = event.retry.map(Decimal::of);
        let len = field(ID, event.id.map(str::len))
            + field(EVENT, name.map(str::len))
            + field(RETRY, retry.as_ref().map(|ms| ms.as_bytes().len()))
            + field(DATA, Some(event.data.len()))
            + 1;
        let line = scan::find_rare_line_end(event.data.as_bytes());
        Ok(Self { event, name, retry, line, len })
    }

    /// Its encoded length. Only data of several lines are looked at again.
    #[inline]
    fn len(&self) -> usize {
        self.len + self.line.map_or(0, |line| added(&self.event.data.as_bytes()[line..]))
    }

    /// Whether it fits; where there is plenty of room its lines are not counted.
    #[inline]
    fn fits(&self, room: usize) -> bool {
        let most = match self.line {
            None => self.len,
            Some(_) => self.event.data.len().saturating_mul(NEXT.len()).saturating_add(self.len),
        };
        most <= room || self.len() <= room
    }

    /// Writes it where it fits.
    #[inline]
    fn put(&self, out: &mut impl BufMut) {
        for (name, value) in [(ID, self.event.id), (EVENT, self.name)] {
            if let Some(value) = value {
                put_line(name, value.as_bytes(), out);
            }
        }
        if let Some(ms) = &self.retry {
            put_line(RETRY, ms.as_bytes(), out);
        }
        out.put_slice(DATA);
        let (mut rest, mut line) = (self.event.data.as_bytes(), self.line);
        while let Some(end) = line {
            out.put_slice(&rest[..end]);
            out.put_slice(NEXT);
            rest = after_line_end(&rest[end..]);
            line = scan::find_line_end(rest);
        }
        out.put_slice(rest);
        out.put_slice(b"\n\n");
    }
}

/// How many bytes more than its own the rest of some data takes, which begins with an end of line.
fn added(mut rest: &[u8]) -> usize {
    let mut added = 0;
    loop {
        let next = after_line_end(rest);
        // The line's own end is replaced.
        added += NEXT.len() - (rest.len() - next.len());
        match scan::find_line_end(next) {
            Some(end) => rest = &next[end..],
            None => return added,
        }
    }
}

/// A comment that says nothing, and the blank line that ends a block: the least that keeps what
/// stands between from giving up on a silent stream (WHATWG HTML 9.2.7).
pub const KEEP_ALIVE: &[u8] = b":\n\n";

/// Writes an event, its blank line included.
///
/// # Errors
///
/// [`ApiMisuse::LineBreak`] where the type or the id would end its line, [`SendError::Full`] where
/// it does not fit.
#[inline]
pub fn encode_event(event: &Event<'_>, out: &mut impl BufMut) -> Result<(), SendError> {
    let parts = Parts::of(event)?;
    if !parts.fits(out.remaining_mut()) {
        return Err(SendError::Full);
    }
    parts.put(out);
    Ok(())
}

/// Writes a comment, which a client ignores: a sign of life for whatever stands between.
///
/// # Errors
///
/// [`ApiMisuse::LineBreak`] where the text would end its line, [`SendError::Full`] where it does
/// not fit.
pub fn encode_comment(text: &str, out: &mut impl BufMut) -> Result<(), SendError> {
    if breaks_line(text) {
        return Err(ApiMisuse::LineBreak.into());
    }
    if out.remaining_mut() < text.len() + 2 {
        return Err(SendError::Full);
    }
    put_line(b":", text.as_bytes(), out);
    Ok(())
}

/// Writes the reconnection time, in milliseconds.
///
/// # Errors
///
/// [`SendError::Full`] where it does not fit.
#[inline]
pub fn encode_retry(ms: u64, out: &mut impl BufMut) -> Result<(), SendError> {
    let digits = Decimal::of(ms);
    if out.remaining_mut() < RETRY.len() + digits.as_bytes().len() + 1 {
        return Err(SendError::Full);
    }
    put_line(RETRY, digits.as_bytes(), out);
    Ok(())
}

#[inline]
fn put_line(name: &[u8], value: &[u8], out: &mut impl BufMut) {
    out.put_slice(name);
    out.put_slice(value);
    out.put_slice(b"\n");
}

fn breaks_line(text: &str) -> bool {
    scan::find_line_end(text.as_bytes()).is_some()
}

/// What follows the CR, LF or CRLF at the start.
fn after_line_end(rest: &[u8]) -> &[u8] {
    match rest {
        [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
        [] => rest,
    }
}

pub(super) const ID: &[u8] = b"id: ";
const EVENT: &[u8] = b"event: ";
const DATA: &[u8] = b"data: ";
/// Between two lines of data.
const NEXT: &[u8] = b"\ndata: ";
const RETRY: &[u8] = b"retry: ";

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn encoded(message: Event<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        encode_event(&message, &mut out).unwrap();
        // It fits exactly where its length says so.
        let mut room = [0; 100];
        let len = out.len();
        assert_eq!(encode_event(&message, &mut &mut room[..len]), Ok(()));
        assert_eq!(encode_event(&message, &mut &mut room[..len - 1]), Err(SendError::Full));
        let shared = message.encode().unwrap();
        assert_eq!((shared.bytes(), shared.id()), (&Bytes::copy_from_slice(&out), message.id));
        out
    }

    #[test]
    fn data_on_every_line_end() {
        for (data, wire) in [
            ("", "data: \n\n"),
            ("a", "data: a\n\n"),
            (" a", "data:  a\n\n"),
            ("a\nb\rc\r\nd", "data: a\ndata: b\ndata: c\ndata: d\n\n"),
            ("\n", "data: \ndata: \n\n"),
            ("\r\n\r", "data: \ndata: \ndata: \n\n"),
        ] {
            assert_eq!(encoded(Event { data, ..Event::default() }), wire.as_bytes());
        }
    }

    #[test]
    fn id_type_comment_and_retry() {
        let message = Event { event: "e", id: Some("1"), retry: Some(0), data: "d" };
        assert_eq!(encoded(message), b"id: 1\nevent: e\nretry: 0\ndata: d\n\n");
        let mut out = Vec::new();
        encode_comment("", &mut out).unwrap();
        encode_comment(" hi", &mut out).unwrap();
        encode_retry(0, &mut out).unwrap();
        encode_retry(u64::MAX, &mut out).unwrap();
        assert_eq!(out, b":\n: hi\nretry: 0\nretry: 18446744073709551615\n");
    }

    #[test]
    fn what_could_inject_is_refused() {
        let mut out = Vec::new();
        let refused = Err(SendError::Misuse(ApiMisuse::LineBreak));
        for text in ["a\nb", "a\rb"] {
            for message in [
                Event { event: text, ..Event::default() },
                Event { id: Some(text), ..Event::default() },
            ] {
                assert_eq!(encode_event(&message, &mut out), refused);
                assert_eq!(message.encode(), Err(ApiMisuse::LineBreak.into()));
            }
            assert_eq!(encode_comment(text, &mut out), refused);
        }
        let nul = Event { id: Some("\0"), ..Event::default() };
        assert_eq!(encode_event(&nul, &mut out), refused);
        assert!(out.is_empty());
    }
}
