//! Chunk extensions (RFC 9112 7.1.1), one byte at a time.

use crate::kernel::scan;

/// The state inside a chunk extension, for a decoder that sees one byte at a time:
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
    /// Blanks after a name; `=` may still follow. Reached only if blanks are allowed.
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
    /// Blanks after a size or a value. Reached only if blanks are allowed.
    Blank,
}

impl ExtensionState {
    /// The state after `byte`; `None` if `byte` is invalid here.
    ///
    /// RFC 9112 7.1.1: a recipient removes "bad white space" around `;` and `=`. This refuses it unless
    /// `blanks` is set.
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
    use crate::kernel::grammar::parameter;
    use proptest::prelude::*;

    /// Whether the state machine accepts the bytes after a chunk size.
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
        while let Ok((rest, _)) = parameter(bytes) {
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
            // The strict grammar is a subset, with the same meaning.
            if accepts(bytes, false) {
                prop_assert!(rest_after_extensions(bytes).is_empty());
            }
        }
    }

    #[test]
    fn blanks_are_accepted_only_if_allowed() {
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
}
