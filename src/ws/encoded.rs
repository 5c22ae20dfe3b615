//! Messages that many sessions share.

use bytes::{BufMut, Bytes, BytesMut};

use crate::kernel::debug::debug;
use crate::ws::frame::{Header, Opcode};

/// A message as a server sends it, encoded once and shared by any number of sessions:
/// [`Sender::send_encoded`](super::Sender::send_encoded).
///
/// ```
/// use bytes::Buf;
/// use wirefeed::{Instant, ws::{Config, Encoded, ServerRole, Session}};
///
/// let (message, now) = (Encoded::text("Hello"), Instant::ZERO);
/// for _ in 0..2 {
///     let Session { mut tx, .. } = Session::new(ServerRole, Config::default(), now);
///     tx.send_encoded(&message, now)?;
///     assert_eq!(tx.output().chunk(), b"\x81\x05Hello");
/// }
/// # Ok::<(), wirefeed::SendError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Encoded(Bytes);

impl Encoded {
    /// A text message of one frame.
    pub fn text(text: &str) -> Self {
        Self::frame(Opcode::Text, text.as_bytes())
    }

    /// A binary message of one frame.
    pub fn binary(bytes: &[u8]) -> Self {
        Self::frame(Opcode::Binary, bytes)
    }

    fn frame(opcode: Opcode, payload: &[u8]) -> Self {
        let len = payload.len() as u64;
        let head = Header { fin: true, compressed: false, opcode, mask: None, len }.encode();
        let mut frame = BytesMut::with_capacity(head.as_ref().len() + payload.len());
        frame.put_slice(head.as_ref());
        frame.put_slice(payload);
        Self(frame.freeze())
    }

    pub(super) const fn bytes(&self) -> &Bytes {
        &self.0
    }
}

debug!([] Encoded, self, f => write!(f, "Encoded({} bytes)", self.0.len()));
