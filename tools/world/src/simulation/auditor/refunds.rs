//! P3, from outside: the gateway's books and what callers are told.

use std::collections::BTreeSet;

use domain::{
    gateway::RefundStatus,
    id::TransactionId,
    payment::{Payment, Refund, RefundProgress, RefundSource, ReviewReason},
    policy::{Policy, Reaction},
};

use super::{Auditor, Told};
use crate::{
    gateway::{Refunded, SimGateway, Standing},
    store::Commit,
};

impl Auditor {
    /// The gateway's books have changed: each of our refunds is made once, and no more goes back than was taken.
    pub(super) fn reads_refunds(&mut self, gateway: &SimGateway) {
        let made = gateway.refunds_made();
        let mut ids = BTreeSet::new();
        let twice = made.iter().find(|refund| refund.id.as_ref().is_some_and(|id| !ids.insert(id)));
        if let Some(refund) = twice {
            self.breach("P5", "one refund was made twice", format!("{refund:?}"));
        }
        let charges = gateway.charges();
        for charge in charges.iter().filter(|charge| charge.standing == Standing::Captured) {
            let back = made.iter().filter(|refund| refund.object == charge.object && refund.stands());
            let back: i64 = back.map(|refund| refund.minor_units).sum();
            if back > charge.minor_units {
                self.breach("P3", "more went back than was taken", format!("{back} of {charge:?}"));
            }
        }
    }

    /// A row is written: money goes back by itself only where the merchant has settled on that, once, and in the very write that says
    /// that it came too late. To be called before the row is read.
    pub(in crate::simulation) fn reads_what_goes_back_by_itself(&mut self, commit: &Commit, policy: Policy) {
        let row = &commit.payment;
        let by_itself = row.refunds.iter().filter(|refund| matches!(refund.source, RefundSource::Automatic(_))).count();
        let is_wanted = policy.late_success == Reaction::Refund;
        if by_itself > usize::from(is_wanted) {
            self.breach(
                "P3",
                "money goes back by itself that nobody wants back",
                format!("v{} of {}", row.version, row.id),
            );
        }
        // Of money of which nobody knows how much it is, a person decides.
        let is_for_a_person = self.house.attention(&row.id) == Some(ReviewReason::ObjectMismatch);
        let is_kept = is_wanted && commit.event == "captured_late" && row.refundable().minor_units() > 0;
        if is_kept && !is_for_a_person {
            self.breach(
                "P3",
                "money that came too late is not on its way back",
                format!("v{} of {}", row.version, row.id),
            );
        }
    }

    /// Somebody is told of a payment's refunds.
    pub(super) fn sees_refunds(&mut self, payment: &Payment, gateway: &SimGateway) {
        let made = gateway.refunds_made();
        let captured = payment.captured().minor_units();
        let said: i64 =
            payment.refunds.iter().filter(|refund| refund.reserves()).map(|it| it.amount.minor_units()).sum();
        let by_us = payment.refunds.iter().all(|refund| refund.reference.is_none() || is_ours(refund, &made));
        if by_us && said.saturating_add(payment.refundable().minor_units()) > captured {
            self.breach("P3", "told that more can go back than was taken", format!("{said} of {captured}"));
        }
        for refund in &payment.refunds {
            let at_gateway = made.iter().find(|made| is_it(refund, made)).map(|made| &made.status);
            let has_failed = matches!(refund.progress, RefundProgress::Failed { .. } | RefundProgress::Canceled);
            let has_succeeded = refund.progress == RefundProgress::Succeeded;
            if has_failed && matches!(at_gateway, Some(RefundStatus::Succeeded | RefundStatus::Pending)) {
                self.breach("P4", "told that a refund failed, and it did not", format!("{refund:?}"));
            }
            // It may have failed since.
            if has_succeeded && matches!(at_gateway, None | Some(RefundStatus::Pending)) {
                self.breach("P2", "told that a refund succeeded, and it did not", format!("{refund:?}"));
            }
        }
    }

    /// P7 and P2 at rest: what the books say of refunds is told, and nobody is in doubt about one.
    pub(super) fn refunds_are_settled(&mut self, id: &TransactionId, told: &Told, gateway: &SimGateway) {
        let Some(payment) = self.files.get(id).and_then(|file| file.newest.clone()) else { return };
        // That it came too late is for a person to see, and nobody's reason to leave it where it is.
        let is_known_stuck = told.attention == Some(ReviewReason::AutomaticRefundFailed);
        let by_itself = |refund: &&Refund| matches!(refund.source, RefundSource::Automatic(_)) && refund.is_in_doubt();
        if let Some(refund) = payment.refunds.iter().find(by_itself).filter(|_| !is_known_stuck) {
            self.breach("P7", "a refund is stuck that nobody asked for", format!("{refund:?}"));
        }
        // That money came too late, or stands elsewhere, says nothing of a refund that a client waits for.
        let is_marked_otherwise =
            matches!(told.attention, Some(ReviewReason::MoneyElsewhere | ReviewReason::LateSuccess));
        let nobody_was_called = is_marked_otherwise && payment.refund_unknown.is_none();
        if let Some(refund) = payment.refunds.iter().find(|refund| refund.is_in_doubt()).filter(|_| nobody_was_called) {
            self.breach("P7", "a refund is stuck, and nobody was called for it", format!("{refund:?}"));
        }
        if told.attention.is_some() {
            return;
        }
        if let Some(refund) = payment.refunds.iter().find(|refund| refund.is_in_doubt()) {
            self.breach("P7", "a refund is stuck", format!("{refund:?}"));
        }
        let made = gateway.refunds_made();
        for refund in made.iter().filter(|refund| refund.object == payment.object) {
            let known = payment.refunds.iter().find(|known| is_it(known, refund));
            let is_known = known.is_some_and(|known| match refund.status {
                RefundStatus::Succeeded => known.progress == RefundProgress::Succeeded,
                RefundStatus::Pending => known.progress == RefundProgress::Pending,
                // Where nothing bears our id and no event says which, only a look at the books of both tells.
                RefundStatus::Failed { .. } | RefundStatus::Canceled => !known.reserves() || refund.id.is_none(),
                RefundStatus::Unrecognized(_) => false,
            });
            if !is_known && told.captured > 0 {
                self.breach("P2", "a refund and the books differ at rest", format!("{refund:?}, told {known:?}"));
            }
        }
    }
}

fn is_it(refund: &Refund, made: &Refunded) -> bool {
    made.id.as_ref() == Some(&refund.id) || refund.reference.as_ref() == Some(&made.reference)
}

fn is_ours(refund: &Refund, made: &[Refunded]) -> bool {
    made.iter().any(|made| made.id.as_ref() == Some(&refund.id))
}
