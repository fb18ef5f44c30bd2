//! Every event file of this function through its handler, with its answer pinned.

mod openapi;

use std::sync::Arc;

use adapters::http::serve::respond;
use domain::id::TransactionId;
use expect_test::{Expect, expect};
use flow::operations::initiate::{InitiateRequest, Initiated, initiate};
use flow::ports::Note;
use lambda_http::Body;
use world::events::{Drawer, answered, client_keys, payment, request};
use world::gateway::{Call, SimGateway, Verdict};
use world::host::SimHost;
use world::people::Twin;
use world::queue::MemoryQueue;
use world::shop::{held_order, order, paypal_order, rules};
use world::store::MemoryStore;
use world::turns::block_on;

use super::*;

pub(super) type Endpoint = Confirm<Drawer, MemoryStore, SimGateway, MemoryQueue>;

/// Before any payment is there.
pub(super) fn with_nothing() -> Endpoint {
    Confirm {
        keys: client_keys(),
        store: MemoryStore::default(),
        gateway: SimGateway::new(Arc::new(SimHost::new(1))),
        nudges: MemoryQueue::default(),
        declines_per_hour: Some(10),
    }
}

/// With the payment that `events/initiate.json` opens.
pub(super) fn endpoint(host: &SimHost) -> Endpoint {
    let endpoint = with_nothing();
    let request = InitiateRequest { terms: payment(host).terms, ..order("event-initiate") };
    block_on(initiate(host, &endpoint.store, &endpoint.gateway, &Twin::default(), &rules(), request)).unwrap();
    endpoint
}

fn check(endpoint: &Endpoint, host: &SimHost, event: &str, expected: &Expect) {
    expected.assert_eq(&block_on(answered(endpoint, host, event)));
}

#[test]
fn an_order_at_paypal_is_charged_once_its_payer_has_approved_it() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    let request = paypal_order("event-initiate-paypal");
    let opened =
        block_on(initiate(&host, &endpoint.store, &endpoint.gateway, &Twin::default(), &rules(), request)).unwrap();
    let (Initiated::Created(payment) | Initiated::Replayed(payment)) = opened;
    assert!(endpoint.gateway.payer_approves(&payment.object));
    check(
        &endpoint,
        &host,
        "confirm-paypal",
        &expect![[r#"
            200 OK
            content-type: application/json

            {
              "a payment as it was opened, but for": {
                "amount": 1250,
                "amountCaptured": 1250,
                "amountRefundable": 1250,
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
                "version": 3
              }
            }

            log: {
              "caller": "local",
              "durationMs": 0,
              "function": "confirm",
              "level": "info",
              "replayed": false,
              "requestId": "11111111-0000-4000-8000-000000000041",
              "route": "POST /payment/confirm",
              "state": "succeeded",
              "status": 200,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_5eme2ahhw5lgxzagmlvn7g4fhm"
            }
        "#]],
    );
}

#[test]
fn a_charge_goes_through_and_its_replay_finds_it() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    check(
        &endpoint,
        &host,
        "confirm",
        &expect![[r#"
            200 OK
            content-type: application/json

            {
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
            }

            log: {
              "caller": "local",
              "durationMs": 0,
              "function": "confirm",
              "level": "info",
              "replayed": false,
              "requestId": "11111111-0000-4000-8000-000000000005",
              "route": "POST /payment/confirm",
              "state": "succeeded",
              "status": 200,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f"
            }
        "#]],
    );
    check(
        &endpoint,
        &host,
        "confirm-again",
        &expect![[r#"
            200 OK
            content-type: application/json
            idempotent-replayed: true

            {
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
            }

            log: {
              "caller": "local",
              "durationMs": 0,
              "function": "confirm",
              "level": "info",
              "replayed": true,
              "requestId": "11111111-0000-4000-8000-000000000102",
              "route": "POST /payment/confirm",
              "state": "succeeded",
              "status": 200,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f"
            }
        "#]],
    );
    assert_eq!(endpoint.gateway.charges().len(), 1);
}

#[test]
fn what_is_to_be_captured_by_hand_is_held() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    let request = held_order("event-initiate-manual-capture");
    block_on(initiate(&host, &endpoint.store, &endpoint.gateway, &Twin::default(), &rules(), request)).unwrap();
    check(
        &endpoint,
        &host,
        "confirm-manual-capture",
        &expect![[r#"
            200 OK
            content-type: application/json

            {
              "a payment as it was opened, but for": {
                "amount": 1250,
                "amountCapturable": 1250,
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
                "status": "requires_capture",
                "transactionId": "pay_4vut4usj6dyedo572z6v5ubk4d",
                "version": 3
              }
            }

            log: {
              "caller": "local",
              "durationMs": 0,
              "function": "confirm",
              "level": "info",
              "replayed": false,
              "requestId": "11111111-0000-4000-8000-000000000013",
              "route": "POST /payment/confirm",
              "state": "requires_capture",
              "status": 200,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_4vut4usj6dyedo572z6v5ubk4d"
            }
        "#]],
    );
}

#[test]
fn a_decline_is_told_and_the_payment_can_be_confirmed_again() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    endpoint.gateway.bank_says([Verdict::Decline("insufficient_funds")]);
    check(
        &endpoint,
        &host,
        "confirm-declined",
        &expect![[r#"
            402 Payment Required
            content-type: application/problem+json

            {
              "code": "payment_declined",
              "decline": {
                "advice": null,
                "category": "later",
                "code": "insufficient_funds",
                "gatewayCode": "insufficient_funds",
                "networkCode": null,
                "payerMessage": "The card does not have enough funds for this payment. Please use another one."
              },
              "detail": "The card does not have enough funds for this payment. Please use another one.",
              "errors": [],
              "payment": {
                "a payment as it was opened, but for": {
                  "attempts": [
                    {
                      "decline": {
                        "advice": null,
                        "category": "later",
                        "code": "insufficient_funds",
                        "gatewayCode": "insufficient_funds",
                        "networkCode": null,
                        "payerMessage": "The card does not have enough funds for this payment. Please use another one."
                      },
                      "method": "payment_method",
                      "number": 1,
                      "offSession": false,
                      "source": "api",
                      "startedAt": "2026-11-02T09:00:12.347Z",
                      "status": "declined"
                    }
                  ],
                  "nextAction": {
                    "clientSecret": "pi_3Sim00000000000000000000_secret_sim",
                    "type": "provide_payment_method"
                  },
                  "version": 3
                }
              },
              "retryable": false,
              "status": 402,
              "title": "The payment was declined",
              "type": "urn:quittance:problem:payment_declined"
            }

            log: {
              "caller": "local",
              "code": "payment_declined",
              "durationMs": 0,
              "function": "confirm",
              "level": "info",
              "replayed": false,
              "requestId": "11111111-0000-4000-8000-000000000006",
              "route": "POST /payment/confirm",
              "state": "requires_payment_method",
              "status": 402,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f"
            }
        "#]],
    );
    assert!(block_on(answered(&endpoint, &host, "confirm")).starts_with("200 OK"));
    // The declined request still answers for its own attempt.
    let replay = block_on(answered(&endpoint, &host, "confirm-declined"));
    assert!(replay.starts_with("402 ") && replay.contains("idempotent-replayed: true"), "{replay}");
}

#[test]
fn a_confirm_that_lost_to_a_cancel_at_the_gateway_is_not_called_declined() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    let id = TransactionId::parse("pay_45r6h26q25dittbo7zrmxadm3f").unwrap();
    assert!(endpoint.gateway.dashboard_cancels(&endpoint.store.row(&id).unwrap().object));
    for replay in [false, true] {
        let told = block_on(answered(&endpoint, &host, "confirm"));
        assert!(told.starts_with("409 ") && told.contains(r#""code": "invalid_state""#), "{told}");
        assert!(told.contains(r#""status": "canceled""#) && told.contains(r#""status": "not_charged""#), "{told}");
        assert_eq!(told.contains("idempotent-replayed: true"), replay);
    }
}

#[test]
fn a_confirm_that_is_wrong_tries_nothing() {
    let host = SimHost::new(1);
    let endpoint = endpoint(&host);
    let told = block_on(answered(&endpoint, &host, "confirm-invalid"));
    assert!(told.starts_with("400 ") && told.contains(r#""code": "invalid_request""#), "{told}");
    assert_eq!(endpoint.gateway.sent_of(Call::Confirm).len(), 0);
}

#[test]
fn without_a_payment_there_is_nothing_to_confirm() {
    let nothing = Confirm { store: MemoryStore::default(), ..endpoint(&SimHost::new(1)) };
    check(
        &nothing,
        &SimHost::new(1),
        "confirm",
        &expect![[r#"
        404 Not Found
        content-type: application/problem+json

        {
          "code": "not_found",
          "detail": "There is no such resource",
          "errors": [],
          "retryable": false,
          "status": 404,
          "title": "There is no such resource",
          "type": "urn:quittance:problem:not_found"
        }

        log: {
          "caller": "local",
          "code": "not_found",
          "durationMs": 0,
          "function": "confirm",
          "level": "info",
          "requestId": "11111111-0000-4000-8000-000000000005",
          "route": "POST /payment/confirm",
          "status": 404,
          "timestamp": "2026-11-02T09:00:12.347Z",
          "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f"
        }
    "#]],
    );
    let unused = TransactionId::derive("merchant", "initiate", &IdempotencyKey::parse("event-initiate").unwrap());
    assert_eq!(unused.as_str(), "pay_45r6h26q25dittbo7zrmxadm3f", "the id that the event files bear");
}

/// The event file's request for another card, under a key of its own, for a payer at this address.
fn asked(key: &str, card: &str, address: Option<&str>) -> Request {
    let mut request = request("confirm");
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    let address = address.map_or_else(String::new, |address| format!(r#","payerIp":"{address}""#));
    let body = format!(r#"{{"transactionId":"pay_45r6h26q25dittbo7zrmxadm3f","paymentMethod":"{card}"{address}}}"#);
    *request.body_mut() = Body::Text(body);
    request
}

/// The status, the problem's code, and when to come back.
fn told(endpoint: &Endpoint, host: &SimHost, request: &Request) -> (u16, String) {
    let (response, line) = block_on(respond(endpoint, host, request));
    drop(line);
    let wait = response.headers().get("retry-after").map_or("", |value| value.to_str().unwrap());
    let Body::Text(body) = response.body() else { panic!("no text") };
    let code = body.split(r#""code":""#).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("");
    (response.status().as_u16(), format!("{code} {wait}").trim().to_owned())
}

#[test]
fn an_address_that_was_declined_too_often_waits_until_the_hour_is_over_and_who_says_none_does_not() {
    let host = SimHost::new(1);
    let endpoint = Confirm { declines_per_hour: Some(1), ..endpoint(&host) };
    let here = Some("203.0.113.7");
    // Behind an address there may be three payers.
    for number in 0..3 {
        endpoint.gateway.bank_says([Verdict::Decline("generic_decline")]);
        let request = asked(&format!("bad-{number}"), &format!("pm_{number}"), here);
        assert_eq!(told(&endpoint, &host, &request), (402, "payment_declined".to_owned()));
    }
    let nonsense = told(&endpoint, &host, &asked("nonsense", "pm_good", Some("203.0.113.777")));
    assert_eq!(nonsense, (400, "invalid_request".to_owned()));
    // It is twelve seconds and a bit past nine.
    let held = told(&endpoint, &host, &asked("good", "pm_good", here));
    assert_eq!(held, (429, "rate_limited 3588".to_owned()));
    assert_eq!(host.notes().iter().filter(|note| **note == Note::CardTesting).count(), 1);
    // Where the payer sits changes nothing of what is asked: the same request, from elsewhere, is the same.
    assert_eq!(told(&endpoint, &host, &asked("bad-0", "pm_0", Some("203.0.113.8"))).0, 402);
    assert_eq!(told(&endpoint, &host, &asked("good", "pm_good", None)).0, 200);
}

#[test]
fn where_nobody_counts_nobody_is_held() {
    let host = SimHost::new(1);
    let endpoint = Confirm { declines_per_hour: None, ..endpoint(&host) };
    for number in 0..5 {
        endpoint.gateway.bank_says([Verdict::Decline("generic_decline")]);
        let request = asked(&format!("bad-{number}"), "pm_stolen", Some("203.0.113.7"));
        assert_eq!(told(&endpoint, &host, &request).0, 402);
    }
    assert_eq!(endpoint.store.declines_stored().len(), 0);
}
