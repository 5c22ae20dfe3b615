//! A client's and a server's session, wired together, under arbitrary operations.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/models/sessions/pair.rs"]
mod pair;

fuzz_target!(|bytes: &[u8]| pair::run(bytes));
