//! What there was: shown, listed and sent again.

use adapters::rfc3339;
use domain::time::Day;
use domain::timeline::EventId;
use domain::webhook::DeliveryId;
use expect_test::expect;
use flow::commit::webhook::create;
use flow::operations::webhook_endpoint::RangePlace;
use lambda_http::Body;
use serde_json::json;

use super::*;

#[test]
fn an_event_is_shown_in_its_own_bytes_with_what_became_of_it() {
    let host = SimHost::new(1);
    let function = registered(&host);
    let event = EventId::parse("evt_pay_45r6h26q25dittbo7zrmxadm3f_1").unwrap();
    block_on(create(&host, &function.store, DeliveryId::of(event, id()), &Actor::Publish)).unwrap();
    check(
        &function,
        "webhook-endpoint-event",
        &expect![[r#"
        200 OK
        content-type: application/json

        {
          "deliveries": [
            {
              "earlierTries": 0,
              "endpointId": "whe_axtwgfd2bz4w4h5p6jgibtubfu",
              "nextTryAt": "2026-11-02T09:00:12.347Z",
              "skippedReason": null,
              "status": "pending",
              "tries": []
            }
          ],
          "event": {
            "data": {
              "payment": {
                "a payment as it was opened, but for": {
                  "nextAction": {
                    "clientSecret": null,
                    "type": "provide_payment_method"
                  }
                }
              }
            },
            "id": "evt_pay_45r6h26q25dittbo7zrmxadm3f_1",
            "sequence": 1,
            "timestamp": "2026-11-02T09:00:12.347Z",
            "type": "payment.created"
          }
        }

        log: {
          "caller": "local",
          "durationMs": 0,
          "eventId": "evt_pay_45r6h26q25dittbo7zrmxadm3f_1",
          "function": "webhook-endpoint",
          "level": "info",
          "requestId": "11111111-0000-4000-8000-000000000063",
          "route": "GET /events/{eventId}",
          "status": 200,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
    let body = String::from_utf8(function.store.events()[0].body.clone()).unwrap();
    let (response, _) =
        block_on(http::serve::respond(&function, &host, &world::events::request("webhook-endpoint-event")));
    assert!(std::str::from_utf8(response.body()).unwrap().contains(&body), "the very bytes");
}

#[test]
fn events_are_listed_by_day_and_type() {
    let function = registered(&SimHost::new(1));
    check(
        &function,
        "webhook-endpoint-events",
        &expect![[r#"
        200 OK
        content-type: application/json

        {
          "events": [
            {
              "data": {
                "payment": {
                  "a payment as it was opened, but for": {
                    "nextAction": {
                      "clientSecret": null,
                      "type": "provide_payment_method"
                    }
                  }
                }
              },
              "id": "evt_pay_45r6h26q25dittbo7zrmxadm3f_1",
              "sequence": 1,
              "timestamp": "2026-11-02T09:00:12.347Z",
              "type": "payment.created"
            }
          ],
          "nextCursor": null
        }

        log: {
          "caller": "local",
          "durationMs": 0,
          "function": "webhook-endpoint",
          "level": "info",
          "listed": 1,
          "requestId": "11111111-0000-4000-8000-000000000061",
          "route": "GET /events",
          "status": 200,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
    check(
        &function,
        "webhook-endpoint-events-invalid",
        &expect![[r#"
        400 Bad Request
        content-type: application/problem+json

        {
          "code": "invalid_request",
          "detail": "The request is not valid",
          "errors": [
            {
              "detail": "must be a day of the calendar, as 2026-11-23",
              "pointer": "?day"
            },
            {
              "detail": "is not an event type; see docs/EVENTS.md for all of them",
              "pointer": "?type"
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
          "function": "webhook-endpoint",
          "level": "info",
          "requestId": "11111111-0000-4000-8000-000000000062",
          "route": "GET /events",
          "status": 400,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
}

#[test]
fn an_event_is_sent_again_and_so_is_a_range_of_time() {
    let function = registered(&SimHost::new(1));
    check(
        &function,
        "webhook-endpoint-event-redeliver",
        &expect![[r#"
        202 Accepted
        content-type: application/json

        {
          "deliveries": [
            {
              "earlierTries": 0,
              "endpointId": "whe_axtwgfd2bz4w4h5p6jgibtubfu",
              "nextTryAt": "2026-11-02T09:00:12.347Z",
              "skippedReason": null,
              "status": "pending",
              "tries": []
            }
          ]
        }

        log: {
          "caller": "local",
          "durationMs": 0,
          "eventId": "evt_pay_45r6h26q25dittbo7zrmxadm3f_1",
          "function": "webhook-endpoint",
          "level": "info",
          "redelivered": 1,
          "requestId": "11111111-0000-4000-8000-000000000064",
          "route": "POST /events/{eventId}/redeliver",
          "status": 202,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
    check(
        &function,
        "webhook-endpoint-redeliver",
        &expect![[r#"
        202 Accepted
        content-type: application/json

        {
          "nextCursor": null,
          "redelivered": 1
        }

        log: {
          "caller": "local",
          "durationMs": 0,
          "endpointId": "whe_axtwgfd2bz4w4h5p6jgibtubfu",
          "function": "webhook-endpoint",
          "level": "info",
          "redelivered": 1,
          "requestId": "11111111-0000-4000-8000-000000000059",
          "route": "POST /webhook-endpoints/{endpointId}/redeliver",
          "status": 202,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
    check(
        &function,
        "webhook-endpoint-redeliver-invalid",
        &expect![[r#"
        400 Bad Request
        content-type: application/problem+json

        {
          "code": "invalid_request",
          "detail": "The request is not valid",
          "errors": [
            {
              "detail": "must be a moment as RFC 3339 writes it, such as 2026-11-23T11:46:00Z",
              "pointer": "/from"
            },
            {
              "detail": "is not a cursor that was answered here",
              "pointer": "/cursor"
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
          "endpointId": "whe_axtwgfd2bz4w4h5p6jgibtubfu",
          "function": "webhook-endpoint",
          "level": "info",
          "requestId": "11111111-0000-4000-8000-000000000060",
          "route": "POST /webhook-endpoints/{endpointId}/redeliver",
          "status": 400,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
    assert_eq!((function.nudges.drain().len(), function.store.deliveries().len()), (2, 1));
}

#[test]
fn an_event_is_sent_again_to_all_that_hear_of_it_also_without_a_body() {
    let function = registered(&SimHost::new(1));
    let mut request = request("webhook-endpoint-event-redeliver");
    *request.body_mut() = Body::Empty;
    request.headers_mut().remove("content-type");
    let again = told(&function, &SimHost::new(1), &request, &[(202, "")]);
    assert_eq!(again.json["deliveries"].as_array().map(Vec::len), Some(1), "{again:?}");
}

#[test]
fn a_cursor_leads_on_in_its_own_range_only() {
    let function = registered(&SimHost::new(1));
    let answer = |day: &str| {
        let day = Day::of(rfc3339::parse(&format!("{day}T00:00:00Z")).unwrap());
        let cursor = RangeCursor::text(&RangePlace { day, after: None });
        let body = json!({"from": "2026-11-02T09:00:00Z", "to": "2026-11-04T01:00:00Z", "cursor": cursor});
        let mut request = request("webhook-endpoint-redeliver");
        *request.body_mut() = Body::Text(body.to_string());
        told(&function, &SimHost::new(1), &request, &[(202, ""), (400, "invalid_request")])
    };
    assert_eq!(["2026-11-02", "2026-11-03", "2026-11-04"].map(|day| answer(day).status), [202; 3]);
    for day in ["2026-11-01", "2026-11-05", "2100-01-01"] {
        let refused = answer(day);
        assert_eq!((refused.status, &refused.json["errors"][0]["pointer"]), (400, &json!("/cursor")), "{day}");
    }
}
