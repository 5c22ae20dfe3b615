//! Events out (WHATWG HTML 9.2.5).

use bytes::BufMut;

use crate::{ApiMisuse, SendError, scan};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Message<'a> {
    /// Its type, without CR and LF; none means `"message"`.
    pub event: Option<&'a str>,
    /// Its id, without CR, LF and NUL; empty clears the client's last event id.
    pub id: Option<&'a str>,
    /// Its data; CR, LF and CRLF all become LF on the other side.
    pub data: &'a str,
}

/// Writes an event, its blank line included.
///
/// # Errors
///
/// [`ApiMisuse::LineBreak`] where the type or the id would end its line, [`SendError::Full`] where it
/// does not fit.
pub fn encode_event(message: &Message<'_>, out: &mut impl BufMut) -> Result<(), SendError> {
    let Message { event, id, data } = *message;
    if event.is_some_and(breaks_line) || id.is_some_and(|id| breaks_line(id) || id.contains('\0')) {
        return Err(ApiMisuse::LineBreak.into());
    }
    let field = |name: &[u8], value: Option<&str>| value.map_or(0, |v| name.len() + v.len() + 1);
    let data_len: usize = Lines(Some(data)).map(|line| DATA.len() + line.len() + 1).sum();
    if out.remaining_mut() < field(ID, id) + field(EVENT, event) + data_len + 1 {
        return Err(SendError::Full);
    }
    for (name, value) in [(ID, id), (EVENT, event)] {
        if let Some(value) = value {
            put_line(name, value, out);
        }
    }
    for line in Lines(Some(data)) {
        put_line(DATA, line, out);
    }
    out.put_slice(b"\n");
    Ok(())
}

/// Writes a comment, which a client ignores: a sign of life for whatever stands between.
///
/// # Errors
///
/// [`ApiMisuse::LineBreak`] where the text would end its line, [`SendError::Full`] where it does not
/// fit.
pub fn encode_comment(text: &str, out: &mut impl BufMut) -> Result<(), SendError> {
    if breaks_line(text) {
        return Err(ApiMisuse::LineBreak.into());
    }
    if out.remaining_mut() < text.len() + 2 {
        return Err(SendError::Full);
    }
    put_line(b":", text, out);
    Ok(())
}

/// Writes the reconnection time, in milliseconds.
///
/// # Errors
///
/// [`SendError::Full`] where it does not fit.
pub fn encode_retry(ms: u64, out: &mut impl BufMut) -> Result<(), SendError> {
    let mut digits = [0; 20]; // as many as 2^64 - 1 has
    let (mut from, mut left) = (digits.len(), ms);
    loop {
        from -= 1;
        digits[from] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    let digits = &digits[from..];
    if out.remaining_mut() < RETRY.len() + digits.len() + 1 {
        return Err(SendError::Full);
    }
    for part in [RETRY, digits, b"\n"] {
        out.put_slice(part);
    }
    Ok(())
}

fn put_line(name: &[u8], value: &str, out: &mut impl BufMut) {
    out.put_slice(name);
    out.put_slice(value.as_bytes());
    out.put_slice(b"\n");
}

fn breaks_line(text: &str) -> bool {
    scan::find_line_end(text.as_bytes()).is_some()
}

/// The lines of data: at least one, and a last empty one where the data ends a line.
#[derive(Clone)]
struct Lines<'a>(Option<&'a str>);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let data = self.0?;
        let Some(end) = scan::find_line_end(data.as_bytes()) else {
            self.0 = None;
            return Some(data);
        };
        let (line, rest) = data.split_at(end);
        let rest = rest.strip_prefix("\r\n").unwrap_or_else(|| &rest[1..]);
        self.0 = Some(rest);
        Some(line)
    }
}

const ID: &[u8] = b"id: ";
const EVENT: &[u8] = b"event: ";
const DATA: &[u8] = b"data: ";
const RETRY: &[u8] = b"retry: ";

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn encoded(message: Message<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        encode_event(&message, &mut out).unwrap();
        // It fits exactly where its length says so.
        let mut room = [0; 100];
        let len = out.len();
        assert_eq!(encode_event(&message, &mut &mut room[..len]), Ok(()));
        assert_eq!(encode_event(&message, &mut &mut room[..len - 1]), Err(SendError::Full));
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
        let message = Message { event: Some("e"), id: Some("1"), data: "d" };
        assert_eq!(encoded(message), b"id: 1\nevent: e\ndata: d\n\n");
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
            }
            assert_eq!(encode_comment(text, &mut out), refused);
        }
        let nul = Message { id: Some("\0"), ..Message::default() };
        assert_eq!(encode_event(&nul, &mut out), refused);
        assert!(out.is_empty());
    }
}
