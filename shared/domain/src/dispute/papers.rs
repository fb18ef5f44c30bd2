//! What the merchant brings forward. (*Evidence* is another thing here: what a gateway says about its own object.)
//!
//! A draft lies in our row and nowhere else: what a gateway has been given may be sent to the bank when the deadline
//! passes, whether the merchant meant it or not.

use std::collections::BTreeMap;

use crate::text::TextError;

/// One thing to say, or one document to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Paper {
    /// What the merchant says, in its own words.
    Explanation,
    /// What was sold.
    ProductDescription,
    /// Who bought it.
    CustomerName,
    /// Their address.
    CustomerEmail,
    /// From where they bought it.
    CustomerPurchaseIp,
    /// Where the bill went.
    BillingAddress,
    /// When a service was rendered.
    ServiceDate,
    /// Where the goods went.
    ShippingAddress,
    /// Who carried them.
    ShippingCarrier,
    /// When they left.
    ShippingDate,
    /// By which number they can be followed.
    ShippingTrackingNumber,
    /// What the payer did on the merchant's servers.
    AccessActivityLog,
    /// How the payer was told about refunds.
    RefundPolicyDisclosure,
    /// Why there is no refund.
    RefundRefusalExplanation,
    /// How the payer was told about cancelling.
    CancellationPolicyDisclosure,
    /// Why the subscription was not canceled.
    CancellationRebuttal,
    /// The other payment that this one seems to double.
    DuplicateChargeId,
    /// How the two differ.
    DuplicateChargeExplanation,
    /// A document: the receipt.
    Receipt,
    /// A document: letters to and from the payer.
    CustomerCommunication,
    /// A document: the payer's signature.
    CustomerSignature,
    /// A document: proof that it was delivered.
    ShippingDocumentation,
    /// A document: proof that the service was rendered.
    ServiceDocumentation,
    /// A document: the rules for refunds.
    RefundPolicy,
    /// A document: the rules for cancelling.
    CancellationPolicy,
    /// A document: what proves that the other payment was for something else.
    DuplicateChargeDocumentation,
    /// A document: anything else.
    OtherDocument,
}

/// What a paper is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A text.
    Text,
    /// The gateway's name for a file that the merchant has given it.
    Document,
}

impl Paper {
    /// All papers, for tables and parsers.
    pub const ALL: [Self; 27] = [
        Self::Explanation,
        Self::ProductDescription,
        Self::CustomerName,
        Self::CustomerEmail,
        Self::CustomerPurchaseIp,
        Self::BillingAddress,
        Self::ServiceDate,
        Self::ShippingAddress,
        Self::ShippingCarrier,
        Self::ShippingDate,
        Self::ShippingTrackingNumber,
        Self::AccessActivityLog,
        Self::RefundPolicyDisclosure,
        Self::RefundRefusalExplanation,
        Self::CancellationPolicyDisclosure,
        Self::CancellationRebuttal,
        Self::DuplicateChargeId,
        Self::DuplicateChargeExplanation,
        Self::Receipt,
        Self::CustomerCommunication,
        Self::CustomerSignature,
        Self::ShippingDocumentation,
        Self::ServiceDocumentation,
        Self::RefundPolicy,
        Self::CancellationPolicy,
        Self::DuplicateChargeDocumentation,
        Self::OtherDocument,
    ];

    /// The word for it in requests, answers and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Explanation => "explanation",
            Self::ProductDescription => "productDescription",
            Self::CustomerName => "customerName",
            Self::CustomerEmail => "customerEmail",
            Self::CustomerPurchaseIp => "customerPurchaseIp",
            Self::BillingAddress => "billingAddress",
            Self::ServiceDate => "serviceDate",
            Self::ShippingAddress => "shippingAddress",
            Self::ShippingCarrier => "shippingCarrier",
            Self::ShippingDate => "shippingDate",
            Self::ShippingTrackingNumber => "shippingTrackingNumber",
            Self::AccessActivityLog => "accessActivityLog",
            Self::RefundPolicyDisclosure => "refundPolicyDisclosure",
            Self::RefundRefusalExplanation => "refundRefusalExplanation",
            Self::CancellationPolicyDisclosure => "cancellationPolicyDisclosure",
            Self::CancellationRebuttal => "cancellationRebuttal",
            Self::DuplicateChargeId => "duplicateChargeId",
            Self::DuplicateChargeExplanation => "duplicateChargeExplanation",
            Self::Receipt => "receipt",
            Self::CustomerCommunication => "customerCommunication",
            Self::CustomerSignature => "customerSignature",
            Self::ShippingDocumentation => "shippingDocumentation",
            Self::ServiceDocumentation => "serviceDocumentation",
            Self::RefundPolicy => "refundPolicy",
            Self::CancellationPolicy => "cancellationPolicy",
            Self::DuplicateChargeDocumentation => "duplicateChargeDocumentation",
            Self::OtherDocument => "otherDocument",
        }
    }

    /// The paper of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|paper| paper.name() == name)
    }

    /// What it is.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Explanation
            | Self::ProductDescription
            | Self::CustomerName
            | Self::CustomerEmail
            | Self::CustomerPurchaseIp
            | Self::BillingAddress
            | Self::ServiceDate
            | Self::ShippingAddress
            | Self::ShippingCarrier
            | Self::ShippingDate
            | Self::ShippingTrackingNumber
            | Self::AccessActivityLog
            | Self::RefundPolicyDisclosure
            | Self::RefundRefusalExplanation
            | Self::CancellationPolicyDisclosure
            | Self::CancellationRebuttal
            | Self::DuplicateChargeId
            | Self::DuplicateChargeExplanation => Kind::Text,
            Self::Receipt
            | Self::CustomerCommunication
            | Self::CustomerSignature
            | Self::ShippingDocumentation
            | Self::ServiceDocumentation
            | Self::RefundPolicy
            | Self::CancellationPolicy
            | Self::DuplicateChargeDocumentation
            | Self::OtherDocument => Kind::Document,
        }
    }
}

/// Everything that the merchant brings forward. It stands in one row with the rest of the dispute, so it is bounded; no
/// bank reads more than a few pages.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Papers(BTreeMap<Paper, String>);

impl Papers {
    /// One text, in characters: about two pages.
    pub const TEXT_MAX_CHARS: usize = 5_000;
    /// All of them together, in bytes.
    pub const ALL_MAX_BYTES: usize = 20_000;

    /// None.
    #[must_use]
    pub const fn nothing() -> Self {
        Self(BTreeMap::new())
    }

    /// Takes papers that are within the bounds.
    ///
    /// # Errors
    /// The offending paper (none if it is the whole) and what is wrong.
    pub fn parse(papers: BTreeMap<Paper, String>) -> Result<Self, (Option<Paper>, TextError)> {
        let mut bytes: usize = 0;
        for (paper, text) in &papers {
            readable(*paper, text).map_err(|why| (Some(*paper), why))?;
            bytes = bytes.saturating_add(text.len());
        }
        if bytes > Self::ALL_MAX_BYTES {
            return Err((None, TextError::TooLarge { max: Self::ALL_MAX_BYTES }));
        }
        Ok(Self(papers))
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, paper: Paper) -> Option<&str> {
        self.0.get(&paper).map(String::as_str)
    }

    /// All of them, always in the same order: a second sending must be the same bytes.
    pub fn iter(&self) -> impl Iterator<Item = (Paper, &str)> {
        self.0.iter().map(|(paper, text)| (*paper, text.as_str()))
    }
}

/// What is in them is somebody's name, address and letters: none of it goes into a log.
impl std::fmt::Debug for Papers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

fn readable(paper: Paper, text: &str) -> Result<(), TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    match paper.kind() {
        Kind::Document => crate::text::GatewayToken::parse(text).map(drop),
        Kind::Text if text.chars().count() > Papers::TEXT_MAX_CHARS => {
            Err(TextError::TooLong { max: Papers::TEXT_MAX_CHARS })
        }
        // A letter has lines.
        Kind::Text if text.chars().any(|character| character.is_control() && character != '\n') => {
            Err(TextError::Control)
        }
        Kind::Text => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn papers(pairs: &[(Paper, &str)]) -> Result<Papers, (Option<Paper>, TextError)> {
        Papers::parse(pairs.iter().map(|(paper, text)| (*paper, (*text).to_owned())).collect())
    }

    #[test]
    fn every_paper_is_found_by_its_name_and_no_other() {
        for paper in Paper::ALL {
            assert_eq!(Paper::named(paper.name()), Some(paper));
        }
        assert_eq!(Paper::named("uncategorized_text"), None);
    }

    #[test]
    fn papers_are_within_their_bounds_or_not_taken() {
        let long = "x".repeat(Papers::TEXT_MAX_CHARS + 1);
        let page = "x".repeat(Papers::TEXT_MAX_CHARS);
        assert!(papers(&[(Paper::Explanation, "It was\ndelivered."), (Paper::Receipt, "file_1")]).is_ok());
        for (wrong, paper, why) in [
            (vec![(Paper::Explanation, "")], Some(Paper::Explanation), TextError::Empty),
            (vec![(Paper::Explanation, long.as_str())], Some(Paper::Explanation), TextError::TooLong { max: 5_000 }),
            (vec![(Paper::CustomerName, "a\u{0}b")], Some(Paper::CustomerName), TextError::Control),
            (vec![(Paper::Receipt, "my receipt.pdf")], Some(Paper::Receipt), TextError::NotAToken),
            (
                Paper::ALL.iter().take(5).map(|paper| (*paper, page.as_str())).collect(),
                None,
                TextError::TooLarge { max: 20_000 },
            ),
        ] {
            assert_eq!(papers(&wrong), Err((paper, why)));
        }
    }

    #[test]
    fn what_is_in_papers_is_not_printed() {
        let printed = format!("{:?}", papers(&[(Paper::CustomerName, "Pat Payer")]).unwrap());
        assert_eq!(printed, "{CustomerName}");
    }
}
