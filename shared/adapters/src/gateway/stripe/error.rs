//! Stripe's error: what it says, and the decline that it stands for.
//!
//! Must never: read `message`. It is written for people, changes without notice, and may quote what was sent.

use domain::decline::{Advice, Decline, GatewayWords};
use serde::Deserialize;
use serde_json::Value;

use super::{
    object::PaymentIntent,
    word::{Word, if_readable},
};
use crate::named::Named;

/// What Stripe says when it says no: `error` of an answer, or `last_payment_error` of a PaymentIntent.
#[derive(Deserialize)]
pub(super) struct StripeError {
    #[serde(rename = "type", default, deserialize_with = "if_readable")]
    kind: Option<Word>,
    #[serde(default, deserialize_with = "if_readable")]
    code: Option<Word>,
    #[serde(default, deserialize_with = "if_readable")]
    decline_code: Option<Word>,
    #[serde(default, deserialize_with = "if_readable")]
    advice_code: Option<Word>,
    #[serde(default, deserialize_with = "if_readable")]
    network_advice_code: Option<Word>,
    #[serde(default, deserialize_with = "if_readable")]
    network_decline_code: Option<Word>,
    #[serde(default, deserialize_with = "if_readable")]
    param: Option<String>,
    #[serde(default)]
    charge: Value,
    #[serde(default)]
    payment_intent: Value,
}

/// Whether the object that an error is about was shown with it.
pub(super) enum Shown {
    /// It was.
    Object(Box<PaymentIntent>),
    /// There was none.
    Nothing,
    /// There was something, and it cannot be read.
    Unreadable,
}

impl StripeError {
    /// Reads the error of an answer; none if there is none (a proxy's page, a broken body).
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Envelope {
            error: Named<StripeError>,
        }
        serde_json::from_slice::<Named<Envelope>>(body).ok().map(|Named(envelope)| envelope.error.0)
    }

    /// Stripe's `type`.
    pub(super) fn kind(&self) -> &str {
        self.kind.as_ref().map_or("", Word::as_str)
    }

    /// Stripe's code for what is wrong; its `type` where there is none.
    pub(super) fn code(&self) -> &str {
        self.code.as_ref().or(self.kind.as_ref()).map_or("unknown", Word::as_str)
    }

    /// The parameter that is wrong.
    pub(super) fn param(&self) -> Option<&str> {
        self.param.as_deref()
    }

    /// The object that it is about.
    pub(super) fn shown(&self) -> Shown {
        if self.payment_intent.is_null() {
            return Shown::Nothing;
        }
        PaymentIntent::of(self.payment_intent.clone())
            .map_or(Shown::Unreadable, |intent| Shown::Object(Box::new(intent)))
    }

    /// The decline that it stands for: Stripe's advice first, then the network's, then the reason.
    pub(super) fn decline(&self) -> Decline {
        let (blocked, reason) = (self.screened_out(), self.decline_code.as_ref());
        Decline::judge(GatewayWords {
            code: blocked.as_ref().or(reason).map_or_else(|| self.code(), Word::as_str),
            advice: self.advice_code.as_ref().and_then(|advice| advice_of(advice.as_str())),
            network_advice: self.network_advice_code.as_ref().map(Word::as_str),
            network_code: self.network_decline_code.as_ref().map(Word::as_str),
        })
    }

    /// Why Stripe itself blocked the charge, where the charge is shown and tells. The decline code beside it is only a
    /// vague one, of a kind that is tried again; a reason that we do not know is not.
    fn screened_out(&self) -> Option<Word> {
        [self.charge.pointer("/outcome"), self.payment_intent.pointer("/latest_charge/outcome")]
            .into_iter()
            .flatten()
            .find(|outcome| outcome.get("type").and_then(Value::as_str) == Some(BLOCKED))
            .map(|outcome| Word::of(outcome.get("reason").and_then(Value::as_str).unwrap_or(BLOCKED)))
    }
}

/// The `type` of an outcome that no issuer has given: a rule of the merchant's, Radar, or Stripe's own judgement.
const BLOCKED: &str = "blocked";

fn advice_of(word: &str) -> Option<Advice> {
    match word {
        "confirm_card_data" => Some(Advice::ConfirmCardData),
        "do_not_try_again" => Some(Advice::DoNotTryAgain),
        "try_again_later" => Some(Advice::TryAgainLater),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::decline::DeclineCategory;
    use serde_json::json;

    use super::*;

    fn decline(error: Value) -> Decline {
        StripeError::read(json!({ "error": error }).to_string().as_bytes()).unwrap().decline()
    }

    /// The test cards of Stripe's documentation that are declined, as Stripe answers them.
    #[test]
    fn every_declining_test_card_gets_its_category() {
        use DeclineCategory::{Later, LaterFewTimes, Never, PayerMustAct};
        for (card, code, decline_code, category) in [
            ("pm_card_visa_chargeDeclined", "card_declined", Some("generic_decline"), LaterFewTimes),
            ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", Some("insufficient_funds"), Later),
            ("pm_card_visa_chargeDeclinedLostCard", "card_declined", Some("lost_card"), Never),
            ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", Some("stolen_card"), Never),
            ("pm_card_chargeDeclinedExpiredCard", "expired_card", Some("expired_card"), PayerMustAct),
            ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", Some("incorrect_cvc"), PayerMustAct),
            ("pm_card_chargeDeclinedProcessingError", "processing_error", Some("processing_error"), Later),
            (
                "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
                "card_declined",
                Some("card_velocity_exceeded"),
                Later,
            ),
            ("pm_card_radarBlock", "card_declined", Some("fraudulent"), Never),
            ("tok_visa_chargeDeclinedFraudulent", "card_declined", Some("fraudulent"), Never),
            ("4242424242424241", "incorrect_number", None, PayerMustAct),
            ("month 13", "invalid_expiry_month", None, PayerMustAct),
            ("cvc 99", "invalid_cvc", None, PayerMustAct),
            ("off-session 3-D Secure", "authentication_required", Some("authentication_required"), PayerMustAct),
            ("failed 3-D Secure", "payment_intent_authentication_failure", None, PayerMustAct),
        ] {
            let judged = decline(json!({"type": "card_error", "code": code, "decline_code": decline_code}));
            assert_eq!((judged.category, judged.code), (category, decline_code.unwrap_or(code)), "{card}");
            assert_eq!(judged.gateway_code, decline_code.unwrap_or(code), "{card}");
        }
    }

    #[test]
    fn advice_goes_before_the_networks_advice_and_that_before_the_reason() {
        let words = json!({"code": "card_declined", "decline_code": "insufficient_funds", "advice_code": "do_not_try_again",
            "network_advice_code": "02", "network_decline_code": "51"});
        let judged = decline(words);
        assert_eq!((judged.category, judged.advice), (DeclineCategory::Never, Some(Advice::DoNotTryAgain)));
        assert_eq!(judged.network_code.as_deref(), Some("51"));
        let judged = decline(
            json!({"decline_code": "insufficient_funds", "advice_code": "new_advice", "network_advice_code": "03"}),
        );
        assert_eq!((judged.category, judged.advice), (DeclineCategory::Never, None));
    }

    #[test]
    fn a_charge_that_stripe_itself_blocked_is_never_tried_again_whatever_the_reason() {
        for (reason, code) in [
            ("previously_declined_do_not_retry", "previously_declined_do_not_retry"),
            ("highest_risk_level", "highest_risk_level"),
            ("low_probability_of_authorization", "low_probability_of_authorization"),
            ("rule", "rule"),
            ("requested_block_on_incorrect_cvc", "requested_block_on_incorrect_cvc"),
            ("some_new_reason", "unknown"),
        ] {
            let blocked = json!({"outcome": {"type": "blocked", "reason": reason}});
            for error in [
                json!({"code": "card_declined", "decline_code": "generic_decline", "charge": blocked}),
                json!({"code": "card_declined", "decline_code": "generic_decline", "payment_intent": {"latest_charge": blocked}}),
            ] {
                let judged = decline(error);
                assert_eq!((judged.category, judged.code), (DeclineCategory::Never, code), "{reason}");
                assert_eq!(judged.gateway_code, reason);
            }
        }
        for reason in [json!(null), json!(7), json!("x".repeat(1_000))] {
            let blocked = json!({"outcome": {"type": "blocked", "reason": reason}});
            let judged = decline(json!({"decline_code": "generic_decline", "charge": blocked}));
            assert_eq!((judged.category, judged.code), (DeclineCategory::Never, "unknown"), "{reason}");
            assert!(judged.gateway_code.len() <= 64, "a row could not bear it");
        }
    }

    #[test]
    fn what_an_issuer_declined_is_told_by_its_decline_code() {
        for kind in ["issuer_declined", "authorized", "invalid"] {
            let outcome = json!({"type": kind, "reason": "rule"});
            let judged = decline(json!({"decline_code": "insufficient_funds", "charge": {"outcome": outcome}}));
            assert_eq!((judged.category, judged.code), (DeclineCategory::Later, "insufficient_funds"), "{kind}");
        }
    }

    #[test]
    fn a_decline_without_words_is_unknown_and_never_tried_again() {
        for error in [json!({}), json!({"code": 7, "decline_code": [], "advice_code": {}})] {
            let judged = decline(error);
            assert_eq!((judged.category, judged.code), (DeclineCategory::Never, "unknown"));
        }
    }

    #[test]
    fn what_is_no_error_of_stripe_is_not_read_as_one() {
        for body in ["", "<html>", "null", "{}", "{\"error\":null}", "{\"error\":\"invalid_grant\"}", "[]"] {
            assert!(StripeError::read(body.as_bytes()).is_none(), "{body}");
        }
    }
}
