//! The small grammars inside lines: tokens, quoted strings, chunk extensions; the only home of
//! `nom`. Total over arbitrary bytes, linear, without allocation.

use core::fmt;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while_m_n, take_while1};
use nom::combinator::{opt, recognize};
use nom::multi::many0_count;
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

use crate::scan;

/// A value that is a token or a quoted string (RFC 9110 5.6).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// `token`
    Token(&'a [u8]),
    /// What stands between the quotes, its backslashes included.
    Quoted(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The bytes meant: without quotes, each quoted pair resolved (RFC 9110 5.6.4).
    ///
    /// ```
    /// use wirefeed::grammar::Value;
    /// assert!(Value::Quoted(br#"say \"hi\""#).bytes().eq(*br#"say "hi""#));
    /// ```
    pub fn bytes(self) -> impl Iterator<Item = u8> + 'a {
        let (mut rest, quoted) = match self {
            Self::Token(bytes) => (bytes.iter(), false),
            Self::Quoted(bytes) => (bytes.iter(), true),
        };
        core::iter::from_fn(move || match *rest.next()? {
            b'\\' if quoted => rest.next().copied(),
            byte => Some(byte),
        })
    }

    /// Whether this can be written as it is: a token, or what may stand between quotes.
    #[cfg(feature = "alloc")]
    pub(crate) fn is_well_formed(self) -> bool {
        match self {
            Self::Token(bytes) => token(bytes).is_ok_and(|(rest, _)| rest.is_empty()),
            Self::Quoted(bytes) => quoted_inside(bytes).is_ok_and(|(rest, _)| rest.is_empty()),
        }
    }

    #[cfg(feature = "alloc")]
    pub(crate) const fn encoded_len(self) -> usize {
        match self {
            Self::Token(bytes) => bytes.len(),
            Self::Quoted(bytes) => bytes.len() + 2,
        }
    }

    #[cfg(feature = "alloc")]
    pub(crate) fn put(self, out: &mut impl bytes::BufMut) {
        match self {
            Self::Token(bytes) => out.put_slice(bytes),
            Self::Quoted(bytes) => {
                for part in [b"\"", bytes, b"\""] {
                    out.put_slice(part);
                }
            }
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(bytes) => write!(f, "Token({} bytes)", bytes.len()),
            Self::Quoted(bytes) => write!(f, "Quoted({} bytes)", bytes.len()),
        }
    }
}

/// A chunk extension (RFC 9112 7.1.1): `;name` or `;name=value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension<'a> {
    /// The name, a token.
    pub name: &'a [u8],
    /// The value, if there is one.
    pub value: Option<Value<'a>>,
}

/// The extensions of a chunk, from what a [`chunked::Decoder`](crate::h1::chunked::Decoder)
/// has checked and handed out; it ends where the bytes are none.
///
/// ```
/// use wirefeed::grammar::extensions;
///
/// let mut all = extensions(br#";a;b="x;y""#);
/// assert_eq!(all.next().unwrap().name, b"a");
/// assert!(all.next().unwrap().value.unwrap().bytes().eq(*b"x;y"));
/// assert!(all.next().is_none());
/// ```
pub fn extensions(mut bytes: &[u8]) -> impl Iterator<Item = Extension<'_>> {
    core::iter::from_fn(move || {
        let (rest, found) = extension(bytes).ok()?;
        bytes = rest;
        Some(found)
    })
}

/// The elements of a comma-separated list, without blanks and empty ones (RFC 9110 5.6.1).
pub(crate) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(scan::trim_blanks).filter(|element| !element.is_empty())
}

/// Whether the fields of this name list `token`, without regard to case.
pub(crate) fn lists(fields: &(impl crate::Fields + ?Sized), name: &str, token: &[u8]) -> bool {
    fields.values_of(name).flat_map(list).any(|element| element.eq_ignore_ascii_case(token))
}

fn extension(bytes: &[u8]) -> IResult<&[u8], Extension<'_>> {
    (
        preceded((blanks, tag(&b";"[..]), blanks), token),
        opt(preceded((blanks, tag(&b"="[..]), blanks), value)),
    )
        .map(|(name, value)| Extension { name, value })
        .parse(bytes)
}

fn value(bytes: &[u8]) -> IResult<&[u8], Value<'_>> {
    alt((token.map(Value::Token), quoted_string.map(Value::Quoted))).parse(bytes)
}

fn token(bytes: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while1(scan::is_token).parse(bytes)
}

/// What stands between the quotes.
fn quoted_string(bytes: &[u8]) -> IResult<&[u8], &[u8]> {
    delimited(tag(&b"\""[..]), quoted_inside, tag(&b"\""[..])).parse(bytes)
}

/// `*( qdtext / quoted-pair )` (RFC 9110 5.6.4)
fn quoted_inside(bytes: &[u8]) -> IResult<&[u8], &[u8]> {
    let pair = (tag(&b"\\"[..]), take_while_m_n(1, 1, scan::is_field_value));
    recognize(many0_count(alt((take_while1(is_qdtext), recognize(pair))))).parse(bytes)
}

fn blanks(bytes: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while(scan::is_blank).parse(bytes)
}

const fn is_qdtext(byte: u8) -> bool {
    scan::is_field_value(byte) && byte != b'"' && byte != b'\\'
}

/// Where a chunk extension stands, for a decoder that sees one byte at a time:
///
/// ```text
///         token          "="            token
///  Semicolon ──▶ Name ─────────▶ Equals ──────▶ Token ──┐
///      ▲          │                 │ '"'               │ ";" or the end
///      │          │ ";" or the end  ▼      '"'          │
///      └──────────┴────────────── Quoted ─────▶ Close ──┤
///      ▲                           │  ▲                 │
///      │                       "\" ▼  │ any             │
///      └────────────────────────── Pair ────────────────┘
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExtensionState {
    /// A semicolon: a name must follow.
    Semicolon,
    /// Inside a name.
    Name,
    /// Blanks after a name; `=` may still follow. Only where blanks are allowed.
    NameBlank,
    /// `=`: a value must follow.
    Equals,
    /// Inside a token value.
    Token,
    /// Inside a quoted string.
    Quoted,
    /// After a backslash.
    Pair,
    /// After a closing quote.
    Close,
    /// Blanks after a size or a value. Only where blanks are allowed.
    Blank,
}

impl ExtensionState {
    /// The state after `byte`; none where `byte` may not stand here.
    ///
    /// RFC 9112 7.1.1 has recipients remove blanks around `;` and `=` as "bad white space"; they
    /// are refused unless `blanks` asks for them.
    pub(crate) const fn next(self, byte: u8, blanks: bool) -> Option<Self> {
        let blank = blanks && scan::is_blank(byte);
        let token = scan::is_token(byte);
        Some(match self {
            Self::Semicolon if token => Self::Name,
            Self::Semicolon | Self::Equals | Self::Blank | Self::NameBlank if blank => self,
            Self::Name if token => Self::Name,
            Self::Name | Self::NameBlank if byte == b'=' => Self::Equals,
            Self::Name if blank => Self::NameBlank,
            Self::Equals if byte == b'"' => Self::Quoted,
            Self::Equals | Self::Token if token => Self::Token,
            Self::Quoted if byte == b'"' => Self::Close,
            Self::Quoted if byte == b'\\' => Self::Pair,
            Self::Quoted | Self::Pair if scan::is_field_value(byte) => Self::Quoted,
            Self::Token | Self::Close if blank => Self::Blank,
            Self::Name | Self::NameBlank | Self::Token | Self::Close | Self::Blank
                if byte == b';' =>
            {
                Self::Semicolon
            }
            _ => return None,
        })
    }

    /// Whether the line may end here.
    pub(crate) const fn may_end(self) -> bool {
        !matches!(self, Self::Semicolon | Self::Equals | Self::Quoted | Self::Pair)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    /// The state machine's verdict on what follows a chunk size.
    fn accepts(bytes: &[u8], blanks: bool) -> bool {
        let mut state = ExtensionState::Blank;
        bytes.iter().all(|&byte| match state.next(byte, blanks) {
            Some(next) => {
                state = next;
                true
            }
            None => false,
        }) && state.may_end()
    }

    fn rest_after_extensions(mut bytes: &[u8]) -> &[u8] {
        while let Ok((rest, _)) = extension(bytes) {
            bytes = rest;
        }
        bytes
    }

    proptest! {
        #[test]
        fn the_state_machine_and_the_parser_agree(bytes in r#"([;= \t"\\a\n\x00\x80]|;a|="b"){0,12}"#) {
            let bytes = bytes.as_bytes();
            let parsed = rest_after_extensions(bytes).iter().all(|&byte| scan::is_blank(byte));
            prop_assert_eq!(accepts(bytes, true), parsed);
            // Strict accepts a subset of that, with the same meaning.
            if accepts(bytes, false) {
                prop_assert!(rest_after_extensions(bytes).is_empty());
            }
        }
    }

    #[test]
    fn strict_and_lenient() {
        for good in [&b""[..], b";a", b";a;b", b";a=b", br#";a="";b"#, br#";a="\"\\""#] {
            assert!(accepts(good, false), "{good:?}");
        }
        for blank in [&b" "[..], b" ;a", b"; a", b";a ", b";a =b", b";a= b", br#";a="x" ;b"#] {
            assert!(!accepts(blank, false) && accepts(blank, true), "{blank:?}");
        }
        for bad in [&b";"[..], b";;", b";=a", b";a=", b";a=;b", br#";a="x"#, br#";a="x"y"#] {
            assert!(!accepts(bad, true), "{bad:?}");
        }
        for byte in [b'\n', b'\r', 0, 0x7f] {
            assert!(!accepts(&[b';', b'a', byte], true));
            assert!(!accepts(&[b';', b'a', b'=', b'"', byte, b'"'], true));
        }
    }

    #[test]
    fn extensions_are_taken_apart() {
        let all: Vec<_> = extensions(br#";a;b=c;d="e\"f""#).collect();
        assert_eq!(all.len(), 3);
        assert_eq!(all[0], Extension { name: b"a", value: None });
        assert_eq!(all[1].value, Some(Value::Token(b"c")));
        assert_eq!(all[2].value.unwrap().bytes().collect::<Vec<_>>(), br#"e"f"#);
    }
}
