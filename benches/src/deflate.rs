//! permessage-deflate: JSON messages in and out, one whole message a call.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Cursor;

use bytes::{Buf as _, Bytes, BytesMut};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use sockudo_ws::CompressedProtocol;
use sockudo_ws::deflate::{DeflateDecoder, DeflateEncoder, MAX_WINDOW_BITS};
use tokio::io::{join, sink};
use wirefeed::ws::deflate::{Config, Deflater, Inflater, Pool};
use wirefeed::ws::frame::{Header, Opcode};
use wirefeed::ws::handshake::{DeflateConfig, DeflateParams};
use wirefeed::ws::{self, ClientRole, Event, ServerRole, Session};
use wirefeed::{Instant, Step};
use yawc::{Options, Role, WebSocket};

use crate::encode::written;
use crate::measure::{Row, Run};
use crate::ws_peers::ready;

pub(crate) fn rows(run: Run<'_>) {
    for (size, takeover) in [(1 << 10, false), (1 << 10, true), (16 << 10, false), (16 << 10, true)]
    {
        let messages = Messages::new(size, takeover);
        let kind = if takeover { "takeover" } else { "no takeover" };
        let row = |verb, peer, bound| Row {
            name: format!("ws, JSON {} KiB, {verb}, {kind}", size >> 10),
            items: messages.plain.len(),
            wire: messages.plain.concat(),
            piece: size,
            peer,
            bound,
        };
        let (mut ours, mut theirs) = (messages.inflate(), messages.flate2_inflate());
        run(vec![row("inflated", "flate2", 1.15)], &mut ours, &mut theirs);
        run(vec![row("inflated", "sockudo-ws", 1.1)], &mut ours, &mut messages.sockudo_inflate());
        let (mut ours, mut theirs) = (messages.receive(), messages.yawc_receive());
        run(vec![row("received", "yawc", 1.1)], &mut ours, &mut theirs);
        run(vec![row("received", "sockudo-ws", 1.1)], &mut ours, &mut messages.sockudo_receive());
        let (mut ours, mut theirs) = (messages.deflate(), messages.flate2_deflate());
        run(vec![row("deflated", "flate2", 1.1)], &mut ours, &mut theirs);
        run(vec![row("deflated", "sockudo-ws", 1.1)], &mut ours, &mut messages.sockudo_deflate());
        let (mut ours, mut theirs) = (messages.send(), messages.sockudo_send());
        run(vec![row("sent", "sockudo-ws", 1.1)], &mut ours, &mut theirs);
    }
}

/// Messages as they are and as payloads.
struct Messages {
    takeover: bool,
    plain: Vec<Vec<u8>>,
    payloads: Vec<Vec<u8>>,
}

impl Messages {
    fn new(size: usize, takeover: bool) -> Self {
        let plain: Vec<_> = (0..(4 << 20) / size).map(|seed| json(size, seed as u32)).collect();
        let mut messages = Self { takeover, plain, payloads: Vec::new() };
        let mut zlib = Compress::new(Compression::new(6), false);
        for message in &messages.plain {
            let mut payload = Vec::new();
            flate2_deflate(&mut zlib, takeover, message, &mut payload);
            messages.payloads.push(payload);
        }
        let lens = |all: &[Vec<u8>]| all.iter().map(Vec::len).sum::<usize>();
        assert!(lens(&messages.payloads) * 2 < lens(&messages.plain), "hardly compressed");
        messages
    }

    /// Every contender begins a pass with a context that knows of no message, as the payloads do.
    fn inflate(&self) -> impl FnMut(&[u8], usize) -> usize {
        let (pool, mut out) = (Pool::default(), Vec::new());
        move |_, _| {
            let mut inflater = Inflater::new(self.takeover, Some(&pool));
            self.each_payload(|payload, plain| {
                out.clear();
                inflater.inflate_message(payload, &mut out, Some(1 << 20)).unwrap();
                black_box(&out).len() == plain.len()
            })
        }
    }

    fn flate2_inflate(&self) -> impl FnMut(&[u8], usize) -> usize {
        let (mut zlib, mut out) = (Decompress::new(false), Vec::new());
        move |_, _| {
            zlib.reset(false);
            self.each_payload(|payload, plain| {
                out.clear();
                // The bare work: room for the message is known.
                out.reserve(plain.len() + 1);
                for input in [payload, &[0, 0, 0xff, 0xff]] {
                    zlib.decompress_vec(input, &mut out, FlushDecompress::None).unwrap();
                }
                if !self.takeover {
                    zlib.reset(false);
                }
                black_box(&out).len() == plain.len()
            })
        }
    }

    fn sockudo_inflate(&self) -> impl FnMut(&[u8], usize) -> usize {
        let mut decoder = DeflateDecoder::new(MAX_WINDOW_BITS, !self.takeover);
        move |_, _| {
            decoder.reset();
            self.each_payload(|payload, plain| {
                let message = decoder.decompress(payload, 1 << 20).unwrap();
                black_box(message).len() == plain.len()
            })
        }
    }

    /// Frames as a client reads them.
    fn frames(&self) -> Vec<u8> {
        let mut wire = Vec::new();
        for payload in &self.payloads {
            let len = payload.len() as u64;
            let opcode = Opcode::Binary;
            let header = Header { fin: true, compressed: true, opcode, mask: None, len };
            wire.extend_from_slice(header.encode().as_ref());
            wire.extend_from_slice(payload);
        }
        wire
    }

    fn params(&self) -> DeflateParams {
        let mut config = DeflateConfig::server();
        config.client_no_context_takeover = !self.takeover;
        config.server_no_context_takeover = !self.takeover;
        let request = [("Sec-WebSocket-Extensions", "permessage-deflate")];
        config.answer(&request).unwrap().unwrap().0
    }

    fn receive(&self) -> impl FnMut(&[u8], usize) -> usize {
        let (pool, wire, params) = (Pool::default(), self.frames(), self.params());
        let mut buffer = vec![0; wire.len()];
        move |_, _| {
            let (role, config) = (ClientRole(|_: &mut [u8]| ()), ws::Config::default());
            let Session { mut rx, mut tx } =
                Session::with_deflate(role, config, &params, &pool, Instant::ZERO);
            buffer.copy_from_slice(&wire);
            let (mut input, mut messages) = (&mut buffer[..], 0);
            while let Step::Item(event) = rx.receive(&mut tx, &mut input, Instant::ZERO).unwrap() {
                let Event::Binary(bytes) = black_box(event) else { break };
                messages += usize::from(bytes.len() == self.plain[messages].len());
            }
            messages
        }
    }

    fn sockudo_receive(&self) -> impl FnMut(&[u8], usize) -> usize {
        let (wire, config) = (self.frames(), self.sockudo_config());
        let (mut buffer, mut all) = (BytesMut::with_capacity(wire.len()), Vec::new());
        move |_, _| {
            let mut protocol = CompressedProtocol::client(1 << 20, 1 << 20, config.clone());
            buffer.extend_from_slice(&wire);
            protocol.process_into(&mut buffer, &mut all).unwrap();
            black_box(all.drain(..))
                .zip(&self.plain)
                .filter(|(it, plain)| it.as_bytes().len() == plain.len())
                .count()
        }
    }

    fn send(&self) -> impl FnMut(&[u8], usize) -> usize {
        let (pool, params) = (Pool::default(), self.params());
        move |_, _| {
            let config = ws::Config::default();
            let mut tx =
                Session::with_deflate(ServerRole, config, &params, &pool, Instant::ZERO).tx;
            self.each_payload(|_, plain| {
                tx.send_binary(plain, Instant::ZERO).unwrap();
                let len = black_box(tx.output().chunk()).len();
                written(tx.output());
                len > 0
            })
        }
    }

    fn sockudo_send(&self) -> impl FnMut(&[u8], usize) -> usize {
        let (config, mut out) = (self.sockudo_config(), BytesMut::new());
        let messages: Vec<_> =
            self.plain.iter().map(|it| sockudo_ws::Message::binary(it.clone())).collect();
        move |_, _| {
            let mut protocol = CompressedProtocol::server(1 << 20, 1 << 20, config.clone());
            let encode = |message| {
                out.clear();
                protocol.encode_message(message, &mut out).unwrap();
                !black_box(&out).is_empty()
            };
            messages.iter().map(encode).filter(|is_sent| *is_sent).count()
        }
    }

    fn sockudo_config(&self) -> sockudo_ws::deflate::DeflateConfig {
        sockudo_ws::deflate::DeflateConfig {
            server_no_context_takeover: !self.takeover,
            client_no_context_takeover: !self.takeover,
            ..Default::default()
        }
    }

    /// Its inflater is not public; what there is reads a stream.
    fn yawc_receive(&self) -> impl FnMut(&[u8], usize) -> usize {
        let wire = Bytes::from(self.frames());
        let agreed = match self.takeover {
            true => "permessage-deflate",
            false => "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        };
        move |_, _| {
            let stream = join(Cursor::new(wire.clone()), sink());
            let options = Options::default().with_balanced_compression();
            let mut socket =
                WebSocket::from_stream_with_extensions(stream, Role::Client, Some(agreed), options)
                    .unwrap();
            let mut messages = 0;
            while messages < self.plain.len() {
                let frame = ready(socket.next_frame()).unwrap();
                assert_eq!(black_box(frame.payload()).len(), self.plain[messages].len());
                messages += 1;
            }
            messages
        }
    }

    fn deflate(&self) -> impl FnMut(&[u8], usize) -> usize {
        let (pool, mut config, mut out) = (Pool::default(), Config::default(), Vec::new());
        config.context_takeover = self.takeover;
        move |_, _| {
            let mut deflater = Deflater::new(config, Some(&pool));
            self.each_payload(|payload, plain| {
                out.clear();
                deflater.deflate_piece(plain, true, &mut out);
                black_box(&out).len() == payload.len()
            })
        }
    }

    fn flate2_deflate(&self) -> impl FnMut(&[u8], usize) -> usize {
        let (mut zlib, mut out) = (Compress::new(Compression::new(6), false), Vec::new());
        move |_, _| {
            zlib.reset();
            self.each_payload(|payload, plain| {
                out.clear();
                flate2_deflate(&mut zlib, self.takeover, plain, &mut out);
                black_box(&out).len() == payload.len()
            })
        }
    }

    fn sockudo_deflate(&self) -> impl FnMut(&[u8], usize) -> usize {
        let no_takeover = !self.takeover;
        let mut encoder = DeflateEncoder::new(MAX_WINDOW_BITS, no_takeover, 6, 0);
        move |_, _| {
            encoder.reset();
            self.each_payload(|_, plain| {
                // It flushes in its own way, so that the length may differ.
                black_box(encoder.compress(plain).unwrap()).is_some_and(|it| !it.is_empty())
            })
        }
    }

    /// The number of messages with which all went well.
    fn each_payload(&self, mut work: impl FnMut(&[u8], &[u8]) -> bool) -> usize {
        let both = self.payloads.iter().zip(&self.plain);
        both.filter(|(payload, plain)| work(payload, plain)).count()
    }
}

/// The bare work of zlib, with room for what comes out.
fn flate2_deflate(zlib: &mut Compress, takeover: bool, message: &[u8], out: &mut Vec<u8>) {
    out.reserve(message.len() + 64);
    zlib.compress_vec(message, out, FlushCompress::Sync).unwrap();
    out.truncate(out.len() - 4);
    if !takeover {
        zlib.reset();
    }
}

/// What a feed of prices sends, no two messages the same.
fn json(size: usize, seed: u32) -> Vec<u8> {
    let (mut text, mut n) = (String::from("["), seed);
    while text.len() < size {
        n = n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (price, amount, side) = (n >> 12, n >> 20, if n >> 31 == 0 { "buy" } else { "sell" });
        let time = 1_732_312_345_000 + u64::from(seed) * 1000 + u64::from(n >> 24);
        let _ = write!(
            text,
            "{{\"symbol\":\"ABC-{}\",\"side\":\"{side}\",\"price\":{}.{:02},\"amount\":{amount},\"time\":{time}}},",
            n >> 28,
            price / 100,
            price % 100,
        );
    }
    text.truncate(size);
    text.into_bytes()
}
