//! The configuration of head decoders.

/// Limits and switches for heads. `None` sets no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Maximum length of a head in bytes, including its empty line. Default: 64 KiB; the limit of nginx
    /// is 32 KiB, that of Node 16 KiB, that of Go 1 MiB.
    pub head: Option<usize>,
    /// Maximum number of field lines. Default: 100, as in Apache and hyper.
    pub fields: Option<usize>,
    /// Joins folded field lines, with blanks in place of the line end (RFC 9112 5.2). Default: off; on
    /// for a client's connection, because a user agent must join them.
    ///
    /// Danger: a hop that takes the second line of a fold for a separate field line sees a different
    /// message. Never enable it in a server.
    pub allow_folds: bool,
    /// Accepts SP and HTAB between a field name and its colon. Default: off.
    ///
    /// Some old servers send them. Danger: a hop that takes the blank for a part of the name misses a
    /// `Transfer-Encoding` that the next hop sees (RFC 9112 5.1). Enable it only in a client, towards a
    /// server that needs it.
    pub allow_space_before_colon: bool,
    /// Reads a status from 000 to 099 as 500 to 599. Default: off.
    ///
    /// RFC 9110 15: a client processes a response with an invalid status as a 5xx. Known danger: only
    /// for tools that display the status as sent.
    pub allow_low_status: bool,
}

impl Config {
    /// The defaults of a server's side.
    pub(in crate::h1) const DEFAULT: Self = Self {
        head: Some(64 << 10),
        fields: Some(100),
        allow_folds: false,
        allow_space_before_colon: false,
        allow_low_status: false,
    };

    pub(super) fn longest(&self) -> usize {
        self.head.map_or(LONGEST, |limit| limit.min(LONGEST))
    }

    pub(super) fn most_fields(&self) -> usize {
        self.fields.unwrap_or(usize::MAX)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The maximum length of a head: spans store offsets in four bytes.
pub(super) const LONGEST: usize = u32::MAX as usize;
