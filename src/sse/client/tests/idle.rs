//! Connections that are silent.

use super::*;

#[test]
fn a_connection_is_silent_only_while_it_is_waited_for() {
    let policy = Config { idle: Some(Duration::from_secs(20)), ..Config::default() };
    let mut source = open(policy);
    // An event is held for an hour, and nothing was asked for since.
    let mut input = &b"data: a\n\n"[..];
    assert!(matches!(source.receive(1, &mut input, T0), Step::Item(Event::Message(_))));
    assert_eq!(source.poll_timeout(), None);
    source.handle_timeout(after(3_600_000));
    assert_eq!(pull(&mut source, 1, b"", after(3_600_000)), [""; 0]);
    assert_eq!(source.poll_timeout(), Some(after(3_620_000)));
    // The caller does not read.
    source.pause(after(3_610_000));
    source.handle_timeout(after(9_000_000));
    assert_eq!(pull(&mut source, 1, b"", after(9_000_000)), [""; 0]);
    assert_eq!(source.poll_timeout(), Some(after(9_010_000)));
    // A turn that slept through it: what lies unread counts, in either order.
    source.handle_timeout(after(99_000_000));
    assert_eq!(pull(&mut source, 1, b":\n", after(99_000_000)), ["Comment(0 bytes)"]);
    assert_eq!(source.poll_timeout(), Some(after(99_020_000)));
    source.handle_timeout(after(99_020_000));
    assert_eq!(pull(&mut source, 1, b"", after(99_020_000)), ["Idle Some(3s)"]);
}
