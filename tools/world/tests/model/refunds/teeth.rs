//! A search that finds nothing proves something only if it would find what is there: each of these protocols, which are
//! nearly right, breaks the promise that its test says.

use world::proof::figure;

use super::{
    Bounds, Refunds,
    Wrong::{self, *},
    state::Left,
};
use crate::{Asking, search::search};

/// As much as any of these needs.
const LEFT: Left = Left { kills: 1, timeouts: 1, spoilt: 0, by_hand: 1, bounces: 0 };

/// `promise`: how its sentence begins. Whether something untrue is told is asked alone: otherwise a protocol that is
/// wrong in both ways would be found by the nearer one.
fn breaks(wrong: Wrong, left: Left, promise: &str) {
    figure("model", 1, "protocols planted");
    let asking = if promise.starts_with("P7") { Asking::Everything } else { Asking::Safety };
    let report = search(&Refunds::new(Bounds { wishes: 2, left }, Some(wrong), asking));
    println!("{wrong:?}: {}\n{}", report.figures(), report.story());
    let found = report.found.map(|found| found.promise);
    assert!(
        found.is_some_and(|found| found.starts_with(promise)),
        "{wrong:?} breaks {promise}, and found is {found:?}"
    );
    figure("model", 1, "protocols found");
}

#[test]
fn it_finds_a_refund_that_is_not_reserved_before_it_is_asked_for() {
    breaks(AskedBeforeItIsWrittenDown, LEFT, "P3: more is offered");
}

#[test]
fn it_finds_a_refund_that_is_matched_by_its_amount() {
    breaks(MatchedByAmount, LEFT, "P2: a refund was told succeeded");
}

#[test]
fn it_finds_a_timeout_that_means_that_a_refund_has_failed() {
    breaks(TimeoutMeansFailed, LEFT, "P3: more is offered");
}

#[test]
fn it_finds_a_refund_that_is_not_listed_and_is_taken_for_failed() {
    breaks(NotListedHasFailed, LEFT, "P3: more is offered");
}

#[test]
fn it_finds_a_refund_that_is_sent_under_a_new_key_each_time() {
    breaks(NewKeyEachTime, LEFT, "P5: one refund was made twice");
}

#[test]
fn it_finds_a_saved_failure_of_a_refund_that_counts_as_no_answer() {
    breaks(SavedFailureIsNoAnswer, Left { spoilt: 1, ..LEFT }, "P7: three looks");
}

#[test]
fn it_finds_an_old_list_that_is_weighed_anew_after_a_conflict() {
    breaks(OldListRedecided, LEFT, "P7: three looks");
}

#[test]
fn it_finds_a_refund_of_the_dashboard_that_nobody_looks_for() {
    breaks(HintDropped, LEFT, "P7: three looks");
}

#[test]
fn it_finds_a_refund_that_a_write_without_a_condition_has_wiped_out() {
    breaks(NoVersionCheck, LEFT, "P3: more is offered");
}
