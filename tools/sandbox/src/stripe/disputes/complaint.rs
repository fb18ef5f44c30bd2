//! What a payer complains of, in the words of Stripe and of the card networks. Data.

/// What a dispute is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// One of [`REASONS`].
    pub(crate) reason: &'static str,
    pub(crate) case: Case,
    pub(crate) eligibility: Option<Eligibility>,
}

/// How far it has gone: `payment_method_details.card.case_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// The bank asks; no money has moved.
    Inquiry,
    Chargeback,
    /// The network's own rules were broken.
    Compliance,
    /// The network gave the money back before anybody was asked.
    Resolution,
}

/// Evidence of a special kind that the network takes in this case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Eligibility {
    VisaCompellingEvidence3,
    VisaCompliance,
}

impl Case {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Inquiry => "inquiry",
            Self::Chargeback => "chargeback",
            Self::Compliance => "compliance",
            Self::Resolution => "resolution",
        }
    }
}

/// Stripe's reasons, and Visa's code for each that has one.
const REASONS: &[(&str, Option<&str>)] = &[
    ("bank_cannot_process", None),
    ("check_returned", None),
    ("credit_not_processed", Some("13.6")),
    ("customer_initiated", None),
    ("debit_not_authorized", None),
    ("duplicate", Some("12.6.1")),
    ("fraudulent", Some("10.4")),
    ("general", None),
    ("incorrect_account_details", None),
    ("insufficient_funds", None),
    ("noncompliant", None),
    ("product_not_received", Some("13.1")),
    ("product_unacceptable", Some("13.3")),
    ("subscription_canceled", Some("13.2")),
    ("unrecognized", None),
];

/// The reason of this name.
pub(crate) fn reason(name: &str) -> Option<&'static str> {
    REASONS.iter().find(|(known, _)| *known == name).map(|(known, _)| *known)
}

/// Every reason there is, for whoever asked for another.
pub(crate) fn reasons() -> String {
    REASONS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// Visa's code for this reason; the other networks' codes are not simulated.
pub(crate) fn code_of_visa(reason: &str) -> Option<&'static str> {
    REASONS.iter().find(|(known, _)| *known == reason).and_then(|(_, code)| *code)
}

const fn complaint(reason: &'static str, case: Case) -> Complaint {
    Complaint { reason, case, eligibility: None }
}

/// What the owners of Stripe's test cards complain of.
pub(crate) const FRAUDULENT: Complaint = complaint("fraudulent", Case::Chargeback);
pub(crate) const NOT_RECEIVED: Complaint = complaint("product_not_received", Case::Chargeback);
pub(crate) const INQUIRY: Complaint = complaint("general", Case::Inquiry);
pub(crate) const COMPELLING: Complaint =
    Complaint { eligibility: Some(Eligibility::VisaCompellingEvidence3), ..FRAUDULENT };
pub(crate) const COMPLIANCE: Complaint =
    Complaint { eligibility: Some(Eligibility::VisaCompliance), ..complaint("noncompliant", Case::Compliance) };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_card_complains_of_something_that_stripe_knows() {
        for known in [FRAUDULENT, NOT_RECEIVED, INQUIRY, COMPELLING, COMPLIANCE] {
            assert_eq!(reason(known.reason), Some(known.reason));
        }
        assert_eq!(reason("unhappy"), None);
        assert_eq!((code_of_visa("fraudulent"), code_of_visa("general")), (Some("10.4"), None));
    }
}
