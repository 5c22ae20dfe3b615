//! Cuts that the fuzzer chooses: its last bytes say where the rest is cut, so that any stream as it
//! stood on a wire is a seed.

/// The stream, and the pieces it is to be fed in.
pub(crate) fn split(data: &[u8]) -> Option<(&[u8], Vec<&[u8]>)> {
    let (&count, rest) = data.split_last()?;
    let (wire, steps) = rest.split_at(rest.len().checked_sub(usize::from(count % 8))?);
    let (mut pieces, mut left) = (Vec::new(), wire);
    for &step in steps {
        let (piece, rest) = left.split_at(usize::from(step).min(left.len()));
        pieces.push(piece);
        left = rest;
    }
    pieces.push(left);
    Some((wire, pieces))
}
