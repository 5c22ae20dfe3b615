//! Event streams at any cut.
#![no_main]

mod cuts;

use libfuzzer_sys::fuzz_target;
use wirefeed::Step;
use wirefeed::sse::{Decoder, Error, Event, Item, Limits};

fn decoded(pieces: &[&[u8]]) -> (Vec<String>, Option<Error>) {
    let mut limits = Limits::default();
    (limits.line, limits.event, limits.id) = (Some(64), Some(64), Some(16));
    let (mut decoder, mut items) = (Decoder::with_limits(limits), Vec::new());
    for piece in pieces {
        let mut input = *piece;
        loop {
            match decoder.decode(&mut input) {
                Ok(Step::Item(Item::Event(Event { event, data, id }))) => {
                    items.push(format!("{event:?} {data:?} {id:?}"));
                }
                Ok(Step::Item(Item::Retry(ms))) => items.push(format!("{ms}")),
                Ok(Step::Item(Item::Comment(text))) => items.push(format!("{text:?}")),
                Ok(_) => break,
                Err(error) => return (items, Some(error)),
            }
        }
        assert!(input.is_empty());
    }
    items.push(decoder.last_event_id().into());
    (items, decoder.finish().err())
}

fuzz_target!(|data: &[u8]| {
    let Some((wire, pieces)) = cuts::split(data) else { return };
    let whole = decoded(&[wire]);
    assert_eq!(whole, decoded(&pieces));
    assert_eq!(whole, decoded(&wire.chunks(1).collect::<Vec<_>>()));
});
