//! A search that finds nothing proves something only if it would find what is there: each of these protocols, which are
//! nearly right, breaks the promise that its test says.

use world::proof::figure;

use super::{
    Bounds, Disputes, House,
    Wrong::{self, *},
    state::Left,
};
use crate::{Asking, search::search};

/// As much as any of these needs.
const LEFT: Left = Left { kills: 1, timeouts: 1, spoilt: 0, asks: 1 };

/// `promise`: how its sentence begins. Whether something untrue is told is asked alone: otherwise a protocol that is
/// wrong in both ways would be found by the nearer one.
fn breaks(wrong: Wrong, house: House, left: Left, promise: &str) {
    figure("model", 1, "protocols planted");
    let asking = if promise.starts_with("P7") { Asking::Everything } else { Asking::Safety };
    let report = search(&Disputes::new(Bounds { house, acts: 2, left }, Some(wrong), asking));
    println!("{wrong:?}: {}\n{}", report.figures(), report.story());
    let found = report.found.map(|found| found.promise);
    assert!(
        found.is_some_and(|found| found.starts_with(promise)),
        "{wrong:?} breaks {promise}, and found is {found:?}"
    );
    figure("model", 1, "protocols found");
}

#[test]
fn it_finds_evidence_that_is_sent_before_it_is_written_down() {
    breaks(AskedBeforeItIsWrittenDown, House::Stripe, LEFT, "P5: the gateway was given");
}

#[test]
fn it_finds_a_silence_about_evidence_that_means_refused() {
    breaks(SilenceMeansRefused, House::PayPal, LEFT, "P4: an answer is told refused");
}

#[test]
fn it_finds_a_second_sending_of_evidence_whose_refusal_is_believed() {
    breaks(RefusedSecondSendingBelieved, House::PayPal, LEFT, "P4: an answer is told refused");
}

#[test]
fn it_finds_evidence_that_is_sent_again_without_a_look() {
    breaks(SentWithoutALook, House::PayPal, LEFT, "P5: one answer has taken effect twice");
}

#[test]
fn it_finds_an_answer_that_is_sent_to_the_next_question() {
    breaks(SentToTheNextStage, House::Stripe, LEFT, "P5: an answer is sent to a question");
}

#[test]
fn it_finds_a_saved_failure_of_evidence_that_counts_as_no_answer() {
    breaks(SavedFailureIsNoAnswer, House::Stripe, Left { spoilt: 1, ..LEFT }, "P7: three looks");
}

#[test]
fn it_finds_an_old_look_at_a_dispute_that_is_weighed_anew_after_a_conflict() {
    breaks(OldLookRedecided, House::Stripe, LEFT, "P7: three looks");
}

#[test]
fn it_finds_a_dispute_that_is_over_and_not_taken_up_again() {
    breaks(OverIsNotTakenUp, House::Stripe, LEFT, "P7: three looks");
}

#[test]
fn it_finds_news_that_are_thought_to_be_known_to_a_look_that_is_older() {
    breaks(NewsOfWhatIsDueDropped, House::Stripe, LEFT, "P7: three looks");
}

#[test]
fn it_finds_evidence_that_a_write_without_a_condition_has_wiped_out() {
    breaks(NoVersionCheck, House::Stripe, LEFT, "P5: ");
}
