//! Messages in.

use alloc::vec::Vec;
use core::fmt;

use flate2::{DecompressError, FlushDecompress, Status};

use super::pool::{Inflate, Pool, Slot};
use super::state::{On, State};
use super::{ErrorKind, TAIL};
use crate::kernel::buffer;

/// Inflates messages (RFC 7692 7.2.2), in steps that the caller bounds.
///
/// Three ways, on one footing: into a slice ([`inflate`](Self::inflate)), in pieces of at most 16
/// KiB that stay in the inflater ([`inflate_piece`](Self::inflate_piece)), to the end of a vector
/// ([`inflate_vec`](Self::inflate_vec)). Each takes the payloads of a message's frames in order,
/// cut anywhere; [`finish`](Self::finish) comes after the last of them.
///
/// DEFLATE makes up to 1032 bytes of one. None of this makes more than it was given room for, so
/// that whoever counts stops in time.
///
/// ```
/// use wirefeed::ws::deflate::Inflater;
///
/// let (mut inflater, mut message, mut scratch) = (Inflater::new(false), Vec::new(), [0; 4]);
/// // "Hello" in two frames.
/// for mut input in [&b"\xf2\x48\xcd"[..], b"\xc9\xc9\x07\x00"] {
///     loop {
///         let len = inflater.inflate(&mut input, &mut scratch)?;
///         message.extend_from_slice(&scratch[..len]);
///         if len < scratch.len() {
///             break;
///         }
///     }
/// }
/// inflater.finish()?;
/// assert_eq!(message, b"Hello");
/// # Ok::<(), wirefeed::ws::deflate::ErrorKind>(())
/// ```
pub struct Inflater {
    slot: Slot<Inflate>,
    context_takeover: bool,
    state: State,
    error: ErrorKind,
}

impl Inflater {
    /// An inflater with a context of its own, made for the first message. With `context_takeover` a
    /// message may refer to the ones before it: unless the peer has agreed that none does.
    pub const fn new(context_takeover: bool) -> Self {
        Self::with_slot(context_takeover, None)
    }

    /// An inflater that lends its context from a pool: for a message, or, where contexts are taken
    /// over, from the first message on until it is dropped.
    pub fn with_pool(context_takeover: bool, pool: &Pool) -> Self {
        Self::with_slot(context_takeover, Some(pool.clone()))
    }

    const fn with_slot(context_takeover: bool, pool: Option<Pool>) -> Self {
        let slot = Slot::new((), pool);
        Self { slot, context_takeover, state: State::Between, error: ErrorKind::Data }
    }

    /// Inflates into `out`: the number of bytes written. Where they are fewer than `out` holds, all
    /// of `input` is used up; where not, there may be more, of an empty input too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`]; what `out` holds then is of no use.
    pub fn inflate(&mut self, input: &mut &[u8], out: &mut [u8]) -> Result<usize, ErrorKind> {
        let mut written = 0;
        while written < out.len() {
            let room = &mut out[written..];
            let step = self.step(input, |context, input| {
                context.zlib.decompress(input, room, FlushDecompress::None)
            });
            let Some((made, again)) = self.settle(step, written, input)? else { break };
            written += made;
            if !again {
                break;
            }
        }
        Ok(written)
    }

    /// Inflates at most 16 KiB, which a first cache holds while they are looked at. None where all
    /// of `input` is used up.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`].
    pub fn inflate_piece(&mut self, input: &mut &[u8]) -> Result<&[u8], ErrorKind> {
        if let Some(context) = self.slot.held() {
            context.scratch.clear();
        }
        let (mut written, mut again) = (0, true);
        while again && written < PIECE {
            let step = self.step(input, |context, input| {
                let scratch = &mut context.scratch;
                scratch.reserve_exact(PIECE - scratch.len());
                context.zlib.decompress_vec(input, scratch, FlushDecompress::None)
            });
            let Some((made, more)) = self.settle(step, written, input)? else { break };
            written += made;
            again = more;
        }
        Ok(self.piece())
    }

    /// What [`inflate_piece`](Self::inflate_piece) has made.
    pub(crate) fn piece(&self) -> &[u8] {
        self.slot.peek().map_or(&[], |context| &context.scratch)
    }

    /// Inflates all of `input` to the end of `out`, which grows with what it holds and no further
    /// than `limit` bytes. `None` sets no limit.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLong`] where it would hold more, [`ErrorKind::Data`].
    pub fn inflate_vec(
        &mut self,
        input: &mut &[u8],
        out: &mut Vec<u8>,
        limit: Option<usize>,
    ) -> Result<(), ErrorKind> {
        let limit = limit.unwrap_or(usize::MAX);
        loop {
            if out.len() >= limit {
                // Whether there is more is told by one byte.
                let fits = self.inflate(input, &mut [0])? == 0;
                return if fits { Ok(()) } else { Err(self.fail(ErrorKind::TooLong)) };
            }
            if out.len() == out.capacity() && input.is_empty() {
                // Rarely anything is left to be made of nothing: no room for what may not come.
                let mut some = [0; LEAST];
                let room = LEAST.min(limit - out.len());
                let len = self.inflate(input, &mut some[..room])?;
                buffer::reserve(out, len, limit);
                out.extend_from_slice(&some[..len]);
                if len < room {
                    return Ok(());
                }
                continue;
            }
            if out.len() == out.capacity() {
                // As much as is likely, then twice as much each time.
                let more = input.len().saturating_mul(4).clamp(LEAST, PIECE).min(limit - out.len());
                buffer::reserve(out, more, limit);
            }
            let (_, again) = self
                .step(input, |context, input| {
                    context.zlib.decompress_vec(input, out, FlushDecompress::None)
                })
                .map_err(|error| self.fail(error))?;
            if out.len() > limit {
                // The vector had that much room already.
                out.truncate(limit);
                return Err(self.fail(ErrorKind::TooLong));
            }
            if !again && out.len() < out.capacity() && self.state != State::Failed {
                return Ok(());
            }
        }
    }

    /// Inflates a whole message to the end of `out`, which grows no further than `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLong`] where it would hold more, [`ErrorKind::Data`].
    pub fn inflate_message(
        &mut self,
        mut payload: &[u8],
        out: &mut Vec<u8>,
        limit: Option<usize>,
    ) -> Result<(), ErrorKind> {
        self.inflate_vec(&mut payload, out, limit)?;
        self.finish()
    }

    /// The message is over: all its input is used up, and nothing of it is left to be inflated.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] where the message ends inside a block, or was not all inflated.
    pub fn finish(&mut self) -> Result<(), ErrorKind> {
        match self.state {
            State::Failed => return Err(self.error),
            // No payload at all: 7.2.3.6 has one byte where there is nothing to say.
            State::Between => return Err(self.fail(ErrorKind::Data)),
            State::Inside => {
                if !self.is_between_blocks() {
                    return Err(self.fail(ErrorKind::Data));
                }
            }
            // Nothing is in doubt; the byte that 7.2.3.4 puts after it is not missed.
            State::Complete => {}
        }
        self.on(On::End);
        if !self.context_takeover {
            self.slot.clear();
        }
        Ok(())
    }

    /// Puts the end of the last block in (7.2.2), and one more empty block: what waits for anything
    /// but the end makes something of these bytes, or chokes on them.
    fn is_between_blocks(&mut self) -> bool {
        let mut end = [0; 9];
        end[..4].copy_from_slice(&TAIL);
        // One that says that it is the last has to be taken for it; but after that no message can
        // refer to this one.
        end[4] = u8::from(!self.context_takeover);
        end[5..].copy_from_slice(&TAIL);
        let zlib = &mut self.slot.get().zlib;
        let before = (zlib.total_in(), zlib.total_out());
        let status = zlib.decompress(&end, &mut [0; 9], FlushDecompress::None);
        let is_used = zlib.total_in() - before.0 == end.len() as u64;
        let expected = if self.context_takeover { Status::Ok } else { Status::StreamEnd };
        is_used && zlib.total_out() == before.1 && status.is_ok_and(|status| status == expected)
    }

    /// Forgets all messages and an error.
    pub fn reset(&mut self) {
        self.slot.clear();
        self.state = State::Between;
    }

    /// Gives back the context, unless a message is unfinished or, where contexts are taken over, one was
    /// inflated to which the next may refer: then the room for [pieces](Self::inflate_piece).
    pub fn release(&mut self) {
        match (self.state, self.slot.held()) {
            (State::Inside | State::Complete, _) => {}
            (State::Between, Some(context))
                if self.context_takeover && context.zlib.total_in() > 0 =>
            {
                context.scratch = Vec::new();
            }
            (State::Between | State::Failed, _) => self.slot.release(),
        }
    }

    /// Calls zlib once: the number of bytes made, and whether it has to be called again if there is
    /// room left.
    fn step(
        &mut self,
        input: &mut &[u8],
        call: impl FnOnce(&mut Inflate, &[u8]) -> Result<Status, DecompressError>,
    ) -> Result<(usize, bool), ErrorKind> {
        match self.state {
            State::Failed => return Err(self.error),
            State::Between | State::Complete if input.is_empty() => return Ok((0, false)),
            State::Between | State::Complete | State::Inside => {}
        }
        self.on(On::Data);
        let context = self.slot.get();
        let before = (context.zlib.total_in(), context.zlib.total_out());
        let result = call(context, input);
        let used = (context.zlib.total_in() - before.0) as usize;
        let made = (context.zlib.total_out() - before.1) as usize;
        *input = &input[used..];
        match result {
            Ok(Status::StreamEnd) => {
                // 7.2.3.4 and 7.2.3.5: what follows in the message begins from nothing.
                context.zlib.reset(false);
                self.on(On::Last);
                Ok((made, !input.is_empty()))
            }
            // Without progress there will be none.
            Ok(Status::Ok | Status::BufError) => Ok((made, !input.is_empty() && used + made > 0)),
            Err(_) => {
                self.on(On::Fault);
                self.error = ErrorKind::Data;
                if made > 0 { Ok((made, false)) } else { Err(ErrorKind::Data) }
            }
        }
    }

    /// A fault after some bytes were made is for the next call, so that they are handed out before it,
    /// however the input was cut; what follows is of no use.
    fn settle(
        &mut self,
        step: Result<(usize, bool), ErrorKind>,
        written: usize,
        input: &mut &[u8],
    ) -> Result<Option<(usize, bool)>, ErrorKind> {
        if self.state == State::Failed {
            *input = &[];
        }
        match step {
            Ok(step) => Ok(Some(step)),
            Err(_) if written > 0 => Ok(None),
            Err(error) => Err(self.fail(error)),
        }
    }

    fn on(&mut self, on: On) {
        self.state = self.state.on(on).unwrap_or(self.state);
    }

    /// The context is of no more use, and goes back at once.
    #[cold]
    fn fail(&mut self, error: ErrorKind) -> ErrorKind {
        self.on(On::Fault);
        self.error = error;
        self.slot.clear();
        error
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater")
            .field("context", &self.slot.is_held())
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// What is inflated at once.
const PIECE: usize = 16 << 10;

/// The least room that is made for a message.
const LEAST: usize = 64;
