//! Lines and events.

use proptest::prelude::*;
use wirefeed::Instant;
use wirefeed::sse::{self, Command, EventSource, Policy, client, line};

use super::generic::Decoding;
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

/// Events of a stream, with no switch on, or with all of them.
pub(crate) struct Events<const SWITCHES: bool>;

/// The limit on lines and events.
const LONGEST: u32 = 120;

fn config(switches: bool) -> sse::Config {
    let mut config = sse::Config::default();
    (config.dispatch_at_eof, config.skip_oversized) = (switches, switches);
    config
}

fn small_config(switches: bool) -> sse::Config {
    let mut config = config(switches);
    (config.line, config.event, config.id) = (Some(LONGEST), Some(LONGEST), Some(20));
    config
}

impl<const SWITCHES: bool> Decoding for Events<SWITCHES> {
    type Codec = sse::Decoder;
    const LIMIT: usize = 4 * LONGEST as usize;

    fn small() -> sse::Decoder {
        sse::Decoder::with_config(small_config(SWITCHES))
    }

    fn roomy() -> sse::Decoder {
        sse::Decoder::with_config(config(SWITCHES))
    }

    fn show<'m, 'b: 'm>(item: sse::Item<'m>, show: Show<'_>) {
        match item {
            sse::Item::Event(event) => show_event(event, show),
            sse::Item::Retry(ms) => show("retry", &ms.to_be_bytes(), false),
            sse::Item::Comment(text) => show("comment", text, false),
            sse::Item::Skipped(error) => show("skipped", error.to_string().as_bytes(), false),
            sse::Item::Unfinished => show("unfinished", b"", false),
        }
    }

    fn reset(decoder: &mut sse::Decoder) {
        decoder.reset();
        decoder.set_last_event_id("");
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

/// A source whose connection has just been opened, with no switch on, or with all of them.
pub(crate) struct Source<const SWITCHES: bool>(EventSource<fn(&mut [u8])>);

const NOW: Instant = Instant::ZERO;

impl<const SWITCHES: bool> Source<SWITCHES> {
    fn with_stream(stream: sse::Config) -> Self {
        let mut policy = Policy::default();
        policy.stream = stream;
        // It does not ask again, so that there is an end.
        policy.has_body = true;
        let mut source = EventSource::new("http://a/", policy, (|_| {}) as fn(&mut [u8]));
        let Some(Command::Connect { attempt, .. }) = source.poll_command() else { unreachable!() };
        source.response_head(attempt, 200, &[("Content-Type", "text/event-stream")], NOW);
        Self(source)
    }
}

impl<const SWITCHES: bool> Subject for Source<SWITCHES> {
    const LIMIT: usize = 4 * LONGEST as usize;

    /// With limits that are small where they do not end the source: when it is closed is no offset.
    fn new() -> Self {
        Self::with_stream(if SWITCHES { small_config(true) } else { config(false) })
    }

    fn roomy() -> Self {
        Self::with_stream(config(SWITCHES))
    }

    fn step(&mut self, input: &mut &[u8], show: Show<'_>) -> Flow {
        let step = Ok::<_, Failure>(self.0.receive(1, input, NOW));
        Flow::of(step, |event| show_source(event, show))
    }

    fn finish(&mut self, show: Show<'_>) -> Flow {
        self.0.response_end(1, NOW);
        let step = Ok::<_, Failure>(self.0.receive(1, &mut &b""[..], NOW));
        Flow::of(step, |event| show_source(event, show))
    }

    fn reset(&mut self) -> bool {
        false
    }

    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)> {
        Events::<SWITCHES>::streams()
            .prop_map(|(wire, mut parts)| {
                parts.insert(0, part("open", b""));
                parts.push(part("error", [0]));
                (wire, parts)
            })
            .boxed()
    }

    fn long(len: usize) -> Vec<u8> {
        Events::<SWITCHES>::long(len)
    }
}

fn show_source(event: client::Event<'_>, show: Show<'_>) {
    match event {
        client::Event::Open => show("open", b"", false),
        client::Event::Message(event) => show_event(event, show),
        client::Event::Retry(time) => {
            show("retry", &(time.as_millis() as u64).to_be_bytes(), false);
        }
        client::Event::Comment(text) => show("comment", text, false),
        client::Event::Skipped(error) => show("skipped", error.to_string().as_bytes(), false),
        client::Event::Error(error) => show_error(error, show),
    }
}

/// An error at a limit says where, and one at the end whether it cut an event off.
fn show_error(error: client::Error, show: Show<'_>) {
    match error.reason {
        client::Reason::Limit(limit) => show("limit", limit.to_string().as_bytes(), false),
        _ => show("error", &[u8::from(error.unfinished)], false),
    }
}

fn show_event(event: sse::Event<'_>, show: Show<'_>) {
    show("event", event.event.as_bytes(), false);
    show("data", event.data.as_bytes(), false);
    show("id", event.id.as_bytes(), false);
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
                let (event, id) = (event.as_deref(), id.as_deref());
                let message = sse::Message { event, id, retry: None, data };
                sse::encode_event(&message, &mut wire).unwrap();
                last = id.map_or(last, String::from);
                parts.extend([
                    part("event", event.unwrap_or("message")),
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
