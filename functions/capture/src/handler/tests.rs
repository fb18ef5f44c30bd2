//! Every event file of this function through its handler, with its answer pinned.

mod openapi;

use std::sync::Arc;

use domain::gateway::UnknownReason;
use domain::money::{Currency, Money};
use domain::payment::PaymentState;
use expect_test::{Expect, expect};
use flow::operations::confirm::confirm;
use flow::operations::initiate::{initiate, transaction_id};
use world::events::{Drawer, answered, client_keys};
use world::gateway::{Call, Course, SimGateway};
use world::host::SimHost;
use world::people::Twin;
use world::queue::MemoryQueue;
use world::shop::{card, client, held_order, key, rules};
use world::store::MemoryStore;
use world::turns::block_on;

use super::*;

pub(super) type Endpoint = Capture<Drawer, MemoryStore, SimGateway, MemoryQueue>;

/// Before any payment is there.
pub(super) fn with_nothing() -> Endpoint {
    Capture {
        keys: client_keys(),
        store: MemoryStore::default(),
        gateway: SimGateway::new(Arc::new(SimHost::new(1))),
        nudges: MemoryQueue::default(),
    }
}

/// With the payment that `events/initiate-manual-capture.json` opens and `events/confirm-manual-capture.json` has authorized.
fn endpoint(host: &SimHost) -> Endpoint {
    let endpoint = with_nothing();
    let mut order = held_order("event-initiate-manual-capture");
    order.terms.amount = Money::payable(5000, Currency::from_code("USD").unwrap()).unwrap();
    let Capture { store, gateway, nudges, .. } = &endpoint;
    block_on(initiate(host, store, gateway, &Twin::default(), &rules(), order)).unwrap();
    block_on(confirm(host, store, gateway, nudges, &id(), card("event-confirm-manual-capture"), &client())).unwrap();
    endpoint
}

fn id() -> domain::id::TransactionId {
    transaction_id(&key("event-initiate-manual-capture"))
}

fn check(endpoint: &Endpoint, host: &SimHost, event: &str, expected: &Expect) {
    expected.assert_eq(&block_on(answered(endpoint, host, event)));
}

#[test]
fn a_part_of_what_is_held_is_taken_once() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    check(
        &endpoint,
        &host,
        "capture",
        &expect![[r#"
            200 OK
            content-type: application/json

            {
              "a payment as it was opened, but for": {
                "amount": 5000,
                "amountCaptured": 4200,
                "amountRefundable": 4200,
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
                "currency": "USD",
                "nextAction": null,
                "settlement": {
                  "currency": "USD",
                  "exchangeRate": null,
                  "fee": 420,
                  "feeCurrency": "USD",
                  "gross": 4200,
                  "net": 3780
                },
                "status": "succeeded",
                "transactionId": "pay_4vut4usj6dyedo572z6v5ubk4d",
                "version": 5
              }
            }

            log: {
              "caller": "local",
              "durationMs": 0,
              "function": "capture",
              "level": "info",
              "replayed": false,
              "requestId": "11111111-0000-4000-8000-000000000015",
              "route": "POST /payment/capture",
              "state": "succeeded",
              "status": 200,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_4vut4usj6dyedo572z6v5ubk4d"
            }
        "#]],
    );
    let replay = block_on(answered(&endpoint, &host, "capture-again"));
    assert!(replay.starts_with("200 OK") && replay.contains("idempotent-replayed: true"), "{replay}");
    check(
        &endpoint,
        &host,
        "capture-reused",
        &expect![[r#"
        422 Unprocessable Entity
        content-type: application/problem+json

        {
          "code": "idempotency_key_reused",
          "detail": "This Idempotency-Key was used before with another request body",
          "errors": [],
          "retryable": false,
          "status": 422,
          "title": "The Idempotency-Key was used for another request",
          "type": "urn:quittance:problem:idempotency_key_reused"
        }

        log: {
          "caller": "local",
          "code": "idempotency_key_reused",
          "durationMs": 0,
          "function": "capture",
          "level": "info",
          "requestId": "11111111-0000-4000-8000-000000000016",
          "route": "POST /payment/capture",
          "status": 422,
          "timestamp": "2026-11-02T09:00:12.347Z",
          "transactionId": "pay_4vut4usj6dyedo572z6v5ubk4d"
        }
    "#]],
    );
    assert_eq!(endpoint.gateway.sent_of(Call::Capture).len(), 1);
}

#[test]
fn more_than_is_held_is_not_asked_for() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    check(
        &endpoint,
        &host,
        "capture-too-much",
        &expect![[r#"
        422 Unprocessable Entity
        content-type: application/problem+json

        {
          "code": "amount_exceeds_capturable",
          "detail": "The amount exceeds what can be captured",
          "errors": [
            {
              "detail": "is more than what is held",
              "pointer": "/amount"
            }
          ],
          "retryable": false,
          "status": 422,
          "title": "The amount is more than can be captured",
          "type": "urn:quittance:problem:amount_exceeds_capturable"
        }

        log: {
          "caller": "local",
          "code": "amount_exceeds_capturable",
          "durationMs": 0,
          "function": "capture",
          "level": "info",
          "requestId": "11111111-0000-4000-8000-000000000014",
          "route": "POST /payment/capture",
          "status": 422,
          "timestamp": "2026-11-02T09:00:12.347Z",
          "transactionId": "pay_4vut4usj6dyedo572z6v5ubk4d"
        }
    "#]],
    );
    assert_eq!(endpoint.gateway.sent_of(Call::Capture).len(), 0);
}

#[test]
fn a_capture_that_the_gateway_refuses_is_told_apart_from_a_decline_and_the_money_stays_held() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    endpoint.gateway.script(Call::Capture, [Course::Refused("charge_not_capturable")]);
    check(
        &endpoint,
        &host,
        "capture",
        &expect![[r#"
        402 Payment Required
        content-type: application/problem+json

        {
          "code": "capture_refused",
          "detail": "The gateway refused to capture the payment",
          "errors": [
            {
              "detail": "was refused by the gateway: charge_not_capturable",
              "pointer": ""
            }
          ],
          "payment": {
            "a payment as it was opened, but for": {
              "amount": 5000,
              "amountCapturable": 5000,
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
              "currency": "USD",
              "nextAction": null,
              "status": "requires_capture",
              "transactionId": "pay_4vut4usj6dyedo572z6v5ubk4d",
              "version": 5
            }
          },
          "retryable": false,
          "status": 402,
          "title": "The gateway refused to capture the payment",
          "type": "urn:quittance:problem:capture_refused"
        }

        log: {
          "caller": "local",
          "code": "capture_refused",
          "durationMs": 0,
          "function": "capture",
          "level": "info",
          "replayed": false,
          "requestId": "11111111-0000-4000-8000-000000000015",
          "route": "POST /payment/capture",
          "state": "requires_capture",
          "status": 402,
          "timestamp": "2026-11-02T09:00:12.347Z",
          "transactionId": "pay_4vut4usj6dyedo572z6v5ubk4d"
        }
    "#]],
    );
    let replay = block_on(answered(&endpoint, &host, "capture"));
    assert!(replay.starts_with("402 ") && replay.contains("idempotent-replayed: true"), "{replay}");
    assert!(matches!(endpoint.store.row(&id()).unwrap().state, PaymentState::RequiresCapture { .. }));
}

#[test]
fn a_capture_whose_answer_is_lost_is_under_way_and_is_soon_looked_at() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    endpoint.gateway.script(Call::Capture, [Course::Unheard(UnknownReason::Timeout)]);
    check(
        &endpoint,
        &host,
        "capture",
        &expect![[r#"
        202 Accepted
        content-type: application/json

        {
          "a payment as it was opened, but for": {
            "amount": 5000,
            "amountCapturable": 5000,
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
            "currency": "USD",
            "nextAction": null,
            "pending": {
              "amount": 4200,
              "endsAs": null,
              "kind": "capture",
              "reason": null,
              "startedAt": "2026-11-02T09:00:12.347Z"
            },
            "status": "requires_capture",
            "transactionId": "pay_4vut4usj6dyedo572z6v5ubk4d",
            "version": 5
          }
        }

        log: {
          "caller": "local",
          "durationMs": 0,
          "function": "capture",
          "level": "info",
          "replayed": false,
          "requestId": "11111111-0000-4000-8000-000000000015",
          "route": "POST /payment/capture",
          "state": "requires_capture",
          "status": 202,
          "timestamp": "2026-11-02T09:00:12.347Z",
          "transactionId": "pay_4vut4usj6dyedo572z6v5ubk4d"
        }
    "#]],
    );
    assert_eq!(endpoint.nudges.waiting().len(), 1);
    let replay = block_on(answered(&endpoint, &host, "capture"));
    assert!(replay.starts_with("202 ") && replay.contains("idempotent-replayed: true"), "{replay}");
}

#[test]
fn a_capture_of_a_hold_that_has_run_out_is_told_where_the_payment_stands() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    let payment = endpoint.store.row(&id()).unwrap();
    assert!(endpoint.gateway.dashboard_cancels(&payment.object));
    for replayed in [false, true] {
        let answer = block_on(answered(&endpoint, &host, "capture"));
        assert!(answer.starts_with("409 ") && answer.contains(r#""code": "invalid_state""#), "{answer}");
        assert!(answer.contains(r#""status": "expired""#), "{answer}");
        assert_eq!(answer.contains("idempotent-replayed: true"), replayed, "{answer}");
    }
}

#[test]
fn without_a_payment_there_is_nothing_to_capture() {
    let nothing = Capture { store: MemoryStore::default(), ..endpoint(&SimHost::new(1)) };
    let answer = block_on(answered(&nothing, &SimHost::new(1), "capture"));
    assert!(answer.starts_with("404 ") && answer.contains(r#""code": "not_found""#), "{answer}");
    assert_eq!(id().as_str(), "pay_4vut4usj6dyedo572z6v5ubk4d", "the id that the event files bear");
}
