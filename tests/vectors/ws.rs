//! WebSocket frames and the handshake: RFC 6455, RFC 7692. What pages do (web-platform-tests) is in
//! `ws_pages`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::rows::{Differences, Elsewhere, Job, Suite, Verdict, bytes, equal};
use crate::ws_pages;

pub(crate) const SUITE: Suite = Suite {
    name: "frames_the_handshake_and_pages",
    file: "ws_rfc_wpt.jsonl",
    known: &["ws/", "ws-api/"],
    total: 231,
    differences: &[],
    elsewhere: Elsewhere::Rows(ELSEWHERE),
    verdict,
};

/// What no session can do.
const ELSEWHERE: Differences = &[
    #[cfg(not(feature = "deflate"))]
    (
        "without the feature `deflate` a session does not speak permessage-deflate",
        &[
            "ws/pmd/hello",
            "ws/pmd/hello-fragmented",
            "ws/pmd/context-takeover",
            "ws/pmd/stored-block",
            "ws/pmd/bfinal",
            "ws/pmd/two-blocks",
        ],
    ),
    (
        "there is no session before the handshake, and so nothing to send with",
        &["ws-api/send-before-open"],
    ),
    (
        "a str holds no lone surrogate: Web IDL converts a page's strings before",
        &["ws-api/send-surrogate", "ws-api/close-reason-surrogate"],
    ),
];

fn verdict(row: &Value) -> Verdict {
    match row["kind"].as_str().unwrap() {
        #[cfg(feature = "deflate")]
        "frames" if row["permessage_deflate"] == true => compressed(row),
        "frames" => frames(row),
        "handshake" => {
            let accept =
                wirefeed::ws::handshake::accept_key(row["key"].as_str().unwrap().as_bytes());
            let accept = json!(std::str::from_utf8(&accept).unwrap());
            equal("accept", &accept, &row["expect"]["accept"])
        }
        "api" => ws_pages::verdict(row),
        kind => panic!("a row of unknown kind {kind}"),
    }
}

fn frames(row: &Value) -> Verdict {
    let more = json!({"role": row["receiver_role"]});
    let answer = Job::new("ws", bytes(&row["input_b64"]), more).ask();
    equal("error", &answer["error"], &Value::Null)?;
    let (expect, items) = (&row["expect"], answer["items"].as_array().unwrap());
    let payload = |item: &Value| match item["data"].as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => bytes(&item["bytes"]),
    };
    // A message is shown joined: its one frame, or what the row says of the whole.
    let expected = match (expect["message"].as_str(), &expect["frames"].as_array().unwrap()[..]) {
        (Some(message), _) => message.as_bytes().to_vec(),
        (None, [frame]) => {
            let names = [(1, "text"), (2, "binary"), (9, "ping"), (10, "pong")];
            let name = names.iter().find(|(opcode, _)| frame["opcode"] == *opcode).unwrap().1;
            equal("item", &items[0]["item"], &json!(name))?;
            match frame["payload"].as_str() {
                Some(payload) => payload.as_bytes().to_vec(),
                None => {
                    let len = json!(payload(&items[0]).len());
                    return equal("length", &len, &frame["payload_len"]);
                }
            }
        }
        other => panic!("{}: {other:?}", row["id"]),
    };
    equal("items", &json!(items.len()), &json!(1))?;
    equal("payload", &json!(payload(&items[0])), &json!(expected))?;
    let reply = match expect["reply"].as_str() {
        None => Vec::new(),
        Some("masked pong with body Hello") => [&[0x8a, 0x85, 0, 0, 0, 0][..], b"Hello"].concat(),
        Some(reply) => panic!("unknown reply {reply}"),
    };
    equal("reply", &answer["output"], &json!(STANDARD.encode(reply)))
}

/// Compressed messages to a client, at every cut.
#[cfg(feature = "deflate")]
fn compressed(row: &Value) -> Verdict {
    use wirefeed::Step;
    use wirefeed::ws::deflate::Inflater;
    use wirefeed::ws::message::{Decoder, Item};
    use wirefeed::ws::{ClientRole, Error};

    let expect = &row["expect"];
    let expected = match &expect["messages"] {
        Value::Null => json!([expect["message"]]),
        messages => messages.clone(),
    };
    let wire = bytes(&row["input_b64"]);
    for cut in 0..=wire.len() {
        let inflater = Inflater::new(true, None);
        let mut decoder = Decoder::<ClientRole<fn(&mut [u8])>>::new().with_inflater(inflater);
        let mut found = Vec::new();
        for piece in [&wire[..cut], &wire[cut..]] {
            let mut piece = piece.to_vec();
            let mut input = &mut piece[..];
            let mut receive = || -> Result<(), Error> {
                while let Step::Item(item) = decoder.decode(&mut input)? {
                    let Item::Text(text) = item else { panic!("{item:?}") };
                    found.push(text.into_string());
                }
                Ok(())
            };
            equal("error", &json!(receive().err().map(|error| error.to_string())), &Value::Null)?;
        }
        equal("messages", &json!(found), &expected)?;
    }
    Ok(())
}
