//! The types that every protocol uses, re-exported at the crate root.

#[cfg(feature = "alloc")]
pub(crate) mod backoff;
#[cfg(feature = "alloc")]
pub(crate) mod buffer;
#[cfg(feature = "alloc")]
pub(crate) mod deadline;
pub(crate) mod debug;
#[cfg(feature = "alloc")]
pub(crate) mod decimal;
pub(crate) mod entropy;
pub(crate) mod error;
pub mod fields;
pub mod grammar;
#[cfg(feature = "alloc")]
pub(crate) mod outbox;
#[cfg(feature = "alloc")]
pub(crate) mod replies;
pub(crate) mod scan;
pub(crate) mod step;
#[cfg(any(feature = "alloc", test))]
pub(crate) mod table;
pub mod text;
pub(crate) mod time;
pub(crate) mod traits;
