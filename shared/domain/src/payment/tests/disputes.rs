//! What a dispute does to the payment whose money it is about.

use super::*;
use crate::{
    dispute::{DisputeId, Stage, Standing, Status},
    gateway::Gateway,
};

fn id(number: usize) -> DisputeId {
    DisputeId::of(Gateway::Stripe, GatewayToken::parse(&format!("du_{number}")).unwrap()).unwrap()
}

fn dispute(number: usize, minor_units: i64, stage: Stage, status: Status, version: u64) -> PaymentDispute {
    PaymentDispute { id: id(number), amount: euros(minor_units), standing: Standing { stage, status }, version }
}

fn told(payment: &mut Payment, dispute: &PaymentDispute) -> Judgement {
    let its_own = Disputed { object: Some(payment.object.clone()), charge: None };
    let judgement = judge_dispute(payment, &its_own, dispute, &at(DAY));
    if let Judgement::Change(event) = &judgement {
        apply(payment, event);
    }
    judgement
}

fn refund(payment: &Payment, minor_units: Option<i64>) -> Result<i64, Rejection> {
    let key = key("refund-disputed");
    let request = RefundRequest {
        id: RefundId::derive("m", &payment.id, &key),
        key,
        request_hash: hash("r"),
        amount: minor_units.map(euros),
        reason: None,
    };
    match decide(payment, &Command::Refund(request), &at(DAY))? {
        Decision::Execute(Event { fact: Fact::RefundStarted(refund), .. }) => Ok(refund.amount.minor_units()),
        other @ (Decision::Execute(_) | Decision::AlreadyApplied | Decision::Nothing) => panic!("{other:?}"),
    }
}

fn captured() -> Payment {
    let mut payment = payment();
    payment.state = PaymentState::Succeeded { captured: payment.terms.amount };
    payment.due = None;
    payment
}

#[test]
fn a_dispute_holds_its_part_of_the_money_and_lets_go_when_it_is_won() {
    let mut payment = captured();
    let all = payment.refundable().minor_units();
    told(&mut payment, &dispute(1, 400, Stage::Chargeback, Status::NeedsResponse, 2));
    assert_eq!(payment.refundable().minor_units(), all - 400);
    assert_eq!(payment.due, None, "the dispute has a due of its own");
    assert_eq!(refund(&payment, Some(all)), Err(Rejection::HeldByDispute));
    assert_eq!(refund(&payment, Some(all + 1)), Err(Rejection::AmountExceedsRefundable), "that was never there");
    assert_eq!(refund(&payment, None), Ok(all - 400), "all that is left is what is left beside it");
    told(&mut payment, &dispute(1, 400, Stage::Chargeback, Status::Won, 3));
    assert_eq!(refund(&payment, Some(all)), Ok(all));
}

#[test]
fn what_a_dispute_has_taken_is_never_refunded_once_more() {
    let mut payment = captured();
    let all = payment.refundable().minor_units();
    told(&mut payment, &dispute(1, all, Stage::Chargeback, Status::Lost, 2));
    assert_eq!(refund(&payment, None), Err(Rejection::HeldByDispute));
    assert_eq!(payment.refundable().minor_units(), 0);
    told(&mut payment, &dispute(2, all, Stage::Chargeback, Status::NeedsResponse, 2));
    assert_eq!(payment.refundable().minor_units(), 0, "never below nothing");
}

#[test]
fn an_inquiry_holds_nothing_and_is_ended_by_giving_the_money_back() {
    let mut payment = captured();
    let all = payment.refundable();
    told(&mut payment, &dispute(1, 400, Stage::Inquiry, Status::NeedsResponse, 2));
    assert_eq!((payment.refundable(), payment.disputes.len()), (all, 1));
}

#[test]
fn what_an_older_version_of_a_dispute_said_is_not_heard() {
    let mut payment = captured();
    told(&mut payment, &dispute(1, 400, Stage::Chargeback, Status::Lost, 9));
    let before = payment.clone();
    let older = dispute(1, 400, Stage::Chargeback, Status::NeedsResponse, 4);
    assert_eq!(told(&mut payment, &older), Judgement::Nothing);
    assert_eq!(payment, before);
}

#[test]
fn what_was_said_between_two_that_say_the_same_is_not_heard_after_them() {
    let mut payment = captured();
    told(&mut payment, &dispute(1, 400, Stage::Chargeback, Status::Lost, 9));
    told(&mut payment, &dispute(1, 400, Stage::Chargeback, Status::Lost, 12));
    let before = payment.clone();
    let between = dispute(1, 400, Stage::Chargeback, Status::Won, 11);
    assert_eq!(told(&mut payment, &between), Judgement::Nothing, "whoever was held up comes too late");
    assert_eq!(payment, before);
}

#[test]
fn a_row_bears_so_many_disputes_and_none_that_holds_money_makes_room() {
    let mut payment = captured();
    told(&mut payment, &dispute(0, 1, Stage::Chargeback, Status::Won, 1));
    for number in 1..=DISPUTES_MAX {
        told(&mut payment, &dispute(number, 1, Stage::Chargeback, Status::Lost, 1));
    }
    assert_eq!((payment.disputes.len(), payment.attention), (DISPUTES_MAX, None));
    assert!(payment.disputes.iter().all(|dispute| dispute.id != id(0)), "the one that was won made room");
    told(&mut payment, &dispute(99, 1, Stage::Chargeback, Status::Lost, 1));
    assert_eq!(payment.disputes.len(), DISPUTES_MAX);
    assert_eq!(payment.attention.map(|review| review.reason), Some(ReviewReason::ObjectMismatch));
    assert_eq!(refund(&payment, Some(1)), Err(Rejection::UnderReview), "what cannot be counted is not given away");
}

#[test]
fn a_dispute_in_another_currency_holds_everything_until_it_is_won() {
    let mut payment = captured();
    let all = payment.refundable().minor_units();
    let mut foreign = dispute(1, 400, Stage::Chargeback, Status::NeedsResponse, 2);
    foreign.amount = Money::payable(400, Currency::from_code("USD").unwrap()).unwrap();
    told(&mut payment, &foreign);
    assert_eq!((payment.refundable().minor_units(), payment.attention), (0, None));
    assert_eq!(refund(&payment, Some(1)), Err(Rejection::HeldByDispute));
    foreign.standing.status = Status::Won;
    foreign.version = 3;
    told(&mut payment, &foreign);
    assert_eq!(refund(&payment, None), Ok(all));
}

/// E7.
#[test]
fn a_dispute_about_another_object_that_bears_the_payments_id_holds_none_of_its_money() {
    let payment = captured();
    let lost = dispute(1, 400, Stage::Chargeback, Status::Lost, 2);
    let other = Disputed { object: Some(GatewayToken::parse("pi_other").unwrap()), charge: None };
    let foreign = Judgement::Foreign { holds_money: false, review: None };
    assert_eq!(judge_dispute(&payment, &other, &lost, &at(DAY)), foreign);
    let elsewhere = DisputeId::of(Gateway::PayPal, GatewayToken::parse("PP-D-1").unwrap()).unwrap();
    let nameless = Disputed { object: None, charge: None };
    let of_paypal = PaymentDispute { id: elsewhere, ..lost };
    assert_eq!(judge_dispute(&payment, &nameless, &of_paypal, &at(DAY)), foreign, "it is not even at that gateway");
    let order = Payment { gateway: Gateway::PayPal, charge: Some(charge("3C6", None)), ..payment };
    for (capture, is_its_own) in [(Some("3C6"), true), (None, true), (Some("4D7"), false)] {
        let disputed = Disputed { object: None, charge: capture.map(|id| GatewayToken::parse(id).unwrap()) };
        let judgement = judge_dispute(&order, &disputed, &of_paypal, &at(DAY));
        assert_eq!(matches!(judgement, Judgement::Change(_)), is_its_own, "{capture:?}");
    }
}
