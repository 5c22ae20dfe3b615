//! What an `EventSource` asks a server with (WHATWG HTML 9.2.2).

use wirefeed::sse::client;

#[test]
fn a_request_accepts_event_streams_and_bypasses_caches() {
    assert_eq!(client::FIELDS, [("Accept", "text/event-stream"), ("Cache-Control", "no-cache")]);
}
