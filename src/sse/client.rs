//! `EventSource` (WHATWG HTML 9.2.2, 9.2.3): a stream that comes back.
//!
//! A lifecycle over any HTTP: [`poll_command`](EventSource::poll_command) says when to connect and to
//! which URL, inputs report the response, and [`receive`](EventSource::receive) yields its events.
//!
//! A source that is *due* gives the command to connect; the request is then *requested* until the head of
//! a response comes. A redirect makes it *redirected*, and the next command requests again. An event
//! stream makes it *opening*, and *open* once the caller has pulled [`Event::Open`]. Any other response
//! makes it *refused*, and the end of an open connection *lost*; once the caller has pulled
//! [`Event::Error`], the source is *waiting* for the time to reconnect, and then due again, or it is
//! *closed*.
//!
//! - start here: [`EventSource`], [`Command`], [`FIELDS`]
//! - events: [`Event`], [`Disconnected`], [`Reason`], [`ReadyState`]
//! - configuration: [`Config`]
//!
//! ```
//! use wirefeed::{Instant, Step, sse::{Command, EventSource, client::{Config, Event}}};
//!
//! let now = Instant::ZERO;
//! let mut source = EventSource::new("http://example.com/events", Config::default(), |_: &mut [u8]| {});
//! let Some(Command::Connect { attempt, url, .. }) = source.poll_command() else { unreachable!() };
//! assert_eq!(url, "http://example.com/events");
//!
//! // The caller's HTTP has connected, and a response comes in.
//! source.response_head(attempt, 200, &[("Content-Type", "text/event-stream")], now);
//! let mut input: &[u8] = b"retry: 1500\nid: 7\ndata: hello\n\n";
//! let mut seen = Vec::new();
//! while let Step::Item(event) = source.receive(attempt, &mut input, now) {
//!     seen.push(format!("{event:?}"));
//! }
//! assert_eq!(seen, ["Open", "Retry(1.5s)", "Event(5 bytes)"]);
//!
//! // The server goes away: after 1500 ms the source requests the events after 7.
//! source.response_end(attempt, now);
//! let Step::Item(Event::Error(error)) = source.receive(attempt, &mut &b""[..], now) else { unreachable!() };
//! let delay = error.reconnects_in.unwrap();
//! source.handle_timeout(now + delay);
//! let Some(Command::Connect { last_event_id, .. }) = source.poll_command() else { unreachable!() };
//! assert_eq!((delay.as_millis(), last_event_id), (1500, "7"));
//! ```

mod command;
mod config;
mod event;
mod event_source;
mod reconnection;
mod redirect;
mod response;
#[cfg(test)]
mod tests;

pub use command::{Command, FIELDS};
pub use config::Config;
pub use event::{Disconnected, Event, ReadyState, Reason};
pub use event_source::EventSource;
