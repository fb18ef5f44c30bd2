//! Our words for declines, and what may be done about each. They are Stripe's where Stripe has one: they came first, and
//! rows and clients keep them.

use super::DeclineCategory::{self, Later, LaterFewTimes, LookForEarlier, Never, PayerMustAct};

/// Every decline code that Stripe documents, for cards and for other ways to pay; the error codes of a payment that failed
/// without one; why Stripe itself held a charge back; and what only PayPal says.
pub const TABLE: &[(&str, DeclineCategory)] = &[
    ("approve_with_id", Later),
    ("authentication_not_handled", PayerMustAct),
    ("authentication_required", PayerMustAct),
    ("call_issuer", LaterFewTimes),
    ("card_already_activated", Never),
    // Stripe has seen this card declined too often within 24 hours.
    ("card_decline_rate_limit_exceeded", Later),
    ("card_declined", LaterFewTimes),
    ("card_not_supported", PayerMustAct),
    ("card_velocity_exceeded", Later),
    ("compliance_violation", Never),
    ("currency_not_supported", PayerMustAct),
    ("do_not_honor", LaterFewTimes),
    ("do_not_try_again", Never),
    ("duplicate_transaction", LookForEarlier),
    ("expired_card", PayerMustAct),
    ("expired_payment_information", PayerMustAct),
    ("fraudulent", Never),
    ("generic_decline", LaterFewTimes),
    ("highest_risk_level", Never),
    ("incorrect_address", PayerMustAct),
    ("incorrect_cvc", PayerMustAct),
    ("incorrect_number", PayerMustAct),
    ("incorrect_pin", PayerMustAct),
    ("incorrect_postal_code", PayerMustAct),
    ("incorrect_zip", PayerMustAct),
    // PayPal's: this way to pay will not do, and the payer may choose another on PayPal's page.
    ("instrument_declined", PayerMustAct),
    ("insufficient_funds", Later),
    ("invalid_account", Never),
    ("invalid_amount", Never),
    ("invalid_authorization", Never),
    ("invalid_billing_agreement", Never),
    ("invalid_business_account", Never),
    ("invalid_customer_account", PayerMustAct),
    ("invalid_cvc", PayerMustAct),
    ("invalid_expiry_month", PayerMustAct),
    ("invalid_expiry_year", PayerMustAct),
    ("invalid_number", PayerMustAct),
    ("invalid_payment_information", Never),
    ("invalid_pin", PayerMustAct),
    ("invalid_track_data", Never),
    ("issuer_not_available", Later),
    ("lost_card", Never),
    ("lost_or_stolen_card", Never),
    ("low_probability_of_authorization", Never),
    ("merchant_blacklist", Never),
    ("mobile_device_authentication_required", PayerMustAct),
    ("new_account_information_available", PayerMustAct),
    ("no_action_taken", LaterFewTimes),
    ("not_permitted", Never),
    ("offline_pin_required", PayerMustAct),
    ("online_or_offline_pin_required", PayerMustAct),
    ("partner_action_not_supported", Never),
    ("partner_generic_decline", LaterFewTimes),
    ("partner_high_risk_customer", Never),
    ("partner_payment_not_found", Never),
    ("payment_disputed", Never),
    ("payment_intent_authentication_failure", PayerMustAct),
    ("payment_intent_payment_attempt_expired", PayerMustAct),
    ("payment_intent_payment_attempt_failed", PayerMustAct),
    ("payment_limit_exceeded", PayerMustAct),
    ("payment_method_customer_decline", PayerMustAct),
    ("payment_method_not_available", Later),
    ("payment_method_provider_decline", PayerMustAct),
    ("payment_method_provider_timeout", PayerMustAct),
    ("pickup_card", Never),
    ("pin_try_exceeded", Never),
    ("previously_declined_do_not_retry", Never),
    ("processing_error", Later),
    ("recurring_not_supported_by_bank", PayerMustAct),
    ("reenter_transaction", Later),
    ("requested_block_on_incorrect_cvc", Never),
    ("requested_block_on_incorrect_zip", Never),
    ("restricted_card", Never),
    ("revocation_of_all_authorizations", Never),
    ("revocation_of_authorization", Never),
    ("rule", Never),
    ("security_violation", Never),
    ("service_not_allowed", Never),
    ("stolen_card", Never),
    ("stop_payment_order", Never),
    ("testmode_decline", Never),
    ("transaction_not_allowed", Never),
    ("try_again_later", Later),
    ("withdrawal_count_limit_exceeded", Later),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn words(of: &'static [&'static str]) -> impl Iterator<Item = &'static str> {
        of.iter().flat_map(|list| list.split_ascii_whitespace())
    }

    #[test]
    fn the_table_is_sorted_and_names_each_code_once() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn the_table_has_every_code_that_is_documented_and_no_other() {
        let documented: BTreeSet<&str> = words(&[CARD_CODES, OTHER_CODES, ERROR_CODES, HELD_BACK, PAYPALS]).collect();
        let judged: BTreeSet<&str> = TABLE.iter().map(|(code, _)| *code).collect();
        assert_eq!(judged, documented);
    }

    #[test]
    fn what_stripe_says_of_other_ways_to_pay_than_cards_is_what_the_table_says() {
        let category = |wanted: &str| TABLE.iter().find(|(code, _)| *code == wanted).unwrap().1;
        // "Retries won't succeed."
        for code in words(&["compliance_violation invalid_authorization invalid_billing_agreement \
            invalid_payment_information partner_action_not_supported card_already_activated"])
        {
            assert_eq!(category(code), Never, "{code}");
        }
        // "Retry attempts might succeed after the customer takes action."
        for code in
            words(&["invalid_customer_account payment_limit_exceeded expired_card expired_payment_information \
            recurring_not_supported_by_bank"])
        {
            assert_eq!(category(code), PayerMustAct, "{code}");
        }
    }

    #[test]
    fn what_stripe_held_back_is_held_back_for_good() {
        assert!(
            TABLE.iter().filter(|(code, _)| words(&[HELD_BACK]).any(|held| held == *code)).all(|row| row.1 == Never)
        );
    }

    /// Stripe's page of decline codes: those of cards.
    const CARD_CODES: &str = "approve_with_id authentication_not_handled authentication_required call_issuer card_not_supported \
        card_velocity_exceeded currency_not_supported do_not_honor do_not_try_again duplicate_transaction \
        expired_card fraudulent generic_decline incorrect_address incorrect_cvc incorrect_number \
        incorrect_pin incorrect_zip insufficient_funds invalid_account invalid_amount invalid_cvc \
        invalid_expiry_month invalid_expiry_year invalid_number invalid_pin issuer_not_available lost_card \
        merchant_blacklist mobile_device_authentication_required new_account_information_available \
        no_action_taken not_permitted offline_pin_required online_or_offline_pin_required pickup_card \
        pin_try_exceeded processing_error reenter_transaction restricted_card \
        revocation_of_all_authorizations revocation_of_authorization security_violation service_not_allowed \
        stolen_card stop_payment_order testmode_decline transaction_not_allowed try_again_later \
        withdrawal_count_limit_exceeded";

    /// The same page: those of other ways to pay.
    const OTHER_CODES: &str = "card_already_activated compliance_violation currency_not_supported duplicate_transaction \
        expired_card expired_payment_information insufficient_funds invalid_amount invalid_authorization \
        invalid_billing_agreement invalid_business_account invalid_customer_account \
        invalid_payment_information invalid_track_data lost_or_stolen_card partner_action_not_supported \
        partner_generic_decline partner_high_risk_customer partner_payment_not_found payment_disputed \
        payment_limit_exceeded processing_error recurring_not_supported_by_bank";

    /// Stripe's page of error codes: those with which a payment fails though no issuer gave a reason, and with which the
    /// same way to pay may be asked again, or another.
    const ERROR_CODES: &str = "card_decline_rate_limit_exceeded card_declined incorrect_postal_code \
        payment_intent_authentication_failure payment_intent_payment_attempt_expired \
        payment_intent_payment_attempt_failed payment_method_customer_decline payment_method_not_available \
        payment_method_provider_decline payment_method_provider_timeout";

    /// The reasons in a charge's outcome with which Stripe blocks it: those that it documents, and those that it is seen to
    /// give.
    const HELD_BACK: &str = "highest_risk_level low_probability_of_authorization previously_declined_do_not_retry \
        requested_block_on_incorrect_cvc requested_block_on_incorrect_zip rule";

    const PAYPALS: &str = "instrument_declined";
}
