//! A client that checks the echoes of a server: short and long messages, text and binary, whole and
//! in pieces, compressed if the server agrees.
//!
//! ```text
//! cargo run --release --features deflate --example echo_client -- 127.0.0.1:9001
//! ```

#[path = "support/link.rs"]
mod link;
#[path = "support/open.rs"]
mod open;

use std::error::Error;
use std::fmt::Write as _;

use open::{Connection, open};
use wirefeed::ws::{CloseCode, Ending, Event, Role, Sender, deflate::Pool};
use wirefeed::{Instant, SendError};

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("usage: echo_client ADDRESS")?;
    let Connection { link, mut session, extensions } = open(&address, "/", &Pool::default())?;
    let (messages, mut echoed, mut equal) = (messages(), 0, true);
    messages[0].send(&mut session.tx, link.now())?;
    let ending = link.drive(session, |tx, event, now| {
        equal &= match &event {
            Event::Text(text) => messages[echoed].is(true, text.as_bytes()),
            Event::Binary(bytes) => messages[echoed].is(false, bytes),
            Event::Ping(_) | Event::Pong(_) | Event::Close(_) => return Ok(()),
        };
        echoed += 1;
        match messages.get(echoed) {
            Some(message) if equal => message.send(tx, now),
            _ => tx.close(Some(CloseCode::NORMAL), "", now),
        }
    })?;
    let bytes: usize = messages.iter().map(|it| it.text.len()).sum();
    let extensions = extensions.as_deref().unwrap_or("none");
    println!("{echoed} of {} messages, {bytes} bytes; extensions: {extensions}", messages.len());
    match ending {
        Some(Ending::Clean(_)) if equal && echoed == messages.len() => Ok(()),
        ending => Err(format!("not every echo is equal, or no clean end: {ending:?}").into()),
    }
}

/// A message: text or binary, in frames of this many bytes.
struct Message {
    text: String,
    is_text: bool,
    piece: usize,
}

/// Each length, kind and framing once.
fn messages() -> Vec<Message> {
    let mut messages = Vec::new();
    for len in [1 << 10, 16 << 20] {
        let mut text = String::with_capacity(len + 20);
        while text.len() < len {
            let _ = write!(text, "{:x} wirefeed; ", text.len() * text.len());
        }
        text.truncate(len);
        for (is_text, piece) in [(true, len), (false, len), (true, len / 5), (false, len / 5)] {
            messages.push(Message { text: text.clone(), is_text, piece });
        }
    }
    messages
}

impl Message {
    fn is(&self, is_text: bool, bytes: &[u8]) -> bool {
        self.is_text == is_text && self.text.as_bytes() == bytes
    }

    fn send<R: Role>(&self, tx: &mut Sender<R>, now: Instant) -> Result<(), SendError> {
        let Self { text, is_text, piece } = self;
        match (is_text, *piece == text.len()) {
            (true, true) => tx.send_text(text, now),
            (false, true) => tx.send_binary(text.as_bytes(), now),
            (_, false) => {
                for from in (0..text.len()).step_by(*piece) {
                    // The text is ASCII: it may be cut anywhere.
                    let to = text.len().min(from + piece);
                    let (piece, is_last) = (&text[from..to], to == text.len());
                    match is_text {
                        true => tx.send_text_piece(piece, is_last, now)?,
                        false => tx.send_binary_piece(piece.as_bytes(), is_last, now)?,
                    }
                }
                Ok(())
            }
        }
    }
}
