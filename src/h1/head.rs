//! Request and response heads (RFC 9112 3, 4, 5): a resumable search for the end, then one strict
//! pass, eight bytes in a turn.
//!
//! A head that lies whole in the input is read where it lies; one that was cut is joined first.
//! Fields are offsets into the head.
//!
//! A start line is judged as it comes, so that what can never be a request is refused when it is seen.
//!
//! One CRLF in front of a request line is skipped (RFC 9112 2.2). A status line may end right after
//! the status, as many servers' do: nothing can hide in the SP that is missing.

mod config;
mod decoder;
mod message;
mod parser;
mod start_line;

pub use config::Config;
pub use decoder::{Decoder, RequestDecoder, ResponseDecoder};
pub use message::{Head, Request, Response};
pub use start_line::{RequestLine, StartLine, StatusLine};
