//! The merchant's own account has trouble: the table throttles, the queue refuses, the secrets cannot be read, answers are lost.
//!
//! Before the gateway was asked: 503 with `Retry-After`, and the gateway is not asked. After: the row's `due` takes over. Each payment has
//! its own trouble, so they have it at the same time; only where a whole service is down, the others wait.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::sync::LazyLock;

use acceptance::client::Opened;
use acceptance::settle::{Settled, Settler, Tally, settle};
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{eventually, say, unique};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::RwLock;

/// More often than anybody asks before the trouble is over.
const ALWAYS: u32 = 1_000;

/// Whoever takes a whole service down does so alone.
static SERVICES: LazyLock<RwLock<()>> = LazyLock::new(RwLock::default);

/// How a service can fail without having done what it was asked. A call of ours waits 1.5 s for an answer, and 4.5 s for three of them.
const NOTHING_DONE: [(&str, &str); 5] = [
    ("throttled", r#"{"fault": "throttle"}"#),
    ("500", r#"{"fault": "status", "status": 500}"#),
    ("503", r#"{"fault": "status", "status": 503}"#),
    ("reset", r#"{"fault": "reset_before"}"#),
    ("hanging", r#"{"fault": "hang_before", "delayMs": 6000}"#),
];

/// How an answer can be lost after everything was done.
const ANSWER_LOST: [(&str, &str); 2] =
    [("reset", r#"{"fault": "reset_after"}"#), ("hanging", r#"{"fault": "hang_after", "delayMs": 6000}"#)];

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn a_table_that_fails_before_the_gateway_is_asked_is_a_503_and_no_gateway_call() {
    on_stack(async |stack| {
        let services = SERVICES.read().await;
        let cells =
            ["GetItem", "PutItem"].into_iter().flat_map(|call| NOTHING_DONE.map(|(name, fault)| (call, name, fault)));
        let payments = join_all(cells.map(async |(call, name, fault)| {
            let payment = stack.api.open().await;
            // It is never met: it only tells whether anybody came by.
            let gateway = json!({"path": "/v1/**", "fault": "slow_before", "delayMs": 1, "times": ALWAYS});
            let gateway = stack.sandbox.misbehaves_for(&payment.id, gateway).await;
            let trouble = trouble(stack, "dynamodb", call, &payment.row_key(), fault, 0).await;
            let card = json!({"transactionId": payment.id, "paymentMethod": "pm_card_visa"});
            let key = unique("down");
            unavailable(&stack.api.confirm(&key, &card).await, &format!("{call} {name}"));
            if call == "GetItem" {
                unavailable(&stack.api.status(&payment.id).await, &format!("status, {name}"));
            }
            over(stack, &trouble).await;
            assert_eq!(stack.sandbox.struck(&gateway).await, 0, "{call} {name}: the gateway was asked");
            stack.sandbox.behaves_again(&gateway).await;
            let paid = stack.api.confirm(&key, &card).await.expect(200);
            assert_eq!(paid.header("idempotent-replayed"), "", "{call} {name}: nothing had been written");
            payment
        }))
        .await;
        let by = charged_once(stack, &payments).await;
        say(&format!(
            "table down before the gateway was asked: {} times 503, {} charges, by {by}",
            payments.len(),
            payments.len()
        ));
        drop(services);
    });
}

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn a_table_that_fails_when_a_payment_is_opened_is_a_503_and_the_key_is_as_good_as_new() {
    on_stack(async |stack| {
        let services = SERVICES.read().await;
        let payments = join_all(NOTHING_DONE.map(async |(name, fault)| {
            let key = unique("down");
            let terms = json!({"amount": 1999, "currency": "EUR", "reference": key});
            let trouble = trouble(stack, "dynamodb", "PutItem", &key, fault, 0).await;
            unavailable(&stack.api.initiate(&key, &terms).await, name);
            over(stack, &trouble).await;
            let payment = Opened::of(&stack.api.initiate(&key, &terms).await.expect(201));
            drop(stack.api.pay(&payment, "pm_card_visa").await.expect(200));
            let objects =
                stack.sandbox.count_intents(|object| object["metadata"]["transaction_id"] == payment.id.as_str()).await;
            assert_eq!(objects, 1, "{name}: the gateway found its object again by our key");
            payment
        }))
        .await;
        drop(charged_once(stack, &payments).await);
        drop(services);
    });
}

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn a_table_that_fails_after_the_gateway_was_asked_leaves_a_row_whose_due_takes_over() {
    on_stack(async |stack| {
        let services = SERVICES.write().await;
        // No news: what the row itself says must be enough.
        stack.sandbox.hold_webhooks().await;
        let payments = join_all(NOTHING_DONE.map(async |(name, fault)| {
            let payment = stack.api.open().await;
            // The attempt is written; what came of it is not.
            let trouble = trouble(stack, "dynamodb", "PutItem", &payment.row_key(), fault, 1).await;
            let answer = stack.api.pay(&payment, "pm_card_visa").await;
            let told = (answer.status, answer.text_at("/processingReason"));
            assert_eq!(told, (202, "outcome_unknown".to_owned()), "{name}: {}", answer.text);
            assert_eq!(stack.sandbox.charges(&payment.id).await.len(), 1, "{name}: the gateway has charged");
            over(stack, &trouble).await;
            payment
        }))
        .await;
        let by = charged_once(stack, &payments).await;
        stack.sandbox.release_webhooks("fifo", 1).await;
        say(&format!(
            "table down after the gateway was asked: {} times 202, {} charges, by {by}",
            payments.len(),
            payments.len()
        ));
        drop(services);
    });
}

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn a_table_that_fails_around_a_refund_gives_nothing_back_or_gives_it_back_once() {
    on_stack(async |stack| {
        let services = SERVICES.write().await;
        // No news: what the row itself says must be enough.
        stack.sandbox.hold_webhooks().await;
        // What is about to be asked, and what came of it.
        let writes = [0, 1].into_iter().flat_map(|write| NOTHING_DONE.map(|(name, fault)| (write, name, fault)));
        let payments = join_all(writes.map(async |(write, name, fault)| {
            let payment = stack.api.open().await;
            drop(stack.api.pay(&payment, "pm_card_visa").await.expect(200));
            let trouble = trouble(stack, "dynamodb", "PutItem", &payment.row_key(), fault, write).await;
            let key = unique("down");
            let answer = stack.api.refund(&payment, &key, Some(500)).await;
            let given = stack.sandbox.refunds(&payment.intent).await.len();
            over(stack, &trouble).await;
            if write == 0 {
                unavailable(&answer, name);
                assert_eq!(given, 0, "{name}: nothing was written, and the gateway was not asked");
                let again = stack.api.refund(&payment, &key, Some(500)).await.expect(200);
                assert_eq!(again.header("idempotent-replayed"), "", "{name}: the key was as good as new");
            } else {
                let told = (answer.status, answer.text_at("/refunds/0/status"), answer.at("/amountRefundable"));
                assert_eq!(told, (202, "pending".to_owned(), json!(1499)), "{name}: {}", answer.text);
                assert_eq!(given, 1, "{name}: the gateway has given it back");
            }
            payment
        }))
        .await;
        let by = charged_once(stack, &payments).await;
        for payment in &payments {
            assert_eq!(stack.sandbox.refunds(&payment.intent).await.len(), 1);
        }
        stack.sandbox.release_webhooks("fifo", 1).await;
        say(&format!("table down around a refund: {} refunds, by {by}", payments.len()));
        drop(services);
    });
}

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn a_write_whose_answer_was_lost_is_recognised_as_our_own() {
    on_stack(async |stack| {
        let services = SERVICES.read().await;
        let writes = [("the attempt", 0), ("its outcome", 1)];
        let cells =
            writes.into_iter().flat_map(|(write, skip)| ANSWER_LOST.map(|(name, fault)| (write, skip, name, fault)));
        let payments = join_all(cells.map(async |(write, skip, name, fault)| {
            let payment = stack.api.open().await;
            let mut rule: Value = serde_json::from_str(fault).unwrap();
            rule["times"] = json!(1);
            let trouble = trouble(stack, "dynamodb", "PutItem", &payment.row_key(), &rule.to_string(), skip).await;
            // The SDK sends it again, and the condition fails against ourselves.
            let answer = stack.api.pay(&payment, "pm_card_visa").await;
            assert_eq!((answer.status, answer.text_at("/status").as_str()), (200, "succeeded"), "{write}, {name}");
            over(stack, &trouble).await;
            payment
        }))
        .await;
        let by = charged_once(stack, &payments).await;
        say(&format!(
            "writes whose answer was lost: {} recognised, {} charges, by {by}",
            payments.len(),
            payments.len()
        ));
        drop(services);
    });
}

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn an_attempt_that_was_written_and_not_heard_of_is_made_by_whoever_finds_the_row() {
    on_stack(async |stack| {
        let services = SERVICES.read().await;
        let payment = stack.api.open().await;
        let lost = ANSWER_LOST[0].1;
        let trouble = trouble(stack, "dynamodb", "PutItem", &payment.row_key(), lost, 0).await;
        let card = json!({"transactionId": payment.id, "paymentMethod": "pm_card_visa"});
        let key = unique("down");
        unavailable(&stack.api.confirm(&key, &card).await, "every answer lost");
        assert!(stack.sandbox.charges(&payment.id).await.is_empty(), "the gateway was not asked");
        over(stack, &trouble).await;
        let again = stack.api.confirm(&key, &card).await;
        assert!(matches!(again.status, 200 | 202), "its own attempt, made or to be made: {}", again.text);
        assert_eq!(again.header("idempotent-replayed"), "true");
        drop(charged_once(stack, &[payment]).await);
        drop(services);
    });
}

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn news_that_cannot_be_written_down_is_told_again_until_it_can() {
    on_stack(async |stack| {
        let services = SERVICES.read().await;
        let cells =
            ["GetItem", "PutItem"].into_iter().flat_map(|call| NOTHING_DONE.map(|(name, fault)| (call, name, fault)));
        let payments = join_all(cells.map(async |(call, name, fault)| {
            let payment = stack.api.open().await;
            let trouble = trouble(stack, "dynamodb", call, &payment.row_key(), fault, 0).await;
            let browser = stack.sandbox.confirm_in_browser(&payment.intent, &payment.client_secret, "pm_card_visa");
            drop(browser.await.expect(200));
            eventually(&format!("{call} {name}: the news was not taken"), async || {
                let lines = stack.sandbox.deliveries(&payment.intent, "payment_intent.succeeded").await;
                assert!(lines.iter().all(|line| line["status"] != 200), "{call} {name}: {lines:?}");
                if lines.is_empty() { Err("nobody was told yet".to_owned()) } else { Ok(()) }
            })
            .await;
            over(stack, &trouble).await;
            stack.sandbox.delivered(&payment.intent, "payment_intent.succeeded", 1).await;
            payment
        }))
        .await;
        let by = charged_once(stack, &payments).await;
        say(&format!("news that could not be written down: {} told again, settled by {by}", payments.len()));
        drop(services);
    });
}

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn without_the_queue_the_sweep_alone_settles_everything() {
    on_stack(async |stack| {
        let services = SERVICES.write().await;
        stack.sandbox.hold_webhooks().await;
        let payments = join_all(NOTHING_DONE.map(async |(name, fault)| {
            let payment = stack.api.open().await;
            let queue = trouble(stack, "sqs", "SendMessage", &payment.id, fault, 0).await;
            let path = format!("/v1/payment_intents/{}/confirm", payment.intent);
            let lost = json!({"method": "POST", "path": path, "fault": "reset_after", "times": ALWAYS});
            let lost = stack.sandbox.misbehaves(lost).await;
            let answer = stack.api.pay(&payment, "pm_card_visa").await;
            assert_eq!(answer.status, 202, "{name}: a nudge is nothing to fail for: {}", answer.text);
            stack.sandbox.behaves_again(&lost).await;
            over(stack, &queue).await;
            payment
        }))
        .await;
        // While the queue takes nothing at all, a sweep fails aloud, and loses nothing.
        let whole = json!({"service": "sqs", "fault": "status", "status": 500, "times": ALWAYS});
        let whole = stack.sandbox.aws_misbehaves(whole).await;
        eventually("a sweep found them and could not say so", async || {
            let swept = stack.aws.invoke("sweep", "{}").await;
            let failed = !swept.header("x-amz-function-error").is_empty() || swept.at("/failedPartitions") != json!(0);
            if failed { Ok(()) } else { Err(swept.text) }
        })
        .await;
        over(stack, &whole).await;
        let settled = settle(stack, &payments.iter().collect::<Vec<_>>()).await;
        let by = tally(&settled);
        stack.sandbox.release_webhooks("fifo", 1).await;
        say(&format!("queue down: {} times 202, {} charges, settled by {by}", payments.len(), settled.len()));
        assert_eq!(by.of(Settler::Webhook).saturating_add(by.of(Settler::Call)), 0, "{by}");
        drop(services);
    });
}

// Environments can be told apart, and killed, on Linux only.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn without_the_secrets_warm_functions_go_on_and_cold_ones_say_503() {
    on_stack(async |stack| {
        let services = SERVICES.write().await;
        let before = stack.api.open().await;
        let waiting = stack.api.open().await;
        drop(stack.api.pay(&before, "pm_card_visa").await.expect(200));
        let down = json!({"service": "secretsmanager", "fault": "status", "status": 500, "times": ALWAYS});
        let down = stack.sandbox.aws_misbehaves(down).await;
        let warm = stack.api.open().await;
        drop(stack.api.pay(&warm, "pm_card_visa").await.expect(200));
        drop(stack.api.status(&warm.id).await.expect(200));

        let kill = |function| acceptance::environments::kill(stack, function);
        let killed: usize = ["initiate", "confirm", "status"].map(kill).into_iter().sum();
        assert!(killed >= 3, "{killed} environments");
        let key = unique("cold");
        let terms = json!({"amount": 1999, "currency": "EUR", "metadata": {"order": key}});
        let card = json!({"transactionId": waiting.id, "paymentMethod": "pm_card_visa"});
        unavailable(&stack.api.initiate(&key, &terms).await, "cold initiate");
        unavailable(&stack.api.confirm(&key, &card).await, "cold confirm");
        unavailable(&stack.api.status(&waiting.id).await, "cold status");
        over(stack, &down).await;
        assert!(stack.sandbox.charges(&waiting.id).await.is_empty(), "nothing happened");
        assert_eq!(stack.sandbox.count_intents(|object| object["metadata"]["order"] == key.as_str()).await, 0);

        // The same environments, once their secrets can be read.
        let opened = Opened::of(&stack.api.initiate(&key, &terms).await.expect(201));
        drop(stack.api.confirm(&key, &card).await.expect(200));
        drop(stack.api.pay(&opened, "pm_card_visa").await.expect(200));
        let by = charged_once(stack, &[before, warm, waiting, opened]).await;
        say(&format!("secrets down: 3 times 503 from cold functions, 4 charges, by {by}"));
        drop(services);
    });
}

/// From now on this service does this to calls that are about `about`, after `skip` of them.
async fn trouble(stack: &Stack, service: &str, call: &str, about: &str, fault: &str, skip: u32) -> String {
    let mut rule: Value = serde_json::from_str(fault).unwrap();
    rule["service"] = json!(service);
    rule["operation"] = json!(call);
    rule["containing"] = json!(about);
    rule["skip"] = json!(skip);
    if rule["times"].is_null() {
        rule["times"] = json!(ALWAYS);
    }
    stack.sandbox.aws_misbehaves(rule).await
}

/// The trouble is over, and somebody has had it.
async fn over(stack: &Stack, trouble: &str) {
    assert!(stack.sandbox.aws_struck(trouble).await > 0, "nobody had this trouble");
    stack.sandbox.aws_behaves_again(trouble).await;
}

/// The client is told that we could not, and when to come back.
#[track_caller]
fn unavailable(answer: &Answer, what: &str) {
    let told = (answer.status, answer.text_at("/code"), answer.at("/retryable"));
    assert_eq!(told, (503, "unavailable".to_owned(), json!(true)), "{what}: {}", answer.text);
    let seconds: u32 = answer.header("retry-after").parse().unwrap_or_default();
    assert!(seconds > 0, "{what}: the client is told when to come back");
}

/// All of them settled, charged once, and by whom it was written.
async fn charged_once(stack: &Stack, payments: &[Opened]) -> Tally {
    tally(&settle(stack, &payments.iter().collect::<Vec<_>>()).await)
}

fn tally(settled: &[Settled]) -> Tally {
    for one in settled {
        let at_rest = &one.at_rest;
        assert_eq!((at_rest.status.as_str(), at_rest.charges), ("succeeded", 1), "{}", at_rest.payment);
        assert_eq!(at_rest.payment["attempts"].as_array().map(Vec::len), Some(1), "{}", at_rest.payment);
    }
    let mut tally = Tally::default();
    tally.add(settled);
    tally
}
