use super::*;
use alloc::format;
use alloc::string::ToString;

/// What a stream decodes to at every size of pieces, which must not differ.
fn decode(limits: Limits, wire: &[u8]) -> (Vec<String>, Option<(ErrorKind, u64)>) {
    let run = |size: usize| {
        let (mut decoder, mut items) = (Decoder::with_limits(limits), Vec::new());
        let mut used = 0;
        for piece in wire.chunks(size) {
            let mut input = piece;
            loop {
                match decoder.decode(&mut input) {
                    Ok(Step::Item(Item::Event(Event { event, data, id }))) => {
                        items.push(format!("{event}|{data}|{id}"));
                    }
                    Ok(Step::Item(Item::Retry(ms))) => items.push(format!("retry {ms}")),
                    Ok(Step::Item(Item::Comment(text))) => {
                        items.push(format!(":{}", text.escape_ascii()));
                    }
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
        let id = decoder.last_event_id().to_string();
        assert_eq!(decoder.finish(), Ok(None));
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

fn items(wire: &[u8]) -> Vec<String> {
    let (items, error) = decode(Limits::default(), wire);
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
        (b"id: 1\ndata: a\n\nid: 2\n", &["message|a|1", "last 1"]),
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
        (b"data: a\n", &["last "]),
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
    let limits = Limits { line: Some(10), event: Some(6), id: Some(3) };
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
fn the_id_goes_on_where_it_stopped() {
    let mut decoder = Decoder::new();
    decoder.set_last_event_id("7");
    let mut input = &b"data: a\n\nid: 8\n"[..];
    let Ok(Step::Item(Item::Event(event))) = decoder.decode(&mut input) else { panic!() };
    assert_eq!(event.id, "7");
    assert_eq!(decoder.decode(&mut input), Ok(Step::NeedInput));
    decoder.reset();
    assert_eq!(decoder.last_event_id(), "7");
}

#[test]
fn it_is_small() {
    assert!(size_of::<Decoder>() <= 128, "{}", size_of::<Decoder>());
}
