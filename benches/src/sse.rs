//! Event streams.

use std::convert::Infallible;
use std::future::ready;
use std::hint::black_box;
use std::io;
use std::task::{Context, Poll, Waker};

use async_sse::Event as AsyncSseEvent;
use bytes::Bytes;
use eventsource_client::{Client, ClientBuilder, ReconnectOptions, SSE};
use eventsource_stream::EventStream;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use http::{Request, Response};
use launchdarkly_sdk_transport::{ByteStream, HttpTransport, ResponseFuture};
use sse_core::{SseDecoder, SseEvent};
use sse_stream::SseByteStream;
use wirefeed::{Step, sse};

use crate::measure::{Row, Run};

/// Events of five kinds, in pieces of three sizes, beside five peers. The bounds are for the best
/// of them.
pub(crate) fn rows(run: Run<'_>) {
    let line = format!("data: {}\n\n", "x".repeat(LINE));
    for (piece, [token, tiny, named, fields, long]) in [
        (1 << 16, [0.55, 0.5, 0.9, 1.05, 1.15]),
        (1460, [0.6, 0.5, 0.9, 1.05, 1.1]),
        (16, [0.75, 0.75, 0.95, 1.4, 0.8]),
    ] {
        beside_all(run, "token, 202 B", TOKEN, piece, token);
        beside_all(run, "data: x", TINY, piece, tiny);
        beside_all(run, "event and data", NAMED, piece, named);
        beside_all(run, "id, event, retry, 3 lines", FIELDS, piece, fields);
        beside_all(run, "64 KiB line", &line, piece, long);
    }
}

fn beside_all(run: Run<'_>, name: &str, event: &str, piece: usize, bound: f64) {
    let long = event.len() > LINE;
    let items = if long { 16 } else { WIRE.div_ceil(event.len()) };
    let name = format!("sse, {name}, {piece} B pieces");
    let row = Row { name, items, wire: event.repeat(items).into(), piece, peer: "sse-core", bound };
    // The bytes of an event's data, which is what every contender must have found.
    let len = event.lines().filter_map(|line| line.strip_prefix("data: ")).map(|d| d.len() + 1);
    let len = len.sum::<usize>() - 1;

    let mut ours = |wire: &[u8], piece: usize| ours(wire, piece, len);
    run(vec![row.clone()], &mut ours, &mut |wire, piece| sse_core(wire, piece, len));
    let beside = Row { peer: "sse-stream", ..row.clone() };
    run(vec![beside], &mut ours, &mut |wire, piece| sse_stream(wire, piece, len));
    let beside = Row { peer: "async-sse", ..row.clone() };
    run(vec![beside], &mut ours, &mut |wire, piece| async_sse(wire, piece, len));
    let client = EventsourceClient::new(&row.wire, piece);
    let beside = Row { peer: "eventsource-client", ..row.clone() };
    run(vec![beside], &mut ours, &mut |_, _| client.events(len));
    let mut beside = Row { peer: "eventsource-stream", ..row };
    if long && piece == 16 {
        // It looks at the whole line again with each piece.
        beside = Row { items: 1, wire: event.into(), ..beside };
    }
    run(vec![beside], &mut ours, &mut |wire, piece| eventsource_stream(wire, piece, len));
}

fn ours(wire: &[u8], piece: usize, len: usize) -> usize {
    let (mut decoder, mut items) = (sse::Decoder::new(), 0);
    for mut input in wire.chunks(piece) {
        while let Step::Item(item) = decoder.decode(&mut input).unwrap() {
            if let sse::Item::Event(event) = black_box(item) {
                items += usize::from(event.data.len() == len);
            }
        }
    }
    items
}

fn sse_core(wire: &[u8], piece: usize, len: usize) -> usize {
    let (mut decoder, mut items) = (SseDecoder::new(), 0);
    for mut input in wire.chunks(piece) {
        while let Some(event) = decoder.next(&mut input) {
            if let SseEvent::Message(event) = black_box(event.unwrap()) {
                items += usize::from(event.data.len() == len);
            }
        }
    }
    items
}

fn sse_stream(wire: &[u8], piece: usize, len: usize) -> usize {
    let events = SseByteStream::new(stream::iter(wire.chunks(piece).map(Ok::<_, Infallible>)));
    count(events, |event| event.unwrap().data.is_some_and(|data| data.len() == len))
}

fn eventsource_stream(wire: &[u8], piece: usize, len: usize) -> usize {
    let events = EventStream::new(stream::iter(wire.chunks(piece).map(Ok::<_, Infallible>)));
    count(events, |event| event.unwrap().data.len() == len)
}

fn async_sse(wire: &[u8], piece: usize, len: usize) -> usize {
    let pieces = stream::iter(wire.chunks(piece).map(Ok::<_, io::Error>));
    count(
        async_sse::decode(pieces.into_async_read()),
        |event| matches!(event.unwrap(), AsyncSseEvent::Message(event) if event.data().len() == len),
    )
}

/// Its parser is private: it is reached through its client, over a transport that answers from
/// memory.
struct EventsourceClient(Box<dyn Client>);

impl EventsourceClient {
    fn new(wire: &[u8], piece: usize) -> Self {
        let client = ClientBuilder::for_url("http://localhost/")
            .unwrap()
            .reconnect(ReconnectOptions::reconnect(false).build())
            .build_with_transport(Memory { wire: Bytes::copy_from_slice(wire), piece });
        Self(Box::new(client))
    }

    fn events(&self, len: usize) -> usize {
        // The end of the stream is an error to it.
        count(
            self.0.stream(),
            |event| matches!(event, Ok(SSE::Event(event)) if event.data.len() == len),
        )
    }
}

/// A transport whose bodies are slices of one `Bytes`, which it must own.
#[derive(Clone)]
struct Memory {
    wire: Bytes,
    piece: usize,
}

impl HttpTransport for Memory {
    fn request(&self, _: Request<Option<Bytes>>) -> ResponseFuture {
        let Self { wire, piece } = self.clone();
        let starts = (0..wire.len()).step_by(piece);
        let pieces = starts.map(move |at| Ok(wire.slice(at..wire.len().min(at + piece))));
        let body: ByteStream = Box::pin(stream::iter(pieces));
        Box::pin(ready(Ok(Response::new(body))))
    }
}

/// Polls a stream that never has to wait until its end.
fn count<S: Stream + Unpin>(mut stream: S, is_event: impl Fn(S::Item) -> bool) -> usize {
    let (mut context, mut items) = (Context::from_waker(Waker::noop()), 0);
    while let Poll::Ready(Some(item)) = stream.poll_next_unpin(&mut context) {
        items += usize::from(is_event(black_box(item)));
    }
    items
}

/// What a language model's server sends for each token.
pub(crate) const TOKEN: &str = concat!(
    r#"data: {"id":"chatcmpl-xxxxxxxxxxxxxxxxxx","object":"chat.completion.chunk","#,
    r#""created":1732312345,"model":"gpt","choices":[{"index":0,"delta":{"content":" token"},"#,
    r#""logprobs":null,"finish_reason":null}]}"#,
    "\n\n"
);
const _: () = assert!(TOKEN.len() == 202);

pub(crate) const TINY: &str = "data: x\n\n";

const NAMED: &str = concat!(
    "event: content_block_delta\n",
    r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","#,
    r#""text":" token"}}"#,
    "\n\n"
);

/// As the encoders write it.
pub(crate) const FIELDS: &str = concat!(
    "retry: 3000\nid: 1732312345-0\nevent: update\n",
    "data: {\ndata:   \"price\": 101.25\ndata: }\n\n"
);

/// The length of the long line's data.
pub(crate) const LINE: usize = 64 << 10;

/// The bytes that short events make up at least: some pieces of the largest size.
const WIRE: usize = 256 << 10;
