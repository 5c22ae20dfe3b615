//! Items and errors as JSON.

use std::fmt::{Debug, Display};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wirefeed::{Blame, Error, Fields, h1, sse, ws};

use super::rules;

/// One item.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A piece of a body: adjacent ones may be merged.
    Data(Vec<u8>),
    /// Anything else, as it is printed.
    Other(Value),
}

impl Item {
    pub fn to_json(&self) -> Value {
        match self {
            Self::Data(bytes) => json!({"item": "data", "bytes": STANDARD.encode(bytes)}),
            Self::Other(value) => value.clone(),
        }
    }

    /// Adds an item, or appends it to the last one if both are data.
    pub fn push_merged(items: &mut Vec<Self>, item: Self) {
        match (items.last_mut(), item) {
            (Some(Self::Data(joined)), Self::Data(bytes)) => joined.extend(bytes),
            (_, item) => items.push(item),
        }
    }

    pub fn named(name: &str) -> Self {
        Self::Other(json!({ "item": name }))
    }
}

/// An error of any protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    pub kind: String,
    pub words: String,
    pub at: u64,
    pub blame: String,
    pub close_code: Option<u16>,
    pub status_hint: Option<u16>,
    /// The rule that it breaks.
    pub rule: Option<&'static str>,
}

impl Fault {
    fn new<K: Debug + Display>(error: Error<K>, blame: Blame) -> Self {
        Self {
            kind: format!("{:?}", error.kind),
            words: error.kind.to_string(),
            at: error.at,
            blame: blame.to_string(),
            close_code: None,
            status_hint: None,
            rule: None,
        }
    }

    pub fn to_json(&self) -> Value {
        let mut value = json!({"kind": self.kind, "at": self.at, "blame": self.blame});
        if let Some(code) = self.close_code {
            value["close_code"] = json!(code);
        }
        if let Some(status) = self.status_hint {
            value["status_hint"] = json!(status);
        }
        if let Some(rule) = self.rule {
            value["rule"] = json!(rule);
        }
        value
    }
}

impl From<sse::Error> for Fault {
    fn from(error: sse::Error) -> Self {
        Self::new(error, error.blame())
    }
}

impl From<h1::Error> for Fault {
    fn from(error: h1::Error) -> Self {
        Self {
            status_hint: Some(error.status_hint()),
            rule: rules::rule(error.kind),
            ..Self::new(error, error.blame())
        }
    }
}

impl From<ws::Error> for Fault {
    fn from(error: ws::Error) -> Self {
        Self {
            close_code: error.close_code().map(|code| code.0),
            ..Self::new(error, error.blame())
        }
    }
}

/// Bytes as text, each a Latin-1 character.
pub fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Fields as `[[name, value], …]`.
pub fn fields(fields: &(impl Fields + ?Sized)) -> Value {
    fields.fields().map(|field| json!([field.name, latin1(field.value)])).collect()
}
