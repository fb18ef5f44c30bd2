//! Orders: made, and completed by a capture or an authorisation once their payer has approved.

use super::{
    book::{Book, Done},
    calls::NewOrder,
    error::PaypalError,
    objects::{
        AUTHORIZATION_LIFE_MS, Authorization, AuthorizationStatus, CaptureStatus, Card, Fate, Funding, Intent,
        ORDER_LIFE_MS, Order, OrderStatus, Source,
    },
};
use crate::{clock::Moment, ids::Ids};

/// Beyond this many declined instruments PayPal wants a new order.
const MAX_DECLINES: u32 = 10;
/// What one payment may come to, in cents of the account's currency: ten million.
const MAX_PAYMENT_CENTS: i64 = 1_000_000_000;

/// What the payer's side says to the merchant who wants to take or hold the money.
enum Verdict {
    Good,
    Pending(&'static str),
    Declined,
    Failed,
}

impl Book {
    pub(super) fn create_order(&mut self, new: NewOrder, key: Option<&str>, now: Moment) -> Result<Done, PaypalError> {
        // A card is charged at once, so a second request must be recognisable.
        if new.card.is_some() && key.is_none() {
            return Err(PaypalError::issue("PAYPAL_REQUEST_ID_REQUIRED"));
        }
        // A key that has died and comes again makes another order; only the first one is named after it.
        let named = key.map(Ids::serial_after).filter(|id| self.orders.get(id).is_none());
        let id = named.unwrap_or_else(|| self.ids.serial());
        let status = if new.wallet { OrderStatus::PayerActionRequired } else { OrderStatus::Created };
        let order = Order {
            id: id.clone(),
            intent: new.intent,
            status,
            unit: new.unit,
            source: if new.wallet { Source::Wallet } else { Source::Unnamed },
            return_url: new.return_url,
            cancel_url: new.cancel_url,
            funding: None,
            declines: 0,
            authorizations: Vec::new(),
            captures: Vec::new(),
            refunds: Vec::new(),
            disputes: Vec::new(),
            created: now,
            updated: now,
            dies: now.after_ms(ORDER_LIFE_MS),
        };
        if let Some(card) = new.card {
            self.may_be_completed(&order)?;
            self.orders.put(&id, Order { source: Source::Card(card), ..order })?;
            self.complete(&id, now)?;
        } else {
            self.orders.put(&id, order)?;
        }
        self.touched.insert(id.clone());
        Ok(Done { id, created: true })
    }

    pub(super) fn capture_order(&mut self, id: &str, card: Option<Card>, now: Moment) -> Result<Done, PaypalError> {
        let order = self.order(id, now)?;
        if order.intent != Intent::Capture {
            return Err(PaypalError::issue("ACTION_DOES_NOT_MATCH_INTENT"));
        }
        if order.status == OrderStatus::Completed {
            return Err(PaypalError::issue("ORDER_ALREADY_CAPTURED"));
        }
        self.finish(id, card, now)
    }

    pub(super) fn authorize_order(&mut self, id: &str, card: Option<Card>, now: Moment) -> Result<Done, PaypalError> {
        let order = self.order(id, now)?;
        if order.intent != Intent::Authorize {
            return Err(PaypalError::issue("ACTION_DOES_NOT_MATCH_INTENT"));
        }
        if order.status == OrderStatus::Completed {
            return Err(PaypalError::issue("ORDER_ALREADY_AUTHORIZED"));
        }
        self.finish(id, card, now)
    }

    fn finish(&mut self, id: &str, card: Option<Card>, now: Moment) -> Result<Done, PaypalError> {
        let order = self.order(id, now)?;
        if card.is_none() && order.funding.is_none() {
            return Err(PaypalError::issue("ORDER_NOT_APPROVED"));
        }
        if card.is_none() && order.status == OrderStatus::PayerActionRequired {
            return Err(self.payer_action_required(id));
        }
        if order.declines >= MAX_DECLINES {
            return Err(PaypalError::issue("MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED"));
        }
        self.may_be_completed(order)?;
        if let Some(card) = card {
            self.order_mut(id, now)?.source = Source::Card(card);
        }
        self.complete(id, now)?;
        Ok(Done { id: id.to_owned(), created: true })
    }

    /// What PayPal looks at before it asks the payer's bank.
    fn may_be_completed(&self, order: &Order) -> Result<(), PaypalError> {
        let unit = &order.unit;
        if let Some(invoice) = unit.invoice_id.as_deref().filter(|invoice| self.is_billed(invoice)) {
            return Err(PaypalError::issue("DUPLICATE_INVOICE_ID").field("/purchase_units/0/invoice_id", invoice));
        }
        if unit.amount.in_account_currency().minor > MAX_PAYMENT_CENTS {
            return Err(PaypalError::issue("TRANSACTION_LIMIT_EXCEEDED"));
        }
        Ok(())
    }

    /// Money was taken, is being taken or is held under this invoice.
    pub(super) fn is_billed(&self, invoice: &str) -> bool {
        let stands = |status| matches!(status, CaptureStatus::Completed | CaptureStatus::Pending(_));
        let captured = self
            .captures
            .iter()
            .any(|capture| capture.invoice_id.as_deref() == Some(invoice) && stands(capture.status));
        captured
            || self.authorizations.iter().any(|held| {
                let of = self.orders.get(&held.order).and_then(|order| order.unit.invoice_id.as_deref());
                of == Some(invoice) && !matches!(held.status, AuthorizationStatus::Denied | AuthorizationStatus::Voided)
            })
    }

    /// Asks the payer's side and writes down what it said.
    fn complete(&mut self, id: &str, now: Moment) -> Result<(), PaypalError> {
        let order = self.order(id, now)?;
        let (intent, funding) = (order.intent, order.funding.unwrap_or_default());
        let verdict = match &order.source {
            Source::Card(card) if card.answer.is_approval() => Verdict::Good,
            Source::Card(_) => Verdict::Declined,
            Source::Wallet | Source::Unnamed => self.ask_wallet(id, funding, now)?,
        };
        self.order_mut(id, now)?.status = OrderStatus::Completed;
        match intent {
            Intent::Capture => {
                let status = match verdict {
                    Verdict::Good => CaptureStatus::Completed,
                    Verdict::Pending(reason) => CaptureStatus::Pending(reason),
                    Verdict::Declined => CaptureStatus::Declined,
                    Verdict::Failed => CaptureStatus::Failed,
                };
                let amount = self.order(id, now)?.unit.amount;
                let capture = self.new_capture(id, None, amount, status, now)?;
                self.announce_capture(&capture, now);
            }
            Intent::Authorize => self.hold(id, &verdict, now)?,
        }
        self.announce("CHECKOUT.ORDER.COMPLETED", id, now);
        Ok(())
    }

    /// What the payer's PayPal account says. A refusal leaves the order as it is, but for the number of declines and what
    /// the payer has to do.
    fn ask_wallet(&mut self, id: &str, funding: Funding, now: Moment) -> Result<Verdict, PaypalError> {
        if funding.card.is_some_and(|answer| !answer.is_approval()) {
            return Ok(Verdict::Declined);
        }
        match funding.fate {
            Fate::Completed => Ok(Verdict::Good),
            Fate::Echeck => Ok(Verdict::Pending("ECHECK")),
            Fate::PendingReview => Ok(Verdict::Pending("PENDING_REVIEW")),
            Fate::Declined => Ok(Verdict::Declined),
            Fate::Failed => Ok(Verdict::Failed),
            Fate::PayerCannotPay => Err(PaypalError::issue("PAYER_CANNOT_PAY")),
            Fate::TransactionRefused => Err(PaypalError::issue("TRANSACTION_REFUSED")),
            Fate::InstrumentDeclined => {
                let order = self.order_mut(id, now)?;
                order.declines = order.declines.saturating_add(1);
                Err(PaypalError::issue("INSTRUMENT_DECLINED").link(self.page(id), "redirect", "GET"))
            }
            Fate::PayerActionRequired => {
                self.order_mut(id, now)?.status = OrderStatus::PayerActionRequired;
                Err(self.payer_action_required(id))
            }
        }
    }

    fn payer_action_required(&self, id: &str) -> PaypalError {
        PaypalError::issue("PAYER_ACTION_REQUIRED").link(self.page(id), "payer-action", "GET")
    }

    fn hold(&mut self, order: &str, verdict: &Verdict, now: Moment) -> Result<(), PaypalError> {
        let id = self.ids.serial();
        let status = match verdict {
            Verdict::Good => AuthorizationStatus::Created,
            Verdict::Pending(_) => AuthorizationStatus::Pending,
            Verdict::Declined | Verdict::Failed => AuthorizationStatus::Denied,
        };
        let authorization = Authorization {
            id: id.clone(),
            order: order.to_owned(),
            status,
            amount: self.order(order, now)?.unit.amount,
            captured: 0,
            captures: 0,
            created: now,
            updated: now,
            expires: now.after_ms(AUTHORIZATION_LIFE_MS),
        };
        self.authorizations.put(&id, authorization)?;
        self.order_mut(order, now)?.authorizations.push(id.clone());
        if status != AuthorizationStatus::Denied {
            self.announce("PAYMENT.AUTHORIZATION.CREATED", &id, now);
        }
        Ok(())
    }

    /// Where the payer of this order is sent.
    pub(super) fn page(&self, id: &str) -> String {
        format!("{}/_payer/paypal/{id}", self.public_url)
    }
}
