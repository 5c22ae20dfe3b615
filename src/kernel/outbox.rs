//! The pending output of a connection.

use crate::kernel::debug::debug;
use alloc::collections::VecDeque;

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Pending output: a rope of copied heads and shared payloads.
///
/// Write the bytes of [`chunk`](Buf::chunk) or [`chunks_vectored`](Buf::chunks_vectored) to the socket,
/// and [`advance`](Buf::advance) by the number of bytes written. For completion I/O, take owned
/// [`Bytes`] with [`take_bytes`](Self::take_bytes).
///
/// The outbox copies small pieces into one buffer, which it reuses. It shares a payload of at least
/// [`SHARED`](Self::SHARED) bytes that is passed as `Bytes`.
///
/// ```
/// use bytes::{Buf, Bytes};
/// use wirefeed::Outbox;
///
/// let payload = Bytes::from(vec![b'x'; 4096]);
/// let mut out = Outbox::new();
/// out.copy(b"1000\r\n")?;
/// out.share(payload.clone())?;
/// out.copy(b"\r\n")?;
/// assert_eq!(out.remaining(), 4104);
///
/// assert_eq!(out.chunk(), b"1000\r\n");
/// out.advance(4); // a partial write
/// assert_eq!(out.chunk(), b"\r\n");
/// out.advance(2);
/// assert_eq!(out.chunk().as_ptr(), payload.as_ptr()); // shared, not copied
/// # Ok::<(), wirefeed::SendError>(())
/// ```
pub struct Outbox {
    /// Copied bytes that are not written yet; the pieces around the payloads are joined.
    copied: BytesMut,
    /// Shared payloads, each with its position: the number of bytes ever copied before it.
    shared: VecDeque<(u64, Bytes)>,
    shared_len: usize,
    /// Copied bytes written so far.
    written: u64,
    /// Bytes of shared payloads written so far.
    shared_written: u64,
    limit: usize,
}

impl Outbox {
    /// The outbox shares payloads of at least this many bytes instead of copying them. At about this
    /// size a copy costs more than one more slice in a vectored write.
    pub const SHARED: usize = 256;

    /// An empty outbox with a limit of 1 MiB: a few seconds of output for a slow reader, and far above
    /// the limits of nginx and Node (64 KiB and 16 KiB).
    pub fn new() -> Self {
        Self::with_limit(Some(1 << 20))
    }

    /// An empty outbox with a limit of `limit` bytes; `None` sets no limit.
    ///
    /// An empty outbox accepts one piece of any size. Otherwise it refuses a piece that would exceed the
    /// limit, until enough output is written ([`fits`](Self::fits)). So the pending output is at most
    /// `limit` bytes, or one larger piece.
    ///
    /// Output of the protocol itself (a pong, a close frame) may exceed the limit: the machine that sends
    /// it bounds it.
    pub fn with_limit(limit: Option<usize>) -> Self {
        Self {
            copied: BytesMut::new(),
            shared: VecDeque::new(),
            shared_len: 0,
            written: 0,
            shared_written: 0,
            limit: limit.unwrap_or(usize::MAX),
        }
    }

    /// Whether a piece of `len` bytes fits. A piece refused with
    /// [`SendError::Full`](crate::SendError::Full) fits at the latest when the outbox is empty.
    ///
    /// ```
    /// let mut out = wirefeed::Outbox::with_limit(Some(10));
    /// out.copy(&[0; 20])?; // exceeds the limit, but the outbox was empty
    /// assert!(!out.fits(1));
    /// # Ok::<(), wirefeed::SendError>(())
    /// ```
    #[inline]
    pub fn fits(&self, len: usize) -> bool {
        len <= self.room()
    }

    /// The number of bytes that fit; `usize::MAX` if the outbox is empty.
    #[inline]
    pub fn room(&self) -> usize {
        if self.is_empty() { usize::MAX } else { self.limit.saturating_sub(self.remaining()) }
    }

    /// Whether no output is pending.
    pub fn is_empty(&self) -> bool {
        !self.has_remaining()
    }

    /// Appends a copy of `bytes`.
    ///
    /// # Errors
    ///
    /// [`SendError::Full`](crate::SendError::Full) if they do not fit.
    pub fn copy(&mut self, bytes: &[u8]) -> Result<(), crate::kernel::error::SendError> {
        self.check(bytes.len())?;
        self.copied.extend_from_slice(bytes);
        Ok(())
    }

    /// Appends `payload` without copying it, unless it is small.
    ///
    /// # Errors
    ///
    /// [`SendError::Full`](crate::SendError::Full) if it does not fit.
    pub fn share(&mut self, payload: Bytes) -> Result<(), crate::kernel::error::SendError> {
        self.check(payload.len())?;
        self.append(payload);
        Ok(())
    }

    /// Appends the `len` bytes that `put` writes, then `payload`, then `after`: all of it or nothing.
    #[inline]
    pub(crate) fn share_between(
        &mut self,
        (len, put): (usize, impl FnOnce(&mut BytesMut)),
        payload: Bytes,
        after: &[u8; 2],
    ) -> Result<(), crate::kernel::error::SendError> {
        self.check(len + payload.len() + after.len())?;
        put(&mut self.copied);
        self.append(payload);
        self.copied.extend_from_slice(after);
        Ok(())
    }

    /// Appends `payload` without checking that it fits.
    #[inline]
    pub(crate) fn append(&mut self, payload: Bytes) {
        if payload.len() < Self::SHARED {
            self.copied.extend_from_slice(&payload);
        } else {
            self.shared_len += payload.len();
            self.shared.push_back((self.written + self.copied.len() as u64, payload));
        }
    }

    /// A writer for encoders, limited to the remaining [`room`](Self::room).
    ///
    /// ```
    /// let mut out = wirefeed::Outbox::new();
    /// wirefeed::sse::encode_comment("keep-alive", &mut out.writer())?;
    /// # assert!(!out.is_empty());
    /// # Ok::<(), wirefeed::SendError>(())
    /// ```
    pub fn writer(&mut self) -> impl BufMut + '_ {
        let room = self.room();
        (&mut self.copied).limit(room)
    }

    /// Takes the next bytes as owned `Bytes`, for completion I/O. `None` if no output is pending.
    ///
    /// The caller must write all of them, in the order taken.
    ///
    /// ```
    /// let mut out = wirefeed::Outbox::new();
    /// out.copy(b"hello")?;
    /// assert_eq!(out.take_bytes().unwrap(), "hello");
    /// assert!(out.take_bytes().is_none());
    /// # Ok::<(), wirefeed::SendError>(())
    /// ```
    pub fn take_bytes(&mut self) -> Option<Bytes> {
        let copied = self.copied_before_shared();
        if copied > 0 {
            self.written += copied as u64;
            if self.copied[..copied] == *b"\r\n" {
                // The end of most chunks: return a static slice instead of allocating.
                self.copied.advance(copied);
                return Some(Bytes::from_static(b"\r\n"));
            }
            return Some(self.copied.split_to(copied).freeze());
        }
        let (_, payload) = self.shared.pop_front()?;
        self.shared_len -= payload.len();
        self.shared_written += payload.len() as u64;
        Some(payload)
    }

    /// Frees the buffers if no output is pending.
    pub fn release(&mut self) {
        if self.is_empty() {
            self.copied = BytesMut::new();
            self.shared = VecDeque::new();
        }
    }

    /// The buffer that copies go to, for output over the limit.
    pub(crate) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.copied
    }

    #[inline]
    pub(crate) fn check(&self, more: usize) -> Result<(), crate::kernel::error::SendError> {
        if self.fits(more) { Ok(()) } else { Err(crate::kernel::error::SendError::Full) }
    }

    /// Drops the pending output.
    pub(crate) fn forget(&mut self) {
        self.advance(self.remaining());
    }

    /// The number of bytes written since the outbox was created.
    pub(crate) const fn written(&self) -> u64 {
        self.written + self.shared_written
    }

    /// The position after the pending output, counted from the first byte ever appended.
    pub(crate) fn end(&self) -> u64 {
        self.written() + self.remaining() as u64
    }

    /// The number of copied bytes before the first shared payload.
    fn copied_before_shared(&self) -> usize {
        match self.shared.front() {
            // A difference of two positions inside `copied`, whose length is a usize.
            Some((at, _)) => (at - self.written) as usize,
            None => self.copied.len(),
        }
    }
}

impl Default for Outbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Buf for Outbox {
    fn remaining(&self) -> usize {
        self.copied.len() + self.shared_len
    }

    fn chunk(&self) -> &[u8] {
        match (self.copied_before_shared(), self.shared.front()) {
            (0, Some((_, payload))) => payload,
            (copied, _) => &self.copied[..copied],
        }
    }

    /// # Panics
    ///
    /// If `count` exceeds the pending output, as [`Buf`] requires.
    fn advance(&mut self, mut count: usize) {
        let remaining = self.remaining();
        assert!(count <= remaining, "advanced past the end of the output");
        if count == remaining {
            // Fast path: most writes take everything.
            self.written += self.copied.len() as u64;
            self.shared_written += self.shared_len as u64;
            self.copied.clear();
            self.shared_len = 0;
            while self.shared.pop_front().is_some() {}
            return;
        }
        while count > 0 {
            let copied = self.copied_before_shared();
            if copied > 0 {
                let n = copied.min(count);
                self.written += n as u64;
                count -= n;
                if n == self.copied.len() {
                    self.copied.clear(); // reuses the buffer from its start, without moving a byte
                } else {
                    self.copied.advance(n);
                }
            } else if let Some((_, payload)) = self.shared.front_mut() {
                let n = payload.len().min(count);
                self.shared_len -= n;
                self.shared_written += n as u64;
                count -= n;
                if n == payload.len() {
                    self.shared.pop_front();
                } else {
                    payload.advance(n);
                }
            }
        }
    }

    #[cfg(feature = "std")]
    fn chunks_vectored<'a>(&'a self, slices: &mut [std::io::IoSlice<'a>]) -> usize {
        let (mut filled, mut copied) = (0, &self.copied[..]);
        let mut put = |bytes: &'a [u8]| match slices.get_mut(filled) {
            Some(slice) if !bytes.is_empty() => {
                *slice = std::io::IoSlice::new(bytes);
                filled += 1;
                true
            }
            slice => slice.is_some(),
        };
        let mut written = self.written;
        for (at, payload) in &self.shared {
            let (before, after) = copied.split_at((at - written) as usize);
            if !put(before) || !put(payload) {
                return filled;
            }
            (copied, written) = (after, *at);
        }
        put(copied);
        filled
    }
}

debug!([] Outbox, self => Outbox { len: self.remaining(), room: self.room() });

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::error::SendError;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Op {
        Copy(Vec<u8>),
        Share(Vec<u8>),
        Advance(usize),
        Take,
        Vectored(usize),
    }

    fn op() -> impl Strategy<Value = Op> {
        let bytes = |len| prop::collection::vec(any::<u8>(), 0..len);
        prop_oneof![
            bytes(40).prop_map(Op::Copy),
            bytes(2 * Outbox::SHARED).prop_map(Op::Share),
            (0usize..700).prop_map(Op::Advance),
            Just(Op::Take),
            (0usize..6).prop_map(Op::Vectored),
        ]
    }

    proptest! {
        /// Every way of writing returns the appended bytes, in order.
        #[test]
        fn nothing_is_lost(ops in prop::collection::vec(op(), 0..60)) {
            let mut out = Outbox::with_limit(Some(2000));
            let (mut model, mut got) = (Vec::new(), 0);
            for op in ops {
                match op {
                    Op::Copy(bytes) => match out.copy(&bytes) {
                        Ok(()) => model.extend(bytes),
                        Err(error) => prop_assert!(error == SendError::Full && bytes.len() > out.room()),
                    },
                    Op::Share(bytes) => match out.share(Bytes::from(bytes.clone())) {
                        Ok(()) => model.extend(bytes),
                        Err(error) => prop_assert!(error == SendError::Full && bytes.len() > out.room()),
                    },
                    Op::Advance(count) => {
                        for _ in 0..3 {
                            let n = count.min(out.chunk().len());
                            prop_assert_eq!(&out.chunk()[..n], &model[got..got + n]);
                            out.advance(n);
                            got += n;
                        }
                        let n = count.min(out.remaining());
                        out.advance(n);
                        got += n;
                    }
                    Op::Take => if let Some(bytes) = out.take_bytes() {
                        prop_assert!(!bytes.is_empty());
                        prop_assert_eq!(&bytes[..], &model[got..got + bytes.len()]);
                        got += bytes.len();
                    },
                    Op::Vectored(room) => {
                        let mut slices = [std::io::IoSlice::new(&[]); 6];
                        let filled = out.chunks_vectored(&mut slices[..room]);
                        let seen = slices[..filled].iter().flat_map(|slice| slice.to_vec()).collect::<Vec<_>>();
                        prop_assert_eq!(&seen[..], &model[got..got + seen.len()]);
                        prop_assert!(filled == room || seen.len() == out.remaining());
                    }
                }
                prop_assert_eq!(out.remaining(), model.len() - got);
                let most = if out.is_empty() { usize::MAX } else { 2000usize.saturating_sub(out.remaining()) };
                prop_assert_eq!(out.room(), most);
                prop_assert_eq!(out.chunk().is_empty(), out.is_empty());
            }
        }
    }

    #[test]
    fn an_empty_outbox_accepts_a_piece_of_any_size() {
        for limit in [0, 1, 10] {
            let mut out = Outbox::with_limit(Some(limit));
            assert!(out.fits(1000));
            out.copy(&[0; 1000]).unwrap();
            assert_eq!(
                (out.copy(&[0]), out.share(Bytes::from_static(b"a"))),
                (Err(SendError::Full), Err(SendError::Full))
            );
            assert!(!out.fits(1) && out.fits(0));
            out.advance(1000);
            out.share(Bytes::from(alloc::vec![0; 5000])).unwrap();
            out.advance(5000);
            out.writer().put_slice(&[0; 1000]);
            assert_eq!(out.remaining(), 1000);
        }
        // Otherwise it accepts exactly as many bytes as fit below the limit.
        let mut out = Outbox::with_limit(Some(10));
        out.copy(&[0; 4]).unwrap();
        assert_eq!(out.copy(&[0; 7]), Err(SendError::Full));
        out.copy(&[0; 6]).unwrap();
        out.advance(3);
        assert!(out.fits(3) && !out.fits(4));
    }

    #[test]
    fn the_buffer_of_copies_is_reused() {
        let mut out = Outbox::new();
        out.copy(&[0; 64]).unwrap();
        out.advance(64);
        let place = out.buffer().as_ptr();
        for _ in 0..1000 {
            out.copy(&[1; 64]).unwrap();
            assert_eq!(out.chunk().as_ptr(), place);
            out.advance(64);
        }
    }

    #[test]
    #[should_panic(expected = "advanced past")]
    fn advancing_past_the_end_panics() {
        Outbox::new().advance(1);
    }
}
