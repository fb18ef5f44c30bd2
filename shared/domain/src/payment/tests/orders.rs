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

/// What PayPal answers: it shows the order, and that waits for its payer.
#[test]
fn what_was_asked_for_before_the_payer_approved_has_not_charged_and_stands_in_nobodys_way() {
    let mut payment = charging();
    show(&mut payment, first(1), object(ObjectStatus::AwaitsPayer(approval())), &at(2 * SECOND));
    assert_eq!(payment.state, PaymentState::RequiresAction(approval()));
    assert_eq!(payment.attempts[0].progress, AttemptProgress::Closed(AttemptResult::NotCharged));
    let quiet = 3 * SECOND + 2 * Limits::STANDARD.gateway_timeout;
    cancel(&mut payment, &at(3 * SECOND));
    seen(&mut payment, ObjectStatus::AwaitsPayer(approval()), quiet);
    assert_eq!(payment.state, PaymentState::Canceled, "it can be canceled");
    let mut payment = order();
    payment.terms.confirmation = Confirmation::Automatic;
    command(&mut payment, &Command::Confirm(approved_request("c1")), &at(SECOND)).unwrap();
    show(&mut payment, first(1), object(ObjectStatus::AwaitsPayer(approval())), &at(2 * SECOND));
    seen(&mut payment, ObjectStatus::AwaitsPayer(NextAction::Confirm), DAY / 2);
    let charged = command(&mut payment, &Command::ConfirmApproved, &at(DAY / 2)).unwrap();
    assert!(matches!(charged, Decision::Execute(_)), "whoever was too early takes nothing from what was agreed");
}

/// Canceled, after it had been tried; nobody has looked at it since.
fn watched() -> Payment {
    let mut payment = charging();
    show(&mut payment, first(1), object(ObjectStatus::AwaitsPayer(approval())), &at(2 * SECOND));
    cancel(&mut payment, &at(3 * SECOND));
    seen(&mut payment, ObjectStatus::AwaitsMethod, 60 * SECOND);
    assert_eq!((&payment.state, payment.look_owed), (&PaymentState::Canceled, true));
    payment
}

#[test]
fn a_bank_that_is_at_work_after_the_end_is_waited_for_and_so_is_a_word_that_nobody_knows() {
    for (status, review) in [
        (ObjectStatus::Pending, None),
        (ObjectStatus::Unrecognized("capture:NEW".to_owned()), Some(ReviewReason::UnrecognizedStatus)),
    ] {
        let mut payment = watched();
        for hour in [3, 4, 8, 50] {
            seen(&mut payment, status.clone(), hour * 3600 * SECOND);
            assert!(
                payment.look_owed && payment.due.is_some_and(|due| due > START.plus(hour * 3600 * SECOND)),
                "{hour}"
            );
        }
        assert_eq!(payment.attention.map(|review| review.reason), review);
        seen(&mut payment, ObjectStatus::Captured { received_minor_units: AMOUNT }, 3 * DAY);
        assert_eq!(payment.state.name(), "succeeded", "and believed when it is done");
    }
}

#[test]
fn what_is_held_after_the_end_is_looked_at_until_it_has_been_let_go() {
    let mut payment = watched();
    let told = show(&mut payment, Source::Fetch, authorized(), &at(DAY));
    assert!(matches!(told, Judgement::Change(Event { fact: Fact::StillPending, .. })), "{told:?}");
    assert!(payment.due > Some(at(DAY).at.plus(Limits::STANDARD.gateway_timeout)), "not at every turn of the sweep");
    seen(&mut payment, ObjectStatus::Canceled, DAY + SECOND);
    assert_eq!((payment.state.name(), payment.look_owed, payment.due), ("canceled", false, None));
    let event = Source::Event { cause: None };
    assert_eq!(show(&mut payment, event, authorized(), &at(2 * DAY)), Judgement::Nothing, "an old snapshot");
}

#[test]
fn an_event_of_money_on_an_order_has_it_looked_at_whatever_has_become_of_the_payment() {
    let event = Source::Event { cause: None };
    let mut payment = order();
    cancel(&mut payment, &at(SECOND));
    show(&mut payment, Source::Act(1, Hand::First), object(ObjectStatus::AwaitsMethod), &at(SECOND));
    assert_eq!(payment.due, None, "nothing was ever sent");
    assert_eq!(show(&mut payment, event, object(ObjectStatus::AwaitsMethod), &at(DAY)), Judgement::Nothing);
    show(&mut payment, event, object(ObjectStatus::Pending), &at(DAY));
    assert_eq!((payment.look_owed, payment.due), (true, Some(at(DAY).at)));
    assert_eq!(show(&mut payment, event, object(ObjectStatus::Pending), &at(DAY)), Judgement::Nothing, "and once");
    let mut false_alarm = payment.clone();
    seen(&mut false_alarm, ObjectStatus::AwaitsMethod, DAY);
    assert_eq!((false_alarm.look_owed, false_alarm.due), (false, None));
    seen(&mut payment, ObjectStatus::Captured { received_minor_units: AMOUNT }, DAY);
    assert_eq!(payment.state.name(), "succeeded");
}

#[test]
fn news_of_a_bank_that_is_at_work_are_not_left_to_whoever_may_have_looked_before() {
    let mut payment = charging();
    show(&mut payment, first(1), object(ObjectStatus::Pending), &at(2 * SECOND));
    let due = Now { at: payment.due.unwrap(), ..at(SECOND) };
    command(&mut payment, &Command::Claim, &due).unwrap();
    let claimed = at(payment.updated_at.since(START) + SECOND);
    let told = show(&mut payment, Source::Event { cause: None }, object(ObjectStatus::Pending), &claimed);
    assert!(matches!(told, Judgement::Change(Event { fact: Fact::LookAsked, .. })), "{told:?}");
}

#[test]
fn a_bank_that_takes_its_time_with_a_capture_is_neither_hurried_nor_doubted() {
    let mut payment = charging();
    show(&mut payment, first(1), authorized(), &at(2 * SECOND));
    let request = CaptureRequest { key: key("p1"), request_hash: hash("p1"), amount: None };
    command(&mut payment, &Command::Capture(request), &at(3 * SECOND)).unwrap();
    show(&mut payment, Source::Act(1, Hand::First), object(ObjectStatus::Pending), &at(4 * SECOND));
    for hour in 1..=20 {
        let now = at(hour * 3600 * SECOND);
        show(&mut payment, Source::Fetch, object(ObjectStatus::Pending), &now);
        assert!(payment.due >= Some(now.at.plus(Limits::STANDARD.first_look)), "{hour}");
    }
    assert_eq!((payment.state.name(), payment.attention), ("requires_capture", None));
    seen(&mut payment, ObjectStatus::Captured { received_minor_units: AMOUNT }, DAY);
    assert_eq!(payment.state.name(), "succeeded");
}

#[test]
fn an_order_that_paypal_has_forgotten_has_expired_unless_its_end_was_asked_for() {
    let mut payment = order();
    seen(&mut payment, ObjectStatus::Canceled, DAY / 4);
    assert_eq!(payment.state, PaymentState::Expired);
    let mut payment = charging();
    show(&mut payment, first(1), object(ObjectStatus::AwaitsPayer(approval())), &at(2 * SECOND));
    cancel(&mut payment, &at(3 * SECOND));
    seen(&mut payment, ObjectStatus::Canceled, DAY / 4);
    assert_eq!(payment.state, PaymentState::Canceled);
}

/// Whoever takes a row to send its attempt again is not the first to send it, whatever came of the one before.
#[test]
fn a_claim_of_an_unanswered_attempt_counts_as_a_round() {
    let mut payment = charging();
    assert_eq!(payment.rounds, 0);
    command(&mut payment, &Command::Claim, &at(DAY)).unwrap();
    assert_eq!(payment.rounds, 1);
}

/// Anybody who has once seen how an event of PayPal's is signed can sign another.
#[test]
fn what_only_an_event_of_paypals_says_of_another_object_calls_a_person_and_bars_nothing() {
    let mut payment = order();
    let elsewhere = ObjectSnapshot {
        reference: GatewayToken::parse("5O2").unwrap(),
        ..snapshot(ObjectStatus::Captured { received_minor_units: AMOUNT })
    };
    let told = judge(
        &payment,
        &Evidence { source: Source::Event { cause: None }, outcome: Outcome::Object(elsewhere) },
        &at(SECOND),
    );
    let Judgement::Foreign { holds_money: true, review: Some(event) } = told else { panic!("{told:?}") };
    apply(&mut payment, &event);
    assert_eq!(payment.attention.map(|review| review.reason), Some(ReviewReason::MoneyElsewhereClaimed));
    assert!(!payment.is_barred());
    assert!(command(&mut payment, &Command::Confirm(approved_request("c1")), &at(SECOND)).is_ok());
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
