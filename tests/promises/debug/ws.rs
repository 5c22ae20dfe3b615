//! URLs, handshakes, frames, messages and sessions.

use wirefeed::ws::deflate::{Config as DeflaterConfig, Deflater, Inflater, Pool};
use wirefeed::ws::frame::{self, Header, Masking, Opcode};
use wirefeed::ws::handshake::{
    ClientHandshake, DeflateConfig, Offers, PseudoFields, ServerHandshake,
};
use wirefeed::ws::message::{self, Binary, Item, Kind, Part, Text};
use wirefeed::ws::{
    ClientRole, Close, CloseCode, Config, Encoded, Mailbox, Reply, ServerRole, Session, Url, mask,
};
use wirefeed::{Instant, Replies as _, Step};

use super::{SECRET, Shown};

const NOW: Instant = Instant::ZERO;
const KEY: [u8; 4] = *b"s3cr";

pub(super) fn show(shown: &mut Shown) {
    shown.hides(&Url::new("ws://a/s3cret?s3cret").unwrap());
    handshakes(shown);
    over_h2(shown);
    frames(shown);
    messages(shown);
    sessions(shown);
    deflated(shown);
}

fn offers() -> Offers<'static> {
    let mut offers = Offers::new(&[SECRET]);
    offers.extensions = Some("s3cret; s3cret=s3cret");
    offers
}

fn handshakes(shown: &mut Shown) {
    shown.hides(&offers());
    let mut nonce = |bytes: &mut [u8]| {
        let secret = SECRET.bytes().cycle();
        bytes.iter_mut().zip(secret).for_each(|(byte, secret)| *byte = secret);
    };
    let attempt = ClientHandshake::upgrade(&mut nonce);
    let key = attempt.key().unwrap();
    shown.hides_also(&attempt, key);
    let (offers, extra) = (offers(), [("Cookie", SECRET)]);
    let url = Url::new("ws://a/s3cret?s3cret").unwrap();
    let request = attempt.request(&url, &offers, &extra).unwrap();
    shown.hides_also(&request, key);
    let accepted = ServerHandshake::upgrade("GET", &request).unwrap();
    let accept_key = accepted.accept_key().unwrap();
    shown.hides_also(&accepted, accept_key);
    let response = accepted.accept(Some(SECRET), Some("s3cret"), &extra).unwrap();
    shown.hides_also(&response, accept_key);
}

fn over_h2(shown: &mut Shown) {
    let (offers, extra) = (offers(), [("cookie", SECRET)]);
    let url = Url::new("wss://a/s3cret?s3cret").unwrap();
    let attempt = ClientHandshake::extended_connect();
    let request = attempt.request(&url, &offers, &extra).unwrap();
    shown.hides(&request);
    let pseudo = PseudoFields::read(&request).unwrap();
    shown.hides(&pseudo);
    let accepted = ServerHandshake::extended_connect(&pseudo, &request).unwrap();
    shown.hides(&accepted.accept(Some(SECRET), Some("s3cret"), &extra).unwrap());
    let secret = Some(SECRET.as_bytes());
    shown.hides(&PseudoFields {
        method: secret,
        protocol: secret,
        scheme: secret,
        path: secret,
        authority: None,
    });
}

/// A frame from a client, masked with the key.
fn frame(opcode: Opcode, fin: bool, payload: &[u8]) -> Vec<u8> {
    let len = payload.len() as u64;
    let header = Header { fin, compressed: false, opcode, mask: Some(KEY), len };
    let mut wire = header.encode().as_ref().to_vec();
    let mut masked = payload.to_vec();
    mask(&mut masked, KEY);
    wire.extend(masked);
    wire
}

fn frames(shown: &mut Shown) {
    let header =
        Header { fin: true, compressed: false, opcode: Opcode::Text, mask: Some(KEY), len: 6 };
    shown.hides(&header);
    shown.hides(&header.encode());
    shown.hides(&frame::Item::Header(header));
    shown.hides(&frame::Item::Payload { bytes: SECRET.as_bytes(), mask: Some(KEY) });
    let wire = frame(Opcode::Text, true, SECRET.as_bytes());
    for len in 0..=wire.len() {
        let mut decoder = frame::Decoder::new(Masking::Masked);
        let mut input = &wire[..len];
        while let Step::Item(_) = decoder.decode(&mut input).unwrap() {}
        shown.hides(&decoder);
    }
}

fn messages(shown: &mut Shown) {
    let (mut text, mut bytes) = (SECRET.to_owned(), SECRET.as_bytes().to_vec());
    shown.hides(&Text::Joined(&mut text));
    shown.hides(&Binary::Joined(&mut bytes));
    shown.hides(&Binary::Input(&mut bytes));
    shown.hides(&Item::Text(Text::Joined(&mut text)));
    shown.hides(&Item::Binary(Binary::Input(&mut bytes)));
    let secret = SECRET.as_bytes();
    let close = Close { code: Some(CloseCode::NORMAL), reason: SECRET };
    shown.hides(&close);
    for item in [Item::Ping(secret), Item::Pong(secret), Item::Close(close)] {
        shown.hides(&item);
    }
    for part in [
        Part::Start(Kind::Text),
        Part::Text(SECRET),
        Part::Binary(secret),
        Part::Ping(secret),
        Part::Pong(secret),
        Part::Close(close),
    ] {
        shown.hides(&part);
    }
    for encoded in [Encoded::text(SECRET), Encoded::binary(secret)] {
        shown.hides(&encoded);
    }
    // A message that is to be joined, with half a character at the end, and a cut control frame.
    let half = frame(Opcode::Text, false, super::HALF);
    let mut wire = [half, frame(Opcode::Ping, true, secret)].concat();
    for len in 0..=wire.len() {
        let mut decoder = message::Decoder::<ServerRole>::new();
        let mut copy = wire[..len].to_vec();
        let mut input = &mut copy[..];
        while let Step::Item(item) = decoder.decode(&mut input).unwrap() {
            shown.hides(&item);
        }
        shown.hides(&decoder);
    }
    wire.clear();
}

/// A source of keys that prints what it gives.
#[derive(Debug, Clone, Copy)]
struct Keys(#[expect(dead_code, reason = "it is printed")] &'static str);

impl wirefeed::Entropy for Keys {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&KEY[..bytes.len()]);
    }
}

fn sessions(shown: &mut Shown) {
    shown.hides(&ClientRole(Keys(SECRET)));
    let mut client = Session::new(ClientRole(Keys(SECRET)), Config::default(), Instant::ZERO);
    client.tx.send_text(SECRET, NOW).unwrap();
    client.tx.send_binary(SECRET.repeat(1000).as_bytes(), NOW).unwrap();
    client.tx.send_ping(SECRET.as_bytes(), NOW).unwrap();
    client.tx.close(Some(CloseCode::NORMAL), SECRET, NOW).unwrap();
    shown.hides(&client);
    shown.hides(&client.tx);

    let wire = [
        frame(Opcode::Text, false, SECRET.as_bytes()),
        frame(Opcode::Ping, true, SECRET.as_bytes()),
        frame(Opcode::Continuation, true, SECRET.as_bytes()),
        frame(Opcode::Pong, true, SECRET.as_bytes()),
        frame(Opcode::Close, true, b"\x03\xe8s3cret"),
    ]
    .concat();
    let mut replies: Vec<Reply> = Vec::new();
    for len in 0..=wire.len() {
        let Session { mut rx, .. } = Session::new(ServerRole, Config::default(), Instant::ZERO);
        let mut control = |reply: Reply, _: Instant| replies.push(reply);
        let mut copy = wire[..len].to_vec();
        let mut input = &mut copy[..];
        while let Step::Item(event) = rx.receive(&mut control, &mut input, NOW).unwrap() {
            shown.hides(&event);
        }
        shown.hides(&rx);
    }
    replies.iter().for_each(|reply| shown.hides(reply));
    let mut mailbox = Mailbox::default();
    replies.into_iter().for_each(|reply| mailbox.reply(reply, NOW));
    shown.hides(&mailbox);
}

fn deflated(shown: &mut Shown) {
    let (pool, mut payload) = (Pool::new(1 << 20), Vec::new());
    let mut deflater = Deflater::with_pool(DeflaterConfig::default(), &pool);
    deflater.deflate_piece(SECRET.as_bytes(), false, &mut payload);
    shown.hides(&deflater);
    deflater.deflate_piece(b"", true, &mut payload);
    let mut inflater = Inflater::with_pool(true, &pool);
    let inflated = inflater.inflate_piece(&mut &payload[..]).unwrap();
    assert_eq!(inflated, SECRET.as_bytes());
    shown.hides(&inflater);
    drop((deflater, inflater));
    shown.hides(&pool);

    let offer = DeflateConfig::client().offer();
    let answer = DeflateConfig::server().answer(&[("Sec-WebSocket-Extensions", offer)]).unwrap();
    let (params, _) = answer.unwrap();
    let mut session =
        Session::with_deflate(ServerRole, Config::default(), &params, &pool, Instant::ZERO);
    session.tx.send_text(&SECRET.repeat(1000), NOW).unwrap();
    shown.hides(&session);
}
