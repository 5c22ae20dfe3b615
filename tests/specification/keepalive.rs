//! A WebSocket session's signs of life (RFC 6455 5.5.2, 5.5.3): what it sends, what it waits for, and what
//! its replies keep, under a virtual clock.

use std::time::Duration;

use bytes::Buf as _;
use wirefeed::ws::{self, Ending, Mailbox, Session};
use wirefeed::{End, Instant, Replies as _, Step};

const T0: Instant = Instant::ZERO;

fn at(millis: u64) -> Instant {
    T0 + Duration::from_millis(millis)
}

fn written(out: &mut wirefeed::Outbox) -> Vec<u8> {
    out.copy_to_bytes(out.remaining()).into()
}

/// Pulls all that these bytes bring to a session.
fn hear(session: &mut Session<ws::ServerRole>, wire: &[u8], now: Instant) {
    let mut bytes = wire.to_vec();
    let mut input = &mut bytes[..];
    while let Ok(Step::Item(_)) = session.rx.receive(&mut session.tx, &mut input, now) {}
}

#[test]
fn a_silent_peer_is_given_up_by_default_and_one_that_pongs_is_not() {
    for answers in [false, true] {
        let mut session = Session::new(ws::ServerRole, ws::Config::default(), Instant::ZERO);
        session.tx.handle_timeout(T0);
        let mut pings = 0;
        while let Some(now) = session.tx.poll_timeout().filter(|now| *now <= at(600_000)) {
            session.tx.handle_timeout(now);
            if written(session.tx.output()) == b"\x89\x00" {
                pings += 1;
                if answers {
                    hear(&mut session, b"\x8a\x80\0\0\0\0", now);
                }
            }
        }
        let expected = if answers { (30, None) } else { (1, Some(Ending::TimedOut)) };
        assert_eq!((pings, session.tx.ending()), expected);
    }
}

#[test]
fn any_byte_is_a_sign_of_life() {
    // 10 MiB at 128 KiB a second: no pong comes for 80 seconds.
    let mut session = Session::new(ws::ServerRole, ws::Config::default(), Instant::ZERO);
    session.tx.handle_timeout(T0);
    hear(&mut session, b"\x82\xff\0\0\0\0\0\xa0\0\0\0\0\0\0", T0);
    for second in 1..=80 {
        while let Some(due) = session.tx.poll_timeout().filter(|due| *due <= at(second * 1000)) {
            session.tx.handle_timeout(due);
        }
        hear(&mut session, &[0; 128 << 10], at(second * 1000));
    }
    assert_eq!(session.tx.ending(), None);
    assert_eq!(written(session.tx.output()), b"");
}

#[test]
fn a_pong_is_waited_for_when_its_ping_has_left() {
    let mut session = Session::new(ws::ServerRole, ws::Config::default(), Instant::ZERO);
    session.tx.handle_timeout(T0);
    // The ping stands behind a megabyte that the peer takes at 8 KiB a second.
    session.tx.send_binary(&[0; 1 << 20], at(19_000)).unwrap();
    let mut now = 19_000;
    while !session.tx.output().is_empty() {
        now += 1000;
        let len = session.tx.output().remaining().min(8 << 10);
        session.tx.output().advance(len);
        session.tx.handle_timeout(at(now));
        assert_eq!(session.tx.ending(), None, "after {now} ms");
    }
    // From here on it has all of the time.
    session.tx.handle_timeout(at(now + 19_000));
    assert_eq!(session.tx.ending(), None);
    for _ in 0..3 {
        let due = session.tx.poll_timeout().unwrap_or(at(now));
        session.tx.handle_timeout(due);
    }
    assert_eq!(session.tx.ending(), Some(Ending::TimedOut));
}

#[test]
fn a_peer_that_takes_a_byte_now_and_then_is_given_up() {
    let mut session = Session::new(ws::ServerRole, ws::Config::default(), Instant::ZERO);
    session.tx.handle_timeout(T0);
    session.tx.send_binary(&[0; 100_000], T0).unwrap();
    let mut now = 0;
    while session.tx.ending().is_none() && now < 600_000 {
        now += 1000;
        if now % 29_000 == 0 {
            session.tx.output().advance(1);
        }
        // It sends, too.
        hear(&mut session, b"\x8a\x80\0\0\0\0", at(now));
        session.tx.handle_timeout(at(now));
    }
    assert_eq!((now, session.tx.ending()), (30_000, Some(Ending::TimedOut)));
    assert!(session.tx.output().is_empty());
}

#[test]
fn pings_are_answered_until_the_peers_close_frame_has_come() {
    let mut session = Session::new(ws::ServerRole, ws::Config::default(), Instant::ZERO);
    session.tx.close(Some(ws::CloseCode::NORMAL), "", T0).unwrap();
    hear(&mut session, b"\x89\x81\0\0\0\0a\x89\x81\0\0\0\0b", T0);
    assert_eq!(written(session.tx.output()), b"\x88\x02\x03\xe8\x8a\x01a\x8a\x01b");
    hear(&mut session, b"\x88\x80\0\0\0\0", T0);
    session.tx.reply(late_pong(), T0);
    assert_eq!(written(session.tx.output()), b"");
    assert_eq!(session.tx.wants().end, Some(End::Shutdown));
}

/// A pong that comes out of a queue behind the close.
fn late_pong() -> ws::Reply {
    let mut replies = Vec::new();
    let mut other = Session::new(ws::ServerRole, ws::Config::default(), Instant::ZERO);
    let mut ping = *b"\x89\x80\0\0\0\0";
    let mut control = |reply: ws::Reply, _: Instant| replies.push(reply);
    let step = other.rx.receive(&mut control, &mut &mut ping[..], T0).unwrap();
    assert!(matches!(step, Step::Item(ws::Event::Ping(_))));
    replies.pop().unwrap()
}

/// What a peer pings that does not read is bounded, in a mailbox as in the output.
#[test]
fn a_mailbox_keeps_the_newest_pong_and_one_close() {
    let Session { mut rx, mut tx } =
        Session::new(ws::ServerRole, ws::Config::default(), Instant::ZERO);
    let mut mailbox = Mailbox::default();
    for n in 0..100_000u32 {
        let mut ping = *b"\x89\x84\0\0\0\0....";
        ping[6..].copy_from_slice(&n.to_le_bytes());
        let mut input = &mut ping[..];
        while let Step::Item(_) = rx.receive(&mut mailbox, &mut input, T0).unwrap() {}
    }
    assert!(rx.receive(&mut mailbox, &mut &mut [0xff][..], T0).is_err());
    assert!(!mailbox.is_empty());
    std::mem::take(&mut mailbox).deliver(&mut tx);
    assert!(mailbox.is_empty());
    let newest = 99_999u32.to_le_bytes();
    let expected = [&b"\x8a\x04"[..], &newest, b"\x88\x02\x03\xea"].concat();
    assert_eq!(written(tx.output()), expected);
}
