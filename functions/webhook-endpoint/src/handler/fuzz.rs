//! Endpoints that nobody would register, and ranges that nobody would ask for: what is taken is what was said, once; what is refused
//! changes nothing.

use ::fuzz::Target;
use ::fuzz::requests::{accepted_object, request, seed, told};
use domain::webhook::EndpointUrl;
use world::host::SimHost;

use super::tests::{function, registered};

const HEADER: &str = "idempotency-key";
const FIELDS: [&str; 3] = ["url", "eventTypes", "description"];
const WORDS: [&str; 14] = [
    "https://",
    "http://localhost/",
    "https://user:password@shop.example/",
    "https://[::1]/",
    "#fragment",
    "payment.succeeded",
    "payment.checked",
    "[]",
    "null",
    "4242424242424242",
    "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
    "2026-11-01T00:00:00Z",
    "keepFormerSeconds",
    "604801",
];
const DOCUMENTED: [(u16, &str); 9] = [
    (200, ""),
    (201, ""),
    (202, ""),
    (400, "invalid_request"),
    (400, "idempotency_key_missing"),
    (413, "body_too_large"),
    (415, "unsupported_media_type"),
    (422, "raw_card_data"),
    (422, "secret_in_request"),
];

#[test]
fn whatever_is_registered_is_what_was_said_and_is_there_once() {
    let own =
        [r#"{"url":"https://shop.example/hooks"}"#, r#"{"url":"https://a:8443/?b=c","eventTypes":["refund.created"]}"#];
    let target = Target::new("webhook-endpoint-body").seeds(own.map(|body| format!("k\n{body}")));
    let events = ["webhook-endpoint", "webhook-endpoint-invalid", "webhook-endpoint-reused"];
    target.seeds(events.map(|name| seed(name, HEADER))).words(FIELDS).words(WORDS).inputs(800).check(|input| {
        let Some(request) = request("webhook-endpoint", HEADER, input) else { return "no header".to_owned() };
        let host = SimHost::new(1);
        let function = function(&host);
        let first = told(&function, &host, &request, &DOCUMENTED);
        let again = told(&function, &host, &request, &DOCUMENTED);
        let stored = function.store.endpoints().endpoints;
        if first.status == 201 {
            let sent = accepted_object(request.body(), &FIELDS);
            assert_eq!((again.status, &again.json, stored.len()), (200, &first.json, 1), "asked twice");
            let url = sent.get("url").and_then(|url| url.as_str()).expect("an endpoint has a URL");
            assert_eq!(first.json["url"], url);
            assert!(EndpointUrl::parse(url).is_ok_and(|url| url.as_str().starts_with("https://")), "{url}");
        } else {
            assert_eq!((again.status, &again.json), (first.status, &first.json), "asked twice");
            assert!(stored.is_empty(), "refused, and kept");
        }
        first.summary()
    });
}

#[test]
fn whatever_range_is_asked_for_nothing_is_sent_again_but_what_there_was() {
    let own = [
        r#"{"from":"2026-11-01T00:00:00Z","to":"2026-11-30T00:00:00Z"}"#,
        r#"{"from":"2026-11-02T09:00:12.347Z","to":"2026-11-02T09:00:12.347Z","eventTypes":["payment.created"]}"#,
    ];
    let target = Target::new("webhook-endpoint-range").seeds(own.map(|body| format!("k\n{body}")));
    let events = ["webhook-endpoint-redeliver", "webhook-endpoint-redeliver-invalid"];
    let names = ["from", "to", "eventTypes", "cursor"];
    target.seeds(events.map(|name| seed(name, HEADER))).words(names).words(WORDS).inputs(800).check(|input| {
        let Some(request) = request("webhook-endpoint-redeliver", HEADER, input) else { return "no header".to_owned() };
        let host = SimHost::new(1);
        let function = registered(&host);
        let first = told(&function, &host, &request, &DOCUMENTED);
        let made = function.store.deliveries().len();
        assert!(made <= 1 && (first.status == 202 || made == 0), "{first:?}");
        assert!(first.status != 202 || first.json["redelivered"] == made, "{first:?}");
        first.summary()
    });
}
