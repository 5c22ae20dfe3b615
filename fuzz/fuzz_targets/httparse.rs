//! Heads, read by this crate and by httparse, which part only in ways that are known.
#![no_main]

#[expect(dead_code, reason = "the table is for the test that shares it")]
#[path = "../../tests/programs/httparse/judge.rs"]
mod judge;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, wire)) = data.split_last() else { return };
    let kind = match choice % 3 {
        0 => judge::Kind::Request,
        1 => judge::Kind::Response,
        _ => judge::Kind::LenientResponse,
    };
    judge::judge(kind, wire).unwrap_or_else(|parted| panic!("{parted}"));
});
