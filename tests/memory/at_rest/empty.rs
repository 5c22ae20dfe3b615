//! An empty input allocates nothing: before the first byte, between two units, and after each byte of one.

use bytes::{Buf as _, BufMut as _, Bytes};
use wirefeed::h1::{self, Config, Framing, body, chunked, head};
use wirefeed::replay::Replay;
use wirefeed::sse::{self, Command, EventSource, line, server::Mode};
use wirefeed::text::{Lossy, Validator};
use wirefeed::ws::deflate::{Deflater, Inflater, Pool};
use wirefeed::ws::frame::{self, Masking, Opcode};
use wirefeed::ws::{self, Mailbox, Role, ServerRole, Session, message};
use wirefeed::{Outbox, Step};

use super::{NOW, Side, client, deflated, frame, params};
use crate::memory::allocations_of;

/// Feeds `units` to what `make` makes, in pieces of each size, and shows that an empty input allocates
/// nothing before the first and after each of them.
fn allocates_nothing<F: FnMut(&mut [u8])>(
    what: &str,
    units: &[Vec<u8>],
    mut make: impl FnMut() -> F,
) {
    for size in [1, 7, usize::MAX] {
        let mut feed = make();
        let mut used = 0;
        let nothing = |feed: &mut F, used: usize| {
            for _ in 0..2 {
                let made = allocations_of(|| feed(&mut []));
                assert_eq!(made, 0, "{what}, in pieces of {size}, after {used} bytes");
            }
        };
        nothing(&mut feed, used);
        for unit in [units, units].concat() {
            for piece in unit.chunks(size) {
                feed(&mut piece.to_vec());
                used += piece.len();
                nothing(&mut feed, used);
            }
        }
    }
}

/// Decodes all of an input; what is over begins anew. The call that finds nothing left is not made
/// here: it is the one that is measured.
macro_rules! drain {
    ($decoder:ident, $input:expr, $decode:ident) => {{
        let mut input = $input;
        let is_measured = input.is_empty();
        while is_measured || !input.is_empty() {
            match $decoder.$decode(&mut input).unwrap() {
                Step::Item(_) => {}
                Step::Done if !input.is_empty() => $decoder.reset(),
                Step::Done | Step::NeedInput => break,
            }
        }
    }};
}

fn units(units: &[&[u8]]) -> Vec<Vec<u8>> {
    units.iter().map(|unit| unit.to_vec()).collect()
}

const REQUESTS: [&[u8]; 3] = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"\r\nPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
      5;a=b\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
];

const RESPONSES: [&[u8]; 3] = [
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
];

#[test]
fn heads_and_bodies() {
    let wire = units(&[REQUESTS[0], b"\r\nGET /b HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n"]);
    allocates_nothing("request heads", &wire, || {
        let mut decoder = head::RequestDecoder::new();
        move |input| drain!(decoder, &*input, decode)
    });
    let wire = units(&[b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"]);
    allocates_nothing("response heads", &wire, || {
        let mut decoder = head::ResponseDecoder::new();
        move |input| drain!(decoder, &*input, decode)
    });
    let wire = units(&[b"5;a=b\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n"]);
    allocates_nothing("chunks", &wire, || {
        let mut decoder = chunked::Decoder::new();
        move |input| drain!(decoder, &*input, decode)
    });
    for framing in [Framing::Chunked, Framing::Length(35), Framing::UntilClose] {
        allocates_nothing("a body", &wire, || {
            let mut decoder = body::Decoder::new(framing);
            move |input| drain!(decoder, &*input, decode)
        });
    }
}

#[test]
fn an_http_server() {
    allocates_nothing("a server", &units(&REQUESTS), || {
        let mut server = h1::Server::new(Config::server(), NOW);
        move |input| {
            let mut input = &*input;
            loop {
                match server.rx.receive(&mut server.tx, &mut input, NOW).unwrap() {
                    Step::Item(h1::server::Event::Head(_)) => {
                        server.tx.send_head(200, &(), NOW).unwrap();
                        server.tx.send_data(b"hello", NOW).unwrap();
                    }
                    Step::Item(_) => {}
                    Step::NeedInput => break,
                    Step::Done => {
                        server.tx.send_end(NOW).unwrap();
                        assert!(server.next_exchange(NOW));
                    }
                }
            }
            let idle = server.tx.output().is_empty();
            // Inside a response nothing may be sent, which makes no chunk.
            if server.tx.send_data(b"", NOW).is_ok() {
                server.tx.send_bytes(Bytes::new(), NOW).unwrap();
            }
            server.handle_timeout(NOW);
            let _ = (server.poll_timeout(), server.tx.wants());
            let output = server.tx.output();
            assert_eq!(output.is_empty(), idle);
            output.advance(output.remaining());
        }
    });
}

#[test]
fn an_http_client() {
    allocates_nothing("a client", &units(&RESPONSES), || {
        let mut client = h1::Client::new(Config::client(), NOW);
        move |input| {
            let mut input = &*input;
            if client.tx.is_idle() && !input.is_empty() {
                let fields = [("Host", "a"), ("Transfer-Encoding", "chunked")];
                client.send_head("POST", "/", &fields, NOW).unwrap();
                client.tx.send_end(NOW).unwrap();
            }
            while let Step::Item(_) = client.rx.receive(&mut client.tx, &mut input, NOW).unwrap() {}
            assert!(input.is_empty());
            client.handle_timeout(NOW);
            let _ = (client.poll_timeout(), client.tx.wants());
            let output = client.tx.output();
            output.advance(output.remaining());
        }
    });
}

/// Of every field, cut lines, an event in one line, and one whose bytes are replaced.
const EVENTS: [&[u8]; 5] = [
    b"\xef\xbb\xbfid: 7\nevent: e\ndata: a\n\n",
    b"data: plain\n\n",
    b"data: two\r\ndata: lines\r\n\r\n: hi\nretry: 5\n",
    b"data: \xff\n\n",
    b"data: plain\n\n",
];

#[test]
fn event_streams() {
    allocates_nothing("lines", &units(&EVENTS), || {
        let mut decoder = line::Decoder::new();
        move |input| {
            let mut input = &*input;
            let is_measured = input.is_empty();
            while is_measured || !input.is_empty() {
                if decoder.decode(&mut input) == Step::NeedInput {
                    break;
                }
            }
        }
    });
    allocates_nothing("events", &units(&EVENTS), || {
        let mut decoder = sse::Decoder::new();
        move |input| drain!(decoder, &*input, decode)
    });
    allocates_nothing("a source", &units(&EVENTS), || {
        let mut source = EventSource::new("http://a/", Default::default(), |_: &mut [u8]| {});
        let Some(Command::Connect { attempt, .. }) = source.poll_command() else { panic!() };
        source.response_head(attempt, 200, &[("Content-Type", "text/event-stream")], NOW);
        move |input| {
            let mut input = &*input;
            let is_measured = input.is_empty();
            while is_measured || !input.is_empty() {
                if source.receive(attempt, &mut input, NOW) == Step::NeedInput {
                    break;
                }
            }
            source.handle_timeout(NOW);
            assert!(source.poll_timeout().is_none() && source.poll_command().is_none());
        }
    });
}

#[test]
fn what_only_sends() {
    let mut replay = Replay::<()>::new(Default::default());
    let mut server = sse::EventStream::new(&(), Mode::Stream, Default::default(), NOW);
    let (mut out, mut text) = (Outbox::new(), (Validator::new(), Lossy::new()));
    let mut tx = Session::new(ServerRole, ws::Config::default(), NOW).tx;
    let message = sse::Event { data: "x", ..Default::default() };
    for _ in 0..3 {
        let made = allocations_of(|| {
            replay.handle_timeout(NOW);
            server.handle_timeout(NOW);
            let _ = (replay.poll_timeout(), server.poll_timeout());
            assert!(server.output().take_bytes().is_none());
            out.copy(b"").unwrap();
            out.share(Bytes::new()).unwrap();
            out.writer().put_slice(b"");
            out.advance(0);
            assert!(out.take_bytes().is_none() && out.chunk().is_empty());
            assert_eq!(text.0.validate(b""), Ok(()));
            assert!(matches!(text.1.decode(&mut &b""[..]), Step::NeedInput));
            let mailbox = Mailbox::default();
            assert!(mailbox.is_empty());
            mailbox.deliver(&mut tx);
        });
        assert_eq!(made, 0);
        let event = replay.push(&(), &message, NOW).unwrap();
        server.send_event(&event, NOW).unwrap();
        out.share(event.bytes().clone()).unwrap();
        for output in [server.output(), &mut out] {
            output.advance(output.remaining());
        }
        let _ = (text.0.validate(b"\xf0\x9f"), text.1.decode(&mut &b"\xf0\x9f"[..]));
        text.0 = Validator::new();
        text.0.validate(b"\xf0\x9f").unwrap();
    }
}

/// Whole, in fragments, with control frames between them; compressed ones too where that is asked for.
fn frames(masked: bool, compressed: bool) -> Vec<Vec<u8>> {
    let text = "caf\u{e9} ".repeat(200);
    let mut units = vec![
        frame(masked, true, false, Opcode::Binary, &[7; 300]),
        frame(masked, true, false, Opcode::Text, text.as_bytes()),
        [
            frame(masked, false, false, Opcode::Text, &text.as_bytes()[..400]),
            frame(masked, true, false, Opcode::Ping, b"?"),
            frame(masked, true, false, Opcode::Continuation, &text.as_bytes()[400..]),
        ]
        .concat(),
        frame(masked, true, false, Opcode::Pong, b""),
    ];
    if compressed {
        let payload = deflated(text.as_bytes());
        let (first, last) = payload.split_at(payload.len() / 2);
        units.push(frame(masked, true, true, Opcode::Text, &payload));
        units.push(
            [
                frame(masked, false, true, Opcode::Binary, first),
                frame(masked, true, false, Opcode::Ping, b"?"),
                frame(masked, true, false, Opcode::Continuation, last),
            ]
            .concat(),
        );
    }
    units
}

fn message_decoder<R: Role>(masked: bool) {
    type Make<R> = fn() -> message::Decoder<R>;
    let kinds: [(bool, Make<R>); 3] = [
        (false, || message::Decoder::new()),
        (true, || message::Decoder::new().with_inflater(Inflater::new(false, None))),
        (true, || message::Decoder::new().with_inflater(Inflater::new(true, None))),
    ];
    for (compressed, make) in kinds {
        let wire = frames(masked, compressed);
        allocates_nothing("messages", &wire, || {
            let mut decoder = make();
            move |input| drain!(decoder, input, decode)
        });
        allocates_nothing("messages in parts", &wire, || {
            let mut decoder = make();
            move |input| drain!(decoder, input, decode_part)
        });
    }
}

#[test]
fn frames_and_messages() {
    for (expect, masked) in [(Masking::Masked, true), (Masking::Unmasked, false)] {
        allocates_nothing("frames", &frames(masked, true), || {
            let mut decoder = frame::Decoder::new(expect).with_deflate();
            move |input| drain!(decoder, &*input, decode)
        });
    }
    message_decoder::<ServerRole>(true);
    message_decoder::<Side>(false);
}

fn session<R: Role>(what: &str, wire: &[Vec<u8>], make: impl Fn() -> Session<R>) {
    for in_parts in [false, true] {
        allocates_nothing(what, wire, || {
            let Session { mut rx, mut tx } = make();
            move |mut input| {
                let sends = !input.is_empty();
                while if in_parts {
                    matches!(rx.receive_part(&mut tx, &mut input, NOW).unwrap(), Step::Item(_))
                } else {
                    matches!(rx.receive(&mut tx, &mut input, NOW).unwrap(), Step::Item(_))
                } {}
                if sends {
                    for is_last in [true, false] {
                        tx.send_text_piece(&"hello ".repeat(50), is_last, NOW).unwrap();
                    }
                }
                // What says nothing is no frame, inside a message or before one.
                tx.send_text_piece("", false, NOW).unwrap();
                tx.handle_timeout(NOW);
                let _ = (tx.poll_timeout(), tx.wants(), rx.bytes_needed(&[]));
                let output = tx.output();
                output.advance(output.remaining());
            }
        });
    }
}

#[test]
fn sessions() {
    let config = ws::Config::default();
    session("a server's session", &frames(true, false), || Session::new(ServerRole, config, NOW));
    session("a client's session", &frames(false, false), || Session::new(client(), config, NOW));
    for takeover in [false, true] {
        let (pool, params) = (Pool::default(), params(takeover));
        session("a server's session with compression", &frames(true, true), || {
            Session::with_deflate(ServerRole, config, &params, &pool, NOW)
        });
        session("a client's session with compression", &frames(false, true), || {
            Session::with_deflate(client(), config, &params, &pool, NOW)
        });
    }
}

#[test]
fn what_compresses_and_inflates() {
    let text = "hello ".repeat(100);
    let payload = deflated(text.as_bytes());
    for takeover in [false, true] {
        let mut inflater = Inflater::new(takeover, None);
        let inflate = |inflater: &mut Inflater, mut input: &[u8]| {
            while !inflater.inflate_piece(&mut input).unwrap().is_empty() {}
        };
        for _ in 0..2 {
            for byte in payload.chunks(1) {
                assert_eq!(allocations_of(|| inflate(&mut inflater, b"")), 0);
                inflate(&mut inflater, byte);
            }
            assert_eq!(allocations_of(|| inflate(&mut inflater, b"")), 0);
            inflater.finish().unwrap();
        }
        let mut config = ws::deflate::Config::default();
        config.context_takeover = takeover;
        let (mut deflater, mut out) = (Deflater::new(config, None), Vec::new());
        for _ in 0..2 {
            for byte in text.as_bytes().chunks(1) {
                let made = allocations_of(|| deflater.deflate_piece(b"", false, &mut out));
                assert_eq!(made, 0);
                deflater.deflate_piece(byte, false, &mut out);
            }
            deflater.deflate_piece(b"", true, &mut out);
        }
    }
}
