//! Captures or authorizes an approved order: this is what charges.
//!
//! The request is made of the committed row alone, so that whoever finds the row sends the same bytes under the same
//! key. Must never: take anything from the moment, the configuration or the code's own version.

use domain::{
    id::{AttemptNumber, gateway_key},
    payment::{AttemptSource, CaptureMethod, Instrument, Payment},
};
use serde::Serialize;

use super::message::{PaypalRequest, Unsendable};

/// There is nothing to say: the order has it all.
#[derive(Serialize)]
struct Body {}

/// The request for an attempt.
///
/// # Errors
/// Why there is nothing to send.
pub(super) fn request(payment: &Payment, number: AttemptNumber) -> Result<PaypalRequest, Unsendable> {
    match payment.attempt(number).map(|attempt| &attempt.source) {
        Some(AttemptSource::Automatic | AttemptSource::Api { instrument: Instrument::Approved, .. }) => {}
        // What is paid with was chosen on PayPal's page, and cannot be chosen here.
        Some(AttemptSource::Api {
            instrument: Instrument::PaymentMethod(_) | Instrument::ConfirmationToken(_),
            ..
        }) => return Err(Unsendable::Impossible("payment_method_not_taken")),
        Some(AttemptSource::Gateway) | None => return Err(Unsendable::NotOnTheRow),
    }
    let act = match payment.terms.capture {
        CaptureMethod::Automatic => "capture",
        CaptureMethod::Manual => "authorize",
    };
    let path = format!("/v2/checkout/orders/{}/{act}", payment.object.as_str());
    Ok(PaypalRequest::post(path, gateway_key::confirm(&payment.id, number), &Body {}))
}

#[cfg(test)]
mod tests {
    use domain::text::GatewayToken;

    use super::*;
    use crate::gateway::paypal::{
        fixtures::{TRANSACTION_ID, attempt, payment},
        message::Act,
    };

    #[test]
    fn the_request_is_made_of_the_row_and_is_the_same_each_time() {
        let mut payment = payment();
        payment.attempts.push(attempt(Instrument::Approved));
        let sent = request(&payment, AttemptNumber::FIRST).unwrap();
        assert_eq!(sent.path, "/v2/checkout/orders/5O190127TN364715T/capture");
        let key = format!("{TRANSACTION_ID}:confirm:1");
        assert_eq!(sent.act, Act::Post { request_id: key, body: "{}".to_owned() });
        payment.version = 99;
        payment.rounds = 7;
        assert_eq!(request(&payment, AttemptNumber::FIRST), Ok(sent.clone()), "a later version sends other bytes");
        payment.attempts[0].source = AttemptSource::Automatic;
        assert_eq!(request(&payment, AttemptNumber::FIRST), Ok(sent));
    }

    #[test]
    fn what_is_to_be_captured_later_is_authorized() {
        let mut payment = payment();
        payment.terms.capture = CaptureMethod::Manual;
        payment.attempts.push(attempt(Instrument::Approved));
        let sent = request(&payment, AttemptNumber::FIRST).unwrap();
        assert_eq!(sent.path, "/v2/checkout/orders/5O190127TN364715T/authorize");
    }

    #[test]
    fn what_is_not_ours_to_send_is_not_sent() {
        let mut payment = payment();
        assert_eq!(request(&payment, AttemptNumber::FIRST), Err(Unsendable::NotOnTheRow));
        payment.attempts.push(attempt(Instrument::Approved));
        payment.attempts[0].source = AttemptSource::Gateway;
        assert_eq!(request(&payment, AttemptNumber::FIRST), Err(Unsendable::NotOnTheRow));
        payment.attempts = vec![attempt(Instrument::PaymentMethod(GatewayToken::parse("pm_1").unwrap()))];
        let impossible = Err(Unsendable::Impossible("payment_method_not_taken"));
        assert_eq!(request(&payment, AttemptNumber::FIRST), impossible);
    }
}
