//! `Expect` (RFC 9110 10.1.1).

use super::*;

#[test]
fn a_100_is_sent_when_the_server_awaits_the_content() {
    let head = alloc::format!(
        "POST / HTTP/1.1\r\n{HOST}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    );
    let mut server = requested(&head);
    assert_eq!(written(&mut server), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(receive(&mut server, &mut &b"hi"[..], T0).unwrap(), "hi.");
    assert_eq!(written(&mut server), "");
    // Not if some content has arrived, nor to HTTP/1.0, nor after the response has begun.
    let mut server = requested(&alloc::format!("{head}h"));
    assert_eq!(written(&mut server), "");
    let mut server = requested(&head.replace("HTTP/1.1", "HTTP/1.0"));
    assert_eq!(written(&mut server), "");
    let mut server = self::server();
    let mut input = head.as_bytes();
    let _ = server.rx.receive(&mut server.tx, &mut input, T0).unwrap();
    server.tx.send_head(417, &[("Content-Length", "0")], T0).unwrap();
    assert_eq!(receive(&mut server, &mut input, T0).unwrap(), "…");
    assert!(written(&mut server).starts_with("HTTP/1.1 417 "));
}

/// Every list of expectations gets a response that RFC 9110 10.1.1 allows: a 100 if it is in the list.
#[test]
fn every_list_of_expectations_gets_a_response() {
    for (expect, continues) in [
        ("100-continue", true),
        ("100-Continue", true),
        ("100-continue, foo", true),
        ("foo, 100-continue", true),
        ("foo,100-CONTINUE,", true),
        (", 100-continue", true),
        ("foo\r\nExpect: 100-continue", true),
        ("foo", false),
        ("100-continued", false),
        ("\"100-continue\"", false),
        ("", false),
    ] {
        let mut server = requested(&alloc::format!(
            "POST / HTTP/1.1\r\n{HOST}Expect: {expect}\r\nContent-Length: 2\r\n\r\n"
        ));
        let expected = if continues { "HTTP/1.1 100 Continue\r\n\r\n" } else { "" };
        assert_eq!(written(&mut server), expected, "{expect:?}");
        assert_eq!(receive(&mut server, &mut &b"hi"[..], T0).unwrap(), "hi.");
        server.tx.send_head(200, &[("Content-Length", "0")], T0).unwrap();
        server.tx.send_end(T0).unwrap();
        assert!(written(&mut server).starts_with("HTTP/1.1 200 OK"));
    }
}
