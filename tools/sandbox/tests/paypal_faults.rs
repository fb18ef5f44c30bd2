//! Everything that can go wrong at Stripe can go wrong at PayPal, and so can what PayPal documents.

mod caller;

use caller::shop::{Shop, order};
use serde_json::json;

const ORDERS: &str = "/v2/checkout/orders";

#[tokio::test]
async fn before_means_that_nothing_was_done_and_after_that_everything_was() {
    for (fault, charges) in [
        ("status", 0),
        ("reset_before", 0),
        ("reset_after", 1),
        ("hang_before", 0),
        ("hang_after", 1),
        ("garbage_after", 1),
        ("saved_status_before", 0),
        ("saved_status_after", 1),
    ] {
        let shop = Shop::open().await;
        let id = shop.ordered("CAPTURE", "pay_1").await;
        shop.approved(&id, "completed").await;
        let capture = format!("{ORDERS}/{id}/capture");
        let rule =
            json!({"path": "/v2/**/capture", "transactionId": "pay_1", "fault": fault, "delayMs": 20, "times": 1});
        shop.break_paypal(rule).await;
        let lost = shop.send("POST", &capture, &[("paypal-request-id", "k")], json!({})).await;
        let is_lost = lost.map_or(true, |answer| answer.status >= 500 || answer.text == "{\"id\": \"gar");
        assert!(is_lost, "{fault}");
        assert_eq!(shop.ledger().await["charges"].as_array().unwrap().len(), charges, "{fault}");
        let again = shop.post_with_key(&capture, json!({}), "k").await;
        if fault.starts_with("saved") {
            assert_eq!(again.at("name"), "INTERNAL_SERVER_ERROR", "{fault}: for as long as the key lives");
            shop.caller.steer("POST", "/_sandbox/keys/age", r#"{"hours": 6, "key": "k"}"#).await;
            let with_a_dead_key = shop.post_with_key(&capture, json!({}), "k").await;
            assert_eq!(with_a_dead_key.status, if charges == 1 { 422 } else { 201 }, "{fault}");
        } else {
            assert_eq!(
                (again.status, again.at("status")),
                (201 - u16::from(charges == 1), json!("COMPLETED")),
                "{fault}"
            );
        }
        assert_eq!(shop.ledger().await["charges"].as_array().unwrap().len(), 1, "{fault}");
    }
}

#[tokio::test]
async fn a_slow_gateway_answers_late() {
    for fault in ["slow_before", "slow_after"] {
        let shop = Shop::open().await;
        shop.break_paypal(json!({"path": ORDERS, "containing": "pay_1", "fault": fault, "delayMs": 300, "times": 1}))
            .await;
        let begun = std::time::Instant::now();
        shop.ordered("CAPTURE", "pay_2").await;
        assert!(begun.elapsed().as_millis() < 300, "{fault} struck another payment");
        shop.ordered("CAPTURE", "pay_1").await;
        assert!(begun.elapsed().as_millis() >= 300, "{fault}");
    }
}

#[tokio::test]
async fn an_old_snapshot_is_shown_of_every_object_that_was_once_different() {
    let shop = Shop::open().await;
    let (order, capture) = shop.paid("pay_1").await;
    let refund = format!("/v2/payments/captures/{capture}/refund");
    shop.post(&refund, json!({"amount": {"currency_code": "EUR", "value": "1.00"}})).await;
    for (path, back, then, now) in [
        (format!("{ORDERS}/{order}"), None, "PAYER_ACTION_REQUIRED", "COMPLETED"),
        (format!("{ORDERS}/{order}"), Some(2), "APPROVED", "COMPLETED"),
        (format!("/v2/payments/captures/{capture}"), Some(1), "COMPLETED", "PARTIALLY_REFUNDED"),
    ] {
        let mut rule = json!({"path": "/v2/**", "transactionId": "pay_1", "fault": "stale", "times": 1});
        if let Some(back) = back {
            rule["changesBack"] = json!(back);
        }
        shop.break_paypal(rule).await;
        assert_eq!(shop.get(&path).await.at("status"), then, "{path}");
        assert_eq!(shop.get(&path).await.at("status"), now, "{path}");
    }
}

#[tokio::test]
async fn any_documented_issue_can_be_asked_for_on_any_call_of_one_payment() {
    let shop = Shop::open().await;
    let (_, capture) = shop.paid("pay_1").await;
    let refund = format!("/v2/payments/captures/{capture}/refund");
    for (issue, status) in
        [("REFUND_FAILED_INSUFFICIENT_FUNDS", 422), ("PARTIAL_REFUND_NOT_ALLOWED", 422), ("PERMISSION_DENIED", 403)]
    {
        let rule = json!({"path": "/v2/**", "transactionId": "pay_1", "fault": "issue", "issue": issue, "times": 1});
        shop.break_paypal(rule).await;
        assert_eq!(shop.ordered("CAPTURE", "pay_2").await.len(), 17, "another payment is spared");
        let refused = shop.post_with_key(&refund, json!({}), "k").await;
        assert_eq!(refused.issue(), (status, issue.to_owned()));
        assert!(refused.header("paypal-debug-id").is_some());
    }
    assert_eq!(shop.post_with_key(&refund, json!({}), "k").await.status, 201, "nothing was saved");
    let unknown = r#"{"gateway": "paypal", "path": "/v2/**", "fault": "issue", "issue": "OUT_OF_COFFEE", "times": 1}"#;
    let refused = shop.caller.send("POST", "/_sandbox/faults", &[], unknown).await.unwrap();
    assert!(refused.status == 400 && refused.text.contains("OUT_OF_COFFEE"), "{}", refused.text);
}

#[tokio::test]
async fn the_token_can_be_broken_too_and_stripe_is_spared() {
    let shop = Shop::open().await;
    shop.break_paypal(json!({"path": "**", "fault": "status", "status": 503, "times": 1})).await;
    assert_eq!(shop.caller.get("/v1/balance").await.status, 200);
    let client = [("authorization", caller::shop::CLIENT)];
    let token = shop.caller.send("POST", "/v1/oauth2/token", &client, "grant_type=client_credentials").await.unwrap();
    assert_eq!((token.status, token.at("name")), (503, json!("SERVICE_UNAVAILABLE")));
}

#[tokio::test]
async fn a_second_order_may_bear_the_id_of_a_payment() {
    for (money, ledger) in [
        ("untouched", json!([])),
        ("held", json!([["paypal", "authorized", 999, "usd"]])),
        ("taken", json!([["paypal", "succeeded", 999, "usd"]])),
    ] {
        let shop = Shop::open().await;
        shop.post(ORDERS, order("CAPTURE", "EUR", "10.00", "pay_1")).await;
        let body = json!({"transactionId": "pay_1", "money": money, "amount": 999, "currency": "usd"});
        let second = shop.caller.steer("POST", "/_sandbox/duplicates", &body.to_string()).await;
        assert_eq!(second.text_at("purchase_units.0.custom_id"), "pay_1");
        assert_eq!(shop.ledger().await["charges"], ledger);
    }
}
