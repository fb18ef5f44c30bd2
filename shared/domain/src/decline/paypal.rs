//! PayPal's words for a decline, in ours.
//!
//! A card's processor answers with a code ([`PROCESSOR_CODES`]); PayPal itself refuses with an issue, or gives a declined
//! capture a reason ([`WORDS`]). Whatever is about how the merchant's account or the request is made up, and not about
//! who pays, reads `transaction_not_allowed`: to try the same again is of no use.

use super::{Decline, GatewayWords};

/// What PayPal says about a decline.
#[derive(Debug, Clone, Copy, Default)]
pub struct PaypalWords<'a> {
    /// The processor's response code; where there is none, the issue, the reason, or the capture's status.
    pub code: &'a str,
    /// The network's advice: two digits.
    pub payment_advice: Option<&'a str>,
}

impl Decline {
    /// Judges what PayPal says: the network's advice first, then the reason, else never.
    #[must_use]
    pub fn judge_paypal(words: PaypalWords<'_>) -> Self {
        let in_ours = processor_code(words.code).or_else(|| word(words.code)).unwrap_or(words.code);
        let network_advice = words.payment_advice;
        // What the network itself answered PayPal does not show: its code is the processor's.
        Self::judge_as(in_ours, GatewayWords { code: words.code, advice: None, network_advice, network_code: None })
    }
}

/// Our code for an issue, or for the reason or the status of a capture; none if it is no decline.
#[must_use]
pub fn word(paypals: &str) -> Option<&'static str> {
    WORDS.iter().find(|(known, _)| *known == paypals).map(|(_, ours)| *ours)
}

fn processor_code(paypals: &str) -> Option<&'static str> {
    PROCESSOR_CODES.iter().find(|(known, _, _)| *known == paypals).map(|(_, _, ours)| *ours)
}

/// The issues that mean that whoever pays was refused; reasons and statuses of captures that failed.
#[rustfmt::skip] // A table is read by its columns.
pub const WORDS: &[(&str, &str)] = &[
    ("AGREEMENT_ALREADY_CANCELLED",             "revocation_of_authorization"),
    ("ALIAS_DECLINED_BY_PROCESSOR",             "instrument_declined"),
    ("BILLING_ADDRESS_INVALID",                 "incorrect_address"),
    ("CARD_BRAND_NOT_SUPPORTED",                "card_not_supported"),
    ("CARD_EXPIRED",                            "expired_card"),
    ("COMPLIANCE_VIOLATION",                    "transaction_not_allowed"),
    ("CURRENCY_NOT_SUPPORTED_FOR_BANK",         "currency_not_supported"),
    ("DECLINED",                                "generic_decline"),
    ("DECLINED_BY_RISK_FRAUD_FILTERS",          "highest_risk_level"),
    ("DECLINED_DUE_TO_RELATED_TXN",             "generic_decline"),
    ("DENIED",                                  "generic_decline"),
    ("DOMESTIC_TRANSACTION_REQUIRED",           "transaction_not_allowed"),
    ("FAILED",                                  "generic_decline"),
    ("INSTRUMENT_DECLINED",                     "instrument_declined"),
    ("INVALID_EXPIRY_DATE",                     "invalid_expiry_year"),
    ("INVALID_IBAN",                            "invalid_account"),
    ("INVALID_SECURITY_CODE_LENGTH",            "invalid_cvc"),
    ("MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED", "do_not_try_again"),
    ("PAYEE_BLOCKED_TRANSACTION",               "merchant_blacklist"),
    ("PAYER_ACCOUNT_LOCKED_OR_CLOSED",          "invalid_account"),
    ("PAYER_ACCOUNT_RESTRICTED",                "invalid_account"),
    ("PAYER_ACTION_REQUIRED",                   "authentication_required"),
    ("PAYER_CANNOT_PAY",                        "transaction_not_allowed"),
    ("PAYMENT_SOURCE_CANNOT_BE_USED",           "instrument_declined"),
    ("PAYMENT_SOURCE_DECLINED_BY_PROCESSOR",    "instrument_declined"),
    ("PAYMENT_SOURCE_INFO_CANNOT_BE_VERIFIED",  "incorrect_address"),
    ("REDIRECT_PAYER_FOR_ALTERNATE_FUNDING",    "instrument_declined"),
    ("REFERENCED_CARD_EXPIRED",                 "expired_card"),
    ("SHIPPING_ADDRESS_INVALID",                "incorrect_address"),
    ("TOKEN_EXPIRED",                           "instrument_declined"),
    ("TRANSACTION_BLOCKED_BY_PAYEE",            "merchant_blacklist"),
    ("TRANSACTION_LIMIT_EXCEEDED",              "invalid_amount"),
    ("TRANSACTION_RECEIVING_LIMIT_EXCEEDED",    "invalid_amount"),
    ("TRANSACTION_REFUSED",                     "generic_decline"),
];

/// Every response code that PayPal documents, its name there, and our code.
///
/// An approval (0000, 7600) stands beside a decline where PayPal itself said no after the issuer had said yes.
#[rustfmt::skip] // A table is read by its columns.
pub const PROCESSOR_CODES: &[(&str, &str, &str)] = &[
    ("0000", "APPROVED",                                 "transaction_not_allowed"),
    ("00N7", "CVV2_FAILURE_POSSIBLE_RETRY_WITH_CVV",     "incorrect_cvc"),
    ("0100", "REFERRAL",                                 "call_issuer"),
    ("0390", "ACCOUNT_NOT_FOUND",                        "invalid_account"),
    ("0500", "DO_NOT_HONOR",                             "do_not_honor"),
    ("0580", "UNAUTHORIZED_TRANSACTION",                 "transaction_not_allowed"),
    ("0800", "BAD_RESPONSE_REVERSAL_REQUIRED",           "processing_error"),
    ("0880", "CRYPTOGRAPHIC_FAILURE",                    "processing_error"),
    ("0890", "UNACCEPTABLE_PIN",                         "incorrect_pin"),
    ("0960", "SYSTEM_MALFUNCTION",                       "processing_error"),
    ("0R00", "CANCELLED_PAYMENT",                        "stop_payment_order"),
    ("1000", "PARTIAL_AUTHORIZATION",                    "insufficient_funds"),
    ("10BR", "ISSUER_REJECTED",                          "do_not_honor"),
    ("1300", "INVALID_DATA_FORMAT",                      "transaction_not_allowed"),
    ("1310", "INVALID_AMOUNT",                           "invalid_amount"),
    ("1312", "INVALID_TRANSACTION_CARD_ISSUER_ACQUIRER", "transaction_not_allowed"),
    ("1317", "INVALID_CAPTURE_DATE",                     "transaction_not_allowed"),
    ("1320", "INVALID_CURRENCY_CODE",                    "currency_not_supported"),
    ("1330", "INVALID_ACCOUNT",                          "invalid_account"),
    ("1335", "INVALID_ACCOUNT_RECURRING",                "invalid_account"),
    ("1340", "INVALID_TERMINAL",                         "transaction_not_allowed"),
    ("1350", "INVALID_MERCHANT",                         "transaction_not_allowed"),
    ("1352", "RESTRICTED_OR_INACTIVE_ACCOUNT",           "restricted_card"),
    ("1360", "BAD_PROCESSING_CODE",                      "transaction_not_allowed"),
    ("1370", "INVALID_MCC",                              "transaction_not_allowed"),
    ("1380", "INVALID_EXPIRATION",                       "invalid_expiry_year"),
    ("1382", "INVALID_CARD_VERIFICATION_VALUE",          "invalid_cvc"),
    ("1384", "INVALID_LIFE_CYCLE_OF_TRANSACTION",        "transaction_not_allowed"),
    ("1390", "INVALID_ORDER",                            "transaction_not_allowed"),
    ("1393", "TRANSACTION_CANNOT_BE_COMPLETED",          "transaction_not_allowed"),
    ("5100", "GENERIC_DECLINE",                          "generic_decline"),
    ("5110", "CVV2_FAILURE",                             "incorrect_cvc"),
    ("5120", "INSUFFICIENT_FUNDS",                       "insufficient_funds"),
    ("5130", "INVALID_PIN",                              "invalid_pin"),
    ("5135", "DECLINED_PIN_TRY_EXCEEDED",                "pin_try_exceeded"),
    ("5140", "CARD_CLOSED",                              "invalid_account"),
    ("5150", "PICKUP_CARD_SPECIAL_CONDITIONS",           "pickup_card"),
    ("5160", "UNAUTHORIZED_USER",                        "not_permitted"),
    ("5170", "AVS_FAILURE",                              "incorrect_address"),
    ("5180", "INVALID_OR_RESTRICTED_CARD",               "restricted_card"),
    ("5190", "SOFT_AVS",                                 "incorrect_address"),
    ("5200", "DUPLICATE_TRANSACTION",                    "duplicate_transaction"),
    ("5210", "INVALID_TRANSACTION",                      "transaction_not_allowed"),
    ("5400", "EXPIRED_CARD",                             "expired_card"),
    ("5500", "INCORRECT_PIN_REENTER",                    "incorrect_pin"),
    ("5650", "DECLINED_SCA_REQUIRED",                    "authentication_required"),
    ("5700", "TRANSACTION_NOT_PERMITTED",                "transaction_not_allowed"),
    ("5710", "TX_ATTEMPTS_EXCEED_LIMIT",                 "card_velocity_exceeded"),
    ("5800", "REVERSAL_REJECTED",                        "transaction_not_allowed"),
    ("5900", "INVALID_ISSUE",                            "incorrect_number"),
    ("5910", "ISSUER_NOT_AVAILABLE_NOT_RETRIABLE",       "do_not_try_again"),
    ("5920", "ISSUER_NOT_AVAILABLE_RETRIABLE",           "issuer_not_available"),
    ("5930", "CARD_NOT_ACTIVATED",                       "card_not_supported"),
    ("5950", "DECLINED_DUE_TO_UPDATED_ACCOUNT",          "new_account_information_available"),
    ("6300", "ACCOUNT_NOT_ON_FILE",                      "invalid_account"),
    ("7600", "APPROVED_NON_CAPTURE",                     "transaction_not_allowed"),
    ("7700", "ERROR_3DS",                                "authentication_not_handled"),
    ("7710", "AUTHENTICATION_FAILED",                    "authentication_required"),
    ("7800", "BIN_ERROR",                                "incorrect_number"),
    ("7900", "PIN_ERROR",                                "incorrect_pin"),
    ("8000", "PROCESSOR_SYSTEM_ERROR",                   "processing_error"),
    ("8010", "HOST_KEY_ERROR",                           "processing_error"),
    ("8020", "CONFIGURATION_ERROR",                      "transaction_not_allowed"),
    ("8030", "UNSUPPORTED_OPERATION",                    "transaction_not_allowed"),
    ("8100", "FATAL_COMMUNICATION_ERROR",                "do_not_try_again"),
    ("8110", "RETRIABLE_COMMUNICATION_ERROR",            "try_again_later"),
    ("8220", "SYSTEM_UNAVAILABLE",                       "try_again_later"),
    ("9100", "DECLINED_PLEASE_RETRY",                    "try_again_later"),
    ("9500", "SUSPECTED_FRAUD",                          "fraudulent"),
    ("9510", "SECURITY_VIOLATION",                       "security_violation"),
    ("9520", "LOST_OR_STOLEN",                           "stolen_card"),
    ("9530", "HOLD_CALL_CENTER",                         "pickup_card"),
    ("9540", "REFUSED_CARD",                             "do_not_try_again"),
    ("9600", "UNRECOGNIZED_RESPONSE_CODE",               "do_not_try_again"),
    ("PCNR", "CONTINGENCIES_NOT_RESOLVED",               "authentication_required"),
    ("PCVV", "CVV_FAILURE",                              "incorrect_cvc"),
    ("PP06", "ACCOUNT_CLOSED",                           "invalid_account"),
    ("PPAB", "ACCOUNT_BLOCKED_BY_ISSUER",                "restricted_card"),
    ("PPAD", "BILLING_ADDRESS",                          "incorrect_address"),
    ("PPAE", "AMEX_DISABLED",                            "card_not_supported"),
    ("PPAG", "ADULT_GAMING_UNSUPPORTED",                 "transaction_not_allowed"),
    ("PPAI", "AMOUNT_INCOMPATIBLE",                      "invalid_amount"),
    ("PPAR", "AUTH_RESULT",                              "transaction_not_allowed"),
    ("PPAU", "MCC_CODE",                                 "transaction_not_allowed"),
    ("PPAV", "ARC_AVS",                                  "incorrect_address"),
    ("PPAX", "AMOUNT_EXCEEDED",                          "invalid_amount"),
    ("PPBG", "BAD_GAMING",                               "transaction_not_allowed"),
    ("PPC2", "ARC_CVV",                                  "incorrect_cvc"),
    ("PPCE", "CE_REGISTRATION_INCOMPLETE",               "transaction_not_allowed"),
    ("PPCO", "COUNTRY",                                  "card_not_supported"),
    ("PPCR", "CREDIT_ERROR",                             "transaction_not_allowed"),
    ("PPCT", "CARD_TYPE_UNSUPPORTED",                    "card_not_supported"),
    ("PPCU", "CURRENCY_USED_INVALID",                    "currency_not_supported"),
    ("PPD3", "SECURE_ERROR_3DS",                         "authentication_required"),
    ("PPDC", "DCC_UNSUPPORTED",                          "transaction_not_allowed"),
    ("PPDI", "DINERS_REJECT",                            "card_not_supported"),
    ("PPDT", "DECLINE_THRESHOLD_BREACH",                 "do_not_try_again"),
    ("PPDV", "AUTH_MESSAGE",                             "transaction_not_allowed"),
    ("PPEF", "EXPIRED_FUNDING_INSTRUMENT",               "expired_card"),
    ("PPEL", "EXCEEDS_FREQUENCY_LIMIT",                  "card_velocity_exceeded"),
    ("PPER", "INTERNAL_SYSTEM_ERROR",                    "processing_error"),
    ("PPEX", "EXPIRY_DATE",                              "invalid_expiry_year"),
    ("PPFE", "FUNDING_SOURCE_ALREADY_EXISTS",            "transaction_not_allowed"),
    ("PPFI", "INVALID_FUNDING_INSTRUMENT",               "instrument_declined"),
    ("PPFR", "RESTRICTED_FUNDING_INSTRUMENT",            "restricted_card"),
    ("PPFV", "FIELD_VALIDATION_FAILED",                  "transaction_not_allowed"),
    ("PPGR", "GAMING_REFUND_ERROR",                      "transaction_not_allowed"),
    ("PPH1", "H1_ERROR",                                 "transaction_not_allowed"),
    ("PPIF", "IDEMPOTENCY_FAILURE",                      "duplicate_transaction"),
    ("PPII", "INVALID_INPUT_FAILURE",                    "transaction_not_allowed"),
    ("PPIM", "ID_MISMATCH",                              "transaction_not_allowed"),
    ("PPIT", "INVALID_TRACE_ID",                         "transaction_not_allowed"),
    ("PPLR", "LATE_REVERSAL",                            "transaction_not_allowed"),
    ("PPLS", "LARGE_STATUS_CODE",                        "transaction_not_allowed"),
    ("PPMB", "MISSING_BUSINESS_RULE_OR_DATA",            "transaction_not_allowed"),
    ("PPMC", "BLOCKED_MASTERCARD",                       "card_not_supported"),
    ("PPMD", "PPMD",                                     "transaction_not_allowed"),
    ("PPNC", "NOT_SUPPORTED_NRC",                        "transaction_not_allowed"),
    ("PPNL", "EXCEEDS_NETWORK_FREQUENCY_LIMIT",          "card_velocity_exceeded"),
    ("PPNM", "NO_MID_FOUND",                             "transaction_not_allowed"),
    ("PPNT", "NETWORK_ERROR",                            "processing_error"),
    ("PPPH", "NO_PHONE_FOR_DCC_TRANSACTION",             "transaction_not_allowed"),
    ("PPPI", "INVALID_PRODUCT",                          "transaction_not_allowed"),
    ("PPPM", "INVALID_PAYMENT_METHOD",                   "instrument_declined"),
    ("PPQC", "QUASI_CASH_UNSUPPORTED",                   "transaction_not_allowed"),
    ("PPRE", "UNSUPPORT_REFUND_ON_PENDING_BC",           "transaction_not_allowed"),
    ("PPRF", "INVALID_PARENT_TRANSACTION_STATUS",        "transaction_not_allowed"),
    ("PPRN", "REATTEMPT_NOT_PERMITTED",                  "do_not_try_again"),
    ("PPRR", "MERCHANT_NOT_REGISTERED",                  "transaction_not_allowed"),
    ("PPS0", "BANKAUTH_ROW_MISMATCH",                    "transaction_not_allowed"),
    ("PPS1", "BANKAUTH_ROW_SETTLED",                     "transaction_not_allowed"),
    ("PPS2", "BANKAUTH_ROW_VOIDED",                      "transaction_not_allowed"),
    ("PPS3", "BANKAUTH_EXPIRED",                         "transaction_not_allowed"),
    ("PPS4", "CURRENCY_MISMATCH",                        "currency_not_supported"),
    ("PPS5", "CREDITCARD_MISMATCH",                      "transaction_not_allowed"),
    ("PPS6", "AMOUNT_MISMATCH",                          "invalid_amount"),
    ("PPSC", "ARC_SCORE",                                "highest_risk_level"),
    ("PPSD", "STATUS_DESCRIPTION",                       "transaction_not_allowed"),
    ("PPSE", "AMEX_DENIED",                              "card_not_supported"),
    ("PPTE", "VERIFICATION_TOKEN_EXPIRED",               "authentication_required"),
    ("PPTF", "INVALID_TRACE_REFERENCE",                  "transaction_not_allowed"),
    ("PPTI", "INVALID_TRANSACTION_ID",                   "transaction_not_allowed"),
    ("PPTR", "VERIFICATION_TOKEN_REVOKED",               "authentication_required"),
    ("PPTT", "TRANSACTION_TYPE_UNSUPPORTED",             "transaction_not_allowed"),
    ("PPTV", "INVALID_VERIFICATION_TOKEN",               "authentication_required"),
    ("PPUA", "USER_NOT_AUTHORIZED",                      "not_permitted"),
    ("PPUC", "CURRENCY_CODE_UNSUPPORTED",                "currency_not_supported"),
    ("PPUE", "UNSUPPORT_ENTITY",                         "transaction_not_allowed"),
    ("PPUI", "UNSUPPORT_INSTALLMENT",                    "transaction_not_allowed"),
    ("PPUP", "UNSUPPORT_POS_FLAG",                       "transaction_not_allowed"),
    ("PPUR", "UNSUPPORTED_REVERSAL",                     "transaction_not_allowed"),
    ("PPVC", "VALIDATE_CURRENCY",                        "currency_not_supported"),
    ("PPVE", "VALIDATION_ERROR",                         "transaction_not_allowed"),
    ("PPVT", "VIRTUAL_TERMINAL_UNSUPPORTED",             "transaction_not_allowed"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decline::{
        DeclineCategory::{self, Later, LaterFewTimes, LookForEarlier, Never, PayerMustAct},
        TABLE,
    };

    fn judged(code: &str, payment_advice: Option<&str>) -> Decline {
        Decline::judge_paypal(PaypalWords { code, payment_advice })
    }

    #[test]
    fn the_tables_are_sorted_and_every_word_of_ours_in_them_is_in_our_table() {
        assert!(PROCESSOR_CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(WORDS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let ours = PROCESSOR_CODES.iter().map(|row| row.2).chain(WORDS.iter().map(|row| row.1));
        for ours in ours {
            assert!(TABLE.iter().any(|(known, _)| *known == ours), "{ours}");
        }
    }

    #[test]
    fn the_table_has_every_processor_code_that_is_documented_and_no_other() {
        let judged: Vec<&str> = PROCESSOR_CODES.iter().map(|row| row.0).collect();
        assert_eq!(judged, DOCUMENTED.split_ascii_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn every_documented_code_is_judged_and_keeps_its_own_name_beside_ours() {
        for (code, _, ours) in PROCESSOR_CODES {
            let decline = judged(code, None);
            assert_eq!((decline.code, decline.gateway_code.as_str()), (*ours, *code));
            assert_eq!(Decline::known_code(decline.code), decline.code, "a row cannot keep it");
        }
    }

    /// The cards of PayPal's page on testing declines.
    #[test]
    fn every_declining_test_card_gets_its_category() {
        for (name, code, ours, category) in [
            ("CCREJECT-REFUSED", "0500", "do_not_honor", LaterFewTimes),
            ("CCREJECT-SF", "9500", "fraudulent", Never),
            ("CCREJECT-EC", "5400", "expired_card", PayerMustAct),
            ("CCREJECT-IRC", "5180", "restricted_card", Never),
            ("CCREJECT-IF", "5120", "insufficient_funds", Later),
            ("CCREJECT-LS", "9520", "stolen_card", Never),
            ("CCREJECT-IA", "1330", "invalid_account", Never),
            ("CCREJECT-BANK_ERROR", "5100", "generic_decline", LaterFewTimes),
            ("CCREJECT-CVV_F", "00N7", "incorrect_cvc", PayerMustAct),
        ] {
            let decline = judged(code, None);
            assert_eq!((decline.code, decline.category), (ours, category), "{name}");
        }
    }

    #[test]
    fn the_networks_advice_goes_before_the_processors_code() {
        let category = |code, advice| -> DeclineCategory { judged(code, Some(advice)).category };
        for (advice, expected) in [("01", PayerMustAct), ("02", Later), ("03", Never), ("21", Never)] {
            assert_eq!(category("5100", advice), expected, "{advice}");
            assert_eq!(category("5120", advice), expected, "{advice}");
        }
        // All that newer versions of PayPal's contract have say something; one that nobody knows says nothing.
        for advice in ["04", "22", "24", "25", "26", "27", "28", "29", "30", "40", "43"] {
            assert!(category("5100", advice) != LaterFewTimes, "{advice}");
        }
        assert_eq!(category("5100", "99"), LaterFewTimes);
    }

    #[test]
    fn what_nobody_knows_is_never_tried_again_and_what_was_seen_before_is_looked_for() {
        for code in ["", "PPZZ", "5121", "SOME_NEW_ISSUE"] {
            let decline = judged(code, None);
            assert_eq!((decline.code, decline.category), ("unknown", Never), "{code}");
        }
        assert_eq!(judged("5200", None).category, LookForEarlier);
        assert_eq!(judged("9600", None).category, Never);
    }

    #[test]
    fn a_payer_is_never_told_of_theft_or_suspicion() {
        let codes = PROCESSOR_CODES.iter().map(|row| row.0).chain(WORDS.iter().map(|row| row.0));
        for code in codes {
            let message = judged(code, None).payer_message();
            for word in ["stolen", "lost", "fraud", "risk", "blacklist", "suspect", "pickup", "never", "compliance"] {
                assert!(!message.to_lowercase().contains(word), "{code}: {message}");
            }
        }
        assert_eq!(judged("9520", None).payer_message(), judged("9500", None).payer_message());
    }

    /// `processor_response.response_code` in PayPal's contract of orders, all 154.
    const DOCUMENTED: &str = "0000 00N7 0100 0390 0500 0580 0800 0880 0890 0960 0R00 1000 10BR 1300 1310 1312 1317 1320 1330 1335 \
        1340 1350 1352 1360 1370 1380 1382 1384 1390 1393 5100 5110 5120 5130 5135 5140 5150 5160 5170 5180 \
        5190 5200 5210 5400 5500 5650 5700 5710 5800 5900 5910 5920 5930 5950 6300 7600 7700 7710 7800 7900 \
        8000 8010 8020 8030 8100 8110 8220 9100 9500 9510 9520 9530 9540 9600 PCNR PCVV PP06 PPAB PPAD PPAE \
        PPAG PPAI PPAR PPAU PPAV PPAX PPBG PPC2 PPCE PPCO PPCR PPCT PPCU PPD3 PPDC PPDI PPDT PPDV PPEF PPEL \
        PPER PPEX PPFE PPFI PPFR PPFV PPGR PPH1 PPIF PPII PPIM PPIT PPLR PPLS PPMB PPMC PPMD PPNC PPNL PPNM \
        PPNT PPPH PPPI PPPM PPQC PPRE PPRF PPRN PPRR PPS0 PPS1 PPS2 PPS3 PPS4 PPS5 PPS6 PPSC PPSD PPSE PPTE \
        PPTF PPTI PPTR PPTT PPTV PPUA PPUC PPUE PPUI PPUP PPUR PPVC PPVE PPVT";
}
