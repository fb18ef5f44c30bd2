//! Teeth: a simulation proves something only if it finds what is there. Each of these bugs is planted before a port, and
//! must be found within a few seeds; without a bug the same seeds break no promise. More of them, inside the operations
//! and the rules, are found by `cargo xtask teeth`.

use world::{
    proof::figure,
    simulation::{
        planted::Bug::{self, *},
        run_of, run_with_bug,
    },
};

/// No bug before a port hides for longer. The slowest needs little more than half of them.
const SEEDS: u64 = 4_000;

/// Some seed breaks one of these promises; whatever it breaks first is what the bug does.
#[expect(clippy::print_stdout, reason = "which seed finds it is worth knowing")]
fn is_found(bug: Bug, promises: &[&str]) {
    let found = (0..SEEDS).find_map(|seed| run_with_bug(seed, bug).breach.map(|breach| (seed, breach)));
    figure("teeth", 1, "bugs planted");
    assert!(found.is_some(), "{bug:?} is not found in {SEEDS} seeds");
    let Some((seed, breach)) = found else { return };
    println!("{bug:?}: seed {seed} breaks {}: {}", breach.promise, breach.what);
    assert!(promises.contains(&breach.promise), "{bug:?} breaks {promises:?}, and found is {breach:?}");
    figure("teeth", 1, "bugs found");
}

#[test]
fn without_a_bug_the_same_seeds_break_no_promise() {
    for seed in 0..SEEDS {
        assert_eq!(run_of(seed).breach, None, "seed {seed}");
    }
}

#[test]
fn a_write_over_whatever_stands_is_found() {
    is_found(WritesOverWhateverStands, &["P4", "P5", "P9"]);
}

#[test]
fn a_conflict_that_is_taken_for_a_success_is_found() {
    is_found(TakesAConflictForASuccess, &["P2", "P3", "P4", "P5", "P6", "P9"]);
}

#[test]
fn a_webhook_that_is_acknowledged_and_not_written_down_is_found() {
    is_found(AcknowledgesWhatItCouldNotWrite, &["P6"]);
}

#[test]
fn a_read_from_a_replica_that_lags_is_found() {
    is_found(ReadsAReplica, &["P5", "P6"]);
}

#[test]
fn a_doubt_that_nobody_is_due_to_look_at_is_found() {
    is_found(LosesTheDue, &["P7"]);
}

#[test]
fn a_silence_that_is_read_as_a_decline_is_found() {
    is_found(ReadsSilenceAsADecline, &["P4"]);
}

#[test]
fn an_attempt_that_is_sent_under_a_new_key_each_time_is_found() {
    is_found(SendsUnderANewKeyEachTime, &["P5"]);
}

#[test]
fn an_event_that_is_taken_for_the_answer_to_an_attempt_is_found() {
    is_found(ReadsAnEventAsTheAnswer, &["P4"]);
}

#[test]
fn another_object_that_is_taken_for_the_payments_own_is_found() {
    is_found(TakesAnyObjectForItsOwn, &["E7", "P2"]);
}

#[test]
fn a_dispute_that_is_linked_to_nobody_is_found() {
    is_found(LinksADisputeToNobody, &["P2"]);
}

#[test]
fn a_dispute_that_is_read_from_a_cache_is_found() {
    is_found(ReadsADisputeFromACache, &["P2", "P3", "P4", "P5"]);
}

#[test]
fn a_silence_about_a_dispute_that_is_read_as_a_refusal_is_found() {
    is_found(ReadsSilenceAsARefusal, &["P4"]);
}

#[test]
fn a_write_over_a_dispute_is_found() {
    is_found(WritesOverADispute, &["P2", "P4", "P5", "P6", "P7", "P9", "house"]);
}

#[test]
fn a_switch_that_nobody_looks_at_is_found() {
    is_found(LooksAtNoSwitch, &["pause"]);
}
