//! What PayPal's answers come to, and what a look adds to a refusal.

use domain::{
    gateway::NextAction,
    payment::{Attempt, Instrument},
    text::WebUrl,
};
use serde_json::{Value, json};

use super::*;
use crate::gateway::paypal::fixtures::{PAYER_URL, attempt, capture, issue, order, paid, payment, response, with};

fn unknown_outcome(reason: UnknownReason) -> Outcome {
    Outcome::Unknown(reason)
}

fn heard(status: u16, body: &Value) -> Heard {
    attempted(Ok(response(status, &body.to_string())), &payment())
}

fn outcome(status: u16, body: &Value) -> Outcome {
    match heard(status, body) {
        Heard::Answer(answer) => answer.outcome,
        Heard::Look(refusal) => panic!("{refusal:?}"),
    }
}

fn seen(order: &Value) -> Outcome {
    looked(Ok(response(200, &order.to_string())), &payment())
}

#[test]
fn a_capture_that_went_well_is_told_by_the_order_that_comes_back() {
    let done = paid(json!({"captures": [capture("COMPLETED")]}));
    let Heard::Answer(first) = heard(201, &done) else { panic!("a look") };
    assert_eq!(first.outcome.object().unwrap().status, ObjectStatus::Captured { received_minor_units: 2_500 });
    assert_eq!(first.hand, Hand::First);
    let Heard::Answer(again) = heard(200, &done) else { panic!("a look") };
    assert_eq!((again.outcome, again.hand), (first.outcome, Hand::Replayed));
}

#[test]
fn a_decline_that_comes_as_201_is_a_decline() {
    let said = json!({"processor_response": {"response_code": "5120"}});
    let object = outcome(201, &paid(json!({"captures": [with(capture("DECLINED"), said)]})));
    let ObjectStatus::Failed(decline) = &object.object().unwrap().status else { panic!("no failure") };
    assert_eq!(decline.code, "insufficient_funds");
}

#[test]
fn a_refused_instrument_is_a_decline_and_the_order_goes_on() {
    let Outcome::Declined { decline, object } = outcome(422, &issue("INSTRUMENT_DECLINED")) else { panic!("none") };
    assert_eq!(
        (decline.code, decline.gateway_code.as_str(), object),
        ("instrument_declined", "INSTRUMENT_DECLINED", None)
    );
    for name in ["PAYER_ACTION_REQUIRED", "PAYER_CANNOT_PAY", "TRANSACTION_REFUSED", "COMPLIANCE_VIOLATION"] {
        assert!(matches!(outcome(422, &issue(name)), Outcome::Declined { .. }), "{name}");
    }
}

/// The first sending was lost on its way back: what it did, the order tells.
#[test]
fn what_is_refused_the_second_time_may_have_been_served_the_first() {
    let again = |name: &str| PaypalResponse { is_of_a_second_sending: true, ..response(422, &issue(name).to_string()) };
    let charged = || {
        Outcome::Object(
            Order::read(paid(json!({"captures": [capture("COMPLETED")]})).to_string().as_bytes())
                .and_then(|order| order.snapshot(payment().mode))
                .unwrap(),
        )
    };
    for name in ["INSTRUMENT_DECLINED", "TRANSACTION_REFUSED", "DUPLICATE_INVOICE_ID"] {
        let Heard::Look(refusal) = attempted(Ok(again(name)), &payment()) else { panic!("{name} is believed") };
        assert_eq!(refusal.of_attempt(charged()).outcome, charged(), "{name}");
        let No::Said(error) = done(Ok(again(name))).err().unwrap() else { panic!("{name} is not read") };
        assert!(matches!(refused_act(No::Said(error)), Heard::Look(_)), "{name}");
    }
    let Heard::Look(refusal) = attempted(Ok(again("INSTRUMENT_DECLINED")), &payment()) else { panic!("believed") };
    let nobody_knows = refusal.of_attempt(unknown_outcome(UnknownReason::Timeout)).outcome;
    assert_eq!(nobody_knows, unknown_outcome(UnknownReason::ConnectionLost));
}

/// PayPal forgets an order after three hours. Before that, a 404 is what an order looks like to the wrong app.
#[test]
fn an_order_that_is_not_there_is_forgotten_only_when_it_can_be_and_nothing_can_arrive() {
    let absent = || Ok(response(404, &issue("INVALID_RESOURCE_ID").to_string()));
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let aged = |age: Duration| Payment { created_at: minus(now(), age), ..payment() };
    let is_gone = |outcome: Outcome| outcome.object().is_some_and(|seen| seen.status == ObjectStatus::Canceled);
    for (age, gone) in [(hours(0), false), (hours(2), false), (hours(4), true)] {
        assert_eq!(is_gone(looked(absent(), &aged(age))), gone, "{age:?}");
        let Heard::Answer(answer) = attempted(absent(), &aged(age)) else { panic!("a look") };
        assert_eq!(is_gone(answer.outcome), gone, "{age:?}");
    }
    for (sent, gone) in [(hours(1), false), (hours(4), false), (hours(6), true)] {
        let mut tried = aged(hours(7));
        tried.attempts = vec![Attempt { started_at: minus(now(), sent), ..attempt(Instrument::Approved) }];
        assert_eq!(is_gone(looked(absent(), &tried)), gone, "sent {sent:?} ago");
    }
    let sent_before = Payment { rounds: 1, ..aged(hours(7)) };
    let Heard::Answer(answer) = attempted(absent(), &sent_before) else { panic!("a look") };
    assert_eq!(
        answer.outcome,
        unknown_outcome(UnknownReason::Misconfigured),
        "the first sending may have completed it"
    );
}

fn minus(at: Timestamp, age: Duration) -> Timestamp {
    Timestamp::from_unix_ms(at.unix_ms().checked_sub(i64::try_from(age.as_millis()).unwrap()).unwrap())
}

#[test]
fn what_proves_nothing_is_unknown_and_says_why() {
    let html = json!("<html>blocked</html>");
    for (status, body, reason) in [
        (422, issue("PAYPAL_REQUEST_ID_PREVIOUSLY_USED"), UnknownReason::KeyMismatch),
        (409, issue("PREVIOUS_REQUEST_IN_PROGRESS"), UnknownReason::KeyInUse),
        (409, json!({"name": "RESOURCE_CONFLICT", "details": []}), UnknownReason::KeyInUse),
        (409, html.clone(), UnknownReason::Unreadable),
        (422, issue("SOME_NEW_ISSUE"), UnknownReason::Misconfigured),
        (400, issue("INVALID_PARAMETER_SYNTAX"), UnknownReason::Misconfigured),
        (422, issue("ACTION_DOES_NOT_MATCH_INTENT"), UnknownReason::Misconfigured),
        (422, json!({"name": "UNPROCESSABLE_ENTITY"}), UnknownReason::Misconfigured),
        (422, issue("INVALID_RESOURCE_ID"), UnknownReason::Misconfigured),
        (401, json!({"error": "invalid_token"}), UnknownReason::Unauthorized),
        (403, issue("PERMISSION_DENIED"), UnknownReason::Unauthorized),
        (415, json!({}), UnknownReason::Misconfigured),
        (429, issue("RATE_LIMIT_REACHED"), UnknownReason::RateLimited),
        (500, issue("INTERNAL_SERVER_ERROR"), UnknownReason::ServerError),
        (503, html.clone(), UnknownReason::ServerError),
        (200, html.clone(), UnknownReason::Unreadable),
        (201, json!({"id": "5O1"}), UnknownReason::Unreadable),
        (201, paid(json!({"captures": [{}]})), UnknownReason::Unreadable),
        (302, html.clone(), UnknownReason::Unreadable),
        (400, html.clone(), UnknownReason::Unreadable),
        (422, json!({"error": "invalid_request"}), UnknownReason::Unreadable),
        (418, issue("INSTRUMENT_DECLINED"), UnknownReason::Unreadable),
    ] {
        assert_eq!(outcome(status, &body), unknown_outcome(reason), "{status} {body}");
    }
    let silence = attempted(Err(UnknownReason::Timeout), &payment());
    assert_eq!(silence, Heard::Answer(unknown(UnknownReason::Timeout)));
}

#[test]
fn what_was_done_before_is_believed_only_when_it_is_seen() {
    for (name, reason) in [
        ("ORDER_ALREADY_CAPTURED", UnknownReason::Unreadable),
        ("ORDER_COMPLETION_IN_PROGRESS", UnknownReason::KeyInUse),
        ("DUPLICATE_INVOICE_ID", UnknownReason::Misconfigured),
    ] {
        let refusal = || match heard(422, &issue(name)) {
            Heard::Look(refusal) => refusal,
            Heard::Answer(answer) => panic!("{name}: {answer:?}"),
        };
        for conclusive in ["COMPLETED", "PENDING", "DECLINED"] {
            let look = seen(&paid(json!({"captures": [capture(conclusive)]})));
            assert_eq!(refusal().of_attempt(look.clone()).outcome, look, "{name}");
        }
        let unpaid = seen(&order("APPROVED"));
        assert_eq!(refusal().of_attempt(unpaid.clone()).outcome, unknown_outcome(reason), "{name}: money is elsewhere");
        assert_eq!(refusal().of_act(unpaid).outcome, unknown_outcome(reason), "{name}");
        assert_eq!(refusal().of_attempt(unknown_outcome(UnknownReason::Timeout)).outcome, unknown_outcome(reason));
    }
}

#[test]
fn what_is_not_approved_yet_goes_back_to_its_payer() {
    let Heard::Look(refusal) = heard(422, &issue("ORDER_NOT_APPROVED")) else { panic!("no look") };
    let answer = refusal.of_attempt(seen(&order("PAYER_ACTION_REQUIRED")));
    let page = NextAction::Redirect(WebUrl::parse(PAYER_URL).unwrap());
    assert_eq!(answer.outcome.object().unwrap().status, ObjectStatus::AwaitsPayer(page));
    let Heard::Look(refusal) = heard(422, &issue("ORDER_NOT_APPROVED")) else { panic!("no look") };
    let unseen = refusal.of_attempt(unknown_outcome(UnknownReason::Timeout));
    assert_eq!(unseen.outcome, unknown_outcome(UnknownReason::Unreadable));
}

#[test]
fn an_act_that_the_order_stands_in_the_way_of_is_refused_with_the_order() {
    let Heard::Look(refusal) = refused_act(No::Said(Box::new(
        PaypalError::read(issue("AUTHORIZATION_EXPIRED").to_string().as_bytes()).unwrap(),
    ))) else {
        panic!("no look")
    };
    let answer = refusal.of_act(seen(&order("VOIDED")));
    let Outcome::Refused { code, object: Some(object) } = answer.outcome else { panic!("not refused") };
    assert_eq!((code.as_str(), object.status), ("AUTHORIZATION_EXPIRED", ObjectStatus::Canceled));
}

#[test]
fn an_order_that_paypal_has_forgotten_is_over_unless_something_may_have_moved_on_it() {
    let forgotten = || Ok(response(404, &issue("INVALID_RESOURCE_ID").to_string()));
    let is_over = |outcome: &Outcome| outcome.object().is_some_and(|object| object.status == ObjectStatus::Canceled);
    let mut payment = payment();
    assert!(is_over(&looked(forgotten(), &payment)));
    payment.attempts.push(Attempt { started_at: now(), ..attempt(Instrument::Approved) });
    assert_eq!(looked(forgotten(), &payment), unknown_outcome(UnknownReason::Misconfigured));
    let Heard::Answer(first) = attempted(forgotten(), &payment) else { panic!("a look") };
    assert!(is_over(&first.outcome), "nobody has sent it before");
    payment.rounds = 1;
    let again = attempted(forgotten(), &payment);
    assert_eq!(again, Heard::Answer(unknown(UnknownReason::Misconfigured)), "the first sending may have charged");
    payment.attempts.clear();
    payment.state = domain::payment::PaymentState::RequiresCapture { capturable: payment.terms.amount };
    assert_eq!(looked(forgotten(), &payment), unknown_outcome(UnknownReason::Misconfigured));
}

#[test]
fn a_look_is_not_declined_or_refused() {
    for name in ["INSTRUMENT_DECLINED", "ORDER_NOT_APPROVED", "CAPTURE_FULLY_REFUNDED", "DUPLICATE_INVOICE_ID"] {
        let look = looked(Ok(response(422, &issue(name).to_string())), &payment());
        assert_eq!(look, unknown_outcome(UnknownReason::Misconfigured), "{name}");
    }
}

#[test]
fn what_was_not_sent_is_refused_only_if_it_never_can_be() {
    assert_eq!(unsent(Unsendable::NotOnTheRow).outcome, unknown_outcome(UnknownReason::NotSent));
    let refused = Outcome::Refused { code: "why".into(), object: None };
    assert_eq!(unsent(Unsendable::Impossible("why")).outcome, refused);
}

proptest::proptest! {
    #[test]
    fn no_garbage_makes_us_fall_over_or_see_an_object(status: u16, body: Vec<u8>, text in "\\PC{0,200}") {
        for body in [body, format!("{{\"name\":\"x\",\"details\":[{{\"issue\":{text:?}}}]}}").into_bytes()] {
            if let Heard::Answer(answer) = attempted(Ok(PaypalResponse { status, body, is_of_a_second_sending: false }), &payment()) {
                proptest::prop_assert!(answer.outcome.object().is_none());
            }
        }
    }
}
