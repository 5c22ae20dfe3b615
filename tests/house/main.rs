//! The source and its pages, read as text.

mod imports;
mod index;
mod source;
mod strictness;
