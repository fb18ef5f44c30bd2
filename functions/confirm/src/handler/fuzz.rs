//! Confirms that nobody would send: what is accepted is what HTTP.md allows, what is refused changes nothing, and whatever
//! it was, it charges once.

use ::fuzz::Target;
use ::fuzz::requests::{Told, accepted_object, request, seed, told};
use world::host::SimHost;

use super::tests::endpoint;

const HEADER: &str = "idempotency-key";
const OPENED: &str = "pay_45r6h26q25dittbo7zrmxadm3f";
const FIELDS: [&str; 6] = ["transactionId", "paymentMethod", "confirmationToken", "returnUrl", "offSession", "payerIp"];
const WORDS: [&str; 8] = [
    "203.0.113.7",
    "pm_card_visa",
    "ctoken_1",
    "https://shop.example/a",
    "http://localhost/",
    "true",
    OPENED,
    "4242424242424242",
];
const DOCUMENTED: [(u16, &str); 8] = [
    (200, ""),
    (400, "invalid_request"),
    (400, "idempotency_key_missing"),
    (404, "not_found"),
    (413, "body_too_large"),
    (422, "raw_card_data"),
    (422, "secret_in_request"),
    (422, "idempotency_key_reused"),
];

#[test]
fn whatever_is_sent_only_what_is_documented_charges_and_only_once() {
    let other = [
        format!("k\n{{\"transactionId\":\"{OPENED}\",\"confirmationToken\":\"ctoken_1\",\"offSession\":true}}"),
        format!(
            "\"k\"\n{{\"transactionId\":\"{OPENED}\",\"paymentMethod\":\"pm_1\",\"returnUrl\":\"https://shop.example/a\"}}"
        ),
    ];
    let seeds = ["confirm", "confirm-declined"].map(|name| seed(name, HEADER));
    let target = Target::new("confirm-body").seeds(seeds).seeds(other).words(FIELDS).words(WORDS).inputs(1_000);
    target.check(|input| {
        let Some(request) = request("confirm", HEADER, input) else { return "no header".to_owned() };
        let host = SimHost::new(1);
        let endpoint = endpoint(&host);

        let first = told(&endpoint, &host, &request, &DOCUMENTED);
        let again = told(&endpoint, &host, &request, &DOCUMENTED);
        assert_eq!((again.status, &again.json), (first.status, &first.json), "asked twice");
        if first.status == 200 {
            is_allowed(&first, request.body());
            assert!(!first.replayed && again.replayed);
            assert_eq!((endpoint.gateway.charges().len(), endpoint.store.commits().len()), (1, 3));
        } else {
            assert_eq!((endpoint.gateway.charges().len(), endpoint.store.commits().len()), (0, 1), "{first:?}");
        }
        first.summary()
    });
}

fn is_allowed(told: &Told, body: &[u8]) {
    let sent = accepted_object(body, &FIELDS);
    let text = |name: &str| sent.get(name).and_then(|value| value.as_str());
    assert_eq!(text("transactionId"), Some(OPENED));
    assert_eq!((&told.json["transactionId"], &told.json["status"]), (&OPENED.into(), &"succeeded".into()));
    let instruments = [text("paymentMethod"), text("confirmationToken")];
    assert_eq!(instruments.iter().flatten().count(), 1, "one of both: {sent:?}");
    let url = text("returnUrl");
    assert!(url.is_none_or(|url| url.starts_with("https://") || url.starts_with("http://")), "{sent:?}");
    assert!(sent.get("offSession").is_none_or(|away| away.is_boolean() || away.is_null()), "{sent:?}");
}
