//! An act: a capture, a cancel, or an end, written on the row before the gateway is asked for it. While one is open
//! no other is accepted, and how the payment ends does not depend on who saw the end first.

use crate::{
    id::{IdempotencyKey, RequestHash},
    money::Money,
    schedule::Limits,
    time::Timestamp,
};

/// A capture, a cancel or an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// What is to be done.
    pub kind: ActKind,
    /// The client's key and the hash of its request; none for what Quittance does by itself.
    pub request: Option<(IdempotencyKey, RequestHash)>,
    /// When it was written down.
    pub started_at: Timestamp,
    /// Why the client cancels, if it says so.
    pub reason: Option<CancelReason>,
    /// How far it has come.
    pub progress: ActProgress,
}

/// Why a client cancels. The words are Stripe's, which shows them to the merchant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CancelReason {
    /// There is another payment for the same.
    Duplicate,
    /// It looks like fraud.
    Fraudulent,
    /// The payer asked for it.
    RequestedByCustomer,
    /// The payer went away.
    Abandoned,
}

impl CancelReason {
    /// All reasons, for parsers.
    pub const ALL: [Self; 4] = [Self::Duplicate, Self::Fraudulent, Self::RequestedByCustomer, Self::Abandoned];

    /// The word for it, everywhere.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Fraudulent => "fraudulent",
            Self::RequestedByCustomer => "requested_by_customer",
            Self::Abandoned => "abandoned",
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActKind {
    /// Take the money that is held.
    Capture {
        /// How much of it.
        amount: Money,
    },
    /// Cancel the gateway's object; then the payment ends so.
    Close {
        /// How.
        ends_as: End,
    },
}

/// How a payment ends without money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// Somebody canceled it.
    Canceled,
    /// Its time was over.
    Expired,
    /// It was refused for good.
    Failed,
}

/// How far an act has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActProgress {
    /// Written down; the gateway may or may not have been asked.
    Open,
    /// Done.
    Done,
    /// The gateway refused it.
    Refused {
        /// The gateway's code.
        code: String,
    },
    /// The payment came to another end first.
    Overtaken,
}

impl ActKind {
    /// The word for it in answers and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Capture { .. } => "capture",
            Self::Close { ends_as: End::Canceled } => "cancel",
            Self::Close { ends_as: End::Expired } => "expiry",
            Self::Close { ends_as: End::Failed } => "give_up",
        }
    }
}

impl Act {
    /// The hash of the client's request that it was written down for, if that bore this key.
    #[must_use]
    pub fn request_of(&self, wanted: &IdempotencyKey) -> Option<RequestHash> {
        self.request.as_ref().filter(|(key, _)| key == wanted).map(|(_, hash)| *hash)
    }

    /// Whether its gateway key may still be sent: well before the gateway forgets it (E9).
    #[must_use]
    pub fn key_is_young(&self, at: Timestamp) -> bool {
        at.since(self.started_at) < Limits::KEY_YOUNG
    }

    /// How the payment ends if its object is seen canceled while this act is open.
    #[must_use]
    pub const fn ends_as(&self) -> Option<End> {
        match self.kind {
            ActKind::Close { ends_as } => Some(ends_as),
            ActKind::Capture { .. } => None,
        }
    }
}
