//! The example `inspect` as a person and a script use it.

mod inspect;
mod program;
mod rules;
#[path = "../../examples/support/mod.rs"]
mod support;
