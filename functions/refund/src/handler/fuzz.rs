//! Refunds that nobody would ask for: never more than was paid, never twice, and what is refused changes nothing.

use ::fuzz::Target;
use ::fuzz::requests::{Told, accepted_object, request, seed, told};
use domain::id::TransactionId;
use flow::operations::confirm::confirm;
use flow::operations::initiate::{initiate, transaction_id};
use serde_json::Value;
use world::host::SimHost;
use world::people::Twin;
use world::shop::{card, client, key, order, rules};
use world::turns::block_on;

use super::tests::{Endpoint, with_nothing};
use super::*;

const HEADER: &str = "idempotency-key";
const FIELDS: [&str; 3] = ["transactionId", "amount", "reason"];
const WORDS: [&str; 9] =
    ["0", "1", "1250", "1251", "99999999999", "pay_", "4242424242424242", "duplicate", "requested_by_customer"];
const DOCUMENTED: [(u16, &str); 9] = [
    (200, ""),
    (400, "invalid_request"),
    (400, "idempotency_key_missing"),
    (404, "not_found"),
    (413, "body_too_large"),
    (422, "raw_card_data"),
    (422, "secret_in_request"),
    (422, "amount_exceeds_refundable"),
    (422, "amount_not_supported"),
];

#[test]
fn whatever_is_sent_no_more_goes_back_than_was_paid_and_only_once() {
    let paid = transaction_id(&key("paid"));
    let own = ["", ",\"amount\":1250", ",\"amount\":1,\"reason\":\"duplicate\"", ",\"amount\":1251"];
    let own = own.map(|rest| format!("k\n{{\"transactionId\":\"{paid}\"{rest}}}"));
    let events = ["refund", "refund-too-much"].map(|name| seed(name, HEADER));
    let target = Target::new("refund-body").seeds(own).seeds(events).words(FIELDS).words(WORDS).words([paid.as_str()]);
    target.inputs(800).check(|input| {
        let Some(request) = request("refund", HEADER, input) else { return "no header".to_owned() };
        let (endpoint, host) = with_a_paid_payment(&paid);
        let before = (endpoint.gateway.refunds_made(), endpoint.store.commits().len());
        let first = told(&endpoint, &host, &request, &DOCUMENTED);
        let again = told(&endpoint, &host, &request, &DOCUMENTED);
        assert_eq!((again.status, &again.json), (first.status, &first.json), "asked twice");
        if first.status == 200 {
            is_allowed(&first, request.body(), &paid);
            assert!(!first.replayed && again.replayed);
            assert_eq!((endpoint.gateway.refunds_made().len(), endpoint.store.commits().len()), (1, before.1 + 2));
        } else {
            assert_eq!((endpoint.gateway.refunds_made(), endpoint.store.commits().len()), before, "{first:?}");
        }
        first.summary()
    });
}

fn with_a_paid_payment(paid: &TransactionId) -> (Endpoint, SimHost) {
    let host = SimHost::new(1);
    let endpoint = with_nothing();
    let Refund { store, gateway, nudges, .. } = &endpoint;
    block_on(initiate(&host, store, gateway, &Twin::default(), &rules(), order("paid"))).unwrap();
    block_on(confirm(&host, store, gateway, nudges, paid, card("confirm"), &client())).unwrap();
    (endpoint, host)
}

fn is_allowed(told: &Told, body: &[u8], paid: &TransactionId) {
    let sent = accepted_object(body, &FIELDS);
    assert_eq!(sent.get("transactionId").and_then(Value::as_str), Some(paid.as_str()));
    let of_all = told.json["amount"].as_i64().unwrap();
    let asked = sent.get("amount").filter(|amount| !amount.is_null()).map(|amount| amount.as_i64().expect("no amount"));
    assert!(asked.is_none_or(|asked| (1..=of_all).contains(&asked)), "{asked:?}");
    assert_eq!(told.json["amountRefunded"], asked.unwrap_or(of_all));
    assert_eq!(told.json["amountRefundable"], of_all.saturating_sub(asked.unwrap_or(of_all)));
}
