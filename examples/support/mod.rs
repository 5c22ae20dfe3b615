//! What `inspect` and the tests on real input share: loops over the decoders, and the shapes of
//! their items as JSON.

#![allow(dead_code, unreachable_pub, reason = "each of its users needs a part")]

pub mod batch;
pub mod http;
mod inspector;
mod item;
pub mod rules;

pub use inspector::{Inspector, Job, Kind, Role};
pub use item::{Fault, Item};
