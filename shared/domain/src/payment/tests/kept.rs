//! What a row keeps and what is found on it again: reviews, rounds, acts and attempts by their keys and their age.

use super::*;

fn happened(fact: Fact, after: u64, review: Option<ReviewReason>) -> Event {
    Event { fact, at: START.plus(Duration::from_secs(after)), due: None, review, charge: None, refund: None }
}

fn reviewed(reasons: &[ReviewReason]) -> Option<Review> {
    let mut payment = confirming();
    for (after, reason) in (1_u64..).zip(reasons) {
        apply(&mut payment, &happened(Fact::ReviewAsked, after, Some(*reason)));
    }
    payment.attention
}

#[test]
fn the_first_reason_to_look_stands_until_a_graver_one_comes() {
    use ReviewReason::{MoneyElsewhere, ObjectMismatch, UnrecognizedStatus};
    let since = |reason, after| Some(Review { since: START.plus(Duration::from_secs(after)), reason });
    assert_eq!(reviewed(&[ObjectMismatch, UnrecognizedStatus]), since(ObjectMismatch, 1), "no lesser one");
    assert_eq!(reviewed(&[ObjectMismatch, ObjectMismatch]), since(ObjectMismatch, 1), "not the same one anew");
    assert_eq!(reviewed(&[ObjectMismatch, MoneyElsewhere]), since(MoneyElsewhere, 2));
}

#[test]
fn rounds_count_what_moved_nothing_and_begin_anew_with_what_did() {
    let mut payment = confirming();
    let mut rounds = |fact| {
        apply(&mut payment, &happened(fact, 1, None));
        payment.rounds
    };
    assert_eq!(rounds(Fact::Looked), 1);
    assert_eq!(rounds(Fact::OutcomeUnknown { reason: "timeout" }), 2);
    assert_eq!(rounds(Fact::Claimed), 2, "a claim is no look, and moves nothing");
    assert_eq!(rounds(Fact::GatewayPending), 0, "another state");
    assert_eq!(rounds(Fact::Looked), 1);
    let act = Act {
        kind: ActKind::Close { ends_as: End::Canceled },
        request: None,
        started_at: START,
        reason: None,
        progress: ActProgress::Open,
    };
    assert_eq!(rounds(Fact::ActOpened(act)), 0, "the state is the same, and yet something has begun");
}

#[test]
fn an_act_is_found_by_its_kind_and_its_own_key() {
    let act = |kind, name: &str| Act {
        kind,
        request: Some((key(name), hash(name))),
        started_at: START,
        reason: None,
        progress: ActProgress::Done,
    };
    let (capture, cancel) = (ActKind::Capture { amount: euros(1) }, ActKind::Close { ends_as: End::Canceled });
    let acts = vec![act(cancel, "a"), act(capture, "b"), act(capture, "c"), act(cancel, "d")];
    let payment = Payment { acts: acts.clone(), ..payment() };
    assert_eq!(payment.capture_of(&key("c")), acts.get(2));
    assert_eq!(payment.cancel_of(&key("d")), acts.get(3));
    for other in ["a", "d", "e"] {
        assert_eq!(payment.capture_of(&key(other)), None, "{other}");
    }
    for other in ["b", "c", "e"] {
        assert_eq!(payment.cancel_of(&key(other)), None, "{other}");
    }
    assert_eq!(acts[0].request_of(&key("a")), Some(hash("a")));
    assert_eq!(acts[0].request_of(&key("b")), None);
}

/// Half of the day that Stripe keeps it. At that very moment it is old: whoever is late looks and does not send.
#[test]
fn a_key_is_young_for_twelve_hours_less_a_moment() {
    let (half_a_day, moment) = (Duration::from_secs(43_200), Duration::from_millis(1));
    let payment = confirming();
    let attempt = &payment.attempts[0];
    let act = Act {
        kind: ActKind::Capture { amount: euros(1) },
        request: None,
        started_at: START,
        reason: None,
        progress: ActProgress::Open,
    };
    for (age, young) in
        [(Duration::ZERO, true), (half_a_day - moment, true), (half_a_day, false), (half_a_day + moment, false)]
    {
        assert_eq!(attempt.key_is_young(Gateway::Stripe, START.plus(age)), young, "{age:?}");
        assert_eq!(act.key_is_young(START.plus(age)), young, "{age:?}");
    }
}

#[test]
fn acts_and_reasons_have_the_words_that_clients_read() {
    let close = |ends_as| ActKind::Close { ends_as };
    let kinds = [ActKind::Capture { amount: euros(1) }, close(End::Canceled), close(End::Expired), close(End::Failed)];
    assert_eq!(kinds.map(ActKind::name), ["capture", "cancel", "expiry", "give_up"]);
    let words = ["duplicate", "fraudulent", "requested_by_customer", "abandoned"];
    assert_eq!(CancelReason::ALL.map(CancelReason::name), words);
}

#[test]
fn a_row_that_has_no_room_for_another_attempt_is_not_tried_again() {
    let scheduled = |attempts: usize| {
        let full = after(first(1), declined("generic_decline"));
        let state = PaymentState::Processing(ProcessingReason::RetryScheduled { at: START });
        Payment { state, attempts: full.attempts.iter().cycle().take(attempts).cloned().collect(), ..full }
    };
    let told = |attempts| decide(&scheduled(attempts), &Command::Reattempt, &at(DAY));
    assert!(matches!(told(ATTEMPTS_MAX - 1), Ok(Decision::Execute(_))));
    assert_eq!(told(ATTEMPTS_MAX), Ok(Decision::Nothing));
}

/// Everything else stands on the row, or is its own reason.
#[test]
fn a_row_is_told_why_nobody_knows_and_no_reason_that_it_shows_itself() {
    assert_eq!(Fact::OutcomeUnknown { reason: "timeout" }.why(), Some("timeout"));
    let refused = Fact::ActRefused { code: "charge_expired_for_capture".to_owned() };
    for fact in [Fact::Claimed, Fact::GatewayPending, Fact::Ended(End::Canceled), refused] {
        assert_eq!(fact.why(), None, "{fact:?}");
    }
}

#[test]
fn a_payer_is_given_a_week_at_most() {
    assert_eq!(Terms::EXPIRES_IN_MAX.as_secs(), 604_800);
}
