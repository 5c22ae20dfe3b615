use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use proptest::prelude::*;

use super::*;

/// A configuration in short: `a` and `b` are the server's and the client's takeover, then the bits.
fn config(alone: &str, server: Option<u8>, client: Option<u8>) -> DeflateConfig {
    let bits = |bits: Option<u8>| bits.map(|bits| WindowBits::new(bits).unwrap());
    DeflateConfig {
        server_no_context_takeover: alone.contains('a'),
        client_no_context_takeover: alone.contains('b'),
        server_max_window_bits: bits(server),
        client_max_window_bits: bits(client),
    }
}

/// What a server answers, its parameters in short; "-" where it declines.
fn answer(config: DeflateConfig, offers: &[&str]) -> String {
    let fields: Vec<_> = offers.iter().map(|&value| ("Sec-WebSocket-Extensions", value)).collect();
    match config.answer(&fields[..]) {
        Ok(Some((_, value))) => {
            let value = value.as_str();
            let value = value.strip_prefix("permessage-deflate").unwrap();
            shorten(value.trim_start_matches("; "))
        }
        Ok(None) => "-".to_string(),
        Err(Malformed) => "malformed".to_string(),
    }
}

fn shorten(value: &str) -> String {
    value
        .replace("server_no_context_takeover", "a")
        .replace("client_no_context_takeover", "b")
        .replace("server_max_window_bits", "s")
        .replace("client_max_window_bits", "c")
}

/// The other way round, for values in which each parameter comes after a blank.
fn lengthen(value: &str) -> String {
    let mut long = String::new();
    for word in value.split_inclusive(' ') {
        let end = word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len());
        long += match &word[..end] {
            "p" => "permessage-deflate",
            "a" => "server_no_context_takeover",
            "b" => "client_no_context_takeover",
            "s" => "server_max_window_bits",
            "c" => "client_max_window_bits",
            other => other,
        };
        long += &word[end..];
    }
    long
}

#[test]
fn an_offer_is_accepted_or_declined_as_the_section_says() {
    let plain = config("", None, None);
    for (section, config, offer, expected) in [
        ("7.1", plain, "p", ""),
        ("7.1", DeflateConfig::server(), "p", "a; b"),
        ("7.1", plain, "p; x", "-"),
        ("7.1", plain, "p; x=1", "-"),
        ("7.1", plain, "p; a; a", "-"),
        ("7.1", plain, "p; b; b", "-"),
        ("7.1", plain, "p; s=10; s=10", "-"),
        ("7.1", plain, "p; c; c=10", "-"),
        ("7.1.1.1", plain, "p; a", "a"),
        ("7.1.1.1", plain, "p; a=1", "-"),
        ("7.1.1.1", plain, "p; a=\"\"", "-"),
        ("7.1.1.2", plain, "p; b", "b"),
        ("7.1.1.2", plain, "p; b=true", "-"),
        ("7.1.2.1", plain, "p; s=10", "s=10"),
        ("7.1.2.1", plain, "p; s=15", "s=15"),
        ("7.1.2.1", config("", Some(12), None), "p; s=10", "s=10"),
        ("7.1.2.1", config("", Some(12), None), "p; s=15", "s=12"),
        ("7.1.2.1", config("", Some(12), None), "p", "s=12"),
        ("7.1.2.1", plain, "p; s=8", "-"),
        ("7.1.2.1", plain, "p; s", "-"),
        ("7.1.2.2", plain, "p; c", ""),
        ("7.1.2.2", plain, "p; c=10", ""),
        ("7.1.2.2", plain, "p; c=8", ""),
        ("7.1.2.2", config("", None, Some(12)), "p", ""),
        ("7.1.2.2", config("", None, Some(12)), "p; c", "c=12"),
        ("7.1.2.2", config("", None, Some(12)), "p; c=15", "c=12"),
        ("7.1.2.2", config("", None, Some(12)), "p; c=10", "c=10"),
        ("7.1.2.2", config("", None, Some(12)), "p; c=8", ""),
    ] {
        let offer = lengthen(offer);
        assert_eq!(answer(config, &[&offer]), expected, "{section}: {offer}");
    }
}

#[test]
fn a_window_is_a_number_from_8_to_15() {
    let server = config("", None, Some(15));
    for bits in 8..=15 {
        for value in [format!("{bits}"), format!("\"{bits}\"")] {
            let declined = if bits == 8 { "-".into() } else { format!("s={bits}") };
            assert_eq!(answer(server, &[&lengthen(&format!("p; s={value}"))]), declined);
            let ignored = if bits == 8 { String::new() } else { format!("c={bits}") };
            assert_eq!(answer(server, &[&lengthen(&format!("p; c={value}"))]), ignored);
        }
    }
    for value in ["7", "16", "0", "08", "010", "+9", "-9", "9a", "1", "20", "100", "\"\"", "\" 9\""]
    {
        for name in ["s", "c"] {
            let offer = lengthen(&format!("p; {name}={value}"));
            assert_eq!(answer(server, &[&offer]), "-", "{offer}");
        }
    }
    // A quoted pair means the byte alone (RFC 9110 5.6.4).
    assert_eq!(answer(server, &[&lengthen("p; s=\"1\\0\"")]), "s=10");
}

#[test]
fn the_first_acceptable_offer_is_accepted() {
    let server = config("", None, None);
    for (offers, expected) in [
        (&["p; s=8, p; s=9, p"][..], "s=9"),
        (&["p; s=8", "x-other; a, p; a"], "a"),
        (&["x-other", "y; z=\"p, p\""], "-"),
        (&["p; x, p; a=1, p; s"], "-"),
        (&["p; x", "p"], ""),
        (&[], "-"),
        (&[""], "-"),
    ] {
        let offers: Vec<_> = offers.iter().map(|offer| lengthen(offer)).collect();
        let offers: Vec<_> = offers.iter().map(String::as_str).collect();
        assert_eq!(answer(server, &offers), expected, "{offers:?}");
    }
    // RFC 6455 9.1: behind an offer that would do, too.
    for malformed in ["p;", "p; =", "p, ;", "p; s=", "p; s=\"9", "p q"] {
        assert_eq!(answer(server, &[&lengthen(malformed)]), "malformed", "{malformed}");
    }
    // Names of extensions and parameters are compared as they are.
    assert_eq!(answer(server, &["Permessage-Deflate"]), "-");
}

#[test]
fn an_answer_is_held_against_the_offer() {
    let plain = config("", None, None);
    // A client's window of 8 bits is one that this side cannot compress with.
    let ok = |alone: &str, server, client: u8| {
        let config = config(alone, Some(server), Some(client.max(9)));
        Ok(Some(DeflateParams {
            server_no_context_takeover: config.server_no_context_takeover,
            client_no_context_takeover: config.client_no_context_takeover,
            server_max_window_bits: config.server_max_window_bits.unwrap(),
            client_max_window_bits: config.client_max_window_bits.unwrap(),
            client_uncompressed: client == 8,
        }))
    };
    let fails = Err(Failure::Extension);
    for (section, config, answers, expected) in [
        ("9.1", plain, &[][..], Ok(None)),
        ("9.1", plain, &[""], Ok(None)),
        ("9.1", plain, &["x"], fails),
        ("9.1", plain, &["p, x"], fails),
        ("9.1", plain, &["p", "x"], fails),
        ("9.1", plain, &["p;"], fails),
        ("5.1", plain, &["p, p"], fails),
        ("5.1", plain, &["p", "p"], fails),
        ("7.1", plain, &["p"], ok("", 15, 15)),
        ("7.1", plain, &["p; x"], fails),
        ("7.1", plain, &["p; a; a"], fails),
        ("7.1.1.1", plain, &["p; a"], ok("a", 15, 15)),
        ("7.1.1.1", plain, &["p; a=1"], fails),
        ("7.1.1.1", config("a", None, None), &["p; a"], ok("a", 15, 15)),
        ("7.1.1.1", config("a", None, None), &["p"], fails),
        ("7.1.1.2", plain, &["p; b"], ok("b", 15, 15)),
        ("7.1.1.2", config("b", None, None), &["p"], ok("b", 15, 15)),
        ("7.1.2.1", plain, &["p; s=10"], ok("", 10, 15)),
        ("7.1.2.1", plain, &["p; s=8"], ok("", 9, 15)),
        ("7.1.2.1", plain, &["p; s"], fails),
        ("7.1.2.1", config("", Some(12), None), &["p; s=12"], ok("", 12, 15)),
        ("7.1.2.1", config("", Some(12), None), &["p; s=\"10\""], ok("", 10, 15)),
        ("7.1.2.1", config("", Some(12), None), &["p; s=13"], fails),
        ("7.1.2.1", config("", Some(12), None), &["p"], fails),
        ("7.1.2.2", plain, &["p; c=15"], fails),
        ("7.1.2.2", config("", None, Some(15)), &["p"], ok("", 15, 15)),
        ("7.1.2.2", config("", None, Some(15)), &["p; c=9"], ok("", 15, 9)),
        ("7.1.2.2", config("", None, Some(15)), &["p; c"], fails),
        ("7.1.2.2", config("", None, Some(12)), &["p"], ok("", 15, 12)),
        ("7.1.2.2", config("", None, Some(12)), &["p; c=13"], fails),
        ("7.1.2.2", config("", None, Some(15)), &["p; c=8"], ok("", 15, 8)),
        ("7.1.2.2", config("b", None, Some(15)), &["p; b; c=8"], ok("b", 15, 8)),
        ("7.1.2.2", plain, &["p; c=8"], fails),
    ] {
        let fields: Vec<_> =
            answers.iter().map(|value| ("sec-websocket-extensions", lengthen(value))).collect();
        assert_eq!(config.verify(&fields[..]), expected, "{section}: {answers:?}");
    }
}

#[test]
fn the_longest_value_fits() {
    let most = config("ab", Some(15), Some(14));
    let value = most.offer();
    assert_eq!(value.as_ref().len(), LONGEST);
    assert_eq!(LONGEST, 128);
    let all = lengthen("p; a; b; s=15; c=14");
    assert_eq!(value.as_str(), all);
    assert_eq!(format!("{value:?}"), format!("{all:?}"));
    assert_eq!(config("", Some(9), None).offer().as_str(), lengthen("p; s=9"));
}

fn any_config() -> impl Strategy<Value = DeflateConfig> {
    let bits = || prop::option::of(9..=15u8);
    ("a?b?", bits(), bits()).prop_map(|(alone, server, client)| config(&alone, server, client))
}

proptest! {
    /// Whatever either side wants, they come to the same terms, and both get what they insist on.
    #[test]
    fn both_sides_agree(client in any_config(), server in any_config()) {
        let answer = server.answer(&[("Sec-WebSocket-Extensions", client.offer())]);
        let (theirs, value) = answer.unwrap().unwrap();
        let ours = client.verify(&[("Sec-WebSocket-Extensions", value)]).unwrap().unwrap();
        // What a client says of itself and the server leaves unsaid, only the client knows.
        prop_assert!(ours.client_max_window_bits <= theirs.client_max_window_bits);
        prop_assert_eq!(
            DeflateParams { client_max_window_bits: theirs.client_max_window_bits, ..ours },
            theirs
        );
        for wants in [client, server] {
            prop_assert!(ours.server_no_context_takeover >= wants.server_no_context_takeover);
            prop_assert!(ours.client_no_context_takeover >= wants.client_no_context_takeover);
            let most = wants.server_max_window_bits.unwrap_or_default();
            prop_assert!(ours.server_max_window_bits <= most);
        }
    }

    /// Total: whatever the fields hold.
    #[test]
    fn any_bytes(
        value in "(permessage-deflate|[;,= \"]|(server|client)_\
            (max_window_bits|no_context_takeover)|[0-9]|\\PC){0,12}"
    ) {
        let fields = [("Sec-WebSocket-Extensions", value)];
        let _ = DeflateConfig::server().answer(&fields);
        let _ = DeflateConfig::client().verify(&fields);
    }
}
