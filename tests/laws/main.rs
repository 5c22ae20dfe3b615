//! The laws, over every decoder and machine: whatever the bytes and however they are cut.
//!
//! A line in the table below is all that another decoder needs, besides its `Subject`. Law 7 is also
//! held by clippy (`clippy.toml`), law 8 also by counting instructions (`linear.sh`).

mod catch;
#[macro_use]
mod harness;
#[path = "../common/memory.rs"]
mod memory;
mod subjects;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

laws! {
    utf8 => subjects::text::Utf8,
    lossy => subjects::text::Replaced,
    chunked => subjects::h1::Chunked,
    body_of_known_length => subjects::h1::Body<0>,
    body_in_chunks => subjects::h1::Body<1>,
    body_until_close => subjects::h1::Body<2>,
    request_head => subjects::h1::Request,
    response_head => subjects::h1::Response,
    response_head_with_switches => subjects::h1::LenientResponse,
    server_connection => subjects::connections::Serving,
    client_connection => subjects::connections::Asking,
    sse_lines => subjects::sse::Lines,
    sse_events => subjects::sse::Events<false>,
    sse_events_with_switches => subjects::sse::Events<true>,
    sse_source => subjects::sse::Source<false>,
    sse_source_with_switches => subjects::sse::Source<true>,
    ws_frames_of_a_client => subjects::ws::Frames<true>,
    ws_frames_of_a_server => subjects::ws::Frames<false>,
    ws_messages_to_a_server => subjects::ws::Messages<wirefeed::ws::ServerRole>,
    ws_messages_to_a_client => subjects::ws::Messages<wirefeed::ws::ClientRole<subjects::ws::Key>>,
    ws_messages_in_parts_to_a_server => subjects::ws::Parts<wirefeed::ws::ServerRole>,
    ws_messages_in_parts_to_a_client => subjects::ws::Parts<wirefeed::ws::ClientRole<subjects::ws::Key>>,
    ws_session_of_a_server => subjects::ws::Machine<wirefeed::ws::ServerRole, subjects::ws::Nothing>,
    ws_session_of_a_client => subjects::ws::Machine<wirefeed::ws::ClientRole<subjects::ws::Key>, subjects::ws::Nothing>,
}

#[cfg(feature = "deflate")]
laws! {
    ws_compressed_messages => subjects::ws_deflate::Messages<false>,
    ws_compressed_messages_in_parts => subjects::ws_deflate::Messages<true>,
    ws_compressing_session_of_a_server => subjects::ws::Machine<wirefeed::ws::ServerRole, subjects::ws_deflate::Deflate>,
    ws_compressing_session_of_a_client => subjects::ws::Machine<wirefeed::ws::ClientRole<subjects::ws::Key>, subjects::ws_deflate::Deflate>,
}
