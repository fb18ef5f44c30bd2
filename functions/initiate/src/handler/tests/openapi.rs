//! The route of this function in docs/openapi.yaml, with its event files as examples.

use adapters::http::payment_json::PaymentJson;
use adapters::http::problem::Refusal;
use serde_json::json;
use world::openapi::{Description, Operation, Tag};

use super::*;

#[test]
fn the_description_for_machines_says_what_the_route_does() {
    let of_the_payment = |operation: &str| json!({"operationId": operation, "parameters": {"transactionId": "$response.body#/transactionId"}});
    let with_the_payment = |operation: &str, mut body: serde_json::Value| {
        body["transactionId"] = json!("$response.body#/transactionId");
        json!({"operationId": operation, "requestBody": body})
    };
    let route = Operation::post("/payment/initiate", "initiatePayment", Tag::Payments, "Open a payment")
        .says("Opens a payment that waits for its payer. No money can move on it yet. 503 `gateway_unavailable` means that nothing happened.")
        .needs(Scope::PaymentsWrite)
        .under_a_key()
        .takes::<super::super::body::InitiateBody>()
        .answers::<PaymentJson>(201, "The payment was opened.")
        .answers::<PaymentJson>(200, "The same request had opened it before.")
        .is_replayed(200)
        .then(201, "status", of_the_payment("getPaymentStatus"))
        .then(201, "confirm", with_the_payment("confirmPayment", json!({"paymentMethod": "pm_card_visa"})))
        .then(201, "cancel", with_the_payment("cancelPayment", json!({})))
        .refuses([
            Refusal::AmountNotSupported,
            Refusal::AmountOutOfLimits,
            Refusal::GatewayRefused,
            Refusal::GatewayUnavailable,
            Refusal::Paused,
        ]);
    let mut description = Description::of("initiate", [route]);
    let (endpoint, host) = (endpoint(), SimHost::new(1));
    for event in [
        "initiate",
        "initiate",
        "initiate-manual-capture",
        "initiate-paypal",
        "initiate-invalid",
        "initiate-card-number",
    ] {
        description.tell(&endpoint, &host, event);
    }
    description.holds(|| (super::endpoint(), SimHost::new(1)));
    description.keep();
}
