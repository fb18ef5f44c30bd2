//! Lets go of what an authorization holds. An order without one cannot be canceled at PayPal, and need not be: money moves
//! on it only by our own request, and the row says that there will be none. So it is only looked at.

use domain::{id::gateway_key, payment::Payment, text::GatewayToken};
use serde::Serialize;

use super::message::PaypalRequest;

/// A void takes no words.
#[derive(Serialize)]
struct Body {}

/// The request for letting this authorization of the payment's order go; `fresh` tells this try from every other.
pub(super) fn request(payment: &Payment, authorization: &GatewayToken, fresh: u64) -> PaypalRequest {
    let path = format!("/v2/payments/authorizations/{}/void", authorization.as_str());
    PaypalRequest::post(path, gateway_key::cancel(&payment.id, fresh), &Body {})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::paypal::{
        fixtures::{AUTHORIZATION, TRANSACTION_ID, payment},
        message::Act,
    };

    #[test]
    fn each_try_has_a_key_of_its_own() {
        let held = GatewayToken::parse(AUTHORIZATION).unwrap();
        let sent = request(&payment(), &held, 42);
        assert_eq!(sent.path, "/v2/payments/authorizations/0AW2184448108334S/void");
        let key = format!("{TRANSACTION_ID}:cancel:000000000000002a");
        assert_eq!(sent.act, Act::Post { request_id: key, body: "{}".to_owned() });
        assert!(request(&payment(), &held, 43) != sent);
    }
}
