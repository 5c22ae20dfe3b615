//! The fields of a head that govern the connection and the length of the content.

use crate::h1::Version;
use crate::h1::body_length::BodyLength;
use crate::h1::head::{Head, StartLine};
use crate::kernel::grammar::is_host_field;
use crate::kernel::{grammar, scan};

/// The contents of these fields, collected in one pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectionFields<'a> {
    pub(super) close: bool,
    pub(super) keep_alive: bool,
    pub(super) expects_continue: bool,
    pub(super) hosts: usize,
    pub(super) valid_host: bool,
    /// There is an `Upgrade` field.
    upgrade: bool,
    /// `Connection` lists the option `upgrade`.
    lists_upgrade: bool,
    /// The fields that delimit the content.
    pub(super) length: BodyLength<'a>,
}

impl<'a> ConnectionFields<'a> {
    /// The value before the first field.
    pub(super) const NOTHING: Self = Self {
        close: false,
        keep_alive: false,
        expects_continue: false,
        hosts: 0,
        valid_host: true,
        upgrade: false,
        lists_upgrade: false,
        length: BodyLength::NOTHING,
    };

    /// The lengths of the names of these fields: bit *n* for a name of *n* bytes.
    const NAME_LENGTHS: u32 = 1 << 4 | 1 << 6 | 1 << 7 | 1 << 10 | BodyLength::NAME_LENGTHS;

    /// Reads all fields of a head.
    pub(super) fn of<L: StartLine>(head: &Head<'a, L>) -> Self {
        let mut this = Self::NOTHING;
        for (name, value) in head.fields_with_name_length(Self::NAME_LENGTHS) {
            this.note(name, value);
        }
        this
    }

    /// Reads one field. Its name must be a token.
    #[inline]
    pub(super) fn note(&mut self, name: &[u8], value: &'a [u8]) {
        match name.len() {
            4 if scan::is_name(name, b"host") => {
                self.hosts += 1;
                self.valid_host &= is_host_field(value);
            }
            6 if scan::is_name(name, b"expect") => {
                // RFC 9110 10.1.1: a list of expectations, of which it defines only this one.
                let is_continue = |one: &[u8]| one.eq_ignore_ascii_case(b"100-continue");
                self.expects_continue |= grammar::list(value).any(is_continue);
            }
            7 if scan::is_name(name, b"upgrade") => self.upgrade = true,
            10 if scan::is_name(name, b"connection") => self.note_connection(value),
            _ => self.length.note(name, value),
        }
    }

    fn note_connection(&mut self, value: &[u8]) {
        for token in grammar::list(value) {
            self.close |= token.eq_ignore_ascii_case(b"close");
            self.keep_alive |= token.eq_ignore_ascii_case(b"keep-alive");
            self.lists_upgrade |= token.eq_ignore_ascii_case(b"upgrade");
        }
    }

    /// Whether there are both `Upgrade` and `Connection: upgrade` (RFC 9110 7.8).
    pub(super) const fn upgrades(&self) -> bool {
        self.upgrade && self.lists_upgrade
    }

    /// Whether another exchange may follow (RFC 9112 9.3).
    pub(super) fn persists(&self, version: Version) -> bool {
        !self.close && (version == Version::Http11 || self.keep_alive)
    }
}
