//! Where a payment stands. The data of a state live in its variant, so a captured amount without a capture, or a
//! redirect without a payer to send, cannot be written down.

use crate::{gateway::NextAction, money::Money, time::Timestamp};

/// Where a payment stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentState {
    /// It waits for a way to pay.
    RequiresPaymentMethod,
    /// Something is under way.
    Processing(ProcessingReason),
    /// It waits for the payer, or for the client to confirm.
    RequiresAction(NextAction),
    /// The money is held and may be captured.
    RequiresCapture {
        /// How much of it.
        capturable: Money,
    },
    /// The money is taken. ■
    Succeeded {
        /// How much of it.
        captured: Money,
    },
    /// It will not be paid: refused for good. ■
    Failed,
    /// It will not be paid: somebody canceled it. ■
    Canceled,
    /// It will not be paid: its time was over. ■
    Expired,
}

/// Where a payment stands, without the data: what a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// [`PaymentState::RequiresPaymentMethod`]
    RequiresPaymentMethod,
    /// [`PaymentState::Processing`]
    Processing,
    /// [`PaymentState::RequiresAction`]
    RequiresAction,
    /// [`PaymentState::RequiresCapture`]
    RequiresCapture,
    /// [`PaymentState::Succeeded`]
    Succeeded,
    /// [`PaymentState::Failed`]
    Failed,
    /// [`PaymentState::Canceled`]
    Canceled,
    /// [`PaymentState::Expired`]
    Expired,
}

impl Status {
    /// All of them, for parsers and documents.
    pub const ALL: [Self; 8] = [
        Self::RequiresPaymentMethod,
        Self::Processing,
        Self::RequiresAction,
        Self::RequiresCapture,
        Self::Succeeded,
        Self::Failed,
        Self::Canceled,
        Self::Expired,
    ];

    /// The word for it in answers and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::Processing => "processing",
            Self::RequiresAction => "requires_action",
            Self::RequiresCapture => "requires_capture",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
        }
    }
}

/// What is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProcessingReason {
    /// The gateway has the payment and takes its time.
    GatewayPending,
    /// We asked and do not know the answer.
    OutcomeUnknown,
    /// It was declined, and will be tried again.
    RetryScheduled {
        /// When.
        at: Timestamp,
    },
}

impl PaymentState {
    /// Whether it is at its end.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        match self {
            Self::Succeeded { .. } | Self::Failed | Self::Canceled | Self::Expired => true,
            Self::RequiresPaymentMethod
            | Self::Processing(_)
            | Self::RequiresAction(_)
            | Self::RequiresCapture { .. } => false,
        }
    }

    /// The word for it in answers and rows.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.status().name()
    }

    /// The state without its data.
    #[must_use]
    pub const fn status(&self) -> Status {
        match self {
            Self::RequiresPaymentMethod => Status::RequiresPaymentMethod,
            Self::Processing(_) => Status::Processing,
            Self::RequiresAction(_) => Status::RequiresAction,
            Self::RequiresCapture { .. } => Status::RequiresCapture,
            Self::Succeeded { .. } => Status::Succeeded,
            Self::Failed => Status::Failed,
            Self::Canceled => Status::Canceled,
            Self::Expired => Status::Expired,
        }
    }
}

impl ProcessingReason {
    /// The word for it in answers and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GatewayPending => "gateway_pending",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::RetryScheduled { .. } => "retry_scheduled",
        }
    }
}
