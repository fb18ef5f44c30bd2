//! The route of this function in docs/openapi.yaml, with its event files as examples.

use serde_json::json;
use world::openapi::{Description, Operation, Tag};

use super::*;

/// What a gateway sends is the gateway's to describe.
type EventOfGateway = serde_json::Map<String, serde_json::Value>;

#[test]
fn the_description_for_machines_says_what_the_route_does() {
    let route = Operation::post("/webhook/{gateway}", "receiveGatewayEvent", Tag::Gateways, "Hear what a gateway tells")
        .says(
            "No API key: the signature over the raw bytes of the body says who speaks. Stripe signs with `Stripe-Signature`, PayPal with its \
             five headers. What the body says of its own type is not looked at, and one of more than 1 MiB is 400. A 5xx asks the gateway to deliver again.",
        )
        .in_path("gateway", json!({"type": "string", "enum": ["stripe", "paypal"]}), "Who speaks.")
        .hears("Stripe-Signature", "Of Stripe: `t=<seconds>,v1=<HMAC-SHA256 in hex of \"<t>.<body>\">`.")
        .hears("PayPal-Transmission-Id", "Of PayPal.")
        .hears("PayPal-Transmission-Time", "Of PayPal.")
        .hears("PayPal-Transmission-Sig", "Of PayPal: RSA over `<id>|<time>|<webhook id>|<CRC-32 of the body>`.")
        .hears("PayPal-Cert-Url", "Of PayPal: where its certificate is. Only PayPal's own hosts are asked.")
        .hears("PayPal-Auth-Algo", "Of PayPal: `SHA256withRSA`.")
        .takes_signed::<EventOfGateway>()
        .answers::<Taken>(200, "Signed, and applied, known before, or none of ours.")
        .refuses([Refusal::NotFound]);
    let mut description = Description::of("webhook", [route]);
    let host = SimHost::new(1);
    let endpoint = with_payment(&host);
    for event in ["webhook", "webhook-forged"] {
        description.tell(&endpoint, &host, event);
    }
    // PayPal's signature needs PayPal's certificate, which the sandbox has made for itself: it is shown how PayPal asks.
    description.show("webhook-paypal");
    description.holds(|| {
        let host = SimHost::new(1);
        (with_payment(&host), host)
    });
    description.keep();
}
