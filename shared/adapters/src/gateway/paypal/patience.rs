//! What PayPal's answer says about sending the request once more.

use domain::gateway::UnknownReason;

use super::{error::PaypalError, reply::Called};
use crate::gateway::patience::Heard;

/// A 429 and a 5xx are not over in a moment; another request that holds the key or the object is.
pub(super) fn heard(called: &Called) -> Heard {
    match called {
        Err(UnknownReason::ConnectionLost) => Heard::Lost,
        Err(_) => Heard::Final,
        Ok(response) if response.status == 401 => Heard::RefusedUs,
        Ok(response) => {
            let is_busy =
                PaypalError::read(&response.body).is_some_and(|error| error.has("PREVIOUS_REQUEST_IN_PROGRESS"));
            if is_busy { Heard::Busy } else { Heard::Final }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::gateway::{
        patience::{Again, Patience},
        paypal::fixtures::{issue, response},
    };

    const PLENTY: Duration = Duration::from_secs(20);

    fn answered(status: u16, name: &str) -> Called {
        Ok(response(status, &issue(name).to_string()))
    }

    /// How often a request is sent again if the same thing happens each time.
    fn tries(called: &Called, left: Duration) -> usize {
        let mut patience = Patience::default();
        (0..100).take_while(|_| patience.again(heard(called), left, 7).is_some()).count()
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
        let pauses: Vec<_> = (0..2).filter_map(|_| patience.again(heard(&busy), PLENTY, 150)).collect();
        let [first, second] = [350, 550].map(|ms| Again::After(Duration::from_millis(ms)));
        assert_eq!(pauses, [first, second]);
    }
}
