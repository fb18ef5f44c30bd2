//! Webhooks as an endpoint meets them: what is in them, how often they come, and in which order.

mod caller;

use std::time::Duration;

use caller::{Caller, merchant::Merchant};
use serde_json::{Value, json};

#[tokio::test]
async fn an_event_is_a_snapshot_and_names_the_request_that_caused_it() {
    let caller = Caller::start().await;
    let merchant = Merchant::listening(&caller, 0).await;
    let (id, secret) = caller.opened().await;
    let answer = caller.post_with_key(&format!("/v1/payment_intents/{id}"), "metadata[a]=1", "update").await;
    assert_eq!(answer.status, 200);
    let confirm = format!("/v1/payment_intents/{id}/confirm");
    let declined = caller.post_with_key(&confirm, "payment_method=pm_card_visa_chargeDeclined", "first").await;
    let form = format!("key=pk_test_1&client_secret={secret}&payment_method=pm_card_visa");
    caller.send("POST", &confirm, &[("idempotency-key", "browser")], &form).await.unwrap();
    let heard = merchant.heard(5).await;
    let event = |kind: &str| heard.iter().find(|event| event["type"] == kind).unwrap_or_else(|| panic!("no {kind}"));
    let failed = event("payment_intent.payment_failed");
    assert_eq!(failed["data"]["object"]["status"], "requires_payment_method");
    assert_eq!(failed["request"], json!({ "id": declined.header("request-id"), "idempotency_key": "first" }));
    assert_eq!((&failed["livemode"], &failed["api_version"]), (&json!(false), &json!("2026-10-28.endive")));
    let succeeded = event("payment_intent.succeeded");
    assert_eq!(succeeded["data"]["object"]["status"], "succeeded");
    assert_eq!(succeeded["request"]["idempotency_key"], Value::Null, "a browser's key is nobody's business");
    assert_eq!(event("payment_intent.created")["data"]["object"]["status"], "requires_payment_method");
}

#[tokio::test]
async fn what_the_payer_does_has_no_request() {
    let caller = Caller::start().await;
    let asked = caller.paid_with("pm_card_threeDSecure2Required", "").await;
    let merchant = Merchant::listening(&caller, 0).await;
    let page = asked.at("next_action.use_stripe_sdk.stripe_js");
    caller.send("POST", page.as_str().unwrap(), &[], "decision=fail").await.unwrap();
    let heard = merchant.heard(1).await;
    assert_eq!(heard[0]["type"], "payment_intent.payment_failed");
    assert_eq!(heard[0]["request"], json!({ "id": null, "idempotency_key": null }));
}

#[tokio::test]
async fn a_refused_event_comes_again_and_the_log_shows_both() {
    let caller = Caller::start().await;
    let merchant = Merchant::listening(&caller, 2).await;
    let (id, _) = caller.opened().await;
    let heard = merchant.heard(1).await;
    assert_eq!(heard[0]["data"]["object"]["id"], id.as_str());
    let log = caller.steer("GET", "/_sandbox/webhooks", "").await.json();
    let tries: Vec<(Value, Value, Value)> = log["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["attempt"].clone(), line["status"].clone(), line["answer"].clone()))
        .collect();
    assert_eq!(tries[..2], [(json!(1), json!(500), json!("not now")), (json!(2), json!(500), json!("not now"))]);
}

#[tokio::test]
async fn held_events_wait_and_come_in_the_order_asked_for_as_often_as_asked() {
    let caller = Caller::start().await;
    let merchant = Merchant::listening(&caller, 0).await;
    caller.steer("POST", "/_sandbox/webhooks/hold", "").await;
    caller.paid_with("pm_card_visa", "&capture_method=automatic").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(merchant.kinds().is_empty(), "held events went out");
    let report = caller.steer("GET", "/_sandbox/webhooks", "").await.json();
    assert_eq!((&report["held"], &report["waiting"]), (&json!(true), &json!(3)));
    caller.steer("POST", "/_sandbox/webhooks/release", r#"{"order": "lifo", "copies": 2}"#).await;
    merchant.heard(6).await;
    let expected = ["payment_intent.succeeded", "charge.succeeded", "payment_intent.created"];
    let doubled: Vec<Value> = expected.iter().flat_map(|kind| [json!(kind), json!(kind)]).collect();
    assert_eq!(merchant.kinds(), doubled);
    caller.opened().await;
    merchant.heard(7).await;
}

#[tokio::test]
async fn nobody_listening_is_logged_and_tried_again() {
    let caller = Caller::start().await;
    let body = r#"{"url": "http://127.0.0.1:9/hook", "secret": "whsec_1"}"#;
    caller.steer("POST", "/_sandbox/webhook_endpoints", body).await;
    caller.opened().await;
    for _ in 0..300 {
        let log = caller.steer("GET", "/_sandbox/webhooks", "").await.json();
        if log["deliveries"].as_array().unwrap().len() >= 2 {
            assert_eq!(log["deliveries"][0]["status"], Value::Null);
            assert!(log["deliveries"][0]["error"].as_str().unwrap().contains("onnect"));
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("an unheard event was not tried again");
}
