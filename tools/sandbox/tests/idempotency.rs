//! Idempotency keys and locks, over HTTP and under concurrency.

mod caller;

use std::sync::Arc;

use caller::{Caller, EURO_10};
use sandbox::Config;
use serde_json::json;

const CREATE: &str = "/v1/payment_intents";

#[tokio::test]
async fn a_replay_is_the_first_answer_to_the_byte() {
    let caller = Caller::start().await;
    let form = format!("{EURO_10}&confirm=true&payment_method=pm_card_visa");
    let first = caller.post_with_key(CREATE, &form, "k").await;
    let again = caller.post_with_key(CREATE, &form, "k").await;
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), (None, Some("true")));
    assert_eq!(caller.ledger_statuses().await.len(), 1);
}

#[tokio::test]
async fn a_decline_is_replayed_too_and_says_that_retrying_is_idle() {
    let caller = Caller::start().await;
    let form = format!("{EURO_10}&confirm=true&payment_method=pm_card_visa_chargeDeclined");
    let first = caller.post_with_key(CREATE, &form, "k").await;
    let again = caller.post_with_key(CREATE, &form, "k").await;
    assert_eq!((again.status, &again.text), (402, &first.text));
    assert_eq!((first.header("stripe-should-retry"), again.header("stripe-should-retry")), (None, Some("false")));
}

#[tokio::test]
async fn another_request_under_the_key_is_an_idempotency_error_also_when_it_is_malformed() {
    let caller = Caller::start().await;
    caller.post_with_key(CREATE, EURO_10, "k").await;
    for form in [format!("{EURO_10}&description=x"), "colour=red".to_owned()] {
        let refused = caller.post_with_key(CREATE, &form, "k").await;
        assert_eq!((refused.status, refused.at("error.type")), (400, json!("idempotency_error")), "{form}");
    }
}

#[tokio::test]
async fn what_was_refused_before_it_executed_may_be_corrected_under_the_same_key() {
    let caller = Caller::start().await;
    assert_eq!(caller.post_with_key(CREATE, "currency=eur", "k").await.at("error.code"), "parameter_missing");
    assert_eq!(caller.post_with_key(CREATE, EURO_10, "k").await.status, 200);
    let stranger = caller.send("POST", CREATE, &[("idempotency-key", "k2")], EURO_10).await.unwrap();
    assert_eq!(stranger.status, 401);
    assert_eq!(caller.post_with_key(CREATE, "amount=900&currency=eur", "k2").await.status, 200);
}

#[tokio::test]
async fn a_key_that_is_being_executed_is_in_use() {
    let caller = Arc::new(Caller::with(Config { latency_ms: 1_000, ..Config::default() }).await);
    let first = tokio::spawn({
        let caller = Arc::clone(&caller);
        async move { caller.post_with_key(CREATE, EURO_10, "k").await.status }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let second = caller.post_with_key(CREATE, EURO_10, "k").await;
    assert_eq!((second.status, second.at("error.code")), (409, json!("idempotency_key_in_use")));
    assert_eq!(second.header("stripe-should-retry"), Some("true"));
    assert_eq!(first.await.unwrap(), 200);
    assert_eq!(caller.post_with_key(CREATE, EURO_10, "k").await.status, 200, "the 409 was not saved");
}

#[tokio::test]
async fn two_calls_on_one_object_meet_in_a_lock_timeout_that_is_not_saved() {
    let caller = Arc::new(Caller::with(Config { latency_ms: 1_000, lock_wait_ms: 20, ..Config::default() }).await);
    let (id, _) = caller.opened().await;
    let confirm = format!("/v1/payment_intents/{id}/confirm");
    let first = tokio::spawn({
        let (caller, confirm) = (Arc::clone(&caller), confirm.clone());
        async move { caller.post_with_key(&confirm, "payment_method=pm_card_visa", "a").await.status }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let second = caller.post_with_key(&confirm, "payment_method=pm_card_visa", "b").await;
    assert_eq!((second.status, second.at("error.code")), (429, json!("lock_timeout")));
    assert_eq!(first.await.unwrap(), 200);
    let again = caller.post_with_key(&confirm, "payment_method=pm_card_visa", "b").await;
    assert_eq!(again.at("error.code"), "payment_intent_unexpected_state");
    assert_eq!(caller.ledger_statuses().await, ["succeeded"]);
}

#[tokio::test]
async fn fifty_parallel_confirmations_charge_once() {
    let caller = Arc::new(Caller::start().await);
    let (id, _) = caller.opened().await;
    let confirm = format!("/v1/payment_intents/{id}/confirm");
    let calls: Vec<_> = (0..50)
        .map(|n| {
            let (caller, confirm) = (Arc::clone(&caller), confirm.clone());
            tokio::spawn(async move {
                caller.post_with_key(&confirm, "payment_method=pm_card_visa", &format!("k{n}")).await.status
            })
        })
        .collect();
    let mut paid = 0;
    for call in calls {
        paid += usize::from(call.await.unwrap() == 200);
    }
    assert_eq!((paid, caller.ledger_statuses().await), (1, vec!["succeeded".to_owned()]));
}

#[tokio::test]
async fn an_aged_key_executes_again() {
    let caller = Caller::start().await;
    let first = caller.post_with_key(CREATE, EURO_10, "k").await.at("id");
    caller.steer("POST", "/_sandbox/keys/age", r#"{"hours": 24}"#).await;
    assert_ne!(caller.post_with_key(CREATE, EURO_10, "k").await.at("id"), first);
}
