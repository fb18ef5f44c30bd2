//! Refunds: never more than was captured, and with the two test cards whose refunds change their mind.

use serde_json::Value;

use super::{
    amounts,
    balance::{Posting, Reason},
    book::{Book, Occasion, Task},
    calls::NewRefund,
    cards::RefundFate,
    error::StripeError,
    objects::{Charge, Refund, RefundStatus, Standing},
    render,
};

impl Book {
    pub(crate) fn create_refund(&mut self, new: NewRefund, occasion: &Occasion) -> Result<Value, StripeError> {
        let charge = self.refundable_charge(&new)?;
        self.may_refund(charge)?;
        let left = charge.left();
        let amount = new.amount.unwrap_or(left);
        if left == 0 {
            let message = format!("Charge {} has already been refunded.", charge.id);
            return Err(StripeError::invalid(message).code("charge_already_refunded"));
        }
        if amount > left {
            let message = format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({left})");
            return Err(StripeError::invalid(message).param("amount"));
        }
        amounts::expressible(amount, &charge.currency, "amount")?;
        let was_payment = charge.was_pending;
        let fate = self.methods.get(&charge.payment_method).map_or(RefundFate::Succeeds, |method| method.test.refund);
        let (charge_id, intent, currency) = (charge.id.clone(), charge.intent.clone(), charge.currency.clone());
        let id = self.ids.next("re_");
        let pending = fate == RefundFate::PendingThenSucceeds;
        let refund = Refund {
            id: id.clone(),
            created: occasion.now.seconds(),
            charge: charge_id.clone(),
            intent,
            amount,
            currency,
            reason: new.reason,
            metadata: new.metadata,
            status: if pending { RefundStatus::Pending } else { RefundStatus::Succeeded },
            balance_transaction: None,
            failure_balance_transaction: None,
        };
        let reason = if was_payment { Reason::PaymentRefund } else { Reason::Refund };
        let refund = Refund { balance_transaction: Some(self.post_refund(&refund, reason, occasion)?), ..refund };
        let rendered = render::refund(&refund);
        self.refunds.put(&id, refund)?;
        self.move_refunded(&charge_id, amount);
        self.schedule(&id, fate, occasion);
        self.announce("refund.created", rendered.clone(), occasion);
        self.announce_charge("charge.refunded", &charge_id, occasion);
        self.settle_inquiries(&charge_id, occasion);
        self.review_warnings(&charge_id, occasion);
        Ok(rendered)
    }

    pub(super) fn finish_refund(&mut self, id: &str, occasion: &Occasion) {
        self.turn_refund(id, RefundStatus::Succeeded, &["refund.updated", "charge.refund.updated"], occasion);
    }

    /// The bank sends the money back: it is the merchant's again, and the charge is refundable again.
    pub(super) fn fail_refund(&mut self, id: &str, occasion: &Occasion) {
        let Some(refund) = self.refunds.get(id).cloned() else { return };
        self.move_refunded(&refund.charge, refund.amount.saturating_neg());
        let back = self.post_refund(&refund, Reason::RefundFailure, occasion).ok();
        if let Some(refund) = self.refunds.get_mut(id) {
            refund.failure_balance_transaction = back;
        }
        self.turn_refund(
            id,
            RefundStatus::Failed,
            &["refund.failed", "refund.updated", "charge.refund.updated"],
            occasion,
        );
    }

    fn refundable_charge(&self, new: &NewRefund) -> Result<&Charge, StripeError> {
        let id = match (&new.charge, &new.payment_intent) {
            (Some(charge), None) => Some(charge.clone()),
            (None, Some(intent)) => self
                .intents
                .get(intent)
                .ok_or_else(|| StripeError::missing_in_param("payment_intent", intent, "payment_intent"))?
                .latest_charge
                .clone(),
            (Some(_), Some(_)) => {
                let message = "You may only specify one of these parameters: charge, payment_intent.";
                return Err(StripeError::invalid(message).code("parameters_exclusive").param("payment_intent"));
            }
            (None, None) => return Err(StripeError::missing_parameter("payment_intent")),
        };
        let found = id
            .as_deref()
            .map(|id| self.charges.get(id).ok_or_else(|| StripeError::missing_in_param("charge", id, "charge")));
        match found.transpose()? {
            Some(charge) if charge.standing == Standing::Captured => Ok(charge),
            Some(_) | None => {
                let message = "This PaymentIntent does not have a successful charge to refund.";
                Err(StripeError::invalid(message).code("charge_not_refundable").param("payment_intent"))
            }
        }
    }

    /// The money of a refund leaves the balance, or comes back.
    fn post_refund(&mut self, refund: &Refund, reason: Reason, occasion: &Occasion) -> Result<String, StripeError> {
        let back = reason == Reason::RefundFailure;
        let posting = Posting {
            reason,
            source: &refund.id,
            amount: if back { refund.amount } else { refund.amount.saturating_neg() },
            currency: &refund.currency,
            description: Some(if back { "REFUND FAILURE" } else { "REFUND FOR CHARGE" }.to_owned()),
        };
        self.post(posting, occasion)
    }

    fn schedule(&mut self, id: &str, fate: RefundFate, occasion: &Occasion) {
        let task = match fate {
            RefundFate::Succeeds => return,
            RefundFate::PendingThenSucceeds => Task::FinishRefund { refund: id.to_owned() },
            RefundFate::SucceedsThenFails => Task::FailRefund { refund: id.to_owned() },
        };
        self.agenda.push((occasion.now.after_ms(self.settle_ms), task));
    }

    fn turn_refund(&mut self, id: &str, status: RefundStatus, kinds: &[&'static str], occasion: &Occasion) {
        let Some(refund) = self.refunds.get_mut(id) else { return };
        refund.status = status;
        let rendered = render::refund(refund);
        for kind in kinds {
            self.announce(kind, rendered.clone(), occasion);
        }
    }

    fn move_refunded(&mut self, charge: &str, by: i64) {
        if let Some(charge) = self.charges.get_mut(charge) {
            charge.amount_refunded = charge.amount_refunded.saturating_add(by);
        }
    }
}
