//! Frames to messages (RFC 6455 5.4 to 5.6): fragments joined, unmasked in place, texts checked as
//! they arrive.
//!
//! A message that lies whole in the input, in one frame, is unmasked there and borrowed from there.
//! Everything else is joined in a buffer that is used again and never grows past the limit. A text
//! fails at its first bad byte, even inside an unfinished frame.
//!
//! A message that is too large to be joined is taken in parts, by [`Decoder::decode_part`]; compressed
//! ones ([`Decoder::with_inflater`]) are inflated in steps, under the same limits.

mod inflate;
mod item;
mod limits;
mod part;
mod store;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use super::frame::{Header, Held, Opcode, Rules, most_deflated};
use super::mask::{mask, rotate};
use super::{Close, CloseCode, Error, ErrorKind, Role};
use crate::Step;
use crate::kernel::text;
use crate::kernel::traits::codec;

use inflate::Inflater;
pub use item::{Binary, Item, Text};
pub use limits::{Exceeded, Limits};
pub use part::{Kind, Part};

/// Decodes messages; `Done` after a close frame.
///
/// ```
/// use wirefeed::{Step, ws::{Server, message::{Decoder, Item}}};
///
/// let mut messages = Decoder::<Server>::new();
/// let mut wire = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
/// let mut input = &mut wire[..];
/// let Step::Item(Item::Text(text)) = messages.decode(&mut input)? else { unreachable!() };
/// assert_eq!(&*text, "Hello");
/// # Ok::<(), wirefeed::ws::Error>(())
/// ```
pub struct Decoder<R> {
    at: u64,
    /// The longest frame and message.
    frame_limit: u64,
    message_limit: u64,
    state: State,
    /// The message whose fragments arrive.
    message: Option<Unfinished>,
    /// Where the payload of the frame in progress began; after a limit was exceeded, by how many bytes.
    payload_at: u64,
    /// Makes plain messages of compressed ones, where that was agreed on.
    inflater: Option<Box<Inflater>>,
    /// A joined message was handed out, and its buffer is to be emptied.
    lent: bool,
    control_len: u8,
    held: Held,
    control: [u8; 125],
    joiner: text::Joiner,
    text: String,
    binary: Vec<u8>,
    role: PhantomData<fn() -> R>,
}

#[derive(Clone, Copy)]
enum State {
    /// A header is to come; nothing is held and no message is unfinished.
    Idle,
    /// A header is to come, or half of it is held.
    Header,
    /// Inside a payload; the key is that of its next byte.
    Payload { opcode: Opcode, fin: bool, key: Option<[u8; 4]>, left: u64 },
    /// A close frame was handed out.
    Done,
    /// For good, until `reset`.
    Failed(Error),
}

/// A message that has begun.
#[derive(Clone, Copy)]
struct Unfinished {
    kind: Kind,
    compressed: bool,
    /// Its beginning was handed out, as a part.
    started: bool,
    /// Bytes of it so far, inflated.
    len: u64,
}

impl<R: Role> Decoder<R> {
    /// A decoder with the default limits.
    pub const fn new() -> Self {
        Self::with_limits(Limits::DEFAULT)
    }

    /// A decoder with these limits.
    pub const fn with_limits(limits: Limits) -> Self {
        const fn or_none(limit: Option<u64>) -> u64 {
            match limit {
                Some(limit) => limit,
                None => u64::MAX,
            }
        }
        Self {
            at: 0,
            frame_limit: or_none(limits.frame),
            message_limit: or_none(limits.message),
            state: State::Idle,
            message: None,
            payload_at: 0,
            inflater: None,
            lent: false,
            control_len: 0,
            held: Held::new(),
            control: [0; 125],
            joiner: text::Joiner::new(),
            text: String::new(),
            binary: Vec::new(),
            role: PhantomData,
        }
    }

    /// Decodes the next message or control frame.
    ///
    /// The payload of a frame is unmasked where it lies; after an error in a payload the input may be
    /// empty rather than stand at the offending byte, which is no longer there as it came.
    ///
    /// # Errors
    ///
    /// Any of [`ErrorKind`] but `Truncated`.
    #[inline]
    pub fn decode<'m, 'b: 'm>(
        &'m mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Step<Item<'m, 'b>>, Error> {
        // The straight line: a whole message in one frame lies in the input.
        if let State::Idle = self.state {
            let rules = self.rules();
            if let Ok(Some((header, used))) = Header::read(input, R::EXPECT, &rules) {
                let whole = (input.len() - used) as u64 >= header.len;
                let plain = !header.compressed && !header.opcode.is_control();
                if whole && header.fin && plain {
                    let end = used + header.len as usize;
                    let (frame, rest) = core::mem::take(input).split_at_mut(end);
                    *input = rest;
                    let payload = &mut frame[used..];
                    if let Some(key) = header.mask {
                        mask(payload, key);
                    }
                    self.at += end as u64;
                    if header.opcode == Opcode::Binary {
                        return Ok(Step::Item(Item::Binary(Binary::Input(payload))));
                    }
                    let payload = &*payload;
                    return match text::from_utf8(payload) {
                        Some(text) => Ok(Step::Item(Item::Text(Text::Input(text)))),
                        None => {
                            *input = &mut [];
                            let bad = text::first_bad(payload);
                            self.fail(ErrorKind::Utf8, self.at - (payload.len() - bad) as u64)
                        }
                    };
                }
            }
        }
        self.decode_slowly(input)
    }

    /// Everything else: cut headers and payloads, fragments, control frames, faults.
    #[inline(never)]
    fn decode_slowly<'m, 'b: 'm>(
        &'m mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Step<Item<'m, 'b>>, Error> {
        self.take_back();
        loop {
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
                    return self.end_control(opcode).map(Step::Item).inspect_err(|error| {
                        if error.at < before {
                            *input = &mut [];
                        }
                    });
                }
                State::Payload { key, left, .. } => {
                    let len = within(left, input.len());
                    if let Err((kind, bad)) = self.store(&mut input[..len], key) {
                        return self.fail_in_payload(kind, bad, input);
                    }
                    advance(input, len);
                    self.pass(len);
                    if left > len as u64 {
                        return Ok(Step::NeedInput);
                    }
                    if let Some(kind) = self.end_frame(input)? {
                        self.lent = true;
                        return Ok(Step::Item(match kind {
                            Kind::Text => Item::Text(Text::Joined(&mut self.text)),
                            Kind::Binary => Item::Binary(Binary::Joined(&mut self.binary)),
                        }));
                    }
                }
                State::Done => return Ok(Step::Done),
                State::Failed(error) => return self.still_failed(error),
            }
        }
    }

    /// The peer's end of stream.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] unless a close frame came before.
    pub fn finish(&mut self) -> Result<Option<Item<'_, 'static>>, Error> {
        match self.state {
            State::Done => Ok(None),
            State::Failed(error) => Err(error),
            _ => self.fail(ErrorKind::Truncated, self.at),
        }
    }

    /// Readies the decoder for another connection.
    pub fn reset(&mut self) {
        self.at = 0;
        self.state = State::Idle;
        self.held = Held::new();
        self.forget();
    }

    /// How many bytes the frame in progress lacks at least beyond those of `input`, which need not have
    /// been decoded: the rest of its payload, or of its header as far as that is known. Nothing to
    /// reserve memory by.
    ///
    /// A driver can size its reads by it; and it may wait with a large frame until the frame lies whole
    /// in its buffer, so that nothing is joined.
    pub fn missing(&self, input: &[u8]) -> u64 {
        let len = match self.state {
            State::Idle | State::Header => {
                let mut held = self.held;
                match held.read(input, R::EXPECT, &self.rules()) {
                    Ok(Some((header, used))) => used as u64 + header.len,
                    Ok(None) => return held.missing(),
                    Err(_) => 0,
                }
            }
            State::Payload { left, .. } => left,
            State::Done | State::Failed(_) => 0,
        };
        len.saturating_sub(input.len() as u64)
    }

    /// Gives back all memory, unless a message is unfinished; after a close frame, and after an error,
    /// none is. Of an inflater its place stays and, where contexts are taken over, the context, until
    /// no message can follow.
    pub fn release(&mut self) {
        if let State::Done | State::Failed(_) = self.state {
            self.forget();
        }
        if self.message.is_some() {
            return;
        }
        if let Some(inflater) = &mut self.inflater {
            inflater.release();
        }
        self.lent = false;
        (self.text, self.binary) = (String::new(), Vec::new());
    }

    /// Reads a header, of which a part may be held.
    fn header(&mut self, input: &mut &mut [u8]) -> Result<(), Error> {
        let rules = self.rules();
        match self.held.read(input, R::EXPECT, &rules) {
            Ok(Some((header, used))) => {
                advance(input, used);
                self.at += used as u64;
                let Header { fin, compressed, opcode, mask: key, len: left } = header;
                self.payload_at = self.at;
                let begun = |kind| Some(Unfinished { kind, compressed, started: false, len: 0 });
                match opcode {
                    Opcode::Text => self.message = begun(Kind::Text),
                    Opcode::Binary => self.message = begun(Kind::Binary),
                    Opcode::Continuation => {}
                    Opcode::Close | Opcode::Ping | Opcode::Pong => self.control_len = 0,
                }
                self.state = State::Payload { opcode, fin, key, left };
                Ok(())
            }
            Ok(None) => {
                self.at += input.len() as u64;
                *input = &mut [];
                self.state = State::Header;
                Ok(())
            }
            Err(fault) => {
                let offset = fault.offset(self.at);
                let before = self.message.map_or(0, |message| message.len);
                advance(input, fault.in_input.unwrap_or(input.len()));
                self.payload_at = match fault.kind {
                    ErrorKind::MessageTooLong => before.saturating_add(self.held.announced()),
                    _ => self.held.announced(),
                };
                self.fail(fault.kind, offset)
            }
        }
    }

    /// What the next header is judged by.
    #[inline]
    fn rules(&self) -> Rules {
        Rules {
            deflate: self.inflater.is_some(),
            inside: self.message.is_some(),
            frame: match self.message {
                Some(message) if message.compressed => most_deflated(self.frame_limit),
                _ => self.frame_limit,
            },
            message: match self.message {
                None => self.message_limit,
                // What it will be when inflated is counted then.
                Some(message) if message.compressed => u64::MAX,
                Some(message) => self.message_limit - message.len,
            },
        }
    }

    /// Takes what `input` has of a control frame: whether that is all of it.
    fn control(&mut self, input: &mut &mut [u8]) -> bool {
        let State::Payload { key, left, .. } = self.state else { return false };
        let len = within(left, input.len());
        let piece = &mut input[..len];
        if let Some(key) = key {
            mask(piece, key);
        }
        let from = usize::from(self.control_len);
        self.control[from..from + len].copy_from_slice(piece);
        self.control_len += len as u8;
        advance(input, len);
        self.pass(len);
        left == len as u64
    }

    /// Goes on by `len` bytes of a payload.
    fn pass(&mut self, len: usize) {
        self.at += len as u64;
        if let State::Payload { key, left, .. } = &mut self.state {
            *left -= len as u64;
            *key = key.map(|key| rotate(key, len));
        }
    }

    /// A control frame is whole.
    fn end_control(&mut self, opcode: Opcode) -> Result<Item<'_, 'static>, Error> {
        self.state = if self.message.is_some() { State::Header } else { State::Idle };
        let len = usize::from(self.control_len);
        match opcode {
            Opcode::Ping => Ok(Item::Ping(&self.control[..len])),
            Opcode::Pong => Ok(Item::Pong(&self.control[..len])),
            _ => self.close(len),
        }
    }

    /// A close frame with a payload of `len` bytes (RFC 6455 5.5.1).
    fn close(&mut self, len: usize) -> Result<Item<'_, 'static>, Error> {
        let payload_at = self.at - len as u64;
        let code = match self.control[..len] {
            [] => None,
            [_] => return self.fail(ErrorKind::CloseLength, payload_at),
            [a, b, ..] => Some(CloseCode(u16::from_be_bytes([a, b]))),
        };
        if code.is_some_and(|code| !code.may_be_sent()) {
            return self.fail(ErrorKind::CloseCode, payload_at);
        }
        let reason = 2.min(len)..len;
        if text::from_utf8(&self.control[reason.clone()]).is_none() {
            let bad = text::first_bad(&self.control[reason]);
            return self.fail(ErrorKind::Utf8, payload_at + 2 + bad as u64);
        }
        self.state = State::Done;
        let reason = text::from_utf8(&self.control[reason]).unwrap_or_default();
        Ok(Item::Close(Close { code, reason }))
    }

    /// Empties the buffer of a message that was handed out.
    fn take_back(&mut self) {
        if core::mem::take(&mut self.lent) {
            self.text.clear();
            self.binary.clear();
        }
    }

    /// Forgets the message in progress.
    fn forget(&mut self) {
        self.message = None;
        if let Some(inflater) = &mut self.inflater {
            inflater.reset();
        }
        self.lent = false;
        self.text.clear();
        self.binary.clear();
        self.joiner = text::Joiner::new();
    }

    /// Fails at a byte of a plain payload, or, in a compressed one, at the first of its frame.
    #[cold]
    fn fail_in_payload<T>(
        &mut self,
        kind: ErrorKind,
        bad: Option<usize>,
        input: &mut &mut [u8],
    ) -> Result<T, Error> {
        let Some(bad) = bad else {
            *input = &mut [];
            let at = self.payload_at;
            self.count_excess(kind);
            return self.fail(kind, at);
        };
        advance(input, bad);
        self.fail(kind, self.at + bad as u64)
    }

    /// The same error again. What came before it in parts was handed out, so that nothing needs the
    /// inflater's context any more.
    #[cold]
    fn still_failed<T>(&mut self, error: Error) -> Result<T, Error> {
        self.forget();
        Err(error)
    }

    #[cold]
    fn fail<T>(&mut self, kind: ErrorKind, at: u64) -> Result<T, Error> {
        let error = Error::new(kind, at);
        self.state = State::Failed(error);
        self.forget();
        Err(error)
    }
}

codec!([R: Role] Decoder<R>, &'b mut [u8], Item<'m, 'b>, Error);

impl<R: Role> Default for Decoder<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> fmt::Debug for Decoder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("at", &self.at)
            .field("joined", &(self.text.len() + self.binary.len()))
            .finish_non_exhaustive()
    }
}

fn advance(input: &mut &mut [u8], len: usize) {
    *input = &mut core::mem::take(input)[len..];
}

/// The part of a payload's `left` bytes that `available` ones hold.
fn within(left: u64, available: usize) -> usize {
    usize::try_from(left).map_or(available, |left| left.min(available))
}

/// What is unmasked, checked and copied at a time: it stays in the first cache, and is short enough for
/// the copy to be one of vectors. Longer ones may be made by `rep movsb`, which takes three times as long
/// where source and target lie badly to each other.
const BLOCK: usize = 2 << 10;

#[cfg(test)]
mod tests;
