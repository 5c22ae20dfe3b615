//! What sessions hold that have been used once and are idle.

use crate::memory::held_by;
use bytes::Buf as _;
use wirefeed::ws::handshake::DeflateConfig;
use wirefeed::ws::{ClientRole, Config, Event, ServerRole, Session, deflate::Pool};
use wirefeed::{Instant, Step};

const NOW: Instant = Instant::ZERO;

/// What a client sends in a session with compression: one message that is worth it, and one that is not.
fn wire(config: &Config, pool: &Pool) -> Vec<u8> {
    let mut client = Session::with_deflate(
        ClientRole(|key: &mut [u8]| key.fill(7)),
        *config,
        &params(),
        pool,
        Instant::ZERO,
    );
    client.tx.send_text(&"wirefeed ".repeat(100), NOW).unwrap();
    client.tx.send_text("short", NOW).unwrap();
    let output = client.tx.output();
    assert!(output.remaining() < 200, "{}: nothing was compressed", output.remaining());
    output.copy_to_bytes(output.remaining()).into()
}

/// What a server answers a browser by default.
fn params() -> wirefeed::ws::handshake::DeflateParams {
    let offer = [("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")];
    DeflateConfig::server().answer(&offer).unwrap().unwrap().0
}

/// A session that has echoed what a client sent, and has nothing to do.
fn used(config: &Config, pool: &Pool, wire: &[u8], read: &mut Vec<u8>) -> Session<ServerRole> {
    let mut session = Session::with_deflate(ServerRole, *config, &params(), pool, Instant::ZERO);
    read.clear();
    read.extend_from_slice(wire);
    let (mut input, mut echoed) = (&mut read[..], 0);
    while let Step::Item(event) = session.rx.receive(&mut session.tx, &mut input, NOW).unwrap() {
        let Event::Text(text) = event else { panic!("{event:?}") };
        session.tx.send_text(&text, NOW).unwrap();
        echoed += 1;
    }
    assert_eq!(echoed, 2);
    let pending = session.tx.output().remaining();
    session.tx.output().advance(pending);
    session.rx.release();
    session.tx.release();
    session
}

#[test]
fn an_idle_session_with_compression_holds_600_bytes_at_most() {
    const SESSIONS: usize = 1000;
    let (config, pool, mut read) = (Config::default(), Pool::default(), Vec::new());
    let wire = wire(&config, &pool);
    drop(used(&config, &pool, &wire, &mut read));
    let mut sessions = Vec::new();
    let held =
        held_by(|| sessions.extend((0..SESSIONS).map(|_| used(&config, &pool, &wire, &mut read))));
    let each = held / SESSIONS;
    println!(
        "a session used once holds {each} bytes, {} of them in its halves",
        size_of_val(&sessions[0])
    );
    assert!(each <= 600, "{each} bytes");
}

/// cargo test --release --features deflate --test idle -- --ignored --nocapture
#[test]
#[ignore = "takes 610 MB"]
fn a_million_idle_sessions_fit_in_610_megabytes() {
    const SESSIONS: usize = 1_000_000;
    let (config, pool, mut read) = (Config::default(), Pool::default(), Vec::new());
    let wire = wire(&config, &pool);
    let mut sessions = Vec::with_capacity(SESSIONS);
    let before = resident();
    sessions.extend((0..SESSIONS).map(|_| used(&config, &pool, &wire, &mut read)));
    let resident = resident() - before;
    println!("{SESSIONS} sessions: {resident} bytes resident, {} each", resident / SESSIONS);
    assert!(resident < 610_000_000, "{resident} bytes");
    assert_eq!(sessions.len(), SESSIONS);
}

/// Bytes of this process that are in memory.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = pages.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}
