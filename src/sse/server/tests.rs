use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use bytes::{Buf, Bytes};
use proptest::prelude::*;

use super::*;
use crate::Step;
use crate::sse::replay::Missed;
use crate::sse::{Decoder, Item, Replay};

const T0: Instant = Instant::ZERO;
const CLOSED: Result<(), SendError> = Err(SendError::Misuse(ApiMisuse::Closed));

fn after(millis: u64) -> Instant {
    T0 + Duration::from_millis(millis)
}

fn server(mode: Mode, policy: Policy) -> Server {
    Server::new(&(), mode, policy, T0)
}

/// A server for a client that has seen the event with this id.
fn resuming(id: &str, slow: Slow, output: usize) -> Server {
    let policy = Policy { slow, output: Some(output), ..Policy::default() };
    Server::new(&[("last-event-id", id)], Mode::Stream, policy, T0)
}

fn event(id: &str, data: &str) -> Encoded {
    let id = Some(id).filter(|id| !id.is_empty());
    Message { id, data, ..Message::default() }.encode().unwrap()
}

/// A history of so many events of 16 bytes, with numbers from 1.
fn history(count: usize) -> Replay {
    let mut replay = Replay::new(Default::default());
    for _ in 0..count {
        let event = replay.push(&(), &Message { data: "x", ..Message::default() }, T0).unwrap();
        assert_eq!(event.bytes().len(), 15);
    }
    replay
}

/// Takes all that is owed.
fn written(server: &mut Server) -> String {
    let mut all = Vec::new();
    while let Some(bytes) = server.output().take_bytes() {
        all.extend_from_slice(&bytes);
    }
    String::from_utf8(all).unwrap()
}

#[test]
fn a_stream_goes_on_until_it_is_closed() {
    let mut server = server(Mode::Stream, Policy::default());
    server.send_event(&event("1", "a"), T0).unwrap();
    server.send_message(&Message { data: "b", ..Message::default() }, T0).unwrap();
    server.send_comment(" c", T0).unwrap();
    assert_eq!(server.last_event_id(), "1");
    server.close();
    assert!(server.is_done());
    // What is owed still is.
    assert_eq!(written(&mut server), "id: 1\ndata: a\n\ndata: b\n\n: c\n");
    assert_eq!(server.send_event(&event("2", "a"), T0), CLOSED);
    assert_eq!(server.send_message(&Message::default(), T0), CLOSED);
    assert_eq!(server.send_comment("", T0), CLOSED);
    assert_eq!(server.resume(&history(1), T0), Err(ApiMisuse::Closed.into()));
    server.close();
    server.handle_timeout(after(99_999));
    assert_eq!((server.poll_timeout(), written(&mut server)), (None, String::new()));
}

#[test]
fn what_would_end_its_line_is_refused() {
    let mut server = server(Mode::Stream, Policy::default());
    let refused = Err(ApiMisuse::LineBreak.into());
    let message = Message { id: Some("a\nb"), ..Message::default() };
    assert_eq!(server.send_message(&message, T0), refused);
    assert_eq!(server.send_comment("\r", T0), refused);
    assert_eq!(server.last_event_id(), "");
    assert!(server.output().is_empty());
    // In whatever state.
    let mut behind = resuming("1", Slow::Resume, 100);
    assert_eq!(behind.send_message(&message, T0), refused);
}

#[test]
fn the_clients_last_event_id_is_read() {
    for (value, id) in [
        (&b"7"[..], "7"),
        ("\u{e9}".as_bytes(), "\u{e9}"),
        (b"", ""),
        (b"\xe9", ""),
        (b"a\0", ""),
        (b"a\n", ""),
    ] {
        let request = [("Accept", &b"*/*"[..]), ("LAST-EVENT-ID", value)];
        let server = Server::new(&request, Mode::Stream, Policy::default(), T0);
        assert_eq!(server.last_event_id(), id);
    }
}

#[test]
fn a_silent_stream_gives_a_sign_of_life() {
    let mut server = server(Mode::Stream, Policy::default());
    assert_eq!(server.poll_timeout(), Some(after(15_000)));
    server.send_comment("", after(5000)).unwrap();
    assert_eq!(server.poll_timeout(), Some(after(20_000)));
    assert_eq!(written(&mut server), ":\n");
    server.handle_timeout(after(19_999));
    assert!(server.output().is_empty());
    server.handle_timeout(after(20_000));
    // One that is not written needs no other.
    server.handle_timeout(after(35_000));
    assert_eq!(written(&mut server), ":\n\n");
    assert_eq!(server.poll_timeout(), Some(after(50_000)));
    let policy = Policy { keep_alive: None, ..Policy::default() };
    assert_eq!(self::server(Mode::Stream, policy).poll_timeout(), None);
}

#[test]
fn the_reconnection_time_comes_first() {
    let policy =
        Policy { retry: Some(Duration::from_millis(2500)), output: Some(0), ..Policy::default() };
    let mut server = server(Mode::ShortPoll, policy);
    assert_eq!(written(&mut server), "retry: 2500\n");
}

#[test]
fn a_long_poll_ends_after_its_first_event_or_without_any() {
    let (hold, batch) = (Duration::from_secs(30), Duration::from_millis(50));
    let mode = Mode::LongPoll { hold, batch };
    let policy = Policy { keep_alive: None, ..Policy::default() };
    let mut none = server(mode, policy);
    assert_eq!(none.poll_timeout(), Some(after(30_000)));
    // A comment is no event.
    none.send_comment("", after(10)).unwrap();
    none.handle_timeout(after(29_999));
    assert!(!none.is_done());
    none.handle_timeout(after(30_000));
    assert!(none.is_done());

    let mut some = server(mode, policy);
    some.send_event(&event("1", "a"), after(29_990)).unwrap();
    assert_eq!(some.poll_timeout(), Some(after(30_040)));
    some.handle_timeout(after(30_039));
    some.send_event(&event("2", "b"), after(30_039)).unwrap();
    some.handle_timeout(after(30_040));
    assert!(some.is_done());
    assert_eq!(written(&mut some), "id: 1\ndata: a\n\nid: 2\ndata: b\n\n");

    // Without a batch it takes along what comes in the same turn.
    let mut missed = server(Mode::LongPoll { hold, batch: Duration::ZERO }, policy);
    missed.send_event(&event("1", "a"), after(5)).unwrap();
    missed.send_event(&event("2", "b"), after(5)).unwrap();
    assert_eq!(missed.poll_timeout(), Some(after(5)));
    missed.handle_timeout(after(5));
    assert!(missed.is_done());
}

#[test]
fn a_short_poll_ends_at_once() {
    let mut server = Server::new(&[("Last-Event-ID", "1")], Mode::ShortPoll, Policy::default(), T0);
    assert_eq!(server.poll_timeout(), Some(T0));
    assert_eq!(server.resume(&history(3), T0), Ok(Resumed { events: 2, gap: false }));
    server.handle_timeout(T0);
    assert!(server.is_done());
    assert_eq!(written(&mut server), "id: 2\ndata: x\n\nid: 3\ndata: x\n\n");
}

#[test]
fn an_event_without_room_is_refused() {
    let policy = Policy { output: Some(20), ..Policy::default() };
    let mut server = server(Mode::Stream, policy);
    server.send_event(&event("1", "x"), T0).unwrap();
    assert_eq!(server.send_event(&event("2", "x"), T0), Err(SendError::Full));
    assert_eq!(server.send_comment("xxxx", T0), Err(SendError::Full));
    assert_eq!((server.last_event_id(), server.is_done()), ("1", false));
    written(&mut server);
    server.send_event(&event("2", "x"), T0).unwrap();
    assert_eq!(server.last_event_id(), "2");
}

#[test]
fn an_event_without_room_closes_a_stream() {
    let mut server = resuming("1", Slow::Close, 20);
    server.send_event(&event("2", "x"), T0).unwrap();
    server.send_event(&event("3", "x"), T0).unwrap();
    assert!(server.is_done());
    assert_eq!(server.last_event_id(), "2");
    assert_eq!(written(&mut server), "id: 2\ndata: x\n\n");
}

#[test]
fn an_event_without_room_is_skipped() {
    let mut server = resuming("1", Slow::Skip, 20);
    for id in ["2", "3", "4"] {
        server.send_event(&event(id, "x"), T0).unwrap();
    }
    assert_eq!((server.skipped(), server.last_event_id()), (2, "2"));
    written(&mut server);
    server.send_event(&event("5", "x"), T0).unwrap();
    assert_eq!((server.skipped(), server.last_event_id()), (2, "5"));
}

#[test]
fn an_event_without_room_waits_in_the_history() {
    let history = history(9);
    let mut server = resuming("1", Slow::Resume, 40);
    assert!(server.is_behind());
    // It is there already, and would come before those that are missed.
    server.send_event(&event("9", "x"), T0).unwrap();
    server.send_event(&event("", "x"), T0).unwrap();
    assert_eq!((server.output().remaining(), server.skipped()), (0, 1));
    let mut seen = String::new();
    for (sent, last) in [(2, "3"), (2, "5"), (2, "7"), (2, "9")] {
        assert!(server.is_behind());
        assert_eq!(server.resume(&history, T0), Ok(Resumed { events: sent, gap: false }));
        assert_eq!(server.last_event_id(), last);
        assert_eq!(
            server.resume(&history, T0),
            Ok(Resumed { events: 0, gap: false }),
            "there was no room"
        );
        seen += &written(&mut server);
    }
    assert!(!server.is_behind());
    assert_eq!(seen, (2..10).map(|id| format!("id: {id}\ndata: x\n\n")).collect::<String>());
    // It falls behind when it is slow again.
    for id in ["10", "11", "12", "13"] {
        server.send_event(&event(id, "x"), T0).unwrap();
    }
    assert!(server.is_behind());
    assert_eq!((server.last_event_id(), server.skipped()), ("11", 1));
}

#[test]
fn without_an_id_there_is_nothing_to_resume_from() {
    let mut server =
        server(Mode::Stream, Policy { slow: Slow::Resume, output: Some(20), ..Policy::default() });
    assert!(!server.is_behind());
    server.send_event(&event("", "0123456"), T0).unwrap();
    assert_eq!(server.send_event(&event("1", "x"), T0), Err(SendError::Full));
    assert!(!server.is_behind());
    written(&mut server);
    server.send_event(&event("1", "x"), T0).unwrap();
    // And an event without an id is in no history.
    server.send_event(&event("", "x"), T0).unwrap();
    assert_eq!((server.skipped(), server.is_behind()), (1, false));
}

#[test]
fn a_gap_is_told_and_what_there_is_is_sent() {
    let history = history(3);
    let mut server = resuming("unknown", Slow::Refuse, 40);
    assert_eq!(server.resume(&history, T0), Ok(Resumed { events: 2, gap: true }));
    assert!(server.is_behind());
    written(&mut server);
    assert_eq!(server.resume(&history, T0), Ok(Resumed { events: 1, gap: false }));
    assert_eq!((server.is_behind(), server.last_event_id()), (false, "3"));
    let mut nothing = resuming("unknown", Slow::Refuse, 40);
    assert_eq!(nothing.resume(&self::history(0), T0), Ok(Resumed { events: 0, gap: true }));
    assert_eq!((nothing.is_behind(), nothing.last_event_id()), (false, "unknown"));
}

#[test]
fn an_event_that_never_fits_is_told() {
    let mut server = resuming("1", Slow::Resume, 14);
    assert_eq!(server.resume(&history(2), T0), Err(SendError::Full));
    assert!(server.is_behind());
    assert_eq!(server.last_event_id(), "1");
}

#[test]
fn a_large_event_is_shared() {
    let large = event("1", &"x".repeat(Outbox::SHARED));
    let mut server = server(Mode::Stream, Policy::default());
    server.send_event(&large, T0).unwrap();
    assert_eq!(server.output().chunk().as_ptr(), large.bytes().as_ptr());
}

#[test]
fn a_burst_leaves_nothing_behind() {
    let mut server = server(Mode::Stream, Policy::default());
    server.send_comment(&"x".repeat(10_000), T0).unwrap();
    written(&mut server);
    server.send_comment(&"x".repeat(10_000), T0).unwrap();
    let len = server.output().remaining();
    server.output().advance(len);
    assert!(server.outbox.owed().capacity() > RETAINED);
    server.handle_timeout(after(15_000));
    assert!(server.outbox.owed().capacity() <= RETAINED);
    assert_eq!(written(&mut server), ":\n\n");
}

#[test]
fn an_idle_stream_is_small() {
    fn is_send<T: Send>() {}
    is_send::<Server>();
    assert!(size_of::<Server>() <= 320, "{}", size_of::<Server>());
}

/// A log that makes its events when it is asked.
struct Made(u64);

impl History for Made {
    fn since(&self, last_event_id: &str) -> Missed<impl Iterator<Item = Encoded>> {
        let last = last_event_id.parse().unwrap_or(self.0);
        Missed::new((last + 1..=self.0).map(|id| event(&id.to_string(), "x")), false)
    }
}

#[test]
fn a_log_elsewhere_can_stand_in() {
    let mut server = resuming("7", Slow::Resume, 1000);
    assert_eq!(server.resume(&Made(9), T0), Ok(Resumed { events: 2, gap: false }));
    assert_eq!(written(&mut server), "id: 8\ndata: x\n\nid: 9\ndata: x\n\n");
}

#[derive(Debug, Clone)]
enum Op {
    /// An event with the next id or without one, encoded before or not.
    Send(bool, bool, String),
    Comment(String),
    Resume,
    Pass(u64),
    Write(usize),
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    let data = prop_oneof!["[a-z\u{e9}\r\n]{0,12}", "[a-z]{240,280}"];
    prop_oneof![
        8 => (any::<bool>(), any::<bool>(), data).prop_map(|(id, encoded, data)| Op::Send(id, encoded, data)),
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
        2 => (millis(40_000), millis(20_000)).prop_map(|(hold, batch)| Mode::LongPoll { hold, batch }),
        1 => Just(Mode::ShortPoll),
    ]
}

/// What a client that has this last event id makes of it: ids and data.
fn decoded(wire: &[u8], last_event_id: &str) -> Vec<(String, String)> {
    let (mut decoder, mut input, mut events) = (Decoder::new(), wire, Vec::new());
    decoder.set_last_event_id(last_event_id);
    while let Step::Item(item) = decoder.decode(&mut input).unwrap() {
        if let Item::Event(event) = item {
            events.push((event.id.into(), event.data.into()));
        }
    }
    events
}

proptest! {
    /// Whatever is asked of it: the events it took, whole and in order, within its limit; with a history
    /// each event that has an id at most once and, while nothing is skipped, without one left out.
    #[test]
    fn what_it_takes_is_what_the_client_reads(
        ops in prop::collection::vec(op(), 0..50),
        mode in mode(),
        slow in prop::sample::select(&[Slow::Refuse, Slow::Close, Slow::Skip, Slow::Resume][..]),
        output in 0usize..900,
        seen in 0usize..4,
    ) {
        let mut replay = history(3);
        let request = [("Last-Event-ID", if seen == 0 { String::new() } else { seen.to_string() })];
        let policy = Policy { slow, output: Some(output), ..Policy::default() };
        let (mut now, mut wire, mut taken) = (T0, Vec::new(), Vec::new());
        let mut server = Server::new(&request, mode, policy, now);
        let mut last = request[0].1.clone();
        let lines = |data: &str| data.replace("\r\n", "\n").replace('\r', "\n");
        for op in ops {
            let was_done = server.is_done();
            let (was_behind, room) = (server.is_behind(), server.output().room());
            match op {
                Op::Send(true, _, data) => {
                    let event = replay.push(&(), &Message { data: &data, ..Message::default() }, now).unwrap();
                    let (id, skipped) = (event.id().unwrap(), server.skipped());
                    let result = server.send_event(&event, now);
                    prop_assert_eq!(result == CLOSED, was_done);
                    let fits = event.bytes().len() <= room;
                    if result.is_ok() && !was_behind && fits {
                        last = id.into();
                        taken.push((last.clone(), lines(&data)));
                    } else if !was_done && !was_behind {
                        prop_assert!(!fits);
                        match slow {
                            Slow::Refuse => prop_assert_eq!(result, Err(SendError::Full)),
                            Slow::Close => prop_assert!(server.is_done()),
                            Slow::Skip => prop_assert_eq!(server.skipped(), skipped + 1),
                            Slow::Resume if last.is_empty() => prop_assert_eq!(result, Err(SendError::Full)),
                            Slow::Resume => prop_assert!(server.is_behind()),
                        }
                    }
                }
                Op::Send(false, encoded, data) => {
                    let message = Message { data: &data, ..Message::default() };
                    let result = match encoded {
                        true => server.send_event(&message.encode().unwrap(), now),
                        false => server.send_message(&message, now),
                    };
                    prop_assert_eq!(result == CLOSED, was_done);
                    if result.is_ok() && !was_behind && message.encode().unwrap().bytes().len() <= room {
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
                    let gap = replay.since(&(), &last).is_gap();
                    let missed: Vec<_> = replay.since(&(), &last).cloned().collect();
                    let result = server.resume(&replay, now);
                    prop_assert_eq!(result == Err(ApiMisuse::Closed.into()), was_done);
                    let mut room = room;
                    for event in missed.iter().take_while(|_| !was_done) {
                        let Some(left) = room.checked_sub(event.bytes().len()) else { break };
                        room = left;
                        taken.extend(decoded(event.bytes(), ""));
                    }
                    let sent = taken.len() - before;
                    last = taken[before..].last().map_or(last, |(id, _)| id.clone());
                    if !was_done {
                        prop_assert_eq!(server.is_behind(), sent < missed.len());
                        let never = sent < missed.len() && server.output().is_empty();
                        match result {
                            Ok(resumed) => prop_assert_eq!((resumed.events, resumed.gap, never), (sent, gap, false)),
                            Err(error) => prop_assert!(error == SendError::Full && never),
                        }
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
            prop_assert!(!was_done || server.is_done());
        }
        let rest = server.output().remaining();
        wire.extend_from_slice(&server.output().copy_to_bytes(rest));
        prop_assert_eq!(decoded(&wire, &request[0].1), taken);
    }

    /// A client that comes back whenever its stream ends, slow as it may be, reads each event once.
    #[test]
    fn a_slow_client_misses_nothing(
        slow in prop::sample::select(&[Slow::Close, Slow::Resume][..]),
        mode in mode(),
        pieces in prop::collection::vec(0usize..300, 20..60),
        output in 40usize..400,
    ) {
        let policy = Policy { slow, output: Some(output), ..Policy::default() };
        let mut replay = history(1);
        let (mut now, mut events) = (T0, Vec::new());
        let (mut wire, mut id, mut count) = (Vec::new(), "1".to_string(), 1);
        let mut server = Server::new(&[("Last-Event-ID", &id)], mode, policy, now);
        server.resume(&replay, now).unwrap();
        let rounds = pieces.len();
        // In the end it reads all, often enough.
        for (round, piece) in pieces.into_iter().chain([400; 200]).enumerate() {
            now = now + Duration::from_millis(700);
            if round < rounds {
                count += 1;
                let event = replay.push(&(), &Message { data: "x", ..Message::default() }, now).unwrap();
                if !server.is_done() {
                    server.send_event(&event, now).unwrap();
                }
            }
            server.handle_timeout(now);
            let len = piece.min(server.output().remaining());
            wire.extend_from_slice(&server.output().copy_to_bytes(len));
            if server.is_behind() && !server.is_done() {
                prop_assert!(!server.resume(&replay, now).unwrap().gap);
            }
            if server.is_done() && server.output().is_empty() {
                events.extend(decoded(&core::mem::take(&mut wire), "").into_iter().map(|(id, _)| id));
                id = events.last().unwrap_or(&id).clone();
                server = Server::new(&[("Last-Event-ID", &id)], mode, policy, now);
                prop_assert!(!server.resume(&replay, now).unwrap().gap);
            }
        }
        let rest = server.output().remaining();
        wire.extend_from_slice(&server.output().copy_to_bytes(rest));
        events.extend(decoded(&wire, "").into_iter().map(|(id, _)| id));
        prop_assert_eq!(events, (2..=count).map(|id| id.to_string()).collect::<Vec<_>>());
    }
}

#[test]
fn what_is_taken_is_owned() {
    let mut server = server(Mode::Stream, Policy::default());
    server.send_event(&event("1", "x"), T0).unwrap();
    let taken = server.output().take_bytes();
    assert_eq!(taken, Some(Bytes::from_static(b"id: 1\ndata: x\n\n")));
}
