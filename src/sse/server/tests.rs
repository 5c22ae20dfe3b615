use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use bytes::{Buf, Bytes};

use super::*;
use crate::replay::{self, Missed, Replay};
use crate::sse::Event;

pub(super) const T0: Instant = Instant::ZERO;
pub(super) const CLOSED: Result<(), SendError> = Err(SendError::Misuse(ApiMisuse::Closed));

fn after(millis: u64) -> Instant {
    T0 + Duration::from_millis(millis)
}

fn server(mode: Mode, policy: Config) -> EventStream {
    EventStream::new(&(), mode, policy, T0)
}

/// A server for a client that has seen the event with this id.
fn resuming(id: &str, on_full: Overflow, output: usize) -> EventStream {
    let policy = Config { on_full, output: Some(output), ..Config::default() };
    EventStream::new(&[("last-event-id", id)], Mode::Stream, policy, T0)
}

fn event(id: &str, data: &str) -> Entry {
    let id = Some(id).filter(|id| !id.is_empty());
    Event { id, data, ..Event::default() }.encode().unwrap()
}

/// A history of so many events of 15 bytes, with numbers from 1.
pub(super) fn history(count: usize) -> Replay {
    let mut replay = Replay::new(Default::default());
    for _ in 0..count {
        let event = replay.push(&(), &Event { data: "x", ..Event::default() }, T0).unwrap();
        assert_eq!(event.bytes().len(), 15);
    }
    replay
}

/// Takes all that is owed.
fn written(server: &mut EventStream) -> String {
    let mut all = Vec::new();
    while let Some(bytes) = server.output().take_bytes() {
        all.extend_from_slice(&bytes);
    }
    String::from_utf8(all).unwrap()
}

#[test]
fn a_stream_goes_on_until_it_is_closed() {
    let mut server = server(Mode::Stream, Config::default());
    server.send_event(&event("1", "a"), T0).unwrap();
    server.send_event(&Event { data: "b", ..Event::default() }.encode().unwrap(), T0).unwrap();
    server.send_comment(" c", T0).unwrap();
    assert_eq!(server.last_event_id(), "1");
    server.close();
    assert!(server.is_closed());
    // Pending output stays.
    assert_eq!(written(&mut server), "id: 1\ndata: a\n\ndata: b\n\n: c\n");
    assert_eq!(server.send_event(&event("2", "a"), T0), CLOSED);
    assert_eq!(server.send_event(&Event::default().encode().unwrap(), T0), CLOSED);
    assert_eq!(server.send_comment("", T0), CLOSED);
    assert_eq!(server.resume(&history(1), T0), Err(ApiMisuse::Closed.into()));
    server.close();
    server.handle_timeout(after(99_999));
    assert_eq!((server.poll_timeout(), written(&mut server)), (None, String::new()));
}

#[test]
fn what_would_end_its_line_is_refused() {
    let mut server = server(Mode::Stream, Config::default());
    let refused = Err(ApiMisuse::LineBreak.into());
    let message = Event { id: Some("a\nb"), ..Event::default() };
    assert_eq!(message.encode().map(drop), refused);
    assert_eq!(server.send_comment("\r", T0), refused);
    assert_eq!(server.last_event_id(), "");
    assert!(server.output().is_empty());
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
        let server = EventStream::new(&request, Mode::Stream, Config::default(), T0);
        assert_eq!(server.last_event_id(), id);
    }
}

#[test]
fn a_silent_stream_gives_a_sign_of_life() {
    let mut server = server(Mode::Stream, Config::default());
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
    let policy = Config { keep_alive: None, ..Config::default() };
    assert_eq!(self::server(Mode::Stream, policy).poll_timeout(), None);
}

#[test]
fn the_reconnection_time_comes_first() {
    let policy =
        Config { retry: Some(Duration::from_millis(2500)), output: Some(0), ..Config::default() };
    let mut server = server(Mode::ShortPoll, policy);
    assert_eq!(written(&mut server), "retry: 2500\n");
}

#[test]
fn a_long_poll_ends_after_its_first_event_or_without_any() {
    let (hold, batch) = (Duration::from_secs(30), Duration::from_millis(50));
    let mode = Mode::LongPoll { hold, batch };
    let policy = Config { keep_alive: None, ..Config::default() };
    let mut none = server(mode, policy);
    assert_eq!(none.poll_timeout(), Some(after(30_000)));
    // A comment is no event.
    none.send_comment("", after(10)).unwrap();
    none.handle_timeout(after(29_999));
    assert!(!none.is_closed());
    none.handle_timeout(after(30_000));
    assert!(none.is_closed());

    let mut some = server(mode, policy);
    some.send_event(&event("1", "a"), after(29_990)).unwrap();
    assert_eq!(some.poll_timeout(), Some(after(30_040)));
    some.handle_timeout(after(30_039));
    some.send_event(&event("2", "b"), after(30_039)).unwrap();
    some.handle_timeout(after(30_040));
    assert!(some.is_closed());
    assert_eq!(written(&mut some), "id: 1\ndata: a\n\nid: 2\ndata: b\n\n");

    // Without a batch it takes along what comes in the same turn.
    let mut missed = server(Mode::LongPoll { hold, batch: Duration::ZERO }, policy);
    missed.send_event(&event("1", "a"), after(5)).unwrap();
    missed.send_event(&event("2", "b"), after(5)).unwrap();
    assert_eq!(missed.poll_timeout(), Some(after(5)));
    missed.handle_timeout(after(5));
    assert!(missed.is_closed());
}

#[test]
fn a_short_poll_ends_at_once() {
    let mut server =
        EventStream::new(&[("Last-Event-ID", "1")], Mode::ShortPoll, Config::default(), T0);
    assert_eq!(server.poll_timeout(), Some(T0));
    assert_eq!(server.resume(&history(3), T0), Ok(Resumed { events: 2, gap: false }));
    server.handle_timeout(T0);
    assert!(server.is_closed());
    assert_eq!(written(&mut server), "id: 2\ndata: x\n\nid: 3\ndata: x\n\n");
}

#[test]
fn an_event_without_room_is_refused() {
    let policy = Config { output: Some(20), ..Config::default() };
    let mut server = server(Mode::Stream, policy);
    server.send_event(&event("1", "x"), T0).unwrap();
    assert_eq!(server.send_event(&event("2", "x"), T0), Err(SendError::Full));
    assert_eq!(server.send_comment("xxxx", T0), Err(SendError::Full));
    assert_eq!((server.last_event_id(), server.is_closed()), ("1", false));
    written(&mut server);
    server.send_event(&event("2", "x"), T0).unwrap();
    assert_eq!(server.last_event_id(), "2");
}

#[test]
fn an_event_without_room_closes_a_stream() {
    let mut server = resuming("1", Overflow::Close, 20);
    server.send_event(&event("2", "x"), T0).unwrap();
    server.send_event(&event("3", "x"), T0).unwrap();
    assert!(server.is_closed());
    assert_eq!(server.last_event_id(), "2");
    assert_eq!(written(&mut server), "id: 2\ndata: x\n\n");
}

#[test]
fn an_event_without_room_is_skipped() {
    let mut server = resuming("1", Overflow::Skip, 20);
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
    let mut server = resuming("1", Overflow::Resume, 40);
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
    let mut server = server(
        Mode::Stream,
        Config { on_full: Overflow::Resume, output: Some(20), ..Config::default() },
    );
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
    let mut server = resuming("unknown", Overflow::Refuse, 40);
    assert_eq!(server.resume(&history, T0), Ok(Resumed { events: 2, gap: true }));
    assert!(server.is_behind());
    written(&mut server);
    assert_eq!(server.resume(&history, T0), Ok(Resumed { events: 1, gap: false }));
    assert_eq!((server.is_behind(), server.last_event_id()), (false, "3"));
    let mut nothing = resuming("unknown", Overflow::Refuse, 40);
    assert_eq!(nothing.resume(&self::history(0), T0), Ok(Resumed { events: 0, gap: true }));
    assert_eq!((nothing.is_behind(), nothing.last_event_id()), (false, "unknown"));
}

#[test]
fn what_was_pushed_before_a_resume_is_neither_lost_nor_repeated() {
    for slow in [Overflow::Refuse, Overflow::Close, Overflow::Skip, Overflow::Resume] {
        let mut replay = history(3);
        let mut push = || replay_push(&mut replay);
        let late = [push(), push()];
        let mut server = resuming("2", slow, 1000);
        assert_eq!(server.is_behind(), slow == Overflow::Resume);
        // It waits for what comes before it.
        server.send_event(&late[0], T0).unwrap();
        assert!(server.is_behind() && server.output().is_empty());
        assert_eq!(server.resume(&replay, T0), Ok(Resumed { events: 3, gap: false }));
        assert!(!server.is_behind());
        server.send_event(&late[0], T0).unwrap();
        server.send_event(&late[1], T0).unwrap();
        let next = replay_push(&mut replay);
        server.send_event(&next, T0).unwrap();
        server.send_event(&next, T0).unwrap();
        let expected: String = (3..7).map(|id| format!("id: {id}\ndata: x\n\n")).collect();
        assert_eq!(written(&mut server), expected);
        assert_eq!((server.last_event_id(), server.skipped()), ("6", 0));
        server.close();
        assert_eq!(server.send_event(&next, T0), CLOSED);
    }
}

#[test]
fn what_the_client_has_is_not_sent_when_nothing_was_missed() {
    let mut replay = history(2);
    let late = replay_push(&mut replay);
    // The client has had it from an earlier connection, before it came here.
    let mut server = resuming("3", Overflow::Refuse, 1000);
    assert_eq!(server.resume(&replay, T0), Ok(Resumed { events: 0, gap: false }));
    server.send_event(&late, T0).unwrap();
    assert!(server.output().is_empty());
    // The same where memory has it no more, but for its id.
    let mut replay = Replay::new(replay::Config { events: Some(0), ..replay::Config::default() });
    let late = replay_push(&mut replay);
    let mut server = resuming("1", Overflow::Refuse, 1000);
    assert_eq!(server.resume(&replay, T0), Ok(Resumed { events: 0, gap: false }));
    server.send_event(&late, T0).unwrap();
    assert!(server.output().is_empty());
}

#[test]
fn a_client_that_was_not_resumed_is_sent_events_from_elsewhere() {
    let mut replay = history(2);
    let mut server = resuming("1", Overflow::Refuse, 1000);
    server.send_event(&event("", "a"), T0).unwrap();
    assert!(!server.is_behind());
    server.send_event(&replay_push(&mut replay), T0).unwrap();
    assert!(server.is_behind());
    server.send_event(&Event { data: "b", ..Event::default() }.encode().unwrap(), T0).unwrap();
    assert_eq!((written(&mut server), server.skipped()), ("data: a\n\ndata: b\n\n".into(), 0));
    assert_eq!(server.resume(&replay, T0).unwrap().events, 2);
    // One that has seen nothing has missed nothing, and joins where it is.
    let mut fresh = self::server(Mode::Stream, Config::default());
    fresh.send_event(&replay_push(&mut replay), T0).unwrap();
    assert!(!fresh.is_behind());
    assert_eq!(written(&mut fresh), "id: 4\ndata: x\n\n");
}

fn replay_push(replay: &mut Replay) -> Entry {
    replay.push(&(), &Event { data: "x", ..Event::default() }, T0).unwrap()
}

#[test]
fn a_keep_alive_of_no_time_lets_some_pass() {
    let policy = Config { keep_alive: Some(Duration::ZERO), ..Config::default() };
    let mut server = server(Mode::Stream, policy);
    for millis in 1..4 {
        assert_eq!(server.poll_timeout(), Some(after(millis)));
        server.handle_timeout(after(millis));
        assert_eq!(written(&mut server), ":\n\n");
    }
}

#[test]
fn a_poll_of_no_time_ends_at_the_next_timeout() {
    let mode = Mode::LongPoll { hold: Duration::ZERO, batch: Duration::ZERO };
    let mut server = server(mode, Config::default());
    server.send_event(&event("1", "a"), T0).unwrap();
    assert_eq!(server.poll_timeout(), Some(T0));
    server.handle_timeout(T0);
    assert_eq!((server.poll_timeout(), server.is_closed()), (None, true));
}

#[test]
fn a_large_event_is_shared() {
    let large = event("1", &"x".repeat(Outbox::SHARED));
    let mut server = server(Mode::Stream, Config::default());
    server.send_event(&large, T0).unwrap();
    assert_eq!(server.output().chunk().as_ptr(), large.bytes().as_ptr());
}

#[test]
fn a_burst_leaves_nothing_behind() {
    let mut server = server(Mode::Stream, Config::default());
    server.send_comment(&"x".repeat(10_000), T0).unwrap();
    written(&mut server);
    server.send_comment(&"x".repeat(10_000), T0).unwrap();
    let len = server.output().remaining();
    server.output().advance(len);
    assert!(server.outbox.buffer().capacity() > RETAINED);
    server.handle_timeout(after(15_000));
    assert!(server.outbox.buffer().capacity() <= RETAINED);
    assert_eq!(written(&mut server), ":\n\n");
}

#[test]
fn an_idle_stream_is_small() {
    fn is_send<T: Send>() {}
    is_send::<EventStream>();
    assert!(size_of::<EventStream>() <= 320, "{}", size_of::<EventStream>());
}

/// A log that makes its events when it is asked.
struct Made(u64);

impl History for Made {
    fn since(&self, last_event_id: &str) -> Missed<impl Iterator<Item = Entry>> {
        let last = last_event_id.parse().unwrap_or(self.0);
        Missed::new((last + 1..=self.0).map(|id| event(&id.to_string(), "x")), false)
    }
}

#[test]
fn a_log_elsewhere_can_stand_in() {
    let mut server = resuming("7", Overflow::Resume, 1000);
    assert_eq!(server.resume(&Made(9), T0), Ok(Resumed { events: 2, gap: false }));
    assert_eq!(written(&mut server), "id: 8\ndata: x\n\nid: 9\ndata: x\n\n");
}

#[test]
fn what_is_taken_is_owned() {
    let mut server = server(Mode::Stream, Config::default());
    server.send_event(&event("1", "x"), T0).unwrap();
    let taken = server.output().take_bytes();
    assert_eq!(taken, Some(Bytes::from_static(b"id: 1\ndata: x\n\n")));
}
