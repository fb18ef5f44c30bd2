//! A search that finds nothing proves something only if it would find what is there: each protocol that is nearly right
//! breaks the promise that its test says, within small bounds and in seconds. Each fails if the search gets blind.

use world::proof::figure;

use super::{
    Asking, Bounds, Protocol, Scope,
    search::search,
    state::Left,
    wrong::Wrong::{self, *},
};

/// As much as any of these needs.
const LEFT: Left = Left { kills: 1, timeouts: 1, browser: 1, spoilt: 0, dashboard: 0 };

fn scope(left: Left) -> Scope {
    Scope { bounds: Bounds { attempts: 2, captures: 0, left }, ..Scope::PAYER_THERE }
}

/// `promise`: how its sentence begins. Whether something untrue is told is asked alone: otherwise a protocol that is
/// wrong in both ways would be found by the nearer one.
fn breaks(wrong: Wrong, left: Left, promise: &str) {
    figure("model", 1, "protocols planted");
    let asking =
        if promise.starts_with("P6") || promise.starts_with("P7") { Asking::Everything } else { Asking::Safety };
    let report = search(&Protocol::new(scope(left), Some(wrong), asking));
    println!("{wrong:?}: {}\n{}", report.figures(), report.story());
    let found = report.found.map(|found| found.promise);
    assert!(
        found.is_some_and(|found| found.starts_with(promise)),
        "{wrong:?} breaks {promise}, and found is {found:?}"
    );
    figure("model", 1, "protocols found");
}

#[test]
fn it_finds_an_event_that_is_taken_as_a_decline() {
    breaks(EventTakenAsDecline, LEFT, "P4: an attempt was told declined, and the gateway never");
}

#[test]
fn it_finds_an_event_that_is_taken_as_a_fetch() {
    breaks(EventTakenAsFetch, LEFT, "P4: an attempt was told declined or not charged, and it took the money");
}

#[test]
fn it_finds_an_old_snapshot_that_is_weighed_anew_after_a_conflict() {
    breaks(OldSnapshotRedecided, LEFT, "P4: an attempt was told declined or not charged, and it took the money");
}

#[test]
fn it_finds_a_replay_that_is_taken_as_the_present_state() {
    breaks(ReplayTrusted, LEFT, "P6: an old answer");
}

#[test]
fn it_finds_a_late_answer_that_is_taken_as_the_present_state() {
    breaks(LateAnswerTrusted, LEFT, "P6: an old answer");
}

#[test]
fn it_finds_a_saved_failure_that_counts_as_no_answer() {
    breaks(SavedFailureIsNoAnswer, Left { spoilt: 1, ..LEFT }, "P7: three looks");
}

#[test]
fn it_finds_a_decline_by_fetch() {
    breaks(FetchTakenAsDecline, LEFT, "P4: an attempt was told declined, and the gateway never");
}

#[test]
fn it_finds_an_unanswered_attempt_that_a_fetch_closes() {
    breaks(FetchClosesTheUnanswered, LEFT, "P4: an attempt was told declined or not charged, and it took the money");
}

#[test]
fn it_finds_an_attempt_that_is_closed_while_its_request_may_still_arrive() {
    breaks(FetchClosesWhatMayArrive, LEFT, "P4: an attempt was told declined or not charged, and it took the money");
}

#[test]
fn it_finds_an_attempt_that_is_sent_for_ever() {
    breaks(AlwaysSentAgain, LEFT, "P7: three looks");
}

#[test]
fn it_finds_a_dead_key_that_closes_its_attempt_blindly() {
    breaks(DeadKeyClosesBlindly, LEFT, "P4: an attempt was told declined or not charged, and it took the money");
}

#[test]
fn it_finds_an_answer_that_closes_a_later_attempt() {
    breaks(AnswerClosesALaterAttempt, LEFT, "P4: an attempt was told declined, and the gateway never");
}

#[test]
fn it_finds_an_attempt_that_is_sent_again_under_a_dead_key() {
    breaks(SentAgainUnderADeadKey, LEFT, "P5: one attempt was put to the bank twice");
}

#[test]
fn it_finds_a_timeout_that_means_failed() {
    breaks(TimeoutMeansFailed, LEFT, "P4: an attempt was told declined, and the gateway never");
}

#[test]
fn it_finds_a_refusal_that_hides_what_stood_in_its_way() {
    breaks(RefusalHidesItsObject, LEFT, "P4: an attempt was told declined, and the gateway never");
}

#[test]
fn it_finds_an_expiry_that_does_not_see_the_object_canceled() {
    breaks(ExpiredWithoutCancel, LEFT, "P4: ended without money, and the gateway's object is not canceled");
}

#[test]
fn it_finds_a_cancel_that_is_not_written_down_first() {
    breaks(CancelWithoutAnAct, LEFT, "P4: it ended otherwise");
}

#[test]
fn it_finds_a_table_without_a_way_from_processing_to_canceled() {
    breaks(NoWayFromProcessingToCanceled, LEFT, "P7: three looks");
}

#[test]
fn it_finds_a_write_that_is_not_conditional_on_the_version() {
    breaks(NoVersionCheck, LEFT, "P4: it ended otherwise");
}

#[test]
fn it_finds_a_webhook_that_is_answered_and_forgotten() {
    breaks(HintDropped, LEFT, "P6: a webhook was answered 2xx");
}

#[test]
fn it_finds_rows_that_wait_for_a_payer_and_are_never_looked_at() {
    breaks(NobodyLooksAtTheWaiting, LEFT, "P7: three looks");
}
