use super::*;
use alloc::vec::Vec;
use alloc::{format, string::String};

/// All items of chunked content, with adjacent pieces joined, decoded at once and one byte per call.
fn decode(decoder: &Decoder, wire: &[u8]) -> (Vec<String>, Result<usize, Error>) {
    let run = |size: usize| {
        let mut decoder = decoder.clone();
        let (mut items, mut used) = (Vec::<(char, Vec<u8>)>::new(), 0);
        for piece in wire.chunks(size) {
            let mut input = piece;
            let end = loop {
                let (tag, bytes) = match decoder.decode(&mut input) {
                    Ok(Step::Item(Item::Chunk(size))) => ('#', size.to_string().into_bytes()),
                    Ok(Step::Item(Item::Extension(piece))) => (';', piece.to_vec()),
                    Ok(Step::Item(Item::Data(piece))) => ('=', piece.to_vec()),
                    Ok(Step::Item(Item::Trailers(piece))) => ('t', piece.to_vec()),
                    Ok(Step::NeedInput) => break None,
                    Ok(Step::Done) => break Some(Ok(used + piece.len() - input.len())),
                    Err(error) => break Some(Err(error)),
                };
                match items.last_mut() {
                    Some((last, joined)) if *last == tag && tag != '#' => joined.extend(bytes),
                    _ => items.push((tag, bytes)),
                }
            };
            used += piece.len();
            if let Some(end) = end {
                let show = |(tag, bytes): (char, Vec<u8>)| format!("{tag}{}", bytes.escape_ascii());
                return (items.into_iter().map(show).collect(), end);
            }
        }
        (Vec::new(), decoder.finish().map(|_| used))
    };
    let whole = run(wire.len().max(1));
    assert_eq!(whole, run(1), "{}", wire.escape_ascii());
    whole
}

#[test]
fn chunked_content_is_decoded() {
    for (wire, items) in [
        ("0\r\n\r\n", &["#0"][..]),
        ("5\r\nhello\r\n0\r\n\r\n", &["#5", "=hello", "#0"]),
        ("1\r\na\r\nA\r\n0123456789\r\n00\r\n\r\n", &["#1", "=a", "#10", "=0123456789", "#0"]),
        ("1;a\r\nx\r\n0;b=c\r\n\r\n", &[";;a", "#1", "=x", ";;b=c", "#0"]),
        ("1;a=\"\\\"\"\r\nx\r\n0\r\n\r\n", &[";;a=\\\"\\\\\\\"\\\"", "#1", "=x", "#0"]),
        ("0\r\nA: b\r\nC:\r\n\r\n", &["#0", "tA: b\\r\\nC:\\r\\n"]),
        ("0000000000000001\r\nx\r\n0\r\n\r\n", &["#1", "=x", "#0"]),
    ] {
        let (found, end) = decode(&Decoder::new(), wire.as_bytes());
        assert_eq!((found, end), (items.iter().map(ToString::to_string).collect(), Ok(wire.len())));
        // The bytes after the end belong to the next message.
        let (found, end) = decode(&Decoder::new(), format!("{wire}GET").as_bytes());
        assert_eq!((found.len(), end), (items.len(), Ok(wire.len())));
    }
}

#[test]
fn each_fault_has_its_kind_and_offset() {
    use ErrorKind::*;
    for (wire, kind, at) in [
        ("\r\n", ChunkSize, 0),
        (" 5\r\n", ChunkSize, 0),
        ("+5\r\n", ChunkSize, 0),
        ("-1\r\n", ChunkSize, 0),
        ("0x5\r\n", ChunkSize, 1),
        ("1_0\r\n", ChunkSize, 1),
        ("5\u{664}\r\n", ChunkSize, 1),
        ("10000000000000000\r\n", ChunkSizeTooLong, 16),
        ("00000000000000005\r\n", ChunkSizeTooLong, 16),
        ("5 \r\n", ChunkLineEnd, 1),
        ("5\t;a\r\n", ChunkLineEnd, 1),
        ("5\n", ChunkLineEnd, 1),
        ("5\rx", ChunkLineEnd, 2),
        ("5;\r\n", ChunkExtension, 2),
        ("5;;\r\n", ChunkExtension, 2),
        ("5; a\r\n", ChunkExtension, 2),
        ("5;a \r\n", ChunkExtension, 3),
        ("5;a=\r\n", ChunkExtension, 4),
        ("5;a=\"b\r\n", ChunkExtension, 6),
        ("5;a=\"b\"c\r\n", ChunkExtension, 7),
        ("5;a\n", ChunkExtension, 3),
        ("5;a\0\r\n", ChunkExtension, 3),
        ("5;a=\"\n\"\r\n", ChunkExtension, 5),
        ("5;a\rb", ChunkLineEnd, 4),
        ("1\r\nxy\r\n", ChunkDataEnd, 4),
        ("1\r\nx\n", ChunkDataEnd, 4),
        ("1\r\nx\rx", ChunkDataEnd, 5),
        ("0\r\n A: b\r\n", ObsFold, 3),
        ("0\r\n\n", BareLf, 3),
        ("0\r\n\rx", BareCr, 4),
        ("0\r\nA\r\n", FieldName, 4),
        ("0\r\n: b\r\n", FieldName, 3),
        ("0\r\nA : b\r\n", SpaceBeforeColon, 4),
        ("0\r\nA: \0\r\n", FieldValue, 6),
        ("0\r\nA: b\n", BareLf, 7),
        ("0\r\nA: b\rC", BareCr, 8),
    ] {
        let error = decode(&Decoder::new(), wire.as_bytes()).1.unwrap_err();
        assert_eq!((error.kind, error.at), (kind, at), "{wire:?}");
    }
    for wire in ["", "5", "5\r\nhell", "5\r\nhello\r\n", "0\r\n", "0\r\nA: b\r\n\r"] {
        let error = decode(&Decoder::new(), wire.as_bytes()).1.unwrap_err();
        assert_eq!((error.kind, error.at), (Truncated, wire.len() as u64), "{wire:?}");
    }
}

fn lenient() -> Decoder {
    Decoder::with_config(Config { allow_blanks: true, ..Config::default() })
}

#[test]
fn blanks_are_accepted_only_if_allowed() {
    for wire in ["5 \r\nhello\r\n0\r\n\r\n", "5 ; a = b ;c \r\nhello\r\n0\r\n\r\n"] {
        assert!(decode(&Decoder::new(), wire.as_bytes()).1.is_err());
        assert!(decode(&lenient(), wire.as_bytes()).1.is_ok());
    }
    for wire in ["5 5\r\n", "5 ;\r\n", " 5\r\n", "5\r \n"] {
        assert!(decode(&lenient(), wire.as_bytes()).1.is_err(), "{wire}");
    }
}

#[test]
fn extensions_are_limited_in_proportion_to_the_data() {
    let limited = |overhead| Decoder::with_config(Config { overhead, ..Config::default() });
    let chunk = "1;abcdefghijklmnopqrstuvwxyz\r\nx\r\n"; // 27 bytes of extension, 18 granted
    let flood = chunk.repeat(20) + "0\r\n\r\n";
    // After n chunks the excess is 9n bytes; the 27 bytes of the twelfth do not fit beside 99.
    let error = decode(&limited(Some(120)), flood.as_bytes()).1.unwrap_err();
    let at = 11 * chunk.len() as u64 + 1 + 120 - 99;
    assert_eq!((error.kind, error.at), (ErrorKind::ChunkOverhead, at));
    assert!(decode(&limited(None), flood.as_bytes()).1.is_ok());
    let stream = "20;abcdefghijklmnopqrstuvwxyz\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n".repeat(99);
    assert!(decode(&limited(Some(27)), (stream + "0\r\n\r\n").as_bytes()).1.is_ok());
}

#[test]
fn trailers_are_limited() {
    let limited = |trailers| Decoder::with_config(Config { trailers, ..Config::default() });
    let wire = b"0\r\nA: b\r\n\r\n";
    assert!(decode(&limited(Some(6)), wire).1.is_ok());
    let error = decode(&limited(Some(5)), wire).1.unwrap_err();
    assert_eq!((error.kind, error.at), (ErrorKind::TrailersTooLong, 8));
}

#[test]
fn chunk_headers_of_every_length_are_written() {
    for digits in 1..=16 {
        for size in [0x1234_5678_9abc_def0_u64, 0xf0e1_d2c3_b4a5_9687, 0x99aa_99aa_99aa_99aa] {
            for size in [size >> (64 - 4 * digits), 1 << (4 * digits - 1), !0 >> (64 - 4 * digits)]
            {
                let said = format!("{size:x}\r\n");
                assert_eq!(chunk_header(size).unwrap().as_ref(), said.as_bytes());
            }
        }
    }
}

#[test]
fn chunk_headers_are_written() {
    for (size, wire) in [(1, "1\r\n"), (0x1ac, "1ac\r\n"), (u64::MAX, "ffffffffffffffff\r\n")] {
        assert_eq!(chunk_header(size).unwrap().as_ref(), wire.as_bytes());
    }
    assert_eq!(chunk_header(0), None);
}

#[test]
fn invalid_extensions_and_trailers_are_not_written() {
    use crate::kernel::grammar::{Parameter, Value};
    use crate::{ApiMisuse, SendError};
    let mut out = Vec::new();
    let mut refused = |data: &[u8], name: &[u8], value| {
        let result = encode_chunk(data, &[Parameter { name, value }], &mut out);
        assert!(out.is_empty());
        result.unwrap_err()
    };
    assert_eq!(refused(b"", b"a", None), SendError::Misuse(ApiMisuse::EmptyChunk));
    assert_eq!(refused(b"x", b"a b", None), SendError::Misuse(ApiMisuse::FieldName));
    for value in
        [Value::Token(b"a\r\n"), Value::Token(b""), Value::Quoted(b"\""), Value::Quoted(b"\\")]
    {
        assert_eq!(refused(b"x", b"a", Some(value)), SendError::Misuse(ApiMisuse::FieldValue));
    }
    let evil = [("A", "b\r\nC: d")];
    assert_eq!(encode_end(&evil, &mut out), Err(SendError::Misuse(ApiMisuse::FieldValue)));
    let mut room = [0; 9];
    assert_eq!(encode_chunk(b"hello", &[], &mut &mut room[..]), Err(SendError::Full));
}

#[test]
fn counting_unlimited_trailers_does_not_overflow() {
    let config = Config { trailers: None, ..Config::default() };
    let mut decoder = Decoder { trailers: u32::MAX - 2, ..Decoder::with_config(config) };
    let mut input: &[u8] = b"0\r\nA: b\r\n\r\n";
    while let Step::Item(_) = decoder.decode(&mut input).unwrap() {}
    assert_eq!(decoder.decode(&mut input), Ok(Step::Done));
}

#[test]
fn the_decoder_is_small() {
    assert!(size_of::<Decoder>() <= 128);
}
