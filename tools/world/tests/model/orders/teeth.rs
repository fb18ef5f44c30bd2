//! A search that finds nothing proves something only if it would find what is there: each of these protocols, which are
//! nearly right, breaks the promise that its test says.

use world::proof::figure;

use super::{
    Bounds, Orders,
    Wrong::{self, *},
    state::Left,
};
use crate::{Asking, search::search};

/// As much as any of these needs.
const LEFT: Left = Left { kills: 1, timeouts: 1, spoilt: 0 };

/// `promise`: how its sentence begins. Whether something untrue is told is asked alone: otherwise a protocol that is
/// wrong in both ways would be found by the nearer one.
fn breaks(wrong: Wrong, is_manual: bool, promise: &str) {
    figure("model", 1, "protocols planted");
    let asking = if promise.starts_with("P7") { Asking::Everything } else { Asking::Safety };
    let bounds = Bounds { is_manual, is_automatic: false, attempts: 1, left: LEFT };
    let report = search(&Orders::new(bounds, Some(wrong), asking));
    println!("{wrong:?}: {}\n{}", report.figures(), report.story());
    let found = report.found.map(|found| found.promise);
    assert!(
        found.is_some_and(|found| found.starts_with(promise)),
        "{wrong:?} breaks {promise}, and found is {found:?}"
    );
    figure("model", 1, "protocols found");
}

#[test]
fn it_finds_an_order_that_is_captured_before_that_is_written_down() {
    breaks(AskedBeforeItIsWrittenDown, false, "P5: an order was charged");
}

#[test]
fn it_finds_an_end_that_nobody_watches() {
    breaks(NobodyWatchesTheEnd, false, "P7: three looks");
}

#[test]
fn it_finds_a_hold_that_is_kept_after_the_end() {
    breaks(LateHoldIsKept, true, "P7: three looks");
}

#[test]
fn it_finds_an_order_whose_writes_have_no_condition() {
    breaks(NoVersionCheck, false, "P");
}
