//! What must be so once nothing goes wrong any more.

use std::collections::BTreeSet;

use domain::{
    id::TransactionId,
    payment::{ProcessingReason, Status},
    schedule,
};

use super::{Auditor, Told, waits_for_bank};
use crate::gateway::{Cause, Charge, SimGateway};

impl Auditor {
    /// P7: so long after the last fault that every doubt was looked at three times, nobody is in doubt any more, and
    /// nothing is half done, unless a person was called or a bank is at work.
    pub(in crate::simulation) fn nothing_is_in_doubt(&mut self, id: &TransactionId, gateway: &SimGateway) {
        let Some(told) = self.last_told(id) else { return };
        let half_done = told.pending.is_some() && !waits_for_bank(&told, gateway);
        if told.attention.is_none() && (told.is_unknown() || half_done) {
            self.breach("P7", "a payment is stuck", format!("{id}: {told:?}"));
        }
    }

    /// P7 and P2: when the payer's time is over too, the payment is at its end, or holds money, or is with a bank, or a
    /// person was called; and it says of money what the books say.
    pub(in crate::simulation) fn all_is_settled(&mut self, id: &TransactionId, gateway: &SimGateway) {
        let Some(told) = self.last_told(id) else { return };
        let settled = match told.status {
            Status::Succeeded | Status::Failed | Status::Canceled | Status::Expired | Status::RequiresCapture => true,
            Status::Processing => {
                told.reason == Some(ProcessingReason::GatewayPending.name()) && waits_for_bank(&told, gateway)
            }
            Status::RequiresPaymentMethod | Status::RequiresAction => waits_for_bank(&told, gateway),
        };
        if !settled && told.attention.is_none() {
            self.breach("P7", "a payment has no end", format!("{id}: {told:?}"));
        }
        let charges = gateway.charges();
        let ours: Vec<&Charge> = charges.iter().filter(|charge| charge.object == told.object).collect();
        let stands = ours.iter().any(|charge| charge.stands());
        let says_so = matches!(told.status, Status::Succeeded | Status::RequiresCapture);
        if stands != says_so && !told.is_disputed(gateway) {
            self.breach("P2", "the payment and the books differ at rest", format!("{told:?} {ours:?}"));
        }
        self.no_more_than_was_asked_for(id, &ours);
        self.refunds_are_settled(id, &told, gateway);
    }

    /// P5: one charge at most for each confirm; for a payer who is away, and no tries beyond our own cap.
    fn no_more_than_was_asked_for(&mut self, id: &TransactionId, charges: &[&Charge]) {
        let keys: BTreeSet<&str> = charges
            .iter()
            .filter_map(|charge| match &charge.cause {
                Cause::Request(key) => Some(key.as_str()),
                Cause::Browser => None,
            })
            .collect();
        let Some(file) = self.files.get(id) else { return };
        let tries = file.away_keys.len().saturating_mul(schedule::REATTEMPTS_MAX);
        let asked = file.confirm_keys.len().saturating_add(usize::from(file.is_automatic));
        if keys.len() > asked.saturating_add(tries) {
            self.breach("P5", "the gateway was asked to charge more often than clients asked us", format!("{keys:?}"));
        }
    }

    fn last_told(&self, id: &TransactionId) -> Option<Told> {
        self.files.get(id)?.told.last_key_value().map(|(_, told)| told.clone())
    }
}
