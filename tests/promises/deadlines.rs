//! Deadlines measure the peer (the table in `src/kernel/deadline.rs`): row by row, with the machines whole and
//! with their halves apart, under a virtual clock.

use std::time::Duration;

use bytes::Buf as _;
use wirefeed::h1::{self, ErrorKind, client, server};
use wirefeed::ws::{self, Ending, Session};
use wirefeed::{End, Instant, Replies, Step};

const T0: Instant = Instant::ZERO;

fn at(millis: u64) -> Instant {
    T0 + Duration::from_millis(millis)
}

fn server_at(now: Instant) -> h1::Server {
    h1::Server::new(h1::Config::server(), now)
}

/// Pulls everything that an input brings; the last step.
fn pull(server: &mut h1::Server, mut input: &[u8], now: Instant) -> Result<bool, h1::Error> {
    loop {
        match server.rx.receive(&mut server.tx, &mut input, now)? {
            Step::Item(_) => {}
            Step::NeedInput => return Ok(false),
            Step::Done => return Ok(true),
        }
    }
}

/// Advances the time to each deadline up to `until`.
fn run(server: &mut h1::Server, until: Instant) {
    while let Some(due) = server.poll_timeout().filter(|due| *due <= until) {
        server.handle_timeout(due);
    }
}

fn written(out: &mut wirefeed::Outbox) -> Vec<u8> {
    out.copy_to_bytes(out.remaining()).into()
}

/// A server inside a request and its answer, with so many bytes of output that it does not read.
fn with_too_much_output(write_timeout: Option<Duration>) -> h1::Server {
    let mut config = h1::Config::server();
    (config.pause_reading_above, config.write_timeout) = (Some(1000), write_timeout);
    let mut server = h1::Server::new(config, T0);
    assert!(!pull(&mut server, UPLOAD, T0).unwrap());
    server.tx.send_head(200, &(), T0).unwrap();
    server.tx.send_data(&[0; 2000], T0).unwrap();
    server
}

const UPLOAD: &[u8] = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n";

#[test]
fn a_request_that_comes_in_time_is_read_and_one_that_does_not_is_408() {
    for (begun, due) in [
        (&b"GET / HT"[..], 10_000),
        (UPLOAD, 30_000),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello", 30_000),
    ] {
        let mut server = server_at(T0);
        assert!(!pull(&mut server, begun, T0).unwrap());
        run(&mut server, at(due - 1));
        assert_eq!(server.tx.wants().end, None);
        run(&mut server, at(due));
        assert!(written(server.tx.output()).starts_with(b"HTTP/1.1 408 "));
    }
}

#[test]
fn no_deadline_passes_while_the_caller_does_not_read() {
    // Data was handed out, and the caller takes its time before it asks for more.
    let mut server = server_at(T0);
    let mut input = [UPLOAD, b"hello"].concat();
    input.truncate(UPLOAD.len() + 5);
    let mut rest = &input[..];
    for _ in 0..2 {
        let step = server.rx.receive(&mut server.tx, &mut rest, T0).unwrap();
        assert!(matches!(step, Step::Item(_)));
    }
    run(&mut server, at(600_000));
    assert!(!pull(&mut server, b"wor", at(600_000)).unwrap());
    // It says that it does not read: the time that was left is left when it does.
    run(&mut server, at(620_000));
    server.rx.pause(&mut server.tx, at(620_000));
    run(&mut server, at(990_000));
    assert!(!pull(&mut server, b"", at(990_000)).unwrap());
    assert_eq!(server.poll_timeout(), Some(at(1_000_000)));
    assert!(pull(&mut server, b"ld", at(999_999)).unwrap());
}

#[test]
fn what_arrived_and_is_not_pulled_is_not_late() {
    // The last piece of a body, and its end, which is pulled an hour later.
    let mut server = server_at(T0);
    let wire = [UPLOAD, b"helloworld"].concat();
    let mut input = &wire[..];
    for _ in 0..2 {
        assert!(matches!(server.rx.receive(&mut server.tx, &mut input, T0), Ok(Step::Item(_))));
    }
    run(&mut server, at(3_600_000));
    assert!(pull(&mut server, b"", at(3_600_000)).unwrap());
    assert_eq!(written(server.tx.output()), b"");
}

/// A handler takes 31 seconds, and the driver does not advance the time meanwhile.
#[test]
fn input_that_lay_unread_is_not_late() {
    let mut server = server_at(T0);
    assert!(!pull(&mut server, UPLOAD, T0).unwrap());
    assert!(!pull(&mut server, b"hello", at(31_000)).unwrap());
    run(&mut server, at(31_000));
    assert!(pull(&mut server, b"world", at(60_000)).unwrap());
}

#[test]
fn a_server_with_too_much_output_to_read_measures_no_deadline() {
    let mut server = with_too_much_output(None);
    assert!(!server.tx.wants().read);
    server.handle_timeout(at(10_000));
    run(&mut server, at(3_600_000));
    written(server.tx.output());
    assert!(server.tx.wants().read);
    server.handle_timeout(at(3_600_000));
    // Twenty seconds were left, and are again.
    assert_eq!(server.poll_timeout(), Some(at(3_620_000)));
    run(&mut server, at(3_620_000));
    assert_eq!(pull(&mut server, b"x", at(3_620_000)).unwrap_err().kind, ErrorKind::TimedOut);
}

#[test]
fn a_server_that_does_not_read_measures_no_deadline_however_often_time_advances() {
    let mut config = h1::Config::server();
    config.pause_reading_above = Some(1000);
    for write_timeout in [None, Some(Duration::from_secs(30))] {
        config.write_timeout = write_timeout;
        let mut server = h1::Server::new(config, T0);
        assert!(!pull(&mut server, UPLOAD, T0).unwrap());
        server.tx.send_head(200, &(), T0).unwrap();
        run(&mut server, at(10_000));
        server.tx.send_data(&[0; 16_000], at(10_000)).unwrap();
        // Twenty seconds are left, and the output is taken in a minute.
        let tell = |server: &mut h1::Server, now| {
            while server.poll_timeout().is_some_and(|due| due <= now) {
                server.handle_timeout(now);
            }
        };
        for seconds in 10..70 {
            tell(&mut server, at(seconds * 1000));
            server.tx.output().advance(200);
        }
        written(server.tx.output());
        assert!(server.tx.wants().read);
        tell(&mut server, at(70_000));
        assert_eq!(server.poll_timeout(), Some(at(90_000)));
        tell(&mut server, at(90_000));
        assert_eq!(pull(&mut server, b"", at(90_000)).unwrap_err().kind, ErrorKind::TimedOut);
    }
}

#[test]
fn a_pause_outlasts_a_time_of_too_much_output() {
    let mut server = with_too_much_output(h1::Config::server().write_timeout);
    server.handle_timeout(T0);
    server.rx.pause(&mut server.tx, T0);
    written(server.tx.output());
    run(&mut server, T0);
    server.handle_timeout(T0);
    run(&mut server, at(3_600_000));
    assert!(pull(&mut server, b"helloworld", at(3_600_000)).unwrap());
}

#[test]
fn input_after_too_much_output_is_pulled_without_a_deadline() {
    let mut server = with_too_much_output(h1::Config::server().write_timeout);
    server.handle_timeout(T0);
    written(server.tx.output());
    // The caller has a piece, and takes its time.
    let step = server.rx.receive(&mut server.tx, &mut &b"hello"[..], T0).unwrap();
    assert!(matches!(step, Step::Item(server::Event::Data(b"hello"))));
    server.handle_timeout(T0);
    run(&mut server, at(3_600_000));
    assert!(pull(&mut server, b"world", at(3_600_000)).unwrap());
}

#[test]
fn a_session_that_reads_again_waits_again() {
    let mut config = ws::Config::default();
    config.pause_reading_above = Some(1000);
    for write_timeout in [None, Some(Duration::from_secs(30))] {
        config.write_timeout = write_timeout;
        let Session { mut rx, mut tx } = Session::new(ws::ServerRole, config, Instant::ZERO);
        tx.handle_timeout(T0);
        tx.send_binary(&[0; 16_000], T0).unwrap();
        let tell = |tx: &mut ws::Sender<ws::ServerRole>, now| {
            while tx.poll_timeout().is_some_and(|due| due <= now) {
                tx.handle_timeout(now);
            }
        };
        for seconds in 0..60 {
            tell(&mut tx, at(seconds * 1000));
            tx.output().advance(200);
        }
        written(tx.output());
        tell(&mut tx, at(60_000));
        assert_eq!(tx.ending(), None);
        // The peer is not heard of any more, and is pinged again.
        assert!(matches!(rx.receive(&mut tx, &mut &mut [][..], at(60_000)), Ok(Step::NeedInput)));
        let ping = tx.poll_timeout().expect("it is waited for");
        assert!((at(60_000)..=at(80_000)).contains(&ping));
        tell(&mut tx, ping);
        assert_eq!(written(tx.output()), b"\x89\0");
    }
}

#[test]
fn a_lone_crlf_begins_no_head() {
    for crlf in [&b"\r"[..], b"\r\n"] {
        let mut server = server_at(T0);
        assert!(!pull(&mut server, crlf, at(5000)).unwrap());
        // Neither a head's deadline begins nor does that of the idle connection begin anew.
        assert_eq!(server.poll_timeout(), Some(at(60_000)));
        run(&mut server, at(60_000));
        assert_eq!(written(server.tx.output()), b"");
        assert_eq!(server.tx.wants().end, Some(End::Close));
    }
}

#[test]
fn an_end_of_stream_inside_a_request_is_an_end_at_once() {
    for begun in [&b"GET / HT"[..], UPLOAD, b"\r"] {
        let mut server = server_at(T0);
        pull(&mut server, begun, T0).unwrap();
        let error = server.rx.receive_eof(&mut server.tx, T0).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Truncated);
        assert!(written(server.tx.output()).starts_with(b"HTTP/1.1 400 "));
        assert_eq!((server.tx.wants().end, server.poll_timeout()), (Some(End::Close), None));
    }
}

#[test]
fn output_must_be_taken_at_a_least_rate() {
    let mut server = server_at(T0);
    pull(&mut server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", T0).unwrap();
    server.tx.send_head(200, &(), T0).unwrap();
    server.tx.send_data(&[0; 100_000], T0).unwrap();
    // 4 KiB in each 30 seconds is enough.
    for turn in 1..10 {
        server.tx.output().advance(4096);
        run(&mut server, at(turn * 30_000));
        assert_eq!(server.tx.wants().end, None);
    }
    // A byte every 29 seconds is not.
    for second in (270..330).step_by(29) {
        server.tx.output().advance(1);
        run(&mut server, at(second * 1000));
    }
    run(&mut server, at(330_000));
    assert_eq!(server.tx.wants().end, Some(End::Close));
    assert!(server.tx.output().is_empty());
}

fn fields(length: &str) -> [(&str, &str); 2] {
    [("Host", "x"), ("Content-Length", length)]
}

#[test]
fn a_response_is_late_when_its_request_is_over_and_not_before() {
    for upload_ms in [0, 59_950, 60_000, 3_600_000] {
        // Whole.
        let mut whole = h1::Client::new(h1::Config::client(), T0);
        whole.send_head("POST", "/", &fields("2"), T0).unwrap();
        written(whole.tx.output());
        // Apart, each half advanced by itself.
        let mut apart = h1::Client::new(h1::Config::client(), T0);
        let next = apart.tx.send_head("POST", "/", &fields("2"), T0).unwrap();
        apart.rx.next_exchange(next, T0).unwrap();
        written(apart.tx.output());
        let turn = |whole: &mut h1::Client, apart: &mut h1::Client, now| {
            whole.handle_timeout(now);
            apart.rx.handle_timeout(&mut apart.tx, now);
            apart.tx.handle_timeout(now);
        };
        for now in (0..upload_ms).step_by(10_000).map(at) {
            turn(&mut whole, &mut apart, now);
        }
        let over = at(upload_ms);
        for client in [&mut whole, &mut apart] {
            client.tx.send_data(b"ab", over).unwrap();
            client.tx.send_end(over).unwrap();
            written(client.tx.output());
            assert_eq!(client.tx.poll_timeout(), Some(at(upload_ms + 60_000)));
        }
        turn(&mut whole, &mut apart, at(upload_ms + 59_999));
        for client in [&whole, &apart] {
            assert_eq!(client.tx.wants().end, None);
        }
        turn(&mut whole, &mut apart, at(upload_ms + 60_000));
        for client in [&whole, &apart] {
            assert_eq!(
                (client.tx.wants().end, client.tx.has_timed_out()),
                (Some(End::Close), true)
            );
        }
        let late = whole.rx.receive(&mut whole.tx, &mut &b""[..], over).unwrap_err();
        assert_eq!(late.kind, ErrorKind::TimedOut);
    }
}

#[test]
fn a_response_that_is_being_read_is_not_late() {
    let mut client = h1::Client::new(h1::Config::client(), T0);
    client.send_head("GET", "/", &[("Host", "x")], T0).unwrap();
    client.tx.send_end(T0).unwrap();
    written(client.tx.output());
    // An informational head that the caller keeps for an hour before it asks for more.
    let mut input = &b"HTTP/1.1 103 Early Hints\r\n\r\n"[..];
    let step = client.rx.receive(&mut client.tx, &mut input, at(50_000)).unwrap();
    assert!(matches!(step, Step::Item(client::Event::Informational(_))));
    client.handle_timeout(at(3_600_000));
    let step = client.rx.receive(&mut client.tx, &mut input, at(3_600_000)).unwrap();
    assert!(matches!(step, Step::NeedInput));
    assert_eq!(client.poll_timeout(), Some(at(3_610_000)));
    // It does not read for a while.
    client.rx.pause(&mut client.tx, at(3_605_000));
    client.handle_timeout(at(4_000_000));
    let mut input = &b"HTTP/1.1 204 No Content\r\n\r\n"[..];
    let step = client.rx.receive(&mut client.tx, &mut input, at(4_000_000)).unwrap();
    assert!(matches!(step, Step::Item(client::Event::Head(_))));
    client.handle_timeout(at(9_000_000));
    assert_eq!(client.tx.wants().end, None);
}

#[test]
fn a_client_that_is_idle_for_too_long_ends_its_connection() {
    let mut config = h1::Config::client();
    config.idle_timeout = Some(Duration::from_secs(5));
    let mut client = h1::Client::new(config, at(1000));
    assert_eq!(client.poll_timeout(), Some(at(6000)));
    client.send_head("GET", "/", &[("Host", "x")], at(2000)).unwrap();
    client.tx.send_end(at(2000)).unwrap();
    written(client.tx.output());
    client.handle_timeout(at(7000));
    let mut input = &b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"[..];
    while let Step::Item(_) = client.rx.receive(&mut client.tx, &mut input, at(8000)).unwrap() {}
    assert_eq!(client.poll_timeout(), Some(at(13_000)));
    client.handle_timeout(at(12_999));
    assert_eq!(client.tx.wants().end, None);
    client.handle_timeout(at(13_000));
    assert_eq!((client.tx.wants().end, client.tx.has_timed_out()), (Some(End::Close), false));
}

/// A process that was suspended has input that it has not looked at: whichever comes first, the input
/// or the time.
#[test]
fn either_order_is_right_after_a_sleep() {
    for time_first in [false, true] {
        let mut server = server_at(T0);
        pull(&mut server, b"GET / HT", T0).unwrap();
        let now = at(3_600_000);
        if time_first {
            server.handle_timeout(now);
        }
        assert!(pull(&mut server, b"TP/1.1\r\nHost: x\r\n\r\n", now).unwrap());
        server.handle_timeout(now);
        assert_eq!((server.tx.wants().end, written(server.tx.output())), (None, Vec::new()));

        let mut session = Session::new(ws::ServerRole, ws::Config::default(), Instant::ZERO);
        session.tx.handle_timeout(T0);
        session.tx.handle_timeout(at(20_000));
        assert_eq!(written(session.tx.output()), b"\x89\x00");
        if time_first {
            session.tx.handle_timeout(now);
        }
        hear(&mut session, b"\x8a\x80\0\0\0\0", now);
        session.tx.handle_timeout(now);
        assert_eq!(session.tx.ending(), None);
        // Without an answer it is over in the turn after.
        for _ in 0..4 {
            session.tx.handle_timeout(now + Duration::from_secs(3600));
            written(session.tx.output());
        }
        session.tx.handle_timeout(now + Duration::from_secs(7200));
        session.tx.handle_timeout(now + Duration::from_secs(7200));
        assert_eq!(session.tx.ending(), Some(Ending::TimedOut));
    }
}

/// Pulls all that these bytes bring to a session.
fn hear(session: &mut Session<ws::ServerRole>, wire: &[u8], now: Instant) {
    let mut bytes = wire.to_vec();
    let mut input = &mut bytes[..];
    while let Ok(Step::Item(_)) = session.rx.receive(&mut session.tx, &mut input, now) {}
}

/// Every duration of every machine at zero: what is due twice at the same moment makes progress.
#[test]
fn a_deadline_of_zero_is_not_due_for_ever() {
    fn settles(mut poll: impl FnMut() -> Option<Instant>, what: &str) {
        let turns = (0..100).take_while(|_| poll().is_some_and(|due| due <= at(1000))).count();
        assert!(turns < 100, "{what} is due for ever");
    }
    let zero = Some(Duration::ZERO);
    let (mut on_server, mut on_client) = (h1::Config::server(), h1::Config::client());
    for config in [&mut on_server, &mut on_client] {
        (config.idle_timeout, config.head_timeout) = (zero, zero);
        (config.body_timeout, config.write_timeout) = (zero, zero);
        config.continue_timeout = Duration::ZERO;
    }
    for wire in [&b""[..], b"GET", UPLOAD, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"] {
        for answers in [false, true] {
            let mut server = h1::Server::new(on_server, at(1000));
            let _ = pull(&mut server, wire, at(1000));
            if answers {
                let _ = server.tx.send_head(200, &(), at(1000));
                let _ = server.tx.send_data(b"data", at(1000));
            }
            let mut turn = || {
                server.handle_timeout(at(1000));
                server.poll_timeout()
            };
            settles(&mut turn, "a server");
        }
    }
    for ends in [false, true] {
        let mut client = h1::Client::new(on_client, T0);
        client.send_head("POST", "/", &fields("0"), at(1000)).unwrap();
        if ends {
            client.tx.send_end(at(1000)).unwrap();
        }
        let mut turn = || {
            client.handle_timeout(at(1000));
            client.poll_timeout()
        };
        settles(&mut turn, "a client");
    }
    let mut config = ws::Config::default();
    (config.ping_interval, config.write_timeout) = (zero, zero);
    (config.pong_timeout, config.close_timeout) = (Some(Duration::ZERO), Some(Duration::ZERO));
    for closes in [false, true] {
        let mut session = Session::new(ws::ServerRole, config, Instant::ZERO);
        if closes {
            session.tx.close(None, "", at(1000)).unwrap();
        }
        let mut turn = || {
            session.tx.handle_timeout(at(1000));
            session.tx.poll_timeout()
        };
        settles(&mut turn, "a session");
    }
}

/// With the halves apart as with them together: one answer a request, in whatever order they go.
#[test]
fn a_request_that_breaks_behind_its_answer_is_answered_once() {
    for late in [&b"\xff"[..], b""] {
        let h1::Server { mut rx, mut tx } = server_at(T0);
        let mut replies = std::collections::VecDeque::new();
        let mut queue = |reply: server::Reply, now: Instant| replies.push_back((reply, now));
        let chunked = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi";
        let mut input = &chunked[..];
        while let Step::Item(_) = rx.receive(&mut queue, &mut input, T0).unwrap() {}
        for (reply, now) in replies.drain(..) {
            tx.reply(reply, now);
        }
        tx.send_head(200, &[("Content-Length", "0")], T0).unwrap();
        tx.send_end(T0).unwrap();
        // The request is not over, so that the next one has not begun.
        assert!(tx.next_exchange().is_none());
        let mut queue = |reply: server::Reply, now: Instant| replies.push_back((reply, now));
        if late.is_empty() {
            rx.handle_timeout(&mut queue, at(30_000));
        } else {
            assert!(rx.receive(&mut queue, &mut &late[..], T0).is_err());
        }
        for (reply, now) in replies.drain(..) {
            tx.reply(reply, now);
        }
        assert!(tx.next_exchange().is_none());
        assert_eq!(written(tx.output()), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(tx.wants().end, Some(End::Shutdown));
    }
}
