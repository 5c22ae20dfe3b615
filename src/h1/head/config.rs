//! What a head may cost.

/// What a head may cost, and what it may look like. `None` sets no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Bytes of a head, its empty line included. 64 KiB: nginx stops at 32 KiB, Node at 16 KiB,
    /// Go at 1 MiB.
    pub head: Option<usize>,
    /// Fields of a head. 100, as Apache and hyper.
    pub fields: Option<usize>,
    /// Joins a field line that is folded, with blanks in the place of the line end (RFC 9112 5.2). Off;
    /// on for a client's connection, since a user agent must.
    ///
    /// Danger: a hop that takes the second line of a fold for a field of its own sees another message.
    /// Never as a server.
    pub allow_folds: bool,
    /// Accepts SP and HTAB between a field name and its colon. Off.
    ///
    /// Some old servers send them. Danger: a hop that takes the blank for a part of the name misses a
    /// `Transfer-Encoding` that the next one sees (RFC 9112 5.1). As a client, towards a server that
    /// needs it.
    pub allow_space_before_colon: bool,
    /// Reads a status from 000 to 099 as 500 to 599 (RFC 9110 15: an invalid status is processed as
    /// a 5xx). Off.
    ///
    /// Danger: none is known but to tools that show the status as it was sent.
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

/// Spans count in four bytes.
pub(super) const LONGEST: usize = u32::MAX as usize;
