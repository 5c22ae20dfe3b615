//! Heads of a handshake out: checked, measured, then written at once or not at all.

use bytes::BufMut;

use crate::{ApiMisuse, Fields, SendError, fields};

/// Writes a head: the parts of its first line, this side's own fields, the caller's extra ones.
pub(super) fn head(
    line: &[&[u8]],
    own: &[(&str, Option<&[u8]>)],
    extra: &(impl Fields + ?Sized),
    out: &mut impl BufMut,
) -> Result<(), SendError> {
    let own = || own.iter().filter_map(|&(name, value)| Some((name, value?)));
    let mut len = line.iter().map(|part| part.len()).sum::<usize>() + 4;
    for (name, value) in own() {
        fields::check(name, value)?;
        len += fields::encoded_len(name, value);
    }
    for field in extra.fields() {
        if is_reserved(field.name) {
            return Err(ApiMisuse::FieldName.into());
        }
        fields::check(field.name, field.value)?;
        len += fields::encoded_len(field.name, field.value);
    }
    if out.remaining_mut() < len {
        return Err(SendError::Full);
    }
    for part in line {
        out.put_slice(part);
    }
    out.put_slice(b"\r\n");
    for (name, value) in own() {
        fields::put(name, value, out);
    }
    for field in extra.fields() {
        fields::put(field.name, field.value, out);
    }
    out.put_slice(b"\r\n");
    Ok(())
}

/// Whether a field is the handshake's own, or would frame a body.
fn is_reserved(name: &str) -> bool {
    let websocket = b"sec-websocket-";
    let is_websocket = name
        .as_bytes()
        .get(..websocket.len())
        .is_some_and(|prefix| prefix.eq_ignore_ascii_case(websocket));
    is_websocket
        || ["upgrade", "connection", "host", "content-length", "transfer-encoding"]
            .iter()
            .any(|own| name.eq_ignore_ascii_case(own))
}
