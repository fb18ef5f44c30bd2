//! Refunds: what is asked for, whose an answer is, and what a look at the order has.

use domain::{
    id::{IdempotencyKey, RequestHash},
    money::Currency,
    payment::{Refund as Row, RefundProgress, RefundSource},
    time::Timestamp,
};
use serde_json::json;

use super::*;
use crate::gateway::paypal::{
    fixtures::{CAPTURE, ORDER, TRANSACTION_ID, capture, issue, order, paid, payment, refund, response, with},
    message::Act,
};

fn id() -> RefundId {
    let key = IdempotencyKey::parse("refund-1").unwrap();
    RefundId::derive("account", &TransactionId::parse(TRANSACTION_ID).unwrap(), &key)
}

fn taken() -> GatewayToken {
    GatewayToken::parse(CAPTURE).unwrap()
}

/// A payment with one refund of 5 euros.
fn refunded() -> Payment {
    let mut payment = payment();
    payment.refunds.push(Row {
        id: id(),
        source: RefundSource::Api {
            key: IdempotencyKey::parse("refund-1").unwrap(),
            request_hash: RequestHash::of([]),
        },
        amount: Money::payable(500, Currency::from_code("EUR").unwrap()).unwrap(),
        reason: None,
        reference: None,
        started_at: Timestamp::from_unix_ms(0),
        progress: RefundProgress::Unanswered,
    });
    payment
}

fn custom() -> String {
    format!("{TRANSACTION_ID}.{}", id())
}

fn outcome(status: u16, body: &Value) -> RefundOutcome {
    answer(Ok(response(status, &body.to_string())), &refunded(), &taken()).outcome
}

fn shown(body: &Value) -> RefundSnapshot {
    let RefundOutcome::Refund(snapshot) = outcome(201, body) else { panic!("no refund: {body}") };
    snapshot
}

#[test]
fn a_refund_is_asked_for_with_its_amount_and_both_ids_under_its_own_key() {
    let sent = request(&refunded(), &id(), &taken()).unwrap();
    assert_eq!(sent.path, "/v2/payments/captures/3C679366HH908993F/refund");
    let body = format!(
        r#"{{"amount":{{"currency_code":"EUR","value":"5.00"}},"custom_id":"{}","invoice_id":"{}"}}"#,
        custom(),
        id()
    );
    assert_eq!(sent.act, Act::Post { request_id: format!("{TRANSACTION_ID}:refund:{}", id()), body });
    assert!(custom().len() <= 127, "PayPal takes no longer ones");
    assert_eq!(request(&payment(), &id(), &taken()), Err(Unsendable::NotOnTheRow));
}

#[test]
fn a_refund_tells_whose_it_is_and_how_it_stands() {
    let seen = shown(&refund("COMPLETED", &custom()));
    assert_eq!((seen.reference.as_str(), seen.object.as_str()), ("1JU08902781691411", ORDER));
    assert_eq!((seen.id, seen.amount_minor_units), (Some(id()), 500));
    for (word, means) in [
        ("COMPLETED", RefundStatus::Succeeded),
        ("PENDING", RefundStatus::Pending),
        ("FAILED", RefundStatus::Failed { code: "FAILED".to_owned() }),
        ("CANCELLED", RefundStatus::Canceled),
        ("RETURNED", RefundStatus::Unrecognized("RETURNED".to_owned())),
    ] {
        assert_eq!(shown(&refund(word, &custom())).status, means, "{word}");
    }
    let echeck = with(refund("FAILED", &custom()), json!({"status_details": {"reason": "ECHECK"}}));
    assert_eq!(shown(&echeck).status, RefundStatus::Failed { code: "ECHECK".to_owned() });
}

#[test]
fn a_refund_that_does_not_bear_our_ids_is_nobodys_here() {
    for strange in ["", "INV-7", TRANSACTION_ID, "pay_x.ref_y", &format!("pay_aaaaaaaaaaaaaaaaaaaaaaaaaa.{}", id())] {
        assert_eq!(shown(&refund("COMPLETED", strange)).id, None, "{strange}");
    }
}

#[test]
fn an_answer_about_another_capture_is_none() {
    let other = json!([{"href": "https://api-m.paypal.com/v2/payments/captures/OTHER", "rel": "up", "method": "GET"}]);
    let unreadable = RefundOutcome::Unknown(UnknownReason::Unreadable);
    assert_eq!(outcome(201, &with(refund("COMPLETED", &custom()), json!({ "links": other }))), unreadable);
    assert_eq!(outcome(201, &json!({"id": "x"})), unreadable);
    let without = with(refund("COMPLETED", &custom()), json!({"links": []}));
    assert!(matches!(outcome(201, &without), RefundOutcome::Refund(_)), "the path has named the capture");
}

#[test]
fn a_refusal_is_one_only_if_it_is_about_the_money() {
    let refused = |name: &str| RefundOutcome::Refused { code: name.to_owned() };
    for name in [
        "REFUND_AMOUNT_EXCEEDED",
        "CAPTURE_FULLY_REFUNDED",
        "REFUND_TIME_LIMIT_EXCEEDED",
        "REFUND_FAILED_INSUFFICIENT_FUNDS",
        "TRANSACTION_DISPUTED",
        "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK",
        "PENDING_CAPTURE",
    ] {
        assert_eq!(outcome(422, &issue(name)), refused(name));
    }
    for (status, name, reason) in [
        (422, "DUPLICATE_INVOICE_ID", UnknownReason::Misconfigured),
        (404, "INVALID_RESOURCE_ID", UnknownReason::Misconfigured),
        (422, "PAYPAL_REQUEST_ID_PREVIOUSLY_USED", UnknownReason::KeyMismatch),
        (409, "PREVIOUS_REQUEST_IN_PROGRESS", UnknownReason::KeyInUse),
        (422, "SOME_NEW_ISSUE", UnknownReason::Misconfigured),
        (500, "INTERNAL_SERVER_ERROR", UnknownReason::ServerError),
    ] {
        assert_eq!(outcome(status, &issue(name)), RefundOutcome::Unknown(reason), "{name}");
    }
}

#[test]
fn the_orders_own_list_has_all_refunds_whoever_made_them() {
    let dashboards = with(refund("COMPLETED", TRANSACTION_ID), json!({"id": "2ND"}));
    let object = paid(json!({"captures": [capture("PARTIALLY_REFUNDED")],
        "refunds": [refund("PENDING", &custom()), dashboards]}));
    let read = |body: &Value| listed(Ok(response(200, &body.to_string())), &refunded());
    let ids: Vec<_> = read(&object).unwrap().into_iter().map(|refund| (refund.reference, refund.id)).collect();
    assert_eq!(ids[0].1, Some(id()));
    assert_eq!((ids[1].0.as_str(), &ids[1].1), ("2ND", &None));
    assert_eq!(read(&paid(json!({"captures": [capture("COMPLETED")]}))), Ok(Vec::new()));
}

#[test]
fn an_order_that_is_shown_without_its_capture_is_no_list_of_no_refunds() {
    let read = |body: &Value| listed(Ok(response(200, &body.to_string())), &refunded());
    let bare = [order("COMPLETED"), paid(json!({})), paid(json!({"captures": [], "refunds": []}))];
    for shown in bare {
        assert_eq!(read(&shown), Err(UnknownReason::Unreadable), "{shown}");
    }
}

#[test]
fn a_list_that_cannot_be_read_to_its_end_is_none() {
    let read = |status, body: &Value| listed(Ok(response(status, &body.to_string())), &refunded());
    let (unreadable, captures) = (Err(UnknownReason::Unreadable), json!([capture("COMPLETED")]));
    assert_eq!(
        read(200, &paid(json!({"captures": captures, "refunds": [refund("PENDING", &custom()), {}]}))),
        unreadable
    );
    assert_eq!(read(200, &with(paid(json!({ "captures": captures })), json!({"id": "OTHER"}))), unreadable);
    assert_eq!(
        read(200, &paid(json!({"captures": captures, "refunds": vec![refund("PENDING", &custom()); REFUNDS_MAX + 1]}))),
        unreadable
    );
    assert_eq!(read(404, &issue("INVALID_RESOURCE_ID")), Err(UnknownReason::Misconfigured));
    assert_eq!(read(500, &json!({})), Err(UnknownReason::ServerError));
    assert_eq!(listed(Err(UnknownReason::Timeout), &refunded()), Err(UnknownReason::Timeout));
}

#[test]
fn ids_are_read_from_a_custom_id_and_from_nothing_else() {
    let payment = TransactionId::parse(TRANSACTION_ID).unwrap();
    assert_eq!(ids(TRANSACTION_ID), Some((payment.clone(), None)));
    assert_eq!(ids(&custom()), Some((payment, Some(id()))));
    for strange in ["", ".", "order-7", &format!("{TRANSACTION_ID}."), &format!("{}.{TRANSACTION_ID}", id())] {
        assert_eq!(ids(strange), None, "{strange}");
    }
}
