//! What the merchant has Quittance do by itself, where a payment turns out to be trouble. Template parameters say so; unless they do,
//! no money goes back that nobody asked for.

/// What is done by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Policy {
    /// About money that moved after the payment had ended otherwise.
    pub late_success: Reaction,
    /// About a charge that its bank calls fraud, while giving it back may still keep it from being disputed.
    pub fraud_warning: Reaction,
}

/// What is done about money that a merchant may not want.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reaction {
    /// It stays; the row says what happened.
    Keep,
    /// It goes back, all that may be refunded.
    Refund,
}

impl Policy {
    /// What is done unless the merchant says otherwise: nothing.
    pub const STANDARD: Self = Self { late_success: Reaction::Keep, fraud_warning: Reaction::Keep };
}
