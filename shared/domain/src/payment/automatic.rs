//! The refunds that are made by themselves, where the merchant's settings say so: of money that moved too late, and of a charge that
//! its bank calls fraud.
//!
//! A refund is made of an event, in the same write, and its id is derived from what it is made for: whoever sees that first, and
//! however often it is seen, it is one refund. It is made once. If it fails, or is called off at the gateway, it is not made again;
//! a person is told instead.

use super::{Cause, Fact, Payment, Refund, RefundProgress, RefundReason, RefundSource, ReviewReason};
use crate::{
    id::RefundId,
    policy::{Policy, Reaction},
    time::Now,
};

/// The refund that the settings make of `fact`, which has brought the payment to where it stands in `after`: all that may be
/// refunded. None where there is nothing to give back, because it has gone back already, or a dispute holds it.
pub(super) fn refund(after: &Payment, fact: &Fact, now: &Now) -> Option<Refund> {
    // How much was taken is not known then; a person is asked.
    if after.attention.is_some_and(|review| review.reason == ReviewReason::ObjectMismatch) {
        return None;
    }
    let (cause, id) = cause(after, fact, now.policy)?;
    let amount = after.refundable();
    if amount.minor_units() == 0 {
        return None;
    }
    let reason = match cause {
        Cause::LateSuccess => None,
        Cause::FraudWarning(_) => Some(RefundReason::Fraudulent),
    };
    let source = RefundSource::Automatic(cause);
    Some(Refund {
        id,
        source,
        amount,
        reason,
        reference: None,
        started_at: now.at,
        progress: RefundProgress::Unanswered,
    })
}

/// What there is to refund for, and was not refunded for yet.
fn cause(after: &Payment, fact: &Fact, policy: Policy) -> Option<(Cause, RefundId)> {
    let is_late = matches!(fact, Fact::CapturedLate { .. });
    // A warning may be heard before the capture that it is about.
    let may_be_warned_of = is_late || matches!(fact, Fact::Captured { .. } | Fact::FraudWarned(_));
    let late = (is_late && policy.late_success == Reaction::Refund).then_some(Cause::LateSuccess);
    let warned = after
        .warnings
        .iter()
        .filter(|warning| may_be_warned_of && policy.fraud_warning == Reaction::Refund && warning.is_actionable);
    let causes = late.into_iter().chain(warned.map(|warning| Cause::FraudWarning(warning.id.clone())));
    let mut made = causes.map(|cause| {
        let id = RefundId::automatic(&after.id, &cause.name());
        (cause, id)
    });
    made.find(|(_, id)| after.refund(id).is_none())
}

impl Cause {
    /// What the refund's id is derived from.
    fn name(&self) -> String {
        match self {
            Self::LateSuccess => "late_success".to_owned(),
            Self::FraudWarning(id) => id.as_str().to_owned(),
        }
    }
}
