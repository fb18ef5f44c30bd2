//! The sandbox misbehaves exactly as told: what the caller sees, and what the gateway did meanwhile.

mod caller;

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use caller::{Caller, EURO_10};
use serde_json::{Value, json};
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

#[tokio::test]
async fn a_fault_for_one_payment_strikes_it_on_every_route_and_no_other_anywhere() {
    let caller = Caller::start().await;
    let (mine, others) = (caller.authorized("pay_1").await, caller.authorized("pay_2").await);
    let routes = |intent: &str, id: &str| {
        let intent_path = format!("/v1/payment_intents/{intent}");
        [
            ("POST", "/v1/payment_intents".to_owned(), format!("{EURO_10}&metadata[transaction_id]={id}"), "open"),
            ("GET", intent_path.clone(), String::new(), "get"),
            ("POST", "/v1/payment_methods".to_owned(), "type=card&card[token]=tok_visa".to_owned(), "pm:1"),
            ("POST", format!("{intent_path}/confirm"), "payment_method=pm_card_visa".to_owned(), "confirm:1"),
            ("POST", format!("{intent_path}/capture"), String::new(), "capture:1"),
            ("POST", format!("{intent_path}/cancel"), String::new(), "cancel:1"),
            ("POST", "/v1/refunds".to_owned(), format!("payment_intent={intent}"), "refund:1"),
        ]
    };
    for fault in ["status", "reset_before", "reset_after", "hang_before", "hang_after", "garbage_after"] {
        for (mine, others) in routes(&mine, "pay_1").into_iter().zip(routes(&others, "pay_2")) {
            let (method, path, _, _) = &mine;
            let rule = json!({"path": "/v1/**", "transactionId": "pay_1", "fault": fault, "delayMs": 5, "times": 1});
            let id = caller.break_stripe(rule).await;
            let whole =
                |answer: Option<String>| answer.is_some_and(|text| serde_json::from_str::<Value>(&text).is_ok());
            assert!(whole(asked(&caller, others, "pay_2").await), "{fault} struck {method} of another payment");
            let answer = asked(&caller, mine.clone(), "pay_1").await;
            let refused = answer.as_deref().is_some_and(|text| text.contains("An unknown error occurred"));
            assert!(refused || !whole(answer), "{fault} did not strike {method} {path}");
            let spent = caller.steer("GET", "/_sandbox/faults", "").await.json();
            let last = spent["spent"].as_array().unwrap().last().unwrap().clone();
            assert_eq!((&last["id"], &last["struck"]), (&json!(id), &json!(1)), "{fault} {method} {path}");
        }
    }
}

#[tokio::test]
async fn a_saved_error_is_replayed_for_as_long_as_its_key_lives_with_and_without_an_effect() {
    for (fault, charges) in [("saved_status_before", 0), ("saved_status_after", 1)] {
        let caller = Caller::start().await;
        let (id, _) = caller.opened().await;
        let (confirm, form) = (format!("/v1/payment_intents/{id}/confirm"), "payment_method=pm_card_visa");
        caller.break_stripe(json!({"path": "/v1/**", "fault": fault, "status": 502, "times": 1})).await;
        let first = caller.post_with_key(&confirm, form, "k").await;
        assert_eq!((first.status, first.at("error.type")), (502, json!("api_error")), "{fault}");
        assert_eq!(first.header("idempotent-replayed"), None, "{fault}: this is the first-hand answer");
        assert_eq!(caller.ledger_statuses().await.len(), charges, "{fault}");
        for _ in 0..3 {
            let again = caller.post_with_key(&confirm, form, "k").await;
            assert_eq!((again.status, &again.text), (502, &first.text), "{fault}");
            assert_eq!(again.header("idempotent-replayed"), Some("true"), "{fault}");
        }
        assert_eq!(caller.get(&format!("/v1/payment_intents/{id}")).await.status, 200, "{fault}: the object is well");
        caller.steer("POST", "/_sandbox/keys/age", r#"{"hours": 24}"#).await;
        let with_a_dead_key = caller.post_with_key(&confirm, form, "k").await;
        assert_eq!(with_a_dead_key.status, if charges == 1 { 400 } else { 200 }, "{fault}");
        assert_eq!(caller.ledger_statuses().await, ["succeeded"], "{fault}");
    }
}

#[tokio::test]
async fn an_error_is_saved_for_no_request_that_has_no_key_or_an_answer_already() {
    let caller = Caller::start().await;
    let kept = caller.post_with_key("/v1/payment_intents", EURO_10, "old").await;
    let fault = caller.break_stripe(json!({"path": "/v1/**", "fault": "saved_status_before", "times": 1})).await;
    assert_eq!(caller.post_with_key("/v1/payment_intents", EURO_10, "old").await.text, kept.text);
    assert_eq!(caller.post("/v1/payment_intents", EURO_10).await.status, 200);
    assert_eq!(caller.get("/v1/balance").await.status, 200);
    assert_eq!(caller.steer("GET", "/_sandbox/faults", "").await.json()["faults"][0]["id"], fault);
    assert_eq!(caller.post_with_key("/v1/payment_intents", EURO_10, "new").await.status, 500);
}

#[tokio::test]
async fn a_slow_gateway_acts_late_or_answers_late_and_does_so_for_callers_who_have_gone_too() {
    for (fault, charged_when_the_caller_leaves) in [("slow_before", false), ("slow_after", true)] {
        let caller = Caller::start().await;
        let (id, _) = caller.opened().await;
        let confirm = format!("/v1/payment_intents/{id}/confirm");
        let rule = json!({"path": "/v1/**/confirm", "fault": fault, "delayMs": 500, "times": 1});
        caller.break_stripe(rule.clone()).await;
        let call = caller.post(&confirm, "payment_method=pm_card_visa");
        assert!(tokio::time::timeout(Duration::from_millis(200), call).await.is_err(), "{fault}");
        assert_eq!(!caller.ledger_statuses().await.is_empty(), charged_when_the_caller_leaves, "{fault}");
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(caller.ledger_statuses().await, ["succeeded"], "{fault}");

        let (other, _) = caller.opened().await;
        caller.break_stripe(rule).await;
        let begun = Instant::now();
        let path = format!("/v1/payment_intents/{other}/confirm");
        assert_eq!(caller.post(&path, "payment_method=pm_card_visa").await.at("status"), "succeeded", "{fault}");
        assert!(begun.elapsed() >= Duration::from_millis(500), "{fault}");
    }
}

#[tokio::test]
async fn a_fault_may_look_for_a_text_let_some_pass_and_be_taken_back() {
    let caller = Caller::start().await;
    let rule =
        json!({"path": "/v1/payment_intents", "containing": "order-7", "fault": "status", "skip": 1, "times": 5});
    let id = caller.break_stripe(rule).await;
    let open =
        async |order: &str| caller.post("/v1/payment_intents", &format!("{EURO_10}&metadata[o]={order}")).await.status;
    assert_eq!((open("order-8").await, open("order-7").await, open("order-7").await), (200, 200, 500));
    let path = format!("/_sandbox/faults/{id}");
    caller.steer("DELETE", &path, "").await;
    assert_eq!(open("order-7").await, 200);
    assert_eq!(caller.send("DELETE", &path, &[], "").await.unwrap().status, 404);
}

/// The body of the answer, if there is one, to a request under a key that begins with the payment's id.
async fn asked(caller: &Caller, request: (&str, String, String, &str), id: &str) -> Option<String> {
    let (method, path, form, act) = request;
    let key = format!("{id}:{act}:{}", caller.ledger_statuses().await.len());
    let headers = [("authorization", "Bearer sk_test_1"), ("idempotency-key", key.as_str())];
    caller.send(method, &path, &headers, &form).await.ok().map(|answer| answer.text)
}

async fn break_confirm(caller: &Caller, fault: &str) {
    let body =
        format!(r#"{{"gateway": "stripe", "method": "POST", "path": "/v1/payment_intents/*/confirm", {fault}}}"#);
    caller.steer("POST", "/_sandbox/faults", &body).await;
}

#[tokio::test]
async fn every_route_that_takes_a_key_can_save_an_error_under_it() {
    let caller = Caller::start().await;
    let intent = caller.authorized("pay_1").await;
    let open = format!("{EURO_10}&metadata[transaction_id]=pay_1");
    for (path, form) in [
        ("/v1/payment_intents".to_owned(), open.as_str()),
        ("/v1/payment_methods".to_owned(), "type=card&card[token]=tok_visa"),
        (format!("/v1/payment_intents/{intent}/confirm"), "payment_method=pm_card_visa"),
        (format!("/v1/payment_intents/{intent}/capture"), ""),
        (format!("/v1/payment_intents/{intent}/cancel"), ""),
        ("/v1/refunds".to_owned(), &format!("payment_intent={intent}&amount=1")),
    ] {
        for fault in ["saved_status_before", "saved_status_after"] {
            let rule = json!({"path": "/v1/**", "transactionId": "pay_1", "fault": fault, "times": 1});
            caller.break_stripe(rule).await;
            let key = format!("pay_1:{fault}:{path}");
            let first = caller.post_with_key(&path, form, &key).await;
            let again = caller.post_with_key(&path, form, &key).await;
            assert_eq!((first.status, again.status), (500, 500), "{fault} {path}");
            assert_eq!(again.header("idempotent-replayed"), Some("true"), "{fault} {path}");
        }
    }
    let ledger = caller.steer("GET", "/_sandbox/ledger", "").await.json();
    assert_eq!(
        (&ledger["charges"][0]["status"], ledger["refunds"].as_array().unwrap().len()),
        (&json!("succeeded"), 1)
    );
}
