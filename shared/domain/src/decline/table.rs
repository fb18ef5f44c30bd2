//! Our words for declines, and what may be done about each. They are Stripe's where Stripe has one: they came first, and
//! rows and clients keep them.

use super::DeclineCategory::{self, Later, LaterFewTimes, LookForEarlier, Never, PayerMustAct};

/// Every decline code that Stripe documents, the card error codes that come without one, and what only PayPal says.
pub const TABLE: &[(&str, DeclineCategory)] = &[
    ("approve_with_id", Later),
    ("authentication_not_handled", PayerMustAct),
    ("authentication_required", PayerMustAct),
    ("call_issuer", LaterFewTimes),
    ("card_declined", LaterFewTimes),
    ("card_not_supported", PayerMustAct),
    ("card_velocity_exceeded", Later),
    ("currency_not_supported", PayerMustAct),
    ("do_not_honor", LaterFewTimes),
    ("do_not_try_again", Never),
    ("duplicate_transaction", LookForEarlier),
    ("expired_card", PayerMustAct),
    ("fraudulent", Never),
    ("generic_decline", LaterFewTimes),
    ("highest_risk_level", Never),
    ("incorrect_address", PayerMustAct),
    ("incorrect_cvc", PayerMustAct),
    ("incorrect_number", PayerMustAct),
    ("incorrect_pin", PayerMustAct),
    ("incorrect_zip", PayerMustAct),
    // PayPal's: this way to pay will not do, and the payer may choose another on PayPal's page.
    ("instrument_declined", PayerMustAct),
    ("insufficient_funds", Later),
    ("invalid_account", Never),
    ("invalid_amount", Never),
    ("invalid_cvc", PayerMustAct),
    ("invalid_expiry_month", PayerMustAct),
    ("invalid_expiry_year", PayerMustAct),
    ("invalid_number", PayerMustAct),
    ("invalid_pin", PayerMustAct),
    ("issuer_not_available", Later),
    ("lost_card", Never),
    ("merchant_blacklist", Never),
    ("mobile_device_authentication_required", PayerMustAct),
    ("new_account_information_available", PayerMustAct),
    ("no_action_taken", LaterFewTimes),
    ("not_permitted", Never),
    ("offline_pin_required", PayerMustAct),
    ("online_or_offline_pin_required", PayerMustAct),
    ("payment_intent_authentication_failure", PayerMustAct),
    ("pickup_card", Never),
    ("pin_try_exceeded", Never),
    ("previously_declined_do_not_retry", Never),
    ("processing_error", Later),
    ("reenter_transaction", Later),
    ("restricted_card", Never),
    ("revocation_of_all_authorizations", Never),
    ("revocation_of_authorization", Never),
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
    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_each_code_once() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
