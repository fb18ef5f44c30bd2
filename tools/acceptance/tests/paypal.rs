//! Payments at PayPal: the payer approves first, our own request moves the money, and what is told is what the gateway's books say.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use acceptance::client::Opened;
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{eventually, say, unique};
use serde_json::{Value, json};

/// What is paid in each of these tests.
const PAID: i64 = 2500;
/// Requests for a charge.
const CAPTURE: &str = "/v2/checkout/orders/*/capture";

#[test]
fn what_its_payer_approved_is_captured_when_it_is_confirmed_and_goes_back_to_the_last_cent() {
    on_stack(async |stack| {
        let order = opened(stack, json!({})).await;
        stack.sandbox.payer_decides(&order.id, "approve").await;
        next_action(stack, &order, "confirm").await;
        let key = unique("confirm");
        let paid = stack.api.confirm(&key, &json!({"transactionId": order.id})).await.expect(200);
        assert_eq!(told(&paid.json(), &["status", "amountCaptured", "gateway"]), json!(["succeeded", PAID, "paypal"]));
        assert_eq!(paid.text_at("/attempts/0/method"), "approved");
        let again = stack.api.confirm(&key, &json!({"transactionId": order.id})).await.expect(200);
        assert_eq!(again.header("idempotent-replayed"), "true");
        for amount in [1000, 1499] {
            drop(stack.api.refund(&order, &unique("part"), Some(amount)).await.expect(200));
        }
        let too_much = stack.api.refund(&order, &unique("more"), Some(2)).await.expect(422);
        assert_eq!(too_much.text_at("/code"), "amount_exceeds_refundable");
        let rest = stack.api.refund(&order, &unique("rest"), None).await.expect(200).json();
        assert_eq!(told(&rest, &["amountRefunded", "amountRefundable"]), json!([PAID, 0]));
        agrees(stack, &order, "succeeded", PAID).await;
    });
}

#[test]
fn what_was_agreed_to_be_confirmed_by_us_is_captured_as_soon_as_it_is_approved() {
    on_stack(async |stack| {
        let order = opened(stack, json!({"confirmation": "automatic"})).await;
        stack.sandbox.payer_decides(&order.id, "approve").await;
        let paid = stack.settled(&order.id, "succeeded").await;
        assert_eq!(paid["attempts"][0]["source"], "automatic", "{paid}");
        agrees(stack, &order, "succeeded", PAID).await;
    });
}

#[test]
fn what_is_held_is_captured_in_part_or_let_go() {
    on_stack(async |stack| {
        for capture in [true, false] {
            let order = opened(stack, json!({"capture": "manual"})).await;
            stack.sandbox.payer_decides(&order.id, "approve").await;
            let held = confirm(stack, &order).await.expect(200).json();
            assert_eq!(told(&held, &["status", "amountCapturable"]), json!(["requires_capture", PAID]));
            if capture {
                let body = json!({"transactionId": order.id, "amount": 700}).to_string();
                let taken = stack.api.post("/payment/capture", &unique("capture"), body).await.expect(200).json();
                assert_eq!(told(&taken, &["status", "amountCaptured"]), json!(["succeeded", 700]));
                agrees(stack, &order, "succeeded", 700).await;
            } else {
                let gone = stack.api.cancel(&order).await.expect(200).json();
                assert_eq!(gone["status"], "canceled", "{gone}");
                agrees(stack, &order, "canceled", 0).await;
            }
        }
    });
}

#[test]
fn nothing_is_charged_that_its_payer_has_not_approved() {
    on_stack(async |stack| {
        let order = opened(stack, json!({})).await;
        let early = confirm(stack, &order).await;
        assert!(matches!(early.status, 200 | 202 | 402), "{}", early.text);
        next_action(stack, &order, "redirect").await;
        stack.sandbox.payer_decides(&order.id, "approve").await;
        next_action(stack, &order, "confirm").await;
        drop(confirm(stack, &order).await.expect(200));
        agrees(stack, &order, "succeeded", PAID).await;
        let method = json!({"transactionId": order.id, "paymentMethod": "pm_card_visa"});
        let refused = stack.api.confirm(&unique("card"), &method).await;
        assert_eq!(refused.status, 409, "{}", refused.text);
    });
}

#[test]
fn an_order_that_nobody_tried_to_charge_is_canceled_at_once() {
    on_stack(async |stack| {
        let order = opened(stack, json!({})).await;
        let gone = stack.api.cancel(&order).await.expect(200).json();
        assert_eq!(gone["status"], "canceled", "{gone}");
        stack.sandbox.payer_decides(&order.id, "approve").await;
        agrees(stack, &order, "canceled", 0).await;
    });
}

#[test]
fn a_charge_whose_answer_is_lost_is_made_once() {
    on_stack(async |stack| {
        for fault in ["status", "reset_before", "reset_after", "hang_before", "hang_after", "garbage_after"] {
            let order = opened(stack, json!({})).await;
            stack.sandbox.payer_decides(&order.id, "approve").await;
            next_action(stack, &order, "confirm").await;
            let lost = json!({"gateway": "paypal", "method": "POST", "path": CAPTURE, "fault": fault, "times": 2});
            let lost = stack.sandbox.misbehaves_for(&order.id, lost).await;
            let first = confirm(stack, &order).await;
            assert!(matches!(first.status, 200 | 202), "{fault}: {}", first.text);
            let settled = stack.settled(&order.id, "succeeded").await;
            assert!(stack.sandbox.struck(&lost).await > 0, "{fault}");
            stack.sandbox.behaves_again(&lost).await;
            agrees(stack, &order, "succeeded", PAID).await;
            say(&format!("an order's charge, its answer lost by {fault}: {}, v{}", first.status, settled["version"]));
        }
    });
}

#[test]
fn a_declined_instrument_sends_the_payer_back() {
    on_stack(async |stack| {
        let order = opened(stack, json!({})).await;
        stack.sandbox.payer_decides(&order.id, "approve").await;
        next_action(stack, &order, "confirm").await;
        let declined = json!({"gateway": "paypal", "method": "POST", "path": CAPTURE, "fault": "issue",
            "issue": "INSTRUMENT_DECLINED", "times": 1});
        drop(stack.sandbox.misbehaves_for(&order.id, declined).await);
        let declined = confirm(stack, &order).await.expect(402);
        assert_eq!(declined.text_at("/decline/gatewayCode"), "INSTRUMENT_DECLINED", "{}", declined.text);
        assert_eq!(declined.text_at("/payment/nextAction/type"), "redirect");
        drop(confirm(stack, &order).await.expect(200));
        agrees(stack, &order, "succeeded", PAID).await;
    });
}

#[test]
fn events_may_come_backwards_and_five_times() {
    on_stack(async |stack| {
        let order = opened(stack, json!({})).await;
        stack.sandbox.hold_webhooks().await;
        stack.sandbox.payer_decides(&order.id, "approve").await;
        drop(confirm(stack, &order).await.expect(200));
        stack.sandbox.release_webhooks("lifo", 5).await;
        stack.sandbox.delivered(&order.intent, "CHECKOUT.ORDER.APPROVED", 5).await;
        agrees(stack, &order, "succeeded", PAID).await;
    });
}

#[test]
fn an_event_that_paypal_did_not_sign_is_not_taken() {
    on_stack(async |stack| {
        let headers: [(&str, &[u8]); 6] = [
            ("content-type", b"application/json"),
            ("paypal-transmission-id", b"b0f4d1c0-0000-11ee-be56-0242ac120002"),
            ("paypal-transmission-time", b"2026-11-23T12:00:00Z"),
            ("paypal-transmission-sig", b"c2lnbmVkIGJ5IG5vYm9keQ=="),
            ("paypal-cert-url", b"https://evil.example/v1/notifications/certs/CERT-1"),
            ("paypal-auth-algo", b"SHA256withRSA"),
        ];
        let body = json!({"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": {}}).to_string();
        assert_eq!(stack.api.send("POST", "/webhook/paypal", &headers, body).await.status, 400);
    });
}

/// Opens a payment of 25.00 EUR at PayPal, with these further terms.
async fn opened(stack: &Stack, further: Value) -> Opened {
    let mut terms =
        json!({"amount": PAID, "currency": "EUR", "gateway": "paypal", "returnUrl": "https://shop.example/done"});
    for (name, value) in further.as_object().unwrap() {
        terms[name] = value.clone();
    }
    let answer = stack.api.initiate(&unique("order"), &terms).await.expect(201);
    assert_eq!(told(&answer.json(), &["status", "gateway"]), json!(["requires_action", "paypal"]));
    let page = answer.text_at("/nextAction/url");
    let (_, order) = page.rsplit_once('/').unwrap();
    Opened { id: answer.text_at("/transactionId"), intent: order.to_owned(), client_secret: String::new() }
}

async fn confirm(stack: &Stack, order: &Opened) -> Answer {
    stack.api.confirm(&unique("confirm"), &json!({"transactionId": order.id})).await
}

/// Waits until the payment says what is to be done next.
async fn next_action(stack: &Stack, order: &Opened, wanted: &str) {
    eventually(&format!("{} is to be followed by {wanted}", order.id), async || {
        let shown = stack.api.status(&order.id).await.expect(200);
        if shown.at("/nextAction/type") == json!(wanted) { Ok(()) } else { Err(shown.text) }
    })
    .await;
}

/// Waits until payment and books agree: this status, so much captured, and refund by refund.
async fn agrees(stack: &Stack, order: &Opened, status: &str, captured: i64) {
    eventually(&format!("{} agrees with the books", order.id), async || {
        let shown = stack.api.status(&order.id).await.expect(200).json();
        let books = stack.sandbox.charges(&order.id).await;
        let taken: i64 = books.iter().filter(|charge| charge.0 == "succeeded").map(|charge| charge.1).sum();
        let back: i64 = stack.sandbox.refunds(&order.intent).await.iter().map(|refund| refund.1).sum();
        let story = format!("{shown}\nthe books: {books:?}, {back} went back");
        assert!(books.iter().filter(|charge| charge.0 == "succeeded").count() <= 1, "P1: {story}");
        assert!(back <= taken, "P3: {story}");
        let told = (shown["status"].as_str(), shown["amountCaptured"].as_i64(), shown["amountRefunded"].as_i64());
        let agrees = told == (Some(status), Some(captured), Some(back)) && taken == captured;
        if agrees { Ok(()) } else { Err(story) }
    })
    .await;
}

fn told(payment: &Value, fields: &[&str]) -> Value {
    fields.iter().map(|field| payment[*field].clone()).collect()
}
