//! What the crate holds and how often it allocates, counted by an allocator.

mod allocations;
#[cfg(feature = "deflate")]
mod at_rest;
#[cfg(feature = "deflate")]
mod deflate;
#[cfg(feature = "deflate")]
mod idle;
#[path = "../common/memory.rs"]
mod memory;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;
