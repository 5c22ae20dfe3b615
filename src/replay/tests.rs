use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use core::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::sse::Event;

const T0: Instant = Instant::ZERO;

/// Memory without limits, but for those given.
fn replay<K: Ord>(with: impl FnOnce(&mut Config)) -> Replay<K> {
    let mut limits = Config { streams: None, events: None, bytes: None, age: None };
    with(&mut limits);
    Replay::new(limits)
}

fn message(data: &str) -> Event<'_> {
    Event { data, ..Event::default() }
}

fn with_id<'a>(id: &'a str) -> Event<'a> {
    Event { id: Some(id), ..Event::default() }
}

fn after(secs: u64) -> Instant {
    T0 + Duration::from_secs(secs)
}

/// The ids after one, and whether there is a gap.
fn ids(replay: &Replay, id: &str) -> (Vec<String>, bool) {
    let missed = replay.stream(&()).since(id);
    let gap = missed.is_gap();
    (missed.map(|event| event.id().unwrap().to_string()).collect(), gap)
}

fn found<const LEN: usize>(ids: [&str; LEN], gap: bool) -> (Vec<String>, bool) {
    (ids.map(String::from).to_vec(), gap)
}

#[test]
fn what_was_missed_comes_in_order() {
    let mut replay = replay(|_| {});
    for id in 1..=4 {
        let event = replay.push(&(), &message("x"), T0).unwrap();
        assert_eq!(event.bytes(), format!("id: {id}\ndata: x\n\n").as_bytes());
    }
    assert_eq!(ids(&replay, "2"), found(["3", "4"], false));
    assert_eq!(ids(&replay, "4"), found([], false));
    assert_eq!(ids(&replay, ""), found([], false));
    for unknown in ["5", "0", "02", "+2", "x", "99999999999999999999"] {
        assert_eq!(ids(&replay, unknown), found(["1", "2", "3", "4"], true), "{unknown}");
    }
    assert_eq!(replay.stream(&()).all().count(), 4);
    assert_eq!(replay.poll_timeout(), None);
}

#[test]
fn the_newest_that_was_dropped_is_remembered() {
    for limit in [
        |limits: &mut Config| limits.events = Some(2),
        |limits: &mut Config| limits.bytes = Some(2 * (b"id: 1\ndata: x\n\n".len() + OVERHEAD)),
    ] {
        let mut replay = replay(limit);
        for _ in 0..4 {
            replay.push(&(), &message("x"), T0).unwrap();
        }
        assert_eq!(ids(&replay, "1"), found(["3", "4"], true));
        assert_eq!(ids(&replay, "2"), found(["3", "4"], false));
        assert_eq!(ids(&replay, "3"), found(["4"], false));
        let all: Vec<_> = replay.stream(&()).all().rev().filter_map(Entry::id).collect();
        assert_eq!(all, ["4", "3"]);
    }
}

#[test]
fn an_event_over_the_limits_is_sent_and_not_kept() {
    let mut replay = replay(|limits| limits.bytes = Some(OVERHEAD + 100));
    replay.push(&(), &message("x"), T0).unwrap();
    let large = replay.push(&(), &message(&"x".repeat(100)), T0).unwrap();
    assert_eq!(large.id(), Some("2"));
    assert_eq!(ids(&replay, "1"), found([], true));
    assert_eq!(ids(&replay, "2"), found([], false));
}

#[test]
fn age_is_kept_to_where_nobody_pushes() {
    let mut replay = replay(|limits| limits.age = Some(Duration::from_secs(10)));
    replay.push(&(), &message("x"), after(0)).unwrap();
    replay.push(&(), &message("x"), after(4)).unwrap();
    assert_eq!(replay.poll_timeout(), Some(after(10)));
    replay.handle_timeout(after(9));
    assert_eq!(ids(&replay, "1"), found(["2"], false));
    replay.handle_timeout(after(10));
    assert_eq!(replay.stream(&()).all().count(), 1);
    assert_eq!(ids(&replay, "1"), found(["2"], false));
    replay.handle_timeout(replay.poll_timeout().unwrap());
    assert_eq!(ids(&replay, "1"), found([], true));
    // The last id is kept as long again, then nothing is.
    assert_eq!(ids(&replay, "2"), found([], false));
    assert_eq!(replay.poll_timeout(), Some(after(24)));
    replay.handle_timeout(after(24));
    assert_eq!(ids(&replay, "2"), found([], true));
    assert_eq!((replay.poll_timeout(), replay.streams.len()), (None, 0));
    // A stream that comes again goes on with its numbers.
    assert_eq!(replay.push(&(), &message("x"), after(30)).unwrap().id(), Some("3"));
}

#[test]
fn an_age_of_no_time_ends_at_the_next_timeout() {
    for events in [None, Some(0)] {
        let mut replay = replay(|limits| {
            (limits.age, limits.events) = (Some(Duration::ZERO), events);
        });
        for now in [after(0), after(0), after(3)] {
            replay.push(&(), &message("x"), now).unwrap();
            assert_eq!(replay.poll_timeout(), Some(now));
            replay.handle_timeout(now);
            assert_eq!((replay.poll_timeout(), replay.streams.len()), (None, 0));
        }
    }
}

#[test]
fn an_event_after_one_that_was_not_kept_is_dropped_in_time() {
    let mut replay = replay(|limits| {
        (limits.bytes, limits.age) = (Some(OVERHEAD + 20), Some(Duration::from_secs(10)));
    });
    replay.push(&(), &message(&"x".repeat(20)), T0).unwrap();
    replay.handle_timeout(after(10));
    assert_eq!(replay.poll_timeout(), Some(after(20)));
    replay.push(&(), &message("x"), after(9)).unwrap();
    assert_eq!(replay.poll_timeout(), Some(after(19)));
    replay.handle_timeout(after(19));
    assert_eq!(replay.stream(&()).all().count(), 0);
}

#[test]
fn events_are_of_one_stream_only() {
    let mut replay = replay::<String>(|limits| limits.streams = Some(2));
    for (at, stream) in ["a", "b", "a", "b"].into_iter().enumerate() {
        replay.push(stream, &message("x"), after(at as u64)).unwrap();
    }
    let on_a = replay.stream("a").since("1").map(|event| event.id().unwrap());
    assert_eq!(on_a.collect::<Vec<_>>(), ["3"]);
    assert!(replay.stream("b").since("1").is_gap());
    // A third one takes the place of that whose last event is the oldest.
    replay.push("c", &message("x"), after(9)).unwrap();
    assert_eq!(replay.stream("a").all().count(), 0);
    assert!(replay.stream("a").since("3").is_gap());
    assert_eq!((replay.stream("b").all().count(), replay.stream("c").all().count()), (2, 1));
    assert!(replay.remove("b") && !replay.remove("b"));
    assert_eq!(replay.stream("b").all().count(), 0);
}

#[test]
fn what_is_forgotten_is_not_waited_for() {
    let mut replay = replay::<u8>(|limits| {
        (limits.streams, limits.age) = (Some(2), Some(Duration::from_secs(10)));
    });
    for stream in 0..9 {
        replay.push(&stream, &message("x"), after(1)).unwrap();
    }
    assert_eq!((replay.streams.len(), replay.due.len()), (2, 2));
    assert!(replay.remove(&8));
    assert_eq!((replay.streams.len(), replay.due.len()), (1, 1));
    let mut none = self::replay::<u8>(|limits| limits.streams = Some(0));
    assert_eq!(none.push(&1, &message("x"), T0).unwrap().id(), Some("1"));
    assert_eq!(none.stream(&1).all().count(), 0);
}

#[test]
fn numbers_go_on_after_the_callers_own() {
    let mut replay = replay(|_| {});
    for (own, id) in [
        (None, "1"),
        (Some("7"), "7"),
        (None, "8"),
        (Some("5-0"), "5-0"),
        (Some("2"), "2"),
        (None, "9"),
        (Some("18446744073709551615"), "18446744073709551615"),
        (None, "10"),
    ] {
        let message = Event { id: own, ..Event::default() };
        assert_eq!(replay.push(&(), &message, T0).unwrap().id(), Some(id));
    }
    let all = ["1", "7", "8", "5-0", "2", "9", "18446744073709551615", "10"];
    for (at, id) in all.into_iter().enumerate() {
        let rest = all[at + 1..].iter().map(ToString::to_string).collect();
        assert_eq!(ids(&replay, id), (rest, false), "{id}");
    }
    // One that comes again: what came after the first.
    replay.push(&(), &with_id("5-0"), T0).unwrap();
    assert_eq!(ids(&replay, "5-0").0.len(), 5);
}

#[test]
fn numbers_begin_where_the_caller_says() {
    for (first, given) in [(0, 1), (41, 41), (u64::MAX, 1u64 << 63)] {
        let mut replay = Replay::<()>::with_first_id(Config::default(), first);
        for id in given..given + 3 {
            let event = replay.push(&(), &message("x"), T0).unwrap();
            assert_eq!(event.id(), Some(&*id.to_string()));
        }
        assert_eq!(ids(&replay, &(given + 1).to_string()).0, [(given + 2).to_string()]);
    }
}

#[test]
fn what_is_refused_is_not_kept() {
    let mut replay = replay(|_| {});
    for (id, misuse) in
        [("", ApiMisuse::EmptyId), ("a\nb", ApiMisuse::LineBreak), ("a\0", ApiMisuse::LineBreak)]
    {
        assert_eq!(replay.push(&(), &with_id(id), T0), Err(misuse.into()));
    }
    let bad = Event { event: "a\rb", ..Event::default() };
    assert_eq!(replay.push(&(), &bad, T0), Err(ApiMisuse::LineBreak.into()));
    // No number was used up.
    assert_eq!(replay.push(&(), &message("x"), T0).unwrap().id(), Some("1"));
    assert_eq!(replay.stream(&()).all().count(), 1);
}

#[test]
fn a_burst_leaves_nothing_behind() {
    let mut replay = replay(|limits| limits.age = Some(Duration::from_secs(10)));
    for _ in 0..100 {
        replay.push(&(), &message("x"), T0).unwrap();
    }
    assert!(replay.streams[&()].capacity() >= 100);
    replay.handle_timeout(after(10));
    assert_eq!((replay.streams[&()].capacity(), replay.streams.len()), (0, 1));
}

#[test]
fn a_kept_event_is_the_one_that_was_sent() {
    let mut replay = replay(|_| {});
    let sent = replay.push(&(), &message(&"x".repeat(1000)), T0).unwrap();
    let kept = replay.stream(&()).all().next().unwrap();
    assert_eq!(kept.bytes().as_ptr(), sent.bytes().as_ptr());
}

#[test]
fn a_replay_can_be_sent_between_threads() {
    fn is_send<T: Send + Sync>() {}
    is_send::<Replay<String>>();
    is_send::<Stream<'_>>();
}

/// All that was ever pushed to one stream, and how much of it is still there.
#[derive(Default)]
struct Model {
    events: Vec<(Entry, Instant)>,
    from: usize,
}

impl Model {
    fn drop_what(&mut self, is_over: impl Fn(&[(Entry, Instant)]) -> bool) {
        while self.from < self.events.len() && is_over(&self.events[self.from..]) {
            self.from += 1;
        }
    }

    fn since(&self, id: &str) -> (&[(Entry, Instant)], bool) {
        if id.is_empty() {
            return (&[], false);
        }
        // The newest that was dropped is still known.
        let from = self.from.saturating_sub(1);
        match self.events[from..].iter().position(|(event, _)| event.id() == Some(id)) {
            Some(at) => (&self.events[from + at + 1..], false),
            None => (&self.events[self.from..], true),
        }
    }
}

#[derive(Debug, Clone)]
enum Op {
    Push(u8, Option<String>, usize),
    Pass(u64),
    Remove(u8),
}

fn op() -> impl Strategy<Value = Op> {
    let own = prop_oneof![
        4 => Just(None),
        1 => "[0-9]{1,2}".prop_map(Some),
        1 => "[ab]-[0-9]{1,2}".prop_map(Some),
    ];
    prop_oneof![
        8 => (0u8..3, own, 0usize..300).prop_map(|(stream, id, len)| Op::Push(stream, id, len)),
        2 => (0u64..8).prop_map(Op::Pass),
        1 => (0u8..3).prop_map(Op::Remove),
    ]
}

proptest! {
    /// Whatever is pushed under whatever limits: what a list of all events says.
    #[test]
    fn it_is_what_a_list_of_all_events_says(
        ops in prop::collection::vec(op(), 0..60),
        events in prop::option::of(0usize..8),
        bytes in prop::option::of(0usize..3000),
        age in prop::option::of(0u64..20),
        first in 1u64..30,
    ) {
        let age = age.map(Duration::from_secs);
        let limits = Config { streams: None, events, bytes, age };
        let mut replay = Replay::<u8>::with_first_id(limits, first);
        let mut models: BTreeMap<u8, Model> = BTreeMap::new();
        let (mut now, mut greatest) = (T0, first - 1);
        for op in ops {
            match op {
                Op::Push(stream, id, len) => {
                    let data = "x".repeat(len);
                    let message = Event { id: id.as_deref(), ..message(&data) };
                    let event = replay.push(&stream, &message, now).unwrap();
                    match &id {
                        Some(id) => prop_assert_eq!(event.id(), Some(&**id)),
                        None => prop_assert_eq!(event.id(), Some(&*(greatest + 1).to_string())),
                    }
                    if let Some(number) = event.id().and_then(ring::number) {
                        greatest = greatest.max(number);
                    }
                    let model = models.entry(stream).or_default();
                    model.drop_what(|held| age.is_some_and(|age| held[0].1 + age <= now));
                    model.events.push((event, now));
                    model.drop_what(|held| {
                        let costs = held.iter().map(|(event, _)| event.bytes().len() + OVERHEAD);
                        let cost: usize = costs.sum();
                        events.is_some_and(|most| held.len() > most)
                            || bytes.is_some_and(|most| cost > most)
                    });
                }
                Op::Pass(secs) => {
                    now = now + Duration::from_secs(secs);
                    replay.handle_timeout(now);
                    if let Some(age) = age {
                        for model in models.values_mut() {
                            model.drop_what(|held| held[0].1 + age <= now);
                        }
                        models.retain(|_, model| {
                            model.events.last().is_some_and(|(_, newest)| *newest + age + age > now)
                        });
                        prop_assert!(replay.poll_timeout().is_none_or(|at| at > now));
                    }
                }
                Op::Remove(stream) => {
                    prop_assert_eq!(replay.remove(&stream), models.remove(&stream).is_some());
                }
            }
            prop_assert_eq!(replay.streams.len(), models.len());
            let none = Model::default();
            for stream in 0..3 {
                let model = models.get(&stream).unwrap_or(&none);
                let kept = model.events[model.from..].iter().map(|(event, _)| event);
                prop_assert_eq!(replay.stream(&stream).all().collect::<Vec<_>>(), kept.collect::<Vec<_>>());
                let known = model.events.iter().filter_map(|(event, _)| event.id());
                let others = ["", "0", "00", "7", "x", "a-1"].into_iter();
                for id in known.chain(others) {
                    let missed = replay.stream(&stream).since(id);
                    let (expected, gap) = model.since(id);
                    prop_assert_eq!(missed.is_gap(), gap, "stream {}, id {}", stream, id);
                    let expected: Vec<_> = expected.iter().map(|(event, _)| event).collect();
                    let missed: Vec<_> = missed.collect();
                    prop_assert_eq!(missed, expected, "stream {}, id {}", stream, id);
                }
            }
        }
    }
}
