//! Streams driven by arbitrary operations, beside a model.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bytes::Buf;
use proptest::prelude::*;

use super::tests::{CLOSED, T0, history};
use super::*;
use crate::Step;
use crate::sse::{Decoder, Event, Item};

#[derive(Debug, Clone)]
enum Op {
    /// An event with the next id or without one.
    Send(bool, String),
    Comment(String),
    Resume,
    Pass(u64),
    Write(usize),
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    let data = prop_oneof!["[a-z\u{e9}\r\n]{0,12}", "[a-z]{240,280}"];
    prop_oneof![
        8 => (any::<bool>(), data).prop_map(|(id, data)| Op::Send(id, data)),
        1 => "[a-z]{0,8}".prop_map(Op::Comment),
        2 => Just(Op::Resume),
        3 => (0u64..20_000).prop_map(Op::Pass),
        3 => (0usize..400).prop_map(Op::Write),
        1 => Just(Op::Close),
    ]
}

fn mode() -> impl Strategy<Value = Mode> {
    let millis = |most| (0u64..most).prop_map(Duration::from_millis);
    prop_oneof![
        4 => Just(Mode::Stream),
        2 => (millis(40_000), millis(20_000))
            .prop_map(|(hold, batch)| Mode::LongPoll { hold, batch }),
        1 => Just(Mode::ShortPoll),
    ]
}

/// What a client that has this last event id makes of it: ids and data.
fn decoded(wire: &[u8], last_event_id: &str) -> Vec<(String, String)> {
    let (mut decoder, mut input, mut events) = (Decoder::new(), wire, Vec::new());
    decoder.set_last_event_id(last_event_id);
    while let Step::Item(item) = decoder.decode(&mut input).unwrap() {
        if let Item::Event(event) = item {
            events.push((event.id.unwrap_or_default().into(), event.data.into()));
        }
    }
    events
}

proptest! {
    /// Whatever is asked of it: the events it took, whole and in order, within its limit.
    #[test]
    fn what_it_takes_is_what_the_client_reads(
        ops in prop::collection::vec(op(), 0..50),
        mode in mode(),
        slow in prop::sample::select(&[Overflow::Refuse, Overflow::Close, Overflow::Skip, Overflow::Resume][..]),
        // Any event fits where nothing is owed.
        output in 300usize..900,
        keep_alive in prop::sample::select(&[0u64, 5000][..]),
        seen in 0usize..4,
    ) {
        let mut replay = history(3);
        let seen = if seen == 0 { String::new() } else { seen.to_string() };
        let request = [("Last-Event-ID", seen)];
        let keep_alive = Some(Duration::from_millis(keep_alive));
        let policy = Config { on_full: slow, output: Some(output), keep_alive, ..Config::default() };
        let (mut now, mut wire, mut taken) = (T0, Vec::new(), Vec::new());
        let mut server = EventStream::new(&request, mode, policy, now);
        let mut last = request[0].1.clone();
        // What the client missed was not sent: an event of the replay waits.
        let mut waits = !last.is_empty() && slow != Overflow::Resume;
        let lines = |data: &str| data.replace("\r\n", "\n").replace('\r', "\n");
        for op in ops {
            let was_done = server.is_closed();
            let (was_behind, room) = (server.is_behind(), server.output().room());
            let owed = server.output().remaining();
            match op {
                Op::Send(true, data) => {
                    let message = Event { data: &data, ..Event::default() };
                    let event = replay.push(&(), &message, now).unwrap();
                    let (id, skipped) = (event.id().unwrap(), server.skipped());
                    let result = server.send_event(&event, now);
                    prop_assert_eq!(result == CLOSED, was_done);
                    let fits = event.bytes().len() <= room;
                    if waits {
                        prop_assert!(was_done || (result.is_ok() && server.is_behind()));
                    } else if result.is_ok() && !was_behind && fits {
                        last = id.into();
                        taken.push((last.clone(), lines(&data)));
                    } else if !was_done && !was_behind {
                        prop_assert!(!fits);
                        match slow {
                            Overflow::Refuse => prop_assert_eq!(result, Err(SendError::Full)),
                            Overflow::Close => prop_assert!(server.is_closed()),
                            Overflow::Skip => prop_assert_eq!(server.skipped(), skipped + 1),
                            Overflow::Resume if last.is_empty() => {
                                prop_assert_eq!(result, Err(SendError::Full));
                            }
                            Overflow::Resume => prop_assert!(server.is_behind()),
                        }
                    }
                }
                Op::Send(false, data) => {
                    let message = Event { data: &data, ..Event::default() };
                    let result = server.send_event(&message.encode().unwrap(), now);
                    prop_assert_eq!(result == CLOSED, was_done);
                    let fits = message.encode().unwrap().bytes().len() <= room;
                    if result.is_ok() && (waits || !was_behind) && fits {
                        taken.push((last.clone(), lines(&data)));
                    }
                }
                Op::Comment(text) => {
                    let result = server.send_comment(&text, now);
                    prop_assert_eq!(result == CLOSED, was_done);
                    prop_assert_eq!(result.is_ok(), !was_done && text.len() + 2 <= room);
                }
                Op::Resume => {
                    let before = taken.len();
                    let gap = replay.stream(&()).since(&last).is_gap();
                    let missed: Vec<_> = replay.stream(&()).since(&last).cloned().collect();
                    let result = server.resume(&replay, now);
                    prop_assert_eq!(result == Err(ApiMisuse::Closed.into()), was_done);
                    let mut owed = owed;
                    for event in missed.iter().take_while(|_| !was_done) {
                        let after = owed + event.bytes().len();
                        if owed > 0 && after > output {
                            break;
                        }
                        owed = after;
                        taken.extend(decoded(event.bytes(), ""));
                    }
                    let sent = taken.len() - before;
                    last = taken[before..].last().map_or(last, |(id, _)| id.clone());
                    if !was_done {
                        prop_assert_eq!(server.is_behind(), sent < missed.len());
                        let resumed = result.unwrap();
                        prop_assert_eq!((resumed.events, resumed.gap), (sent, gap));
                        waits = false;
                    }
                }
                Op::Pass(millis) => {
                    now = now + Duration::from_millis(millis);
                    server.handle_timeout(now);
                    prop_assert!(server.poll_timeout().is_none_or(|at| at > now));
                }
                Op::Write(count) => {
                    let len = count.min(server.output().remaining());
                    wire.extend_from_slice(&server.output().copy_to_bytes(len));
                }
                Op::Close => server.close(),
            }
            prop_assert!(server.output().remaining() <= output + KEEP_ALIVE.len());
            prop_assert_eq!(server.last_event_id(), &last);
            prop_assert!(!was_done || server.is_closed());
        }
        let rest = server.output().remaining();
        wire.extend_from_slice(&server.output().copy_to_bytes(rest));
        prop_assert_eq!(decoded(&wire, &request[0].1), taken);
    }

    /// A client that comes back whenever its stream ends, slow as it may be, reads each event once.
    #[test]
    fn a_slow_client_misses_nothing(
        slow in prop::sample::select(&[Overflow::Close, Overflow::Resume][..]),
        mode in mode(),
        pieces in prop::collection::vec(0usize..300, 20..60),
        output in 40usize..400,
    ) {
        let policy = Config { on_full: slow, output: Some(output), ..Config::default() };
        let mut replay = history(1);
        let (mut now, mut events) = (T0, Vec::new());
        let (mut wire, mut id, mut count) = (Vec::new(), "1".to_string(), 1);
        let mut server = EventStream::new(&[("Last-Event-ID", &id)], mode, policy, now);
        server.resume(&replay, now).unwrap();
        let rounds = pieces.len();
        // In the end it reads all, often enough.
        for (round, piece) in pieces.into_iter().chain([400; 200]).enumerate() {
            now = now + Duration::from_millis(700);
            if round < rounds {
                count += 1;
                let message = Event { data: "x", ..Event::default() };
                let event = replay.push(&(), &message, now).unwrap();
                if !server.is_closed() {
                    server.send_event(&event, now).unwrap();
                }
            }
            server.handle_timeout(now);
            let len = piece.min(server.output().remaining());
            wire.extend_from_slice(&server.output().copy_to_bytes(len));
            if server.is_behind() && !server.is_closed() {
                prop_assert!(!server.resume(&replay, now).unwrap().gap);
            }
            if server.is_closed() && server.output().is_empty() {
                events.extend(decoded(&wire, "").into_iter().map(|(id, _)| id));
                wire.clear();
                id = events.last().unwrap_or(&id).clone();
                server = EventStream::new(&[("Last-Event-ID", &id)], mode, policy, now);
                prop_assert!(!server.resume(&replay, now).unwrap().gap);
            }
        }
        let rest = server.output().remaining();
        wire.extend_from_slice(&server.output().copy_to_bytes(rest));
        events.extend(decoded(&wire, "").into_iter().map(|(id, _)| id));
        prop_assert_eq!(events, (2..=count).map(|id| id.to_string()).collect::<Vec<_>>());
    }
}
