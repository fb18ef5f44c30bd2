//! What the gateway, and whoever pretends to be it, may tell us by itself. In which order it may come is shown by the webhook orders.
//!
//! In the local stage recorded webhooks do not age, so that the files of events/ replay as they are. That old and future
//! signatures are refused elsewhere is shown on a copy of the deployed function whose tolerance is the one of staging and
//! production; template.yaml's mapping, which decides that, is read as well.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::fs;
use std::path::Path;

use acceptance::client::Opened;
use acceptance::signature::{SECRET, header, now};
use acceptance::stack::{Stack, on_stack};
use acceptance::unique;
use acceptance::wire::Answer;
use futures_util::future::join_all;
use serde_json::{Value, json};

const SUCCEEDED: &str = "payment_intent.succeeded";
const HOUR: u64 = 3600;

#[test]
fn only_who_has_the_secret_is_listened_to() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let body = succeeded(stack, &payment).await.to_string();
        let right = header(SECRET, now(), &body);
        let (_, v1) = right.split_once("v1=").unwrap();
        let forged = [
            (String::new(), body.clone()),
            (header("whsec_somebody_else", now(), &body), body.clone()),
            (header("", now(), &body), body.clone()),
            (header(SECRET, now(), &body), body.replace("1999", "2999")),
            (header(SECRET, now(), &body), format!("{body} ")),
            (right.replace(&format!("t={}", now()), "t=1"), body.clone()),
            (format!("t={},v0={v1}", now()), body.clone()),
            (format!("v1={v1}"), body.clone()),
            ("nonsense".to_owned(), body.clone()),
        ];
        for (signature, body) in forged {
            let refused = delivered(stack, &signature, &body).await;
            assert_eq!((refused.status, refused.text_at("/code").as_str()), (400, "invalid_request"), "{signature}");
            assert_eq!(refused.header("content-type"), "application/problem+json");
        }
        untouched(stack, &payment).await;
        // One good signature among bad ones is how Stripe rolls a secret.
        let rolled = format!("t={},v1={},v1={v1}", signed_at(&right), "0".repeat(64));
        assert_eq!(received(&delivered(stack, &rolled, &body).await), (200, "applied".to_owned()));
        assert_eq!(stack.api.status(&payment.id).await.expect(200).text_at("/status"), "succeeded");
    });
}

#[test]
fn a_signature_is_good_for_five_minutes_either_way_where_webhooks_age() {
    on_stack(async |stack| {
        let copy = unique("webhook-elsewhere");
        stack.aws.copy_function("webhook", &copy, "WEBHOOK_TOLERANCE", "standard").await;
        let payment = stack.api.open().await;
        let body = succeeded(stack, &payment).await.to_string();
        let mut answers = Vec::new();
        for signed_at in [now().saturating_sub(400), now().saturating_add(400), now().saturating_sub(200)] {
            let event = through_the_door(&header(SECRET, signed_at, &body), &body);
            answers.push(stack.aws.invoke_copy(&copy, &event.to_string()).await.expect(200).at("/statusCode"));
        }
        stack.aws.delete_function(&copy).await;
        assert_eq!(answers, [json!(400), json!(400), json!(200)], "too old, from the future, in time");

        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
        let template = fs::read_to_string(template).unwrap();
        for stage in ["staging", "prod"] {
            let wanted = format!("    {stage}:\n      WebhookTolerance: standard\n");
            assert!(template.contains(&wanted), "{stage} must let webhooks age");
        }
    });
}

#[test]
fn what_is_signed_and_yet_no_event_is_refused() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let without_id = {
            let mut event = succeeded(stack, &payment).await;
            drop(event.as_object_mut().unwrap().remove("id"));
            event.to_string()
        };
        for body in ["", "{", "[]", "null", "{\"object\":\"event\"}", &without_id] {
            let refused = delivered(stack, &header(SECRET, now(), body), body).await;
            assert_eq!((refused.status, refused.text_at("/code").as_str()), (400, "invalid_request"), "{body}");
        }
        untouched(stack, &payment).await;
    });
}

#[test]
fn events_that_are_none_of_ours_are_taken_and_change_nothing() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let right = succeeded(stack, &payment).await;
        let with = |pointer: &str, value: Value| {
            let mut event = right.clone();
            *event.pointer_mut(pointer).unwrap() = value;
            event
        };
        let nobodys = json!({"transaction_id": "not one of ours"});
        for (event, word) in [
            (with("/livemode", json!(true)), "wrong_mode"),
            (with("/type", json!("customer.created")), "not_ours"),
            (with("/type", json!("a.type.of.next.year")), "not_ours"),
            (with("/object", json!("v2.core.event")), "not_ours"),
            (with("/data/object/metadata", json!({})), "not_ours"),
            (with("/data/object/metadata", nobodys), "not_ours"),
        ] {
            assert_eq!(received(&signed(stack, &event).await), (200, word.to_owned()), "{event}");
        }
        untouched(stack, &payment).await;
    });
}

#[test]
fn an_event_whose_payment_is_not_there_yet_is_asked_for_again_for_an_hour() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let mut event = succeeded(stack, &payment).await;
        event["data"]["object"]["metadata"]["transaction_id"] = json!("pay_aaaaaaaaaaaaaaaaaaaaaaaaaa");
        let young = signed(stack, &event).await;
        assert_eq!((young.status, young.at("/retryable")), (500, json!(true)), "{}", young.text);
        event["created"] = json!(now().saturating_sub(2 * HOUR));
        assert_eq!(received(&signed(stack, &event).await), (200, "no_payment".to_owned()));
        untouched(stack, &payment).await;
    });
}

#[test]
fn another_object_that_bears_our_id_moves_nothing() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let mut event = succeeded(stack, &payment).await;
        event["data"]["object"]["id"] = json!("pi_3SomebodyElsesObject0000000");
        assert_eq!(received(&signed(stack, &event).await), (200, "foreign_object".to_owned()));
        untouched(stack, &payment).await;
    });
}

#[test]
fn a_success_of_another_amount_or_currency_is_never_ours() {
    on_stack(async |stack| {
        for (field, value) in [("amount", json!(999)), ("currency", json!("usd")), ("livemode", json!(true))] {
            let payment = stack.api.open().await;
            let mut event = succeeded(stack, &payment).await;
            event["data"]["object"][field] = value;
            let answer = signed(stack, &event).await;
            assert_eq!(answer.status, 200, "{field}: {}", answer.text);
            let now = stack.api.status(&payment.id).await.expect(200).json();
            assert_eq!(now["status"], "requires_payment_method", "{field}: {now}");
            assert_eq!(now["amountCaptured"], 0, "{field}");
        }
    });
}

#[test]
fn an_event_may_come_ten_times_at_once() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let event = succeeded(stack, &payment).await;
        let answers = join_all((0..10).map(|_| signed(stack, &event))).await;
        let words: Vec<_> = answers.iter().map(received).collect();
        let applied = words.iter().filter(|word| **word == (200, "applied".to_owned())).count();
        let superseded = words.iter().filter(|word| **word == (200, "superseded".to_owned())).count();
        assert_eq!((applied, superseded), (1, 9), "{words:?}");
        let paid = stack.api.status(&payment.id).await.expect(200).json();
        assert_eq!((&paid["status"], &paid["amountCaptured"]), (&json!("succeeded"), &json!(1999)));
        assert_eq!(paid["attempts"].as_array().unwrap().len(), 1, "{paid}");
    });
}

#[test]
fn old_news_cannot_undo_a_success() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let paid = stack.api.pay(&payment, "pm_card_visa").await.expect(200).json();
        for (kind, status) in [
            ("payment_intent.created", "requires_payment_method"),
            ("payment_intent.payment_failed", "requires_payment_method"),
            ("payment_intent.processing", "processing"),
            ("payment_intent.requires_action", "requires_action"),
            ("payment_intent.amount_capturable_updated", "requires_capture"),
            ("payment_intent.canceled", "canceled"),
        ] {
            let object = {
                let mut object = stack.sandbox.intent(&payment.intent).await;
                object["status"] = json!(status);
                object["amount_capturable"] = if status == "requires_capture" { json!(1999) } else { json!(0) };
                object
            };
            assert_eq!(signed(stack, &event(kind, &object)).await.status, 200, "{kind}");
        }
        assert_eq!(stack.api.status(&payment.id).await.expect(200).json(), paid);
    });
}

#[test]
fn a_gateway_that_we_do_not_have_has_no_webhook() {
    on_stack(async |stack| {
        let body = "{}";
        let signature = header(SECRET, now(), body);
        let headers = [("stripe-signature", signature.as_bytes())];
        for gateway in ["adyen", "Stripe", "stripe2"] {
            let answer = stack.api.send("POST", &format!("/webhook/{gateway}"), &headers, body).await;
            assert_eq!((answer.status, answer.text_at("/code").as_str()), (404, "not_found"), "{gateway}");
        }
    });
}

/// The event that Stripe would send if the payment had just been charged.
async fn succeeded(stack: &Stack, payment: &Opened) -> Value {
    let mut object = stack.sandbox.intent(&payment.intent).await;
    object["status"] = json!("succeeded");
    object["amount_received"] = object["amount"].clone();
    event(SUCCEEDED, &object)
}

fn event(kind: &str, object: &Value) -> Value {
    json!({
        "id": unique("evt"), "object": "event", "api_version": "2026-10-28.endive", "created": now(), "type": kind,
        "livemode": false, "pending_webhooks": 1, "request": {"id": null, "idempotency_key": null},
        "data": {"object": object},
    })
}

async fn signed(stack: &Stack, event: &Value) -> Answer {
    let body = event.to_string();
    delivered(stack, &header(SECRET, now(), &body), &body).await
}

async fn delivered(stack: &Stack, signature: &str, body: &str) -> Answer {
    let mut headers: Vec<(&str, &[u8])> = vec![("content-type", b"application/json; charset=utf-8")];
    if !signature.is_empty() {
        headers.push(("stripe-signature", signature.as_bytes()));
    }
    stack.api.send("POST", "/webhook/stripe", &headers, body).await
}

fn received(answer: &Answer) -> (u16, String) {
    (answer.status, answer.text_at("/received"))
}

fn signed_at(signature: &str) -> &str {
    signature.trim_start_matches("t=").split(',').next().unwrap_or_default()
}

/// The event that API Gateway would hand to the function: a file of events/ with another signature and body.
fn through_the_door(signature: &str, body: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/webhook.json");
    let mut event: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    event["headers"]["Stripe-Signature"] = json!(signature);
    event["multiValueHeaders"]["Stripe-Signature"] = json!([signature]);
    event["body"] = json!(body);
    event
}

/// The payment waits for its payer, and nobody has tried.
async fn untouched(stack: &Stack, payment: &Opened) {
    let now = stack.api.status(&payment.id).await.expect(200).json();
    let as_opened = (&json!("requires_payment_method"), &json!([]), &json!(0));
    assert_eq!((&now["status"], &now["attempts"], &now["amountCaptured"]), as_opened, "{now}");
}
