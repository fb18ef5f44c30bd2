//! Looks at a PaymentIntent.

use domain::payment::Payment;

use super::{message::StripeRequest, settlement};

/// The request for a look at the payment's object.
pub(super) fn request(payment: &Payment) -> StripeRequest {
    StripeRequest::get(format!("/v1/payment_intents/{}?{}", payment.object.as_str(), settlement::query()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::stripe::fixtures::payment;

    #[test]
    fn a_look_asks_for_what_the_charge_came_to() {
        let path = "/v1/payment_intents/pi_1?expand%5B%5D=latest_charge.balance_transaction";
        assert_eq!(request(&payment()), StripeRequest::get(path.to_owned()));
    }
}
