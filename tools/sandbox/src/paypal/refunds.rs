//! Refunds: never more than was captured, in the currency of the capture, and for some payers not at once.

use super::{
    book::{Book, Done, Task},
    calls::NewRefund,
    error::PaypalError,
    money::Money,
    objects::{Capture, CaptureStatus, Refund, RefundFate, RefundStatus},
};
use crate::clock::Moment;

/// How many refunds a capture may have.
const MAX_REFUNDS: u32 = 100;

impl Book {
    pub(super) fn refund_capture(&mut self, id: &str, new: NewRefund, now: Moment) -> Result<Done, PaypalError> {
        let capture = self.capture(id)?;
        let amount = refundable(capture, new.amount, now)?;
        let whole = amount == capture.amount;
        if let Some(issue) = self.refund_forbidden_by_dispute(id, whole) {
            return Err(PaypalError::issue(issue));
        }
        let invoice = new.invoice_id.as_deref();
        if let Some(invoice) =
            invoice.filter(|wanted| self.refunds.iter().any(|it| it.invoice_id.as_deref() == Some(*wanted)))
        {
            return Err(PaypalError::issue("DUPLICATE_INVOICE_ID").field("/invoice_id", invoice));
        }
        let (order, fate) = (capture.order.clone(), capture.refund_fate);
        let pending = fate != RefundFate::Completed;
        let refund = Refund {
            id: self.ids.serial(),
            capture: id.to_owned(),
            order: order.clone(),
            status: RefundStatus::Pending,
            amount,
            custom_id: new.custom_id,
            invoice_id: new.invoice_id,
            note_to_payer: new.note_to_payer,
            created: now,
            updated: now,
        };
        let refund_id = refund.id.clone();
        self.refunds.put(&refund_id, refund)?;
        if let Some(order) = self.orders.get_mut(&order) {
            order.refunds.push(refund_id.clone());
        }
        let capture = self.capture_mut(id, now)?;
        capture.refunding = capture.refunding.saturating_add(amount.minor);
        capture.refunds = capture.refunds.saturating_add(1);
        if !pending {
            self.settle_refund(&refund_id, true, now)?;
        }
        self.settle_inquiry(id, now)?;
        if let RefundFate::PendingThenCompleted | RefundFate::PendingThenFailed = fate {
            let paid = fate == RefundFate::PendingThenCompleted;
            let task = Task::SettleRefund { refund: refund_id.clone(), paid };
            self.agenda.push((now.after_ms(self.settle_ms), task));
        }
        Ok(Done { id: refund_id, created: true })
    }

    /// A pending refund reaches its payer, or does not.
    pub(super) fn settle_refund(&mut self, id: &str, paid: bool, now: Moment) -> Result<(), PaypalError> {
        self.end_refund(id, if paid { RefundStatus::Completed } else { RefundStatus::Failed }, now)
    }

    /// Somebody takes a pending refund back.
    pub(super) fn cancel_refund(&mut self, id: &str, now: Moment) -> Result<(), PaypalError> {
        self.end_refund(id, RefundStatus::Cancelled, now)
    }

    fn end_refund(&mut self, id: &str, status: RefundStatus, now: Moment) -> Result<(), PaypalError> {
        let refund = self.refunds.get_mut(id).ok_or_else(PaypalError::missing)?;
        if refund.status != RefundStatus::Pending {
            return Err(PaypalError::internal(&format!("{id} is not pending")));
        }
        refund.status = status;
        refund.updated = now;
        let (capture, amount) = (refund.capture.clone(), refund.amount.minor);
        let capture = self.capture_mut(&capture, now)?;
        if status == RefundStatus::Completed {
            capture.refunded = capture.refunded.saturating_add(amount);
            self.announce("PAYMENT.CAPTURE.REFUNDED", id, now);
        } else {
            // The money is the merchant's again. PayPal sends nothing: the merchant has to look.
            capture.refunding = capture.refunding.saturating_sub(amount);
        }
        Ok(())
    }
}

/// The amount, if the capture may be refunded by it.
fn refundable(capture: &Capture, wanted: Option<Money>, now: Moment) -> Result<Money, PaypalError> {
    match capture.status {
        CaptureStatus::Completed => {}
        CaptureStatus::Pending(_) => return Err(PaypalError::issue("PENDING_CAPTURE")),
        CaptureStatus::Declined | CaptureStatus::Failed => return Err(PaypalError::issue("REFUND_NOT_ALLOWED")),
    }
    if capture.refundable_until <= now {
        return Err(PaypalError::issue("REFUND_TIME_LIMIT_EXCEEDED"));
    }
    let left = capture.left();
    if left.minor <= 0 {
        let lost = capture.reversed > 0;
        return Err(PaypalError::issue(if lost { "REFUND_NOT_ALLOWED" } else { "CAPTURE_FULLY_REFUNDED" }));
    }
    let amount = wanted.unwrap_or(left);
    if amount.currency != left.currency {
        let mismatch = PaypalError::issue("REFUND_CAPTURE_CURRENCY_MISMATCH");
        return Err(mismatch.field("/amount/currency_code", amount.currency.code));
    }
    if amount.minor > left.minor {
        return Err(PaypalError::issue("REFUND_AMOUNT_EXCEEDED").field("/amount/value", &amount.text()));
    }
    if amount.in_account_currency().minor == 0 {
        return Err(PaypalError::issue("REFUND_AMOUNT_TOO_LOW").field("/amount/value", &amount.text()));
    }
    if capture.refunds >= MAX_REFUNDS {
        return Err(PaypalError::issue("MAX_NUMBER_OF_REFUNDS_EXCEEDED"));
    }
    Ok(amount)
}
