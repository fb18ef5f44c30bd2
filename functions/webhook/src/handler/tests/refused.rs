//! What is signed by nobody we trust, is too old, or finds no row: with its answer pinned.

use super::*;

#[test]
fn what_somebody_else_signed_is_refused() {
    let host = SimHost::new(1);
    let endpoint = with_payment(&host);
    check(
        &endpoint,
        &host,
        "webhook-forged",
        &expect![[r#"
            400 Bad Request
            content-type: application/problem+json

            {
              "code": "invalid_request",
              "detail": "The webhook is not taken: the signature does not hold",
              "errors": [],
              "retryable": false,
              "status": 400,
              "title": "The request is not valid",
              "type": "urn:quittance:problem:invalid_request"
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
                        "Name": "webhookForged",
                        "Unit": "Count"
                      }
                    ],
                    "Namespace": "Quittance"
                  }
                ],
                "Timestamp": 1793610012347
              },
              "code": "invalid_request",
              "durationMs": 0,
              "function": "webhook",
              "level": "warn",
              "outcome": "forged",
              "requestId": "11111111-0000-4000-8000-000000000012",
              "route": "POST /webhook/{gateway}",
              "stack": "quittance-test",
              "status": 400,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "webhookForged": 1
            }
        "#]],
    );
    assert_eq!(endpoint.store.commits().len(), 1);
}

#[test]
fn outside_the_local_stage_a_recording_is_refused() {
    let host = SimHost::new(1);
    host.advance(Duration::from_secs(365 * 24 * 3600));
    let endpoint = endpoint(block_on(store_with(&payment(&host))), Age::Checked);
    check(
        &endpoint,
        &host,
        "webhook",
        &expect![[r#"
            400 Bad Request
            content-type: application/problem+json

            {
              "code": "invalid_request",
              "detail": "The webhook is not taken: the signature is too old",
              "errors": [],
              "retryable": false,
              "status": 400,
              "title": "The request is not valid",
              "type": "urn:quittance:problem:invalid_request"
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
                        "Name": "webhookForged",
                        "Unit": "Count"
                      }
                    ],
                    "Namespace": "Quittance"
                  }
                ],
                "Timestamp": 1825146012347
              },
              "code": "invalid_request",
              "durationMs": 0,
              "function": "webhook",
              "level": "warn",
              "outcome": "stale",
              "requestId": "11111111-0000-4000-8000-000000000009",
              "route": "POST /webhook/{gateway}",
              "stack": "quittance-test",
              "status": 400,
              "timestamp": "2027-11-02T09:00:12.347Z",
              "webhookForged": 1
            }
        "#]],
    );
}

#[test]
fn an_event_without_a_row_is_delivered_again_while_it_is_young() {
    let host = SimHost::new(1);
    host.set(Timestamp::from_unix_ms(1_795_435_200_000));
    check(
        &endpoint(MemoryStore::default(), Age::Checked),
        &host,
        "webhook",
        &expect![[r#"
        500 Internal Server Error
        content-type: application/problem+json
        retry-after: 5

        {
          "code": "internal",
          "detail": "The payment is not there yet: deliver the event again",
          "errors": [],
          "retryable": true,
          "status": 500,
          "title": "Something went wrong on our side",
          "type": "urn:quittance:problem:internal"
        }

        log: {
          "code": "internal",
          "durationMs": 0,
          "function": "webhook",
          "gatewayEventId": "evt_3EventSucceeded000000000",
          "level": "warn",
          "outcome": "not_yet",
          "requestId": "11111111-0000-4000-8000-000000000009",
          "route": "POST /webhook/{gateway}",
          "status": 500,
          "timestamp": "2026-11-23T12:00:00.000Z",
          "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f"
        }
    "#]],
    );
    host.advance(Duration::from_secs(3601));
    check(
        &endpoint(MemoryStore::default(), Age::Recorded),
        &host,
        "webhook",
        &expect![[r#"
            200 OK
            content-type: application/json

            {
              "received": "no_payment"
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
                        "Name": "webhookNotOurs",
                        "Unit": "Count"
                      }
                    ],
                    "Namespace": "Quittance"
                  }
                ],
                "Timestamp": 1795438801000
              },
              "durationMs": 0,
              "function": "webhook",
              "gatewayEventId": "evt_3EventSucceeded000000000",
              "level": "info",
              "outcome": "no_payment",
              "requestId": "11111111-0000-4000-8000-000000000009",
              "route": "POST /webhook/{gateway}",
              "stack": "quittance-test",
              "status": 200,
              "timestamp": "2026-11-23T13:00:01.000Z",
              "transactionId": "pay_45r6h26q25dittbo7zrmxadm3f",
              "webhookNotOurs": 1
            }
        "#]],
    );
}
