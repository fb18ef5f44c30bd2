//! What a whole response means: the outcome of (status, headers, body).
//!
//! A fact needs Stripe's own word in a shape we know. Whatever else comes back (a proxy's page, half a body, a status
//! that Stripe does not document) proves nothing and is [`Outcome::Unknown`]: never a failure (promise P4).

use domain::gateway::{Answer, Hand, ObjectSnapshot, Outcome, UnknownReason};

use super::{
    error::{Shown, StripeError},
    message::{StripeResponse, Unsendable},
    object::PaymentIntent,
};

/// What came of a call: a response, or the reason why there is none.
pub(super) type Called = Result<StripeResponse, UnknownReason>;

/// A response, understood.
pub(super) enum Reply {
    /// Stripe showed its object.
    Object(Box<PaymentIntent>),
    /// The charge was declined.
    Declined(Box<StripeError>),
    /// The request was refused and nothing happened.
    Refused(Box<StripeError>),
    /// Nobody knows.
    Unknown(UnknownReason),
}

impl Reply {
    /// Understands a response.
    pub(super) fn of(response: &StripeResponse) -> Self {
        match response.status {
            200..=299 => PaymentIntent::read(&response.body)
                .map_or(Self::Unknown(UnknownReason::Unreadable), |intent| Self::Object(Box::new(intent))),
            _ => match understood_refusal(response) {
                Ok(error) if error.kind() == "card_error" || response.status == 402 => Self::Declined(Box::new(error)),
                Ok(error) => Self::Refused(Box::new(error)),
                Err(reason) => Self::Unknown(reason),
            },
        }
    }

    /// What it came to.
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Self::Object(intent) => {
                intent.snapshot().map_or(Outcome::Unknown(UnknownReason::Unreadable), Outcome::Object)
            }
            Self::Declined(error) => Outcome::Declined { decline: error.decline(), object: snapshot_of(&error) },
            Self::Refused(error) => refused(&error),
            Self::Unknown(reason) => Outcome::Unknown(reason),
        }
    }
}

/// What Stripe does not like about a request that it did nothing for.
///
/// # Errors
/// If nobody knows what it did.
pub(super) fn understood_refusal(response: &StripeResponse) -> Result<StripeError, UnknownReason> {
    match response.status {
        400 | 402 | 404 => {}
        // 403: the key may not do this. Both end with somebody giving us another key, and neither did anything.
        401 | 403 => return Err(UnknownReason::Unauthorized),
        409 => return Err(UnknownReason::KeyInUse),
        429 => return Err(UnknownReason::RateLimited),
        // 424: somebody behind Stripe failed, at we know not which point.
        424 | 500..=599 => return Err(UnknownReason::ServerError),
        _ => return Err(UnknownReason::Unreadable),
    }
    let error = StripeError::read(&response.body).ok_or(UnknownReason::Unreadable)?;
    match (error.kind(), error.code()) {
        (_, "idempotency_key_in_use") => Err(UnknownReason::KeyInUse),
        (_, "rate_limit" | "lock_timeout") => Err(UnknownReason::RateLimited),
        ("idempotency_error", _) => Err(UnknownReason::KeyMismatch),
        ("api_error", _) => Err(UnknownReason::ServerError),
        _ => Ok(error),
    }
}

/// The answer to one of our own requests.
pub(super) fn answer(called: Called) -> Answer {
    match called {
        Ok(response) => {
            let hand = if response.replayed { Hand::Replayed } else { Hand::First };
            Answer { outcome: Reply::of(&response).outcome(), hand }
        }
        Err(reason) => Answer { outcome: Outcome::Unknown(reason), hand: Hand::First },
    }
}

/// The answer to a request that was not sent.
pub(super) fn unsent(why: Unsendable) -> Answer {
    let outcome = match why {
        Unsendable::NotOnTheRow => Outcome::Unknown(UnknownReason::NotSent),
        Unsendable::Impossible(code) => Outcome::Refused { code: code.to_owned(), object: None },
    };
    Answer { outcome, hand: Hand::First }
}

/// A refusal closes an attempt, so it must not hide an object that stood in the way: that one may hold the money.
fn refused(error: &StripeError) -> Outcome {
    let code = error.code();
    match error.shown() {
        Shown::Object(intent) => match intent.snapshot() {
            Some(object) => Outcome::Refused { code: code.to_owned(), object: Some(object) },
            None => Outcome::Unknown(UnknownReason::Unreadable),
        },
        Shown::Nothing if is_about_what_was_asked(error) => Outcome::Refused { code: code.to_owned(), object: None },
        // What Stripe has done already, it has done for somebody: the object tells for whom, and it was not shown.
        Shown::Nothing if matches!(code, "payment_intent_unexpected_state" | "charge_already_captured") => {
            Outcome::Unknown(UnknownReason::Unreadable)
        }
        Shown::Nothing => Outcome::Unknown(UnknownReason::Misconfigured),
        Shown::Unreadable => Outcome::Unknown(UnknownReason::Unreadable),
    }
}

/// Whether a refusal is about something that our client chose, so that choosing otherwise helps. Whatever else Stripe does
/// not like (an object of another account, a parameter it does not know) is a fault of ours, and no payer's.
fn is_about_what_was_asked(error: &StripeError) -> bool {
    const CHOSEN: [&str; 6] =
        ["payment_method", "payment_method_data", "confirmation_token", "return_url", "amount", "amount_to_capture"];
    // A token that was used before, and holds that ran out or are gone: Stripe names no parameter then.
    const CODES: [&str; 4] = [
        "token_already_used",
        "capture_charge_authorization_expired",
        "capture_unauthorized_payment",
        "charge_expired_for_capture",
    ];
    let about = error.param().and_then(|param| param.split('[').next()).is_some_and(|param| CHOSEN.contains(&param));
    about || error.code().starts_with("payment_method_") || CODES.contains(&error.code())
}

fn snapshot_of(error: &StripeError) -> Option<ObjectSnapshot> {
    match error.shown() {
        Shown::Object(intent) => intent.snapshot(),
        Shown::Nothing | Shown::Unreadable => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::gateway::ObjectStatus;
    use serde_json::{Value, json};

    use super::*;
    use crate::gateway::stripe::fixtures::{intent, response};

    fn outcome(status: u16, body: Value) -> Outcome {
        Reply::of(&response(status, &body.to_string())).outcome()
    }

    fn unknown(reason: UnknownReason) -> Outcome {
        Outcome::Unknown(reason)
    }

    #[test]
    fn a_declined_charge_is_read_from_the_402_with_the_object_inside() {
        let error = json!({"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
            "payment_intent": intent("requires_payment_method")});
        let Outcome::Declined { decline, object } = outcome(402, json!({ "error": error })) else {
            panic!("not declined")
        };
        assert_eq!(decline.code, "insufficient_funds");
        assert_eq!(object.unwrap().status, ObjectStatus::AwaitsMethod);
    }

    #[test]
    fn a_request_that_stripe_refused_says_why_and_what_stood_in_the_way() {
        let missing =
            json!({"error": {"type": "invalid_request_error", "code": "resource_missing", "param": "payment_method"}});
        let refused = Outcome::Refused { code: "resource_missing".into(), object: None };
        assert_eq!(outcome(400, missing.clone()), refused);
        assert_eq!(outcome(404, missing), refused);
        let state = json!({"error": {"type": "invalid_request_error", "code": "payment_intent_unexpected_state",
            "payment_intent": intent("succeeded")}});
        let Outcome::Refused { object: Some(object), .. } = outcome(400, state) else { panic!("no object") };
        assert_eq!(object.status, ObjectStatus::Captured { received_minor_units: 2_500 });
    }

    #[test]
    fn a_hold_that_ran_out_refuses_its_capture_and_one_that_was_captured_is_looked_at() {
        let said = |code| outcome(400, json!({"error": {"type": "invalid_request_error", "code": code}}));
        for code in ["capture_charge_authorization_expired", "charge_expired_for_capture"] {
            assert_eq!(said(code), Outcome::Refused { code: code.to_owned(), object: None });
        }
        assert_eq!(said("charge_already_captured"), unknown(UnknownReason::Unreadable));
    }

    #[test]
    fn what_is_our_own_fault_closes_no_attempt() {
        for error in [
            json!({"type": "invalid_request_error"}),
            json!({"type": "invalid_request_error", "code": "parameter_unknown", "param": "payment_method_types"}),
            json!({"type": "invalid_request_error", "code": "resource_missing", "param": "intent"}),
            json!({"type": "invalid_request_error", "code": "account_invalid"}),
        ] {
            assert_eq!(outcome(404, json!({ "error": error })), unknown(UnknownReason::Misconfigured), "{error}");
        }
    }

    #[test]
    fn an_object_that_stood_in_the_way_and_cannot_be_seen_leaves_the_outcome_unknown() {
        for error in [
            json!({"type": "invalid_request_error", "code": "payment_intent_unexpected_state"}),
            json!({"type": "invalid_request_error", "code": "payment_intent_unexpected_state", "payment_intent": {"id": "pi_1"}}),
            json!({"type": "invalid_request_error", "code": "parameter_unknown", "payment_intent": "pi_1"}),
        ] {
            assert_eq!(outcome(400, json!({ "error": error })), unknown(UnknownReason::Unreadable));
        }
    }

    #[test]
    fn what_proves_nothing_is_unknown_and_says_why() {
        let error = |kind: &str, code: &str| json!({"error": {"type": kind, "code": code}});
        let html = json!("<html>blocked</html>");
        for (status, body, reason) in [
            (400, error("idempotency_error", ""), UnknownReason::KeyMismatch),
            (409, error("idempotency_error", "idempotency_key_in_use"), UnknownReason::KeyInUse),
            (400, error("invalid_request_error", "rate_limit"), UnknownReason::RateLimited),
            (429, error("invalid_request_error", "lock_timeout"), UnknownReason::RateLimited),
            (429, html.clone(), UnknownReason::RateLimited),
            (401, error("invalid_request_error", ""), UnknownReason::Unauthorized),
            (403, error("invalid_request_error", ""), UnknownReason::Unauthorized),
            (400, error("api_error", ""), UnknownReason::ServerError),
            (424, error("api_error", ""), UnknownReason::ServerError),
            (500, error("api_error", ""), UnknownReason::ServerError),
            (503, html.clone(), UnknownReason::ServerError),
            (200, html.clone(), UnknownReason::Unreadable),
            (200, json!({"object": "charge"}), UnknownReason::Unreadable),
            (302, html.clone(), UnknownReason::Unreadable),
            (400, html.clone(), UnknownReason::Unreadable),
            (402, html.clone(), UnknownReason::Unreadable),
            (404, html, UnknownReason::Unreadable),
            (418, error("card_error", "card_declined"), UnknownReason::Unreadable),
        ] {
            assert_eq!(outcome(status, body.clone()), unknown(reason), "{status} {body}");
        }
    }

    #[test]
    fn what_was_not_sent_is_refused_only_if_it_never_can_be() {
        assert_eq!(unsent(Unsendable::NotOnTheRow).outcome, unknown(UnknownReason::NotSent));
        let refused = Outcome::Refused { code: "why".into(), object: None };
        assert_eq!(unsent(Unsendable::Impossible("why")).outcome, refused);
    }

    #[test]
    fn a_replay_is_told_from_a_first_hand_answer() {
        let first = response(500, "{}");
        let replayed = StripeResponse { replayed: true, ..first.clone() };
        assert_eq!(answer(Ok(first)).hand, Hand::First);
        assert_eq!(answer(Ok(replayed)).hand, Hand::Replayed);
        let silence = Answer { outcome: unknown(UnknownReason::Timeout), hand: Hand::First };
        assert_eq!(answer(Err(UnknownReason::Timeout)), silence);
    }

    proptest::proptest! {
        #[test]
        fn no_garbage_makes_us_fall_over_or_see_an_object(status: u16, body: Vec<u8>, text in "\\PC{0,200}") {
            for body in [body, format!("{{\"error\":{{\"code\":{text:?}}}}}").into_bytes()] {
                let response = StripeResponse { status, replayed: false, should_retry: None, body };
                proptest::prop_assert!(answer(Ok(response)).outcome.object().is_none());
            }
        }
    }
}
