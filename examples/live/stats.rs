//! Bytes on the wire, counted for each client and transport.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::wire::Counts;

/// The bytes to and from one client, by transport.
#[derive(Default)]
pub(crate) struct Stats {
    clients: Mutex<VecDeque<(String, BTreeMap<&'static str, Counts>)>>,
}

impl Stats {
    /// Adds to the counts of a client that has a name.
    pub(crate) fn add(&self, client: &str, transport: &'static str, more: Counts) {
        if client.is_empty() || client.len() > 64 {
            return;
        }
        let Ok(mut clients) = self.clients.lock() else { return };
        if !clients.iter().any(|(name, _)| name == client) {
            if clients.len() == MOST {
                clients.pop_front();
            }
            clients.push_back((client.into(), BTreeMap::new()));
        }
        let Some((_, transports)) = clients.iter_mut().find(|(name, _)| name == client) else {
            return;
        };
        let counts = transports.entry(transport).or_default();
        counts.requests += more.requests;
        counts.messages += more.messages;
        counts.bytes_in += more.bytes_in;
        counts.bytes_out += more.bytes_out;
    }

    /// A client's counts as JSON.
    pub(crate) fn of(&self, client: &str) -> Value {
        let Ok(clients) = self.clients.lock() else { return json!({}) };
        let transports = clients.iter().find(|(name, _)| name == client).map(|(_, counts)| counts);
        let mut all = json!({});
        for transport in TRANSPORTS {
            let counts = transports.and_then(|counts| counts.get(transport)).copied();
            let Counts { requests, messages, bytes_in, bytes_out } = counts.unwrap_or_default();
            all[transport] = json!({
                "requests": requests,
                "messages": messages,
                "bytes_in": bytes_in,
                "bytes_out": bytes_out,
            });
        }
        all
    }
}

const TRANSPORTS: [&str; 7] =
    ["poll", "stream", "events", "socket", "download", "chunked", "upload"];

/// Clients remembered.
const MOST: usize = 256;
