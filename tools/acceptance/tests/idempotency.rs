//! Promise P5 on the deployed stack: under one key the same object for ever, and never a second effect. Twenty confirms at once are
//! among the races.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use acceptance::client::Opened;
use acceptance::gateway::Gateway;
use acceptance::stack::{Stack, on_stack};
use acceptance::unique;
use acceptance::wire::Answer;
use futures_util::future::join_all;
use serde_json::{Value, json};

#[test]
fn an_initiate_under_a_known_key_finds_its_payment() {
    on_stack(async |stack| {
        for gateway in Gateway::BOTH {
            let key = unique("replay");
            let terms = Stack::terms(gateway, &json!({"reference": key}));
            let first = stack.api.initiate(&key, &terms).await.expect(201);
            let payment = Opened::of(&first);
            // The same request in other words: order and spaces mean nothing.
            let spelled = format!(
                "{{ \"returnUrl\":\"https://shop.example/done\",\"reference\": \"{key}\", \"gateway\": \"{}\", \
                 \"currency\":\"EUR\",\n\"amount\": 1999 }}",
                gateway.name()
            );
            for again in [terms.to_string(), spelled] {
                let replay = stack.api.post("/payment/initiate", &key, again).await.expect(200);
                assert_eq!(replay.header("idempotent-replayed"), "true");
                assert_eq!(same_object(&replay), same_object(&first));
            }
            if gateway == Gateway::PayPal {
                drop(stack.sandbox.payer_decides(&payment.id, "approve").await);
            }
            let paid = stack.charged(&payment).await.expect(200);
            let late = stack.api.initiate(&key, &terms).await.expect(200);
            assert_eq!(same_object(&late), same_object(&paid), "a replay shows the payment as it stands now");
            if gateway == Gateway::Stripe {
                assert_eq!(objects_of(stack, &payment).await, 1);
            }
        }
    });
}

#[test]
fn an_initiate_with_another_body_under_a_known_key_does_nothing() {
    on_stack(async |stack| {
        for (gateway, other) in Gateway::BOTH.into_iter().zip(Gateway::BOTH.into_iter().rev()) {
            let key = unique("reuse");
            let terms = Stack::terms(gateway, &json!({}));
            let payment = Opened::of(&stack.api.initiate(&key, &terms).await.expect(201));
            for changed in [
                json!({"amount": 2000}),
                json!({"currency": "USD"}),
                json!({"reference": "another order"}),
                json!({"capture": "manual"}),
                json!({"metadata": {"a": "b"}}),
                json!({"gateway": other.name()}),
            ] {
                let body = Stack::terms(gateway, &changed);
                let reused = stack.api.initiate(&key, &body).await.expect(422);
                assert_eq!(reused.text_at("/code"), "idempotency_key_reused", "{changed}");
                assert_eq!(reused.header("idempotent-replayed"), "");
            }
            let kept = stack.api.status(&payment.id).await.expect(200).json();
            let told = (&kept["amount"], &kept["currency"], &kept["metadata"], &kept["gateway"]);
            assert_eq!(told, (&json!(1999), &json!("EUR"), &json!({}), &json!(gateway.name())));
        }
    });
}

#[test]
fn fifty_initiates_at_once_under_one_key_open_one_payment() {
    on_stack(async |stack| {
        let key = unique("crowd");
        let terms = json!({"amount": 1999, "currency": "EUR"});
        let answers = join_all((0..50).map(|_| stack.api.initiate(&key, &terms))).await;
        let statuses = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
        assert_eq!((statuses(201), statuses(200)), (1, 49), "{:?}", odd(&answers, &[200, 201]));
        let payment = Opened::of(answers.first().unwrap());
        for answer in &answers {
            assert_eq!(Opened::of(answer).client_secret, payment.client_secret, "one object is handed out");
            assert_eq!(answer.text_at("/transactionId"), payment.id);
            assert_eq!(answer.header("idempotent-replayed"), if answer.status == 200 { "true" } else { "" });
        }
        let paid = stack.api.pay(&payment, "pm_card_visa").await.expect(200);
        assert_eq!(paid.text_at("/status"), "succeeded");
        assert_eq!(stack.sandbox.charges(&payment.id).await.len(), 1);
    });
}

#[test]
fn a_confirm_under_a_known_key_answers_for_its_own_attempt() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let (bad, good) = (unique("bad"), unique("good"));
        let declined = json!({"transactionId": payment.id, "paymentMethod": "pm_card_visa_chargeDeclined"});
        let card = json!({"transactionId": payment.id, "paymentMethod": "pm_card_visa"});
        let first = stack.api.confirm(&bad, &declined).await.expect(402);
        let again = stack.api.confirm(&bad, &declined).await.expect(402);
        assert_eq!((again.header("idempotent-replayed"), again.json()), ("true", first.json()));

        let paid = stack.api.confirm(&good, &card).await.expect(200);
        let replay = stack.api.confirm(&good, &card).await.expect(200);
        assert_eq!((replay.header("idempotent-replayed"), replay.json()), ("true", paid.json()));
        // The first key still tells of the decline, and shows the payment as it stands now.
        let late = stack.api.confirm(&bad, &declined).await.expect(402);
        assert_eq!(late.at("/decline"), first.at("/decline"));
        assert_eq!(late.text_at("/payment/status"), "succeeded");
        assert_eq!(late.at("/payment"), paid.json());
        assert_eq!(stack.sandbox.charges(&payment.id).await.len(), 1);
    });
}

#[test]
fn a_confirm_with_another_body_under_a_known_key_does_nothing() {
    on_stack(async |stack| {
        let payment = stack.api.open_with(json!({"amount": 1999, "currency": "EUR"})).await;
        let key = unique("reuse");
        let declined = json!({"transactionId": payment.id, "paymentMethod": "pm_card_visa_chargeDeclined"});
        drop(stack.api.confirm(&key, &declined).await.expect(402));
        let before = stack.api.status(&payment.id).await.expect(200).json();
        for other in [
            json!({"transactionId": payment.id, "paymentMethod": "pm_card_visa"}),
            json!({"transactionId": payment.id, "paymentMethod": "pm_card_visa_chargeDeclined", "offSession": true}),
            json!({"transactionId": payment.id, "confirmationToken": "ctoken_x"}),
        ] {
            let reused = stack.api.confirm(&key, &other).await.expect(422);
            assert_eq!(reused.text_at("/code"), "idempotency_key_reused", "{other}");
        }
        let after = stack.api.status(&payment.id).await.expect(200).json();
        assert_eq!((&after["attempts"], &after["status"]), (&before["attempts"], &before["status"]));
        assert!(stack.sandbox.charges(&payment.id).await.is_empty());
    });
}

#[test]
fn one_key_may_confirm_two_payments() {
    on_stack(async |stack| {
        // The scope of a key is (account, operation, payment).
        let key = unique("scoped");
        for gateway in [Gateway::Stripe, Gateway::Stripe, Gateway::PayPal, Gateway::PayPal] {
            let payment = stack.ready(gateway, json!({})).await;
            let paid = stack.api.charge(&payment, &key).await.expect(200);
            assert_eq!((paid.text_at("/transactionId"), paid.header("idempotent-replayed")), (payment.id, ""));
        }
        // And initiate's keys are others than confirm's.
        drop(stack.api.initiate(&key, &json!({"amount": 1999, "currency": "EUR"})).await.expect(201));
    });
}

#[test]
fn one_key_may_confirm_capture_cancel_and_refund_one_payment_and_each_answers_for_its_own() {
    on_stack(async |stack| {
        for gateway in Gateway::BOTH {
            let key = unique("scoped");
            let payment = stack.ready(gateway, json!({"capture": "manual"})).await;
            let bare = json!({"transactionId": payment.id}).to_string();
            let part = json!({"transactionId": payment.id, "amount": 500}).to_string();
            drop(stack.api.charge(&payment, &key).await.expect(200));
            let taken = stack.api.post("/payment/capture", &key, part.clone()).await.expect(200);
            assert_eq!((taken.header("idempotent-replayed"), taken.at("/amountCaptured")), ("", json!(500)));
            let refused = stack.api.post("/payment/cancel", &key, bare.clone()).await.expect(409);
            assert_eq!(
                refused.text_at("/code"),
                "invalid_state",
                "a key of confirm's and capture's is none of cancel's"
            );
            let given = stack.api.refund(&payment, &key, Some(200)).await.expect(200);
            assert_eq!((given.header("idempotent-replayed"), given.at("/amountRefunded")), ("", json!(200)));
            let again = stack.api.charge(&payment, &key).await.expect(200);
            let retaken = stack.api.post("/payment/capture", &key, part).await.expect(200);
            let regiven = stack.api.refund(&payment, &key, Some(200)).await.expect(200);
            for replay in [again, retaken, regiven] {
                assert_eq!((replay.header("idempotent-replayed"), replay.at("/amountRefunded")), ("true", json!(200)));
            }
            let reused = stack.api.post("/payment/capture", &key, bare).await.expect(422);
            assert_eq!(reused.text_at("/code"), "idempotency_key_reused");
            let reused_for_all = stack.api.refund(&payment, &key, None).await.expect(422);
            assert_eq!(reused_for_all.text_at("/code"), "idempotency_key_reused");
            assert_eq!(stack.sandbox.charges(&payment.id).await, [("succeeded".to_owned(), 500, "eur".to_owned())]);
            assert_eq!(stack.sandbox.refunds(&payment.intent).await.len(), 1);
        }
    });
}

#[test]
fn one_key_may_refund_two_payments() {
    on_stack(async |stack| {
        // The scope of a key is (account, operation, payment); the gateway must see two requests.
        let key = unique("scoped");
        for gateway in [Gateway::Stripe, Gateway::Stripe, Gateway::PayPal, Gateway::PayPal] {
            let payment = stack.paid(gateway, json!({})).await;
            let given = stack.api.refund(&payment, &key, Some(200)).await.expect(200);
            assert_eq!((given.text_at("/transactionId"), given.header("idempotent-replayed")), (payment.id, ""));
            assert_eq!(stack.sandbox.refunds(&payment.intent).await.len(), 1);
        }
    });
}

#[test]
fn twenty_declining_cards_at_once_charge_nothing_and_leave_the_payment_open() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let answers = join_all((0..20).map(|_| stack.api.pay(&payment, "pm_card_visa_chargeDeclined"))).await;
        assert_eq!(odd(&answers, &[402, 409]), Vec::<String>::new());
        stack.api.settled(&payment.id, "requires_payment_method").await;
        assert!(stack.sandbox.charges(&payment.id).await.is_empty());
    });
}

#[test]
fn a_quoted_key_is_the_bare_one() {
    on_stack(async |stack| {
        let (open, pay) = (unique("quoted"), unique("quoted"));
        let terms = json!({"amount": 1999, "currency": "EUR"});
        let bare = stack.api.initiate(&open, &terms).await.expect(201);
        let quoted = stack.api.initiate(&format!("\"{open}\""), &terms).await.expect(200);
        assert_eq!((quoted.header("idempotent-replayed"), same_object(&quoted)), ("true", same_object(&bare)));

        let payment = Opened::of(&bare);
        let card = json!({"transactionId": payment.id, "paymentMethod": "pm_card_visa"});
        drop(stack.api.confirm(&format!("\"{pay}\""), &card).await.expect(200));
        let bare = stack.api.confirm(&pay, &card).await.expect(200);
        assert_eq!(bare.header("idempotent-replayed"), "true");
        charged_once(stack, &payment).await;
    });
}

#[test]
fn the_longest_key_that_is_allowed_works_at_the_gateway_too() {
    on_stack(async |stack| {
        let unique = unique("long");
        let key = format!("{unique}{}", "~".repeat(255_usize.saturating_sub(unique.len())));
        let terms = json!({"amount": 1999, "currency": "EUR"});
        let payment = Opened::of(&stack.api.initiate(&key, &terms).await.expect(201));
        let card = json!({"transactionId": payment.id, "paymentMethod": "pm_card_visa"});
        drop(stack.api.confirm(&key, &card).await.expect(200));
        charged_once(stack, &payment).await;
    });
}

async fn charged_once(stack: &Stack, payment: &Opened) {
    let paid = stack.api.settled(&payment.id, "succeeded").await;
    assert_eq!(paid["attempts"].as_array().unwrap().len(), 1, "{paid}");
    assert_eq!(stack.sandbox.charges(&payment.id).await, [("succeeded".to_owned(), 1999, "eur".to_owned())]);
}

/// How many of the gateway's objects bear this payment's id.
async fn objects_of(stack: &Stack, payment: &Opened) -> usize {
    stack.sandbox.count_intents(|object| object["metadata"]["transaction_id"] == payment.id.as_str()).await
}

/// A payment without what a webhook may have changed meanwhile.
fn same_object(answer: &Answer) -> Value {
    let mut object = answer.json();
    for passing in ["version", "updatedAt"] {
        object[passing] = Value::Null;
    }
    object
}

/// The answers that have none of these statuses.
fn odd(answers: &[Answer], statuses: &[u16]) -> Vec<String> {
    let odd = answers.iter().filter(|answer| !statuses.contains(&answer.status));
    odd.map(|answer| format!("{} {}", answer.status, answer.text)).collect()
}
