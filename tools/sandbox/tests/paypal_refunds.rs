//! Refunds at PayPal: partial and whole, at once and later, by us and by others, and never too much.

mod caller;

use std::sync::Arc;

use caller::shop::Shop;
use serde_json::{Value, json};

fn euros(value: &str) -> Value {
    json!({ "amount": { "currency_code": "EUR", "value": value } })
}

fn path(capture: &str) -> String {
    format!("/v2/payments/captures/{capture}/refund")
}

#[tokio::test]
async fn a_capture_is_refunded_in_parts_to_the_last_cent() {
    let shop = Shop::open().await;
    let (order, capture) = shop.paid("pay_1").await;
    let mut body = euros("4.00");
    body["custom_id"] = json!("ref_1");
    body["note_to_payer"] = json!("sorry");
    let first = shop.send("POST", &path(&capture), &[("prefer", "return=representation")], body).await.unwrap();
    assert_eq!((first.status, first.at("status"), first.at("custom_id")), (201, json!("COMPLETED"), json!("ref_1")));
    assert_eq!(first.at("seller_payable_breakdown.total_refunded_amount.value"), "4.00");
    let state = async || shop.get(&format!("/v2/payments/captures/{capture}")).await.at("status");
    assert_eq!(state().await, "PARTIALLY_REFUNDED");
    assert_eq!(shop.post(&path(&capture), euros("6.01")).await.issue(), (422, "REFUND_AMOUNT_EXCEEDED".to_owned()));
    let rest = shop.post(&path(&capture), Value::Null).await;
    assert!(rest.status == 201 && rest.at("amount").is_null(), "a minimal answer: {}", rest.text);
    assert_eq!(shop.get(&format!("/v2/payments/refunds/{}", rest.text_at("id"))).await.at("amount.value"), "6.00");
    assert_eq!(state().await, "REFUNDED");
    assert_eq!(shop.post(&path(&capture), euros("0.01")).await.issue(), (422, "CAPTURE_FULLY_REFUNDED".to_owned()));
    let whole = shop.get(&format!("/v2/checkout/orders/{order}")).await.json();
    assert_eq!(whole["purchase_units"][0]["payments"]["refunds"][0]["custom_id"], "ref_1", "the order lists refunds");
    let rows = json!([["paypal", "succeeded", 400, null], ["paypal", "succeeded", 600, null]]);
    assert_eq!(shop.ledger().await["refunds"], rows);
}

#[tokio::test]
async fn what_paypal_does_not_refund_is_refused_by_its_name() {
    let shop = Shop::open().await;
    let (_, capture) = shop.paid("pay_1").await;
    let refused = async |body: Value| shop.post(&path(&capture), body).await.issue();
    let dollars = json!({"amount": {"currency_code": "USD", "value": "1"}});
    assert_eq!(refused(dollars).await, (422, "REFUND_CAPTURE_CURRENCY_MISMATCH".to_owned()));
    assert_eq!(refused(euros("0")).await, (422, "CANNOT_BE_ZERO_OR_NEGATIVE".to_owned()));
    assert_eq!(refused(euros("1.005")).await, (422, "DECIMAL_PRECISION".to_owned()));
    assert_eq!(shop.post(&path("NOSUCHCAPTURE"), Value::Null).await.issue(), (404, "INVALID_RESOURCE_ID".to_owned()));
    let mut numbered = euros("1.00");
    numbered["invoice_id"] = json!("R-1");
    assert_eq!(shop.post(&path(&capture), numbered.clone()).await.status, 201);
    assert_eq!(refused(numbered).await, (422, "DUPLICATE_INVOICE_ID".to_owned()));
    shop.caller.steer("POST", "/_sandbox/lapse", &json!({ "objectId": capture }).to_string()).await;
    assert_eq!(refused(euros("1.00")).await, (422, "REFUND_TIME_LIMIT_EXCEEDED".to_owned()));
}

#[tokio::test]
async fn a_pending_refund_holds_its_money_until_it_is_decided() {
    for (outcome, status, row, left) in [
        ("succeeded", "COMPLETED", "succeeded", "CAPTURE_FULLY_REFUNDED"),
        ("failed", "FAILED", "failed", ""),
        ("canceled", "CANCELLED", "canceled", ""),
    ] {
        let shop = Shop::open().await;
        let order = shop.ordered("CAPTURE", "pay_1").await;
        let body = json!({"objectId": order, "decision": "approve", "refunds": "pending"});
        shop.caller.steer("POST", "/_sandbox/payer/decide", &body.to_string()).await;
        let captured = shop.post(&format!("/v2/checkout/orders/{order}/capture"), Value::Null).await;
        let capture = captured.text_at("purchase_units.0.payments.captures.0.id");
        let refund = shop.post(&path(&capture), euros("10.00")).await;
        assert_eq!((refund.status, refund.at("status")), (201, json!("PENDING")));
        let again = shop.post(&path(&capture), euros("0.01")).await;
        assert_eq!(again.issue(), (422, "CAPTURE_FULLY_REFUNDED".to_owned()));
        assert_eq!(shop.get(&format!("/v2/payments/captures/{capture}")).await.at("status"), "COMPLETED");
        let id = refund.text_at("id");
        let body = json!({ "objectId": id, "outcome": outcome }).to_string();
        shop.caller.steer("POST", "/_sandbox/settle", &body).await;
        assert_eq!(shop.get(&format!("/v2/payments/refunds/{id}")).await.at("status"), status);
        assert_eq!(shop.ledger().await["refunds"][0][1], row);
        let again = shop.post(&path(&capture), euros("10.00")).await;
        if left.is_empty() {
            assert_eq!(again.status, 201, "{outcome}: the money is the merchant's again");
        } else {
            assert_eq!(again.issue(), (422, left.to_owned()));
        }
    }
}

#[tokio::test]
async fn a_refund_may_fail_by_itself_after_a_while() {
    let shop = Shop::open().await;
    let order = shop.ordered("CAPTURE", "pay_1").await;
    let body = json!({"objectId": order, "decision": "approve", "refunds": "pending_then_failed"});
    shop.caller.steer("POST", "/_sandbox/payer/decide", &body.to_string()).await;
    let captured = shop.post(&format!("/v2/checkout/orders/{order}/capture"), Value::Null).await;
    let capture = captured.text_at("purchase_units.0.payments.captures.0.id");
    let id = shop.post(&path(&capture), Value::Null).await.text_at("id");
    for _ in 0..300 {
        if shop.get(&format!("/v2/payments/refunds/{id}")).await.at("status") == "FAILED" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the refund did not fail");
}

#[tokio::test]
async fn people_refund_capture_and_release_at_the_dashboard() {
    let shop = Shop::open().await;
    let (_, capture) = shop.paid("pay_1").await;
    let refunded =
        shop.caller.steer("POST", "/_sandbox/dashboard/refund", r#"{"transactionId": "pay_1", "amount": 250}"#);
    assert_eq!(refunded.await.at("amount.value"), "2.50");
    assert_eq!(shop.get(&format!("/v2/payments/captures/{capture}")).await.at("status"), "PARTIALLY_REFUNDED");
    let (taken, released) = (shop.held("pay_2").await, shop.held("pay_3").await);
    shop.caller.steer("POST", "/_sandbox/dashboard/capture", r#"{"transactionId": "pay_2", "amount": 700}"#).await;
    shop.caller.steer("POST", "/_sandbox/dashboard/cancel", r#"{"transactionId": "pay_3"}"#).await;
    let status = async |id: &str| shop.get(&format!("/v2/payments/authorizations/{id}")).await.at("status");
    assert_eq!((status(&taken).await, status(&released).await), (json!("CAPTURED"), json!("VOIDED")));
}

#[tokio::test]
async fn a_hundred_refunds_at_once_never_exceed_the_capture() {
    let shop = Arc::new(Shop::open().await);
    let (_, capture) = shop.paid("pay_1").await;
    let calls: Vec<_> = (0..100)
        .map(|n| {
            let (shop, path) = (Arc::clone(&shop), path(&capture));
            tokio::spawn(async move { shop.post_with_key(&path, euros("0.50"), &format!("k{n}")).await.status })
        })
        .collect();
    let mut paid = 0;
    for call in calls {
        paid += usize::from(call.await.unwrap() == 201);
    }
    assert_eq!((paid, shop.ledger().await["refunds"].as_array().unwrap().len()), (20, 20));
}
