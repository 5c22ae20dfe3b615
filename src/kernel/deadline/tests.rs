use super::*;
use proptest::prelude::*;

fn at(millis: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(millis)
}

const TEN: Option<Duration> = Some(Duration::from_secs(10));

#[test]
fn spans_are_rounded_up_and_end() {
    for (micros, millis) in [(0, 0), (1, 1), (1000, 1), (1001, 2), (59_950_000, 59_950)] {
        assert_eq!(Span::from(Duration::from_micros(micros)), Span(millis), "{micros}");
    }
    assert_eq!(Span::from(Duration::MAX), Span(u32::MAX - 1));
    assert_eq!(Span::from(None), Span::NONE);
}

#[test]
fn a_paused_deadline_keeps_the_time_that_is_left() {
    let mut deadline = Deadline::OFF;
    deadline.start(TEN, at(0));
    assert_eq!(deadline.poll(), Some(at(10_000)));
    deadline.pause(at(4000));
    assert_eq!((deadline.poll(), deadline.is_over(at(99_000))), (None, false));
    deadline.resume(at(50_000));
    assert_eq!(deadline.poll(), Some(at(56_000)));
    deadline.pause(at(51_000));
    deadline.refill();
    deadline.resume(at(52_000));
    assert_eq!(deadline.poll(), Some(at(62_000)));
    assert!(!deadline.is_over(at(61_999)) && deadline.is_over(at(62_000)));
}

#[test]
fn a_deadline_that_the_caller_slept_through_becomes_due_once_more() {
    let mut deadline = Deadline::OFF;
    deadline.start(TEN, at(0));
    assert!(!deadline.is_over(at(11_001)));
    assert_eq!(deadline.poll(), Some(at(11_001)));
    let mut silent = deadline;
    assert!(silent.is_over(at(11_001)));
    // Unread bytes restart it, in either order of the calls.
    deadline.pause(at(11_001));
    deadline.resume(at(11_001));
    assert_eq!(deadline.poll(), Some(at(21_001)));
    deadline.pause(at(33_000));
    deadline.resume(at(33_000));
    assert_eq!(deadline.poll(), Some(at(43_000)));
    // A byte just after the deadline does not, if the caller advances the time in time.
    deadline.pause(at(43_100));
    deadline.resume(at(43_100));
    assert!(deadline.is_over(at(43_100)));
    // A late call means that the caller did not look.
    deadline.start(TEN, at(50_000));
    deadline.pause(at(60_101));
    deadline.resume(at(60_101));
    assert_eq!(deadline.poll(), Some(at(70_101)));
}

#[test]
fn output_must_be_taken_at_a_minimum_rate() {
    let mut outbox = Outbox::new();
    let mut write = WriteDeadline::new(TEN);
    write.touch(&outbox, at(0));
    assert_eq!(write.poll(&outbox), None);
    // All output pending at the start; later output may wait.
    outbox.copy(&[0; 100]).unwrap();
    write.touch(&outbox, at(0));
    outbox.copy(&[0; 10_000]).unwrap();
    write.touch(&outbox, at(9000));
    assert_eq!(write.poll(&outbox), Some(at(10_000)));
    outbox.advance(100);
    assert!(!write.is_over(&outbox, false, at(10_000)));
    // Then 4 KiB in each interval: one byte less is too little.
    outbox.advance(4096);
    assert!(!write.is_over(&outbox, false, at(20_000)));
    outbox.advance(4095);
    assert!(write.is_over(&outbox, false, at(30_000)));
    // Later output starts its own interval.
    write.touch(&outbox, at(40_000));
    assert_eq!(write.poll(&outbox), Some(at(50_000)));
    outbox.advance(outbox.remaining());
    assert!(!write.is_over(&outbox, false, at(50_000)));
    assert_eq!(write.poll(&outbox), None);
}

#[test]
fn a_lingering_side_waits_for_the_end_of_stream() {
    let mut outbox = Outbox::new();
    outbox.copy(&[0; 10]).unwrap();
    let mut write = WriteDeadline::new(TEN);
    write.linger(&outbox, at(0));
    outbox.advance(10);
    assert!(!write.is_over(&outbox, true, at(10_000)));
    assert!(write.is_over(&outbox, true, at(20_000)));
}

proptest! {
    /// After repeated calls at the same moment a deadline has expired, or is due later.
    #[test]
    fn a_deadline_is_never_due_forever(
        time in 0u64..20_000,
        steps in prop::collection::vec((0u8..5, 0u64..20_000), 1..20),
    ) {
        let mut now = 0;
        let mut deadline = Deadline::OFF;
        deadline.start(Duration::from_millis(time), at(now));
        for (step, pass) in steps {
            now += pass;
            match step {
                0 => deadline.start(Some(Duration::from_millis(time)), at(now)),
                1 => deadline.pause(at(now)),
                2 => deadline.resume(at(now)),
                3 => deadline.refill(),
                _ => {}
            }
            let over = (0..3).any(|_| deadline.is_over(at(now)));
            prop_assert!(over || deadline.poll().is_none_or(|due| due > at(now)));
            if over {
                deadline.stop();
            }
        }
    }
}
