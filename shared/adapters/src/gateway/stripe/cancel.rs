//! Cancels a PaymentIntent. Canceling twice is canceling once, so each try has a key of its own: a saved failure under
//! an old key can never stand in the way.

use domain::{
    id::gateway_key,
    payment::{ActKind, CancelReason, End, Payment},
};

use super::message::{StripeRequest, field};

/// The request for canceling the payment's object; `fresh` tells this try from every other.
pub(super) fn request(payment: &Payment, fresh: u64) -> StripeRequest {
    // A reason says who asked, and why; where nobody told us, none is made up.
    let reason = payment.open_act().and_then(|act| match act.kind {
        ActKind::Close { ends_as: End::Expired } => Some(CancelReason::Abandoned),
        ActKind::Close { ends_as: End::Canceled | End::Failed } | ActKind::Capture { .. } => act.reason,
    });
    let form = reason.map(|reason| field("cancellation_reason", reason.name())).into_iter().collect();
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

    fn closing(ends_as: End, reason: Option<CancelReason>) -> String {
        let mut payment = payment();
        payment.acts.push(Act {
            kind: ActKind::Close { ends_as },
            request: None,
            started_at: Timestamp::from_unix_ms(0),
            reason,
            progress: ActProgress::Open,
        });
        request(&payment, 1).act.body().unwrap_or_default()
    }

    #[test]
    fn a_payer_who_never_came_has_abandoned_it() {
        assert_eq!(closing(End::Expired, None), "cancellation_reason=abandoned");
    }

    #[test]
    fn the_clients_reason_is_passed_on_and_none_is_made_up() {
        for reason in CancelReason::ALL {
            assert_eq!(closing(End::Canceled, Some(reason)), format!("cancellation_reason={}", reason.name()));
        }
        assert_eq!(closing(End::Canceled, None), "");
        assert_eq!(closing(End::Failed, None), "");
    }
}
