//! Whether a request is sent once more within the same call: always the same bytes under the same key.
//!
//! This is only for what is over in a moment. Everything else goes back to the row, whose `due` asks again when this
//! call, its function and its payer's request are long gone. A connection that could not be made, a timeout, a 429 and a
//! 5xx are of that kind.

use std::time::Duration;

use domain::gateway::UnknownReason;

use super::{error::PaypalError, reply::Called};

/// A connection that died while the environment was frozen is noticed only by using it. The next one is new.
const AFTER_LOST_MAX: u32 = 1;
/// Another request holds the key or the object.
const AFTER_BUSY_MAX: u32 = 2;
/// A token that ran out or was taken back is replaced; where that does not help, nothing will.
const AFTER_REFUSED_TOKEN_MAX: u32 = 1;

/// The first pause; the second is twice as long. A charge that another request is making takes a second or two.
const PAUSE: Duration = Duration::from_millis(400);
/// With less than this left, a try would be cut off before PayPal could answer.
const WORTHWHILE: Duration = Duration::from_millis(500);

/// What is left of a call's patience. Each try spends some, so a call ends.
#[derive(Debug, Default)]
pub(super) struct Patience {
    lost: u32,
    busy: u32,
    refused_token: u32,
}

/// How the request is sent once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// After this pause.
    After(Duration),
    /// With another token, if there is one. PayPal checks it before it looks at anything else.
    WithAnotherToken,
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
                spend(&mut self.refused_token, AFTER_REFUSED_TOKEN_MAX).then_some(Again::WithAnotherToken)
            }
            Ok(response) => {
                let is_busy =
                    PaypalError::read(&response.body).is_some_and(|error| error.has("PREVIOUS_REQUEST_IN_PROGRESS"));
                let pause = jittered(PAUSE.saturating_mul(self.busy.saturating_add(1)), dice);
                let worthwhile = left >= pause.saturating_add(WORTHWHILE);
                (is_busy && worthwhile && spend(&mut self.busy, AFTER_BUSY_MAX)).then_some(Again::After(pause))
            }
        }
    }
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
    use super::*;
    use crate::gateway::paypal::fixtures::{issue, response};

    const PLENTY: Duration = Duration::from_secs(20);

    fn answered(status: u16, name: &str) -> Called {
        Ok(response(status, &issue(name).to_string()))
    }

    /// How often a request is sent again if the same thing happens each time.
    fn tries(called: &Called, left: Duration) -> usize {
        let mut patience = Patience::default();
        (0..100).take_while(|_| patience.again(called, left, 7).is_some()).count()
    }

    #[test]
    fn only_what_is_over_in_a_moment_is_asked_again_and_not_for_ever() {
        for (called, expected) in [
            (answered(409, "PREVIOUS_REQUEST_IN_PROGRESS"), 2),
            (answered(422, "PREVIOUS_REQUEST_IN_PROGRESS"), 2),
            (answered(401, "INVALID_ACCOUNT_STATUS"), 1),
            (Err(UnknownReason::ConnectionLost), 1),
            (answered(422, "INSTRUMENT_DECLINED"), 0),
            (answered(409, "RESOURCE_CONFLICT"), 0),
            (answered(429, "RATE_LIMIT_REACHED"), 0),
            (answered(503, "INTERNAL_SERVER_ERROR"), 0),
            (Ok(response(201, "{}")), 0),
            (Err(UnknownReason::Timeout), 0),
            (Err(UnknownReason::NotSent), 0),
            (Err(UnknownReason::Unreadable), 0),
        ] {
            assert_eq!(tries(&called, PLENTY), expected, "{called:?}");
        }
    }

    #[test]
    fn with_no_time_left_to_hear_the_answer_nobody_asks() {
        assert_eq!(tries(&answered(409, "PREVIOUS_REQUEST_IN_PROGRESS"), Duration::from_millis(600)), 0);
    }

    #[test]
    fn pauses_grow_and_two_who_met_do_not_meet_again() {
        let mut patience = Patience::default();
        let busy = answered(409, "PREVIOUS_REQUEST_IN_PROGRESS");
        let pauses: Vec<_> = (0..2).filter_map(|_| patience.again(&busy, PLENTY, 150)).collect();
        let [first, second] = [350, 550].map(|ms| Again::After(Duration::from_millis(ms)));
        assert_eq!(pauses, [first, second]);
    }
}
