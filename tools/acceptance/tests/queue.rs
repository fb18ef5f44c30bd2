//! A nudge proves nothing and carries nothing: the retry function may be called with every message doubled, early, late and in any order,
//! with what is no nudge among them, and days later once more.

#![expect(clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::LazyLock;
use std::time::Duration;

use acceptance::client::Opened;
use acceptance::queue::{event, nudge};
use acceptance::settle::{Settler, Tally, settle};
use acceptance::stack::{Stack, on_stack};
use acceptance::{eventually, say, unique};
use futures_util::FutureExt as _;
use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::sleep;

/// More often than anybody asks before the fault is over.
const ALWAYS: u32 = 1_000;
/// The first back-off of the local stage is 2 s at most.
const DUE: Duration = Duration::from_millis(2_500);
/// So soon a message that failed is delivered again, in the test that waits for five deliveries. Else it is six minutes.
const SOON: &str = "1";

/// An id that no payment has.
const NOBODYS: &str = "pay_aaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Whose turn it is to keep the gateway's news, or to change the queue.
static TURN: LazyLock<Mutex<()>> = LazyLock::new(Mutex::default);

#[test]
fn every_message_doubled_early_late_and_reordered_charges_each_payment_once() {
    on_stack(async |stack| {
        let turn = TURN.lock().await;
        stack.sandbox.hold_webhooks().await;
        let payments = in_doubt(stack, 8).await;
        let mut bodies: Vec<String> = payments.iter().map(|payment| nudge(&payment.id)).collect();
        bodies.extend(bodies.clone());
        let backwards: Vec<String> = bodies.iter().rev().cloned().collect();
        let mut middle_first = bodies.clone();
        middle_first.rotate_left(bodies.len() / 3);
        let batches = [bodies, backwards, middle_first].map(|bodies| event(&bodies));
        let mut calls = 0_usize;
        // Before they are due, when they are due, and when they are settled.
        for _ in 0..3 {
            let answers = join_all(batches.iter().map(|batch| stack.aws.invoke("retry", batch))).await;
            for answer in answers {
                let told = answer.expect(200).json();
                assert_eq!(told, json!({"batchItemFailures": []}), "nothing has failed");
                calls = calls.saturating_add(1);
            }
            sleep(DUE).await;
        }
        let by = charged_once(stack, &payments).await;
        stack.sandbox.release_webhooks("fifo", 1).await;
        say(&format!("retry called {calls} times with 16 nudges for 8 payments: 8 charges, settled by {by}"));
        drop(turn);
    });
}

#[test]
fn nudges_that_are_doubled_delayed_and_reordered_on_the_real_queue_need_no_sweep() {
    on_stack(async |stack| {
        let turn = TURN.lock().await;
        stack.sandbox.hold_webhooks().await;
        let payments = in_doubt(stack, 8).await;
        let messages: Vec<(String, u32)> = [4, 0, 2, 3]
            .into_iter()
            .flat_map(|delay| payments.iter().rev().map(move |payment| (nudge(&payment.id), delay)))
            .collect();
        stack.aws.send(&stack.aws.retry_queue, &messages).await;
        let by = charged_once(stack, &payments).await;
        stack.sandbox.release_webhooks("fifo", 1).await;
        assert!(by.of(Settler::Nudge) > 0, "{by}");
        say(&format!("{} nudges on the queue for 8 payments: 8 charges, settled by {by}", messages.len()));
        drop(turn);
    });
}

#[test]
fn what_is_no_nudge_fails_alone_and_ends_among_the_dead_letters() {
    on_stack(async |stack| {
        let turn = TURN.lock().await;
        let marker = unique("poison");
        let poison = [
            format!("{marker} is no JSON"),
            format!(r#"{{"transactionID": "{marker}"}}"#),
            format!(r#"["{marker}"]"#),
            format!(r#"{{"transactionId": "{marker}"}}"#),
        ];
        stack.sandbox.hold_webhooks().await;
        let (payments, later) = join(in_doubt(stack, 5), in_doubt(stack, 5)).await;
        sleep(DUE).await;
        let told = stack.aws.invoke("retry", &event(&among(&payments, &poison))).await.expect(200).json();
        let failed = ["m1", "m3", "m5", "m7"].map(|id| json!({"itemIdentifier": id}));
        assert_eq!(told, json!({"batchItemFailures": failed}), "the bad ones, and no other");
        let settled = charged_once(stack, &payments).await;
        assert_eq!(settled.of(Settler::Nudge), payments.len(), "{settled}");

        // The same by way of the queue, to the end.
        let dead_letters = stack.aws.dead_letters().await;
        let usual = stack.aws.queue_attributes(&stack.aws.retry_queue).await;
        let usual = usual["VisibilityTimeout"].as_str().unwrap().to_owned();
        stack.aws.set_visibility_timeout(&stack.aws.retry_queue, SOON).await;
        let outcome = AssertUnwindSafe(async {
            let messages: Vec<_> = among(&later, &poison).into_iter().map(|body| (body, 0)).collect();
            stack.aws.send(&stack.aws.retry_queue, &messages).await;
            let by = charged_once(stack, &later).await;
            let found = dead(stack, &dead_letters, &marker, poison.len()).await;
            (by, found)
        })
        .catch_unwind()
        .await;
        stack.aws.set_visibility_timeout(&stack.aws.retry_queue, &usual).await;
        stack.sandbox.release_webhooks("fifo", 1).await;
        let (by, mut found) = outcome.unwrap_or_else(|panic| resume_unwind(panic));
        found.sort();
        let mut poison = poison.to_vec();
        poison.sort();
        assert_eq!(found, poison, "as they were sent");
        say(&format!(
            "{} poisoned messages ended among the dead letters; 5 payments beside them: 5 charges, settled by {by}",
            found.len()
        ));
        drop(turn);
    });
}

#[test]
fn dead_letters_that_are_sent_again_days_later_change_nothing() {
    on_stack(async |stack| {
        let turn = TURN.lock().await;
        let paid = stack.api.open().await;
        drop(stack.api.pay(&paid, "pm_card_visa").await.expect(200));
        let held = stack.api.open_with(json!({"amount": 1999, "currency": "EUR", "capture": "manual"})).await;
        drop(stack.api.pay(&held, "pm_card_visa").await.expect(200));
        let canceled = stack.api.open().await;
        drop(stack.api.cancel(&canceled).await.expect(200));
        let waiting = stack.api.open().await;
        let payments = [paid, canceled, held, waiting];
        for payment in &payments {
            // Days later the gateway has forgotten every key.
            let _ = stack.sandbox.keys_age(&payment.id, 72).await;
        }
        let before = join_all(payments.iter().take(2).map(|payment| stack.aws.row(&payment.id))).await;
        let ids: Vec<&str> = payments.iter().map(|payment| payment.id.as_str()).chain([NOBODYS]).collect();
        let messages: Vec<(String, u32)> = ids.iter().map(|id| (nudge(id), 0)).collect();
        let dead_letters = stack.aws.dead_letters().await;
        stack.aws.send(&dead_letters, &messages).await;
        redriven(stack, &dead_letters, &messages).await;
        for id in ids {
            eventually(&format!("retry was told of {id}"), async || {
                let heard = stack.aws.logs_about("retry", id).await.iter().any(|line| line.contains("not_due"));
                if heard { Ok(()) } else { Err("nothing in the log".to_owned()) }
            })
            .await;
        }
        let after = join_all(payments.iter().take(2).map(|payment| stack.aws.row(&payment.id))).await;
        assert_eq!(after, before, "nobody wrote anything to what has ended");
        let settled = settle(stack, &payments.iter().collect::<Vec<_>>()).await;
        let charges: Vec<usize> = settled.iter().map(|one| one.at_rest.charges).collect();
        assert_eq!(charges, [1, 0, 1, 0]);
        say(&format!("{} dead letters sent again: nothing changed", messages.len()));
        drop(turn);
    });
}

/// Payments of which nobody knows whether they are charged, and half of them are. Nobody was nudged for them.
async fn in_doubt(stack: &Stack, count: usize) -> Vec<Opened> {
    join_all((0..count).map(async |place| {
        let payment = stack.api.open().await;
        let path = format!("/v1/payment_intents/{}/confirm", payment.intent);
        let fault = if place % 2 == 0 { "reset_before" } else { "reset_after" };
        let lost = json!({"method": "POST", "path": path, "fault": fault, "times": ALWAYS});
        let lost = stack.sandbox.misbehaves(lost).await;
        let unsent = json!({"service": "sqs", "containing": payment.id, "fault": "status", "times": ALWAYS});
        let unsent = stack.sandbox.aws_misbehaves(unsent).await;
        drop(stack.api.pay(&payment, "pm_card_visa").await.expect(202));
        assert!(stack.sandbox.aws_struck(&unsent).await > 0, "confirm has nudged nobody");
        stack.sandbox.behaves_again(&lost).await;
        stack.sandbox.aws_behaves_again(&unsent).await;
        payment
    }))
    .await
}

/// A nudge for each payment, and between each two of them something that is none.
fn among(payments: &[Opened], poison: &[String]) -> Vec<String> {
    let mut bodies = Vec::new();
    for (place, payment) in payments.iter().enumerate() {
        bodies.push(nudge(&payment.id));
        bodies.extend(poison.get(place).cloned());
    }
    bodies
}

/// All of them settled and charged once, and by whom.
async fn charged_once(stack: &Stack, payments: &[Opened]) -> Tally {
    let settled = settle(stack, &payments.iter().collect::<Vec<_>>()).await;
    for one in &settled {
        let at_rest = &one.at_rest;
        assert_eq!((at_rest.status.as_str(), at_rest.charges), ("succeeded", 1), "{}", at_rest.payment);
        assert_eq!(at_rest.payment["attempts"].as_array().map(Vec::len), Some(1), "{}", at_rest.payment);
    }
    let mut by = Tally::default();
    by.add(&settled);
    by
}

/// The dead letters with this in them, once there are so many. They are taken away.
async fn dead(stack: &Stack, queue: &str, marker: &str, count: usize) -> Vec<String> {
    let found = Mutex::new(Vec::new());
    eventually(&format!("{count} dead letters"), async || {
        let mut found = found.lock().await;
        for message in stack.aws.receive(queue).await {
            if message.body.contains(marker) {
                stack.aws.delete(queue, &message).await;
                found.push(message.body);
            }
        }
        if found.len() >= count { Ok(found.clone()) } else { Err(format!("{found:?}")) }
    })
    .await
}

/// What a redrive does: these messages go from the dead letters back to the queue.
async fn redriven(stack: &Stack, dead_letters: &str, messages: &[(String, u32)]) {
    let left = Mutex::new(messages.iter().map(|(body, _)| body.clone()).collect::<Vec<_>>());
    eventually("every dead letter is found", async || {
        let mut left = left.lock().await;
        for message in stack.aws.receive(dead_letters).await {
            if let Some(place) = left.iter().position(|body| *body == message.body) {
                stack.aws.send(&stack.aws.retry_queue, &[(left.swap_remove(place), 0)]).await;
                stack.aws.delete(dead_letters, &message).await;
            }
        }
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
}
