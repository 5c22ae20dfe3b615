//! Lines and events.

use proptest::prelude::*;
use wirefeed::sse::{self, line};

use crate::harness::{Failure, Flow, Part, Show, Subject, part};

/// Lines of a stream.
pub(crate) struct Lines(line::Decoder, bool);

impl Subject for Lines {
    const LIMIT: usize = 0;

    fn new() -> Self {
        Self(line::Decoder::new(), false)
    }

    fn step(&mut self, input: &mut &[u8], show: Show<'_>) -> Flow {
        if self.1 {
            return Flow::Done;
        }
        Flow::of(Ok::<_, Failure>(self.0.decode(input)), |item| show_line(item, show))
    }

    fn finish(&mut self, show: Show<'_>) -> Flow {
        self.1 = true;
        Flow::end(Ok::<_, Failure>(self.0.finish()), |item| show_line(item, show))
    }

    fn reset(&mut self) -> bool {
        *self = Self::new();
        true
    }

    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)> {
        let end = prop::sample::select(vec!["\n", "\r\n", "\r"]);
        prop::collection::vec(("[a-z: \u{e9}]{1,20}", end), 0..8)
            .prop_map(|lines| {
                let (mut wire, mut parts) = (Vec::new(), Vec::new());
                for (line, end) in lines {
                    wire.extend(line.bytes().chain(end.bytes()));
                    parts.extend([part("line", line), part("end", b"")]);
                }
                (wire, parts)
            })
            .boxed()
    }

    fn long(len: usize) -> Vec<u8> {
        b"data: x\r\n".repeat(len / 9)
    }
}

fn show_line(item: line::Item<'_>, show: Show<'_>) {
    match item {
        line::Item::Piece(piece) => show("line", piece, true),
        line::Item::End => show("end", b"", false),
    }
}

/// Events of a stream.
pub(crate) struct Events(sse::Decoder);

impl Events {
    const LINE: u32 = 120;
}

impl Subject for Events {
    const LIMIT: usize = 4 * Self::LINE as usize;

    fn new() -> Self {
        let mut limits = sse::Limits::default();
        (limits.line, limits.event, limits.id) = (Some(Self::LINE), Some(Self::LINE), Some(20));
        Self(sse::Decoder::with_limits(limits))
    }

    fn roomy() -> Self {
        Self(sse::Decoder::new())
    }

    fn step(&mut self, input: &mut &[u8], show: Show<'_>) -> Flow {
        Flow::of(self.0.decode(input), |item| match item {
            sse::Item::Event(event) => {
                show("event", event.event.as_bytes(), false);
                show("data", event.data.as_bytes(), false);
                show("id", event.id.as_bytes(), false);
            }
            sse::Item::Retry(ms) => show("retry", &ms.to_be_bytes(), false),
            sse::Item::Comment(text) => show("comment", text, false),
        })
    }

    fn finish(&mut self, _: Show<'_>) -> Flow {
        Flow::end(self.0.finish(), |_| ())
    }

    fn reset(&mut self) -> bool {
        self.0.reset();
        self.0.set_last_event_id("");
        true
    }

    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)> {
        let text = "[a-z: \u{e9}\u{65e5}]{0,8}";
        let data = "([a-z: \u{e9}\u{65e5}\u{1f600}]|\r|\n){0,16}";
        let event = (prop::option::of("[a-z\u{e9}]{1,6}"), prop::option::of(text), data);
        let item = prop_oneof![
            4 => event.prop_map(|(event, id, data)| Sent::Event(event, id, data)),
            1 => text.prop_map(Sent::Comment),
            1 => any::<u64>().prop_map(Sent::Retry),
        ];
        prop::collection::vec(item, 0..6).prop_map(|items| encode(&items)).boxed()
    }

    fn long(len: usize) -> Vec<u8> {
        // Half of it one event of many short lines, half of it one line.
        let mut wire = b"data: x\n".repeat(len / 16);
        wire.resize(len, b'x');
        wire
    }
}

#[derive(Debug, Clone)]
enum Sent {
    Event(Option<String>, Option<String>, String),
    Comment(String),
    Retry(u64),
}

/// A stream from the crate's own encoder, and what it must decode to.
fn encode(items: &[Sent]) -> (Vec<u8>, Vec<Part>) {
    let (mut wire, mut parts, mut last) = (Vec::new(), Vec::new(), String::new());
    for item in items {
        match item {
            Sent::Event(event, id, data) => {
                let message = sse::Message { event: event.as_deref(), id: id.as_deref(), data };
                sse::encode_event(&message, &mut wire).unwrap();
                last = id.clone().unwrap_or(last);
                parts.extend([
                    part("event", event.as_deref().unwrap_or("message")),
                    part("data", data.replace("\r\n", "\n").replace('\r', "\n")),
                    part("id", &last),
                ]);
            }
            Sent::Comment(text) => {
                sse::encode_comment(text, &mut wire).unwrap();
                parts.push(part("comment", text));
            }
            Sent::Retry(ms) => {
                sse::encode_retry(*ms, &mut wire).unwrap();
                parts.push(part("retry", ms.to_be_bytes()));
            }
        }
    }
    (wire, parts)
}
