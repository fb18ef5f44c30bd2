//! Every event file of this function through its handler, with its answer pinned.

mod openapi;

use std::sync::Arc;
use std::time::Duration;

use domain::gateway::Mode;
use domain::money::AmountLimits;
use expect_test::{Expect, expect};
use world::events::{Drawer, answered, client_keys};
use world::gateway::SimGateway;
use world::host::SimHost;
use world::people::Twin;
use world::store::MemoryStore;
use world::turns::block_on;

use super::*;

type Endpoint = Initiate<Drawer, MemoryStore, SimGateway, Twin>;

fn endpoint() -> Endpoint {
    Initiate {
        keys: client_keys(),
        store: MemoryStore::default(),
        gateway: SimGateway::new(Arc::new(SimHost::new(1))),
        people: Twin::default(),
        rules: Rules { mode: Mode::Test, amounts: AmountLimits::default() },
        default_gateway: domain::gateway::Gateway::Stripe,
        checkout_expiry: CheckoutExpiry { usual: Duration::from_secs(24 * 3600), shortest: Duration::from_secs(300) },
    }
}

fn check(endpoint: &Endpoint, host: &SimHost, event: &str, expected: &Expect) {
    expected.assert_eq(&block_on(answered(endpoint, host, event)));
}

#[test]
fn a_payment_at_paypal_is_opened_with_the_page_on_which_its_payer_approves_it() {
    check(
        &endpoint(),
        &SimHost::new(1),
        "initiate-paypal",
        &expect![[r#"
            201 Created
            content-type: application/json

            {
              "a payment as it was opened, but for": {
                "amount": 2500,
                "gateway": "paypal",
                "nextAction": {
                  "type": "redirect",
                  "url": "https://paypal.example/checkoutnow?token=5SIM0000000000000"
                },
                "reference": "order-2001",
                "status": "requires_action",
                "transactionId": "pay_5eme2ahhw5lgxzagmlvn7g4fhm"
              }
            }

            log: {
              "caller": "local",
              "durationMs": 0,
              "function": "initiate",
              "level": "info",
              "replayed": false,
              "requestId": "11111111-0000-4000-8000-000000000039",
              "route": "POST /payment/initiate",
              "state": "requires_action",
              "status": 201,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_5eme2ahhw5lgxzagmlvn7g4fhm"
            }
        "#]],
    );
}

#[test]
fn a_payment_is_opened_and_its_replay_finds_it() {
    let (endpoint, host) = (endpoint(), SimHost::new(1));
    check(
        &endpoint,
        &host,
        "initiate",
        &expect![[r#"
            201 Created
            content-type: application/json

            {
              "a payment as it was opened, but for": {
                "metadata": {
                  "cart": "c-77"
                },
                "nextAction": {
                  "clientSecret": "pi_3Sim00000000000000000000_secret_sim",
                  "type": "provide_payment_method"
                },
                "reference": "order-1001"
              }
            }

            log: {
              "caller": "local",
              "durationMs": 0,
              "function": "initiate",
              "level": "info",
              "replayed": false,
              "requestId": "11111111-0000-4000-8000-000000000001",
              "route": "POST /payment/initiate",
              "state": "requires_payment_method",
              "status": 201,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f"
            }
        "#]],
    );
    check(
        &endpoint,
        &host,
        "initiate-again",
        &expect![[r#"
            200 OK
            content-type: application/json
            idempotent-replayed: true

            {
              "a payment as it was opened, but for": {
                "metadata": {
                  "cart": "c-77"
                },
                "nextAction": {
                  "clientSecret": "pi_3Sim00000000000000000000_secret_sim",
                  "type": "provide_payment_method"
                },
                "reference": "order-1001"
              }
            }

            log: {
              "caller": "local",
              "durationMs": 0,
              "function": "initiate",
              "level": "info",
              "replayed": true,
              "requestId": "11111111-0000-4000-8000-000000000101",
              "route": "POST /payment/initiate",
              "state": "requires_payment_method",
              "status": 200,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f"
            }
        "#]],
    );
}

#[test]
fn a_hold_is_opened() {
    check(
        &endpoint(),
        &SimHost::new(1),
        "initiate-manual-capture",
        &expect![[r#"
            201 Created
            content-type: application/json

            {
              "a payment as it was opened, but for": {
                "amount": 5000,
                "currency": "USD",
                "nextAction": {
                  "clientSecret": "pi_3Sim00000000000000000000_secret_sim",
                  "type": "provide_payment_method"
                },
                "transactionId": "pay_4vut4usj6dyedo572z6v5ubk4d"
              }
            }

            log: {
              "caller": "local",
              "durationMs": 0,
              "function": "initiate",
              "level": "info",
              "replayed": false,
              "requestId": "11111111-0000-4000-8000-000000000002",
              "route": "POST /payment/initiate",
              "state": "requires_payment_method",
              "status": 201,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "transactionId": "pay_4vut4usj6dyedo572z6v5ubk4d"
            }
        "#]],
    );
}

#[test]
fn everything_that_is_wrong_is_said_at_once_and_nothing_is_sent() {
    let (endpoint, host) = (endpoint(), SimHost::new(1));
    check(
        &endpoint,
        &host,
        "initiate-invalid",
        &expect![[r#"
        400 Bad Request
        content-type: application/problem+json

        {
          "code": "invalid_request",
          "detail": "The request is not valid",
          "errors": [
            {
              "detail": "is not an ISO 4217 currency code in upper case, such as EUR",
              "pointer": "/currency"
            },
            {
              "detail": "must be a positive whole number of minor units",
              "pointer": "/amount"
            },
            {
              "detail": "must be an absolute https URL (http is taken for localhost only)",
              "pointer": "/returnUrl"
            },
            {
              "detail": "must be a number of seconds between 300 and 604800",
              "pointer": "/expiresIn"
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
          "function": "initiate",
          "level": "info",
          "requestId": "11111111-0000-4000-8000-000000000003",
          "route": "POST /payment/initiate",
          "status": 400,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
    assert!(endpoint.gateway.sent().is_empty() && endpoint.store.commits().is_empty());
}

#[test]
fn a_card_number_is_refused_and_not_echoed() {
    let (endpoint, host) = (endpoint(), SimHost::new(1));
    check(
        &endpoint,
        &host,
        "initiate-card-number",
        &expect![[r#"
            422 Unprocessable Entity
            content-type: application/problem+json

            {
              "code": "raw_card_data",
              "detail": "Card numbers are not accepted; send a gateway's token",
              "errors": [
                {
                  "detail": "looks like a card number",
                  "pointer": "/description"
                }
              ],
              "retryable": false,
              "status": 422,
              "title": "Card numbers are not accepted; send a gateway's token",
              "type": "urn:quittance:problem:raw_card_data"
            }

            log: {
              "_aws": {
                "CloudWatchMetrics": [
                  {
                    "Dimensions": [
                      [
                        "stack"
                      ]
                    ],
                    "Metrics": [
                      {
                        "Name": "rawCardData",
                        "Unit": "Count"
                      }
                    ],
                    "Namespace": "Quittance"
                  }
                ],
                "Timestamp": 1793610012347
              },
              "caller": "local",
              "code": "raw_card_data",
              "durationMs": 0,
              "function": "initiate",
              "level": "warn",
              "rawCardData": 1,
              "requestId": "11111111-0000-4000-8000-000000000004",
              "route": "POST /payment/initiate",
              "stack": "quittance-test",
              "status": 422,
              "timestamp": "2026-11-02T09:00:12.347Z"
            }
        "#]],
    );
    assert!(endpoint.gateway.sent().is_empty() && endpoint.store.commits().is_empty());
}
