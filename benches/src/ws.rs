//! WebSocket: a server decodes masked messages.

use std::hint::black_box;

use wirefeed::Step;
use wirefeed::ws::frame::{Header, Opcode};
use wirefeed::ws::message::{self, Item, Part};
use wirefeed::ws::{ServerRole, mask};

use crate::measure::{Row, Run};
use crate::ws_peers::PEERS;

pub(crate) const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub(crate) const SIZES: [(&str, usize); 5] =
    [("8 B", 8), ("125 B", 125), ("1 KiB", 1 << 10), ("16 KiB", 16 << 10), ("1 MiB", 1 << 20)];

pub(crate) fn rows(run: Run<'_>) {
    type Payload = fn(usize) -> Vec<u8>;
    let kinds: [(&str, Opcode, Payload); 3] = [
        ("binary", Opcode::Binary, |len| vec![7; len]),
        ("ASCII", Opcode::Text, |len| vec![b'a'; len]),
        ("CJK", Opcode::Text, |len| {
            "日本語".bytes().cycle().take(len / 9 * 9).chain(vec![b'x'; len % 9]).collect()
        }),
    ];
    for (kind, opcode, payload) in kinds {
        for (said, size) in SIZES {
            let wire = frame(true, opcode, payload(size));
            let bound = match size {
                0..=1024 => 0.75,
                1025..BUFFER => 1.2,
                _ => 1.8,
            };
            beside_peers(run, &format!("{kind} {said}"), &wire, 1 << 16, opcode, bound);
        }
    }
    for (said, size, bound) in [("1 KiB", 1 << 10, 1.2), ("1 MiB", 1 << 20, 1.8)] {
        let wire = frame(true, Opcode::Binary, vec![7; size]);
        beside_peers(run, &format!("binary {said}"), &wire, 1460, Opcode::Binary, bound);
    }
    let mut wire = frame(false, Opcode::Text, vec![b'a'; 1 << 10]);
    for fragment in 1..64 {
        wire.extend(frame(fragment == 63, Opcode::Continuation, vec![b'a'; 1 << 10]));
    }
    beside_peers(run, "64 fragments of 1 KiB", &wire, 1 << 16, Opcode::Text, 1.0);
}

fn beside_peers(
    run: Run<'_>,
    name: &str,
    message: &[u8],
    piece: usize,
    opcode: Opcode,
    bound: f64,
) {
    let items = ((4 << 20) / message.len()).clamp(4, 20_000);
    for (peer, mut pass, is_whole) in PEERS {
        if is_whole || opcode == Opcode::Binary {
            let row = Row {
                name: format!("ws, {name}, {piece} B pieces"),
                items,
                wire: message.repeat(items),
                piece,
                peer,
                bound,
            };
            run(vec![row.clone()], &mut whole, &mut pass);
            if message.len() > BUFFER {
                let name = format!("{} to us in parts", row.name);
                run(vec![Row { name, bound: 1.1, ..row }], &mut parts, &mut pass);
            }
        }
    }
}

fn frame(fin: bool, opcode: Opcode, payload: Vec<u8>) -> Vec<u8> {
    let len = payload.len() as u64;
    let header = Header { fin, compressed: false, opcode, mask: Some(KEY), len };
    let mut frame = header.encode().as_ref().to_vec();
    let from = frame.len();
    frame.extend(payload);
    mask(&mut frame[from..], KEY);
    frame
}

/// The copy into the read buffer is the read, which every contender pays for. After a large message
/// the next one is read in steps until it lies whole in the buffer, so that it is still in the first
/// cache when it is unmasked; one that is larger than the buffer is joined from such steps.
fn whole(wire: &[u8], piece: usize) -> usize {
    let (mut decoder, mut buffer) = (message::Decoder::<ServerRole>::new(), vec![0; 2 * BUFFER]);
    let (mut held, mut is_large, mut items) = (0..0, false, 0);
    for mut piece in wire.chunks(piece) {
        while !piece.is_empty() {
            let step = match decoder.bytes_needed(&buffer[held.clone()]) {
                _ if !is_large => BUFFER,
                missing if !held.is_empty() => missing as usize,
                _ => STEP,
            };
            let read = piece.split_off(..step.min(piece.len())).unwrap();
            buffer[held.end..][..read.len()].copy_from_slice(read);
            held.end += read.len();
            let mut input = &mut buffer[held.clone()];
            // Unless it is better to wait for what the buffer has room for.
            let room = (2 * BUFFER - held.end) as u64;
            while !is_large || !(1..=room).contains(&decoder.bytes_needed(input)) {
                let Step::Item(item) = decoder.decode(&mut input).unwrap() else { break };
                is_large = is_longer(&item, LARGE);
                black_box(&item);
                items += 1;
            }
            is_large |= decoder.bytes_needed(&[]) > LARGE;
            held.start = held.end - input.len();
            if held.is_empty() {
                held = 0..0;
            }
        }
    }
    items
}

/// Nothing is joined: a message is handed on as it arrives.
fn parts(wire: &[u8], piece: usize) -> usize {
    let (mut decoder, mut buffer, mut items) =
        (message::Decoder::<ServerRole>::new(), vec![0; STEP], 0);
    for read in wire.chunks(piece).flat_map(|piece| piece.chunks(STEP)) {
        let mut input = &mut buffer[..read.len()];
        input.copy_from_slice(read);
        while let Step::Item(part) = decoder.decode_part(&mut input).unwrap() {
            items += usize::from(part == Part::End);
            black_box(&part);
        }
    }
    items
}

fn is_longer(item: &Item<'_, '_>, len: u64) -> bool {
    match item {
        Item::Text(text) => text.len() as u64 > len,
        Item::Binary(bytes) => bytes.len() as u64 > len,
        _ => false,
    }
}

const BUFFER: usize = 64 << 10;
const STEP: usize = 8 << 10;
const LARGE: u64 = 4 << 10;
