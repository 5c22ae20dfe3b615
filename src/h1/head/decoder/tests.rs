use super::*;
use crate::Fields;
use crate::h1::Version;
use alloc::format;
use alloc::string::String;
use proptest::prelude::*;

/// The result for a head, decoded at once and one byte per call.
fn verdict<L: StartLine>(wire: &[u8], config: Config) -> Option<Result<(), Error>> {
    let decode = |sizes: usize| {
        let mut decoder = Decoder::<L>::with_config(config);
        for mut piece in wire.chunks(sizes) {
            match decoder.decode(&mut piece) {
                Ok(Step::Item(head)) => {
                    assert_eq!(head.fields().count(), head.len());
                    return Some(Ok(()));
                }
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
        }
        None
    };
    let whole = decode(wire.len().max(1));
    assert_eq!(whole, decode(1), "{}", wire.escape_ascii());
    whole
}

fn fault<L: StartLine>(wire: &str) -> (ErrorKind, u64) {
    let error = verdict::<L>(wire.as_bytes(), Config::default()).unwrap().unwrap_err();
    (error.kind, error.at)
}

#[test]
fn request_heads_are_parsed() {
    let wire = b"POST /a?b HTTP/1.0\r\nHost:example.com\r\nX: \t a b \t\r\nx:\r\n\r\n";
    let mut decoder = RequestDecoder::new();
    let mut input = &wire[..];
    let Ok(Step::Item(head)) = decoder.decode(&mut input) else { panic!("it is whole") };
    assert_eq!((head.method(), head.target()), ("POST", "/a?b"));
    assert_eq!(head.version(), Version::Http10);
    assert_eq!(head.value_of("HOST"), Some(&b"example.com"[..]));
    assert_eq!(head.values_of("x").collect::<Vec<_>>(), [&b"a b"[..], b""]);
    assert_eq!(head.value_of("y"), None);
    assert_eq!(head.as_bytes(), wire);
    assert!(matches!(decoder.decode(&mut input), Ok(Step::Done)));
}

#[test]
fn response_heads_are_parsed() {
    for (line, reason) in [
        ("HTTP/1.1 200 OK", &b"OK"[..]),
        ("HTTP/1.1 200 ", b""),
        ("HTTP/1.1 200", b""),
        ("HTTP/1.1 200 caf\u{e9}", "caf\u{e9}".as_bytes()),
        ("HTTP/1.1 200  a b ", b" a b "),
    ] {
        let wire = format!("{line}\r\nA: b\r\n\r\n");
        let mut decoder = ResponseDecoder::new();
        let Ok(Step::Item(head)) = decoder.decode(&mut wire.as_bytes()) else { panic!("{line}") };
        assert_eq!((head.status(), head.reason(), head.len()), (200, reason, 1), "{line}");
    }
}

#[test]
fn each_fault_of_a_request_has_its_kind_and_offset() {
    for (wire, kind, at) in [
        ("\rGET / HTTP/1.1\r\n\r\n", ErrorKind::BareCr, 1),
        ("\nGET / HTTP/1.1\r\n\r\n", ErrorKind::Method, 0),
        ("\r\n\r\nGET / HTTP/1.1\r\n\r\n", ErrorKind::Method, 2),
        (" GET / HTTP/1.1\r\n\r\n", ErrorKind::Method, 0),
        ("G(T / HTTP/1.1\r\n\r\n", ErrorKind::Method, 1),
        ("GET\r\n\r\n", ErrorKind::Method, 3),
        ("GET  HTTP/1.1\r\n\r\n", ErrorKind::Target, 4),
        ("GET  / HTTP/1.1\r\n\r\n", ErrorKind::Target, 4),
        ("GET /\u{e9} HTTP/1.1\r\n\r\n", ErrorKind::Target, 5),
        ("GET /\x7f HTTP/1.1\r\n\r\n", ErrorKind::Target, 5),
        ("GET /\r\n\r\n", ErrorKind::Target, 5),
        ("GET /  HTTP/1.1\r\n\r\n", ErrorKind::Version, 6),
        ("GET / HTTP/2.0\r\n\r\n", ErrorKind::Version, 11),
        ("GET / HTTP/0.9\r\n\r\n", ErrorKind::Version, 11),
        ("GET / HTTP/1.10\r\n\r\n", ErrorKind::Version, 14),
        ("GET / HTTP/1.x\r\n\r\n", ErrorKind::Version, 13),
        ("GET /\r\nHost: a\r\n\r\n", ErrorKind::Target, 5),
        ("GET foo HTTP/1.1\r\n\r\n", ErrorKind::Target, 4),
        ("GET * HTTP/1.1\r\n\r\n", ErrorKind::Target, 4),
        ("GET /a#b HTTP/1.1\r\n\r\n", ErrorKind::Target, 6),
        ("GET http://u@a/ HTTP/1.1\r\n\r\n", ErrorKind::Target, 11),
        ("CONNECT a HTTP/1.1\r\n\r\n", ErrorKind::Target, 9),
        ("CONNECT / HTTP/1.1\r\n\r\n", ErrorKind::Target, 8),
        ("OPTIONS foo bar\r\n\r\n", ErrorKind::Target, 8),
        ("\x16\x03\x01\x02\0\x01\0\x01", ErrorKind::Method, 0),
        ("GET / HTTP/1.1 \r\n\r\n", ErrorKind::Version, 14),
        ("GET / HTTP/1.1\n\n", ErrorKind::BareLf, 14),
        ("GET / HTTP/1.1\r\nA: b\n\r\n", ErrorKind::BareLf, 20),
        ("GET / HTTP/1.1\r\nA: b\r\n\n", ErrorKind::BareLf, 22),
        ("GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", ErrorKind::BareLf, 20),
        ("GET / HTTP/1.1\r\r\n\r\n", ErrorKind::BareCr, 15),
        ("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", ErrorKind::BareCr, 21),
        ("GET / HTTP/1.1\r\n A: b\r\n\r\n", ErrorKind::ObsFold, 16),
        ("GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n", ErrorKind::ObsFold, 22),
        ("GET / HTTP/1.1\r\n: b\r\n\r\n", ErrorKind::FieldName, 16),
        ("GET / HTTP/1.1\r\nA\r\n\r\n", ErrorKind::FieldName, 17),
        ("GET / HTTP/1.1\r\nA b: c\r\n\r\n", ErrorKind::FieldName, 17),
        ("GET / HTTP/1.1\r\nA \r\n\r\n", ErrorKind::FieldName, 17),
        ("GET / HTTP/1.1\r\nA \t: c\r\n\r\n", ErrorKind::SpaceBeforeColon, 17),
        ("GET / HTTP/1.1\r\nA : b\r\n\r\n", ErrorKind::SpaceBeforeColon, 17),
        ("GET / HTTP/1.1\r\nA(: b\r\n\r\n", ErrorKind::FieldName, 17),
        ("GET / HTTP/1.1\r\nA: \0\r\n\r\n", ErrorKind::FieldValue, 19),
        ("GET / HTTP/1.1\r\nA: b\x7f\r\n\r\n", ErrorKind::FieldValue, 20),
    ] {
        assert_eq!(fault::<RequestLine>(wire), (kind, at), "{wire:?}");
    }
}

#[test]
fn each_fault_of_a_response_has_its_kind_and_offset() {
    for (wire, kind, at) in [
        ("\r\nHTTP/1.1 200 OK\r\n\r\n", ErrorKind::Version, 0),
        ("HTPT/1.1 200 OK\r\n\r\n", ErrorKind::Version, 2),
        ("HTTP/1.1\r\n\r\n", ErrorKind::Status, 8),
        ("HTTP/1.1  200\r\n\r\n", ErrorKind::Status, 9),
        ("HTTP/1.1 099 OK\r\n\r\n", ErrorKind::Status, 9),
        ("HTTP/1.1 20\r\n\r\n", ErrorKind::Status, 11),
        ("HTTP/1.1 2000\r\n\r\n", ErrorKind::Status, 12),
        ("HTTP/1.1 200\tOK\r\n\r\n", ErrorKind::Status, 12),
        ("HTTP/1.1 200 O\0\r\n\r\n", ErrorKind::Reason, 14),
        ("HTTP/1.1 200 OK\n\n", ErrorKind::BareLf, 15),
        ("HTTP/1.1 200 OK\rA: b\r\n\r\n", ErrorKind::BareCr, 16),
        ("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", ErrorKind::ObsFold, 23),
    ] {
        assert_eq!(fault::<StatusLine>(wire), (kind, at), "{wire:?}");
    }
}

#[test]
fn limits_do_not_depend_on_the_cut() {
    let wire = b"GET / HTTP/1.1\r\nA: b\r\n\r\n";
    let limit = |head| Config { head: Some(head), ..Config::default() };
    assert_eq!(verdict::<RequestLine>(wire, limit(wire.len())), Some(Ok(())));
    let long = Error::new(ErrorKind::HeadTooLong, 23);
    assert_eq!(verdict::<RequestLine>(wire, limit(23)), Some(Err(long)));

    for (fields, limit) in [(3, 3), (80, 80), (80, 1000)] {
        let wire = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(fields));
        let limits = |fields| Config { fields, ..Config::default() };
        assert_eq!(verdict::<RequestLine>(wire.as_bytes(), limits(Some(limit))), Some(Ok(())));
        assert_eq!(verdict::<RequestLine>(wire.as_bytes(), limits(None)), Some(Ok(())));
        let many = Error::new(ErrorKind::TooManyFields, 16 + 6 * (fields as u64 - 1));
        let verdict = verdict::<RequestLine>(wire.as_bytes(), limits(Some(fields - 1)));
        assert_eq!(verdict, Some(Err(many)));
    }
}

/// The decoder refuses a head at its last byte, and not before.
fn is_refused_at_its_last_byte<L: StartLine>(wire: &[u8], error: Error) {
    assert_eq!(verdict::<L>(wire, Config::default()), Some(Err(error)));
    assert_eq!(verdict::<L>(&wire[..wire.len() - 1], Config::default()), None);
}

#[test]
fn a_start_line_is_checked_as_it_arrives() {
    for (wire, kind, at) in [
        // A TLS ClientHello.
        (&b"\x16"[..], ErrorKind::Method, 0),
        (b"\r\n\x16", ErrorKind::Method, 2),
        (b"GET /\r", ErrorKind::Target, 5),
        (b"GET /\n", ErrorKind::Target, 5),
        (b"GET foo ", ErrorKind::Target, 4),
        (b"GET /a#", ErrorKind::Target, 6),
        (b"GET / G", ErrorKind::Version, 6),
        (b"GET / HTTP/2", ErrorKind::Version, 11),
        (b"GET / HTTP/1.1 ", ErrorKind::Version, 14),
        (b"GET / HTTP/1.1\n", ErrorKind::BareLf, 14),
        (b"GET / HTTP/1.1\rx", ErrorKind::BareCr, 15),
    ] {
        is_refused_at_its_last_byte::<RequestLine>(wire, Error::new(kind, at));
    }
    for (wire, kind, at) in [
        (&b"x"[..], ErrorKind::Version, 0),
        (b"HTTP/1.1 2x", ErrorKind::Status, 10),
        (b"HTTP/1.1 2000", ErrorKind::Status, 12),
        (b"HTTP/1.1 200 O\0", ErrorKind::Reason, 14),
        (b"HTTP/1.1 200\rx", ErrorKind::BareCr, 13),
        (b"HTTP/1.1 200 \rx", ErrorKind::BareCr, 14),
        (b"HTTP/1.1 200 a long reason\n", ErrorKind::BareLf, 26),
    ] {
        is_refused_at_its_last_byte::<StatusLine>(wire, Error::new(kind, at));
    }
}

#[test]
fn a_head_begins_with_its_first_byte_after_a_skipped_crlf() {
    let mut decoder = RequestDecoder::new();
    for (wire, begun) in [("\r", false), ("\n", false), ("G", true)] {
        assert!(matches!(decoder.decode(&mut wire.as_bytes()), Ok(Step::NeedInput)));
        assert_eq!(decoder.has_begun(), begun, "{wire:?}");
    }
}

#[test]
fn a_higher_minor_version_is_read_as_1_1() {
    for minor in 0..=9 {
        let wire = format!("GET / HTTP/1.{minor}\r\n\r\n");
        let mut decoder = RequestDecoder::new();
        let Ok(Step::Item(head)) = decoder.decode(&mut wire.as_bytes()) else { panic!("{wire}") };
        let expected = if minor == 0 { Version::Http10 } else { Version::Http11 };
        assert_eq!(head.version(), expected, "{wire}");
    }
}

/// The fields of a response, decoded at once and one byte per call.
fn fields_of(wire: &str, config: Config) -> Result<Vec<(String, String)>, Error> {
    let fields = |sizes: usize| {
        let mut decoder = ResponseDecoder::with_config(config);
        for mut piece in wire.as_bytes().chunks(sizes) {
            if let Step::Item(head) = decoder.decode(&mut piece)? {
                let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
                return Ok(head.fields().map(|it| (it.name.into(), text(it.value))).collect());
            }
        }
        panic!("{wire:?} is whole");
    };
    let whole = fields(wire.len());
    assert_eq!(whole, fields(1), "{wire:?}");
    whole
}

#[test]
fn folds_are_joined_only_if_allowed() {
    let config = Config { allow_folds: true, ..Config::default() };
    for (lines, value) in [
        ("A: b\r\n c\r\n", "b   c"),
        ("A: b \t\r\n\t\tc\r\n", "b      c"),
        ("A:\r\n b\r\n", "b"),
        ("A: b\r\n \r\n", "b"),
        ("A: b\r\n c\r\n\td\r\n", "b   c   d"),
    ] {
        for other in ["", "X: y\r\n"] {
            let wire = format!("HTTP/1.1 200 OK\r\n{other}{lines}{other}\r\n");
            let found = fields_of(&wire, config).unwrap();
            let folded = found.iter().find(|field| field.0 == "A").unwrap();
            assert_eq!((found.len(), &*folded.1), (1 + other.len() / 3, value), "{wire:?}");
            let strict = fields_of(&wire, Config::default()).unwrap_err();
            assert_eq!(strict.kind, ErrorKind::ObsFold);
        }
    }
    // Not after the start line, and other faults remain faults.
    for (fields, kind, at) in [
        (" A: b\r\n", ErrorKind::ObsFold, 17),
        (" A: b\r\nC: d\r\n e\r\n", ErrorKind::ObsFold, 17),
        ("A: b\r\n c\n d\r\n", ErrorKind::BareLf, 25),
        ("A: b\r\r\n c\r\n", ErrorKind::BareCr, 22),
        ("A: b\r\n c\0\r\n", ErrorKind::FieldValue, 25),
        ("A: b\r\n c\r\nd\r\n", ErrorKind::FieldName, 28),
    ] {
        let wire = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
        assert_eq!(fields_of(&wire, config), Err(Error::new(kind, at)), "{wire:?}");
    }
}

#[test]
fn blanks_before_a_colon_are_skipped_only_if_allowed() {
    let config = Config { allow_space_before_colon: true, ..Config::default() };
    for line in ["A :b", "A\t : b"] {
        let wire = format!("HTTP/1.1 200 OK\r\n{line}\r\n\r\n");
        assert_eq!(fields_of(&wire, config).unwrap(), [("A".into(), "b".into())]);
        let strict = fields_of(&wire, Config::default()).unwrap_err();
        assert_eq!((strict.kind, strict.at), (ErrorKind::SpaceBeforeColon, 18));
    }
    let two = fields_of("HTTP/1.1 200 OK\r\nA B: c\r\n\r\n", config).unwrap_err();
    assert_eq!((two.kind, two.at), (ErrorKind::FieldName, 18));
}

#[test]
fn a_low_status_is_read_as_a_5xx_only_if_allowed() {
    let config = Config { allow_low_status: true, ..Config::default() };
    for (line, status) in [("000", 500), ("099", 599), ("100", 100), ("200", 200)] {
        let wire = format!("HTTP/1.1 {line} x\r\n\r\n");
        let mut decoder = ResponseDecoder::with_config(config);
        let Ok(Step::Item(head)) = decoder.decode(&mut wire.as_bytes()) else { panic!("{wire}") };
        assert_eq!((head.status(), head.reason()), (status, &b"x"[..]));
    }
    assert_eq!(fault::<StatusLine>("HTTP/1.1 099 x\r\n\r\n"), (ErrorKind::Status, 9));
}

#[test]
fn release_frees_all_memory() {
    let mut decoder = RequestDecoder::new();
    for piece in ["GET / HTTP/1.1\r\nA: b", "\r\n\r\n"] {
        let _ = decoder.decode(&mut piece.as_bytes()).unwrap();
    }
    decoder.release();
    assert_eq!((decoder.spans.capacity(), decoder.carry.bytes().len()), (0, 0));
}

#[test]
fn an_end_of_stream_inside_a_head_is_an_error() {
    assert!(RequestDecoder::new().finish().unwrap().is_none());
    let mut decoder = RequestDecoder::new();
    assert!(matches!(decoder.decode(&mut &b"\r\n"[..]), Ok(Step::NeedInput)));
    assert!(decoder.finish().unwrap().is_none());
    assert!(matches!(decoder.decode(&mut &b"GET"[..]), Ok(Step::Done)));
    for (wire, at) in [("\r", 1), ("\r\nG", 3), ("GET /", 5)] {
        let mut decoder = RequestDecoder::new();
        assert!(matches!(decoder.decode(&mut wire.as_bytes()), Ok(Step::NeedInput)));
        let error = decoder.finish().unwrap_err();
        assert_eq!((error.kind, error.at), (ErrorKind::Truncated, at));
        assert_eq!(decoder.finish().unwrap_err(), error);
    }
}

fn heads() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just(String::from("GET / HTTP/1.1\r\n")),
        Just(String::from("HTTP/1.1 200 OK\r\n")),
        "[A-Z(]{0,3} {0,2}[/a \u{e9}]{0,3} {0,2}HTTP/[12]\\.[0-2]( |\r|)\r?\n",
        "HTTP/1\\.[0-2] {0,2}[0-9]{2,4}( [a\u{e9}\x01]{0,2})?\r?\n",
    ];
    let field = prop_oneof![
        4 => Just(String::from("Host: a\r\n")),
        4 => "[a-z-]{1,12}[a-z(_]: {0,2}[ -~]{0,20}[ -~\t\u{1}\u{7f}\u{e9}][a-z]{0,9} ?\r\n",
        1 => "[ a(]{0,2} ?:?[ \ta\r\u{1}\u{7f}\u{e9}]{0,3}\r?\n",
    ];
    let end = prop_oneof![4 => Just("\r\n"), 1 => Just("\n"), 1 => Just("\r\r\n\r\n")];
    (line, prop::collection::vec(field, 0..4), end, prop::option::of((0usize..40, any::<u8>())))
        .prop_map(|(line, fields, end, change)| {
            let mut wire = format!("{line}{}{end}", fields.concat()).into_bytes();
            if let Some((at, byte)) = change {
                let at = at % wire.len();
                wire[at] = byte;
            }
            wire
        })
}

/// The names and values of fields.
type Naive = Vec<(String, Vec<u8>)>;

/// The fields of a valid head whose start line satisfies `is_line`, with a simple and slow parser.
fn naive(head: &[u8], is_line: fn(&[u8]) -> bool) -> Option<Naive> {
    let head = String::from_utf8_lossy(head).into_owned(); // invalid UTF-8 remains obs-text
    let mut lines = head.strip_suffix("\r\n\r\n")?.split("\r\n");
    let is_value = |text: &str| text.bytes().all(scan::is_field_value);
    if !is_line(lines.next()?.as_bytes()) {
        return None;
    }
    lines
        .map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_name = !name.is_empty() && name.bytes().all(scan::is_token);
            let value = is_value(value).then(|| value.trim_matches([' ', '\t']))?;
            is_name.then(|| (name.into(), value.into()))
        })
        .collect()
}

fn is_request_line(line: &[u8]) -> bool {
    let parts: Vec<_> = line.split(|byte| *byte == b' ').collect();
    let [method, target, version] = parts[..] else { return false };
    let is_byte = |byte: &u8| byte.is_ascii_graphic() && !b"\"#<>".contains(byte);
    let is_target = target.starts_with(b"/") && target.iter().all(is_byte);
    let is_method = !method.is_empty() && method.iter().copied().all(scan::is_token);
    is_method && is_target && is_version(version)
}

fn is_version(version: &[u8]) -> bool {
    matches!(version, [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor] if minor.is_ascii_digit())
}

fn is_status_line(line: &[u8]) -> bool {
    let Some((version, rest)) = line.split_at_checked(9) else { return false };
    let Some((status, reason)) = rest.split_at_checked(3) else { return false };
    version.strip_suffix(b" ").is_some_and(is_version)
        && status[0] != b'0'
        && status.iter().all(u8::is_ascii_digit)
        && matches!(reason, [] | [b' ', ..])
        && reason.iter().copied().all(scan::is_field_value)
}

proptest! {
    /// The fast parser gives the same result as a reader that checks one byte after another.
    #[test]
    fn the_parser_agrees_with_a_naive_reader(wire in heads()) {
        fn compare<L: StartLine>(
            wire: &[u8],
            is_line: fn(&[u8]) -> bool,
        ) -> Result<(), TestCaseError> {
            let Some(end) = Search::Line.find_end(wire) else { return Ok(()) };
            let head = &wire[..end];
            let mut spans = Vec::new();
            let parsed = super::head::<L>(&mut Parser::new(head, &Config::default()), &mut spans);
            let found = parsed.ok().map(|line| {
                let head = Head::new(head, &spans, 0, line);
                let lossy = |value| String::from_utf8_lossy(value).into_owned().into_bytes();
                head.fields().map(|field| (field.name.into(), lossy(field.value))).collect()
            });
            prop_assert_eq!(found, naive(head, is_line), "{}", head.escape_ascii());
            verdict::<L>(wire, Config::default());
            Ok(())
        }
        compare::<RequestLine>(&wire, is_request_line)?;
        compare::<StatusLine>(&wire, is_status_line)?;
    }
}
