//! Frames, messages, sessions.

use bytes::Buf;
use std::marker::PhantomData;

use proptest::prelude::*;
use wirefeed::Instant;
use wirefeed::ws::frame::{self, Header, Masking, Opcode};
use wirefeed::ws::{
    ClientRole, CloseCode, Config, Event, Role, Sender, ServerRole, Session, mask, message,
};

use super::generic::{Connecting, Decoding, Scratch};
use crate::harness::{Flow, Part, Show, Subject, part};

/// Frames, which are masked or are not.
pub(crate) struct Frames<const MASKED: bool>;

impl<const MASKED: bool> Decoding for Frames<MASKED> {
    type Codec = frame::Decoder;
    const LIMIT: usize = 0;

    fn small() -> frame::Decoder {
        frame::Decoder::new(if MASKED { Masking::Masked } else { Masking::Unmasked })
    }

    fn show<'m, 'b: 'm>(item: frame::Item<'b>, show: Show<'_>) {
        match item {
            frame::Item::Header(header) => {
                show("header", &[u8::from(header.fin), header.opcode as u8], false);
            }
            frame::Item::Payload { bytes, mask: key } => {
                // A few bytes at a time, since nothing may be allocated here.
                for (i, &byte) in bytes.iter().enumerate() {
                    let key = key.map_or(0, |key| key[i % 4]);
                    show("payload", &[byte ^ key], true);
                }
            }
            frame::Item::End => show("end", b"", false),
        }
    }

    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)> {
        sent()
            .prop_map(|messages| {
                let (mut wire, mut parts) = (Vec::new(), Vec::new());
                for sent in messages {
                    for (fin, opcode, payload) in sent.frames() {
                        put(&mut wire, MASKED, fin, opcode, &payload);
                        parts.push(part("header", [u8::from(fin), opcode as u8]));
                        if !payload.is_empty() {
                            parts.push(part("payload", payload));
                        }
                        parts.push(part("end", b""));
                    }
                }
                (wire, parts)
            })
            .boxed()
    }

    fn long(len: usize) -> Vec<u8> {
        one_message(MASKED, len)
    }
}

/// A client's source of keys: always this one.
pub(crate) type Key = fn(&mut [u8]);

/// A role that can be made up.
pub(crate) trait Side: Role + 'static {
    /// Whether the frames it receives are masked.
    const MASKED: bool;

    fn side() -> Self;
}

impl Side for ServerRole {
    const MASKED: bool = true;

    fn side() -> Self {
        Self
    }
}

impl Side for ClientRole<Key> {
    const MASKED: bool = false;

    fn side() -> Self {
        Self(|key| key.fill(0x5a))
    }
}

/// Messages.
pub(crate) struct Messages<R>(PhantomData<R>);

impl<R: Side> Decoding for Messages<R> {
    type Codec = message::Decoder<R>;
    const LIMIT: usize = LIMIT;

    fn small() -> message::Decoder<R> {
        message::Decoder::with_config(limits())
    }

    fn roomy() -> message::Decoder<R> {
        message::Decoder::new()
    }

    fn show<'m, 'b: 'm>(item: message::Item<'m, 'b>, show: Show<'_>) {
        show_event(item, show);
    }

    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)> {
        sent()
            .prop_map(|messages| {
                let (mut wire, mut parts) = (Vec::new(), Vec::new());
                for sent in &messages {
                    for (fin, opcode, payload) in sent.frames() {
                        put(&mut wire, R::MASKED, fin, opcode, &payload);
                    }
                    parts.extend(sent.parts());
                }
                (wire, parts)
            })
            .boxed()
    }

    fn long(len: usize) -> Vec<u8> {
        one_message(R::MASKED, len)
    }
}

/// Messages in parts, whose pieces are whole characters.
pub(crate) struct Parts<R> {
    decoder: message::Decoder<R>,
    input: Scratch,
}

impl<R: Side> Subject for Parts<R> {
    const LIMIT: usize = 0;

    fn new() -> Self {
        Self { decoder: message::Decoder::with_config(limits()), input: Scratch::new() }
    }

    fn roomy() -> Self {
        Self { decoder: message::Decoder::new(), input: Scratch::new() }
    }

    fn step(&mut self, input: &mut &[u8], show: Show<'_>) -> Flow {
        let mut rest = self.input.copy(input);
        let flow = Flow::of(self.decoder.decode_part(&mut rest), |part| show_part(part, show));
        *input = &input[input.len() - rest.len()..];
        flow
    }

    fn finish(&mut self, _: Show<'_>) -> Flow {
        Flow::end(self.decoder.finish(), |_| ())
    }

    fn reset(&mut self) -> bool {
        self.decoder.reset();
        true
    }

    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)> {
        let streams = Messages::<R>::streams();
        streams.prop_map(|(wire, parts)| (wire, in_parts(parts))).boxed()
    }

    fn long(len: usize) -> Vec<u8> {
        one_message(R::MASKED, len)
    }
}

/// Whole messages as what they come to in parts.
pub(super) fn in_parts(whole: Vec<Part>) -> Vec<Part> {
    let mut parts = Vec::new();
    for message in whole {
        if !["text", "binary"].contains(&message.name) {
            parts.push(message);
            continue;
        }
        parts.push(part("start", message.name));
        if !message.bytes.is_empty() {
            parts.push(message);
        }
        parts.push(part("end", b""));
    }
    parts
}

pub(super) fn show_part(part: message::Part<'_>, show: Show<'_>) {
    match part {
        message::Part::Start(message::Kind::Text) => show("start", b"text", false),
        message::Part::Start(message::Kind::Binary) => show("start", b"binary", false),
        message::Part::Text(text) => show("text", text.as_bytes(), true),
        message::Part::Binary(bytes) => show("binary", bytes, true),
        message::Part::End => show("end", b"", false),
        message::Part::Ping(payload) => show_event(Event::Ping(payload), show),
        message::Part::Pong(payload) => show_event(Event::Pong(payload), show),
        message::Part::Close(close) => show_event(Event::Close(close), show),
    }
}

/// What was agreed on in the handshake.
pub(crate) trait Agreed: 'static {
    /// What a session of this kind may hold besides its limits.
    const CONSTANT: usize;

    fn session<R: Role>(role: R, config: &Config) -> Session<R>;
}

/// Nothing: messages are sent as they are.
pub(crate) struct Nothing;

impl Agreed for Nothing {
    const CONSTANT: usize = 2048;

    fn session<R: Role>(role: R, config: &Config) -> Session<R> {
        Session::new(role, *config, Instant::ZERO)
    }
}

/// A session.
pub(crate) struct Talking<R, A>(PhantomData<(R, A)>);

impl<R: Side, A: Agreed> Connecting for Talking<R, A> {
    type Connection = Session<R>;
    const LIMIT: usize = LIMIT;
    const CONSTANT: usize = A::CONSTANT;

    fn small() -> Session<R> {
        let mut config = Config::default();
        config.message = limits();
        A::session(R::side(), &config)
    }

    fn roomy() -> Session<R> {
        A::session(R::side(), &Config::default())
    }

    fn handle<'m, 'b: 'm>(event: Event<'m, 'b>, _: &mut Sender<R>, show: Show<'_>) {
        show_event(event, show);
    }

    /// What the other side's sender makes.
    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)> {
        sent()
            .prop_map(|messages| {
                if R::MASKED {
                    converse::<R, A, _>(ClientRole::<Key>::side(), &messages)
                } else {
                    converse::<R, A, _>(ServerRole, &messages)
                }
            })
            .boxed()
    }

    fn long(len: usize) -> Vec<u8> {
        one_message(R::MASKED, len)
    }
}

/// What `peer` sends for these messages, and what a session must make of it.
fn converse<R: Side, A: Agreed, P: Role>(peer: P, messages: &[Sent]) -> (Vec<u8>, Vec<Part>) {
    let Session { mut tx, .. } = A::session(peer, &Config::default());
    let (mut wire, mut parts, now) = (Vec::new(), Vec::new(), Instant::ZERO);
    for sent in messages {
        match sent {
            Sent::Text(text, _) => tx.send_text(text, now).unwrap(),
            Sent::Binary(bytes, _) => tx.send_bytes(bytes.clone().into(), now).unwrap(),
            Sent::Ping(payload) => tx.send_ping(payload, now).unwrap(),
            Sent::Close(code, reason) => tx.close(Some(CloseCode(*code)), reason, now).unwrap(),
        }
        parts.extend(sent.parts());
        let mut reply = Vec::new();
        match sent {
            Sent::Ping(payload) => put(&mut reply, !R::MASKED, true, Opcode::Pong, payload),
            Sent::Close(code, _) => {
                put(&mut reply, !R::MASKED, true, Opcode::Close, &code.to_be_bytes());
            }
            _ => continue,
        }
        parts.push(part("output", reply));
    }
    let out = tx.output();
    while out.has_remaining() {
        wire.extend_from_slice(out.chunk());
        out.advance(out.chunk().len());
    }
    (wire, parts)
}

pub(super) fn show_event(event: Event<'_, '_>, show: Show<'_>) {
    match event {
        Event::Text(text) => show("text", text.as_bytes(), false),
        Event::Binary(bytes) => show("binary", &bytes, false),
        Event::Ping(payload) => show("ping", payload, false),
        Event::Pong(payload) => show("pong", payload, false),
        Event::Close(close) => {
            show("code", &close.code.map_or(0, |code| code.0).to_be_bytes(), false);
            show("reason", close.reason.as_bytes(), false);
        }
    }
}

/// Small limits, so that streams reach them.
pub(super) fn limits() -> message::Config {
    let mut limits = message::Config::default();
    (limits.frame, limits.message) = (Some(200), Some(LIMIT));
    limits
}

pub(super) const LIMIT: usize = 300;

/// What is sent; messages with the places at which they are cut into fragments.
#[derive(Debug, Clone)]
pub(super) enum Sent {
    Text(String, Vec<usize>),
    Binary(Vec<u8>, Vec<usize>),
    Ping(Vec<u8>),
    Close(u16, String),
}

impl Sent {
    pub(super) fn frames(&self) -> Vec<(bool, Opcode, Vec<u8>)> {
        let (opcode, payload, cuts) = match self {
            Self::Text(text, cuts) => (Opcode::Text, text.as_bytes(), cuts),
            Self::Binary(bytes, cuts) => (Opcode::Binary, &bytes[..], cuts),
            Self::Ping(payload) => return vec![(true, Opcode::Ping, payload.clone())],
            Self::Close(code, reason) => {
                let payload = [&code.to_be_bytes(), reason.as_bytes()].concat();
                return vec![(true, Opcode::Close, payload)];
            }
        };
        let (mut frames, mut from) = (Vec::new(), 0);
        for cut in cuts {
            let cut = (*cut).clamp(from, payload.len());
            frames.push((false, opcode, payload[from..cut].to_vec()));
            from = cut;
        }
        frames.push((true, opcode, payload[from..].to_vec()));
        frames.iter_mut().skip(1).for_each(|frame| frame.1 = Opcode::Continuation);
        frames
    }

    pub(super) fn parts(&self) -> Vec<Part> {
        match self {
            Self::Text(text, _) => vec![part("text", text)],
            Self::Binary(bytes, _) => vec![part("binary", bytes)],
            Self::Ping(payload) => vec![part("ping", payload)],
            Self::Close(code, reason) => {
                vec![part("code", code.to_be_bytes()), part("reason", reason)]
            }
        }
    }
}

/// Messages and pings, and perhaps a close frame at the end.
pub(super) fn sent() -> impl Strategy<Value = Vec<Sent>> {
    let bytes = |len| prop::collection::vec(any::<u8>(), 0..len);
    let cuts = || {
        prop::collection::vec(0usize..150, 0..3).prop_map(|mut cuts| {
            cuts.sort_unstable();
            cuts
        })
    };
    let one = prop_oneof![
        3 => ("[a-z\u{e9}\u{65e5}\u{1f600}]{0,40}", cuts()).prop_map(|(text, cuts)| Sent::Text(text, cuts)),
        3 => (bytes(150), cuts()).prop_map(|(bytes, cuts)| Sent::Binary(bytes, cuts)),
        1 => bytes(126).prop_map(Sent::Ping),
    ];
    let code = prop::sample::select(vec![1000u16, 1001, 1011, 3000, 4999]);
    let close = prop::option::of((code, "[a-z\u{e9}]{0,20}"));
    (prop::collection::vec(one, 0..4), close).prop_map(|(mut sent, close)| {
        sent.extend(close.map(|(code, reason)| Sent::Close(code, reason)));
        sent
    })
}

fn put(wire: &mut Vec<u8>, masked: bool, fin: bool, opcode: Opcode, payload: &[u8]) {
    let key = masked.then_some([0x5a; 4]);
    let header = Header { fin, compressed: false, opcode, mask: key, len: payload.len() as u64 };
    wire.extend_from_slice(header.encode().as_ref());
    let from = wire.len();
    wire.extend_from_slice(payload);
    if let Some(key) = key {
        mask(&mut wire[from..], key);
    }
}

/// Half of it one message of small fragments with pings between them, half of it one frame.
pub(super) fn one_message(masked: bool, len: usize) -> Vec<u8> {
    let mut wire = Vec::new();
    put(&mut wire, masked, false, Opcode::Text, b"");
    while wire.len() < len / 2 {
        put(&mut wire, masked, false, Opcode::Continuation, b"hello");
        put(&mut wire, masked, true, Opcode::Ping, b"?");
    }
    put(&mut wire, masked, true, Opcode::Continuation, &vec![b'x'; len / 2]);
    wire
}
