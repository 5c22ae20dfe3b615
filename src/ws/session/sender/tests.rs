use core::time::Duration;

use super::*;
use crate::Step;
use crate::ws::{ClientRole, ErrorKind, ServerRole, Session};
use alloc::vec::Vec;
use bytes::Bytes;

const NOW: Instant = Instant::ZERO;

type Key = fn(&mut [u8]);

fn client() -> Session<ClientRole<Key>> {
    Session::new(ClientRole(|key| key.fill(0)), Config::default(), NOW)
}

fn drain<R: Role>(tx: &mut Sender<R>) -> Vec<u8> {
    let out = tx.output();
    out.copy_to_bytes(out.remaining()).to_vec()
}

/// Receives all of `wire`; the number of events, or the error.
fn receive<R: Role>(session: &mut Session<R>, wire: &[u8]) -> Result<usize, ErrorKind> {
    let (mut wire, mut events) = (wire.to_vec(), 0);
    let mut input = &mut wire[..];
    loop {
        match session.rx.receive(&mut session.tx, &mut input, NOW) {
            Ok(Step::Item(_)) => events += 1,
            Ok(_) => return Ok(events),
            Err(error) => return Err(error.kind),
        }
    }
}

const CLEAN: Option<Ending> = Some(Ending::Clean(Some(CloseCode::NORMAL)));
const FAILED: Option<Ending> = Some(Ending::Failed(CloseCode::PROTOCOL));
const CLOSE: &[u8] = b"\x88\x02\x03\xe8";
const MASKED_CLOSE: &[u8] = b"\x88\x82\0\0\0\0\x03\xe8";
const SHUTDOWN: Wants = Wants { read: true, end: Some(End::Shutdown) };
const CLOSED: Wants = Wants { read: false, end: Some(End::Close) };
const READ: Wants = Wants { read: true, end: None };

/// Every transition of the table: how the state was reached, what happens, what comes out, what is next.
#[test]
fn every_transition() {
    enum Do {
        Close,
        PeerCloses,
        PeerFails,
        End,
        Deadline,
    }
    use Do::*;
    type Row = (&'static [Do], State, &'static [u8], Option<Ending>);
    let tests: [Row; 16] = [
        (&[], State::Open, b"", None),
        (&[Close], State::Closing, CLOSE, None),
        (&[PeerCloses], State::Closed, CLOSE, CLEAN),
        (&[PeerFails], State::Failed, b"\x88\x02\x03\xea", FAILED),
        (&[End], State::Ended, b"", Some(Ending::Vanished)),
        (&[Deadline], State::Open, b"\x89\x00", None),
        (&[Close, Close], State::Closing, b"", None),
        (&[Close, PeerCloses], State::Closed, b"", CLEAN),
        (&[Close, PeerFails], State::Failed, b"", FAILED),
        (&[Close, End], State::Ended, b"", Some(Ending::Vanished)),
        (&[Close, Deadline], State::Ended, b"", Some(Ending::TimedOut)),
        (&[PeerCloses, Close], State::Closed, b"", CLEAN),
        (&[PeerCloses, End], State::Ended, b"", CLEAN),
        (&[PeerCloses, Deadline], State::Ended, b"", CLEAN),
        (&[PeerFails, End], State::Ended, b"", FAILED),
        (&[PeerFails, Deadline], State::Ended, b"", FAILED),
    ];
    for (steps, state, output, ending) in tests {
        let mut session = Session::new(ServerRole, Config::default(), NOW);
        let mut last = Vec::new();
        for step in steps {
            drain(&mut session.tx);
            match step {
                Close => session.tx.close(Some(CloseCode::NORMAL), "", NOW).unwrap(),
                PeerCloses => assert_eq!(receive(&mut session, MASKED_CLOSE), Ok(1)),
                PeerFails => assert!(receive(&mut session, b"\xff").is_err()),
                End => {
                    let clean = session.tx.state == State::Closed;
                    let ended = session.rx.receive_eof(&mut session.tx, NOW);
                    assert_eq!(ended.is_ok(), clean);
                }
                Deadline => {
                    let deadline = session.tx.poll_timeout().unwrap_or(NOW);
                    session.tx.handle_timeout(deadline);
                }
            }
            last = drain(&mut session.tx);
        }
        assert_eq!((session.tx.state, &last[..]), (state, output), "after {} steps", steps.len());
        assert_eq!(session.tx.ending(), ending, "after {} steps", steps.len());
        assert_eq!(session.tx.poll_timeout().is_some(), state != State::Ended);
        let expected = match state {
            State::Open | State::Closing => READ,
            State::Closed | State::Failed => SHUTDOWN,
            State::Ended => CLOSED,
        };
        assert_eq!(session.tx.wants(), expected);
        let sent = session.tx.send_text("", NOW);
        assert_eq!(sent.is_ok(), state == State::Open);
        assert!(state == State::Open || sent == Err(SendError::Misuse(ApiMisuse::Closed)));
    }
}

#[test]
fn a_client_waits_for_the_server_to_close() {
    let mut session = client();
    session.tx.close(None, "unused", NOW).unwrap();
    assert_eq!(drain(&mut session.tx), b"\x88\x80\0\0\0\0");
    assert_eq!(receive(&mut session, CLOSE), Ok(1));
    assert_eq!(session.tx.wants(), READ);
    assert_eq!(session.rx.receive_eof(&mut session.tx, NOW), Ok(()));
    assert_eq!(session.tx.wants(), CLOSED);
}

#[test]
fn an_error_is_answered_with_its_code() {
    for (wire, kind, answer) in [
        (&b"\x81\x00"[..], ErrorKind::Unmasked, &b"\x88\x02\x03\xea"[..]),
        (b"\x81\x81\0\0\0\0\xff", ErrorKind::Utf8, b"\x88\x02\x03\xef"),
        (b"\x82\xff\x00\x00\x00\xff\x00\x00\x00\x00", ErrorKind::FrameTooLong, b"\x88\x02\x03\xf1"),
    ] {
        let mut session = Session::new(ServerRole, Config::default(), NOW);
        assert_eq!(receive(&mut session, wire), Err(kind));
        assert_eq!(drain(&mut session.tx), answer);
        // Once, however often the error is met.
        assert_eq!(receive(&mut session, b""), Err(kind));
        assert_eq!(drain(&mut session.tx), b"");
    }
}

#[test]
fn pings_are_answered_in_order_and_the_newest_when_nothing_is_read() {
    let mut session = Session::new(ServerRole, Config::default(), NOW);
    let ping = |payload: [u8; 2]| [&b"\x89\x82\0\0\0\0"[..], &payload].concat();
    let all: Vec<u8> = (0..10_000u16).flat_map(|n| ping(n.to_be_bytes())).collect();
    // The output is full, so that pongs go in over its limit.
    session.tx.send_binary(&[0; (1 << 20) - 10], NOW).unwrap();
    assert_eq!(session.tx.send_text("", NOW), Err(SendError::Full));
    assert_eq!(receive(&mut session, &all), Ok(10_000));
    let pending = session.tx.output().remaining();
    assert!(pending <= (1 << 20) + CONTROL, "{pending}");
    let written = drain(&mut session.tx);
    let pongs: Vec<&[u8]> = written[1 << 20..].chunks(4).collect();
    for (n, pong) in pongs.iter().enumerate() {
        assert_eq!(pong[2..], (n as u16).to_be_bytes());
    }
    // What was read made room for the newest.
    assert_eq!(drain(&mut session.tx), b"\x8a\x02\x27\x0f");
    assert_eq!(receive(&mut session, &ping([1, 2])), Ok(1));
    assert_eq!(drain(&mut session.tx), b"\x8a\x02\x01\x02");
}

#[test]
fn what_must_not_be_sent() {
    let mut session = client();
    let tx = &mut session.tx;
    let misuse = |misuse| Err(SendError::Misuse(misuse));
    assert_eq!(tx.send_ping(&[0; 126], NOW), misuse(ApiMisuse::ControlTooLong));
    let reason = "x".repeat(124);
    assert_eq!(tx.close(Some(CloseCode::NORMAL), &reason, NOW), misuse(ApiMisuse::ControlTooLong));
    assert_eq!(tx.close(Some(CloseCode(1005)), "", NOW), misuse(ApiMisuse::CloseCode));
    assert_eq!(drain(tx), b"");
}

#[test]
fn a_large_payload_is_shared_by_a_server() {
    let payload = Bytes::from(alloc::vec![7; 4096]);
    let mut session = Session::new(ServerRole, Config::default(), NOW);
    session.tx.send_bytes(payload.clone(), NOW).unwrap();
    let out = session.tx.output();
    assert_eq!(out.chunk(), b"\x82\x7e\x10\x00");
    out.advance(4);
    assert_eq!(out.chunk().as_ptr(), payload.as_ptr());
    let mut session = client();
    session.tx.send_bytes(payload.clone(), NOW).unwrap();
    assert_eq!(drain(&mut session.tx).len(), 8 + 4096);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "two tasks are two threads here")]
fn both_halves_in_two_tasks() {
    let Session { mut rx, mut tx } = Session::new(ServerRole, Config::default(), NOW);
    let (replies, queue) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut control = |reply: Reply, _: Instant| replies.send(reply).unwrap();
        let mut wire = *b"\x89\x81\0\0\0\0!\x88\x82\0\0\0\0\x03\xe8";
        let mut input = &mut wire[..];
        while let Ok(Step::Item(_)) = rx.receive(&mut control, &mut input, NOW) {}
    });
    reader.join().unwrap();
    queue.iter().for_each(|reply| tx.reply(reply, NOW));
    assert_eq!(drain(&mut tx), b"\x8a\x01!\x88\x02\x03\xe8");
}

#[test]
fn it_is_small_and_can_be_sent() {
    fn is_send<T: Send>(_: &T) {}
    let session = Session::new(ServerRole, Config::default(), NOW);
    is_send(&session);
    assert!(size_of_val(&session) <= 512, "{}", size_of_val(&session));
}

const SECOND: Duration = Duration::from_secs(1);

fn keeping_alive() -> Session<ServerRole> {
    let mut config = Config::default();
    (config.ping_interval, config.pong_timeout) = (Some(10 * SECOND), Some(3 * SECOND));
    Session::new(ServerRole, config, NOW)
}

#[test]
fn a_peer_that_answers_pings_is_kept() {
    let Session { mut rx, mut tx } = keeping_alive();
    let mut now = NOW;
    for _ in 0..3 {
        assert_eq!(tx.poll_timeout(), Some(now + 10 * SECOND));
        now = now + 10 * SECOND;
        tx.handle_timeout(now);
        assert_eq!(drain(&mut tx), b"\x89\x00");
        assert_eq!(tx.poll_timeout(), Some(now + 3 * SECOND));
        now = now + 2 * SECOND;
        let mut pong = *b"\x8a\x80\0\0\0\0";
        let mut input = &mut pong[..];
        while let Step::Item(_) = rx.receive(&mut tx, &mut input, now).unwrap() {}
    }
    assert_eq!(tx.wants(), READ);
}

#[test]
fn a_peer_that_does_not_answer_a_ping_is_given_up() {
    let Session { mut tx, .. } = keeping_alive();
    tx.handle_timeout(NOW + 10 * SECOND);
    drain(&mut tx);
    tx.handle_timeout(NOW + 12 * SECOND);
    assert_eq!(tx.wants(), READ);
    tx.handle_timeout(NOW + 13 * SECOND);
    assert_eq!((tx.wants(), tx.ending()), (CLOSED, Some(Ending::TimedOut)));
    assert_eq!(tx.poll_timeout(), None);
}

#[test]
fn a_message_in_pieces_lets_control_frames_through_and_no_other_message() {
    let mut session = Session::new(ServerRole, Config::default(), NOW);
    session.tx.send_binary_piece(b"", false, NOW).unwrap(); // nothing to say yet
    session.tx.send_binary_piece(b"ab", false, NOW).unwrap();
    assert_eq!(receive(&mut session, b"\x89\x80\0\0\0\0"), Ok(1));
    let tx = &mut session.tx;
    let out_of_order = Err(ApiMisuse::OutOfOrder.into());
    assert_eq!(tx.send_text_piece("c", false, NOW), out_of_order);
    assert_eq!(tx.send_text("c", NOW), out_of_order);
    assert_eq!(tx.send_bytes(Bytes::from_static(b"c"), NOW), out_of_order);
    assert_eq!(tx.send_encoded(&crate::ws::Encoded::text("c"), NOW), out_of_order);
    tx.send_binary_piece(b"", true, NOW).unwrap();
    tx.send_text("c", NOW).unwrap();
    assert_eq!(drain(tx), b"\x02\x02ab\x8a\x00\x80\x00\x81\x01c");
}

#[test]
fn an_encoded_message_is_shared() {
    let message = crate::ws::Encoded::binary(&[7; 4096]);
    let mut places = Vec::new();
    for _ in 0..3 {
        let mut session = Session::new(ServerRole, Config::default(), NOW);
        session.tx.send_encoded(&message, NOW).unwrap();
        places.push(session.tx.output().take_bytes().unwrap().as_ptr());
        assert_eq!(session.tx.close(None, "", NOW), Ok(()));
        assert_eq!(session.tx.send_encoded(&message, NOW), Err(ApiMisuse::Closed.into()));
    }
    assert!(places.iter().all(|place| *place == places[0]));
}

#[test]
fn who_reads_only_when_wanted_always_has_room_for_the_answers() {
    let mut config = Config { output: Some(1000), ..Config::default() };
    config.pause_reading_above = Some(500);
    let Session { mut rx, mut tx } = Session::new(ServerRole, config, NOW);
    let (mut reads, mut drained) = (0, 0);
    while drained < 100_000 {
        while tx.wants().read {
            // Two messages of 200 bytes and a ping: less than half of what the output may hold.
            let mut read = [&[0x82, 0xfe, 0, 200, 0, 0, 0, 0][..], &[7; 200]].concat().repeat(2);
            read.extend(b"\x89\x80\0\0\0\0");
            let mut input = &mut read[..];
            while let Ok(Step::Item(event)) = rx.receive(&mut tx, &mut input, NOW) {
                if let crate::ws::Event::Binary(bytes) = event {
                    tx.send_binary(&bytes, NOW).unwrap();
                }
            }
            reads += 1;
        }
        assert!((501..=1000).contains(&tx.output().remaining()));
        // The peer reads a little.
        tx.output().advance(100);
        drained += 100;
    }
    assert!(reads > 200, "{reads} reads");
    // To close, however much output is pending, the peer's close frame has to be read.
    while tx.wants().read {
        tx.send_binary(&[0; 100], NOW).unwrap();
    }
    tx.close(None, "", NOW).unwrap();
    assert_eq!(tx.wants(), READ);
}
