//! The crate beside other libraries and the recorded bytes of other programs. The folders beside this file
//! drive the programs themselves.

mod captures;
mod httparse;
#[path = "../../examples/support/mod.rs"]
mod support;
