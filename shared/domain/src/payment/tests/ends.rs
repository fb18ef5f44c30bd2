//! How payments end, what is held, and payers who are away: what must never break, each rule a sentence.

use super::*;
use crate::{gateway::UnknownReason, payment::ReviewReason};

const SOON: Duration = Duration::from_secs(60);

fn cancel(name: &str) -> Command {
    Command::Cancel(CancelRequest { key: key(name), request_hash: hash(name), reason: None })
}

fn capture(name: &str, minor_units: Option<i64>) -> Command {
    Command::Capture(CaptureRequest { key: key(name), request_hash: hash(name), amount: minor_units.map(euros) })
}

// -- ends --

#[test]
fn nothing_ends_before_its_object_is_seen_canceled() {
    let mut payment = payment();
    command(&mut payment, &cancel("x"), &at(SOON)).unwrap();
    assert_eq!(payment.state, PaymentState::RequiresPaymentMethod);
    for unproven in [
        Outcome::Unknown(UnknownReason::Timeout),
        Outcome::Refused { code: "processing".into(), object: Some(snapshot(ObjectStatus::Pending)) },
        object(ObjectStatus::Pending),
    ] {
        show(&mut payment, Source::Act(1, Hand::First), unproven, &at(SOON));
        assert!(payment.open_act().is_some() && !payment.state.is_terminal() && payment.due.is_some());
    }
    show(&mut payment, Source::Fetch, object(ObjectStatus::Canceled), &at(SOON));
    assert_eq!(payment.state, PaymentState::Canceled);
}

#[test]
fn how_a_payment_ends_does_not_depend_on_who_saw_it_first() {
    for source in [Source::Act(1, Hand::First), Source::Fetch, Source::Event { cause: None }] {
        let mut expiring = payment();
        command(&mut expiring, &Command::Expire, &at(DAY)).unwrap();
        show(&mut expiring, source, object(ObjectStatus::Canceled), &at(DAY));
        assert_eq!(expiring.state, PaymentState::Expired, "{source:?}");
    }
}

#[test]
fn a_cancel_that_comes_too_late_ends_in_success() {
    let mut payment = payment();
    command(&mut payment, &cancel("x"), &at(SOON)).unwrap();
    let refused = Outcome::Refused {
        code: "payment_intent_unexpected_state".into(),
        object: Some(snapshot(ObjectStatus::Captured { received_minor_units: AMOUNT })),
    };
    show(&mut payment, Source::Act(1, Hand::First), refused, &at(SOON));
    assert_eq!(payment.state, PaymentState::Succeeded { captured: euros(AMOUNT) });
    assert_eq!(payment.acts[0].progress, ActProgress::Overtaken);
}

#[test]
fn neither_cancel_nor_expiry_overtakes_a_request_that_may_still_be_on_its_way() {
    let mut payment = confirming();
    assert_eq!(command(&mut payment, &cancel("x"), &at(SOON)), Err(Rejection::InProgress));
    assert_eq!(command(&mut payment, &Command::Expire, &at(DAY * 2)), Ok(Decision::Nothing));
}

#[test]
fn money_that_moved_after_the_end_is_a_success_and_a_person_is_told() {
    let mut payment = payment();
    show(&mut payment, Source::Fetch, object(ObjectStatus::Canceled), &at(SOON));
    show(&mut payment, Source::Event { cause: None }, captured(), &at(SOON));
    assert_eq!(payment.state, PaymentState::Succeeded { captured: euros(AMOUNT) });
    assert_eq!(payment.attention.map(|review| review.reason), Some(ReviewReason::LateSuccess));
}

#[test]
fn a_browser_that_pays_by_itself_is_recorded_as_the_gateways_attempt() {
    let mut payment = payment();
    show(&mut payment, Source::Event { cause: None }, captured(), &at(SOON));
    assert_eq!(payment.attempts.len(), 1);
    assert_eq!(payment.attempts[0].source, AttemptSource::Gateway);
}

#[test]
fn an_act_that_is_never_done_calls_a_person_unless_a_bank_is_at_work() {
    for (status, calls) in [(ObjectStatus::AwaitsMethod, true), (ObjectStatus::Pending, false)] {
        let mut payment = payment();
        command(&mut payment, &cancel("x"), &at(SOON)).unwrap();
        for _ in 0..=Limits::ROUNDS_BEFORE_REVIEW {
            let refused = Outcome::Refused { code: "no".into(), object: Some(snapshot(status.clone())) };
            show(&mut payment, Source::Act(1, Hand::First), refused, &at(SOON));
            show(&mut payment, Source::Fetch, object(status.clone()), &at(SOON));
        }
        assert!(payment.open_act().is_some());
        assert_eq!(payment.attention.is_some(), calls, "{status:?}");
    }
}

// -- holds --

#[test]
fn what_is_held_can_be_captured_once_and_not_for_more() {
    let mut payment = after(first(1), authorized());
    assert_eq!(payment.capturable(), euros(AMOUNT));
    assert_eq!(
        command(&mut payment, &capture("k", Some(AMOUNT + 1)), &at(SOON)),
        Err(Rejection::AmountExceedsCapturable)
    );
    assert!(matches!(command(&mut payment, &capture("k", Some(500)), &at(SOON)), Ok(Decision::Execute(_))));
    assert_eq!(command(&mut payment, &capture("k2", None), &at(SOON)), Err(Rejection::InProgress));
    assert_eq!(command(&mut payment, &capture("k", Some(500)), &at(SOON)), Ok(Decision::AlreadyApplied));
    show(
        &mut payment,
        Source::Act(1, Hand::First),
        object(ObjectStatus::Captured { received_minor_units: 500 }),
        &at(SOON),
    );
    assert_eq!(payment.captured(), euros(500));
    assert_eq!(payment.acts[0].progress, ActProgress::Done);
    assert_eq!(payment.attempts.len(), 1, "a capture is not another attempt");
}

#[test]
fn a_hold_that_runs_out_is_expired_and_one_that_was_canceled_is_canceled() {
    let mut ran_out = after(first(1), authorized());
    show(&mut ran_out, Source::Event { cause: None }, object(ObjectStatus::Canceled), &at(SOON));
    assert_eq!(ran_out.state, PaymentState::Expired);
    let mut canceled = after(first(1), authorized());
    command(&mut canceled, &cancel("x"), &at(SOON)).unwrap();
    show(&mut canceled, Source::Event { cause: None }, object(ObjectStatus::Canceled), &at(SOON));
    assert_eq!(canceled.state, PaymentState::Canceled);
}

#[test]
fn a_late_answer_to_one_capture_closes_no_other() {
    let mut payment = after(first(1), authorized());
    let refused = || Outcome::Refused { code: "amount_too_large".into(), object: None };
    command(&mut payment, &capture("k1", None), &at(SOON)).unwrap();
    show(&mut payment, Source::Act(1, Hand::First), refused(), &at(SOON));
    command(&mut payment, &capture("k2", None), &at(SOON)).unwrap();
    for late in [refused(), Outcome::Unknown(UnknownReason::Timeout), authorized()] {
        assert_eq!(show(&mut payment, Source::Act(1, Hand::First), late, &at(SOON)), Judgement::Nothing);
    }
    assert!(payment.open_act().is_some());
}

#[test]
fn a_refused_capture_leaves_the_hold_whether_or_not_the_refusal_shows_it() {
    let held = snapshot(ObjectStatus::Authorized { capturable_minor_units: AMOUNT });
    for (hand, shown) in [(Hand::First, None), (Hand::First, Some(held.clone())), (Hand::Replayed, Some(held))] {
        let mut payment = after(first(1), authorized());
        command(&mut payment, &capture("k", None), &at(SOON)).unwrap();
        let refused = Outcome::Refused { code: "amount_too_large".into(), object: shown };
        show(&mut payment, Source::Act(1, hand), refused, &at(SOON));
        assert!(payment.open_act().is_none());
        assert_eq!(payment.state, PaymentState::RequiresCapture { capturable: euros(AMOUNT) });
    }
}

#[test]
fn a_hold_that_another_captured_for_another_amount_does_not_make_our_capture_done() {
    for (taken, done) in [(500, true), (300, false)] {
        let mut payment = after(first(1), authorized());
        command(&mut payment, &capture("k", Some(500)), &at(SOON)).unwrap();
        let captured = object(ObjectStatus::Captured { received_minor_units: taken });
        show(&mut payment, Source::Event { cause: None }, captured, &at(SOON));
        assert_eq!(payment.captured(), euros(taken));
        assert_eq!(payment.acts[0].progress == ActProgress::Done, done);
    }
}

/// What was refused was a second sending; the first one was served.
#[test]
fn a_capture_that_was_refused_and_has_taken_the_money_is_done() {
    for (taken, progress) in [(500, ActProgress::Done), (300, ActProgress::Refused { code: "no".into() })] {
        let mut payment = after(first(1), authorized());
        command(&mut payment, &capture("k", Some(500)), &at(SOON)).unwrap();
        let refused = Outcome::Refused { code: "no".into(), object: None };
        show(&mut payment, Source::Act(1, Hand::First), refused, &at(SOON));
        show(&mut payment, Source::Fetch, object(ObjectStatus::Captured { received_minor_units: taken }), &at(SOON));
        assert_eq!(payment.acts[0].progress, progress);
    }
}

#[test]
fn a_hold_whose_captures_were_all_refused_can_still_be_canceled() {
    let mut payment = after(first(1), authorized());
    for number in 1..=ACTS_MAX {
        command(&mut payment, &capture(&format!("k{number}"), None), &at(SOON)).unwrap();
        let refused = Outcome::Refused { code: "amount_too_large".into(), object: None };
        show(&mut payment, Source::Act(number, Hand::First), refused, &at(SOON));
    }
    assert_eq!(command(&mut payment, &capture("k", None), &at(SOON)), Err(Rejection::TooManyAttempts));
    assert!(matches!(command(&mut payment, &cancel("x"), &at(SOON)), Ok(Decision::Execute(_))));
}

// -- payers who are away --

fn off_session(code: &str) -> Payment {
    let mut payment = payment();
    let request = ConfirmRequest { off_session: true, ..confirm_request("c1") };
    command(&mut payment, &Command::Confirm(request), &at(SOON)).unwrap();
    show(&mut payment, first(1), declined(code), &at(SOON));
    payment
}

#[test]
fn an_absent_payers_card_is_tried_again_a_day_later_with_a_new_attempt() {
    let mut payment = off_session("insufficient_funds");
    let scheduled = at(SOON).at.plus(DAY);
    assert_eq!(payment.state, PaymentState::Processing(ProcessingReason::RetryScheduled { at: scheduled }));
    assert_eq!(payment.due, Some(scheduled));
    assert_eq!(command(&mut payment, &Command::Reattempt, &at(SOON * 2)), Ok(Decision::Nothing));
    assert!(matches!(command(&mut payment, &Command::Reattempt, &at(SOON + DAY)), Ok(Decision::Execute(_))));
    assert_eq!(payment.attempts.len(), 2);
    assert_eq!(payment.attempts[1].number.get(), 2);
}

#[test]
fn the_payers_time_does_not_run_while_we_are_to_try_again() {
    let mut payment = off_session("insufficient_funds");
    assert_eq!(command(&mut payment, &Command::Expire, &at(DAY * 3)), Ok(Decision::Nothing));
    assert!(matches!(command(&mut payment, &Command::Reattempt, &at(DAY * 3)), Ok(Decision::Execute(_))));
}

#[test]
fn a_card_that_is_refused_for_good_is_never_tried_again() {
    for code in ["stolen_card", "do_not_try_again", "a_code_we_do_not_know"] {
        let mut payment = off_session(code);
        assert!(payment.open_act().is_some_and(|act| act.ends_as() == Some(End::Failed)), "{code}");
        assert_eq!(command(&mut payment, &Command::Reattempt, &at(DAY * 3)), Ok(Decision::Nothing));
        show(&mut payment, Source::Act(1, Hand::First), object(ObjectStatus::Canceled), &at(DAY * 3));
        assert_eq!(payment.state, PaymentState::Failed, "{code}");
    }
}

#[test]
fn an_absent_payer_who_must_act_is_brought_back_and_not_charged_again() {
    let payment = off_session("authentication_required");
    assert_eq!(payment.state, PaymentState::RequiresPaymentMethod);
    assert!(payment.open_act().is_none());
}

#[test]
fn a_vague_decline_is_tried_again_three_times_at_most() {
    let mut payment = off_session("generic_decline");
    let mut tries = 1;
    while let PaymentState::Processing(ProcessingReason::RetryScheduled { at: when }) = payment.state {
        let now = Now { at: when, ..at(Duration::ZERO) };
        command(&mut payment, &Command::Reattempt, &now).unwrap();
        tries += 1;
        show(&mut payment, first(tries), declined("generic_decline"), &now);
        assert!(tries <= 10);
    }
    assert_eq!(tries, 1 + 3);
    assert!(payment.open_act().is_some());
}

#[test]
fn a_payment_that_has_had_all_its_attempts_is_given_up_and_not_scheduled() {
    let mut payment = payment();
    for n in 1..=20 {
        let instrument = Instrument::PaymentMethod(GatewayToken::parse(&format!("pm_{n}")).unwrap());
        let request = ConfirmRequest { off_session: n == 20, instrument, ..confirm_request(&format!("c{n}")) };
        command(&mut payment, &Command::Confirm(request), &at(SOON)).unwrap();
        show(&mut payment, first(n), declined("insufficient_funds"), &at(SOON));
    }
    assert!(payment.open_act().is_some_and(|act| act.ends_as() == Some(End::Failed)));
}

#[test]
fn a_charge_the_issuer_has_seen_before_is_looked_for() {
    let payment = after(first(1), declined("duplicate_transaction"));
    assert_eq!(payment.attempts[0].progress, AttemptProgress::Answered);
    assert_eq!(payment.due, Some(START.plus(Duration::from_secs(1))));
}

#[test]
fn an_object_for_other_money_is_not_charged_by_ourselves_either() {
    let mut payment = off_session("insufficient_funds");
    let other = ObjectSnapshot { amount_minor_units: 1, ..snapshot(ObjectStatus::AwaitsMethod) };
    show(&mut payment, Source::Event { cause: None }, Outcome::Object(other), &at(SOON));
    assert_eq!(command(&mut payment, &Command::Reattempt, &at(SOON + DAY)), Ok(Decision::Nothing));
    let later = at(SOON + DAY);
    command(&mut payment, &Command::Claim, &later).unwrap();
    assert!(payment.due > Some(later.at));
}

// -- claims --

#[test]
fn a_row_is_claimed_only_when_it_is_due_and_then_not_again() {
    let mut payment = confirming();
    assert_eq!(command(&mut payment, &Command::Claim, &at(Duration::from_secs(1))), Ok(Decision::Nothing));
    assert!(matches!(command(&mut payment, &Command::Claim, &at(SOON)), Ok(Decision::Execute(_))));
    assert!(payment.due > Some(at(SOON).at));
    assert_eq!(command(&mut payment, &Command::Claim, &at(SOON)), Ok(Decision::Nothing));
}
