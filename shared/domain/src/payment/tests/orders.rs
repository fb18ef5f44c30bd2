//! Payments whose payer approves first (PayPal): their object ends by nobody's will, and what keeps their money where it is is
//! the row.

use super::*;
use crate::text::WebUrl;

const SECOND: Duration = Duration::from_secs(1);

pub(super) fn approval() -> NextAction {
    NextAction::Redirect(WebUrl::parse("https://paypal.example/checkoutnow?token=5O1").unwrap())
}

/// A payment that was just opened.
pub(super) fn order() -> Payment {
    let NextAction::Redirect(url) = approval() else { panic!("a payer is sent somewhere") };
    let stripes = payment();
    let opening = Opening {
        id: stripes.id,
        gateway: Gateway::PayPal,
        mode: stripes.mode,
        object: stripes.object,
        client_secret: None,
        payer_url: Some(url),
        request_hash: stripes.request_hash,
        terms: stripes.terms,
    };
    Payment::open(opening, &at(Duration::ZERO))
}

pub(super) fn approved_request(name: &str) -> ConfirmRequest {
    ConfirmRequest { instrument: Instrument::Approved, ..confirm_request(name) }
}

/// The same, approved and confirmed once; nobody knows the answer.
pub(super) fn charging() -> Payment {
    let mut payment = order();
    command(&mut payment, &Command::Confirm(approved_request("c1")), &at(SECOND)).unwrap();
    payment
}

fn seen(payment: &mut Payment, status: ObjectStatus, after_start: Duration) {
    show(payment, Source::Fetch, object(status), &at(after_start));
}

pub(super) fn decline(code: &str) -> Decline {
    Decline::judge(GatewayWords { code, ..GatewayWords::default() })
}

fn cancel(payment: &mut Payment, now: &Now) {
    let request = CancelRequest { key: key("x1"), request_hash: hash("x1"), reason: None };
    command(payment, &Command::Cancel(request), now).unwrap();
}

#[test]
fn an_order_begins_with_its_payer_on_the_way_to_approve_it() {
    assert_eq!(order().state, PaymentState::RequiresAction(approval()));
    assert_eq!(payment().state, PaymentState::RequiresPaymentMethod);
}

#[test]
fn an_order_that_was_approved_waits_to_be_confirmed() {
    let mut payment = order();
    seen(&mut payment, ObjectStatus::AwaitsPayer(NextAction::Confirm), SECOND);
    assert_eq!(payment.state, PaymentState::RequiresAction(NextAction::Confirm));
    let event = Source::Event { cause: None };
    let told = show(&mut order(), event, object(ObjectStatus::AwaitsPayer(NextAction::Confirm)), &at(SECOND));
    assert!(matches!(told, Judgement::Change(Event { fact: Fact::LookAsked, .. })), "an event only asks for a look");
}

#[test]
fn what_is_charged_is_what_the_gateway_of_the_payment_charges() {
    let asked = |mut payment: Payment, request: ConfirmRequest| {
        command(&mut payment, &Command::Confirm(request), &at(SECOND)).map(|_| ())
    };
    assert_eq!(asked(order(), approved_request("c1")), Ok(()));
    assert_eq!(asked(order(), confirm_request("c1")), Err(Rejection::MethodNotTaken));
    assert_eq!(asked(payment(), approved_request("c1")), Err(Rejection::MethodMissing));
    let away = ConfirmRequest { off_session: true, ..approved_request("c1") };
    assert_eq!(asked(order(), away), Err(Rejection::PayerMustBeThere));
}

#[test]
fn a_declined_instrument_sends_the_payer_back_to_choose_another() {
    let mut payment = charging();
    let approved = snapshot(ObjectStatus::AwaitsPayer(NextAction::Confirm));
    let outcome = Outcome::Declined { decline: decline("INSTRUMENT_DECLINED"), object: Some(approved) };
    show(&mut payment, first(1), outcome, &at(2 * SECOND));
    assert_eq!(payment.state, PaymentState::RequiresAction(approval()));
    assert!(payment.attempts[0].decline().is_some());
    command(&mut payment, &Command::Confirm(approved_request("c2")), &at(3 * SECOND)).unwrap();
}

#[test]
fn a_charge_that_was_made_and_declined_has_failed_for_it_was_the_only_one() {
    let declined = || ObjectStatus::Failed(decline("stolen_card"));
    for outcome in
        [object(declined()), Outcome::Declined { decline: decline("stolen_card"), object: Some(snapshot(declined())) }]
    {
        for source in [first(1), Source::Fetch, Source::Event { cause: None }] {
            let mut payment = charging();
            show(&mut payment, source, outcome.clone(), &at(2 * SECOND));
            assert_eq!((&payment.state, payment.due), (&PaymentState::Failed, None), "{source:?}");
            assert_eq!(payment.attempts[0].decline().map(|decline| decline.code), Some("stolen_card"));
        }
    }
}

#[test]
fn a_failed_charge_ends_a_payment_as_it_was_asked_to_end() {
    let mut payment = charging();
    show(&mut payment, first(1), object(ObjectStatus::Pending), &at(2 * SECOND));
    cancel(&mut payment, &at(3 * SECOND));
    seen(&mut payment, ObjectStatus::Failed(decline("generic_decline")), 4 * SECOND);
    assert_eq!(payment.state, PaymentState::Canceled);
}

#[test]
fn a_refused_charge_sends_the_payer_to_approve() {
    let refused = Outcome::Refused { code: "ORDER_NOT_APPROVED".to_owned(), object: None };
    let mut payment = charging();
    show(&mut payment, first(1), refused.clone(), &at(2 * SECOND));
    assert_eq!(payment.state, PaymentState::RequiresAction(approval()));
    let mut payment = charging();
    show(&mut payment, replayed(1), refused, &at(2 * SECOND));
    assert_eq!(payment.due, Some(at(2 * SECOND).at), "of a second sending it proves only that a look tells the rest");
    seen(&mut payment, ObjectStatus::AwaitsMethod, 3 * SECOND);
    assert_eq!(payment.state, PaymentState::RequiresAction(approval()));
}

#[test]
fn money_on_an_order_was_moved_by_a_request_of_ours_however_it_was_thought_to_have_ended() {
    let mut payment = charging();
    let refused = Outcome::Refused { code: "ORDER_NOT_APPROVED".to_owned(), object: None };
    show(&mut payment, first(1), refused, &at(2 * SECOND));
    show(&mut payment, Source::Event { cause: None }, captured(), &at(3 * SECOND));
    let results = payment.attempts.iter().map(|attempt| attempt.progress.clone()).collect::<Vec<_>>();
    assert_eq!(results, [AttemptProgress::Closed(AttemptResult::Charged)]);
}

#[test]
fn the_key_of_what_is_asked_of_an_order_is_young_for_three_hours() {
    let attempt = &charging().attempts[0];
    let three_hours = Duration::from_secs(3 * 3600);
    let young = |gateway, age| attempt.key_is_young(gateway, attempt.started_at.plus(age));
    assert!(young(Gateway::PayPal, three_hours - SECOND) && !young(Gateway::PayPal, three_hours));
    assert!(young(Gateway::Stripe, three_hours));
}

#[test]
fn an_unanswered_charge_that_is_not_there_once_it_cannot_arrive_any_more_was_not_made() {
    let gone = Duration::from_secs(5 * 3600) + SECOND;
    for (status, state) in [
        (ObjectStatus::AwaitsMethod, approval()),
        (ObjectStatus::AwaitsPayer(NextAction::Confirm), NextAction::Confirm),
    ] {
        let mut payment = charging();
        seen(&mut payment, status.clone(), gone - SECOND);
        assert_eq!(payment.attempts[0].progress, AttemptProgress::Unanswered, "it may arrive");
        seen(&mut payment, status, gone + SECOND);
        assert_eq!(payment.state, PaymentState::RequiresAction(state));
        assert_eq!(payment.attempts[0].progress, AttemptProgress::Closed(AttemptResult::NotCharged));
    }
}

#[test]
fn an_order_that_nobody_ever_tried_to_charge_ends_at_once_and_for_good() {
    for status in [ObjectStatus::AwaitsMethod, ObjectStatus::AwaitsPayer(NextAction::Confirm)] {
        let mut payment = order();
        cancel(&mut payment, &at(SECOND));
        show(&mut payment, Source::Act(1, Hand::First), object(status), &at(SECOND));
        assert_eq!((payment.state, payment.due), (PaymentState::Canceled, None));
    }
}

#[test]
fn an_order_that_was_tried_ends_when_what_was_sent_has_been_seen_and_is_looked_at_once_more() {
    let mut payment = charging();
    let refused = Outcome::Refused { code: "ORDER_NOT_APPROVED".to_owned(), object: None };
    show(&mut payment, first(1), refused, &at(2 * SECOND));
    cancel(&mut payment, &at(3 * SECOND));
    show(&mut payment, Source::Act(1, Hand::First), object(ObjectStatus::AwaitsMethod), &at(3 * SECOND));
    assert_eq!(payment.state.name(), "requires_action", "what was sent may be on its way");
    let quiet = 3 * SECOND + 2 * Limits::STANDARD.gateway_timeout;
    assert_eq!(payment.due, Some(START.plus(quiet)), "a look before that would prove nothing");
    seen(&mut payment, ObjectStatus::AwaitsMethod, quiet - SECOND);
    assert_eq!(payment.state.name(), "requires_action");
    seen(&mut payment, ObjectStatus::AwaitsMethod, quiet);
    assert_eq!(payment.state, PaymentState::Canceled);
    assert_eq!(payment.due, Some(START.plus(quiet).plus(Limits::ON_ITS_WAY)), "the row watches the order");
    let watched = payment.clone();
    seen(&mut payment, ObjectStatus::AwaitsMethod, quiet + Limits::ON_ITS_WAY);
    assert_eq!((payment.state, payment.due), (PaymentState::Canceled, None));
    let mut payment = watched;
    seen(&mut payment, ObjectStatus::Captured { received_minor_units: AMOUNT }, quiet + Limits::ON_ITS_WAY);
    assert_eq!(payment.state.name(), "succeeded");
    assert_eq!(payment.attention.map(|review| review.reason), Some(ReviewReason::LateSuccess));
}

#[test]
fn a_hold_on_an_order_ends_only_with_its_object() {
    let mut payment = charging();
    show(&mut payment, first(1), authorized(), &at(2 * SECOND));
    cancel(&mut payment, &at(3 * SECOND));
    seen(&mut payment, ObjectStatus::AwaitsMethod, DAY);
    assert_eq!(payment.state.name(), "requires_capture", "money that is held does not become money that is asked for");
    seen(&mut payment, ObjectStatus::Canceled, DAY);
    assert_eq!(payment.state, PaymentState::Canceled);
}

#[test]
fn an_order_confirms_itself_once_if_that_was_agreed() {
    let approve = |payment: &mut Payment| {
        seen(payment, ObjectStatus::AwaitsPayer(NextAction::Confirm), SECOND);
        command(payment, &Command::ConfirmApproved, &at(2 * SECOND)).unwrap()
    };
    assert_eq!(approve(&mut order()), Decision::Nothing, "its client confirms");
    let mut payment = order();
    payment.terms.confirmation = Confirmation::Automatic;
    assert!(matches!(approve(&mut payment.clone()), Decision::Execute(_)));
    assert_eq!(
        command(&mut payment, &Command::ConfirmApproved, &at(SECOND)),
        Ok(Decision::Nothing),
        "not approved yet"
    );
    approve(&mut payment);
    assert_eq!(payment.attempts[0].source, AttemptSource::Automatic);
    show(&mut payment, first(1), declined("insufficient_funds"), &at(3 * SECOND));
    assert_eq!(approve(&mut payment), Decision::Nothing, "nobody can tell this approval from the one before");
}

#[test]
fn what_is_told_of_a_charge_is_kept_with_whatever_proves_it() {
    let settled = |reference: &str, rate: Option<&str>| {
        let rated = |rate| Settlement { rate: Some(ExchangeRate::parse(rate).unwrap()), ..settlement() };
        charge(reference, rate.map(rated))
    };
    let with = |status, charge| Outcome::Object(ObjectSnapshot { charge: Some(charge), ..snapshot(status) });
    let captured = || ObjectStatus::Captured { received_minor_units: AMOUNT };
    let held = || ObjectStatus::Authorized { capturable_minor_units: AMOUNT };
    let mut payment = charging();
    show(&mut payment, first(1), with(held(), settled("auth_1", None)), &at(2 * SECOND));
    assert_eq!(payment.charge, Some(settled("auth_1", None)));
    show(&mut payment, Source::Fetch, with(captured(), settled("capt_1", None)), &at(3 * SECOND));
    assert_eq!(payment.charge, Some(settled("capt_1", None)), "a hold becomes a capture");
    let told =
        show(&mut payment, Source::Event { cause: None }, with(captured(), settled("capt_1", Some("0.9"))), &at(DAY));
    assert!(matches!(told, Judgement::Change(Event { fact: Fact::ChargeTold, due: None, .. })));
    assert_eq!(payment.charge, Some(settled("capt_1", Some("0.9"))));
    for late in [with(held(), settled("auth_1", None)), with(captured(), settled("capt_2", None))] {
        assert_eq!(show(&mut payment, Source::Event { cause: None }, late, &at(DAY)), Judgement::Nothing);
    }
    let mut other = charging();
    let foreign =
        ObjectSnapshot { amount_minor_units: 1, charge: Some(settled("capt_9", None)), ..snapshot(captured()) };
    show(&mut other, Source::Fetch, Outcome::Object(foreign), &at(2 * SECOND));
    assert_eq!(other.charge, None, "other money is not this payment's");
}
