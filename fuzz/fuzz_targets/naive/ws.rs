//! Frames and messages (RFC 6455 5 to 8), read from a whole stream with as little thought as possible.

use wirefeed::ws::{Error, ErrorKind};

/// What is wrong, and the offset of the first byte that no good stream could hold there.
type Fault = (ErrorKind, u64);

/// A frame: its first byte, its payload without the mask as far as it is there, and how long it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) first: u8,
    pub(crate) payload: Vec<u8>,
    pub(crate) len: u64,
    /// Where the payload begins.
    at: usize,
}

/// What a decoder made of a stream.
pub(crate) type Read<T> = (Vec<T>, Option<Fault>);

pub(crate) fn fault(error: Error) -> Fault {
    (error.kind, error.at)
}

/// Limits on frames and messages, in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) frame: u64,
    pub(crate) message: u64,
}

/// The frame at `at`; `message` is the length of the unfinished message.
fn frame(
    wire: &[u8],
    at: usize,
    masked: bool,
    message: Option<u64>,
    limits: Limits,
) -> Result<Frame, Fault> {
    let truncated = (ErrorKind::Truncated, wire.len() as u64);
    let fails = |kind, index: usize| Err((kind, (at + index) as u64));
    let byte = |index: usize| wire.get(at + index).copied().ok_or(truncated);

    let first = byte(0)?;
    let is_control = first & 8 != 0;
    if first & 0x70 != 0 {
        return fails(ErrorKind::Reserved, 0);
    }
    match first & 15 {
        0 if message.is_none() => return fails(ErrorKind::Continuation, 0),
        1 | 2 if message.is_some() => return fails(ErrorKind::Interleaved, 0),
        8..=10 if first & 0x80 == 0 => return fails(ErrorKind::ControlFragmented, 0),
        0..=2 | 8..=10 => {}
        _ => return fails(ErrorKind::Opcode, 0),
    }

    let second = byte(1)?;
    match (second & 0x80 != 0, masked) {
        (false, true) => return fails(ErrorKind::Unmasked, 1),
        (true, false) => return fails(ErrorKind::Masked, 1),
        _ => {}
    }
    let short = second & 0x7f;
    if is_control && short > 125 {
        return fails(ErrorKind::ControlTooLong, 1);
    }
    let (digits, least) = match short {
        126 => (2, 126),
        127 => (8, 0x1_0000),
        _ => (0, 0),
    };
    let mut len = if digits == 0 { u64::from(short) } else { 0 };
    for index in 0..digits {
        len = len << 8 | u64::from(byte(2 + index)?);
    }
    if len < least {
        return fails(ErrorKind::Length, 2);
    }
    if len >> 63 != 0 {
        return fails(ErrorKind::LengthOverflow, 2);
    }
    let length_at = if digits == 0 { 1 } else { 2 };
    if !is_control && len > limits.frame {
        return fails(ErrorKind::FrameTooLong, length_at);
    }
    if !is_control && len > limits.message - message.unwrap_or(0) {
        return fails(ErrorKind::MessageTooLong, length_at);
    }

    let mut index = 2 + digits;
    let mut key = [0; 4];
    if masked {
        for key in &mut key {
            *key = byte(index)?;
            index += 1;
        }
    }
    let from = at + index;
    let there = (wire.len() - from).min(usize::try_from(len).unwrap_or(usize::MAX));
    let payload = wire[from..from + there].iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k);
    Ok(Frame { first, payload: payload.collect(), len, at: from })
}

/// All frames, the last one maybe cut.
pub(crate) fn frames(wire: &[u8], masked: bool) -> Read<Frame> {
    let limits = Limits { frame: u64::MAX, message: u64::MAX };
    let (mut frames, mut at, mut message) = (Vec::new(), 0, None);
    while at < wire.len() || message.is_some() {
        match frame(wire, at, masked, message, limits) {
            Ok(frame) => {
                if frame.first & 8 == 0 {
                    // How long messages are is no matter of frames.
                    message = (frame.first & 0x80 == 0).then_some(0);
                }
                at = frame.at + frame.payload.len();
                let is_cut = (frame.payload.len() as u64) < frame.len;
                frames.push(frame);
                if is_cut {
                    return (frames, Some((ErrorKind::Truncated, wire.len() as u64)));
                }
            }
            Err(fault) => return (frames, Some(fault)),
        }
    }
    (frames, None)
}

/// A message or a control frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
}

/// All messages, up to a close frame.
pub(crate) fn messages(wire: &[u8], masked: bool, limits: Limits) -> Read<Item> {
    let mut items = Vec::new();
    let fault = read_messages(wire, masked, limits, &mut items).err();
    (items, fault)
}

fn read_messages(
    wire: &[u8],
    masked: bool,
    limits: Limits,
    items: &mut Vec<Item>,
) -> Result<(), Fault> {
    let mut at = 0;
    // Whether it is a text, its bytes, and where each of them stands.
    let mut message: Option<(bool, Vec<u8>, Vec<usize>)> = None;
    loop {
        let len = message.as_ref().map(|(_, bytes, _)| bytes.len() as u64);
        let Frame { first, payload, len, at: payload_at } = frame(wire, at, masked, len, limits)?;
        at = payload_at + payload.len();
        let is_cut = (payload.len() as u64) < len;
        let truncated = Err((ErrorKind::Truncated, wire.len() as u64));
        let opcode = first & 15;
        if opcode >= 8 {
            if is_cut {
                return truncated;
            }
            match opcode {
                9 => items.push(Item::Ping(payload)),
                10 => items.push(Item::Pong(payload)),
                _ => return close(&payload, payload_at as u64).map(|item| items.push(item)),
            }
            continue;
        }
        let (is_text, bytes, places) =
            message.get_or_insert_with(|| (opcode == 1, Vec::new(), Vec::new()));
        places.extend(payload_at..payload_at + payload.len());
        bytes.extend(payload);
        if let (true, Some(bad)) = (*is_text, first_bad(bytes)) {
            return Err((ErrorKind::Utf8, places[bad] as u64));
        }
        if is_cut {
            return truncated;
        }
        if first & 0x80 != 0 {
            let (is_text, bytes, _) = message.take().unwrap_or_default();
            items.push(match is_text {
                true => {
                    Item::Text(String::from_utf8(bytes).map_err(|_| (ErrorKind::Utf8, at as u64))?)
                }
                false => Item::Binary(bytes),
            });
        }
    }
}

fn close(payload: &[u8], at: u64) -> Result<Item, Fault> {
    let (code, reason) = match payload {
        [] => (None, payload),
        [_] => return Err((ErrorKind::CloseLength, at)),
        [high, low, reason @ ..] => (Some(u16::from(*high) << 8 | u16::from(*low)), reason),
    };
    if let Some(0..1000 | 1004..=1006 | 1015..3000 | 5000..) = code {
        return Err((ErrorKind::CloseCode, at));
    }
    match String::from_utf8(reason.to_vec()) {
        Ok(reason) => Ok(Item::Close(code, reason)),
        // A reason that ends inside a character is bad at its end.
        Err(_) => {
            let bad = first_bad(reason).unwrap_or(reason.len());
            Err((ErrorKind::Utf8, at + 2 + bad as u64))
        }
    }
}

/// The first byte that no valid text could hold there.
fn first_bad(bytes: &[u8]) -> Option<usize> {
    // The shortest prefix that more bytes cannot make valid ends with it.
    let error = std::str::from_utf8(bytes).err()?;
    error.error_len()?;
    let from = error.valid_up_to();
    (from..bytes.len()).find(|&end| {
        let prefix = std::str::from_utf8(&bytes[from..=end]);
        prefix.is_err_and(|error| error.error_len().is_some())
    })
}
