//! The `Retry-After` field (RFC 9110 10.2.3).

use core::time::Duration;

use crate::Fields;
use crate::kernel::scan;

/// `Retry-After` in seconds (RFC 9110 10.2.3), the longest of several; a date is the caller's to
/// read, who has a calendar.
pub(super) fn retry_after(fields: &(impl Fields + ?Sized)) -> Option<Duration> {
    fields.values_of("retry-after").filter_map(scan::digits).max().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

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
