//! What the decoder yields: messages, parts of them, control frames.

use crate::kernel::debug::debug;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use crate::ws::close::Close;
use crate::ws::frame::Opcode;

/// A message or a control frame.
#[derive(PartialEq, Eq)]
pub enum Item<'m, 'b> {
    /// A text message.
    Text(Text<'m, 'b>),
    /// A binary message.
    Binary(Binary<'m, 'b>),
    /// A ping and its payload, at most 125 bytes. A program that reads messages without a session must
    /// answer with a pong that carries the same payload (RFC 6455 5.5.2).
    Ping(&'m [u8]),
    /// A pong and its payload, at most 125 bytes.
    Pong(&'m [u8]),
    /// The close frame: the last frame of the peer.
    Close(Close<'m>),
}

/// A text message; it derefs to `str`.
#[derive(PartialEq, Eq)]
pub enum Text<'m, 'b> {
    /// Borrowed from the input, where it lay whole.
    Input(&'b str),
    /// Joined in the decoder's buffer, which may be taken.
    Joined(&'m mut String),
}

/// A binary message; it derefs to `[u8]`.
#[derive(PartialEq, Eq)]
pub enum Binary<'m, 'b> {
    /// Borrowed from the input, where it lay whole and was unmasked in place. It ends where the rest of
    /// the input begins.
    Input(&'b mut [u8]),
    /// Joined in the decoder's buffer, which may be taken.
    Joined(&'m mut Vec<u8>),
}

impl Text<'_, '_> {
    /// The text as an owned `String`, without a second check of its UTF-8: the decoder's buffer if the
    /// text was joined, otherwise an allocation and a copy.
    ///
    /// ```
    /// use wirefeed::{Step, ws::{ServerRole, message::{Decoder, Item}}};
    ///
    /// let mut messages = Decoder::<ServerRole>::new();
    /// let mut wire = *b"\x81\x82\0\0\0\0Hi";
    /// let Step::Item(Item::Text(text)) = messages.decode(&mut &mut wire[..])? else { unreachable!() };
    /// let owned: String = text.into_string();
    /// assert_eq!(owned, "Hi");
    /// # Ok::<(), wirefeed::ws::Error>(())
    /// ```
    pub fn into_string(self) -> String {
        match self {
            Self::Input(text) => text.into(),
            Self::Joined(text) => core::mem::take(text),
        }
    }
}

impl Binary<'_, '_> {
    /// The bytes as an owned vector: the decoder's buffer if the message was joined, otherwise an
    /// allocation and a copy.
    pub fn into_vec(self) -> Vec<u8> {
        match self {
            Self::Input(bytes) => bytes.to_vec(),
            Self::Joined(bytes) => core::mem::take(bytes),
        }
    }
}

impl Deref for Text<'_, '_> {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        match self {
            Self::Input(text) => text,
            Self::Joined(text) => text,
        }
    }
}

impl Deref for Binary<'_, '_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Input(bytes) => bytes,
            Self::Joined(bytes) => bytes,
        }
    }
}

/// The type of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// Bytes.
    Binary,
}

/// A part of a message, or a control frame.
#[derive(PartialEq, Eq)]
pub enum Part<'m> {
    /// The start of a message.
    Start(Kind),
    /// A piece of a text, never empty: whole characters, wherever frames and inputs were cut.
    Text(&'m str),
    /// A piece of a binary message, never empty.
    Binary(&'m [u8]),
    /// The end of the message.
    End,
    /// A ping and its payload, at most 125 bytes.
    Ping(&'m [u8]),
    /// A pong and its payload, at most 125 bytes.
    Pong(&'m [u8]),
    /// The close frame: the last frame of the peer.
    Close(Close<'m>),
}

/// What the reader finds.
pub(super) enum Found<'p> {
    /// The start of a message.
    Start(Kind),
    /// Whole characters of a text, at least one.
    Text(&'p str),
    /// Bytes of a binary message, at least one.
    Binary(&'p [u8]),
    /// The end of a message.
    End(Kind),
    /// A control frame, whose payload is whole and valid.
    Control(Opcode),
}

/// A control frame.
#[derive(Clone, Copy)]
pub(crate) enum Control<'m> {
    Ping(&'m [u8]),
    Pong(&'m [u8]),
    Close(Close<'m>),
}

impl<'m> Control<'m> {
    /// The control frame with this payload, which is valid.
    pub(super) fn new(opcode: Opcode, payload: &'m [u8]) -> Self {
        match opcode {
            Opcode::Ping => Self::Ping(payload),
            Opcode::Pong => Self::Pong(payload),
            _ => Self::Close(Close::parse(payload).unwrap_or(Close { code: None, reason: "" })),
        }
    }
}

impl<'m> From<Control<'m>> for Item<'m, '_> {
    fn from(control: Control<'m>) -> Self {
        match control {
            Control::Ping(payload) => Self::Ping(payload),
            Control::Pong(payload) => Self::Pong(payload),
            Control::Close(close) => Self::Close(close),
        }
    }
}

impl<'m> From<Control<'m>> for Part<'m> {
    fn from(control: Control<'m>) -> Self {
        match control {
            Control::Ping(payload) => Self::Ping(payload),
            Control::Pong(payload) => Self::Pong(payload),
            Control::Close(close) => Self::Close(close),
        }
    }
}

impl Item<'_, '_> {
    /// The control frame, unless this is a message.
    #[inline]
    pub(crate) const fn control(&self) -> Option<Control<'_>> {
        Some(match self {
            Self::Text(_) | Self::Binary(_) => return None,
            Self::Ping(payload) => Control::Ping(payload),
            Self::Pong(payload) => Control::Pong(payload),
            Self::Close(close) => Control::Close(*close),
        })
    }
}

impl Part<'_> {
    /// The control frame, unless this is a part of a message.
    #[inline]
    pub(crate) const fn control(&self) -> Option<Control<'_>> {
        Some(match self {
            Self::Start(_) | Self::Text(_) | Self::Binary(_) | Self::End => return None,
            Self::Ping(payload) => Control::Ping(payload),
            Self::Pong(payload) => Control::Pong(payload),
            Self::Close(close) => Control::Close(*close),
        })
    }
}

debug!([] Text<'_, '_>, self, f => write!(f, "Text({} bytes)", self.len()));

debug!([] Binary<'_, '_>, self, f => write!(f, "Binary({} bytes)", self.len()));

impl fmt::Debug for Item<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => text.fmt(f),
            Self::Binary(bytes) => bytes.fmt(f),
            Self::Ping(payload) => write!(f, "Ping({} bytes)", payload.len()),
            Self::Pong(payload) => write!(f, "Pong({} bytes)", payload.len()),
            Self::Close(close) => close.fmt(f),
        }
    }
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(kind) => write!(f, "Start({kind:?})"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
            Self::End => f.write_str("End"),
            Self::Ping(payload) => write!(f, "Ping({} bytes)", payload.len()),
            Self::Pong(payload) => write!(f, "Pong({} bytes)", payload.len()),
            Self::Close(close) => close.fmt(f),
        }
    }
}
