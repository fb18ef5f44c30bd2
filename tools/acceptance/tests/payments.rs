//! Payments from end to end, through API Gateway, the deployed functions, the table, the queue and the gateway.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use acceptance::client::Opened;
use acceptance::stack::{Stack, on_stack};
use acceptance::unique;
use serde_json::{Value, json};

#[test]
fn a_card_is_charged_once_and_the_webhook_says_what_is_known_already() {
    on_stack(async |stack| {
        let terms = json!({
            "amount": 1999, "currency": "EUR", "gateway": "stripe", "reference": "order-7", "capture": "automatic",
            "confirmation": "explicit", "description": "Two tickets", "statementDescriptor": "TICKETS",
            "customer": {"id": "c-1", "email": "payer@shop.example", "name": "Pia Payer"},
            "metadata": {"cart": "c-77"}, "returnUrl": "https://shop.example/done", "expiresIn": 3600,
        });
        let opened = stack.api.initiate(&unique("happy"), &terms).await.expect(201);
        assert_eq!(opened.header("content-type"), "application/json");
        assert_eq!(opened.header("cache-control"), "no-store");
        assert_eq!(opened.header("idempotent-replayed"), "");
        let payment = Opened::of(&opened);
        assert_eq!(
            told(&opened.json(), &["status", "amount", "currency", "gateway", "reference", "metadata", "version"]),
            json!(["requires_payment_method", 1999, "EUR", "stripe", "order-7", {"cart": "c-77"}, 1])
        );
        assert!(stack.sandbox.charges(&payment.id).await.is_empty(), "opening a payment moves no money");

        let paid = stack.api.pay(&payment, "pm_card_visa").await.expect(200).json();
        assert_eq!(
            told(&paid, &["transactionId", "status", "nextAction", "amountCaptured", "amountRefundable"]),
            json!([payment.id, "succeeded", null, 1999, 1999])
        );
        assert_eq!(
            told(&paid["attempts"][0], &["number", "status", "source", "method", "decline"]),
            json!([1, "charged", "api", "payment_method", null])
        );
        stack.sandbox.delivered(&payment.intent, "payment_intent.succeeded", 1).await;
        assert_eq!(stack.api.status(&payment.id).await.expect(200).json(), paid, "the webhook changed nothing");
        assert_eq!(stack.sandbox.charges(&payment.id).await, [charge("succeeded", 1999, "eur")]);
        let object = stack.sandbox.intent(&payment.intent).await;
        assert_eq!(object["metadata"], json!({"cart": "c-77", "transaction_id": payment.id}));
    });
}

#[test]
fn amounts_are_iso_minor_units_whatever_the_gateway_counts_in() {
    on_stack(async |stack| {
        // Japan has no minor unit, Kuwait has three digits of it, and Stripe counts Iceland's krónur in hundredths.
        for (amount, currency, at_gateway) in [(500, "JPY", 500), (12_340, "KWD", 12_340), (750, "ISK", 75_000)] {
            let payment = stack.api.open_with(json!({"amount": amount, "currency": currency})).await;
            let paid = stack.api.pay(&payment, "pm_card_visa").await.expect(200).json();
            assert_eq!(told(&paid, &["amountCaptured", "currency"]), json!([amount, currency]));
            let charges = stack.sandbox.charges(&payment.id).await;
            assert_eq!(charges, [charge("succeeded", at_gateway, &currency.to_lowercase())]);
        }
    });
}

#[test]
fn a_declined_payer_may_try_another_card() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let refused = stack.api.pay(&payment, "pm_card_visa_chargeDeclinedLostCard").await.expect(402);
        assert_eq!(refused.header("content-type"), "application/problem+json");
        let problem = refused.json();
        assert_eq!(told(&problem, &["status", "code", "retryable"]), json!([402, "payment_declined", false]));
        let decline = &problem["decline"];
        assert_eq!(told(decline, &["gatewayCode", "advice"]), json!(["lost_card", "do_not_try_again"]));
        for word in ["category", "code", "payerMessage"] {
            assert!(decline[word].as_str().is_some_and(|text| !text.is_empty()), "{word}: {decline}");
        }
        // Nobody tells a thief that the card is known to be lost.
        assert!(!decline["payerMessage"].as_str().unwrap().contains("lost"), "{decline}");
        assert_eq!(problem["detail"], decline["payerMessage"]);
        assert_eq!(
            told(&problem["payment"], &["transactionId", "status", "amountCaptured"]),
            json!([payment.id, "requires_payment_method", 0])
        );
        assert_eq!(problem["payment"]["attempts"][0]["decline"], *decline);
        assert!(stack.sandbox.charges(&payment.id).await.is_empty());

        let paid = stack.api.pay(&payment, "pm_card_mastercard").await.expect(200).json();
        assert_eq!(paid["status"], "succeeded");
        let attempts: Vec<Value> =
            paid["attempts"].as_array().unwrap().iter().map(|attempt| told(attempt, &["number", "status"])).collect();
        assert_eq!(attempts, [json!([1, "declined"]), json!([2, "charged"])]);
        assert_eq!(stack.sandbox.charges(&payment.id).await, [charge("succeeded", 1999, "eur")]);
    });
}

#[test]
fn every_kind_of_decline_has_a_sentence_for_the_payer_and_the_gateways_word_for_the_merchant() {
    on_stack(async |stack| {
        for (method, gateway_code) in [
            ("pm_card_visa_chargeDeclined", "generic_decline"),
            ("pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds"),
            ("pm_card_visa_chargeDeclinedStolenCard", "stolen_card"),
            ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
            ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc"),
            ("pm_card_chargeDeclinedProcessingError", "processing_error"),
        ] {
            let payment = stack.api.open().await;
            let problem = stack.api.pay(&payment, method).await.expect(402).json();
            assert_eq!(problem["decline"]["gatewayCode"], gateway_code, "{method}");
            let sentence = problem["decline"]["payerMessage"].as_str().unwrap();
            assert!(sentence.ends_with('.') && !sentence.contains('_'), "{method}: {sentence}");
        }
    });
}

#[test]
fn a_payer_who_passes_3d_secure_has_paid() {
    on_stack(async |stack| {
        let (payment, page) = challenged(stack).await;
        let shown = stack.sandbox.payer_opens(&page).await.expect(200);
        assert!(shown.text.contains("Approve") && shown.text.contains("1999"), "{}", shown.text);
        assert!(stack.sandbox.charges(&payment.id).await.is_empty(), "asking takes no money");

        let back = stack.sandbox.payer_presses(&page, "approve").await.expect(303);
        assert!(back.header("location").starts_with("https://shop.example/done?"), "{}", back.header("location"));
        let paid = stack.api.settled(&payment.id, "succeeded").await;
        assert_eq!(told(&paid, &["amountCaptured", "nextAction"]), json!([1999, null]));
        assert_eq!(paid["attempts"].as_array().unwrap().len(), 1, "{paid}");
        assert_eq!(stack.sandbox.charges(&payment.id).await, [charge("succeeded", 1999, "eur")]);
    });
}

#[test]
fn a_payer_who_fails_3d_secure_may_try_another_card() {
    on_stack(async |stack| {
        let (payment, page) = challenged(stack).await;
        drop(stack.sandbox.payer_presses(&page, "fail").await.expect(303));
        let again = stack.api.settled(&payment.id, "requires_payment_method").await;
        assert_eq!(again["nextAction"]["type"], "provide_payment_method");
        assert_eq!(again["attempts"].as_array().unwrap().len(), 1, "{again}");
        assert!(stack.sandbox.charges(&payment.id).await.is_empty());
        let paid = stack.api.pay(&payment, "pm_card_visa").await.expect(200).json();
        assert_eq!(paid["status"], "succeeded");
        assert_eq!(stack.sandbox.charges(&payment.id).await, [charge("succeeded", 1999, "eur")]);
    });
}

#[test]
fn without_a_way_back_the_gateways_own_script_asks_the_payer() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let asked = stack.api.pay(&payment, "pm_card_threeDSecure2Required").await.expect(200).json();
        assert_eq!(asked["status"], "requires_action");
        assert_eq!(asked["nextAction"], json!({"type": "use_gateway_sdk", "clientSecret": payment.client_secret}));
        let object = stack.sandbox.intent(&payment.intent).await;
        let page = object["next_action"]["use_stripe_sdk"]["stripe_js"].as_str().unwrap_or_else(|| panic!("{object}"));
        drop(stack.sandbox.payer_presses(page, "approve").await.expect(200));
        stack.api.settled(&payment.id, "succeeded").await;
    });
}

#[test]
fn a_browser_that_confirms_by_itself_is_believed_when_the_gateway_says_so() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let confirmed =
            stack.sandbox.confirm_in_browser(&payment.intent, &payment.client_secret, "pm_card_visa").await.expect(200);
        assert_eq!(confirmed.text_at("/status"), "succeeded");
        let paid = stack.api.settled(&payment.id, "succeeded").await;
        assert_eq!(
            told(&paid["attempts"][0], &["number", "status", "source", "method"]),
            json!([1, "charged", "gateway", null])
        );
        assert_eq!(stack.sandbox.charges(&payment.id).await, [charge("succeeded", 1999, "eur")]);
        let late = stack.api.pay(&payment, "pm_card_visa").await.expect(409);
        assert_eq!((late.text_at("/code"), late.text_at("/payment/status")), pair("invalid_state", "succeeded"));
        assert_eq!(stack.sandbox.charges(&payment.id).await.len(), 1);
    });
}

#[test]
fn a_browsers_declined_try_leaves_the_payment_open() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let declined = "pm_card_visa_chargeDeclined";
        drop(stack.sandbox.confirm_in_browser(&payment.intent, &payment.client_secret, declined).await.expect(402));
        stack.sandbox.delivered(&payment.intent, "payment_intent.payment_failed", 1).await;
        let paid = stack.api.pay(&payment, "pm_card_visa").await.expect(200).json();
        assert_eq!(paid["status"], "succeeded");
        assert_eq!(stack.sandbox.charges(&payment.id).await, [charge("succeeded", 1999, "eur")]);
    });
}

#[test]
fn a_confirmation_token_pays_like_a_payment_method() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let token = stack.sandbox.confirmation_token("pm_card_visa").await;
        let body = json!({"transactionId": payment.id, "confirmationToken": token});
        let paid = stack.api.confirm(&unique("token"), &body).await.expect(200).json();
        assert_eq!(paid["status"], "succeeded");
        assert_eq!(paid["attempts"][0]["method"], "confirmation_token");
        assert_eq!(stack.sandbox.charges(&payment.id).await, [charge("succeeded", 1999, "eur")]);
        assert!(!paid.to_string().contains(&token), "a gateway's token is nobody else's business");
    });
}

#[test]
fn a_manual_capture_holds_the_money_and_takes_none() {
    on_stack(async |stack| {
        let payment = stack.api.open_with(json!({"amount": 5000, "currency": "EUR", "capture": "manual"})).await;
        let held = stack.api.pay(&payment, "pm_card_visa").await.expect(200).json();
        assert_eq!(
            told(&held, &["status", "amountCapturable", "amountCaptured", "amountRefundable"]),
            json!(["requires_capture", 5000, 0, 0])
        );
        assert_eq!(stack.sandbox.charges(&payment.id).await, [charge("authorized", 5000, "eur")]);
        let again = stack.api.pay(&payment, "pm_card_visa").await.expect(409);
        assert_eq!(
            (again.text_at("/code"), again.text_at("/payment/status")),
            pair("invalid_state", "requires_capture")
        );
    });
}

#[test]
fn a_bank_that_takes_its_time_is_waited_for() {
    on_stack(async |stack| {
        for (outcome, status, charges) in
            [("succeeded", "succeeded", "succeeded"), ("failed", "requires_payment_method", "failed")]
        {
            let payment = stack.api.open_with(json!({"amount": 1999, "currency": "USD"})).await;
            let pending = stack.api.pay(&payment, "pm_usBankAccount_processing").await.expect(202).json();
            assert_eq!(told(&pending, &["status", "processingReason"]), json!(["processing", "gateway_pending"]));
            assert_eq!(stack.sandbox.charges(&payment.id).await, [charge("pending", 1999, "usd")]);
            stack.sandbox.settle(&payment.intent, outcome).await;
            let settled = stack.settled(&payment.id, status).await;
            assert_eq!(settled["processingReason"], Value::Null);
            assert_eq!(stack.sandbox.charges(&payment.id).await, [charge(charges, 1999, "usd")]);
        }
    });
}

/// A payment whose payer is asked by their bank, and the page where.
async fn challenged(stack: &Stack) -> (Opened, String) {
    let terms = json!({"amount": 1999, "currency": "EUR", "returnUrl": "https://shop.example/done"});
    let payment = stack.api.open_with(terms).await;
    let asked = stack.api.pay(&payment, "pm_card_threeDSecure2Required").await.expect(200).json();
    assert_eq!(told(&asked, &["status", "amountCaptured"]), json!(["requires_action", 0]));
    assert_eq!(asked["nextAction"]["type"], "redirect");
    let page = asked["nextAction"]["url"].as_str().unwrap().to_owned();
    assert!(page.starts_with(stack.sandbox.url()), "{page}");
    (payment, page)
}

/// These fields of an object, in this order.
fn told(object: &Value, fields: &[&str]) -> Value {
    fields.iter().map(|field| object.get(*field).cloned().unwrap_or_else(|| panic!("no {field} in {object}"))).collect()
}

fn charge(status: &str, amount: i64, currency: &str) -> (String, i64, String) {
    (status.to_owned(), amount, currency.to_owned())
}

fn pair(one: &str, other: &str) -> (String, String) {
    (one.to_owned(), other.to_owned())
}
