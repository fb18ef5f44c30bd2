//! Captures what is held: the movement of the money.

use domain::{
    gateway::Outcome,
    id::gateway_key,
    payment::{Act, ActKind, Payment},
};

use super::{
    amount::to_stripe,
    message::{StripeRequest, Unsendable, field},
    settlement,
};

/// The request for the open capture.
///
/// # Errors
/// Why there is nothing to send.
pub(super) fn request(payment: &Payment) -> Result<StripeRequest, Unsendable> {
    let Some(Act { kind: ActKind::Capture { amount }, .. }) = payment.open_act() else {
        return Err(Unsendable::NotOnTheRow);
    };
    let amount = to_stripe(*amount).map_err(|_| Unsendable::Impossible("amount_not_expressible"))?;
    // Acts are only ever added, so the count names this capture for as long as it is open.
    let number = payment.acts.iter().filter(|act| matches!(act.kind, ActKind::Capture { .. })).count();
    let path = format!("/v1/payment_intents/{}/capture", payment.object.as_str());
    let key = gateway_key::capture(&payment.id, number);
    Ok(StripeRequest::post(path, key, vec![field("amount_to_capture", amount.to_string()), settlement::shown()]))
}

/// No issuer declines an act: what Stripe words as a card's error is a refusal to do it.
pub(super) fn not_declined(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Declined { decline, object } => Outcome::Refused { code: decline.gateway_code, object },
        Outcome::Object(_) | Outcome::Refused { .. } | Outcome::Unknown(_) => outcome,
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        decline::{Decline, GatewayWords},
        money::{Currency, Money},
        payment::{ActProgress, End},
        time::Timestamp,
    };

    use super::*;
    use crate::gateway::stripe::fixtures::{TRANSACTION_ID, payment};

    fn act(kind: ActKind, progress: ActProgress) -> Act {
        Act { kind, request: None, started_at: Timestamp::from_unix_ms(0), reason: None, progress }
    }

    fn capture(minor_units: i64) -> ActKind {
        ActKind::Capture { amount: Money::payable(minor_units, Currency::from_code("EUR").unwrap()).unwrap() }
    }

    #[test]
    fn the_second_capture_has_a_key_of_its_own_and_keeps_it() {
        let mut payment = payment();
        payment.acts.push(act(capture(500), ActProgress::Refused { code: "x".into() }));
        payment.acts.push(act(ActKind::Close { ends_as: End::Canceled }, ActProgress::Refused { code: "x".into() }));
        payment.acts.push(act(capture(2_000), ActProgress::Open));
        let expected = StripeRequest::post(
            "/v1/payment_intents/pi_1/capture".into(),
            format!("{TRANSACTION_ID}:capture:2"),
            vec![field("amount_to_capture", "2000"), field("expand[]", "latest_charge.balance_transaction")],
        );
        assert_eq!(request(&payment), Ok(expected));
    }

    #[test]
    fn without_an_open_capture_nothing_is_sent() {
        let mut payment = payment();
        let unsent = Err(Unsendable::NotOnTheRow);
        assert_eq!(request(&payment), unsent);
        payment.acts.push(act(capture(500), ActProgress::Done));
        assert_eq!(request(&payment), unsent);
        payment.acts.push(act(ActKind::Close { ends_as: End::Canceled }, ActProgress::Open));
        assert_eq!(request(&payment), unsent);
    }

    #[test]
    fn a_capture_cannot_be_declined_only_refused() {
        let decline = Decline::judge(GatewayWords { code: "expired_card", ..GatewayWords::default() });
        let refused = Outcome::Refused { code: "expired_card".into(), object: None };
        assert_eq!(not_declined(Outcome::Declined { decline, object: None }), refused);
    }
}
