//! Money taken, of an order or of an authorisation; what is decided about it later; and authorisations that are let go.

use super::{
    book::{Book, Done},
    calls::NewCapture,
    error::PaypalError,
    money::Money,
    objects::{AuthorizationStatus, Capture, CaptureStatus, Fate, REFUND_WINDOW_MS},
};
use crate::clock::Moment;

/// PayPal's limit of captures per authorisation.
const MAX_CAPTURES: u32 = 10;

impl Book {
    pub(super) fn capture_authorization(
        &mut self,
        id: &str,
        new: NewCapture,
        now: Moment,
    ) -> Result<Done, PaypalError> {
        let held = self.authorization(id)?;
        match held.status {
            AuthorizationStatus::Created | AuthorizationStatus::PartiallyCaptured if now < held.expires => {}
            AuthorizationStatus::Created | AuthorizationStatus::PartiallyCaptured => {
                return Err(PaypalError::issue("AUTHORIZATION_EXPIRED"));
            }
            AuthorizationStatus::Voided if held.expires <= now => {
                return Err(PaypalError::issue("AUTHORIZATION_EXPIRED"));
            }
            AuthorizationStatus::Voided => return Err(PaypalError::issue("AUTHORIZATION_VOIDED")),
            AuthorizationStatus::Denied => return Err(PaypalError::issue("AUTHORIZATION_DENIED")),
            AuthorizationStatus::Captured => return Err(PaypalError::issue("AUTHORIZATION_ALREADY_CAPTURED")),
            AuthorizationStatus::Pending => return Err(PaypalError::issue("TRANSACTION_REFUSED")),
        }
        let amount = new.amount.unwrap_or_else(|| held.left());
        if amount.currency != held.amount.currency {
            return Err(PaypalError::issue("AUTH_CAPTURE_CURRENCY_MISMATCH")
                .field("/amount/currency_code", amount.currency.code));
        }
        if amount.minor > held.left().minor {
            return Err(PaypalError::issue("MAX_CAPTURE_AMOUNT_EXCEEDED").field("/amount/value", &amount.text()));
        }
        if held.captures >= MAX_CAPTURES {
            return Err(PaypalError::issue("MAX_CAPTURE_COUNT_EXCEEDED"));
        }
        let order = held.order.clone();
        // The invoice of the order is that of its captures; one of their own must be new.
        let own = new.invoice_id.filter(|invoice| Some(invoice) != self.invoice_of(&order).as_ref());
        if let Some(invoice) = own.as_deref().filter(|invoice| self.is_billed(invoice)) {
            return Err(PaypalError::issue("DUPLICATE_INVOICE_ID").field("/invoice_id", invoice));
        }
        let status = match self.orders.get(&order).and_then(|order| order.funding).unwrap_or_default().fate {
            Fate::Echeck => CaptureStatus::Pending("ECHECK"),
            Fate::Completed
            | Fate::PendingReview
            | Fate::Declined
            | Fate::Failed
            | Fate::InstrumentDeclined
            | Fate::PayerActionRequired
            | Fate::PayerCannotPay
            | Fate::TransactionRefused => CaptureStatus::Completed,
        };
        let capture = self.new_capture(&order, Some(id), amount, status, now)?;
        let made = self.capture_mut(&capture, now)?;
        made.final_capture = new.final_capture;
        if own.is_some() {
            made.invoice_id = own;
        }
        let held = self.authorization_mut(id, now)?;
        held.captured = held.captured.saturating_add(amount.minor);
        held.captures = held.captures.saturating_add(1);
        let whole = new.final_capture || held.left().minor == 0;
        held.status = if whole { AuthorizationStatus::Captured } else { AuthorizationStatus::PartiallyCaptured };
        self.announce_capture(&capture, now);
        Ok(Done { id: capture, created: true })
    }

    pub(super) fn void(&mut self, id: &str, now: Moment) -> Result<Done, PaypalError> {
        match self.authorization(id)?.status {
            AuthorizationStatus::Created | AuthorizationStatus::Pending | AuthorizationStatus::PartiallyCaptured => {}
            AuthorizationStatus::Captured => return Err(PaypalError::issue("PREVIOUSLY_CAPTURED")),
            AuthorizationStatus::Voided => return Err(PaypalError::issue("PREVIOUSLY_VOIDED")),
            AuthorizationStatus::Denied => return Err(PaypalError::issue("CANNOT_BE_VOIDED")),
        }
        self.authorization_mut(id, now)?.status = AuthorizationStatus::Voided;
        self.announce("PAYMENT.AUTHORIZATION.VOIDED", id, now);
        Ok(Done { id: id.to_owned(), created: false })
    }

    pub(super) fn new_capture(
        &mut self,
        order: &str,
        authorization: Option<&str>,
        amount: Money,
        status: CaptureStatus,
        now: Moment,
    ) -> Result<String, PaypalError> {
        let id = self.ids.serial();
        let capture = Capture {
            id: id.clone(),
            order: order.to_owned(),
            authorization: authorization.map(str::to_owned),
            status,
            was_pending: matches!(status, CaptureStatus::Pending(_)),
            amount,
            invoice_id: self.invoice_of(order),
            final_capture: true,
            refunding: 0,
            refunded: 0,
            refunds: 0,
            reversed: 0,
            refund_fate: self.orders.get(order).and_then(|order| order.funding).unwrap_or_default().refunds,
            created: now,
            updated: now,
            refundable_until: now.after_ms(REFUND_WINDOW_MS),
        };
        self.captures.put(&id, capture)?;
        self.order_mut(order, now)?.captures.push(id.clone());
        Ok(id)
    }

    /// The bank, or PayPal's own review, decides about a pending capture.
    pub(super) fn settle_capture(&mut self, id: &str, paid: bool, now: Moment) -> Result<(), PaypalError> {
        if !matches!(self.capture(id)?.status, CaptureStatus::Pending(_)) {
            return Err(PaypalError::internal(&format!("{id} is not pending")));
        }
        self.capture_mut(id, now)?.status = if paid { CaptureStatus::Completed } else { CaptureStatus::Declined };
        self.announce(if paid { "PAYMENT.CAPTURE.COMPLETED" } else { "PAYMENT.CAPTURE.DENIED" }, id, now);
        Ok(())
    }

    pub(super) fn announce_capture(&mut self, id: &str, now: Moment) {
        let Ok(capture) = self.capture(id) else { return };
        let kind = match capture.status {
            CaptureStatus::Completed => "PAYMENT.CAPTURE.COMPLETED",
            CaptureStatus::Pending(_) => "PAYMENT.CAPTURE.PENDING",
            CaptureStatus::Declined | CaptureStatus::Failed => "PAYMENT.CAPTURE.DECLINED",
        };
        self.announce(kind, id, now);
    }

    fn invoice_of(&self, order: &str) -> Option<String> {
        self.orders.get(order).and_then(|order| order.unit.invoice_id.clone())
    }
}
