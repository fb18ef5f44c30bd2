//! The route of this function in docs/openapi.yaml, with its event files as examples.

use adapters::http::payment_json::PaymentJson;
use adapters::http::problem::Refusal;
use serde_json::json;
use world::events::opened_by;
use world::openapi::{Description, Operation, Tag};

use super::*;

#[test]
fn the_description_for_machines_says_what_the_route_does() {
    let with_the_payment = |operation: &str| json!({"operationId": operation, "requestBody": {"transactionId": "$response.body#/transactionId"}});
    let route = Operation::post("/payment/confirm", "confirmPayment", Tag::Payments, "Try to charge")
        .says("After a 402 confirm again with another method, and another `Idempotency-Key`. Never take a 202 or a 503 for a failed payment.")
        .needs(Scope::PaymentsWrite)
        .under_a_key()
        .takes::<super::super::body::ConfirmBody>()
        .answers::<PaymentJson>(200, "Charged, held, or the payer must do something: read `status`.")
        .answers::<PaymentJson>(202, "Nobody knows yet, or the gateway is at work, or another try is scheduled: read `processingReason`.")
        .with_one_of(&["paymentMethod", "confirmationToken"])
        .may_be_replayed([200, 202, 402, 409])
        .then(200, "capture", with_the_payment("capturePayment"))
        .then(200, "refund", with_the_payment("refundPayment"))
        .refuses([
            Refusal::PaymentDeclined,
            Refusal::NotFound,
            Refusal::InvalidState,
            Refusal::InProgress,
            Refusal::ReattemptRefused,
            Refusal::Paused,
        ]);
    let mut description = Description::of("confirm", [route]);
    let host = SimHost::new(1);
    let (declining, charging) = (opened(&host), opened(&host));
    declining.gateway.bank_says([Verdict::Decline("insufficient_funds")]);
    for (endpoint, events) in [
        (&declining, ["confirm-declined", "confirm-declined", "confirm-invalid"].as_slice()),
        (&charging, ["confirm", "confirm-again", "confirm-manual-capture", "confirm-paypal"].as_slice()),
    ] {
        events.iter().for_each(|event| description.tell(endpoint, &host, event));
    }
    description.holds(|| {
        let host = SimHost::new(1);
        (opened(&host), host)
    });
    description.keep();
}

/// With the payments of three event files, that at PayPal approved by its payer.
fn opened(host: &SimHost) -> Endpoint {
    let endpoint = with_nothing();
    let Confirm { store, gateway, .. } = &endpoint;
    for event in ["initiate", "initiate-manual-capture", "initiate-paypal"] {
        let payment = block_on(opened_by(host, store, gateway, event));
        assert_eq!(gateway.payer_approves(&payment.object), event == "initiate-paypal");
    }
    endpoint
}
