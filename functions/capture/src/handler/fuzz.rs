//! Captures that nobody would ask for: never more than is held, never twice, and what is refused leaves the hold alone.

use ::fuzz::Target;
use ::fuzz::requests::{Told, accepted_object, request, seed, told};
use domain::id::TransactionId;
use flow::operations::confirm::confirm;
use flow::operations::initiate::{initiate, transaction_id};
use serde_json::Value;
use world::host::SimHost;
use world::people::Twin;
use world::shop::{card, client, held_order, key, rules};
use world::turns::block_on;

use super::tests::{Endpoint, with_nothing};
use super::*;

const HEADER: &str = "idempotency-key";
const FIELDS: [&str; 2] = ["transactionId", "amount"];
const WORDS: [&str; 7] = ["0", "1", "1250", "1251", "99999999999", "pay_", "4242424242424242"];
const DOCUMENTED: [(u16, &str); 9] = [
    (200, ""),
    (400, "invalid_request"),
    (400, "idempotency_key_missing"),
    (404, "not_found"),
    (413, "body_too_large"),
    (422, "raw_card_data"),
    (422, "secret_in_request"),
    (422, "amount_exceeds_capturable"),
    (422, "amount_not_supported"),
];

#[test]
fn whatever_is_sent_no_more_is_captured_than_is_held_and_only_once() {
    let held = transaction_id(&key("held"));
    let own = ["", ",\"amount\":1250", ",\"amount\":1", ",\"amount\":1251"];
    let own = own.map(|amount| format!("k\n{{\"transactionId\":\"{held}\"{amount}}}"));
    let events = ["capture", "capture-too-much"].map(|name| seed(name, HEADER));
    let target = Target::new("capture-body").seeds(own).seeds(events).words(FIELDS).words(WORDS).words([held.as_str()]);
    target.inputs(800).check(|input| {
        let Some(request) = request("capture", HEADER, input) else { return "no header".to_owned() };
        let (endpoint, host) = with_held_money(&held);
        let before = (endpoint.gateway.objects(), endpoint.store.commits().len());
        let first = told(&endpoint, &host, &request, &DOCUMENTED);
        let again = told(&endpoint, &host, &request, &DOCUMENTED);
        assert_eq!((again.status, &again.json), (first.status, &first.json), "asked twice");
        if first.status == 200 {
            is_allowed(&first, request.body(), &held);
            assert!(!first.replayed && again.replayed);
            assert_eq!((endpoint.gateway.charges().len(), endpoint.store.commits().len()), (1, before.1 + 2));
        } else {
            assert_eq!((endpoint.gateway.objects(), endpoint.store.commits().len()), before, "{first:?}");
        }
        first.summary()
    });
}

fn with_held_money(held: &TransactionId) -> (Endpoint, SimHost) {
    let host = SimHost::new(1);
    let endpoint = with_nothing();
    let Capture { store, gateway, nudges, .. } = &endpoint;
    block_on(initiate(&host, store, gateway, &Twin::default(), &rules(), held_order("held"))).unwrap();
    block_on(confirm(&host, store, gateway, nudges, held, card("confirm"), &client())).unwrap();
    (endpoint, host)
}

fn is_allowed(told: &Told, body: &[u8], held: &TransactionId) {
    let sent = accepted_object(body, &FIELDS);
    assert_eq!(sent.get("transactionId").and_then(Value::as_str), Some(held.as_str()));
    let of_all = told.json["amount"].as_i64().unwrap();
    let asked = sent.get("amount").filter(|amount| !amount.is_null()).map(|amount| amount.as_i64().expect("no amount"));
    assert!(asked.is_none_or(|asked| (1..=of_all).contains(&asked)), "{asked:?}");
    assert_eq!(told.json["amountCaptured"], asked.unwrap_or(of_all));
    assert_eq!(told.json["status"], "succeeded");
}
