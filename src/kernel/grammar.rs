//! Parsers for the grammars inside field values and request lines.
//!
//! - [`list`] splits a comma-separated list of tokens; [`elements`] a list whose elements have
//!   parameters, such as `Sec-WebSocket-Extensions`.
//! - [`Parameters`] iterates over `;name=value`, of a media type or of a chunk.
//! - [`media_type`] parses the value of `Content-Type`.
//! - [`Target`] is a request target, split into authority, path and query.
//!
//! Each takes linear time and does not allocate. Any input is safe.
//!
//! ```
//! use wirefeed::grammar::{list, media_type};
//!
//! assert!(list(b"close, upgrade").any(|option| option.eq_ignore_ascii_case(b"Upgrade")));
//! assert!(media_type(b"text/html; charset=utf-8").unwrap().is("text", "html"));
//! ```

use crate::kernel::debug::debug;
use core::fmt;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while_m_n, take_while1};
use nom::combinator::{eof, opt, recognize};
use nom::multi::many0_count;
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use crate::kernel::scan;

mod extension;
mod host;
mod target;

pub(crate) use extension::ExtensionState;
pub(crate) use host::{Authority, is_host_field};
pub use target::{Target, TargetForm};

/// A value that is a token or a quoted string (RFC 9110 5.6).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// `token`
    Token(&'a [u8]),
    /// The bytes between the quotes, with their backslashes.
    Quoted(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The bytes of the value, with each quoted pair replaced by its second byte (RFC 9110 5.6.4).
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

    /// Whether the bytes match the grammar of a token, or of the inside of a quoted string.
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

/// A parameter (RFC 9110 5.6.6) or a chunk extension (RFC 9112 7.1.1): `;name` or `;name=value`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// The name, a token.
    pub name: &'a [u8],
    /// The value, if there is one.
    pub value: Option<Value<'a>>,
}

debug!([] Parameter<'_>, self => Parameter { name: self.name.len(), value: self.value });

/// An iterator over parameters, each with its leading `;`. It skips empty ones.
///
/// It stops at the first malformed parameter: [`rest`](Self::rest) is empty if there was none.
///
/// ```
/// use wirefeed::grammar::Parameters;
///
/// let mut all = Parameters::new(br#";a; b="x;y";"#);
/// assert_eq!(all.next().unwrap().name, b"a");
/// assert!(all.next().unwrap().value.unwrap().bytes().eq(*b"x;y"));
/// assert!(all.next().is_none() && all.rest().is_empty());
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Parameters<'a>(&'a [u8]);

debug!([] Parameters<'_>, self, f => write!(f, "Parameters({} bytes)", self.0.len()));

impl<'a> Parameters<'a> {
    /// The parameters in `bytes`, which begin at a `;`: those of a media type, or the extensions that a
    /// [`chunked::Decoder`](crate::h1::chunked::Decoder) yields.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes that are not parsed yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.0
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = Parameter<'a>;

    fn next(&mut self) -> Option<Parameter<'a>> {
        loop {
            if let Ok((rest, found)) = parameter(self.0) {
                self.0 = rest;
                return Some(found);
            }
            self.0 = empty_parameter(self.0).ok()?.0;
        }
    }
}

/// A media type (RFC 9110 8.3.1).
///
/// ```
/// use wirefeed::grammar::media_type;
///
/// let found = media_type(b"Text/Event-Stream; charset=utf-8").unwrap();
/// assert!(found.is("text", "event-stream"));
/// assert_eq!(found.parameters.clone().next().unwrap().name, b"charset");
/// assert!(media_type(b"text/event-stream;").unwrap().is("text", "event-stream"));
/// assert!(media_type(b"text/event-stream, text/html").is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MediaType<'a> {
    /// The type, a token.
    pub main: &'a [u8],
    /// The subtype, a token.
    pub subtype: &'a [u8],
    /// The parameters. Malformed ones do not change the type.
    pub parameters: Parameters<'a>,
}

debug!([] MediaType<'_>, self => MediaType {
    main: self.main.len(),
    subtype: self.subtype.len(),
    parameters: self.parameters,
});

impl MediaType<'_> {
    /// Whether it is this type. The comparison ignores case and parameters.
    pub fn is(&self, main: &str, subtype: &str) -> bool {
        self.main.eq_ignore_ascii_case(main.as_bytes())
            && self.subtype.eq_ignore_ascii_case(subtype.as_bytes())
    }
}

/// Parses the value of `Content-Type`, without surrounding blanks. `None` if it is not a media type.
pub fn media_type(value: &[u8]) -> Option<MediaType<'_>> {
    let slash = tag(&b"/"[..]);
    let (rest, (main, _, subtype)) = (token, slash, token).parse(value).ok()?;
    let follows = scan::trim_blanks(rest);
    if !(follows.is_empty() || follows.starts_with(b";")) {
        return None;
    }
    Some(MediaType { main, subtype, parameters: Parameters::new(rest) })
}

/// An element of a list of tokens with parameters, such as `permessage-deflate; a=1`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// The token.
    pub name: &'a [u8],
    /// Its parameters, all of them well-formed.
    pub parameters: Parameters<'a>,
}

debug!([] Element<'_>, self => Element { name: self.name.len(), parameters: self.parameters });

/// The value is not a list of tokens with parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// The elements of a list such as the value of `Sec-WebSocket-Extensions` (RFC 6455 9.1). The iterator
/// ends after the first error.
///
/// ```
/// use wirefeed::grammar::{Malformed, elements};
///
/// let mut all = elements(br#"a;b="1,2", c,"#);
/// assert_eq!(all.next().unwrap()?.name, b"a");
/// assert_eq!(all.next().unwrap()?.name, b"c");
/// assert!(all.next().is_none());
/// assert_eq!(elements(b"a;=").next(), Some(Err(Malformed)));
/// # Ok::<(), Malformed>(())
/// ```
pub fn elements(mut bytes: &[u8]) -> impl Iterator<Item = Result<Element<'_>, Malformed>> {
    core::iter::from_fn(move || {
        while let [b' ' | b'\t' | b',', rest @ ..] = bytes {
            bytes = rest;
        }
        if bytes.is_empty() {
            return None;
        }
        match element(bytes) {
            Ok((rest, found)) => {
                bytes = rest;
                Some(Ok(found))
            }
            Err(_) => {
                bytes = &[];
                Some(Err(Malformed))
            }
        }
    })
}

/// The elements of a comma-separated list of tokens, without surrounding blanks and without empty
/// elements (RFC 9110 5.6.1).
///
/// ```
/// use wirefeed::grammar::list;
/// assert!(list(b"keep-alive, ,Upgrade").eq([&b"keep-alive"[..], b"Upgrade"]));
/// ```
pub fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(scan::trim_blanks).filter(|element| !element.is_empty())
}

/// Splits a list at its commas, except those inside quoted strings, and trims each element.
#[cfg(feature = "alloc")]
pub(crate) fn quoted_list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    let is_end = move |&byte: &u8| {
        let taken = core::mem::take(&mut escaped);
        match byte {
            _ if taken => {}
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            _ => {}
        }
        byte == b',' && !quoted
    };
    value.split(is_end).map(scan::trim_blanks)
}

fn parameter(bytes: &[u8]) -> IResult<&[u8], Parameter<'_>> {
    (
        preceded((blanks, tag(&b";"[..]), blanks), token),
        opt(preceded((blanks, tag(&b"="[..]), blanks), value)),
    )
        .map(|(name, value)| Parameter { name, value })
        .parse(bytes)
}

/// A `;` without a parameter after it.
fn empty_parameter(bytes: &[u8]) -> IResult<&[u8], ()> {
    let (rest, ()) = (blanks, tag(&b";"[..]), blanks).map(|_| ()).parse(bytes)?;
    if rest.is_empty() || rest.starts_with(b";") {
        return Ok((rest, ()));
    }
    Err(nom::Err::Error(nom::error::Error::new(rest, nom::error::ErrorKind::Tag)))
}

/// A token and its parameters, up to a comma or the end.
fn element(bytes: &[u8]) -> IResult<&[u8], Element<'_>> {
    let end = (blanks, alt((tag(&b","[..]), eof)));
    (token, terminated(recognize(many0_count(parameter)), end))
        .map(|(name, parameters)| Element { name, parameters: Parameters::new(parameters) })
        .parse(bytes)
}

fn value(bytes: &[u8]) -> IResult<&[u8], Value<'_>> {
    alt((token.map(Value::Token), quoted_string.map(Value::Quoted))).parse(bytes)
}

fn token(bytes: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while1(scan::is_token).parse(bytes)
}

/// A quoted string, without its quotes.
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn parameters_are_parsed() {
        let all: Vec<_> = Parameters::new(br#";a;b=c;d="e\"f""#).collect();
        assert_eq!(all.len(), 3);
        assert_eq!(all[0], Parameter { name: b"a", value: None });
        assert_eq!(all[1].value, Some(Value::Token(b"c")));
        assert_eq!(all[2].value.unwrap().bytes().collect::<Vec<_>>(), br#"e"f"#);
        let mut broken = Parameters::new(b"; ;a;b=\"c");
        assert_eq!((broken.by_ref().count(), broken.rest()), (2, &b"=\"c"[..]));
    }

    #[test]
    fn media_types_are_parsed() {
        for (value, count) in [
            (&b"a/b"[..], Some(0)),
            (b"a/b;", Some(0)),
            (b"a/b ; c=d;e=\"f;g\"", Some(2)),
            (b"a/b;c=\"d", Some(1)),
            (b"a/b\t", Some(0)),
            (b"", None),
            (b"a", None),
            (b"/b", None),
            (b"a/", None),
            (b"a/b c", None),
            (b"a/b/c", None),
            (b"*/*", Some(0)),
            (b"a/b,c/d", None),
        ] {
            let found = media_type(value).map(|found| found.parameters.count());
            assert_eq!(found, count, "{}", value.escape_ascii());
        }
    }

    #[test]
    fn lists_with_parameters_are_parsed() {
        let read = |value| elements(value).map(|one| one.map(|one| one.name)).collect::<Vec<_>>();
        assert_eq!(read(b""), []);
        assert_eq!(read(b" ,\t,"), []);
        assert_eq!(read(b"a; b = 1 ,c"), [Ok(&b"a"[..]), Ok(b"c")]);
        assert_eq!(read(b"a;b=\"1,\\\"2\",c"), [Ok(&b"a"[..]), Ok(b"c")]);
        for bad in [&b"a b"[..], b"a;", b"a;=", b"a;b=", b"a;b=\"c", b"a=b", b"a\0"] {
            assert_eq!(read(bad).last(), Some(&Err(Malformed)), "{}", bad.escape_ascii());
        }
    }

    proptest! {
        /// Parsing returns the elements that were written.
        #[test]
        fn written_elements_are_parsed_back(all in prop::collection::vec(("[a-z!]{1,5}", prop::collection::vec(("[a-z]{1,4}", prop::option::of("[ -~]{0,6}")), 0..4)), 0..5)) {
            let mut wire = String::new();
            for (name, parameters) in &all {
                wire += &alloc::format!(", {name}");
                for (name, value) in parameters {
                    wire += &alloc::format!("; {name}");
                    if let Some(value) = value {
                        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
                        wire += &alloc::format!("=\"{value}\"");
                    }
                }
            }
            let found: Vec<_> = elements(wire.as_bytes()).map(Result::unwrap).collect();
            prop_assert_eq!(found.len(), all.len());
            for (found, (name, parameters)) in found.iter().zip(&all) {
                prop_assert_eq!(found.name, name.as_bytes());
                let values = found.parameters.map(|one| one.value.map(|value| value.bytes().collect::<Vec<_>>()));
                prop_assert!(values.eq(parameters.iter().map(|one| one.1.as_ref().map(|value| value.as_bytes().to_vec()))));
            }
        }

        /// Parsing terminates for any bytes.
        #[test]
        fn parsing_any_bytes_terminates(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            prop_assert!(elements(&bytes).count() <= bytes.len());
            prop_assert!(Parameters::new(&bytes).count() <= bytes.len());
            let _ = media_type(&bytes).map(|found| found.parameters.count());
        }
    }
}
