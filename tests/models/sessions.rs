//! Pairs of sessions under arbitrary operations, which the fuzz target `ws_session` shares.

mod pair;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_is_sent_is_received(ops in prop::collection::vec(any::<u8>(), 0..200)) {
        pair::run(&ops);
    }
}
