//! The chunked decoder against a naive one, and against itself at other cuts.
#![no_main]

mod cuts;

use libfuzzer_sys::fuzz_target;
use wirefeed::Step;
use wirefeed::h1::chunked::{Config, Decoder, Item};

/// A body's data and trailers, and how many bytes it took; none where it is not whole or not good.
type Body = Option<(Vec<u8>, Vec<u8>, usize)>;

/// Reads a whole body with as little thought as possible.
fn naive(wire: &[u8]) -> Body {
    let (mut at, mut data) = (0, Vec::new());
    let line = |at: usize| {
        let end = at + wire.get(at..)?.windows(2).position(|two| two == b"\r\n")?;
        Some((std::str::from_utf8(&wire[at..end]).ok(), &wire[at..end], end + 2))
    };
    let token = |text: &[u8]| {
        !text.is_empty()
            && text.iter().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b))
    };
    let value = |text: &[u8]| text.iter().all(|&b| b == 9 || (b >= 32 && b != 127));
    loop {
        let (_, text, next) = line(at)?;
        let digits = text.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        if digits == 0 || digits > 16 || !extensions(&text[digits..], &token, &value) {
            return None;
        }
        let size = u64::from_str_radix(std::str::from_utf8(&text[..digits]).ok()?, 16).ok()?;
        at = next;
        if size == 0 {
            break;
        }
        let end = at.checked_add(usize::try_from(size).ok()?)?;
        data.extend_from_slice(wire.get(at..end)?);
        if wire.get(end..end + 2)? != b"\r\n" {
            return None;
        }
        at = end + 2;
    }
    let from = at;
    loop {
        let (_, text, next) = line(at)?;
        if text.is_empty() {
            return Some((data, wire[from..at].to_vec(), next));
        }
        let colon = text.iter().position(|&b| b == b':')?;
        if !token(&text[..colon]) || !value(&text[colon + 1..]) {
            return None;
        }
        at = next;
    }
}

/// `*( ";" token [ "=" ( token / quoted-string ) ] )`
fn extensions(text: &[u8], token: &dyn Fn(&[u8]) -> bool, value: &dyn Fn(&[u8]) -> bool) -> bool {
    let Some(text) = text.strip_prefix(b";") else { return text.is_empty() };
    let end = text.iter().position(|b| b";=".contains(b)).unwrap_or(text.len());
    if !token(&text[..end]) {
        return false;
    }
    match text[end..].strip_prefix(b"=") {
        None => extensions(&text[end..], token, value),
        Some(text) if text.starts_with(b"\"") => {
            let mut at = 1;
            while at < text.len() && text[at] != b'"' {
                at += if text[at] == b'\\' { 2 } else { 1 };
            }
            at < text.len() && value(&text[1..at]) && extensions(&text[at + 1..], token, value)
        }
        Some(text) => {
            let end = text.iter().position(|&b| b == b';').unwrap_or(text.len());
            token(&text[..end]) && extensions(&text[end..], token, value)
        }
    }
}

/// What this crate makes of the pieces, and its error.
fn decoded(pieces: &[&[u8]]) -> (Body, Option<wirefeed::h1::Error>, Vec<u64>) {
    let mut config = Config::default();
    (config.overhead, config.trailers) = (None, None);
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
    let whole = decoded(&[wire]);
    assert_eq!(whole, decoded(&pieces));
    assert_eq!(whole, decoded(&wire.chunks(1).collect::<Vec<_>>()));
    assert_eq!(whole.0, naive(wire));
});
