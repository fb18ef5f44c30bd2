//! What a payment's row says of its disputes: enough to decide a refund on one row. The disputes themselves have rows of
//! their own ([`crate::dispute`]).

use super::{Fact, Judgement, Payment, ReviewReason, decide::happened};
use crate::{
    dispute::{Dispute, DisputeId, Link, Standing},
    gateway::Gateway,
    money::Money,
    text::GatewayToken,
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

/// What a dispute is about, as the gateway names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disputed {
    /// The object that bears the payment's id, where the gateway says so.
    pub object: Option<GatewayToken>,
    /// The charge on it, or the capture, where the gateway says so.
    pub charge: Option<GatewayToken>,
}

impl PaymentDispute {
    /// What the payment's row says of `dispute`, and what that is about; nothing while nobody has understood how it stands.
    #[must_use]
    pub fn of(dispute: &Dispute) -> Option<(Self, Disputed)> {
        let (Some(known), Link::Payment { object, .. }) = (&dispute.known, &dispute.link) else { return None };
        let (amount, standing) = (known.amount, known.standing?);
        let told = Self { id: dispute.id.clone(), amount, standing, version: dispute.version };
        Some((told, Disputed { object: object.clone(), charge: known.charge.clone() }))
    }

    /// How much of a payment that has `captured` so much is not the merchant's to give back.
    #[must_use]
    pub fn holds(&self, captured: Money) -> Option<Money> {
        if !self.standing.holds_money() {
            return None;
        }
        // What is disputed in another currency may be all of it.
        Some(if self.amount.currency() == captured.currency() { self.amount } else { captured })
    }
}

impl Disputed {
    /// E7: a payment is not moved by what happens to another object that bears its id.
    fn is_of(&self, payment: &Payment, gateway: Gateway) -> bool {
        let is_its_object = self.object.as_ref().is_none_or(|object| *object == payment.object);
        // An object of Stripe's may have had many charges; PayPal names no object, and an order has one capture.
        let known = payment.charge.as_ref().filter(|_| gateway == Gateway::PayPal);
        let is_its_charge = self.charge.as_ref().zip(known).is_none_or(|(charge, known)| *charge == known.reference);
        gateway == payment.gateway && is_its_object && is_its_charge
    }
}

/// Weighs what a dispute about `disputed` says about itself, for the payment whose id that bears.
#[must_use]
pub fn judge_dispute(payment: &Payment, disputed: &Disputed, dispute: &PaymentDispute, now: &Now) -> Judgement {
    if !disputed.is_of(payment, dispute.id.gateway()) {
        return Judgement::Foreign { holds_money: false, review: None };
    }
    let known = payment.disputes.iter().find(|known| known.id == dispute.id);
    // One that says the same is written down all the same, for its version: somebody may still come with what was between.
    if known.is_some_and(|known| known.version >= dispute.version) {
        return Judgement::Nothing;
    }
    // Of more disputes than a row bears the next one cannot be taken from what may be refunded.
    let cannot_be_counted =
        known.is_none() && payment.disputes.len() >= DISPUTES_MAX && place_for_another(payment).is_none();
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
    payment.disputes.iter().position(|dispute| !dispute.standing.holds_money() && dispute.standing.status.is_over())
}
