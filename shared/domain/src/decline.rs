//! Why an issuer said no, and whether asking again can ever help.
//!
//! The tables are data: ours ([`TABLE`]), which has Stripe's words, and [`paypal`], which translates PayPal's into them.
//! What they do not know is never tried again: card networks fine whoever insists.

pub mod paypal;
mod table;

use std::{fmt, time::Duration};

pub use table::TABLE;

/// A decline, in our words and with the gateway's beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decline {
    /// What may be done about it.
    pub category: DeclineCategory,
    /// Our code: one of the table's, or `unknown`.
    pub code: &'static str,
    /// What the gateway called it.
    pub gateway_code: String,
    /// What the card network called it, if it told.
    pub network_code: Option<String>,
    /// What the gateway advises.
    pub advice: Option<Advice>,
    /// How long the card network wants the same method left alone, if it told.
    pub wait: Option<Duration>,
}

/// What may be done about a decline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeclineCategory {
    /// The same method may work later.
    Later,
    /// The same method may work later, but the reason is vague: a few tries at most.
    LaterFewTimes,
    /// The payer must do something: another card, the right code, authentication.
    PayerMustAct,
    /// The issuer has seen this very charge before: look for it, do not repeat it.
    LookForEarlier,
    /// Never again with this method.
    Never,
}

/// What the gateway advises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Advice {
    /// Have the payer check the card's data.
    ConfirmCardData,
    /// Do not.
    DoNotTryAgain,
    /// It may work later.
    TryAgainLater,
}

/// What a gateway says about a decline, before we have judged it.
#[derive(Debug, Clone, Copy, Default)]
pub struct GatewayWords<'a> {
    /// The issuer's reason in the gateway's words; where there is none, the gateway's error code.
    pub code: &'a str,
    /// The gateway's advice.
    pub advice: Option<Advice>,
    /// Mastercard's Merchant Advice Code and its like: two digits.
    pub network_advice: Option<&'a str>,
    /// The network's response code.
    pub network_code: Option<&'a str>,
}

impl Decline {
    /// Judges what the gateway says: its advice first, then the network's, then the reason, else never.
    #[must_use]
    pub fn judge(words: GatewayWords<'_>) -> Self {
        Self::judge_as(words.code, words)
    }

    /// The same where the gateway's word for the reason is not ours: `code` is what it means.
    fn judge_as(code: &str, words: GatewayWords<'_>) -> Self {
        let row = TABLE.iter().find(|(known, _)| *known == code);
        let category = words
            .advice
            .map(Advice::category)
            .or_else(|| words.network_advice.and_then(network_advice_category))
            .or_else(|| row.map(|(_, category)| *category))
            .unwrap_or(DeclineCategory::Never);
        Self {
            category,
            code: row.map_or("unknown", |(known, _)| *known),
            gateway_code: words.code.to_owned(),
            network_code: words.network_code.map(str::to_owned),
            advice: words.advice,
            wait: words.network_advice.and_then(network_wait),
        }
    }

    /// A request that the gateway refused outright: the method cannot be used, and nothing was charged.
    #[must_use]
    pub fn of_refusal(gateway_code: &str) -> Self {
        Self {
            category: DeclineCategory::PayerMustAct,
            code: "payment_method_unusable",
            gateway_code: gateway_code.to_owned(),
            network_code: None,
            advice: None,
            wait: None,
        }
    }

    /// Our code for what `code` was when it was stored.
    #[must_use]
    pub fn known_code(code: &str) -> &'static str {
        const OURS: [&str; 1] = ["payment_method_unusable"];
        let ours = OURS.iter().find(|known| **known == code).copied();
        ours.or_else(|| TABLE.iter().find(|(known, _)| *known == code).map(|(known, _)| *known)).unwrap_or("unknown")
    }

    /// A sentence that may be shown to the payer. It never says that a card is stolen or a payer suspected: the person
    /// at the screen may be the thief.
    #[must_use]
    pub fn payer_message(&self) -> &'static str {
        match self.code {
            "payment_method_unusable" => "This payment method cannot be used here. Please use another one.",
            "instrument_declined" => "This way to pay was not accepted. Please choose another one.",
            "insufficient_funds" => "The card does not have enough funds for this payment. Please use another one.",
            "expired_card" | "invalid_expiry_month" | "invalid_expiry_year" => {
                "Please check the card's expiry date or use another card."
            }
            "incorrect_cvc" | "invalid_cvc" => "Please check the card's security code and try again.",
            "incorrect_number" | "invalid_number" => "Please check the card number and try again.",
            "incorrect_zip" | "incorrect_postal_code" | "incorrect_address" => {
                "Please check the billing address and try again."
            }
            "authentication_required" => {
                "Your bank asks you to confirm this payment. Please try again and follow its instructions."
            }
            "card_not_supported" | "currency_not_supported" => {
                "This card cannot be used for this payment. Please use another one."
            }
            _ => match self.category {
                DeclineCategory::Later | DeclineCategory::LaterFewTimes => {
                    "Your bank did not approve this payment. Please try again later or use another payment method."
                }
                DeclineCategory::PayerMustAct | DeclineCategory::LookForEarlier | DeclineCategory::Never => {
                    "Your bank did not approve this payment. Please use another payment method."
                }
            },
        }
    }
}

impl DeclineCategory {
    /// The word for it in answers and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Later => "later",
            Self::LaterFewTimes => "later_few_times",
            Self::PayerMustAct => "payer_must_act",
            Self::LookForEarlier => "look_for_earlier",
            Self::Never => "never",
        }
    }
}

impl fmt::Display for DeclineCategory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Advice {
    /// The word for it in answers and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConfirmCardData => "confirm_card_data",
            Self::DoNotTryAgain => "do_not_try_again",
            Self::TryAgainLater => "try_again_later",
        }
    }

    const fn category(self) -> DeclineCategory {
        match self {
            Self::ConfirmCardData => DeclineCategory::PayerMustAct,
            Self::DoNotTryAgain => DeclineCategory::Never,
            Self::TryAgainLater => DeclineCategory::Later,
        }
    }
}

/// Mastercard's Merchant Advice Codes. A code we do not know says nothing, and the reason decides.
fn network_advice_category(code: &str) -> Option<DeclineCategory> {
    match code {
        // 01: new account data exist; 04: token data are missing.
        "01" | "04" => Some(DeclineCategory::PayerMustAct),
        // 02: cannot approve now; 24 to 30: try again after an hour to ten days.
        "02" | "24" | "25" | "26" | "27" | "28" | "29" | "30" => Some(DeclineCategory::Later),
        // 03: do not try again; 21: the payer has cancelled; 22: not this product; 40, 41, 43: prepaid, single-use, fraud.
        "03" | "21" | "22" | "40" | "41" | "43" => Some(DeclineCategory::Never),
        _ => None,
    }
}

/// How long those that mean "later" ask to wait.
fn network_wait(code: &str) -> Option<Duration> {
    const HOUR: Duration = Duration::from_secs(3_600);
    let hours = match code {
        "24" => 1,
        "25" => 24,
        "26" => 2 * 24,
        "27" => 4 * 24,
        "28" => 6 * 24,
        "29" => 8 * 24,
        "30" => 10 * 24,
        _ => return None,
    };
    Some(HOUR.saturating_mul(hours))
}

#[cfg(test)]
mod tests {
    use super::{
        DeclineCategory::{Later, LaterFewTimes, LookForEarlier, Never, PayerMustAct},
        *,
    };

    fn judge(code: &str, advice: Option<Advice>, network_advice: Option<&str>) -> DeclineCategory {
        Decline::judge(GatewayWords { code, advice, network_advice, network_code: None }).category
    }

    #[test]
    fn a_code_we_do_not_know_is_never_tried_again() {
        assert_eq!(judge("some_new_code", None, None), Never);
        assert_eq!(judge("some_new_code", None, Some("99")), Never);
        assert_eq!(Decline::judge(GatewayWords { code: "some_new_code", ..GatewayWords::default() }).code, "unknown");
    }

    #[test]
    fn the_gateways_advice_goes_before_the_networks_and_both_before_the_reason() {
        assert_eq!(judge("insufficient_funds", Some(Advice::DoNotTryAgain), Some("02")), Never);
        assert_eq!(judge("insufficient_funds", None, Some("03")), Never);
        assert_eq!(judge("generic_decline", None, Some("24")), Later);
        assert_eq!(judge("generic_decline", None, Some("99")), LaterFewTimes);
    }

    #[test]
    fn a_payer_is_never_told_of_theft_or_suspicion() {
        for (code, _) in TABLE {
            let message = Decline::judge(GatewayWords { code, ..GatewayWords::default() }).payer_message();
            for word in ["stolen", "lost", "fraud", "risk", "blacklist", "suspect", "pickup", "never"] {
                assert!(!message.to_lowercase().contains(word), "{code}: {message}");
            }
        }
        let (stolen, lost) = ("stolen_card", "lost_card");
        let message = |code| Decline::judge(GatewayWords { code, ..GatewayWords::default() }).payer_message();
        assert_eq!(message(stolen), message("do_not_try_again"));
        assert_eq!(message(lost), message("fraudulent"));
    }

    #[test]
    fn a_stored_code_is_found_again() {
        for (code, _) in TABLE {
            assert_eq!(Decline::known_code(code), *code);
        }
        assert_eq!(Decline::known_code("payment_method_unusable"), "payment_method_unusable");
        assert_eq!(Decline::known_code("gone"), "unknown");
    }

    fn message(code: &str, advice: Option<Advice>) -> &'static str {
        Decline::judge(GatewayWords { code, advice, ..GatewayWords::default() }).payer_message()
    }

    #[test]
    fn a_payer_is_told_what_helps() {
        for (code, helps) in [
            ("insufficient_funds", "enough funds"),
            ("instrument_declined", "choose another"),
            ("expired_card", "expiry date"),
            ("invalid_expiry_month", "expiry date"),
            ("invalid_expiry_year", "expiry date"),
            ("incorrect_cvc", "security code"),
            ("invalid_cvc", "security code"),
            ("incorrect_number", "card number"),
            ("invalid_number", "card number"),
            ("incorrect_zip", "billing address"),
            ("incorrect_postal_code", "billing address"),
            ("incorrect_address", "billing address"),
            ("authentication_required", "confirm this payment"),
            ("card_not_supported", "cannot be used for this payment"),
            ("currency_not_supported", "cannot be used for this payment"),
            ("processing_error", "try again later"),
            ("do_not_honor", "try again later"),
            ("stolen_card", "use another payment method"),
        ] {
            assert!(message(code, None).contains(helps), "{code}: {}", message(code, None));
        }
        assert!(Decline::of_refusal("resource_missing").payer_message().contains("cannot be used here"));
        assert!(!message("stolen_card", None).contains("later"), "another try of it will not help");
        assert!(message("generic_decline", Some(Advice::DoNotTryAgain)).ends_with("use another payment method."));
    }

    #[test]
    fn every_network_advice_that_we_know_has_its_category() {
        for (codes, category) in [
            (&["01", "04"][..], PayerMustAct),
            (&["02", "24", "25", "26", "27", "28", "29", "30"], Later),
            (&["03", "21", "22", "40", "41", "43"], Never),
            // Neither is known: the reason decides.
            (&["00", "42"], LaterFewTimes),
        ] {
            for code in codes {
                assert_eq!(judge("generic_decline", None, Some(code)), category, "{code}");
            }
        }
    }

    #[test]
    fn a_network_that_says_later_says_how_much_later() {
        let wait = |code| {
            let words = GatewayWords { code: "generic_decline", network_advice: Some(code), ..GatewayWords::default() };
            Decline::judge(words).wait.map(|wait| wait.as_secs() / 3_600)
        };
        let days = [("26", 2), ("27", 4), ("28", 6), ("29", 8), ("30", 10)];
        for (code, hours) in [("24", 1), ("25", 24)].into_iter().chain(days.map(|(code, days)| (code, days * 24))) {
            assert_eq!(wait(code), Some(hours), "{code}");
        }
        assert_eq!(["02", "03", "31", ""].map(wait), [None; 4]);
    }

    #[test]
    fn categories_and_advice_have_the_words_that_clients_read() {
        let categories = [Later, LaterFewTimes, PayerMustAct, LookForEarlier, Never];
        let words = ["later", "later_few_times", "payer_must_act", "look_for_earlier", "never"];
        assert_eq!(categories.map(DeclineCategory::name), words);
        assert_eq!(categories.map(|category| category.to_string()), words);
        let advice = [Advice::ConfirmCardData, Advice::DoNotTryAgain, Advice::TryAgainLater];
        assert_eq!(advice.map(Advice::name), ["confirm_card_data", "do_not_try_again", "try_again_later"]);
    }
}
