//! What must never break, each rule a sentence.

use super::*;
use crate::{gateway::UnknownReason, payment::ReviewReason};

const SOON: Duration = Duration::from_secs(60);
const HALF_A_DAY: Duration = Duration::from_secs(12 * 3600);
/// Half a day, and as long again as a request may be on its way.
const NOTHING_ARRIVES: Duration = Duration::from_secs(14 * 3600);

// -- idempotency --

#[test]
fn the_same_confirm_twice_is_one_attempt() {
    let mut payment = confirming();
    assert_eq!(
        command(&mut payment, &Command::Confirm(confirm_request("c1")), &at(SOON)),
        Ok(Decision::AlreadyApplied)
    );
    assert_eq!(payment.attempts.len(), 1);
}

#[test]
fn a_used_key_with_another_body_is_refused_whatever_the_state() {
    let other = ConfirmRequest { request_hash: hash("other"), ..confirm_request("c1") };
    for mut payment in [confirming(), after(first(1), captured()), after(first(1), declined("generic_decline"))] {
        assert_eq!(
            command(&mut payment, &Command::Confirm(other.clone()), &at(SOON)),
            Err(Rejection::IdempotencyKeyReused)
        );
    }
}

#[test]
fn a_replay_is_known_even_after_the_payment_has_ended() {
    let mut payment = after(first(1), captured());
    assert_eq!(
        command(&mut payment, &Command::Confirm(confirm_request("c1")), &at(DAY * 400)),
        Ok(Decision::AlreadyApplied)
    );
}

// -- one charge --

#[test]
fn a_second_confirm_waits_for_the_first() {
    let mut payment = confirming();
    assert_eq!(command(&mut payment, &Command::Confirm(confirm_request("c2")), &at(SOON)), Err(Rejection::InProgress));
}

#[test]
fn a_declined_payment_can_be_confirmed_again_with_another_key() {
    let mut payment = after(first(1), declined("insufficient_funds"));
    assert_eq!(payment.state, PaymentState::RequiresPaymentMethod);
    assert!(matches!(
        command(&mut payment, &Command::Confirm(confirm_request("c2")), &at(SOON)),
        Ok(Decision::Execute(_))
    ));
    assert_eq!(payment.attempts.len(), 2);
}

#[test]
fn nothing_is_confirmed_after_its_time_or_beyond_its_attempts() {
    let mut late = payment();
    assert_eq!(command(&mut late, &Command::Confirm(confirm_request("c1")), &at(DAY)), Err(Rejection::TimeIsOver));
    let mut worn = payment();
    for n in 1..=20 {
        command(&mut worn, &Command::Confirm(confirm_request(&format!("c{n}"))), &at(SOON)).unwrap();
        show(&mut worn, first(n), declined("generic_decline"), &at(SOON));
    }
    assert_eq!(
        command(&mut worn, &Command::Confirm(confirm_request("c21")), &at(SOON)),
        Err(Rejection::TooManyAttempts)
    );
    // … but a charge made in the browser is recorded all the same.
    show(&mut worn, Source::Event { cause: None }, captured(), &at(SOON));
    assert_eq!(worn.state, PaymentState::Succeeded { captured: euros(AMOUNT) });
    assert_eq!(worn.attempts.len(), ATTEMPTS_MAX);
}

#[test]
fn where_a_payment_allows_no_redirects_a_place_to_return_to_is_refused() {
    let mut payment = payment();
    let request = ConfirmRequest { return_url: WebUrl::parse("https://shop.example/").ok(), ..confirm_request("c1") };
    assert_eq!(command(&mut payment, &Command::Confirm(request.clone()), &at(SOON)), Err(Rejection::NoRedirects));
    payment.terms.return_url = WebUrl::parse("https://shop.example/other").ok();
    assert!(matches!(command(&mut payment, &Command::Confirm(request), &at(SOON)), Ok(Decision::Execute(_))));
}

// -- E1 to E6 --

#[test]
fn a_lost_answer_is_not_a_failure() {
    for reason in [
        UnknownReason::Timeout,
        UnknownReason::ConnectionLost,
        UnknownReason::Unreadable,
        UnknownReason::ServerError,
        UnknownReason::NotSent,
    ] {
        let payment = after(first(1), Outcome::Unknown(reason));
        assert_eq!(payment.state, PaymentState::Processing(ProcessingReason::OutcomeUnknown), "{reason:?}");
        assert!(payment.unanswered_attempt().is_some() && payment.due.is_some(), "{reason:?}");
    }
}

#[test]
fn a_fetch_does_not_close_an_attempt_whose_request_may_still_be_on_its_way() {
    let mut payment = confirming();
    show(&mut payment, Source::Fetch, object(ObjectStatus::AwaitsMethod), &at(HALF_A_DAY - Duration::from_millis(1)));
    assert_eq!(payment.attention, None, "it will be sent again");
    show(&mut payment, Source::Fetch, object(ObjectStatus::AwaitsMethod), &at(HALF_A_DAY));
    assert_eq!(payment.attention.unwrap().reason, ReviewReason::OutcomeUnknown, "and nobody can do more than wait");
    for status in [ObjectStatus::AwaitsMethod, ObjectStatus::AwaitsPayer(redirect()), ObjectStatus::Pending] {
        show(&mut payment, Source::Fetch, object(status), &at(SOON));
        assert!(payment.unanswered_attempt().is_some());
    }
}

#[test]
fn a_fetch_closes_an_answered_attempt_without_calling_it_declined() {
    let mut payment = after(replayed(1), Outcome::Unknown(UnknownReason::ServerError));
    assert_eq!(payment.attempts[0].progress, AttemptProgress::Answered);
    show(&mut payment, Source::Fetch, object(ObjectStatus::AwaitsMethod), &at(SOON));
    assert_eq!(payment.attempts[0].progress, AttemptProgress::Closed(AttemptResult::NotCharged));
    assert_eq!(payment.state, PaymentState::RequiresPaymentMethod);
}

#[test]
fn a_dead_key_is_looked_up_and_never_declined() {
    let mut uncharged = confirming();
    show(&mut uncharged, Source::Fetch, object(ObjectStatus::AwaitsMethod), &at(NOTHING_ARRIVES));
    assert_eq!(uncharged.attempts[0].progress, AttemptProgress::Closed(AttemptResult::NotCharged));
    let mut waiting = confirming();
    show(&mut waiting, Source::Fetch, object(ObjectStatus::AwaitsPayer(redirect())), &at(NOTHING_ARRIVES));
    assert_eq!(waiting.state, PaymentState::RequiresAction(redirect()));
}

/// Whatever was sent just before the key was old may still be served.
#[test]
fn an_attempt_whose_last_request_may_still_arrive_is_not_closed_by_a_look() {
    let mut payment = confirming();
    let last_moment = at(NOTHING_ARRIVES - Duration::from_millis(1));
    for status in [ObjectStatus::AwaitsMethod, ObjectStatus::AwaitsPayer(redirect()), ObjectStatus::Pending] {
        show(&mut payment, Source::Fetch, object(status), &last_moment);
        assert_eq!(payment.attempts[0].progress, AttemptProgress::Unanswered);
        assert_eq!(payment.state, PaymentState::Processing(ProcessingReason::OutcomeUnknown));
        assert_eq!(payment.attention.unwrap().reason, ReviewReason::OutcomeUnknown, "nobody can do more than wait");
    }
    show(&mut payment, Source::Fetch, captured(), &last_moment);
    assert_eq!(payment.attempts[0].progress, AttemptProgress::Closed(AttemptResult::Charged), "what is final counts");
    assert_eq!(payment.attention, None, "it is known now");
}

#[test]
fn a_replayed_answer_is_not_the_present() {
    for status in [ObjectStatus::AwaitsPayer(redirect()), ObjectStatus::Pending, ObjectStatus::AwaitsMethod] {
        let payment = after(replayed(1), object(status));
        assert_eq!(payment.state, PaymentState::Processing(ProcessingReason::OutcomeUnknown));
        assert_eq!(payment.attempts[0].progress, AttemptProgress::Answered);
        assert_eq!(payment.due, Some(START.plus(Duration::from_secs(1))), "somebody must fetch now");
    }
}

#[test]
fn an_own_answer_that_shows_an_unpaid_object_and_no_decline_is_old_and_closes_nothing() {
    let mut payment = after(first(1), object(ObjectStatus::AwaitsMethod));
    assert_eq!(payment.state, PaymentState::Processing(ProcessingReason::OutcomeUnknown), "and nobody is told of a no");
    assert_eq!(payment.attempts[0].progress, AttemptProgress::Answered);
    assert_eq!(payment.due, Some(START.plus(Duration::from_secs(1))), "somebody must fetch now");
    show(&mut payment, Source::Fetch, captured(), &at(SOON));
    assert_eq!(payment.attempts[0].progress, AttemptProgress::Closed(AttemptResult::Charged));
}

#[test]
fn whatever_is_repeated_under_an_attempts_key_proves_that_it_was_answered() {
    for reason in [UnknownReason::ServerError, UnknownReason::Misconfigured, UnknownReason::Unreadable] {
        let payment = after(replayed(1), Outcome::Unknown(reason));
        assert_eq!(payment.attempts[0].progress, AttemptProgress::Answered, "{reason:?}");
        assert_eq!(payment.due, Some(START.plus(Duration::from_secs(1))), "and somebody must fetch now");
    }
    let mismatch = after(replayed(1), Outcome::Unknown(UnknownReason::KeyMismatch));
    assert!(mismatch.unanswered_attempt().is_some(), "another request's answer is not this one's");
}

#[test]
fn a_webhook_proves_only_what_is_final() {
    let event = Source::Event { cause: None };
    for status in [ObjectStatus::AwaitsMethod, ObjectStatus::AwaitsPayer(redirect()), ObjectStatus::Pending] {
        let mut waiting = after(first(1), declined("generic_decline"));
        let before = (waiting.state.clone(), waiting.attempts.clone());
        show(&mut waiting, event, object(status), &at(SOON));
        assert_eq!((waiting.state.clone(), waiting.attempts.clone()), before);
        assert_eq!(waiting.due, Some(at(SOON).at), "but it is looked at now");
    }
    assert_eq!(after(event, captured()).state, PaymentState::Succeeded { captured: euros(AMOUNT) });
    assert_eq!(after(event, object(ObjectStatus::Canceled)).state, PaymentState::Canceled);
}

#[test]
fn a_decline_that_another_key_caused_closes_nothing() {
    let foreign_cause = Source::Event { cause: None };
    assert!(after(foreign_cause, declined("generic_decline")).unanswered_attempt().is_some());
    let own_cause = Source::Event { cause: Some(AttemptNumber::FIRST) };
    assert!(after(own_cause, declined("generic_decline")).attempts[0].decline().is_some());
}

#[test]
fn an_event_that_repeats_an_answer_we_have_asks_for_no_look() {
    let own = Source::Event { cause: Some(AttemptNumber::FIRST) };
    let mut payment = after(first(1), declined("generic_decline"));
    assert_eq!(show(&mut payment, own, declined("generic_decline"), &at(SOON)), Judgement::Nothing);
    let mut waiting = after(first(1), object(ObjectStatus::AwaitsPayer(redirect())));
    assert_eq!(show(&mut waiting, own, object(ObjectStatus::AwaitsPayer(redirect())), &at(SOON)), Judgement::Nothing);
}

#[test]
fn a_late_answer_closes_its_own_attempt_and_no_later_one() {
    let mut payment = after(first(1), declined("generic_decline"));
    command(&mut payment, &Command::Confirm(confirm_request("c2")), &at(SOON)).unwrap();
    for late in [
        declined("stolen_card"),
        Outcome::Refused { code: "resource_missing".into(), object: None },
        object(ObjectStatus::AwaitsMethod),
        object(ObjectStatus::AwaitsPayer(redirect())),
    ] {
        assert_eq!(show(&mut payment, first(1), late, &at(SOON)), Judgement::Nothing);
    }
    assert!(payment.unanswered_attempt().is_some());
}

#[test]
fn other_money_in_a_late_answer_calls_a_person_and_answers_no_later_attempt() {
    let mut payment = after(first(1), declined("generic_decline"));
    command(&mut payment, &Command::Confirm(confirm_request("c2")), &at(SOON)).unwrap();
    let other = ObjectSnapshot { amount_minor_units: AMOUNT + 1, ..snapshot(ObjectStatus::Pending) };
    show(&mut payment, first(1), Outcome::Object(other), &at(SOON));
    assert_eq!(payment.attention.map(|review| review.reason), Some(ReviewReason::ObjectMismatch));
    assert!(payment.unanswered_attempt().is_some());
}

#[test]
fn an_answer_that_comes_after_a_look_does_not_undo_what_was_seen() {
    let mut payment = after(replayed(1), object(ObjectStatus::Pending));
    show(&mut payment, Source::Fetch, object(ObjectStatus::Pending), &at(SOON));
    assert_eq!(payment.state, PaymentState::Processing(ProcessingReason::GatewayPending));
    assert_eq!(
        show(&mut payment, first(1), object(ObjectStatus::AwaitsPayer(redirect())), &at(SOON)),
        Judgement::Nothing
    );
}

#[test]
fn an_answer_that_was_overtaken_moves_nothing_back_though_a_cancel_is_open() {
    let mut payment = after(first(1), object(ObjectStatus::Pending));
    let cancel = CancelRequest { key: key("x"), request_hash: hash("x"), reason: None };
    command(&mut payment, &Command::Cancel(cancel), &at(SOON)).unwrap();
    for old in [ObjectStatus::AwaitsPayer(redirect()), ObjectStatus::AwaitsMethod] {
        assert_eq!(show(&mut payment, first(1), object(old), &at(SOON)), Judgement::Nothing);
    }
    assert_eq!(payment.state, PaymentState::Processing(ProcessingReason::GatewayPending));
    assert!(payment.open_attempt().is_some());
}

#[test]
fn a_late_decline_cannot_undo_a_capture() {
    let mut payment = after(Source::Event { cause: None }, captured());
    assert_eq!(show(&mut payment, first(1), declined("generic_decline"), &at(SOON)), Judgement::Nothing);
    assert_eq!(payment.state, PaymentState::Succeeded { captured: euros(AMOUNT) });
}

#[test]
fn an_old_hold_does_not_undo_a_capture_or_an_end() {
    for outcome in [captured(), object(ObjectStatus::Canceled)] {
        let mut payment = after(first(1), outcome);
        assert_eq!(show(&mut payment, Source::Event { cause: None }, authorized(), &at(SOON)), Judgement::Nothing);
    }
}

// -- E7, E8, and words we do not know --

#[test]
fn another_object_that_bears_our_id_changes_nothing() {
    let mut payment = confirming();
    let mut other = snapshot(ObjectStatus::Captured { received_minor_units: AMOUNT });
    other.reference = GatewayToken::parse("pi_2").unwrap();
    let judgement = show(&mut payment, Source::Event { cause: None }, Outcome::Object(other), &at(SOON));
    assert!(matches!(judgement, Judgement::Foreign { holds_money: true, review: Some(_) }));

    let mut empty = snapshot(ObjectStatus::AwaitsMethod);
    empty.reference = GatewayToken::parse("pi_2").unwrap();
    let judgement = judge(
        &payment,
        &Evidence { source: Source::Event { cause: None }, outcome: Outcome::Object(empty) },
        &at(SOON),
    );
    assert_eq!(judgement, Judgement::Foreign { holds_money: false, review: None }, "no money, and so nobody is called");
}

#[test]
fn other_money_is_never_a_success() {
    let good = snapshot(ObjectStatus::Captured { received_minor_units: AMOUNT });
    let wrong = [
        ObjectSnapshot { amount_minor_units: AMOUNT + 1, ..good.clone() },
        ObjectSnapshot { currency: Currency::from_code("USD").ok(), ..good.clone() },
        ObjectSnapshot { currency: None, ..good.clone() },
        ObjectSnapshot { mode: Mode::Live, ..good.clone() },
        ObjectSnapshot { status: ObjectStatus::Captured { received_minor_units: AMOUNT + 1 }, ..good.clone() },
        ObjectSnapshot { status: ObjectStatus::Captured { received_minor_units: 0 }, ..good },
    ];
    for object in wrong {
        let payment = after(first(1), Outcome::Object(object));
        assert!(!payment.state.is_terminal());
        assert_eq!(payment.attention.map(|review| review.reason), Some(ReviewReason::ObjectMismatch));
        assert!(payment.due.is_some(), "and it is still swept");
    }
}

#[test]
fn a_key_mismatch_is_unknown_and_a_person_is_told() {
    let payment = after(first(1), Outcome::Unknown(UnknownReason::KeyMismatch));
    assert_eq!(payment.state, PaymentState::Processing(ProcessingReason::OutcomeUnknown));
    assert_eq!(payment.attention.map(|review| review.reason), Some(ReviewReason::KeyMismatch));
}

#[test]
fn an_unknown_word_keeps_the_state() {
    let payment = after(first(1), object(ObjectStatus::Unrecognized("requires_levitation".into())));
    assert_eq!(payment.state, PaymentState::Processing(ProcessingReason::OutcomeUnknown));
    assert_eq!(payment.attention.map(|review| review.reason), Some(ReviewReason::UnrecognizedStatus));
}

#[test]
fn an_answer_that_cannot_be_judged_is_looked_at_ever_more_rarely_and_never_sent_again() {
    let mut payment = after(first(1), object(ObjectStatus::Unrecognized("requires_levitation".into())));
    assert_eq!(payment.attempts[0].progress, AttemptProgress::Answered);
    let mut clock = START;
    for _ in 0..20 {
        clock = payment.due.unwrap();
        show(
            &mut payment,
            Source::Fetch,
            object(ObjectStatus::Unrecognized("requires_levitation".into())),
            &Now { at: clock, ..at(SOON) },
        );
    }
    assert!(payment.due.unwrap().since(clock) >= Limits::BACKOFF_CAP / 2);
}

#[test]
fn an_answer_about_another_object_is_no_answer() {
    let mut other = snapshot(ObjectStatus::Captured { received_minor_units: AMOUNT });
    other.reference = GatewayToken::parse("pi_2").unwrap();
    let payment = after(first(1), Outcome::Object(other));
    assert_eq!(payment.state, PaymentState::Processing(ProcessingReason::OutcomeUnknown));
    assert!(payment.unanswered_attempt().is_some() && payment.rounds == 1);
}

#[test]
fn a_payment_whose_object_is_for_other_money_is_not_charged() {
    let mut payment = payment();
    let other = ObjectSnapshot { amount_minor_units: 1, ..snapshot(ObjectStatus::AwaitsMethod) };
    show(&mut payment, Source::Fetch, Outcome::Object(other), &at(SOON));
    assert_eq!(command(&mut payment, &Command::Confirm(confirm_request("c1")), &at(SOON)), Err(Rejection::UnderReview));
}

#[test]
fn a_hold_is_let_go_and_not_captured_while_money_stands_on_another_object() {
    let mut payment = after(first(1), authorized());
    let mut other = snapshot(ObjectStatus::Captured { received_minor_units: AMOUNT });
    other.reference = GatewayToken::parse("pi_2").unwrap();
    let judged = judge(
        &payment,
        &Evidence { source: Source::Event { cause: None }, outcome: Outcome::Object(other) },
        &at(SOON),
    );
    let Judgement::Foreign { review: Some(event), .. } = judged else { panic!("{judged:?}") };
    apply(&mut payment, &event);
    let capture = CaptureRequest { key: key("k"), request_hash: hash("k"), amount: None };
    assert_eq!(command(&mut payment, &Command::Capture(capture), &at(SOON)), Err(Rejection::UnderReview));
    let cancel = CancelRequest { key: key("x"), request_hash: hash("x"), reason: None };
    assert!(matches!(command(&mut payment, &Command::Cancel(cancel), &at(SOON)), Ok(Decision::Execute(_))));
}

#[test]
fn other_money_is_not_hidden_by_a_word_that_we_do_not_know() {
    let mut payment = payment();
    show(&mut payment, Source::Fetch, object(ObjectStatus::Unrecognized("new".into())), &at(SOON));
    let other = ObjectSnapshot { amount_minor_units: 1, ..snapshot(ObjectStatus::AwaitsMethod) };
    show(&mut payment, Source::Fetch, Outcome::Object(other), &at(SOON));
    assert_eq!(payment.attention.map(|review| review.reason), Some(ReviewReason::ObjectMismatch));
    assert_eq!(command(&mut payment, &Command::Confirm(confirm_request("c1")), &at(SOON)), Err(Rejection::UnderReview));
}

#[test]
fn a_refusal_of_a_second_sending_closes_nothing() {
    let refused = || Outcome::Refused { code: "resource_missing".into(), object: None };
    assert!(after(first(1), refused()).attempts[0].decline().is_some());
    assert_eq!(after(replayed(1), refused()).attempts[0].progress, AttemptProgress::Answered);
}

#[test]
fn a_look_that_fails_is_no_doubt_about_a_charge() {
    let mut payment = payment();
    for _ in 0..20 {
        show(&mut payment, Source::Fetch, object(ObjectStatus::AwaitsMethod), &at(SOON));
    }
    show(&mut payment, Source::Fetch, Outcome::Unknown(UnknownReason::Timeout), &at(SOON));
    assert_eq!(payment.attention, None);
    assert!(payment.due.unwrap().since(at(SOON).at) <= Limits::BACKOFF_CAP);
}

#[test]
fn looks_that_fail_become_rarer_too() {
    let mut payment = payment();
    let mut waits = Vec::new();
    for _ in 0..12 {
        show(&mut payment, Source::Fetch, Outcome::Unknown(UnknownReason::Timeout), &at(SOON));
        waits.push(payment.due.unwrap().since(at(SOON).at));
    }
    assert!(waits[11] >= Limits::BACKOFF_CAP / 2, "{waits:?}");
    assert_eq!(payment.attention, None);
}

#[test]
fn a_person_is_asked_after_so_many_rounds_and_not_before() {
    let mut payment = confirming();
    for round in 1..=Limits::ROUNDS_BEFORE_REVIEW {
        assert_eq!(payment.attention, None, "before round {round}");
        show(&mut payment, first(1), Outcome::Unknown(UnknownReason::Timeout), &at(SOON));
    }
    assert_eq!(payment.attention.map(|review| review.reason), Some(ReviewReason::OutcomeUnknown));
    show(&mut payment, Source::Fetch, captured(), &at(SOON));
    assert_eq!(payment.attention, None, "once it is known, there is nothing to look at");
}

#[test]
fn nobody_is_asked_to_look_for_an_outcome_that_is_known() {
    for known in [
        declined("generic_decline"),
        object(ObjectStatus::AwaitsPayer(redirect())),
        object(ObjectStatus::Pending),
        authorized(),
        captured(),
        object(ObjectStatus::Canceled),
    ] {
        let mut payment = confirming();
        for _ in 0..Limits::ROUNDS_BEFORE_REVIEW {
            show(&mut payment, first(1), Outcome::Unknown(UnknownReason::Timeout), &at(SOON));
        }
        assert!(payment.attention.is_some());
        show(&mut payment, first(1), known.clone(), &at(SOON));
        assert_eq!(payment.attention, None, "{known:?}");
    }
}
