//! A header that the end of an input has cut.

use super::{ErrorKind, Expect, Header, MAX, Rules};

/// The bytes of a header that the end of an input has cut.
#[derive(Clone, Copy)]
pub(crate) struct Held {
    bytes: [u8; MAX],
    len: u8,
}

impl Held {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; MAX], len: 0 }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The length that the header announces which has just been refused.
    #[cfg(feature = "alloc")]
    pub(crate) fn announced(&self) -> u64 {
        announced(&self.bytes)
    }

    /// How many bytes the header lacks at least.
    #[cfg(feature = "alloc")]
    pub(crate) fn missing(&self) -> u64 {
        let len = match *self {
            Self { len: 0 | 1, .. } => 2,
            Self { bytes: [_, second, ..], .. } => {
                let masked = if second & 0x80 != 0 { 4 } else { 0 };
                masked
                    + match second & 0x7f {
                        126 => 4,
                        127 => 10,
                        _ => 2,
                    }
            }
        };
        len - u64::from(self.len)
    }

    /// Reads a header whose first bytes may be held: the header, and how much of `input` it took. Where
    /// it is not whole, all of `input` is held. A fault comes with its place in the header and, if it
    /// lies there, in `input`.
    pub(crate) fn read(
        &mut self,
        input: &[u8],
        expect: Expect,
        rules: &Rules,
    ) -> Result<Option<(Header, usize)>, Fault> {
        let held = usize::from(self.len);
        let take = input.len().min(MAX - held);
        self.bytes[held..held + take].copy_from_slice(&input[..take]);
        match Header::read(&self.bytes[..held + take], expect, rules) {
            Ok(Some((header, used))) => {
                self.len = 0;
                Ok(Some((header, used - held)))
            }
            Ok(None) => {
                self.len = (held + take) as u8;
                Ok(None)
            }
            Err((kind, index)) => {
                // `index` counts from the first held byte, the caller's offset from the first of `input`.
                Err(Fault { kind, held, in_input: index.checked_sub(held), index })
            }
        }
    }
}

/// A fault in a header.
pub(crate) struct Fault {
    pub(crate) kind: ErrorKind,
    /// Bytes of the header in earlier inputs.
    held: usize,
    index: usize,
    /// The offending byte in this input.
    pub(crate) in_input: Option<usize>,
}

impl Fault {
    /// The offending byte's offset, where `at` is that of the first byte of this input.
    pub(crate) const fn offset(&self, at: u64) -> u64 {
        at - self.held as u64 + self.index as u64
    }
}

/// The length that a header announces, as far as its bytes are there.
#[cfg(feature = "alloc")]
pub(crate) fn announced(bytes: &[u8]) -> u64 {
    match (bytes.get(1).map(|second| second & 0x7f), bytes.get(2..)) {
        (Some(126), Some([a, b, ..])) => u64::from(u16::from_be_bytes([*a, *b])),
        (Some(127), Some(rest)) => rest.first_chunk().map_or(0, |len| u64::from_be_bytes(*len)),
        (Some(short), _) => u64::from(short),
        (None, _) => 0,
    }
}
