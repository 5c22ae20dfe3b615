//! Inflating messages.

use crate::kernel::debug::debug;
use alloc::vec::Vec;

use flate2::{DecompressError, FlushDecompress, Status};

use super::TAIL;
use super::pool::{Inflate, Pool, Slot};
use crate::kernel::buffer;
use crate::kernel::table::transitions;
use crate::ws::ErrorKind;

/// Inflates messages (RFC 7692 7.2.2).
///
/// [`inflate_message`](Self::inflate_message) takes a whole payload.
/// [`inflate_piece`](Self::inflate_piece) takes the payloads of a message's frames in order, cut
/// anywhere, and [`finish`](Self::finish) ends the message.
///
/// DEFLATE expands data up to 1032 times. Neither method makes more bytes at once than the limit or one
/// piece, so that a caller that counts can stop in time.
///
/// ```
/// use wirefeed::ws::deflate::Inflater;
///
/// let (mut inflater, mut message) = (Inflater::new(false, None), Vec::new());
/// // "Hello" in two frames.
/// for mut input in [&b"\xf2\x48\xcd"[..], b"\xc9\xc9\x07\x00"] {
///     loop {
///         let piece = inflater.inflate_piece(&mut input)?;
///         if piece.is_empty() {
///             break;
///         }
///         message.extend_from_slice(piece);
///     }
/// }
/// inflater.finish()?;
/// assert_eq!(message, b"Hello");
/// # Ok::<(), wirefeed::ws::ErrorKind>(())
/// ```
pub struct Inflater {
    slot: Slot<Inflate>,
    context_takeover: bool,
    state: State,
    /// In [`State::Failed`], the error.
    error: ErrorKind,
}

/// The state of an inflater within a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a message.
    Between,
    /// Inside a message.
    Inside,
    /// After a block with BFINAL set; if the message continues, another DEFLATE stream begins.
    Complete,
    /// After an error.
    Failed,
}

/// What happens to an inflater.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    /// Payload arrives.
    Data,
    /// A block with BFINAL set ends.
    Last,
    /// The message ends.
    End,
    /// zlib or the limit refuses the message.
    Fault,
    /// The caller resets the inflater.
    Reset,
}

transitions! {
    /// The state after an event; the end of a message that has no payload is not in the table, since
    /// even an empty message has one byte (RFC 7692 7.2.3.6).
    State, On {
        Between | Inside | Complete, Data => Inside;
        Inside, Last => Complete;
        Inside | Complete, End => Between;
        Between | Inside | Complete | Failed, Fault => Failed;
        Between | Inside | Complete | Failed, Reset => Between;
    }
}

impl Inflater {
    /// An inflater that borrows its context from the pool for each message, or without a pool has its own.
    /// With `context_takeover` a message may refer to earlier ones, as it may unless the peer has agreed
    /// otherwise; the inflater then keeps the context from the first message until it is dropped.
    pub fn new(context_takeover: bool, pool: Option<&Pool>) -> Self {
        let slot = Slot::new((), pool.cloned());
        Self { slot, context_takeover, state: State::Between, error: ErrorKind::Deflate }
    }

    /// Inflates at most 16 KiB of the message. An empty piece means that all of `input` is used up.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Deflate`].
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
            if self.state == State::Failed {
                *input = &[];
            }
            match step {
                Ok((made, more)) => (written, again) = (written + made, more),
                // The next call returns the error: however the input is cut, the bytes before it come
                // first.
                Err(_) if written > 0 => break,
                Err(error) => return Err(self.fail(error)),
            }
        }
        Ok(self.piece())
    }

    /// The piece that [`inflate_piece`](Self::inflate_piece) has returned last.
    pub(in crate::ws) fn piece(&self) -> &[u8] {
        self.slot.peek().map_or(&[], |context| &context.scratch)
    }

    /// Ends the message, after all of its payload is inflated.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Deflate`] if the message ends inside a block, or if some of its payload is not yet
    /// inflated.
    pub fn finish(&mut self) -> Result<(), ErrorKind> {
        match self.state {
            State::Failed => return Err(self.error),
            // RFC 7692 7.2.3.6: even an empty message has a payload of one byte.
            State::Between => return Err(self.fail(ErrorKind::Deflate)),
            State::Inside => {
                if !self.is_between_blocks() {
                    return Err(self.fail(ErrorKind::Deflate));
                }
            }
            // The stream is complete, with or without the byte that 7.2.3.4 appends.
            State::Complete => {}
        }
        self.state.go(On::End);
        if !self.context_takeover {
            self.slot.clear();
        }
        Ok(())
    }

    /// Inflates a whole message to the end of `out`, which grows to at most `limit` bytes; `None` sets no
    /// limit.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MessageTooLong`] if `out` would exceed the limit, [`ErrorKind::Deflate`].
    pub fn inflate_message(
        &mut self,
        mut payload: &[u8],
        out: &mut Vec<u8>,
        limit: Option<usize>,
    ) -> Result<(), ErrorKind> {
        let limit = limit.unwrap_or(usize::MAX);
        loop {
            let is_full = out.len() >= limit;
            if !is_full && out.len() == out.capacity() {
                // What a message is likely to need, then twice as much each time.
                let likely = payload.len().saturating_mul(4).clamp(LEAST, PIECE);
                buffer::reserve(out, likely.min(limit - out.len()), limit);
            }
            let step = self.step(&mut payload, |context, input| {
                // One byte beyond the limit shows that the message is longer.
                match is_full {
                    true => context.zlib.decompress(input, &mut [0], FlushDecompress::None),
                    false => context.zlib.decompress_vec(input, out, FlushDecompress::None),
                }
            });
            let (made, again) = step.map_err(|error| self.fail(error))?;
            // The vector may have had more room than the limit.
            if out.len() > limit || (is_full && made > 0) {
                out.truncate(limit);
                return Err(self.fail(ErrorKind::MessageTooLong));
            }
            // A full vector may have hidden more output, and a fault is reported by the next step.
            let is_done = is_full || out.len() < out.capacity();
            if !again && is_done && self.state != State::Failed {
                return self.finish();
            }
        }
    }

    /// Whether the payload ends between blocks. zlib cannot tell; but only there does it take the end of
    /// the empty block that the sender removed (7.2.2), and one more empty block, without output.
    fn is_between_blocks(&mut self) -> bool {
        let mut end = [0; 9];
        end[..4].copy_from_slice(&TAIL);
        // BFINAL makes the check exact, but ends the stream to which the next message would refer.
        end[4] = u8::from(!self.context_takeover);
        end[5..].copy_from_slice(&TAIL);
        let zlib = &mut self.slot.get().zlib;
        let before = (zlib.total_in(), zlib.total_out());
        let status = zlib.decompress(&end, &mut [0; 9], FlushDecompress::None);
        let is_used = zlib.total_in() - before.0 == end.len() as u64;
        let expected = if self.context_takeover { Status::Ok } else { Status::StreamEnd };
        is_used && zlib.total_out() == before.1 && status.is_ok_and(|status| status == expected)
    }

    /// Discards an unfinished message, an error, and the context of earlier messages.
    pub fn reset(&mut self) {
        self.slot.clear();
        self.state.go(On::Reset);
    }

    /// Releases the context, unless a message is unfinished. With context takeover, once a message was
    /// inflated, it releases only the room for [pieces](Self::inflate_piece).
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

    /// Calls zlib once. Returns the number of bytes made, and whether zlib must be called again if there
    /// is room left.
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
        self.state.go(On::Data);
        let context = self.slot.get();
        let before = (context.zlib.total_in(), context.zlib.total_out());
        let result = call(context, input);
        let used = (context.zlib.total_in() - before.0) as usize;
        let made = (context.zlib.total_out() - before.1) as usize;
        *input = &input[used..];
        match result {
            Ok(Status::StreamEnd) => {
                // 7.2.3.4: after a block with BFINAL set, another DEFLATE stream begins.
                context.zlib.reset(false);
                self.state.go(On::Last);
                Ok((made, !input.is_empty()))
            }
            // zlib that makes no progress now will not make any in the next call.
            Ok(Status::Ok | Status::BufError) => Ok((made, !input.is_empty() && used + made > 0)),
            Err(_) => {
                self.state.go(On::Fault);
                self.error = ErrorKind::Deflate;
                if made > 0 { Ok((made, false)) } else { Err(ErrorKind::Deflate) }
            }
        }
    }

    /// Keeps the error, and releases the context.
    #[cold]
    fn fail(&mut self, error: ErrorKind) -> ErrorKind {
        self.state.go(On::Fault);
        self.error = error;
        self.slot.clear();
        error
    }
}

debug!([] Inflater, self => Inflater { context: self.slot.is_held(), state: self.state });

/// The largest piece, in bytes: small enough to stay in a first-level cache while the caller reads it.
const PIECE: usize = 16 << 10;

/// The least room made for a message, in bytes.
const LEAST: usize = 64;
