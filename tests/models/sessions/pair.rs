//! A client's and a server's session, wired together, under arbitrary operations: what one side sends,
//! the other receives, in order and once, however the wire is cut.

use std::collections::VecDeque;

use bytes::Buf;
use wirefeed::ws::deflate::Pool;
use wirefeed::ws::handshake::{DeflateConfig, WindowBits};
use wirefeed::ws::message::{Kind, Part};
use wirefeed::ws::{
    ClientRole, CloseCode, Config, Ending, Event, Mailbox, Reply, Role, ServerRole, Session,
};
use wirefeed::{End, Instant, Replies, SendError, Step};

const NOW: Instant = Instant::ZERO;

type Key = fn(&mut [u8]);

/// Output beyond its limit that control frames may add.
const CONTROL: usize = 16 << 10;

/// One side: its session, what has arrived for it, and what it is still to receive.
struct Side<R> {
    session: Session<R>,
    /// What its receiving half has left for its sending half.
    mailbox: Mailbox,
    limit: Option<usize>,
    inbox: Vec<u8>,
    expected: VecDeque<(Kind, Vec<u8>)>,
    pings: VecDeque<Vec<u8>>,
    /// The message that is received in parts, and the one that is sent in pieces.
    parts: Option<(Kind, Vec<u8>)>,
    pieces: Option<(Kind, Vec<u8>)>,
    closed: bool,
}

impl<R: Role> Side<R> {
    fn new(session: Session<R>, config: &Config) -> Self {
        Self {
            session,
            mailbox: Mailbox::default(),
            limit: config.output,
            inbox: Vec::new(),
            expected: VecDeque::new(),
            pings: VecDeque::new(),
            parts: None,
            pieces: None,
            closed: false,
        }
    }

    /// Sends something to `peer`, as these bytes say.
    fn send<P: Role>(&mut self, peer: &mut Side<P>, ops: &mut Ops<'_>) {
        let before = self.session.tx.output().remaining();
        let sent = self.try_send(peer, ops);
        let after = self.session.tx.output().remaining();
        if before == 0 {
            assert_ne!(sent, Err(SendError::Full), "refused with an empty output");
        } else if let (Ok(()), Some(limit)) = (sent, self.limit) {
            assert!(after == before || after <= limit + CONTROL, "over the limit");
        }
        assert!(sent.is_ok() || after == before, "{sent:?} changed the output");
    }

    fn try_send<P: Role>(
        &mut self,
        peer: &mut Side<P>,
        ops: &mut Ops<'_>,
    ) -> Result<(), SendError> {
        let tx = &mut self.session.tx;
        let kind = if ops.flag() { Kind::Text } else { Kind::Binary };
        let payload = ops.payload(kind);
        match (ops.byte() % 5, kind) {
            (0, Kind::Text) => {
                tx.send_text(text(&payload), NOW)?;
                peer.expected.push_back((kind, payload));
            }
            (0, Kind::Binary) => {
                tx.send_binary(&payload, NOW)?;
                peer.expected.push_back((kind, payload));
            }
            (1, _) => {
                tx.send_bytes(payload.clone().into(), NOW)?;
                peer.expected.push_back((Kind::Binary, payload));
            }
            (2, _) => {
                let payload = &payload[..payload.len().min(125)];
                tx.send_ping(payload, NOW)?;
                peer.pings.push_back(payload.to_vec());
            }
            (_, kind) => {
                let is_last = ops.flag();
                match kind {
                    Kind::Text => tx.send_text_piece(text(&payload), is_last, NOW)?,
                    Kind::Binary => tx.send_binary_piece(&payload, is_last, NOW)?,
                }
                let (_, whole) = self.pieces.get_or_insert((kind, Vec::new()));
                whole.extend(payload);
                if is_last {
                    peer.expected.extend(self.pieces.take());
                }
            }
        }
        Ok(())
    }

    /// Stops reading, until it receives.
    fn pause(&mut self, apart: bool) {
        match apart {
            true => self.session.rx.pause(&mut self.mailbox, NOW),
            false => {
                self.open_mailbox();
                self.session.rx.pause(&mut self.session.tx, NOW);
            }
        }
    }

    /// Gives the sending half what the receiving half has left for it.
    fn open_mailbox(&mut self) {
        std::mem::take(&mut self.mailbox).deliver(&mut self.session.tx);
        assert!(self.mailbox.is_empty());
    }

    fn close(&mut self, code: u16) {
        self.session.tx.close(Some(CloseCode(code)), "bye", NOW).unwrap();
    }

    /// Moves at most `count` bytes of output to the peer.
    fn deliver<P>(&mut self, peer: &mut Side<P>, count: usize) -> usize {
        let out = self.session.tx.output();
        let count = count.min(out.remaining());
        peer.inbox.extend_from_slice(&out.copy_to_bytes(count));
        count
    }

    /// Receives all that has arrived, whole or in parts; its replies stay in the mailbox where the
    /// halves are apart.
    fn receive(&mut self, in_parts: bool, apart: bool) {
        if !apart {
            self.open_mailbox();
        }
        let Self {
            session: Session { rx, tx },
            mailbox,
            inbox,
            expected,
            pings,
            parts,
            closed,
            ..
        } = self;
        let control = &mut |reply: Reply, now| match apart {
            true => mailbox.reply(reply, now),
            false => tx.reply(reply, now),
        };
        let mut input = &mut inbox[..];
        loop {
            if in_parts {
                match rx.receive_part(control, &mut input, NOW).expect("the peer is well behaved") {
                    Step::Item(Part::Start(kind)) => *parts = Some((kind, Vec::new())),
                    Step::Item(Part::Text(text)) => append(parts, Kind::Text, text.as_bytes()),
                    Step::Item(Part::Binary(bytes)) => append(parts, Kind::Binary, bytes),
                    Step::Item(Part::End) => {
                        let message = parts.take();
                        assert_eq!(message, expected.pop_front());
                    }
                    Step::Item(Part::Ping(payload)) => {
                        assert_eq!(Some(payload), pings.pop_front().as_deref());
                    }
                    Step::Item(Part::Pong(_)) => {}
                    Step::Item(Part::Close(_)) => *closed = true,
                    Step::NeedInput => break,
                    Step::Done => return assert!(*closed),
                }
            } else {
                match rx.receive(control, &mut input, NOW).expect("the peer is well behaved") {
                    Step::Item(Event::Text(text)) => {
                        end(parts, expected, Kind::Text, text.as_bytes());
                    }
                    Step::Item(Event::Binary(bytes)) => end(parts, expected, Kind::Binary, &bytes),
                    Step::Item(Event::Ping(payload)) => {
                        assert_eq!(Some(payload), pings.pop_front().as_deref());
                    }
                    Step::Item(Event::Pong(_)) => {}
                    Step::Item(Event::Close(_)) => *closed = true,
                    Step::NeedInput => break,
                    Step::Done => return assert!(*closed),
                }
            }
        }
        assert!(input.is_empty());
        inbox.clear();
    }
}

/// A piece of a message; the first may have been joined before parts were asked for.
fn append(parts: &mut Option<(Kind, Vec<u8>)>, kind: Kind, bytes: &[u8]) {
    let (begun, message) = parts.get_or_insert((kind, Vec::new()));
    assert_eq!(*begun, kind);
    assert!(!bytes.is_empty());
    message.extend_from_slice(bytes);
}

/// A message, or what is left of one that was received in parts before.
fn end(
    parts: &mut Option<(Kind, Vec<u8>)>,
    expected: &mut VecDeque<(Kind, Vec<u8>)>,
    kind: Kind,
    rest: &[u8],
) {
    let (begun, mut message) = parts.take().unwrap_or((kind, Vec::new()));
    assert_eq!(begun, kind);
    message.extend_from_slice(rest);
    assert_eq!(Some((kind, message)), expected.pop_front());
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("texts are made of characters")
}

/// Operations, read from bytes; zeros for ever after the last.
struct Ops<'a>(&'a [u8]);

impl Ops<'_> {
    fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Something that repeats itself now and then, as long as two bytes say.
    fn payload(&mut self, kind: Kind) -> Vec<u8> {
        let (len, seed) = (usize::from(self.byte()), self.byte());
        let len = if seed > 250 { len * 300 } else { len };
        match kind {
            Kind::Binary => (0..len).map(|i| (i as u8).wrapping_mul(seed) % 60).collect(),
            Kind::Text => {
                let chars = ['a', '\u{e9}', '\u{65e5}', '\u{1f600}', ' ', '"'];
                let nth = |i: usize| chars[(i * usize::from(seed) + i / 7) % chars.len()];
                (0..len / 2).map(nth).collect::<String>().into_bytes()
            }
        }
    }
}

/// A pair with or without permessage-deflate.
fn pair(ops: &mut Ops<'_>) -> (Side<ClientRole<Key>>, Side<ServerRole>) {
    let mut config = Config::default();
    let limit = usize::from(ops.byte());
    config.output = (limit < 128).then_some(4 * limit);
    config.compress_from = usize::from(ops.byte() % 80);
    let key: Key = |key| key.fill(0x5a);
    if !ops.flag() {
        let client = Session::new(ClientRole(key), config, Instant::ZERO);
        let server = Session::new(ServerRole, config, Instant::ZERO);
        return (Side::new(client, &config), Side::new(server, &config));
    }
    let mut offer = DeflateConfig::client();
    offer.server_no_context_takeover = ops.flag();
    offer.server_max_window_bits = WindowBits::new(ops.byte() % 20);
    offer.client_max_window_bits = WindowBits::new(ops.byte() % 20);
    let mut server = DeflateConfig::server();
    server.server_no_context_takeover = ops.flag();
    server.client_no_context_takeover = ops.flag();
    server.client_max_window_bits = WindowBits::new(ops.byte() % 20);
    let answer = server.answer(&[("Sec-WebSocket-Extensions", offer.offer())]);
    let (params, answer) =
        answer.expect("an offer is a list").expect("an offer of windows that are had");
    let verified = offer.verify(&[("Sec-WebSocket-Extensions", answer)]);
    let verified = verified.expect("an answer to this offer").expect("what was accepted");
    let pool = Pool::default();
    let client = Session::with_deflate(ClientRole(key), config, &verified, &pool, Instant::ZERO);
    let server = Session::with_deflate(ServerRole, config, &params, &pool, Instant::ZERO);
    (Side::new(client, &config), Side::new(server, &config))
}

/// Runs the operations that these bytes say.
pub(crate) fn run(bytes: &[u8]) {
    let mut ops = Ops(bytes);
    let (mut client, mut server) = pair(&mut ops);
    let mut closes = false;
    while !ops.0.is_empty() {
        match ops.byte() {
            0..80 => client.send(&mut server, &mut ops),
            80..150 => server.send(&mut client, &mut ops),
            150..180 => drop(client.deliver(&mut server, usize::from(ops.byte()))),
            180..210 => drop(server.deliver(&mut client, usize::from(ops.byte()))),
            210..230 => client.receive(ops.flag(), ops.flag()),
            230..250 => server.receive(ops.flag(), ops.flag()),
            250 => {
                client.session.rx.release();
                server.session.tx.release();
            }
            251 | 252 => {
                closes = true;
                if ops.flag() { client.close(1000) } else { server.close(4000) }
            }
            253 => match ops.byte() & 3 {
                apart @ 0..2 => client.pause(apart == 1),
                apart => server.pause(apart == 3),
            },
            254 => client.open_mailbox(),
            255 => server.open_mailbox(),
        }
    }
    // Whatever is under way arrives.
    loop {
        client.receive(false, false);
        server.receive(true, false);
        let (there, back) =
            (client.deliver(&mut server, usize::MAX), server.deliver(&mut client, usize::MAX));
        if there + back == 0 {
            break;
        }
    }
    assert!(client.expected.is_empty() && server.expected.is_empty(), "a message was lost");
    assert!(client.pings.is_empty() && server.pings.is_empty(), "a ping was lost");
    let ended = [client.session.tx.ending(), server.session.tx.ending()];
    assert_eq!((client.closed, server.closed), (closes, closes));
    if closes {
        assert!(
            ended.iter().all(|ending| matches!(ending, Some(Ending::Clean(Some(_))))),
            "{ended:?}"
        );
        assert_eq!(server.session.tx.wants().end, Some(End::Shutdown));
    } else {
        assert_eq!(ended, [None, None]);
    }
}
