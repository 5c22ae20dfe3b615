use super::*;
use crate::ws::frame::Header;
use crate::ws::{ClientRole, ServerRole, mask};
use alloc::{vec, vec::Vec};

type Key = fn(&mut [u8]);

/// What a client's side makes of a stream at every size of pieces, which must not differ.
fn decode(limits: Config, wire: &[u8]) -> (Vec<Vec<u8>>, Option<(ErrorKind, u64)>) {
    let run = |size: usize| {
        let mut decoder = Decoder::<ClientRole<Key>>::with_config(limits);
        let mut items = Vec::new();
        for piece in wire.chunks(size) {
            let mut piece = piece.to_vec();
            let mut input = &mut piece[..];
            loop {
                match decoder.decode(&mut input) {
                    Ok(Step::Item(Item::Text(text))) => items.push(text.into_string().into_bytes()),
                    Ok(Step::Item(Item::Binary(bytes))) => items.push(bytes.into_vec()),
                    Ok(Step::Item(Item::Ping(payload) | Item::Pong(payload))) => {
                        items.push(payload.to_vec());
                    }
                    Ok(Step::Item(Item::Close(close))) => items.push(close.reason.into()),
                    Ok(Step::NeedInput) => break,
                    Ok(Step::Done) => return (items, None),
                    Err(error) => {
                        assert_eq!(decoder.decode(&mut input), Err(error));
                        return (items, Some((error.kind, error.at)));
                    }
                }
            }
        }
        let error = decoder.finish().err().map(|error| (error.kind, error.at));
        (items, error)
    };
    let whole = run(wire.len());
    for size in 1..wire.len() {
        assert_eq!(whole, run(size), "{size}: {}", wire.escape_ascii());
    }
    whole
}

#[test]
fn each_fault_has_its_name_and_place() {
    use ErrorKind::*;
    for (wire, expected) in [
        (&b"\x88\x00"[..], None),
        (b"\x88\x02\x03\xe8", None),
        (b"\x01\x01a\x89\x00\x80\x01b\x88\x00", None),
        (b"\x81\x00", Some((Truncated, 2))),
        (b"\x81\x01\xff", Some((Utf8, 2))),
        (b"\x01\x02a\xff\x80\x00", Some((Utf8, 3))),
        // Bad in an unfinished frame, and in a later fragment.
        (b"\x81\x7e\x01\x00ab\xed\xa0", Some((Utf8, 7))),
        (b"\x01\x01\xe2\x80\x01(", Some((Utf8, 5))),
        // A text that ends inside a character.
        (b"\x81\x01\xe2\x88\x00", Some((Utf8, 3))),
        (b"\x01\x01\xe2\x80\x00", Some((Utf8, 5))),
        // Surrogates, overlong forms, above U+10FFFF.
        (b"\x81\x03\xed\xa0\x80", Some((Utf8, 3))),
        (b"\x81\x02\xc0\x80", Some((Utf8, 2))),
        (b"\x81\x04\xf4\x90\x80\x80", Some((Utf8, 3))),
        (b"\x88\x01\x03", Some((CloseLength, 2))),
        (b"\x88\x02\x03\xed", Some((CloseCode, 2))),
        (b"\x88\x02\x00\x00", Some((CloseCode, 2))),
        (b"\x88\x04\x03\xe8a\xff", Some((Utf8, 5))),
        (b"\x88\x04\x03\xe8a\xe2", Some((Utf8, 6))),
    ] {
        assert_eq!(decode(Config::DEFAULT, wire).1, expected, "{}", wire.escape_ascii());
    }
}

#[test]
fn limits_are_judged_at_the_header() {
    use ErrorKind::*;
    let limits = Config { frame: Some(200), message: Some(300) };
    for (wire, expected) in [
        (vec![0x82, 0x7e, 0, 201], (FrameTooLong, 2)),
        (vec![0x82, 0x7f, 0, 0, 1, 0, 0, 0, 0, 0], (FrameTooLong, 2)),
        ([&[0x02, 0x7e, 0, 200][..], &[0; 200], &[0x80, 101]].concat(), (MessageTooLong, 205)),
        ([&[0x01, 0x7e, 0, 200][..], &[b'a'; 200], &[0x80, 101]].concat(), (MessageTooLong, 205)),
    ] {
        assert_eq!(decode(limits, &wire).1, Some(expected));
    }
    let fits = [&[0x02, 0x7e, 0, 200][..], &[0; 200], &[0x80, 100], &[0; 100]].concat();
    assert_eq!(decode(limits, &fits).0[0].len(), 300);
    let none = Config { frame: None, message: None };
    let huge = [0x82, 0x7f, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3];
    assert_eq!(decode(none, &huge).1, Some((Truncated, 13)));
}

#[test]
fn a_whole_message_is_borrowed_and_a_joined_one_is_taken() {
    let mut decoder = Decoder::<ServerRole>::new();
    let mut wire = *b"\x82\x83\0\0\0\0abc\x02\x81\0\0\0\0d\x80\x81\0\0\0\0e";
    let place = wire[6..].as_ptr();
    let mut input = &mut wire[..];
    let Ok(Step::Item(Item::Binary(Binary::Input(bytes)))) = decoder.decode(&mut input) else {
        panic!("it lies whole in the input")
    };
    assert_eq!((bytes.as_ptr(), bytes.as_ptr_range().end), (place, input.as_ptr()));
    let Ok(Step::Item(Item::Binary(binary))) = decoder.decode(&mut input) else {
        panic!("it is joined")
    };
    let place = binary.as_ptr();
    let taken = binary.into_vec();
    assert_eq!((&taken[..], taken.as_ptr()), (&b"de"[..], place));
}

#[test]
fn masked_messages_at_every_cut() {
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let mut payload = "h\u{e9}llo w\u{f6}rld \u{1f600}".repeat(20).into_bytes();
    let text = payload.clone();
    mask(&mut payload, key);
    let header = Header {
        fin: true,
        compressed: false,
        opcode: Opcode::Text,
        mask: Some(key),
        len: payload.len() as u64,
    };
    let wire = [header.encode().as_ref(), &payload].concat();
    for cut in 0..=wire.len() {
        let mut decoder = Decoder::<ServerRole>::new();
        let mut wire = wire.clone();
        let (mut head, mut tail) = wire.split_at_mut(cut);
        let mut seen = 0;
        for input in [&mut head, &mut tail] {
            while let Ok(Step::Item(Item::Text(found))) = decoder.decode(input) {
                assert_eq!(found.as_bytes(), text);
                seen += 1;
            }
        }
        assert_eq!(seen, 1, "cut at {cut}");
    }
}

#[test]
fn a_large_buffer_is_given_back() {
    let mut decoder = Decoder::<ClientRole<Key>>::new();
    for first in [1, 2] {
        let mut wire = [&[first, 0x7e, 0x20, 0][..], &[b'a'; 0x2000], &[0x80, 0]].concat();
        assert!(matches!(decoder.decode(&mut &mut wire[..]), Ok(Step::Item(_))));
    }
    assert!(decoder.assembler.capacity() >= 2 * 0x2000);
    decoder.release();
    assert_eq!(decoder.assembler.capacity(), 0);
}

#[cfg(feature = "deflate")]
mod compressed {
    use super::*;
    use crate::ws::deflate::{self, Deflater, Inflater};
    use crate::ws::frame::Header;

    fn decoder(limits: Config) -> Decoder<ClientRole<Key>> {
        Decoder::with_config(limits).with_inflater(Inflater::new(true))
    }

    /// 100,000 bytes in a single frame of a few hundred.
    fn wire() -> Vec<u8> {
        let mut payload = Vec::new();
        Deflater::new(deflate::Config::default()).deflate(&[7; 100_000], &mut payload);
        let len = payload.len() as u64;
        let header =
            Header { fin: true, compressed: true, opcode: Opcode::Binary, mask: None, len };
        [header.encode().as_ref(), &payload].concat()
    }

    #[test]
    fn what_is_left_of_a_message_in_parts_is_joined() {
        for taken in 0..8 {
            let (mut decoder, mut wire) = (decoder(Config::default()), wire());
            let (mut input, mut len) = (&mut wire[..], 0);
            for _ in 0..taken {
                match decoder.decode_part(&mut input) {
                    Ok(Step::Item(Part::Binary(piece))) => len += piece.len(),
                    Ok(Step::Item(Part::Start(Kind::Binary))) => {}
                    other => panic!("{other:?}"),
                }
            }
            let Ok(Step::Item(Item::Binary(rest))) = decoder.decode(&mut input) else { panic!() };
            assert_eq!(len + rest.len(), 100_000, "after {taken} parts");
            assert!(rest.iter().all(|byte| *byte == 7) && input.is_empty());
        }
    }

    #[test]
    fn a_message_in_parts_keeps_the_limit_to_the_byte() {
        for limit in [0, 1, 16 << 10, 99_999] {
            let limits = Config { message: Some(limit), ..Config::default() };
            let (mut decoder, mut wire) = (decoder(limits), wire());
            let (mut input, mut len) = (&mut wire[..], 0);
            let error = loop {
                match decoder.decode_part(&mut input) {
                    Ok(Step::Item(Part::Binary(piece))) => len += piece.len(),
                    Ok(Step::Item(Part::Start(Kind::Binary))) => {}
                    Ok(other) => panic!("{other:?}"),
                    Err(error) => break error,
                }
            };
            assert_eq!((len, error.kind), (limit, ErrorKind::MessageTooLong));
        }
    }
}

#[test]
fn plain_parts_count_towards_the_limit() {
    let limits = Config { message: Some(5), ..Config::default() };
    let mut decoder = Decoder::<ClientRole<Key>>::with_config(limits);
    let mut wire = *b"\x02\x03abc\x80\x03def";
    let mut input = &mut wire[..];
    assert_eq!(decoder.decode_part(&mut input), Ok(Step::Item(Part::Start(Kind::Binary))));
    assert_eq!(decoder.decode_part(&mut input), Ok(Step::Item(Part::Binary(b"abc"))));
    let error = decoder.decode_part(&mut input).unwrap_err();
    assert_eq!((error.kind, error.at), (ErrorKind::MessageTooLong, 6));
}

/// Frames of every kind of length, as a server sends and as a client does.
fn frames(masked: bool) -> Vec<Vec<u8>> {
    let key = masked.then_some([1, 20, 100, 255]);
    let of = |len: usize| {
        let header = Header {
            fin: true,
            compressed: false,
            opcode: Opcode::Binary,
            mask: key,
            len: len as u64,
        };
        let mut frame = header.encode().as_ref().to_vec();
        frame.resize(frame.len() + len, 7);
        frame
    };
    [0, 1, 125, 126, 0xffff, 0x1_0000].map(of).into()
}

fn what_is_missing<R: Role>(masked: bool) {
    for frame in frames(masked) {
        // Decoded as it arrives, and kept until it is whole, it is read to its end and no further.
        let mut decoder = Decoder::<R>::new();
        let mut read = 0;
        let is_whole = loop {
            let missing = decoder.bytes_needed(&[]) as usize;
            let mut piece = frame[read..read + missing].to_vec();
            read += missing;
            if let Step::Item(item) = decoder.decode(&mut &mut piece[..]).unwrap() {
                break matches!(item, Item::Binary(bytes) if frame.ends_with(&vec![7; bytes.len()]));
            }
        };
        assert!(is_whole && read == frame.len(), "{read} of {}", frame.len());

        let mut decoder = Decoder::<R>::new();
        let mut kept = Vec::new();
        while decoder.bytes_needed(&kept) > 0 {
            let missing = decoder.bytes_needed(&kept) as usize;
            kept.extend_from_slice(&frame[kept.len()..kept.len() + missing]);
        }
        assert_eq!(kept.len(), frame.len());
        let step = decoder.decode(&mut &mut kept[..]).unwrap();
        assert!(matches!(step, Step::Item(Item::Binary(Binary::Input(_)))), "{step:?}");
    }
}

#[test]
fn a_driver_that_reads_what_is_missing_reads_frames() {
    what_is_missing::<ServerRole>(true);
    what_is_missing::<ClientRole<Key>>(false);
}

#[test]
fn nothing_is_missing_where_there_is_a_fault_or_more_than_a_frame() {
    let decoder = Decoder::<ClientRole<Key>>::new();
    assert_eq!(decoder.bytes_needed(b"\x83"), 0);
    assert_eq!(decoder.bytes_needed(b"\x81\x80"), 0);
    assert_eq!(decoder.bytes_needed(b"\x81\x00\x81"), 0);
    assert_eq!(decoder.bytes_needed(b"\x81"), 1);
    // The length of 2^40 is what it is, and over a limit it is a fault.
    assert_eq!(decoder.bytes_needed(b"\x82\x7f\0\0\x01\0\0\0\0\0"), 0);
    let limits = Config { frame: None, message: None };
    let decoder = Decoder::<ClientRole<Key>>::with_config(limits);
    assert_eq!(decoder.bytes_needed(b"\x82\x7f\0\0\x01\0\0\0\0\0"), 1 << 40);
}
