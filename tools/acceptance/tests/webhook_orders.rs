//! What the gateway tells us may come backwards, shuffled, five-fold, or never: each payment ends the same, without any news only later.
//!
//! Every order sees the same stories, one payment each, in which money moves or does not behind our back. What can happen at both
//! gateways is told of both.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use acceptance::client::Opened;
use acceptance::gateway::Gateway::{self, PayPal, Stripe};
use acceptance::settle::{Settled, Settler, Tally, settle};
use acceptance::stack::{Stack, on_stack};
use acceptance::{a_few_at_a_time, eventually, say, unique};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::Mutex;

const SUCCEEDED: &str = "payment_intent.succeeded";
const CANCELED: &str = "payment_intent.canceled";

/// What happens to a payment, and how it ends: the status, what is captured, and how many charges stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Story {
    /// Our own call has charged; its news is no news.
    Charged,
    /// One card was declined, the next one was not.
    SecondCard,
    /// The money is held.
    Held,
    /// The payer's browser has paid by itself.
    PaidInBrowser,
    /// The payer's browser has tried, and the card was declined.
    DeclinedInBrowser,
    /// The payer has passed 3-D Secure, or has approved what we were to charge then.
    Approved,
    /// The payer has failed it.
    NotApproved,
    /// The bank has taken its time, and the money has come.
    Debited,
    /// The bank has taken its time, and there was no money.
    NotDebited,
    /// Two parts of the same amount went back.
    GivenBack,
    /// A part is on its way back for a while, and then has gone.
    GivenBackLater,
    /// A part was given back, and came again later.
    BouncedBack,
    /// Two parts of the same amount went back from the gateway's dashboard.
    GivenBackByHand,
    /// A part was disputed, and the dispute won.
    Disputed,
}

/// Those of which only an event can tell are the last: a row at its end is not looked at.
const STORIES: [(Gateway, Story, &str, i64, usize); 26] = [
    (Stripe, Story::Charged, "succeeded", 1999, 1),
    (PayPal, Story::Charged, "succeeded", 1999, 1),
    (Stripe, Story::SecondCard, "succeeded", 1999, 1),
    (PayPal, Story::SecondCard, "succeeded", 1999, 1),
    (Stripe, Story::Held, "requires_capture", 0, 1),
    (PayPal, Story::Held, "requires_capture", 0, 1),
    (Stripe, Story::PaidInBrowser, "succeeded", 1999, 1),
    (Stripe, Story::DeclinedInBrowser, "requires_payment_method", 0, 0),
    (Stripe, Story::Approved, "succeeded", 1999, 1),
    (PayPal, Story::Approved, "succeeded", 1999, 1),
    (Stripe, Story::NotApproved, "requires_payment_method", 0, 0),
    (PayPal, Story::NotApproved, "requires_action", 0, 0),
    (Stripe, Story::Debited, "succeeded", 1999, 1),
    (PayPal, Story::Debited, "succeeded", 1999, 1),
    (Stripe, Story::NotDebited, "requires_payment_method", 0, 0),
    (PayPal, Story::NotDebited, "failed", 0, 0),
    (Stripe, Story::GivenBack, "succeeded", 1999, 1),
    (PayPal, Story::GivenBack, "succeeded", 1999, 1),
    (Stripe, Story::GivenBackLater, "succeeded", 1999, 1),
    (PayPal, Story::GivenBackLater, "succeeded", 1999, 1),
    (PayPal, Story::BouncedBack, "succeeded", 1999, 1),
    (Stripe, Story::BouncedBack, "succeeded", 1999, 1),
    (Stripe, Story::GivenBackByHand, "succeeded", 1999, 1),
    (PayPal, Story::GivenBackByHand, "succeeded", 1999, 1),
    (Stripe, Story::Disputed, "succeeded", 1999, 1),
    (PayPal, Story::Disputed, "succeeded", 1999, 1),
];
/// How many of them are found out without any event.
const FOUND_OUT: usize = 21;

/// In which order what was held is told, and how often. The last time it never is.
const ORDERS: [(&str, u32); 4] = [("lifo", 1), ("shuffle", 1), ("shuffle", 5), ("never", 0)];

/// Whoever holds the webhooks holds everybody's.
static POST: Mutex<()> = Mutex::const_new(());

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn news_may_come_backwards_shuffled_five_fold_or_never_and_the_end_is_the_same() {
    on_stack(async |stack| {
        let post = POST.lock().await;
        let mut all = Vec::new();
        for (order, copies) in ORDERS {
            stack.sandbox.hold_webhooks().await;
            all.push(told(stack, if copies > 0 { STORIES.len() } else { FOUND_OUT }).await);
            if copies > 0 {
                stack.sandbox.release_webhooks(order, copies).await;
            }
        }
        let mut settled = settle(stack, &all.iter().flatten().collect::<Vec<_>>()).await.into_iter();
        let mut ends = Vec::new();
        for (payments, (order, copies)) in all.iter().zip(ORDERS) {
            let settled: Vec<Settled> = settled.by_ref().take(payments.len()).collect();
            ends.push(end(&settled, &format!("{order} x {copies}")));
            if copies == 0 {
                assert!(settled.iter().all(|one| one.settler != Settler::Webhook), "nobody was told anything");
                // Should they come after all, they change nothing.
                stack.sandbox.release_webhooks("shuffle", 2).await;
            }
            let told = if copies == 0 { 2 } else { copies };
            for ((payment, settled), (gateway, story, ..)) in payments.iter().zip(&settled).zip(STORIES) {
                // What we charge by ourselves is told when nobody knows when.
                let is_told_later = (gateway, story) == (PayPal, Story::Approved);
                if settled.at_rest.status != "succeeded" || is_told_later {
                    continue;
                }
                heard(stack, payment, usize::try_from(told).unwrap()).await;
                let now = stack.api.status(&payment.id).await.expect(200).json();
                assert_eq!(without_looks(now), without_looks(settled.at_rest.payment.clone()), "old news");
            }
        }
        let is_alike = |pair: &[Vec<Value>]| pair[0].iter().zip(&pair[1]).all(|(one, other)| one == other);
        assert!(ends.windows(2).all(is_alike), "{ends:#?}");
        drop(post);
    });
}

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn news_of_a_payment_whose_row_is_still_on_its_way_is_told_again_until_the_row_is_there() {
    on_stack(async |stack| {
        let post = POST.lock().await;
        let key = unique("early");
        let terms = json!({"amount": 1999, "currency": "EUR", "metadata": {"order": key}});
        // The gateway opens its object, and we do not hear of it.
        let lost = json!({"method": "POST", "path": "/v1/payment_intents", "containing": key, "fault": "reset_after", "times": 100});
        let lost = stack.sandbox.misbehaves(lost).await;
        drop(stack.api.initiate(&key, &terms).await.expect(503));
        stack.sandbox.behaves_again(&lost).await;
        let objects = stack.sandbox.find_intents(|object| object["metadata"]["order"] == key.as_str()).await;
        let (intent, id) = (text(&objects[0]["id"]), text(&objects[0]["metadata"]["transaction_id"]));
        drop(stack.sandbox.dashboard_cancels(&id).await);
        eventually("the news found no row", async || {
            let refused = stack.sandbox.deliveries(&intent, CANCELED).await;
            assert!(refused.iter().all(|line| line["status"] == 500 || line["status"].is_null()), "{refused:?}");
            if refused.is_empty() { Err("nothing was told".to_owned()) } else { Ok(()) }
        })
        .await;
        let opened = Opened::of(&stack.api.initiate(&key, &terms).await.expect(201));
        assert_eq!((&opened.id, &opened.intent), (&id, &intent), "the gateway finds its object again by our key");
        stack.sandbox.delivered(&intent, CANCELED, 1).await;
        let settled = settle(stack, &[&opened]).await;
        let told = stack.sandbox.deliveries(&intent, CANCELED).await.len();
        assert_eq!(settled[0].at_rest.status, "canceled");
        say(&format!("news before its row: told {told} times until it was taken"));
        drop(post);
    });
}

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn money_on_another_object_that_bears_our_id_moves_no_row_and_is_counted() {
    on_stack(async |stack| {
        let post = POST.lock().await;
        let payments = join_all(["untouched", "held", "taken"].map(async |money| {
            let payment = stack.api.open().await;
            let other = text(&stack.sandbox.duplicate(&payment.id, json!({"money": money})).await["id"]);
            (payment, money, other)
        }))
        .await;
        for (payment, money, other) in &payments {
            let kind = match *money {
                "taken" => SUCCEEDED,
                "held" => "payment_intent.amount_capturable_updated",
                _ => "payment_intent.created",
            };
            stack.sandbox.delivered(other, kind, 1).await;
            let shown = stack.api.status(&payment.id).await.expect(200).json();
            let told = (&shown["status"], &shown["amountCaptured"], &shown["amountCapturable"]);
            assert_eq!(told, (&json!("requires_payment_method"), &json!(0), &json!(0)), "{money}: {shown}");
            if *money == "untouched" {
                continue;
            }
            eventually(&format!("a person is told of the money that is {money}"), async || {
                let ours = stack.aws.logs_about("webhook", &payment.id).await;
                if ours.iter().any(|line| line.contains("foreignCharge")) { Ok(()) } else { Err(format!("{ours:?}")) }
            })
            .await;
        }
        drop(post);
    });
}

/// A payment for each of the first so many stories, with all that happens in it.
async fn told(stack: &Stack, stories: usize) -> Vec<Opened> {
    a_few_at_a_time(STORIES.into_iter().take(stories), async |(gateway, story, ..)| {
        let payment = stack.opened(gateway, story.terms(gateway)).await;
        match gateway {
            Stripe => story.happens(stack, &payment).await,
            PayPal => story.happens_at_paypal(stack, &payment).await,
        }
        payment
    })
    .await
}

impl Story {
    fn terms(self, gateway: Gateway) -> Value {
        match (self, gateway) {
            (Self::Held, _) => json!({"capture": "manual"}),
            // Only banks of the United States take their time here.
            (Self::Debited | Self::NotDebited, Stripe) => json!({"currency": "USD"}),
            (Self::Approved, PayPal) => json!({"confirmation": "automatic"}),
            _ => json!({}),
        }
    }

    async fn happens(self, stack: &Stack, payment: &Opened) {
        let browser = |method| stack.sandbox.confirm_in_browser(&payment.intent, &payment.client_secret, method);
        match self {
            Self::Charged | Self::Held => drop(stack.api.pay(payment, "pm_card_visa").await.expect(200)),
            Self::SecondCard => {
                drop(stack.api.pay(payment, "pm_card_visa_chargeDeclined").await.expect(402));
                drop(stack.api.pay(payment, "pm_card_visa").await.expect(200));
            }
            Self::PaidInBrowser => drop(browser("pm_card_visa").await.expect(200)),
            Self::DeclinedInBrowser => drop(browser("pm_card_visa_chargeDeclined").await.expect(402)),
            Self::Approved | Self::NotApproved => {
                let asked = stack.api.pay(payment, "pm_card_threeDSecure2Required").await.expect(200);
                let button = if self == Self::Approved { "approve" } else { "fail" };
                drop(stack.sandbox.payer_presses(&asked.text_at("/nextAction/url"), button).await.expect(303));
            }
            Self::Debited | Self::NotDebited => {
                drop(stack.api.pay(payment, "pm_usBankAccount_processing").await.expect(202));
                let outcome = if self == Self::Debited { "succeeded" } else { "failed" };
                stack.sandbox.settle(&payment.intent, outcome).await;
            }
            Self::GivenBack | Self::GivenBackByHand | Self::Disputed => {
                drop(stack.api.pay(payment, "pm_card_visa").await.expect(200));
                self.happens_afterwards(stack, payment).await;
            }
            Self::GivenBackLater => {
                drop(stack.api.pay(payment, "pm_card_pendingRefund").await.expect(200));
                drop(stack.api.refund(payment, &unique("back"), Some(500)).await.expect(202));
                booked(stack, payment, "succeeded").await;
            }
            Self::BouncedBack => {
                drop(stack.api.pay(payment, "pm_card_refundFail").await.expect(200));
                drop(stack.api.refund(payment, &unique("back"), Some(500)).await.expect(200));
                booked(stack, payment, "failed").await;
            }
        }
    }

    async fn happens_at_paypal(self, stack: &Stack, payment: &Opened) {
        let approves = async |with| drop(stack.sandbox.payer_approves(&payment.id, with).await);
        match self {
            Self::Charged | Self::Held => {
                approves(json!({})).await;
                drop(stack.charged(payment).await.expect(200));
            }
            Self::SecondCard => {
                approves(json!({"capture": "instrument_declined"})).await;
                drop(stack.charged(payment).await.expect(402));
                approves(json!({})).await;
                drop(stack.charged(payment).await.expect(200));
            }
            Self::Approved => approves(json!({})).await,
            Self::NotApproved => drop(stack.sandbox.payer_decides(&payment.id, "cancel").await),
            Self::Debited | Self::NotDebited => {
                approves(json!({"capture": "echeck"})).await;
                drop(stack.charged(payment).await.expect(202));
                let outcome = if self == Self::Debited { "succeeded" } else { "failed" };
                stack.sandbox.settles(&payment.id, outcome).await;
            }
            Self::GivenBack | Self::GivenBackByHand | Self::Disputed => {
                approves(json!({})).await;
                drop(stack.charged(payment).await.expect(200));
                self.happens_afterwards(stack, payment).await;
            }
            Self::GivenBackLater | Self::BouncedBack => {
                let comes_back = self == Self::BouncedBack;
                approves(json!({"refunds": if comes_back { "pending_then_failed" } else { "pending_then_completed" }}))
                    .await;
                drop(stack.charged(payment).await.expect(200));
                drop(stack.api.refund(payment, &unique("back"), Some(500)).await.expect(202));
                booked(stack, payment, if comes_back { "failed" } else { "succeeded" }).await;
            }
            Self::PaidInBrowser | Self::DeclinedInBrowser => panic!("no browser charges at PayPal"),
        }
    }

    /// What happens to money that was taken, whoever took it.
    async fn happens_afterwards(self, stack: &Stack, payment: &Opened) {
        if self == Self::Disputed {
            let dispute = stack.sandbox.disputes(&payment.id, json!({"amount": 700})).await;
            stack.sandbox.decides(&dispute, "won").await;
            return;
        }
        for _ in 0..2 {
            if self == Self::GivenBackByHand {
                drop(stack.sandbox.dashboard_refunds(&payment.id, Some(500)).await);
            } else {
                drop(stack.api.refund(payment, &unique("back"), Some(500)).await.expect(200));
            }
        }
    }
}

/// Waits until the gateway's books say this of the payment's refund.
async fn booked(stack: &Stack, payment: &Opened, status: &str) {
    eventually(&format!("the refund has {status}"), async || {
        let refunds = stack.sandbox.refunds(&payment.intent).await;
        if refunds.iter().all(|refund| refund.0 == status) { Ok(()) } else { Err(format!("{refunds:?}")) }
    })
    .await;
}

/// Waits until all that there is to tell of a payment that has succeeded has been told so many times.
async fn heard(stack: &Stack, payment: &Opened, copies: usize) {
    if payment.gateway == PayPal {
        stack.sandbox.delivered(&payment.intent, "CHECKOUT.ORDER.APPROVED", copies).await;
        let payments = stack.sandbox.order(&payment.intent).await["purchase_units"][0]["payments"].clone();
        stack.sandbox.delivered(&text(&payments["captures"][0]["id"]), "PAYMENT.CAPTURE.COMPLETED", copies).await;
        for refund in payments["refunds"].as_array().into_iter().flatten() {
            // That one has failed is told by nobody.
            if refund["status"] == "COMPLETED" {
                stack.sandbox.delivered(&text(&refund["id"]), "PAYMENT.CAPTURE.REFUNDED", copies).await;
            }
        }
        return;
    }
    stack.sandbox.delivered(&payment.intent, SUCCEEDED, copies).await;
    let charge = text(&stack.sandbox.intent(&payment.intent).await["latest_charge"]);
    let refunds = stack.sandbox.shown_refunds(&payment.intent).await;
    stack.sandbox.delivered(&charge, "charge.refunded", copies.saturating_mul(refunds.len())).await;
    for refund in refunds {
        let id = text(&refund["id"]);
        stack.sandbox.delivered(&id, "refund.created", copies).await;
        if refund["status"] == "failed" {
            stack.sandbox.delivered(&id, "refund.failed", copies).await;
        }
    }
}

/// A payment without what a look changes that finds nothing: that somebody has refunded by hand, an event only hints. What a charge came
/// to is looked for by itself.
fn without_looks(mut payment: Value) -> Value {
    for passing in ["version", "updatedAt", "settlement"] {
        payment[passing] = Value::Null;
    }
    payment
}

/// How the stories have ended, checked and counted; without what tells one telling from another.
fn end(settled: &[Settled], order: &str) -> Vec<Value> {
    let mut by = Tally::default();
    by.add(settled);
    let charges: usize = settled.iter().map(|one| one.at_rest.charges).sum();
    say(&format!("webhooks {order}: {} stories, {charges} charges, settled by {by}", settled.len()));
    let ends = settled.iter().zip(STORIES).map(|(one, (gateway, story, status, captured, charges))| {
        let payment = &one.at_rest.payment;
        let told = (one.at_rest.status.as_str(), payment["amountCaptured"].as_i64(), one.at_rest.charges);
        assert_eq!(told, (status, Some(captured), charges), "{order}: {gateway:?} {story:?} {payment}");
        let attempts = payment["attempts"].as_array().unwrap();
        let attempts = attempts.iter().map(|attempt| json!([attempt["number"], attempt["status"], attempt["source"]]));
        let refunds = payment["refunds"].as_array().unwrap();
        let refunds = refunds.iter().map(|refund| json!([refund["status"], refund["amount"], refund["source"]]));
        let disputes = payment["disputes"].as_array().unwrap();
        let disputes = disputes.iter().map(|dispute| json!([dispute["status"], dispute["amount"]]));
        json!({
            "disputes": disputes.collect::<Vec<_>>(), "attempts": attempts.collect::<Vec<_>>(), "nextAction": payment["nextAction"]["type"],
            "refunds": refunds.collect::<Vec<_>>(), "refundable": payment["amountRefundable"],
        })
    });
    ends.collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
