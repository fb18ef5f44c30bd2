//! What the merchant does about a dispute. It is written on the row before the gateway is asked, as for a payment.

use crate::{
    id::{IdempotencyKey, RequestHash},
    time::{Now, Timestamp},
};

/// Something that the merchant did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// What.
    pub kind: ActKind,
    /// The client's key for it.
    pub key: IdempotencyKey,
    /// The hash of its request.
    pub request_hash: RequestHash,
    /// When it was written down.
    pub started_at: Timestamp,
    /// When its request was last about to be sent.
    pub sent_at: Timestamp,
    /// How far it has come.
    pub progress: ActProgress,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActKind {
    /// Papers were put by. No gateway hears of it.
    Draft,
    /// The papers go to the gateway, for good.
    Submit {
        /// How often the gateway had been given papers before.
        before: Option<u32>,
    },
    /// The merchant gives in.
    Accept,
}

impl ActKind {
    /// The word for it in answers and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submit { .. } => "submit",
            Self::Accept => "accept",
        }
    }
}

/// How far an act has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActProgress {
    /// Its request may have been served or not; nobody knows.
    Unanswered,
    /// Its key was answered, in a way that does not say whether it was served: the dispute itself tells.
    Answered {
        /// What a second sending was refused with; none for a failure that the gateway remembers.
        refusal: Option<String>,
    },
    /// The gateway did it, and has not shown the dispute since. Until it has, nothing else is asked for.
    Taken,
    /// It is done.
    Done,
    /// The gateway refused it.
    Refused {
        /// Its code.
        code: String,
    },
    /// The dispute moved on without it.
    Overtaken,
}

impl ActProgress {
    /// The word for it in answers.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unanswered | Self::Answered { .. } | Self::Taken => "pending",
            Self::Done => "done",
            Self::Refused { .. } => "refused",
            Self::Overtaken => "overtaken",
        }
    }
}

impl Act {
    /// Until when what was sent last may still be under way.
    #[must_use]
    pub fn is_on_its_way_until(&self, now: &Now) -> Timestamp {
        self.sent_at.plus(now.limits.gateway_timeout.saturating_mul(2))
    }

    /// Whether the dispute has not shown yet what came of it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        match self.progress {
            ActProgress::Unanswered | ActProgress::Answered { .. } | ActProgress::Taken => true,
            ActProgress::Done | ActProgress::Refused { .. } | ActProgress::Overtaken => false,
        }
    }
}
