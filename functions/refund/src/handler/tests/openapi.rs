//! The route of this function in docs/openapi.yaml, with its event files as examples.

use adapters::http::payment_json::PaymentJson;
use adapters::http::problem::Refusal;
use world::events::opened_by;
use world::openapi::{Description, Operation, Tag};

use super::*;

#[test]
fn the_description_for_machines_says_what_the_route_does() {
    let route = Operation::post("/payment/refund", "refundPayment", Tag::Payments, "Give money back")
        .says("All that is left, or a part; as often as there is something left, at most 50 times.")
        .needs(Scope::RefundsWrite)
        .under_a_key()
        .takes::<super::super::body::RefundBody>()
        .answers::<PaymentJson>(200, "It is on its way back: read `refunds`.")
        .answers::<PaymentJson>(202, "The gateway has not said yet what came of it. Do not refund again.")
        .refuses([
            Refusal::RefundFailed,
            Refusal::NotFound,
            Refusal::InvalidState,
            Refusal::InProgress,
            Refusal::HeldByDispute,
            Refusal::AmountExceedsRefundable,
            Refusal::AmountNotSupported,
            Refusal::Paused,
        ])
        .may_be_replayed([200, 202, 402]);
    let mut description = Description::of("refund", [route]);
    let host = SimHost::new(1);
    let endpoint = paid(&host);
    for event in ["refund-too-much", "refund", "refund-again"] {
        description.tell(&endpoint, &host, event);
    }
    description.holds(|| {
        let host = SimHost::new(1);
        (paid(&host), host)
    });
    description.keep();
}

/// With the payment of `events/initiate.json` paid.
fn paid(host: &SimHost) -> Endpoint {
    let endpoint = with_nothing();
    let Refund { store, gateway, nudges, .. } = &endpoint;
    block_on(opened_by(host, store, gateway, "initiate"));
    block_on(confirm(host, store, gateway, nudges, &id(), card("event-confirm"), &client())).unwrap();
    endpoint
}
