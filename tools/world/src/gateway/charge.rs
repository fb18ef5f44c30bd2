//! The gateway's own books: one entry for each time money was tried to be moved. Only the gateway writes here, so this
//! is the truth that rows are compared with.

use domain::{id::TransactionId, text::GatewayToken};

/// One time that money was tried to be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// On which object.
    pub object: GatewayToken,
    /// Whose id that object bears.
    pub transaction_id: TransactionId,
    /// Who asked for it.
    pub cause: Cause,
    /// How much money it holds or has moved; for a decline, how much it was about.
    pub minor_units: i64,
    /// What came of it.
    pub standing: Standing,
}

/// Who asked for a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A request of ours, by its idempotency key.
    Request(String),
    /// The payer's browser.
    Browser,
}

/// What came of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The money is held.
    Held,
    /// The money is taken.
    Captured,
    /// The money was held and let go.
    Released,
    /// The bank said no, for this reason.
    Declined(&'static str),
}

impl Charge {
    /// Whether the payer's money is held or taken.
    #[must_use]
    pub const fn stands(&self) -> bool {
        match self.standing {
            Standing::Held | Standing::Captured => true,
            Standing::Released | Standing::Declined(_) => false,
        }
    }

    /// Whether the request with this key asked for it.
    #[must_use]
    pub fn is_of_key(&self, key: &str) -> bool {
        matches!(&self.cause, Cause::Request(cause) if cause == key)
    }
}
