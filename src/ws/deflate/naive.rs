//! An inflater that takes its time, bit by bit (RFC 1951 3.2): what the real one is compared with.

use alloc::vec;
use alloc::vec::Vec;

/// What a payload with its end put back comes to, and the farthest that it refers back; `None` where
/// it is wrong, or what was put back is not the end of an empty block.
pub(super) fn inflate(payload: &[u8]) -> Option<(Vec<u8>, usize)> {
    let bytes = [payload, &super::TAIL].concat();
    let (mut bits, mut out, mut farthest) = (Bits { bytes: &bytes, at: 0 }, Vec::new(), 0);
    // Where the last stream began, and whether it is over.
    let (mut from, mut is_over, mut is_empty) = (0, false, false);
    while bits.at < 8 * bytes.len() {
        if is_over && bits.at.div_ceil(8) == payload.len() {
            return Some((out, farthest));
        }
        if core::mem::take(&mut is_over) {
            bits.at = bits.at.next_multiple_of(8);
            from = out.len();
        }
        is_over = bits.take(1)? == 1;
        is_empty = false;
        let (lengths, distances) = match bits.take(2)? {
            0 => {
                bits.at = bits.at.next_multiple_of(8);
                let len = bits.take(16)?;
                if bits.take(16)? != len ^ 0xffff {
                    return None;
                }
                for _ in 0..len {
                    out.push(bits.take(8)? as u8);
                }
                is_empty = len == 0;
                continue;
            }
            1 => {
                let fixed = [(8, 144), (9, 112), (7, 24), (8, 8)];
                let lengths = fixed.iter().flat_map(|&(len, count)| vec![len; count]).collect();
                (lengths, vec![5; 30])
            }
            2 => dynamic(&mut bits)?,
            _ => return None,
        };
        loop {
            match symbol(&mut bits, &lengths)? {
                byte @ 0..=255 => out.push(byte as u8),
                256 => break,
                code => {
                    let (base, extra) = match code - 257 {
                        code @ 0..=7 => (3 + code, 0),
                        28 => (258, 0),
                        code @ 8..=27 => (3 + ((4 + code % 4) << (code / 4 - 1)), code / 4 - 1),
                        _ => return None,
                    };
                    let len = base + bits.take(extra)?;
                    let code = symbol(&mut bits, &distances)?;
                    let (base, extra) = match code {
                        0..=3 => (1 + code, 0),
                        4..=29 => (1 + ((2 + code % 2) << (code / 2 - 1)), code / 2 - 1),
                        _ => return None,
                    };
                    let distance = base + bits.take(extra)?;
                    if distance > out.len() - from {
                        return None;
                    }
                    farthest = farthest.max(distance);
                    for _ in 0..len {
                        out.push(out[out.len() - distance]);
                    }
                }
            }
        }
    }
    (is_empty && !is_over).then_some((out, farthest))
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<usize> {
        let mut value = 0;
        for shift in 0..count {
            let byte = *self.bytes.get(self.at / 8)?;
            value |= usize::from(byte >> (self.at % 8) & 1) << shift;
            self.at += 1;
        }
        Some(value)
    }
}

/// The lengths of the codes of a block that brings its own (3.2.7).
fn dynamic(bits: &mut Bits<'_>) -> Option<(Vec<usize>, Vec<usize>)> {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let literals = bits.take(5)? + 257;
    let distances = bits.take(5)? + 1;
    let count = bits.take(4)? + 4;
    let mut codes = vec![0; 19];
    for &index in &ORDER[..count] {
        codes[index] = bits.take(3)?;
    }
    let mut lengths = Vec::new();
    while lengths.len() < literals + distances {
        let (value, times) = match symbol(bits, &codes)? {
            16 => (*lengths.last()?, 3 + bits.take(2)?),
            17 => (0, 3 + bits.take(3)?),
            18 => (0, 11 + bits.take(7)?),
            value => (value, 1),
        };
        lengths.extend(vec![value; times]);
    }
    if lengths.len() > literals + distances || lengths[256] == 0 {
        return None;
    }
    let distances = lengths.split_off(literals);
    Some((lengths, distances))
}

/// The next symbol, where each has a code of its length, in the order of 3.2.2.
fn symbol(bits: &mut Bits<'_>, lengths: &[usize]) -> Option<usize> {
    let (mut code, mut first) = (0, 0);
    for len in 1..=15 {
        code = code << 1 | bits.take(1)?;
        let mut symbols = (0..lengths.len()).filter(|&symbol| lengths[symbol] == len);
        let count = symbols.clone().count();
        if code < first {
            return None;
        }
        if code - first < count {
            return symbols.nth(code - first);
        }
        first = (first + count) << 1;
    }
    None
}
