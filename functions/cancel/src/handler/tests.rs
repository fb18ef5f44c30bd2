//! Every event file of this function through its handler, with its answer pinned.

mod openapi;

use std::sync::Arc;

use domain::gateway::UnknownReason;
use domain::id::TransactionId;
use expect_test::{Expect, expect};
use flow::operations::confirm::confirm;
use flow::operations::initiate::{InitiateRequest, initiate, transaction_id};
use world::events::{Drawer, answered, client_keys, payment};
use world::gateway::{Call, Course, SimGateway, Verdict};
use world::host::SimHost;
use world::people::Twin;
use world::queue::MemoryQueue;
use world::shop::{card, client, key, order, rules};
use world::store::MemoryStore;
use world::turns::block_on;

use super::*;

pub(super) type Endpoint = Cancel<Drawer, MemoryStore, SimGateway, MemoryQueue>;

/// Before any payment is there.
pub(super) fn with_nothing() -> Endpoint {
    Cancel {
        keys: client_keys(),
        store: MemoryStore::default(),
        gateway: SimGateway::new(Arc::new(SimHost::new(1))),
        nudges: MemoryQueue::default(),
    }
}

/// With the payments that `events/initiate.json` and `events/initiate-abandoned.json` open, and the first of them paid.
fn endpoint(host: &SimHost) -> Endpoint {
    let endpoint = with_nothing();
    let Cancel { store, gateway, nudges, .. } = &endpoint;
    for name in ["event-initiate", "event-initiate-abandoned"] {
        let request = InitiateRequest { terms: payment(host).terms, ..order(name) };
        block_on(initiate(host, store, gateway, &Twin::default(), &rules(), request)).unwrap();
    }
    let paid = transaction_id(&key("event-initiate"));
    block_on(confirm(host, store, gateway, nudges, &paid, card("event-confirm"), &client())).unwrap();
    endpoint
}

fn abandoned() -> TransactionId {
    transaction_id(&key("event-initiate-abandoned"))
}

fn check(endpoint: &Endpoint, host: &SimHost, event: &str, expected: &Expect) {
    expected.assert_eq(&block_on(answered(endpoint, host, event)));
}

#[test]
fn a_payment_that_nobody_paid_is_canceled_once() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    check(
        &endpoint,
        &host,
        "cancel",
        &expect![[r#"
            200 OK
            content-type: application/json

            {
              "a payment as it was opened, but for": {
                "nextAction": null,
                "status": "canceled",
                "transactionId": "pay_vrsb5bdxm3zm27c2kasmcna3jz",
                "version": 3
              }
            }

            log: {
              "caller": "local",
              "durationMs": 0,
              "function": "cancel",
              "level": "info",
              "replayed": false,
              "requestId": "11111111-0000-4000-8000-000000000018",
              "route": "POST /payment/cancel",
              "state": "canceled",
              "status": 200,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_vrsb5bdxm3zm27c2kasmcna3jz"
            }
        "#]],
    );
    let replay = block_on(answered(&endpoint, &host, "cancel-again"));
    assert!(replay.starts_with("200 OK") && replay.contains("idempotent-replayed: true"), "{replay}");
    assert_eq!(endpoint.gateway.sent_of(Call::Cancel).len(), 1);
    assert_eq!(abandoned().as_str(), "pay_vrsb5bdxm3zm27c2kasmcna3jz", "the id that the event files bear");
}

#[test]
fn a_reason_is_one_that_the_gateway_knows() {
    let host = SimHost::new(1);
    check(
        &endpoint(&host),
        &host,
        "cancel-invalid",
        &expect![[r#"
        400 Bad Request
        content-type: application/problem+json

        {
          "code": "invalid_request",
          "detail": "The request is not valid",
          "errors": [
            {
              "detail": "must be one of `duplicate`, `fraudulent`, `requested_by_customer`, `abandoned`",
              "pointer": "/reason"
            }
          ],
          "retryable": false,
          "status": 400,
          "title": "The request is not valid",
          "type": "urn:quittance:problem:invalid_request"
        }

        log: {
          "caller": "local",
          "code": "invalid_request",
          "durationMs": 0,
          "function": "cancel",
          "level": "info",
          "requestId": "11111111-0000-4000-8000-000000000020",
          "route": "POST /payment/cancel",
          "status": 400,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
}

#[test]
fn what_is_paid_is_not_canceled() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    check(
        &endpoint,
        &host,
        "cancel-too-late",
        &expect![[r#"
            409 Conflict
            content-type: application/problem+json

            {
              "code": "invalid_state",
              "detail": "The payment is succeeded, where this cannot be done",
              "errors": [],
              "payment": {
                "a payment as it was opened, but for": {
                  "amountCaptured": 1999,
                  "amountRefundable": 1999,
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
                  "settlement": {
                    "currency": "EUR",
                    "exchangeRate": null,
                    "fee": 199,
                    "feeCurrency": "EUR",
                    "gross": 1999,
                    "net": 1800
                  },
                  "status": "succeeded",
                  "version": 3
                }
              },
              "retryable": false,
              "status": 409,
              "title": "The payment's state does not allow this",
              "type": "urn:quittance:problem:invalid_state"
            }

            log: {
              "caller": "local",
              "code": "invalid_state",
              "durationMs": 0,
              "function": "cancel",
              "level": "info",
              "requestId": "11111111-0000-4000-8000-000000000019",
              "route": "POST /payment/cancel",
              "status": 409,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f"
            }
        "#]],
    );
    assert_eq!(endpoint.gateway.sent_of(Call::Cancel).len(), 0);
}

#[test]
fn a_cancel_whose_answer_is_lost_is_under_way_and_is_soon_looked_at() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    endpoint.gateway.script(Call::Cancel, [Course::Unheard(UnknownReason::Timeout)]);
    check(
        &endpoint,
        &host,
        "cancel",
        &expect![[r#"
            202 Accepted
            content-type: application/json

            {
              "a payment as it was opened, but for": {
                "nextAction": {
                  "clientSecret": "pi_3Sim00000000000000000001_secret_sim",
                  "type": "provide_payment_method"
                },
                "pending": {
                  "amount": null,
                  "endsAs": "canceled",
                  "kind": "cancel",
                  "reason": "abandoned",
                  "startedAt": "2026-11-02T09:00:12.347Z"
                },
                "transactionId": "pay_vrsb5bdxm3zm27c2kasmcna3jz",
                "version": 3
              }
            }

            log: {
              "caller": "local",
              "durationMs": 0,
              "function": "cancel",
              "level": "info",
              "replayed": false,
              "requestId": "11111111-0000-4000-8000-000000000018",
              "route": "POST /payment/cancel",
              "state": "requires_payment_method",
              "status": 202,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_vrsb5bdxm3zm27c2kasmcna3jz"
            }
        "#]],
    );
    assert_eq!(endpoint.nudges.waiting().len(), 1);
    let replay = block_on(answered(&endpoint, &host, "cancel"));
    assert!(replay.starts_with("202 ") && replay.contains("idempotent-replayed: true"), "{replay}");
}

#[test]
fn a_cancel_that_loses_against_the_payers_browser_says_so_each_time() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    let payment = endpoint.store.row(&abandoned()).unwrap();
    assert!(endpoint.gateway.browser_confirms(&payment.object, Verdict::Charge));
    for replayed in [false, true] {
        let answer = block_on(answered(&endpoint, &host, "cancel"));
        assert!(answer.starts_with("409 ") && answer.contains(r#""code": "invalid_state""#), "{answer}");
        assert!(answer.contains(r#""status": "succeeded""#), "{answer}");
        assert_eq!(answer.contains("idempotent-replayed: true"), replayed, "{answer}");
    }
}

#[test]
fn without_a_payment_there_is_nothing_to_cancel() {
    let nothing = Cancel { store: MemoryStore::default(), ..endpoint(&SimHost::new(1)) };
    let answer = block_on(answered(&nothing, &SimHost::new(1), "cancel"));
    assert!(answer.starts_with("404 ") && answer.contains(r#""code": "not_found""#), "{answer}");
}
