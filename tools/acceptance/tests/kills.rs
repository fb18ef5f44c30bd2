//! `kill -9` of a function while somebody outside is at work for it: settled all the same, and the money has moved once. The client sees
//! a 5xx or a cut connection, never a lie.
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
use serde_json::{Value, json};
use tokio::time::sleep;

/// How soon a function gets to where it is to die, at the latest. A nudge takes 2 s.
const REACHED_WITHIN: Duration = Duration::from_secs(15);
/// Shorter than what anybody waits for the gateway (2 s) or the table (1.5 s): the function must be dead before it has given up waiting.
const POLL: Duration = Duration::from_millis(50);
/// Longer than any of that.
const HANG_MS: u32 = 10_000;
/// However often it is asked.
const ALWAYS: u32 = 1_000;

/// What a client asks for, and what moves money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Confirm,
    Capture,
    Refund,
}

/// Where a function is killed, and whether what it has asked for is done all the same.
#[derive(Debug, Clone, Copy)]
enum Dies {
    /// While it waits for the gateway's answer to the call.
    AtTheGateway(Hang),
    /// While it waits for the table's answer to its first write, or the one after so many.
    AtTheTable { writes_before: u32, hang: Hang },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hang {
    Before,
    After,
}

const CALLS: [Call; 3] = [Call::Confirm, Call::Capture, Call::Refund];
/// One write: what the event says.
const OF_WEBHOOK: [Dies; 2] = [at_write(0, Hang::Before), at_write(0, Hang::After)];
/// Two writes: what is about to be asked, and what came of it.
const OF_A_CALL: [Dies; 6] = [
    at_write(0, Hang::Before),
    at_write(0, Hang::After),
    Dies::AtTheGateway(Hang::Before),
    Dies::AtTheGateway(Hang::After),
    at_write(1, Hang::Before),
    at_write(1, Hang::After),
];
/// The claim, and what the look found.
const OF_RETRY: [Dies; 4] = [
    at_write(0, Hang::After),
    Dies::AtTheGateway(Hang::Before),
    Dies::AtTheGateway(Hang::After),
    at_write(1, Hang::Before),
];

#[test]
fn a_function_that_is_killed_at_work_leaves_a_payment_whose_money_moves_once() {
    on_stack(async |stack| {
        let mut killed = 0_usize;
        let mut news = Vec::new();
        for dies in OF_WEBHOOK {
            let payment = stack.api.open().await;
            let hang = dies.hangs(stack, Call::Confirm, &payment, 0).await;
            let browser = stack.sandbox.confirm_in_browser(&payment.intent, &payment.client_secret, "pm_card_visa");
            let (paid, count) = join(browser, dies.kill(stack, "webhook", Call::Confirm, &payment, &hang)).await;
            drop(paid.expect(200));
            killed = killed.saturating_add(count);
            dies.is_over(stack, &hang).await;
            news.push(payment);
        }
        settled(stack, "webhook", Call::Confirm, &news).await;

        // From here on nobody is told anything: what a function leaves behind must be enough.
        stack.sandbox.hold_webhooks().await;
        for call in CALLS {
            let mut of_call = Vec::new();
            for dies in OF_A_CALL {
                let (payment, count) = call.is_killed(stack, dies).await;
                killed = killed.saturating_add(count);
                of_call.push(payment);
            }
            let mut of_retry = Vec::new();
            for dies in OF_RETRY {
                let (payment, count) = call.is_killed_when_made_again(stack, dies).await;
                killed = killed.saturating_add(count);
                of_retry.push(payment);
            }
            join(settled(stack, call.function(), call, &of_call), settled(stack, "retry", call, &of_retry)).await;
        }
        stack.sandbox.release_webhooks("fifo", 1).await;
        say(&format!("{killed} environments killed"));
    });
}

const fn at_write(writes_before: u32, hang: Hang) -> Dies {
    Dies::AtTheTable { writes_before, hang }
}

impl Call {
    const fn function(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Capture => "capture",
            Self::Refund => "refund",
        }
    }

    /// Where the gateway is asked for it.
    const fn path(self) -> &'static str {
        match self {
            Self::Confirm => "/v1/payment_intents/*/confirm",
            Self::Capture => "/v1/payment_intents/*/capture",
            Self::Refund => "/v1/refunds",
        }
    }

    /// A payment for which it can be asked.
    async fn payment(self, stack: &Stack) -> Opened {
        let capture = if self == Self::Capture { "manual" } else { "automatic" };
        let payment = stack.api.open_with(json!({"amount": 1999, "currency": "EUR", "capture": capture})).await;
        if self != Self::Confirm {
            drop(stack.api.pay(&payment, "pm_card_visa").await.expect(200));
        }
        payment
    }

    async fn ask(self, stack: &Stack, payment: &Opened, key: &str) -> Answer {
        let mut body = json!({"transactionId": payment.id});
        match self {
            Self::Confirm => body["paymentMethod"] = json!("pm_card_visa"),
            Self::Capture => {}
            Self::Refund => body["amount"] = json!(500),
        }
        stack.api.post(&format!("/payment/{}", self.function()), key, body.to_string()).await
    }

    /// Whether the gateway has done it.
    async fn is_done(self, stack: &Stack, payment: &Opened) -> bool {
        match self {
            Self::Confirm | Self::Capture => {
                stack.sandbox.charges(&payment.id).await.iter().any(|charge| charge.0 == "succeeded")
            }
            Self::Refund => !stack.sandbox.refunds(&payment.intent).await.is_empty(),
        }
    }

    /// Whether the payment says that nobody knows what came of it.
    fn is_open(self, payment: &Value) -> bool {
        match self {
            Self::Confirm => payment["processingReason"] == "outcome_unknown",
            Self::Capture => payment["pending"]["kind"] == "capture",
            Self::Refund => payment["refunds"][0]["status"] == "pending",
        }
    }

    /// Its function dies while a client waits. How many processes that were.
    async fn is_killed(self, stack: &Stack, dies: Dies) -> (Opened, usize) {
        let payment = self.payment(stack).await;
        let hang = dies.hangs(stack, self, &payment, 0).await;
        let key = unique("killed");
        let asked = self.ask(stack, &payment, &key);
        let (answer, count) = join(asked, dies.kill(stack, self.function(), self, &payment, &hang)).await;
        assert!((500..=504).contains(&answer.status), "{self:?} {dies:?}: nobody was left to answer {}", answer.text);
        dies.is_over(stack, &hang).await;
        dies.told(self, &self.ask(stack, &payment, &key).await);
        (payment, count)
    }

    /// It gets no answer. The nudge that it leaves on the queue makes retry send the same again, and that dies.
    async fn is_killed_when_made_again(self, stack: &Stack, dies: Dies) -> (Opened, usize) {
        let payment = self.payment(stack).await;
        let lost = json!({"method": "POST", "path": self.path(), "fault": "reset_before", "times": ALWAYS});
        let lost = stack.sandbox.misbehaves_for(&payment.id, lost).await;
        let hang = dies.hangs(stack, self, &payment, 2).await;
        drop(self.ask(stack, &payment, &unique("lost")).await.expect(202));
        stack.sandbox.behaves_again(&lost).await;
        let count = dies.kill(stack, "retry", self, &payment, &hang).await;
        dies.is_over(stack, &hang).await;
        (payment, count)
    }
}

impl Dies {
    /// From now on the function waits there for this payment, which others write so many times before it does.
    async fn hangs(self, stack: &Stack, call: Call, payment: &Opened, writes_of_others: u32) -> String {
        let mut rule = json!({"delayMs": HANG_MS, "times": ALWAYS});
        let (Self::AtTheGateway(hang) | Self::AtTheTable { hang, .. }) = self;
        rule["fault"] = json!(if hang == Hang::Before { "hang_before" } else { "hang_after" });
        match self {
            Self::AtTheGateway(_) => {
                rule["method"] = json!("POST");
                rule["path"] = json!(call.path());
                stack.sandbox.misbehaves_for(&payment.id, rule).await
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
    async fn kill(self, stack: &Stack, function: &str, call: Call, payment: &Opened, hang: &str) -> usize {
        let began = Instant::now();
        loop {
            let is_there = match self {
                Self::AtTheGateway(Hang::Before) => stack.sandbox.struck(hang).await > 0,
                Self::AtTheGateway(Hang::After) => call.is_done(stack, payment).await,
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

    /// Whoever asks again is told what is known.
    fn told(self, call: Call, again: &Answer) {
        let told = (again.status, again.header("idempotent-replayed"));
        match self {
            // Nothing was: this is the first time.
            Self::AtTheTable { writes_before: 0, hang: Hang::Before } => assert_eq!(told, (200, ""), "{}", again.text),
            // Its outcome was written before the function died.
            Self::AtTheTable { writes_before: 1, hang: Hang::After } => {
                assert_eq!(told, (200, "true"), "{}", again.text)
            }
            Self::AtTheTable { .. } | Self::AtTheGateway(_) => {
                assert_eq!(told, (202, "true"), "{call:?} {self:?}: {}", again.text);
                assert!(call.is_open(&again.json()), "{call:?} {self:?}: {}", again.text);
            }
        }
    }
}

/// All of them charged once, and refunded once where that was asked.
async fn settled(stack: &Stack, function: &str, call: Call, payments: &[Opened]) {
    let settled = settle(stack, &payments.iter().collect::<Vec<_>>()).await;
    let refunded = if call == Call::Refund { 500 } else { 0 };
    for one in &settled {
        let at_rest = &one.at_rest;
        assert_eq!((at_rest.status.as_str(), at_rest.charges), ("succeeded", 1), "{}", at_rest.payment);
        assert_eq!(at_rest.payment["attempts"].as_array().map(Vec::len), Some(1), "{}", at_rest.payment);
        // The books say the same, refund by refund: `settle` has compared them.
        assert_eq!(at_rest.payment["amountRefunded"], refunded, "{}", at_rest.payment);
    }
    let mut by = Tally::default();
    by.add(&settled);
    let told = by.of(Settler::Webhook);
    assert!(function == "webhook" || told == 0, "nobody was told anything: {by}");
    say(&format!("{function} killed at a {call:?}: {} payments moved once, settled by {by}", payments.len()));
}
