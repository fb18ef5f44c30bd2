//! `kill -9` of a function while somebody outside is at work for it: settled all the same, and one charge. The client sees a 5xx or a cut
//! connection, never a lie.
//!
//! The environments of the local AWS are real processes, so the real thing is done to them. Nothing is told by webhooks here: what a
//! function leaves behind when it dies must be enough. Only on Linux, where processes can be told apart by what they were started with.

#![cfg(target_os = "linux")]
#![expect(clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use acceptance::client::Opened;
use acceptance::environments::kill;
use acceptance::settle::{Tally, settle};
use acceptance::stack::{Stack, on_stack};
use acceptance::{say, unique};
use futures_util::future::join;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::sleep;

/// How many payments each way of dying gets.
const EACH: usize = 2;

/// How soon a call reaches the gateway, at the latest.
const REACHED_WITHIN: Duration = Duration::from_secs(10);
/// A tenth of the gateway budget of the local stage: the function must be dead before it has given up waiting.
const POLL: Duration = Duration::from_millis(50);

/// Whose turn it is to kill: everybody who is at work then dies.
static TURN: LazyLock<Mutex<()>> = LazyLock::new(Mutex::default);

#[test]
fn a_confirm_that_is_killed_while_the_gateway_is_at_work_leaves_a_payment_that_is_charged_once() {
    on_stack(async |stack| {
        let turn = TURN.lock().await;
        stack.sandbox.hold_webhooks().await;
        let (mut dead, mut killed) = (Vec::new(), 0_usize);
        for fault in ["hang_before", "hang_after"].repeat(EACH) {
            let payment = stack.api.open().await;
            let hang = hangs(stack, &payment, fault).await;
            let key = unique("killed");
            let card = json!({"transactionId": payment.id, "paymentMethod": "pm_card_visa"});
            let (answer, count) =
                join(stack.api.confirm(&key, &card), killed_at_work(stack, "confirm", &payment, &hang, fault)).await;
            killed = killed.saturating_add(count);
            assert!((500..=504).contains(&answer.status), "{fault}: nobody was left to answer {}", answer.text);
            stack.sandbox.behaves_again(&hang).await;
            // Whoever asks again is told what is known, which is that nobody knows.
            let again = stack.api.confirm(&key, &card).await.expect(202);
            let told = (again.header("idempotent-replayed"), again.text_at("/processingReason"));
            assert_eq!(told, ("true", "outcome_unknown".to_owned()), "{fault}");
            dead.push(payment);
        }
        let by = settled(stack, &dead).await;
        stack.sandbox.release_webhooks("fifo", 1).await;
        say(&format!("confirm killed: {killed} environments, {} payments charged once, settled by {by}", dead.len()));
        drop(turn);
    });
}

#[test]
fn a_retry_that_is_killed_while_the_gateway_is_at_work_leaves_a_payment_that_is_charged_once() {
    on_stack(async |stack| {
        let turn = TURN.lock().await;
        stack.sandbox.hold_webhooks().await;
        let (mut dead, mut killed) = (Vec::new(), 0_usize);
        for fault in ["hang_before", "hang_after"].repeat(EACH) {
            let payment = stack.api.open().await;
            // Two faults in a row: confirm meets the first. The nudge that it leaves on the queue makes retry send the same again.
            let lost = stack.sandbox.misbehaves(rule(&payment, "reset_before")).await;
            let hang = hangs(stack, &payment, fault).await;
            drop(stack.api.pay(&payment, "pm_card_visa").await.expect(202));
            stack.sandbox.behaves_again(&lost).await;
            killed = killed.saturating_add(killed_at_work(stack, "retry", &payment, &hang, fault).await);
            stack.sandbox.behaves_again(&hang).await;
            dead.push(payment);
        }
        let by = settled(stack, &dead).await;
        stack.sandbox.release_webhooks("fifo", 1).await;
        say(&format!("retry killed: {killed} environments, {} payments charged once, settled by {by}", dead.len()));
        drop(turn);
    });
}

/// The gateway does not answer who charges this payment. It hangs for longer than any function waits.
async fn hangs(stack: &Stack, payment: &Opened, fault: &str) -> String {
    let mut rule = rule(payment, fault);
    rule["delayMs"] = json!(10_000);
    stack.sandbox.misbehaves(rule).await
}

fn rule(payment: &Opened, fault: &str) -> Value {
    let path = format!("/v1/payment_intents/{}/confirm", payment.intent);
    json!({"method": "POST", "path": path, "fault": fault, "times": 100})
}

/// Kills a function as soon as its request has reached the gateway and, where that is the point, has charged.
async fn killed_at_work(stack: &Stack, function: &str, payment: &Opened, hang: &str, fault: &str) -> usize {
    let began = Instant::now();
    let charges = usize::from(fault == "hang_after");
    loop {
        let reached = stack.sandbox.struck(hang).await > 0;
        if reached && stack.sandbox.charges(&payment.id).await.len() == charges {
            let killed = kill(stack, function);
            assert!(killed > 0, "{function} has no process");
            return killed;
        }
        assert!(began.elapsed() < REACHED_WITHIN, "{function} has not asked the gateway for {}", payment.id);
        sleep(POLL).await;
    }
}

/// All of them charged once, and by what.
async fn settled(stack: &Stack, payments: &[Opened]) -> Tally {
    let settled = settle(stack, &payments.iter().collect::<Vec<_>>()).await;
    for one in &settled {
        let at_rest = &one.at_rest;
        assert_eq!((at_rest.status.as_str(), at_rest.charges), ("succeeded", 1), "{}", at_rest.payment);
        assert_eq!(at_rest.payment["attempts"].as_array().map(Vec::len), Some(1), "{}", at_rest.payment);
    }
    let mut tally = Tally::default();
    tally.add(&settled);
    tally
}
