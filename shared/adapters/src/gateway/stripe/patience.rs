//! Whether a request is sent once more within the same call: always the same bytes under the same key.
//!
//! This is only for what is over in a moment. Everything else goes back to the row, whose `due` asks again when this
//! call, its function and its payer's request are long gone. A connection that could not be made, a timeout and a 5xx
//! that Stripe does not ask us to repeat are of that kind.

use std::time::Duration;

use domain::gateway::UnknownReason;

use super::{error::StripeError, reply::Called};

/// A connection that died while the environment was frozen is noticed only by using it. The next one is new.
const AFTER_LOST_MAX: u32 = 1;
/// Stripe asks for another try, or another request holds the key or the object.
const AFTER_ASKED_MAX: u32 = 2;
/// A key that was rolled is read anew; one that is wrong stays wrong.
const AFTER_REFUSED_KEY_MAX: u32 = 1;

/// The first pause; the second is twice as long. A charge that another request is making takes a second or two.
const PAUSE: Duration = Duration::from_millis(400);
/// With less than this left, a try would be cut off before Stripe could answer.
const WORTHWHILE: Duration = Duration::from_millis(500);

/// What is left of a call's patience. Each try spends some, so a call ends.
#[derive(Debug, Default)]
pub(super) struct Patience {
    lost: u32,
    asked: u32,
    refused_key: u32,
}

/// How the request is sent once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) enum Again {
    /// After this pause.
    After(Duration),
    /// With another API key, if there is one. Stripe checks the key before it looks at anything else.
    WithAnotherKey,
}

impl Patience {
    /// Whether and how to send again, after `called`, with `left` of the budget. None: that was the answer.
    pub(super) fn again(&mut self, called: &Called, left: Duration, dice: u64) -> Option<Again> {
        match called {
            Err(UnknownReason::ConnectionLost) => {
                spend(&mut self.lost, AFTER_LOST_MAX).then_some(Again::After(Duration::ZERO))
            }
            Err(_) => None,
            Ok(response) if response.status == 401 => {
                spend(&mut self.refused_key, AFTER_REFUSED_KEY_MAX).then_some(Again::WithAnotherKey)
            }
            Ok(response) => {
                let asks = match response.should_retry {
                    // A saved answer will not change, and a fact is a fact.
                    _ if response.replayed || (200..=299).contains(&response.status) => false,
                    Some(asks) => asks,
                    None => is_busy(response.status, &response.body),
                };
                let pause = jittered(PAUSE.saturating_mul(self.asked.saturating_add(1)), dice);
                let worthwhile = left >= pause.saturating_add(WORTHWHILE);
                (asks && worthwhile && spend(&mut self.asked, AFTER_ASKED_MAX)).then_some(Again::After(pause))
            }
        }
    }
}

/// Another request holds the key or the object at this moment.
fn is_busy(status: u16, body: &[u8]) -> bool {
    let code = || StripeError::read(body).map(|error| error.code().to_owned());
    matches!(status, 409 | 429) && code().is_some_and(|code| code == "idempotency_key_in_use" || code == "lock_timeout")
}

fn spend(spent: &mut u32, max: u32) -> bool {
    let granted = *spent < max;
    *spent = spent.saturating_add(u32::from(granted));
    granted
}

/// Between half of a pause and the whole, so that two requests that met do not meet again.
fn jittered(pause: Duration, dice: u64) -> Duration {
    let half = pause.checked_div(2).unwrap_or(pause);
    let half_ms = u64::try_from(half.as_millis()).unwrap_or(u64::MAX);
    half.saturating_add(Duration::from_millis(dice.checked_rem(half_ms.saturating_add(1)).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::gateway::stripe::{fixtures::response, message::StripeResponse};

    const PLENTY: Duration = Duration::from_secs(20);

    fn answered(status: u16, code: &str, should_retry: Option<bool>) -> Called {
        let body = json!({"error": {"type": "invalid_request_error", "code": code}}).to_string();
        Ok(StripeResponse { should_retry, ..response(status, &body) })
    }

    /// How often a request is sent again if the same thing happens each time.
    fn tries(called: &Called, left: Duration) -> usize {
        let mut patience = Patience::default();
        (0..100).take_while(|_| patience.again(called, left, 7).is_some()).count()
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
        assert_eq!(Patience::default().again(&lost, Duration::ZERO, 7), Some(Again::After(Duration::ZERO)));
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
            [patience.again(&busy, PLENTY, dice), patience.again(&busy, PLENTY, dice)]
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
