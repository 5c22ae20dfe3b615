//! Compressed messages at any cut, into any room, and messages there and back.
#![no_main]

mod cuts;

use libfuzzer_sys::fuzz_target;
use wirefeed::ws::deflate::{Config, Deflater, ErrorKind, Inflater};
use wirefeed::ws::handshake::WindowBits;

/// A message of these pieces, or what is wrong with it, `room` bytes at a time.
fn inflated(inflater: &mut Inflater, pieces: &[&[u8]], room: usize) -> Result<Vec<u8>, ErrorKind> {
    let (mut message, mut scratch) = (Vec::new(), vec![0; room]);
    for mut input in pieces.iter().copied() {
        loop {
            // No more room than the limit leaves, and a byte to see that it is passed.
            let room = room.min(LIMIT + 1 - message.len());
            let len = inflater.inflate(&mut input, &mut scratch[..room])?;
            message.extend_from_slice(&scratch[..len]);
            if message.len() > LIMIT {
                return Err(ErrorKind::TooLong);
            }
            if len < room {
                assert!(input.is_empty());
                break;
            }
        }
    }
    inflater.finish()?;
    Ok(message)
}

/// The same in the inflater's own pieces.
fn in_pieces(inflater: &mut Inflater, pieces: &[&[u8]]) -> Result<Vec<u8>, ErrorKind> {
    let mut message = Vec::new();
    for mut input in pieces.iter().copied() {
        loop {
            let piece = inflater.inflate_piece(&mut input)?;
            if piece.is_empty() {
                break;
            }
            message.extend_from_slice(piece);
        }
    }
    inflater.finish()?;
    Ok(message)
}

fuzz_target!(|data: &[u8]| {
    let Some((&flags, data)) = data.split_first() else { return };
    let Some((wire, pieces)) = cuts::split(data) else { return };
    let takeover = flags & 1 == 1;
    let single: Vec<_> = wire.chunks(1).collect();
    let rooms = [LIMIT + 1, usize::from(flags >> 1) + 1, 1];

    // The bytes as a message, twice: it may refer to itself.
    let mut whole = Inflater::new(takeover);
    let expected = [(); 2].map(|()| inflated(&mut whole, &[wire], LIMIT + 1));
    for room in rooms {
        for pieces in [&pieces, &single] {
            let mut inflater = Inflater::new(takeover);
            let found = [(); 2].map(|()| inflated(&mut inflater, pieces, room));
            // After `TooLong` it is the caller's to stop: what comes then is of another message.
            match &expected {
                [Err(ErrorKind::TooLong), _] => assert_eq!(expected[0], found[0]),
                _ => assert_eq!(expected, found),
            }
        }
    }
    let (mut inflater, mut out) = (Inflater::new(takeover), Vec::new());
    let result = inflater.inflate_message(wire, &mut out, Some(LIMIT)).map(|()| out);
    assert_eq!(result, expected[0]);
    if expected[0] != Err(ErrorKind::TooLong) {
        assert_eq!(in_pieces(&mut Inflater::new(takeover), &pieces), expected[0]);
    }

    // The bytes as a message that is sent, twice.
    let mut config = Config::default();
    config.level = flags >> 4;
    config.window_bits = WindowBits::new(9 + (flags >> 1 & 7)).unwrap_or_default();
    config.context_takeover = takeover;
    let (mut deflater, mut inflater) = (Deflater::new(config), Inflater::new(takeover));
    for _ in 0..2 {
        let mut payload = Vec::new();
        for piece in &pieces {
            deflater.deflate_piece(piece, false, &mut payload);
        }
        deflater.deflate_piece(b"", true, &mut payload);
        let pieces: Vec<_> = payload.chunks(usize::from(flags) + 1).collect();
        assert_eq!(inflated(&mut inflater, &pieces, 1000).as_deref(), Ok(wire));
    }
});

const LIMIT: usize = 1 << 14;
