//! Compressed messages at any cut, whole and in pieces, and messages there and back.
#![no_main]

mod cuts;

use libfuzzer_sys::fuzz_target;
use wirefeed::ws::ErrorKind;
use wirefeed::ws::deflate::{Config, Deflater, Inflater};
use wirefeed::ws::handshake::WindowBits;

/// A message whose payload comes in these pieces, or what is wrong with it.
fn inflated(inflater: &mut Inflater, pieces: &[&[u8]]) -> Result<Vec<u8>, ErrorKind> {
    let mut message = Vec::new();
    for mut input in pieces.iter().copied() {
        loop {
            let piece = inflater.inflate_piece(&mut input)?;
            if piece.is_empty() {
                assert!(input.is_empty());
                break;
            }
            message.extend_from_slice(piece);
            if message.len() > LIMIT {
                return Err(ErrorKind::MessageTooLong);
            }
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

    // The bytes as a message, twice: it may refer to itself.
    let mut whole = Inflater::new(takeover, None);
    let expected = [(); 2].map(|()| inflated(&mut whole, &[wire]));
    for pieces in [&pieces, &single] {
        let mut inflater = Inflater::new(takeover, None);
        let found = [(); 2].map(|()| inflated(&mut inflater, pieces));
        // After `MessageTooLong` the caller must stop: what follows is of another message.
        match &expected {
            [Err(ErrorKind::MessageTooLong), _] => assert_eq!(expected[0], found[0]),
            _ => assert_eq!(expected, found),
        }
    }
    let mut inflater = Inflater::new(takeover, None);
    for expected in expected {
        let mut out = Vec::new();
        let result = inflater.inflate_message(wire, &mut out, Some(LIMIT));
        let is_over = result == Err(ErrorKind::MessageTooLong);
        assert_eq!(result.map(|()| out), expected);
        if is_over {
            break;
        }
    }

    // The bytes as a message that is sent, twice.
    let mut config = Config::default();
    config.level = flags >> 4;
    config.window_bits = WindowBits::new(9 + (flags >> 1 & 7)).unwrap_or_default();
    config.context_takeover = takeover;
    let (mut deflater, mut inflater) = (Deflater::new(config, None), Inflater::new(takeover, None));
    for _ in 0..2 {
        let mut payload = Vec::new();
        for piece in &pieces {
            deflater.deflate_piece(piece, false, &mut payload);
        }
        deflater.deflate_piece(b"", true, &mut payload);
        let pieces: Vec<_> = payload.chunks(usize::from(flags) + 1).collect();
        assert_eq!(inflated(&mut inflater, &pieces).as_deref(), Ok(wire));
    }
});

const LIMIT: usize = 1 << 14;
