//! The source and its pages, read as text.

mod strictness;
