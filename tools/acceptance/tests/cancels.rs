//! A payment ends without money: because a client cancels it, or because its payer's time is over. Either is written down first, and
//! the row ends when the gateway's object is seen canceled.

#![expect(clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::time::Duration;

use acceptance::client::Opened;
use acceptance::oracle::row_equals_ledger;
use acceptance::settle::settle;
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{eventually, say, unique};
use serde_json::{Value, json};
use tokio::time::sleep;

const CARD: &str = "pm_card_visa";
const CANCELS: &str = "/v1/payment_intents/*/cancel";

#[test]
fn a_payment_is_canceled_wherever_it_waits_and_the_gateway_lets_go() {
    on_stack(async |stack| {
        let fresh = stack.api.open().await;
        let declined = stack.api.open().await;
        drop(stack.api.pay(&declined, "pm_card_visa_chargeDeclined").await.expect(402));
        let asked =
            stack.api.open_with(json!({"amount": 1999, "currency": "EUR", "returnUrl": "https://shop.example/"})).await;
        drop(stack.api.pay(&asked, "pm_card_threeDSecure2Required").await.expect(200));
        let held = stack.api.open_with(json!({"amount": 1999, "currency": "EUR", "capture": "manual"})).await;
        drop(stack.api.pay(&held, CARD).await.expect(200));
        let scheduled = stack.api.open().await;
        let away = json!({"transactionId": scheduled.id, "paymentMethod": "pm_card_visa_chargeDeclinedInsufficientFunds", "offSession": true});
        drop(stack.api.confirm(&unique("away"), &away).await.expect(202));

        for (payment, state) in [
            (&fresh, "requires_payment_method"),
            (&declined, "requires_payment_method"),
            (&asked, "requires_action"),
            (&held, "requires_capture"),
            (&scheduled, "processing"),
        ] {
            assert_eq!(stack.api.status(&payment.id).await.expect(200).text_at("/status"), state);
            let canceled = stack.api.cancel(payment).await.expect(200).json();
            assert_eq!(
                told(&canceled, &["status", "nextAction", "pending", "amountCapturable", "amountCaptured"]),
                json!(["canceled", null, null, 0, 0]),
                "from {state}"
            );
            let rests = row_equals_ledger(stack, payment).await.unwrap();
            assert_eq!((rests.status.as_str(), rests.charges), ("canceled", 0), "from {state}");
            let late = stack.api.pay(payment, CARD).await.expect(409);
            assert_eq!(late.text_at("/code"), "invalid_state", "from {state}");
            let again = stack.api.cancel(payment).await.expect(409);
            assert_eq!(again.text_at("/payment/status"), "canceled", "another request cannot cancel again");
        }
    });
}

#[test]
fn the_gateway_is_told_why_and_a_replay_finds_its_own_cancel() {
    on_stack(async |stack| {
        for reason in ["duplicate", "fraudulent", "requested_by_customer", "abandoned"] {
            let payment = stack.api.open().await;
            let key = unique("why");
            drop(cancel(stack, &payment, &key, Some(reason)).await.expect(200));
            assert_eq!(stack.sandbox.intent(&payment.intent).await["cancellation_reason"], reason);
            let replay = cancel(stack, &payment, &key, Some(reason)).await.expect(200);
            assert_eq!(
                (replay.header("idempotent-replayed"), replay.text_at("/status").as_str()),
                ("true", "canceled")
            );
            let reused = cancel(stack, &payment, &key, None).await.expect(422);
            assert_eq!(reused.text_at("/code"), "idempotency_key_reused");
        }
    });
}

#[test]
fn what_is_paid_is_not_canceled() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        drop(stack.api.pay(&payment, CARD).await.expect(200));
        let refused = stack.api.cancel(&payment).await.expect(409);
        assert_eq!(
            (refused.text_at("/code").as_str(), refused.text_at("/payment/status").as_str()),
            ("invalid_state", "succeeded")
        );
        drop(row_equals_ledger(stack, &payment).await.unwrap());
    });
}

#[test]
fn a_cancel_that_loses_against_the_payers_browser_says_so() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        drop(stack.sandbox.payer_confirms(&payment.id, CARD).await);
        // The gateway's event may come before or after: the answer is the same.
        let key = unique("loses");
        for _ in 0..2 {
            let refused = cancel(stack, &payment, &key, None).await.expect(409);
            assert_eq!(
                (refused.text_at("/code").as_str(), refused.text_at("/payment/status").as_str()),
                ("invalid_state", "succeeded")
            );
        }
        assert_eq!(row_equals_ledger(stack, &payment).await.unwrap().charges, 1);
    });
}

#[test]
fn a_cancel_whose_answer_is_lost_ends_when_the_object_is_seen_canceled() {
    on_stack(async |stack| {
        for fault in [
            "reset_before",
            "reset_after",
            "hang_before",
            "hang_after",
            "garbage_after",
            "saved_status_before",
            "saved_status_after",
        ] {
            let payment = stack.api.open().await;
            let lost = json!({"method": "POST", "path": CANCELS, "fault": fault, "times": 1});
            drop(stack.sandbox.misbehaves_for(&payment.id, lost).await);
            let key = unique("lost");
            let first = cancel(stack, &payment, &key, Some("abandoned")).await;
            // There may be time to ask again, and the gateway's event may tell before we know that its answer is lost.
            assert!(matches!(first.status, 200 | 202), "{fault}: {}", first.text);
            let settled = settle(stack, &[&payment]).await;
            assert_eq!(settled[0].at_rest.status, "canceled", "{fault}");
            let replay = cancel(stack, &payment, &key, Some("abandoned")).await.expect(200);
            assert_eq!(
                (replay.header("idempotent-replayed"), replay.text_at("/status").as_str()),
                ("true", "canceled")
            );
            say(&format!(
                "a cancel's answer lost by {fault}: {}, then canceled, by {:?}",
                first.status, settled[0].settler
            ));
        }
    });
}

#[test]
fn while_a_cancel_is_under_way_nothing_else_is_accepted() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let down = json!({"method": "POST", "path": CANCELS, "fault": "status", "status": 503, "times": 1000});
        let down = stack.sandbox.misbehaves_for(&payment.id, down).await;
        let key = unique("open");
        for replayed in ["", "true"] {
            let open = cancel(stack, &payment, &key, Some("abandoned")).await.expect(202);
            assert_eq!(
                (open.header("idempotent-replayed"), open.text_at("/status").as_str()),
                (replayed, "requires_payment_method")
            );
            let pending = told(&open.at("/pending"), &["kind", "amount", "endsAs", "reason"]);
            assert_eq!(pending, json!(["cancel", null, "canceled", "abandoned"]));
        }
        for answer in
            [stack.api.pay(&payment, CARD).await, stack.api.cancel(&payment).await, stack.api.capture(&payment).await]
        {
            assert_eq!((answer.status, answer.text_at("/code").as_str()), (409, "in_progress"), "{}", answer.text);
            assert_eq!(answer.text_at("/payment/pending/kind"), "cancel");
            assert!(!answer.header("retry-after").is_empty());
        }
        stack.sandbox.behaves_again(&down).await;
        assert_eq!(settle(stack, &[&payment]).await[0].at_rest.status, "canceled");
        let replay = cancel(stack, &payment, &key, Some("abandoned")).await.expect(200);
        assert_eq!((replay.header("idempotent-replayed"), replay.text_at("/status").as_str()), ("true", "canceled"));
    });
}

#[test]
fn what_the_bank_is_at_work_on_is_canceled_when_the_bank_says_no_and_paid_when_it_says_yes() {
    on_stack(async |stack| {
        for (outcome, status) in [("failed", "canceled"), ("succeeded", "succeeded")] {
            let payment = stack.api.open_with(json!({"amount": 1999, "currency": "USD"})).await;
            drop(stack.api.pay(&payment, "pm_usBankAccount_processing").await.expect(202));
            let key = unique("bank");
            // The gateway does not cancel what a bank is at work on: the cancel stays open.
            let open = cancel(stack, &payment, &key, None).await.expect(202).json();
            assert_eq!(told(&open, &["status"]), json!(["processing"]));
            assert_eq!(open["pending"]["kind"], "cancel");
            stack.sandbox.settle(&payment.intent, outcome).await;
            drop(stack.settled(&payment.id, status).await);
            let replay = cancel(stack, &payment, &key, None).await;
            let wanted = if status == "canceled" { (200, "/status") } else { (409, "/payment/status") };
            assert_eq!((replay.status, replay.text_at(wanted.1).as_str()), (wanted.0, status), "{}", replay.text);
            drop(row_equals_ledger(stack, &payment).await.unwrap());
        }
    });
}

#[test]
fn a_payment_ends_when_its_payers_time_is_over() {
    on_stack(async |stack| {
        let waiting = short(stack).await;
        let asked = short(stack).await;
        drop(stack.api.pay(&asked, "pm_card_threeDSecure2Required").await.expect(200));
        sleep(Duration::from_secs(4)).await;
        let late = stack.api.pay(&waiting, CARD).await;
        assert_eq!((late.status, late.text_at("/code").as_str()), (409, "invalid_state"), "{}", late.text);
        for payment in [&waiting, &asked] {
            drop(stack.settled(&payment.id, "expired").await);
            let rests = row_equals_ledger(stack, payment).await.unwrap();
            assert_eq!(rests.charges, 0);
            assert_eq!(stack.sandbox.intent(&payment.intent).await["status"], "canceled", "nobody can pay it any more");
        }
    });
}

#[test]
fn while_the_gateway_does_not_cancel_the_end_is_pending_and_who_pays_meanwhile_has_paid() {
    on_stack(async |stack| {
        for pays in [false, true] {
            let payment = short(stack).await;
            let down = json!({"method": "POST", "path": CANCELS, "fault": "status", "status": 503, "times": 1000});
            let down = stack.sandbox.misbehaves_for(&payment.id, down).await;
            eventually("the end is written down", async || {
                stack.sweep().await;
                let shown = stack.api.status(&payment.id).await.expect(200);
                if shown.text_at("/pending/kind") == "expiry" { Ok(()) } else { Err(shown.text) }
            })
            .await;
            let shown = stack.api.status(&payment.id).await.expect(200).json();
            assert_eq!(
                told(&shown["pending"], &["kind", "endsAs", "amount", "reason"]),
                json!(["expiry", "expired", null, null])
            );
            if pays {
                drop(stack.sandbox.payer_confirms(&payment.id, CARD).await.expect(200));
            }
            stack.sandbox.behaves_again(&down).await;
            let settled = settle(stack, &[&payment]).await;
            assert_eq!(settled[0].at_rest.status, if pays { "succeeded" } else { "expired" });
        }
    });
}

#[test]
fn a_payment_that_is_paid_in_time_does_not_expire() {
    on_stack(async |stack| {
        let (paid, held) = (short(stack).await, {
            let terms = json!({"amount": 1999, "currency": "EUR", "capture": "manual", "expiresIn": 3});
            stack.api.open_with(terms).await
        });
        drop(stack.api.pay(&paid, CARD).await.expect(200));
        drop(stack.api.pay(&held, CARD).await.expect(200));
        sleep(Duration::from_secs(4)).await;
        stack.sweep().await;
        sleep(Duration::from_secs(2)).await;
        for (payment, status) in [(&paid, "succeeded"), (&held, "requires_capture")] {
            assert_eq!(stack.api.status(&payment.id).await.expect(200).text_at("/status"), status);
        }
        drop(stack.api.capture(&held).await.expect(200));
    });
}

/// A payment whose payer has three seconds.
async fn short(stack: &Stack) -> Opened {
    let terms = json!({"amount": 1999, "currency": "EUR", "expiresIn": 3, "returnUrl": "https://shop.example/"});
    stack.api.open_with(terms).await
}

async fn cancel(stack: &Stack, payment: &Opened, key: &str, reason: Option<&str>) -> Answer {
    let mut body = json!({"transactionId": payment.id});
    if let Some(reason) = reason {
        body["reason"] = json!(reason);
    }
    stack.api.post("/payment/cancel", key, body.to_string()).await
}

/// These fields of an object.
fn told(object: &Value, fields: &[&str]) -> Value {
    fields.iter().map(|field| object[field].clone()).collect()
}
