//! Every codec of the core rung, called from a library that has no allocator: a plain build of the
//! crate would not notice one.
#![no_std]

use core::panic::PanicInfo;

use wirefeed::fields::Lines;
use wirefeed::h1::{Framing, body, chunked};
use wirefeed::text::{Lossy, Validator};
use wirefeed::ws::frame::{self, Header, Masking, Opcode};
use wirefeed::ws::handshake;
use wirefeed::{Fields, Step, grammar, sse, ws};

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// Decodes `bytes` as everything that the rung can decode; a number that depends on all of it.
///
/// # Safety
///
/// `bytes` must point to `len` bytes that nothing else writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wirefeed_rung(bytes: *const u8, len: usize) -> usize {
    // SAFETY: the caller's promise.
    let bytes = unsafe { core::slice::from_raw_parts(bytes, len) };
    http(bytes) + events(bytes) + websocket(bytes) + text(bytes)
}

fn http(bytes: &[u8]) -> usize {
    let mut sum = 0;
    let mut decoder = chunked::Decoder::new();
    let mut input = bytes;
    while let Ok(Step::Item(item)) = decoder.decode(&mut input) {
        sum += match item {
            chunked::Item::Extension(piece) => grammar::Parameters::new(piece).count(),
            chunked::Item::Chunk(size) => {
                chunked::chunk_header(size).map_or(0, |head| head.as_ref().len())
            }
            chunked::Item::Data(piece) => piece.len() + chunked::TAIL.len(),
            chunked::Item::Trailers(piece) => Lines(piece).fields().count(),
        };
    }
    sum += usize::from(decoder.finish().is_ok()) + chunked::END.len();
    let mut decoder = body::Decoder::new(Framing::Length(bytes.len() as u64));
    let mut input = bytes;
    while let Ok(Step::Item(body::Item::Data(piece))) = decoder.decode(&mut input) {
        sum += piece.len();
    }
    sum
}

fn events(bytes: &[u8]) -> usize {
    let (mut decoder, mut input, mut lines) = (sse::line::Decoder::new(), bytes, 0);
    while let Step::Item(item) = decoder.decode(&mut input) {
        lines += usize::from(item == sse::line::Item::End);
    }
    lines
}

fn websocket(bytes: &[u8]) -> usize {
    let (mut decoder, mut input, mut sum) = (frame::Decoder::new(Masking::Masked), bytes, 0);
    while let Ok(Step::Item(item)) = decoder.decode(&mut input) {
        if let frame::Item::Payload { bytes, mask: Some(key) } = item {
            let mut first = [0; 4];
            let len = bytes.len().min(4);
            first[..len].copy_from_slice(&bytes[..len]);
            ws::mask(&mut first, key);
            sum += usize::from(first[0]);
        }
    }
    let header = Header {
        fin: true,
        compressed: false,
        opcode: Opcode::Text,
        mask: None,
        len: bytes.len() as u64,
    };
    sum + header.encode().as_ref().len() + usize::from(handshake::accept_key(bytes)[0])
}

fn text(bytes: &[u8]) -> usize {
    let (mut lossy, mut input, mut sum) = (Lossy::new(), bytes, 0);
    while let Step::Item(piece) = lossy.decode(&mut input) {
        sum += piece.len();
    }
    sum + usize::from(Validator::new().validate(bytes).is_ok())
}
