//! Every decoder and machine as a subject of the laws.

pub(crate) mod connections;
pub(crate) mod generic;
pub(crate) mod h1;
pub(crate) mod sse;
pub(crate) mod text;
pub(crate) mod ws;
#[cfg(feature = "deflate")]
pub(crate) mod ws_deflate;
