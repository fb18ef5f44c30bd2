//! The route of this function in docs/openapi.yaml, with its event files as examples.

use adapters::http::payment_json::PaymentJson;
use serde_json::json;
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
    .answers::<PaymentJson>(200, "The payment as it stands, with what was to be expanded.")
    .answers::<ExplainedJson>(200, "")
    .answers::<WithCustomerJson>(200, "")
    .refuses([Refusal::NotFound]);
    let mut description = Description::of("status", [route]);
    let (host, tally) = (SimHost::new(1), Arc::default());
    let endpoint = endpoint(&host, &tally);
    let store = endpoint.store.port();
    block_on(tell(&host, store, &MemoryBus::default(), &store.stream_after(0)));
    for event in ["status", "status-timeline", "status-customer", "status-invalid", "status-unauthorized"] {
        description.tell(&endpoint, &host, event);
    }
    description.holds(|| {
        let host = SimHost::new(1);
        (super::endpoint(&host, &Arc::default()), host)
    });
    description.keep();
}
