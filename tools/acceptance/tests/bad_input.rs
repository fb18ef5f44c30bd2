//! What is wrong with a request is said with its place; nothing is stored, and nothing is sent to the gateway.
//!
//! That an `initiate` left nothing behind is shown by its key: the right request under the same key then creates a new payment,
//! and the gateway has one object of it. For `confirm`, the payment is as it was.

#![expect(clippy::indexing_slicing, reason = "a test speaks by panicking")]

use acceptance::client::Opened;
use acceptance::gateway::Gateway;
use acceptance::refusal::{Case, check, sent, wrong_bodies};
use acceptance::stack::{Stack, on_stack};
use acceptance::unique;
use serde_json::{Value, json};

const INITIATE: &str = "/payment/initiate";
const CONFIRM: &str = "/payment/confirm";
const CAPTURE: &str = "/payment/capture";
const CANCEL: &str = "/payment/cancel";
const REFUND: &str = "/payment/refund";
/// The key of every local stack.
const LOCAL_KEY: &str = "qk_local_localdevelopmentonlylocaldevelopmentonlylocaldevelop";
/// The longest body that is taken.
const BODY_MAX: usize = 64 * 1024;

#[test]
fn an_initiate_that_is_wrong_is_refused_with_the_place_and_leaves_nothing_behind() {
    on_stack(async |stack| {
        for (body, status, code, pointers) in wrong_initiates().into_iter().chain(wrong_bodies(INITIATE_RIGHT)) {
            let key = unique("wrong");
            let answer = stack.api.post(INITIATE, &key, body.clone()).await;
            check(&answer, status, code, &pointers, &body);
            left_nothing(stack, &key).await;
        }
    });
}

#[test]
fn a_confirm_that_is_wrong_is_refused_with_the_place_and_leaves_the_payment_as_it_was() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let right = json!({"transactionId": payment.id, "paymentMethod": "pm_card_visa"}).to_string();
        for (body, status, code, pointers) in wrong_confirms(&payment.id).into_iter().chain(wrong_bodies(&right)) {
            let answer = stack.api.post(CONFIRM, &unique("wrong"), body.clone()).await;
            check(&answer, status, code, &pointers, &body);
        }
        untouched(stack, &payment).await;
    });
}

#[test]
fn a_capture_or_a_cancel_that_is_wrong_is_refused_with_the_place_and_leaves_the_money_held() {
    on_stack(async |stack| {
        let held = stack.api.open_with(json!({"amount": 1999, "currency": "EUR", "capture": "manual"})).await;
        drop(stack.api.pay(&held, "pm_card_visa").await.expect(200));
        let right = json!({"transactionId": held.id}).to_string();
        let wrong = wrong_captures(&held.id).into_iter().map(|case| (CAPTURE, case));
        let wrong = wrong.chain(wrong_cancels(&held.id).into_iter().map(|case| (CANCEL, case)));
        let bodies = [CAPTURE, CANCEL].map(|path| wrong_bodies(&right).into_iter().map(move |case| (path, case)));
        for (path, (body, status, code, pointers)) in wrong.chain(bodies.into_iter().flatten()) {
            let answer = stack.api.post(path, &unique("wrong"), body.clone()).await;
            check(&answer, status, code, &pointers, &format!("{path} {body}"));
        }
        for path in [CAPTURE, CANCEL] {
            let answer = sent(&stack.api, path, Some("application/json"), None, right.as_str()).await;
            check(&answer, 400, "idempotency_key_missing", &[], path);
        }
        let now = stack.api.status(&held.id).await.expect(200).json();
        assert_eq!((&now["status"], &now["amountCapturable"]), (&json!("requires_capture"), &json!(1999)));
        assert_eq!(stack.sandbox.intent(&held.intent).await["status"], "requires_capture");
    });
}

#[test]
fn a_refund_that_is_wrong_is_refused_with_the_place_and_gives_nothing_back() {
    on_stack(async |stack| {
        let paid = stack.api.open().await;
        drop(stack.api.pay(&paid, "pm_card_visa").await.expect(200));
        let right = json!({"transactionId": paid.id, "amount": 500}).to_string();
        for (body, status, code, pointers) in wrong_refunds(&paid.id).into_iter().chain(wrong_bodies(&right)) {
            let answer = stack.api.post(REFUND, &unique("wrong"), body.clone()).await;
            check(&answer, status, code, &pointers, &body);
        }
        let answer = sent(&stack.api, REFUND, Some("application/json"), None, right.as_str()).await;
        check(&answer, 400, "idempotency_key_missing", &[], REFUND);
        let now = stack.api.status(&paid.id).await.expect(200).json();
        assert_eq!((&now["amountRefundable"], &now["refunds"]), (&json!(1999), &json!([])));
        assert!(stack.sandbox.refunds(&paid.intent).await.is_empty());
    });
}

#[test]
fn a_list_that_is_asked_for_wrongly_is_refused_with_the_parameter() {
    on_stack(async |stack| {
        for (query, pointers) in [
            ("day=today", &["?day"][..]),
            ("day=2026-02-30", &["?day"]),
            ("day=2026-1-1", &["?day"]),
            ("day=", &["?day"]),
            ("reference=", &["?reference"]),
            ("reference=a%00b", &["?reference"]),
            ("day=2026-11-23&reference=a", &["?reference"]),
            ("status=paid", &["?status"]),
            ("status=Succeeded", &["?status"]),
            ("attention=yes", &["?attention"]),
            ("attention", &["?attention"]),
            ("limit=0", &["?limit"]),
            ("limit=101", &["?limit"]),
            ("limit=-1", &["?limit"]),
            ("limit=1.0", &["?limit"]),
            ("limit=99999999999999999999", &["?limit"]),
            ("cursor=", &["?cursor"]),
            ("cursor=AAAA", &["?cursor"]),
            ("cursor=..%2F..%2Fetc%2Fpasswd", &["?cursor"]),
            ("cursor=ZC45OTk5OTk5OTk5OTk5OTk5OTk5LnBheV8", &["?cursor"]),
            ("page=2", &["?page"]),
            ("Day=2026-11-23", &["?Day"]),
            ("%27%20OR%201=1", &["?' OR 1"]),
            ("limit=1&limit=1", &["?limit"]),
            ("status=x&limit=x&day=x&what=x", &["?day", "?limit", "?status", "?what"]),
        ] {
            let answer = stack.api.payments(query).await;
            check(&answer, 400, "invalid_request", pointers, query);
        }
        let long = format!("reference={}", "r".repeat(101));
        check(&stack.api.payments(&long).await, 400, "invalid_request", &["?reference"], "a long reference");
    });
}

#[test]
fn a_secret_key_in_a_request_is_refused_and_not_echoed() {
    on_stack(async |stack| {
        for secret in ["sk_live_51Nb0gusB0gusB0gusB0gus", "whsec_b0gusb0gusb0gusb0gusb0gus", LOCAL_KEY] {
            for (place, field) in [
                ("/description", format!(r#""description":"{secret}""#)),
                ("/metadata/note", format!(r#""metadata":{{"note":"{secret}"}}"#)),
            ] {
                let (key, body) = (unique("secret"), format!(r#"{{"amount":1999,"currency":"EUR",{field}}}"#));
                let answer = stack.api.post(INITIATE, &key, body.clone()).await;
                check(&answer, 422, "secret_in_request", &[place], &body);
                assert!(!answer.text.contains(secret), "it is echoed");
                left_nothing(stack, &key).await;
            }
        }
    });
}

#[test]
fn a_body_that_is_not_declared_as_json_is_not_read() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let confirm = json!({"transactionId": payment.id, "paymentMethod": "pm_card_visa"}).to_string();
        for (path, body) in [(INITIATE, INITIATE_RIGHT), (CONFIRM, confirm.as_str())] {
            for content_type in [
                None,
                Some("text/plain"),
                Some("application/x-www-form-urlencoded"),
                Some("application/json; charset=iso-8859-1"),
                Some("application/jsonx"),
                Some("application/vnd.api+json"),
            ] {
                let key = unique("typed");
                let answer = sent(&stack.api, path, content_type, Some(key.as_bytes()), body).await;
                check(&answer, 415, "unsupported_media_type", &[], &format!("{content_type:?}"));
                if path == INITIATE {
                    left_nothing(stack, &key).await;
                }
            }
            // The one parameter that JSON can have, in any spelling.
            let key = unique("typed");
            let typed = Some("Application/JSON; charset=\"UTF-8\"");
            let answer = sent(&stack.api, path, typed, Some(key.as_bytes()), body).await;
            assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
        }
    });
}

#[test]
fn a_body_that_is_no_text_is_refused() {
    on_stack(async |stack| {
        for path in [INITIATE, CONFIRM] {
            let key = unique("bytes");
            let body = INITIATE_RIGHT.replace("EUR", "E?R").into_bytes();
            let body: Vec<u8> = body.into_iter().map(|byte| if byte == b'?' { 0xff } else { byte }).collect();
            let answer = stack.api.post(path, &key, body).await;
            check(&answer, 400, "invalid_request", &[""], "invalid UTF-8");
            left_nothing(stack, &key).await;
        }
    });
}

#[test]
fn a_key_is_required_and_is_visible_ascii_of_at_most_255_characters() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let confirm = json!({"transactionId": payment.id, "paymentMethod": "pm_card_visa"}).to_string();
        let marker = unique("marker");
        let initiate = json!({"amount": 1999, "currency": "EUR", "description": marker}).to_string();
        let long = "k".repeat(256);
        for (path, body) in [(INITIATE, &initiate), (CONFIRM, &confirm)] {
            for (key, code) in [
                (None, "idempotency_key_missing"),
                (Some(&b""[..]), "idempotency_key_missing"),
                (Some(b"\"\""), "idempotency_key_missing"),
                (Some(long.as_bytes()), "invalid_request"),
                (Some(b"two words"), "invalid_request"),
                (Some(b"\"not closed"), "invalid_request"),
                (Some("schl\u{fc}ssel".as_bytes()), "invalid_request"),
            ] {
                let answer = sent(&stack.api, path, Some("application/json"), key, body.as_str()).await;
                check(&answer, 400, code, &[], &format!("{path} {:?}", key.map(String::from_utf8_lossy)));
            }
        }
        untouched(stack, &payment).await;
        let opened = stack.sandbox.count_intents(|object| object["description"] == marker.as_str()).await;
        assert_eq!(opened, 0, "nothing was sent to the gateway");
    });
}

#[test]
fn an_amount_that_the_gateway_cannot_take_or_the_merchant_does_not_ask_for_goes_nowhere() {
    on_stack(async |stack| {
        for (amount, currency, code, pointer) in [
            (i64::MAX, "EUR", "amount_not_supported", "/amount"),
            (1_000_000_000_000, "EUR", "amount_not_supported", "/amount"),
            // Stripe takes no thousandths of a dinar.
            (12_345, "KWD", "amount_not_supported", "/amount"),
            (1999, "IQD", "amount_not_supported", "/currency"),
            // The local stage's `AmountLimits` are 1.00 to 5000.00 NZD.
            (99, "NZD", "amount_out_of_limits", "/amount"),
            (500_001, "NZD", "amount_out_of_limits", "/amount"),
        ] {
            let key = unique("limit");
            let answer = stack.api.initiate(&key, &json!({"amount": amount, "currency": currency})).await;
            check(&answer, 422, code, &[pointer], currency);
            left_nothing(stack, &key).await;
        }
        // PayPal knows no fillér, and no dinars.
        for (amount, currency, pointer) in [(17_550, "HUF", "/amount"), (19_990, "KWD", "/currency")] {
            let key = unique("limit");
            let terms = Stack::terms(Gateway::PayPal, &json!({"amount": amount, "currency": currency}));
            let answer = stack.api.initiate(&key, &terms).await;
            check(&answer, 422, "amount_not_supported", &[pointer], currency);
            left_nothing(stack, &key).await;
        }
        for amount in [100, 500_000] {
            drop(stack.api.initiate(&unique("limit"), &json!({"amount": amount, "currency": "NZD"})).await.expect(201));
        }
    });
}

#[test]
fn what_only_the_gateway_can_refuse_is_refused_in_its_words_and_stores_nothing() {
    on_stack(async |stack| {
        // Below Stripe's smallest charge, and a currency that it does not take.
        for (amount, currency, pointer) in [(1, "EUR", "/amount"), (1999, "KPW", "/currency")] {
            let key = unique("refused");
            let answer = stack.api.initiate(&key, &json!({"amount": amount, "currency": currency})).await;
            check(&answer, 422, "gateway_refused", &[pointer], currency);
            left_nothing(stack, &key).await;
        }
    });
}

#[test]
fn the_largest_body_is_taken_and_one_byte_more_is_not() {
    on_stack(async |stack| {
        let padded = |length: usize| {
            let padding = " ".repeat(length.saturating_sub(INITIATE_RIGHT.len()));
            INITIATE_RIGHT.replace(',', &format!(",{padding}"))
        };
        let fits = stack.api.post(INITIATE, &unique("large"), padded(BODY_MAX)).await;
        assert_eq!(fits.status, 201, "{}", fits.text);
        let key = unique("large");
        let answer = stack.api.post(INITIATE, &key, padded(BODY_MAX.saturating_add(1))).await;
        check(&answer, 413, "body_too_large", &[], "64 kB and a byte");
        left_nothing(stack, &key).await;
        let far_too_large = stack.api.post(CONFIRM, &unique("large"), padded(1_000_000)).await;
        check(&far_too_large, 413, "body_too_large", &[], "1 MB");
    });
}

const INITIATE_RIGHT: &str = r#"{"amount":1999,"currency":"EUR"}"#;

/// What is wrong with the fields of an initiate.
fn wrong_initiates() -> Vec<Case> {
    let amount = |literal: &str| format!(r#"{{"amount":{literal},"currency":"EUR"}}"#);
    let currency = |literal: &str| format!(r#"{{"amount":1999,"currency":{literal}}}"#);
    let with = |field: &str| format!(r#"{{"amount":1999,"currency":"EUR",{field}}}"#);
    let text = |field: &str, length: usize| with(&format!(r#""{field}":"{}""#, "x".repeat(length)));
    let keys: Vec<String> = (0..21).map(|number| format!(r#""k{number}":"v""#)).collect();
    let values: Vec<String> = (0..4).map(|number| format!(r#""k{number}":"{}""#, "v".repeat(400))).collect();
    let mut cases: Vec<(String, &'static str)> = vec![
        (r#"{"currency":"EUR"}"#.to_owned(), "/amount"),
        (r#"{"amount":1999}"#.to_owned(), "/currency"),
        (with(r#""amount":1999"#), "/amount"),
        (with(r#""currency":"USD""#), "/currency"),
        (with(r#""ammount":1"#), "/ammount"),
        (with(r#""gateway":"adyen""#), "/gateway"),
        (with(r#""gateway":"adyen""#), "/gateway"),
        (with(r#""gateway":"paypal""#), "/returnUrl"),
        (with(r#""capture":"later""#), "/capture"),
        (with(r#""capture":true"#), "/capture"),
        (with(r#""confirmation":"maybe""#), "/confirmation"),
        (with(r#""customer":"Pia""#), "/customer"),
        (with(r#""customer":["Pia"]"#), "/customer"),
        (with(r#""customer":{"phone":"1"}"#), "/customer/phone"),
        (with(r#""customer":{"email":5}"#), "/customer/email"),
        (with(r#""customer":{"id":"a","id":"b"}"#), "/customer/id"),
        (with(r#""reference":"""#), "/reference"),
        (with(r#""reference":"a\u0000b""#), "/reference"),
        (text("reference", 5_000), "/reference"),
        (text("description", 5_001), "/description"),
        (text("statementDescriptor", 23), "/statementDescriptor"),
        (with(r#""metadata":[]"#), "/metadata"),
        (with(r#""metadata":{"k":1}"#), "/metadata/k"),
        (with(r#""metadata":{"k":{"deeper":"v"}}"#), "/metadata/k"),
        (with(r#""metadata":{"a/b~c":7}"#), "/metadata/a~1b~0c"),
        (with(r#""metadata":{"transaction_id":"pay_x"}"#), "/metadata/transaction_id"),
        (with(&format!(r#""metadata":{{{}}}"#, keys.join(","))), "/metadata"),
        (with(&format!(r#""metadata":{{{}}}"#, values.join(","))), "/metadata"),
        (with(r#""returnUrl":"/done""#), "/returnUrl"),
        (with(r#""returnUrl":"http://shop.example/""#), "/returnUrl"),
        (with(r#""returnUrl":"javascript:alert(1)""#), "/returnUrl"),
        (with(r#""cancelUrl":"ftp://shop.example/""#), "/cancelUrl"),
        (with(r#""expiresIn":0"#), "/expiresIn"),
        (with(r#""expiresIn":604801"#), "/expiresIn"),
        (with(r#""expiresIn":-1"#), "/expiresIn"),
        (with(r#""expiresIn":"1h""#), "/expiresIn"),
    ];
    for literal in ["0", "-1", "19.99", "1e3", "1.0", "-0", "\"1999\"", "null", "true", "[1999]", "{}"] {
        cases.push((amount(literal), "/amount"));
    }
    for literal in ["9223372036854775808", "-9223372036854775809", "99999999999999999999999999999999999999999999"] {
        cases.push((amount(literal), "/amount"));
    }
    for literal in ["\"ZZZ\"", "\"eur\"", "\"EURO\"", "\"\"", "\"XAU\"", "978", "null", "[\"EUR\"]"] {
        cases.push((currency(literal), "/currency"));
    }
    let mut cases: Vec<Case> =
        cases.into_iter().map(|(body, pointer)| (body, 400, "invalid_request", vec![pointer])).collect();
    // Everything that is wrong is said at once.
    let both = r#"{"amount":-5,"currency":"ZZZ","returnUrl":"x"}"#;
    cases.push((both.to_owned(), 400, "invalid_request", vec!["/amount", "/currency", "/returnUrl"]));
    cases
}

/// What is wrong with the fields of a confirm.
fn wrong_confirms(id: &str) -> Vec<Case> {
    let with = |field: &str| format!(r#"{{"transactionId":"{id}",{field}}}"#);
    let card = |field: &str| with(&format!(r#""paymentMethod":"pm_card_visa",{field}"#));
    let cases: Vec<(String, &'static str)> = vec![
        (r#"{"paymentMethod":"pm_card_visa"}"#.to_owned(), "/transactionId"),
        (r#"{"transactionId":7,"paymentMethod":"pm_card_visa"}"#.to_owned(), "/transactionId"),
        (format!(r#"{{"transactionId":"{id}"}}"#), "/paymentMethod"),
        (with(r#""paymentMethod":null"#), "/paymentMethod"),
        (with(r#""paymentMethod":7"#), "/paymentMethod"),
        (with(r#""paymentMethod":"""#), "/paymentMethod"),
        (with(r#""paymentMethod":"pm card""#), "/paymentMethod"),
        (with(r#""paymentMethod":"../../refunds""#), "/paymentMethod"),
        (with(&format!(r#""paymentMethod":"{}""#, "p".repeat(256))), "/paymentMethod"),
        (with(r#""confirmationToken":"a&b=c""#), "/confirmationToken"),
        (card(r#""paymentMethod":"pm_card_visa""#), "/paymentMethod"),
        (card(r#""confirmationToken":"ctoken_1""#), "/confirmationToken"),
        (card(r#""card":{"number":"1"}"#), "/card"),
        (card(r#""amount":1999"#), "/amount"),
        (card(r#""offSession":"yes""#), "/offSession"),
        (card(r#""offSession":1"#), "/offSession"),
        (card(r#""returnUrl":"shop.example""#), "/returnUrl"),
    ];
    cases.into_iter().map(|(body, pointer)| (body, 400, "invalid_request", vec![pointer])).collect()
}

/// What is wrong with the fields of a capture.
fn wrong_captures(id: &str) -> Vec<Case> {
    let with = |field: &str| format!(r#"{{"transactionId":"{id}",{field}}}"#);
    let mut cases = vec![
        (r#"{"amount":1}"#.to_owned(), 400, "invalid_request", vec!["/transactionId"]),
        (with(r#""currency":"EUR""#), 400, "invalid_request", vec!["/currency"]),
        (with(r#""amount":1,"amount":1"#), 400, "invalid_request", vec!["/amount"]),
        (with(r#""reason":"duplicate""#), 400, "invalid_request", vec!["/reason"]),
        (with(r#""amount":2000"#), 422, "amount_exceeds_capturable", vec!["/amount"]),
        (with(r#""amount":1000000000000"#), 422, "amount_not_supported", vec!["/amount"]),
    ];
    for literal in ["0", "-1", "19.99", "1e3", "\"1\"", "true", "[1]", "9223372036854775808"] {
        cases.push((with(&format!(r#""amount":{literal}"#)), 400, "invalid_request", vec!["/amount"]));
    }
    cases
}

/// What is wrong with the fields of a cancel.
fn wrong_cancels(id: &str) -> Vec<Case> {
    let with = |field: &str| format!(r#"{{"transactionId":"{id}",{field}}}"#);
    [
        (r#"{"reason":"duplicate"}"#.to_owned(), "/transactionId"),
        (r#"{"transactionId":7}"#.to_owned(), "/transactionId"),
        (with(r#""amount":1"#), "/amount"),
        (with(r#""reason":"bored""#), "/reason"),
        (with(r#""reason":"Duplicate""#), "/reason"),
        (with(r#""reason":"""#), "/reason"),
        (with(r#""reason":7"#), "/reason"),
        // The gateway's own word, which no client may say.
        (with(r#""reason":"automatic""#), "/reason"),
    ]
    .into_iter()
    .map(|(body, pointer)| (body, 400, "invalid_request", vec![pointer]))
    .collect()
}

/// What is wrong with the fields of a refund.
fn wrong_refunds(id: &str) -> Vec<Case> {
    let with = |field: &str| format!(r#"{{"transactionId":"{id}",{field}}}"#);
    let mut cases = vec![
        (r#"{"amount":1}"#.to_owned(), 400, "invalid_request", vec!["/transactionId"]),
        (r#"{"transactionId":7}"#.to_owned(), 400, "invalid_request", vec!["/transactionId"]),
        (with(r#""currency":"EUR""#), 400, "invalid_request", vec!["/currency"]),
        (with(r#""refundId":"ref_1""#), 400, "invalid_request", vec!["/refundId"]),
        (with(r#""amount":1,"amount":1"#), 400, "invalid_request", vec!["/amount"]),
        (with(r#""amount":2000"#), 422, "amount_exceeds_refundable", vec!["/amount"]),
        (with(r#""amount":1000000000000"#), 422, "amount_not_supported", vec!["/amount"]),
    ];
    for literal in ["0", "-1", "19.99", "1e3", "\"1\"", "true", "[1]", "9223372036854775808"] {
        cases.push((with(&format!(r#""amount":{literal}"#)), 400, "invalid_request", vec!["/amount"]));
    }
    // `abandoned` is why a payment is canceled, and the last is a word that only the gateway may say.
    for literal in ["\"bored\"", "\"Duplicate\"", "\"\"", "7", "\"abandoned\"", "\"expired_uncaptured_charge\""] {
        cases.push((with(&format!(r#""reason":{literal}"#)), 400, "invalid_request", vec!["/reason"]));
    }
    cases
}

/// The key is as good as new, and the gateway has no object but the one that this very check opens.
async fn left_nothing(stack: &Stack, key: &str) {
    let opened = stack.api.initiate(key, &json!({"amount": 4711, "currency": "EUR", "reference": key})).await;
    assert_eq!(opened.status, 201, "{key} was used up: {}", opened.text);
    let payment = Opened::of(&opened);
    let objects =
        stack.sandbox.count_intents(|object| object["metadata"]["transaction_id"] == payment.id.as_str()).await;
    assert_eq!(objects, 1, "the gateway was asked under {key}");
}

/// Nobody has tried to pay.
async fn untouched(stack: &Stack, payment: &Opened) {
    let now = stack.api.status(&payment.id).await.expect(200).json();
    assert_eq!((&now["status"], &now["attempts"]), (&json!("requires_payment_method"), &Value::Array(Vec::new())));
    assert_eq!(stack.sandbox.intent(&payment.intent).await["status"], "requires_payment_method");
    assert!(stack.sandbox.charges(&payment.id).await.is_empty());
}
