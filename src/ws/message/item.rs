//! Messages, borrowed from the input or joined.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use crate::ws::Close;

/// A message or a control frame.
#[derive(PartialEq, Eq)]
pub enum Item<'m, 'b> {
    /// A text message.
    Text(Text<'m, 'b>),
    /// A binary message.
    Binary(Binary<'m, 'b>),
    /// A ping and its payload, at most 125 bytes; whoever reads frames without a session answers it
    /// with a pong that carries the same.
    Ping(&'m [u8]),
    /// A pong and its payload.
    Pong(&'m [u8]),
    /// The peer's last frame.
    Close(Close<'m>),
}

/// A text message; it derefs to `str`.
#[derive(PartialEq, Eq)]
pub enum Text<'m, 'b> {
    /// It lay whole in the input.
    Input(&'b str),
    /// It was joined.
    Joined(&'m mut String),
}

/// A binary message; it derefs to `[u8]`.
#[derive(PartialEq, Eq)]
pub enum Binary<'m, 'b> {
    /// It lay whole in the input, where it is now unmasked. It ends where the input now begins.
    Input(&'b mut [u8]),
    /// It was joined.
    Joined(&'m mut Vec<u8>),
}

impl Text<'_, '_> {
    /// The text, without a copy where it was joined.
    pub fn into_string(self) -> String {
        match self {
            Self::Input(text) => text.into(),
            Self::Joined(text) => core::mem::take(text),
        }
    }
}

impl Binary<'_, '_> {
    /// The bytes, without a copy where they were joined.
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

impl fmt::Debug for Text<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.len())
    }
}

impl fmt::Debug for Binary<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Binary({} bytes)", self.len())
    }
}

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
