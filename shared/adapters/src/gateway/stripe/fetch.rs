//! Looks at a PaymentIntent.

use domain::payment::Payment;

use super::message::StripeRequest;

/// The request for a look at the payment's object.
pub(super) fn request(payment: &Payment) -> StripeRequest {
    StripeRequest::get(format!("/v1/payment_intents/{}", payment.object.as_str()))
}
