//! Event streams, from both sides, and the history.

use wirefeed::replay::{self, Replay};
use wirefeed::sse::server::Mode;
use wirefeed::sse::{Command, Decoder, Event, EventSource, EventStream, Item, client, line};
use wirefeed::{Instant, Step};

use super::{HALF, SECRET, Shown};

const NOW: Instant = Instant::ZERO;
const STREAM: &[u8] = b"id: s3cret\nevent: s3cret\n:s3cret\ndata: s3cret\ndata: s3cret\n\n";

pub(super) fn show(shown: &mut Shown) {
    decoders(shown);
    messages(shown);
    sources(shown);
    histories(shown);
}

fn decoders(shown: &mut Shown) {
    for len in 0..=STREAM.len() {
        let (mut events, mut lines) = (Decoder::new(), line::Decoder::new());
        events.set_last_event_id(SECRET);
        let (mut first, mut second) = (&STREAM[..len], &STREAM[..len]);
        while let Step::Item(item) = events.decode(&mut first).unwrap() {
            shown.hides(&item);
        }
        while let Step::Item(item) = lines.decode(&mut second) {
            shown.hides(&item);
        }
        shown.hides(&events);
        shown.hides(&lines);
    }
    let mut events = Decoder::new();
    assert!(matches!(events.decode(&mut &[b"data: ", HALF].concat()[..]), Ok(Step::NeedInput)));
    shown.hides(&events);
    let event = Event { event: SECRET, data: SECRET, id: Some(SECRET), retry: None };
    shown.hides(&event);
    for item in [Item::Event(event), Item::Comment(SECRET.as_bytes())] {
        shown.hides(&item);
    }
    shown.hides(&line::Item::Piece(SECRET.as_bytes()));
}

fn message() -> Event<'static> {
    Event { event: SECRET, id: Some(SECRET), data: SECRET, ..Event::default() }
}

fn messages(shown: &mut Shown) {
    shown.hides(&message());
    let encoded = message().encode().unwrap();
    shown.hides(&encoded);
    let fields = [("Last-Event-ID", SECRET)];
    let mut server = EventStream::new(&fields, Mode::Stream, Default::default(), NOW);
    server.send_event(&encoded, NOW).unwrap();
    server.send_event(&message().encode().unwrap(), NOW).unwrap();
    server.send_comment(SECRET, NOW).unwrap();
    shown.hides(&server);
}

fn sources(shown: &mut Shown) {
    for command in [
        Command::Connect { attempt: 0, url: SECRET, last_event_id: SECRET },
        Command::Redirect { attempt: 0, location: SECRET, last_event_id: SECRET },
        Command::Cancel { attempt: 0 },
    ] {
        shown.hides(&command);
    }
    let url = "http://a/s3cret?s3cret";
    let mut source = EventSource::new(url, client::Config::default(), |_: &mut [u8]| {});
    source.set_last_event_id(SECRET);
    let attempt = match source.poll_command() {
        Some(Command::Connect { attempt, .. }) => attempt,
        other => panic!("{other:?}"),
    };
    source.response_head(attempt, 302, &[("Location", "/s3cret")], NOW);
    shown.hides(&source);
    shown.hides(&source.poll_command().unwrap());
    source.response_head(attempt, 200, &[("Content-Type", "text/event-stream")], NOW);
    let mut input = [STREAM, b"data: s3cret\ndata: ", HALF].concat();
    let mut input = &input.as_mut_slice()[..];
    while let Step::Item(event) = source.receive(attempt, &mut input, NOW) {
        shown.hides(&event);
    }
    shown.hides(&source);
    let event = Event { event: SECRET, data: SECRET, id: Some(SECRET), retry: None };
    for event in [client::Event::Message(event), client::Event::Comment(SECRET.as_bytes())] {
        shown.hides(&event);
    }
}

fn histories(shown: &mut Shown) {
    let mut replay: Replay<String> = Replay::new(Default::default());
    replay.push(SECRET, &message(), NOW).unwrap();
    shown.hides(&replay);
    let stream = replay.stream(SECRET);
    shown.hides(&stream);
    shown.hides(&stream.all());
    shown.hides(&stream.since("0"));
    let events: Vec<replay::Entry> = vec![message().encode().unwrap()];
    shown.hides(&replay::Missed::new(events.into_iter(), true));
}
