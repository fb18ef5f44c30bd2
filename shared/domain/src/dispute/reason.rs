//! Why a payer disputes: one vocabulary for both gateways. It moves nothing; it tells the merchant what to answer.

/// Why a payer disputes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The payer says that they did not pay.
    Fraudulent,
    /// What was paid for did not come.
    NotReceived,
    /// It came, and was not what was promised.
    NotAsDescribed,
    /// It was paid twice.
    Duplicate,
    /// It was another amount.
    IncorrectAmount,
    /// A refund that was promised did not come.
    CreditNotProcessed,
    /// The subscription had been canceled.
    SubscriptionCanceled,
    /// It was paid in another way as well.
    PaidByOtherMeans,
    /// The payer does not know what the line on their statement is.
    Unrecognized,
    /// The bank, and not the payer, has trouble with it.
    BankCannotProcess,
    /// Anything else; the gateway's own word tells.
    Other,
}

impl Reason {
    /// All reasons, for tables and parsers.
    pub const ALL: [Self; 11] = [
        Self::Fraudulent,
        Self::NotReceived,
        Self::NotAsDescribed,
        Self::Duplicate,
        Self::IncorrectAmount,
        Self::CreditNotProcessed,
        Self::SubscriptionCanceled,
        Self::PaidByOtherMeans,
        Self::Unrecognized,
        Self::BankCannotProcess,
        Self::Other,
    ];

    /// The word for it in answers and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fraudulent => "fraudulent",
            Self::NotReceived => "not_received",
            Self::NotAsDescribed => "not_as_described",
            Self::Duplicate => "duplicate",
            Self::IncorrectAmount => "incorrect_amount",
            Self::CreditNotProcessed => "credit_not_processed",
            Self::SubscriptionCanceled => "subscription_canceled",
            Self::PaidByOtherMeans => "paid_by_other_means",
            Self::Unrecognized => "unrecognized",
            Self::BankCannotProcess => "bank_cannot_process",
            Self::Other => "other",
        }
    }
}
