//! Money that goes back: to the last cent and not one more, once, whoever asks for it and whatever answer is lost; and what is told when
//! the gateway says no, says nothing, or changes its mind.

use acceptance::client::Opened;
use acceptance::oracle::row_equals_ledger;
use acceptance::settle::settle;
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{eventually, say, unique};
use futures_util::future::join_all;
use serde_json::{Value, json};

/// What is paid in each of these tests.
const PAID: i64 = 5000;
const REFUNDS: &str = "/v1/refunds";

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
        let payment = paid(stack, "pm_card_visa").await;
        let keys: Vec<String> = (0..100).map(|_| unique("crowd")).collect();
        let answers = join_all(keys.iter().map(async |key| stack.api.refund(&payment, key, Some(100)).await)).await;
        let mut ends = std::collections::BTreeMap::<String, usize>::new();
        for answer in &answers {
            let code = if answer.status == 200 { String::new() } else { answer.text_at("/code") };
            let is_well = match (answer.status, code.as_str()) {
                (200 | 202, _) | (422, "amount_exceeds_refundable") => true,
                (409, "in_progress") => !answer.header("retry-after").is_empty(),
                (409, "invalid_state") => answer.at("/payment/refunds").as_array().is_some_and(|all| all.len() == 50),
                _ => false,
            };
            assert!(is_well, "{} {}", answer.status, answer.text);
            let count = ends.entry(format!("{} {code}", answer.status)).or_default();
            *count = count.saturating_add(1);
        }
        assert!(standing(stack, &payment).await <= PAID, "P3, at every moment");
        // Who was told to come back comes back, until there is an answer.
        for key in &keys {
            eventually("an answer", async || {
                let answer = stack.api.refund(&payment, key, Some(100)).await;
                if answer.text.contains("\"in_progress\"") { Err(answer.text) } else { Ok(()) }
            })
            .await;
        }
        drop(settle(stack, &[&payment]).await);
        let made = stack.sandbox.refunds(&payment.intent).await;
        assert_eq!((made.len(), standing(stack, &payment).await), (50, PAID));
        say(&format!("100 refunds of 1.00 at once on 50.00: 50 succeeded in the end; at first {ends:?}"));
        at_rest(stack, &payment).await;
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
        drop(stack.sandbox.dashboard_refunds(&payment.id, Some(4000)).await);
        // Its event may come before or after.
        let key = unique("refused");
        let refused = stack.api.refund(&payment, &key, Some(1250)).await;
        match refused.status {
            402 => {
                assert_eq!(refused.text_at("/code"), "refund_failed");
                assert_eq!(told(&refused.at("/payment/refunds/0"), &["status", "source"]), json!(["failed", "api"]));
                let replay = stack.api.refund(&payment, &key, Some(1250)).await.expect(402);
                assert_eq!(replay.header("idempotent-replayed"), "true");
            }
            422 => assert_eq!(refused.text_at("/code"), "amount_exceeds_refundable"),
            _ => panic!("{} {}", refused.status, refused.text),
        }
        let shown = stack.api.status(&payment.id).await.expect(200).json();
        assert!(shown["amountRefundable"].as_i64() >= Some(1000), "{shown}");
        let settled = settle(stack, &[&payment]).await;
        assert_eq!(settled[0].at_rest.payment["amountRefundable"], 1000, "what the dashboard refunds counts");
        drop(stack.api.refund(&payment, &unique("rest"), None).await.expect(200));
        at_rest(stack, &payment).await;
    });
}

#[test]
fn what_the_dashboard_refunds_is_found_and_told() {
    on_stack(async |stack| {
        let payment = paid(stack, "pm_card_visa").await;
        drop(stack.sandbox.dashboard_refunds(&payment.id, Some(1999)).await);
        let shown = eventually("the dashboard's refund is told", async || {
            let shown = stack.api.status(&payment.id).await.expect(200).json();
            if shown["amountRefunded"] == 1999 { Ok(shown) } else { Err(shown.to_string()) }
        })
        .await;
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
        let key = unique("fails");
        drop(stack.api.refund(&payment, &key, None).await.expect(200));
        let failed = eventually("it has failed", async || {
            let answer = stack.api.refund(&payment, &key, None).await;
            if answer.status == 402 { Ok(answer) } else { Err(answer.text) }
        })
        .await;
        assert_eq!(failed.text_at("/code"), "refund_failed");
        assert_eq!(told(&failed.at("/payment"), &["amountRefunded", "amountRefundable"]), json!([0, PAID]));
        drop(stack.sandbox.retells(&payment.id, json!({"type": "charge.refunded"})).await);
        at_rest(stack, &payment).await;
        drop(stack.api.refund(&payment, &unique("again"), None).await.expect(200));
    });
}

#[test]
fn what_is_not_paid_is_not_refunded_and_a_key_without_the_scope_refunds_nothing() {
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

async fn at_rest(stack: &Stack, payment: &Opened) {
    drop(eventually("the row equals the ledger", async || row_equals_ledger(stack, payment).await).await);
}

/// These fields of an object.
fn told(object: &Value, fields: &[&str]) -> Value {
    fields.iter().map(|field| object[field].clone()).collect()
}
