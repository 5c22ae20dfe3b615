//! What `Debug` prints may be logged: of payloads, fields' values, tokens, queries, subprotocols and keys
//! it says how long they are, at most.
//!
//! Every public type is filled wherever it can hold bytes of the caller's or the peer's, and printed; or
//! is listed as one that holds none. The types are read from `src/`, so that none is forgotten.

mod h1;
mod sse;
mod ws;

use std::any::type_name;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use wirefeed::fields::{Field, Lines};
use wirefeed::grammar::{Target, Value, elements, media_type};
use wirefeed::text::{Lossy, Validator};
use wirefeed::{Outbox, Step};

/// What must not be printed, in each place.
const SECRET: &str = "s3cret";

/// How it could be: as text, as a list of bytes, in hexadecimal, in base64; and half a character.
const PRINTED: &[&str] = &["s3cr", "115,51,99", "0x73,0x33,0x63", "733363", "czNjc", "226,130"];

/// Half a character, which a decoder of text must keep.
const HALF: &[u8] = b"s3cret\xe2\x82";

#[test]
fn nothing_secret_is_printed_of_any_public_type() {
    let mut shown = Shown::default();
    of_the_root(&mut shown);
    h1::show(&mut shown);
    sse::show(&mut shown);
    ws::show(&mut shown);

    assert!(shown.leaks.is_empty(), "{:#?}", shown.leaks);

    let types = public_types();
    let unknown: Vec<&String> = shown.names.difference(&types).collect();
    assert!(unknown.is_empty(), "what is shown stands elsewhere: {unknown:?}");
    let mut others: Vec<&str> = types.difference(&shown.names).map(String::as_str).collect();
    for bare in WITHOUT_PAYLOAD {
        let place = others.iter().position(|other| other == bare);
        let place = place.unwrap_or_else(|| panic!("{bare} is filled, or does not exist"));
        others.remove(place);
    }
    assert!(others.is_empty(), "neither filled nor listed as without payload: {others:#?}");
}

/// The types that were shown.
#[derive(Default)]
struct Shown {
    names: BTreeSet<String>,
    /// What was printed that must not be.
    leaks: BTreeSet<String>,
}

impl Shown {
    /// Prints a value that holds the secret.
    fn hides<T: Debug>(&mut self, value: &T) {
        self.hides_also(value, &[]);
    }

    /// The same for a value that holds these bytes too.
    fn hides_also<T: Debug>(&mut self, value: &T, bytes: &[u8]) {
        let name = type_name::<T>().split('<').next().unwrap_or_default();
        self.names.insert(name.to_owned());
        let list: Vec<String> = bytes.iter().take(4).map(ToString::to_string).collect();
        let text = String::from_utf8_lossy(bytes.get(..4).unwrap_or_default());
        let also = [list.join(","), text.into_owned()];
        let secrets = PRINTED.iter().copied().chain(also.iter().map(String::as_str));
        for printed in [format!("{value:?}"), format!("{value:#?}")] {
            let packed: String = printed.chars().filter(|char| !char.is_whitespace()).collect();
            for secret in secrets.clone().filter(|secret| !secret.is_empty()) {
                if packed.contains(secret) {
                    self.leaks.insert(format!("{name} prints {secret}"));
                }
            }
        }
    }
}

/// Those whose fields are numbers, switches, and names of what may happen; by protocol.
const WITHOUT_PAYLOAD: &[&str] = &[
    "wirefeed::kernel::backoff::Backoff",
    "wirefeed::kernel::error::ApiMisuse",
    "wirefeed::kernel::error::Blame",
    "wirefeed::kernel::error::SendError",
    "wirefeed::kernel::grammar::Malformed",
    "wirefeed::kernel::grammar::target::TargetForm",
    "wirefeed::kernel::step::End",
    "wirefeed::kernel::step::Wants",
    "wirefeed::kernel::time::Instant",
    "wirefeed::h1::Version",
    "wirefeed::h1::chunked::Config",
    "wirefeed::h1::chunked::chunk_header::ChunkHeader",
    "wirefeed::h1::client::exchange::ClientSide",
    "wirefeed::h1::config::Config",
    "wirefeed::h1::error::ErrorKind",
    "wirefeed::h1::framing::Framing",
    "wirefeed::h1::head::config::Config",
    "wirefeed::h1::head::start_line::RequestLine",
    "wirefeed::h1::head::start_line::StatusLine",
    "wirefeed::h1::server::exchange::ServerSide",
    // In the signatures of sealed traits: nothing outside the crate can name these.
    "wirefeed::h1::client::exchange::Request",
    "wirefeed::h1::content::Part",
    "wirefeed::h1::head::parser::Parser",
    "wirefeed::h1::head::start_line::Seen",
    "wirefeed::h1::output::Output",
    "wirefeed::h1::side::Opened",
    "wirefeed::sse::config::Config",
    "wirefeed::sse::error::ErrorKind",
    "wirefeed::replay::config::Config",
    "wirefeed::sse::server::config::Mode",
    "wirefeed::sse::server::config::Config",
    "wirefeed::sse::server::Resumed",
    "wirefeed::sse::server::config::Overflow",
    "wirefeed::sse::client::event::Disconnected",
    "wirefeed::sse::client::event::ReadyState",
    "wirefeed::sse::client::event::Reason",
    "wirefeed::sse::client::config::Config",
    "wirefeed::ws::close_code::CloseCode",
    "wirefeed::ws::close::Ending",
    "wirefeed::ws::deflate::deflater::Config",
    "wirefeed::ws::error::ErrorKind",
    // The parameters that this crate knows, and numbers.
    "wirefeed::ws::handshake::extensions::DeflateConfig",
    "wirefeed::ws::handshake::extensions::DeflateParams",
    "wirefeed::ws::handshake::extensions::ExtensionValue",
    "wirefeed::ws::handshake::extensions::WindowBits",
    "wirefeed::ws::handshake::error::Failure",
    "wirefeed::ws::handshake::protocols::Preference",
    "wirefeed::ws::handshake::error::Refusal",
    "wirefeed::ws::handshake::error::RefusalKind",
    "wirefeed::ws::frame::opcode::Masking",
    "wirefeed::ws::frame::opcode::Opcode",
    "wirefeed::ws::message::config::Config",
    "wirefeed::ws::message::config::Exceeded",
    "wirefeed::ws::message::event::Kind",
    "wirefeed::ws::role::ServerRole",
    "wirefeed::ws::session::config::Config",
    "wirefeed::ws::url::UrlError",
];

/// All public structs and enums of `src/`, each with the path of its module.
fn public_types() -> BTreeSet<String> {
    let mut types = BTreeSet::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "wirefeed", &mut types);
    assert!(types.len() > 100, "only {types:?}");
    types
}

fn walk(folder: &Path, module: &str, types: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let inside = match stem {
            "lib" | "mod" => module.to_owned(),
            stem => format!("{module}::{stem}"),
        };
        if path.is_dir() {
            walk(&path, &inside, types);
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines() {
            let line = line.trim_start();
            let is = |kind| line.strip_prefix(kind);
            let Some(rest) = is("pub struct ").or_else(|| is("pub enum ")) else { continue };
            let name = rest.split(|char: char| !(char.is_alphanumeric() || char == '_')).next();
            types.insert(format!("{inside}::{}", name.unwrap_or_default()));
        }
    }
}

fn of_the_root(shown: &mut Shown) {
    let field = Field { name: "Cookie", value: SECRET.as_bytes() };
    shown.hides(&field);
    shown.hides(&Lines(b"Cookie: s3cret\r\n"));

    let media_type = media_type(b"s3cret/s3cret; s3cret=s3cret").unwrap();
    shown.hides(&media_type);
    shown.hides(&media_type.parameters);
    let mut parameters = media_type.parameters;
    shown.hides(&parameters.next().unwrap());
    shown.hides(&elements(b"s3cret; s3cret=\"s3cret\"").next().unwrap().unwrap());
    for value in [Value::Token(SECRET.as_bytes()), Value::Quoted(SECRET.as_bytes())] {
        shown.hides(&value);
    }
    for target in ["/s3cret?s3cret", "http://a/s3cret?s3cret"] {
        shown.hides(&Target::parse("GET", target).unwrap());
    }

    let mut outbox = Outbox::new();
    outbox.copy(SECRET.as_bytes()).unwrap();
    outbox.share(Bytes::from(SECRET.repeat(1000))).unwrap();
    shown.hides(&outbox);

    let (mut validator, mut lossy) = (Validator::new(), Lossy::new());
    validator.validate(HALF).unwrap();
    let mut half = HALF;
    while let Step::Item(_) = lossy.decode(&mut half) {}
    shown.hides(&validator);
    shown.hides(&lossy);

    shown.hides(&Step::Item(field));
}
