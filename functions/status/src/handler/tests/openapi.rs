//! The route of this function in docs/openapi.yaml, with its event files as examples.

use adapters::http::status_json::StatusJson;
use serde_json::json;
use world::events::opened_by;
use world::gateway::SimGateway;
use world::openapi::{Description, Operation, Tag};

use super::*;

#[test]
fn the_description_for_machines_says_what_the_route_does() {
    let route = Operation::get(
        "/payment/status/{transactionId}",
        "getPaymentStatus",
        Tag::Payments,
        "See how a payment stands",
    )
    .says("One strongly consistent read; no gateway is asked.")
    .needs(Scope::PaymentsRead)
    .in_path("transactionId", json!({"type": "string"}), "What initiate answered.")
    .asks(
        "expand",
        json!({"type": "string", "enum": ["timeline", "customer"]}),
        "`timeline`: how it came to stand so. `customer`: who pays.",
    )
    .answers::<StatusJson>(200, "The payment as it stands, with what was to be expanded.")
    .refuses([Refusal::NotFound]);
    let mut description = Description::of("status", [route]);
    let host = SimHost::new(1);
    let endpoint = opened(&host);
    let store = endpoint.store.port();
    block_on(tell(&host, store, &MemoryBus::default(), &store.stream_after(0)));
    for event in ["status", "status-timeline", "status-customer", "status-invalid", "status-unauthorized"] {
        description.tell(&endpoint, &host, event);
    }
    description.holds(|| {
        let host = SimHost::new(1);
        (opened(&host), host)
    });
    description.keep();
}

/// With the payment of `events/initiate.json`.
fn opened(host: &SimHost) -> Endpoint {
    let (store, gateway) = (MemoryStore::default(), SimGateway::new(Arc::new(SimHost::new(1))));
    block_on(opened_by(host, &store, &gateway, "initiate"));
    Status { keys: client_keys(), store: Counting::new(store, Arc::default()), people: Twin::default() }
}
