//! Machines beside plain models of them, under arbitrary operations.

mod reconnections;
mod resume;
#[cfg(feature = "deflate")]
mod sessions;
