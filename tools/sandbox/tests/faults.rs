//! The sandbox misbehaves exactly as told: what the caller sees, and what the gateway did meanwhile.

mod caller;

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use caller::{Caller, EURO_10};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[tokio::test]
async fn before_means_that_nothing_was_done_and_after_that_everything_was() {
    for (fault, charges) in
        [("reset_before", 0), ("reset_after", 1), ("hang_before", 0), ("hang_after", 1), ("garbage_after", 1)]
    {
        let caller = Caller::start().await;
        break_confirm(&caller, &format!(r#""fault": "{fault}", "delayMs": 30, "times": 1"#)).await;
        let (id, _) = caller.opened().await;
        let confirm = format!("/v1/payment_intents/{id}/confirm");
        let headers = [("authorization", "Bearer sk_test_1"), ("idempotency-key", "k")];
        let lost = caller.send("POST", &confirm, &headers, "payment_method=pm_card_visa").await;
        match fault {
            "garbage_after" => assert!(serde_json::from_str::<serde_json::Value>(&lost.unwrap().text).is_err()),
            _ => assert!(lost.is_err(), "{fault} was answered: {lost:?}"),
        }
        assert_eq!(caller.ledger_statuses().await.len(), charges, "{fault}");
        let again = caller.post_with_key(&confirm, "payment_method=pm_card_visa", "k").await;
        assert_eq!(again.at("status"), "succeeded", "{fault}");
        assert_eq!(again.header("idempotent-replayed").is_some(), charges == 1, "{fault}");
        assert_eq!(caller.ledger_statuses().await, ["succeeded"], "{fault}");
    }
}

#[tokio::test]
async fn a_reset_is_a_reset_and_no_orderly_end() {
    let caller = Caller::start().await;
    caller
        .steer(
            "POST",
            "/_sandbox/faults",
            r#"{"gateway": "stripe", "path": "/v1/balance", "fault": "reset_before", "times": 1}"#,
        )
        .await;
    let mut stream = TcpStream::connect(caller.sandbox.address()).await.unwrap();
    stream.write_all(b"GET /v1/balance HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk_test_1\r\n\r\n").await.unwrap();
    let error = stream.read(&mut [0; 64]).await.expect_err("a FIN instead of a RST");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_hanging_request_hangs_as_long_as_it_was_told() {
    let caller = Caller::start().await;
    break_confirm(&caller, r#""fault": "hang_before", "delayMs": 200, "times": 1"#).await;
    let begun = Instant::now();
    let (id, _) = caller.opened().await;
    let headers = [("authorization", "Bearer sk_test_1")];
    assert!(caller.send("POST", &format!("/v1/payment_intents/{id}/confirm"), &headers, "").await.is_err());
    assert!(begun.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn the_gateway_finishes_though_its_caller_hangs_up() {
    let caller = Caller::with(sandbox::Config { latency_ms: 600, ..Default::default() }).await;
    let (id, _) = caller.opened().await;
    let confirm = format!("/v1/payment_intents/{id}/confirm");
    let impatient =
        tokio::time::timeout(Duration::from_millis(300), caller.post(&confirm, "payment_method=pm_card_visa")).await;
    assert!(impatient.is_err(), "the call was to be cut off");
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    assert_eq!(caller.ledger_statuses().await, ["succeeded"]);
}

#[tokio::test]
async fn a_status_is_answered_without_doing_anything_and_only_so_often() {
    let caller = Caller::start().await;
    let (id, _) = caller.opened().await;
    break_confirm(&caller, r#""fault": "status", "status": 503, "times": 2"#).await;
    let confirm = format!("/v1/payment_intents/{id}/confirm");
    for _ in 0..2 {
        let refused = caller.post_with_key(&confirm, "payment_method=pm_card_visa", "k").await;
        assert_eq!((refused.status, refused.at("error.type")), (503, json!("api_error")));
    }
    assert!(caller.ledger_statuses().await.is_empty());
    assert_eq!(caller.post_with_key(&confirm, "payment_method=pm_card_visa", "k").await.at("status"), "succeeded");
}

#[tokio::test]
async fn deleted_faults_do_not_happen() {
    let caller = Caller::start().await;
    break_confirm(&caller, r#""fault": "status", "status": 503, "times": 9"#).await;
    caller.steer("DELETE", "/_sandbox/faults", "").await;
    assert_eq!(caller.paid_with("pm_card_visa", "").await.status, 200);
    let (id, _) = caller.opened().await;
    let confirmed = caller.post(&format!("/v1/payment_intents/{id}/confirm"), "payment_method=pm_card_visa").await;
    assert_eq!(confirmed.status, 200);
}

#[tokio::test]
async fn a_control_body_that_means_nothing_is_refused_with_the_reason() {
    let caller = Caller::start().await;
    for (path, body, reason) in [
        ("/_sandbox/faults", r#"{"gateway": "stripe", "path": "/v1/**", "fault": "explode", "times": 1}"#, "explode"),
        ("/_sandbox/faults", r#"{"gateway": "stripe", "path": "/v1/**", "fault": "status", "times": 0}"#, "times"),
        ("/_sandbox/faults", r#"{"gateway": "stripe", "path": "/v1/**", "fault": "status"}"#, "times"),
        ("/_sandbox/faults", r#"{"gateway": "acme", "path": "/v1/**", "fault": "status", "times": 1}"#, "acme"),
        (
            "/_sandbox/faults",
            r#"{"gateway": "stripe", "path": "/", "fault": "status", "times": 1, "delay_ms": 5}"#,
            "delay_ms",
        ),
        ("/_sandbox/webhooks/release", r#"{"order": "random"}"#, "random"),
        ("/_sandbox/webhooks/release", r#"{"copies": 0}"#, "copies"),
        ("/_sandbox/webhook_endpoints", r#"{"url": "https://example.com", "secret": "s"}"#, "http://"),
        ("/_sandbox/settle", r#"{"objectId": "pi_none", "outcome": "succeeded"}"#, "pi_none"),
        ("/_sandbox/keys/age", "", "read"),
    ] {
        let refused = caller.send("POST", path, &[], body).await.unwrap();
        assert_eq!(refused.status, 400, "{path} {body}");
        assert!(refused.at("error").as_str().unwrap().contains(reason), "{path} {body}: {}", refused.text);
    }
}

#[tokio::test]
async fn oversized_and_odd_requests_are_refused_without_harm() {
    let caller = Caller::start().await;
    assert_eq!(caller.post("/v1/payment_intents", &format!("description={}", "x".repeat(2_000_000))).await.status, 413);
    assert_eq!(caller.post("/v1/nothing", "").await.status, 404);
    assert_eq!(caller.get("/nothing").await.status, 404);
    assert_eq!(caller.post("/v1/payment_intents", EURO_10).await.status, 200);
}

async fn break_confirm(caller: &Caller, fault: &str) {
    let body =
        format!(r#"{{"gateway": "stripe", "method": "POST", "path": "/v1/payment_intents/*/confirm", {fault}}}"#);
    caller.steer("POST", "/_sandbox/faults", &body).await;
}
