//! One object of the gateway, and the ways it can go. Which way is the bank's to decide.

use domain::{
    gateway::{Mode, ObjectSnapshot, ObjectStatus},
    id::TransactionId,
    money::Currency,
    payment::CaptureMethod,
    text::GatewayToken,
};

use super::{Cause, SimGateway};

/// What a bank decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The money is taken, or held where that was asked for.
    Charge,
    /// No, for this reason, in Stripe's words.
    Decline(&'static str),
    /// The payer must prove who they are first. Where the payer is away, this is a decline.
    Challenge,
    /// It takes its time.
    Pending,
}

/// One object.
#[derive(Debug, Clone)]
pub(super) struct Intent {
    pub(super) reference: GatewayToken,
    pub(super) transaction_id: TransactionId,
    pub(super) amount_minor_units: i64,
    pub(super) currency: Currency,
    pub(super) capture: CaptureMethod,
    pub(super) status: ObjectStatus,
    /// Who asked for what the payer or the bank has yet to decide.
    pub(super) awaited: Option<Cause>,
}

impl Intent {
    pub(super) const MODE: Mode = SimGateway::MODE;

    pub(super) fn snapshot(&self) -> ObjectSnapshot {
        ObjectSnapshot {
            reference: self.reference.clone(),
            mode: Self::MODE,
            amount_minor_units: self.amount_minor_units,
            currency: Some(self.currency),
            status: self.status.clone(),
        }
    }

    /// Whether it can be confirmed: while nothing moves on it. Confirming anew voids an open 3-D Secure challenge.
    pub(super) const fn can_be_confirmed(&self) -> bool {
        matches!(self.status, ObjectStatus::AwaitsMethod | ObjectStatus::AwaitsPayer(_))
    }

    /// Whether it can be canceled: unless a bank is at work on it, or the money is taken.
    pub(super) const fn can_be_canceled(&self) -> bool {
        self.can_be_confirmed() || matches!(self.status, ObjectStatus::Authorized { .. })
    }
}
