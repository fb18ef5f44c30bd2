//! What is told of a payment's changes: what kind each is, and what money it moved.

use std::collections::BTreeMap;

use super::*;
use crate::{
    dispute::{DisputeId, Stage, Standing, Status as DisputeStatus},
    journal::{Movement, MovementKind, Position},
    timeline::EventType,
};

fn told(before: &Payment, after: &Payment) -> &'static str {
    EventType::of_payment(Some(before), after).name()
}

fn paid() -> Payment {
    after(first(1), captured_as(charge("ch_1", None)))
}

fn refund(name: &str, minor_units: i64, progress: RefundProgress) -> Refund {
    Refund {
        id: RefundId::of_gateway(&payment().id, name),
        source: RefundSource::Gateway,
        amount: euros(minor_units),
        reason: None,
        reference: None,
        started_at: START,
        progress,
    }
}

fn dispute(minor_units: i64, stage: Stage, status: DisputeStatus, version: u64) -> PaymentDispute {
    let id = DisputeId::of(Gateway::Stripe, GatewayToken::parse("du_1").unwrap()).unwrap();
    PaymentDispute { id, amount: euros(minor_units), standing: Standing { stage, status }, version }
}

#[test]
fn each_change_that_a_merchant_can_see_has_a_type() {
    assert_eq!(EventType::of_payment(None, &payment()), EventType::PaymentCreated);
    let confirming = confirming();
    assert_eq!(told(&payment(), &confirming), "payment.processing");
    let of = |outcome| told(&confirming, &after(first(1), outcome));
    assert_eq!(of(captured()), "payment.succeeded");
    assert_eq!(of(authorized()), "payment.requires_capture");
    assert_eq!(of(object(ObjectStatus::AwaitsPayer(redirect()))), "payment.requires_action");
    assert_eq!(of(declined("generic_decline")), "payment.declined", "though it waits for a method again");
    assert_eq!(told(&paid(), &after(first(1), captured())), "payment.settled");
    let asked = Payment { attention: Some(Review { since: START, reason: ReviewReason::KeyMismatch }), ..paid() };
    assert_eq!(told(&paid(), &asked), "payment.attention_required");
    assert_eq!(told(&asked, &paid()), "payment.updated", "that nobody need look any more is news too");
    let disputed = Payment { disputes: vec![dispute(500, Stage::Chargeback, DisputeStatus::Lost, 1)], ..paid() };
    assert_eq!(told(&paid(), &disputed), "payment.disputed");
}

#[test]
fn a_refund_is_told_of_when_the_payment_shows_it_otherwise() {
    let with = |progress| Payment { refunds: vec![refund("1", 500, progress)], ..paid() };
    let pending = with(RefundProgress::Unanswered);
    assert_eq!(told(&paid(), &pending), "refund.created");
    assert_eq!(told(&pending, &with(RefundProgress::Succeeded)), "refund.succeeded");
    assert_eq!(told(&with(RefundProgress::Succeeded), &with(RefundProgress::Canceled)), "refund.canceled");
    let failed = with(RefundProgress::Failed { code: "lost_or_stolen_card".to_owned() });
    assert_eq!(told(&with(RefundProgress::Succeeded), &failed), "refund.failed");
    assert_eq!(told(&paid(), &with(RefundProgress::Succeeded)), "refund.succeeded", "made at the dashboard");
}

#[test]
fn that_somebody_looked_is_nobodys_news() {
    let mut looked = confirming();
    command(&mut looked, &Command::Claim, &at(DAY)).unwrap();
    assert_ne!(looked, confirming());
    let checked = EventType::of_payment(Some(&confirming()), &looked);
    assert_eq!((checked.name(), checked.is_announced()), ("payment.checked", false));
}

#[test]
fn the_words_for_types_are_never_two_for_one_and_never_one_for_two() {
    let names: std::collections::BTreeSet<&str> = EventType::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), EventType::ALL.len());
    assert!(EventType::ALL.iter().all(|kind| EventType::named(kind.name()) == Some(*kind)));
    assert_eq!(EventType::named("payment.paid"), None);
}

fn moved(before: &Payment, after: &Payment) -> Vec<(&'static str, i64)> {
    let movements = Position::of(after).since(&Position::of(before));
    movements.iter().map(|Movement { kind, amount }| (kind.name(), amount.minor_units())).collect()
}

#[test]
fn each_movement_of_money_stands_in_the_journal() {
    assert_eq!(moved(&confirming(), &paid()), [("capture", AMOUNT)]);
    assert_eq!(moved(&confirming(), &after(first(1), captured())), [("capture", AMOUNT), ("fee", 99)]);
    assert_eq!(moved(&confirming(), &after(first(1), authorized())), [], "what is held has not moved");
    let with = |progress| Payment { refunds: vec![refund("1", 500, progress)], ..paid() };
    let (pending, sent) = (with(RefundProgress::Pending), with(RefundProgress::Succeeded));
    assert_eq!(moved(&paid(), &pending), []);
    assert_eq!(moved(&pending, &sent), [("refund", 500)]);
    assert_eq!(moved(&sent, &with(RefundProgress::Canceled)), [("refund_failed", 500)]);
    let with = |dispute| Payment { disputes: vec![dispute], ..paid() };
    let inquiry = with(dispute(700, Stage::Inquiry, DisputeStatus::NeedsResponse, 1));
    let taken = with(dispute(700, Stage::Chargeback, DisputeStatus::NeedsResponse, 2));
    assert_eq!(moved(&paid(), &inquiry), []);
    assert_eq!(moved(&inquiry, &taken), [("dispute_withdrawn", 700)]);
    let less = with(dispute(300, Stage::Chargeback, DisputeStatus::UnderReview, 3));
    assert_eq!(moved(&taken, &less), [("dispute_reinstated", 400)]);
    assert_eq!(
        moved(&less, &with(dispute(300, Stage::Chargeback, DisputeStatus::Won, 4))),
        [("dispute_reinstated", 300)]
    );
}

#[test]
fn a_fee_that_is_told_otherwise_is_taken_back_and_told_anew() {
    let settled = after(first(1), captured());
    let mut other = settled.clone();
    other.charge = Some(charge("ch_1", Some(Settlement { fee: euros(101), net: euros(1_898), rate: None })));
    assert_eq!(moved(&settled, &other), [("fee_returned", 99), ("fee", 101)]);
}

/// The sum of a journal, kind by kind.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    captured: i64,
    refunded: BTreeMap<RefundId, i64>,
    disputed: BTreeMap<DisputeId, i64>,
    fee: i64,
}

impl Sum {
    fn add(&mut self, movements: &[Movement]) {
        for Movement { kind, amount } in movements {
            let amount = amount.minor_units();
            match kind {
                MovementKind::Capture => self.captured += amount,
                MovementKind::Refund(id) => *self.refunded.entry(id.clone()).or_default() += amount,
                MovementKind::RefundFailed(id) => *self.refunded.entry(id.clone()).or_default() -= amount,
                MovementKind::DisputeWithdrawn(id) => *self.disputed.entry(id.clone()).or_default() += amount,
                MovementKind::DisputeReinstated(id) => *self.disputed.entry(id.clone()).or_default() -= amount,
                MovementKind::Fee(_) => self.fee += amount,
                MovementKind::FeeReturned(_) => self.fee -= amount,
            }
        }
        self.refunded.retain(|_, amount| *amount != 0);
        self.disputed.retain(|_, amount| *amount != 0);
    }

    fn of(position: &Position) -> Self {
        Self {
            captured: position.captured.map_or(0, Money::minor_units),
            refunded: position.refunded.iter().map(|(id, amount)| (id.clone(), amount.minor_units())).collect(),
            disputed: position.disputed.iter().map(|(id, amount)| (id.clone(), amount.minor_units())).collect(),
            fee: position.settlement.as_ref().map_or(0, |settled| settled.fee.minor_units()),
        }
    }
}

/// A position that some life of a payment could come to.
fn any_position() -> impl proptest::strategy::Strategy<Value = Position> {
    use proptest::prelude::*;
    let refund = (0_u32..4, 1_i64..900)
        .prop_map(|(name, amount)| (RefundId::of_gateway(&payment().id, &name.to_string()), euros(amount)));
    let dispute = (0_u32..3, 1_i64..900).prop_map(|(name, amount)| {
        let id = DisputeId::of(Gateway::Stripe, GatewayToken::parse(&format!("du_{name}")).unwrap()).unwrap();
        (id, euros(amount))
    });
    let fee = prop::option::of((1_i64..90).prop_map(|fee| Settlement { fee: euros(fee), ..settlement() }));
    let parts =
        (prop::collection::btree_map(0_u8..4, refund, 0..4), prop::collection::btree_map(0_u8..3, dispute, 0..3));
    (parts, fee).prop_map(|((refunds, disputes), settlement)| Position {
        captured: Some(euros(AMOUNT)),
        refunded: refunds.into_values().collect(),
        disputed: disputes.into_values().collect(),
        settlement,
    })
}

proptest::proptest! {
    #[test]
    fn a_journal_comes_to_its_position_whatever_lay_between(
        positions in proptest::collection::vec(any_position(), 1..12),
        skipped in proptest::collection::vec(proptest::bool::ANY, 12),
    ) {
        let (mut sum, mut last) = (Sum::default(), Position::default());
        for (position, is_skipped) in positions.iter().zip(skipped) {
            if is_skipped {
                continue;
            }
            let movements = position.since(&last);
            proptest::prop_assert!(movements.iter().all(|movement| movement.amount.minor_units() > 0));
            sum.add(&movements);
            proptest::prop_assert_eq!(&sum, &Sum::of(position));
            proptest::prop_assert!(position.since(position).is_empty(), "what is told twice moves nothing");
            last = position.clone();
        }
    }
}
