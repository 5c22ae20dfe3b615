//! The grammar of a head, in one pass that knows which byte is the first at fault.

use alloc::vec::Vec;
use core::fmt;

use super::Config;
use super::line::{RequestLine, StartLine, StatusLine};
use super::view::Span;
use crate::h1::{ErrorKind, Version};
use crate::kernel::grammar::Target;
use crate::kernel::scan;

/// A head and the byte that is judged.
///
/// If the bytes end before the head does, `at` is their length and the returned error is meaningless.
#[expect(unnameable_types, reason = "in the signature of a sealed trait")]
pub struct Parser<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
    config: &'a Config,
}

impl fmt::Debug for Parser<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parser").field("at", &self.at).finish_non_exhaustive()
    }
}

impl<'a> Parser<'a> {
    /// At the first byte of at most 4 GiB.
    pub(super) const fn new(bytes: &'a [u8], config: &'a Config) -> Self {
        Self { bytes, at: 0, config }
    }

    /// The start line and the fields, the empty line included.
    #[inline]
    pub(super) fn head<L: StartLine>(&mut self, spans: &mut Vec<Span>) -> Result<L, ErrorKind> {
        let line = L::parse(self)?;
        self.fields(spans, self.config.most_fields())?;
        Ok(line)
    }

    /// `method SP request-target SP HTTP-version CRLF` (RFC 9112 3).
    pub(super) fn request_line(&mut self) -> Result<RequestLine, ErrorKind> {
        let method = self.run(scan::token_len, ErrorKind::Method)?;
        self.byte(b' ', ErrorKind::Method)?;
        let target = self.target(method)?;
        self.byte(b' ', ErrorKind::Target)?;
        let version = self.version()?;
        self.line_end(ErrorKind::Version)?;
        Ok(RequestLine { method, target, version })
    }

    /// A target of a form that the method allows (RFC 9112 3.2), of which the next byte is seen; where
    /// it ends.
    #[inline]
    fn target(&mut self, method_end: usize) -> Result<usize, ErrorKind> {
        let start = self.at;
        self.at += scan::target_len(self.rest());
        let method = &self.bytes[..method_end];
        let target = &self.bytes[start..self.at];
        let is_cut = self.at == self.bytes.len();
        if is_cut || (target.first() == Some(&b'/') && method != b"CONNECT") {
            return Ok(self.at);
        }
        let judged = Target::judge(method, core::str::from_utf8(target).unwrap_or_default());
        match judged {
            Ok(_) => Ok(self.at),
            Err(bad) => {
                self.at = start + bad;
                Err(ErrorKind::Target)
            }
        }
    }

    /// `HTTP-version SP status-code [ SP reason-phrase ] CRLF` (RFC 9112 4).
    pub(super) fn status_line(&mut self) -> Result<StatusLine, ErrorKind> {
        let version = self.version()?;
        self.byte(b' ', ErrorKind::Status)?;
        let mut status = 0;
        let first = if self.config.allow_low_status { b'0' } else { b'1' };
        for lowest in [first, b'0', b'0'] {
            match self.peek() {
                Some(digit) if (lowest..=b'9').contains(&digit) => {
                    status = status * 10 + u16::from(digit - b'0');
                    self.at += 1;
                }
                _ => return Err(ErrorKind::Status),
            }
        }
        if status < 100 {
            // An invalid status is processed as a 5xx (RFC 9110 15).
            status += 500;
        }
        let mut other = ErrorKind::Status;
        if self.peek() == Some(b' ') {
            self.at += scan::field_value_len(self.rest());
            other = ErrorKind::Reason;
        }
        let end = self.at;
        self.line_end(other)?;
        Ok(StatusLine { status, end, version })
    }

    /// `*( field-name ":" OWS field-value OWS CRLF ) CRLF` (RFC 9112 5).
    #[inline]
    fn fields(&mut self, spans: &mut Vec<Span>, limit: usize) -> Result<(), ErrorKind> {
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

    /// Passes over blanks between a name and its colon, where they are allowed.
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

    /// What is no field, or one too many.
    fn after_fields(&mut self) -> Result<(), ErrorKind> {
        match self.peek() {
            Some(b'\r' | b'\n') => self.line_end(ErrorKind::FieldName),
            Some(b' ' | b'\t') => Err(ErrorKind::ObsFold),
            Some(byte) if scan::is_token(byte) => Err(ErrorKind::TooManyFields),
            _ => Err(ErrorKind::FieldName),
        }
    }

    #[inline]
    fn version(&mut self) -> Result<Version, ErrorKind> {
        if self.rest().starts_with(b"HTTP/1.1") {
            self.at += b"HTTP/1.1".len();
            return Ok(Version::Http11);
        }
        self.other_version()
    }

    /// HTTP/1.0, or a minor version that is higher than ours and is read as ours (RFC 9110 2.5).
    fn other_version(&mut self) -> Result<Version, ErrorKind> {
        for &byte in b"HTTP/1." {
            self.byte(byte, ErrorKind::Version)?;
        }
        let version = match self.peek() {
            Some(b'0') => Version::Http10,
            Some(b'1'..=b'9') => Version::Http11,
            _ => return Err(ErrorKind::Version),
        };
        self.at += 1;
        Ok(version)
    }

    /// CR LF; anything but a broken line end is at fault as `other`.
    #[inline]
    fn line_end(&mut self, other: ErrorKind) -> Result<(), ErrorKind> {
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
    fn byte(&mut self, byte: u8, fault: ErrorKind) -> Result<(), ErrorKind> {
        if self.peek() != Some(byte) {
            return Err(fault);
        }
        self.at += 1;
        Ok(())
    }

    /// At least one byte of a class; where the run ends.
    #[inline]
    fn run(&mut self, len: fn(&[u8]) -> usize, fault: ErrorKind) -> Result<usize, ErrorKind> {
        match len(self.rest()) {
            0 => Err(fault),
            len => {
                self.at += len;
                Ok(self.at)
            }
        }
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

/// Where a value stands without the blanks around it.
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
