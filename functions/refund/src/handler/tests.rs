//! Every event file of this function through its handler, with its answer pinned.

mod openapi;

use std::sync::Arc;

use domain::gateway::{RefundStatus, UnknownReason};
use domain::id::TransactionId;
use expect_test::{Expect, expect};
use flow::operations::confirm::confirm;
use flow::operations::initiate::{InitiateRequest, Initiated, initiate, transaction_id};
use world::events::{Drawer, answered, client_keys, payment};
use world::gateway::{Call, Course, SimGateway};
use world::host::SimHost;
use world::people::Twin;
use world::queue::MemoryQueue;
use world::shop::{approved, card, client, key, order, paypal_order, rules};
use world::store::MemoryStore;
use world::turns::block_on;

use super::*;

pub(super) type Endpoint = Refund<Drawer, MemoryStore, SimGateway, MemoryQueue>;

/// Before any payment is there.
pub(super) fn with_nothing() -> Endpoint {
    Refund {
        keys: client_keys(),
        store: MemoryStore::default(),
        gateway: SimGateway::new(Arc::new(SimHost::new(1))),
        nudges: MemoryQueue::default(),
    }
}

/// With the payment that `events/initiate.json` opens and `events/confirm.json` pays.
fn endpoint(host: &SimHost) -> Endpoint {
    let endpoint = with_nothing();
    let Refund { store, gateway, nudges, .. } = &endpoint;
    let request = InitiateRequest { terms: payment(host).terms, ..order("event-initiate") };
    block_on(initiate(host, store, gateway, &Twin::default(), &rules(), request)).unwrap();
    block_on(confirm(host, store, gateway, nudges, &id(), card("event-confirm"), &client())).unwrap();
    endpoint
}

fn id() -> TransactionId {
    transaction_id(&key("event-initiate"))
}

fn check(endpoint: &Endpoint, host: &SimHost, event: &str, expected: &Expect) {
    expected.assert_eq(&block_on(answered(endpoint, host, event)));
}

#[test]
fn a_part_of_what_was_paid_at_paypal_goes_back() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    let Refund { store, gateway, nudges, .. } = &endpoint;
    let order = "event-initiate-paypal";
    let opened = block_on(initiate(&host, store, gateway, &Twin::default(), &rules(), paypal_order(order))).unwrap();
    let (Initiated::Created(payment) | Initiated::Replayed(payment)) = opened;
    assert!(gateway.payer_approves(&payment.object));
    let id = transaction_id(&key(order));
    block_on(confirm(&host, store, gateway, nudges, &id, approved("event-confirm-paypal"), &client())).unwrap();
    check(
        &endpoint,
        &host,
        "refund-paypal",
        &expect![[r#"
            200 OK
            content-type: application/json

            {
              "a payment as it was opened, but for": {
                "amount": 1250,
                "amountCaptured": 1250,
                "amountRefundable": 750,
                "amountRefunded": 500,
                "attempts": [
                  {
                    "decline": null,
                    "method": "approved",
                    "number": 1,
                    "offSession": false,
                    "source": "api",
                    "startedAt": "2026-11-02T09:00:12.347Z",
                    "status": "charged"
                  }
                ],
                "gateway": "paypal",
                "nextAction": null,
                "refunds": [
                  {
                    "amount": 500,
                    "createdAt": "2026-11-02T09:00:12.347Z",
                    "failureCode": null,
                    "reason": "requested_by_customer",
                    "refundId": "ref_6sezk2sz4zmk2lj3ce64zk24pl",
                    "source": "api",
                    "status": "succeeded"
                  }
                ],
                "settlement": {
                  "currency": "EUR",
                  "exchangeRate": null,
                  "fee": 125,
                  "feeCurrency": "EUR",
                  "gross": 1250,
                  "net": 1125
                },
                "status": "succeeded",
                "transactionId": "pay_5eme2ahhw5lgxzagmlvn7g4fhm",
                "version": 5
              }
            }

            log: {
              "caller": "local",
              "durationMs": 0,
              "function": "refund",
              "level": "info",
              "replayed": false,
              "requestId": "11111111-0000-4000-8000-000000000043",
              "route": "POST /payment/refund",
              "state": "succeeded",
              "status": 200,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_5eme2ahhw5lgxzagmlvn7g4fhm"
            }
        "#]],
    );
}

#[test]
fn a_part_of_what_was_paid_goes_back_once() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    check(
        &endpoint,
        &host,
        "refund",
        &expect![[r#"
            200 OK
            content-type: application/json

            {
              "a payment as it was opened, but for": {
                "amountCaptured": 1999,
                "amountRefundable": 1499,
                "amountRefunded": 500,
                "attempts": [
                  {
                    "decline": null,
                    "method": "payment_method",
                    "number": 1,
                    "offSession": false,
                    "source": "api",
                    "startedAt": "2026-11-02T09:00:12.347Z",
                    "status": "charged"
                  }
                ],
                "nextAction": null,
                "refunds": [
                  {
                    "amount": 500,
                    "createdAt": "2026-11-02T09:00:12.347Z",
                    "failureCode": null,
                    "reason": "requested_by_customer",
                    "refundId": "ref_5stf67xifzeco5wxtcfpetqxlv",
                    "source": "api",
                    "status": "succeeded"
                  }
                ],
                "settlement": {
                  "currency": "EUR",
                  "exchangeRate": null,
                  "fee": 199,
                  "feeCurrency": "EUR",
                  "gross": 1999,
                  "net": 1800
                },
                "status": "succeeded",
                "version": 5
              }
            }

            log: {
              "caller": "local",
              "durationMs": 0,
              "function": "refund",
              "level": "info",
              "replayed": false,
              "requestId": "11111111-0000-4000-8000-000000000025",
              "route": "POST /payment/refund",
              "state": "succeeded",
              "status": 200,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f"
            }
        "#]],
    );
    let replay = block_on(answered(&endpoint, &host, "refund-again"));
    assert!(replay.starts_with("200 OK") && replay.contains("idempotent-replayed: true"), "{replay}");
    assert_eq!(endpoint.gateway.sent_of(Call::Refund).len(), 1);
}

#[test]
fn more_than_was_paid_is_not_asked_for() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    check(
        &endpoint,
        &host,
        "refund-too-much",
        &expect![[r#"
            422 Unprocessable Entity
            content-type: application/problem+json

            {
              "code": "amount_exceeds_refundable",
              "detail": "The amount exceeds what can be refunded",
              "errors": [
                {
                  "detail": "is more than what is left to refund",
                  "pointer": "/amount"
                }
              ],
              "retryable": false,
              "status": 422,
              "title": "The amount is more than can be refunded",
              "type": "urn:quittance:problem:amount_exceeds_refundable"
            }

            log: {
              "caller": "local",
              "code": "amount_exceeds_refundable",
              "durationMs": 0,
              "function": "refund",
              "level": "info",
              "requestId": "11111111-0000-4000-8000-000000000026",
              "route": "POST /payment/refund",
              "status": 422,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f"
            }
        "#]],
    );
    assert_eq!(endpoint.gateway.sent_of(Call::Refund).len(), 0);
}

#[test]
fn a_refund_that_the_gateway_refuses_has_failed_and_its_replay_says_so_too() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    endpoint.gateway.script(Call::Refund, [Course::Refused("charge_disputed")]);
    for replayed in [false, true] {
        let answer = block_on(answered(&endpoint, &host, "refund"));
        assert!(answer.starts_with("402 ") && answer.contains(r#""code": "refund_failed""#), "{answer}");
        assert!(answer.contains("was refused by the gateway: charge_disputed"), "{answer}");
        assert_eq!(answer.contains("idempotent-replayed: true"), replayed, "{answer}");
    }
}

#[test]
fn a_refund_whose_answer_is_lost_and_one_that_is_pending_are_under_way() {
    let host = SimHost::new(1);
    let lost = endpoint(&host);
    lost.gateway.script(Call::Refund, [Course::Unheard(UnknownReason::Timeout)]);
    let answer = block_on(answered(&lost, &host, "refund"));
    assert!(answer.starts_with("202 ") && answer.contains(r#""amountRefundable": 1499"#), "{answer}");
    assert_eq!(lost.nudges.waiting().len(), 1, "somebody looks soon");
    let pending = endpoint(&host);
    pending.gateway.refunds_become([RefundStatus::Pending]);
    let answer = block_on(answered(&pending, &host, "refund"));
    assert!(answer.starts_with("202 ") && answer.contains(r#""status": "pending""#), "{answer}");
    assert!(pending.nudges.waiting().is_empty(), "the gateway says when it knows");
}

#[test]
fn a_refund_that_was_called_off_has_failed() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    endpoint.gateway.refunds_become([RefundStatus::Canceled]);
    let answer = block_on(answered(&endpoint, &host, "refund"));
    assert!(answer.starts_with("402 ") && answer.contains("was refused by the gateway: canceled"), "{answer}");
}

#[test]
fn what_is_not_paid_is_not_refunded() {
    let host = SimHost::new(1);
    let endpoint = Refund { store: MemoryStore::default(), ..endpoint(&host) };
    let answer = block_on(answered(&endpoint, &host, "refund"));
    assert!(answer.starts_with("404 ") && answer.contains(r#""code": "not_found""#), "{answer}");
    let request = InitiateRequest { terms: payment(&host).terms, ..order("event-initiate") };
    block_on(initiate(&host, &endpoint.store, &endpoint.gateway, &Twin::default(), &rules(), request)).unwrap();
    let answer = block_on(answered(&endpoint, &host, "refund"));
    assert!(answer.starts_with("409 ") && answer.contains(r#""code": "invalid_state""#), "{answer}");
    assert_eq!(id().as_str(), "pay_45r6h26q25dittbo7zrmxadm3f", "the id that the event files bear");
}
