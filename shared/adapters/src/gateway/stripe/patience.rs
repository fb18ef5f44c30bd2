//! What Stripe's answer says about sending the request once more.

use domain::gateway::UnknownReason;

use super::{error::StripeError, reply::Called};
use crate::gateway::patience::Heard;

/// Stripe's own word decides; where it says nothing, what is busy is asked again.
pub(super) fn heard(called: &Called) -> Heard {
    match called {
        Err(UnknownReason::ConnectionLost) => Heard::Lost,
        Err(_) => Heard::Final,
        Ok(response) if response.status == 401 => Heard::RefusedUs,
        // A saved answer will not change, and a fact is a fact.
        Ok(response) if response.replayed || (200..=299).contains(&response.status) => Heard::Final,
        Ok(response) => {
            let asks = response.should_retry.unwrap_or_else(|| is_busy(response.status, &response.body));
            if asks { Heard::Busy } else { Heard::Final }
        }
    }
}

/// Another request holds the key or the object at this moment.
fn is_busy(status: u16, body: &[u8]) -> bool {
    let code = || StripeError::read(body).map(|error| error.code().to_owned());
    matches!(status, 409 | 429) && code().is_some_and(|code| code == "idempotency_key_in_use" || code == "lock_timeout")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::gateway::patience::{Again, Patience};
    use crate::gateway::stripe::{fixtures::response, message::StripeResponse};

    const PLENTY: Duration = Duration::from_secs(20);

    fn answered(status: u16, code: &str, should_retry: Option<bool>) -> Called {
        let body = json!({"error": {"type": "invalid_request_error", "code": code}}).to_string();
        Ok(StripeResponse { should_retry, ..response(status, &body) })
    }

    /// How often a request is sent again if the same thing happens each time.
    fn tries(called: &Called, left: Duration) -> usize {
        let mut patience = Patience::default();
        (0..100).take_while(|_| patience.again(heard(called), left, 7).is_some()).count()
    }

    #[test]
    fn stripes_own_word_decides_within_bounds() {
        for status in [400, 402, 409, 429, 500, 503] {
            assert_eq!(tries(&answered(status, "lock_timeout", Some(true)), PLENTY), 2, "{status}");
            assert_eq!(tries(&answered(status, "lock_timeout", Some(false)), PLENTY), 0, "{status}");
        }
    }

    #[test]
    fn where_stripe_says_nothing_only_what_is_busy_is_asked_again() {
        assert_eq!(tries(&answered(409, "idempotency_key_in_use", None), PLENTY), 2);
        assert_eq!(tries(&answered(409, "lock_timeout", None), PLENTY), 2);
        assert_eq!(tries(&answered(429, "lock_timeout", None), PLENTY), 2);
        for (status, code) in
            [(409, "other"), (429, "rate_limit"), (400, "lock_timeout"), (402, "card_declined"), (500, "")]
        {
            assert_eq!(tries(&answered(status, code, None), PLENTY), 0, "{status} {code}");
        }
    }

    #[test]
    fn a_fact_and_a_saved_answer_are_never_asked_for_again() {
        assert_eq!(tries(&answered(200, "", Some(true)), PLENTY), 0);
        let saved = StripeResponse { replayed: true, should_retry: Some(true), ..response(500, "{}") };
        assert_eq!(tries(&Ok(saved), PLENTY), 0);
    }

    #[test]
    fn a_lost_connection_is_replaced_once_and_at_once() {
        let lost = Err(UnknownReason::ConnectionLost);
        assert_eq!(tries(&lost, PLENTY), 1);
        assert_eq!(Patience::default().again(heard(&lost), Duration::ZERO, 7), Some(Again::After(Duration::ZERO)));
        for reason in [UnknownReason::NotSent, UnknownReason::Timeout, UnknownReason::Unreadable] {
            assert_eq!(tries(&Err(reason), PLENTY), 0, "{reason:?}");
        }
    }

    #[test]
    fn a_refused_key_is_read_anew_once_whatever_else_the_answer_says() {
        assert_eq!(tries(&answered(401, "", Some(false)), PLENTY), 1);
        assert_eq!(tries(&answered(403, "", None), PLENTY), 0);
    }

    #[test]
    fn a_try_that_would_be_cut_off_is_not_made() {
        assert_eq!(tries(&answered(409, "lock_timeout", None), Duration::from_millis(600)), 0);
    }

    #[test]
    fn pauses_grow_and_are_jittered() {
        let busy = answered(409, "lock_timeout", None);
        let pauses = |dice| {
            let mut patience = Patience::default();
            [patience.again(heard(&busy), PLENTY, dice), patience.again(heard(&busy), PLENTY, dice)]
        };
        let ms = |ms| Some(Again::After(Duration::from_millis(ms)));
        assert_eq!(pauses(0), [ms(200), ms(400)]);
        assert_eq!(pauses(200), [ms(400), ms(600)]);
        for dice in [1, 77, u64::MAX] {
            let [first, second] = pauses(dice);
            assert!((ms(200)..=ms(400)).contains(&first) && (ms(400)..=ms(800)).contains(&second), "{dice}");
        }
    }
}
