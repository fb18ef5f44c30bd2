//! Looks at an order, with everything on it.

use domain::payment::Payment;

use super::message::PaypalRequest;

/// The request for a look at the payment's order.
pub(super) fn request(payment: &Payment) -> PaypalRequest {
    PaypalRequest::get(format!("/v2/checkout/orders/{}", payment.object.as_str()))
}
