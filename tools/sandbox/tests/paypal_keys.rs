//! `PayPal-Request-Id`: what a second request under the same id comes to.

mod caller;

use std::{sync::Arc, time::Duration};

use caller::{
    Caller,
    shop::{Shop, order},
};
use sandbox::Config;
use serde_json::{Value, json};

const ORDERS: &str = "/v2/checkout/orders";

#[tokio::test]
async fn a_second_request_gets_the_object_as_it_stands_now() {
    let shop = Shop::open().await;
    let body = order("CAPTURE", "EUR", "10.00", "pay_1");
    let first = shop.post_with_key(ORDERS, body.clone(), "open").await;
    let again = shop.post_with_key(ORDERS, body.clone(), "open").await;
    assert_eq!((first.status, again.status, again.at("id")), (201, 200, first.at("id")));
    let id = first.text_at("id");
    shop.approved(&id, "completed").await;
    assert_eq!(shop.post_with_key(ORDERS, body, "open").await.at("status"), "APPROVED");
    let capture = format!("{ORDERS}/{id}/capture");
    let first = shop.post_with_key(&capture, json!({}), "capture").await;
    let capture_id = first.text_at("purchase_units.0.payments.captures.0.id");
    let refund = format!("/v2/payments/captures/{capture_id}/refund");
    let refunded = shop.post_with_key(&refund, json!({}), "refund").await;
    assert_eq!(shop.post_with_key(&refund, json!({}), "refund").await.at("id"), refunded.at("id"));
    let again = shop.post_with_key(&capture, json!({}), "capture").await;
    assert_eq!(again.status, 200);
    assert_eq!(again.text_at("purchase_units.0.payments.captures.0.status"), "REFUNDED");
    assert_eq!(shop.ledger().await["refunds"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn another_request_under_the_key_is_refused_without_an_effect() {
    let shop = Shop::open().await;
    shop.post_with_key(ORDERS, order("CAPTURE", "EUR", "10.00", "pay_1"), "k").await;
    let other = shop.post_with_key(ORDERS, order("CAPTURE", "EUR", "11.00", "pay_1"), "k").await;
    assert_eq!(other.issue(), (422, "PAYPAL_REQUEST_ID_PREVIOUSLY_USED".to_owned()));
}

#[tokio::test]
async fn keys_of_orders_die_after_six_hours_and_those_of_payments_after_forty_five_days() {
    let shop = Shop::open().await;
    let body = order("CAPTURE", "EUR", "10.00", "pay_1");
    let id = shop.post_with_key(ORDERS, body.clone(), "pay_1:open").await.text_at("id");
    shop.approved(&id, "completed").await;
    let captured = shop.post_with_key(&format!("{ORDERS}/{id}/capture"), json!({}), "pay_1:confirm:1").await;
    let capture = captured.text_at("purchase_units.0.payments.captures.0.id");
    let refund = format!("/v2/payments/captures/{capture}/refund");
    let euro = json!({"amount": {"currency_code": "EUR", "value": "1.00"}});
    shop.post_with_key(&refund, euro.clone(), "pay_1:refund:1").await;
    let age = async |hours: u32| {
        let body = json!({"hours": hours, "transactionId": "pay_1"}).to_string();
        shop.caller.steer("POST", "/_sandbox/keys/age", &body).await.at("aged")
    };
    assert_eq!(age(6).await, 3);
    assert_ne!(shop.post_with_key(ORDERS, body, "pay_1:open").await.text_at("id"), id, "a second order");
    let late = shop.post_with_key(&format!("{ORDERS}/{id}/capture"), json!({}), "pay_1:confirm:1").await;
    assert_eq!(late.issue(), (422, "ORDER_ALREADY_CAPTURED".to_owned()));
    assert_eq!(shop.post_with_key(&refund, euro.clone(), "pay_1:refund:1").await.status, 201);
    assert_eq!(shop.ledger().await["refunds"].as_array().unwrap().len(), 1, "a replay");
    age(45 * 24).await;
    shop.post_with_key(&refund, euro, "pay_1:refund:1").await;
    assert_eq!(shop.ledger().await["refunds"].as_array().unwrap().len(), 2, "a refund of its own");
}

#[tokio::test]
async fn a_request_that_is_being_executed_and_one_on_a_busy_object_are_conflicts() {
    let config = Config { latency_ms: 1_000, lock_wait_ms: 20, ..Config::default() };
    let shop = Arc::new(Shop::with(Caller::with(config).await).await);
    let id = shop.ordered("CAPTURE", "pay_1").await;
    shop.approved(&id, "completed").await;
    let capture = format!("{ORDERS}/{id}/capture");
    let first = tokio::spawn({
        let (shop, capture) = (Arc::clone(&shop), capture.clone());
        async move { shop.post_with_key(&capture, json!({}), "a").await.status }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    for key in ["a", "b"] {
        let second = shop.post_with_key(&capture, json!({}), key).await;
        assert_eq!(second.issue(), (409, "PREVIOUS_REQUEST_IN_PROGRESS".to_owned()), "{key}");
    }
    assert_eq!(first.await.unwrap(), 201);
    assert_eq!(shop.post_with_key(&capture, json!({}), "a").await.status, 200);
    assert_eq!(shop.post_with_key(&capture, json!({}), "b").await.issue().1, "ORDER_ALREADY_CAPTURED");
}

#[tokio::test]
async fn fifty_captures_at_once_charge_once() {
    let shop = Arc::new(Shop::open().await);
    let id = shop.ordered("CAPTURE", "pay_1").await;
    shop.approved(&id, "completed").await;
    let calls: Vec<_> = (0..50)
        .map(|n| {
            let (shop, path) = (Arc::clone(&shop), format!("{ORDERS}/{id}/capture"));
            tokio::spawn(async move { shop.post_with_key(&path, Value::Null, &format!("k{n}")).await.status })
        })
        .collect();
    let mut paid = 0;
    for call in calls {
        paid += usize::from(call.await.unwrap() == 201);
    }
    assert_eq!((paid, shop.ledger().await["charges"].as_array().unwrap().len()), (1, 1));
}
