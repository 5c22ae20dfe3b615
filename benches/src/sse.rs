//! Event streams.

use std::hint::black_box;

use sse_core::{SseDecoder, SseEvent};
use wirefeed::{Step, sse};

use crate::measure::Row;

pub(crate) fn rows() -> Vec<Row> {
    let token = format!(
        r#"data: {{"id":"chatcmpl-{}","object":"chat.completion.chunk","created":1732312345,"model":"gpt","choices":[{{"index":0,"delta":{{"content":" token"}},"logprobs":null,"finish_reason":null}}]}}"#,
        "x".repeat(18)
    ) + "\n\n";
    assert_eq!(token.len(), 202);
    let named = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" token\"}}\n\n";
    let mut rows = Vec::new();
    for (piece, bound) in [(1 << 16, 1.1), (1460, 1.1), (16, 1.5)] {
        rows.push(row("token, 202 B", &token, piece, bound));
        rows.push(row("data: x", "data: x\n\n", piece, bound));
        rows.push(row("event and data", named, piece, bound));
    }
    rows
}

fn row(name: &str, event: &str, piece: usize, bound: f64) -> Row {
    let name = format!("sse, {name}, {piece} B pieces");
    Row { name, items: 10_000, wire: event.repeat(10_000).into(), piece, peer: "sse-core", bound }
}

pub(crate) fn ours(wire: &[u8], piece: usize) -> usize {
    let (mut decoder, mut items) = (sse::Decoder::new(), 0);
    for mut input in wire.chunks(piece) {
        while let Step::Item(item) = decoder.decode(&mut input).unwrap() {
            items += usize::from(matches!(black_box(&item), sse::Item::Event(_)));
        }
    }
    items
}

pub(crate) fn theirs(wire: &[u8], piece: usize) -> usize {
    let (mut decoder, mut items) = (SseDecoder::new(), 0);
    for mut input in wire.chunks(piece) {
        while let Some(event) = decoder.next(&mut input) {
            items += usize::from(matches!(black_box(&event.unwrap()), SseEvent::Message(_)));
        }
    }
    items
}
