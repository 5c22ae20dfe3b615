//! Messages in parts, for those that are too large to be joined.

use core::fmt;

use super::{Decoder, Inflater, Item, State, Unfinished, advance, mask, rotate, within};
use crate::Step;
use crate::ws::{Close, Error, ErrorKind, Role};

/// What a message is.
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
    /// A message begins.
    Start(Kind),
    /// A piece of a text, never empty: whole characters, wherever frames and inputs were cut.
    Text(&'m str),
    /// A piece of a binary message, never empty.
    Binary(&'m [u8]),
    /// The message is over.
    End,
    /// A ping and its payload.
    Ping(&'m [u8]),
    /// A pong and its payload.
    Pong(&'m [u8]),
    /// The peer's last frame.
    Close(Close<'m>),
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

impl<R: Role> Decoder<R> {
    /// Decodes the next part of a message, at most 16 KiB of it, or a control frame. Nothing is joined,
    /// so that a message without limit takes no memory.
    ///
    /// It may take turns with [`decode`](Self::decode), which joins what is left of a message: all of
    /// it after `Start`.
    ///
    /// ```
    /// use wirefeed::{Step, ws::{Server, message::{Decoder, Kind, Part}}};
    ///
    /// let mut messages = Decoder::<Server>::new();
    /// let mut wire = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d";
    /// let mut input = &mut wire[..];
    /// assert_eq!(messages.decode_part(&mut input)?, Step::Item(Part::Start(Kind::Text)));
    /// assert_eq!(messages.decode_part(&mut input)?, Step::Item(Part::Text("Hel")));
    /// assert_eq!(messages.decode_part(&mut input)?, Step::NeedInput);
    /// # Ok::<(), wirefeed::ws::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`decode`](Self::decode).
    pub fn decode_part<'m, 'b: 'm>(
        &'m mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Step<Part<'m>>, Error> {
        self.take_back();
        loop {
            // Also where the header was read by `decode`, and whatever that has joined.
            if let Some(message) = self.message.as_mut().filter(|message| !message.started) {
                message.started = true;
                return Ok(Step::Item(Part::Start(message.kind)));
            }
            if !(self.text.is_empty() && self.binary.is_empty()) {
                self.lent = true;
                return Ok(Step::Item(if self.binary.is_empty() {
                    Part::Text(&self.text)
                } else {
                    Part::Binary(&self.binary)
                }));
            }
            match self.state {
                State::Idle | State::Header => {
                    if input.is_empty() {
                        return Ok(Step::NeedInput);
                    }
                    self.header(input)?;
                }
                State::Payload { opcode, .. } if opcode.is_control() => {
                    if !self.control(input) {
                        return Ok(Step::NeedInput);
                    }
                    let before = self.at;
                    let item = self.end_control(opcode).inspect_err(|error| {
                        if error.at < before {
                            *input = &mut [];
                        }
                    });
                    return item.map(|item| {
                        Step::Item(match item {
                            Item::Pong(payload) => Part::Pong(payload),
                            Item::Close(close) => Part::Close(close),
                            Item::Ping(payload) => Part::Ping(payload),
                            // No control frame is a message.
                            Item::Text(_) | Item::Binary(_) => Part::End,
                        })
                    });
                }
                State::Payload { left, .. } => {
                    let Some(Unfinished { kind, compressed, .. }) = self.message else {
                        // A payload without a message is over.
                        self.state = State::Idle;
                        continue;
                    };
                    if compressed {
                        match self.inflate_part(input)? {
                            (_, made) if made > 0 && kind == Kind::Binary => {
                                let piece =
                                    self.inflater.as_deref().map_or(&[][..], Inflater::piece);
                                return Ok(Step::Item(Part::Binary(&piece[..made])));
                            }
                            (0, 0) => {}
                            _ => continue,
                        }
                    }
                    if left == 0 {
                        match self.end_frame(input)? {
                            Some(_) => return Ok(Step::Item(Part::End)),
                            None => continue,
                        }
                    }
                    if input.is_empty() {
                        return Ok(Step::NeedInput);
                    }
                    let piece = self.unmask_part(input);
                    if kind == Kind::Binary {
                        return Ok(Step::Item(Part::Binary(piece)));
                    }
                    let at = self.at - piece.len() as u64;
                    let (text, verdict) = if self.joiner.held() > 0 {
                        ("", self.joiner.push(&mut self.text, piece))
                    } else {
                        self.joiner.split(piece)
                    };
                    if let Err(bad) = verdict {
                        *input = &mut [];
                        let failed = self.fail(ErrorKind::Utf8, at + bad as u64);
                        // What comes before the fault is handed out before it.
                        return if text.is_empty() {
                            failed
                        } else {
                            Ok(Step::Item(Part::Text(text)))
                        };
                    }
                    if !text.is_empty() {
                        return Ok(Step::Item(Part::Text(text)));
                    }
                }
                State::Done => return Ok(Step::Done),
                State::Failed(error) => return self.still_failed(error),
            }
        }
    }

    /// Takes the next piece of a plain payload out of `input` and unmasks it: a byte at a time until a
    /// character that was cut is whole.
    fn unmask_part<'b>(&mut self, input: &mut &'b mut [u8]) -> &'b [u8] {
        let State::Payload { key, left, .. } = self.state else { return &[] };
        let most = if self.joiner.held() > 0 { 1 } else { PART };
        let len = within(left, input.len()).min(most);
        let (piece, rest) = core::mem::take(input).split_at_mut(len);
        if let Some(key) = key {
            mask(piece, key);
        }
        *input = rest;
        self.pass(len);
        if let Some(message) = &mut self.message {
            message.len += len as u64;
        }
        piece
    }

    /// Inflates the next piece of a payload: how many bytes that took, and how many it made. A text's
    /// are joined.
    fn inflate_part(&mut self, input: &mut &mut [u8]) -> Result<(usize, usize), Error> {
        let (State::Payload { key, left, .. }, Some(mut message)) = (self.state, self.message)
        else {
            return Ok((0, 0));
        };
        let len = within(left, input.len()).min(COMPRESSED);
        let block = &mut input[..len];
        if let Some(key) = key {
            mask(block, key);
        }
        let mut rest = &*block;
        let made = self.inflate(&mut message, &mut rest);
        let used = len - rest.len();
        if let Some(key) = key {
            // What is left will be unmasked when its turn comes.
            mask(&mut block[used..], rotate(key, used));
        }
        self.message = Some(message);
        let made = match made {
            Ok(made) => made,
            Err((kind, bad)) => return self.fail_in_payload(kind, bad, input),
        };
        advance(input, used);
        self.pass(used);
        let piece = self.inflater.as_deref().map_or(&[][..], Inflater::piece);
        let mut fault = made.too_long.then_some(ErrorKind::MessageTooLong);
        if message.kind == Kind::Text {
            let joined = self.joiner.push(&mut self.text, &piece[..made.len]);
            fault = joined.map_or(Some(ErrorKind::Utf8), |()| fault);
        }
        if let Some(kind) = fault {
            *input = &mut [];
            // What comes before the fault is handed out before it.
            let nothing = self.text.is_empty() && (message.kind == Kind::Text || made.len == 0);
            if nothing {
                let at = self.payload_at;
                self.count_excess(kind);
                return self.fail(kind, at);
            }
            self.state = State::Failed(Error::new(kind, self.payload_at));
            self.count_excess(kind);
            self.message = None;
        }
        Ok((used, made.len))
    }
}

/// Bytes that are unmasked at once to be inflated; what they make is rarely more than is handed out.
const COMPRESSED: usize = 4 << 10;

/// The longest piece: it stays in the first cache while it is unmasked and checked.
const PART: usize = 16 << 10;
