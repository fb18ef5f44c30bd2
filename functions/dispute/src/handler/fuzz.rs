//! Answers to disputes that nobody would give: nothing goes to the gateway but what was said, and nothing twice; what is refused changes
//! nothing. And lists of them that nobody would ask for.

use ::fuzz::Target;
use ::fuzz::requests::{Told, accepted_object, request, seed, told};
use domain::dispute::Paper;
use domain::dispute::Status;
use serde_json::{Value, json};
use world::host::SimHost;

use super::tests::function;

const HEADER: &str = "idempotency-key";
const FIELDS: [&str; 2] = ["submit", "evidence"];
const WORDS: [&str; 8] = [
    "true",
    "false",
    "{}",
    "file_1MockFileId",
    "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
    "4242424242424242",
    "\\u0000",
    "DHL",
];
const DOCUMENTED: [(u16, &str); 8] = [
    (200, ""),
    (202, ""),
    (400, "invalid_request"),
    (400, "idempotency_key_missing"),
    (413, "body_too_large"),
    (422, "raw_card_data"),
    (422, "secret_in_request"),
    (422, "nothing_to_submit"),
];
const OF_A_LIST: [(u16, &str); 4] =
    [(200, ""), (400, "invalid_request"), (422, "raw_card_data"), (422, "secret_in_request")];

#[test]
fn whatever_is_sent_only_what_was_said_goes_to_the_gateway_and_only_once() {
    let own = [
        r#"{"submit":true}"#,
        r#"{"submit":true,"evidence":{"receipt":"file_1MockFileId"}}"#,
        r#"{"submit":false,"evidence":{"explanation":"It was delivered.","shippingDate":"2026-11-01"}}"#,
    ]
    .map(|body| format!("k\n{body}"));
    let events = ["dispute-evidence", "dispute-evidence-draft", "dispute-evidence-invalid", "dispute-evidence-paypal"];
    let names = Paper::ALL.map(Paper::name);
    let target = Target::new("evidence-body").seeds(own).seeds(events.map(|name| seed(name, HEADER)));
    target.words(FIELDS).words(WORDS).words(names).inputs(800).check(|input| {
        let Some(request) = request("dispute-evidence", HEADER, input) else { return "no header".to_owned() };
        let host = SimHost::new(1);
        let function = function(&host, Status::NeedsResponse);
        let first = told(&function, &host, &request, &DOCUMENTED);
        let again = told(&function, &host, &request, &DOCUMENTED);
        assert_eq!((again.status, &again.json), (first.status, &first.json), "asked twice");
        let submitted = function.gateway.disputes().submitted();
        if first.status < 300 {
            assert!(!first.replayed && again.replayed);
            is_what_was_said(&first, request.body(), submitted.len());
        } else {
            assert!(submitted.is_empty(), "refused, and sent: {submitted:?}");
            let shown = told(&function, &host, &::world::events::request("dispute"), &[(200, "")]).json;
            assert_eq!((&shown["requests"], &shown["evidence"]), (&json!([]), &json!({})), "refused, and kept");
        }
        first.summary()
    });
}

#[test]
fn whatever_is_asked_a_page_is_of_the_disputes_that_were_asked_for() {
    let host = SimHost::new(1);
    let function = function(&host, Status::NeedsResponse);
    let queries = ["", "status=needs_response&limit=1", "status=won", "limit=50", "cursor=AAAA"];
    let words = ["status=", "limit=", "cursor=", "&", "needs_response", "under_review", "lost", "closed", "51", "%00"];
    let target = Target::new("disputes-query").seeds(queries).words(words).inputs(400);
    target.check(|input| {
        let query = String::from_utf8_lossy(input);
        let page = told(&function, &host, &asking(&query), &OF_A_LIST);
        if page.status == 200 {
            let rows = page.json["disputes"].as_array().expect("a list");
            assert!(rows.len() <= 50 && rows.iter().all(|row| row["status"] == "needs_response"), "{page:?}");
            let wanted = query.split('&').filter_map(|pair| pair.strip_prefix("status=")).next_back();
            assert!(rows.is_empty() || wanted.is_none_or(|wanted| wanted == "needs_response"), "{query}: {page:?}");
        }
        format!("{} {}", page.summary(), page.json["disputes"].as_array().map_or(0, Vec::len))
    });
}

fn is_what_was_said(told: &Told, body: &[u8], submitted: usize) {
    let sent = accepted_object(body, &FIELDS);
    let submit = sent.get("submit").and_then(Value::as_bool).expect("whoever submits says so");
    assert_eq!(submitted, usize::from(submit));
    let papers = sent.get("evidence").cloned().unwrap_or_default();
    let kept = &told.json["evidence"];
    for (name, text) in papers.as_object().into_iter().flatten() {
        assert!(kept[name] == *text, "{name} is {} and not {text}", kept[name]);
    }
}

/// `events/dispute-list.json` with another query.
fn asking(query: &str) -> lambda_http::Request {
    let mut event: Value = serde_json::from_str(&::world::events::text("dispute-list")).expect("an event");
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs: Vec<(&str, &str)> = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    let all = pairs.iter().fold(serde_json::Map::new(), |mut all, (name, value)| {
        let values = all.entry((*name).to_owned()).or_insert_with(|| json!([]));
        values.as_array_mut().expect("a list").push(json!(value));
        all
    });
    event["queryStringParameters"] = pairs.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    event["multiValueQueryStringParameters"] = Value::Object(all);
    lambda_http::request::from_str(&event.to_string()).expect("a request")
}
