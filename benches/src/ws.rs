//! WebSocket: a server decodes masked messages.

use std::hint::black_box;

use bytes::BytesMut;
use tokio_util::codec::Decoder as _;
use websocket_codec::MessageCodec;
use wirefeed::Step;
use wirefeed::ws::frame::{Header, Opcode};
use wirefeed::ws::{Server, mask, message};

use crate::measure::Row;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub(crate) fn rows() -> Vec<Row> {
    let cjk = |len: usize| {
        "日本語".bytes().cycle().take(len / 9 * 9).chain(vec![b'x'; len % 9]).collect()
    };
    let (binary, text) = (Opcode::Binary, Opcode::Text);
    vec![
        row("binary 8 B", binary, vec![7; 8], 1 << 16, 0.6),
        row("binary 125 B", binary, vec![7; 125], 1 << 16, 0.6),
        row("binary 1 KiB", binary, vec![7; 1024], 1 << 16, 0.9),
        row("binary 1 KiB", binary, vec![7; 1024], 1460, 1.4),
        row("binary 16 KiB", binary, vec![7; 16 << 10], 1 << 16, 1.3),
        row("ASCII 8 B", text, vec![b'a'; 8], 1 << 16, 0.6),
        row("ASCII 125 B", text, vec![b'a'; 125], 1 << 16, 0.7),
        row("ASCII 1 KiB", text, vec![b'a'; 1024], 1 << 16, 0.9),
        row("CJK 1 KiB", text, cjk(1024), 1 << 16, 0.5),
    ]
}

fn row(name: &str, opcode: Opcode, payload: Vec<u8>, piece: usize, bound: f64) -> Row {
    let items = ((4 << 20) / payload.len()).min(20_000);
    let header =
        Header { fin: true, compressed: false, opcode, mask: Some(KEY), len: payload.len() as u64 };
    let mut frame = header.encode().as_ref().to_vec();
    let from = frame.len();
    frame.extend(payload);
    mask(&mut frame[from..], KEY);
    let name = format!("ws, {name}, {piece} B pieces");
    Row { name, items, wire: frame.repeat(items), piece, peer: "websocket-codec", bound }
}

/// The copy into the read buffer is the read, which every contender pays for.
pub(crate) fn ours(wire: &[u8], piece: usize) -> usize {
    let (mut decoder, mut buffer, mut items) =
        (message::Decoder::<Server>::new(), vec![0; piece], 0);
    for piece in wire.chunks(piece) {
        let mut input = &mut buffer[..piece.len()];
        input.copy_from_slice(piece);
        while let Step::Item(item) = decoder.decode(&mut input).unwrap() {
            black_box(&item);
            items += 1;
        }
    }
    items
}

pub(crate) fn theirs(wire: &[u8], piece: usize) -> usize {
    let (mut codec, mut buffer, mut items) =
        (MessageCodec::server(), BytesMut::with_capacity(2 * piece), 0);
    for piece in wire.chunks(piece) {
        buffer.extend_from_slice(piece);
        while let Some(message) = codec.decode(&mut buffer).unwrap() {
            black_box(&message);
            items += 1;
        }
    }
    items
}
