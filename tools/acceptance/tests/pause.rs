//! The merchant's switch on the deployed stack: what moves money is 503 `paused`, at one gateway or as a whole, and is done under the same
//! key when the pause is over; what was done is answered as ever, and what only lets go of money goes on.
//!
//! One test, because a pause is everybody's: tests of one program run side by side, and programs one after another.

#![expect(clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::time::Duration;

use acceptance::client::Opened;
use acceptance::commands::xtask;
use acceptance::gateway::Gateway::{PayPal, Stripe};
use acceptance::settle::settle;
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{say, unique};
use serde_json::json;
use tokio::time::sleep;

/// Ten seconds, which a function may rely on what it saw, and one for what had begun.
const UNTIL_IT_HOLDS: Duration = Duration::from_secs(11);
/// More often than anybody asks before the trouble is over.
const ALWAYS: u32 = 1_000;
/// Long enough for several looks: the local stage's first nudge comes after 2 s, and sweeps come each second here.
const A_WHILE: Duration = Duration::from_secs(15);

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn a_pause_stops_what_moves_money_and_nothing_else_and_what_waited_is_done_when_it_is_over() {
    on_stack(async |stack| {
        let case = Case::prepared(stack).await;

        let said = xtask(stack, &["pause", "--why", "a test wants to see that it holds"]);
        assert!(said.contains("a test wants to see that it holds"), "{said}");
        sleep(UNTIL_IT_HOLDS).await;
        let refused = case.what_moves_money(stack).await;
        let goes_on = case.what_goes_on(stack).await;
        stack.sandbox.behaves_again(&case.lost).await;
        stack.while_sweeping(sleep(A_WHILE)).await;
        assert_eq!(stack.sandbox.charges(&case.unknown.id).await, [], "what may have been sent is not sent once more");
        assert_eq!(stack.api.status(&case.unknown.id).await.text_at("/status"), "processing");

        // From the whole to one gateway.
        stack.aws.pause("stripe").await;
        stack.aws.resume("everything").await;
        sleep(UNTIL_IT_HOLDS).await;
        let one = stack.api.initiate(&unique("one"), &Stack::terms(Stripe, &json!({}))).await;
        is_paused(&one, "Payments at this gateway are paused; nothing happened");
        drop(stack.paid(PayPal, json!({})).await);
        assert_eq!(stack.sweep().await["paused"], 1);

        drop(xtask(stack, &["resume", "--gateway", "stripe"]));
        sleep(UNTIL_IT_HOLDS).await;
        assert_eq!(stack.sweep().await["paused"], 0);
        case.is_done_under_the_same_keys(stack).await;
        let settled = settle(stack, &[&case.unknown]).await;
        assert_eq!((settled[0].at_rest.status.as_str(), settled[0].at_rest.charges), ("succeeded", 1));
        say(&format!(
            "paused: {refused} requests that move money are 503, {goes_on} others go on, 5 are done afterwards"
        ));
    });
}

/// What there is when the pause begins, and the keys of what is asked in it.
struct Case {
    waiting: Opened,
    paid: Opened,
    paid_under: String,
    held: Opened,
    let_go: Opened,
    /// Nobody knows whether it was charged, and the gateway does not answer.
    unknown: Opened,
    lost: String,
    keys: [String; 3],
}

impl Case {
    async fn prepared(stack: &Stack) -> Self {
        let by_hand = json!({"capture": "manual"});
        let (paid, paid_under) = (stack.opened(Stripe, json!({})).await, unique("before"));
        drop(stack.api.charge(&paid, &paid_under).await.expect(200));
        let unknown = stack.opened(Stripe, json!({})).await;
        let path = format!("/v1/payment_intents/{}/confirm", unknown.intent);
        let lost = json!({"method": "POST", "path": path, "fault": "reset_before", "times": ALWAYS});
        let lost = stack.sandbox.misbehaves(lost).await;
        drop(stack.api.charge(&unknown, &unique("lost")).await.expect(202));
        Self {
            waiting: stack.opened(Stripe, json!({})).await,
            paid,
            paid_under,
            held: stack.paid(Stripe, by_hand.clone()).await,
            let_go: stack.paid(Stripe, by_hand).await,
            unknown,
            lost,
            keys: [unique("initiate"), unique("confirm"), unique("refund")],
        }
    }

    /// How many requests were refused.
    async fn what_moves_money(&self, stack: &Stack) -> usize {
        let [initiate, confirm, refund] = &self.keys;
        let refused = [
            stack.api.initiate(initiate, &Stack::terms(Stripe, &json!({}))).await,
            stack.api.initiate(&unique("paypal"), &Stack::terms(PayPal, &json!({}))).await,
            stack.api.charge(&self.waiting, confirm).await,
            stack.api.capture(&self.held).await,
            stack.api.refund(&self.paid, refund, Some(500)).await,
        ];
        for answer in &refused {
            is_paused(answer, "Payments are paused; nothing happened");
        }
        assert_eq!(stack.sandbox.charges(&self.waiting.id).await, []);
        assert_eq!(stack.sandbox.refunds(&self.paid.intent).await, []);
        assert_eq!(stack.api.status(&self.held.id).await.text_at("/status"), "requires_capture");
        refused.len()
    }

    /// How many requests were served.
    async fn what_goes_on(&self, stack: &Stack) -> usize {
        let replayed = stack.api.charge(&self.paid, &self.paid_under).await.expect(200);
        assert_eq!(replayed.header("idempotent-replayed"), "true");
        let served = [
            replayed,
            stack.api.cancel(&self.let_go).await.expect(200),
            stack.api.status(&self.paid.id).await.expect(200),
            stack.api.payments("limit=1").await.expect(200),
        ];
        assert_eq!(stack.api.status(&self.let_go.id).await.text_at("/status"), "canceled");
        assert_eq!(stack.sweep().await["paused"], 1);
        served.len()
    }

    async fn is_done_under_the_same_keys(&self, stack: &Stack) {
        let [initiate, confirm, refund] = &self.keys;
        drop(stack.api.initiate(initiate, &Stack::terms(Stripe, &json!({}))).await.expect(201));
        let confirmed = stack.api.charge(&self.waiting, confirm).await.expect(200);
        assert_eq!(confirmed.header("idempotent-replayed"), "", "nothing had been written down");
        drop(stack.api.refund(&self.paid, refund, Some(500)).await.expect(200));
        drop(stack.api.capture(&self.held).await.expect(200));
        assert_eq!(stack.sandbox.charges(&self.waiting.id).await.len(), 1);
        assert_eq!(stack.sandbox.refunds(&self.paid.intent).await.len(), 1);
    }
}

/// Refused, with when to come back; and not a word of who paused it and why.
fn is_paused(answer: &Answer, detail: &str) {
    assert_eq!((answer.status, answer.text_at("/code").as_str()), (503, "paused"), "{}", answer.text);
    assert_eq!((answer.at("/retryable"), answer.header("retry-after")), (json!(true), "60"));
    assert_eq!(answer.text_at("/detail"), detail);
    assert!(!answer.text.contains("to see that it holds"), "{}", answer.text);
}
