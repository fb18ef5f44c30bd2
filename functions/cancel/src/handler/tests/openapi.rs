//! The route of this function in docs/openapi.yaml, with its event files as examples.

use adapters::http::payment_json::PaymentJson;
use adapters::http::problem::Refusal;
use world::events::opened_by;
use world::openapi::{Description, Operation, Tag};

use super::*;

#[test]
fn the_description_for_machines_says_what_the_route_does() {
    let route =
        Operation::post("/payment/cancel", "cancelPayment", Tag::Payments, "End a payment that has not been paid")
            .says("Lets go of what is held, too. What is paid is refunded, not canceled.")
            .needs(Scope::PaymentsWrite)
            .under_a_key()
            .takes::<super::super::body::CancelBody>()
            .answers::<PaymentJson>(200, "It is canceled: nobody can pay it any more.")
            .answers::<PaymentJson>(202, "Asked for, but not seen yet. It may still be paid.")
            .refuses([Refusal::NotFound, Refusal::InvalidState, Refusal::InProgress])
            .may_be_replayed([200, 202, 409]);
    let mut description = Description::of("cancel", [route]);
    let host = SimHost::new(1);
    let endpoint = opened(&host);
    for event in ["cancel", "cancel-again", "cancel-invalid", "cancel-too-late"] {
        description.tell(&endpoint, &host, event);
    }
    description.holds(|| {
        let host = SimHost::new(1);
        (opened(&host), host)
    });
    description.keep();
}

/// With the payments of two event files, the first of them paid.
fn opened(host: &SimHost) -> Endpoint {
    let endpoint = with_nothing();
    let Cancel { store, gateway, nudges, .. } = &endpoint;
    let paid = block_on(opened_by(host, store, gateway, "initiate")).id;
    block_on(opened_by(host, store, gateway, "initiate-abandoned"));
    block_on(confirm(host, store, gateway, nudges, &paid, card("event-confirm"), &client())).unwrap();
    endpoint
}
