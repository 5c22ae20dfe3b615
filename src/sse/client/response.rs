//! The fields of a response that matter to an event source.

use core::time::Duration;

use crate::Fields;
use crate::kernel::{grammar, scan};

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

/// `Retry-After` in seconds (RFC 9110 10.2.3), the longest of several; a date is the caller's to
/// read, who has a calendar.
pub(super) fn retry_after(fields: &(impl Fields + ?Sized)) -> Option<Duration> {
    fields.values_of("retry-after").filter_map(scan::digits).max().map(Duration::from_secs)
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

    #[test]
    fn the_longest_number_counts() {
        for (values, seconds) in [
            (&[][..], None),
            (&["0"], Some(0)),
            (&["007"], Some(7)),
            (&["1", "30", "2"], Some(30)),
            (&["x", "2"], Some(2)),
            (&["99999999999999999999999"], Some(u64::MAX)),
            (&["Fri, 31 Dec 1999 23:59:59 GMT"], None),
            (&["", "+5", "-5", "5.0", "5, 6", "0x5", "\u{661}"], None),
        ] {
            let fields: Vec<_> = values.iter().map(|value| ("retry-AFTER", *value)).collect();
            assert_eq!(retry_after(&fields[..]), seconds.map(Duration::from_secs), "{values:?}");
        }
    }
}
