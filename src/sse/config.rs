//! What a stream may cost, and what is made of one that costs more or ends too early.

/// Limits in bytes, where `None` stands for 4 GiB - 1, the most there is, and switches, which are off.
///
/// ```
/// use wirefeed::{Step, sse::{Config, Decoder, Item}};
///
/// let mut config = Config::default();
/// (config.event, config.skip_oversized, config.dispatch_at_eof) = (Some(8), true, true);
/// let mut decoder = Decoder::with_config(config);
/// let mut input = &b"id: 1\ndata: far too long\n\ndata: half"[..];
/// let Step::Item(Item::Skipped(error)) = decoder.decode(&mut input)? else { unreachable!() };
/// assert_eq!(error.at, 20);
/// assert_eq!(decoder.decode(&mut input), Ok(Step::NeedInput));
/// let Some(Item::Event(event)) = decoder.finish()? else { unreachable!() };
/// assert_eq!((event.data, event.id), ("half", None));
/// # Ok::<(), wirefeed::sse::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// A line, without its end. 16 MiB, as tungstenite's frames: some servers send a picture in one
    /// line.
    pub line: Option<usize>,
    /// An event's name and data together. 16 MiB.
    pub event: Option<usize>,
    /// An id, which goes back to the server in a field. 8 KiB, as nginx's longest field.
    pub id: Option<usize>,
    /// Dispatches an event with data whose blank line is missing at the end of the stream, which ends
    /// its last line, too. Off: WHATWG HTML 9.2.6 drops it.
    ///
    /// Some servers of language models leave the last blank line out. Danger: where a stream breaks
    /// off and that looks like its end, half an event is taken for a whole one, and its id for one
    /// that has been received.
    pub dispatch_at_eof: bool,
    /// Passes over an event that exceeds a limit, up to its blank line, and goes on with the next.
    /// Off: the stream fails.
    ///
    /// It is reported once, when the limit is reached, and nothing of it is kept: no comment and no
    /// reconnection time in its rest, and no id, so that a server which resumes after the
    /// last event id sends it again. Danger: a caller that ignores
    /// [`Item::Skipped`](super::Item::Skipped) loses events unnoticed.
    pub skip_oversized: bool,
}

impl Config {
    pub(super) const DEFAULT: Self = Self {
        line: Some(16 << 20),
        event: Some(16 << 20),
        id: Some(8 << 10),
        dispatch_at_eof: false,
        skip_oversized: false,
    };
}

impl Default for Config {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A limit in four bytes, at most `u32::MAX`.
pub(super) const fn pack(limit: Option<usize>) -> u32 {
    match limit {
        Some(limit) if limit < u32::MAX as usize => limit as u32,
        _ => u32::MAX,
    }
}
