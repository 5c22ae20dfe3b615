//! Events out (WHATWG HTML 9.2.5).

use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroUsize;

use bytes::{BufMut, Bytes};

use crate::kernel::scan;
use crate::{ApiMisuse, SendError};

/// An event to be sent.
///
/// ```
/// use wirefeed::sse::{Message, encode_event};
///
/// let mut out = Vec::new();
/// encode_event(&Message { event: Some("tick"), data: "1\r\n2", ..Default::default() }, &mut out)?;
/// assert_eq!(out, b"event: tick\ndata: 1\ndata: 2\n\n");
/// # Ok::<(), wirefeed::SendError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Message<'a> {
    /// Its type, without CR and LF; none means `"message"`.
    pub event: Option<&'a str>,
    /// Its id, without CR, LF and NUL; empty clears the client's last event id.
    pub id: Option<&'a str>,
    /// The reconnection time that it sets, in milliseconds.
    pub retry: Option<u64>,
    /// Its data; CR, LF and CRLF all become LF on the other side.
    pub data: &'a str,
}

impl Message<'_> {
    /// Encodes the event once, in one allocation of its size, for any number of connections.
    ///
    /// ```
    /// use wirefeed::sse::Message;
    ///
    /// let event = Message { id: Some("7"), data: "x", ..Default::default() }.encode()?;
    /// assert_eq!((event.bytes(), event.id()), (&b"id: 7\ndata: x\n\n"[..].into(), Some("7")));
    /// # Ok::<(), wirefeed::SendError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ApiMisuse::LineBreak`] where the type or the id would end its line.
    pub fn encode(&self) -> Result<Encoded, SendError> {
        let parts = Parts::of(self)?;
        let mut out = Vec::with_capacity(parts.len());
        parts.put(&mut out);
        let id = self.id.and_then(|id| NonZeroUsize::new(id.len() + 1));
        Ok(Encoded { bytes: out.into(), id, number: 0 })
    }

    /// Whether no field would end its line.
    #[inline]
    pub(crate) fn check(&self) -> Result<(), ApiMisuse> {
        let ends_line = |text: &str| text.bytes().any(|byte| matches!(byte, b'\r' | b'\n'));
        let ends_id = |id: &str| id.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0));
        match self.event.is_some_and(ends_line) || self.id.is_some_and(ends_id) {
            true => Err(ApiMisuse::LineBreak),
            false => Ok(()),
        }
    }
}

/// A checked event, and what is to be known of it more than once.
struct Parts<'a> {
    message: &'a Message<'a>,
    retry: Option<Decimal>,
    /// Where the first line of its data ends, if another follows.
    line: Option<usize>,
    /// Its encoded length, but for the ends of lines within its data.
    len: usize,
}

impl<'a> Parts<'a> {
    #[inline]
    fn of(message: &'a Message<'a>) -> Result<Self, ApiMisuse> {
        message.check()?;
        let field = |name: &[u8], len: Option<usize>| len.map_or(0, |len| name.len() + len + 1);
        let retry = message.retry.map(Decimal::of);
        let len = field(ID, message.id.map(str::len))
            + field(EVENT, message.event.map(str::len))
            + field(RETRY, retry.as_ref().map(|ms| ms.as_bytes().len()))
            + field(DATA, Some(message.data.len()))
            + 1;
        let line = scan::find_rare_line_end(message.data.as_bytes());
        Ok(Self { message, retry, line, len })
    }

    /// Its encoded length. Only data of several lines are looked at again.
    #[inline]
    fn len(&self) -> usize {
        self.len + self.line.map_or(0, |line| added(&self.message.data.as_bytes()[line..]))
    }

    /// Whether it fits; where there is plenty of room its lines are not counted.
    #[inline]
    fn fits(&self, room: usize) -> bool {
        let most = match self.line {
            None => self.len,
            Some(_) => self.message.data.len().saturating_mul(NEXT.len()).saturating_add(self.len),
        };
        most <= room || self.len() <= room
    }

    /// Writes it where it fits.
    #[inline]
    fn put(&self, out: &mut impl BufMut) {
        for (name, value) in [(ID, self.message.id), (EVENT, self.message.event)] {
            if let Some(value) = value {
                put_line(name, value.as_bytes(), out);
            }
        }
        if let Some(ms) = &self.retry {
            put_line(RETRY, ms.as_bytes(), out);
        }
        out.put_slice(DATA);
        let (mut rest, mut line) = (self.message.data.as_bytes(), self.line);
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

/// An event as it goes over the wire, blank line included: encoded once, shared by all who send it.
/// Nothing that could inject is in it, since only the encoder makes one. One that a
/// [`Replay`](crate::replay::Replay) has given back knows its place there, for
/// [`Server::send_event`](super::Server::send_event); two are equal where their bytes are.
#[derive(Clone)]
pub struct Encoded {
    bytes: Bytes,
    /// The length of its id and its line end: it is the first field.
    id: Option<NonZeroUsize>,
    /// Its place among all that were pushed to a replay, from 1; 0 where it comes from elsewhere.
    number: u64,
}

impl Encoded {
    /// Its bytes.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Its id, if it has one.
    pub fn id(&self) -> Option<&str> {
        let id = self.bytes.get(ID.len()..ID.len() + self.id?.get() - 1)?;
        core::str::from_utf8(id).ok()
    }

    /// Its place in a replay; 0 where it has none.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// The same event, at this place in a replay.
    pub(crate) fn numbered(self, number: u64) -> Self {
        Self { number, ..self }
    }
}

impl PartialEq for Encoded {
    fn eq(&self, other: &Self) -> bool {
        (&self.bytes, self.id) == (&other.bytes, other.id)
    }
}

impl Eq for Encoded {}

impl From<Encoded> for Bytes {
    fn from(event: Encoded) -> Self {
        event.bytes
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("event", &self.event.map(str::len))
            .field("id", &self.id.map(str::len))
            .field("retry", &self.retry)
            .field("data", &self.data.len())
            .finish()
    }
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoded({} bytes)", self.bytes.len())
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
pub fn encode_event(message: &Message<'_>, out: &mut impl BufMut) -> Result<(), SendError> {
    let parts = Parts::of(message)?;
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

/// A number in decimal digits.
pub(crate) struct Decimal {
    /// As many as 2^64 - 1 has, the last ones in use.
    digits: [u8; 20],
    from: usize,
}

impl Decimal {
    #[inline]
    pub(crate) fn of(mut number: u64) -> Self {
        let (mut digits, mut from) = ([b'0'; 20], 20);
        loop {
            from -= 1;
            digits[from] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return Self { digits, from };
            }
        }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.digits[self.from..]
    }

    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
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

const ID: &[u8] = b"id: ";
const EVENT: &[u8] = b"event: ";
const DATA: &[u8] = b"data: ";
/// Between two lines of data.
const NEXT: &[u8] = b"\ndata: ";
const RETRY: &[u8] = b"retry: ";

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(message: Message<'_>) -> Vec<u8> {
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
            assert_eq!(encoded(Message { data, ..Message::default() }), wire.as_bytes());
        }
    }

    #[test]
    fn id_type_comment_and_retry() {
        let message = Message { event: Some("e"), id: Some("1"), retry: Some(0), data: "d" };
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
                Message { event: Some(text), ..Message::default() },
                Message { id: Some(text), ..Message::default() },
            ] {
                assert_eq!(encode_event(&message, &mut out), refused);
                assert_eq!(message.encode(), Err(ApiMisuse::LineBreak.into()));
            }
            assert_eq!(encode_comment(text, &mut out), refused);
        }
        let nul = Message { id: Some("\0"), ..Message::default() };
        assert_eq!(encode_event(&nul, &mut out), refused);
        assert!(out.is_empty());
    }
}
