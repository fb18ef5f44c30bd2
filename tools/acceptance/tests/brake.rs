//! The brake on card testing on the deployed stack. The tests of all programs are declined with the same few cards, so the stack takes a
//! thousand declines in an hour; the function under test is a copy that takes two.

#![expect(clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::time::Duration;

use acceptance::client::Opened;
use acceptance::repository::read;
use acceptance::signature::now;
use acceptance::stack::{Stack, on_stack};
use acceptance::{say, unique};
use serde_json::{Value, json};
use tokio::time::sleep;

/// Declines are counted by the hour; the test wants to begin and end in one.
const AN_HOUR: u64 = 3_600;
const LONG_ENOUGH: u64 = 30;

#[test]
fn who_was_declined_too_often_is_held_until_the_hour_is_over_and_nobody_else_is() {
    on_stack(async |stack| {
        let left = AN_HOUR.saturating_sub(now().checked_rem(AN_HOUR).unwrap_or(0));
        if left < LONG_ENOUGH {
            sleep(Duration::from_secs(left)).await;
        }
        let copy = unique("confirm-braked");
        stack.aws.copy_function("confirm", &copy, "DECLINES_PER_HOUR", "2").await;

        let (tester, other) = (unique("tester"), unique("other"));
        let first = of_customer(stack, &tester).await;
        for _ in 0..2 {
            let declined = confirmed(stack, &copy, &first, "pm_card_visa_chargeDeclined", &unique("bad")).await;
            assert_eq!(declined["statusCode"], 402, "{declined}");
        }
        let second = of_customer(stack, &tester).await;
        let key = unique("held");
        let held = confirmed(stack, &copy, &second, "pm_card_visa", &key).await;
        assert_eq!(held["statusCode"], 429, "{held}");
        let wait = header(&held, "retry-after").parse::<u64>().unwrap_or(0);
        assert!((1..=AN_HOUR).contains(&wait), "{held}");
        assert_eq!(stack.api.status(&second.id).await.at("/attempts"), json!([]), "nothing was written down");

        let theirs = of_customer(stack, &other).await;
        let paid = confirmed(stack, &copy, &theirs, "pm_card_visa", &unique("good")).await;
        assert_eq!(paid["statusCode"], 200, "{paid}");
        // Where more is taken, the same key charges.
        let body = json!({"transactionId": second.id, "paymentMethod": "pm_card_visa"});
        drop(stack.api.confirm(&key, &body).await.expect(200));
        stack.aws.delete_function(&copy).await;

        let rows = stack.aws.all_rows().await;
        assert!(rows.contains("BRK#") && rows.contains(&format!("{}:2", first.id)), "declines are counted by attempts");
        say("2 declines, and the third try is 429; another customer pays");
    });
}

async fn of_customer(stack: &Stack, customer: &str) -> Opened {
    stack.api.open_with(json!({"amount": 1999, "currency": "EUR", "customer": {"id": customer}})).await
}

/// What the copy answers to a confirm with a token that is used once, as API Gateway hands it on: a card that others are declined with too
/// would be held for them.
async fn confirmed(stack: &Stack, copy: &str, payment: &Opened, method: &str, key: &str) -> Value {
    let token = stack.sandbox.confirmation_token(method).await;
    let body = json!({"transactionId": payment.id, "confirmationToken": token});
    let mut event: Value = serde_json::from_str(&read("events/confirm.json")).unwrap_or_default();
    event["body"] = json!(body.to_string());
    event["headers"]["Idempotency-Key"] = json!(key);
    event["multiValueHeaders"]["Idempotency-Key"] = json!([key]);
    stack.aws.invoke_copy(copy, &event.to_string()).await.expect(200).json()
}

/// A header of an answer as API Gateway is given it.
fn header(answer: &Value, name: &str) -> String {
    let value = &answer["multiValueHeaders"][name][0];
    let value = if value.is_null() { &answer["headers"][name] } else { value };
    value.as_str().unwrap_or_default().to_owned()
}
