//! What a charge came to in the merchant's own account: told to the cent as the gateway's books have it, with the answer as a rule,
//! and soon after where only a webhook has told of the success.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use acceptance::client::Opened;
use acceptance::gateway::Gateway;
use acceptance::oracle::row_equals_ledger;
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Http;
use acceptance::{eventually, unique};
use serde_json::{Value, json};

#[test]
fn a_card_charge_is_told_in_the_accounts_currency_with_its_fee_and_rate() {
    on_stack(async |stack| {
        for (amount, currency) in [(1999, "EUR"), (1999, "USD"), (5000, "JPY"), (12_340, "KWD")] {
            let payment = stack.api.open_with(json!({"amount": amount, "currency": currency})).await;
            assert_eq!(stack.api.status(&payment.id).await.json()["settlement"], Value::Null);
            let paid = stack.api.pay(&payment, "pm_card_visa").await.expect(200).json();
            let booked = booked_at_stripe(stack, &payment).await;
            assert_eq!(paid["settlement"], booked, "{currency}");
            assert_eq!(booked["exchangeRate"].is_null(), currency == "USD", "the sandbox's account is kept in dollars");
            assert_eq!(stack.api.status(&payment.id).await.json(), paid, "{currency}");
            assert_eq!(stack.aws.row(&payment.id).await["du"], Value::Null, "nobody has to look for it");
        }
    });
}

#[test]
fn of_a_hold_only_what_is_taken_is_told() {
    on_stack(async |stack| {
        let terms = json!({"amount": 5000, "currency": "EUR", "capture": "manual"});
        let payment = stack.api.open_with(terms).await;
        let held = stack.api.pay(&payment, "pm_card_visa").await.expect(200).json();
        assert_eq!((&held["status"], &held["settlement"]), (&json!("requires_capture"), &Value::Null));
        let taken = capture(stack, &payment, 700).await;
        assert_eq!(taken["settlement"], booked_at_stripe(stack, &payment).await);
        assert_eq!(taken["settlement"]["gross"], 756, "of 7.00 EUR, and not of 50.00");
    });
}

#[test]
fn a_success_that_only_a_webhook_has_told_is_asked_after_once() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        drop(
            stack.sandbox.confirm_in_browser(&payment.intent, &payment.client_secret, "pm_card_visa").await.expect(200),
        );
        let heard = stack.api.settled(&payment.id, "succeeded").await;
        assert_eq!(heard["settlement"], Value::Null, "Stripe's event does not tell");
        let told = told_after_all(stack, &payment).await;
        assert_eq!(told["settlement"], booked_at_stripe(stack, &payment).await);
        let more = told["version"].as_u64().unwrap() - heard["version"].as_u64().unwrap();
        assert_eq!(more, 2, "one look: a claim and what it found");
        let at_rest = row_equals_ledger(stack, &payment).await.unwrap();
        assert_eq!((at_rest.by.as_str(), at_rest.event.as_str()), ("retry", "charge_told"));
        assert_eq!(stack.aws.row(&payment.id).await["du"], Value::Null);
    });
}

#[test]
fn a_payer_who_passed_3_d_secure_leaves_nothing_untold() {
    on_stack(async |stack| {
        let terms = json!({"amount": 4200, "currency": "EUR", "returnUrl": "https://shop.example/done"});
        let payment = stack.api.open_with(terms).await;
        let asked = stack.api.pay(&payment, "pm_card_threeDSecure2Required").await.expect(200);
        drop(stack.sandbox.payer_presses(&asked.text_at("/nextAction/url"), "approve").await.expect(303));
        let told = told_after_all(stack, &payment).await;
        assert_eq!(told["settlement"], booked_at_stripe(stack, &payment).await);
    });
}

#[test]
fn a_capture_at_paypal_is_told_as_its_breakdown_has_it() {
    on_stack(async |stack| {
        for (amount, currency, manual) in
            [(2500, "EUR", None), (2500, "USD", None), (1200, "JPY", None), (2500, "USD", Some(700))]
        {
            let order = order(stack, amount, currency, manual.is_some()).await;
            let confirmed = json!({"transactionId": order.id});
            let paid = stack.api.confirm(&unique("confirm"), &confirmed).await.expect(200).json();
            let paid = match manual {
                Some(part) => capture(stack, &order, part).await,
                None => paid,
            };
            assert_eq!(paid["status"], "succeeded", "{paid}");
            let booked = booked_at_paypal(stack, &order).await;
            assert_eq!(paid["settlement"], booked, "{currency}");
            assert_eq!(booked["currency"], "EUR", "the sandbox's account is kept in euros");
            assert_eq!(booked["feeCurrency"], currency, "PayPal takes its fee before it exchanges the rest");
            assert_eq!(booked["gross"].is_null(), currency != "EUR");
            assert_eq!(stack.aws.row(&order.id).await["du"], Value::Null);
        }
    });
}

async fn capture(stack: &Stack, payment: &Opened, amount: i64) -> Value {
    let body = json!({"transactionId": payment.id, "amount": amount}).to_string();
    stack.api.post("/payment/capture", &unique("capture"), body).await.expect(200).json()
}

/// The payment, once it is told what it came to, however often we sweep.
async fn told_after_all(stack: &Stack, payment: &Opened) -> Value {
    eventually(&format!("{} is settled", payment.id), async || {
        drop(stack.sweep().await);
        let shown = stack.api.status(&payment.id).await.expect(200);
        if shown.at("/settlement").is_null() { Err(shown.text) } else { Ok(shown.json()) }
    })
    .await
}

/// What Stripe's balance transaction says, in our words.
async fn booked_at_stripe(stack: &Stack, payment: &Opened) -> Value {
    stack.sandbox.settlement(&payment.intent).await
}

/// What the breakdown of an order's one capture says, in our words; the sandbox writes every amount with its currency's decimals.
async fn booked_at_paypal(stack: &Stack, order: &Opened) -> Value {
    let (http, url) = (Http::new(), stack.sandbox.url());
    let headers: [(&str, &[u8]); 2] =
        [("authorization", b"Basic c2FuZGJveDpzYW5kYm94"), ("content-type", b"application/x-www-form-urlencoded")];
    let granted = http.send("POST", &format!("{url}/v1/oauth2/token"), &headers, "grant_type=client_credentials").await;
    let bearer = format!("Bearer {}", granted.expect(200).text_at("/access_token"));
    let path = format!("{url}/v2/checkout/orders/{}", order.intent);
    let shown = http.send("GET", &path, &[("authorization", bearer.as_bytes())], "").await.expect(200);
    let breakdown = shown.at("/purchase_units/0/payments/captures/0/seller_receivable_breakdown");
    let minor_units =
        |name: &str| -> i64 { breakdown[name]["value"].as_str().unwrap().replace('.', "").parse().unwrap() };
    let exchanged = breakdown["receivable_amount"].is_object();
    let net = if exchanged { "receivable_amount" } else { "net_amount" };
    json!({
        "currency": breakdown[net]["currency_code"],
        "gross": (!exchanged).then(|| minor_units("gross_amount")),
        "fee": minor_units("paypal_fee"),
        "feeCurrency": breakdown["paypal_fee"]["currency_code"],
        "net": minor_units(net),
        "exchangeRate": breakdown["exchange_rate"]["value"],
    })
}

/// A payment at PayPal that its payer has approved.
async fn order(stack: &Stack, amount: i64, currency: &str, manual: bool) -> Opened {
    let capture = if manual { "manual" } else { "automatic" };
    let terms = json!({ "amount": amount, "currency": currency, "capture": capture });
    let order = stack.ready(Gateway::PayPal, terms).await;
    eventually(&format!("{} is approved", order.id), async || {
        let shown = stack.api.status(&order.id).await.expect(200);
        if shown.at("/nextAction/type") == json!("confirm") { Ok(()) } else { Err(shown.text) }
    })
    .await;
    order
}
