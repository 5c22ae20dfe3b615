//! The laws, over every decoder and machine: whatever the bytes and however they are cut.
//!
//! A codec and a connection are subjects by their traits; another needs a line in the table below and an
//! implementation of `Decoding` or `Connecting`. Law 7 is also
//! held by clippy (`clippy.toml`), law 8 also by counting instructions (`linear.sh`).

mod catch;
#[macro_use]
mod harness;
#[path = "../common/memory.rs"]
mod memory;
mod subjects;

use subjects::generic::{Decoder, Machine};

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

laws! {
    utf8 => subjects::text::Utf8,
    lossy => subjects::text::Replaced,
    chunked => Decoder<subjects::h1::Chunked>,
    body_of_known_length => Decoder<subjects::h1::Body<0>>,
    body_in_chunks => Decoder<subjects::h1::Body<1>>,
    body_until_close => Decoder<subjects::h1::Body<2>>,
    request_head => Decoder<subjects::h1::Request>,
    response_head => Decoder<subjects::h1::Response>,
    response_head_with_switches => Decoder<subjects::h1::LenientResponse>,
    server_connection => Machine<subjects::connections::Serving>,
    client_connection => Machine<subjects::connections::Asking>,
    sse_lines => subjects::sse::Lines,
    sse_events => Decoder<subjects::sse::Events<false>>,
    sse_events_with_switches => Decoder<subjects::sse::Events<true>>,
    sse_source => subjects::sse::Source<false>,
    sse_source_with_switches => subjects::sse::Source<true>,
    ws_frames_of_a_client => Decoder<subjects::ws::Frames<true>>,
    ws_frames_of_a_server => Decoder<subjects::ws::Frames<false>>,
    ws_messages_to_a_server => Decoder<subjects::ws::Messages<wirefeed::ws::ServerRole>>,
    ws_messages_to_a_client => Decoder<subjects::ws::Messages<wirefeed::ws::ClientRole<subjects::ws::Key>>>,
    ws_messages_in_parts_to_a_server => subjects::ws::Parts<wirefeed::ws::ServerRole>,
    ws_messages_in_parts_to_a_client => subjects::ws::Parts<wirefeed::ws::ClientRole<subjects::ws::Key>>,
    ws_session_of_a_server => Machine<subjects::ws::Talking<wirefeed::ws::ServerRole, subjects::ws::Nothing>>,
    ws_session_of_a_client => Machine<subjects::ws::Talking<wirefeed::ws::ClientRole<subjects::ws::Key>, subjects::ws::Nothing>>,
}

#[cfg(feature = "deflate")]
laws! {
    ws_compressed_messages => subjects::ws_deflate::Messages<false>,
    ws_compressed_messages_in_parts => subjects::ws_deflate::Messages<true>,
    ws_compressing_session_of_a_server => Machine<subjects::ws::Talking<wirefeed::ws::ServerRole, subjects::ws_deflate::Deflate>>,
    ws_compressing_session_of_a_client => Machine<subjects::ws::Talking<wirefeed::ws::ClientRole<subjects::ws::Key>, subjects::ws_deflate::Deflate>>,
}
