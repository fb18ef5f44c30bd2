//! Stripe's test payment methods, as data, and what each says when it is charged. Pure.
//!
//! A row `visa_chargeDeclined` is reached as `pm_card_visa_chargeDeclined`, as `tok_visa_chargeDeclined` and by its
//! number. Cards that differ only after the payment (disputes, early fraud warnings) succeed here like any other, and say
//! what follows.

use super::{
    declines::{
        AUTHENTICATION_REQUIRED, BANK_ACCOUNT_CLOSED, BANK_DEBIT_NOT_AUTHORIZED, BANK_INSUFFICIENT_FUNDS,
        CARD_VELOCITY_EXCEEDED, Decline, EXPIRED_CARD, FRAUDULENT, GENERIC, HIGHEST_RISK, INCORRECT_CVC,
        INSUFFICIENT_FUNDS, LOST_CARD, PROCESSING_ERROR, STOLEN_CARD,
    },
    disputes::{COMPELLING, COMPLIANCE, Complaint, FRAUDULENT as NOT_THE_PAYER, INQUIRY, NOT_RECEIVED},
};

/// One of Stripe's test payment methods.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TestMethod {
    pub(crate) name: &'static str,
    /// The card's number, or the bank account's.
    pub(crate) number: &'static str,
    pub(crate) brand: &'static str,
    challenge: Challenge,
    fate: Fate,
    pub(crate) checks: Checks,
    pub(crate) refund: RefundFate,
    pub(crate) aftermath: Aftermath,
}

/// When the issuer wants to see the payer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Challenge {
    Never,
    /// Only when the request asks for 3-D Secure.
    WhenAsked,
    /// When the payer is there; set up for payments without them.
    OnSession,
    Always,
}

/// What becomes of the charge once the payer is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Approve,
    Decline(&'static Decline),
    Debit(Debit),
}

/// How a bank debit ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Debit {
    Pays,
    Bounces(&'static Decline),
    /// Stays pending until a test decides.
    Waits,
}

/// Which of the issuer's checks fails without failing the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checks {
    Pass,
    CvcFails,
    ZipFails,
    AddressFails,
}

/// How a refund to this card goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefundFate {
    Succeeds,
    PendingThenSucceeds,
    SucceedsThenFails,
}

/// What its owner, or its bank, does some time after the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aftermath {
    Nothing,
    /// Each of them disputes an equal part.
    Disputes(&'static [Complaint]),
    FraudWarning,
}

/// How the payer stands to the charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    OffSession,
    /// Here, but not asked yet.
    OnSession {
        wants_3ds: bool,
    },
    /// Here, and authenticated by the issuer.
    Authenticated,
}

/// What the payment method says to a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Approve,
    Challenge,
    Decline(&'static Decline),
    Debit(Debit),
}

impl TestMethod {
    /// What the method says to a charge when the payer stands to it like this.
    pub(crate) fn verdict(&self, presence: Presence) -> Verdict {
        match (self.challenge, presence) {
            (Challenge::Always, Presence::OffSession) => return Verdict::Decline(&AUTHENTICATION_REQUIRED),
            (Challenge::Always | Challenge::OnSession, Presence::OnSession { .. })
            | (Challenge::WhenAsked, Presence::OnSession { wants_3ds: true }) => return Verdict::Challenge,
            (Challenge::Never, _)
            | (Challenge::WhenAsked, Presence::OffSession | Presence::OnSession { wants_3ds: false })
            | (Challenge::OnSession, Presence::OffSession)
            | (_, Presence::Authenticated) => {}
        }
        match self.fate {
            Fate::Approve => Verdict::Approve,
            Fate::Decline(decline) => Verdict::Decline(decline),
            Fate::Debit(debit) => Verdict::Debit(debit),
        }
    }

    pub(crate) fn is_bank_account(&self) -> bool {
        matches!(self.fate, Fate::Debit(_))
    }

    pub(crate) fn last4(&self) -> &'static str {
        self.number.get(self.number.len().saturating_sub(4)..).unwrap_or_default()
    }

    /// By the id of a ready-made payment method, `pm_card_…` or `pm_usBankAccount_…`.
    pub(crate) fn by_method_id(id: &str) -> Option<&'static Self> {
        if let Some(name) = id.strip_prefix("pm_card_") {
            return find(name, false).filter(|method| method.name != TOKEN_ONLY);
        }
        find(id.strip_prefix("pm_")?, true)
    }

    /// By the id of a ready-made token, `tok_…`.
    pub(crate) fn by_token(id: &str) -> Option<&'static Self> {
        find(id.strip_prefix("tok_")?, false)
    }

    pub(crate) fn by_number(number: &str) -> Option<&'static Self> {
        TABLE.iter().find(|method| method.number == number && !method.is_bank_account())
    }
}

/// The id of every method, its token if that is all there is of it, and how it declines a payer who is there. What
/// declines without them only, or after they were asked, is not among them.
pub(crate) fn declining_methods() -> impl Iterator<Item = (Option<String>, Option<String>, &'static Decline)> {
    TABLE.iter().filter_map(|method| {
        let decline = match method.verdict(Presence::OnSession { wants_3ds: false }) {
            Verdict::Decline(decline) | Verdict::Debit(Debit::Bounces(decline)) => decline,
            Verdict::Approve | Verdict::Challenge | Verdict::Debit(Debit::Pays | Debit::Waits) => return None,
        };
        let prefix = if method.is_bank_account() { "pm" } else { "pm_card" };
        let by_token = method.name == TOKEN_ONLY;
        let id = (!by_token).then(|| format!("{prefix}_{}", method.name));
        Some((id, by_token.then(|| format!("tok_{}", method.name)), decline))
    })
}

/// Stripe knows most declining cards also without the brand in the name (`pm_card_chargeDeclined`).
fn find(name: &str, bank_account: bool) -> Option<&'static TestMethod> {
    let known = |method: &&TestMethod| method.name == name || method.name.strip_prefix("visa_") == Some(name);
    TABLE.iter().filter(|method| method.is_bank_account() == bank_account).find(known)
}

/// The one card that exists as a token only.
const TOKEN_ONLY: &str = "visa_chargeDeclinedFraudulent";

const fn card(
    name: &'static str,
    number: &'static str,
    brand: &'static str,
    challenge: Challenge,
    fate: Fate,
) -> TestMethod {
    let (checks, refund, aftermath) = (Checks::Pass, RefundFate::Succeeds, Aftermath::Nothing);
    TestMethod { name, number, brand, challenge, fate, checks, refund, aftermath }
}

const fn good(name: &'static str, number: &'static str, brand: &'static str) -> TestMethod {
    card(name, number, brand, Challenge::Never, Fate::Approve)
}

const fn bad(name: &'static str, number: &'static str, decline: &'static Decline) -> TestMethod {
    card(name, number, "visa", Challenge::Never, Fate::Decline(decline))
}

const fn secured(name: &'static str, number: &'static str, challenge: Challenge, fate: Fate) -> TestMethod {
    card(name, number, "visa", challenge, fate)
}

const fn disputed(name: &'static str, number: &'static str, complaints: &'static [Complaint]) -> TestMethod {
    TestMethod { aftermath: Aftermath::Disputes(complaints), ..good(name, number, "visa") }
}

const fn account(name: &'static str, number: &'static str, debit: Debit) -> TestMethod {
    card(name, number, "", Challenge::Never, Fate::Debit(debit))
}

#[rustfmt::skip] // A table is read by its columns.
static TABLE: &[TestMethod] = &[
    good("visa", "4242424242424242", "visa"),
    good("visa_debit", "4000056655665556", "visa"),
    good("mastercard", "5555555555554444", "mastercard"),
    good("amex", "378282246310005", "amex"),
    good("discover", "6011111111111117", "discover"),
    good("diners", "3056930009020004", "diners"),
    good("jcb", "3566002020360505", "jcb"),
    good("unionpay", "6200000000000005", "unionpay"),
    good("bypassPending", "4000000000000077", "visa"),

    bad("visa_chargeDeclined", "4000000000000002", &GENERIC),
    bad("visa_chargeDeclinedInsufficientFunds", "4000000000009995", &INSUFFICIENT_FUNDS),
    bad("visa_chargeDeclinedLostCard", "4000000000009987", &LOST_CARD),
    bad("visa_chargeDeclinedStolenCard", "4000000000009979", &STOLEN_CARD),
    bad("visa_chargeDeclinedVelocityLimitExceeded", "4000000000006975", &CARD_VELOCITY_EXCEEDED),
    bad(TOKEN_ONLY, "4100000000000019", &FRAUDULENT),
    bad("chargeDeclinedExpiredCard", "4000000000000069", &EXPIRED_CARD),
    bad("chargeDeclinedIncorrectCvc", "4000000000000127", &INCORRECT_CVC),
    bad("chargeDeclinedProcessingError", "4000000000000119", &PROCESSING_ERROR),
    bad("chargeCustomerFail", "4000000000000341", &GENERIC),
    bad("radarBlock", "4100000000000019", &HIGHEST_RISK),

    TestMethod { checks: Checks::CvcFails, ..good("cvcCheckFail", "4000000000000101", "visa") },
    TestMethod { checks: Checks::ZipFails, ..good("avsZipFail", "4000000000000036", "visa") },
    TestMethod { checks: Checks::AddressFails, ..good("avsFail", "4000000000000010", "visa") },
    good("riskLevelHighest", "4000000000004954", "visa"),
    good("riskLevelElevated", "4000000000009235", "visa"),

    secured("authenticationRequired", "4000002760003184", Challenge::Always, Fate::Approve),
    secured("authenticationRequiredOnSetup", "4000002500003155", Challenge::Always, Fate::Approve),
    secured("authenticationRequiredSetupForOffSession", "4000003800000446", Challenge::OnSession, Fate::Approve),
    secured("authenticationRequiredChargeDeclinedInsufficientFunds", "4000008260003178", Challenge::Always, Fate::Decline(&INSUFFICIENT_FUNDS)),
    secured("threeDSecure2Required", "4000000000003220", Challenge::Always, Fate::Approve),
    secured("threeDSecureRequired", "4000000000003063", Challenge::Always, Fate::Approve),
    secured("threeDSecureRequiredChargeDeclined", "4000008400001629", Challenge::Always, Fate::Decline(&GENERIC)),
    // The look-up of the issuer fails, so nobody is challenged and the card is declined at once.
    secured("threeDSecureRequiredProcessingError", "4000008400001280", Challenge::Never, Fate::Decline(&GENERIC)),
    secured("threeDSecureOptional", "4000000000003055", Challenge::WhenAsked, Fate::Approve),

    disputed("createDispute", "4000000000000259", &[NOT_THE_PAYER]),
    disputed("createDisputeProductNotReceived", "4000000000002685", &[NOT_RECEIVED]),
    disputed("createDisputeInquiry", "4000000000001976", &[INQUIRY]),
    TestMethod { aftermath: Aftermath::FraudWarning, ..good("createIssuerFraudRecord", "4000000000005423", "visa") },
    disputed("createMultipleDisputes", "4000000404000079", &[NOT_THE_PAYER, NOT_RECEIVED]),
    disputed("createCe3EligibleDispute", "4000000404000038", &[COMPELLING]),
    disputed("createComplianceDispute", "4000008400000779", &[COMPLIANCE]),
    TestMethod { refund: RefundFate::PendingThenSucceeds, ..good("pendingRefund", "4000000000007726", "visa") },
    TestMethod { refund: RefundFate::SucceedsThenFails, ..good("refundFail", "4000000000005126", "visa") },

    account("usBankAccount_success", "000123456789", Debit::Pays),
    account("usBankAccount_processing", "000222222227", Debit::Waits),
    account("usBankAccount_insufficientFunds", "000222222227", Debit::Bounces(&BANK_INSUFFICIENT_FUNDS)),
    account("usBankAccount_accountClosed", "000333333335", Debit::Bounces(&BANK_ACCOUNT_CLOSED)),
    account("usBankAccount_debitNotAuthorized", "000333333335", Debit::Bounces(&BANK_DEBIT_NOT_AUTHORIZED)),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(id: &str, presence: Presence) -> Verdict {
        TestMethod::by_method_id(id).unwrap_or_else(|| panic!("{id} is not in the table")).verdict(presence)
    }

    const HERE: Presence = Presence::OnSession { wants_3ds: false };
    const HERE_3DS: Presence = Presence::OnSession { wants_3ds: true };

    #[test]
    fn a_method_has_its_token_and_its_number() {
        let by_id = TestMethod::by_method_id("pm_card_visa_chargeDeclinedLostCard");
        assert!(by_id.is_some());
        assert_eq!(by_id, TestMethod::by_token("tok_visa_chargeDeclinedLostCard"));
        assert_eq!(by_id, TestMethod::by_token("tok_chargeDeclinedLostCard"));
        assert_eq!(by_id, TestMethod::by_number("4000000000009987"));
    }

    #[test]
    fn the_fraudulent_card_is_a_token_only() {
        assert!(TestMethod::by_token("tok_visa_chargeDeclinedFraudulent").is_some());
        assert!(TestMethod::by_method_id("pm_card_visa_chargeDeclinedFraudulent").is_none());
    }

    #[test]
    fn unknown_names_are_not_found() {
        for id in ["pm_card_", "pm_card_visa2", "pm_", "visa", "pm_card_usBankAccount_success", "pm_visa"] {
            assert!(TestMethod::by_method_id(id).is_none(), "{id}");
        }
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<_> = TABLE.iter().map(|method| method.name).collect();
        assert_eq!(names.len(), TABLE.len());
    }

    #[test]
    fn a_card_that_wants_its_payer_declines_without_them() {
        let id = "pm_card_authenticationRequired";
        assert_eq!(verdict(id, HERE), Verdict::Challenge);
        assert_eq!(verdict(id, Presence::OffSession), Verdict::Decline(&AUTHENTICATION_REQUIRED));
        assert_eq!(verdict(id, Presence::Authenticated), Verdict::Approve);
    }

    #[test]
    fn a_card_set_up_for_off_session_asks_only_a_payer_who_is_there() {
        let id = "pm_card_authenticationRequiredSetupForOffSession";
        assert_eq!(verdict(id, HERE), Verdict::Challenge);
        assert_eq!(verdict(id, Presence::OffSession), Verdict::Approve);
    }

    #[test]
    fn optional_3ds_is_asked_only_on_request() {
        assert_eq!(verdict("pm_card_threeDSecureOptional", HERE), Verdict::Approve);
        assert_eq!(verdict("pm_card_threeDSecureOptional", HERE_3DS), Verdict::Challenge);
        assert_eq!(verdict("pm_card_visa", HERE_3DS), Verdict::Approve);
    }

    #[test]
    fn a_passed_challenge_does_not_make_a_bad_card_good() {
        let late = "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds";
        assert_eq!(verdict(late, HERE), Verdict::Challenge);
        assert_eq!(verdict(late, Presence::Authenticated), Verdict::Decline(&INSUFFICIENT_FUNDS));
        assert_eq!(verdict("pm_card_threeDSecureRequiredProcessingError", HERE), Verdict::Decline(&GENERIC));
    }
}
