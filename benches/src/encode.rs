//! HTTP/1.1: chunks out, and payloads that are shared.

use std::cell::RefCell;
use std::hint::black_box;
use std::io::IoSlice;

use bytes::{Buf, Bytes};
use wirefeed::h1::{Config, Server, chunked};
use wirefeed::{Instant, Outbox, Step};

use crate::measure::{Row, Run, absolute};

pub(crate) fn chunks(run: Run<'_>) {
    for (size, items) in [(16, 20_000), (256, 4000), (4096, 200), (65_536, 16)] {
        let name = format!("chunks of {size} B, encoded");
        let (wire, peer) = (vec![b'x'; size * items], "plain loop");
        let row = Row { name, items, wire, piece: size, peer, bound: 1.2 };
        // One buffer for both: where it lies beside the data decides how fast it is copied to.
        let out = RefCell::new(Vec::new());
        let mut ours = |wire: &[u8], piece: usize| copied(wire, piece, &mut out.borrow_mut());
        let mut theirs = |wire: &[u8], piece: usize| plain_loop(wire, piece, &mut out.borrow_mut());
        run(vec![row.clone()], &mut ours, &mut theirs);
        let row = Row { name: format!("chunks of {size} B, vectored"), ..row };
        run(vec![row], &mut vectored, &mut theirs);
    }
}

fn copied(wire: &[u8], piece: usize, out: &mut Vec<u8>) -> usize {
    out.clear();
    let mut items = 0;
    for data in wire.chunks(piece) {
        if out.len() > ROOM {
            black_box(&*out);
            out.clear();
        }
        chunked::encode_chunk(data, &[], out).unwrap();
        items += 1;
    }
    black_box(&*out);
    items
}

/// What a chunk goes between, as three slices of a vectored write: its data is not touched.
fn vectored(wire: &[u8], piece: usize) -> usize {
    let mut items = 0;
    for data in wire.chunks(piece) {
        let head = chunked::chunk_header(data.len() as u64).unwrap();
        black_box([IoSlice::new(head.as_ref()), IoSlice::new(data), IoSlice::new(chunked::TAIL)]);
        items += 1;
    }
    items
}

/// The unavoidable work of an encoder that copies.
fn plain_loop(wire: &[u8], piece: usize, out: &mut Vec<u8>) -> usize {
    out.clear();
    let mut items = 0;
    for data in wire.chunks(piece) {
        if out.len() > ROOM {
            black_box(&*out);
            out.clear();
        }
        let (mut digits, mut from, mut left) = ([0; 16], 16, data.len());
        while left > 0 {
            from -= 1;
            digits[from] = b"0123456789abcdef"[left & 15];
            left >>= 4;
        }
        out.extend_from_slice(&digits[from..]);
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(data);
        out.extend_from_slice(b"\r\n");
        items += 1;
    }
    black_box(&*out);
    items
}

/// Written out from here on, as a socket would be.
pub(crate) const ROOM: usize = 64 << 10;

/// Payloads that are shared: none of them is copied, so that none may cost more than another. Prints the
/// rows that `wanted` says; the names of those that take too long.
pub(crate) fn shared(rounds: usize, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let mut slow = Vec::new();
    let mut row = |name: String, bound: f64, pass: &mut dyn FnMut()| {
        if wanted(&name) && !absolute(rounds, &name, bound, pass) {
            slow.push(name);
        }
    };
    for (size, said) in [(1 << 10, "1 KiB"), (1 << 16, "64 KiB"), (1 << 20, "1 MiB")] {
        let payload = Bytes::from(vec![b'x'; size]);
        let mut server = answering();
        row(format!("shared {said} in a chunk, advanced"), 50.0, &mut || {
            server.tx.send_bytes(black_box(&payload).clone(), Instant::ZERO).unwrap();
            written(server.tx.output());
        });
        let mut server = answering();
        row(format!("shared {said} in a chunk, taken"), 120.0, &mut || {
            server.tx.send_bytes(black_box(&payload).clone(), Instant::ZERO).unwrap();
            while let Some(bytes) = server.tx.output().take_bytes() {
                black_box(bytes);
            }
        });
        let mut out = Outbox::with_limit(None);
        row(format!("shared {said}, Outbox::share, advanced"), 40.0, &mut || {
            out.share(black_box(&payload).clone()).unwrap();
            written(&mut out);
        });
    }
    slow
}

/// A vectored write that takes all.
pub(crate) fn written(out: &mut Outbox) {
    let mut slices = [IoSlice::new(&[]); 4];
    black_box(out.chunks_vectored(&mut slices));
    black_box(&slices);
    out.advance(out.remaining());
}

/// A server in the middle of a response in chunks.
fn answering() -> Server {
    let mut config = Config::server();
    config.output = None;
    let mut server = Server::new(config, Instant::ZERO);
    let mut input = &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..];
    let head = server.rx.receive(&mut server.tx, &mut input, Instant::ZERO);
    assert!(matches!(head, Ok(Step::Item(_))));
    server.tx.send_head(200, &(), Instant::ZERO).unwrap();
    written(server.tx.output());
    server
}
