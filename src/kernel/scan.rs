//! Byte classes and byte searches.

/// The index of the first `byte` in `bytes`.
#[inline]
pub(crate) fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
    memchr::memchr(byte, bytes)
}

/// The index of the first CR or LF in `bytes`.
///
/// Most lines are short, so that a call of `memchr` costs more than the search: this searches the first
/// 16 bytes inline.
#[inline]
pub(crate) fn find_line_end(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    for at in [0, WORD] {
        let Some((word, after)) = rest.split_first_chunk() else {
            let end = rest.iter().position(|&byte| byte == b'\n' || byte == b'\r');
            return end.map(|end| at + end);
        };
        if let Some(end) = line_end_of_word(*word) {
            return Some(at + end);
        }
        rest = after;
    }
    if rest.is_empty() {
        return None;
    }
    memchr::memchr2(b'\n', b'\r', rest).map(|end| 2 * WORD + end)
}

/// The index of the first CR or LF in eight bytes, without a branch per byte.
#[inline]
fn line_end_of_word(word: [u8; WORD]) -> Option<usize> {
    let x = u64::from_le_bytes(word);
    let found = zeros(x ^ (u64::from(b'\n') * ONES)) | zeros(x ^ (u64::from(b'\r') * ONES));
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}

/// Sets the highest bit of every zero byte. It may also set that of bytes above a zero byte.
#[inline]
const fn zeros(word: u64) -> u64 {
    // The high bit changes from 0 to 1 only in a zero byte, or through its borrow in a byte above it.
    word.wrapping_sub(ONES) & !word & HIGH
}

/// The index of the first CR or LF in `bytes`, tuned for input that rarely contains one.
#[cfg(any(feature = "alloc", test))]
#[inline]
pub(crate) fn find_rare_line_end(bytes: &[u8]) -> Option<usize> {
    if bytes.len() <= 2 * WORD {
        find_line_end(bytes)
    } else {
        memchr::memchr2(b'\n', b'\r', bytes)
    }
}

/// Parses ASCII digits. `None` if `bytes` is empty or contains another byte; saturates at `u64::MAX`.
#[cfg(feature = "alloc")]
pub(crate) fn digits(bytes: &[u8]) -> Option<u64> {
    let is_number = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    let add = |sum: u64, digit: &u8| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    is_number.then(|| bytes.iter().fold(0, add))
}

/// A `tchar` (RFC 9110 5.6.2).
#[inline]
pub(crate) const fn is_token(byte: u8) -> bool {
    CLASS[byte as usize] & TOKEN != 0
}

/// A byte of a field value: SP, HTAB, visible ASCII or obs-text (RFC 9110 5.5).
#[inline]
pub(crate) const fn is_field_value(byte: u8) -> bool {
    CLASS[byte as usize] & VALUE != 0
}

/// Whether `token` is `name`; the comparison ignores the case of `token`. `name` must be lower case and
/// contain only letters and hyphens.
#[inline]
pub(crate) fn is_name<const LEN: usize>(token: &[u8], name: &[u8; LEN]) -> bool {
    const CASE: u8 = 0x20;
    token.first_chunk::<LEN>().is_some_and(|token| {
        let differs = token.iter().zip(name).fold(0, |all, (a, b)| all | ((a | CASE) ^ b));
        differs == 0
    }) && token.len() == LEN
}

/// Whether all bytes satisfy [`is_token`].
#[cfg(any(feature = "alloc", test))]
#[inline]
pub(crate) fn are_token(bytes: &[u8]) -> bool {
    are::<8>(bytes, TOKEN, |byte| {
        byte.is_ascii_lowercase()
            | byte.is_ascii_uppercase()
            | byte.is_ascii_digit()
            | (byte == b'-')
    })
}

/// Whether all bytes are unreserved or sub-delimiters, the bytes of a registered name (RFC 3986 3.2.2)
/// that are not percent-encoded.
#[inline]
pub(crate) fn are_reg_name(bytes: &[u8]) -> bool {
    are::<8>(bytes, REG_NAME, |byte| {
        byte.is_ascii_lowercase() | byte.is_ascii_digit() | matches!(byte, b'-' | b'.')
    })
}

/// Whether all bytes satisfy [`is_field_value`].
#[cfg(any(feature = "alloc", test))]
#[inline]
pub(crate) fn are_field_value(bytes: &[u8]) -> bool {
    are::<16>(bytes, VALUE, |byte| (byte >= b' ') & (byte != 0x7f))
}

/// Whether all bytes are in `class`. Checks a block at a time as long as `often`, a cheap test for the
/// most frequent bytes of the class, holds.
#[inline]
fn are<const BLOCK: usize>(bytes: &[u8], class: u8, often: impl Fn(u8) -> bool) -> bool {
    // No branch per byte, so that the compiler vectorizes it.
    let are_often = |block: &[u8]| block.iter().fold(true, |all, &byte| all & often(byte));
    let in_blocks = bytes.last_chunk::<BLOCK>().is_some_and(|last| {
        // The last block may overlap the one before it.
        let mut rest = bytes;
        while let Some((block, after)) = rest.split_first_chunk::<BLOCK>() {
            if !are_often(block) {
                return false;
            }
            rest = after;
        }
        are_often(last)
    });
    in_blocks || bytes.iter().fold(class, |all, &byte| all & CLASS[byte as usize]) != 0
}

/// The length of the longest prefix whose bytes satisfy [`is_token`].
#[cfg(any(feature = "alloc", test))]
#[inline]
pub(crate) fn token_len(bytes: &[u8]) -> usize {
    class_len(bytes, TOKEN)
}

/// The length of the longest prefix whose bytes are in `class`, tuned for short prefixes.
#[cfg(any(feature = "alloc", test))]
#[inline]
fn class_len(bytes: &[u8], class: u8) -> usize {
    let is_outside = |byte: &u8| CLASS[*byte as usize] & class == 0;
    let mut len = 0;
    while let Some(block) = bytes[len..].first_chunk::<8>() {
        // The length is a constant, so that the compiler unrolls the loop.
        if let Some(end) = block.iter().position(is_outside) {
            return len + end;
        }
        len += block.len();
    }
    let rest = &bytes[len..];
    len + rest.iter().position(is_outside).unwrap_or(rest.len())
}

/// The length of the longest prefix that is valid in the path or the query of a request target: visible
/// ASCII except `"`, `#`, `<` and `>`, the bytes that browsers send unescaped.
#[inline]
pub(crate) fn target_len(bytes: &[u8]) -> usize {
    run(bytes, TARGET, |word| {
        // `"` and `#` differ in one bit, and so do `<` and `>`.
        let quote_or_hash = zeros((word | ONES) ^ (u64::from(b'#') * ONES));
        let angle = zeros((word | (2 * ONES)) ^ (u64::from(b'>') * ONES));
        !within(word, b'!', b'~') | quote_or_hash | angle
    })
}

/// The length of the longest prefix whose bytes satisfy [`is_field_value`].
#[cfg(any(feature = "alloc", test))]
#[inline]
pub(crate) fn field_value_len(bytes: &[u8]) -> usize {
    run(bytes, VALUE, |word| !(within(word, b' ', b'~') | word))
}

/// The length of the longest prefix whose bytes are in `class`, eight bytes at a time. `suspects` must
/// set the highest bit of every byte outside the class, and may set that of others.
#[inline]
fn run(bytes: &[u8], class: u8, suspects: impl Fn(u64) -> u64) -> usize {
    let mut len = 0;
    loop {
        let suspects = suspects(word(&bytes[len..])) & HIGH;
        if suspects == 0 {
            len += size_of::<u64>();
            continue;
        }
        len += (suspects.trailing_zeros() / u8::BITS) as usize;
        match bytes.get(len) {
            Some(byte) if CLASS[*byte as usize] & class != 0 => len += 1,
            _ => return len,
        }
    }
}

/// The first eight bytes, padded with zeros, which are in none of the classes.
#[inline]
fn word(bytes: &[u8]) -> u64 {
    let at = |i: usize| u64::from(bytes[i]) << (u8::BITS as usize * i);
    match (bytes.first_chunk(), bytes.len()) {
        (Some(word), _) => u64::from_le_bytes(*word),
        (None, 0) => 0,
        (None, len @ 1..4) => at(0) | at(len / 2) | at(len - 1),
        (None, len) => {
            let half =
                |i: usize| bytes[i..].first_chunk().map_or(0, |half| u32::from_le_bytes(*half));
            u64::from(half(0)) | u64::from(half(len - 4)) << (u8::BITS as usize * (len - 4))
        }
    }
}

/// Sets the highest bit of every byte of `word` that is ASCII and in `first..=last`. The other bits are
/// arbitrary.
#[inline]
const fn within(word: u64, first: u8, last: u8) -> u64 {
    // Seven bits per byte, so that no sum carries into the next.
    let low = word & !HIGH;
    let from_first = low + ONES * (0x80 - first as u64);
    let after_last = low + ONES * (0x7f - last as u64);
    from_first & !after_last & !word
}

/// SP or HTAB (RFC 9110 5.6.3).
#[inline]
pub(crate) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The value of a hexadecimal digit.
#[inline]
pub(crate) const fn hex_value(byte: u8) -> Option<u8> {
    let value = HEX[byte as usize];
    if value < 16 { Some(value) } else { None }
}

/// Trims SP and HTAB at both ends.
pub(crate) const fn trim_blanks(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes {
        if !is_blank(*first) {
            break;
        }
        bytes = rest;
    }
    while let [rest @ .., last] = bytes {
        if !is_blank(*last) {
            break;
        }
        bytes = rest;
    }
    bytes
}

const WORD: usize = 8;
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;
const TOKEN: u8 = 1;
const VALUE: u8 = 2;
const REG_NAME: u8 = 4;
const TARGET: u8 = 8;

const CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let byte = i as u8;
        if byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_'
            )
            || matches!(byte, b'`' | b'|' | b'~')
        {
            table[i] |= TOKEN;
        }
        if byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(')
            || matches!(byte, b')' | b'*' | b'+' | b',' | b';' | b'=')
        {
            table[i] |= REG_NAME;
        }
        if is_blank(byte) || byte.is_ascii_graphic() || byte >= 0x80 {
            table[i] |= VALUE;
        }
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'#' | b'<' | b'>') {
            table[i] |= TARGET;
        }
        i += 1;
    }
    table
};

const HEX: [u8; 256] = {
    let mut table = [0xff; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = match i as u8 {
            digit @ b'0'..=b'9' => digit - b'0',
            digit @ b'a'..=b'f' => digit - b'a' + 10,
            digit @ b'A'..=b'F' => digit - b'A' + 10,
            _ => 0xff,
        };
        i += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_classes_match_the_rfcs() {
        let token = |byte: u8| byte.is_ascii_graphic() && !br#"(),/:;<=>?@[\]{}""#.contains(&byte);
        for byte in 0..=255 {
            assert_eq!(is_token(byte), token(byte), "{byte}");
            assert_eq!(is_field_value(byte), byte == 9 || (byte >= 32 && byte != 127), "{byte}");
            let reg_name = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte);
            let target = byte.is_ascii_graphic() && !b"\"#<>".contains(&byte);
            let hex = char::from(byte).to_digit(16).map(|value| value as u8);
            assert_eq!(hex_value(byte), hex, "{byte}");
            type Judge = fn(&[u8]) -> bool;
            type Run = fn(&[u8]) -> usize;
            let classes: [(Judge, Option<Run>, bool); 4] = [
                (are_token, Some(token_len), token(byte)),
                (are_reg_name, None, reg_name),
                (|bytes| target_len(bytes) == bytes.len(), Some(target_len), target),
                (are_field_value, Some(field_value_len), is_field_value(byte)),
            ];
            for (judge, run, is_inside) in classes {
                // The byte at every position of a word, also after an infrequent byte.
                for (len, at) in (1..36).flat_map(|len| (0..len).map(move |at| (len, at))) {
                    let mut bytes = [b'a'; 36];
                    (bytes[len / 2], bytes[at]) = (if at % 2 == 0 { b'~' } else { b'b' }, byte);
                    assert_eq!(judge(&bytes[..len]), is_inside, "{byte} at {at} of {len}");
                    let expected = if is_inside { len } else { at };
                    let found = run.map(|run| run(&bytes[..len]));
                    assert!(found.is_none_or(|found| found == expected), "{byte} at {at} of {len}");
                }
            }
        }
    }

    #[test]
    fn names_match_in_any_case() {
        for (token, is) in [
            (&b"host"[..], true),
            (b"HOST", true),
            (b"hOsT", true),
            (b"hos", false),
            (b"hosts", false),
            (b"hosx", false),
            (b"(ost", false),
        ] {
            assert_eq!(is_name(token, b"host"), is, "{token:?}");
        }
    }

    #[test]
    fn line_ends_are_found_at_any_distance() {
        for len in 0..64 {
            // Bytes that differ from a line end in one bit.
            for other in [b'x', 0, b'\n' ^ 1, b'\r' ^ 1, b'\n' | 0x80, b'\r' | 0x80, 0xff] {
                let mut bytes = [other; 64];
                assert_eq!(find_line_end(&bytes[..len]), None);
                for at in (0..len).rev() {
                    // The line ends behind it stay.
                    bytes[at] = [b'\r', b'\n'][at % 2];
                    assert_eq!(find_line_end(&bytes[..len]), Some(at), "{other}");
                    assert_eq!(find_rare_line_end(&bytes[..len]), Some(at), "{other}");
                }
            }
        }
    }

    #[test]
    fn blanks_are_trimmed_only_at_the_ends() {
        assert_eq!(trim_blanks(b" \ta b\t "), b"a b");
        assert_eq!(trim_blanks(b"  "), b"");
    }
}
