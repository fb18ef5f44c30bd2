//! Money that goes back: to the last cent and not one more, once, whoever asks for it and whatever answer is lost; and what is told when
//! the gateway says no, says nothing, or changes its mind.

#![expect(clippy::indexing_slicing, clippy::panic, reason = "a test speaks by panicking")]

use std::cell::Cell;
use std::time::Duration;

use acceptance::client::Opened;
use acceptance::oracle::row_equals_ledger;
use acceptance::settle::settle;
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{a_few_at_a_time, eventually, say, unique};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::sleep;

/// What is paid in each of these tests.
const PAID: i64 = 5000;
const REFUNDS: &str = "/v1/refunds";
/// So many refunds at once, of so much each, of which so many fit. A payment has at most 50 refunds; the second crowd meets the end of
/// the money long before that, and leaves some that is too little for one more.
const CROWDS: [(usize, i64, usize); 2] = [(100, 100, 50), (30, 300, 16)];
/// Whoever is told to come back that often is told nothing.
const TRIES_MAX: usize = 60;

#[test]
fn parts_go_back_to_the_last_cent_and_not_one_more() {
    on_stack(async |stack| {
        let payment = paid(stack, "pm_card_visa").await;
        let key = unique("part");
        let first = stack.api.refund(&payment, &key, Some(1250)).await.expect(200);
        assert_eq!(
            told(&first.json(), &["status", "amountRefunded", "amountRefundable"]),
            json!(["succeeded", 1250, 3750])
        );
        let again = stack.api.refund(&payment, &key, Some(1250)).await.expect(200);
        assert_eq!((again.header("idempotent-replayed"), again.at("/amountRefunded")), ("true", json!(1250)));
        let reused = stack.api.refund(&payment, &key, Some(1251)).await.expect(422);
        assert_eq!(reused.text_at("/code"), "idempotency_key_reused");
        let free = unique("part");
        let too_much = stack.api.refund(&payment, &free, Some(3751)).await.expect(422);
        assert_eq!(
            (too_much.text_at("/code").as_str(), too_much.text_at("/errors/0/pointer").as_str()),
            ("amount_exceeds_refundable", "/amount")
        );
        drop(stack.api.refund(&payment, &free, Some(3749)).await.expect(200));
        let rest = stack.api.refund(&payment, &unique("rest"), None).await.expect(200).json();
        assert_eq!(told(&rest, &["amountRefunded", "amountRefundable"]), json!([PAID, 0]));
        let nothing = stack.api.refund(&payment, &unique("nothing"), None).await.expect(422);
        assert_eq!(nothing.text_at("/code"), "amount_exceeds_refundable");
        let amounts: Vec<i64> =
            stack.sandbox.refunds(&payment.intent).await.into_iter().map(|refund| refund.1).collect();
        assert_eq!(amounts, [1250, 3749, 1]);
        at_rest(stack, &payment).await;
    });
}

#[test]
fn of_a_hundred_refunds_at_once_as_many_succeed_as_there_is_money() {
    on_stack(async |stack| {
        for (count, amount, fitting) in CROWDS {
            let payment = paid(stack, "pm_card_visa").await;
            let keys: Vec<String> = (0..count).map(|_| unique("crowd")).collect();
            let looks = Cell::new(0_usize);
            let watching = async {
                loop {
                    never_too_much(stack, &payment).await;
                    looks.set(looks.get().saturating_add(1));
                }
            };
            let asking = join_all(keys.iter().map(|key| told_at_last(stack, &payment, key, amount)));
            let told_back = tokio::select! { told_back = asking => told_back, () = watching => Vec::new() };
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
            let back: usize = told_back.iter().sum();
            say(&format!(
                "{count} refunds of {amount} at once on {PAID}: {fitting} succeeded; {back} times told to come back; never too much in {} looks",
                looks.get()
            ));
        }
    });
}

#[test]
fn of_twenty_refunds_at_once_under_one_key_one_is_made() {
    on_stack(async |stack| {
        let payment = paid(stack, "pm_card_visa").await;
        let key = unique("same");
        let answers = join_all((0..20).map(|_| stack.api.refund(&payment, &key, Some(1250)))).await;
        let count = |wanted: &dyn Fn(&Answer) -> bool| answers.iter().filter(|answer| wanted(answer)).count();
        assert_eq!(count(&|answer| !matches!(answer.status, 200 | 202)), 0, "{answers:?}");
        assert_eq!(count(&|answer| answer.header("idempotent-replayed").is_empty()), 1, "one request made it");
        let settled = settle(stack, &[&payment]).await;
        assert_eq!(stack.sandbox.refunds(&payment.intent).await.len(), 1);
        assert_eq!(
            told(&settled[0].at_rest.payment, &["amountRefunded", "amountRefundable"]),
            json!([1250, PAID - 1250])
        );
    });
}

#[test]
fn a_refund_whose_answer_is_lost_is_made_once() {
    on_stack(async |stack| {
        for fault in
            ["status", "reset_before", "reset_after", "hang_before", "hang_after", "garbage_after", "slow_before"]
        {
            let payment = paid(stack, "pm_card_visa").await;
            let lost = json!({"method": "POST", "path": REFUNDS, "fault": fault, "times": 2, "delayMs": 4000});
            let lost = stack.sandbox.misbehaves_for(&payment.id, lost).await;
            let key = unique("lost");
            let first = stack.api.refund(&payment, &key, Some(1250)).await;
            assert!(matches!(first.status, 200 | 202), "{fault}: {}", first.text);
            assert_eq!(first.at("/amountRefundable"), 3750, "{fault}: it is reserved whatever becomes of it");
            let settled = settle(stack, &[&payment]).await;
            let refunds = stack.sandbox.refunds(&payment.intent).await;
            assert_eq!(refunds.len(), 1, "{fault}: {refunds:?}");
            let replay = stack.api.refund(&payment, &key, Some(1250)).await.expect(200);
            assert_eq!(replay.header("idempotent-replayed"), "true");
            stack.sandbox.behaves_again(&lost).await;
            say(&format!(
                "a refund's answer lost by {fault}: {}, then made once, by {:?}",
                first.status, settled[0].settler
            ));
        }
    });
}

#[test]
fn a_failure_that_the_gateway_remembers_is_never_taken_for_one_of_the_refund() {
    on_stack(async |stack| {
        for (fault, made) in [("saved_status_after", 1), ("saved_status_before", 0)] {
            let payment = paid(stack, "pm_card_visa").await;
            let saved = json!({"method": "POST", "path": REFUNDS, "fault": fault, "times": 1});
            drop(stack.sandbox.misbehaves_for(&payment.id, saved).await);
            let first = stack.api.refund(&payment, &unique("saved"), Some(1250)).await.expect(202);
            assert_eq!(first.at("/refunds/0/status"), "pending", "{fault}");
            let settled = settle(stack, &[&payment]).await;
            let rests = &settled[0].at_rest;
            assert_eq!(stack.sandbox.refunds(&payment.intent).await.len(), made, "{fault}");
            assert_eq!(rests.calls_for_a_person, made == 0, "{fault}: {}", rests.payment);
            assert_eq!(rests.payment["amountRefundable"], 3750, "{fault}: it may still be made");
        }
    });
}

#[test]
fn a_refund_that_the_gateway_refuses_gives_its_money_back_to_the_balance() {
    on_stack(async |stack| {
        let payment = paid(stack, "pm_card_visa").await;
        // Whoever looks what the dashboard has refunded learns nothing yet.
        let blind = json!({"method": "GET", "path": REFUNDS, "fault": "status", "status": 503, "times": 1000});
        let blind = stack.sandbox.misbehaves_for(&payment.id, blind).await;
        drop(stack.sandbox.dashboard_refunds(&payment.id, Some(4000)).await);
        let key = unique("refused");
        for replayed in ["", "true"] {
            let refused = stack.api.refund(&payment, &key, Some(1250)).await.expect(402);
            assert_eq!(
                (refused.text_at("/code").as_str(), refused.header("idempotent-replayed")),
                ("refund_failed", replayed)
            );
            assert_eq!(told(&refused.at("/payment/refunds/0"), &["status", "source"]), json!(["failed", "api"]));
            assert_eq!(refused.at("/payment/amountRefundable"), PAID, "nothing is reserved for what has failed");
        }
        stack.sandbox.behaves_again(&blind).await;
        let shown = found(stack, &payment, 4000).await;
        assert_eq!(shown["amountRefundable"], 1000, "what the dashboard refunds counts");
        let too_much = stack.api.refund(&payment, &unique("refused"), Some(1001)).await.expect(422);
        assert_eq!(too_much.text_at("/code"), "amount_exceeds_refundable");
        drop(stack.api.refund(&payment, &unique("rest"), None).await.expect(200));
        at_rest(stack, &payment).await;
    });
}

#[test]
fn what_the_dashboard_refunds_is_found_and_told() {
    on_stack(async |stack| {
        let payment = paid(stack, "pm_card_visa").await;
        drop(stack.sandbox.dashboard_refunds(&payment.id, Some(1999)).await);
        let shown = found(stack, &payment, 1999).await;
        assert_eq!(told(&shown["refunds"][0], &["status", "amount", "source"]), json!(["succeeded", 1999, "gateway"]));
        assert_eq!(shown["amountRefundable"], PAID - 1999);
        at_rest(stack, &payment).await;
    });
}

#[test]
fn a_refund_that_is_pending_is_told_so_until_it_has_succeeded() {
    on_stack(async |stack| {
        let payment = paid(stack, "pm_card_pendingRefund").await;
        let key = unique("pending");
        let pending = stack.api.refund(&payment, &key, Some(1250)).await.expect(202);
        assert_eq!(told(&pending.json(), &["amountRefunded", "amountRefundable"]), json!([0, 3750]));
        drop(settle(stack, &[&payment]).await);
        eventually("it has succeeded", async || {
            let answer = stack.api.refund(&payment, &key, Some(1250)).await;
            if answer.status == 200 { Ok(()) } else { Err(answer.text) }
        })
        .await;
        at_rest(stack, &payment).await;
    });
}

#[test]
fn a_refund_that_fails_days_later_gives_its_money_back_once_and_can_be_made_again() {
    on_stack(async |stack| {
        let payment = paid(stack, "pm_card_refundFail").await;
        for key in [unique("fails"), unique("again")] {
            let made = stack.api.refund(&payment, &key, None).await.expect(200);
            assert_eq!(told(&made.json(), &["amountRefunded", "amountRefundable"]), json!([PAID, 0]));
            let failed = eventually("it has failed", async || {
                let answer = stack.api.refund(&payment, &key, None).await;
                if answer.status == 402 { Ok(answer) } else { Err(answer.text) }
            })
            .await;
            assert_eq!(failed.text_at("/code"), "refund_failed");
            assert_eq!(told(&failed.at("/payment"), &["amountRefunded", "amountRefundable"]), json!([0, PAID]));
            at_rest(stack, &payment).await;
        }
    });
}

#[test]
fn only_what_was_captured_goes_back() {
    on_stack(async |stack| {
        let waiting = stack.api.open().await;
        let refused = stack.api.refund(&waiting, &unique("unpaid"), None).await.expect(409);
        assert_eq!(
            (refused.text_at("/code").as_str(), refused.text_at("/payment/status").as_str()),
            ("invalid_state", "requires_payment_method")
        );
        let held = stack.api.open_with(json!({"amount": PAID, "currency": "EUR", "capture": "manual"})).await;
        drop(stack.api.pay(&held, "pm_card_visa").await.expect(200));
        assert_eq!(stack.api.refund(&held, &unique("held"), None).await.expect(409).text_at("/code"), "invalid_state");
        let part = json!({"transactionId": held.id, "amount": 4200}).to_string();
        drop(stack.api.post("/payment/capture", &unique("part"), part).await.expect(200));
        let too_much = stack.api.refund(&held, &unique("held"), Some(4201)).await.expect(422);
        assert_eq!(too_much.text_at("/code"), "amount_exceeds_refundable");
        let whole = stack.api.refund(&held, &unique("held"), None).await.expect(200);
        assert_eq!(told(&whole.json(), &["amountRefunded", "amountRefundable"]), json!([4200, 0]));
        for payment in [&waiting, &held] {
            at_rest(stack, payment).await;
        }
    });
}

/// A payment of 50.00 EUR that is paid with this method.
async fn paid(stack: &Stack, method: &str) -> Opened {
    let payment = stack.api.open_with(json!({"amount": PAID, "currency": "EUR"})).await;
    let answer: Answer = stack.api.pay(&payment, method).await.expect(200);
    assert_eq!(answer.text_at("/status"), "succeeded");
    payment
}

/// What has gone back at the gateway, or is on its way.
async fn standing(stack: &Stack, payment: &Opened) -> i64 {
    let refunds = stack.sandbox.refunds(&payment.intent).await;
    refunds.iter().filter(|refund| matches!(refund.0.as_str(), "pending" | "succeeded")).map(|refund| refund.1).sum()
}

/// P3, at this moment: no more has gone back than was paid, and what is promised and what is offered are together what there is.
async fn never_too_much(stack: &Stack, payment: &Opened) {
    let shown = stack.api.status(&payment.id).await.expect(200).json();
    let refunds = shown["refunds"].as_array().map(Vec::as_slice).unwrap_or_default();
    let promised = refunds.iter().filter(|refund| !matches!(refund["status"].as_str(), Some("failed" | "canceled")));
    let promised: i64 = promised.filter_map(|refund| refund["amount"].as_i64()).sum();
    assert_eq!(shown["amountRefundable"].as_i64(), PAID.checked_sub(promised), "{shown}");
    let given = standing(stack, payment).await;
    assert!(given <= PAID, "{given} has gone back of {PAID}");
}

/// Asks for a refund as long as it is told to come back, and says how often that was.
async fn told_at_last(stack: &Stack, payment: &Opened, key: &str, amount: i64) -> usize {
    for back in 0..TRIES_MAX {
        let answer = stack.api.refund(payment, key, Some(amount)).await;
        let code = if answer.status < 300 { String::new() } else { answer.text_at("/code") };
        match (answer.status, code.as_str()) {
            (200 | 202, _) | (422, "amount_exceeds_refundable") => return back,
            (409, "in_progress") => {
                assert_eq!(answer.at("/retryable"), true, "{}", answer.text);
                let seconds = answer.header("retry-after").parse().unwrap_or_else(|_| panic!("when? {}", answer.text));
                sleep(Duration::from_secs(seconds)).await;
            }
            (status, _) => panic!("{status} {}", answer.text),
        }
    }
    panic!("{key} was told {TRIES_MAX} times to come back");
}

/// The payment, once it tells that so much has gone back.
async fn found(stack: &Stack, payment: &Opened, amount: i64) -> Value {
    eventually("what the dashboard has refunded is told", async || {
        let shown = stack.api.status(&payment.id).await.expect(200).json();
        if shown["amountRefunded"] == amount { Ok(shown) } else { Err(shown.to_string()) }
    })
    .await
}

async fn at_rest(stack: &Stack, payment: &Opened) {
    drop(eventually("the row equals the ledger", async || row_equals_ledger(stack, payment).await).await);
}

/// These fields of an object.
fn told(object: &Value, fields: &[&str]) -> Value {
    fields.iter().map(|field| object[field].clone()).collect()
}
