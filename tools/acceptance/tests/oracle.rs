//! The oracle itself: it sees what may never be, when somebody makes it so with the gateway's own signature.

#![expect(clippy::unwrap_used, reason = "a test speaks by panicking")]

use std::panic::AssertUnwindSafe;

use acceptance::client::Opened;
use acceptance::oracle::row_equals_ledger;
use acceptance::signature::SECRET;
use acceptance::stack::{Stack, on_stack};
use acceptance::{eventually, unique};
use futures_util::FutureExt as _;
use serde_json::{Value, json};

#[test]
fn the_oracle_sees_a_second_charge() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        drop(stack.api.pay(&payment, "pm_card_visa").await.expect(200));
        assert_eq!(row_equals_ledger(stack, &payment).await.unwrap().charges, 1);
        drop(stack.sandbox.duplicate(&payment.id, json!({"money": "taken"})).await);
        assert!(breach(stack, &payment).await.starts_with("P1: charged 2 times"));
    });
}

#[test]
fn the_oracle_sees_a_success_without_a_charge() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        said(stack, &payment, "payment_intent.succeeded", json!({"status": "succeeded", "amount_received": 1999}))
            .await;
        assert!(breach(stack, &payment).await.contains("P2: "));
    });
}

#[test]
fn the_oracle_sees_an_end_that_the_gateway_knows_nothing_of() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        said(stack, &payment, "payment_intent.canceled", json!({"status": "canceled"})).await;
        assert!(breach(stack, &payment).await.contains("P4: "));
    });
}

#[test]
fn the_oracle_sees_a_refund_that_the_gateway_knows_nothing_of() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        drop(stack.api.pay(&payment, "pm_card_pendingRefund").await.expect(200));
        drop(stack.api.refund(&payment, &unique("back"), Some(500)).await.expect(202));
        drop(eventually("it rests", async || row_equals_ledger(stack, &payment).await).await);
        let real = stack.sandbox.shown_refunds(&payment.intent).await.remove(0);
        let mut another = real.clone();
        another["id"] = json!("re_another");
        another["metadata"] = json!({"transaction_id": payment.id});
        tell(stack, "refund.created", &another).await;
        // The same amount, and yet another refund.
        assert!(row_equals_ledger(stack, &payment).await.unwrap_err().contains("agree: false"));
        // Money that is offered although it has gone back.
        let mut failed = real;
        failed["status"] = json!("failed");
        tell(stack, "refund.failed", &failed).await;
        another["status"] = json!("failed");
        tell(stack, "refund.failed", &another).await;
        assert!(breach(stack, &payment).await.starts_with("P3: more is offered than is left"));
    });
}

#[test]
fn the_oracle_waits_for_what_is_only_not_known_yet() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let path = format!("/v1/payment_intents/{}/confirm", payment.intent);
        let lost = json!({"method": "POST", "path": path, "fault": "hang_before", "times": 100});
        let lost = stack.sandbox.misbehaves(lost).await;
        drop(stack.api.pay(&payment, "pm_card_visa").await.expect(202));
        assert!(row_equals_ledger(stack, &payment).await.unwrap_err().contains("outcome_unknown"));
        stack.sandbox.behaves_again(&lost).await;
        stack.settled(&payment.id, "succeeded").await;
    });
}

/// The gateway says of its object what is not so, and we believe it.
async fn said(stack: &Stack, payment: &Opened, kind: &str, lie: Value) {
    let mut object = stack.sandbox.intent(&payment.intent).await;
    object.as_object_mut().unwrap().extend(lie.as_object().unwrap().clone());
    tell(stack, kind, &object).await;
}

/// The gateway tells an event about this object, and we believe it.
async fn tell(stack: &Stack, kind: &str, object: &Value) {
    let told = stack.api.stripe_tells(SECRET, kind, object).await;
    assert_eq!((told.status, told.text_at("/received").as_str()), (200, "applied"), "{}", told.text);
}

/// What the oracle says when it panics. A row that moves while it looks is looked at again.
async fn breach(stack: &Stack, payment: &Opened) -> String {
    eventually("a breach", async || match AssertUnwindSafe(row_equals_ledger(stack, payment)).catch_unwind().await {
        Ok(nothing) => Err(format!("{nothing:?}")),
        Err(panicked) => Ok(panicked.downcast_ref::<String>().cloned().unwrap()),
    })
    .await
}
