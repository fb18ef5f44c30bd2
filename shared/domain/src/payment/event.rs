//! What happened to a payment, in the past tense. Every write to a row stores the event that caused it.

use super::{Act, Attempt, End, PaymentDispute, PaymentWarning, Refund, RefundProgress, ReviewReason};
use crate::{
    decline::Decline,
    dispute::Status,
    gateway::{Charge, NextAction},
    id::AttemptNumber,
    money::Money,
    time::Timestamp,
};

/// What happened, when, and when somebody must look again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub fact: Fact,
    /// When.
    pub at: Timestamp,
    /// When somebody must look again.
    pub due: Option<Timestamp>,
    /// Why a person must look too.
    pub review: Option<ReviewReason>,
    /// What was learned of the charge with it.
    pub charge: Option<Charge>,
    /// The refund that the merchant's settings make of it: reserved in the same write.
    pub refund: Option<Refund>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// An attempt was written down; its request may leave now.
    AttemptStarted(Attempt),
    /// An attempt's own key was answered, but what it said is not the present state.
    AttemptAnswered {
        /// Which.
        number: AttemptNumber,
    },
    /// An attempt, an act or a look was made, and nobody knows what came of it.
    OutcomeUnknown {
        /// Why, in one word.
        reason: &'static str,
    },
    /// An attempt's own key said that it was declined.
    AttemptDeclined {
        /// Which.
        number: AttemptNumber,
        /// Why.
        decline: Decline,
        /// What comes next.
        then: AfterDecline,
    },
    /// The open attempt turned out not to have charged.
    AttemptNotCharged {
        /// Which.
        number: AttemptNumber,
    },
    /// The payer must do something.
    ActionRequired(NextAction),
    /// The gateway is at work.
    GatewayPending,
    /// The object waits for a way to pay again, and no attempt of ours is open.
    MethodRequired,
    /// The money is held.
    Authorized {
        /// How much may be captured.
        capturable: Money,
    },
    /// The money was taken.
    Captured {
        /// How much.
        amount: Money,
    },
    /// The money was taken after the payment had ended otherwise.
    CapturedLate {
        /// How much.
        amount: Money,
    },
    /// The object was seen canceled.
    Ended(End),
    /// It is over without money though its object is not: nobody will ask for the money any more.
    EndedHere(End),
    /// A capture, cancel or end was written down; the gateway may be asked now.
    ActOpened(Act),
    /// The gateway refused the open act.
    ActRefused {
        /// Its code.
        code: String,
    },
    /// A refund was written down and its amount reserved; its request may leave now.
    RefundStarted(Refund),
    /// Refunds came as far as they say, or were seen for the first time.
    RefundsMoved(Vec<Refund>),
    /// All refunds of the object were compared, and these had come further.
    RefundsCompared(Vec<Refund>),
    /// A dispute came as far as it says.
    DisputeMoved(PaymentDispute),
    /// A bank says that the charge may be fraud, or has something new to say about that.
    FraudWarned(PaymentWarning),
    /// A worker took the row to look at it.
    Claimed,
    /// A webhook that proves nothing by itself: look now.
    LookAsked,
    /// The gateway said that there are refunds, and not which.
    RefundsHinted,
    /// The gateway told more of the charge than was known.
    ChargeTold,
    /// Somebody looked for what the charge came to, and the gateway did not tell.
    SettlementNotTold,
    /// Somebody looked, and nothing is new.
    Looked,
    /// Somebody looked, and what is waited for is not over: a bank is at work, or what is held has yet to be let go.
    StillPending,
    /// A person was asked to look.
    ReviewAsked,
}

/// What comes after a decline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterDecline {
    /// The payer, or the merchant, tries another way.
    AwaitMethod,
    /// Its object takes no other charge: it is over.
    End,
    /// We try again.
    Reattempt {
        /// When.
        at: Timestamp,
    },
    /// Nothing can help: the object is canceled, and then the payment has failed.
    GiveUp,
}

impl Fact {
    /// Why it happened, where the row itself does not tell.
    #[must_use]
    pub const fn why(&self) -> Option<&'static str> {
        match self {
            Self::OutcomeUnknown { reason } => Some(reason),
            Self::AttemptStarted(_)
            | Self::AttemptAnswered { .. }
            | Self::AttemptDeclined { .. }
            | Self::AttemptNotCharged { .. }
            | Self::ActionRequired(_)
            | Self::GatewayPending
            | Self::MethodRequired
            | Self::Authorized { .. }
            | Self::Captured { .. }
            | Self::CapturedLate { .. }
            | Self::Ended(_)
            | Self::EndedHere(_)
            | Self::ActOpened(_)
            | Self::ActRefused { .. }
            | Self::RefundStarted(_)
            | Self::RefundsMoved(_)
            | Self::RefundsCompared(_)
            | Self::DisputeMoved(_)
            | Self::FraudWarned(_)
            | Self::Claimed
            | Self::LookAsked
            | Self::RefundsHinted
            | Self::ChargeTold
            | Self::SettlementNotTold
            | Self::Looked
            | Self::StillPending
            | Self::ReviewAsked => None,
        }
    }

    /// The word for it in rows, logs and timelines.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AttemptStarted(_) => "attempt_started",
            Self::AttemptAnswered { .. } => "attempt_answered",
            Self::OutcomeUnknown { .. } => "outcome_unknown",
            Self::AttemptDeclined { .. } => "attempt_declined",
            Self::AttemptNotCharged { .. } => "attempt_not_charged",
            Self::ActionRequired(_) => "action_required",
            Self::GatewayPending => "gateway_pending",
            Self::MethodRequired => "method_required",
            Self::Authorized { .. } => "authorized",
            Self::Captured { .. } => "captured",
            Self::CapturedLate { .. } => "captured_late",
            Self::Ended(End::Canceled) | Self::EndedHere(End::Canceled) => "canceled",
            Self::Ended(End::Expired) | Self::EndedHere(End::Expired) => "expired",
            Self::Ended(End::Failed) | Self::EndedHere(End::Failed) => "failed",
            Self::ActOpened(_) => "act_opened",
            Self::ActRefused { .. } => "act_refused",
            Self::RefundStarted(_) => "refund_started",
            Self::RefundsMoved(refunds) | Self::RefundsCompared(refunds) => match refunds.as_slice() {
                [refund] => refund_moved(&refund.progress),
                _ => "refunds_moved",
            },
            Self::DisputeMoved(dispute) => match dispute.standing.status {
                Status::NeedsResponse => "dispute_opened",
                Status::UnderReview => "dispute_under_review",
                Status::Won => "dispute_won",
                Status::Lost => "dispute_lost",
                Status::Prevented => "dispute_prevented",
                Status::Closed => "dispute_closed",
            },
            Self::FraudWarned(_) => "fraud_warned",
            Self::Claimed => "claimed",
            Self::LookAsked => "look_asked",
            Self::RefundsHinted => "refunds_hinted",
            Self::ChargeTold => "charge_told",
            Self::SettlementNotTold => "settlement_not_told",
            Self::Looked => "looked",
            Self::StillPending => "still_pending",
            Self::ReviewAsked => "review_asked",
        }
    }
}

const fn refund_moved(progress: &RefundProgress) -> &'static str {
    match progress {
        RefundProgress::Unanswered | RefundProgress::Answered { .. } => "refund_answered",
        RefundProgress::Pending => "refund_pending",
        RefundProgress::Succeeded => "refund_succeeded",
        RefundProgress::Failed { .. } => "refund_failed",
        RefundProgress::Canceled => "refund_canceled",
    }
}
