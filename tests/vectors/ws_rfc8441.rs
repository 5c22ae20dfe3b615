//! WebSocket over HTTP/2: facts from RFC 8441, h2 and undici. Each is run over the handshake's extended
//! CONNECT, or is the HTTP library's, which has the streams and settings.

use serde_json::{Value, json};
use wirefeed::Fields;
use wirefeed::ws::Url;
use wirefeed::ws::handshake::{
    ClientHandshake, Failure, Offers, PseudoFields, Refusal, RefusalKind, ServerHandshake,
};

use crate::rows::{Differences, Elsewhere, Suite, Verdict, equal};

pub(crate) const SUITE: Suite = Suite {
    name: "extended_connect",
    file: "ws_rfc8441.jsonl",
    known: &["rfc8441/"],
    total: 14,
    differences: &[],
    elsewhere: Elsewhere::Rows(ELSEWHERE),
    verdict,
};

/// Whose the other facts are.
const ELSEWHERE: Differences = &[
    (
        "the HTTP/2 library has the settings (RFC 8441 3)",
        &[
            "rfc8441/setting-id",
            "rfc8441/setting-invalid",
            "rfc8441/setting-no-downgrade",
            "rfc8441/default-off-server",
            "rfc8441/default-off-client",
            "rfc8441/enabled-handshake",
        ],
    ),
    ("the HTTP/2 library ends and resets streams (RFC 8441 5)", &["rfc8441/ws-close"]),
    ("the caller has the connections, and chooses which HTTP", &["rfc8441/undici-fallback"]),
];

type Check = fn(&str) -> Verdict;

/// How each fact is run.
const CHECKS: &[(&str, Check)] = &[
    ("rfc8441/request", another_protocol_is_well_formed),
    ("rfc8441/no-scheme", |fact| is_reset_without(":scheme", fact)),
    ("rfc8441/no-path", |fact| is_reset_without(":path", fact)),
    ("rfc8441/ws-request", the_request_has_these_fields),
    ("rfc8441/ws-response", the_answer_has_these_fields),
    ("rfc8441/undici-non-200", any_status_but_2xx_fails),
];

fn verdict(row: &Value) -> Verdict {
    let id = row["id"].as_str().unwrap();
    let check = CHECKS.iter().find(|(known, _)| *known == id);
    check.unwrap_or_else(|| panic!("{id} has no row in the table")).1(row["fact"].as_str().unwrap())
}

/// The fields that a fact lists as `:name value`, which is one of HTTP/2 but not of WebSocket.
fn another_protocol_is_well_formed(fact: &str) -> Verdict {
    let fields: Vec<(&str, &str)> =
        fact.split(", ").map(|field| field.split_once(' ').unwrap()).collect();
    equal("fields", &json!(fields.len()), &json!(5))?;
    let pseudo = PseudoFields::read(&fields[..]).map_err(|refusal| refusal.to_string())?;
    let found = [pseudo.method, pseudo.protocol, pseudo.scheme, pseudo.authority, pseudo.path];
    let expected: Vec<_> = fields.iter().map(|(_, value)| Some(value.as_bytes())).collect();
    equal("pseudo-header fields", &json!(found), &json!(expected))?;
    // RFC 9220 3: 501 for a protocol that is not spoken, not a reset.
    refused(&fields, RefusalKind::Protocol, 501)
}

fn is_reset_without(name: &str, fact: &str) -> Verdict {
    equal("fact", &json!(fact), &json!("RST_STREAM PROTOCOL_ERROR"))?;
    equal("whole", &json!(read(&GOOD).is_ok()), &json!(true))?;
    let fewer: Vec<_> = GOOD.into_iter().filter(|field| field.0 != name).collect();
    equal("fields", &json!(fewer.len()), &json!(GOOD.len() - 1))?;
    // A `Malformed` resets the stream; the 400 may come before (RFC 9113 8.1.1).
    refused(&fewer, RefusalKind::Malformed, 400)
}

fn refused(fields: &[(&str, &str)], kind: RefusalKind, status: u16) -> Verdict {
    let Err(refusal) = read(fields) else { return Err("it is accepted".to_owned()) };
    equal("refusal", &json!(format!("{:?}", refusal.kind)), &json!(format!("{kind:?}")))?;
    equal("status", &json!(refusal.status()), &json!(status))
}

fn the_request_has_these_fields(fact: &str) -> Verdict {
    let (offers, extra) = (offers(), ORIGIN);
    let url = Url::new("wss://server.example.com/chat").unwrap();
    let request = CLIENT.request(&url, &offers, &extra).unwrap();
    are_all_in(&request, fact, 9)?;
    let pseudo = PseudoFields::read(&request).map_err(|refusal| refusal.to_string())?;
    let handshake = ServerHandshake::extended_connect(&pseudo, &request)
        .map_err(|refusal| refusal.to_string())?;
    // Only what was offered can be selected.
    let selected = handshake.accept(Some("chat"), Some("permessage-deflate"), &()).map(|_| ());
    selected.map_err(|misuse| misuse.to_string())
}

fn the_answer_has_these_fields(fact: &str) -> Verdict {
    let (offers, extra) = (offers(), ORIGIN);
    let url = Url::new("wss://server.example.com/chat").unwrap();
    let request = CLIENT.request(&url, &offers, &extra).unwrap();
    let pseudo = PseudoFields::read(&request).unwrap();
    let handshake = ServerHandshake::extended_connect(&pseudo, &request).unwrap();
    let answer = handshake.accept(Some("chat"), None, &()).unwrap();
    are_all_in(&answer, fact, 2)?;
    let protocol =
        CLIENT.verify(answer.status(), &answer, &offers).map_err(|failure| failure.to_string())?;
    equal("protocol", &json!(protocol), &json!("chat"))?;
    let (_, without) = fact.split_once("; no ").unwrap();
    equal("without", &json!(without), &json!("Connection/Upgrade, no Sec-WebSocket-Key/Accept"))?;
    for name in ["connection", "upgrade", "sec-websocket-key", "sec-websocket-accept"] {
        equal(name, &json!(answer.value_of(name).is_some()), &json!(false))?;
        let extra = [(name, "x")];
        equal(name, &json!(handshake.accept(None, None, &extra).is_ok()), &json!(false))?;
    }
    Ok(())
}

/// Whether a fact has all of these fields, as `name value`, and there are so many.
fn are_all_in(fields: &impl Fields, fact: &str, count: usize) -> Verdict {
    equal("fields", &json!(fields.fields().count()), &json!(count))?;
    fields.fields().try_for_each(|field| {
        let shown = format!("{} {}", field.name, std::str::from_utf8(field.value).unwrap());
        equal(&shown, &json!(fact.contains(&shown)), &json!(true))
    })
}

fn any_status_but_2xx_fails(fact: &str) -> Verdict {
    equal("fact", &json!(fact.contains("without 2xx: error")), &json!(true))?;
    (100..1000).try_for_each(|status| {
        let found = CLIENT.verify(status, &(), &Offers::default());
        let expected = match status {
            200..=299 => Ok(None::<&str>),
            status => Err(Failure::Status(status)),
        };
        equal("answer", &json!(format!("{found:?}")), &json!(format!("{expected:?}")))
    })
}

fn read(fields: &[(&str, &str)]) -> Result<ServerHandshake, Refusal> {
    ServerHandshake::extended_connect(&PseudoFields::read(fields)?, fields)
}

const CLIENT: ClientHandshake = ClientHandshake::extended_connect();

fn offers() -> Offers<'static> {
    let mut offers = Offers::new(&["chat", "superchat"]);
    offers.extensions = Some("permessage-deflate");
    offers
}

const ORIGIN: [(&str, &str); 1] = [("origin", "http://www.example.com")];

const GOOD: [(&str, &str); 6] = [
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "http"),
    (":path", "/baguette"),
    (":authority", "bread"),
    ("sec-websocket-version", "13"),
];
