//! The route of this function in docs/openapi.yaml, with its event files as examples.

use adapters::http::payment_json::PaymentJson;
use adapters::http::problem::Refusal;
use world::events::opened_by;
use world::openapi::{Description, Operation, Tag};

use super::*;

#[test]
fn the_description_for_machines_says_what_the_route_does() {
    let route = Operation::post("/payment/capture", "capturePayment", Tag::Payments, "Take money that is held")
        .says("All of it, or less. A payment is captured once; what is not taken, the gateway lets go.")
        .needs(Scope::PaymentsWrite)
        .under_a_key()
        .takes::<super::super::body::CaptureBody>()
        .answers::<PaymentJson>(200, "The money is taken: `amountCaptured` says how much.")
        .answers::<PaymentJson>(202, "Nobody knows yet: `pending` says what is under way.")
        .refuses([
            Refusal::CaptureRefused,
            Refusal::NotFound,
            Refusal::InvalidState,
            Refusal::InProgress,
            Refusal::AmountExceedsCapturable,
            Refusal::AmountNotSupported,
            Refusal::Paused,
        ])
        .may_be_replayed([200, 202, 402, 409]);
    let mut description = Description::of("capture", [route]);
    let host = SimHost::new(1);
    let endpoint = held(&host);
    for event in ["capture-too-much", "capture", "capture-again", "capture-reused"] {
        description.tell(&endpoint, &host, event);
    }
    description.holds(|| {
        let host = SimHost::new(1);
        (held(&host), host)
    });
    description.keep();
}

/// With the money of `events/initiate-manual-capture.json` held.
fn held(host: &SimHost) -> Endpoint {
    let endpoint = with_nothing();
    let Capture { store, gateway, nudges, .. } = &endpoint;
    block_on(opened_by(host, store, gateway, "initiate-manual-capture"));
    block_on(confirm(host, store, gateway, nudges, &id(), card("event-confirm-manual-capture"), &client())).unwrap();
    endpoint
}
