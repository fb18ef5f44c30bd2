//! Money that goes back: to the last cent and not one more, once, whoever asks for it and whatever answer is lost; and what is told when
//! the gateway says no, says nothing, or changes its mind.

#![expect(clippy::indexing_slicing, reason = "a test speaks by panicking")]

use acceptance::client::Opened;
use acceptance::oracle::row_equals_ledger;
use acceptance::settle::settle;
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{a_few_at_a_time, eventually, say, unique};
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
fn a_refund_whose_answer_is_lost_is_made_once() {
    on_stack(async |stack| {
        let faults =
            ["status", "reset_before", "reset_after", "hang_before", "hang_after", "garbage_after", "slow_before"];
        let cells = a_few_at_a_time(faults, async |fault| {
            let payment = paid(stack, "pm_card_visa").await;
            let lost = json!({"method": "POST", "path": REFUNDS, "fault": fault, "times": 2, "delayMs": 4000});
            let lost = stack.sandbox.misbehaves_for(&payment.id, lost).await;
            let key = unique("lost");
            let first = stack.api.refund(&payment, &key, Some(1250)).await;
            assert!(matches!(first.status, 200 | 202), "{fault}: {}", first.text);
            assert_eq!(first.at("/amountRefundable"), 3750, "{fault}: it is reserved whatever becomes of it");
            let too_much = stack.api.refund(&payment, &unique("beside"), Some(3751)).await.expect(422);
            assert_eq!(too_much.text_at("/code"), "amount_exceeds_refundable", "{fault}");
            (fault, payment, lost, key, first.status)
        })
        .await;
        let settled = settle(stack, &cells.iter().map(|cell| &cell.1).collect::<Vec<_>>()).await;
        for ((fault, payment, lost, key, first), settled) in cells.iter().zip(settled) {
            let refunds = stack.sandbox.refunds(&payment.intent).await;
            assert_eq!(refunds.len(), 1, "{fault}: {refunds:?}");
            let replay = stack.api.refund(payment, key, Some(1250)).await.expect(200);
            assert_eq!(replay.header("idempotent-replayed"), "true");
            stack.sandbox.behaves_again(lost).await;
            say(&format!("a refund's answer lost by {fault}: {first}, then made once, by {:?}", settled.settler));
        }
    });
}

#[test]
fn refunds_of_one_amount_are_told_apart_though_the_answer_of_one_is_lost() {
    on_stack(async |stack| {
        let payment = paid(stack, "pm_card_visa").await;
        drop(stack.api.refund(&payment, &unique("first"), Some(1250)).await.expect(200));
        // The gateway never hears of the second, and a third of the same amount is made in its dashboard.
        let lost = json!({"method": "POST", "path": REFUNDS, "fault": "reset_before", "times": 1000});
        let lost = stack.sandbox.misbehaves_for(&payment.id, lost).await;
        let blind = json!({"method": "GET", "path": REFUNDS, "fault": "status", "status": 503, "times": 1000});
        let blind = stack.sandbox.misbehaves_for(&payment.id, blind).await;
        let key = unique("second");
        drop(stack.api.refund(&payment, &key, Some(1250)).await.expect(202));
        drop(stack.sandbox.dashboard_refunds(&payment.id, Some(1250)).await);
        stack.sandbox.behaves_again(&lost).await;
        stack.sandbox.behaves_again(&blind).await;
        let settled = settle(stack, &[&payment]).await;
        assert_eq!(stack.sandbox.refunds(&payment.intent).await.len(), 3, "the second was made, and made once");
        let shown = found(stack, &payment, 3750).await;
        assert_eq!(told(&shown, &["amountRefundable"]), json!([1250]), "{:?}", settled[0].settler);
        let replay = stack.api.refund(&payment, &key, Some(1250)).await.expect(200);
        assert_eq!(replay.header("idempotent-replayed"), "true");
        at_rest(stack, &payment).await;
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
        let before = stack.api.status(&payment.id).await.expect(200).at("/version");
        drop(stack.sandbox.dashboard_refunds(&payment.id, Some(4000)).await);
        // Its webhook is not to come between the refund and its refusal: that would prove nothing then, and be 202.
        eventually("the row has heard that there is a refund", async || {
            let shown = stack.api.status(&payment.id).await.expect(200);
            if shown.at("/version") == before { Err(shown.text) } else { Ok(()) }
        })
        .await;
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
