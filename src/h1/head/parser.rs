//! A single-pass parser of heads that reports the first offending byte.

use crate::kernel::debug::debug;
use alloc::vec::Vec;

use super::config::Config;
use crate::h1::ErrorKind;
use crate::kernel::scan;

/// The bytes of a head, and the position of the next one.
///
/// If the bytes end before the head does, `at` is their length and the returned error is meaningless.
#[expect(unnameable_types, reason = "in the signature of a sealed trait")]
pub struct Parser<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) config: &'a Config,
}

debug!([] Parser<'_>, self => Parser { at: self.at });

impl<'a> Parser<'a> {
    /// A parser at the first byte of at most 4 GiB.
    pub(super) const fn new(bytes: &'a [u8], config: &'a Config) -> Self {
        Self { bytes, at: 0, config }
    }

    /// `*( field-name ":" OWS field-value OWS CRLF ) CRLF` (RFC 9112 5).
    #[inline]
    pub(super) fn fields(&mut self, spans: &mut Vec<Span>) -> Result<(), ErrorKind> {
        let limit = self.config.most_fields();
        spans.clear();
        loop {
            let name = self.at;
            let len = scan::token_len(self.rest());
            if len == 0 || spans.len() == limit {
                return self.after_fields();
            }
            self.at += len;
            let name_end = self.at;
            if self.peek() != Some(b':') {
                self.blanks_before_colon()?;
            }
            self.at += 1;
            let value = self.at;
            self.at += scan::field_value_len(self.rest());
            let (from, to) = trimmed(self.bytes, value, self.at);
            self.line_end(ErrorKind::FieldValue)?;
            spans.push(Span {
                name: (name as u32, name_end as u32),
                value: (from as u32, to as u32),
            });
        }
    }

    /// Skips blanks between a name and its colon, if the configuration allows them.
    #[cold]
    fn blanks_before_colon(&mut self) -> Result<(), ErrorKind> {
        let blanks = self.rest().iter().take_while(|byte| scan::is_blank(**byte)).count();
        match self.bytes.get(self.at + blanks) {
            Some(b':') if self.config.allow_space_before_colon => {
                self.at += blanks;
                Ok(())
            }
            Some(b':') => Err(ErrorKind::SpaceBeforeColon),
            _ => Err(ErrorKind::FieldName),
        }
    }

    /// Parses what follows the field lines: the empty line, a fault, or one field line too many.
    fn after_fields(&mut self) -> Result<(), ErrorKind> {
        match self.peek() {
            Some(b'\r' | b'\n') => self.line_end(ErrorKind::FieldName),
            Some(b' ' | b'\t') => Err(ErrorKind::ObsFold),
            Some(byte) if scan::is_token(byte) => Err(ErrorKind::TooManyFields),
            _ => Err(ErrorKind::FieldName),
        }
    }

    /// Parses CR LF. `other` is the error for anything but an invalid line end.
    #[inline]
    pub(super) fn line_end(&mut self, other: ErrorKind) -> Result<(), ErrorKind> {
        match self.rest() {
            [b'\r', b'\n', ..] => {
                self.at += 2;
                Ok(())
            }
            [b'\r', ..] => {
                self.at += 1;
                Err(ErrorKind::BareCr)
            }
            [b'\n', ..] => Err(ErrorKind::BareLf),
            _ => Err(other),
        }
    }

    #[inline]
    pub(super) fn byte(&mut self, byte: u8, fault: ErrorKind) -> Result<(), ErrorKind> {
        if self.peek() != Some(byte) {
            return Err(fault);
        }
        self.at += 1;
        Ok(())
    }

    /// Parses a run of at least one byte of a class; returns its end.
    #[inline]
    pub(super) fn run(
        &mut self,
        len: fn(&[u8]) -> usize,
        fault: ErrorKind,
    ) -> Result<usize, ErrorKind> {
        match len(self.rest()) {
            0 => Err(fault),
            len => {
                self.at += len;
                Ok(self.at)
            }
        }
    }

    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

/// The position of a field in its head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) name: (u32, u32),
    pub(super) value: (u32, u32),
}

impl Span {
    pub(super) fn name<'m>(&self, bytes: &'m [u8]) -> &'m [u8] {
        &bytes[self.name.0 as usize..self.name.1 as usize]
    }

    pub(super) fn value<'m>(&self, bytes: &'m [u8]) -> &'m [u8] {
        &bytes[self.value.0 as usize..self.value.1 as usize]
    }
}

/// The range of a value without the blanks around it.
#[inline]
fn trimmed(bytes: &[u8], mut from: usize, mut to: usize) -> (usize, usize) {
    while from < to && scan::is_blank(bytes[from]) {
        from += 1;
    }
    while from < to && scan::is_blank(bytes[to - 1]) {
        to -= 1;
    }
    (from, to)
}
