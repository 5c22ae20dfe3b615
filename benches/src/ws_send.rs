//! WebSocket: messages encoded, shared, and sent there and back.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::rc::Rc;

use bytes::{Buf, Bytes, BytesMut};
use sockudo_ws::frame::{OpCode, encode_frame};
use tokio_util::codec::Encoder as _;
use tungstenite::Message;
use wirefeed::ws::{ClientRole, Config, Encoded, Event, Role, ServerRole, Session};
use wirefeed::{Instant, Step};

use crate::encode::{ROOM, written};
use crate::measure::{Row, Run, absolute};
use crate::ws::{KEY, SIZES};
use crate::ws_peers::{Source, ready};

pub(crate) fn rows(run: Run<'_>) {
    for (said, size) in SIZES {
        let items = ((4 << 20) / size).clamp(4, 20_000);
        let wire = vec![b'x'; size * items];
        // For peers that are given their payloads as `Bytes`.
        let all = &Bytes::from(wire.clone());
        for (side, peers) in [("client", PEERS), ("server", PEERS)] {
            let mut ours = |wire: &[u8], piece: usize| match side {
                "client" => sent(ClientRole(keys()), wire, piece),
                _ => sent(ServerRole, wire, piece),
            };
            for (peer, pass, bound) in peers {
                let name = format!("ws, {said}, encoded by a {side}");
                let row = Row { name, items, wire: wire.clone(), piece: size, peer, bound };
                run(vec![row], &mut ours, &mut |_, piece| pass(side == "client", all, piece));
            }
        }
    }
    let items = 2000;
    let row = Row {
        name: "ws, 1 KiB, there and back".into(),
        items,
        wire: vec![b'x'; items << 10],
        piece: 1 << 10,
        peer: "tungstenite",
        bound: 0.2,
    };
    run(vec![row], &mut echoed, &mut echoed_by_tungstenite);
}

/// Whether a client encodes, all payloads, and the length of each.
type Pass = fn(bool, &Bytes, usize) -> usize;

const PEERS: [(&str, Pass, f64); 6] = [
    ("plain loop", plain_loop, 3.0),
    ("sockudo-ws", sockudo_ws, 1.3),
    ("sockudo-ws, a frame", sockudo_frame, 3.5),
    ("yawc", yawc, 1.3),
    ("tungstenite", tungstenite, 1.0),
    ("web-socket", web_socket, 1.15),
];

fn config() -> Config {
    let mut config = Config::default();
    config.output = None;
    config
}

fn sent<R: Role>(role: R, wire: &[u8], piece: usize) -> usize {
    let (Session { mut tx, .. }, mut items) = (Session::new(role, config(), Instant::ZERO), 0);
    for payload in wire.chunks(piece) {
        if tx.output().remaining() > ROOM {
            black_box(tx.output().chunk());
            written(tx.output());
        }
        tx.send_binary(payload, Instant::ZERO).unwrap();
        items += 1;
    }
    black_box(tx.output().chunk());
    items
}

/// The unavoidable work: the header's length is known, nothing is masked.
fn plain_loop(is_client: bool, all: &Bytes, piece: usize) -> usize {
    let (mut out, mut items) = (Vec::new(), 0);
    let head = vec![b'h'; if is_client { 8 } else { 4 }];
    for payload in all.chunks(piece) {
        if out.len() > ROOM {
            black_box(&out);
            out.clear();
        }
        out.extend_from_slice(&head);
        out.extend_from_slice(payload);
        items += 1;
    }
    black_box(&out);
    items
}

fn sockudo_ws(is_client: bool, all: &Bytes, piece: usize) -> usize {
    use sockudo_ws::protocol::{Message, Protocol, Role};
    let role = if is_client { Role::Client } else { Role::Server };
    let (mut protocol, mut out) = (Protocol::new(role, 1 << 20, 1 << 20), BytesMut::new());
    let starts = (0..all.len()).step_by(piece);
    starts
        .map(|from| {
            if out.len() > ROOM {
                black_box(&out);
                out.clear();
            }
            let message = Message::Binary(all.slice(from..from + piece));
            protocol.encode_message(&message, &mut out).unwrap();
        })
        .count()
}

/// Its function for a frame, which knows of no state, limit or source of keys.
fn sockudo_frame(is_client: bool, all: &Bytes, piece: usize) -> usize {
    let (mut out, mut items) = (BytesMut::new(), 0);
    for payload in all.chunks(piece) {
        if out.len() > ROOM {
            black_box(&out);
            out.clear();
        }
        encode_frame(&mut out, OpCode::Binary, payload, true, is_client.then_some(black_box(KEY)));
        items += 1;
    }
    black_box(&out);
    items
}

fn yawc(is_client: bool, all: &Bytes, piece: usize) -> usize {
    let role = if is_client { yawc::Role::Client } else { yawc::Role::Server };
    let (mut encoder, mut out) = (yawc::codec::Encoder::new(role), BytesMut::new());
    let starts = (0..all.len()).step_by(piece);
    starts
        .map(|from| {
            if out.len() > ROOM {
                black_box(&out);
                out.clear();
            }
            let frame = yawc::Frame::binary(all.slice(from..from + piece));
            encoder.encode(frame, &mut out).unwrap();
        })
        .count()
}

fn tungstenite(is_client: bool, all: &Bytes, piece: usize) -> usize {
    use tungstenite::protocol::{Role, WebSocket};
    let role = if is_client { Role::Client } else { Role::Server };
    let mut socket = WebSocket::from_raw_socket(Source::new(&[], 1), role, None);
    let starts = (0..all.len()).step_by(piece);
    starts.map(|from| socket.write(Message::Binary(all.slice(from..from + piece))).unwrap()).count()
}

fn web_socket(is_client: bool, all: &Bytes, piece: usize) -> usize {
    let stream = Source::new(&[], 1);
    let mut socket = match is_client {
        true => web_socket::WebSocket::client(stream),
        false => web_socket::WebSocket::server(stream),
    };
    all.chunks(piece).map(|payload| ready(socket.send(payload)).unwrap()).count()
}

/// What a client sends and a server sends back, each in one buffer.
fn echoed(wire: &[u8], piece: usize) -> usize {
    let mut client = Session::new(ClientRole(keys()), config(), Instant::ZERO);
    let mut server = Session::new(ServerRole, config(), Instant::ZERO);
    let (mut buffer, mut items, now) = (vec![0; ROOM], 0, Instant::ZERO);
    for payload in wire.chunks(piece) {
        let text = std::str::from_utf8(payload).unwrap();
        client.tx.send_text(text, now).unwrap();
        let mut input = read(client.tx.output(), &mut buffer);
        while let Step::Item(event) = server.rx.receive(&mut server.tx, &mut input, now).unwrap() {
            if let Event::Text(text) = event {
                server.tx.send_text(&text, now).unwrap();
            }
        }
        let mut input = read(server.tx.output(), &mut buffer);
        while let Step::Item(event) = client.rx.receive(&mut client.tx, &mut input, now).unwrap() {
            black_box(&event);
            items += 1;
        }
    }
    items
}

/// A write and a read in one copy.
fn read<'b>(out: &mut wirefeed::Outbox, buffer: &'b mut [u8]) -> &'b mut [u8] {
    let len = out.remaining();
    out.copy_to_slice(&mut buffer[..len]);
    &mut buffer[..len]
}

fn echoed_by_tungstenite(wire: &[u8], piece: usize) -> usize {
    use tungstenite::protocol::{Role, WebSocket};
    let (there, back) = (Rc::default(), Rc::default());
    let client = Pipe { input: Rc::clone(&back), output: Rc::clone(&there) };
    let server = Pipe { input: there, output: back };
    let mut client = WebSocket::from_raw_socket(client, Role::Client, None);
    let mut server = WebSocket::from_raw_socket(server, Role::Server, None);
    let mut items = 0;
    for payload in wire.chunks(piece) {
        client.send(Message::text(std::str::from_utf8(payload).unwrap())).unwrap();
        let message = server.read().unwrap();
        server.send(message).unwrap();
        black_box(client.read().unwrap());
        items += 1;
    }
    items
}

/// One side of a connection in memory.
struct Pipe {
    input: Rc<RefCell<VecDeque<u8>>>,
    output: Rc<RefCell<VecDeque<u8>>>,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.borrow_mut().read(buffer)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Payloads that a server shares: the names of rows that take too long.
pub(crate) fn shared(rounds: usize, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let mut slow = Vec::new();
    let mut row = |name: String, pass: &mut dyn FnMut()| {
        if wanted(&name) && !absolute(rounds, &name, 40.0, pass) {
            slow.push(name);
        }
    };
    for (size, said) in [(1 << 10, "1 KiB"), (1 << 16, "64 KiB"), (1 << 20, "1 MiB")] {
        let (payload, mut session) =
            (Bytes::from(vec![b'x'; size]), Session::new(ServerRole, config(), Instant::ZERO));
        row(format!("shared {said} in a WebSocket message"), &mut || {
            session.tx.send_bytes(black_box(&payload).clone(), Instant::ZERO).unwrap();
            written(session.tx.output());
        });
        let encoded = Encoded::binary(&payload);
        row(format!("shared {said} as an encoded WebSocket message"), &mut || {
            session.tx.send_encoded(black_box(&encoded), Instant::ZERO).unwrap();
            written(session.tx.output());
        });
    }
    slow
}

/// Masking keys as sockudo-ws and yawc draw them.
fn keys() -> impl FnMut(&mut [u8]) {
    let mut random = fastrand::Rng::new();
    move |bytes| bytes.copy_from_slice(&random.u32(..).to_ne_bytes())
}
