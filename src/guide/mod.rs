//! Pages for those who embed wirefeed, and for those who change it.
//!
//! - To embed it: [`run_loops`], [`async_runtimes`], [`security`]
//! - To change it: [`laws`], [`decisions`]

#[doc = include_str!("laws.md")]
pub mod laws {}

#[doc = include_str!("run_loops.md")]
pub mod run_loops {}

#[doc = include_str!("async_runtimes.md")]
pub mod async_runtimes {}

#[doc = include_str!("security.md")]
pub mod security {}

#[doc = include_str!("decisions.md")]
pub mod decisions {}
