//! The opening handshake (RFC 6455 4), over any HTTP: both sides work on [`Fields`](crate::Fields).
//!
//! ```
//! use wirefeed::ws::handshake::{self, Client};
//!
//! # let mut entropy = |bytes: &mut [u8]| bytes.fill(7);
//! // The client writes its request ...
//! let client = Client::new(&mut entropy);
//! let mut request = Vec::new();
//! client.request("example.com", "/chat", &["v1"], &(), &mut request)?;
//!
//! // ... the server reads its fields, by whatever means, and answers ...
//! let fields = wirefeed::fields::Lines(&request[request.iter().position(|&b| b == b'\n').unwrap() + 1..]);
//! let offer = handshake::read_request("GET", &fields)?;
//! let mut response = Vec::new();
//! offer.accept(Some("v1"), &(), &mut response)?;
//!
//! // ... and the client checks the answer.
//! let fields = wirefeed::fields::Lines(&response[response.iter().position(|&b| b == b'\n').unwrap() + 1..]);
//! assert_eq!(client.verify(101, &fields, &["v1"])?, Some("v1"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod client;
mod extensions;
mod key;
mod server;
#[cfg(feature = "alloc")]
mod write;

pub use client::{Client, Failure};
pub use extensions::{DeflateAnswer, DeflateConfig, DeflateParams, ExtensionValue, WindowBits};
pub use key::accept;
pub use server::{Offer, Refusal, protocols, read_request};
