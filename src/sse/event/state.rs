//! How an event stream stands.

use crate::sse::ErrorKind;

/// How the stream stands.
///
/// ```text
///              ┌─────── blank line ───────┐
///              ▼                          │
///            Start ────────────────────▶ Lines ◀──────────▶ Cut
///                                        │  ▲                │
///                        over a limit    ▼  │ blank line     │ over a limit
///                                       Skipping ◀───────────┘
/// ```
///
/// From each of these the end of the stream leads to `Finished`, and a limit to `Failed` unless it is
/// to be skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing is stored, and the next byte is plainly the first of an event.
    Start,
    /// At the start of a line.
    Lines,
    /// Inside a line whose first part is stored.
    Cut,
    /// Inside an event that is over a limit, at the start of a line or not.
    Skipping { inside_line: bool },
    /// The stream ended.
    Finished,
    /// It reached a limit, at `at`.
    Failed(ErrorKind),
}

/// Which buffers the last item borrowed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lent {
    Nothing,
    Line,
    Event,
    /// The line, whose value is the event's data, and what else there is of the event.
    LineAndEvent,
}
