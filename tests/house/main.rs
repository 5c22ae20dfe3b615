//! The source and its pages, read as text.

mod imports;
mod source;
mod strictness;
