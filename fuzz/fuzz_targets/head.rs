//! Request and response heads at any cut.
#![no_main]

mod cuts;

use libfuzzer_sys::fuzz_target;
use wirefeed::h1::Error;
use wirefeed::h1::head::{Decoder, Limits, RequestLine, StartLine, StatusLine};
use wirefeed::{Fields, Step};

fn decoded<L: StartLine>(pieces: &[&[u8]]) -> Result<Option<Vec<String>>, Error> {
    let mut limits = Limits::default();
    (limits.head, limits.fields) = (Some(300), Some(10));
    let mut decoder = Decoder::<L>::with_limits(limits);
    for piece in pieces {
        let mut input = *piece;
        if let Step::Item(head) = decoder.decode(&mut input)? {
            let fields = head.fields().map(|field| format!("{}: {:?}", field.name, field.value));
            return Ok(Some(fields.chain([format!("{:?}", head.as_bytes())]).collect()));
        }
        assert!(input.is_empty());
    }
    decoder.finish().map(|_| None)
}

fuzz_target!(|data: &[u8]| {
    let Some((wire, pieces)) = cuts::split(data) else { return };
    let single: Vec<_> = wire.chunks(1).collect();
    let whole = decoded::<RequestLine>(&[wire]);
    assert_eq!(whole, decoded::<RequestLine>(&pieces));
    assert_eq!(whole, decoded::<RequestLine>(&single));
    let whole = decoded::<StatusLine>(&[wire]);
    assert_eq!(whole, decoded::<StatusLine>(&pieces));
    assert_eq!(whole, decoded::<StatusLine>(&single));
});
