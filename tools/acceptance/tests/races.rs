//! Two who want different things of one payment at the same moment. Whoever wins, the row equals the ledger, and nobody is charged twice.
//!
//! The rounds of a race are spread over time: in the first ones the one starts long before the other, in the last ones long after, and
//! somewhere between they meet. How long is measured first, so that both orders really happen on a slow machine too.

#![expect(clippy::unwrap_used, reason = "a test speaks by panicking")]

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use acceptance::client::Opened;
use acceptance::gateway::Gateway::{PayPal, Stripe};
use acceptance::settle::{Settled, settle};
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{a_few_at_a_time, say, unique};
use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::time::sleep;

/// As many races at once as keep the machine busy and its latency short.
const AT_ONCE: usize = 4;

/// How often each way for a race to end was seen.
#[derive(Default)]
struct Ends(BTreeMap<String, usize>);

#[test]
fn of_twenty_confirms_at_once_one_charges() {
    on_stack(async |stack| {
        for (gateway, of_one_key) in [(Stripe, true), (Stripe, false), (PayPal, true), (PayPal, false)] {
            let payment = stack.ready(gateway, json!({})).await;
            let shared = unique("crowd");
            let answers = join_all((0..20).map(async |_| {
                let key = if of_one_key { shared.clone() } else { unique("crowd") };
                stack.api.charge(&payment, &key).await
            }))
            .await;
            let mut ends = Ends::default();
            let mut made = 0_usize;
            for answer in &answers {
                ends.count(word(answer));
                match (answer.status, of_one_key) {
                    (200 | 202, true) => {}
                    (200 | 202, false) => assert_eq!(answer.header("idempotent-replayed"), "", "{}", answer.text),
                    (409, false) => {
                        let code = answer.text_at("/code");
                        assert!(matches!(code.as_str(), "in_progress" | "invalid_state"), "{}", answer.text);
                        assert_eq!(answer.text_at("/payment/transactionId"), payment.id);
                        assert_eq!(answer.header("retry-after").is_empty(), code == "invalid_state", "{}", answer.text);
                    }
                    (status, _) => panic!("{status} {}", answer.text),
                }
                let is_own = answer.status < 300 && answer.header("idempotent-replayed").is_empty();
                made = made.saturating_add(usize::from(is_own));
            }
            assert_eq!(made, 1, "one request made the attempt: {ends}");
            charged_once(&settle(stack, &[&payment]).await);
            let keys = if of_one_key { "one key" } else { "20 keys" };
            say(&format!("20 confirms of one payment under {keys}: 1 charge; {ends}"));
        }
    });
}

#[test]
fn a_payers_browser_that_races_confirm_is_charged_once_whoever_wins() {
    on_stack(async |stack| {
        let confirm = async |payment: &Opened| stack.api.pay(payment, "pm_card_visa").await;
        let browser = async |payment: &Opened| {
            stack.sandbox.confirm_in_browser(&payment.intent, &payment.client_secret, "pm_card_visa").await
        };
        let payments = opened(stack, 50, "automatic").await;
        let ends = race(stack, &payments, confirm, browser).await;
        charged_once(&settle(stack, &payments.iter().collect::<Vec<_>>()).await);
        say(&format!("confirm and the payer's browser, 50 races: 50 charges; {ends}"));
        assert!(ends.any(|end| end.ends_with("| 200 succeeded")), "the browser never won: {ends}");
        assert!(ends.any(|end| end.ends_with("| 400")), "confirm never won: {ends}");
    });
}

#[test]
fn a_cancel_that_races_confirm_leaves_a_row_that_equals_the_ledger_whoever_wins() {
    on_stack(async |stack| {
        let confirm = async |payment: &Opened| stack.api.pay(payment, "pm_card_visa").await;
        let cancel = async |payment: &Opened| stack.api.cancel(payment).await;
        let payments = opened(stack, 50, "automatic").await;
        let ends = race(stack, &payments, confirm, cancel).await;
        let settled = settle(stack, &payments.iter().collect::<Vec<_>>()).await;
        let (paid, canceled) = (ended(&settled, "succeeded", 1), ended(&settled, "canceled", 0));
        say(&format!("confirm and cancel, 50 races: {paid} charges, {canceled} canceled; {ends}"));
        assert_eq!(paid.saturating_add(canceled), payments.len(), "{ends}");
        assert!(paid > 0 && canceled > 0, "one of them always won: {ends}");
    });
}

#[test]
fn a_cancel_that_races_capture_takes_the_money_or_lets_it_go_and_never_both() {
    on_stack(async |stack| {
        let capture = async |payment: &Opened| stack.api.capture(payment).await;
        let cancel = async |payment: &Opened| stack.api.cancel(payment).await;
        let payments = held(stack, 20).await;
        let ends = race(stack, &payments, capture, cancel).await;
        let settled = settle(stack, &payments.iter().collect::<Vec<_>>()).await;
        let (taken, let_go) = (ended(&settled, "succeeded", 1), ended(&settled, "canceled", 0));
        say(&format!("capture and cancel, 20 races: {taken} charges, {let_go} let go; {ends}"));
        assert_eq!(taken.saturating_add(let_go), payments.len(), "{ends}");
        assert!(taken > 0 && let_go > 0, "one of them always won: {ends}");
    });
}

#[test]
fn of_two_captures_of_different_amounts_one_is_made() {
    on_stack(async |stack| {
        let capture = async |payment: &Opened, amount: i64| {
            let body = json!({"transactionId": payment.id, "amount": amount}).to_string();
            stack.api.post("/payment/capture", &unique("capture"), body).await
        };
        let payments = held(stack, 20).await;
        let ends = race(stack, &payments, async |it| capture(it, 500).await, async |it| capture(it, 700).await).await;
        let settled = settle(stack, &payments.iter().collect::<Vec<_>>()).await;
        assert_eq!(ended(&settled, "succeeded", 1), payments.len(), "{ends}");
        let of = |amount: i64| settled.iter().filter(|one| one.at_rest.payment["amountCaptured"] == amount).count();
        let (less, more) = (of(500), of(700));
        say(&format!("two captures of different amounts, 20 races: {less} and {more} charges; {ends}"));
        assert_eq!(less.saturating_add(more), payments.len(), "{ends}");
        assert!(less > 0 && more > 0, "one of them always won: {ends}");
    });
}

#[test]
fn a_dashboard_that_races_our_acts_is_believed() {
    on_stack(async |stack| {
        let confirm = async |payment: &Opened| stack.api.pay(payment, "pm_card_visa").await;
        let capture = async |payment: &Opened| stack.api.capture(payment).await;
        let dashboard = async |payment: &Opened| stack.sandbox.dashboard_tries_to_cancel(&payment.id).await;
        let (open, held) = join(opened(stack, 20, "automatic"), held(stack, 20)).await;
        let ends = [race(stack, &open, confirm, dashboard).await, race(stack, &held, capture, dashboard).await];
        for (payments, (what, ends)) in [open, held].iter().zip(["confirm", "capture"].iter().zip(ends)) {
            let settled = settle(stack, &payments.iter().collect::<Vec<_>>()).await;
            let taken = ended(&settled, "succeeded", 1);
            let let_go = ended(&settled, "canceled", 0).saturating_add(ended(&settled, "expired", 0));
            say(&format!("{what} and a cancel at the dashboard, 20 races: {taken} charges, {let_go} canceled; {ends}"));
            assert_eq!(taken.saturating_add(let_go), payments.len(), "{ends}");
            assert!(taken > 0 && let_go > 0, "one of them always won: {ends}");
        }
    });
}

/// Lets two act on each of these payments, and counts how they were answered: `one | other`.
async fn race(
    stack: &Stack,
    payments: &[Opened],
    one: impl AsyncFn(&Opened) -> Answer,
    other: impl AsyncFn(&Opened) -> Answer,
) -> Ends {
    let longest = latency(stack).await.saturating_mul(2);
    let rounds = u32::try_from(payments.len()).unwrap();
    let head_start = |round: u32| longest.saturating_mul(round).checked_div(rounds).unwrap();
    let mut ends = Ends::default();
    let numbered: Vec<_> = (0..rounds).zip(payments).collect();
    for crowd in numbered.chunks(AT_ONCE) {
        let answers = join_all(crowd.iter().map(async |(round, payment)| {
            // From "one goes first by the longest" to "other goes first by the longest".
            let (before, after) = (head_start(*round), head_start(rounds.saturating_sub(*round)));
            join(
                async {
                    sleep(before.saturating_sub(after)).await;
                    one(payment).await
                },
                async {
                    sleep(after.saturating_sub(before)).await;
                    other(payment).await
                },
            )
            .await
        }));
        for (one, other) in answers.await {
            assert!(
                one.status < 500 && other.status < 500,
                "{} {} {} {}",
                one.status,
                one.text,
                other.status,
                other.text
            );
            ends.count(format!("{} | {}", word(&one), word(&other)));
        }
    }
    ends
}

/// How long a confirm takes from the client to the gateway and back while as many are under way as there will be.
async fn latency(stack: &Stack) -> Duration {
    let mut taken = Duration::ZERO;
    // The first round starts the environments; the second is the one that counts.
    for _ in 0..2 {
        let payments = opened(stack, AT_ONCE, "automatic").await;
        let began = Instant::now();
        let paid = join_all(payments.iter().map(|payment| stack.api.pay(payment, "pm_card_visa"))).await;
        assert!(paid.iter().all(|answer| answer.status == 200), "{paid:?}");
        taken = began.elapsed();
    }
    taken
}

/// So many payments of 19.99 EUR.
async fn opened(stack: &Stack, count: usize, capture: &str) -> Vec<Opened> {
    let terms = json!({"amount": 1999, "currency": "EUR", "capture": capture});
    a_few_at_a_time(0..count, |_| stack.api.open_with(terms.clone())).await
}

/// So many payments whose money is held.
async fn held(stack: &Stack, count: usize) -> Vec<Opened> {
    let payments = opened(stack, count, "manual").await;
    let held = a_few_at_a_time(&payments, |payment| stack.api.pay(payment, "pm_card_visa")).await;
    assert!(held.iter().all(|answer| answer.text_at("/status") == "requires_capture"), "{held:?}");
    payments
}

/// How many of them ended so, and with so many charges.
fn ended(settled: &[Settled], status: &str, charges: usize) -> usize {
    let so = |one: &&Settled| one.at_rest.status == status && one.at_rest.charges == charges;
    settled.iter().filter(so).count()
}

/// All of them, each with one charge.
fn charged_once(settled: &[Settled]) {
    for one in settled {
        let at_rest = &one.at_rest;
        assert_eq!((at_rest.status.as_str(), at_rest.charges), ("succeeded", 1), "{}", at_rest.payment);
    }
}

/// An answer in a few words.
fn word(answer: &Answer) -> String {
    let what = [answer.text_at("/code"), answer.text_at("/status")];
    format!("{} {}", answer.status, what.iter().find(|word| !word.is_empty()).map_or("", String::as_str))
        .trim()
        .to_owned()
}

impl Ends {
    fn count(&mut self, end: String) {
        let count = self.0.entry(end).or_default();
        *count = count.saturating_add(1);
    }

    fn any(&self, is: impl Fn(&str) -> bool) -> bool {
        self.0.keys().any(|end| is(end))
    }
}

impl fmt::Display for Ends {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.0.iter().map(|(end, count)| format!("{end}: {count}"));
        formatter.write_str(&parts.collect::<Vec<_>>().join(", "))
    }
}
