use super::*;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What a stream and its end decode to at every size of pieces, which must not differ.
fn decode(config: Config, wire: &[u8]) -> (Vec<String>, Option<(ErrorKind, u64)>) {
    let run = |size: usize| {
        let (mut decoder, mut items) = (Decoder::with_config(config), Vec::new());
        let mut used = 0;
        for piece in wire.chunks(size) {
            let mut input = piece;
            loop {
                match decoder.decode(&mut input) {
                    Ok(Step::Item(item)) => items.push(shown(item)),
                    Ok(Step::NeedInput) => break,
                    Ok(Step::Done) => panic!("a stream does not end by itself"),
                    Err(error) => {
                        let stands = used + piece.len() - input.len();
                        assert!(input.is_empty() || stands as u64 == error.at);
                        assert_eq!(decoder.decode(&mut input), Err(error));
                        assert_eq!(decoder.finish(), Err(error));
                        return (items, Some((error.kind, error.at)));
                    }
                }
            }
            assert!(input.is_empty());
            used += piece.len();
        }
        let is_unfinished = decoder.is_unfinished();
        match decoder.finish() {
            Ok(item) => {
                assert_eq!(item.is_some(), is_unfinished);
                items.extend(item.map(shown));
            }
            Err(error) => {
                assert_eq!(decoder.finish(), Err(error));
                return (items, Some((error.kind, error.at)));
            }
        }
        let id = decoder.last_event_id().to_string();
        assert_eq!(decoder.finish(), Ok(None));
        assert!(!decoder.is_unfinished());
        assert_eq!(decoder.last_event_id(), id);
        assert_eq!(decoder.decode(&mut &b"data: x\n\n"[..]), Ok(Step::Done));
        items.push(format!("last {id}"));
        (items, None)
    };
    let whole = run(wire.len().max(1));
    for size in 1..wire.len() {
        assert_eq!(whole, run(size), "{size}: {}", wire.escape_ascii());
    }
    whole
}

fn shown(item: Item<'_>) -> String {
    match item {
        Item::Event(Event { event, data, id, .. }) => {
            format!("{event}|{data}|{}", id.unwrap_or_default())
        }
        Item::Retry(ms) => format!("retry {ms}"),
        Item::Comment(text) => format!(":{}", text.escape_ascii()),
        Item::Skipped(error) => format!("skipped {:?} {}", error.kind, error.at),
        Item::Unfinished => "unfinished".to_string(),
    }
}

fn strings(items: &[&str]) -> Vec<String> {
    items.iter().copied().map(String::from).collect()
}

fn items(wire: &[u8]) -> Vec<String> {
    let (items, error) = decode(Config::default(), wire);
    assert_eq!(error, None);
    items
}

#[test]
fn streams_are_interpreted() {
    for (wire, expected) in [
        (&b"data: a\n\n"[..], &["message|a|", "last "][..]),
        (b"data:a\r\rdata\n\n", &["message|a|", "message||", "last "]),
        (b"data: a\ndata:b\ndata\n\n", &["message|a\nb\n|", "last "]),
        (b"event: e\ndata: a\n\ndata: b\n\n", &["e|a|", "message|b|", "last "]),
        (b"event: e\n\ndata: b\n\n", &["message|b|", "last "]),
        (b"event: e\nevent:\ndata: b\n\n", &["message|b|", "last "]),
        (b"data: b\nevent: f\n\n", &["f|b|", "last "]),
        (b"id: 1\n\ndata: a\n\nid\ndata: b\n\n", &["message|a|1", "message|b|", "last "]),
        (b"id: 1\ndata: a\n\nid: 2\n", &["message|a|1", "unfinished", "last 1"]),
        (b"id: 1\nid: 2\0\ndata: a\n\n", &["message|a|1", "last 1"]),
        (b"id: 1\nid: 22\ndata: a\n\n", &["message|a|22", "last 22"]),
        (b":\n: hi\n:\xff\n", &[":", ": hi", ":\\xff", "last "]),
        (b"data: a\n: hi\ndata: b\n\n", &[": hi", "message|a\nb|", "last "]),
        (b"retry: 10\nretry:\nretry: 1x\nretry: +1\n", &["retry 10", "last "]),
        (b"retry: 99999999999999999999999\n", &["retry 18446744073709551615", "last "]),
        (b"data\0: a\nDATA: a\n data: a\ndat: a\ndatas: a\n\n", &["last "]),
        (b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n", &["message|a|", "last "]),
        (b"\xef\xbbdata: a\n\ndata: b\n\n", &["message|b|", "last "]),
        (b"data: \xf0\x9f\x98\x80\n\n", &["message|\u{1f600}|", "last "]),
        (b"data: \xf0\x9f\n\n", &["message|\u{fffd}|", "last "]),
        (
            b"event: \xff\nid: \xc0\xaf\ndata: a\n\n",
            &["\u{fffd}|a|\u{fffd}\u{fffd}", "last \u{fffd}\u{fffd}"],
        ),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", &["message|a|", "message|b|", "last "]),
        (b"data: a\n\rdata: b\n\n", &["message|a|", "message|b|", "last "]),
        (b"data: a\n", &["unfinished", "last "]),
    ] {
        assert_eq!(items(wire), expected, "{}", wire.escape_ascii());
    }
}

#[test]
fn an_event_in_the_input_is_borrowed_from_it() {
    let wire = b"data: a\n\nevent: e\nid: 1\ndata: b\n\ndata: c\n\n";
    let (mut decoder, mut input, mut seen) = (Decoder::new(), &wire[..], 0);
    while let Ok(Step::Item(Item::Event(event))) = decoder.decode(&mut input) {
        assert!(wire.as_ptr_range().contains(&event.data.as_ptr()));
        seen += 1;
    }
    assert_eq!(seen, 3);
}

#[test]
fn limits_do_not_depend_on_the_cut() {
    use ErrorKind::*;
    let limits = Config { line: Some(10), event: Some(6), id: Some(3), ..Config::default() };
    for (wire, expected) in [
        (&b"data:12345\n\ndata:123456\n"[..], Err((LineTooLong, 22))),
        (b":123456789\n:1234567890\n", Err((LineTooLong, 21))),
        (b"data: 12345678901", Err((LineTooLong, 10))),
        (b"data:12345\n\n", Ok(2)),
        (b"data:12345\ndata:\n\n", Ok(2)),
        (b"data:12345\ndata:1\n", Err((EventTooLong, 16))),
        (b"data:12345\ndata:\ndata\n", Err((EventTooLong, 21))),
        (b"event:1234\ndata:12\n\n", Ok(2)),
        (b"event:1234\ndata:123\n", Err((EventTooLong, 18))),
        (b"data:123\nevent:1234\n", Err((EventTooLong, 18))),
        (b"event:1234\nevent:12\ndata:1234\n\n", Ok(2)),
        (b"data:\xff\xff\n\n", Ok(2)),
        (b"data:\xff\xff\xff\n\n", Err((EventTooLong, 7))),
        (b"id:123\n\n", Ok(1)),
        (b"id:1234\n", Err((IdTooLong, 6))),
        (b"id:\xe4\n\n", Ok(1)),
        (b"id:a\xe4\n\n", Err((IdTooLong, 4))),
    ] {
        let (items, error) = decode(limits, wire);
        assert_eq!(error.map_or(Ok(items.len()), Err), expected, "{}", wire.escape_ascii());
    }
}

#[test]
fn an_unfinished_event_is_told_once() {
    for (wire, unfinished) in [
        (&b""[..], false),
        (b"data: a\n\n", false),
        (b"data\n", true),
        (b"event:\n", true),
        (b"id\n", true),
        (b"id: \0\n", true),
        (b"data: a\n: hi\nretry: 1\n", true),
        (b"\nretry: 1\nother: 1\n: hi\n", false),
        (b"retry: 1", true),
        (b"d", true),
        (b": hi", false),
        (b"id\n: hi", true),
        (b"\r", false),
        (b"data\r\n\r", false),
        (b"\xef\xbb\xbf", false),
        (b"\xef\xbb", true),
        (b"\xef\xbb\xbf\xef", true),
    ] {
        let (items, _) = decode(Config::default(), wire);
        let told = items.iter().filter(|item| *item == "unfinished").count();
        assert_eq!(told, usize::from(unfinished), "{}", wire.escape_ascii());
    }
}

#[test]
fn the_end_dispatches_where_it_is_told_to() {
    let mut config = Config { dispatch_at_eof: true, event: Some(5), ..Config::default() };
    for (wire, expected) in [
        (&b"data: a\n"[..], &["message|a|", "last "][..]),
        (b"data: a", &["message|a|", "last "]),
        (b"data: a\r", &["message|a|", "last "]),
        (b"id: 1\ndata: a\ndata: b", &["message|a\nb|1", "last 1"]),
        (b"data: a\nevent: e", &["e|a|", "last "]),
        (b"data: a\nretry: 5", &["message|a|", "last "]),
        (b"data: a\n: hi", &["message|a|", "last "]),
        (b"data: a\nid: 1", &["message|a|1", "last 1"]),
        (b"data: \xf0\x9f", &["message|\u{fffd}|", "last "]),
        (b"data", &["message||", "last "]),
        (b"id: 1\n", &["unfinished", "last "]),
        (b"id: 1\nevent: e", &["unfinished", "last "]),
        (b"retry: 1", &["unfinished", "last "]),
        (b"\xef\xbb", &["unfinished", "last "]),
        (b": hi", &["last "]),
        (b"data: a\n\n", &["message|a|", "last "]),
    ] {
        let (items, error) = decode(config, wire);
        assert_eq!((error, items), (None, strings(expected)), "{}", wire.escape_ascii());
    }
    // The last line is judged as any other.
    assert_eq!(decode(config, b"data: 123456").1, Some((ErrorKind::EventTooLong, 11)));
    config.skip_oversized = true;
    let (items, error) = decode(config, b"id: 1\ndata: 123456");
    assert_eq!((error, items), (None, strings(&["skipped EventTooLong 17", "last "])));
}

#[test]
fn an_event_over_a_limit_is_passed_over() {
    let mut config = Config::default();
    (config.line, config.event, config.id) = (Some(10), Some(6), Some(3));
    config.skip_oversized = true;
    for (wire, expected) in [
        (
            &b"data: 12345678\nid: 7\n: hi\nretry: 1\n\ndata: b\n\n"[..],
            &["skipped LineTooLong 10", "message|b|", "last "][..],
        ),
        (
            b"id: 1\ndata:1\n\nid: 2\ndata:1\ndata:23456\n\ndata:3\n\n",
            &["message|1|1", "skipped EventTooLong 36", "message|3|1", "last 1"],
        ),
        (b"id:1234\r\n\r\ndata: b\r\n\r\n", &["skipped IdTooLong 6", "message|b|", "last "]),
        (b"id:1234\rdata: a\r\rdata: b\r\r", &["skipped IdTooLong 6", "message|b|", "last "]),
        (
            b"data: a\n:  a long comment\n\ndata: b\n\n",
            &["skipped LineTooLong 18", "message|b|", "last "],
        ),
        // Each event is reported once, and the end of the stream adds nothing.
        (
            b"data:1234567890\ndata:1234567890\n\ndata:1234567890",
            &["skipped LineTooLong 10", "skipped LineTooLong 43", "last "],
        ),
    ] {
        let (items, error) = decode(config, wire);
        assert_eq!((error, items), (None, strings(expected)), "{}", wire.escape_ascii());
    }
}

#[test]
fn a_sentinel_is_an_event_of_no_type() {
    let event = Event { data: "[DONE]", ..Event::default() };
    assert!(event.is_sentinel("[DONE]"));
    for other in [Event { event: "done", ..event }, Event { data: " [DONE]", ..event }] {
        assert!(!other.is_sentinel("[DONE]"));
    }
}

#[test]
fn the_id_goes_on_where_it_stopped() {
    let mut decoder = Decoder::new();
    decoder.set_last_event_id("7");
    let mut input = &b"data: a\n\nid: 8\n"[..];
    let Ok(Step::Item(Item::Event(event))) = decoder.decode(&mut input) else { panic!() };
    assert_eq!(event.id, Some("7"));
    assert_eq!(decoder.decode(&mut input), Ok(Step::NeedInput));
    decoder.reset();
    assert_eq!(decoder.last_event_id(), "7");
}

#[test]
fn it_is_small() {
    assert!(size_of::<Decoder>() <= 128, "{}", size_of::<Decoder>());
}
