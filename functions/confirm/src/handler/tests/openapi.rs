//! The route of this function in docs/openapi.yaml, with its event files as examples.

use adapters::http::payment_json::PaymentJson;
use adapters::http::problem::Refusal;
use serde_json::json;
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
    let (declining, charging) = (endpoint(&host), endpoint(&host));
    declining.gateway.bank_says([Verdict::Decline("insufficient_funds")]);
    description.tell(&declining, &host, "confirm-declined");
    description.tell(&charging, &host, "confirm");
    let Confirm { store, gateway, .. } = &charging;
    let held = held_order("event-initiate-manual-capture");
    block_on(initiate(&host, store, gateway, &Twin::default(), &rules(), held)).unwrap();
    description.tell(&charging, &host, "confirm-manual-capture");
    let waiting = paypal_order("event-initiate-paypal");
    let (Initiated::Created(payment) | Initiated::Replayed(payment)) =
        block_on(initiate(&host, store, gateway, &Twin::default(), &rules(), waiting)).unwrap();
    assert!(gateway.payer_approves(&payment.object));
    description.tell(&charging, &host, "confirm-paypal");
    description.holds(|| {
        let host = SimHost::new(1);
        (super::endpoint(&host), host)
    });
    description.keep();
}
