//! Payloads of control frames.

/// The longest payload of a control frame (RFC 6455 5.5).
const MAX: usize = 125;

/// The payload of a control frame, whole or as far as it has come.
#[derive(Clone)]
pub(crate) struct ControlPayload {
    bytes: [u8; MAX],
    len: u8,
}

impl ControlPayload {
    pub(crate) const EMPTY: Self = Self { bytes: [0; MAX], len: 0 };

    /// A payload of `bytes`, at most 125.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut payload = Self::EMPTY;
        payload.push(bytes);
        payload
    }

    /// Appends `bytes`; all of them together are at most 125.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let from = usize::from(self.len);
        self.bytes[from..from + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len() as u8;
    }

    pub(crate) const fn clear(&mut self) {
        self.len = 0;
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}
