//! The crate beside its own documentation: what its pages promise of deadlines, limits, replies, drivers
//! and `Debug`.

mod deadlines;
#[cfg(feature = "deflate")]
mod debug;
mod drivers;
#[cfg(feature = "deflate")]
mod limits;
mod replies;
