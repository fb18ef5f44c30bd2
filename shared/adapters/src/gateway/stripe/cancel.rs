//! Cancels a PaymentIntent. Canceling twice is canceling once, so each try has a key of its own: a saved failure under
//! an old key can never stand in the way.

use domain::{
    id::gateway_key,
    payment::{ActKind, End, Payment},
};

use super::message::{StripeRequest, field};

/// The request for canceling the payment's object; `fresh` tells this try from every other.
pub(super) fn request(payment: &Payment, fresh: u64) -> StripeRequest {
    let expired = payment.open_act().is_some_and(|act| act.kind == ActKind::Close { ends_as: End::Expired });
    // Stripe's other reasons say who asked, and why; we know neither.
    let form = if expired { vec![field("cancellation_reason", "abandoned")] } else { Vec::new() };
    let path = format!("/v1/payment_intents/{}/cancel", payment.object.as_str());
    StripeRequest::post(path, gateway_key::cancel(&payment.id, fresh), form)
}

#[cfg(test)]
mod tests {
    use domain::{
        payment::{Act, ActProgress},
        time::Timestamp,
    };

    use super::*;
    use crate::gateway::stripe::fixtures::{TRANSACTION_ID, payment};

    #[test]
    fn each_try_has_a_key_of_its_own() {
        let path = "/v1/payment_intents/pi_1/cancel".to_owned();
        let key = format!("{TRANSACTION_ID}:cancel:000000000000002a");
        assert_eq!(request(&payment(), 42), StripeRequest::post(path, key, Vec::new()));
        assert!(request(&payment(), 42) != request(&payment(), 43));
    }

    #[test]
    fn a_payer_who_never_came_has_abandoned_it() {
        let mut payment = payment();
        payment.acts.push(Act {
            kind: ActKind::Close { ends_as: End::Expired },
            request: None,
            started_at: Timestamp::from_unix_ms(0),
            progress: ActProgress::Open,
        });
        assert_eq!(request(&payment, 1).act.body().unwrap(), "cancellation_reason=abandoned");
    }
}
