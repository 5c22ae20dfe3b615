//! Idle means idle: an empty input allocates nothing, and what is released holds nothing.

mod empty;
mod released;
mod websocket;

use bytes::Buf as _;
use wirefeed::ws::frame::{Header, Opcode};
use wirefeed::ws::handshake::{DeflateConfig, DeflateParams};
use wirefeed::ws::{ClientRole, deflate, mask};
use wirefeed::{Instant, Outbox};

const NOW: Instant = Instant::ZERO;
const MIB: usize = 1 << 20;

/// Shows that what `make` makes, uses and releases holds so many bytes of heap.
fn holds<T>(bytes: usize, what: &str, make: impl FnOnce() -> T) -> T {
    let mut kept = None;
    let held = crate::memory::held_by(|| kept = Some(make()));
    assert_eq!(held, bytes, "{what}: bytes held");
    kept.unwrap()
}

/// Writes all of the output, the first bytes in parts.
fn write(output: &mut Outbox) -> usize {
    let len = output.remaining();
    for _ in 0..3 {
        output.advance(output.chunk().len().min(100));
    }
    while output.has_remaining() {
        output.advance(output.chunk().len());
    }
    len
}

/// A client's side with masking keys that are always the same.
type Side = ClientRole<fn(&mut [u8])>;

fn client() -> Side {
    ClientRole(|key: &mut [u8]| key.fill(7))
}

/// A frame; those that a server receives are masked.
fn frame(masked: bool, fin: bool, compressed: bool, opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let key = masked.then_some([1, 2, 3, 4]);
    let header = Header { fin, compressed, opcode, mask: key, len: payload.len() as u64 };
    let mut wire = header.encode().as_ref().to_vec();
    let from = wire.len();
    wire.extend_from_slice(payload);
    if let Some(key) = key {
        mask(&mut wire[from..], key);
    }
    wire
}

/// A payload that refers to nothing before it.
fn deflated(message: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    deflate::Deflater::new(deflate::Config::default(), None).deflate_piece(
        message,
        true,
        &mut payload,
    );
    payload
}

/// What was agreed on, with contexts that are taken over or not.
fn params(takeover: bool) -> DeflateParams {
    let offer = [("Sec-WebSocket-Extensions", "permessage-deflate")];
    let mut config = DeflateConfig::server();
    config.server_no_context_takeover = !takeover;
    config.client_no_context_takeover = !takeover;
    config.answer(&offer).unwrap().unwrap().0
}
