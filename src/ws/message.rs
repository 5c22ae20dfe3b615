//! Frames to messages (RFC 6455 5.4 to 5.6): unmasked in place, texts checked as they arrive, fragments
//! joined.
//!
//! [`Decoder::decode`] yields whole messages. One that lies in the input whole, in one frame, is borrowed
//! from there; every other is joined in a buffer that is used again and never grows past the limit.
//! [`Decoder::decode_part`] yields parts of messages, for those that are too large to be joined. Both
//! inflate compressed messages in steps, under the same limits. A text fails at its first byte that is
//! not UTF-8, even inside an unfinished frame. A decoder is between messages, inside one, after the close
//! frame, or has failed:
//!
//! ```
//! use wirefeed::{Step, ws::{ServerRole, message::{Decoder, Item}}};
//!
//! let mut messages = Decoder::<ServerRole>::new();
//! // The end of the first input cuts the second fragment.
//! let mut wire = [&b"\x01\x82\0\0\0\0He\x80\x83\0\0"[..], b"\0\0llo\x88\x82\0\0\0\0\x03\xe8"].map(Vec::from);
//! let mut texts = Vec::new();
//! 'wire: for input in &mut wire {
//!     let mut input = &mut input[..];
//!     loop {
//!         match messages.decode(&mut input)? {
//!             Step::Item(Item::Text(text)) => texts.push(text.into_string()),
//!             Step::Item(Item::Close(close)) => assert_eq!(close.reason, ""),
//!             Step::Item(_) => {}
//!             Step::NeedInput => break, // read more
//!             Step::Done => break 'wire, // nothing follows a close frame
//!         }
//!     }
//! }
//! assert_eq!(texts, ["Hello"]);
//! assert_eq!(messages.finish()?, None);
//! # Ok::<(), wirefeed::ws::Error>(())
//! ```
//!
//! - start here: [`Decoder`]
//! - messages: [`Item`], [`Text`], [`Binary`]
//! - parts of messages: [`Part`], [`Kind`]
//! - configuration: [`Config`]
//! - errors: [`ws::Error`](super::Error), [`Exceeded`]

mod assembler;
mod config;
mod event;
mod inflate;
mod payload;
mod reader;

use crate::kernel::debug::debug;
use crate::kernel::step::Step;
use crate::kernel::text;
use crate::kernel::traits::codec;
use crate::ws::error::{Error, ErrorKind};
use crate::ws::frame::{ControlPayload, Opcode};
use crate::ws::role::Role;

use assembler::Assembler;
pub use config::{Config, Exceeded};
pub(crate) use event::Control;
use event::Found;
pub use event::{Binary, Item, Kind, Part, Text};
use reader::{Reader, Reading};

/// Decodes messages; `Done` after a close frame.
pub struct Decoder<R> {
    reader: Reader<R>,
    /// The payload of the last control frame.
    control: ControlPayload,
    assembler: Assembler,
}

impl<R: Role> Decoder<R> {
    /// A decoder with the default limits.
    pub const fn new() -> Self {
        Self::with_config(Config::DEFAULT)
    }

    /// A decoder with these limits.
    pub const fn with_config(config: Config) -> Self {
        Self {
            reader: Reader::new(config),
            control: ControlPayload::EMPTY,
            assembler: Assembler::new(),
        }
    }

    /// Accepts compressed messages too: permessage-deflate was negotiated (RFC 7692).
    ///
    /// ```
    /// use wirefeed::{Step, ws::{ServerRole, deflate::Inflater, message::{Decoder, Item}}};
    ///
    /// let mut messages = Decoder::<ServerRole>::new().with_inflater(Inflater::new(false, None));
    /// let mut wire = *b"\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\x00";
    /// let mut input = &mut wire[..];
    /// let Step::Item(Item::Text(text)) = messages.decode(&mut input)? else { unreachable!() };
    /// assert_eq!(&*text, "Hello");
    /// # Ok::<(), wirefeed::ws::Error>(())
    /// ```
    #[cfg(feature = "deflate")]
    pub fn with_inflater(mut self, inflater: crate::ws::deflate::Inflater) -> Self {
        self.reader.set_inflation(inflate::Inflation::new(inflater));
        self
    }

    /// Decodes the next message or control frame.
    ///
    /// The payload of a frame is unmasked in place. After an error in a payload the input may be empty
    /// rather than start with the offending byte.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`] but `Truncated`. The same error comes again until [`reset`](Self::reset).
    #[inline]
    pub fn decode<'m, 'b: 'm>(
        &'m mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Step<Item<'m, 'b>>, Error> {
        // The straight line: a message in one frame that lies in the input whole. 5 ns for a binary
        // message of 8 bytes, whose three parts take 24.
        if let Some((opcode, payload)) = self.reader.whole_message(input) {
            if opcode == Opcode::Binary {
                return Ok(Step::Item(Item::Binary(Binary::Input(payload))));
            }
            let payload = &*payload;
            return match text::from_utf8(payload) {
                Some(text) => Ok(Step::Item(Item::Text(Text::Input(text)))),
                None => {
                    *input = &mut [];
                    let after = (payload.len() - text::first_bad(payload)) as u64;
                    self.reader.fail_before(ErrorKind::Utf8, after)
                }
            };
        }
        self.assemble(input)
    }

    /// Joins the parts of a message.
    #[inline(never)]
    fn assemble<'m, 'b: 'm>(
        &'m mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Step<Item<'m, 'b>>, Error> {
        self.assembler.take_back();
        let limit = self.reader.message_limit();
        loop {
            let found = match self.reader.next(&mut self.control, input, Reading::Blocks) {
                Ok(Step::Item(found)) => found,
                Ok(Step::NeedInput) => return Ok(Step::NeedInput),
                Ok(Step::Done) => return Ok(Step::Done),
                Err(error) => {
                    self.assembler.forget();
                    return Err(error);
                }
            };
            match found {
                Found::Start(kind) => self.assembler.start(kind),
                Found::Text(piece) => self.assembler.push_str(piece, limit),
                Found::Binary(piece) => self.assembler.push_bytes(piece, limit),
                Found::End(kind) => return Ok(Step::Item(self.assembler.finish(kind))),
                Found::Control(opcode) => {
                    let control = Control::new(opcode, self.control.as_slice());
                    return Ok(Step::Item(control.into()));
                }
            }
        }
    }

    /// Decodes the next part of a message, at most 16 KiB of it, or a control frame. Nothing is joined,
    /// so that a message of any length takes no memory.
    ///
    /// Calls may alternate with [`decode`](Self::decode), which joins what is left of a message: all of
    /// it after `Start`.
    ///
    /// ```
    /// use wirefeed::{Step, ws::{ServerRole, message::{Decoder, Kind, Part}}};
    ///
    /// let mut messages = Decoder::<ServerRole>::new();
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
        // What `decode` has joined comes first.
        self.assembler.take_back();
        if let Some(kind) = self.assembler.start_part() {
            return Ok(Step::Item(Part::Start(kind)));
        }
        if self.assembler.has_part() {
            return Ok(Step::Item(self.assembler.part()));
        }
        let part = match self.reader.next(&mut self.control, input, Reading::Parts) {
            Ok(Step::Item(Found::Start(kind))) => Part::Start(kind),
            Ok(Step::Item(Found::Text(piece))) => Part::Text(piece),
            Ok(Step::Item(Found::Binary(piece))) => Part::Binary(piece),
            Ok(Step::Item(Found::End(_))) => Part::End,
            Ok(Step::Item(Found::Control(opcode))) => {
                Control::new(opcode, self.control.as_slice()).into()
            }
            Ok(Step::NeedInput) => return Ok(Step::NeedInput),
            Ok(Step::Done) => return Ok(Step::Done),
            Err(error) => {
                self.assembler.forget();
                return Err(error);
            }
        };
        self.assembler.pass(&part);
        Ok(Step::Item(part))
    }

    /// The peer's end of stream.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] unless a close frame came before.
    pub fn finish(&mut self) -> Result<Option<Item<'_, 'static>>, Error> {
        let ended = self.reader.finish();
        if ended.is_err() {
            self.assembler.forget();
        }
        ended.map(|()| None)
    }

    /// Readies the decoder for another connection.
    pub fn reset(&mut self) {
        self.reader.reset();
        self.assembler.forget();
    }

    /// A lower bound on the bytes still needed after `input`, which need not have been decoded, to
    /// complete the current frame: the rest of its payload, or of its header as far as that is known.
    /// The peer chooses it: do not allocate by it.
    ///
    /// A driver can size its reads by it; and it may keep a large frame until all of it lies in the
    /// buffer, so that nothing is joined.
    pub fn bytes_needed(&self, input: &[u8]) -> u64 {
        self.reader.bytes_needed(input)
    }

    /// Gives back all memory, unless a message is unfinished; after a close frame or an error none is.
    /// The inflater's place stays, and so does its context if contexts are taken over, until no message
    /// can follow.
    pub fn release(&mut self) {
        if self.reader.release() {
            self.assembler.release();
        }
    }

    /// After [`ErrorKind::FrameTooLong`] and [`ErrorKind::MessageTooLong`]: the limit, and the length
    /// that exceeded it.
    ///
    /// ```
    /// use wirefeed::ws::{ServerRole, message::{Config, Decoder}};
    ///
    /// let mut config = Config::default();
    /// config.frame = Some(1000);
    /// let mut messages = Decoder::<ServerRole>::with_config(config);
    /// let mut wire = *b"\x82\xfe\x07\xd0\0\0\0\0";
    /// assert!(messages.decode(&mut &mut wire[..]).is_err());
    /// let exceeded = messages.exceeded().unwrap();
    /// assert_eq!((exceeded.limit, exceeded.len), (1000, 2000));
    /// ```
    pub fn exceeded(&self) -> Option<Exceeded> {
        self.reader.exceeded()
    }
}

codec!([R: Role] Decoder<R>, &'b mut [u8], Item<'m, 'b>, Error);

impl<R: Role> Default for Decoder<R> {
    fn default() -> Self {
        Self::new()
    }
}

debug!([R] Decoder<R>, self => Decoder { at: self.reader.at, joined: self.assembler.len() });

#[cfg(test)]
mod tests;
