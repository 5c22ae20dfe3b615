//! `Host` for requests without one, which parsers do not ask for and a server must (RFC 9112 3.2): what
//! else such a row is about is judged all the same.

use serde_json::{Value, json};

/// Where a `Host` was added: offsets in the stream without any.
#[derive(Default)]
pub(crate) struct Hosts(Vec<usize>);

/// The stream with a `Host` in each head that `ask` misses it in, and where they are.
pub(crate) fn added(stream: &[u8], ask: impl Fn(&[u8]) -> Value) -> (Vec<u8>, Hosts) {
    let (mut input, mut hosts) = (stream.to_vec(), Hosts::default());
    loop {
        let error = &ask(&input)["error"];
        let at = match error["at"].as_u64() {
            Some(at) if error["kind"] == "Host" => usize::try_from(at).unwrap(),
            _ => return (input, hosts),
        };
        // One that is missing is missed at the empty line; any other fault is at a value.
        if !(input[..at].ends_with(b"\r\n") && input[at..].starts_with(b"\r\n")) {
            return (input, hosts);
        }
        input.splice(at..at, LINE.bytes());
        hosts.0.push(at - hosts.0.len() * LINE.len());
    }
}

impl Hosts {
    /// Takes them out of an answer.
    pub(crate) fn remove(&self, answer: &mut Value) {
        for item in answer["items"].as_array_mut().unwrap() {
            if let Some(fields) = item["fields"].as_array_mut() {
                fields.retain(|field| *field != json!(FIELD));
            }
        }
        for pointer in ["/consumed", "/error/at"] {
            if let Some(offset) = answer.pointer_mut(pointer).filter(|offset| offset.is_u64()) {
                *offset = json!(self.before(usize::try_from(offset.as_u64().unwrap()).unwrap()));
            }
        }
    }

    /// An offset as it is without them.
    fn before(&self, offset: usize) -> usize {
        self.0.iter().fold(offset, |offset, &at| match offset > at {
            true => at.max(offset.saturating_sub(LINE.len())),
            false => offset,
        })
    }
}

const FIELD: [&str; 2] = ["Host", "added.example"];
const LINE: &str = "Host: added.example\r\n";
