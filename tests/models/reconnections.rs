//! Whatever a server does: how often an `EventSource` comes to it, in virtual time.

use std::time::Duration;

use proptest::prelude::*;
use wirefeed::sse::client::Config;
use wirefeed::sse::{Command, EventSource};
use wirefeed::{Instant, Step};

type Source = EventSource<fn(&mut [u8])>;

/// What a run lasts.
const RUN: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// A connection, and what its server does with it.
struct Visit<'s> {
    source: &'s mut Source,
    attempt: u64,
    /// The requests of this connection before this one: as many redirects.
    redirects: u32,
    now: Instant,
}

impl Visit<'_> {
    fn head(&mut self, status: u16, fields: &[(&str, &str)]) {
        self.source.response_head(self.attempt, status, fields, self.now);
    }

    /// An event stream of these bytes.
    fn stream(&mut self, body: &[u8]) {
        self.head(200, &[("Content-Type", "text/event-stream")]);
        self.pull(body);
    }

    /// Pulls the pending events, and all of these bytes.
    fn pull(&mut self, mut body: &[u8]) {
        while let Step::Item(_) = self.source.receive(self.attempt, &mut body, self.now) {}
    }

    fn end(&mut self) {
        self.source.response_end(self.attempt, self.now);
    }

    fn reset(&mut self) {
        self.source.transport_error(self.attempt, self.now);
    }

    fn refuse(&mut self, status: u16, retry_after: &[&str]) {
        let fields: Vec<_> = retry_after.iter().map(|value| ("Retry-After", *value)).collect();
        self.head(status, &fields);
    }

    fn redirect(&mut self, status: u16, location: &str) {
        self.head(status, &[("Location", location)]);
    }
}

type Server = fn(&mut Visit<'_>);

/// Every way in which a server can misbehave.
const SERVERS: &[(&str, Server)] = &[
    ("retry: 0, then the end", |it| {
        it.stream(b"retry: 0\n\n");
        it.end();
    }),
    ("retry: 0 and an event, then the end", |it| {
        it.stream(b"retry: 0\nid: 1\ndata: a\n\n");
        it.end();
    }),
    ("retry: 0, then a reset", |it| {
        it.stream(b"retry: 0\n\n");
        it.reset();
    }),
    ("retry: 1, then the end", |it| {
        it.stream(b"retry: 1\n\n");
        it.end();
    }),
    ("retry huge, then the end", |it| {
        it.stream(b"retry: 18446744073709551615\n\n");
        it.end();
    }),
    ("retry larger than any number, then the end", |it| {
        it.stream(b"retry: 99999999999999999999999999\n\n");
        it.end();
    }),
    ("an empty stream", |it| {
        it.stream(b"");
        it.end();
    }),
    ("an empty stream that is not pulled before its end", |it| {
        it.head(200, &[("Content-Type", "text/event-stream")]);
        it.end();
    }),
    ("a stream for a second", |it| {
        it.stream(b"retry: 0\n\n");
        it.now = it.now + SECOND;
        it.end();
    }),
    ("a reset before the head", |it| it.reset()),
    ("the end before the head", |it| it.end()),
    ("a reset after the head", |it| {
        it.stream(b"");
        it.reset();
    }),
    ("a reset in an event", |it| {
        it.stream(b"retry: 0\nid: 1\ndata: a");
        it.reset();
    }),
    ("the end in an event", |it| {
        it.stream(b"retry: 0\nid: 1\ndata: a\n");
        it.end();
    }),
    ("every end at once", |it| {
        it.stream(b"retry: 0\n\n");
        it.end();
        it.reset();
        it.end();
        it.source.response_head(it.attempt, 503, &[("Retry-After", "0")], it.now);
        it.source.response_end(it.attempt - 1, it.now);
    }),
    ("500", |it| it.refuse(500, &[])),
    ("503, Retry-After: 0", |it| it.refuse(503, &["0"])),
    ("429", |it| it.refuse(429, &[])),
    ("429, Retry-After: 0", |it| it.refuse(429, &["0"])),
    ("503, Retry-After huge", |it| it.refuse(503, &["18446744073709551615"])),
    ("503, Retry-After larger", |it| it.refuse(503, &["99999999999999999999999999"])),
    ("503, Retry-After: garbage", |it| it.refuse(503, &["-1 x"])),
    ("503, Retry-After empty", |it| it.refuse(503, &[""])),
    ("503, Retry-After: a date", |it| it.refuse(503, &["Fri, 31 Dec 1999 23:59:59 GMT"])),
    ("503, Retry-After twice", |it| it.refuse(503, &["0", "2"])),
    ("503, Retry-After twice, with garbage", |it| it.refuse(503, &["x", "0"])),
    ("retry: 0, then 503 with Retry-After: 0 on the next", |it| match it.attempt % 2 {
        0 => it.refuse(503, &["0"]),
        _ => {
            it.stream(b"retry: 0\n\n");
            it.end();
        }
    }),
    ("a loop of redirects", |it| it.redirect(302, "/")),
    ("a loop of absolute redirects", |it| it.redirect(308, "http://a/")),
    ("a redirect to nowhere", |it| it.redirect(302, "http://")),
    ("a redirect without a Location", |it| it.head(301, &[])),
    ("a redirect, then a reset", |it| match it.redirects {
        0 => it.redirect(307, "/b"),
        _ => it.reset(),
    }),
    ("19 redirects, then retry: 0 and the end", |it| match it.redirects {
        19 => {
            it.stream(b"retry: 0\n\n");
            it.end();
        }
        _ => it.redirect(303, "/c"),
    }),
    ("a redirect, and a reset of its response", |it| {
        if it.redirects == 0 {
            it.redirect(302, "/b");
        }
        it.reset();
        it.end();
    }),
    ("204", |it| it.head(204, &[])),
    ("a wrong type", |it| {
        it.head(200, &[("Content-Type", "text/html")]);
        it.pull(b"retry: 0\n\n");
        it.end();
    }),
    ("silence", |it| it.stream(b"retry: 0\n\n")),
    ("silence before the head", |_| {}),
    ("a line over the limit", |it| {
        it.stream(b"retry: 0\n\ndata: 123456789 123456789 123456789 123456789\n\ndata: a\n\n");
        it.end();
    }),
    ("an event over the limit, without an end", |it| {
        it.stream(b"retry: 0\n\ndata: 123456789\ndata: 123456789\ndata: 123456789\ndata: 1234567");
        it.reset();
    }),
    ("the caller finds it futile", |it| it.source.connection_failed(it.attempt, it.now)),
    ("the caller closes", |it| {
        it.stream(b"retry: 0\n\n");
        it.source.close();
        it.end();
        it.reset();
    }),
];

/// When it connected, each time.
fn connections(servers: &[usize], policy: Config, entropy: fn(&mut [u8])) -> Vec<Instant> {
    let names = || servers.iter().map(|server| SERVERS[*server].0).collect::<Vec<_>>();
    let mut source = EventSource::new("http://a/", policy, entropy);
    let (mut now, mut attempt, mut redirects, mut connections) = (Instant::ZERO, 0, 0, Vec::new());
    loop {
        while let Step::Item(_) = source.receive(attempt, &mut &b""[..], now) {}
        let asked = match source.poll_command() {
            Some(Command::Connect { attempt: connection, .. }) => {
                (attempt, redirects) = (connection, 0);
                connections.push(now);
                assert!(connections.len() < 100_000, "a tight loop: {:?}", names());
                true
            }
            Some(Command::Redirect { .. }) => {
                redirects += 1;
                assert!(redirects <= u32::from(policy.redirects), "{:?}", names());
                true
            }
            Some(Command::Cancel { .. }) => continue,
            None => false,
        };
        if asked {
            let server = SERVERS[servers[connections.len() % servers.len()]].1;
            let mut visit = Visit { source: &mut source, attempt, redirects, now };
            server(&mut visit);
            now = visit.now;
            continue;
        }
        let Some(at) = source.poll_timeout().filter(|at| at.duration_since(Instant::ZERO) <= RUN)
        else {
            return connections;
        };
        now = now.max(at);
        source.handle_timeout(now);
        let again = source.poll_timeout();
        assert!(again.is_none_or(|at| at > now), "due again at once: {:?}", names());
    }
}

/// Never more than one connection in each floor, and one.
fn assert_few(servers: &[usize], policy: Config, entropy: fn(&mut [u8])) -> usize {
    let found = connections(servers, policy, entropy);
    let floor = policy.backoff.floor;
    let most = RUN.as_micros() / floor.as_micros() + 1;
    let names: Vec<_> = servers.iter().map(|server| SERVERS[*server].0).collect();
    assert!(found.len() as u128 <= most, "{names:?}: {} of {most}, {policy:?}", found.len());
    for pair in found.windows(2) {
        let apart = pair[1].duration_since(pair[0]);
        assert!(apart >= floor, "{names:?}: {apart:?}, {policy:?}");
    }
    found.len()
}

fn none(bytes: &mut [u8]) {
    bytes.fill(0);
}

fn most(bytes: &mut [u8]) {
    bytes.fill(0xff);
}

fn some(bytes: &mut [u8]) {
    bytes.fill(0x5a);
}

#[test]
fn by_default_no_server_is_asked_more_than_twice_a_second() {
    let mut busiest = 0;
    for server in 0..SERVERS.len() {
        for retry_refusals in [false, true] {
            let mut policy = Config::default();
            policy.retry_refusals = retry_refusals;
            (policy.stream.line, policy.stream.event) = (Some(40), Some(30));
            for (skip, idle) in [(false, None), (true, Some(Duration::ZERO)), (true, Some(SECOND))]
            {
                (policy.stream.skip_oversized, policy.idle) = (skip, idle);
                busiest = busiest.max(assert_few(&[server], policy, none));
            }
        }
    }
    // The bound is reached, too.
    assert_eq!(busiest, 121);
}

#[test]
fn a_server_that_ends_is_asked_again_as_it_said() {
    let count = |name, policy| {
        let server = SERVERS.iter().position(|it| it.0 == name).unwrap();
        connections(&[server], policy, none).len()
    };
    let mut refusals = Config::default();
    refusals.retry_refusals = true;
    for (name, policy, found) in [
        ("retry: 0, then the end", Config::default(), 121),
        ("an empty stream", Config::default(), 21),
        ("retry huge, then the end", Config::default(), 1),
        ("503, Retry-After: 0", Config::default(), 1),
        ("503, Retry-After: 0", refusals, 21),
        ("503, Retry-After huge", refusals, 1),
        ("204", refusals, 1),
        ("the caller closes", refusals, 1),
    ] {
        assert_eq!(count(name, policy), found, "{name}");
    }
}

/// Durations that matter, in milliseconds: none, less and more than a floor, and all there is.
fn time() -> impl Strategy<Value = Duration> {
    prop_oneof![
        2 => Just(Duration::ZERO),
        1 => (1u64..5000).prop_map(Duration::from_millis),
        1 => Just(Duration::MAX),
    ]
}

fn policy() -> impl Strategy<Value = Config> {
    let times = (time(), time(), prop::option::of(time()), prop::option::of(time()));
    let backoff = (20u64..4000, prop_oneof![0u32..4, any::<u32>()], any::<u8>());
    let switches = any::<[bool; 5]>();
    (times, backoff, switches, 0u8..25).prop_map(|(times, backoff, switches, redirects)| {
        let mut policy = Config::default();
        (policy.retry, policy.healthy, policy.idle, policy.backoff.cap) = times;
        let (floor, growth, jitter) = backoff;
        policy.backoff.floor = Duration::from_millis(floor);
        (policy.backoff.growth, policy.backoff.jitter) = (growth, jitter);
        (policy.stream.line, policy.stream.event) = (Some(40), Some(30));
        policy.redirects = redirects;
        [
            policy.retry_refusals,
            policy.has_body,
            policy.resend,
            policy.stream.skip_oversized,
            policy.stream.dispatch_at_eof,
        ] = switches;
        policy
    })
}

proptest! {
    /// Servers in any order, whatever the policy: never sooner than its floor.
    #[test]
    fn no_server_is_asked_sooner_than_the_floor(
        servers in prop::collection::vec(0..SERVERS.len(), 1..5),
        policy in policy(),
        entropy in prop::sample::select(&[none as fn(&mut [u8]), most, some][..]),
    ) {
        assert_few(&servers, policy, entropy);
    }

    /// A caller that wants no floor gets none, and even so no deadline stays where it is: after two
    /// timeouts at one moment there is a command, or a later deadline.
    #[test]
    fn without_a_floor_every_timeout_leads_on(
        server in 0..SERVERS.len(),
        mut policy in policy(),
    ) {
        policy.backoff.floor = Duration::ZERO;
        let mut source: Source = EventSource::new("http://a/", policy, most);
        let (mut now, mut redirects) = (Instant::ZERO, 0);
        for _ in 0..50 {
            let attempt = match source.poll_command() {
                Some(Command::Connect { attempt, .. }) => {
                    redirects = 0;
                    attempt
                }
                Some(Command::Redirect { attempt, .. }) => {
                    redirects += 1;
                    attempt
                }
                Some(Command::Cancel { .. }) => continue,
                None => break,
            };
            let mut visit = Visit { source: &mut source, attempt, redirects, now };
            SERVERS[server].1(&mut visit);
            now = visit.now;
            while let Step::Item(_) = source.receive(attempt, &mut &b""[..], now) {}
            for step in 0.. {
                let Some(at) = source.poll_timeout() else { break };
                prop_assert!(step < 2 || at > now, "{}", SERVERS[server].0);
                if step == 2 {
                    break;
                }
                now = now.max(at);
                source.handle_timeout(now);
                while let Step::Item(_) = source.receive(attempt, &mut &b""[..], now) {}
            }
        }
    }
}
