//! Server push without I/O.
#![cfg_attr(not(any(feature = "std", test)), no_std)]
#![forbid(unsafe_code)]
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

#[cfg(any(feature = "alloc", test))]
extern crate alloc;

#[cfg(feature = "alloc")]
mod carry;
mod entropy;
mod error;
pub mod fields;
pub mod grammar;
pub mod h1;
#[cfg(feature = "alloc")]
mod outbox;
mod scan;
pub mod sse;
mod step;
pub mod text;
mod time;
pub mod ws;

pub use entropy::Entropy;
pub use error::{ApiMisuse, Blame, Error, Kind, SendError};
pub use fields::Fields;
#[cfg(feature = "alloc")]
pub use outbox::Outbox;
pub use step::{End, Step, Wants};
pub use time::Instant;
