//! Messages in both directions at any cut.
#![no_main]

mod cuts;

use libfuzzer_sys::fuzz_target;
use wirefeed::Step;
use wirefeed::ws::message::{Decoder, Item, Limits};
use wirefeed::ws::{Client, Error, Role, Server};

fn decoded<R: Role>(pieces: &[&[u8]]) -> (Vec<String>, Option<Error>) {
    let mut limits = Limits::default();
    (limits.frame, limits.message) = (Some(200), Some(300));
    let (mut decoder, mut items) = (Decoder::<R>::with_limits(limits), Vec::new());
    for piece in pieces {
        let mut copy = piece.to_vec();
        let mut input = &mut copy[..];
        loop {
            match decoder.decode(&mut input) {
                Ok(Step::Item(Item::Text(text))) => items.push(text.into_string()),
                Ok(Step::Item(Item::Binary(bytes))) => items.push(format!("{:?}", &*bytes)),
                Ok(Step::Item(Item::Ping(bytes))) => items.push(format!("? {bytes:?}")),
                Ok(Step::Item(Item::Pong(bytes))) => items.push(format!("! {bytes:?}")),
                Ok(Step::Item(Item::Close(close))) => {
                    items.push(format!("{:?} {:?}", close.code, close.reason));
                }
                Ok(Step::NeedInput) => break,
                Ok(Step::Done) => return (items, None),
                Err(error) => return (items, Some(error)),
            }
        }
    }
    let error = decoder.finish().err();
    (items, error)
}

fuzz_target!(|data: &[u8]| {
    let Some((wire, pieces)) = cuts::split(data) else { return };
    let single: Vec<_> = wire.chunks(1).collect();
    let whole = decoded::<Server>(&[wire]);
    assert_eq!(whole, decoded::<Server>(&pieces));
    assert_eq!(whole, decoded::<Server>(&single));
    type Key = fn(&mut [u8]);
    let whole = decoded::<Client<Key>>(&[wire]);
    assert_eq!(whole, decoded::<Client<Key>>(&pieces));
    assert_eq!(whole, decoded::<Client<Key>>(&single));
});
