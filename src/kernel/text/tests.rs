use super::*;
use alloc::{vec, vec::Vec};
use proptest::prelude::*;

/// The UTF-8 decoder of the Encoding Standard (4.2), byte by byte, as the standard writes it.
fn whatwg(bytes: &[u8]) -> (String, Option<usize>) {
    let (mut text, mut first_bad) = (String::new(), None);
    let (mut point, mut needed, mut seen, mut low, mut high) = (0u32, 0, 0, 0x80, 0xbf);
    let mut i = 0;
    while i < bytes.len() {
        let byte = bytes[i];
        if needed == 0 {
            match byte {
                0x00..=0x7f => text.push(char::from(byte)),
                0xc2..=0xdf => (needed, point) = (1, u32::from(byte & 0x1f)),
                0xe0..=0xef => {
                    if byte == 0xe0 {
                        low = 0xa0;
                    }
                    if byte == 0xed {
                        high = 0x9f;
                    }
                    (needed, point) = (2, u32::from(byte & 0xf));
                }
                0xf0..=0xf4 => {
                    if byte == 0xf0 {
                        low = 0x90;
                    }
                    if byte == 0xf4 {
                        high = 0x8f;
                    }
                    (needed, point) = (3, u32::from(byte & 7));
                }
                _ => {
                    first_bad = first_bad.or(Some(i));
                    text.push('\u{fffd}');
                }
            }
        } else if !(low..=high).contains(&byte) {
            (needed, seen, low, high) = (0, 0, 0x80, 0xbf);
            first_bad = first_bad.or(Some(i));
            text.push('\u{fffd}');
            continue;
        } else {
            (low, high) = (0x80, 0xbf);
            point = point << 6 | u32::from(byte & 0x3f);
            seen += 1;
            if seen == needed {
                text.push(char::from_u32(point).expect("the ranges leave only scalar values"));
                (needed, seen) = (0, 0);
            }
        }
        i += 1;
    }
    if needed > 0 {
        text.push('\u{fffd}');
    }
    (text, first_bad)
}

fn check(bytes: &[u8], cuts: &[usize]) {
    let (text, bad) = whatwg(bytes);
    let mut pieces = vec![];
    let mut from = 0;
    for &cut in cuts {
        let cut = cut.clamp(from, bytes.len());
        pieces.push(&bytes[from..cut]);
        from = cut;
    }
    pieces.push(&bytes[from..]);

    let (mut lossy, mut decoded) = (Lossy::new(), String::new());
    for mut piece in pieces.iter().copied() {
        while let Step::Item(valid) = lossy.decode(&mut piece) {
            decoded.push_str(valid);
        }
        assert!(piece.is_empty());
    }
    decoded.push_str(lossy.finish());
    assert_eq!(decoded, text);

    let (mut validator, mut joiner, mut joined) = (Validator::new(), Joiner::new(), String::new());
    let (mut offset, mut found) = (0, None);
    for piece in pieces {
        let verdict = validator.validate(piece);
        assert_eq!(verdict, join(&mut joiner, &mut joined, piece));
        if let Err(index) = verdict {
            found = Some(offset + index);
            break;
        }
        assert_eq!(validator.is_complete(), joiner.lacks() == 0);
        offset += piece.len();
    }
    assert_eq!(found, bad);
    if bad.is_none() {
        assert!(text.starts_with(&joined));
        assert_eq!(joined.len() + usize::from(joiner.partial.len), bytes.len());
    }
}

/// Joins a piece as its users do.
fn join(joiner: &mut Joiner, text: &mut String, mut piece: &[u8]) -> Result<(), usize> {
    let mut before = 0;
    while !piece.is_empty() {
        let lacks = if joiner.lacks() > 0 { joiner.lacks() } else { piece.len() };
        let (next, rest) = piece.split_at(lacks.min(piece.len()));
        piece = rest;
        match joiner.begin(next).map_err(|bad| before + bad)? {
            Beginning::Held => {}
            Beginning::Character => text.push_str(joiner.take()),
            Beginning::Text => {
                let (valid, verdict) = joiner.split(next);
                text.push_str(valid);
                verdict.map_err(|bad| before + bad)?;
            }
        }
        before += next.len();
    }
    Ok(())
}

fn texts() -> impl Strategy<Value = Vec<u8>> {
    let atoms = prop_oneof![
        4 => any::<char>().prop_map(|c| String::from(c).into_bytes()),
        4 => "[ -~]{0,80}".prop_map(String::into_bytes),
        1 => prop::collection::vec(0x80u8.., 1..4),
        1 => prop::sample::select(vec![
            &b"\xed\xa0\x80"[..], b"\xe0\x80", b"\xf0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf",
            b"\xf0\x9f\x98", b"\xe2\x82", b"\xfe", b"\xff", b"\xf5\x80",
        ])
        .prop_map(<[u8]>::to_vec),
    ];
    prop::collection::vec(atoms, 0..12).prop_map(|atoms| atoms.concat())
}

proptest! {
    #[test]
    fn decoding_matches_whatwg_at_any_cut(bytes in texts(), cuts in prop::collection::vec(0usize..300, 0..6)) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        check(&bytes, &cuts);
        check(&bytes, &(1..bytes.len()).collect::<Vec<_>>());
    }
}

#[test]
fn every_pair_of_bytes_decodes_the_same_at_every_cut() {
    for first in 0x7f..=0xffu8 {
        for second in 0x7f..=0xffu8 {
            for third in [b'a', 0x80, 0xbf] {
                let bytes = [first, second, third];
                check(&bytes, &[]);
                check(&bytes, &[1, 2]);
            }
        }
    }
}
