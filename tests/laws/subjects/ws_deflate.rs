//! Compressed messages.

use proptest::prelude::*;
use wirefeed::ws::deflate::{Config, Deflater, Inflater, Pool};
use wirefeed::ws::frame::Header;
use wirefeed::ws::handshake::DeflateConfig;
use wirefeed::ws::{self, Role, ServerRole, Session, mask, message};

use super::generic::Scratch;
use super::ws::{Agreed, Sent, in_parts, limits, one_message, sent, show_event, show_part};
use crate::harness::{Flow, Part, Show, Subject};

/// permessage-deflate, with contexts that are taken over: in both directions, and from a pool.
pub(crate) struct Deflate;

impl Agreed for Deflate {
    const CONSTANT: usize = CONSTANT;

    fn session<R: Role>(role: R, config: &ws::Config) -> Session<R> {
        let mut config = *config;
        config.compress_from = 4;
        let mut answers = DeflateConfig::server();
        answers.client_no_context_takeover = false;
        answers.server_no_context_takeover = false;
        let request = [("Sec-WebSocket-Extensions", "permessage-deflate")];
        let (params, _) = answers.answer(&request).unwrap().unwrap();
        Session::with_deflate(role, config, &params, &Pool::default(), wirefeed::Instant::ZERO)
    }
}

/// A window, tables, and what is inflated at once.
const CONSTANT: usize = 72 << 10;

/// Messages, compressed or not, whole or in parts.
pub(crate) struct Messages<const PARTS: bool> {
    decoder: message::Decoder<ServerRole>,
    input: Scratch,
}

impl<const PARTS: bool> Messages<PARTS> {
    fn with_limits(limits: message::Config) -> Self {
        let decoder = message::Decoder::with_config(limits).with_inflater(Inflater::new(true));
        Self { decoder, input: Scratch::new() }
    }
}

impl<const PARTS: bool> Subject for Messages<PARTS> {
    const LIMIT: usize = super::ws::LIMIT;
    const CONSTANT: usize = CONSTANT;

    fn new() -> Self {
        Self::with_limits(limits())
    }

    fn roomy() -> Self {
        Self::with_limits(message::Config::default())
    }

    fn step(&mut self, input: &mut &[u8], show: Show<'_>) -> Flow {
        let mut rest = self.input.copy(input);
        let flow = if PARTS {
            Flow::of(self.decoder.decode_part(&mut rest), |part| show_part(part, show))
        } else {
            Flow::of(self.decoder.decode(&mut rest), |item| show_event(item, show))
        };
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
        prop::collection::vec((sent(), any::<bool>()), 1..3)
            .prop_map(|all| {
                let mut deflater = Deflater::new(Config::default());
                let (mut wire, mut parts, mut closed) = (Vec::new(), Vec::new(), false);
                for (message, compressed) in all
                    .iter()
                    .flat_map(|(some, compressed)| some.iter().map(|one| (one, *compressed)))
                {
                    if !closed {
                        put(&mut wire, message, compressed.then_some(&mut deflater));
                        parts.extend(message.parts());
                    }
                    closed |= matches!(message, Sent::Close(..));
                }
                (wire, if PARTS { in_parts(parts) } else { parts })
            })
            .boxed()
    }

    fn long(len: usize) -> Vec<u8> {
        let mut wire = one_message(true, len / 2);
        let text =
            Sent::Binary((0..len).map(|i| ((i * i) >> 7) as u8).collect(), vec![len / 9, len / 8]);
        put(&mut wire, &text, Some(&mut Deflater::new(Config::default())));
        wire
    }
}

/// The frames of a message, compressed across all of them.
fn put(wire: &mut Vec<u8>, sent: &Sent, mut deflater: Option<&mut Deflater>) {
    let frames = sent.frames();
    let mut first = true;
    for (fin, opcode, payload) in frames {
        let mut payload = payload;
        let mut compressed = false;
        if let (false, Some(deflater)) = (opcode.is_control(), &mut deflater) {
            let mut out = Vec::new();
            deflater.deflate_piece(&payload, fin, &mut out);
            (payload, compressed) = (out, std::mem::take(&mut first));
        }
        let len = payload.len() as u64;
        let header = Header { fin, compressed, opcode, mask: Some(KEY), len };
        wire.extend_from_slice(header.encode().as_ref());
        mask(&mut payload, KEY);
        wire.extend_from_slice(&payload);
    }
}

const KEY: [u8; 4] = [0x5a, 1, 0xff, 3];
