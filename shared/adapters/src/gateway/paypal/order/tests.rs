//! What an order proves, by its status and by the payments on it.

use domain::money::Currency;
use serde_json::json;

use super::*;
use crate::gateway::paypal::fixtures::{
    AUTHORIZATION, CAPTURE, ORDER, PAYER_URL, authorization, capture, order, paid, with,
};

fn snapshot(order: &Value) -> Option<ObjectSnapshot> {
    Order::read(order.to_string().as_bytes())?.snapshot(Mode::Test)
}

fn status(order: &Value) -> ObjectStatus {
    snapshot(order).unwrap().status
}

fn captured(received_minor_units: i64) -> ObjectStatus {
    ObjectStatus::Captured { received_minor_units }
}

fn unrecognized(word: &str) -> ObjectStatus {
    ObjectStatus::Unrecognized(word.to_owned())
}

fn of_25(object: Value, value: &str) -> Value {
    with(object, json!({"amount": {"currency_code": "EUR", "value": value}}))
}

#[test]
fn without_payments_the_orders_own_status_counts() {
    let page = ObjectStatus::AwaitsPayer(NextAction::Redirect(WebUrl::parse(PAYER_URL).unwrap()));
    for (word, means) in [
        ("CREATED", page.clone()),
        ("SAVED", page.clone()),
        ("PAYER_ACTION_REQUIRED", page),
        ("APPROVED", ObjectStatus::AwaitsPayer(NextAction::Confirm)),
        ("VOIDED", ObjectStatus::Canceled),
        ("COMPLETED", unrecognized("COMPLETED")),
        ("PATIENCE_REQUIRED", unrecognized("PATIENCE_REQUIRED")),
    ] {
        assert_eq!(status(&order(word)), means, "{word}");
    }
    let lost = with(order("CREATED"), json!({"links": []}));
    assert_eq!(status(&lost), ObjectStatus::AwaitsMethod, "the row knows where its payer approves it");
}

#[test]
fn a_captures_status_decides_and_not_the_orders() {
    for (word, means) in [
        ("COMPLETED", captured(2_500)),
        ("PARTIALLY_REFUNDED", captured(2_500)),
        ("REFUNDED", captured(2_500)),
        ("PENDING", ObjectStatus::Pending),
        ("ON_ITS_WAY", unrecognized("capture:ON_ITS_WAY")),
    ] {
        let object = paid(json!({"captures": [capture(word)]}));
        assert_eq!(status(&object), means, "{word}");
        assert_eq!(status(&with(object, json!({"status": "APPROVED"}))), means, "{word}");
    }
    for word in ["DECLINED", "FAILED"] {
        let object = paid(json!({"captures": [capture(word)]}));
        let ObjectStatus::Failed(decline) = status(&object) else { panic!("{word} is no failure") };
        assert_eq!((decline.code, decline.gateway_code.as_str()), ("generic_decline", word));
        // An order that is not completed may be tried again.
        let again = with(object, json!({"status": "APPROVED"}));
        assert_eq!(status(&again), ObjectStatus::AwaitsPayer(NextAction::Confirm), "{word}");
    }
}

#[test]
fn a_declined_card_in_a_completed_order_is_a_decline_with_the_processors_code() {
    let processor = json!({"processor_response": {"avs_code": "G", "cvv_code": "P", "response_code": "00N7"}});
    let object = paid(json!({"captures": [with(capture("DECLINED"), processor)]}));
    let ObjectStatus::Failed(decline) = status(&object) else { panic!("no failure") };
    assert_eq!((decline.code, decline.gateway_code.as_str()), ("incorrect_cvc", "00N7"));
}

#[test]
fn what_is_held_can_be_captured_until_it_is_let_go() {
    let held = |word: &str| status(&paid(json!({"authorizations": [authorization(word)]})));
    for word in ["CREATED", "PARTIALLY_CAPTURED"] {
        assert_eq!(held(word), ObjectStatus::Authorized { capturable_minor_units: 2_500 }, "{word}");
    }
    assert_eq!(held("PENDING"), ObjectStatus::Pending);
    assert_eq!(held("VOIDED"), ObjectStatus::Canceled);
    assert_eq!(held("EXPIRED"), ObjectStatus::Canceled);
    assert_eq!(held("CAPTURED"), unrecognized("authorization:CAPTURED"));
    assert_eq!(held("BORROWED"), unrecognized("authorization:BORROWED"));
    assert!(matches!(held("DENIED"), ObjectStatus::Failed(decline) if decline.gateway_code == "DENIED"));
}

#[test]
fn money_that_was_taken_outweighs_what_was_held_or_declined() {
    let one = of_25(capture("COMPLETED"), "10.00");
    let object = paid(json!({
        "authorizations": [authorization("VOIDED")],
        "captures": [capture("DECLINED"), capture("PENDING"), one.clone()],
    }));
    assert_eq!(status(&object), captured(1_000));
    let two = paid(json!({"authorizations": [authorization("CAPTURED")],
        "captures": [one, with(of_25(capture("COMPLETED"), "5.50"), json!({"id": "2ND"}))]}));
    assert_eq!(status(&two), captured(1_550));
    assert_eq!(snapshot(&two).unwrap().charge.unwrap().settlement, None, "two captures, and the net of one");
    let pending = paid(json!({"authorizations": [authorization("CAPTURED")], "captures": [capture("PENDING")]}));
    assert_eq!(status(&pending), ObjectStatus::Pending);
}

#[test]
fn the_charge_is_what_a_refund_a_capture_or_a_void_is_asked_of() {
    let charge = |payments: Value| snapshot(&paid(payments)).unwrap().charge;
    let taken = charge(json!({"captures": [capture("COMPLETED")]})).unwrap();
    assert_eq!(taken.reference.as_str(), CAPTURE);
    let settlement = taken.settlement.unwrap();
    assert_eq!((settlement.net.minor_units(), settlement.fee.minor_units()), (2_364, 136));
    let held = charge(json!({"authorizations": [authorization("CREATED")]})).unwrap();
    assert_eq!((held.reference.as_str(), held.settlement), (AUTHORIZATION, None));
    assert_eq!(charge(json!({"captures": [capture("DECLINED")]})), None);
    assert_eq!(snapshot(&order("APPROVED")).unwrap().charge, None);
}

#[test]
fn the_order_tells_whose_it_is_and_for_what() {
    let seen = snapshot(&order("APPROVED")).unwrap();
    assert_eq!((seen.reference.as_str(), seen.mode), (ORDER, Mode::Test));
    assert_eq!((seen.amount_minor_units, seen.currency.map(Currency::code)), (2_500, Some("EUR")));
    assert_eq!(snapshot(&with(order("APPROVED"), json!({"id": "../../etc"}))), None);
}

#[test]
fn an_amount_that_cannot_be_counted_belongs_to_no_payment() {
    let unit = order("APPROVED")["purchase_units"][0].clone();
    for units in [json!([]), json!([unit, unit]), json!([with(unit.clone(), json!({"amount": "25.00 EUR"}))])] {
        let seen = snapshot(&with(order("APPROVED"), json!({"purchase_units": units}))).unwrap();
        assert_eq!(seen.currency, None, "{units}");
    }
    let odd = of_25(capture("COMPLETED"), "25.005");
    let seen = snapshot(&paid(json!({"captures": [odd]}))).unwrap();
    assert_eq!(seen.currency, None);
    assert!(seen.holds_money(), "money stands on it all the same");
    let foreign = with(capture("COMPLETED"), json!({"amount": {"currency_code": "USD", "value": "25.00"}}));
    assert_eq!(snapshot(&paid(json!({"captures": [foreign]}))).unwrap().currency, None);
    let held = of_25(authorization("CREATED"), "a lot");
    assert_eq!(snapshot(&paid(json!({"authorizations": [held]}))).unwrap().currency, None);
}

#[test]
fn payments_that_cannot_be_read_make_the_order_unreadable() {
    for payments in [
        json!([]),
        json!({"captures": {}}),
        json!({"captures": [{"id": CAPTURE, "status": "COMPLETED"}]}),
        json!({"captures": [[CAPTURE, "COMPLETED"]]}),
        json!({"captures": [with(capture("COMPLETED"), json!({"status": 7}))]}),
        json!({"authorizations": "none"}),
    ] {
        assert_eq!(snapshot(&paid(payments.clone())), None, "{payments}");
    }
    for body in ["", "{", "null", "[]", "{}", "<html>", r#"{"id":"5O1"}"#] {
        assert!(Order::read(body.as_bytes()).is_none(), "{body}");
    }
}

#[test]
fn new_shapes_in_a_corner_do_not_hide_that_money_moved() {
    let odd = json!({"links": 7, "payment_source": [], "brand_new": {"x": 1}, "payer": null});
    let strange = json!({"processor_response": 7, "status_details": [], "supplementary_data": "?"});
    let object = with(paid(json!({"captures": [with(capture("COMPLETED"), strange)], "refunds": [7]})), odd);
    assert_eq!(status(&object), captured(2_500));
}
