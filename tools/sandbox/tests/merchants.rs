//! A merchant's endpoint as a sender of webhooks meets it, and as a test looks into it.

#![expect(clippy::unwrap_used, reason = "a test that fails, fails")]

mod caller;

use std::time::Duration;

use caller::Caller;
use serde_json::{Value, json};

const HOOK: &str = "/_sandbox/merchant/jo/hook";

async fn told(caller: &Caller, id: &str) -> caller::Answer {
    let headers = [
        ("content-type", "application/json"),
        ("user-agent", "quittance/1"),
        ("webhook-id", id),
        ("webhook-timestamp", "1700000000"),
        ("webhook-signature", "v1,AAAA v1,BBBB"),
        ("x-else", "not shown"),
    ];
    caller.send("POST", HOOK, &headers, "{\"payer\":\"Jürgen ✓\"}").await.unwrap()
}

async fn received(caller: &Caller, name: &str) -> Vec<Value> {
    let answer = caller.steer("GET", &format!("/_sandbox/merchant/{name}"), "").await;
    answer.json().as_array().unwrap().clone()
}

#[tokio::test]
async fn what_came_is_shown_as_it_came() {
    let caller = Caller::start().await;
    assert_eq!(received(&caller, "jo").await, Vec::<Value>::new());
    assert_eq!(told(&caller, "evt_1").await.status, 200);
    assert_eq!(caller.send("GET", "/_sandbox/merchant/flo/hook", &[], "").await.unwrap().status, 200);
    let of_jo = received(&caller, "jo").await;
    let mut shown = of_jo[0].clone();
    let at = shown["at"].take();
    assert!(at.as_str().unwrap().starts_with("20") && at.as_str().unwrap().ends_with('Z'), "{at}");
    let headers = json!({ "content-type": "application/json", "user-agent": "quittance/1", "webhook-id": "evt_1",
        "webhook-timestamp": "1700000000", "webhook-signature": "v1,AAAA v1,BBBB" });
    let body = "{\"payer\":\"Jürgen ✓\"}";
    let expected = json!({ "at": null, "method": "POST", "headers": headers, "body": body, "answered": 200 });
    assert_eq!((of_jo.len(), shown), (1, expected));
    let of_flo = &received(&caller, "flo").await[0];
    assert_eq!((&of_flo["method"], &of_flo["headers"]["webhook-id"]), (&json!("GET"), &Value::Null));
}

#[tokio::test]
async fn a_merchant_answers_as_told_so_often_and_then_is_itself_again() {
    let caller = Caller::start().await;
    let manner = json!({ "status": 503, "delayMs": 50, "retryAfter": "120", "times": 2 });
    let answer = caller.steer("PUT", "/_sandbox/merchant/jo", &manner.to_string()).await;
    assert_eq!(answer.at("status"), 503);
    for _ in 0..2 {
        let before = std::time::Instant::now();
        let answer = told(&caller, "evt_1").await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("120")));
        assert!(before.elapsed() >= Duration::from_millis(50));
    }
    let answer = told(&caller, "evt_1").await;
    assert_eq!((answer.status, answer.header("retry-after")), (200, None));
    let redirect = json!({ "status": 302, "location": "http://169.254.169.254/" });
    caller.steer("PUT", "/_sandbox/merchant/jo", &redirect.to_string()).await;
    let answer = told(&caller, "evt_2").await;
    assert_eq!((answer.status, answer.header("location")), (302, Some("http://169.254.169.254/")));
    let answered: Vec<Value> = received(&caller, "jo").await.iter().map(|one| one["answered"].clone()).collect();
    assert_eq!(answered, [503, 503, 200, 302]);
}

#[tokio::test]
async fn a_merchant_that_hangs_says_nothing_and_tears_the_connection() {
    let caller = Caller::start().await;
    caller.steer("PUT", "/_sandbox/merchant/jo", r#"{"hang": true, "delayMs": 100, "times": 1}"#).await;
    let before = std::time::Instant::now();
    assert!(caller.send("POST", HOOK, &[], "{}").await.is_err());
    assert!(before.elapsed() >= Duration::from_millis(100));
    assert_eq!(received(&caller, "jo").await[0]["answered"], Value::Null);
    assert_eq!(told(&caller, "evt_1").await.status, 200);
}

#[tokio::test]
async fn who_left_before_the_answer_is_shown_without_one() {
    let caller = Caller::start().await;
    caller.steer("PUT", "/_sandbox/merchant/jo", r#"{"delayMs": 60000}"#).await;
    assert!(tokio::time::timeout(Duration::from_millis(200), told(&caller, "evt_1")).await.is_err());
    let shown = &received(&caller, "jo").await[0];
    assert_eq!((&shown["headers"]["webhook-id"], &shown["answered"]), (&json!("evt_1"), &Value::Null));
}

#[tokio::test]
async fn one_is_forgotten_by_name_and_all_by_a_reset() {
    let caller = Caller::start().await;
    for name in ["jo", "flo"] {
        caller.steer("PUT", &format!("/_sandbox/merchant/{name}"), r#"{"status": 410}"#).await;
        caller.send("POST", &format!("/_sandbox/merchant/{name}/hook"), &[], "{}").await.unwrap();
    }
    caller.steer("DELETE", "/_sandbox/merchant/jo", "").await;
    assert_eq!((received(&caller, "jo").await.len(), received(&caller, "flo").await.len()), (0, 1));
    assert_eq!(told(&caller, "evt_1").await.status, 200, "how it was told to answer is forgotten too");
    caller.steer("POST", "/_sandbox/reset", "").await;
    assert_eq!((received(&caller, "jo").await.len(), received(&caller, "flo").await.len()), (0, 0));
}

#[tokio::test]
async fn what_is_not_understood_is_refused() {
    let caller = Caller::start().await;
    for body in
        ["", "[]", r#"{"status": 99}"#, r#"{"state": 200}"#, r#"{"times": 0}"#, r#"{"hang": true, "status": 500}"#]
    {
        let answer = caller.send("PUT", "/_sandbox/merchant/jo", &[], body).await.unwrap();
        assert_eq!(answer.status, 400, "{body}");
    }
    assert_eq!(caller.send("PUT", "/_sandbox/merchant/j.o", &[], "{}").await.unwrap().status, 400);
    assert_eq!(caller.send("POST", "/_sandbox/merchant/j.o/hook", &[], "{}").await.unwrap().status, 507);
}
