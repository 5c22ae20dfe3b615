//! Heads, chunks, bodies.

use std::marker::PhantomData;

use proptest::prelude::*;
use wirefeed::Fields;
use wirefeed::grammar::{Parameter, Value};
use wirefeed::h1::head::{Head, RequestLine, StartLine, StatusLine};
use wirefeed::h1::{Framing, body, chunked, head};

use super::generic::Decoding;
use crate::harness::{Part, Show, part};

/// Chunked bodies.
pub(crate) struct Chunked;

impl Decoding for Chunked {
    type Codec = chunked::Decoder;
    const LIMIT: usize = 0;

    fn small() -> chunked::Decoder {
        chunked::Decoder::with_config(config())
    }

    fn show<'m, 'b: 'm>(item: chunked::Item<'b>, show: Show<'_>) {
        match item {
            chunked::Item::Extension(piece) => show("extension", piece, true),
            chunked::Item::Chunk(size) => show("chunk", &size.to_be_bytes(), false),
            chunked::Item::Data(piece) => show("data", piece, true),
            chunked::Item::Trailers(piece) => show("trailers", piece, true),
        }
    }

    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)> {
        (chunks(), fields()).prop_map(|(chunks, trailers)| encode(&chunks, &trailers)).boxed()
    }

    fn long(len: usize) -> Vec<u8> {
        b"1;a\r\nx\r\n".repeat(len / 8)
    }
}

/// Bodies of known length, in chunks, or until the connection closes.
pub(crate) struct Body<const FRAMING: usize>;

const FRAMINGS: [Framing; 3] =
    [Framing::Length(LENGTH as u64), Framing::Chunked, Framing::UntilClose];
const LENGTH: usize = 40;

impl<const FRAMING: usize> Decoding for Body<FRAMING> {
    type Codec = body::Decoder;
    const LIMIT: usize = 0;

    fn small() -> body::Decoder {
        body::Decoder::with_config(FRAMINGS[FRAMING], config())
    }

    fn show<'m, 'b: 'm>(item: body::Item<'b>, show: Show<'_>) {
        match item {
            body::Item::Data(piece) => show("data", piece, true),
            body::Item::Trailers(piece) => show("trailers", piece, true),
        }
    }

    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)> {
        let bytes = prop::collection::vec(any::<u8>(), LENGTH..LENGTH + 1);
        match FRAMINGS[FRAMING] {
            Framing::Chunked => (chunks(), fields())
                .prop_map(|(chunks, trailers)| {
                    let (wire, parts) = encode(&chunks, &trailers);
                    let mut merged: Vec<Part> = vec![];
                    for part in parts {
                        match merged.last_mut() {
                            Some(last) if last.name == part.name => last.bytes.extend(part.bytes),
                            _ if matches!(part.name, "data" | "trailers") => merged.push(part),
                            _ => {}
                        }
                    }
                    (wire, merged)
                })
                .boxed(),
            _ => bytes.prop_map(|bytes| (bytes.clone(), vec![part("data", bytes)])).boxed(),
        }
    }

    fn long(len: usize) -> Vec<u8> {
        Chunked::long(len)
    }
}

/// Request heads.
pub(crate) type Request = OneHead<RequestLine>;
/// Response heads.
pub(crate) type Response = OneHead<StatusLine>;

/// A head and nothing else.
pub(crate) struct OneHead<L>(PhantomData<L>);

/// A start line that can be made up and shown.
pub(crate) trait Line: StartLine + Sized {
    fn line() -> BoxedStrategy<(String, Vec<Part>)>;
    fn show(head: &Head<'_, Self>, show: Show<'_>);
}

impl Line for RequestLine {
    fn line() -> BoxedStrategy<(String, Vec<Part>)> {
        ("[A-Z!#-]{1,6}", "/[!$-;=?-~]{0,20}")
            .prop_map(|(method, target)| {
                let line = format!("{method} {target} HTTP/1.1\r\n");
                (line, vec![part("method", method), part("target", target)])
            })
            .boxed()
    }

    fn show(head: &Head<'_, Self>, show: Show<'_>) {
        show("method", head.method().as_bytes(), false);
        show("target", head.target().as_bytes(), false);
    }
}

impl Line for StatusLine {
    fn line() -> BoxedStrategy<(String, Vec<Part>)> {
        (100u16..=999, "[ -~\t\u{e9}]{0,20}")
            .prop_map(|(status, reason)| {
                let line = format!("HTTP/1.1 {status} {reason}\r\n");
                (line, vec![part("status", status.to_be_bytes()), part("reason", reason)])
            })
            .boxed()
    }

    fn show(head: &Head<'_, Self>, show: Show<'_>) {
        show("status", &head.status().to_be_bytes(), false);
        show("reason", head.reason(), false);
    }
}

impl<L: Line + 'static> Decoding for OneHead<L> {
    type Codec = head::Decoder<L>;
    const LIMIT: usize = 400;

    fn small() -> head::Decoder<L> {
        head::Decoder::with_config(with_limits(head::Config::default(), Some(400), Some(8)))
    }

    fn roomy() -> head::Decoder<L> {
        head::Decoder::with_config(with_limits(head::Config::default(), None, None))
    }

    fn show<'m, 'b: 'm>(head: Head<'m, L>, show: Show<'_>) {
        L::show(&head, show);
        for field in head.fields() {
            show("name", field.name.as_bytes(), false);
            show("value", field.value, false);
        }
    }

    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)> {
        (L::line(), fields())
            .prop_map(|((line, mut parts), fields)| {
                let mut wire = line.into_bytes();
                for (name, value) in fields {
                    wirefeed::fields::encode(&name, &value, &mut wire).unwrap();
                    parts.extend([part("name", &name), part("value", value.trim_ascii())]);
                }
                wire.extend(b"\r\n");
                (wire, parts)
            })
            .boxed()
    }

    fn long(len: usize) -> Vec<u8> {
        let mut wire = b"GET / HTTP/1.1\r\n".to_vec();
        wire.extend(b"A: b\r\n".repeat(len / 6));
        wire
    }
}

/// Response heads of servers that need leniency: folded lines, blanks before colons, a status below 100.
pub(crate) struct LenientResponse;

impl Decoding for LenientResponse {
    type Codec = head::Decoder<StatusLine>;
    const LIMIT: usize = 400;

    fn small() -> Self::Codec {
        head::Decoder::with_config(with_limits(lenient(), Some(400), Some(8)))
    }

    fn roomy() -> Self::Codec {
        head::Decoder::with_config(with_limits(lenient(), None, None))
    }

    fn show<'m, 'b: 'm>(head: Head<'m, StatusLine>, show: Show<'_>) {
        OneHead::<StatusLine>::show(head, show);
    }

    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)> {
        let field = ("[a-z]{1,5}", "[ \t]{0,2}", prop::collection::vec("[a-z]{1,5}", 1..4));
        (0u16..=999, prop::collection::vec(field, 0..5))
            .prop_map(|(status, fields)| {
                let mut wire = format!("HTTP/1.1 {status:03} a\r\n");
                let status = if status < 100 { status + 500 } else { status };
                let mut parts = vec![part("status", status.to_be_bytes()), part("reason", "a")];
                for (name, blanks, lines) in fields {
                    wire += &format!("{name}{blanks}:{}\r\n", lines.join(" \r\n\t"));
                    parts.extend([part("name", name), part("value", lines.join("    "))]);
                }
                ((wire + "\r\n").into_bytes(), parts)
            })
            .boxed()
    }

    fn long(len: usize) -> Vec<u8> {
        let mut wire = b"HTTP/1.1 200 OK\r\nA: b\r\n".to_vec();
        wire.extend(b" \r\n c\r\n".repeat(len / 7));
        wire
    }
}

fn with_limits(
    mut config: head::Config,
    head: Option<usize>,
    fields: Option<usize>,
) -> head::Config {
    (config.head, config.fields) = (head, fields);
    config
}

fn lenient() -> head::Config {
    let mut config = head::Config::default();
    (config.allow_folds, config.allow_space_before_colon) = (true, true);
    config.allow_low_status = true;
    config
}

/// Small limits, so that streams reach them.
pub(crate) fn config() -> chunked::Config {
    let mut config = chunked::Config::default();
    (config.overhead, config.trailers) = (Some(60), Some(200));
    config
}

type Chunk = (Vec<u8>, Option<(String, Option<String>)>);

fn chunks() -> impl Strategy<Value = Vec<Chunk>> {
    let extension =
        prop::option::of(("[a-z!]{1,4}", prop::option::of("[ -!#-\\[\\]-~\u{e9}]{0,6}")));
    prop::collection::vec((prop::collection::vec(any::<u8>(), 1..40), extension), 0..5)
}

pub(crate) fn fields() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let value = prop::collection::vec(prop_oneof![Just(9u8), 32..=126u8, 128..=255u8], 0..20);
    prop::collection::vec(
        (
            "[A-Za-z!-]{1,10}"
                .prop_filter("a token", |name| !name.contains(['"', '(', ')', ',', '/'])),
            value,
        ),
        0..4,
    )
}

/// A chunked body from the crate's own encoder, and what it must decode to.
fn encode(chunks: &[Chunk], trailers: &[(String, Vec<u8>)]) -> (Vec<u8>, Vec<Part>) {
    let (mut wire, mut parts) = (Vec::new(), Vec::new());
    for (data, extension) in chunks {
        let extensions: Vec<Parameter<'_>> = extension
            .iter()
            .map(|(name, value)| Parameter {
                name: name.as_bytes(),
                value: value.as_ref().map(|value| Value::Quoted(value.as_bytes())),
            })
            .collect();
        let from = wire.len();
        chunked::encode_chunk(data, &extensions, &mut wire).unwrap();
        if extension.is_some() {
            let line = wire[from..].split(|&byte| byte == b'\r').next().unwrap();
            let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
            parts.push(part("extension", &line[digits..]));
        }
        parts.push(part("chunk", (data.len() as u64).to_be_bytes()));
        parts.push(part("data", data));
    }
    parts.push(part("chunk", 0u64.to_be_bytes()));
    let from = wire.len() + 3;
    chunked::encode_end(trailers, &mut wire).unwrap();
    let lines = &wire[from..wire.len() - 2];
    if !lines.is_empty() {
        parts.push(part("trailers", lines));
    }
    (wire, parts)
}
