//! Connections whose halves are driven apart, as by two tasks: whatever is delayed on the way from one
//! half to the other, however the bytes are cut and whichever side pauses, each request has one answer, nothing
//! is lost or out of order, no deadline strikes a peer that behaves, and no limit is passed.

mod broken;
mod contract;
mod http;
mod kit;
mod ws;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..ProptestConfig::default()
    })]
    #[test]
    fn exchanges_are_whole_and_in_turn(plan in http::plan::plan()) {
        http::check(&plan);
    }

    #[test]
    fn a_request_that_breaks_has_one_answer(plan in broken::plan()) {
        broken::check(&plan);
    }

    #[test]
    fn messages_are_whole_and_in_order(plan in ws::plan()) {
        ws::check(&plan);
    }
}
