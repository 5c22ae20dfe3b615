//! A probe's way through a decoder and a session, cut wherever it can be.

use bytes::Buf;
use wirefeed::ws::message::{self, Decoder, Item};
use wirefeed::ws::{
    ClientRole, CloseCode, Config, Error, ErrorKind, Event, Role, ServerRole, Session, mask,
};
use wirefeed::{End, Instant, Step};

use Place::{Header, Payload};

/// A frame without its mask: the header up to its length, and the payload, or what there is of it.
pub(crate) type Frame = (&'static [u8], &'static [u8]);

/// A place within the last frame.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    Header(usize),
    /// Behind the last byte, it is where the next one was to be.
    Payload(usize),
}

/// Frames of which the last is at fault: the kind of the fault, its place, and the byte with which it is
/// known.
pub(crate) struct Probe {
    name: &'static str,
    frames: &'static [Frame],
    kind: ErrorKind,
    at: Place,
    with: Place,
}

pub(crate) const fn probe(
    name: &'static str,
    frames: &'static [Frame],
    kind: ErrorKind,
    at: Place,
    with: Place,
) -> Probe {
    Probe { name, frames, kind, at, with }
}

impl Probe {
    pub(crate) fn fails_as<S: Side>(&self, limits: message::Config) {
        let wire = to::<S>(self.frames);
        let (head, payload) = self.frames.last().unwrap();
        // The last frame begins so many bytes before the end.
        let key = if S::READS_MASKED { 4 } else { 0 };
        let start = wire.len() - (head.len() + key + payload.len());
        let offset = |place| match place {
            Header(at) => start + at,
            Payload(at) => start + head.len() + key + at,
        } as u64;
        println!("{}", self.name);
        fails::<S>(&wire, self.kind, offset(self.at), offset(self.with), limits);
    }
}

/// Frames as this side receives them.
pub(crate) fn to<S: Side>(frames: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut wire = Vec::new();
    for (head, payload) in frames {
        wire.extend_from_slice(head);
        let from = wire.len();
        if S::READS_MASKED {
            wire[from - head.len() + 1] |= 0x80;
            wire.extend_from_slice(&KEY);
        }
        let from = wire.len();
        wire.extend_from_slice(payload);
        if S::READS_MASKED {
            mask(&mut wire[from..], KEY);
        }
    }
    wire
}

/// Whether this fails with this error, no later than with the byte at `with`, and yields nothing before
/// and after, at any cut.
pub(crate) fn fails<S: Side>(
    wire: &[u8],
    kind: ErrorKind,
    at: u64,
    with: u64,
    limits: message::Config,
) {
    let known = usize::try_from(with).unwrap() + 1;
    let before = decode(&mut Decoder::<S>::with_config(limits), &[&wire[..known - 1]]);
    assert_eq!(before, Outcome::default(), "{}", wire.escape_ascii());

    let behind = to::<S>(&[(b"\x81\x02", b"no")]);
    let wire = [wire, &behind].concat();
    for end in [known, wire.len()] {
        for pieces in cuts(&wire[..end]) {
            let mut decoder = Decoder::<S>::with_config(limits);
            let outcome = decode(&mut decoder, &pieces);
            let shown = || wire.escape_ascii();
            let error = outcome.error.unwrap_or_else(|| panic!("{} is accepted", shown()));
            assert_eq!((error.kind, error.at), (kind, at), "{}", shown());
            assert!(outcome.items.is_empty(), "{}: {:?}", shown(), outcome.items);
            // It repeats, whatever follows, until the next connection.
            let again = decode(&mut decoder, &[&behind]);
            assert_eq!((again.error, again.items.len()), (Some(error), 0), "{}", shown());
            assert_eq!(decoder.finish(), Err(error));
            is_unharmed(&mut decoder);

            let (from_session, close) = session::<S>(&pieces, limits);
            assert_eq!(from_session.error, Some(error), "{}", shown());
            assert_eq!(close, Some(Some(code_of(kind))), "{}", shown());
        }
    }
}

/// What a close frame says about an error (RFC 6455 7.4.1).
fn code_of(kind: ErrorKind) -> CloseCode {
    match kind {
        ErrorKind::Utf8 => CloseCode(1007),
        ErrorKind::FrameTooLong | ErrorKind::MessageTooLong => CloseCode(1009),
        _ => CloseCode(1002),
    }
}

/// Whether a decoder that is reset reads another connection from its first byte on.
pub(crate) fn is_unharmed<S: Side>(decoder: &mut Decoder<S>) {
    decoder.reset();
    let wire = to::<S>(&[(b"\x01\x02", b"ab"), (b"\x89\x01", b"!"), (b"\x80\x02", b"cd")]);
    let bad = [0x83];
    let outcome = decode(decoder, &[&wire, &bad]);
    assert_eq!(outcome.items, ["ping 1", "text \"abcd\""]);
    let error = outcome.error.unwrap();
    assert_eq!((error.kind, error.at), (ErrorKind::Opcode, wire.len() as u64));
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) items: Vec<String>,
    pub(crate) error: Option<Error>,
    /// Bytes left behind a close frame.
    pub(crate) behind: usize,
}

/// Takes a step for each item of `pieces`, until an error.
fn read(
    pieces: &[&[u8]],
    mut step: impl FnMut(&mut &mut [u8]) -> Result<Step<String>, Error>,
) -> Outcome {
    let mut outcome = Outcome::default();
    for piece in pieces {
        let mut copy = piece.to_vec();
        let mut input = &mut copy[..];
        loop {
            match step(&mut input) {
                Ok(Step::Item(item)) => outcome.items.push(item),
                Ok(Step::NeedInput) => {
                    assert!(input.is_empty());
                    break;
                }
                Ok(Step::Done) => {
                    outcome.behind += input.len();
                    break;
                }
                Err(error) => {
                    outcome.error = Some(error);
                    return outcome;
                }
            }
        }
    }
    outcome
}

pub(crate) fn decode<S: Side>(decoder: &mut Decoder<S>, pieces: &[&[u8]]) -> Outcome {
    read(pieces, |input| decoder.decode(input).map(shown))
}

/// What a session reads, and the close frame that it then sends: its code, if it has one.
pub(crate) fn session<S: Side>(
    pieces: &[&[u8]],
    limits: message::Config,
) -> (Outcome, Option<Option<CloseCode>>) {
    let mut config = Config::default();
    config.message = limits;
    let Session { mut rx, mut tx } = Session::new(S::new(), config, NOW);
    let outcome = read(pieces, |input| rx.receive(&mut tx, input, NOW).map(shown));
    if let Some(error) = outcome.error {
        // It stays failed, and the close frame is written once.
        assert_eq!(
            rx.receive(&mut tx, &mut &mut b"\x81\x00".to_owned()[..], NOW).err(),
            Some(error)
        );
        assert_eq!(tx.wants().end, Some(End::Shutdown));
    }
    let output = tx.output();
    let mut wire = output.copy_to_bytes(output.remaining()).to_vec();
    let (mut peer, mut input) = (Decoder::<S::Peer>::new(), &mut wire[..]);
    let close = match peer.decode(&mut input).unwrap() {
        Step::Item(Item::Close(close)) => {
            assert_eq!(close.reason, "");
            Some(close.code)
        }
        other => {
            assert_eq!(other, Step::NeedInput);
            None
        }
    };
    assert!(input.is_empty(), "output behind the close frame");
    (outcome, close)
}

fn shown(step: Step<Event<'_, '_>>) -> Step<String> {
    match step {
        Step::Item(item) => Step::Item(match item {
            Item::Text(text) => format!("text {:?}", &*text),
            Item::Binary(bytes) => format!("binary {}", bytes.len()),
            Item::Ping(payload) => format!("ping {}", payload.len()),
            Item::Pong(payload) => format!("pong {}", payload.len()),
            Item::Close(close) => {
                format!("close {:?} {:?}", close.code.map(|code| code.0), close.reason)
            }
        }),
        Step::NeedInput => Step::NeedInput,
        Step::Done => Step::Done,
    }
}

/// In two at every place, and in bytes; a cut at the very end leaves it whole.
pub(crate) fn cuts(wire: &[u8]) -> Vec<Vec<&[u8]>> {
    let two = (0..=wire.len()).map(|at| {
        let (first, second) = wire.split_at(at);
        vec![first, second]
    });
    two.chain([wire.chunks(1).collect()]).collect()
}

/// A side that is probed.
pub(crate) trait Side: Role + Sized {
    type Peer: Role;
    const READS_MASKED: bool;
    fn new() -> Self;
}

impl Side for ServerRole {
    type Peer = ClientRole<Key>;
    const READS_MASKED: bool = true;

    fn new() -> Self {
        Self
    }
}

impl Side for ClientRole<Key> {
    type Peer = ServerRole;
    const READS_MASKED: bool = false;

    fn new() -> Self {
        Self(|bytes| bytes.fill(7))
    }
}

pub(crate) type Key = fn(&mut [u8]);

/// The peer's, when it is a client.
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

const NOW: Instant = Instant::ZERO;
