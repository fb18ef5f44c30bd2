//! A payer who is away: what was declined is tried again only where that can help, and every answer says when, or why not.

use acceptance::client::Opened;
use acceptance::settle::settle;
use acceptance::stack::{Stack, on_stack};
use acceptance::unique;
use acceptance::wire::Answer;
use serde_json::json;

const EMPTY: &str = "pm_card_visa_chargeDeclinedInsufficientFunds";
const CARD: &str = "pm_card_visa";

#[test]
fn a_method_that_was_declined_is_tried_again_a_day_later_and_not_sooner_by_anybody() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let declined = charge(stack, &payment, EMPTY, true).await.expect(202);
        assert_eq!(declined.text_at("/processingReason"), "retry_scheduled");
        assert_eq!((declined.at("/reattempt/made"), declined.at("/reattempt/most")), (json!(0), json!(8)));
        let (scheduled, started) =
            (declined.text_at("/reattempt/scheduledAt"), declined.text_at("/attempts/0/startedAt"));
        let (day, time) = started.split_once('T').unwrap();
        assert!(
            !scheduled.starts_with(day) && scheduled.get(11..13) == time.get(..2),
            "{started}, and again {scheduled}"
        );

        let hasty = charge(stack, &payment, EMPTY, true).await.expect(409);
        assert_eq!(hasty.text_at("/code"), "reattempt_refused");
        assert_eq!(hasty.text_at("/errors/0/pointer"), "/paymentMethod");
        assert_eq!(
            hasty.text_at("/errors/0/detail"),
            "was tried less than a day ago, or than its card network asks to wait"
        );
        assert_eq!(hasty.at("/payment"), declined.json(), "nothing has changed");

        let another = charge(stack, &payment, CARD, true).await.expect(200);
        assert_eq!((another.text_at("/status").as_str(), another.at("/reattempt")), ("succeeded", json!(null)));
    });
}

#[test]
fn what_will_never_help_is_not_tried_again_and_the_payment_says_so() {
    on_stack(async |stack| {
        let stolen = stack.api.open().await;
        drop(charge(stack, &stolen, "pm_card_visa_chargeDeclinedStolenCard", true).await);
        let settled = settle(stack, &[&stolen]).await;
        let shown = &settled.first().unwrap().at_rest.payment;
        assert_eq!(shown["status"], "failed");
        assert_eq!(
            shown["reattempt"],
            json!({"scheduledAt": null, "refused": "declined_for_good", "made": 0, "most": 0})
        );

        let expired = stack.api.open().await;
        let told = charge(stack, &expired, "pm_card_chargeDeclinedExpiredCard", true).await.expect(402);
        assert_eq!(told.text_at("/payment/reattempt/refused"), "payer_must_act");
        let insists = charge(stack, &expired, "pm_card_chargeDeclinedExpiredCard", true).await.expect(409);
        assert_eq!(insists.text_at("/errors/0/detail"), "needs its payer to act first");
        let there = charge(stack, &expired, CARD, false).await.expect(200);
        assert_eq!(there.text_at("/status"), "succeeded");
    });
}

/// Confirms with a method, under a key of its own.
async fn charge(stack: &Stack, payment: &Opened, method: &str, off_session: bool) -> Answer {
    let body = json!({"transactionId": payment.id, "paymentMethod": method, "offSession": off_session});
    stack.api.confirm(&unique("away"), &body).await
}
