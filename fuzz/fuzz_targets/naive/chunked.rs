//! A chunked body, read with as little thought as possible.

/// A body's data and trailers, and how many bytes it took; `None` where it is incomplete or invalid.
pub(crate) type Body = Option<(Vec<u8>, Vec<u8>, usize)>;

/// Reads a whole body with as little thought as possible; its trailers may be folded where `folds`.
pub(crate) fn read(wire: &[u8], folds: bool) -> Body {
    let (mut at, mut data) = (0, Vec::new());
    let line = |at: usize| {
        let end = at + wire.get(at..)?.windows(2).position(|two| two == b"\r\n")?;
        Some((&wire[at..end], end + 2))
    };
    loop {
        let (text, next) = line(at)?;
        let digits = text.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        if digits == 0 || digits > 16 || !extensions(&text[digits..]) {
            return None;
        }
        let size = u64::from_str_radix(std::str::from_utf8(&text[..digits]).ok()?, 16).ok()?;
        at = next;
        if size == 0 {
            break;
        }
        let end = at.checked_add(usize::try_from(size).ok()?)?;
        data.extend_from_slice(wire.get(at..end)?);
        if wire.get(end..end + 2)? != b"\r\n" {
            return None;
        }
        at = end + 2;
    }
    let from = at;
    loop {
        let (text, next) = line(at)?;
        if text.is_empty() {
            return Some((data, wire[from..at].to_vec(), next));
        }
        let is_fold = folds && at > from && b" \t".contains(&text[0]);
        let colon = text.iter().position(|&b| b == b':');
        let is_field = colon.is_some_and(|colon| token(&text[..colon]));
        // What is before the colon of a field is a value's bytes as well.
        if !(is_fold || is_field) || !value(text) {
            return None;
        }
        at = next;
    }
}

/// `*( ";" token [ "=" ( token / quoted-string ) ] )`
fn extensions(text: &[u8]) -> bool {
    let Some(text) = text.strip_prefix(b";") else { return text.is_empty() };
    let end = text.iter().position(|b| b";=".contains(b)).unwrap_or(text.len());
    if !token(&text[..end]) {
        return false;
    }
    match text[end..].strip_prefix(b"=") {
        None => extensions(&text[end..]),
        Some(text) if text.starts_with(b"\"") => {
            let mut at = 1;
            while at < text.len() && text[at] != b'"' {
                at += if text[at] == b'\\' { 2 } else { 1 };
            }
            at < text.len() && value(&text[1..at]) && extensions(&text[at + 1..])
        }
        Some(text) => {
            let end = text.iter().position(|&b| b == b';').unwrap_or(text.len());
            token(&text[..end]) && extensions(&text[end..])
        }
    }
}

/// `1*tchar`
pub(crate) fn token(text: &[u8]) -> bool {
    !text.is_empty()
        && text.iter().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b))
}

/// A field's value, blanks included.
pub(crate) fn value(text: &[u8]) -> bool {
    text.iter().all(|&b| b == 9 || (b >= 32 && b != 127))
}
