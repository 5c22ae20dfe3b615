//! The crate beside the specifications: rows and probes that cite the sections which decide them.

mod hosts_and_targets;
mod keepalive;
#[path = "../common/memory.rs"]
mod memory;
mod requests;
mod rows;
mod ws_probes;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;
