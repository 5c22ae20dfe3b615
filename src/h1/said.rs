//! What the fields of a head say about its connection.

use crate::h1::Version;
use crate::{grammar, scan};

/// What the fields of a head say about its connection, besides how its body ends.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Said {
    pub(super) close: bool,
    pub(super) keep_alive: bool,
    /// `Upgrade`, and `Connection: upgrade`.
    pub(super) upgrade: bool,
    pub(super) expects_continue: bool,
    pub(super) hosts: usize,
    pub(super) valid_host: bool,
}

impl Said {
    /// The lengths of the names it looks for, a bit each.
    pub(super) const LENGTHS: u32 = 1 << 4 | 1 << 6 | 1 << 7 | 1 << 10;

    /// Reads them in one pass.
    pub(super) fn by<'a>(fields: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Self {
        let mut said = Self { valid_host: true, ..Self::default() };
        let (mut upgrade, mut lists_upgrade) = (false, false);
        for (field, value) in fields {
            // Most names of the right length differ in their first byte.
            let is = |name: &[u8]| {
                field.first().map(|first| first | 0x20) == name.first().copied()
                    && field.eq_ignore_ascii_case(name)
            };
            match field.len() {
                4 if is(b"host") => {
                    said.hosts += 1;
                    said.valid_host &= is_host(value);
                }
                6 if is(b"expect") => {
                    said.expects_continue |= value.eq_ignore_ascii_case(b"100-continue");
                }
                7 if is(b"upgrade") => upgrade = true,
                10 if is(b"connection") => {
                    for token in grammar::list(value) {
                        said.close |= token.eq_ignore_ascii_case(b"close");
                        said.keep_alive |= token.eq_ignore_ascii_case(b"keep-alive");
                        lists_upgrade |= token.eq_ignore_ascii_case(b"upgrade");
                    }
                }
                _ => {}
            }
        }
        said.upgrade = upgrade && lists_upgrade;
        said
    }

    /// Whether another exchange may follow (RFC 9112 9.3).
    pub(super) fn persists(self, version: Version) -> bool {
        !self.close && (version == Version::Http11 || self.keep_alive)
    }
}

/// Whether a value can be a host and a port (RFC 9110 7.2, RFC 3986 3.2): nothing that a next hop
/// could take for another part of a URL.
fn is_host(value: &[u8]) -> bool {
    value.iter().copied().all(scan::is_host)
}
