//! The routes of this function in docs/openapi.yaml, with its event files as examples.

use adapters::http::authenticate::Scope;
use adapters::http::problem::Refusal;
use adapters::http::schema::event_types;
use adapters::http::webhook_endpoint_json::EndpointWithSecretJson;
use domain::webhook::DeliveryId;
use flow::commit::webhook::create;
use serde_json::json;
use world::events::opened_by;
use world::gateway::SimGateway;
use world::openapi::{CURSOR, Description, Operation, Tag};

use super::super::body::{EmptyBody, RangeBody, RedeliverBody, RegisterBody, RotateBody};
use super::super::query::{LIMIT_DEFAULT, LIMIT_MAX, PARAMETERS};
use super::*;

#[test]
fn the_description_for_machines_says_what_the_routes_do() {
    let routes =
        [register(), list(), show(), rotate(), disable(), enable(), redeliver_range(), events(), event(), redeliver()];
    let mut description = Description::of("webhook-endpoint", routes);
    let host = SimHost::new(1);
    let function = Function { store: opened(&host), ..function(&host) };
    for event in ["webhook-endpoint-show", "webhook-endpoint", "webhook-endpoint", "webhook-endpoint-invalid"] {
        description.tell(&function, &host, event);
    }
    let told = EventId::parse("evt_pay_45r6h26q25dittbo7zrmxadm3f_1").unwrap();
    block_on(create(&host, &function.store, DeliveryId::of(told, id()), &Actor::Publish)).unwrap();
    for event in [
        "reused",
        "list",
        "show",
        "rotate",
        "rotate",
        "events",
        "events-invalid",
        "event",
        "event-redeliver",
        "redeliver",
        "redeliver-invalid",
        "disable",
        "enable",
    ] {
        description.tell(&function, &host, &format!("webhook-endpoint-{event}"));
    }
    description.holds(|| {
        let host = SimHost::new(1);
        (registered(&host), host)
    });
    description.keep();
}

/// A table with the payment of `events/initiate.json`, of which is told.
fn opened(host: &SimHost) -> MemoryStore {
    let (store, gateway) = (MemoryStore::default(), SimGateway::new(std::sync::Arc::new(SimHost::new(1))));
    block_on(opened_by(host, &store, &gateway, "initiate"));
    block_on(tell(host, &store, &MemoryBus::default(), &store.stream_after(0)));
    store
}

fn register() -> Operation {
    Operation::post("/webhook-endpoints", "registerWebhookEndpoint", Tag::WebhookEndpoints, "Register an endpoint")
        .says("At most 16 are enabled. `signingSecret` is shown here and by rotate, and to the same request again while it is the present one.")
        .needs(Scope::WebhooksWrite)
        .under_a_key()
        .takes::<RegisterBody>()
        .answers::<EndpointWithSecretJson>(201, "It is registered.")
        .answers::<EndpointWithSecretJson>(200, "The same request had registered it before.")
        .is_replayed(200)
        .then(201, "show", of_the_endpoint("getWebhookEndpoint"))
        .then(201, "disable", of_the_endpoint("disableWebhookEndpoint"))
        .refuses([Refusal::TooManyEndpoints])
}

fn list() -> Operation {
    Operation::get("/webhook-endpoints", "listWebhookEndpoints", Tag::WebhookEndpoints, "List endpoints")
        .needs(Scope::WebhooksRead)
        .answers::<EndpointsJson>(200, "All of them.")
}

fn show() -> Operation {
    let operation = Operation::get(
        "/webhook-endpoints/{endpointId}",
        "getWebhookEndpoint",
        Tag::WebhookEndpoints,
        "See an endpoint",
    );
    of_an_endpoint(operation).needs(Scope::WebhooksRead).answers::<EndpointJson>(200, "The endpoint as it stands.")
}

fn rotate() -> Operation {
    changing("/webhook-endpoints/{endpointId}/rotate", "rotateWebhookEndpointSecret", "Make a new secret")
        .says("The one before it goes on signing for a day, or for as long as you say.")
        .under_a_key()
        .takes::<RotateBody>()
        .answers::<EndpointWithSecretJson>(200, "The endpoint with its new secret.")
        .may_be_replayed([200])
}

fn disable() -> Operation {
    changing("/webhook-endpoints/{endpointId}/disable", "disableWebhookEndpoint", "Send nothing more to an endpoint")
        .may_take::<EmptyBody>()
        .answers::<EndpointJson>(200, "The endpoint as it stands.")
        .then(200, "enable", of_the_endpoint("enableWebhookEndpoint"))
}

fn enable() -> Operation {
    changing("/webhook-endpoints/{endpointId}/enable", "enableWebhookEndpoint", "Send to an endpoint again")
        .says("Events of the time in between are not sent by themselves: ask for them.")
        .may_take::<EmptyBody>()
        .answers::<EndpointJson>(200, "The endpoint as it stands.")
}

fn redeliver_range() -> Operation {
    changing("/webhook-endpoints/{endpointId}/redeliver", "redeliverRange", "Send a range of time again")
        .says("A hundred events for each request: follow `nextCursor` with the same range until it is null.")
        .takes::<RangeBody>()
        .answers::<RedeliveredJson>(202, "They are on their way, under the ids that they had.")
        .refuses([Refusal::EndpointDisabled])
}

fn events() -> Operation {
    let parameters = [
        (json!({"type": "string", "format": "date"}), "A day in UTC. Default: today."),
        (json!({"type": "string", "enum": event_types()}), "Only events of this type."),
        (json!({"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT}), "How many at most."),
        (json!({"type": "string", "pattern": CURSOR}), "The `nextCursor` of the page before."),
    ];
    let route = Operation::get("/events", "listEvents", Tag::Events, "List the events of a day")
        .says("Newest first, each in the very bytes that were sent.")
        .needs(Scope::WebhooksRead)
        .answers::<EventsJson>(200, "A page of events.");
    PARAMETERS.into_iter().zip(parameters).fold(route, |route, (name, (schema, says))| route.asks(name, schema, says))
}

fn event() -> Operation {
    of_an_event(Operation::get("/events/{eventId}", "getEvent", Tag::Events, "See an event, and how far it has come"))
        .needs(Scope::WebhooksRead)
        .answers::<ToldJson>(200, "The event, and its deliveries.")
}

fn redeliver() -> Operation {
    of_an_event(Operation::post("/events/{eventId}/redeliver", "redeliverEvent", Tag::Events, "Send an event again"))
        .says("To one endpoint, or to all that would hear of it now.")
        .needs(Scope::WebhooksWrite)
        .may_take::<RedeliverBody>()
        .answers::<DeliveriesJson>(202, "It is on its way, under the id that it had.")
        .refuses([Refusal::EndpointDisabled])
}

/// A route that changes an endpoint, or has something sent to it.
fn changing(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    of_an_endpoint(Operation::post(path, id, Tag::WebhookEndpoints, summary)).needs(Scope::WebhooksWrite)
}

fn of_an_endpoint(operation: Operation) -> Operation {
    operation.in_path("endpointId", json!({"type": "string"}), "What register answered.").refuses([Refusal::NotFound])
}

fn of_an_event(operation: Operation) -> Operation {
    operation.in_path("eventId", json!({"type": "string"}), "The event's `id`.").refuses([Refusal::NotFound])
}

fn of_the_endpoint(operation: &str) -> serde_json::Value {
    json!({"operationId": operation, "parameters": {"endpointId": "$response.body#/endpointId"}})
}
