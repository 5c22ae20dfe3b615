//! The examples as a person and a script use them.

mod inspect;
mod program;
mod rules;
mod servers;
#[path = "../../examples/support/mod.rs"]
mod support;
