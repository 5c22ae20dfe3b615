use super::*;
use crate::Step;
use crate::ws::{Client, ErrorKind, Session};
use alloc::vec::Vec;

const NOW: Instant = Instant::ZERO;

type Key = fn(&mut [u8]);

fn client() -> Session<Client<Key>> {
    Session::new(Client(|key| key.fill(0)), &Config::default())
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

const CLOSE: &[u8] = b"\x88\x02\x03\xe8";
const MASKED_CLOSE: &[u8] = b"\x88\x82\0\0\0\0\x03\xe8";
const SHUTDOWN: Wants = Wants { read: true, end: Some(End::Shutdown) };
const CLOSED: Wants = Wants { read: false, end: Some(End::Close) };
const READ: Wants = Wants { read: true, end: None };

/// Every arrow of the diagram: how the state was reached, what happens, what comes out, what is next.
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
    let tests: [(&[Do], State, &[u8]); 16] = [
        (&[], State::Open, b""),
        (&[Close], State::Closing, CLOSE),
        (&[PeerCloses], State::Closed, CLOSE),
        (&[PeerFails], State::Failed, b"\x88\x02\x03\xea"),
        (&[End], State::Ended, b""),
        (&[Deadline], State::Open, b""),
        (&[Close, Close], State::Closing, b""),
        (&[Close, PeerCloses], State::Closed, b""),
        (&[Close, PeerFails], State::Failed, b""),
        (&[Close, End], State::Ended, b""),
        (&[Close, Deadline], State::Ended, b""),
        (&[PeerCloses, Close], State::Closed, b""),
        (&[PeerCloses, End], State::Ended, b""),
        (&[PeerCloses, Deadline], State::Ended, b""),
        (&[PeerFails, End], State::Ended, b""),
        (&[PeerFails, Deadline], State::Ended, b""),
    ];
    for (steps, state, output) in tests {
        let mut session = Session::default();
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
        let waits = matches!(state, State::Closing | State::Closed | State::Failed);
        assert_eq!(session.tx.poll_timeout().is_some(), waits);
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
        let mut session = Session::default();
        assert_eq!(receive(&mut session, wire), Err(kind));
        assert_eq!(drain(&mut session.tx), answer);
        // Once, however often the error is met.
        assert_eq!(receive(&mut session, b""), Err(kind));
        assert_eq!(drain(&mut session.tx), b"");
    }
}

#[test]
fn pings_are_answered_in_order_and_the_newest_when_nothing_is_read() {
    let mut session = Session::default();
    let ping = |payload: [u8; 2]| [&b"\x89\x82\0\0\0\0"[..], &payload].concat();
    let all: Vec<u8> = (0..10_000u16).flat_map(|n| ping(n.to_be_bytes())).collect();
    // The output is full, so that pongs go in over its limit.
    session.tx.send_binary(&[0; (1 << 20) - 10], NOW).unwrap();
    assert_eq!(session.tx.send_text("", NOW), Err(SendError::Full));
    assert_eq!(receive(&mut session, &all), Ok(10_000));
    let owed = session.tx.output().remaining();
    assert!(owed <= (1 << 20) + CONTROL, "{owed}");
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
    let mut session = Session::default();
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
    let Session { mut rx, mut tx } = Session::default();
    let (replies, owed) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut control = |reply: Reply, _: Instant| replies.send(reply).unwrap();
        let mut wire = *b"\x89\x81\0\0\0\0!\x88\x82\0\0\0\0\x03\xe8";
        let mut input = &mut wire[..];
        while let Ok(Step::Item(_)) = rx.receive(&mut control, &mut input, NOW) {}
    });
    reader.join().unwrap();
    owed.iter().for_each(|reply| tx.owe(reply, NOW));
    assert_eq!(drain(&mut tx), b"\x8a\x01!\x88\x02\x03\xe8");
}

#[test]
fn it_is_small_and_can_be_sent() {
    fn is_send<T: Send>(_: &T) {}
    let session = Session::default();
    is_send(&session);
    assert!(size_of_val(&session) <= 512, "{}", size_of_val(&session));
}
