//! Whole messages: the parts of one joined in a buffer.

use alloc::string::String;
use alloc::vec::Vec;

use super::event::{Binary, Item, Kind, Part, Text};
use crate::kernel::buffer;
use crate::kernel::table::transitions;

/// Joins the parts of a message. Its buffers are used again, and never grow past the limit.
pub(super) struct Assembler {
    state: State,
    /// The type of the message that is being joined.
    kind: Kind,
    text: String,
    binary: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between messages.
    Empty,
    /// Joining a message from its start.
    Joining,
    /// Inside a message whose start was handed out as a part; what is joined of it follows that.
    InParts,
    /// The message was handed out; its buffer is to be emptied.
    Lent,
    /// What was joined was handed out as a part; its buffer is to be emptied.
    PartLent,
}

#[derive(Debug, Clone, Copy)]
enum On {
    /// The start of a message was taken to be joined.
    Start,
    /// The start of a message was handed out as a part.
    StartPart,
    /// What was joined was handed out as a part.
    Part,
    /// The end of a message was handed out as a part.
    EndPart,
    /// The message was handed out.
    Whole,
    /// The caller is done with what was handed out last.
    TakeBack,
    /// The message is given up.
    Forget,
}

transitions! {
    /// Which part of a message was handed out, and which was joined.
    State, On {
        Empty, Start => Joining;
        Empty | Joining, StartPart => InParts;
        InParts, Part => PartLent;
        PartLent, TakeBack => InParts;
        InParts, EndPart => Empty;
        Joining | InParts, Whole => Lent;
        Lent, TakeBack => Empty;
        Empty, TakeBack => Empty;
        Joining, TakeBack => Joining;
        InParts, TakeBack => InParts;
        Empty | Joining | InParts | Lent | PartLent, Forget => Empty;
    }
}

impl Assembler {
    pub(super) const fn new() -> Self {
        Self { state: State::Empty, kind: Kind::Binary, text: String::new(), binary: Vec::new() }
    }

    /// Empties the buffer that was handed out.
    #[inline]
    pub(super) fn take_back(&mut self) {
        if let State::Lent | State::PartLent = self.state {
            self.text.clear();
            self.binary.clear();
        }
        self.state.go(On::TakeBack);
    }

    /// A message starts, to be joined.
    #[inline]
    pub(super) fn start(&mut self, kind: Kind) {
        self.kind = kind;
        self.state.go(On::Start);
    }

    /// Appends to a text of at most `limit` bytes.
    #[inline]
    pub(super) fn push_str(&mut self, piece: &str, limit: usize) {
        let Self { text, .. } = self;
        text.reserve_exact(buffer::step(text.len(), text.capacity(), piece.len(), limit));
        text.push_str(piece);
    }

    /// Appends to a binary message of at most `limit` bytes.
    #[inline]
    pub(super) fn push_bytes(&mut self, piece: &[u8], limit: usize) {
        buffer::reserve(&mut self.binary, piece.len(), limit);
        self.binary.extend_from_slice(piece);
    }

    /// Hands out the message, or what is left of it after its parts.
    #[inline]
    pub(super) fn finish(&mut self, kind: Kind) -> Item<'_, 'static> {
        self.state.go(On::Whole);
        match kind {
            Kind::Text => Item::Text(Text::Joined(&mut self.text)),
            Kind::Binary => Item::Binary(Binary::Joined(&mut self.binary)),
        }
    }

    /// The start of a message that was taken to be joined, which is now handed out as a part.
    #[inline]
    pub(super) fn start_part(&mut self) -> Option<Kind> {
        let joins = self.state == State::Joining;
        joins.then(|| {
            self.state.go(On::StartPart);
            self.kind
        })
    }

    /// A message starts or ends in parts.
    #[inline]
    pub(super) fn pass(&mut self, part: &Part<'_>) {
        match part {
            Part::Start(_) => self.state.go(On::StartPart),
            Part::End => self.state.go(On::EndPart),
            _ => {}
        }
    }

    /// Whether something was joined that is to be handed out as a part.
    #[inline]
    pub(super) fn has_part(&self) -> bool {
        !(self.text.is_empty() && self.binary.is_empty())
    }

    /// Hands out what was joined as a part.
    pub(super) fn part(&mut self) -> Part<'_> {
        self.state.go(On::Part);
        if self.binary.is_empty() { Part::Text(&self.text) } else { Part::Binary(&self.binary) }
    }

    /// Gives up the message in progress.
    pub(super) fn forget(&mut self) {
        self.state.go(On::Forget);
        self.text.clear();
        self.binary.clear();
    }

    /// Gives up the message in progress, and all memory.
    pub(super) fn release(&mut self) {
        self.state.go(On::Forget);
        (self.text, self.binary) = (String::new(), Vec::new());
    }

    /// Bytes in the buffers.
    pub(super) fn len(&self) -> usize {
        self.text.len() + self.binary.len()
    }

    /// Bytes that the buffers take.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.text.capacity() + self.binary.capacity()
    }
}
