//! What a charge came to: told with the success, or looked for a few times after it.

use super::*;
use crate::gateway::{RefundStatus, UnknownReason};

const MINUTE: Duration = Duration::from_secs(60);
const BY_WEBHOOK: Source = Source::Event { cause: None };

/// A payment whose success was heard by webhook alone, which does not tell what the charge came to.
fn heard_by_webhook() -> Payment {
    after(BY_WEBHOOK, captured_as(charge("ch_1", None)))
}

fn due_in_minutes(payment: &Payment, now: &Now) -> Option<u64> {
    payment.due.map(|due| due.since(now.at).as_secs() / 60)
}

/// The row is claimed when it is due, and `outcome` is what the look sees. When that was.
fn looked(payment: &mut Payment, outcome: Outcome) -> Now {
    let now = Now { at: payment.due.unwrap(), ..at(Duration::ZERO) };
    command(payment, &Command::Claim, &now).unwrap();
    show(payment, Source::Fetch, outcome, &now);
    now
}

#[test]
fn a_success_that_tells_all_is_at_its_end() {
    let payment = after(first(1), captured());
    assert_eq!((payment.due, payment.settlement_is_owed()), (None, false));
    assert_eq!(payment.charge.unwrap().settlement, Some(settlement()));
}

#[test]
fn a_success_that_was_heard_by_webhook_alone_is_looked_at_once_for_what_it_came_to() {
    let mut payment = heard_by_webhook();
    assert_eq!(due_in_minutes(&payment, &at(Duration::from_secs(1))), Some(5));
    let version = payment.version;
    looked(&mut payment, captured());
    assert_eq!((payment.due, payment.version - version), (None, 2), "a claim and a fact");
    assert_eq!(payment.charge.unwrap().settlement, Some(settlement()));
}

#[test]
fn a_success_without_a_word_of_its_charge_is_looked_at_too() {
    let status = ObjectStatus::Captured { received_minor_units: AMOUNT };
    let mut payment = after(BY_WEBHOOK, object(status));
    assert!(payment.due.is_some());
    looked(&mut payment, captured_as(charge("ch_1", None)));
    assert_eq!(payment.charge, Some(charge("ch_1", None)), "what is told of it is kept");
    assert_eq!(payment.settlement_looks, 1);
    looked(&mut payment, captured());
    assert_eq!((payment.due, payment.charge), (None, Some(charge("ch_1", Some(settlement())))));
}

#[test]
fn looks_in_vain_become_rarer_and_then_nobody_looks_and_nobody_is_called() {
    let timeout = || Outcome::Unknown(UnknownReason::Timeout);
    let mut elsewhere = snapshot(ObjectStatus::Captured { received_minor_units: AMOUNT });
    elsewhere.reference = GatewayToken::parse("pi_2").unwrap();
    for outcome in [
        captured_as(charge("ch_1", None)),
        captured_as(charge("ch_2", Some(settlement()))),
        timeout(),
        object(ObjectStatus::AwaitsMethod),
        object(ObjectStatus::Canceled),
        Outcome::Refused { code: "resource_missing".into(), object: None },
        Outcome::Object(elsewhere),
    ] {
        let mut payment = heard_by_webhook();
        let mut waits = Vec::new();
        while payment.due.is_some() {
            let now = looked(&mut payment, outcome.clone());
            waits.push(due_in_minutes(&payment, &now));
        }
        assert_eq!(waits, [Some(15), Some(60), Some(240), None], "{outcome:?}");
        assert_eq!((payment.attention, payment.state.name()), (None, "succeeded"), "{outcome:?}");
        assert_eq!(payment.rounds, 0, "the rounds of a refund are not counted by it");
    }
}

#[test]
fn other_money_on_the_object_is_for_a_person_and_looked_at_no_more_often() {
    let mut other = snapshot(ObjectStatus::Captured { received_minor_units: AMOUNT });
    other.amount_minor_units = 1;
    let mut payment = heard_by_webhook();
    let mut looks = 0;
    while payment.due.is_some() {
        looked(&mut payment, Outcome::Object(other.clone()));
        looks += 1;
    }
    assert_eq!(looks, Limits::SETTLEMENT_LOOKS_MAX + 1, "the first of them calls the person");
    assert_eq!(payment.attention.map(|review| review.reason), Some(ReviewReason::ObjectMismatch));
}

#[test]
fn what_is_told_late_is_kept_whoever_hears_it() {
    for source in [first(1), replayed(1), BY_WEBHOOK, Source::Fetch] {
        let mut payment = heard_by_webhook();
        show(&mut payment, source, captured(), &at(MINUTE));
        assert_eq!((payment.due, payment.charge), (None, Some(charge("ch_1", Some(settlement())))), "{source:?}");
    }
    let mut given_up = heard_by_webhook();
    given_up.settlement_looks = Limits::SETTLEMENT_LOOKS_MAX;
    show(&mut given_up, BY_WEBHOOK, captured(), &at(DAY));
    assert!(given_up.charge.unwrap().settlement.is_some());
}

#[test]
fn a_webhook_that_tells_nothing_new_of_it_is_no_look() {
    let mut payment = heard_by_webhook();
    let told = show(&mut payment, BY_WEBHOOK, captured_as(charge("ch_1", None)), &at(MINUTE));
    assert_eq!((told, payment.settlement_looks), (Judgement::Nothing, 0));
}

#[test]
fn a_refund_does_not_wait_for_the_settlement_nor_the_settlement_for_a_refund() {
    let mut payment = heard_by_webhook();
    command(&mut payment, &Command::Refund(refunds::request("r1", 500)), &at(MINUTE)).unwrap();
    let soon = Limits::STANDARD.gateway_timeout * 2;
    assert_eq!(payment.due, Some(at(MINUTE + soon).at), "the refund's answer is awaited first");
    let pending = refunds::shown("r1", 500, RefundStatus::Pending);
    refunds::weigh(&mut payment, &RefundEvidence::Listed(vec![pending]), &at(2 * MINUTE));
    assert_eq!(due_in_minutes(&payment, &at(2 * MINUTE)), Some(5), "both are looked at");
    payment.settlement_looks = Limits::SETTLEMENT_LOOKS_MAX;
    assert!(payment.awaits_refunds() && !payment.settlement_is_owed());
    command(&mut payment, &Command::Claim, &at(10 * MINUTE)).unwrap();
    assert!(payment.due.is_some(), "a refund at the bank is looked at for as long as it is there");
}
