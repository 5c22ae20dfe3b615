//! The framing of a message, from the fields of its head.

use super::framing::Framing;
use crate::ApiMisuse;
use crate::h1::head::{Head, StartLine};
use crate::h1::{Error, ErrorKind, Request, Response, Version};
use crate::kernel::{grammar, scan};

/// The framing of a request's content.
///
/// # Errors
///
/// [`ErrorKind::ContentLength`], [`ErrorKind::ContentLengthConflict`],
/// [`ErrorKind::LengthWithCoding`], [`ErrorKind::ChunkedNotLast`],
/// [`ErrorKind::TransferCoding`] or [`ErrorKind::CodingInHttp10`], at the offending byte of the
/// field's value.
///
/// ```
/// use wirefeed::{Step, h1::{Framing, framing, head}};
/// let mut heads = head::RequestDecoder::new();
/// let mut input: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
/// let Step::Item(request) = heads.decode(&mut input)? else { unreachable!("the head is complete") };
/// assert_eq!(framing::request(&request)?, Framing::Length(5));
/// # Ok::<(), wirefeed::h1::Error>(())
/// ```
pub fn request(head: &Request<'_>) -> Result<Framing, Error> {
    request_of(head, &BodyLength::of(head))
}

/// The framing of a request's content, from collected fields.
pub(super) fn request_of(head: &Request<'_>, length: &BodyLength<'_>) -> Result<Framing, Error> {
    let (codings, length) = length
        .judge(head.version())
        .map_err(|(kind, value)| Error::new(kind, head.offset_of(value)))?;
    match (codings, length) {
        (Some(Codings { last, chunked_last: false, .. }), _) => {
            Err(Error::new(ErrorKind::ChunkedNotLast, head.offset_of(last)))
        }
        (Some(Codings { other: Some(other), .. }), _) => {
            Err(Error::new(ErrorKind::TransferCoding, head.offset_of(other)))
        }
        (Some(_), _) => Ok(Framing::Chunked),
        (None, Some(length)) => Ok(Framing::Length(length)),
        (None, None) => Ok(Framing::None),
    }
}

/// The framing of a response's content; `method` is the method of its request.
///
/// # Errors
///
/// As for [`request`], except that a response may have codings before `chunked`, or without it. The
/// caller decodes those.
pub fn response(head: &Response<'_>, method: &str) -> Result<Framing, Error> {
    response_of(head, &BodyLength::of(head), method, Switches::default())
}

/// The framing of a response's content, from collected fields. It refuses contradictions even if the
/// response has no content, because a forwarder would pass them on.
pub(super) fn response_of(
    head: &Response<'_>,
    length: &BodyLength<'_>,
    method: &str,
    switches: Switches,
) -> Result<Framing, Error> {
    if method == "CONNECT" && matches!(head.status(), 200..300) {
        // RFC 9110 9.3.6: a client ignores Content-Length and Transfer-Encoding in a 2xx to CONNECT.
        return Ok(Framing::None);
    }
    let length = length.allowing(switches);
    let judged = length.judge(head.version());
    let judged = judged.map_err(|(kind, value)| Error::new(kind, head.offset_of(value)))?;
    if method == "HEAD" || matches!(head.status(), 100..200 | 204 | 304) {
        return Ok(Framing::None);
    }
    Ok(match judged {
        (Some(Codings { chunked_last: true, .. }), _) => Framing::Chunked,
        (None, Some(length)) => Framing::Length(length),
        (Some(_) | None, _) => Framing::UntilClose,
    })
}

/// Which of contradictory length fields a client uses.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Switches {
    /// `Transfer-Encoding` rather than `Content-Length`.
    pub(super) length_with_coding: bool,
    /// `Content-Length` rather than a `Transfer-Encoding: identity`.
    pub(super) identity: bool,
}

/// What is wrong, and the offending value.
type Fault<'a> = (ErrorKind, &'a [u8]);

/// The fields that delimit the content.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyLength<'a> {
    codings: Option<Codings<'a>>,
    length: Option<(u64, &'a [u8])>,
    fault: Option<Fault<'a>>,
}

/// All `Transfer-Encoding` fields as one list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Codings<'a> {
    /// The first coding other than `chunked`.
    other: Option<&'a [u8]>,
    /// The last coding; the field value if the list is empty so far.
    last: &'a [u8],
    /// The list contains `chunked`.
    chunked: bool,
    chunked_last: bool,
    /// All codings are `identity`, which RFC 7230 removed.
    identity: bool,
}

impl<'a> BodyLength<'a> {
    /// The value before the first field.
    pub(super) const NOTHING: Self = Self { codings: None, length: None, fault: None };

    /// The lengths of the names of these fields: bit *n* for a name of *n* bytes.
    pub(super) const NAME_LENGTHS: u32 = 1 << 14 | 1 << 17;

    /// Reads all fields of a head.
    fn of<L: StartLine>(head: &Head<'a, L>) -> Self {
        let mut length = Self::NOTHING;
        for (name, value) in head.fields_with_name_length(Self::NAME_LENGTHS) {
            length.note(name, value);
        }
        length
    }

    /// Reads one field. Its name must be a token.
    #[inline]
    pub(super) fn note(&mut self, name: &[u8], value: &'a [u8]) {
        let noted = match name.len() {
            14 if scan::is_name(name, b"content-length") => self.note_length(value),
            17 if scan::is_name(name, b"transfer-encoding") => self.note_codings(value),
            _ => return,
        };
        self.fault = self.fault.or(noted.err());
    }

    #[inline]
    fn note_length(&mut self, value: &'a [u8]) -> Result<(), Fault<'a>> {
        let number = decimal(value).map_err(|bad| (ErrorKind::ContentLength, bad))?;
        if self.length.is_some_and(|(length, _)| length != number) {
            return Err((ErrorKind::ContentLengthConflict, value));
        }
        self.length = Some((number, value));
        Ok(())
    }

    /// Appends the codings of a field line: all field lines form one list (RFC 9110 5.3), whose empty
    /// elements are ignored (5.6.1.2). A sender must not apply `chunked` more than once (RFC 9112 6.1), and
    /// `chunked` has no parameters (7.1).
    fn note_codings(&mut self, value: &'a [u8]) -> Result<(), Fault<'a>> {
        let codings = self.codings.get_or_insert(Codings {
            other: None,
            last: value,
            chunked: false,
            chunked_last: false,
            identity: true,
        });
        for coding in grammar::quoted_list(value).filter(|coding| !coding.is_empty()) {
            let chunked = coding.eq_ignore_ascii_case(b"chunked");
            if chunked && codings.chunked || has_parameters(coding) {
                return Err((ErrorKind::ChunkedNotLast, coding));
            }
            codings.last = coding;
            codings.chunked |= chunked;
            codings.chunked_last = chunked;
            codings.identity &= coding.eq_ignore_ascii_case(b"identity");
            if !chunked {
                codings.other = codings.other.or(Some(coding));
            }
        }
        Ok(())
    }

    /// Returns the codings or the length, after checking that they are consistent.
    fn judge(&self, version: Version) -> Result<(Option<Codings<'a>>, Option<u64>), Fault<'a>> {
        match (self.fault, self.codings, self.length) {
            (Some(fault), ..) => Err(fault),
            (_, Some(codings), _) if version == Version::Http10 => {
                Err((ErrorKind::CodingInHttp10, codings.last))
            }
            (_, Some(_), Some((_, value))) => Err((ErrorKind::LengthWithCoding, value)),
            (_, codings, length) => Ok((codings, length.map(|(number, _)| number))),
        }
    }

    /// Drops the fields that the switches let a client ignore.
    fn allowing(mut self, switches: Switches) -> Self {
        match self.codings {
            Some(codings) if switches.identity && codings.identity => self.codings = None,
            Some(_) if switches.length_with_coding => self.length = None,
            _ => {}
        }
        self
    }

    /// Whether the fields delimit the content in two ways.
    pub(super) const fn is_ambiguous(&self) -> bool {
        self.codings.is_some() && self.length.is_some()
    }

    /// The framing of fields that this side sends; `None` if they determine none. As strict as for
    /// received fields.
    pub(super) fn framing(&self) -> Result<Option<Framing>, ApiMisuse> {
        match self.judge(Version::Http11) {
            Err(_) | Ok((Some(Codings { chunked_last: false, .. }), _)) => Err(ApiMisuse::Framing),
            Ok((Some(_), _)) => Ok(Some(Framing::Chunked)),
            Ok((None, length)) => Ok(length.map(Framing::Length)),
        }
    }
}

/// Whether this is `chunked` followed by anything but token characters.
fn has_parameters(coding: &[u8]) -> bool {
    match coding.split_at_checked(b"chunked".len()) {
        Some((name, [next, ..])) => name.eq_ignore_ascii_case(b"chunked") && !scan::is_token(*next),
        _ => false,
    }
}

/// A decimal number below 2^64. Fails with the rest of the value from its first invalid byte on.
fn decimal(value: &[u8]) -> Result<u64, &[u8]> {
    let mut number = 0u64;
    for (i, &byte) in value.iter().enumerate() {
        let digit = match byte {
            b'0'..=b'9' => u64::from(byte - b'0'),
            _ => return Err(&value[i..]),
        };
        number = number
            .checked_mul(10)
            .and_then(|number| number.checked_add(digit))
            .ok_or(&value[i..])?;
    }
    if value.is_empty() { Err(value) } else { Ok(number) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Step;
    use crate::h1::head::{RequestDecoder, ResponseDecoder};
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn of_request(fields: &str, version: &str) -> Result<Framing, Error> {
        let wire = format!("POST / HTTP/{version}\r\n{fields}\r\n");
        let mut decoder = RequestDecoder::new();
        match decoder.decode(&mut wire.as_bytes()) {
            Ok(Step::Item(head)) => request(&head),
            other => panic!("{other:?}"),
        }
    }

    fn of_response(method: &str, status: &str, fields: &str) -> Result<Framing, Error> {
        let wire = format!("HTTP/1.1 {status}\r\n{fields}\r\n");
        let mut decoder = ResponseDecoder::new();
        match decoder.decode(&mut wire.as_bytes()) {
            Ok(Step::Item(head)) => response(&head, method),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn requests_are_framed() {
        let te = "Transfer-Encoding: chunked\r\n";
        for (fields, framing) in [
            ("", Framing::None),
            ("Content-Length: 0\r\n", Framing::Length(0)),
            ("content-length: 010\r\n", Framing::Length(10)),
            ("Content-Length: 5\r\nContent-Length: 5\r\n", Framing::Length(5)),
            ("Content-Length: 18446744073709551615\r\n", Framing::Length(u64::MAX)),
            (te, Framing::Chunked),
            ("Transfer-Encoding: CHUNKED \r\n", Framing::Chunked),
            ("Transfer_Encoding: chunked\r\n", Framing::None),
        ] {
            assert_eq!(of_request(fields, "1.1"), Ok(framing), "{fields}");
        }
        assert_eq!(of_request("Content-Length: 5\r\n", "1.0"), Ok(Framing::Length(5)));
        assert_eq!(of_request(te, "1.0").unwrap_err().kind, ErrorKind::CodingInHttp10);
        for (fields, kind, at) in [
            ("Content-Length: +5\r\n", ErrorKind::ContentLength, 16),
            ("Content-Length: 5, 5\r\n", ErrorKind::ContentLength, 17),
            ("Content-Length: \r\n", ErrorKind::ContentLength, 16),
            ("Content-Length: 18446744073709551616\r\n", ErrorKind::ContentLength, 35),
            ("Content-Length: 5\r\nContent-Length: 6\r\n", ErrorKind::ContentLengthConflict, 35),
            (
                "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                ErrorKind::LengthWithCoding,
                44,
            ),
            (
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                ErrorKind::LengthWithCoding,
                16,
            ),
            ("Transfer-Encoding: gzip\r\n", ErrorKind::ChunkedNotLast, 19),
            ("Transfer-Encoding: chunked, identity\r\n", ErrorKind::ChunkedNotLast, 28),
            ("Transfer-Encoding: gzip, chunked\r\n", ErrorKind::TransferCoding, 19),
            ("Transfer-Encoding: chunked, chunked\r\n", ErrorKind::ChunkedNotLast, 28),
            ("Transfer-Encoding: chunked, gzip\r\n", ErrorKind::ChunkedNotLast, 28),
            ("Transfer-Encoding: , ,\r\n", ErrorKind::ChunkedNotLast, 19),
            ("Transfer-Encoding: chunked;a=b\r\n", ErrorKind::ChunkedNotLast, 19),
            ("Transfer-Encoding: \r\n", ErrorKind::ChunkedNotLast, 19),
            (
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                ErrorKind::ChunkedNotLast,
                47,
            ),
        ] {
            let error = of_request(fields, "1.1").unwrap_err();
            assert_eq!((error.kind, error.at), (kind, 17 + at), "{fields}");
        }
    }

    #[test]
    fn responses_are_framed() {
        let length = "Content-Length: 5\r\n";
        for (method, status, fields, framing) in [
            ("GET", "200 OK", "", Framing::UntilClose),
            ("GET", "200 OK", length, Framing::Length(5)),
            ("HEAD", "200 OK", length, Framing::None),
            ("GET", "100 Continue", length, Framing::None),
            ("GET", "204 No Content", length, Framing::None),
            ("GET", "304 Not Modified", length, Framing::None),
            ("CONNECT", "200 OK", length, Framing::None),
            ("CONNECT", "407 No", length, Framing::Length(5)),
            ("GET", "200 OK", "Transfer-Encoding: chunked\r\n", Framing::Chunked),
            ("GET", "200 OK", "Transfer-Encoding: gzip, chunked\r\n", Framing::Chunked),
            ("GET", "200 OK", "Transfer-Encoding: chunked, gzip\r\n", Framing::UntilClose),
            ("GET", "200 OK", "Transfer-Encoding: yolo\r\n", Framing::UntilClose),
            ("GET", "200 OK", "Transfer-Encoding: chunkedy\r\n", Framing::UntilClose),
        ] {
            assert_eq!(of_response(method, status, fields), Ok(framing), "{status} {fields}");
        }
        // Contradictions are refused even without content, except in a 2xx to CONNECT.
        for (fields, kind) in [
            ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", ErrorKind::LengthWithCoding),
            ("Content-Length: 5\r\nContent-Length: 6\r\n", ErrorKind::ContentLengthConflict),
            ("Content-Length: 5, 6\r\n", ErrorKind::ContentLength),
            ("Content-Length: x\r\n", ErrorKind::ContentLength),
            ("Transfer-Encoding: chunked, chunked\r\n", ErrorKind::ChunkedNotLast),
        ] {
            for (method, status) in [
                ("GET", "200 OK"),
                ("HEAD", "200 OK"),
                ("GET", "103 Early Hints"),
                ("GET", "204 No Content"),
                ("GET", "304 Not Modified"),
                ("CONNECT", "407 No"),
            ] {
                let error = of_response(method, status, fields).unwrap_err();
                assert_eq!(error.kind, kind, "{method} {status} {fields}");
            }
            assert_eq!(of_response("CONNECT", "200 OK", fields), Ok(Framing::None));
        }
        for bad in ["chunked;a=b", "chunked a", "gzip, chunked;q=1"] {
            let fields = format!("Transfer-Encoding: {bad}\r\n");
            let error = of_response("GET", "200 OK", &fields).unwrap_err();
            assert_eq!(error.kind, ErrorKind::ChunkedNotLast, "{bad}");
        }
        for good in ["chunked,", ", chunked", "gzip, , chunked ,"] {
            let fields = format!("Transfer-Encoding: {good}\r\n");
            assert_eq!(of_response("GET", "200 OK", &fields), Ok(Framing::Chunked), "{good}");
        }
        let twice = "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n";
        let error = of_response("GET", "200 OK", twice).unwrap_err();
        assert_eq!((error.kind, error.at), (ErrorKind::ChunkedNotLast, 17 + 47));
    }

    proptest! {
        /// Codings that are spread over field lines, with empty elements, have the same result as one
        /// list, in both directions.
        #[test]
        fn codings_are_one_list_over_all_fields(
            codings in prop::collection::vec(
                prop_oneof![Just("chunked"), Just("Chunked"), Just("gzip"), Just("identity"), Just("")],
                1..5,
            ),
            breaks in prop::collection::vec(any::<bool>(), 4),
        ) {
            let real: Vec<_> = codings.iter().filter(|it| !it.is_empty()).copied().collect();
            let chunked = real.iter().filter(|it| it.eq_ignore_ascii_case("chunked")).count();
            let last = real.last().is_some_and(|it| it.eq_ignore_ascii_case("chunked"));
            let mut fields = String::from("Transfer-Encoding: ");
            for (n, coding) in codings.iter().enumerate() {
                if n > 0 {
                    fields += if breaks[n - 1] { "\r\nTransfer-Encoding: " } else { ", " };
                }
                fields += coding;
            }
            fields += "\r\n";
            let expected = match (chunked, last, real.len()) {
                (1, true, 1) => Ok(Framing::Chunked),
                (1, true, _) => Err(ErrorKind::TransferCoding),
                _ => Err(ErrorKind::ChunkedNotLast),
            };
            let found = of_request(&fields, "1.1").map_err(|error| error.kind);
            prop_assert_eq!(found, expected, "{}", fields);
            let expected = match (chunked, last) {
                (0, _) | (1, false) => Ok(Framing::UntilClose),
                (1, true) => Ok(Framing::Chunked),
                _ => Err(ErrorKind::ChunkedNotLast),
            };
            let found = of_response("GET", "200 OK", &fields).map_err(|error| error.kind);
            prop_assert_eq!(found, expected, "{}", fields);
            let mut sent = BodyLength::NOTHING;
            for value in fields.split("\r\n").filter_map(|line| line.split_once(": ")) {
                sent.note(value.0.as_bytes(), value.1.as_bytes());
            }
            let may_be_sent = chunked == 1 && last;
            prop_assert_eq!(sent.framing().is_ok(), may_be_sent, "{}", fields);
        }
    }
}
