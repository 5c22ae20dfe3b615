//! The chunked decoder against a naive one, and against itself at other cuts.
#![no_main]

mod cuts;
#[path = "naive/chunked.rs"]
mod naive;

use libfuzzer_sys::fuzz_target;
use wirefeed::Step;
use wirefeed::h1::Error;
use wirefeed::h1::chunked::{Config, Decoder, Item};

/// What this crate makes of the pieces, and its error.
fn decoded(config: Config, pieces: &[&[u8]]) -> (naive::Body, Option<Error>, Vec<u64>) {
    let mut decoder = Decoder::with_config(config);
    let (mut data, mut trailers, mut sizes, mut used) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for piece in pieces {
        let mut input = *piece;
        loop {
            match decoder.decode(&mut input) {
                Ok(Step::Item(Item::Data(piece))) => data.extend_from_slice(piece),
                Ok(Step::Item(Item::Trailers(piece))) => trailers.extend_from_slice(piece),
                Ok(Step::Item(Item::Chunk(size))) => sizes.push(size),
                Ok(Step::Item(Item::Extension(_))) => {}
                Ok(Step::NeedInput) => break,
                Ok(Step::Done) => {
                    used += piece.len() - input.len();
                    return (Some((data, trailers, used)), None, sizes);
                }
                Err(error) => return (None, Some(error), sizes),
            }
        }
        used += piece.len();
    }
    (None, decoder.finish().err(), sizes)
}

fuzz_target!(|data: &[u8]| {
    let Some((wire, pieces)) = cuts::split(data) else { return };
    let single: Vec<_> = wire.chunks(1).collect();
    let mut config = Config::default();
    (config.overhead, config.trailers) = (None, None);
    for (folds, blanks) in [(false, false), (true, false), (false, true)] {
        (config.allow_folds, config.allow_blanks) = (folds, blanks);
        let whole = decoded(config, &[wire]);
        assert_eq!(whole, decoded(config, &pieces));
        assert_eq!(whole, decoded(config, &single));
        match naive::read(wire, folds) {
            // Blanks let more pass, and change nothing of what passes without them.
            None if blanks => {}
            naive => assert_eq!(whole.0, naive),
        }
    }
});
