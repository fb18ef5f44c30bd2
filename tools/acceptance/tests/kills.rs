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
use acceptance::gateway::Call;
use acceptance::gateway::Gateway::{self, PayPal, Stripe};
use acceptance::settle::{Settler, Tally, settle};
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{a_few_at_a_time, say, unique};
use futures_util::future::{join, join_all};
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
enum Act {
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

const ACTS: [Act; 3] = [Act::Confirm, Act::Capture, Act::Refund];
/// One write: what the event says.
const OF_WEBHOOK: [Dies; 2] = [at_write(0, Hang::Before), at_write(0, Hang::After)];
/// Two writes: what is about to be asked, and what came of it. The writes are the same whatever the gateway.
const OF_A_CALL: [(Gateway, Dies); 8] = [
    (Stripe, at_write(0, Hang::Before)),
    (Stripe, at_write(0, Hang::After)),
    (Stripe, Dies::AtTheGateway(Hang::Before)),
    (Stripe, Dies::AtTheGateway(Hang::After)),
    (Stripe, at_write(1, Hang::Before)),
    (Stripe, at_write(1, Hang::After)),
    (PayPal, Dies::AtTheGateway(Hang::Before)),
    (PayPal, Dies::AtTheGateway(Hang::After)),
];
/// The claim, and what the look found.
const OF_RETRY: [(Gateway, Dies); 5] = [
    (Stripe, at_write(0, Hang::After)),
    (Stripe, Dies::AtTheGateway(Hang::Before)),
    (Stripe, Dies::AtTheGateway(Hang::After)),
    (Stripe, at_write(1, Hang::Before)),
    (PayPal, Dies::AtTheGateway(Hang::After)),
];

/// A payment for which something is about to be asked, and where the function dies that asks for it.
struct Victim {
    act: Act,
    payment: Opened,
    dies: Dies,
}

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn a_function_that_is_killed_at_work_leaves_a_payment_whose_money_moves_once() {
    on_stack(async |stack| {
        let mut killed = 0_usize;
        let mut news = Vec::new();
        for dies in OF_WEBHOOK {
            let payment = stack.api.open().await;
            let hang = dies.hangs(stack, Act::Confirm, &payment, 0).await;
            let browser = stack.sandbox.confirm_in_browser(&payment.intent, &payment.client_secret, "pm_card_visa");
            let (paid, count) = join(browser, dies.kill(stack, "webhook", Act::Confirm, &payment, &hang)).await;
            drop(paid.expect(200));
            killed = killed.saturating_add(count);
            dies.is_over(stack, &hang).await;
            news.push(Victim { act: Act::Confirm, payment, dies });
        }
        settled(stack, "webhook", &news).await;

        // From here on nobody is told anything: what a function leaves behind must be enough.
        stack.sandbox.hold_webhooks().await;
        let of_calls = join_all(ACTS.map(|act| victims(stack, act, &OF_A_CALL))).await;
        let of_retry = join_all(ACTS.map(|act| victims(stack, act, &OF_RETRY))).await;
        // Each function has processes of its own, so that three may die at once; retry is one and the same.
        let counts = join_all(of_calls.iter().map(async |victims| {
            let mut killed = 0_usize;
            for victim in victims {
                killed = killed.saturating_add(victim.is_killed(stack).await);
            }
            killed
        }));
        killed = counts.await.into_iter().fold(killed, usize::saturating_add);
        for victim in of_retry.iter().flatten() {
            killed = killed.saturating_add(victim.is_killed_when_asked_again(stack).await);
        }
        for (act, victims) in ACTS.iter().zip(&of_calls) {
            settled(stack, act.function(), victims).await;
        }
        settled(stack, "retry", &of_retry.into_iter().flatten().collect::<Vec<_>>()).await;
        stack.sandbox.release_webhooks("fifo", 1).await;
        say(&format!("{killed} environments killed"));
    });
}

/// Payments for which this can be asked, one for each place to die.
async fn victims(stack: &Stack, act: Act, deaths: &[(Gateway, Dies)]) -> Vec<Victim> {
    a_few_at_a_time(deaths, async |(gateway, dies)| {
        let payment = match act {
            Act::Confirm => stack.ready(*gateway, json!({})).await,
            Act::Capture => stack.paid(*gateway, json!({"capture": "manual"})).await,
            Act::Refund => stack.paid(*gateway, json!({})).await,
        };
        Victim { act, payment, dies: *dies }
    })
    .await
}

const fn at_write(writes_before: u32, hang: Hang) -> Dies {
    Dies::AtTheTable { writes_before, hang }
}

impl Act {
    const fn function(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Capture => "capture",
            Self::Refund => "refund",
        }
    }

    /// What the gateway is asked for.
    const fn call(self) -> Call {
        match self {
            Self::Confirm => Call::Confirm,
            Self::Capture => Call::Capture,
            Self::Refund => Call::Refund,
        }
    }

    async fn ask(self, stack: &Stack, payment: &Opened, key: &str) -> Answer {
        let mut body =
            if self == Self::Confirm { payment.confirmation() } else { json!({"transactionId": payment.id}) };
        if self == Self::Refund {
            body["amount"] = json!(500);
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
}

impl Victim {
    /// Its function dies while a client waits. How many processes that were.
    async fn is_killed(&self, stack: &Stack) -> usize {
        let Self { act, payment, dies } = self;
        let hang = dies.hangs(stack, *act, payment, 0).await;
        let key = unique("killed");
        let asked = act.ask(stack, payment, &key);
        let (answer, count) = join(asked, dies.kill(stack, act.function(), *act, payment, &hang)).await;
        assert!((500..=504).contains(&answer.status), "{act:?} {dies:?}: nobody was left to answer {}", answer.text);
        dies.is_over(stack, &hang).await;
        dies.told(*act, &act.ask(stack, payment, &key).await);
        count
    }

    /// It gets no answer. The nudge that it leaves on the queue makes retry send the same again, and that dies.
    async fn is_killed_when_asked_again(&self, stack: &Stack) -> usize {
        let Self { act, payment, dies } = self;
        let lost = payment.gateway.fault(act.call(), json!({"fault": "reset_before", "times": ALWAYS}));
        let lost = stack.sandbox.misbehaves_for(&payment.id, lost).await;
        let hang = dies.hangs(stack, *act, payment, 2).await;
        drop(act.ask(stack, payment, &unique("lost")).await.expect(202));
        stack.sandbox.behaves_again(&lost).await;
        let count = dies.kill(stack, "retry", *act, payment, &hang).await;
        dies.is_over(stack, &hang).await;
        count
    }
}

impl Dies {
    /// From now on the function waits there for this payment, which others write so many times before it does.
    async fn hangs(self, stack: &Stack, act: Act, payment: &Opened, writes_of_others: u32) -> String {
        let mut rule = json!({"delayMs": HANG_MS, "times": ALWAYS});
        let (Self::AtTheGateway(hang) | Self::AtTheTable { hang, .. }) = self;
        rule["fault"] = json!(if hang == Hang::Before { "hang_before" } else { "hang_after" });
        match self {
            Self::AtTheGateway(_) => {
                stack.sandbox.misbehaves_for(&payment.id, payment.gateway.fault(act.call(), rule)).await
            }
            Self::AtTheTable { writes_before, .. } => {
                rule["service"] = json!("dynamodb");
                rule["operation"] = json!("PutItem");
                rule["containing"] = json!(payment.row_key());
                rule["skip"] = json!(writes_of_others.saturating_add(writes_before));
                stack.sandbox.aws_misbehaves(rule).await
            }
        }
    }

    /// Kills the function as soon as it waits there and, where that is the point, what it waits for is done.
    async fn kill(self, stack: &Stack, function: &str, act: Act, payment: &Opened, hang: &str) -> usize {
        let began = Instant::now();
        loop {
            let is_there = match self {
                Self::AtTheGateway(Hang::Before) => stack.sandbox.struck(hang).await > 0,
                Self::AtTheGateway(Hang::After) => act.is_done(stack, payment).await,
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
    fn told(self, act: Act, again: &Answer) {
        let told = (again.status, again.header("idempotent-replayed"));
        match self {
            // Nothing was: this is the first time.
            Self::AtTheTable { writes_before: 0, hang: Hang::Before } => assert_eq!(told, (200, ""), "{}", again.text),
            // Its outcome was written before the function died.
            Self::AtTheTable { writes_before: 1, hang: Hang::After } => {
                assert_eq!(told, (200, "true"), "{}", again.text)
            }
            Self::AtTheTable { .. } | Self::AtTheGateway(_) => {
                assert_eq!(told, (202, "true"), "{act:?} {self:?}: {}", again.text);
                assert!(act.is_open(&again.json()), "{act:?} {self:?}: {}", again.text);
            }
        }
    }
}

/// All of them charged once, and refunded once where that was asked.
async fn settled(stack: &Stack, function: &str, victims: &[Victim]) {
    let settled = settle(stack, &victims.iter().map(|victim| &victim.payment).collect::<Vec<_>>()).await;
    for (victim, one) in victims.iter().zip(&settled) {
        let at_rest = &one.at_rest;
        assert_eq!((at_rest.status.as_str(), at_rest.charges), ("succeeded", 1), "{}", at_rest.payment);
        assert_eq!(at_rest.payment["attempts"].as_array().map(Vec::len), Some(1), "{}", at_rest.payment);
        // The books say the same, refund by refund: `settle` has compared them.
        let refunded = if victim.act == Act::Refund { 500 } else { 0 };
        assert_eq!(at_rest.payment["amountRefunded"], refunded, "{}", at_rest.payment);
    }
    let mut by = Tally::default();
    by.add(&settled);
    let told = by.of(Settler::Webhook);
    assert!(function == "webhook" || told == 0, "nobody was told anything: {by}");
    say(&format!("{function} killed: {} payments moved once, settled by {by}", victims.len()));
}
