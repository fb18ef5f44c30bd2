//! Orders that nobody would place: what is opened is what was asked for, within the bounds of HTTP.md; what is refused
//! leaves no trace.

use std::sync::Arc;
use std::time::Duration;

use ::fuzz::Target;
use ::fuzz::requests::{Told, accepted_object, request, seed, told};
use domain::gateway::Mode;
use domain::money::AmountLimits;
use serde_json::Value;
use world::events::client_keys;
use world::gateway::SimGateway;
use world::host::SimHost;
use world::people::Twin;
use world::store::MemoryStore;

use super::*;

const HEADER: &str = "idempotency-key";
const FIELDS: [&str; 13] = [
    "amount",
    "currency",
    "gateway",
    "reference",
    "capture",
    "confirmation",
    "customer",
    "description",
    "statementDescriptor",
    "metadata",
    "returnUrl",
    "cancelUrl",
    "expiresIn",
];
const WORDS: [&str; 18] = [
    "stripe",
    "paypal",
    "automatic",
    "manual",
    "explicit",
    "EUR",
    "JPY",
    "KWD",
    "HUF",
    "XAU",
    "id",
    "email",
    "name",
    "transaction_id",
    "a[b]",
    "https://shop.example/",
    "604800",
    "4242424242424242",
];
const DOCUMENTED: [(u16, &str); 10] = [
    (201, ""),
    (200, ""),
    (400, "invalid_request"),
    (400, "idempotency_key_missing"),
    (413, "body_too_large"),
    (422, "raw_card_data"),
    (422, "secret_in_request"),
    (422, "idempotency_key_reused"),
    (422, "amount_not_supported"),
    (422, "gateway_refused"),
];

#[test]
fn whatever_is_ordered_a_payment_is_opened_for_just_that_or_none_is() {
    let full = r#"{"amount":1999,"currency":"EUR","gateway":"stripe","reference":"order-1","capture":"manual","confirmation":"explicit",
        "customer":{"id":"c-1","email":"a@b.example","name":"A"},"description":"d","statementDescriptor":"s",
        "metadata":{"cart":"c-77","empty":""},"returnUrl":"https://shop.example/done","cancelUrl":"http://localhost/","expiresIn":300}"#;
    let events = ["initiate", "initiate-abandoned", "initiate-manual-capture", "initiate-invalid"];
    let seeds = events.map(|name| seed(name, HEADER));
    let target = Target::new("initiate-body")
        .seeds(seeds)
        .seeds([format!("k\n{full}")])
        .words(FIELDS)
        .words(WORDS)
        .inputs(1_200);
    target.check(|input| {
        let Some(request) = request("initiate", HEADER, input) else { return "no header".to_owned() };
        let endpoint = Initiate {
            keys: client_keys(),
            store: MemoryStore::default(),
            gateway: SimGateway::new(Arc::new(SimHost::new(1))),
            people: Twin::default(),
            rules: Rules { mode: Mode::Test, amounts: AmountLimits::default() },
            default_gateway: domain::gateway::Gateway::Stripe,
            checkout_expiry: CheckoutExpiry { usual: Duration::from_secs(86_400), shortest: Duration::from_secs(300) },
        };
        let host = SimHost::new(1);
        let first = told(&endpoint, &host, &request, &DOCUMENTED);
        let again = told(&endpoint, &host, &request, &DOCUMENTED);
        assert_eq!(again.json, first.json, "asked twice");
        let (rows, objects) = (endpoint.store.commits().len(), endpoint.gateway.objects().len());
        if first.status == 201 {
            is_as_asked(&first, request.body());
            assert_eq!((again.status, again.replayed), (200, true));
            assert_eq!((rows, objects), (1, 1));
        } else {
            assert_eq!((again.status, rows, objects), (first.status, 0, 0), "{first:?}");
        }
        first.summary()
    });
}

fn is_as_asked(told: &Told, body: &[u8]) {
    let sent = accepted_object(body, &FIELDS);
    let asked = |name: &str| sent.get(name).filter(|value| !value.is_null());
    assert!(asked("amount").and_then(Value::as_i64).is_some_and(|amount| amount > 0), "{sent:?}");
    for name in ["amount", "currency"] {
        assert_eq!(Some(&told.json[name]), asked(name), "{name}");
    }
    assert_eq!(asked("reference").unwrap_or(&Value::Null), &told.json["reference"]);
    assert_eq!(asked("metadata").cloned().unwrap_or_else(|| serde_json::json!({})), told.json["metadata"]);
    let within = |name: &str, bound: usize| {
        asked(name).is_none_or(|value| {
            let text = value.as_str().expect("a text that is none was accepted");
            (1..=bound).contains(&text.chars().count()) && !text.contains(char::is_control)
        })
    };
    assert!(within("reference", 100) && within("description", 500) && within("statementDescriptor", 22), "{sent:?}");
    assert!(within("returnUrl", 2_048) && within("cancelUrl", 2_048), "{sent:?}");
    for (name, words) in
        [("gateway", &["stripe"][..]), ("capture", &["automatic", "manual"]), ("confirmation", &["explicit"])]
    {
        assert!(asked(name).is_none_or(|value| value.as_str().is_some_and(|word| words.contains(&word))), "{sent:?}");
    }
    let seconds = asked("expiresIn").map(|value| value.as_u64().expect("no seconds"));
    assert!(seconds.is_none_or(|seconds| (300..=604_800).contains(&seconds)), "{seconds:?}");
    assert!(asked("customer").is_none_or(Value::is_object), "{sent:?}");
}
