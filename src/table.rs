//! Whether a machine's documented table is what its code does.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Debug;

/// Compares the rows `//! | in | on | to |` of a file with its transition function, both ways.
pub(crate) fn agrees<S: Copy + Debug, O: Copy + Debug>(
    file: &str,
    states: &[S],
    inputs: &[O],
    on: fn(S, O) -> Option<S>,
) {
    let rows: Vec<String> = file
        .lines()
        .filter_map(|line| line.strip_prefix("//! | "))
        .filter(|row| !row.starts_with("in |"))
        .map(|row| row.trim_end_matches(" |").into())
        .collect();
    let mut found = Vec::new();
    for &state in states {
        for &input in inputs {
            found.extend(on(state, input).map(|to| format!("{state:?} | {input:?} | {to:?}")));
        }
    }
    for row in &rows {
        assert!(found.contains(row), "the code does not do: {row}");
    }
    for row in &found {
        assert!(rows.contains(row), "the table does not say: {row}");
    }
    assert_eq!(rows.len(), found.len());
}
