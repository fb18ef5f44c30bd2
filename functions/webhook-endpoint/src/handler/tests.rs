//! Every event file of this function through its handler, with its answer and its log line pinned.

use domain::timeline::EventId;
use domain::webhook::{DeliveryId, ENDPOINTS_MAX, Interest, Standing};
use expect_test::{Expect, expect};
use flow::commit::webhook::create;
use flow::operations::webhook_endpoint::endpoint_id;
use world::events::{Drawer, answered, client_keys, payment, store_with, webhook_signing_key};
use world::host::SimHost;
use world::post::registration;
use world::queue::MemoryQueue;
use world::shop::{client, key};
use world::store::{Call, Course, MemoryStore};
use world::telling::{MemoryBus, tell};
use world::turns::block_on;

use super::*;

type Function = WebhookEndpoints<Drawer, MemoryStore, MemoryQueue>;

fn id() -> EndpointId {
    endpoint_id(&key("event-endpoint"))
}

/// A function whose table has the event that `events/initiate.json` made, and no endpoint yet.
fn function(host: &SimHost) -> Function {
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
fn registered(host: &SimHost) -> Function {
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
    check(&function(&SimHost::new(1)), "webhook-endpoint", &expect![[""]]);
}

#[test]
fn registered_again_it_is_the_same_with_the_same_secret() {
    let host = SimHost::new(1);
    let function = function(&host);
    let secret = |text: &str| text.lines().find(|line| line.contains("signingSecret")).map(str::to_owned);
    let first = block_on(answered(&function, &host, "webhook-endpoint"));
    let again = block_on(answered(&function, &host, "webhook-endpoint"));
    assert!(again.starts_with("200") && again.contains("idempotent-replayed: true"), "{again}");
    assert!(secret(&first).is_some() && secret(&first) == secret(&again));
    assert_eq!(in_short(&function, "webhook-endpoint-reused"), "422 Unprocessable Entity \"idempotency_key_reused\"");
    assert_eq!(function.store.endpoints().endpoints.len(), 1);
}

#[test]
fn what_is_wrong_with_an_endpoint_is_said_at_once() {
    check(&function(&SimHost::new(1)), "webhook-endpoint-invalid", &expect![[""]]);
}

#[test]
fn endpoints_are_shown_without_their_secrets() {
    let function = registered(&SimHost::new(1));
    check(&function, "webhook-endpoint-list", &expect![[""]]);
    assert!(in_short(&function, "webhook-endpoint-show").starts_with("200"));
    for event in ["list", "show", "disable", "enable"] {
        let text = block_on(answered(&function, &SimHost::new(1), &format!("webhook-endpoint-{event}")));
        assert!(!text.contains("whsec_") && !text.contains("signingSecret"), "{event}");
    }
}

#[test]
fn a_secret_is_rotated_once_and_shown_to_whoever_asked() {
    let function = registered(&SimHost::new(1));
    check(&function, "webhook-endpoint-rotate", &expect![[""]]);
    let again = block_on(answered(&function, &SimHost::new(1), "webhook-endpoint-rotate"));
    assert!(again.contains("idempotent-replayed: true"));
    assert_eq!(function.store.endpoints().find(&id()).unwrap().generation.get(), 2);
}

#[test]
fn an_endpoint_is_disabled_and_enabled_and_neither_needs_a_body() {
    let function = registered(&SimHost::new(1));
    check(&function, "webhook-endpoint-disable", &expect![[""]]);
    assert_eq!(in_short(&function, "webhook-endpoint-event-redeliver"), "409 Conflict \"endpoint_disabled\"");
    assert!(in_short(&function, "webhook-endpoint-enable").starts_with("200"));
    assert_eq!(function.store.endpoints().find(&id()).unwrap().standing, Standing::Enabled);
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
fn an_event_is_shown_in_its_own_bytes_with_what_became_of_it() {
    let host = SimHost::new(1);
    let function = registered(&host);
    let event = EventId::parse("evt_pay_45r6h26q25dittbo7zrmxadm3f_1").unwrap();
    block_on(create(&host, &function.store, DeliveryId::of(event, id()), &Actor::Publish)).unwrap();
    check(&function, "webhook-endpoint-event", &expect![[""]]);
    let body = String::from_utf8(function.store.events()[0].body.clone()).unwrap();
    let (response, _) =
        block_on(http::serve::respond(&function, &host, &world::events::request("webhook-endpoint-event")));
    assert!(std::str::from_utf8(response.body()).unwrap().contains(&body), "the very bytes");
}

#[test]
fn events_are_listed_by_day_and_type() {
    let function = registered(&SimHost::new(1));
    check(&function, "webhook-endpoint-events", &expect![[""]]);
    check(&function, "webhook-endpoint-events-invalid", &expect![[""]]);
}

#[test]
fn an_event_is_sent_again_and_so_is_a_range_of_time() {
    let function = registered(&SimHost::new(1));
    check(&function, "webhook-endpoint-event-redeliver", &expect![[""]]);
    check(&function, "webhook-endpoint-redeliver", &expect![[""]]);
    check(&function, "webhook-endpoint-redeliver-invalid", &expect![[""]]);
    assert_eq!((function.nudges.drain().len(), function.store.deliveries().len()), (2, 1));
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
