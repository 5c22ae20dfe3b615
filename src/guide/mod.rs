//! Pages for those who embed wirefeed, and for those who change it.

#[doc = include_str!("laws.md")]
pub mod laws {}

#[doc = include_str!("run_loops.md")]
pub mod run_loops {}

#[doc = include_str!("security.md")]
pub mod security {}

#[doc = include_str!("decisions.md")]
pub mod decisions {}
