//! What kind of change it was, in the merchant's words. It is found by comparing the row before with the row after, and never by
//! what we called the change ourselves: whatever a merchant can see has an event, also what a later release changes otherwise.

use crate::{
    dispute::{self, Dispute},
    payment::{self, AttemptProgress, AttemptResult, Payment, Refund, RefundProgress},
    warning::Warning,
};

/// What kind of change it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventType {
    /// A payment was opened.
    PaymentCreated,
    /// A payment came to this status.
    Payment(payment::Status),
    /// An attempt was declined, and the payment goes on.
    PaymentDeclined,
    /// The gateway told what the charge came to in the merchant's account.
    PaymentSettled,
    /// A bank says that the charge may be fraud.
    PaymentFraudWarned,
    /// What a dispute holds of the payment has changed.
    PaymentDisputed,
    /// A person must look at the payment.
    PaymentAttentionRequired,
    /// Something else that the payment shows has changed.
    PaymentUpdated,
    /// Somebody looked, or is about to: nothing that the payment shows has changed.
    PaymentChecked,
    /// A refund was asked for.
    RefundCreated,
    /// The money is on its way to the payer.
    RefundSucceeded,
    /// The money stays with the merchant, or came back.
    RefundFailed,
    /// A refund was called off.
    RefundCanceled,
    /// A dispute came to this status.
    Dispute(dispute::Status),
    /// A dispute must be answered soon.
    DisputeDeadlineNear,
    /// A person must look at the dispute.
    DisputeAttentionRequired,
    /// Something else that the dispute shows has changed.
    DisputeUpdated,
    /// Somebody looked, or is about to: nothing that the dispute shows has changed.
    DisputeChecked,
    /// A person must look at an early fraud warning.
    WarningAttentionRequired,
    /// Somebody looked at an early fraud warning, or is about to. What it says, its payment says.
    WarningChecked,
}

impl EventType {
    /// All types, for the catalogue and for parsers.
    pub const ALL: [Self; 32] = [
        Self::PaymentCreated,
        Self::Payment(payment::Status::RequiresPaymentMethod),
        Self::Payment(payment::Status::Processing),
        Self::Payment(payment::Status::RequiresAction),
        Self::Payment(payment::Status::RequiresCapture),
        Self::Payment(payment::Status::Succeeded),
        Self::Payment(payment::Status::Failed),
        Self::Payment(payment::Status::Canceled),
        Self::Payment(payment::Status::Expired),
        Self::PaymentDeclined,
        Self::PaymentSettled,
        Self::PaymentFraudWarned,
        Self::PaymentDisputed,
        Self::PaymentAttentionRequired,
        Self::PaymentUpdated,
        Self::PaymentChecked,
        Self::RefundCreated,
        Self::RefundSucceeded,
        Self::RefundFailed,
        Self::RefundCanceled,
        Self::Dispute(dispute::Status::NeedsResponse),
        Self::Dispute(dispute::Status::UnderReview),
        Self::Dispute(dispute::Status::Won),
        Self::Dispute(dispute::Status::Lost),
        Self::Dispute(dispute::Status::Prevented),
        Self::Dispute(dispute::Status::Closed),
        Self::DisputeDeadlineNear,
        Self::DisputeAttentionRequired,
        Self::DisputeUpdated,
        Self::DisputeChecked,
        Self::WarningAttentionRequired,
        Self::WarningChecked,
    ];

    /// The word for it, everywhere.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PaymentCreated => "payment.created",
            Self::Payment(payment::Status::RequiresPaymentMethod) => "payment.requires_payment_method",
            Self::Payment(payment::Status::Processing) => "payment.processing",
            Self::Payment(payment::Status::RequiresAction) => "payment.requires_action",
            Self::Payment(payment::Status::RequiresCapture) => "payment.requires_capture",
            Self::Payment(payment::Status::Succeeded) => "payment.succeeded",
            Self::Payment(payment::Status::Failed) => "payment.failed",
            Self::Payment(payment::Status::Canceled) => "payment.canceled",
            Self::Payment(payment::Status::Expired) => "payment.expired",
            Self::PaymentDeclined => "payment.declined",
            Self::PaymentSettled => "payment.settled",
            Self::PaymentFraudWarned => "payment.fraud_warned",
            Self::PaymentDisputed => "payment.disputed",
            Self::PaymentAttentionRequired => "payment.attention_required",
            Self::PaymentUpdated => "payment.updated",
            Self::PaymentChecked => "payment.checked",
            Self::RefundCreated => "refund.created",
            Self::RefundSucceeded => "refund.succeeded",
            Self::RefundFailed => "refund.failed",
            Self::RefundCanceled => "refund.canceled",
            Self::Dispute(dispute::Status::NeedsResponse) => "dispute.needs_response",
            Self::Dispute(dispute::Status::UnderReview) => "dispute.under_review",
            Self::Dispute(dispute::Status::Won) => "dispute.won",
            Self::Dispute(dispute::Status::Lost) => "dispute.lost",
            Self::Dispute(dispute::Status::Prevented) => "dispute.prevented",
            Self::Dispute(dispute::Status::Closed) => "dispute.closed",
            Self::DisputeDeadlineNear => "dispute.deadline_near",
            Self::DisputeAttentionRequired => "dispute.attention_required",
            Self::DisputeUpdated => "dispute.updated",
            Self::DisputeChecked => "dispute.checked",
            Self::WarningAttentionRequired => "fraud_warning.attention_required",
            Self::WarningChecked => "fraud_warning.checked",
        }
    }

    /// When it is told, as a sentence for whoever listens.
    #[must_use]
    pub const fn told_when(self) -> &'static str {
        match self {
            Self::PaymentCreated => "A payment was opened.",
            Self::Payment(payment::Status::RequiresPaymentMethod) => {
                "It waits for a way to pay again, and nothing was declined: the payer went away, or the gateway let go."
            }
            Self::Payment(payment::Status::Processing) => {
                "A charge is under way: `processingReason` says what is waited for."
            }
            Self::Payment(payment::Status::RequiresAction) => "The payer, or your own program, must do `nextAction`.",
            Self::Payment(payment::Status::RequiresCapture) => "The money is held: capture or cancel it.",
            Self::Payment(payment::Status::Succeeded) => {
                "The money was taken. Also after an end without money, if it moved after all (`attention: late_success`)."
            }
            Self::Payment(payment::Status::Failed) => "It is over without money, by the gateway's own word.",
            Self::Payment(payment::Status::Canceled) => "It was canceled, and no money can move on it.",
            Self::Payment(payment::Status::Expired) => "Its payer's time is over, and no money can move on it.",
            Self::PaymentDeclined => "An attempt was declined; the last of `attempts` says why. The payment goes on.",
            Self::PaymentSettled => "The gateway told what the charge came to in your account: `settlement`.",
            Self::PaymentFraudWarned => {
                "A bank says that the charge may be fraud, or has something new to say: `fraudWarnings`."
            }
            Self::PaymentDisputed => "A dispute of it stands otherwise than before: `disputes`, `amountRefundable`.",
            Self::PaymentAttentionRequired => "A person must look: `attention` says at what.",
            Self::PaymentUpdated => {
                "Something else that it shows has changed: an act is under way (`pending`), or a mark is gone."
            }
            Self::PaymentChecked => "Somebody looked, or is about to. In timelines only.",
            Self::RefundCreated => "A refund was asked for, and its amount is reserved.",
            Self::RefundSucceeded => {
                "The money is on its way to the payer. Made in the gateway's dashboard, this is the first you hear of it."
            }
            Self::RefundFailed => {
                "The money stays with you, or came back: refund in another way. It may come days after `refund.succeeded`."
            }
            Self::RefundCanceled => "It was called off at the gateway.",
            Self::Dispute(dispute::Status::NeedsResponse) => "Answer it until `dueBy`, or it is lost.",
            Self::Dispute(dispute::Status::UnderReview) => "It is somebody else's turn.",
            Self::Dispute(dispute::Status::Won) => "You keep the money.",
            Self::Dispute(dispute::Status::Lost) => "The payer has it.",
            Self::Dispute(dispute::Status::Prevented) => {
                "It never came to a dispute, because the payer was given the money before."
            }
            Self::Dispute(dispute::Status::Closed) => "It was withdrawn, or came to nothing.",
            Self::DisputeDeadlineNear => "Seven days, three days or one before `dueBy`, and nobody has answered.",
            Self::DisputeAttentionRequired => "A person must look: `attention` says at what.",
            Self::DisputeUpdated => {
                "Something else that it shows has changed: an answer of yours is under way, or taken."
            }
            Self::DisputeChecked => "Somebody looked, or is about to. In timelines only.",
            Self::WarningAttentionRequired => {
                "An early fraud warning whose charge nobody can place: look at the gateway."
            }
            Self::WarningChecked => "Somebody looked at it, or is about to. In timelines only.",
        }
    }

    /// The type that is called so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// Whether the merchant is told. That somebody looked stands in the timeline, and is nobody's news.
    #[must_use]
    pub const fn is_announced(self) -> bool {
        match self {
            Self::PaymentChecked | Self::DisputeChecked | Self::WarningChecked => false,
            Self::PaymentCreated
            | Self::Payment(_)
            | Self::PaymentDeclined
            | Self::PaymentSettled
            | Self::PaymentFraudWarned
            | Self::PaymentDisputed
            | Self::PaymentAttentionRequired
            | Self::PaymentUpdated
            | Self::RefundCreated
            | Self::RefundSucceeded
            | Self::RefundFailed
            | Self::RefundCanceled
            | Self::Dispute(_)
            | Self::DisputeDeadlineNear
            | Self::DisputeAttentionRequired
            | Self::DisputeUpdated
            | Self::WarningAttentionRequired => true,
        }
    }

    /// What kind of change made `after` of `before`.
    #[must_use]
    pub fn of_payment(before: Option<&Payment>, after: &Payment) -> Self {
        let Some(before) = before else { return Self::PaymentCreated };
        let status = after.state.status();
        if before.state.status() != status && after.state.is_terminal() {
            return Self::Payment(status);
        }
        if declined(before) < declined(after) {
            return Self::PaymentDeclined;
        }
        if before.state.status() != status {
            return Self::Payment(status);
        }
        if let Some(gravest) =
            moved_refunds(before, after).map(|refund| of_refund(&refund.progress)).max_by_key(gravity)
        {
            return gravest;
        }
        if settled(before) != settled(after) {
            return Self::PaymentSettled;
        }
        if before.disputes != after.disputes {
            return Self::PaymentDisputed;
        }
        if before.warnings != after.warnings {
            return Self::PaymentFraudWarned;
        }
        if after.review().is_some_and(|review| before.review() != Some(review)) {
            return Self::PaymentAttentionRequired;
        }
        if shows_the_same(before, after) { Self::PaymentChecked } else { Self::PaymentUpdated }
    }

    /// What kind of change made `after` of `before`.
    #[must_use]
    pub fn of_dispute(before: Option<&Dispute>, after: &Dispute) -> Self {
        let listed_before = before.and_then(Dispute::listed_as);
        if let Some(status) = after.listed_as().filter(|status| Some(*status) != listed_before) {
            return Self::Dispute(status);
        }
        let Some(before) = before else { return Self::DisputeChecked };
        if after.reminded.is_some() && before.reminded != after.reminded {
            return Self::DisputeDeadlineNear;
        }
        if after.attention.is_some() && before.attention != after.attention {
            return Self::DisputeAttentionRequired;
        }
        let looks = Dispute {
            is_told: after.is_told,
            due: after.due,
            rounds: after.rounds,
            updated_at: after.updated_at,
            version: after.version,
            ..before.clone()
        };
        if looks == *after { Self::DisputeChecked } else { Self::DisputeUpdated }
    }

    /// What kind of change made `after` of `before`.
    #[must_use]
    pub fn of_warning(before: Option<&Warning>, after: &Warning) -> Self {
        let asked_before = before.and_then(|before| before.attention);
        if after.attention.is_some() && after.attention != asked_before {
            Self::WarningAttentionRequired
        } else {
            Self::WarningChecked
        }
    }
}

/// How many attempts were declined. An attempt that was, stays so, or turns out to have charged after all.
fn declined(payment: &Payment) -> usize {
    let is_declined =
        |progress: &AttemptProgress| matches!(progress, AttemptProgress::Closed(AttemptResult::Declined(_)));
    payment.attempts.iter().filter(|attempt| is_declined(&attempt.progress)).count()
}

fn settled(payment: &Payment) -> Option<&crate::settlement::Settlement> {
    payment.charge.as_ref()?.settlement.as_ref()
}

/// The refunds that their payment shows otherwise than before.
pub(super) fn moved_refunds<'a>(before: &'a Payment, after: &'a Payment) -> impl Iterator<Item = &'a Refund> {
    let shown_before = |refund: &Refund| before.refund(&refund.id).map(|before| before.progress.name());
    after.refunds.iter().filter(move |refund| shown_before(refund) != Some(refund.progress.name()))
}

/// A look may find that several refunds have moved. The event is of the one that the merchant must do most about.
const fn gravity(event_type: &EventType) -> u8 {
    match event_type {
        EventType::RefundFailed => 3,
        EventType::RefundCanceled => 2,
        EventType::RefundSucceeded => 1,
        EventType::RefundCreated
        | EventType::PaymentCreated
        | EventType::Payment(_)
        | EventType::PaymentDeclined
        | EventType::PaymentSettled
        | EventType::PaymentFraudWarned
        | EventType::PaymentDisputed
        | EventType::PaymentAttentionRequired
        | EventType::PaymentUpdated
        | EventType::PaymentChecked
        | EventType::Dispute(_)
        | EventType::DisputeDeadlineNear
        | EventType::DisputeAttentionRequired
        | EventType::DisputeUpdated
        | EventType::DisputeChecked
        | EventType::WarningAttentionRequired
        | EventType::WarningChecked => 0,
    }
}

const fn of_refund(progress: &RefundProgress) -> EventType {
    match progress {
        RefundProgress::Unanswered | RefundProgress::Answered { .. } | RefundProgress::Pending => {
            EventType::RefundCreated
        }
        RefundProgress::Succeeded => EventType::RefundSucceeded,
        RefundProgress::Failed { .. } => EventType::RefundFailed,
        RefundProgress::Canceled => EventType::RefundCanceled,
    }
}

/// Whether nothing differs but who looks when.
fn shows_the_same(before: &Payment, after: &Payment) -> bool {
    let looked = Payment {
        due: after.due,
        rounds: after.rounds,
        look_owed: after.look_owed,
        settlement_looks: after.settlement_looks,
        updated_at: after.updated_at,
        version: after.version,
        ..before.clone()
    };
    looked == *after
}
