use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use core::time::Duration;

use super::*;
use crate::{Instant, Step};

mod idle;

const T0: Instant = Instant::ZERO;
const STREAM: [(&str, &str); 1] = [("Content-Type", "text/event-stream")];

type Source = EventSource<fn(&mut [u8])>;

fn source(policy: Config) -> Source {
    EventSource::new("http://a/", policy, |bytes: &mut [u8]| bytes.fill(0))
}

/// A source whose first connection is open, and that was pulled.
fn open(policy: Config) -> Source {
    let mut source = source(policy);
    assert_eq!(attempt(&mut source), Some(1));
    source.response_head(1, 200, &STREAM, T0);
    assert_eq!(pull(&mut source, 1, b"", T0), ["Open"]);
    source
}

/// The attempt that is to connect.
fn attempt(source: &mut Source) -> Option<u64> {
    match source.poll_command() {
        Some(Command::Connect { attempt, .. }) => Some(attempt),
        Some(other) => panic!("{other:?}"),
        None => None,
    }
}

/// All that is owed, and all of an input.
fn pull(source: &mut Source, attempt: u64, mut input: &[u8], now: Instant) -> Vec<String> {
    let mut seen = Vec::new();
    while let Step::Item(event) = source.receive(attempt, &mut input, now) {
        seen.push(match event {
            Event::Message(event) => format!("{} {}", event.id.unwrap_or_default(), event.data),
            Event::Error(Disconnected { reason, reconnects_in, .. }) => {
                format!("{reason:?} {reconnects_in:?}")
            }
            other => format!("{other:?}"),
        });
    }
    assert!(input.is_empty() || source.ready_state() == ReadyState::Closed);
    seen
}

fn after(millis: u64) -> Instant {
    T0 + Duration::from_millis(millis)
}

#[test]
fn it_comes_back_with_the_last_id() {
    let mut source = open(Config::default());
    assert_eq!(
        pull(&mut source, 1, b"retry: 700\nid: 1\ndata: a\n\nid: 2\ndata: never", T0),
        ["Retry(700ms)", "1 a"]
    );
    assert_eq!(source.ready_state(), ReadyState::Open);
    source.response_end(1, T0);
    // Until it is pulled nothing has happened to its reader.
    assert_eq!((source.ready_state(), source.poll_command()), (ReadyState::Open, None));
    assert_eq!(pull(&mut source, 1, b"", T0), ["Ended Some(700ms)"]);
    assert_eq!(source.ready_state(), ReadyState::Connecting);
    assert_eq!((source.poll_timeout(), source.poll_command()), (Some(after(700)), None));
    source.handle_timeout(after(699));
    assert_eq!(source.poll_command(), None);
    source.handle_timeout(after(700));
    let connect = Command::Connect { attempt: 2, url: "http://a/", last_event_id: "1" };
    assert_eq!(source.poll_command(), Some(connect));
    assert_eq!(source.poll_command(), None);
    // What still comes of the connection before is nobody's.
    assert_eq!(pull(&mut source, 1, b"data: late\n\n", after(700)), [""; 0]);
    source.response_end(1, after(700));
    source.response_head(2, 200, &STREAM, after(701));
    assert_eq!(pull(&mut source, 2, b"data: b\n\n", after(701)), ["Open", "1 b"]);
}

#[test]
fn what_is_no_event_stream_ends_it() {
    for (status, content_type, reason) in [
        (204, "text/event-stream", "Status(204)"),
        (404, "text/event-stream", "Status(404)"),
        (503, "text/event-stream", "Status(503)"),
        (200, "text/html", "ContentType"),
        (200, "x bogus", "ContentType"),
        (200, "", "ContentType"),
    ] {
        let mut source = source(Config::default());
        attempt(&mut source);
        source.response_head(1, status, &[("content-type", content_type)], T0);
        assert_eq!(source.poll_command(), Some(Command::Cancel { attempt: 1 }));
        let seen = pull(&mut source, 1, b"data: not read\n\n", T0);
        assert_eq!(seen, [format!("{reason} None")]);
        assert_eq!(source.ready_state(), ReadyState::Closed);
        assert_eq!((source.poll_timeout(), source.poll_command()), (None, None));
        assert_eq!(source.receive(1, &mut &b""[..], T0), Step::Done);
    }
    for good in ["text/event-stream;", "Text/Event-Stream; charset=x", " text/event-stream"] {
        let mut source = source(Config::default());
        attempt(&mut source);
        source.response_head(1, 200, &[("Content-Type", good.trim_start())], T0);
        assert_eq!(pull(&mut source, 1, b"", T0), ["Open"]);
    }
}

const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

#[test]
fn redirects_are_followed_up_to_a_limit() {
    let mut source = source(Config::default());
    attempt(&mut source);
    for (n, status) in STATUSES.into_iter().enumerate() {
        let location = format!("/{n}");
        source.response_head(1, status, &[("Location", &location)], T0);
        let redirect =
            Command::Redirect { attempt: 1, location: &location.clone(), last_event_id: "" };
        assert_eq!(source.poll_command(), Some(redirect));
    }
    source.response_head(1, 200, &STREAM, T0);
    source.transport_error(1, T0);
    assert_eq!(pull(&mut source, 1, b"", T0), ["Open", "Transport Some(3s)"]);
    source.handle_timeout(after(3000));
    // Where they lead nobody has told.
    assert_eq!(url(&mut source), "http://a/");
    for _ in 0..20 {
        redirect(&mut source, 2, 302, "/");
    }
    source.response_head(2, 302, &[("Location", "/")], T0);
    assert_eq!(pull(&mut source, 2, b"", T0), ["Redirects None"]);
}

/// Takes a redirect, as far as the machine goes.
fn redirect(source: &mut Source, attempt: u64, status: u16, to: &str) {
    source.response_head(attempt, status, &[("Location", to)], T0);
    let Some(Command::Redirect { location, .. }) = source.poll_command() else {
        panic!("{status}")
    };
    assert_eq!(location, to);
}

/// Where the next connection goes.
fn url(source: &mut Source) -> String {
    match source.poll_command() {
        Some(Command::Connect { url, .. }) => url.into(),
        other => panic!("{other:?}"),
    }
}

/// Loses the connection, and waits until there may be another.
fn lose(source: &mut Source, attempt: u64) {
    source.transport_error(attempt, T0);
    pull(source, attempt, b"", T0);
    source.handle_timeout(source.poll_timeout().unwrap());
}

#[test]
fn a_source_comes_back_to_where_it_was_redirected() {
    for first in STATUSES {
        for second in STATUSES {
            let mut source = source(Config::default());
            attempt(&mut source);
            redirect(&mut source, 1, first, "/b");
            source.redirected(1, "http://a/b");
            redirect(&mut source, 1, second, "c");
            source.redirected(1, "http://a/c");
            source.response_head(1, 200, &STREAM, T0);
            lose(&mut source, 1);
            assert_eq!(url(&mut source), "http://a/c");
            // Again, without another redirect, and with one.
            source.response_head(2, 200, &STREAM, T0);
            lose(&mut source, 2);
            assert_eq!(url(&mut source), "http://a/c");
            redirect(&mut source, 3, second, "/d");
            source.redirected(3, "http://a/d");
            // The request has that URL, whether anybody answers there or not (Fetch 4.4).
            lose(&mut source, 3);
            assert_eq!(url(&mut source), "http://a/d");
        }
    }
}

#[test]
fn a_redirect_is_told_while_its_attempt_goes_on() {
    // An HTTP that follows by itself, and says so before the head, or after it.
    for early in [true, false] {
        let mut source = source(Config::default());
        attempt(&mut source);
        if early {
            source.redirected(1, "http://b/");
        }
        source.response_head(1, 200, &STREAM, T0);
        if !early {
            source.redirected(1, "http://b/");
        }
        source.redirected(0, "http://never/");
        source.redirected(2, "http://never/");
        source.transport_error(1, T0);
        source.redirected(1, "http://late/");
        pull(&mut source, 1, b"", T0);
        source.handle_timeout(after(3000));
        source.redirected(1, "http://late/");
        assert_eq!(url(&mut source), "http://b/");
        source.close();
        source.redirected(2, "http://late/");
    }
    let mut due = source(Config::default());
    due.redirected(0, "http://never/");
    assert_eq!(url(&mut due), "http://a/");
}

#[test]
fn a_location_that_is_a_url_tells_itself() {
    for (location, goes) in [
        ("http://b/", "http://b/"),
        ("HTTPS://b/x?y", "HTTPS://b/x?y"),
        ("//b/", "http://a/"),
        ("/b", "http://a/"),
        ("http:b", "http://a/"),
        ("ftp://b/", "http://a/"),
        ("", "http://a/"),
        ("?http://b/", "http://a/"),
    ] {
        let mut source = source(Config::default());
        attempt(&mut source);
        redirect(&mut source, 1, 302, location);
        source.response_head(1, 200, &STREAM, T0);
        lose(&mut source, 1);
        assert_eq!(url(&mut source), goes, "{location}");
        // The caller has the last word.
        redirect(&mut source, 2, 302, location);
        source.redirected(2, "http://c/");
        lose(&mut source, 2);
        assert_eq!(url(&mut source), "http://c/");
    }
}

#[test]
fn no_server_sets_a_delay_below_the_floor_or_over_the_cap() {
    let mut policy = Config { retry_refusals: true, ..Config::default() };
    policy.backoff.cap = Some(Duration::from_secs(60));
    for (wire, delay) in
        [(&b"retry: 0\n\n"[..], "500ms"), (b"retry: 18446744073709551615\n", "60s")]
    {
        let mut source = open(policy);
        pull(&mut source, 1, wire, T0);
        source.response_end(1, T0);
        assert_eq!(pull(&mut source, 1, b"", T0), [format!("Ended Some({delay})")]);
    }
    for (values, delay) in [
        (&["0"][..], "3s"),
        (&["4"], "4s"),
        (&["4", "9"], "9s"),
        (&["61"], "60s"),
        (&["18446744073709551616"], "60s"),
        (&["soon"], "3s"),
    ] {
        let mut source = source(policy);
        attempt(&mut source);
        let fields: Vec<_> = values.iter().map(|value| ("retry-after", *value)).collect();
        source.response_head(1, 503, &fields[..], T0);
        assert_eq!(pull(&mut source, 1, b"", T0), [format!("Status(503) Some({delay})")]);
    }
    for retry in [Duration::ZERO, Duration::MAX] {
        let mut source = source(Config { retry, ..policy });
        attempt(&mut source);
        source.transport_error(1, T0);
        let delay = error(&mut source).reconnects_in.unwrap().as_millis();
        assert_eq!(delay, if retry.is_zero() { 500 } else { 60_000 });
    }
}

#[test]
fn a_redirect_to_two_places_is_none() {
    for (locations, goes) in [(["/a", "/a"], true), (["/a", "/b"], false)] {
        let mut source = source(Config::default());
        attempt(&mut source);
        source.response_head(1, 302, &locations.map(|it| ("Location", it)), T0);
        if goes {
            let redirect = Command::Redirect { attempt: 1, location: "/a", last_event_id: "" };
            assert_eq!(source.poll_command(), Some(redirect));
        } else {
            assert_eq!(pull(&mut source, 1, b"", T0), ["Redirects None"]);
        }
    }
}

#[test]
fn a_policy_goes_beyond_the_browser() {
    let mut policy = Config { retry_refusals: true, ..Config::default() };
    policy.retry = Duration::from_secs(1);
    (policy.backoff.growth, policy.backoff.cap) = (2, Some(Duration::from_secs(6)));
    policy.idle = Some(Duration::from_secs(20));
    policy.healthy = Duration::from_secs(5);
    let mut source = source(policy);
    let mut now = T0;
    for (status, retry_after, delay) in [(503, "", 1), (429, "9", 6), (500, "0", 4), (502, "x", 6)]
    {
        let attempt = attempt(&mut source).unwrap();
        source.response_head(attempt, status, &[("Retry-After", retry_after)], now);
        assert_eq!(source.poll_command(), Some(Command::Cancel { attempt }));
        let seen = pull(&mut source, attempt, b"", now);
        assert_eq!(seen, [format!("Status({status}) Some({delay}s)")]);
        now = source.poll_timeout().unwrap();
        source.handle_timeout(now);
    }
    // A connection that is short does not count as healthy; one that is silent is given up.
    for (life, delay) in [(1, 6), (5, 1)] {
        let attempt = attempt(&mut source).unwrap();
        source.response_head(attempt, 200, &STREAM, now);
        now = now + Duration::from_secs(life);
        source.transport_error(attempt, now);
        let seen = pull(&mut source, attempt, b"", now);
        assert_eq!(seen, ["Open".to_string(), format!("Transport Some({delay}s)")]);
        now = source.poll_timeout().unwrap();
        source.handle_timeout(now);
    }
    let attempt = attempt(&mut source).unwrap();
    source.response_head(attempt, 200, &STREAM, now);
    now = now + Duration::from_secs(19);
    assert_eq!(pull(&mut source, attempt, b":\n", now), ["Open", "Comment(0 bytes)"]);
    assert_eq!(source.poll_timeout(), Some(now + Duration::from_secs(20)));
    now = now + Duration::from_secs(20);
    source.handle_timeout(now);
    assert_eq!(source.poll_command(), Some(Command::Cancel { attempt }));
    assert_eq!(pull(&mut source, attempt, b"data: late\n\n", now), ["Idle Some(1s)"]);
}

#[test]
fn a_request_with_a_body_is_not_sent_twice() {
    for (resend, delay) in [(false, "None"), (true, "Some(3s)")] {
        let mut source = open(Config { has_body: true, resend, ..Config::default() });
        source.response_end(1, T0);
        assert_eq!(pull(&mut source, 1, b"", T0), [format!("Ended {delay}")]);
    }
}

#[test]
fn closing_is_final_at_any_moment() {
    let mut due = source(Config::default());
    due.close();
    assert_eq!(due.poll_command(), None);

    let mut asked = source(Config::default());
    attempt(&mut asked);
    asked.close();
    assert_eq!(asked.poll_command(), Some(Command::Cancel { attempt: 1 }));
    asked.response_head(1, 200, &STREAM, T0);
    assert_eq!(asked.receive(1, &mut &b"data: a\n\n"[..], T0), Step::Done);

    let mut opened = source(Config::default());
    attempt(&mut opened);
    opened.response_head(1, 200, &STREAM, T0);
    opened.close(); // before it was told that it is open
    assert_eq!(opened.receive(1, &mut &b"data: a\n\n"[..], T0), Step::Done);

    let mut waiting = open(Config::default());
    waiting.response_end(1, T0);
    waiting.close();
    waiting.handle_timeout(after(9999));
    assert_eq!((waiting.ready_state(), waiting.poll_command()), (ReadyState::Closed, None));
}

#[test]
fn a_limit_and_a_futile_request_are_the_end() {
    let mut policy = Config::default();
    policy.stream.line = Some(8);
    let mut source = open(policy);
    let seen = pull(&mut source, 1, b"data: a\n\ndata: too long\n\n", T0);
    assert_eq!(seen.len(), 2);
    assert!(seen[1].starts_with("Limit(") && seen[1].ends_with(" None"), "{seen:?}");
    assert_eq!(source.poll_command(), Some(Command::Cancel { attempt: 1 }));
    assert_eq!(source.poll_command(), None);

    let mut source = self::source(Config::default());
    attempt(&mut source);
    source.connection_failed(1, T0);
    assert_eq!(pull(&mut source, 1, b"", T0), ["Failed None"]);
    assert_eq!(source.ready_state(), ReadyState::Closed);
}

#[test]
fn an_earlier_source_is_taken_up() {
    let mut source = source(Config::default());
    source.set_last_event_id("7");
    let connect = Command::Connect { attempt: 1, url: "http://a/", last_event_id: "7" };
    assert_eq!(source.poll_command(), Some(connect));
}

/// The error that is owed, whole.
fn error(source: &mut Source) -> Disconnected {
    match source.receive(1, &mut &b""[..], T0) {
        Step::Item(Event::Error(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_error_tells_of_an_event_that_was_cut_off() {
    let ends: [fn(&mut Source); 2] =
        [|source| source.response_end(1, T0), |source| source.transport_error(1, T0)];
    for end in ends {
        for (wire, unfinished) in [(&b"data: a\n\n"[..], false), (b"data: a\n\nid: 2\n", true)] {
            let mut source = open(Config::default());
            assert_eq!(pull(&mut source, 1, wire, T0).len(), 1);
            end(&mut source);
            assert_eq!(error(&mut source).unfinished, unfinished);
        }
    }
    // What an earlier connection cut off is not told again.
    let mut source = open(Config::default());
    assert_eq!(pull(&mut source, 1, b"data: a", T0), [""; 0]);
    source.response_end(1, T0);
    assert!(error(&mut source).unfinished);
    source.handle_timeout(after(3000));
    assert_eq!(attempt(&mut source), Some(2));
    source.transport_error(2, after(3000));
    assert!(!error(&mut source).unfinished);
}

#[test]
fn the_end_of_a_response_dispatches_where_it_is_told_to() {
    let mut policy = Config::default();
    policy.stream.dispatch_at_eof = true;
    policy.stream.event = Some(4);
    let mut source = open(policy);
    assert_eq!(pull(&mut source, 1, b"id: 1\ndata: a", T0), [""; 0]);
    source.response_end(1, T0);
    assert_eq!(source.poll_command(), None);
    let mut input = &b""[..];
    assert!(matches!(source.receive(1, &mut input, T0), Step::Item(Event::Message(_))));
    assert_eq!(source.ready_state(), ReadyState::Open);
    assert!(!error(&mut source).unfinished);
    source.handle_timeout(after(3000));
    let connect = Command::Connect { attempt: 2, url: "http://a/", last_event_id: "1" };
    assert_eq!(source.poll_command(), Some(connect));

    // Not what broke off, not what has no data, not after a close.
    let mut broken = open(policy);
    pull(&mut broken, 1, b"data: a", T0);
    broken.transport_error(1, T0);
    assert!(error(&mut broken).unfinished);
    let mut empty = open(policy);
    pull(&mut empty, 1, b"id: 1", T0);
    empty.response_end(1, T0);
    assert!(error(&mut empty).unfinished);
    assert_eq!(empty.last_event_id(), "");
    let mut closed = open(policy);
    pull(&mut closed, 1, b"data: a", T0);
    closed.response_end(1, T0);
    closed.close();
    assert_eq!(closed.receive(1, &mut &b""[..], T0), Step::Done);

    // A limit that is met there is the end.
    let mut long = open(policy);
    pull(&mut long, 1, b"data: 12345", T0);
    long.response_end(1, T0);
    let Disconnected { reason, reconnects_in, .. } = error(&mut long);
    assert!(matches!(reason, Reason::Limit(limit) if limit.at == 10), "{reason:?}");
    assert_eq!((reconnects_in, long.poll_timeout(), long.poll_command()), (None, None, None));
    assert_eq!(long.ready_state(), ReadyState::Closed);
}

#[test]
fn an_event_that_is_skipped_is_told_and_its_id_forgotten() {
    let mut policy = Config::default();
    (policy.stream.event, policy.stream.skip_oversized) = (Some(4), true);
    let mut source = open(policy);
    let wire = b"id: 1\ndata: a\n\nid: 2\ndata: 12345\n\ndata: b\n\n";
    let seen = pull(&mut source, 1, wire, T0);
    assert_eq!((seen.len(), seen[0].as_str(), seen[2].as_str()), (3, "1 a", "1 b"));
    assert!(seen[1].starts_with("Skipped("), "{seen:?}");
    assert_eq!(source.last_event_id(), "1");
}

#[test]
fn an_id_that_no_field_may_hold_is_not_asked_for() {
    for (id, sent) in [("a\u{1}b", ""), ("a\u{7f}", ""), ("a\tb \u{e9}", "a\tb \u{e9}")] {
        let mut source = source(Config::default());
        source.set_last_event_id(id);
        let connect = Command::Connect { attempt: 1, url: "http://a/", last_event_id: sent };
        assert_eq!(source.poll_command(), Some(connect));
        assert_eq!(source.last_event_id(), id);
    }
}
