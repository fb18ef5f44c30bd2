//! What a client sees while the gateway does not answer. What becomes of the payment then, for each fault in each place, is the fault
//! matrix's to show.

use acceptance::client::Opened;
use acceptance::oracle::row_equals_ledger;
use acceptance::settle::settle;
use acceptance::stack::on_stack;
use acceptance::unique;
use serde_json::json;

#[test]
fn while_nobody_knows_the_same_key_waits_and_another_is_turned_away() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let path = format!("/v1/payment_intents/{}/**", payment.intent);
        let lost = json!({"method": "POST", "path": path, "fault": "reset_before", "times": 50});
        let lost = stack.sandbox.misbehaves(lost).await;
        let key = unique("unknown");
        let card = json!({"transactionId": payment.id, "paymentMethod": "pm_card_visa"});
        let asked = stack.api.confirm(&key, &card).await.expect(202);
        let again = stack.api.confirm(&key, &card).await.expect(202);
        assert_eq!((asked.header("idempotent-replayed"), again.header("idempotent-replayed")), ("", "true"));
        let other = stack.api.pay(&payment, "pm_card_mastercard").await.expect(409);
        assert_eq!((other.text_at("/code").as_str(), other.at("/retryable")), ("in_progress", json!(true)));
        assert!(row_equals_ledger(stack, &payment).await.is_err(), "nobody knows, and nobody says that it failed");
        assert_eq!(stack.api.status(&payment.id).await.text_at("/status"), "processing");

        stack.sandbox.behaves_again(&lost).await;
        let settled = settle(stack, &[&payment]).await;
        assert_eq!(settled[0].at_rest.charges, 1);
        let replay = stack.api.confirm(&key, &card).await.expect(200);
        assert_eq!((replay.header("idempotent-replayed"), replay.text_at("/status").as_str()), ("true", "succeeded"));
    });
}

#[test]
fn an_answer_of_hours_ago_is_no_failure_and_the_payment_settles_as_the_gateway_knows_it() {
    on_stack(async |stack| {
        // Nobody else tells us.
        stack.sandbox.hold_webhooks().await;
        let stale = async |payment: &Opened, call: &str| {
            let path = format!("/v1/payment_intents/{}/{call}", payment.intent);
            stack.sandbox.misbehaves(json!({"method": "POST", "path": path, "fault": "stale", "times": 1})).await
        };
        let (charged, canceled) = (stack.api.open().await, stack.api.open().await);
        let held = stack.api.open_with(json!({"amount": 1999, "currency": "EUR", "capture": "manual"})).await;
        drop(stack.api.pay(&held, "pm_card_visa").await.expect(200));
        let faults =
            [stale(&charged, "confirm").await, stale(&held, "capture").await, stale(&canceled, "cancel").await];
        let paid = stack.api.pay(&charged, "pm_card_visa").await.expect(202);
        assert_eq!(paid.text_at("/processingReason"), "outcome_unknown", "it shows an object that nobody has paid");
        drop(stack.api.capture(&held).await.expect(202));
        drop(stack.api.cancel(&canceled).await.expect(202));
        for fault in faults {
            assert_eq!(stack.sandbox.struck(&fault).await, 1);
        }
        let settled = settle(stack, &[&charged, &held, &canceled]).await;
        stack.sandbox.release_webhooks("fifo", 1).await;
        let ends = settled.iter().map(|one| (one.at_rest.status.as_str(), one.at_rest.charges));
        assert_eq!(ends.collect::<Vec<_>>(), [("succeeded", 1), ("succeeded", 1), ("canceled", 0)]);
    });
}

#[test]
fn the_sweep_comes_every_minute_by_itself() {
    on_stack(async |stack| {
        assert_eq!(stack.aws.schedules("sweep").await, ["rate(1 minute) ENABLED"]);
        // The other tests have it come at once, which is the same function under the same role.
        let swept = stack.sweep().await;
        assert_eq!((&swept["found"], &swept["more"]), (&swept["nudged"], &json!(false)), "{swept}");
    });
}
