use domain::{
    id::{IdempotencyKey, RequestHash},
    money::Money,
    payment::{Refund as Kept, RefundProgress, RefundSource},
    time::Timestamp,
};
use serde_json::json;

use super::*;
use crate::gateway::stripe::fixtures::{TRANSACTION_ID, payment, response, with};

fn id() -> RefundId {
    RefundId::derive("merchant", &payment().id, &IdempotencyKey::parse("r1").unwrap())
}

fn refunding(minor_units: i64, reason: Option<RefundReason>) -> Payment {
    let mut payment = payment();
    let key = IdempotencyKey::parse("r1").unwrap();
    payment.refunds.push(Kept {
        id: id(),
        source: RefundSource::Api { key, request_hash: RequestHash::of([]) },
        amount: Money::payable(minor_units, Currency::from_code("EUR").unwrap()).unwrap(),
        reason,
        reference: None,
        started_at: Timestamp::from_unix_ms(0),
        progress: RefundProgress::Unanswered,
    });
    payment
}

fn refund(status: &str) -> Value {
    json!({"id": "re_1", "object": "refund", "amount": 500, "currency": "eur", "payment_intent": "pi_1", "charge": "ch_1",
        "status": status, "metadata": {"transaction_id": TRANSACTION_ID, "refund_id": id().as_str()}})
}

fn outcome_of(status: u16, body: &Value) -> RefundOutcome {
    answer(Ok(response(status, &body.to_string()))).outcome
}

fn shown(value: Value) -> RefundSnapshot {
    let RefundOutcome::Refund(snapshot) = outcome_of(200, &value) else { panic!("{value}") };
    snapshot
}

#[test]
fn a_refund_names_its_payment_its_amount_and_itself_under_a_key_of_its_own() {
    let sent = request(&refunding(500, Some(RefundReason::Duplicate)), &id()).unwrap();
    let expected = StripeRequest::post(
        "/v1/refunds".to_owned(),
        format!("{TRANSACTION_ID}:refund:{}", id()),
        vec![
            field("payment_intent", "pi_1"),
            field("amount", "500"),
            field("metadata[transaction_id]", TRANSACTION_ID),
            field("metadata[refund_id]", id().as_str()),
            field("reason", "duplicate"),
        ],
    );
    assert_eq!(sent, expected);
}

#[test]
fn what_is_not_on_the_row_is_not_sent() {
    assert_eq!(request(&payment(), &id()), Err(Unsendable::NotOnTheRow));
    assert_eq!(unsent(Unsendable::NotOnTheRow).outcome, RefundOutcome::Unknown(UnknownReason::NotSent));
    let refused = RefundOutcome::Refused { code: "amount_not_expressible".to_owned() };
    assert_eq!(unsent(Unsendable::Impossible("amount_not_expressible")).outcome, refused);
}

#[test]
fn every_status_of_a_refund_means_one_thing() {
    let failed = with(refund("failed"), json!({"failure_reason": "lost_or_stolen_card"}));
    assert_eq!(shown(failed).status, RefundStatus::Failed { code: "lost_or_stolen_card".to_owned() });
    for (word, means) in [
        ("pending", RefundStatus::Pending),
        ("requires_action", RefundStatus::Pending),
        ("succeeded", RefundStatus::Succeeded),
        ("failed", RefundStatus::Failed { code: "unknown".to_owned() }),
        ("canceled", RefundStatus::Canceled),
        ("reversed", RefundStatus::Unrecognized("reversed".to_owned())),
    ] {
        assert_eq!(shown(refund(word)).status, means, "{word}");
    }
}

#[test]
fn a_refund_without_a_status_is_read_and_its_status_is_no_word_of_ours() {
    let unsaid = shown(with(refund("succeeded"), json!({"status": null})));
    assert_eq!((unsaid.id, unsaid.status), (Some(id()), RefundStatus::Unrecognized("null".to_owned())));
}

#[test]
fn a_refund_tells_whose_it_is_and_how_much() {
    let seen = shown(refund("succeeded"));
    assert_eq!((seen.reference.as_str(), seen.object.as_str(), seen.id), ("re_1", "pi_1", Some(id())));
    assert_eq!((seen.amount_minor_units, seen.currency.map(Currency::code)), (500, Some("EUR")));
    let crowns = shown(with(refund("succeeded"), json!({"currency": "isk", "amount": 2_500})));
    assert_eq!((crowns.amount_minor_units, crowns.currency.map(Currency::code)), (25, Some("ISK")));
    for strange in [json!({"currency": "xyz"}), json!({"currency": "isk", "amount": 2_550})] {
        assert_eq!(shown(with(refund("succeeded"), strange)).currency, None);
    }
    for not_ours in [json!({"metadata": {}}), json!({"metadata": null}), json!({"metadata": {"refund_id": "re_x"}})] {
        assert_eq!(shown(with(refund("succeeded"), not_ours)).id, None);
    }
}

#[test]
fn what_is_refused_for_the_moneys_sake_has_not_happened() {
    for error in [
        json!({"type": "invalid_request_error", "code": "charge_already_refunded"}),
        json!({"type": "invalid_request_error", "code": "charge_disputed"}),
        json!({"type": "invalid_request_error", "code": "balance_insufficient"}),
    ] {
        let code = error["code"].as_str().unwrap().to_owned();
        assert_eq!(outcome_of(400, &json!({ "error": error })), RefundOutcome::Refused { code });
    }
    let too_much = json!({"error": {"type": "invalid_request_error", "param": "amount"}});
    assert_eq!(outcome_of(400, &too_much), RefundOutcome::Refused { code: "invalid_request_error".to_owned() });
}

#[test]
fn whatever_else_comes_back_proves_nothing() {
    let unknown = |reason| RefundOutcome::Unknown(reason);
    let error = |kind: &str, code: &str| json!({"error": {"type": kind, "code": code}});
    for (status, body, reason) in [
        (400, error("invalid_request_error", "parameter_unknown"), UnknownReason::Misconfigured),
        (404, error("invalid_request_error", "resource_missing"), UnknownReason::Misconfigured),
        (400, error("idempotency_error", "x"), UnknownReason::KeyMismatch),
        (409, error("invalid_request_error", "idempotency_key_in_use"), UnknownReason::KeyInUse),
        (429, error("invalid_request_error", "rate_limit"), UnknownReason::RateLimited),
        (400, error("invalid_request_error", "lock_timeout"), UnknownReason::RateLimited),
        (401, json!({}), UnknownReason::Unauthorized),
        (500, json!({}), UnknownReason::ServerError),
        (424, json!({}), UnknownReason::ServerError),
        (400, json!({}), UnknownReason::Unreadable),
        (200, json!({"object": "charge"}), UnknownReason::Unreadable),
        (200, with(refund("succeeded"), json!({"payment_intent": null})), UnknownReason::Unreadable),
        (302, refund("succeeded"), UnknownReason::Unreadable),
    ] {
        assert_eq!(outcome_of(status, &body), unknown(reason), "{status} {body}");
    }
    assert_eq!(answer(Err(UnknownReason::Timeout)).outcome, unknown(UnknownReason::Timeout));
}

#[test]
fn a_saved_answer_is_told_from_a_first_hand_one() {
    let first = response(200, &refund("succeeded").to_string());
    assert_eq!(answer(Ok(first.clone())).hand, Hand::First);
    assert_eq!(answer(Ok(StripeResponse { replayed: true, ..first })).hand, Hand::Replayed);
}

#[test]
fn all_refunds_of_the_object_are_asked_for_page_by_page() {
    let path = |after: Option<&GatewayToken>| list(&payment(), after).path;
    assert_eq!(path(None), "/v1/refunds?payment_intent=pi_1&limit=100");
    let after = GatewayToken::parse("re_7").unwrap();
    assert_eq!(path(Some(&after)), "/v1/refunds?payment_intent=pi_1&limit=100&starting_after=re_7");
}

#[test]
fn a_page_of_which_one_refund_cannot_be_read_is_no_page() {
    let read =
        |data: Value| page(Ok(response(200, &json!({"object": "list", "data": data, "has_more": false}).to_string())));
    assert_eq!(read(json!([])), Ok((Vec::new(), false)));
    assert_eq!(read(json!([refund("succeeded")])), Ok((vec![shown(refund("succeeded"))], false)));
    assert_eq!(read(json!([refund("succeeded"), {"object": "refund"}])), Err(UnknownReason::Unreadable));
    assert_eq!(page(Ok(response(200, "{}"))), Err(UnknownReason::Unreadable));
    assert_eq!(page(Ok(response(500, "{}"))), Err(UnknownReason::ServerError));
    assert_eq!(page(Err(UnknownReason::Timeout)), Err(UnknownReason::Timeout));
}
