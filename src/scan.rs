//! Byte classes and searches; the only home of `memchr`.

/// The first `byte` in `bytes`.
#[inline]
pub(crate) fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
    memchr::memchr(byte, bytes)
}

/// The first CR or LF in `bytes`.
///
/// Most lines are short, and there a call costs more than the search; the first few bytes are
/// looked at here.
#[inline]
pub(crate) fn find_line_end(bytes: &[u8]) -> Option<usize> {
    let near = bytes.len().min(NEAR);
    match bytes[..near].iter().position(|&byte| byte == b'\n' || byte == b'\r') {
        None if near < bytes.len() => {
            memchr::memchr2(b'\n', b'\r', &bytes[near..]).map(|i| near + i)
        }
        found => found,
    }
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

/// A byte of a host and its port (RFC 3986 3.2): unreserved, of a percent-encoding, a delimiter
/// within, or one around an address or before a port.
#[cfg(any(feature = "alloc", test))]
#[inline]
pub(crate) const fn is_host(byte: u8) -> bool {
    CLASS[byte as usize] & HOST != 0
}

/// Whether all of `bytes` are visible ASCII.
#[cfg(any(feature = "alloc", test))]
#[inline]
pub(crate) fn are_graphic(bytes: &[u8]) -> bool {
    // Without a branch a byte: many at once.
    bytes.iter().fold(true, |all, byte| all & byte.is_ascii_graphic())
}

/// Whether all of `bytes` are of the class of [`is_token`].
#[cfg(any(feature = "alloc", test))]
#[inline]
pub(crate) fn are_token(bytes: &[u8]) -> bool {
    // Without a branch a byte, and four in a turn.
    let (mut class, mut rest) = (TOKEN, bytes);
    while let Some(([a, b, c, d], after)) = rest.split_first_chunk() {
        class &= CLASS[*a as usize] & CLASS[*b as usize] & CLASS[*c as usize] & CLASS[*d as usize];
        rest = after;
    }
    rest.iter().fold(class, |class, &byte| class & CLASS[byte as usize]) != 0
}

/// Whether all of `bytes` are of the class of [`is_field_value`].
#[cfg(any(feature = "alloc", test))]
#[inline]
pub(crate) fn are_field_value(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk::<8>() else {
        return bytes.iter().fold(VALUE, |class, &byte| class & CLASS[byte as usize]) != 0;
    };
    // The last eight bytes are looked at for themselves, or again.
    let mut rest = bytes;
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        if !is_value_word(*word) {
            return false;
        }
        rest = after;
    }
    is_value_word(*last)
}

/// Eight bytes of a field value at once.
#[cfg(any(feature = "alloc", test))]
#[inline]
fn is_value_word(word: [u8; 8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    // A byte that borrows where its high bit was clear is below 0x20, or 0x7f where nothing is left
    // of it. Of the first only HTAB is allowed, and rare.
    let x = u64::from_le_bytes(word);
    let delete = x ^ (0x7f * ONES);
    let found = x.wrapping_sub(0x20 * ONES) & !x | delete.wrapping_sub(ONES) & !delete;
    found & HIGH == 0 || word.iter().copied().all(is_field_value)
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

/// `bytes` without SP and HTAB at both ends.
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

const NEAR: usize = 16;
const TOKEN: u8 = 1;
const VALUE: u8 = 2;
const HOST: u8 = 4;

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
            || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%' | b'!' | b'$' | b'&' | b'\'' | b'(')
            || matches!(byte, b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'[' | b']')
        {
            table[i] |= HOST;
        }
        if is_blank(byte) || byte.is_ascii_graphic() || byte >= 0x80 {
            table[i] |= VALUE;
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
    fn classes_are_those_of_rfc_9110() {
        let token = |byte: u8| byte.is_ascii_graphic() && !br#"(),/:;<=>?@[\]{}""#.contains(&byte);
        for byte in 0..=255 {
            assert_eq!(is_token(byte), token(byte), "{byte}");
            assert_eq!(is_field_value(byte), byte == 9 || (byte >= 32 && byte != 127), "{byte}");
            let host = byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(&byte);
            assert_eq!(is_host(byte), host, "{byte}");
            let hex = char::from(byte).to_digit(16).map(|value| value as u8);
            assert_eq!(hex_value(byte), hex, "{byte}");
            for at in 0..11 {
                let mut bytes = *b"aaaaaaaa\xe9 a";
                bytes[at] = byte;
                assert_eq!(are_field_value(&bytes), is_field_value(byte), "{byte} at {at}");
                let mut bytes = [b'a'; 11];
                bytes[at] = byte;
                assert_eq!(are_token(&bytes), token(byte), "{byte} at {at}");
            }
        }
    }

    #[test]
    fn line_ends_are_found_near_and_far() {
        for at in 0..64 {
            for end in [b'\r', b'\n'] {
                let mut bytes = [b'x'; 64];
                bytes[at] = end;
                assert_eq!(find_line_end(&bytes), Some(at));
            }
        }
        assert_eq!(find_line_end(&[b'x'; 64]), None);
    }

    #[test]
    fn blanks_are_trimmed_at_the_ends_only() {
        assert_eq!(trim_blanks(b" \ta b\t "), b"a b");
        assert_eq!(trim_blanks(b"  "), b"");
    }
}
