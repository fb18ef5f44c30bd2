//! Refunds that nobody asked for, against the deployed stack, whose settings (`RefundLateSuccess`, `RefundOnFraudWarning`) are on in
//! the local stage: money that came too late goes back, and so does what a bank calls fraud; once, however often it is told.

#![expect(clippy::indexing_slicing, reason = "a test speaks by panicking")]

use acceptance::client::Opened;
use acceptance::eventually;
use acceptance::signature::SECRET;
use acceptance::stack::{Stack, on_stack};
use serde_json::{Value, json};

/// What is paid in each of these tests.
const PAID: i64 = 1999;

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn money_that_comes_too_late_goes_back_once() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        // The gateway contradicts itself: what it says is canceled can still be paid.
        let canceled = told_canceled(stack, &payment).await;
        assert_eq!(canceled["status"], "canceled");
        stack.sandbox.hold_webhooks().await;
        let paid = stack.sandbox.confirm_in_browser(&payment.intent, &payment.client_secret, "pm_card_visa").await;
        assert_eq!(paid.text_at("/status"), "succeeded", "{}", paid.text);
        stack.sandbox.release_webhooks("lifo", 5).await;
        let shown = given_back(stack, &payment).await;
        assert_eq!((&shown["status"], &shown["attention"]["reason"]), (&json!("succeeded"), &json!("late_success")));
        let refund = &shown["refunds"][0];
        assert_eq!((&refund["source"], &refund["reason"]), (&json!("automatic"), &json!("late_success")));
        once_in_the_books(stack, &payment, refund).await;
    });
}

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn what_a_bank_calls_fraud_goes_back_once_and_the_payment_shows_the_warning() {
    on_stack(async |stack| {
        let payment = paid(stack).await;
        stack.sandbox.hold_webhooks().await;
        let warning = stack.sandbox.warns(&payment.id, "made_with_stolen_card").await;
        stack.sandbox.release_webhooks("lifo", 5).await;
        let shown = given_back(stack, &payment).await;
        let refund = &shown["refunds"][0];
        assert_eq!((&refund["source"], &refund["reason"]), (&json!("automatic"), &json!("fraudulent")));
        once_in_the_books(stack, &payment, refund).await;
        // The refund leaves nothing to be done, and Stripe says so.
        let shown = eventually("the warning calls for nothing any more", async || {
            let shown = stack.api.status(&payment.id).await.expect(200).json();
            if shown["fraudWarnings"][0]["actionable"] == false { Ok(shown) } else { Err(shown.to_string()) }
        })
        .await;
        let [told] = shown["fraudWarnings"].as_array().unwrap().as_slice() else { panic!("{shown}") };
        assert_eq!(told["warningId"], format!("wrn_stripe_{warning}"));
        assert_eq!(told["type"], "made_with_stolen_card");
        assert!(told["createdAt"].is_string());
        assert_eq!(shown["refunds"].as_array().unwrap().len(), 1, "{shown}");
    });
}

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn a_warning_beside_a_dispute_moves_no_money() {
    on_stack(async |stack| {
        let payment = paid(stack).await;
        drop(stack.sandbox.disputes(&payment.id, json!({"reason": "fraudulent"})).await);
        drop(stack.sandbox.warns(&payment.id, "misc").await);
        let shown = eventually("both are told", async || {
            let shown = stack.api.status(&payment.id).await.expect(200).json();
            let is_told = shown["fraudWarnings"][0]["actionable"] == false && shown["amountRefundable"] == 0;
            if is_told { Ok(shown) } else { Err(shown.to_string()) }
        });
        assert_eq!(shown.await["refunds"], json!([]));
        assert!(stack.sandbox.refunds(&payment.intent).await.is_empty());
    });
}

/// A lost answer to the look at a warning, and to the refund that is made of it.
#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn whatever_answer_is_lost_it_goes_back_once() {
    on_stack(async |stack| {
        for (method, path) in [("GET", "/v1/radar/early_fraud_warnings/*"), ("POST", "/v1/refunds")] {
            let payment = paid(stack).await;
            let lost = json!({"method": method, "path": path, "fault": "reset_after", "times": 1});
            let lost = if method == "GET" {
                stack.sandbox.misbehaves(lost).await
            } else {
                stack.sandbox.misbehaves_for(&payment.id, lost).await
            };
            drop(stack.sandbox.warns(&payment.id, "misc").await);
            let shown = given_back(stack, &payment).await;
            once_in_the_books(stack, &payment, &shown["refunds"][0]).await;
            assert_eq!(stack.sandbox.struck(&lost).await, 1, "{method}");
        }
    });
}

async fn paid(stack: &Stack) -> Opened {
    let payment = stack.api.open().await;
    let answer = stack.api.pay(&payment, "pm_card_visa").await.expect(200);
    assert_eq!(answer.at("/fraudWarnings"), json!([]));
    payment
}

/// The gateway tells that the payment's object was canceled, which it was not.
async fn told_canceled(stack: &Stack, payment: &Opened) -> Value {
    let mut object = stack.sandbox.intent(&payment.intent).await;
    object["status"] = json!("canceled");
    drop(stack.api.stripe_tells(SECRET, "payment_intent.canceled", &object).await.expect(200));
    stack.api.settled(&payment.id, "canceled").await
}

/// The payment, once all of it has gone back.
async fn given_back(stack: &Stack, payment: &Opened) -> Value {
    eventually(&format!("{} has gone back", payment.id), async || {
        let shown = stack.api.status(&payment.id).await.expect(200).json();
        if shown["amountRefunded"] == PAID { Ok(shown) } else { Err(shown.to_string()) }
    })
    .await
}

async fn once_in_the_books(stack: &Stack, payment: &Opened, refund: &Value) {
    let id = refund["refundId"].as_str().map(str::to_owned);
    assert_eq!(stack.sandbox.refunds(&payment.intent).await, [("succeeded".to_owned(), PAID, id)]);
}
