//! Opcodes and masking: what the first two bytes of a frame say about it.

/// The opcode of a frame (RFC 6455 11.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// The next fragment of a message.
    Continuation = 0,
    /// The first or only fragment of a text message.
    Text = 1,
    /// The first or only fragment of a binary message.
    Binary = 2,
    /// The last frame that a side sends.
    Close = 8,
    /// The peer must answer with a pong.
    Ping = 9,
    /// The answer to a ping, or an unsolicited heartbeat.
    Pong = 10,
}

impl Opcode {
    /// Whether this is a control frame: at most 125 bytes, never fragmented (RFC 6455 5.5).
    #[inline]
    pub const fn is_control(self) -> bool {
        self as u8 >= 8
    }

    #[inline(always)]
    pub(super) const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }
}

/// Whether the frames of one direction are masked (RFC 6455 5.1: all from a client, none from a server).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Masking {
    /// Frames from a client.
    Masked,
    /// Frames from a server.
    Unmasked,
}
