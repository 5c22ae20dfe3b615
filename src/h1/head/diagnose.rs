//! Which byte of a refused head is the first at fault: a strict scan, byte by byte, run only once a
//! head has been refused.

use super::StartLine;
use crate::h1::ErrorKind;
use crate::scan;

/// The first fault of `head`, which ends with its empty line, and its offset.
#[cold]
pub(super) fn first_fault<L: StartLine>(head: &[u8], limit: Option<usize>) -> (ErrorKind, usize) {
    let mut lines = Lines::new(head);
    let fault = lines.judge::<L>(limit.unwrap_or(usize::MAX));
    // A head without a fault is never brought here: a property test compares the two judges.
    (fault.err().unwrap_or(ErrorKind::FieldName), lines.at)
}

/// A head and the byte that is judged.
#[derive(Debug)]
#[expect(unnameable_types, reason = "in the signature of a sealed trait")]
pub struct Lines<'a> {
    head: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    pub(super) const fn new(head: &'a [u8]) -> Self {
        Self { head, at: 0 }
    }

    /// Goes over the head until its first fault.
    pub(super) fn judge<L: StartLine>(&mut self, limit: usize) -> Result<(), ErrorKind> {
        L::diagnose(self)?;
        self.fields(limit)
    }

    /// `method SP request-target SP HTTP-version CRLF` (RFC 9112 3).
    pub(super) fn request_line(&mut self) -> Result<(), ErrorKind> {
        self.run(scan::is_token, ErrorKind::Method)?;
        self.byte(b' ', ErrorKind::Method)?;
        self.run(|byte| byte.is_ascii_graphic(), ErrorKind::Target)?;
        self.byte(b' ', ErrorKind::Target)?;
        self.version()?;
        self.line_end(ErrorKind::Version)
    }

    /// `HTTP-version SP status-code [ SP reason-phrase ] CRLF` (RFC 9112 4).
    pub(super) fn status_line(&mut self) -> Result<(), ErrorKind> {
        self.version()?;
        self.byte(b' ', ErrorKind::Status)?;
        for lowest in [b'1', b'0', b'0'] {
            match self.peek() {
                Some(digit) if (lowest..=b'9').contains(&digit) => self.at += 1,
                _ => return Err(ErrorKind::Status),
            }
        }
        if self.peek() == Some(b' ') {
            self.skip(scan::is_field_value);
            return self.line_end(ErrorKind::Reason);
        }
        self.line_end(ErrorKind::Status)
    }

    /// `*( field-name ":" OWS field-value OWS CRLF ) CRLF` (RFC 9112 5).
    fn fields(&mut self, limit: usize) -> Result<(), ErrorKind> {
        for seen in 0.. {
            match self.peek() {
                Some(b'\r' | b'\n') => return self.line_end(ErrorKind::FieldName),
                Some(b' ' | b'\t') => return Err(ErrorKind::ObsFold),
                _ if seen == limit => return Err(ErrorKind::TooManyFields),
                _ => {}
            }
            self.run(scan::is_token, ErrorKind::FieldName)?;
            if self.peek().is_some_and(scan::is_blank) {
                return Err(ErrorKind::SpaceBeforeColon);
            }
            self.byte(b':', ErrorKind::FieldName)?;
            self.skip(scan::is_field_value);
            self.line_end(ErrorKind::FieldValue)?;
        }
        Ok(())
    }

    fn version(&mut self) -> Result<(), ErrorKind> {
        for &byte in b"HTTP/1." {
            self.byte(byte, ErrorKind::Version)?;
        }
        match self.peek() {
            Some(b'0' | b'1') => self.at += 1,
            _ => return Err(ErrorKind::Version),
        }
        Ok(())
    }

    /// CR LF; anything but a broken line end is at fault as `other`.
    fn line_end(&mut self, other: ErrorKind) -> Result<(), ErrorKind> {
        match self.peek() {
            Some(b'\r') => self.at += 1,
            Some(b'\n') => return Err(ErrorKind::BareLf),
            _ => return Err(other),
        }
        self.byte(b'\n', ErrorKind::BareCr)
    }

    fn byte(&mut self, byte: u8, fault: ErrorKind) -> Result<(), ErrorKind> {
        if self.peek() != Some(byte) {
            return Err(fault);
        }
        self.at += 1;
        Ok(())
    }

    /// At least one byte of a class.
    fn run(&mut self, class: fn(u8) -> bool, fault: ErrorKind) -> Result<(), ErrorKind> {
        let from = self.at;
        self.skip(class);
        if self.at == from { Err(fault) } else { Ok(()) }
    }

    fn skip(&mut self, class: fn(u8) -> bool) {
        while self.peek().is_some_and(class) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.head.get(self.at).copied()
    }
}
