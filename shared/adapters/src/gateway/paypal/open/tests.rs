//! What PayPal is asked for when an order is opened, byte by byte, and what comes of it.

use domain::{
    gateway::{Gateway, NextAction, ObjectStatus},
    id::{RequestHash, TransactionId},
    text::{Text, WebUrl},
};
use serde_json::{Value, json};

use super::*;
use crate::gateway::paypal::{
    fixtures::{ORDER, PAYER_URL, TRANSACTION_ID, issue, order, response, terms, with},
    message::Act,
};

fn ask(terms: &Terms) -> Result<PaypalRequest, OpenOutcome> {
    let id = id();
    let request_hash = RequestHash::of([("amount", "2500")]);
    request(&OpenRequest { id: &id, gateway: Gateway::PayPal, terms, request_hash, round: 2 })
}

fn body(terms: &Terms) -> String {
    match ask(terms).unwrap().act {
        Act::Post { body, .. } => body,
        Act::Get | Act::Form { .. } => panic!("a look, or a form"),
    }
}

fn outcome_of(status: u16, body: &Value) -> OpenOutcome {
    outcome(Ok(response(status, &body.to_string())), &id(), Mode::Test)
}

fn id() -> TransactionId {
    TransactionId::parse(TRANSACTION_ID).unwrap()
}

#[test]
fn the_smallest_request_names_amount_our_id_twice_and_the_way_back_under_the_key_of_its_round() {
    let asked = ask(&terms(2_500, "EUR")).unwrap();
    assert_eq!(asked.path, "/v2/checkout/orders");
    let hash = RequestHash::of([("amount", "2500")]).short();
    let Act::Post { request_id, body } = asked.act else { panic!("a look") };
    assert_eq!(request_id, format!("{TRANSACTION_ID}:open:{hash}:2"));
    assert!(request_id.len() <= 108, "PayPal takes no longer ones at orders");
    assert_eq!(
        body,
        concat!(
            r#"{"intent":"CAPTURE","purchase_units":[{"amount":{"currency_code":"EUR","value":"25.00"},"#,
            r#""custom_id":"pay_u6ug5emn6j6bmcvzrjwf3bpo5q","invoice_id":"pay_u6ug5emn6j6bmcvzrjwf3bpo5q"}],"#,
            r#""payment_source":{"paypal":{"experience_context":{"return_url":"https://shop.example/done","#,
            r#""cancel_url":"https://shop.example/done","user_action":"CONTINUE","shipping_preference":"NO_SHIPPING"}}}}"#
        )
    );
}

#[test]
fn everything_the_merchant_gave_is_passed_on_and_what_is_too_long_is_cut() {
    let full = Terms {
        capture: CaptureMethod::Manual,
        confirmation: Confirmation::Automatic,
        description: Some(Text::parse(&"ü".repeat(130)).unwrap()),
        statement_descriptor: Some(Text::parse("TICKETS").unwrap()),
        cancel_url: Some(WebUrl::parse("https://shop.example/back").unwrap()),
        ..terms(17_500, "HUF")
    };
    let sent: Value = serde_json::from_str(&body(&full)).unwrap();
    let unit = &sent["purchase_units"][0];
    assert_eq!(sent["intent"], "AUTHORIZE");
    assert_eq!(unit["amount"], json!({"currency_code": "HUF", "value": "175"}));
    assert_eq!((&unit["description"], &unit["soft_descriptor"]), (&json!("ü".repeat(127)), &json!("TICKETS")));
    let context = &sent["payment_source"]["paypal"]["experience_context"];
    assert_eq!(context["cancel_url"], "https://shop.example/back");
    assert_eq!(context["user_action"], "PAY_NOW", "the payer's approval is the last step");
}

#[test]
fn what_paypal_cannot_be_asked_for_is_not_sent() {
    for (terms, refused) in [
        (terms(17_550, "HUF"), ("amount_not_a_multiple", "/amount")),
        (terms(5_000, "KWD"), ("currency_not_supported", "/currency")),
        (terms(i64::MAX, "EUR"), ("amount_too_large", "/amount")),
        (Terms { return_url: None, ..terms(2_500, "EUR") }, ("return_url_required", "/returnUrl")),
    ] {
        let (code, field) = refused;
        assert_eq!(ask(&terms), Err(OpenOutcome::Refused { code: code.to_owned(), field: Some(field) }));
    }
}

#[test]
fn an_opened_order_comes_with_the_page_where_its_payer_approves() {
    for status in [200, 201] {
        let OpenOutcome::Opened(opened) = outcome_of(status, &order("PAYER_ACTION_REQUIRED")) else {
            panic!("not opened")
        };
        let page = WebUrl::parse(PAYER_URL).unwrap();
        assert_eq!(opened.snapshot.reference.as_str(), ORDER);
        assert_eq!(opened.snapshot.status, ObjectStatus::AwaitsPayer(NextAction::Redirect(page.clone())));
        assert_eq!((opened.payer_url, opened.client_secret), (Some(page), None));
    }
}

#[test]
fn an_order_that_nobody_can_be_sent_to_is_none() {
    let unreadable = OpenOutcome::Unknown(UnknownReason::Unreadable);
    assert_eq!(outcome_of(201, &with(order("CREATED"), json!({"links": []}))), unreadable);
    assert_eq!(outcome_of(201, &json!({"id": ORDER})), unreadable);
}

#[test]
fn a_refusal_points_at_our_own_field() {
    let at = |name: &str, field: &str| {
        outcome_of(422, &with(issue(name), json!({"details": [{"issue": name, "field": field, "location": "body"}]})))
    };
    let unit = "/purchase_units/@reference_id=='default'";
    for (name, field, pointer) in [
        ("INVALID_CURRENCY_CODE", format!("{unit}/amount/currency_code"), Some("/currency")),
        ("MAX_VALUE_EXCEEDED", format!("{unit}/amount/value"), Some("/amount")),
        ("INVALID_STRING_LENGTH", format!("{unit}/soft_descriptor"), Some("/statementDescriptor")),
        (
            "INVALID_PARAMETER_SYNTAX",
            "/payment_source/paypal/experience_context/return_url".to_owned(),
            Some("/returnUrl"),
        ),
        ("PAYEE_ACCOUNT_RESTRICTED", unit.to_owned(), None),
        ("SOME_NEW_ISSUE", "/brand_new".to_owned(), None),
    ] {
        assert_eq!(at(name, &field), OpenOutcome::Refused { code: name.to_owned(), field: pointer });
    }
}

#[test]
fn after_a_failure_the_next_key_is_tried_for_an_order_that_nobody_has_is_inert() {
    assert_eq!(outcome_of(500, &issue("INTERNAL_SERVER_ERROR")), OpenOutcome::SavedFailure);
    assert_eq!(outcome_of(503, &json!("<html>")), OpenOutcome::SavedFailure);
}

#[test]
fn a_reused_key_and_a_silence_are_what_they_are() {
    assert_eq!(outcome_of(422, &issue("PAYPAL_REQUEST_ID_PREVIOUSLY_USED")), OpenOutcome::KeyMismatch);
    for (status, body, reason) in [
        (409, issue("PREVIOUS_REQUEST_IN_PROGRESS"), UnknownReason::KeyInUse),
        (401, issue("INVALID_ACCOUNT_STATUS"), UnknownReason::Unauthorized),
        (403, issue("PERMISSION_DENIED"), UnknownReason::Unauthorized),
        (429, issue("RATE_LIMIT_REACHED"), UnknownReason::RateLimited),
    ] {
        assert_eq!(outcome_of(status, &body), OpenOutcome::Unknown(reason));
    }
    assert_eq!(outcome(Err(UnknownReason::NotSent), &id(), Mode::Test), OpenOutcome::Unknown(UnknownReason::NotSent));
}

#[test]
fn an_order_that_does_not_bear_our_id_is_not_the_one_that_was_asked_for() {
    for custom_id in [json!(null), json!("pay_srgsc5zsbqycrakmfcc3opqd6l"), json!(7)] {
        let mut other = order("PAYER_ACTION_REQUIRED");
        other["purchase_units"][0]["custom_id"] = custom_id;
        assert_eq!(outcome_of(201, &other), OpenOutcome::Unknown(UnknownReason::Unreadable), "{other}");
    }
}
