//! Money that is held: taken whole or in part, once, or let go; and what is told when the gateway says no, says nothing, or holds it no more.

#![expect(clippy::indexing_slicing, reason = "a test speaks by panicking")]

use acceptance::client::Opened;
use acceptance::oracle::row_equals_ledger;
use acceptance::settle::settle;
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{eventually, say, unique};
use futures_util::future::join_all;
use serde_json::{Value, json};

/// What is held in each of these tests.
const HELD: i64 = 5000;
const CAPTURES: &str = "/v1/payment_intents/*/capture";

#[test]
fn all_that_is_held_is_taken_when_no_amount_is_named() {
    on_stack(async |stack| {
        let payment = held(stack).await;
        let key = unique("whole");
        let taken = capture(stack, &payment, &key, None).await.expect(200);
        assert_eq!(taken.header("idempotent-replayed"), "");
        assert_eq!(
            told(&taken.json(), &["status", "amountCaptured", "amountCapturable", "amountRefundable", "pending"]),
            json!(["succeeded", HELD, 0, HELD, null])
        );
        let again = capture(stack, &payment, &key, None).await.expect(200);
        assert_eq!(
            (again.header("idempotent-replayed"), told(&again.json(), &["amountCaptured"])),
            ("true", json!([HELD]))
        );
        let another = capture(stack, &payment, &unique("whole"), None).await.expect(409);
        assert_eq!(
            (another.text_at("/code").as_str(), another.text_at("/payment/status").as_str()),
            ("invalid_state", "succeeded")
        );
        assert_eq!(stack.sandbox.charges(&payment.id).await, [charge("succeeded", HELD)]);
        drop(row_equals_ledger(stack, &payment).await.unwrap());
    });
}

#[test]
fn a_part_is_taken_and_the_rest_is_let_go() {
    on_stack(async |stack| {
        let payment = held(stack).await;
        assert_eq!(stack.sandbox.charges(&payment.id).await, [charge("authorized", HELD)]);
        let taken = capture(stack, &payment, &unique("part"), Some(4200)).await.expect(200).json();
        assert_eq!(
            told(&taken, &["status", "amount", "amountCaptured", "amountCapturable", "amountRefundable"]),
            json!(["succeeded", HELD, 4200, 0, 4200])
        );
        assert_eq!(stack.sandbox.charges(&payment.id).await, [charge("succeeded", 4200)]);
        let object = stack.sandbox.intent(&payment.intent).await;
        assert_eq!(told(&object, &["amount_received", "amount_capturable"]), json!([4200, 0]), "the rest is not held");
        let rest = capture(stack, &payment, &unique("part"), Some(800)).await.expect(409);
        assert_eq!(rest.text_at("/code"), "invalid_state", "a payment is captured once");
        drop(row_equals_ledger(stack, &payment).await.unwrap());
    });
}

/// What was held and not taken is no refund, neither at the gateway nor here: somebody who looks at all refunds must not find it.
#[test]
fn of_a_part_that_was_taken_parts_go_back_and_what_is_left_is_right_after_a_look() {
    on_stack(async |stack| {
        let payment = held(stack).await;
        drop(capture(stack, &payment, &unique("part"), Some(4200)).await.expect(200));
        let back = stack.api.refund(&payment, &unique("back"), Some(1200)).await.expect(200).json();
        assert_eq!(told(&back, &["amountRefunded", "amountRefundable"]), json!([1200, 3000]));
        // What the dashboard refunds is found by a look at all refunds of the object.
        drop(stack.sandbox.dashboard_refunds(&payment.id, Some(700)).await);
        let shown = eventually("all refunds were looked at", async || {
            let shown = stack.api.status(&payment.id).await.expect(200).json();
            if shown["amountRefunded"] == 1900 { Ok(shown) } else { Err(shown.to_string()) }
        })
        .await;
        let sources: Vec<Value> = shown["refunds"].as_array().unwrap().iter().map(|it| it["source"].clone()).collect();
        assert_eq!((json!(sources), &shown["amountRefundable"]), (json!(["api", "gateway"]), &json!(2300)));
        drop(stack.api.refund(&payment, &unique("rest"), None).await.expect(200));
        drop(eventually("the row equals the ledger", async || row_equals_ledger(stack, &payment).await).await);
    });
}

#[test]
fn more_than_is_held_is_refused_and_stays_held() {
    on_stack(async |stack| {
        let payment = held(stack).await;
        let key = unique("more");
        let refused = capture(stack, &payment, &key, Some(HELD + 1)).await.expect(422);
        assert_eq!(
            (refused.text_at("/code").as_str(), refused.text_at("/errors/0/pointer").as_str()),
            ("amount_exceeds_capturable", "/amount")
        );
        assert_eq!(stack.sandbox.charges(&payment.id).await, [charge("authorized", HELD)]);
        // What was refused has not used up its key.
        drop(capture(stack, &payment, &key, Some(HELD)).await.expect(200));
        assert_eq!(stack.sandbox.charges(&payment.id).await, [charge("succeeded", HELD)]);
    });
}

#[test]
fn naming_the_amount_and_leaving_it_out_are_different_requests() {
    on_stack(async |stack| {
        let payment = held(stack).await;
        let key = unique("reused");
        drop(capture(stack, &payment, &key, Some(HELD)).await.expect(200));
        for other in [None, Some(HELD - 1)] {
            let reused = capture(stack, &payment, &key, other).await.expect(422);
            assert_eq!(reused.text_at("/code"), "idempotency_key_reused", "{other:?}");
        }
    });
}

#[test]
fn what_is_not_held_is_not_captured() {
    on_stack(async |stack| {
        let waiting = stack.api.open_with(json!({"amount": HELD, "currency": "EUR", "capture": "manual"})).await;
        let charged = stack.api.open().await;
        drop(stack.api.pay(&charged, "pm_card_visa").await.expect(200));
        for (payment, status) in [(&waiting, "requires_payment_method"), (&charged, "succeeded")] {
            let refused = capture(stack, payment, &unique("not-held"), None).await.expect(409);
            assert_eq!(
                (refused.text_at("/code").as_str(), refused.text_at("/payment/status").as_str()),
                ("invalid_state", status)
            );
        }
    });
}

#[test]
fn a_hold_that_has_lapsed_is_not_captured_and_the_payment_has_expired() {
    on_stack(async |stack| {
        let payment = held(stack).await;
        drop(stack.sandbox.hold_lapses(&payment.id).await);
        // The gateway's event may come before or after: the answer is the same.
        let key = unique("lapsed");
        let refused = capture(stack, &payment, &key, None).await.expect(409);
        assert_eq!(
            (refused.text_at("/code").as_str(), refused.text_at("/payment/status").as_str()),
            ("invalid_state", "expired")
        );
        let again = capture(stack, &payment, &key, None).await.expect(409);
        assert_eq!(
            (again.text_at("/code").as_str(), again.text_at("/payment/status").as_str()),
            ("invalid_state", "expired")
        );
        let rests = row_equals_ledger(stack, &payment).await.unwrap();
        assert_eq!((rests.status.as_str(), rests.charges), ("expired", 0));
    });
}

#[test]
fn a_capture_that_the_gateway_refuses_is_no_decline_and_may_be_tried_again() {
    on_stack(async |stack| {
        let payment = held(stack).await;
        let fault = json!({"method": "POST", "path": CAPTURES, "fault": "status", "status": 402, "times": 1});
        let fault = stack.sandbox.misbehaves_for(&payment.id, fault).await;
        let key = unique("refused");
        for replayed in ["", "true"] {
            let refused = capture(stack, &payment, &key, None).await.expect(402);
            assert_eq!(refused.header("idempotent-replayed"), replayed);
            let problem = refused.json();
            assert_eq!(told(&problem, &["code", "retryable", "decline"]), json!(["capture_refused", false, null]));
            assert_eq!(problem["errors"][0]["detail"], "was refused by the gateway: card_declined");
            assert_eq!(
                told(&problem["payment"], &["status", "amountCapturable", "pending"]),
                json!(["requires_capture", HELD, null])
            );
        }
        assert_eq!(stack.sandbox.struck(&fault).await, 1, "a replay does not ask again");
        drop(capture(stack, &payment, &unique("refused"), None).await.expect(200));
        let late = capture(stack, &payment, &key, None).await.expect(402);
        assert_eq!(
            late.text_at("/payment/status"),
            "succeeded",
            "it answers for its own capture, and shows what became of the payment"
        );
    });
}

#[test]
fn while_a_capture_is_under_way_nothing_else_is_accepted() {
    on_stack(async |stack| {
        let payment = held(stack).await;
        let down = json!({"method": "POST", "path": CAPTURES, "fault": "status", "status": 503, "times": 1000});
        let down = stack.sandbox.misbehaves_for(&payment.id, down).await;
        let key = unique("open");
        for replayed in ["", "true"] {
            let open = capture(stack, &payment, &key, Some(4200)).await.expect(202);
            assert_eq!(open.header("idempotent-replayed"), replayed);
            assert_eq!(told(&open.json(), &["status", "amountCapturable"]), json!(["requires_capture", HELD]));
            let pending = told(&open.at("/pending"), &["kind", "amount", "endsAs", "reason"]);
            assert_eq!(pending, json!(["capture", 4200, null, null]));
        }
        for answer in [stack.api.cancel(&payment).await, stack.api.capture(&payment).await] {
            assert_eq!((answer.status, answer.text_at("/code").as_str()), (409, "in_progress"), "{}", answer.text);
            assert_eq!(answer.text_at("/payment/pending/kind"), "capture");
        }
        stack.sandbox.behaves_again(&down).await;
        assert_eq!(settle(stack, &[&payment]).await[0].at_rest.payment["amountCaptured"], 4200);
        let replay = capture(stack, &payment, &key, Some(4200)).await.expect(200);
        assert_eq!(replay.header("idempotent-replayed"), "true");
    });
}

#[test]
fn a_capture_whose_answer_is_lost_takes_the_money_once() {
    on_stack(async |stack| {
        for fault in ["reset_before", "reset_after", "hang_before", "hang_after", "garbage_after"] {
            let payment = held(stack).await;
            let lost = json!({"method": "POST", "path": CAPTURES, "fault": fault, "times": 1});
            drop(stack.sandbox.misbehaves_for(&payment.id, lost).await);
            let key = unique("lost");
            let first = capture(stack, &payment, &key, Some(4200)).await;
            // There may be time to ask again, and the gateway's event may tell before we know that its answer is lost.
            assert!(matches!(first.status, 200 | 202), "{fault}: {}", first.text);
            let settled = settle(stack, &[&payment]).await;
            assert_eq!(settled[0].at_rest.payment["amountCaptured"], 4200, "{fault}");
            assert_eq!(stack.sandbox.charges(&payment.id).await, [charge("succeeded", 4200)]);
            let replay = capture(stack, &payment, &key, Some(4200)).await.expect(200);
            assert_eq!(replay.header("idempotent-replayed"), "true");
            say(&format!(
                "a capture's answer lost by {fault}: {}, then captured once, by {:?}",
                first.status, settled[0].settler
            ));
        }
    });
}

#[test]
fn of_twenty_captures_at_once_one_takes_the_money() {
    on_stack(async |stack| {
        for of_one_key in [true, false] {
            let payment = held(stack).await;
            let shared = unique("crowd");
            let answers = join_all((0..20).map(async |_| {
                let key = if of_one_key { shared.clone() } else { unique("crowd") };
                capture(stack, &payment, &key, Some(4200)).await
            }))
            .await;
            let count = |wanted: &dyn Fn(&Answer) -> bool| answers.iter().filter(|answer| wanted(answer)).count();
            let made = count(&|answer| answer.status < 300 && answer.header("idempotent-replayed").is_empty());
            assert_eq!(made, 1, "one request made the capture");
            let allowed: &[u16] = if of_one_key { &[200, 202] } else { &[200, 202, 409] };
            assert_eq!(count(&|answer| !allowed.contains(&answer.status)), 0);
            drop(settle(stack, &[&payment]).await);
            assert_eq!(stack.sandbox.charges(&payment.id).await, [charge("succeeded", 4200)]);
            let keys = if of_one_key { "one key" } else { "20 keys" };
            say(&format!(
                "20 captures of one payment under {keys}: captured once; {} times 409",
                count(&|answer| answer.status == 409)
            ));
        }
    });
}

#[test]
fn what_the_dashboard_has_captured_is_told_to_whoever_comes_later() {
    on_stack(async |stack| {
        let payment = held(stack).await;
        drop(stack.sandbox.dashboard_captures(&payment.id, Some(3000)).await);
        let late = capture(stack, &payment, &unique("late"), Some(4200)).await.expect(409);
        assert_eq!(late.text_at("/code"), "invalid_state", "{}", late.text);
        assert_eq!(told(&late.at("/payment"), &["status", "amountCaptured"]), json!(["succeeded", 3000]));
        assert_eq!(stack.sandbox.charges(&payment.id).await, [charge("succeeded", 3000)]);
    });
}

/// A payment whose money is held.
async fn held(stack: &Stack) -> Opened {
    let payment = stack.api.open_with(json!({"amount": HELD, "currency": "EUR", "capture": "manual"})).await;
    let paid = stack.api.pay(&payment, "pm_card_visa").await.expect(200);
    assert_eq!(told(&paid.json(), &["status", "amountCapturable"]), json!(["requires_capture", HELD]));
    payment
}

async fn capture(stack: &Stack, payment: &Opened, key: &str, amount: Option<i64>) -> Answer {
    let mut body = json!({"transactionId": payment.id});
    if let Some(amount) = amount {
        body["amount"] = json!(amount);
    }
    stack.api.post("/payment/capture", key, body.to_string()).await
}

fn charge(status: &str, amount: i64) -> (String, i64, String) {
    (status.to_owned(), amount, "eur".to_owned())
}

/// These fields of an object.
fn told(object: &Value, fields: &[&str]) -> Value {
    fields.iter().map(|field| object[field].clone()).collect()
}
