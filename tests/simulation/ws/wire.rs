//! Frames as they stand on the wire, read by this file alone.

pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// All bytes of one direction.
pub(crate) struct Frames<'w>(pub(crate) &'w [u8]);

impl Frames<'_> {
    /// The payloads of all whole frames of a kind.
    pub(crate) fn of(&self, opcode: u8) -> impl Iterator<Item = Vec<u8>> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            loop {
                let (of, payload, after) = frame(rest)?;
                rest = after;
                if of == opcode {
                    return Some(payload);
                }
            }
        })
    }
}

/// The opcode and payload of the first frame, and what follows it; `None` where it is incomplete.
fn frame(wire: &[u8]) -> Option<(u8, Vec<u8>, &[u8])> {
    let [first, second, rest @ ..] = wire else { return None };
    let (len, rest) = match second & 127 {
        126 => {
            let (len, rest) = rest.split_first_chunk::<2>()?;
            (u64::from(u16::from_be_bytes(*len)), rest)
        }
        127 => {
            let (len, rest) = rest.split_first_chunk::<8>()?;
            (u64::from_be_bytes(*len), rest)
        }
        len => (u64::from(len), rest),
    };
    let (key, rest) = match second & 128 {
        0 => ([0; 4], rest),
        _ => {
            let (key, rest) = rest.split_first_chunk::<4>()?;
            (*key, rest)
        }
    };
    let (payload, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
    let payload = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    Some((first & 15, payload, rest))
}
