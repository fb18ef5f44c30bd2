//! Every event file of this function through its handler, with its answer and its log line pinned.

mod events;
mod openapi;

use ::fuzz::requests::{Told, told};
use domain::webhook::{ENDPOINTS_MAX, Interest, Standing};
use expect_test::{Expect, expect};
use flow::operations::webhook_endpoint::endpoint_id;
use lambda_http::http::HeaderValue;
use world::events::{Drawer, answered, client_keys, payment, request, store_with, webhook_signing_key};
use world::host::SimHost;
use world::post::registration;
use world::queue::MemoryQueue;
use world::shop::{client, key};
use world::store::{Call, Course, MemoryStore};
use world::telling::{MemoryBus, tell};
use world::turns::block_on;

use super::*;

pub(super) type Function = WebhookEndpoints<Drawer, MemoryStore, MemoryQueue>;

fn id() -> EndpointId {
    endpoint_id(&key("event-endpoint"))
}

/// A function whose table has the event that `events/initiate.json` made, and no endpoint yet.
pub(super) fn function(host: &SimHost) -> Function {
    let store = block_on(store_with(&payment(host)));
    block_on(tell(host, &store, &MemoryBus::default(), &store.stream_after(0)));
    WebhookEndpoints {
        keys: client_keys(),
        signing_key: webhook_signing_key(),
        store,
        nudges: MemoryQueue::default(),
        reach: Reach::Public,
    }
}

/// The same, with the endpoint of `events/webhook-endpoint.json`.
pub(super) fn registered(host: &SimHost) -> Function {
    let function = function(host);
    assert!(block_on(answered(&function, host, "webhook-endpoint")).starts_with("201"));
    function
}

fn check(function: &Function, event: &str, expected: &Expect) {
    let host = SimHost::new(1);
    expected.assert_eq(&block_on(answered(function, &host, event)));
}

/// The first line of the answer, and the code if it is a problem.
fn in_short(function: &Function, event: &str) -> String {
    let text = block_on(answered(function, &SimHost::new(1), event));
    let code = text.lines().find_map(|line| line.trim().strip_prefix("\"code\": ")).unwrap_or_default();
    format!("{} {}", text.lines().next().unwrap_or_default(), code.trim_end_matches(',')).trim().to_owned()
}

#[test]
fn an_endpoint_is_registered_and_its_secret_is_shown() {
    check(
        &function(&SimHost::new(1)),
        "webhook-endpoint",
        &expect![[r#"
        201 Created
        content-type: application/json

        {
          "createdAt": "2026-11-02T09:00:12.347Z",
          "description": "The warehouse",
          "disabledAt": null,
          "disabledReason": null,
          "endpointId": "whe_axtwgfd2bz4w4h5p6jgibtubfu",
          "eventTypes": [
            "payment.created",
            "payment.succeeded"
          ],
          "formerSecretUntil": null,
          "signingSecret": "whsec_gSq3GNjA5Hg5Bacx2c/SONdPODFAevIPrud9q/0kMyk=",
          "status": "enabled",
          "url": "https://shop.example/hooks"
        }

        log: {
          "caller": "local",
          "durationMs": 0,
          "endpointId": "whe_axtwgfd2bz4w4h5p6jgibtubfu",
          "function": "webhook-endpoint",
          "level": "info",
          "replayed": false,
          "requestId": "11111111-0000-4000-8000-000000000051",
          "route": "POST /webhook-endpoints",
          "state": "enabled",
          "status": 201,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
}

#[test]
fn registered_again_it_is_the_same_with_the_same_secret() {
    let host = SimHost::new(1);
    let function = function(&host);
    let secret = |text: &str| text.lines().find(|line| line.contains("signingSecret")).map(str::to_owned);
    let first = block_on(answered(&function, &host, "webhook-endpoint"));
    let again = block_on(answered(&function, &host, "webhook-endpoint-again"));
    assert!(again.starts_with("200") && again.contains("idempotent-replayed: true"), "{again}");
    assert!(secret(&first).is_some() && secret(&first) == secret(&again));
    assert_eq!(in_short(&function, "webhook-endpoint-reused"), "422 Unprocessable Entity \"idempotency_key_reused\"");
    assert_eq!(function.store.endpoints().endpoints.len(), 1);
}

#[test]
fn what_is_wrong_with_an_endpoint_is_said_at_once() {
    check(
        &function(&SimHost::new(1)),
        "webhook-endpoint-invalid",
        &expect![[r#"
        400 Bad Request
        content-type: application/problem+json

        {
          "code": "invalid_request",
          "detail": "The request is not valid",
          "errors": [
            {
              "detail": "must be an absolute https URL (http is taken for localhost only)",
              "pointer": "/url"
            },
            {
              "detail": "is not an event type; see docs/EVENTS.md for all of them",
              "pointer": "/eventTypes/0"
            },
            {
              "detail": "is not an event type; see docs/EVENTS.md for all of them",
              "pointer": "/eventTypes/1"
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
          "requestId": "11111111-0000-4000-8000-000000000052",
          "route": "POST /webhook-endpoints",
          "status": 400,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
}

#[test]
fn endpoints_are_shown_without_their_secrets() {
    let function = registered(&SimHost::new(1));
    check(
        &function,
        "webhook-endpoint-list",
        &expect![[r#"
        200 OK
        content-type: application/json

        {
          "endpoints": [
            {
              "createdAt": "2026-11-02T09:00:12.347Z",
              "description": "The warehouse",
              "disabledAt": null,
              "disabledReason": null,
              "endpointId": "whe_axtwgfd2bz4w4h5p6jgibtubfu",
              "eventTypes": [
                "payment.created",
                "payment.succeeded"
              ],
              "formerSecretUntil": null,
              "status": "enabled",
              "url": "https://shop.example/hooks"
            }
          ]
        }

        log: {
          "caller": "local",
          "durationMs": 0,
          "function": "webhook-endpoint",
          "level": "info",
          "listed": 1,
          "requestId": "11111111-0000-4000-8000-000000000054",
          "route": "GET /webhook-endpoints",
          "status": 200,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
    assert!(in_short(&function, "webhook-endpoint-show").starts_with("200"));
    for event in ["list", "show", "disable", "enable"] {
        let text = block_on(answered(&function, &SimHost::new(1), &format!("webhook-endpoint-{event}")));
        assert!(!text.contains("whsec_") && !text.contains("signingSecret"), "{event}");
    }
}

#[test]
fn a_secret_is_rotated_once_and_shown_to_whoever_asked() {
    let function = registered(&SimHost::new(1));
    check(
        &function,
        "webhook-endpoint-rotate",
        &expect![[r#"
        200 OK
        content-type: application/json

        {
          "createdAt": "2026-11-02T09:00:12.347Z",
          "description": "The warehouse",
          "disabledAt": null,
          "disabledReason": null,
          "endpointId": "whe_axtwgfd2bz4w4h5p6jgibtubfu",
          "eventTypes": [
            "payment.created",
            "payment.succeeded"
          ],
          "formerSecretUntil": "2026-11-02T10:00:12.347Z",
          "signingSecret": "whsec_THbhDEe9HbYyyCk3On5x3+Ojsg1jReo+uIWGBZ4qacg=",
          "status": "enabled",
          "url": "https://shop.example/hooks"
        }

        log: {
          "caller": "local",
          "durationMs": 0,
          "endpointId": "whe_axtwgfd2bz4w4h5p6jgibtubfu",
          "function": "webhook-endpoint",
          "level": "info",
          "replayed": false,
          "requestId": "11111111-0000-4000-8000-000000000056",
          "route": "POST /webhook-endpoints/{endpointId}/rotate",
          "state": "enabled",
          "status": 200,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
    let again = block_on(answered(&function, &SimHost::new(1), "webhook-endpoint-rotate"));
    assert!(again.contains("idempotent-replayed: true"));
    let rotated = function.store.endpoints().find(&id()).unwrap().generation;
    assert_eq!(rotated, Generation::first(SimHost::START).next());
}

/// What is answered to a request for a new secret under this key.
fn rotated(function: &Function, key: &'static str) -> Told {
    let mut request = request("webhook-endpoint-rotate");
    request.headers_mut().insert("idempotency-key", HeaderValue::from_static(key));
    told(function, &SimHost::new(1), &request, &[(200, "")])
}

#[test]
fn a_secret_that_another_request_has_made_since_is_not_shown_to_the_one_before_it() {
    let function = registered(&SimHost::new(1));
    let (first, second) = (rotated(&function, "deploy-1"), rotated(&function, "deploy-2"));
    assert!(first.json["signingSecret"].is_string() && first.json["signingSecret"] != second.json["signingSecret"]);
    let stored = function.store.endpoints();
    let late = rotated(&function, "deploy-1");
    assert_eq!(late.json["signingSecret"], serde_json::Value::Null, "it is there, and says that there is none");
    assert_eq!(function.store.endpoints(), stored, "and nothing has changed");
    assert_eq!(rotated(&function, "deploy-2").json, second.json);
    let registration = told(&function, &SimHost::new(1), &request("webhook-endpoint"), &[(200, "")]);
    assert_eq!(registration.json["signingSecret"], serde_json::Value::Null);
}

#[test]
fn an_endpoint_is_disabled_and_enabled_and_neither_needs_a_body() {
    let function = registered(&SimHost::new(1));
    check(
        &function,
        "webhook-endpoint-disable",
        &expect![[r#"
        200 OK
        content-type: application/json

        {
          "createdAt": "2026-11-02T09:00:12.347Z",
          "description": "The warehouse",
          "disabledAt": "2026-11-02T09:00:12.347Z",
          "disabledReason": "requested",
          "endpointId": "whe_axtwgfd2bz4w4h5p6jgibtubfu",
          "eventTypes": [
            "payment.created",
            "payment.succeeded"
          ],
          "formerSecretUntil": null,
          "status": "disabled",
          "url": "https://shop.example/hooks"
        }

        log: {
          "caller": "local",
          "durationMs": 0,
          "endpointId": "whe_axtwgfd2bz4w4h5p6jgibtubfu",
          "function": "webhook-endpoint",
          "level": "info",
          "replayed": false,
          "requestId": "11111111-0000-4000-8000-000000000057",
          "route": "POST /webhook-endpoints/{endpointId}/disable",
          "state": "disabled",
          "status": 200,
          "timestamp": "2026-11-02T09:00:12.347Z"
        }
    "#]],
    );
    assert_eq!(in_short(&function, "webhook-endpoint-event-redeliver"), "409 Conflict \"endpoint_disabled\"");
    assert!(in_short(&function, "webhook-endpoint-enable").starts_with("200"));
    assert_eq!(function.store.endpoints().find(&id()).unwrap().standing, Standing::Enabled { since: SimHost::START });
}

#[test]
fn what_nobody_has_registered_is_not_found() {
    let function = function(&SimHost::new(1));
    for event in ["show", "rotate", "disable", "enable", "redeliver", "event-redeliver"] {
        let told = in_short(&function, &format!("webhook-endpoint-{event}"));
        assert_eq!(told, "404 Not Found \"not_found\"", "{event}");
    }
}

#[test]
fn the_seventeenth_endpoint_is_refused() {
    let host = SimHost::new(1);
    let function = function(&host);
    for number in 0..ENDPOINTS_MAX {
        let wanted = registration(&format!("endpoint-{number}"), Interest::All);
        block_on(register(&host, &function.store, wanted, &client())).unwrap();
    }
    assert_eq!(in_short(&function, "webhook-endpoint"), "409 Conflict \"too_many_endpoints\"");
}

#[test]
fn an_endpoint_on_the_machine_itself_is_taken_in_the_local_stage_only() {
    let local = |reach| {
        let key = key("k");
        let body: body::RegisterBody = serde_json::from_str(r#"{"url":"http://127.0.0.1:12111/hook"}"#).unwrap();
        body.into_registration(&key, reach).is_ok()
    };
    assert_eq!([Reach::Public, Reach::Loopback].map(local), [false, true]);
}

#[test]
fn while_the_signing_key_cannot_be_had_nothing_is_registered() {
    let host = SimHost::new(1);
    let function = function(&host);
    // A document of another kind stands where the key should be.
    let broken = WebhookEndpoints { signing_key: world::events::no_webhook_signing_key(), ..function };
    assert_eq!(in_short(&broken, "webhook-endpoint"), "503 Service Unavailable \"unavailable\"");
    assert!(broken.store.endpoints().endpoints.is_empty());
}

#[test]
fn a_store_that_does_not_answer_is_a_503_and_the_same_request_leads_on() {
    let host = SimHost::new(1);
    let function = function(&host);
    function.store.script(Call::Write, [Course::LostAfter]);
    assert_eq!(in_short(&function, "webhook-endpoint"), "503 Service Unavailable \"unavailable\"");
    assert!(in_short(&function, "webhook-endpoint").starts_with("200"), "it had been written");
}
