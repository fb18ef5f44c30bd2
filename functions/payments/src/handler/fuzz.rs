//! Lists that nobody would ask for: a page is of the list that was asked for, in its order, and goes on where it ended.

use std::collections::BTreeMap;
use std::time::Duration;

use ::fuzz::Target;
use ::fuzz::requests::told;
use domain::payment::Payment;
use flow::ports::{Cause, CreatePayment as _, Write, WriterToken};
use serde_json::{Value, json};
use world::events::{client_keys, payment};
use world::host::SimHost;
use world::payments::id;
use world::shop::client;
use world::store::MemoryStore;
use world::turns::block_on;

use super::*;

const DOCUMENTED: [(u16, &str); 4] =
    [(200, ""), (400, "invalid_request"), (422, "raw_card_data"), (422, "secret_in_request")];
const WORDS: [&str; 18] = [
    "day=",
    "reference=",
    "status=",
    "attention=",
    "limit=",
    "cursor=",
    "&",
    "2026-11-02",
    "2026-02-29",
    "order-1001",
    "succeeded",
    "canceled",
    "processing",
    "true",
    "100",
    "101",
    "%34",
    "4242+4242+4242+4242",
];

#[test]
fn whatever_is_asked_a_page_is_of_the_list_that_was_asked_for() {
    let host = SimHost::new(1);
    let payments = Payments { keys: client_keys(), store: MemoryStore::default() };
    for number in 0..5 {
        let mut payment = Payment { id: id(number), ..payment(&host) };
        payment.created_at = host.now().plus(Duration::from_secs(number.into()));
        payment.terms.reference = (number % 2 == 0).then(|| domain::text::Text::parse("order-1001").unwrap());
        let write =
            Write { payment: &payment, cause: Cause::of("initiated"), actor: &client(), writer: WriterToken(0) };
        block_on(payments.store.create(&write)).unwrap();
    }
    let ask = |query: &str| told(&payments, &host, &request(query), &DOCUMENTED);
    let cursors: Vec<String> = ["limit=2", "reference=order-1001&limit=1"]
        .iter()
        .map(|query| format!("{query}&cursor={}", ask(query).json["nextCursor"].as_str().unwrap()))
        .collect();
    let queries = [
        "",
        "day=2026-11-02",
        "reference=order-1001&status=requires_payment_method",
        "status=succeeded&limit=1",
        "attention=true&limit=100",
    ];
    let target = Target::new("payments-query").seeds(queries).seeds(cursors).words(WORDS).inputs(800);
    target.check(|input| {
        let query = String::from_utf8_lossy(input);
        let page = ask(&query);
        if page.status == 200 {
            let asked: Vec<(String, String)> = pairs(&query);
            let value = |name: &str| asked.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
            let known = ["day", "reference", "status", "attention", "limit", "cursor"];
            assert!(asked.iter().all(|(name, _)| known.contains(&name.as_str())), "{asked:?}");
            let rows = page.json["payments"].as_array().unwrap();
            let limit = value("limit").map_or(50, |limit| limit.parse().expect("a limit that is none"));
            assert!((1..=100).contains(&limit) && rows.len() <= limit, "{} of {limit}", rows.len());
            for (name, field) in [("reference", "reference"), ("status", "status")] {
                assert!(value(name).is_none_or(|value| rows.iter().all(|row| row[field] == value)), "{page:?}");
            }
            let created: Vec<&str> = rows.iter().map(|row| row["createdAt"].as_str().unwrap()).collect();
            assert!(created.is_sorted_by(|one, other| one >= other), "{created:?}");
            if let Some(cursor) = page.json["nextCursor"].as_str() {
                goes_on(&rows.iter().map(|row| row["transactionId"].clone()).collect::<Vec<_>>(), &asked, cursor, &ask);
            }
        }
        format!("{} {}", page.summary(), page.json["payments"].as_array().map_or(0, Vec::len))
    });
}

/// The next page shows none of these again.
fn goes_on(shown: &[Value], asked: &[(String, String)], cursor: &str, ask: &impl Fn(&str) -> ::fuzz::requests::Told) {
    let same =
        asked.iter().filter(|(name, _)| name != "cursor").map(|(name, value)| format!("{name}={}", escaped(value)));
    let next = ask(&same.chain([format!("cursor={cursor}")]).collect::<Vec<_>>().join("&"));
    assert_eq!(next.status, 200, "a cursor of ours is refused: {next:?}");
    let next = next.json["payments"].as_array().unwrap().clone();
    assert!(next.iter().all(|row| !shown.contains(&row["transactionId"])), "shown twice");
}

fn escaped(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// The query as API Gateway decodes it: names and values, as many of a name as were sent.
fn pairs(query: &str) -> Vec<(String, String)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escape = rest.get(1..3).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = escape.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if byte.is_some() { rest.get(3..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `events/payments.json` with another query.
fn request(query: &str) -> lambda_http::Request {
    let mut event: Value = serde_json::from_str(&world::events::text("payments")).unwrap();
    let (mut last, mut all) = (BTreeMap::new(), BTreeMap::<String, Vec<String>>::new());
    for (name, value) in pairs(query) {
        last.insert(name.clone(), value.clone());
        all.entry(name).or_default().push(value);
    }
    event["queryStringParameters"] = json!(last);
    event["multiValueQueryStringParameters"] = json!(all);
    lambda_http::request::from_str(&event.to_string()).unwrap()
}
