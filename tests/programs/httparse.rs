//! Heads, read by this crate and by httparse: what both accept is the same, and what one alone accepts
//! is of a known class, which the specification decides.

mod judge;

use std::cell::RefCell;
use std::collections::BTreeMap;

use judge::{CLASSES, Kind, judge};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;

type Heads = BoxedStrategy<(Kind, Vec<u8>)>;

#[test]
fn both_read_the_same_or_differ_in_a_known_way() {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let hits = RefCell::new(BTreeMap::new());
    for (name, heads) in [("valid", valid()), ("mutated", mutated()), ("arbitrary", arbitrary())] {
        let mut runner = TestRunner::new(config.clone());
        let outcome = runner.run(&heads, |(kind, wire)| {
            let class = judge(kind, &wire).map_err(TestCaseError::fail)?;
            let both_accept = name != "valid" || class.is_none();
            prop_assert!(both_accept, "{}", wire.escape_ascii());
            *hits.borrow_mut().entry(class.map_or("none", |class| class.name)).or_insert(0) += 1;
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{name} heads: {error}"));
    }
    let hits = hits.into_inner();
    println!("{hits:#?}");
    if config.cases >= 10_000 {
        let dead = CLASSES.iter().map(|class| class.name).filter(|name| !hits.contains_key(name));
        assert_eq!(dead.collect::<Vec<_>>(), [""; 0], "a class that is never hit is none");
    }
}

#[test]
fn each_class_has_an_example() {
    for class in CLASSES {
        let (kind, wire) = class.example;
        let found = judge(kind, wire).unwrap_or_else(|error| panic!("{}: {error}", class.name));
        assert_eq!(found.map(|found| found.name), Some(class.name));
        assert!(class.section.starts_with("RFC 9"), "{}: {}", class.name, class.section);
    }
}

#[test]
fn what_neither_accepts_is_no_difference() {
    // Neither joins folds by default.
    assert!(judge(Kind::Response, b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n").unwrap().is_none());
    // One head is looked at; and both wait for its end.
    assert!(judge(Kind::Request, b"GET / HTTP/1.1\r\n\r\nGET").unwrap().is_none());
    assert!(judge(Kind::Request, b"GET / HTTP/1.1\r\n").unwrap().is_none());
}

/// Heads that both must accept.
fn valid() -> Heads {
    let request = (method(), target(), version()).prop_map(|(method, target, version)| {
        let target = match method.as_str() {
            "CONNECT" => "a.example:443".into(),
            _ => target,
        };
        (Kind::Request, format!("{method} {target} {version}"))
    });
    let line = prop_oneof![request, status_line().prop_map(|line| (Kind::Response, line))];
    let value = "[ \t]{0,2}([!-~\u{e9}]([ -~\t\u{e9}]{0,12}[!-~])?)?[ \t]{0,2}";
    let strict = (any::<bool>(), line, vec((NAME, value), 0..5), "(GET / HTTP/1.1\r\n|a|\r\n)?")
        .prop_map(|(empty_line, (kind, line), fields, rest)| {
            let front = if empty_line && kind == Kind::Request { "\r\n" } else { "" };
            let mut wire = format!("{front}{line}\r\n");
            for (name, value) in fields {
                wire += &format!("{name}:{value}\r\n");
            }
            (kind, (wire + "\r\n" + &rest).into_bytes())
        });
    // Folded, or with blanks before the colon, where that is put up with.
    let folded = "([!-~]{1,3}( |\r\n[ \t]{1,2}|\t\r\n \r\n\t)){0,3}[!-~]{0,3}( |\r\n )?";
    let lenient = (status_line(), vec((NAME, "[ \t]{0,2}", folded), 0..5));
    let lenient = lenient.prop_map(|(line, fields)| {
        let mut wire = format!("{line}\r\n");
        for (name, blanks, value) in fields {
            wire += &format!("{name}{blanks}:{value}\r\n");
        }
        (Kind::LenientResponse, (wire + "\r\n").into_bytes())
    });
    prop_oneof![3 => strict, 1 => lenient].boxed()
}

const NAME: &str = "[-!#$%&'*+.^_`|~0-9A-Za-z]{1,10}";

fn status_line() -> impl Strategy<Value = String> {
    (version(), 100..1000_u16, "( [ -~\t\u{e9}]{0,12})?")
        .prop_map(|(version, status, reason)| format!("{version} {status}{reason}"))
}

fn method() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec!["GET", "POST", "OPTIONS", "CONNECT"]).prop_map(String::from),
        "[-!#$%&'*+.^_`|~0-9A-Za-z]{1,8}",
    ]
}

fn target() -> impl Strategy<Value = String> {
    prop_oneof![
        "/[!$%&'()*+,./0-9:;=?@A-Z\\[\\]\\\\^_`a-z{|}~-]{0,16}",
        "(http|a\\+b-1\\.c)://(a\\.example|\\[::1\\]|\\[v1\\.a\\]|a%41)(:[0-9]{0,5})?(/a)?(\\?b)?",
    ]
}

fn version() -> impl Strategy<Value = &'static str> {
    select(vec!["HTTP/1.1", "HTTP/1.0"])
}

/// Heads in which a few bytes, or a part of the start line, are changed.
fn mutated() -> Heads {
    (valid(), vec((any::<prop::sample::Index>(), mutation()), 1..4))
        .prop_map(|((kind, mut wire), mutations)| {
            for (at, mutation) in mutations {
                mutation.apply(&mut wire, at);
            }
            (kind, wire)
        })
        .boxed()
}

#[derive(Debug, Clone)]
enum Mutation {
    Insert(&'static [u8]),
    Replace(u8),
    Delete,
    /// CRLF becomes LF.
    BareLf,
    Front(&'static [u8]),
    Target(&'static [u8]),
    Start(&'static [u8]),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        select(INSERTED.to_vec()).prop_map(Mutation::Insert),
        any::<u8>().prop_map(Mutation::Replace),
        Just(Mutation::Delete),
        Just(Mutation::BareLf),
        select(vec![&b"\r\n"[..], b"\n", b"\r\n\r\n", b"\r\n\n", b"\r", b" "])
            .prop_map(Mutation::Front),
        select(TARGETS.to_vec()).prop_map(Mutation::Target),
        select(STARTS.to_vec()).prop_map(Mutation::Start),
    ]
}

impl Mutation {
    fn apply(&self, wire: &mut Vec<u8>, at: prop::sample::Index) {
        let find = |what: &[u8]| wire.windows(what.len()).position(|window| window == what);
        match self {
            Self::Insert(bytes) => {
                let at = at.index(wire.len() + 1);
                wire.splice(at..at, bytes.iter().copied());
            }
            Self::Replace(byte) if !wire.is_empty() => {
                let at = at.index(wire.len());
                wire[at] = *byte;
            }
            Self::Delete if !wire.is_empty() => {
                wire.remove(at.index(wire.len()));
            }
            Self::BareLf => {
                let ends: Vec<usize> =
                    (0..wire.len()).filter(|&at| wire[at..].starts_with(b"\r\n")).collect();
                if !ends.is_empty() {
                    wire.remove(ends[at.index(ends.len())]);
                }
            }
            Self::Front(bytes) => drop(wire.splice(..0, bytes.iter().copied())),
            Self::Target(target) => {
                if let (Some(from), Some(to)) = (find(b" "), find(b" HTTP/")) {
                    if from < to {
                        wire.splice(from + 1..to, target.iter().copied());
                    }
                }
            }
            Self::Start(line) => {
                if let Some(end) = find(b"\r\n") {
                    wire.splice(..end, line.iter().copied());
                }
            }
            Self::Replace(_) | Self::Delete => {}
        }
    }
}

const INSERTED: &[&[u8]] = &[
    b"\r",
    b"\n",
    b"\r\n",
    b" ",
    b"\t",
    b":",
    b"\0",
    b"\x7f",
    b"\xe9",
    b"\"",
    b"#",
    b"@",
    b"\r\n ",
    b"\r\n\r\n",
];
const TARGETS: &[&[u8]] = &[
    b"*",
    b"**",
    b"",
    b"a",
    b"a:80",
    b"?a",
    b"http:",
    b"http://",
    b"http:///a",
    b"http://a:b/",
    b"http://[::1",
    b"http://u@a/",
    b"http://u:p@a?b",
    b"1a://b/",
    b"mailto:a",
    b"/#",
    b"/<",
    b"/\xc3\xa9",
    b"/\xe9",
    b"a:0",
    b"a:65536",
    b"a:443",
    b"[::1]:1",
    b"http://a%4/",
    b"a://[v1.]/",
];
const STARTS: &[&[u8]] = &[
    b"HTTP/1.1 099 a",
    b"HTTP/1.0 000",
    b"HTTP/1.1 20",
    b"HTTP/1.2 200 OK",
    b"HTTP/1.9 200",
    b"HTTP/2.0 200",
    b"GET / HTTP/1.2",
    b"GET / HTTP/1.",
    b"GET / HTTP/0.9",
    b"CONNECT a:1 HTTP/1.1",
    b"CONNECT a HTTP/1.1",
    b"CONNECT / HTTP/1.1",
    b"OPTIONS * HTTP/1.1",
    b"GET  / HTTP/1.1",
    b"GET /",
    b"http/1.1 200 OK",
];

/// Bytes of any kind behind the beginning of a head.
fn arbitrary() -> Heads {
    let byte = prop_oneof![4 => select(b"\r\n :\tAa0/.*\"#".to_vec()), 1 => any::<u8>()];
    let begin = select(vec![
        (Kind::Request, &b"GET "[..]),
        (Kind::Request, b"GET / HTTP/1."),
        (Kind::Request, b"GET / HTTP/1.1\r\n"),
        (Kind::Request, b""),
        (Kind::Response, b"HTTP/1.1 "),
        (Kind::Response, b"HTTP/1.1 200"),
        (Kind::Response, b"HTTP/1.1 200 OK\r\n"),
        (Kind::Response, b""),
        (Kind::LenientResponse, b"HTTP/1.1 200 OK\r\nA"),
        (Kind::LenientResponse, b"HTTP/1.1 200 OK\r\nA: b\r\n"),
    ]);
    (begin, vec(byte, 0..24), any::<bool>())
        .prop_map(|((kind, begin), middle, ends)| {
            let end: &[u8] = if ends { b"\r\n\r\n" } else { b"" };
            (kind, [begin, &middle, end].concat())
        })
        .boxed()
}
