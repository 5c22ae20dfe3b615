//! What type a response has.

use crate::Fields;
use crate::kernel::grammar;

/// Whether the type is `text/event-stream`, whatever its parameters.
///
/// Of several types, in one field or in many, the last counts (WHATWG Fetch, "extract a MIME type").
pub(super) fn is_event_stream(fields: &(impl Fields + ?Sized)) -> bool {
    let types = fields
        .values_of("content-type")
        .flat_map(grammar::quoted_list)
        .filter_map(grammar::media_type);
    types.filter(|it| !it.is("*", "*")).last().is_some_and(|it| it.is("text", "event-stream"))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    const STREAM: &str = "text/event-stream";
    const HTML: &str = "text/html";

    fn is(values: &[&str]) -> bool {
        let fields: Vec<_> = values.iter().map(|it| ("content-TYPE", *it)).collect();
        is_event_stream(&fields[..])
    }

    #[test]
    fn of_several_types_the_last_counts() {
        for good in [
            &[STREAM][..],
            &[HTML, STREAM],
            &[STREAM, STREAM],
            &[STREAM, "x"],
            &[STREAM, "*/*"],
            &["text/html,\ttext/event-stream ;a=b"],
            &["text/event-stream, , text"],
            &[HTML, "text/html;a=\"\\\"b\", TEXT/Event-Stream"],
        ] {
            assert!(is(good), "{good:?}");
        }
        for bad in [
            &[][..],
            &[STREAM, HTML],
            &["text/event-stream, text/html"],
            &["text/html;a=\", text/event-stream"],
            &["text/html;a=\"\\\", text/event-stream\""],
        ] {
            assert!(!is(bad), "{bad:?}");
        }
    }
}
