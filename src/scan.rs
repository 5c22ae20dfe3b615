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
            let hex = char::from(byte).to_digit(16).map(|value| value as u8);
            assert_eq!(hex_value(byte), hex, "{byte}");
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
