//! What a page asks of a `WebSocket` and what it sees: web-platform-tests. Each row is played over
//! [`Url`], the handshake and a session, as an implementation of that interface would.

use bytes::{Buf, BufMut};
use serde_json::{Value, json};
use wirefeed::ws::frame::{Header, Opcode};
use wirefeed::ws::handshake::{self, ClientHandshake, Failure, Offers};
use wirefeed::ws::message::{Decoder, Item};
use wirefeed::ws::{
    ClientRole, CloseCode, Config, Event, Sender, ServerRole, Session, Url, UrlError,
};
use wirefeed::{ApiMisuse, End, Instant, Step, h1};

use crate::rows::{Verdict, equal};

type Check = fn(&Value) -> Verdict;

/// How each row is run; a name that ends in a slash is what many begin with.
const CHECKS: &[(&str, Check)] = &[
    ("invalid-url/", invalid_url),
    ("http-url/", http_url),
    ("relative/", resolved_url),
    ("nul-in-query", resolved_url),
    ("utf8-query", resolved_url),
    ("bad-protocol/", refused_protocols),
    ("bad-protocol-char/", refused_protocols),
    ("dup-protocols", refused_protocols),
    ("dup-protocols-case", refused_protocols),
    ("protocol-unasked", answered_protocol),
    ("protocol-case", answered_protocol),
    ("protocol-missing", answered_protocol),
    ("protocol-ok", answered_protocol),
    ("protocol-first", answered_protocol),
    ("close-code/", close),
    ("close-none", close),
    ("close-reason-123", close),
    ("close-reason-124", close),
    ("close-only-reason", close),
    ("close-state", close_state),
    ("server-close-data", answered),
    ("bad-response", answered),
    ("redirect-301", answered),
    ("wrong-accept", answered),
];

pub(crate) fn verdict(row: &Value) -> Verdict {
    let name = row["id"].as_str().unwrap().strip_prefix("ws-api/").unwrap();
    let is = |key: &str| name == key || (key.ends_with('/') && name.starts_with(key));
    let check = CHECKS.iter().find(|(key, _)| is(key));
    check.unwrap_or_else(|| panic!("{name} has no row in the table")).1(row)
}

/// Which part of a URL is refused first.
const INVALID: &[(&str, UrlError)] = &[
    ("ws://foo bar.com/", UrlError::Host),
    ("wss://foo bar.com/", UrlError::Host),
    ("ftp://host/", UrlError::Scheme),
    ("mailto:example@example.org", UrlError::Scheme),
    ("about:blank", UrlError::Scheme),
    ("http://host/#", UrlError::Fragment),
    ("http://host/#test", UrlError::Fragment),
    ("#test", UrlError::Scheme),
];

fn invalid_url(row: &Value) -> Verdict {
    equal("expectation", &json!("SyntaxError"), &row["expect"])?;
    let text = row["action"]["url"].as_str().unwrap();
    let expected = INVALID.iter().find(|(url, _)| *url == text);
    let (_, expected) = expected.unwrap_or_else(|| panic!("{text} has no row in the table"));
    let found = Url::new(text).err();
    equal("URL", &json!(format!("{found:?}")), &json!(format!("{:?}", Some(expected))))
}

fn http_url(row: &Value) -> Verdict {
    let url =
        Url::new(row["action"]["url"].as_str().unwrap()).map_err(|error| error.to_string())?;
    equal("URL", &json!(url.to_string()), &row["expect"]["url"])
}

/// A URL relative to the page's, or with letters that are to be encoded: it is first resolved by the
/// crate `url`, as the docs of [`Url`] say, and refused without that.
fn resolved_url(row: &Value) -> Verdict {
    let (action, expect) = (&row["action"], &row["expect"]);
    let text = action["url"].as_str().unwrap();
    equal("unresolved", &json!(Url::new(text).is_err()), &json!(true))?;
    let base = url::Url::parse(action["base"].as_str().unwrap_or("http://page/")).unwrap();
    let absolute = base.join(text).unwrap();
    let url = Url::new(absolute.as_str()).map_err(|error| error.to_string())?;
    match expect["request_query"].is_string() {
        true => equal("query", &json!(url.query()), &expect["request_query"]),
        false => equal("URL", &json!(url.to_string()), &expect["url"]),
    }
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|one| one.as_str().unwrap()).collect()
}

/// Subprotocols that no request offers, over HTTP/1.1 or HTTP/2.
fn refused_protocols(row: &Value) -> Verdict {
    equal("expectation", &json!("SyntaxError"), &row["expect"])?;
    let protocols = strings(&row["action"]["protocols"]);
    let offers = Offers::new(&protocols);
    let url = Url::new(URL).unwrap();
    let h1 = client().request(&url, &offers, &()).map(|_| ());
    let h2 = ClientHandshake::extended_connect().request(&url, &offers, &()).map(|_| ());
    let refused = json!(format!("{:?}", Err::<(), _>(ApiMisuse::Subprotocol)));
    equal("request", &json!(format!("{h1:?}")), &refused)?;
    equal("extended CONNECT", &json!(format!("{h2:?}")), &refused)
}

/// What comes of a subprotocol, or of none, in the answer.
fn answered_protocol(row: &Value) -> Verdict {
    let (action, expect) = (&row["action"], &row["expect"]);
    let protocols = strings(&action["protocols"]);
    let mut offers = Offers::new(&protocols);
    let mut answer = accepted(&client());
    if let Some(protocol) = action["server_protocol"].as_str() {
        answer.extend_from_slice(format!("Sec-WebSocket-Protocol: {protocol}\r\n").as_bytes());
    }
    answer.extend_from_slice(b"\r\n");
    if action["server_protocol"].is_null() {
        // RFC 6455 4.1 lets a client go on.
        let opened = connect(&offers, &answer)?;
        equal("without the switch", &json!(opened["protocol"]), &json!(null))?;
        equal("without the switch", &json!(opened["open"]), &json!(true))?;
    }
    offers.require_protocol = true;
    let found = connect(&offers, &answer)?;
    if expect["open"] == true {
        equal("open", &found["open"], &json!(true))?;
        return equal("protocol", &found["protocol"], &expect["protocol"]);
    }
    let fails =
        expect["open"] == false || (expect["close"] == true && expect["no_message"] == true);
    equal("expectation", &json!(fails), &json!(true))?;
    equal("failure", &found, &json!({"open": false, "failure": "Protocol"}))
}

/// What a server does that is not a server, or closes at once.
fn answered(row: &Value) -> Verdict {
    let (action, expect) = (row["action"]["server"].as_str().unwrap(), &row["expect"]);
    let ready = || [&accepted(&client())[..], b"\r\n"].concat();
    let (answer, expected) = match action {
        "handshake + Close(1001,\"PASS\")" => (
            [&ready()[..], b"\x88\x06\x03\xe9PASS"].concat(),
            json!({"open": true, "protocol": null, "code": 1001, "reason": "PASS", "wasClean": true}),
        ),
        "FOO BAR BAZ\\r\\n\\r\\n" => {
            (b"FOO BAR BAZ\r\n\r\n".to_vec(), json!({"open": false, "failure": "Version at 0"}))
        }
        "301" => (
            b"HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n".to_vec(),
            json!({"open": false, "failure": "Status(301)"}),
        ),
        "wrong Sec-WebSocket-Accept" => {
            let mut answer = ready();
            let last = answer.len() - b"=\r\n\r\n".len() - 1;
            answer[last] ^= 1;
            (answer, json!({"open": false, "failure": "Accept"}))
        }
        action => panic!("a server does an unknown {action}"),
    };
    let found = connect(&Offers::default(), &answer)?;
    equal("answer", &found, &expected)?;
    for (key, value) in expect.as_object().unwrap() {
        match &key[..] {
            // 1006 says that there was no close frame.
            "error" => equal(key, &json!(found["open"] == false), value)?,
            "code" if found["open"] == false => equal(key, &json!(1006), value)?,
            "wasClean" if found["open"] == false => equal(key, &json!(false), value)?,
            key => equal(key, &found[key], value)?,
        }
    }
    Ok(())
}

/// Arguments of `close()`: refused, or sent to a server that sends them back.
fn close(row: &Value) -> Verdict {
    let (arguments, expect) = (row["action"]["close"].as_array().unwrap(), &row["expect"]);
    let code = arguments.first().map(unsigned_short);
    let reason = arguments.get(1).map_or("", |reason| reason.as_str().unwrap());
    let Session { mut rx, mut tx } = session();
    if let Some(code) = code.filter(|code| !matches!(code.0, 1000 | 3000..=4999)) {
        equal("close", &json!("InvalidAccessError"), expect)?;
        // The application beneath is no script: with 1001 a browser leaves the page (RFC 6455 7.4.1).
        let is_sent = tx.close(Some(code), reason, NOW).is_ok();
        return equal("sent", &json!(is_sent), &json!(code == CloseCode::GOING_AWAY));
    }
    match tx.close(code, reason, NOW) {
        Ok(()) if expect == "ok" => {}
        Ok(()) => equal("close", &json!(true), &json!(expect.is_object()))?,
        Err(error) => {
            equal("error", &json!(error == ApiMisuse::ControlTooLong.into()), &json!(true))?;
            return equal("close", &json!("SyntaxError"), expect);
        }
    }
    let mut answer = sent_back(&mut tx);
    let mut seen = json!({});
    let mut input = &mut answer[..];
    while let Step::Item(event) = rx.receive(&mut tx, &mut input, NOW).unwrap() {
        let Event::Close(close) = event else { panic!("{event:?}") };
        // 1005 says that there was no code.
        seen["code"] = json!(close.code.map_or(1005, |code| code.0));
        seen["reason"] = json!(close.reason);
    }
    seen["wasClean"] = json!(rx.receive_eof(&mut tx, NOW).is_ok());
    let whole =
        json!({"code": code.map_or(1005, |code| code.0), "reason": reason, "wasClean": true});
    equal("close event", &seen, &whole)?;
    let expected = expect.as_object().into_iter().flatten();
    expected.into_iter().try_for_each(|(key, value)| equal(key, &seen[key], value))
}

/// A number as a page's is taken: clamped, and 0 for what is none (Web IDL, `[Clamp] unsigned short`).
fn unsigned_short(value: &Value) -> CloseCode {
    CloseCode(value.as_u64().map_or(0, |code| u16::try_from(code).unwrap_or(u16::MAX)))
}

/// `readyState`: 2 once nothing more can be sent, 3 once there is nothing more to read.
fn close_state(row: &Value) -> Verdict {
    let Session { mut rx, mut tx } = session();
    let ready_state = |tx: &mut Sender<_>| match (tx.send_text("", NOW), tx.wants().end) {
        (Ok(()), None) => 1,
        (Err(error), None) if error == ApiMisuse::Closed.into() => 2,
        (Err(_), Some(End::Close)) => 3,
        other => panic!("{other:?}"),
    };
    equal("readyState at first", &json!(ready_state(&mut tx)), &json!(1))?;
    tx.output().advance(6);
    tx.close(None, "", NOW).unwrap();
    let expect = &row["expect"];
    let closing = json!(ready_state(&mut tx));
    equal("readyState after close()", &closing, &expect["readyState_after_close_call"])?;
    let mut answer = sent_back(&mut tx);
    let step = rx.receive(&mut tx, &mut &mut answer[..], NOW);
    assert!(matches!(step, Ok(Step::Item(Event::Close(_)))), "{step:?}");
    rx.receive_eof(&mut tx, NOW).unwrap();
    let closed = json!(ready_state(&mut tx));
    equal("readyState at the close event", &closed, &expect["readyState_in_close_event"])
}

/// A close frame as a server sends it back, code and reason.
fn sent_back(tx: &mut Sender<ClientRole<Key>>) -> Vec<u8> {
    let output = tx.output();
    let mut wire = output.copy_to_bytes(output.remaining()).to_vec();
    let mut server = Decoder::<ServerRole>::new();
    let mut input = &mut wire[..];
    let Ok(Step::Item(Item::Close(close))) = server.decode(&mut input) else { panic!() };
    let mut payload = Vec::new();
    if let Some(code) = close.code {
        payload.put_u16(code.0);
        payload.extend_from_slice(close.reason.as_bytes());
    }
    let len = payload.len() as u64;
    let head =
        Header { fin: true, compressed: false, opcode: Opcode::Close, mask: None, len }.encode();
    [head.as_ref(), &payload].concat()
}

/// What a page sees of a server with this answer, which must not depend on the cut.
fn connect(offers: &Offers<'_>, answer: &[u8]) -> Result<Value, String> {
    let whole = opened(offers, answer, answer.len());
    for cut in 1..answer.len() {
        equal("cut", &opened(offers, answer, cut), &whole)?;
    }
    Ok(whole)
}

/// The same, `cut` bytes at a time.
fn opened(offers: &Offers<'_>, answer: &[u8], cut: usize) -> Value {
    let (attempt, mut http) = (client(), h1::Client::new(h1::Config::client(), NOW));
    let request = attempt.request(&Url::new(URL).unwrap(), offers, &()).unwrap();
    http.send_head("GET", "/", &request, NOW).unwrap();
    http.tx.send_end(NOW).unwrap();
    let failed = |failure: &str| json!({"open": false, "failure": failure});
    let (mut seen, Session { mut rx, mut tx }) = (Value::Null, session());
    for piece in answer.chunks(cut) {
        let mut input = piece;
        while http.tx.wants().end != Some(End::Upgrade) {
            let step = match http.rx.receive(&mut http.tx, &mut input, NOW) {
                Err(error) => return failed(&format!("{:?} at {}", error.kind, error.at)),
                Ok(step) => step,
            };
            let Step::Item(event) = step else { break };
            let h1::client::Event::Head(head) = event else { panic!("{event:?}") };
            let verified: Result<_, Failure> = attempt.verify(head.status(), &head, offers);
            match verified {
                Ok(protocol) => seen = json!({"open": true, "protocol": protocol}),
                Err(failure) => return failed(&format!("{failure:?}")),
            }
        }
        let mut rest = input.to_vec();
        let mut input = &mut rest[..];
        while let Step::Item(event) = rx.receive(&mut tx, &mut input, NOW).unwrap() {
            let Event::Close(close) = event else { panic!("{event:?}") };
            (seen["code"], seen["reason"]) = (json!(close.code.unwrap().0), json!(close.reason));
        }
    }
    if seen["code"].is_number() {
        seen["wasClean"] = json!(rx.receive_eof(&mut tx, NOW).is_ok());
    }
    seen
}

type Key = fn(&mut [u8]);

fn key(bytes: &mut [u8]) {
    bytes.fill(7);
}

fn client() -> ClientHandshake {
    ClientHandshake::upgrade(&mut (key as Key))
}

const URL: &str = "ws://host";

fn session() -> Session<ClientRole<Key>> {
    Session::new(ClientRole(key), Config::default(), Instant::ZERO)
}

/// An answer without its empty line.
fn accepted(client: &ClientHandshake) -> Vec<u8> {
    let mut answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Accept: "
        .to_vec();
    answer.extend_from_slice(&handshake::accept_key(client.key().unwrap()));
    answer.extend_from_slice(b"\r\n");
    answer
}

const NOW: Instant = Instant::ZERO;
