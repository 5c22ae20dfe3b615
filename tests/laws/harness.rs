//! The laws as checks on anything that decodes.

#![allow(dead_code, reason = "the tests that share this file each need a part")]

use std::cell::Cell;
use std::time::Instant;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use wirefeed::Step;

use crate::memory;

/// A decoder or machine under test.
pub(crate) trait Subject: Sized {
    /// What it may hold: its limits together.
    const LIMIT: usize;
    /// What it may hold besides, whatever the bytes: small buffers, a table of fields.
    const CONSTANT: usize = 2048;

    /// With small limits, which streams reach.
    fn new() -> Self;

    /// With limits that the streams of [`long`](Self::long) do not reach.
    fn roomy() -> Self {
        Self::new()
    }

    /// One call, which shows the item it yields as parts.
    fn step(&mut self, input: &mut &[u8], show: Show<'_>) -> Flow;

    /// The end of the stream.
    fn finish(&mut self, show: Show<'_>) -> Flow;

    /// Readies it for another stream; false where a machine has no reset.
    fn reset(&mut self) -> bool;

    /// Streams that its encoder made, with the parts that they must decode to.
    fn streams() -> BoxedStrategy<(Vec<u8>, Vec<Part>)>;

    /// A stream of about this many bytes, for the law of linear time.
    fn long(len: usize) -> Vec<u8>;
}

/// Takes a part: its name, its bytes, and whether it goes on with a part of the same name.
pub(crate) type Show<'s> = &'s mut dyn FnMut(&'static str, &[u8], bool);

/// What a call came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Flow {
    Item,
    NeedInput,
    Done,
    Failed(Failure),
}

impl Flow {
    /// A step, whose item is shown.
    pub(crate) fn of<T, E: Into<Failure>>(step: Result<Step<T>, E>, show: impl FnOnce(T)) -> Self {
        match step {
            Ok(Step::Item(item)) => {
                show(item);
                Self::Item
            }
            Ok(Step::NeedInput) => Self::NeedInput,
            Ok(Step::Done) => Self::Done,
            Err(error) => Self::Failed(error.into()),
        }
    }

    /// An end of stream, which may yield one more item.
    pub(crate) fn end<T, E: Into<Failure>>(
        finished: Result<Option<T>, E>,
        show: impl FnOnce(T),
    ) -> Self {
        Self::of(finished.map(|item| item.map_or(Step::Done, Step::Item)), show)
    }
}

/// An error.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    pub(crate) kind: String,
    pub(crate) at: u64,
}

impl<K: std::fmt::Debug> From<wirefeed::Error<K>> for Failure {
    fn from(error: wirefeed::Error<K>) -> Self {
        Self { kind: format!("{:?}", error.kind), at: error.at }
    }
}

/// A part of an item.
#[derive(Clone, PartialEq)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.bytes.escape_ascii())
    }
}

pub(crate) fn part(name: &'static str, bytes: impl AsRef<[u8]>) -> Part {
    Part { name, bytes: bytes.as_ref().to_vec() }
}

/// All that a stream came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trace {
    pub(crate) parts: Vec<Part>,
    pub(crate) end: Flow,
    /// Bytes used before `Done`.
    used: Option<usize>,
}

/// A law, by its number, and how it was broken.
#[derive(Debug)]
pub(crate) struct Broken(pub(crate) u8, pub(crate) String);

macro_rules! ensure {
    ($law:literal, $holds:expr, $($words:tt)*) => {
        if !$holds {
            return Err(Broken($law, format!($($words)*)));
        }
    };
}

/// Feeds pieces and then the end of the stream, under the laws that every call obeys.
pub(crate) fn trace<S: Subject>(subject: &mut S, pieces: &[&[u8]]) -> Result<Trace, Broken> {
    let (mut parts, mut used) = (Vec::<Part>::new(), 0);
    let mut show = |name, bytes: &[u8], joins| match parts.last_mut() {
        Some(last) if joins && last.name == name => last.bytes.extend_from_slice(bytes),
        _ => parts.push(part(name, bytes)),
    };
    let junk = b"\x00\r\n: junk\xff";
    for piece in pieces {
        let (mut input, mut idle) = (*piece, 0);
        loop {
            let before = input.len();
            let flow = subject.step(&mut input, &mut show);
            idle = if before == input.len() { idle + 1 } else { 0 };
            let at = used + piece.len() - input.len();
            match flow {
                Flow::Item => ensure!(1, idle < 8, "items without end from no bytes at {at}"),
                Flow::NeedInput => {
                    ensure!(1, input.is_empty(), "NeedInput with {} bytes left", input.len());
                    break;
                }
                Flow::Done => {
                    for _ in 0..2 {
                        let mut more = &junk[..];
                        let again = subject.step(&mut more, &mut |_, _, _| {});
                        ensure!(5, again == Flow::Done, "{again:?} after Done");
                        ensure!(5, more.len() == junk.len(), "bytes were used after Done");
                    }
                    let over = subject.finish(&mut |_, _, _| {});
                    ensure!(5, over == Flow::Done, "{over:?} at the end of stream after Done");
                    return Ok(Trace { parts, end: Flow::Done, used: Some(at) });
                }
                Flow::Failed(failure) => {
                    let stands = input.is_empty() || at as u64 == failure.at;
                    ensure!(2, stands, "input stands at {at} after {failure:?}");
                    for _ in 0..2 {
                        let again = subject.step(&mut &junk[..], &mut |_, _, _| {});
                        ensure!(4, again == Flow::Failed(failure.clone()), "{again:?} later");
                    }
                    let over = subject.finish(&mut |_, _, _| {});
                    ensure!(4, over == Flow::Failed(failure.clone()), "{over:?} at the end");
                    return Ok(Trace { parts, end: Flow::Failed(failure), used: None });
                }
            }
        }
        used += piece.len();
    }
    let end = loop {
        match subject.finish(&mut show) {
            Flow::Item => {}
            flow => break flow,
        }
    };
    ensure!(5, end != Flow::NeedInput, "NeedInput at the end of the stream");
    let again = subject.finish(&mut |_, _, _| {});
    ensure!(4, again == end, "{again:?} after {end:?}");
    Ok(Trace { parts, end, used: None })
}

/// All laws on one stream, cut at these places besides.
pub(crate) fn obeys<S: Subject>(wire: &[u8], cuts: &[usize]) -> Result<Trace, Broken> {
    let whole = trace(&mut S::new(), &[wire])?;
    let again = trace(&mut S::new(), &[wire])?;
    ensure!(7, whole == again, "the same bytes came to {again:?} and to {whole:?}");

    let single: Vec<&[u8]> = wire.chunks(1).collect();
    let mut subject = S::new();
    let cut = trace(&mut subject, &single)?;
    ensure!(2, cut == whole, "one byte a call: {cut:?}, whole: {whole:?}");
    if subject.reset() {
        let reset = trace(&mut subject, &[wire])?;
        ensure!(4, reset == whole, "after reset: {reset:?}, before: {whole:?}");
    }
    let cut = trace(&mut S::new(), &pieces(wire, cuts))?;
    ensure!(2, cut == whole, "cut at {cuts:?}: {cut:?}, whole: {whole:?}");

    for pieces in [&[wire][..], &single] {
        let peak = memory::peak_of(|| {
            let mut subject = S::new();
            for mut input in pieces.iter().copied() {
                while subject.step(&mut input, &mut |_, _, _| {}) == Flow::Item {}
            }
        });
        let most = S::LIMIT.min(8 * wire.len()) + S::CONSTANT;
        ensure!(3, peak <= most, "{peak} bytes held for {} bytes of input", wire.len());
    }
    Ok(whole)
}

/// The law of the round trip: an encoder's stream, whole, means what was encoded.
pub(crate) fn returns<S: Subject>(wire: &[u8], parts: &[Part]) -> Result<(), Broken> {
    let found = trace(&mut S::roomy(), &[wire])?;
    ensure!(9, found.parts == parts, "{:?} instead of {parts:?}", found.parts);
    Ok(())
}

/// The law of linear time, one byte a call: four times the bytes take about four times as long, where
/// looking at everything again would take sixteen times.
pub(crate) fn is_linear<S: Subject>() -> Result<(), Broken> {
    let time = |len: usize| {
        let wire = S::long(len);
        let runs = (0..5).map(|_| {
            let mut subject = S::roomy();
            let start = Instant::now();
            for piece in wire.chunks(1) {
                let mut input = piece;
                while subject.step(&mut input, &mut |_, _, _| {}) == Flow::Item {}
            }
            start.elapsed()
        });
        runs.min().unwrap_or_default().as_secs_f64()
    };
    // Noise only ever adds: one quiet measurement in three is enough.
    let ratio = (0..3).map(|_| time(4 * LONG) / time(LONG)).fold(f64::MAX, f64::min);
    let is_linear = ratio < 9.0;
    ensure!(8, is_linear, "four times the bytes took {ratio:.1} times as long");
    Ok(())
}

/// The first law that a subject is found to break, if any; a panic is its own.
pub(crate) fn first_broken<S: Subject>() -> Option<Broken> {
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy = (S::streams(), prop::collection::vec(mutation(), 0..3), any::<[u8; 3]>());
    (0..2000)
        .find_map(|_| {
            let ((wire, parts), mutations, cuts) = strategy.new_tree(&mut runner).ok()?.current();
            let mut mutated = wire.clone();
            mutations.iter().for_each(|mutation| mutation.apply(&mut mutated));
            let judge = || {
                obeys::<S>(&mutated, &cuts.map(usize::from))?;
                returns::<S>(&wire, &parts)
            };
            match std::panic::catch_unwind(std::panic::AssertUnwindSafe(judge)) {
                Ok(verdict) => verdict.err(),
                Err(_) => Some(Broken(6, "a panic".into())),
            }
        })
        .or_else(|| is_linear::<S>().err())
}

/// Checks a subject under every law, on streams that are valid, mutated and arbitrary.
pub(crate) fn check<S: Subject>() {
    let cuts = || prop::collection::vec(0usize..600, 0..8);
    run::<S, _>("valid", (S::streams(), cuts()), |((wire, parts), cuts)| {
        returns::<S>(&wire, &parts)?;
        obeys::<S>(&wire, &cuts).map(drop)
    });
    let mutations = prop::collection::vec(mutation(), 1..4);
    run::<S, _>("mutated", (S::streams(), mutations, cuts()), |((wire, _), mutations, cuts)| {
        let mut wire = wire;
        mutations.iter().for_each(|mutation| mutation.apply(&mut wire));
        obeys::<S>(&wire, &cuts).map(drop)
    });
    run::<S, _>("arbitrary", (bytes(), cuts()), |(wire, cuts)| obeys::<S>(&wire, &cuts).map(drop));
    is_linear::<S>().unwrap_or_else(|broken| panic!("{broken:?}"));
}

/// Runs a check on as many streams as proptest is configured to make.
fn run<S: Subject, T: Strategy>(
    streams: &str,
    strategy: T,
    check: impl Fn(T::Value) -> Result<(), Broken>,
) {
    let config = Config { failure_persistence: None, ..Config::default() };
    let (cases, mut runner) = (config.cases, TestRunner::new(config));
    let count = Cell::new(0);
    let result = runner.run(&strategy, |value| {
        count.set(count.get() + 1);
        check(value).map_err(|Broken(law, how)| TestCaseError::fail(format!("law {law}: {how}")))
    });
    if let Err(error) = result {
        panic!("{} on {streams} streams: {error}", std::any::type_name::<S>());
    }
    assert!(count.get() >= cases, "only {} {streams} streams were run", count.get());
}

fn pieces<'w>(wire: &'w [u8], cuts: &[usize]) -> Vec<&'w [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (wire.len() + 1)).collect();
    cuts.sort_unstable();
    let (mut pieces, mut from) = (Vec::new(), 0);
    for cut in cuts {
        pieces.push(&wire[from..cut]);
        from = cut;
    }
    pieces.push(&wire[from..]);
    pieces
}

/// A change to a valid stream; places are taken modulo its length.
#[derive(Debug, Clone)]
enum Mutation {
    Set(usize, u8),
    Insert(usize, u8),
    Remove(usize),
    Repeat(usize, usize),
    Truncate(usize),
}

impl Mutation {
    fn apply(&self, wire: &mut Vec<u8>) {
        if wire.is_empty() {
            return;
        }
        let len = wire.len();
        match *self {
            Self::Set(at, byte) => wire[at % len] = byte,
            Self::Insert(at, byte) => wire.insert(at % len, byte),
            Self::Remove(at) => drop(wire.remove(at % len)),
            Self::Repeat(at, count) => {
                let from = at % len;
                let copy = wire[from..len.min(from + count)].to_vec();
                wire.splice(from..from, copy);
            }
            Self::Truncate(at) => wire.truncate(at % len),
        }
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<usize>;
    prop_oneof![
        4 => (at(), byte()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        2 => (at(), byte()).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        2 => at().prop_map(Mutation::Remove),
        1 => (at(), 1usize..40).prop_map(|(at, count)| Mutation::Repeat(at, count)),
        1 => at().prop_map(Mutation::Truncate),
    ]
}

/// Bytes, of which those that mean something to some protocol are frequent.
fn byte() -> impl Strategy<Value = u8> {
    let special = prop::sample::select(
        &b"\0\t\n\r \"+,-0159;:=AFXadefx\\\x7e\x7f\x80\x81\x82\x88\x89\x8a\xc3\xe2\xef\xfe\xff"[..],
    );
    prop_oneof![3 => special, 1 => any::<u8>()]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(byte(), 0..120)
}

/// One test for each subject.
#[allow(unused_macros, reason = "not every test that shares this file has a table")]
macro_rules! laws {
    ($($name:ident => $subject:ty,)*) => {
        $(#[test] fn $name() { harness::check::<$subject>(); })*
    };
}

/// Bytes of the shorter stream for the law of linear time.
const LONG: usize = 8 << 10;
