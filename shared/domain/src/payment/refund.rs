//! A refund: money that goes back to the payer, all of it or a part. It is written on the row, and its amount reserved,
//! before the gateway is asked for it; what may still be refunded is computed from the row and stored nowhere.

use crate::{
    gateway::RefundStatus,
    id::{IdempotencyKey, RefundId, RequestHash},
    money::Money,
    schedule::Limits,
    text::GatewayToken,
    time::Timestamp,
    warning::WarningId,
};

/// A refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Its public id.
    pub id: RefundId,
    /// Who made it.
    pub source: RefundSource,
    /// How much.
    pub amount: Money,
    /// Why, if the client says so.
    pub reason: Option<RefundReason>,
    /// The gateway's name for it, once the gateway has shown it.
    pub reference: Option<GatewayToken>,
    /// When it was written down.
    pub started_at: Timestamp,
    /// How far it has come.
    pub progress: RefundProgress,
}

/// Who made a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundSource {
    /// A client of ours, by POST /payment/refund.
    Api {
        /// The client's key for that request.
        key: IdempotencyKey,
        /// The hash of that request.
        request_hash: RequestHash,
    },
    /// A person at the gateway's dashboard. We hear of it afterwards.
    Gateway,
    /// Quittance itself, because the merchant's settings say so.
    Automatic(Cause),
}

/// What a refund was made by itself for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Money moved after the payment had ended otherwise.
    LateSuccess,
    /// A bank warned of fraud.
    FraudWarning(WarningId),
}

/// Why a client refunds. The words are Stripe's, which shows them to the merchant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefundReason {
    /// It was paid twice.
    Duplicate,
    /// It looks like fraud.
    Fraudulent,
    /// The payer asked for it.
    RequestedByCustomer,
}

impl RefundReason {
    /// All reasons, for parsers.
    pub const ALL: [Self; 3] = [Self::Duplicate, Self::Fraudulent, Self::RequestedByCustomer];

    /// The word for it, everywhere.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Fraudulent => "fraudulent",
            Self::RequestedByCustomer => "requested_by_customer",
        }
    }
}

/// How far a refund has come: pending, then succeeded, then perhaps failed or canceled, which absorb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundProgress {
    /// Its request may have been served or not; nobody knows.
    Unanswered,
    /// Its own key was answered without showing it: it is looked for, and not sent again.
    Answered {
        /// What a second sending was refused with; none for a failure that the gateway remembers.
        refusal: Option<String>,
    },
    /// The gateway has it and will say later.
    Pending,
    /// The money is on its way to the payer.
    Succeeded,
    /// The money stays with the merchant, or came back.
    Failed {
        /// The gateway's code.
        code: String,
    },
    /// It was called off at the gateway.
    Canceled,
}

impl RefundProgress {
    /// The word for it in answers and rows.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unanswered | Self::Answered { .. } | Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed { .. } => "failed",
            Self::Canceled => "canceled",
        }
    }
}

impl Refund {
    /// The hash of the client's request that it was written down for, if that bore this key.
    #[must_use]
    pub fn request_of(&self, wanted: &IdempotencyKey) -> Option<RequestHash> {
        match &self.source {
            RefundSource::Api { key, request_hash } if key == wanted => Some(*request_hash),
            RefundSource::Api { .. } | RefundSource::Gateway | RefundSource::Automatic(_) => None,
        }
    }

    /// Whether nobody knows what came of it.
    #[must_use]
    pub const fn is_in_doubt(&self) -> bool {
        match self.progress {
            RefundProgress::Unanswered | RefundProgress::Answered { .. } => true,
            RefundProgress::Pending
            | RefundProgress::Succeeded
            | RefundProgress::Failed { .. }
            | RefundProgress::Canceled => false,
        }
    }

    /// Whether it is not at its end: what has succeeded may fail later, but then the gateway says so, or it is watched
    /// ([`super::Payment::watches_refunds`]).
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.is_in_doubt() || self.progress == RefundProgress::Pending
    }

    /// Whether its money counts as given back: from the moment it is written down until it has failed.
    #[must_use]
    pub const fn reserves(&self) -> bool {
        match self.progress {
            RefundProgress::Unanswered
            | RefundProgress::Answered { .. }
            | RefundProgress::Pending
            | RefundProgress::Succeeded => true,
            RefundProgress::Failed { .. } | RefundProgress::Canceled => false,
        }
    }

    /// Whether its gateway key may still be sent: well before the gateway forgets it (E9).
    #[must_use]
    pub fn key_is_young(&self, at: Timestamp) -> bool {
        at.since(self.started_at) < Limits::KEY_YOUNG
    }

    /// What it becomes when the gateway shows it so; none if that is not news.
    #[must_use]
    pub(super) fn shown_as(&self, status: &RefundStatus) -> Option<RefundProgress> {
        let shown = match status {
            RefundStatus::Pending => RefundProgress::Pending,
            RefundStatus::Succeeded => RefundProgress::Succeeded,
            RefundStatus::Failed { code } => RefundProgress::Failed { code: code.clone() },
            RefundStatus::Canceled => RefundProgress::Canceled,
            RefundStatus::Unrecognized(_) => return None,
        };
        let moves = match &self.progress {
            RefundProgress::Unanswered | RefundProgress::Answered { .. } => true,
            RefundProgress::Pending => shown != RefundProgress::Pending,
            RefundProgress::Succeeded => matches!(shown, RefundProgress::Failed { .. } | RefundProgress::Canceled),
            // Refused, and there all the same: the refusal was of a second sending.
            RefundProgress::Failed { .. } => self.reference.is_none(),
            RefundProgress::Canceled => false,
        };
        moves.then_some(shown)
    }
}
