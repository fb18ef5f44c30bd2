//! Refunds that are made by themselves: once, of what there is to give back, and only where the merchant says so.

use super::{
    refunds::{request, shown},
    *,
};
use crate::{
    dispute::{DisputeId, Stage, Standing, Status},
    gateway::{RefundOutcome, RefundSnapshot, RefundStatus},
    policy::Reaction,
    text::Text,
    warning::WarningId,
};

const MINUTE: Duration = Duration::from_secs(60);

/// Under the setting that refunds what came too late.
fn late(after_start: Duration) -> Now {
    Now { policy: Policy { late_success: Reaction::Refund, ..Policy::STANDARD }, ..at(after_start) }
}

/// Under the setting that refunds what a bank warns of.
fn wary(after_start: Duration) -> Now {
    Now { policy: Policy { fraud_warning: Reaction::Refund, ..Policy::STANDARD }, ..at(after_start) }
}

fn canceled() -> Payment {
    let mut payment = payment();
    show(&mut payment, Source::Fetch, object(ObjectStatus::Canceled), &at(MINUTE));
    payment
}

fn paid() -> Payment {
    after(first(1), captured())
}

fn come_late(payment: &mut Payment, minor_units: i64, now: &Now) -> Judgement {
    let status = ObjectStatus::Captured { received_minor_units: minor_units };
    show(payment, Source::Event { cause: None }, object(status), now)
}

fn warning(name: &str, is_actionable: bool, version: u64) -> PaymentWarning {
    PaymentWarning {
        id: WarningId::of(&GatewayToken::parse(name).unwrap()).unwrap(),
        kind: Text::parse("made_with_stolen_card").unwrap(),
        is_actionable,
        warned_at: START,
        version,
    }
}

fn warn(payment: &mut Payment, warning: &PaymentWarning, now: &Now) -> Judgement {
    let judgement = judge_warning(payment, &payment.object.clone(), warning, now);
    if let Judgement::Change(event) = &judgement {
        apply(payment, event);
    }
    judgement
}

fn dispute(payment: &mut Payment, minor_units: i64, status: Status) {
    let id = DisputeId::of(Gateway::Stripe, GatewayToken::parse("du_1").unwrap()).unwrap();
    let standing = Standing { stage: Stage::Chargeback, status };
    let version = payment.version + 1;
    let told = PaymentDispute { id, amount: euros(minor_units), standing, version };
    let its_own = Disputed { object: Some(payment.object.clone()), charge: None };
    if let Judgement::Change(event) = judge_dispute(payment, &its_own, &told, &at(MINUTE)) {
        apply(payment, &event);
    }
}

fn weigh(payment: &mut Payment, evidence: &RefundEvidence) {
    if let Judgement::Change(event) = judge_refund(payment, evidence, &at(2 * MINUTE)) {
        apply(payment, &event);
    }
}

fn of_the_dashboard(minor_units: i64) -> RefundSnapshot {
    RefundSnapshot { id: None, ..shown("dashboard", minor_units, RefundStatus::Succeeded) }
}

fn amounts(payment: &Payment) -> Vec<i64> {
    payment.refunds.iter().map(|refund| refund.amount.minor_units()).collect()
}

#[test]
fn money_that_came_too_late_stays_unless_the_merchant_says_otherwise() {
    let mut payment = canceled();
    come_late(&mut payment, AMOUNT, &wary(MINUTE));
    assert_eq!((amounts(&payment), payment.refundable()), (vec![], euros(AMOUNT)));
}

#[test]
fn money_that_came_too_late_is_reserved_in_the_same_write_and_sent_at_once() {
    let mut payment = canceled();
    let version = payment.version;
    let judgement = come_late(&mut payment, AMOUNT, &late(MINUTE));
    let Judgement::Change(event) = judgement else { panic!("{judgement:?}") };
    assert_eq!((event.fact.name(), payment.version), ("captured_late", version + 1), "one write");
    let [refund] = payment.refunds.as_slice() else { panic!("{:?}", payment.refunds) };
    assert_eq!(refund.source, RefundSource::Automatic(Cause::LateSuccess));
    assert_eq!((refund.amount, refund.reason), (euros(AMOUNT), None));
    assert_eq!(refund.progress, RefundProgress::Unanswered);
    assert_eq!(refund.id, RefundId::automatic(&payment.id, "late_success"), "whoever sees it first");
    assert_eq!((payment.refundable(), payment.due), (euros(0), Some(late(MINUTE).at)));
    assert!(payment.is_in_doubt() && payment.look_owed, "and the refunds that nobody listened to are looked for");
    assert_eq!(
        payment.attention.map(|review| review.reason),
        Some(ReviewReason::LateSuccess),
        "a person sees it all the same"
    );
}

#[test]
fn it_is_refunded_once_however_often_it_is_seen_and_whatever_became_of_that() {
    for outcome in [
        RefundOutcome::Refused { code: "charge_disputed".to_owned() },
        RefundOutcome::Refund(shown("x", AMOUNT, RefundStatus::Canceled)),
    ] {
        let mut payment = canceled();
        come_late(&mut payment, AMOUNT, &late(MINUTE));
        let id = payment.refunds[0].id.clone();
        let outcome = match outcome {
            RefundOutcome::Refund(snapshot) => {
                RefundOutcome::Refund(RefundSnapshot { id: Some(id.clone()), ..snapshot })
            }
            other @ (RefundOutcome::Refused { .. } | RefundOutcome::Unknown(_)) => other,
        };
        weigh(&mut payment, &RefundEvidence::Answered { id, hand: Hand::First, outcome });
        for source in [Source::Fetch, Source::Event { cause: None }, first(1), replayed(1)] {
            show(&mut payment, source, captured(), &late(3 * MINUTE));
        }
        assert_eq!(amounts(&payment), [AMOUNT]);
        assert_eq!(payment.refundable(), euros(AMOUNT), "it is the merchant's again");
        let told = payment.attention.map(|review| review.reason);
        assert_eq!(told, Some(ReviewReason::AutomaticRefundFailed), "nobody waits for it, so a person is told");
    }
}

#[test]
fn only_what_there_is_to_give_back_goes_back() {
    let mut partly = canceled();
    come_late(&mut partly, 700, &late(MINUTE));
    assert_eq!(amounts(&partly), [700], "what was captured, not what was asked for");

    let mut refunded = canceled();
    weigh(&mut refunded, &RefundEvidence::Seen(vec![of_the_dashboard(500)]));
    come_late(&mut refunded, AMOUNT, &late(MINUTE));
    assert_eq!(amounts(&refunded), [500, AMOUNT - 500], "less what the dashboard gave back");

    let mut all_refunded = canceled();
    weigh(&mut all_refunded, &RefundEvidence::Seen(vec![of_the_dashboard(AMOUNT)]));
    come_late(&mut all_refunded, AMOUNT, &late(MINUTE));
    assert_eq!(amounts(&all_refunded), [AMOUNT], "nothing is left");

    let mut disputed = canceled();
    dispute(&mut disputed, AMOUNT, Status::NeedsResponse);
    come_late(&mut disputed, AMOUNT, &late(MINUTE));
    assert!(amounts(&disputed).is_empty(), "a dispute holds it");
    dispute(&mut disputed, AMOUNT, Status::Won);
    assert!(amounts(&disputed).is_empty(), "and once it is won the merchant decides");
}

/// Nobody had heard of the dashboard's refund when ours was reserved. The gateway refuses the second one; no cent is missing.
#[test]
fn a_refund_that_comes_to_nothing_because_the_money_went_back_otherwise_needs_no_person() {
    let mut payment = canceled();
    come_late(&mut payment, AMOUNT, &late(MINUTE));
    let id = payment.refunds[0].id.clone();
    weigh(&mut payment, &RefundEvidence::Listed(vec![of_the_dashboard(AMOUNT)]));
    let refused = RefundOutcome::Refused { code: "charge_already_refunded".to_owned() };
    weigh(&mut payment, &RefundEvidence::Answered { id: id.clone(), hand: Hand::First, outcome: refused });
    let progress = &payment.refund(&id).unwrap().progress;
    assert!(matches!(progress, RefundProgress::Failed { .. }));
    assert_eq!(payment.attention.map(|review| review.reason), Some(ReviewReason::LateSuccess));
}

#[test]
fn a_warning_stands_on_the_row_and_moves_no_money_by_itself() {
    let mut payment = paid();
    let due = payment.due;
    warn(&mut payment, &warning("issfr_1", true, 2), &late(MINUTE));
    assert_eq!((payment.warnings.len(), amounts(&payment), payment.due), (1, vec![], due));
    let state = payment.clone();
    assert_eq!(
        warn(&mut payment, &warning("issfr_1", false, 1), &wary(MINUTE)),
        Judgement::Nothing,
        "an older version"
    );
    assert_eq!(warn(&mut payment, &warning("issfr_1", true, 7), &wary(MINUTE)), Judgement::Nothing, "nothing is new");
    assert_eq!(payment, state);
    warn(&mut payment, &warning("issfr_1", false, 9), &wary(MINUTE));
    assert!(!payment.warnings[0].is_actionable);
}

#[test]
fn what_a_bank_warns_of_is_refunded_once_for_each_warning_where_the_merchant_says_so() {
    let mut payment = paid();
    command(&mut payment, &Command::Refund(request("r1", 400)), &at(MINUTE)).unwrap();
    warn(&mut payment, &warning("issfr_1", true, 2), &wary(MINUTE));
    assert_eq!(amounts(&payment), [400, AMOUNT - 400], "what is left");
    let refund = payment.refunds.last().unwrap().clone();
    let named = WarningId::parse("wrn_stripe_issfr_1").unwrap();
    assert_eq!(refund.source, RefundSource::Automatic(Cause::FraudWarning(named)));
    assert_eq!((refund.reason, payment.due), (Some(RefundReason::Fraudulent), Some(wary(MINUTE).at)));

    let refused = RefundOutcome::Refused { code: "insufficient_funds".to_owned() };
    weigh(&mut payment, &RefundEvidence::Answered { id: refund.id, hand: Hand::First, outcome: refused });
    assert_eq!(payment.attention.map(|review| review.reason), Some(ReviewReason::AutomaticRefundFailed));
    warn(&mut payment, &warning("issfr_1", false, 5), &wary(2 * MINUTE));
    warn(&mut payment, &warning("issfr_1", true, 8), &wary(2 * MINUTE));
    assert_eq!(payment.refunds.len(), 2, "once for each warning");
    warn(&mut payment, &warning("issfr_2", true, 2), &wary(3 * MINUTE));
    assert_eq!(amounts(&payment), [400, AMOUNT - 400, AMOUNT - 400], "another warning is another cause");
}

#[test]
fn what_is_not_actionable_or_held_by_a_dispute_or_not_ours_is_not_refunded() {
    let mut too_late = paid();
    warn(&mut too_late, &warning("issfr_1", false, 2), &wary(MINUTE));
    assert_eq!((too_late.warnings.len(), too_late.refunds.len()), (1, 0));

    let mut disputed = paid();
    dispute(&mut disputed, AMOUNT, Status::NeedsResponse);
    warn(&mut disputed, &warning("issfr_1", true, 2), &wary(MINUTE));
    assert_eq!((disputed.warnings.len(), disputed.refunds.len()), (1, 0));

    let mut other = paid();
    let before = other.clone();
    let elsewhere = GatewayToken::parse("pi_other").unwrap();
    let judgement = judge_warning(&other, &elsewhere, &warning("issfr_1", true, 2), &wary(MINUTE));
    assert!(matches!(judgement, Judgement::Foreign { .. }), "another object bears our id");
    assert_eq!(other, before);

    other.attention = Some(Review { since: START, reason: ReviewReason::ObjectMismatch });
    warn(&mut other, &warning("issfr_1", true, 2), &wary(MINUTE));
    assert_eq!(other.refunds.len(), 0, "nobody knows how much there is");
}

/// The webhook of the capture may be lost, and the warning come first.
#[test]
fn a_warning_that_is_heard_before_the_capture_is_refunded_with_it() {
    let mut payment = confirming();
    warn(&mut payment, &warning("issfr_1", true, 2), &wary(MINUTE));
    assert_eq!((payment.warnings.len(), payment.refunds.len()), (1, 0), "there is nothing to give back yet");
    show(&mut payment, first(1), captured(), &wary(MINUTE));
    assert_eq!((amounts(&payment), payment.due), (vec![AMOUNT], Some(wary(MINUTE).at)));
}

#[test]
fn what_is_late_and_warned_of_is_refunded_once() {
    let mut payment = canceled();
    warn(&mut payment, &warning("issfr_1", true, 2), &wary(MINUTE));
    let both = Policy { late_success: Reaction::Refund, fraud_warning: Reaction::Refund };
    come_late(&mut payment, AMOUNT, &Now { policy: both, ..at(MINUTE) });
    warn(&mut payment, &warning("issfr_2", true, 2), &Now { policy: both, ..at(MINUTE) });
    assert_eq!(amounts(&payment), [AMOUNT]);
    assert_eq!(payment.refunds[0].source, RefundSource::Automatic(Cause::LateSuccess));
}

#[test]
fn a_row_bears_so_many_warnings_and_the_newest_tell() {
    let mut payment = paid();
    for number in 0..=WARNINGS_MAX {
        warn(&mut payment, &warning(&format!("issfr_{number}"), true, 2), &at(MINUTE));
    }
    let first = payment.warnings.first().map(|warning| warning.id.as_str().to_owned());
    assert_eq!((payment.warnings.len(), first.as_deref()), (WARNINGS_MAX, Some("wrn_stripe_issfr_1")));
}
