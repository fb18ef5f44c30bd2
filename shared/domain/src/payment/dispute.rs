//! What a payment's row says of its disputes: enough to decide a refund on one row. The disputes themselves have rows of
//! their own ([`crate::dispute`]).

use super::{Fact, Judgement, Payment, ReviewReason, decide::happened};
use crate::{
    dispute::{Dispute, DisputeId, Standing},
    money::Money,
    time::Now,
};

/// As many disputes as a payment's row bears. Card networks allow a handful; where there are more, the oldest that holds
/// nothing makes room.
pub const DISPUTES_MAX: usize = 10;

/// A dispute, as the payment's row says it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentDispute {
    /// Its id.
    pub id: DisputeId,
    /// How much is disputed.
    pub amount: Money,
    /// How it stands.
    pub standing: Standing,
    /// The version of the dispute that this was said of: what is older is not heard.
    pub version: u64,
}

impl PaymentDispute {
    /// What the payment's row says of `dispute`; nothing while nobody has looked at it.
    #[must_use]
    pub fn of(dispute: &Dispute) -> Option<Self> {
        let known = dispute.known.as_ref()?;
        Some(Self { id: dispute.id.clone(), amount: known.amount, standing: known.standing, version: dispute.version })
    }

    /// How much of the payment's money is not the merchant's to give back.
    #[must_use]
    pub const fn holds(&self) -> Option<Money> {
        if self.standing.holds_money() { Some(self.amount) } else { None }
    }
}

/// Weighs what a dispute says about itself, for the payment whose money it is about.
#[must_use]
pub fn judge_dispute(payment: &Payment, dispute: &PaymentDispute, now: &Now) -> Judgement {
    let known = payment.disputes.iter().find(|known| known.id == dispute.id);
    // One that says the same is written down all the same, for its version: somebody may still come with what was between.
    if known.is_some_and(|known| known.version >= dispute.version) {
        return Judgement::Nothing;
    }
    // Of another currency it cannot be taken from what may be refunded, and of more disputes than a row bears neither.
    let cannot_be_counted = dispute.amount.currency() != payment.terms.amount.currency()
        || (known.is_none() && payment.disputes.len() >= DISPUTES_MAX && place_for_another(payment).is_none());
    let (fact, review) = if cannot_be_counted {
        if payment.attention.is_some_and(|review| review.reason >= ReviewReason::ObjectMismatch) {
            return Judgement::Nothing;
        }
        (Fact::ReviewAsked, Some(ReviewReason::ObjectMismatch))
    } else {
        (Fact::DisputeMoved(dispute.clone()), None)
    };
    let mut event = happened(payment, fact, now);
    event.review = review;
    Judgement::Change(event)
}

/// Writes a dispute down. It never grows a row beyond the bound.
pub(super) fn disputed(payment: &mut Payment, dispute: &PaymentDispute) {
    if let Some(known) = payment.disputes.iter_mut().find(|known| known.id == dispute.id) {
        *known = dispute.clone();
        return;
    }
    if payment.disputes.len() >= DISPUTES_MAX
        && let Some(place) = place_for_another(payment)
    {
        payment.disputes.remove(place);
    }
    if payment.disputes.len() < DISPUTES_MAX {
        payment.disputes.push(dispute.clone());
    }
}

/// The oldest dispute that holds nothing and is over.
fn place_for_another(payment: &Payment) -> Option<usize> {
    payment.disputes.iter().position(|dispute| dispute.holds().is_none() && dispute.standing.status.is_over())
}
