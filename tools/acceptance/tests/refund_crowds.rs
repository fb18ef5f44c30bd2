//! Many who want their money back at once: never a cent more than was paid, at any moment, and nobody is told that the service fails.
//!
//! A program of its own, because nothing else should keep the machine busy while a hundred functions are at work.

#![expect(clippy::indexing_slicing, clippy::panic, reason = "a test speaks by panicking")]

use std::cell::Cell;
use std::time::{Duration, Instant};

use acceptance::client::Opened;
use acceptance::settle::settle;
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{a_few_at_a_time, say, unique};
use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::sleep;

/// What is paid in each of these tests.
const PAID: i64 = 5000;
/// So many refunds at once, of so much each, of which so many fit. A payment has at most 50 refunds; the second crowd meets the end of
/// the money long before that, and leaves some that is too little for one more.
const CROWDS: [(usize, i64, usize); 2] = [(100, 100, 50), (30, 300, 16)];
/// Whoever is told to come back that often is told nothing.
const TRIES_MAX: usize = 60;
/// Often enough to meet every stage of a crowd, and seldom enough to be no crowd itself.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
/// A function waits 1.5 s for the table. Where a look at one row takes this long, the machine is busy with something else, and no crowd
/// can be served on it.
const TOO_SLOW: Duration = Duration::from_secs(1);

/// Each crowd has the machine for itself.
static MACHINE: Mutex<()> = Mutex::const_new(());

/// How often somebody was told something else than what became of their refund.
#[derive(Default)]
struct Told {
    to_come_back: usize,
    that_we_fail: usize,
    /// No function takes that long: the machine had none to give.
    nothing: usize,
}

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn of_a_hundred_refunds_at_once_as_many_succeed_as_there_is_money() {
    on_stack(async |stack| {
        let machine = MACHINE.lock().await;
        for (count, amount, fitting) in CROWDS {
            let payment = paid(stack).await;
            warmed(stack, &payment, count).await;
            // A hundred more functions for the news would only keep the machine from what is tested.
            stack.sandbox.hold_webhooks().await;
            let keys: Vec<String> = (0..count).map(|_| unique("crowd")).collect();
            let (looks, slowest) = (Cell::new(0_usize), Cell::new(Duration::ZERO));
            let watching = async {
                loop {
                    slowest.set(never_too_much(stack, &payment).await.max(slowest.get()));
                    looks.set(looks.get().saturating_add(1));
                    sleep(BETWEEN_LOOKS).await;
                }
            };
            let asking = join_all(keys.iter().map(|key| told_at_last(stack, &payment, key, amount)));
            let told = tokio::select! { told = asking => told, () = watching => Vec::new() };
            let failures: usize = told.iter().map(|told| told.that_we_fail).sum();
            let nothing: usize = told.iter().map(|told| told.nothing).sum();
            let slowest = slowest.get();
            assert!(
                failures == 0 || nothing > 0 || slowest > TOO_SLOW,
                "{failures} times 5xx, and the table took {slowest:?} at most"
            );
            stack.sandbox.release_webhooks("fifo", 1).await;
            let settled = settle(stack, &[&payment]).await;
            let again = a_few_at_a_time(&keys, |key| stack.api.refund(&payment, key, Some(amount))).await;
            let ended = |status: u16| again.iter().filter(|answer| answer.status == status).count();
            assert_eq!((ended(200), ended(422)), (fitting, count.saturating_sub(fitting)));

            // Had more been reserved than there was, the gateway would have refused it, and it would stand here as failed.
            let shown = &settled[0].at_rest.payment;
            let refunds = shown["refunds"].as_array().map(Vec::as_slice).unwrap_or_default();
            assert!(refunds.iter().all(|refund| refund["status"] == "succeeded"), "{shown}");
            let given = standing(stack, &payment).await;
            assert_eq!((refunds.len(), shown["amountRefunded"].as_i64()), (fitting, Some(given)));
            assert_eq!(shown["amountRefundable"].as_i64(), PAID.checked_sub(given), "{shown}");
            assert!(PAID.saturating_sub(given) < amount, "whatever fits was given back");
            let back: usize = told.iter().map(|told| told.to_come_back).sum();
            say(&format!(
                "{count} refunds of {amount} at once on {PAID}: {fitting} succeeded; {back} times told to come back, {failures} times that we \
                 fail, {nothing} times nothing (the table took {slowest:.1?} at most); never too much in {} looks",
                looks.get()
            ));
        }
        drop(machine);
    });
}

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn of_twenty_refunds_at_once_under_one_key_one_is_made() {
    on_stack(async |stack| {
        let machine = MACHINE.lock().await;
        let payment = paid(stack).await;
        let key = unique("same");
        let answers = join_all((0..20).map(|_| stack.api.refund(&payment, &key, Some(1250)))).await;
        let count = |wanted: &dyn Fn(&Answer) -> bool| answers.iter().filter(|answer| wanted(answer)).count();
        assert_eq!(count(&|answer| !matches!(answer.status, 200 | 202)), 0, "{answers:?}");
        assert_eq!(count(&|answer| answer.header("idempotent-replayed").is_empty()), 1, "one request made it");
        let settled = settle(stack, &[&payment]).await;
        assert_eq!(stack.sandbox.refunds(&payment.intent).await.len(), 1);
        let shown = &settled[0].at_rest.payment;
        assert_eq!((&shown["amountRefunded"], &shown["amountRefundable"]), (&json!(1250), &json!(PAID - 1250)));
        drop(machine);
    });
}

/// A payment of 50.00 EUR that is paid.
async fn paid(stack: &Stack) -> Opened {
    let payment = stack.api.open_with(json!({"amount": PAID, "currency": "EUR"})).await;
    drop(stack.api.pay(&payment, "pm_card_visa").await.expect(200));
    payment
}

/// As many environments as there will be callers. To start them takes the machine longer than any of them waits for the table, so these
/// callers want what nobody gives them, and are not listened to.
async fn warmed(stack: &Stack, payment: &Opened, callers: usize) {
    let too_much = PAID.saturating_add(1);
    let keys: Vec<String> = (0..callers).map(|_| unique("warm")).collect();
    drop(join_all(keys.iter().map(|key| stack.api.refund(payment, key, Some(too_much)))).await);
}

/// What has gone back at the gateway, or is on its way.
async fn standing(stack: &Stack, payment: &Opened) -> i64 {
    let refunds = stack.sandbox.refunds(&payment.intent).await;
    refunds.iter().filter(|refund| matches!(refund.0.as_str(), "pending" | "succeeded")).map(|refund| refund.1).sum()
}

/// P3, at this moment: no more has gone back than was paid, and what is promised and what is offered are together what there is. How
/// long the table takes for a row.
async fn never_too_much(stack: &Stack, payment: &Opened) -> Duration {
    let given = standing(stack, payment).await;
    assert!(given <= PAID, "{given} has gone back of {PAID}");
    let began = Instant::now();
    drop(stack.aws.row(&payment.id).await);
    let taken = began.elapsed();
    let answer = stack.api.status(&payment.id).await;
    if answer.status != 200 {
        return taken;
    }
    let shown = answer.json();
    let refunds = shown["refunds"].as_array().map(Vec::as_slice).unwrap_or_default();
    let promised = refunds.iter().filter(|refund| !matches!(refund["status"].as_str(), Some("failed" | "canceled")));
    let promised: i64 = promised.filter_map(|refund| refund["amount"].as_i64()).sum();
    assert_eq!(shown["amountRefundable"].as_i64(), PAID.checked_sub(promised), "{shown}");
    taken
}

/// Asks for a refund until it is told what became of it.
async fn told_at_last(stack: &Stack, payment: &Opened, key: &str, amount: i64) -> Told {
    let mut told = Told::default();
    for _ in 0..TRIES_MAX {
        let answer = stack.api.refund(payment, key, Some(amount)).await;
        if answer.is_timed_out() {
            told.nothing = told.nothing.saturating_add(1);
            continue;
        }
        let code = if answer.status < 300 { String::new() } else { answer.text_at("/code") };
        match (answer.status, code.as_str()) {
            (200 | 202, _) | (422, "amount_exceeds_refundable") => return told,
            (409, "in_progress") => {
                assert_eq!(answer.at("/retryable"), true, "{}", answer.text);
                let seconds = answer.header("retry-after").parse().unwrap_or_else(|_| panic!("when? {}", answer.text));
                told.to_come_back = told.to_come_back.saturating_add(1);
                sleep(Duration::from_secs(seconds)).await;
            }
            // A function, or the local AWS for it.
            (503, "unavailable") | (502..=504, "") => told.that_we_fail = told.that_we_fail.saturating_add(1),
            (status, _) => panic!("{status} {}", answer.text),
        }
    }
    panic!("{key} was told {TRIES_MAX} times to come back");
}
