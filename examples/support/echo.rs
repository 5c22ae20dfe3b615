//! An echo.

use wirefeed::SendError;
use wirefeed::ws::{Event, Role, Sender};

/// Sends each message back.
pub(crate) fn echo<R: Role>(
    tx: &mut Sender<R>,
    event: Event<'_, '_>,
    now: wirefeed::Instant,
) -> Result<(), SendError> {
    match event {
        Event::Text(text) => tx.send_text(&text, now),
        Event::Binary(bytes) => tx.send_binary(&bytes, now),
        Event::Ping(_) | Event::Pong(_) | Event::Close(_) => Ok(()),
    }
}
