//! Money that goes back: reserved before it is asked for, matched by our id, and never given back to the balance twice.

use proptest::prelude::*;

use super::*;
use crate::gateway::{RefundOutcome, RefundSnapshot, RefundStatus, UnknownReason};

pub(super) const SECOND: Duration = Duration::from_secs(1);

pub(super) fn paid() -> Payment {
    after(first(1), captured())
}

pub(super) fn refund_id(name: &str) -> RefundId {
    RefundId::derive("merchant", &payment().id, &key(name))
}

pub(super) fn request(name: &str, minor_units: impl Into<Option<i64>>) -> RefundRequest {
    let amount = minor_units.into().map(euros);
    RefundRequest { id: refund_id(name), key: key(name), request_hash: hash(name), amount, reason: None }
}

pub(super) fn ask(
    payment: &mut Payment,
    name: &str,
    minor_units: impl Into<Option<i64>>,
) -> Result<Decision, Rejection> {
    command(payment, &Command::Refund(request(name, minor_units)), &at(SECOND))
}

/// A paid payment of which one refund, `r1`, was asked for; nobody knows the answer.
pub(super) fn refunding(minor_units: i64) -> Payment {
    let mut payment = paid();
    ask(&mut payment, "r1", minor_units).unwrap();
    payment
}

pub(super) fn shown(name: &str, minor_units: i64, status: RefundStatus) -> RefundSnapshot {
    RefundSnapshot {
        reference: GatewayToken::parse(&format!("re_{name}")).unwrap(),
        object: GatewayToken::parse("pi_1").unwrap(),
        id: Some(refund_id(name)),
        amount_minor_units: minor_units,
        currency: Some(Currency::from_code("EUR").unwrap()),
        status,
    }
}

pub(super) fn weigh(payment: &mut Payment, evidence: &RefundEvidence, now: &Now) -> Judgement {
    let judgement = judge_refund(payment, evidence, now);
    if let Judgement::Change(event) = &judgement {
        apply(payment, event);
    }
    judgement
}

pub(super) fn answer(payment: &mut Payment, name: &str, hand: Hand, outcome: RefundOutcome) -> Judgement {
    weigh(payment, &RefundEvidence::Answered { id: refund_id(name), hand, outcome }, &at(2 * SECOND))
}

pub(super) fn see(payment: &mut Payment, snapshot: RefundSnapshot) -> Judgement {
    weigh(payment, &RefundEvidence::Seen(vec![snapshot]), &at(2 * SECOND))
}

pub(super) fn progress(payment: &Payment, name: &str) -> RefundProgress {
    payment.refund(&refund_id(name)).unwrap().progress.clone()
}

pub(super) fn refused(code: &str) -> RefundOutcome {
    RefundOutcome::Refused { code: code.to_owned() }
}

pub(super) fn failed(code: &str) -> RefundStatus {
    RefundStatus::Failed { code: code.to_owned() }
}

#[test]
fn a_refund_is_reserved_before_anybody_is_asked_for_it() {
    let payment = refunding(500);
    assert_eq!(progress(&payment, "r1"), RefundProgress::Unanswered);
    assert_eq!((payment.refundable(), payment.refunded()), (euros(AMOUNT - 500), euros(0)));
    assert!(payment.is_in_doubt() && payment.due.is_some(), "somebody looks at it");
}

#[test]
fn without_an_amount_all_that_is_left_is_refunded() {
    let mut payment = refunding(500);
    ask(&mut payment, "r2", None).unwrap();
    assert_eq!(payment.refund(&refund_id("r2")).unwrap().amount, euros(AMOUNT - 500));
    assert_eq!(payment.refundable(), euros(0));
    assert_eq!(ask(&mut payment, "r3", None), Err(Rejection::AmountExceedsRefundable), "nothing is left");
}

#[test]
fn never_more_than_is_left_is_refunded_to_the_last_cent() {
    let mut payment = refunding(AMOUNT - 1);
    assert_eq!(ask(&mut payment, "r2", 2), Err(Rejection::AmountExceedsRefundable));
    ask(&mut payment, "r2", 1).unwrap();
    assert_eq!(payment.refundable(), euros(0));
}

#[test]
fn the_same_request_is_the_same_refund_and_another_body_is_none() {
    let mut payment = refunding(500);
    assert_eq!(ask(&mut payment, "r1", 500), Ok(Decision::AlreadyApplied));
    let other = RefundRequest { request_hash: hash("other"), ..request("r1", 500) };
    assert_eq!(command(&mut payment, &Command::Refund(other), &at(SECOND)), Err(Rejection::IdempotencyKeyReused));
    assert_eq!(payment.refunds.len(), 1);
}

#[test]
fn only_what_was_captured_is_refunded() {
    let mut held = after(first(1), authorized());
    assert_eq!(ask(&mut held, "r1", 1), Err(Rejection::InvalidState { state: "requires_capture" }));
    assert_eq!(ask(&mut payment(), "r1", 1), Err(Rejection::InvalidState { state: "requires_payment_method" }));
    assert_eq!(ask(&mut confirming(), "r1", 1), Err(Rejection::InProgress), "nobody knows yet whether it was");
}

#[test]
fn money_that_was_paid_twice_or_too_late_can_be_refunded_and_money_of_unknown_amount_cannot() {
    let mut payment = paid();
    let review = |reason| Some(Review { since: START, reason });
    payment.attention = review(ReviewReason::MoneyElsewhere);
    ask(&mut payment, "r1", 1).unwrap();
    payment.attention = review(ReviewReason::ObjectMismatch);
    assert_eq!(ask(&mut payment, "r2", 1), Err(Rejection::UnderReview));
}

#[test]
fn a_row_takes_as_many_refunds_as_it_can_bear_and_still_records_what_the_dashboard_makes() {
    let mut payment = paid();
    for number in 0..REFUNDS_MAX {
        ask(&mut payment, &format!("r{number}"), 1).unwrap();
    }
    assert_eq!(ask(&mut payment, "one-more", 1), Err(Rejection::TooManyRefunds));
    see(&mut payment, RefundSnapshot { id: None, ..shown("dashboard", 1, RefundStatus::Succeeded) });
    assert_eq!(payment.refunds.len(), REFUNDS_MAX + 1);
}

#[test]
fn what_its_own_request_showed_is_what_it_is() {
    for (status, told, refundable) in [
        (RefundStatus::Succeeded, "refund_succeeded", AMOUNT - 500),
        (RefundStatus::Pending, "refund_pending", AMOUNT - 500),
        (failed("lost_or_stolen_card"), "refund_failed", AMOUNT),
        (RefundStatus::Canceled, "refund_canceled", AMOUNT),
    ] {
        for hand in [Hand::First, Hand::Replayed] {
            let mut payment = refunding(500);
            let outcome = RefundOutcome::Refund(shown("r1", 500, status.clone()));
            let Judgement::Change(event) = answer(&mut payment, "r1", hand, outcome) else { panic!("nothing changed") };
            assert_eq!(event.fact.name(), told);
            assert_eq!(payment.refundable(), euros(refundable));
            assert_eq!(payment.due.is_some(), status == RefundStatus::Pending, "the gateway is still at work");
            assert!(!payment.is_in_doubt());
        }
    }
}

#[test]
fn an_answer_that_shows_another_refund_is_no_answer() {
    let mut payment = refunding(500);
    answer(&mut payment, "r1", Hand::First, RefundOutcome::Refund(shown("r2", 500, RefundStatus::Succeeded)));
    assert_eq!(progress(&payment, "r1"), RefundProgress::Unanswered);
    assert_eq!(payment.refunds.len(), 1);
}

#[test]
fn a_refusal_of_the_first_sending_has_failed_and_gives_the_money_back_to_the_balance_once() {
    let mut payment = refunding(500);
    for _ in 0..2 {
        answer(&mut payment, "r1", Hand::First, refused("charge_disputed"));
        assert_eq!(progress(&payment, "r1"), RefundProgress::Failed { code: "charge_disputed".to_owned() });
        assert_eq!(payment.refundable(), euros(AMOUNT));
    }
    assert_eq!(payment.due, None);
}

#[test]
fn a_refusal_of_a_second_sending_has_failed_only_once_the_refund_is_seen_not_to_be_there() {
    let mut payment = refunding(500);
    answer(&mut payment, "r1", Hand::Replayed, refused("charge_disputed"));
    assert!(payment.is_in_doubt());
    assert_eq!(payment.refundable(), euros(AMOUNT - 500));
    weigh(&mut payment, &RefundEvidence::Absent { id: refund_id("r1") }, &at(3 * SECOND));
    assert_eq!(progress(&payment, "r1"), RefundProgress::Failed { code: "charge_disputed".to_owned() });
    see(&mut payment, shown("r1", 500, RefundStatus::Succeeded));
    assert_eq!(progress(&payment, "r1"), RefundProgress::Succeeded, "the first sending had arrived after all");
    assert_eq!(payment.refundable(), euros(AMOUNT - 500));
}

#[test]
fn a_saved_failure_is_looked_for_and_then_a_persons_to_decide() {
    let mut payment = refunding(500);
    answer(&mut payment, "r1", Hand::Replayed, RefundOutcome::Unknown(UnknownReason::ServerError));
    assert_eq!(progress(&payment, "r1"), RefundProgress::Answered { refusal: None });
    weigh(&mut payment, &RefundEvidence::Absent { id: refund_id("r1") }, &at(3 * SECOND));
    assert_eq!(payment.attention.unwrap().reason, ReviewReason::OutcomeUnknown);
    assert_eq!(payment.refundable(), euros(AMOUNT - 500), "still reserved");
    assert!(payment.due.is_some(), "and still looked at");
    see(&mut payment, shown("r1", 500, RefundStatus::Succeeded));
    assert_eq!(payment.attention, None, "whatever nobody knew is known now");
}

#[test]
fn a_first_hand_failure_and_a_silence_prove_nothing() {
    for reason in [UnknownReason::Timeout, UnknownReason::ServerError, UnknownReason::NotSent] {
        let mut payment = refunding(500);
        answer(&mut payment, "r1", Hand::First, RefundOutcome::Unknown(reason));
        assert_eq!(progress(&payment, "r1"), RefundProgress::Unanswered);
        assert_eq!(payment.refundable(), euros(AMOUNT - 500));
        assert!(payment.due.unwrap() <= at(2 * SECOND).at.plus(Limits::STANDARD.first_delay));
    }
}

#[test]
fn what_is_absent_under_a_dead_key_is_a_persons_to_decide() {
    let mut payment = refunding(500);
    weigh(&mut payment, &RefundEvidence::Absent { id: refund_id("r1") }, &at(DAY));
    assert_eq!(payment.attention.unwrap().reason, ReviewReason::OutcomeUnknown);
    assert_eq!(progress(&payment, "r1"), RefundProgress::Unanswered);
}

#[test]
fn a_refund_that_a_list_did_not_have_leaves_the_look_owed_that_was_asked_for_since() {
    let mut payment = refunding(500);
    let absent = RefundEvidence::Absent { id: refund_id("r1") };
    weigh(&mut payment, &RefundEvidence::Hinted, &at(DAY));
    weigh(&mut payment, &absent, &at(DAY));
    assert!(payment.look_owed, "the list is older than the hint");
    assert_eq!(payment.attention.unwrap().reason, ReviewReason::OutcomeUnknown);
    assert_eq!(weigh(&mut payment, &absent, &at(DAY)), Judgement::Nothing, "a person is called once");
}

#[test]
fn a_key_that_the_gateway_knows_otherwise_is_a_fault_of_ours_and_no_failure() {
    for hand in [Hand::First, Hand::Replayed] {
        let mut payment = refunding(500);
        answer(&mut payment, "r1", hand, RefundOutcome::Unknown(UnknownReason::KeyMismatch));
        assert_eq!(payment.attention.unwrap().reason, ReviewReason::KeyMismatch);
        assert_eq!(progress(&payment, "r1"), RefundProgress::Unanswered);
    }
}

#[test]
fn a_refund_that_failed_after_all_is_given_back_to_the_balance_once_and_for_good() {
    let mut payment = refunding(500);
    for status in [RefundStatus::Pending, RefundStatus::Succeeded] {
        see(&mut payment, shown("r1", 500, status));
        assert_eq!(payment.refundable(), euros(AMOUNT - 500));
    }
    see(&mut payment, shown("r1", 500, failed("expired_or_canceled_card")));
    assert_eq!((payment.refundable(), payment.refunded()), (euros(AMOUNT), euros(0)));
    for old in [RefundStatus::Pending, RefundStatus::Succeeded, RefundStatus::Canceled, failed("again")] {
        assert_eq!(see(&mut payment, shown("r1", 500, old)), Judgement::Nothing, "what has failed absorbs");
    }
}

#[test]
fn an_old_snapshot_does_not_undo_a_newer_one() {
    let mut payment = refunding(500);
    see(&mut payment, shown("r1", 500, RefundStatus::Succeeded));
    assert_eq!(see(&mut payment, shown("r1", 500, RefundStatus::Pending)), Judgement::Nothing);
    see(&mut payment, shown("r1", 500, RefundStatus::Canceled));
    assert_eq!(see(&mut payment, shown("r1", 500, RefundStatus::Succeeded)), Judgement::Nothing);
}

#[test]
fn refunds_of_one_amount_are_told_apart_by_our_id() {
    let mut payment = refunding(500);
    ask(&mut payment, "r2", 500).unwrap();
    see(&mut payment, shown("r2", 500, RefundStatus::Succeeded));
    assert_eq!(progress(&payment, "r1"), RefundProgress::Unanswered);
    assert_eq!(progress(&payment, "r2"), RefundProgress::Succeeded);
}

/// What bears the id of `r1` too, by another name: a key that the gateway had forgotten, or a hand that copied our metadata.
fn a_copy_of_r1(status: RefundStatus) -> RefundSnapshot {
    RefundSnapshot { reference: GatewayToken::parse("re_copy").unwrap(), ..shown("r1", 500, status) }
}

#[test]
fn a_copy_that_succeeds_after_the_first_has_failed_is_counted_as_the_gateways_own() {
    let mut payment = refunding(500);
    see(&mut payment, shown("r1", 500, failed("expired_or_canceled_card")));
    for _ in 0..2 {
        see(&mut payment, a_copy_of_r1(RefundStatus::Succeeded));
        assert_eq!(payment.refundable(), euros(AMOUNT - 500), "its money is gone");
        assert!(
            matches!(progress(&payment, "r1"), RefundProgress::Failed { .. }),
            "and the client's refund has failed"
        );
        assert_eq!(payment.refunds.last().map(|refund| refund.source.clone()), Some(RefundSource::Gateway));
        assert_eq!(payment.refunds.len(), 2, "recorded once");
    }
}

#[test]
fn a_copy_that_fails_takes_nothing_from_the_first_that_has_succeeded() {
    let mut payment = refunding(500);
    see(&mut payment, shown("r1", 500, RefundStatus::Succeeded));
    see(&mut payment, a_copy_of_r1(failed("lost_or_stolen_card")));
    assert_eq!(progress(&payment, "r1"), RefundProgress::Succeeded);
    assert_eq!((payment.refunded(), payment.refundable()), (euros(500), euros(AMOUNT - 500)));
}

#[test]
fn of_two_that_are_seen_at_once_under_one_id_both_count() {
    let mut payment = refunding(500);
    let both = vec![a_copy_of_r1(RefundStatus::Succeeded), shown("r1", 500, RefundStatus::Succeeded)];
    weigh(&mut payment, &RefundEvidence::Listed(both), &at(2 * SECOND));
    assert_eq!((payment.refunded(), payment.refundable()), (euros(1_000), euros(AMOUNT - 1_000)));
}

#[test]
fn a_refund_of_the_dashboard_counts_and_is_recorded_once() {
    let mut payment = paid();
    let made = |status| RefundSnapshot { id: None, ..shown("dashboard", 700, status) };
    for status in [RefundStatus::Pending, RefundStatus::Pending, RefundStatus::Succeeded] {
        see(&mut payment, made(status));
        assert_eq!((payment.refunds.len(), payment.refundable()), (1, euros(AMOUNT - 700)));
    }
    let [refund] = payment.refunds.as_slice() else { panic!("{:?}", payment.refunds) };
    assert_eq!(refund.source, RefundSource::Gateway);
    assert_eq!(refund.reference, Some(GatewayToken::parse("re_dashboard").unwrap()));
}

#[test]
fn dashboards_may_refund_more_than_we_would_and_nothing_is_left_then() {
    let mut payment = refunding(AMOUNT);
    see(&mut payment, RefundSnapshot { id: None, ..shown("dashboard", 700, RefundStatus::Succeeded) });
    assert_eq!(payment.refundable(), euros(0));
}

#[test]
fn another_objects_refund_and_other_money_move_nothing() {
    let mut payment = refunding(500);
    let foreign = RefundSnapshot {
        object: GatewayToken::parse("pi_other").unwrap(),
        ..shown("r1", 500, RefundStatus::Succeeded)
    };
    assert_eq!(see(&mut payment, foreign), Judgement::Foreign { holds_money: false, review: None });
    for odd in [
        shown("r1", 501, RefundStatus::Succeeded),
        shown("r1", 0, RefundStatus::Succeeded),
        RefundSnapshot { currency: Currency::from_code("USD").ok(), ..shown("r1", 500, RefundStatus::Succeeded) },
        RefundSnapshot { currency: None, ..shown("r1", 500, RefundStatus::Succeeded) },
    ] {
        let mut payment = refunding(500);
        see(&mut payment, odd);
        assert_eq!(payment.attention.unwrap().reason, ReviewReason::ObjectMismatch);
        assert_eq!(progress(&payment, "r1"), RefundProgress::Unanswered);
    }
}

#[test]
fn a_word_that_we_do_not_know_moves_nothing_and_is_told_once() {
    let mut payment = refunding(500);
    let odd = || shown("r1", 500, RefundStatus::Unrecognized("reversed".to_owned()));
    see(&mut payment, odd());
    assert_eq!(payment.attention.unwrap().reason, ReviewReason::UnrecognizedStatus);
    assert_eq!(see(&mut payment, odd()), Judgement::Nothing);
}

#[test]
fn a_look_writes_all_that_is_new_at_once() {
    let mut payment = refunding(500);
    let listed = vec![
        shown("r1", 500, RefundStatus::Succeeded),
        RefundSnapshot { id: None, ..shown("dashboard", 700, RefundStatus::Pending) },
    ];
    let before = payment.version;
    weigh(&mut payment, &RefundEvidence::Listed(listed.clone()), &at(2 * SECOND));
    assert_eq!((payment.version, payment.refunds.len()), (before + 1, 2));
    let Judgement::Change(event) = judge_refund(&payment, &RefundEvidence::Listed(listed), &at(3 * SECOND)) else {
        panic!("a look is written down")
    };
    assert_eq!(event.fact, Fact::Looked);
}

#[test]
fn a_refund_whose_key_is_old_is_not_sent_again() {
    let payment = refunding(500);
    let refund = payment.refund(&refund_id("r1")).unwrap();
    assert!(refund.key_is_young(START.plus(Limits::KEY_YOUNG)));
    assert!(!refund.key_is_young(START.plus(SECOND).plus(Limits::KEY_YOUNG)));
}

#[test]
fn reasons_and_progress_have_the_gateways_words() {
    assert_eq!(RefundReason::ALL.map(RefundReason::name), ["duplicate", "fraudulent", "requested_by_customer"]);
    let pending = [RefundProgress::Unanswered, RefundProgress::Answered { refusal: None }, RefundProgress::Pending];
    assert!(pending.iter().all(|progress| progress.name() == "pending"));
    let ended = [RefundProgress::Succeeded, RefundProgress::Failed { code: String::new() }, RefundProgress::Canceled];
    assert_eq!(ended.map(|progress| progress.name()), ["succeeded", "failed", "canceled"]);
}

fn any_status() -> impl Strategy<Value = RefundStatus> {
    prop_oneof![
        Just(RefundStatus::Pending),
        Just(RefundStatus::Succeeded),
        Just(failed("x")),
        Just(RefundStatus::Canceled),
        Just(RefundStatus::Unrecognized("x".to_owned())),
    ]
}

#[derive(Debug, Clone)]
enum Step {
    Ask(i64),
    Refused(Hand),
    Unknown(Hand, UnknownReason),
    Shown(RefundStatus),
    Absent,
}

fn any_step() -> impl Strategy<Value = (u8, Step)> {
    let hand = || prop_oneof![Just(Hand::First), Just(Hand::Replayed)];
    let reason = prop_oneof![Just(UnknownReason::Timeout), Just(UnknownReason::ServerError)];
    let step = prop_oneof![
        (1..AMOUNT).prop_map(Step::Ask),
        hand().prop_map(Step::Refused),
        (hand(), reason).prop_map(|(hand, reason)| Step::Unknown(hand, reason)),
        any_status().prop_map(Step::Shown),
        Just(Step::Absent),
    ];
    (0_u8..5, step)
}

proptest! {
    #[test]
    fn whatever_happens_no_more_is_promised_than_was_captured(steps in prop::collection::vec(any_step(), 0..40)) {
        let mut payment = paid();
        for (which, step) in steps {
            let name = format!("r{which}");
            let before = payment.clone();
            let known = payment.refund(&refund_id(&name)).map(|refund| refund.amount.minor_units());
            match (step, known) {
                (Step::Ask(amount), _) => {
                    drop(ask(&mut payment, &name, amount));
                    let reserved: i64 =
                        payment.refunds.iter().filter(|refund| refund.reserves()).map(|it| it.amount.minor_units()).sum();
                    prop_assert!(before == payment || reserved <= AMOUNT, "{reserved}");
                }
                (Step::Refused(hand), Some(_)) => { answer(&mut payment, &name, hand, refused("no")); }
                (Step::Unknown(hand, reason), Some(_)) => {
                    answer(&mut payment, &name, hand, RefundOutcome::Unknown(reason));
                }
                (Step::Shown(status), Some(amount)) => { see(&mut payment, shown(&name, amount, status)); }
                (Step::Absent, Some(_)) => {
                    weigh(&mut payment, &RefundEvidence::Absent { id: refund_id(&name) }, &at(2 * SECOND));
                }
                (Step::Refused(_) | Step::Unknown(..) | Step::Shown(_) | Step::Absent, None) => {}
            }
            prop_assert_eq!(&payment.state, &before.state, "a refund does not move the payment");
            prop_assert!(payment.refunds.len() <= 5, "each id names one refund");
            prop_assert_eq!(payment.due.is_some(), payment.refunds.iter().any(|refund| {
                refund.is_in_doubt() || refund.progress == RefundProgress::Pending
            }));
            for refund in &before.refunds {
                let now = payment.refund(&refund.id).unwrap();
                prop_assert_eq!(now.amount, refund.amount);
                let absorbed = refund.reference.is_some() && !refund.reserves();
                prop_assert!(!absorbed || now == refund, "what the gateway called failed stays so");
            }
        }
    }
}
