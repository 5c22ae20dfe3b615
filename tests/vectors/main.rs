//! Other projects' cases, read from the folder that `WIREFEED_VECTORS` names, answered as by
//! `inspect batch`: at their own chunks, whole, and byte by byte.
//!
//! Every row is run, or listed with the reason; a row that no table knows fails, and so does a listed
//! difference that no longer differs.

#[path = "../../examples/support/mod.rs"]
mod support;

mod h1_h11;
mod h1_httparse;
mod h1_hyper_chunk;
mod h1_hyper_role;
mod h1_llhttp;
mod h1_picohttpparser;
mod heads;
mod hosts;
mod rows;
mod sse;
mod sse_connection;
mod ws;
mod ws_autobahn;
mod ws_pages;
mod ws_rfc8441;
