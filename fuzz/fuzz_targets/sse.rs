//! The event stream decoder against a naive reader, and against itself at other cuts.
#![no_main]

mod cuts;
#[path = "naive/sse.rs"]
mod naive;

use libfuzzer_sys::fuzz_target;
use wirefeed::Step;
use wirefeed::sse::{Config, Decoder, Error, Event, Item};

/// What this crate makes of the pieces and their end, its last event id, and its error.
fn decoded(config: Config, pieces: &[&[u8]]) -> (Vec<String>, String, Option<Error>) {
    let (mut decoder, mut items) = (Decoder::with_config(config), Vec::new());
    for piece in pieces {
        let mut input = *piece;
        loop {
            match decoder.decode(&mut input) {
                Ok(Step::Item(item)) => items.push(shown(item)),
                Ok(_) => break,
                Err(error) => {
                    assert_eq!(decoder.decode(&mut &b"data: x\n\n"[..]), Err(error));
                    return (items, decoder.last_event_id().into(), Some(error));
                }
            }
        }
        assert!(input.is_empty());
    }
    let is_unfinished = decoder.is_unfinished();
    let error = match decoder.finish() {
        Ok(item) => {
            assert_eq!(item.is_some(), is_unfinished);
            items.extend(item.map(shown));
            None
        }
        Err(error) => Some(error),
    };
    assert_eq!(decoder.finish(), error.map_or(Ok(None), Err));
    (items, decoder.last_event_id().into(), error)
}

fn shown(item: Item<'_>) -> String {
    match item {
        Item::Event(Event { event, data, id, .. }) => {
            naive::event(event, data, id.unwrap_or_default())
        }
        Item::Retry(ms) => naive::retry(ms),
        Item::Comment(text) => naive::comment(text),
        Item::Skipped(error) => format!("skipped {error:?}"),
        Item::Unfinished => naive::UNFINISHED.into(),
    }
}

/// The stream with field names for some control bytes, which are else found too seldom.
fn spelled_out(data: &[u8]) -> Vec<u8> {
    let spelled = data.iter().map(|byte| match byte {
        1 => &b"data"[..],
        2 => b"event",
        3 => b"id",
        4 => b"retry",
        5 => b"\n\n",
        byte => std::slice::from_ref(byte),
    });
    spelled.collect::<Vec<_>>().concat()
}

fuzz_target!(|data: &[u8]| {
    let Some((&switches, data)) = data.split_first() else { return };
    let data = spelled_out(data);
    let Some((wire, pieces)) = cuts::split(&data) else { return };
    let mut config = Config::default();
    config.dispatch_at_eof = switches & 1 != 0;
    config.skip_oversized = switches & 2 != 0;

    let whole = decoded(config, &[wire]);
    assert_eq!(whole, decoded(config, &pieces));
    let (items, id) = naive::read(wire, config.dispatch_at_eof);
    assert_eq!(whole, (items, id, None));

    // With limits that a stream reaches there is no oracle but the other cuts.
    (config.line, config.event, config.id) = (Some(64), Some(48), Some(16));
    let whole = decoded(config, &[wire]);
    assert_eq!(whole, decoded(config, &pieces));
    assert_eq!(whole, decoded(config, &wire.chunks(1).collect::<Vec<_>>()));
    assert!(!config.skip_oversized || whole.2.is_none());
});
