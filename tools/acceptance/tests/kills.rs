//! `kill -9` of a function while somebody outside is at work for it: settled all the same, and one charge. The client sees a 5xx or a cut
//! connection, never a lie.
//!
//! The environments of the local AWS are real processes, so the real thing is done to them: as soon as the request that hangs has arrived
//! where it hangs, every process of the function dies. Only on Linux, where processes can be told apart by what they were started with.

#![cfg(target_os = "linux")]
#![expect(clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::time::{Duration, Instant};

use acceptance::client::Opened;
use acceptance::environments::kill;
use acceptance::settle::{Settler, Tally, settle};
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{say, unique};
use futures_util::future::join;
use serde_json::json;
use tokio::time::sleep;

/// How soon a function gets to where it is to die, at the latest. A nudge takes 2 s.
const REACHED_WITHIN: Duration = Duration::from_secs(15);
/// Shorter than what anybody waits for the gateway (2 s) or the table (1.5 s): the function must be dead before it has given up waiting.
const POLL: Duration = Duration::from_millis(50);
/// Longer than any of that.
const HANG_MS: u32 = 10_000;
/// However often it is asked.
const ALWAYS: u32 = 1_000;

/// Where a function is killed, and whether what it has asked for is done all the same.
#[derive(Debug, Clone, Copy)]
enum Dies {
    /// While it waits for the gateway's answer to the charge.
    AtTheGateway(Hang),
    /// While it waits for the table's answer to its first write, or the one after so many.
    AtTheTable { writes_before: u32, hang: Hang },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hang {
    Before,
    After,
}

/// One write: what the event says.
const OF_WEBHOOK: [Dies; 2] = [at_write(0, Hang::Before), at_write(0, Hang::After)];
/// Two writes: the attempt, and what came of it.
const OF_CONFIRM: [Dies; 6] = [
    at_write(0, Hang::Before),
    at_write(0, Hang::After),
    Dies::AtTheGateway(Hang::Before),
    Dies::AtTheGateway(Hang::After),
    at_write(1, Hang::Before),
    at_write(1, Hang::After),
];
/// Two writes: the claim, and what came of the look.
const OF_RETRY: [Dies; 4] = [
    at_write(0, Hang::After),
    Dies::AtTheGateway(Hang::Before),
    Dies::AtTheGateway(Hang::After),
    at_write(1, Hang::Before),
];

#[test]
fn a_function_that_is_killed_at_work_leaves_a_payment_that_is_charged_once() {
    on_stack(async |stack| {
        let mut killed = 0_usize;
        let mut news = Vec::new();
        for dies in OF_WEBHOOK {
            let payment = stack.api.open().await;
            let hang = dies.hangs(stack, &payment, 0).await;
            let browser = stack.sandbox.confirm_in_browser(&payment.intent, &payment.client_secret, "pm_card_visa");
            let (paid, count) = join(browser, dies.kill(stack, "webhook", &payment, &hang)).await;
            drop(paid.expect(200));
            killed = killed.saturating_add(count);
            dies.is_over(stack, &hang).await;
            news.push(payment);
        }
        settled(stack, "webhook", &news).await;

        // From here on nobody is told anything: what a function leaves behind must be enough.
        stack.sandbox.hold_webhooks().await;
        let mut dead = Vec::new();
        for dies in OF_CONFIRM {
            let payment = stack.api.open().await;
            let hang = dies.hangs(stack, &payment, 0).await;
            let key = unique("killed");
            let card = json!({"transactionId": payment.id, "paymentMethod": "pm_card_visa"});
            let (answer, count) =
                join(stack.api.confirm(&key, &card), dies.kill(stack, "confirm", &payment, &hang)).await;
            assert!((500..=504).contains(&answer.status), "{dies:?}: nobody was left to answer {}", answer.text);
            killed = killed.saturating_add(count);
            dies.is_over(stack, &hang).await;
            dies.told(&stack.api.confirm(&key, &card).await);
            dead.push(payment);
        }
        let confirms = dead.len();
        for dies in OF_RETRY {
            let payment = stack.api.open().await;
            // Confirm gets no answer. The nudge that it leaves on the queue makes retry send the same again.
            let path = format!("/v1/payment_intents/{}/confirm", payment.intent);
            let lost = json!({"method": "POST", "path": path, "fault": "reset_before", "times": ALWAYS});
            let lost = stack.sandbox.misbehaves(lost).await;
            let hang = dies.hangs(stack, &payment, 2).await;
            drop(stack.api.pay(&payment, "pm_card_visa").await.expect(202));
            stack.sandbox.behaves_again(&lost).await;
            killed = killed.saturating_add(dies.kill(stack, "retry", &payment, &hang).await);
            dies.is_over(stack, &hang).await;
            dead.push(payment);
        }
        let (of_confirm, of_retry) = dead.split_at(confirms);
        join(settled(stack, "confirm", of_confirm), settled(stack, "retry", of_retry)).await;
        stack.sandbox.release_webhooks("fifo", 1).await;
        say(&format!("{killed} environments killed in {} calls", news.len().saturating_add(dead.len())));
    });
}

const fn at_write(writes_before: u32, hang: Hang) -> Dies {
    Dies::AtTheTable { writes_before, hang }
}

impl Dies {
    /// From now on the function waits there for this payment, which others write so many times before it does.
    async fn hangs(self, stack: &Stack, payment: &Opened, writes_of_others: u32) -> String {
        let mut rule = json!({"delayMs": HANG_MS, "times": ALWAYS});
        let (Self::AtTheGateway(hang) | Self::AtTheTable { hang, .. }) = self;
        rule["fault"] = json!(if hang == Hang::Before { "hang_before" } else { "hang_after" });
        match self {
            Self::AtTheGateway(_) => {
                rule["method"] = json!("POST");
                rule["path"] = json!(format!("/v1/payment_intents/{}/confirm", payment.intent));
                stack.sandbox.misbehaves(rule).await
            }
            Self::AtTheTable { writes_before, .. } => {
                rule["service"] = json!("dynamodb");
                rule["operation"] = json!("PutItem");
                rule["containing"] = json!(payment.id);
                rule["skip"] = json!(writes_of_others.saturating_add(writes_before));
                stack.sandbox.aws_misbehaves(rule).await
            }
        }
    }

    /// Kills the function as soon as it waits there and, where that is the point, what it waits for is done.
    async fn kill(self, stack: &Stack, function: &str, payment: &Opened, hang: &str) -> usize {
        let began = Instant::now();
        loop {
            let is_there = match self {
                Self::AtTheGateway(Hang::Before) => stack.sandbox.struck(hang).await > 0,
                Self::AtTheGateway(Hang::After) => !stack.sandbox.charges(&payment.id).await.is_empty(),
                Self::AtTheTable { .. } => stack.sandbox.aws_struck(hang).await > 0,
            };
            if is_there {
                let killed = kill(stack, function);
                assert!(killed > 0, "{function} has no process");
                return killed;
            }
            assert!(began.elapsed() < REACHED_WITHIN, "{function} {self:?}: {} never got there", payment.id);
            sleep(POLL).await;
        }
    }

    async fn is_over(self, stack: &Stack, hang: &str) {
        match self {
            Self::AtTheGateway(_) => stack.sandbox.behaves_again(hang).await,
            Self::AtTheTable { .. } => stack.sandbox.aws_behaves_again(hang).await,
        }
    }

    /// Whoever asks confirm again is told what is known.
    fn told(self, again: &Answer) {
        let told = (again.status, again.header("idempotent-replayed"));
        match self {
            // Nothing was: this is the first time.
            Self::AtTheTable { writes_before: 0, hang: Hang::Before } => assert_eq!(told, (200, ""), "{}", again.text),
            // Its outcome was written before the function died.
            Self::AtTheTable { writes_before: 1, hang: Hang::After } => {
                assert_eq!(told, (200, "true"), "{}", again.text)
            }
            Self::AtTheTable { .. } | Self::AtTheGateway(_) => {
                assert_eq!(told, (202, "true"), "{self:?}: {}", again.text);
                assert_eq!(again.text_at("/processingReason"), "outcome_unknown", "{self:?}");
            }
        }
    }
}

/// All of them charged once.
async fn settled(stack: &Stack, function: &str, payments: &[Opened]) {
    let settled = settle(stack, &payments.iter().collect::<Vec<_>>()).await;
    for one in &settled {
        let at_rest = &one.at_rest;
        assert_eq!((at_rest.status.as_str(), at_rest.charges), ("succeeded", 1), "{}", at_rest.payment);
        assert_eq!(at_rest.payment["attempts"].as_array().map(Vec::len), Some(1), "{}", at_rest.payment);
    }
    let mut by = Tally::default();
    by.add(&settled);
    let told = by.of(Settler::Webhook);
    assert!(function == "webhook" || told == 0, "nobody was told anything: {by}");
    say(&format!("{function} killed: {} payments charged once, settled by {by}", payments.len()));
}
