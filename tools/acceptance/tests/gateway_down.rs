//! A gateway that does not answer: before anything happened we say so; once we have asked for money we find out.
//!
//! Faults belong to the whole sandbox, so these tests take turns; each ends its own. Everything else that can go wrong, in every
//! place, is for the fault matrix.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use acceptance::client::Opened;
use acceptance::stack::{Stack, on_stack};
use acceptance::unique;
use acceptance::wire::Answer;
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// More than a function asks in one call.
const MANY: u32 = 50;

/// A nudge comes after 2 s in the local stage, and after twice and four times that if the gateway is still away. A sweep comes
/// once a minute.
const NUDGED_WITHIN: Duration = Duration::from_secs(20);

/// Whose turn it is to break the gateway.
static TURN: LazyLock<Mutex<()>> = LazyLock::new(Mutex::default);

#[test]
fn an_initiate_that_the_gateway_does_not_answer_has_done_nothing() {
    on_stack(async |stack| {
        let turn = TURN.lock().await;
        for fault in [
            json!({"fault": "status", "status": 503}),
            json!({"fault": "status", "status": 500}),
            json!({"fault": "status", "status": 429}),
            json!({"fault": "reset_before"}),
            json!({"fault": "hang_before", "delayMs": 10_000}),
        ] {
            let key = unique("down");
            let terms = json!({"amount": 1999, "currency": "EUR", "reference": key});
            let answer = while_broken(stack, "/v1/payment_intents", &fault, || stack.api.initiate(&key, &terms)).await;
            unavailable(&answer, &fault);
            let opened = stack.api.initiate(&key, &terms).await;
            assert_eq!(opened.status, 201, "{fault}: the key is as good as new: {}", opened.text);
            let paid = stack.api.pay(&Opened::of(&opened), "pm_card_visa").await;
            assert_eq!(paid.status, 200, "{fault}: {}", paid.text);
        }
        drop(turn);
    });
}

#[test]
fn an_object_whose_opening_was_lost_is_never_charged_twice() {
    on_stack(async |stack| {
        let turn = TURN.lock().await;
        for fault in [
            json!({"fault": "reset_after"}),
            json!({"fault": "hang_after", "delayMs": 10_000}),
            json!({"fault": "garbage_after"}),
        ] {
            let key = unique("lost");
            let terms = json!({"amount": 1999, "currency": "EUR"});
            let answer = while_broken(stack, "/v1/payment_intents", &fault, || stack.api.initiate(&key, &terms)).await;
            unavailable(&answer, &fault);
            let payment = Opened::of(&stack.api.initiate(&key, &terms).await.expect(201));
            drop(stack.api.pay(&payment, "pm_card_visa").await.expect(200));
            assert_eq!(stack.sandbox.charges(&payment.id).await.len(), 1, "{fault}");
            let objects =
                stack.sandbox.count_intents(|object| object["metadata"]["transaction_id"] == payment.id.as_str()).await;
            assert_eq!(objects, 1, "{fault}: the gateway found its object again by our key");
        }
        drop(turn);
    });
}

#[test]
fn a_charge_whose_answer_was_lost_is_found_and_stays_the_only_one() {
    on_stack(async |stack| {
        let turn = TURN.lock().await;
        for fault in [
            json!({"fault": "reset_after"}),
            json!({"fault": "hang_after", "delayMs": 4_000}),
            json!({"fault": "garbage_after"}),
        ] {
            // The webhook must not tell what the retry function is to find out.
            stack.sandbox.hold_webhooks().await;
            let payment = stack.api.open().await;
            let answer = confirm_while_broken(stack, &payment, &fault).await;
            assert_eq!(answer.status, 202, "{fault}: {}", answer.text);
            assert_eq!(answer.text_at("/processingReason"), "outcome_unknown", "{fault}");
            // No sweep is called: the nudge that confirm put on the queue is enough.
            let asked = Instant::now();
            stack.api.settled(&payment.id, "succeeded").await;
            assert!(asked.elapsed() < NUDGED_WITHIN, "{fault}: found after {:?}, by a sweep", asked.elapsed());
            found(stack, &payment, &fault).await;
            stack.sandbox.release_webhooks("fifo", 1).await;
        }
        drop(turn);
    });
}

#[test]
fn a_charge_that_never_reached_the_gateway_is_sent_again_under_its_key() {
    on_stack(async |stack| {
        let turn = TURN.lock().await;
        for fault in [
            json!({"fault": "reset_before"}),
            json!({"fault": "hang_before", "delayMs": 4_000}),
            json!({"fault": "status", "status": 503}),
        ] {
            let payment = stack.api.open().await;
            let answer = confirm_while_broken(stack, &payment, &fault).await;
            assert_eq!(answer.status, 202, "{fault}: {}", answer.text);
            found(stack, &payment, &fault).await;
        }
        drop(turn);
    });
}

#[test]
fn while_nobody_knows_the_same_key_waits_and_another_is_turned_away() {
    on_stack(async |stack| {
        let turn = TURN.lock().await;
        let payment = stack.api.open().await;
        let path = format!("/v1/payment_intents/{}/**", payment.intent);
        let hang = json!({"fault": "reset_before"});
        let key = unique("unknown");
        let card = json!({"transactionId": payment.id, "paymentMethod": "pm_card_visa"});
        let (asked, again, other, seen) = while_broken(stack, &path, &hang, async || {
            let asked = stack.api.confirm(&key, &card).await;
            let again = stack.api.confirm(&key, &card).await;
            let other = stack.api.pay(&payment, "pm_card_mastercard").await;
            (asked, again, other, stack.api.status(&payment.id).await)
        })
        .await;
        assert_eq!((asked.status, again.status), (202, 202), "{} {}", asked.text, again.text);
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!((other.status, other.text_at("/code").as_str()), (409, "in_progress"), "{}", other.text);
        assert_eq!(other.at("/retryable"), json!(true));
        assert_eq!(seen.text_at("/status"), "processing", "unknown is never failed");
        found(stack, &payment, &hang).await;
        let replay = stack.api.confirm(&key, &card).await.expect(200);
        assert_eq!((replay.header("idempotent-replayed"), replay.text_at("/status").as_str()), ("true", "succeeded"));
        drop(turn);
    });
}

#[test]
fn the_sweep_comes_every_minute_by_itself() {
    on_stack(async |stack| {
        assert_eq!(stack.aws.schedules("sweep").await, ["rate(1 minute) ENABLED"]);
        // The other tests have it come at once, which is the same function under the same role.
        let swept = stack.sweep().await;
        assert_eq!((&swept["found"], &swept["more"]), (&swept["nudged"], &json!(false)), "{swept}");
    });
}

/// The charge is found, or made, and it is one.
async fn found(stack: &Stack, payment: &Opened, fault: &Value) {
    let paid = stack.settled(&payment.id, "succeeded").await;
    assert_eq!(paid["amountCaptured"], 1999, "{fault}");
    assert_eq!(paid["attempts"].as_array().unwrap().len(), 1, "{fault}: {paid}");
    let charges = stack.sandbox.charges(&payment.id).await;
    assert_eq!(charges, [("succeeded".to_owned(), 1999, "eur".to_owned())], "{fault}");
}

async fn confirm_while_broken(stack: &Stack, payment: &Opened, fault: &Value) -> Answer {
    // Also what the retry function would ask about this object, until the client has its answer.
    let path = format!("/v1/payment_intents/{}/**", payment.intent);
    while_broken(stack, &path, fault, || stack.api.pay(payment, "pm_card_visa")).await
}

/// Calls while every POST to this path of the gateway goes wrong.
async fn while_broken<T, F: Future<Output = T>>(
    stack: &Stack,
    path: &str,
    fault: &Value,
    call: impl FnOnce() -> F,
) -> T {
    let mut rule = fault.clone();
    rule["method"] = json!("POST");
    rule["path"] = json!(path);
    rule["times"] = json!(MANY);
    stack.sandbox.misbehaves(rule).await;
    let outcome = call().await;
    let left = stack.sandbox.faults_left().await;
    stack.sandbox.behaves().await;
    let unused = left.as_array().unwrap().iter().any(|rule| rule["times"] == json!(MANY));
    assert!(!unused, "{fault} never struck: {left}");
    outcome
}

#[track_caller]
fn unavailable(answer: &Answer, fault: &Value) {
    assert_eq!(
        (answer.status, answer.text_at("/code").as_str(), answer.at("/retryable")),
        (503, "gateway_unavailable", json!(true)),
        "{fault}: {}",
        answer.text
    );
    let seconds: u32 = answer.header("retry-after").parse().unwrap_or_default();
    assert!(seconds > 0, "{fault}: the client is told when to come back");
}
