//! The journal: one row for each movement of money, and no row is ever changed.
//!
//! A movement is the difference between two [`Position`]s of one payment: what money had moved before a change, and what has moved
//! after it. So the sum of a payment's journal is its position, whatever happened in between: a change that is told twice differs
//! in nothing the second time, and several that are told as one differ in their sum.

use std::collections::BTreeMap;

use crate::{
    dispute::DisputeId,
    id::RefundId,
    money::Money,
    payment::{Payment, RefundProgress},
    settlement::Settlement,
};

/// What money has moved on a payment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Position {
    /// How much was captured.
    pub captured: Option<Money>,
    /// What has gone back by each refund.
    pub refunded: BTreeMap<RefundId, Money>,
    /// What each dispute has taken.
    pub disputed: BTreeMap<DisputeId, Money>,
    /// What the capture came to in the merchant's account, once the gateway has told.
    pub settlement: Option<Settlement>,
}

/// One movement of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// What moved it.
    pub kind: MovementKind,
    /// How much; which way, the kind tells. Only a fee may be nothing.
    pub amount: Money,
}

/// What moved money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MovementKind {
    /// A payer paid.
    Capture,
    /// The merchant gave it back.
    Refund(RefundId),
    /// A refund has failed, and the money is the merchant's again.
    RefundFailed(RefundId),
    /// A dispute has taken it.
    DisputeWithdrawn(DisputeId),
    /// A dispute has given it back.
    DisputeReinstated(DisputeId),
    /// The gateway has told what it kept of the capture, and what it credited.
    Fee(Settlement),
    /// The gateway has told otherwise since: this is what it had told before.
    FeeReturned(Settlement),
}

impl MovementKind {
    /// The word for it, everywhere.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Refund(_) => "refund",
            Self::RefundFailed(_) => "refund_failed",
            Self::DisputeWithdrawn(_) => "dispute_withdrawn",
            Self::DisputeReinstated(_) => "dispute_reinstated",
            Self::Fee(_) => "fee",
            Self::FeeReturned(_) => "fee_returned",
        }
    }
}

impl Position {
    /// What has moved on `payment`.
    #[must_use]
    pub fn of(payment: &Payment) -> Self {
        let captured = payment.captured();
        let has_gone_back = |progress: &RefundProgress| *progress == RefundProgress::Succeeded;
        let refunds = payment.refunds.iter().filter(|refund| has_gone_back(&refund.progress));
        let held = payment.disputes.iter().filter(|dispute| dispute.standing.holds_money());
        let settlement = payment.charge.as_ref().and_then(|charge| charge.settlement.clone());
        Self {
            captured: Some(captured).filter(|_| captured.minor_units() > 0),
            refunded: refunds.map(|refund| (refund.id.clone(), refund.amount)).collect(),
            disputed: held.map(|dispute| (dispute.id.clone(), dispute.amount)).collect(),
            // Of a charge that is only held, nothing is settled yet, whatever the gateway expects.
            settlement: settlement.filter(|_| captured.minor_units() > 0),
        }
    }

    /// The movements that lead from `before` to here.
    #[must_use]
    pub fn since(&self, before: &Self) -> Vec<Movement> {
        let mut movements = Vec::new();
        let mut moved = |kind, amount| movements.push(Movement { kind, amount });
        // More may be captured than was, never less; were it less, no kind of movement would say so.
        if let Some(amount) = more(before.captured, self.captured) {
            moved(MovementKind::Capture, amount);
        }
        for (id, amount) in differing(&before.refunded, &self.refunded) {
            match amount {
                Change::Out(amount) => moved(MovementKind::Refund(id), amount),
                Change::Back(amount) => moved(MovementKind::RefundFailed(id), amount),
            }
        }
        for (id, amount) in differing(&before.disputed, &self.disputed) {
            match amount {
                Change::Out(amount) => moved(MovementKind::DisputeWithdrawn(id), amount),
                Change::Back(amount) => moved(MovementKind::DisputeReinstated(id), amount),
            }
        }
        if before.settlement != self.settlement {
            let (was, is) = (before.settlement.clone(), self.settlement.clone());
            was.into_iter().for_each(|was| moved(MovementKind::FeeReturned(was.clone()), was.fee));
            is.into_iter().for_each(|is| moved(MovementKind::Fee(is.clone()), is.fee));
        }
        movements
    }
}

/// Which way money went, as the merchant sees it.
enum Change {
    Out(Money),
    Back(Money),
}

/// What went out, or came back, by each id.
fn differing<Id: Clone + Ord>(before: &BTreeMap<Id, Money>, after: &BTreeMap<Id, Money>) -> Vec<(Id, Change)> {
    let mut changes = Vec::new();
    let ids: std::collections::BTreeSet<&Id> = before.keys().chain(after.keys()).collect();
    for id in ids {
        let (was, is) = (before.get(id).copied(), after.get(id).copied());
        if was.zip(is).is_some_and(|(was, is)| was.currency() != is.currency()) {
            // Never subtracted across currencies: all of the one came back, and all of the other went out.
            changes.extend(was.map(|amount| (id.clone(), Change::Back(amount))));
            changes.extend(is.map(|amount| (id.clone(), Change::Out(amount))));
            continue;
        }
        changes.extend(more(was, is).map(|amount| (id.clone(), Change::Out(amount))));
        changes.extend(more(is, was).map(|amount| (id.clone(), Change::Back(amount))));
    }
    changes
}

/// By how much `is` is more than `was`, if it is.
fn more(was: Option<Money>, is: Option<Money>) -> Option<Money> {
    let is = is?;
    let difference = match was {
        Some(was) => is.less(was).ok()?,
        None => is,
    };
    Some(difference).filter(|difference| difference.minor_units() > 0)
}
