use super::*;
use alloc::vec::Vec;

fn lines(wire: &[u8], size: usize) -> (Vec<Vec<u8>>, Vec<u8>) {
    let (mut decoder, mut lines, mut line) = (Decoder::new(), Vec::new(), Vec::new());
    for mut piece in wire.chunks(size) {
        while let Step::Item(item) = decoder.decode(&mut piece) {
            match item {
                Item::Piece(piece) => line.extend_from_slice(piece),
                Item::End => lines.push(core::mem::take(&mut line)),
            }
        }
        assert!(piece.is_empty());
    }
    if let Some(Item::Piece(piece)) = decoder.finish() {
        line.extend_from_slice(piece);
    }
    assert_eq!(decoder.finish(), None);
    (lines, line)
}

#[test]
fn every_line_end_at_every_cut() {
    for (wire, expected, rest) in [
        (&b"a\nb\rc\r\nd"[..], &[&b"a"[..], b"b", b"c"][..], &b"d"[..]),
        (b"\r\r\n\n\r", &[b"", b"", b"", b""], b""),
        (b"\n\r\n", &[b"", b""], b""),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", &[b"a", b"\xef\xbb\xbfb"], b""),
        (b"\xef\xbb\xbf\xef\xbb\xbf\n", &[b"\xef\xbb\xbf"], b""),
        (b"\xef\xbba\n", &[b"\xef\xbba"], b""),
        (b"\xef\xbb", &[], b"\xef\xbb"),
        (b"\xef\n", &[b"\xef"], b""),
        (b"\xef\xbb\xbf\r\n", &[b""], b""),
    ] {
        for size in 1..=wire.len() {
            let (lines, line) = lines(wire, size);
            assert_eq!(
                (&lines[..], &line[..]),
                (&expected.iter().map(|l| l.to_vec()).collect::<Vec<_>>()[..], rest)
            );
        }
    }
}

#[test]
fn it_holds_what_was_pushed_and_no_more_than_the_limit() {
    for size in [1, 7, 1000, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK] {
        let (mut line, limit) = (Joined(None), 3 * BLOCK + 5);
        let wire: Vec<u8> = (0..limit + 1).map(|n| (n % 251) as u8).collect();
        let (mut used, mut over) = (0, None);
        for piece in wire.chunks(size) {
            match line.push(piece, limit) {
                Ok(()) => used += piece.len(),
                Err(index) => over = Some(used + index),
            }
            assert_eq!(line.len(), used);
        }
        assert_eq!(over, Some(limit), "{size}");
        assert_eq!(line.first(), wire[..used].first().copied());
        line.join();
        assert_eq!((line.bytes(), line.len()), (&wire[..used], used));
        line.clear();
        assert_eq!((line.bytes(), line.len()), (&b""[..], 0));
    }
}
