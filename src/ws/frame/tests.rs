use super::*;
use crate::Step;
use crate::ws::ErrorKind;
use alloc::vec::Vec;

/// The first fault of a stream, at every size of pieces; `None` where it ends between two frames.
fn fault(masking: Masking, wire: &[u8]) -> Option<(ErrorKind, u64)> {
    let run = |size: usize| {
        let mut decoder = Decoder::new(masking);
        for mut input in wire.chunks(size) {
            loop {
                match decoder.decode(&mut input) {
                    Ok(Step::Item(_)) => {}
                    Ok(_) => break,
                    Err(error) => return Some((error.kind, error.at)),
                }
            }
        }
        loop {
            match decoder.finish() {
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => return Some((error.kind, error.at)),
            }
        }
    };
    let whole = run(wire.len());
    for size in 1..wire.len() {
        assert_eq!(whole, run(size), "{}", wire.escape_ascii());
    }
    whole
}

#[test]
fn each_fault_has_its_name_and_place() {
    use ErrorKind::*;
    for (wire, expected) in [
        (&b"\x81\x00"[..], None),
        (b"\x01\x00\x89\x00\x80\x00", None),
        (b"\xc1\x00", Some((Reserved, 0))),
        (b"\xa1\x00", Some((Reserved, 0))),
        (b"\x91\x00", Some((Reserved, 0))),
        (b"\x83\x00", Some((Opcode, 0))),
        (b"\x87\x00", Some((Opcode, 0))),
        (b"\x8b\x00", Some((Opcode, 0))),
        (b"\x8f\x00", Some((Opcode, 0))),
        (b"\x80\x00", Some((Continuation, 0))),
        (b"\x81\x00\x80\x00", Some((Continuation, 2))),
        (b"\x01\x00\x82\x00", Some((Interleaved, 2))),
        (b"\x09\x00", Some((ControlFragmented, 0))),
        (b"\x81\x80", Some((Masked, 1))),
        (b"\x89\x7e\x00\x7e", Some((ControlTooLong, 1))),
        (b"\x82\x7e\x00\x7d", Some((Length, 2))),
        (b"\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff", Some((Length, 2))),
        (b"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00", Some((LengthOverflow, 2))),
        (b"\x82\x7f\x00\x00\x01\x00\x00\x00\x00\x00", Some((Truncated, 10))),
        (b"\x82", Some((Truncated, 1))),
        (b"\x82\x02a", Some((Truncated, 3))),
        (b"\x02\x00", Some((Truncated, 2))),
    ] {
        assert_eq!(fault(Masking::Unmasked, wire), expected, "{}", wire.escape_ascii());
    }
    assert_eq!(fault(Masking::Masked, b"\x82\x00"), Some((Unmasked, 1)));
    assert_eq!(fault(Masking::Masked, b"\x82\x81abc"), Some((Truncated, 5)));
}

#[test]
fn headers_are_read_back() {
    let lens = [0, 1, 125, 126, 127, 0xffff, 0x1_0000, (1 << 63) - 1];
    for (len, mask) in lens.iter().flat_map(|&len| [(len, None), (len, Some([1, 2, 3, 4]))]) {
        let masking = if mask.is_some() { Masking::Masked } else { Masking::Unmasked };
        let header = Header { fin: false, compressed: false, opcode: Opcode::Binary, mask, len };
        let bytes = header.encode();
        for cut in 0..bytes.as_ref().len() {
            let (mut decoder, (mut head, mut tail)) =
                (Decoder::new(masking), bytes.as_ref().split_at(cut));
            assert_eq!(decoder.decode(&mut head), Ok(Step::NeedInput));
            assert_eq!(decoder.decode(&mut tail), Ok(Step::Item(Item::Header(header))));
            assert!(tail.is_empty());
        }
    }
}

#[test]
fn pieces_come_with_their_key() {
    let wire = b"\x82\x87abcd1234567";
    let masked = wire[6..].to_vec();
    for size in 1..=wire.len() {
        let (mut decoder, mut plain) = (Decoder::new(Masking::Masked), Vec::new());
        for mut input in wire.chunks(size) {
            while let Ok(Step::Item(item)) = decoder.decode(&mut input) {
                if let Item::Payload { bytes, mask } = item {
                    let from = plain.len();
                    plain.extend_from_slice(bytes);
                    crate::ws::mask(&mut plain[from..], mask.unwrap());
                }
            }
        }
        crate::ws::mask(&mut plain, *b"abcd");
        assert_eq!(plain, masked);
    }
}

#[test]
fn it_is_small() {
    assert!(size_of::<Decoder>() <= 64);
}
